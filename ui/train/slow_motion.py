"""The loop in slow motion, a part of the Train tab: five lines of code, one after the other, and what each
does to the tensors of a small network.

The server runs the whole program at once and sends every tensor after every line: stepping, playing and
choosing a weight need no request.
"""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

import language
from data import sources
from language import _
from training.optimizers import SimpleGD
from training.slow_motion.play import play
from training.slow_motion.program import (
    BATCHES,
    LINES,
    NETWORKS,
    OPTIMIZERS,
    SlowError,
    SlowSettings,
)
from ui.kit.view import View

HERE = Path(__file__).parent
WORDS = _(
    """\
## The loop in slow motion
Ten times round the training loop with a network small enough to see whole: 8 × 8 pixels in, three classes
out. Step through it line by line. Then break it: leave out a line, move one, keep a parameter from the
optimizer. The lines you see are the lines that run.
"""
)


def on_play(request: Any) -> dict[str, Any]:
    """The settings from the browser -> the recording of `play`, with the source of an optimizer of this
    project (None for torch's) and a `note` on the pictures; or {"problem": a sentence}. Raises nothing.
    """
    try:
        settings = SlowSettings.from_dict(request)
        recording = play(settings)
    except SlowError as error:
        return {"problem": str(error)}
    optimizer = OPTIMIZERS[settings.optimizer].kind.make
    source = inspect.getsource(optimizer) if optimizer is SimpleGD else None
    return {**recording, "source": source, "note": sources.missing_note()}


@cache
def opening(code: str) -> dict[str, Any]:
    """What the part shows first, in the language of this code."""
    with language.use(code):
        return on_play({})


def tries(network: str) -> list[dict[str, Any]]:
    """Ready-made changes of the program, for one of NETWORKS: the title and the settings of each."""
    weight, bias = NETWORKS[network].parameters[:2]
    textbook = {"order": list(LINES), "left_out": [], "not_given": [], "frozen": []}
    changes: dict[str, dict[str, Any]] = {
        _("The textbook"): {},
        _("no zero_grad"): {"left_out": ["zero_grad"]},
        _("no zero_grad, with momentum"): {"left_out": ["zero_grad"], "optimizer": "momentum", "lr": 0.5},
        _("no backward"): {"left_out": ["backward"]},
        _("no step"): {"left_out": ["step"]},
        _("step before backward"): {"order": before("step", "backward")},
        _("zero_grad before step"): {"order": before("zero_grad", "step")},
        _("loss before forward"): {"order": before("loss", "forward")},
        _("keep the bias from the optimizer"): {"not_given": [bias]},
        _("freeze the weights"): {"frozen": [weight]},
    }
    return [{"title": title, "settings": textbook | change} for title, change in changes.items()]


def before(key: str, other: str) -> list[str]:
    """The lines of the textbook, with one moved in front of another."""
    order = [name for name in LINES if name != key]
    order.insert(order.index(other), key)
    return order


def slow_part() -> None:
    """Lay out the part."""
    gr.Markdown(WORDS)
    View(
        HERE / "slow_motion",
        answers={"play": on_play, "opening": lambda request: opening(language.current())},
        constants={
            "networks": [{"value": name, "label": network.title} for name, network in NETWORKS.items()],
            "optimizers": [
                {"value": name, "label": kind.title, "lr": kind.usual_lr} for name, kind in OPTIMIZERS.items()
            ],
            "batches": [{"value": name, "label": batches.title} for name, batches in BATCHES.items()],
            "tries": {network: tries(network) for network in NETWORKS},
        },
        elem_id="slow-motion",
    )
