"""The runs of this visit: a table of what differs, their curves, and what can be done with a run.

Every answer to a change carries the new table, so the page need not request it. Runs belong to the visitor's
secret, which every request carries; the desk checks it.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import gradio as gr

from language import _
from settings import MAX_REQUEST_BYTES, MAX_WEIGHTS_BYTES, TRAIN_KEPT_SECONDS, TRAIN_RUNS, duration
from training.desk.desk import MOST_NAME
from training.desk.states import RunState, page_constants
from ui.context import Context
from ui.kit.clients import client_address
from ui.kit.events import request_fields, server_function
from ui.kit.images import as_base64
from ui.kit.run_choice import RunChoice
from ui.kit.second_network import describe
from ui.train.compare import averaged, differing, sentence, value_text
from ui.train.words import LABELS

HERE = Path(__file__).parent
MOST_BYTES = min(MAX_WEIGHTS_BYTES, (MAX_REQUEST_BYTES - 2**16) * 3 // 4)
"""Most bytes of a file of weights: as base64 it must fit into a request."""
PICKLED = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")
WHY_NO_PICKLE = _(
    "A {suffix} file is a Python pickle: reading one can run any code its author has put in. Save the "
    "weights as .safetensors, which holds numbers alone: safetensors.torch.save_file(model.state_dict(), "
    '"weights.safetensors").'
)
INTRODUCTION = _(
    "## Runs of this visit\n"
    "Compare runs, take one to Classify, or keep its weights. Runs are kept while this page is open and for "
    "{time} after that; when the space shared by all visitors is full, the oldest runs of the visitors who "
    "use most of it are removed earlier. Change one choice at a time: with the same seed, initial weights "
    "and batches stay the same."
).format(time=duration(TRAIN_KEPT_SECONDS))


# --- handlers -----------------------------------------------------------------------------------------------


def run_table(context: Context, visitor: Any) -> dict[str, Any]:
    """{"revision": as `Desk.revision`, "columns": names of the choices that differ, "runs": [{id, name, text,
    state, cells: [text of each column], validation, test, seconds, parameters, changed, uploaded, usable}]}.
    """
    revision = context.desk.revision(visitor)
    runs = _trained(context, visitor)
    fields = differing([run["recipe"] for run in runs if not run["adopted"]])
    return {
        "revision": revision,
        "columns": [LABELS.get(field, field) for field in fields],
        "runs": [
            {
                "id": run["id"],
                "name": run["name"],
                "text": describe(run),
                "state": run["state"],
                "cells": [
                    "–" if run["adopted"] else value_text(field, run["recipe"].get(field)) for field in fields
                ],
                "validation": run["validation_accuracy"],
                "test": run["accuracy"],
                "seconds": run["seconds"],
                "parameters": run["parameters"],
                "changed": bool(run["changed"]),
                "uploaded": bool(run["adopted"]),
                "usable": bool(run["usable"]),
            }
            for run in runs
        ],
    }


def on_curves(context: Context, request: object) -> dict[str, Any]:
    """{visitor, runs: [id], curves: [id]} -> {"curves": [{run, step, loss, mean_of, validated: [[step, loss,
    accuracy]]}] of the runs in `curves`, "sentence": what differs when `runs` are two}. Steps count from 1.
    """
    fields = request_fields(request)
    visitor = fields["visitor"]
    trained = {run["id"]: run for run in _trained(context, visitor) if not run["adopted"]}
    runs = [trained[run] for run in _ids(fields, "runs") if run in trained]
    curves = []
    for run in _ids(fields, "curves"):
        if run not in trained:
            continue
        curve = context.desk.curve(visitor, run)
        loss, size = averaged(curve["loss"])
        ends = [min(end, len(curve["step"])) - 1 for end in range(size, size * len(loss) + 1, size)]
        curves.append(
            {
                "run": run,
                "step": [curve["step"][end] + 1 for end in ends],
                "loss": loss,
                "mean_of": size,
                "validated": curve["validated"],
            }
        )
    text = ""
    if len(runs) == 2:
        changed = [run["name"] for run in runs if run["changed"]]
        early = [run["name"] for run in runs if run["state"] == RunState.STOPPED]
        lost = [run["name"] for run in runs if RunState(run["state"]).is_lost]
        text = sentence(runs[0]["recipe"], runs[1]["recipe"], changed, early, lost)
    return {"curves": curves, "sentence": text}


def _ids(fields: dict[Any, Any], key: str) -> list[str]:
    """The runs that a request names. Raises ValueError with a sentence."""
    ids = fields[key]
    if not isinstance(ids, list) or len(ids) > TRAIN_RUNS:
        raise ValueError(_("{key} is a list of at most {n} runs.").format(key=key, n=TRAIN_RUNS))
    return [run for run in ids if isinstance(run, str)]


def on_rename(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run, name} -> {"name", "table"}; name: 1 to 40 characters, blanks around it are dropped."""
    fields = request_fields(request)
    visitor, name = fields["visitor"], fields["name"]
    context.desk.rename(visitor, fields["run"], name)
    return {"name": name.strip(), "table": run_table(context, visitor)}


def on_remove(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run} -> {"table"}; the run and its weights are gone."""
    fields = request_fields(request)
    context.desk.remove(fields["visitor"], fields["run"])
    return {"table": run_table(context, fields["visitor"])}


def on_weights(context: Context, request: object) -> dict[str, Any]:
    """{visitor, run, form} -> {"files": [{name, data as base64}]}: one .safetensors with the card in its
    metadata, or a .pt and its card, which `models.checkpoint.load` reads.
    """
    fields = request_fields(request)
    visitor, run, form = fields["visitor"], fields["run"], fields["form"]
    data = context.desk.weights(visitor, run, form)
    stem = file_stem(next((entry["name"] for entry in context.desk.runs(visitor) if entry["id"] == run), ""))
    files = [{"name": f"{stem}.{form}", "data": as_base64(data)}]
    if form == "pt":
        card = context.desk.network(visitor, run)[1]
        card = dataclasses.replace(card, sha256=hashlib.sha256(data).hexdigest())
        content = json.dumps(dataclasses.asdict(card), indent=1) + "\n"
        files.append({"name": f"{stem}.json", "data": as_base64(content.encode())})
    return {"files": files}


def on_adopt(context: Context, request: object) -> dict[str, Any]:
    """{visitor, name, data} -> {"run", "table"}: a visitor's .safetensors file becomes a run.

    name: of the file. data: its bytes as base64.
    """
    fields = request_fields(request)
    visitor, name, data = fields["visitor"], fields["name"], fields["data"]
    if not isinstance(name, str) or not isinstance(data, str):
        raise ValueError(_("A file is sent as its name and its bytes in base64."))
    suffix = next((suffix for suffix in PICKLED if name.lower().endswith(suffix)), None)
    if suffix:
        raise ValueError(WHY_NO_PICKLE.format(suffix=suffix))
    if not name.lower().endswith(".safetensors"):
        raise ValueError(_("Weights are accepted as a .safetensors file. Choose one that was saved here."))
    if len(data) > MOST_BYTES * 4 / 3 + 4:
        text = _("The file is too large: the limit is {most} MB.")
        raise ValueError(text.format(most=f"{MOST_BYTES / 2**20:.1f}"))
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(_("The file did not arrive whole: send its bytes in base64.")) from None
    stem = "".join(letter for letter in name[: -len(".safetensors")] if letter.isprintable()).strip()
    run = context.desk.adopt(visitor, stem[:MOST_NAME] or _("uploaded"), content, client_address())
    return {"run": run, "table": run_table(context, visitor)}


# --- what they are made of ----------------------------------------------------------------------------------


def file_stem(name: str) -> str:
    """The name of a run as a file name for any system."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:MOST_NAME] or "run"


def _trained(context: Context, visitor: Any) -> list[dict[str, Any]]:
    """The visitor's runs that train one network, not the searches for settings."""
    return [run for run in context.desk.runs(visitor) if run["kind"] == "train"]


# --- layout -------------------------------------------------------------------------------------------------


def runs_part(context: Context) -> RunChoice:
    """Lay out the part; its view fires `submit` when its value, a run, is to be used in Classify."""
    gr.Markdown(INTRODUCTION)
    handlers = {
        "curves": on_curves,
        "rename": on_rename,
        "remove": on_remove,
        "weights": on_weights,
        "adopt": on_adopt,
    }
    return RunChoice(
        HERE / "runs",
        answers={name: server_function(handler, context) for name, handler in handlers.items()},
        file_functions=["adopt"],
        constants={"most_bytes": MOST_BYTES, "most_name": MOST_NAME, "states": page_constants()},
        elem_id="train-runs",
    )
