"""What a run has learned: filters, glances and confusion matrix epoch by epoch, and the results at the end.

The script requests all of it, and knows from `selection.js` which run to show; nothing here is stored for a
visitor.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

from data.fashion import CLASSES
from language import _
from training.desk.states import RunState, page_constants
from ui.context import Context
from ui.kit.events import request_fields, server_function
from ui.kit.view import View

HERE = Path(__file__).parent
NO_STEPS = 10**9
"""A cursor behind the last step: the curve is not needed here."""
INTRODUCTION = _(
    "## What the network has learned\n"
    "Move the slider to see how filters, answers and mistakes changed from epoch to epoch, even while the "
    "run goes on."
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


def on_overview(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run} -> {"name", "state", "message", "classes", "snapshots": numbers of the epochs to show,
    "epochs": how many there are or will be, "report": of `training.report.report`, or None}.
    """
    fields = request_fields(request)
    visitor, run = fields["visitor"], fields["run"]
    status = context.desk.follow(visitor, run, NO_STEPS)
    epochs = [epoch["epoch"] for epoch in status["epochs"]]
    ended = RunState(status["state"]).has_ended
    last = context.desk.epoch(visitor, run, epochs[-1]) if epochs else {}
    report = None
    if ended:
        # a run that was lost, or ended before it could be measured, has no report
        with suppress(ValueError):
            report = context.desk.report(visitor, run)
    return {
        "name": status["name"],
        "state": status["state"],
        "message": status["message"],
        "classes": list((report or {}).get("classes") or last.get("classes") or CLASSES),
        "snapshots": last.get("snapshots", []),
        "epochs": max([*epochs, 0 if ended else status["progress"]["epochs"]], default=0),
        "report": report,
    }


def on_epoch(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run, epoch} -> the `training.report.snapshot` after that epoch, counted from 1."""
    fields = request_fields(request)
    return dict(context.desk.epoch(fields["visitor"], fields["run"], fields["epoch"]))


def on_pictures(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run, part, indices} -> {"pictures": [{index, label, pixels}]}; see `Desk.pictures`."""
    fields = request_fields(request)
    visitor, run = fields["visitor"], fields["run"]
    return {"pictures": context.desk.pictures(visitor, run, fields["indices"], fields["part"])}


# --- layout -------------------------------------------------------------------------------------------------


def results_part(context: Context) -> None:
    """Lay out the part."""
    gr.Markdown(INTRODUCTION)
    handlers = {"overview": on_overview, "epoch": on_epoch, "pictures": on_pictures}
    View(
        HERE / "results",
        answers={name: server_function(handler, context) for name, handler in handlers.items()},
        constants={"code": CODE, "states": page_constants()},
        elem_id="train-results",
    )
