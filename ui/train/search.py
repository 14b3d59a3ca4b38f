"""Find good settings, a part of the Train tab: a learning-rate range test, and a sweep over two choices.

Both run in a training process as a run of the visitor; the browser follows their records and draws them.
The choices are those of the Train part, which the browser sends along.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from checks import choice
from data.sources import OWN
from language import _, ngettext, sentences
from models.registry import NETWORKS
from settings import train_seconds
from training.desk.states import RunState, page_constants
from training.recipe import Recipe, count_pictures, networks
from training.search.lr_range import RangeEnd, RangeSpec, RangeStart, rates
from training.search.program import code
from training.search.sweep import FIELDS, MOST_VALUES, Sweep, check
from ui.context import Context
from ui.kit.clients import client_address
from ui.kit.events import request_fields, server_function
from ui.kit.view import View
from ui.train import words
from ui.train.choices import LR_RANGE, facts, form
from ui.train.choices import fields as form_fields
from ui.train.own import counted, own_pictures, pictures_for

HERE = Path(__file__).parent
KINDS = ("range", "sweep")
EPOCHS = (1, 2, 3, 5, 10)
SECONDS = (20, 60, 120, 300)
RANGE = _(
    """## A learning rate in one short run
The **learning-rate range test** trains fresh weights for {steps} steps, and each step has a learning rate
{growth} larger than the one before. Too small, and the loss stays; right, and it falls; too large, and it
explodes."""
)
SWEEP = _(
    """## Two hyperparameters at once
A **sweep** trains one network for each pair of values, all else equal: same seed, same first weights, same
batches. The grid shows what each reaches on the validation pictures."""
)
OWN_RATES = _("Each optimizer needs its own learning rate: sweep that, too, before you judge one.")
GOOD = {
    "momentum": [0.0, 0.5, 0.9],
    "weight_decay": [0.0, 1e-4, 1e-3],
    "label_smoothing": [0.0, 0.1, 0.2],
    "depth": [1, 3, 6],
    "dropout": [0.0, 0.3, 0.5],
    "seed": [0, 1, 2],
}
"""Values to begin a sweep with; the other fields begin around the chosen value."""
ENDINGS = {
    "done": _("completed"),
    "time": _("time used up"),
    "diverged": _("diverged"),
    "impossible": _("not possible"),
}
"""How a run of a sweep ended, see `CellEnd.state`."""


# --- handlers -----------------------------------------------------------------------------------------------


def on_start(context: Context, request: object) -> dict[str, Any]:
    """{visitor, recipe, token, kind, spec} -> {"run": its id}; kind and spec as `sweep` takes them.

    The visitor's earlier searches of that kind are forgotten: the table of runs is for networks.
    """
    fields = request_fields(request)
    visitor, kind, spec = fields["visitor"], fields["kind"], fields["spec"]
    recipe = Recipe.from_dict(fields["recipe"])
    check(kind, recipe, spec)
    own = pictures_for(context, recipe, fields["token"])
    for search in _searches(context, visitor):
        if search["kind"] == kind and search["id"] != context.desk.active(visitor):
            context.desk.remove(visitor, search["id"])
    run = context.desk.start(visitor, recipe, own, kind=kind, spec=spec, address=client_address())
    return {"run": run}


def on_follow(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run, since} -> {"state", "place", "message", "cursor", "records"}, and "recipe" before the
    first record. The record RangeEnd has its "conclusion", too.
    """
    fields = request_fields(request)
    since = fields.get("since", 0)
    status = context.desk.follow(fields["visitor"], fields["run"], since)
    names = ["state", "place", "message", "cursor", *([] if since else ["recipe"])]
    records = [_worded(record) for record in status["records"]]
    return {name: status[name] for name in names} | {"records": records}


def _worded(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the page shows it: sentences are written here, in the visitor's language."""
    if record["record"] != RangeEnd.__name__:
        return record
    values = {name: value for name, value in record.items() if name != "record"}
    return record | {"conclusion": RangeEnd(**values).conclusion}


def on_stop(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run} -> {}."""
    fields = request_fields(request)
    context.desk.stop(fields["visitor"], fields["run"])
    return {}


def on_latest(context: Context, request: object) -> dict[str, Any]:
    """{visitor, kind} -> {"run": the newest search of that kind, or None}, for a page that was reloaded."""
    fields = request_fields(request)
    kind = choice(fields["kind"], "kind", KINDS)
    runs = [search["id"] for search in _searches(context, fields["visitor"]) if search["kind"] == kind]
    return {"run": runs[-1] if runs else None}


def _searches(context: Context, visitor: Any) -> list[dict[str, Any]]:
    return [run for run in context.desk.runs(visitor) if run["kind"] in KINDS]


def on_program(context: Context, request: object) -> dict[str, Any]:
    """{recipe} -> {"code": the range test as a program}."""
    return {"code": code(Recipe.from_dict(request_fields(request)["recipe"]))}


def on_plan(context: Context, request: object) -> dict[str, Any]:
    """{recipe, token, spec} -> {"message": what a sweep with these values will do, "runs": how many}."""
    fields = request_fields(request)
    recipe = Recipe.from_dict(fields["recipe"])
    pictures = own_pictures(context, fields["token"]) if recipe.data == OWN else None
    own = None if pictures is None else counted(pictures)
    available = own[0] if own else None
    spec = check("sweep", recipe, fields["spec"], available)
    assert isinstance(spec, Sweep)
    cells = spec.cells(recipe, available and count_pictures(recipe, available))
    steps = sorted({facts(cell.recipe, own)["steps"] for cell in cells if cell.recipe is not None})
    possible = [cell for cell in cells if cell.recipe is not None]
    runs = len(possible)
    length = {
        "runs": ngettext("{n} run", "{n} runs", runs).format(n=runs),
        "epochs": ngettext("{n} epoch", "{n} epochs", spec.epochs).format(n=spec.epochs),
        "seconds": f"{round(spec.share, 1):g}",
        "low": f"{steps[0]:,}",
        "high": f"{steps[-1]:,}",
    }
    if len(steps) == 1:
        message = _("{runs} of {epochs} ({low} steps), each at most {seconds} s of training.")
    else:
        message = _("{runs} of {epochs} ({low} to {high} steps), each at most {seconds} s of training.")
    texts = [message.format(**length)]
    if runs < len(cells):
        problem = next(cell.problem for cell in cells if cell.recipe is None)
        texts.append(
            _("{n} of the {cells} cells cannot be run: {problem}").format(
                n=len(cells) - runs, cells=len(cells), problem=problem
            )
        )
    swept = {spec.rows.field, spec.columns.field}
    if "optimizer" in swept and "lr" not in swept:
        texts.append(OWN_RATES)
    return {"message": sentences(*texts), "runs": runs}


SHARED = {"start": on_start, "follow": on_follow, "stop": on_stop, "latest": on_latest}


# --- the page -----------------------------------------------------------------------------------------------


def axes() -> list[dict[str, Any]]:
    """The fields a sweep may change: for each its key, label, kind, named values, usual numbers, when it
    applies, and the values to begin with.
    """
    by_key = {field.key: field for field in form_fields()}
    entries = []
    for key in FIELDS:
        field = by_key[key]
        entries.append(
            {
                "key": key,
                "label": field.label,
                "kind": "number" if field.kind == "rate" else field.kind,
                "whole": field.whole,
                "options": [[option["value"], option["label"]] for option in field.options],
                "ladder": field.ladder,
                "only_for": field.only_for,
                "multiples": multiples(key),
                "good": GOOD.get(key, list(networks()[:3]) if key == "network" else []),
            }
        )
    return entries


def multiples(key: str) -> dict[str, Any] | None:
    """How the neighbours of a number are made where they are multiples of it: `factor` times smaller and
    larger, as a `whole` number or not, within the `limits` of each network: [the value when none is chosen,
    the lowest, the highest]. None for other choices.
    """
    limits: dict[str, list[float]]
    if key == "width":
        limits = {name: list(NETWORKS[name].width or ()) for name in networks("width")}
        return {"factor": 2, "whole": True, "limits": limits}
    if key == "lr":
        limits = {name: [form()["defaults"]["lr"], 0.0, LR_RANGE[1]] for name in networks()}
        return {"factor": 3, "whole": False, "limits": limits}
    return None


def times() -> list[int]:
    """The time limits a sweep can have: none is longer than that of any run."""
    most = train_seconds()
    return [seconds for seconds in SECONDS if seconds <= most] or [int(most)]


def search_part(context: Context) -> None:
    """Lay out the part: two views, whose scripts request everything."""
    shared = {name: server_function(answer, context) for name, answer in SHARED.items()}
    recipe = form()["defaults"]
    names = {
        key: {value: entry[0] for value, entry in words.named_values(key).items()} for key in words.NAMED
    }
    states = page_constants()
    states[RunState.RUNNING]["title"] = _("Running")  # a search is more than one training
    spec = RangeSpec()
    first, second = rates(spec)[:2]
    gr.Markdown(RANGE.format(steps=spec.steps, growth=f"{second / first - 1:.0%}"))
    View(
        HERE / "range",
        answers={**shared, "program": server_function(on_program, context)},
        constants={
            "recipe": recipe,
            "labels": words.LABELS,
            "names": names,
            "states": states,
            "span": asdict(RangeStart(spec.low, spec.high, spec.steps)),
        },
        elem_id="train-range",
    )
    gr.Markdown(SWEEP)
    View(
        HERE / "sweep",
        answers={**shared, "plan": server_function(on_plan, context)},
        constants={
            "recipe": recipe,
            "labels": words.LABELS,
            "axes": axes(),
            "endings": ENDINGS,
            "most": MOST_VALUES,
            "epochs": list(EPOCHS),
            "seconds": times(),
            "states": states,
        },
        elem_id="train-sweep",
    )
