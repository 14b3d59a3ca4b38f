"""The runs of this visit: a table of what differs, their curves, and what can be done with a run.

Every answer that changes the runs has their new table, so the page need not ask for it. All belongs to the
visitor's secret, which every request carries; the desk checks it.
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
from ui.kit.second_network import described
from ui.train.compare import averaged, differing, sentence, value_text
from ui.train.words import LABELS

HERE = Path(__file__).parent
MOST_BYTES = min(MAX_WEIGHTS_BYTES, (MAX_REQUEST_BYTES - 2**16) * 3 // 4)
"""Of a file of weights: as base64 it must fit into a request."""
PICKLED = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")
WHY_NO_PICKLE = (
    "A {suffix} file is a Python pickle: reading one can run any code that its author has put in. Save the "
    "weights as .safetensors, which holds numbers alone: safetensors.torch.save_file(model.state_dict(), "
    '"weights.safetensors").'
)
INTRODUCTION = _(
    "## Runs of this visit\n"
    "Compare runs, take one to Classify, or keep its weights. Runs are kept while this page is open and for "
    "{time} after that; when the space shared by all visitors is full, the oldest runs of those who use most "
    "of it are removed earlier. Change one choice at a time: with the same seed, initial weights and batches "
    "stay the same."
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
                "text": described(run),
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


def on_curves(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, runs: [id], known: [id]} -> {"curves": [{run, step, loss, mean_of, validated: [[step, loss,
    accuracy]]}] of the runs that are not in `known`, "sentence": what differs when `runs` are two}. Steps
    count from 1.
    """
    fields = request_fields(asked)
    visitor = fields.get("visitor")
    trained = {run["id"]: run for run in _trained(context, visitor) if not run["adopted"]}
    runs = [trained[name] for name in _names(fields, "runs") if name in trained]
    known = _names(fields, "known")
    curves = []
    for run in runs:
        if run["id"] in known:
            continue
        curve = context.desk.curve(visitor, run["id"])
        loss, size = averaged(curve["loss"])
        ends = [min(end, len(curve["step"])) - 1 for end in range(size, size * len(loss) + 1, size)]
        curves.append(
            {
                "run": run["id"],
                "step": [curve["step"][end] + 1 for end in ends],
                "loss": loss,
                "mean_of": size,
                "validated": curve["validated"],
            }
        )
    said = ""
    if len(runs) == 2:
        changed = [run["name"] for run in runs if run["changed"]]
        early = [run["name"] for run in runs if run["state"] == RunState.STOPPED]
        lost = [run["name"] for run in runs if RunState(run["state"]).is_lost]
        said = sentence(runs[0]["recipe"], runs[1]["recipe"], changed, early, lost)
    return {"curves": curves, "sentence": said}


def _names(fields: dict[Any, Any], key: str) -> list[str]:
    """The runs that a request names. Raises ValueError with a sentence."""
    names = fields.get(key)
    if not isinstance(names, list) or len(names) > TRAIN_RUNS:
        raise ValueError(f"{key} is a list of at most {TRAIN_RUNS} runs.")
    return [name for name in names if isinstance(name, str)]


def on_rename(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, run, name} -> {"name", "table"}; name: 1 to 40 characters, spaces around them are dropped."""
    fields = request_fields(asked)
    visitor = fields.get("visitor")
    context.desk.rename(visitor, fields.get("run"), fields.get("name"))
    return {"name": fields["name"].strip(), "table": run_table(context, visitor)}


def on_remove(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, run} -> {"table"}; the run and its weights are gone."""
    fields = request_fields(asked)
    visitor = fields.get("visitor")
    context.desk.remove(visitor, fields.get("run"))
    return {"table": run_table(context, visitor)}


def on_weights(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, run, form} -> {"files": [{name, data as base64}]}: one .safetensors with the card in its
    metadata, or a .pt and its card, which `models.checkpoint.load` reads.
    """
    fields = request_fields(asked)
    visitor, run, form = fields.get("visitor"), fields.get("run"), fields.get("form")
    data = context.desk.weights(visitor, run, form)
    stem = file_stem(next((one["name"] for one in context.desk.runs(visitor) if one["id"] == run), ""))
    files = [{"name": f"{stem}.{form}", "data": as_base64(data)}]
    if form == "pt":
        _, card = context.desk.network(visitor, run)
        card = dataclasses.replace(card, sha256=hashlib.sha256(data).hexdigest())
        content = json.dumps(dataclasses.asdict(card), indent=1) + "\n"
        files.append({"name": f"{stem}.json", "data": as_base64(content.encode())})
    return {"files": files}


def on_adopt(context: Context, asked: object) -> dict[str, Any]:
    """{visitor, name, data} -> {"run", "table"}: a visitor's .safetensors file becomes a run.

    name: of the file. data: its bytes as base64.
    """
    fields = request_fields(asked)
    name, data = fields.get("name"), fields.get("data")
    if not isinstance(name, str) or not isinstance(data, str):
        raise ValueError("A file is sent as its name and its bytes in base64.")
    suffix = next((one for one in PICKLED if name.lower().endswith(one)), None)
    if suffix:
        raise ValueError(WHY_NO_PICKLE.format(suffix=suffix))
    if not name.lower().endswith(".safetensors"):
        raise ValueError("Weights are taken as a .safetensors file. Choose one that was saved here.")
    if len(data) > MOST_BYTES * 4 / 3 + 4:
        raise ValueError(f"The file is larger than {MOST_BYTES / 2**20:.1f} MB, the most that is taken.")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The file did not arrive whole: send its bytes in base64.") from None
    stem = "".join(letter for letter in name[: -len(".safetensors")] if letter.isprintable()).strip()
    name = stem[:MOST_NAME] or "uploaded"
    visitor = fields.get("visitor")
    run = context.desk.adopt(visitor, name, content, client_address())
    return {"run": run, "table": run_table(context, visitor)}


# --- what they are made of ----------------------------------------------------------------------------------


def file_stem(name: str) -> str:
    """A name of a run as a name of a file on any system."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:MOST_NAME] or "run"


def _trained(context: Context, visitor: Any) -> list[dict[str, Any]]:
    """The visitor's runs that have weights, not the searches for settings."""
    return [run for run in context.desk.runs(visitor) if run["kind"] == "train"]


# --- layout -------------------------------------------------------------------------------------------------


def runs_part(context: Context) -> RunChoice:
    """Lay out the part; its view fires `submit` when a run is to be used in Classify, which is its value."""
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
