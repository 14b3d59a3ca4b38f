"""The loop in slow motion, a part of the Train tab: five lines of code, one after the other, and what each
does to the tensors of a small network.

The server runs the whole program at once and sends every tensor after every line: stepping, playing and
choosing a weight ask nobody.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import gradio as gr

from data import sources
from training.optimizers import SimpleGD
from training.slow_motion.play import play
from training.slow_motion.program import OPTIMIZERS, Settings, SlowError
from ui.kit.view import View

HERE = Path(__file__).parent
WORDS = """\
## The loop in slow motion
Ten times round the training loop with a network small enough to see whole: 8 × 8 pixels in, three classes
out. Step through it line by line. Then break it: leave a line out, move one, keep a parameter from the
optimizer. The lines that you see are the lines that run.
"""


def on_play(asked: Any) -> dict[str, Any]:
    """Settings from the browser -> what `play` gives, with the source of SimpleGD and a `note` on the
    pictures; or {"problem": a sentence}. Nothing is raised.
    """
    try:
        told = play(Settings.from_dict(asked))
    except SlowError as error:
        return {"problem": str(error)}
    return {**told, "source": inspect.getsource(SimpleGD), "note": sources.missing_note()}


def slow_part() -> None:
    """Lay the part out."""
    gr.Markdown(WORDS)
    View(
        HERE / "slow_motion",
        on_play({}),
        answers={"play": on_play},
        constants={
            "optimizers": [
                {"value": name, "label": kind.title, "lr": kind.usual_lr} for name, kind in OPTIMIZERS.items()
            ]
        },
        elem_id="slow-motion",
    )
