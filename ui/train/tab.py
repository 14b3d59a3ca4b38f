"""The Train tab: choose hyperparameters, press Train, and watch a network learn while it does.

The choices are on the left, the run is beside them: loss and accuracy, learning rate, the gradient of each
layer, and the buttons that pause, stop, steer and continue it. Below: the command and the program of exactly
this run, what the network has learned, and all runs of this visit. Other parts look for good settings and
go through the training loop step by step.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from checks import choice, whole_number
from data.own.custom import DataError
from language import SOURCE, _
from settings import CALLS, TRAIN_STOP_SECONDS
from training.config import MAX_EPOCHS
from training.desk.states import RunState, page_constants
from training.divergence import remedy
from training.recipe import Recipe
from ui.context import Context
from ui.kit.clients import client_address
from ui.kit.events import request_fields, server_function
from ui.kit.navigation import CARD, navigation
from ui.kit.run_choice import RunChoice
from ui.kit.view import View
from ui.train import words
from ui.train.api import endpoint
from ui.train.choices import form, summary
from ui.train.own import counted, own_pictures, pictures_for
from ui.train.results import results_part
from ui.train.runs import run_table, runs_part
from ui.train.search import search_part
from ui.train.slow_motion import opening, slow_part

HERE = Path(__file__).parent
TITLE = _("Train")
SECTIONS = {
    "train": _("Train"),
    "search": _("Find good settings"),
    "slow_motion": _("The loop in slow motion"),
}
LEAVING: set[str] = set()
"""Visitors whose earlier run is being stopped. One thread waits for each, so that a flood of starts does not
take them all.
"""


# --- handlers -----------------------------------------------------------------------------------------------


def on_choices(context: Context, request: object) -> dict[str, Any]:
    """{recipe, token} -> what follows from the choices, see `ui.train.choices.summary`."""
    fields = request_fields(request)
    pictures = own_pictures(context, fields["token"])
    return summary(fields["recipe"], None if pictures is None else counted(pictures))


def on_start(context: Context, request: object) -> dict[str, Any]:
    """{visitor, recipe, token} -> {"run": its id, "table": of the runs}. The visitor's current run is stopped
    first.
    """
    fields = request_fields(request)
    recipe = Recipe.from_dict(fields["recipe"])
    own = pictures_for(context, recipe, fields["token"])
    visitor = fields["visitor"]
    make_room(context, visitor)
    run = context.desk.start(visitor, recipe, own, address=client_address())
    return {"run": run, "table": run_table(context, visitor)}


def make_room(context: Context, visitor: Any) -> None:
    """Stop the current training and wait for its end; a search goes on."""
    desk = context.desk
    running = desk.active(visitor)
    if running is None or desk.follow(visitor, running)["kind"] != "train":
        return
    if visitor in LEAVING:
        return  # the desk says why nothing begins now
    LEAVING.add(visitor)
    try:
        desk.stop(visitor, running, words.REPLACED)
        until = time.monotonic() + TRAIN_STOP_SECONDS
        while desk.active(visitor) == running and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        LEAVING.discard(visitor)


def on_follow(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run, since, revision} -> the answer of `Desk.news`; "table" where the runs have changed since
    `revision`; for a run that diverged "advice": {field: value to try}.
    """
    fields = request_fields(request)
    visitor, run = fields["visitor"], fields["run"]
    news = context.desk.news(visitor, run, fields["since"])
    if news["state"] == RunState.DIVERGED:
        recipe = next(entry["recipe"] for entry in context.desk.runs(visitor) if entry["id"] == run)
        news["advice"] = remedy(Recipe.from_dict(recipe).config)
    if fields["revision"] != context.desk.revision(visitor):
        news["table"] = run_table(context, visitor)
    return news


WISHES = ("pause", "resume", "stop", "lr", "go_on")


def on_steer(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run, wish, value} -> {}. wish: "pause", "resume", "stop", "lr" with a learning rate, or
    "go_on" with a number of epochs.
    """
    fields = request_fields(request)
    visitor, run, value = fields["visitor"], fields["run"], fields["value"]
    desk = context.desk
    match choice(fields["wish"], "wish", WISHES):
        case "pause":
            desk.pause(visitor, run)
        case "resume":
            desk.resume(visitor, run)
        case "stop":
            desk.stop(visitor, run)
        case "lr":
            desk.set_lr(visitor, run, value)
        case "go_on":
            epochs = whole_number(value, _("The number of further epochs"), 1, MAX_EPOCHS)
            desk.go_on(visitor, run, epochs, client_address())
    return {}


def on_active(context: Context, request: object) -> dict[str, Any]:
    """{visitor} -> {"run", "recipe"} of the training in progress, else of the latest one, None without any;
    "any": whether there are runs, searches included; and "table". The call counts as contact with them.
    """
    visitor = request_fields(request)["visitor"]
    running = context.desk.active(visitor)
    runs = context.desk.runs(visitor)
    trained = [run for run in runs if run["kind"] == "train"]
    latest = next((run for run in trained if run["id"] == running), trained[-1] if trained else None)
    return {
        "run": latest and latest["id"],
        "recipe": latest and latest["recipe"],
        "any": bool(runs),
        "table": run_table(context, visitor),
    }


def on_own(context: Context, token: Any) -> dict[str, Any]:
    """The secret of a visitor's data, or None -> the value of the view."""
    pictures = own_pictures(context, token)
    if pictures is None:
        return {"own": None}
    try:
        learned, classes = counted(pictures)
    except DataError as error:
        return {"own": None, "note": str(error)}
    text = words.OWN.format(learned=f"{learned:,}", classes=classes)
    return {"own": {"token": token, "pictures": learned, "text": text}}


HANDLERS = {
    "choices": on_choices, "start": on_start, "follow": on_follow, "steer": on_steer, "active": on_active,
    "form": lambda context, request: form(),
}  # fmt: skip
"""The requests of the run's script."""


# --- the page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """What other tabs may touch."""

    run: View
    """Takes the visitor's own pictures, see `on_own`."""
    runs: RunChoice
    """Fires `submit` when its value, a run, is to be used elsewhere."""


def warm(context: Context) -> None:
    """Make an optimizer: the first one in a process imports a compiler."""
    opening(SOURCE)


def build(context: Context) -> Parts:
    """Lay the tab out and wire it."""
    sections = navigation(SECTIONS, "train-part", bare=["train"]).sections
    with sections["train"]:
        view = View(
            HERE / "run",
            answers={name: server_function(handler, context) for name, handler in HANDLERS.items()},
            constants={"form": form, "states": page_constants(), "verdicts": words.VERDICTS},
            elem_id="train-run",
        )
        with gr.Column(elem_classes=CARD):
            results_part(context)
        with gr.Column(elem_classes=CARD):
            runs = runs_part(context)
    with sections["search"]:
        search_part(context)
    with sections["slow_motion"]:
        slow_part()
    gr.api(endpoint(context), api_name="train", concurrency_limit=CALLS)
    return Parts(view, runs)
