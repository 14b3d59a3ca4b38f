"""Find good settings, a part of the Train tab: a learning-rate range test, and a sweep over two choices.

Both run in the training process as a run of the visitor; the browser follows their records and draws them.
The choices are those of the Train part, which the browser sends along.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from checks import choice
from data.own.custom import DataError
from data.sources import OWN
from language import _, ngettext
from models.registry import NETWORKS
from settings import train_seconds
from training.desk.states import RunState, page_constants
from training.recipe import Recipe, networks
from training.search.lr_range import RangeEnd, RangeSpec, RangeStart, rates
from training.search.program import code
from training.search.sweep import FIELDS, MOST_VALUES, Sweep, check
from ui.context import Context
from ui.kit.clients import client_address
from ui.kit.events import request_fields, server_function
from ui.kit.view import View
from ui.train import words
from ui.train.choices import LR_RANGE, facts, fields, form
from ui.train.own import counted, own_pictures

HERE = Path(__file__).parent
KINDS = ("range", "sweep")
EPOCHS = (1, 2, 3, 5, 10)
SECONDS = (20, 60, 120, 300)
RANGE = _(
    """## A learning rate in one short run

The **learning-rate range test** trains fresh weights for {steps} steps, and each step has a learning rate
{growth:.0%} larger than the one before. Too small, and the loss stays; right, and it falls; too large, and it
explodes."""
)
SWEEP = _(
    """## Two hyperparameters at once

A **sweep** trains one network for each pair of values, all else equal: same seed, same first weights, same
batches. The grid shows what each has reached on the validation pictures."""
)
OWN_RATES = _("Each optimizer wants a learning rate of its own: sweep that, too, before you judge one.")
GOOD = {
    "momentum": [0.0, 0.5, 0.9],
    "weight_decay": [0.0, 1e-4, 1e-3],
    "label_smoothing": [0.0, 0.1, 0.2],
    "depth": [1, 3, 6],
    "dropout": [0.0, 0.3, 0.5],
    "seed": [0, 1, 2],
}
"""Values that a sweep begins with; the others begin around what is chosen."""
ENDINGS = {
    "done": _("went through"),
    "time": _("time used up"),
    "diverged": _("diverged"),
    "impossible": _("not possible"),
}
"""How a run of a sweep ended, see `CellEnd.state`."""


# --- handlers -----------------------------------------------------------------------------------------------


def on_start(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, recipe, token, kind, spec} -> {"run": its id}; kind and spec as `sweep` takes them.

    Searches of the visitor that have ended are forgotten: the table of runs is for networks.
    """
    question = request_fields(asked)
    visitor, kind, spec = (question.get(name) for name in ("visitor", "kind", "spec"))
    recipe = Recipe.from_dict(question.get("recipe"))
    check(kind, recipe, spec)
    own = None
    if recipe.data == OWN:
        own = own_pictures(context, question.get("token"))
        if own is None:
            raise DataError(words.GONE)
    for run in _searches(context, visitor):
        if run["kind"] == kind and run["id"] != context.desk.active(visitor):
            context.desk.remove(visitor, run["id"])
    run = context.desk.start(visitor, recipe, own, kind=kind, spec=spec, address=client_address())
    return {"run": run}


def on_follow(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, run, since} -> {"state", "place", "said", "cursor", "records"}, and "recipe" before the first
    record. The record RangeEnd has its "conclusion", too.
    """
    fields = request_fields(asked)
    since = fields.get("since", 0)
    status = context.desk.follow(fields.get("visitor"), fields.get("run"), since)
    names = ["state", "place", "said", "cursor", "records", *([] if since else ["recipe"])]
    return {name: status[name] for name in names} | {"records": [_worded(one) for one in status["records"]]}


def _worded(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the page shows it: sentences are made here, in the visitor's language."""
    if record["record"] != RangeEnd.__name__:
        return record
    values = {name: value for name, value in record.items() if name != "record"}
    return record | {"conclusion": RangeEnd(**values).conclusion}


def on_stop(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, run} -> {}."""
    question = request_fields(asked)
    context.desk.stop(question.get("visitor"), question.get("run"))
    return {}


def on_found(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, kind} -> {"run": the newest search of that kind, or None}: a reloaded page shows it again."""
    question = request_fields(asked)
    kind = choice(question.get("kind"), "kind", KINDS)
    runs = [run["id"] for run in _searches(context, question.get("visitor")) if run["kind"] == kind]
    return {"run": runs[-1] if runs else None}


def _searches(context: Context, visitor: Any) -> list[dict[str, Any]]:
    return [run for run in context.desk.runs(visitor) if run["kind"] in KINDS]


def on_program(context: Context, asked: object) -> dict[str, Any]:
    """{recipe} -> {"code": the range test as a program}."""
    return {"code": code(Recipe.from_dict(request_fields(asked).get("recipe")))}


def on_plan(context: Context, asked: object) -> dict[str, Any]:
    """{recipe, token, spec} -> {"message": what a sweep with these values will do, "runs": how many}."""
    question = request_fields(asked)
    recipe = Recipe.from_dict(question.get("recipe"))
    spec = check("sweep", recipe, question.get("spec"))
    assert isinstance(spec, Sweep)
    pictures = own_pictures(context, question.get("token")) if recipe.data == OWN else None
    own = None if pictures is None else counted(pictures)
    cells = spec.cells(recipe)
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
    sentences = [message.format(**length)]
    if runs < len(cells):
        problem = next(cell.problem for cell in cells if cell.recipe is None)
        sentences.append(
            _("{n} of the {cells} cells cannot be run: {problem}").format(
                n=len(cells) - runs, cells=len(cells), problem=problem
            )
        )
    swept = {spec.rows.field, spec.columns.field}
    if "optimizer" in swept and "lr" not in swept:
        sentences.append(str(OWN_RATES))
    return {"message": " ".join(sentences), "runs": runs}


SHARED = {"start": on_start, "follow": on_follow, "stop": on_stop, "found": on_found}


# --- the page -----------------------------------------------------------------------------------------------


def axes() -> list[dict[str, Any]]:
    """What a sweep may change: for each its key, label, kind, named values, usual numbers, when it applies,
    and the values to begin with.
    """
    known = {field.key: field for field in fields()}
    made = []
    for key in FIELDS:
        field = known[key]
        made.append(
            {
                "key": key,
                "label": field.label,
                "kind": "number" if field.kind == "rate" else field.kind,
                "options": [[option["value"], option["label"]] for option in field.options],
                "ladder": field.ladder,
                "only_for": field.only_for,
                "multiples": multiples(key),
                "good": GOOD.get(key, list(networks()[:3]) if key == "network" else []),
            }
        )
    return made


def multiples(key: str) -> dict[str, Any] | None:
    """How the neighbours of a number are made where they are multiples of it: `factor` times smaller and
    larger, as a `whole` number or not, within the `limits` of each network: [the value when none is chosen,
    the lowest, the highest]. None for other choices.
    """
    if key == "width":
        limits = {name: list(NETWORKS[name].width or ()) for name in networks("width")}
        return {"factor": 2, "whole": True, "limits": limits}
    if key == "lr":
        limits = {name: [form()["defaults"]["lr"], 0.0, LR_RANGE[1]] for name in networks()}
        return {"factor": 3, "whole": False, "limits": limits}
    return None


def times() -> list[int]:
    """Seconds that a sweep may be given: no more than any run has."""
    most = train_seconds()
    return [one for one in SECONDS if one <= most] or [int(most)]


def search_part(context: Context) -> None:
    """Lay the part out: two views, whose scripts ask for everything."""
    shared = {name: server_function(answer, context) for name, answer in SHARED.items()}
    recipe = form()["defaults"]
    names = {
        key: {value: name for value, (name, _) in words.named_values(key).items()} for key in words.NAMED
    }
    states = page_constants()
    states[RunState.RUNNING]["title"] = "Running"  # a search is more than one training
    spec = RangeSpec()
    first, second = rates(spec)[:2]
    gr.Markdown(RANGE.format(steps=spec.steps, growth=second / first - 1))
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
