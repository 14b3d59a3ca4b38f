"""What a run has learned: epoch by epoch its filters, glances and confusion matrix, and the results at the
end.

The script asks for all of it; nothing here is kept for a visitor. Which run is shown it learns from the
events of the page: "tp-run" while one goes on, "tp-show" when the visitor chooses one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from data.fashion import CLASSES
from training.desk.states import RunState, page_constants
from ui.context import Context
from ui.kit.events import request_fields, server_function
from ui.kit.view import View

HERE = Path(__file__).parent
MOST_PICTURES = 64
"""Pictures in one answer."""
PARTS = ("validation", "test", "train")
NO_STEPS = 10**9
"""Cursor behind the last step: nobody here reads the curve."""
INTRODUCTION = (
    "## What the network has learned\n"
    "Move the slider to see how filters, answers and mistakes changed from epoch to epoch. It works while "
    "the run goes on, too."
)
CODE = """\
model.eval()
with torch.inference_mode():
    logits = model(inputs)  # (N, C)
answers = logits.argmax(dim=1)  # (N,)
confidence = logits.softmax(dim=1).amax(dim=1)  # (N,) probability of the answer
accuracy = (answers == labels).float().mean()

# one row for each true class, one column for each answer
C = logits.shape[1]
confusion = torch.bincount(labels * C + answers, minlength=C * C).reshape(C, C)
per_class = confusion.diagonal() / confusion.sum(dim=1)

losses = F.cross_entropy(logits, labels, reduction="none")  # (N,) one for each sample
suspects = losses.argsort(descending=True)[:24]  # label errors live here
"""
"""Shown beside the numbers, and run by the tests against them."""


# --- handlers -----------------------------------------------------------------------------------------------


def on_overview(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, run} -> {"name", "state", "said", "classes", "kept": numbers of the epochs that can be shown,
    "epochs": how many there are or will be, "report": what `training.report.report` gives, or None}.
    """
    fields = request_fields(asked)
    visitor, run = fields.get("visitor"), fields.get("run")
    now = context.desk.follow(visitor, run, NO_STEPS)
    epochs = [one["epoch"] for one in now["epochs"]]
    ended = RunState(now["state"]).has_ended
    last = context.desk.epoch(visitor, run, epochs[-1]) if epochs else {}
    made = None
    if ended:
        try:
            made = context.desk.report(visitor, run)
        except ValueError:
            made = None  # a run that was lost, or ended before it could be measured
    return {
        "name": now["name"],
        "state": now["state"],
        "said": now["said"],
        "classes": list((made or {}).get("classes") or last.get("classes") or CLASSES),
        "kept": last.get("kept", []),
        "epochs": max([*epochs, 0 if ended else now["progress"]["epochs"]], default=0),
        "report": made,
    }


def on_epoch(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, run, epoch} -> what `training.report.snapshot` found after that epoch, counted from 1."""
    fields = request_fields(asked)
    number = whole(fields.get("epoch"), "epoch", 100_000)
    return dict(context.desk.epoch(fields.get("visitor"), fields.get("run"), number))


def on_pictures(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, run, part, indices} -> {"pictures": [{index, label, pixels}]}; at most MOST_PICTURES."""
    fields = request_fields(asked)
    part, indices = fields.get("part"), fields.get("indices")
    if part not in PARTS:
        raise ValueError(f"part is one of: {', '.join(PARTS)}.")
    if not isinstance(indices, list) or len(indices) > MOST_PICTURES:
        raise ValueError(f"indices is a list of at most {MOST_PICTURES} whole numbers.")
    indices = [whole(index, "an index", 10_000_000) for index in indices]
    visitor, run = fields.get("visitor"), fields.get("run")
    return {"pictures": list(context.desk.pictures(visitor, run, indices, part))}


def whole(value: object, what: str, most: int) -> int:
    """A whole number from 0 to `most`. Raises ValueError with a sentence."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{what} must be a whole number from 0 to {most:,}.")
    return value


# --- layout -------------------------------------------------------------------------------------------------


def results_part(context: Context) -> None:
    """Lay out the part; which run it shows it learns from the events "tp-run" and "tp-show" of the page."""
    gr.Markdown(INTRODUCTION)
    handlers = {"overview": on_overview, "epoch": on_epoch, "pictures": on_pictures}
    View(
        HERE / "results",
        answers={name: server_function(handler, context) for name, handler in handlers.items()},
        constants={"code": CODE, "states": page_constants()},
        elem_id="train-results",
    )
