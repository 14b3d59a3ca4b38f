"""Inside the real network: the visitor's own picture on its way through every layer of the shipped network.

The browser holds the 28x28 pixels and sends them with every question, so that the server keeps nothing about
a visitor: a picture's activations are computed in a few milliseconds, and the last few are remembered.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from checks import whole_number
from data.drawn.garments import Garments
from data.fashion import CLASSES
from inference.inside import (
    STEP_KINDS,
    ExplainedCell,
    InsideError,
    Maps,
    NetworkStep,
    explain_cell,
    feature_maps,
    filters,
    following,
)  # fmt: skip
from inference.predictor import Predictor
from models.checkpoint import CheckpointError
from settings import NETWORK_CALLS
from ui.context import Context
from ui.kit.events import request_fields, server_function
from ui.kit.images import as_base64, as_data_url
from ui.kit.picture_input import Chosen, seed_of
from ui.kit.uploads import UploadedPicture
from ui.kit.view import View

HERE = Path(__file__).parent
SIDE = 28
IN_A_ROW = 16
"""Maps of each layer in the list of layers."""
SHELF_MAPS = 32
"""Maps of the open layer in one message."""
INTRODUCTION = (
    "## Inside the real network\n"
    "This is the network that answers in Classify. Your picture goes through all of its layers. "
    "Choose a layer, then a map, then a cell: you see the numbers that made exactly this number."
)


@dataclass(frozen=True)
class LayerWords:
    """What the part says about one kind of layer, or of a step that is none."""

    title: str
    words: str
    formula: str = ""
    """How a number comes about, where one line can say it."""


LAYER_WORDS = {
    "Conv2d": LayerWords(
        "Conv2d",
        "A convolution. Each cell is a sum of products: a small patch of every map before it, times the "
        "weights of a kernel. Each map has its own kernel.",
    ),
    "BatchNorm2d": LayerWords(
        "BatchNorm2d",
        "Puts the numbers of every map on a common scale, with the mean and the variance that were found in "
        "training. Then comes a trained weight and a trained bias.",
        "(x − mean) / √(variance + eps) × weight + bias",
    ),
    "ReLU": LayerWords("ReLU", "Keeps the numbers above 0. All others become 0.", "max(0, x)"),
    "MaxPool2d": LayerWords(
        "MaxPool2d",
        "Keeps the largest number of every 2 × 2 block. Height and width are halved.",
        "the largest of the block",
    ),
    "add": LayerWords(
        "Addition",
        "Adds two layers, cell by cell: what went into the last two convolutions and what came out of them. "
        "This is called a residual connection.",
        "x + y",
    ),
    "amax": LayerWords(
        "Maximum",
        "Keeps one number of each map, the largest. It says how strongly a feature was found anywhere.",
    ),
    "Linear": LayerWords(
        "Linear",
        "A weighted sum of all numbers before it, one for each class. The results are called logits.",
    ),
}
"""By key of `inference.inside.STEP_KINDS`."""


# --- handlers -----------------------------------------------------------------------------------------------


def on_picture(context: Context, request: object) -> dict[str, Any]:
    """The visitor's picture as `Chosen.of` reads it -> {pixels, note}, as the network in Classify gets it."""
    context.predictor()
    chosen = Chosen.of(request)
    picture = chosen.read(context.pictures)
    prepared = picture.prepare(chosen.kind)
    return {"pixels": as_base64(prepared.pixels), "note": picture.notes(prepared)}


def on_examples(seed: object) -> dict[str, Any]:
    """Ten garments drawn by the program, each class once: {"examples": [{name, pixels}, ...]}."""
    return {"examples": [dict(example) for example in _examples(seed_of(seed) % 1000)]}


def on_look(context: Context, request: object) -> dict[str, Any]:
    """{pixels} -> every layer with its first maps, and the softmax: {"layers": [...], "softmax": {...}}."""
    predictor, maps, _ = _request(context, request)
    return {
        "layers": [_row(layer, values) for layer, values in zip(maps.layers, maps.values, strict=True)],
        "softmax": softmax(predictor, maps),
    }


def on_open(context: Context, request: object) -> dict[str, Any]:
    """{pixels, layer, first} -> up to 32 maps of a layer from number `first` on, as one sprite, and for each
    its largest number.
    """
    _, maps, question = _request(context, request)
    place = maps.place(question.get("layer"))
    values = _as_maps(maps.values[place])
    first = whole_number(question.get("first", 0), "first", 0, len(values) - 1, InsideError)
    on_shelf = values[first : first + SHELF_MAPS]
    return {
        "layer": maps.layers[place].name,
        "first": first,
        "sprite": sprite(on_shelf, values.abs().max().item()),
        "highest": _plain(on_shelf.amax(dim=(1, 2))),
    }


def on_map(context: Context, request: object) -> dict[str, Any]:
    """{pixels, layer, channel, row, column} -> the numbers of one map, and the cell there; without a row and
    a column the cell with the largest number.
    """
    _, maps, question = _request(context, request)
    name, channel = question.get("layer"), question.get("channel")
    values = _as_maps(maps.values[maps.place(name)])
    row, column = question.get("row"), question.get("column")
    if row is None and column is None:
        known = explain_cell(maps, name, channel)
        row, column = divmod(int(values[known.channel].argmax()), values.shape[2])
    cell = _cell(maps, explain_cell(maps, name, channel, row, column))
    return {"values": _plain(values[cell["channel"]]), "cell": cell}


def on_cell(context: Context, request: object) -> dict[str, Any]:
    """{pixels, layer, channel, row, column} -> {"cell": how that number came about}."""
    _, maps, question = _request(context, request)
    place = (question.get(name) for name in ("layer", "channel", "row", "column"))
    return {"cell": _cell(maps, explain_cell(maps, *place))}


def on_filters(context: Context, request: object) -> dict[str, Any]:
    """{layer, source} -> all kernels of a convolution for the input map `source`, without one the length of
    their weights over all input maps: {"filters": (C_out, k, k) as lists}.
    """
    question = request_fields(request)
    weights = filters(context.predictor().model, question.get("layer"), question.get("source"))
    return {"filters": _plain(weights)}


def on_feature_maps(context: Context, picture: bytes | None, kind: Any, layer: Any) -> dict[str, Any]:
    """Every layer of the network for a picture file as plain values. Raises gr.Error with a sentence."""
    try:
        if picture is None:
            raise InsideError("There is no picture. Send one as a file.")
        predictor = context.predictor()
        found = context.pictures.read(picture)
        prepared = found.prepare(kind)
        maps = feature_maps(predictor, prepared.pixels)
        named = maps.values[maps.place(layer)].tolist() if layer not in (None, "") else None
    except (CheckpointError, ValueError) as error:
        raise gr.Error(str(error), print_exception=False) from error
    rows = [
        {
            "name": step.name,
            "kind": step.kind,
            "shape": list(values.shape),
            "parameters": step.record.parameters,
            "min": values.min().item(),
            "max": values.max().item(),
            "mean": values.mean().item(),
        }
        for step, values in zip(maps.layers, maps.values, strict=True)
    ]
    logits = maps.values[-1]
    return {
        "layers": rows,
        "values": named,
        "logits": logits.tolist(),
        "probabilities": torch.softmax(logits[: len(CLASSES)], dim=0).tolist(),
        "note": found.notes(prepared),
    }


# --- what they are made of ----------------------------------------------------------------------------------


def softmax(predictor: Predictor, maps: Maps) -> dict[str, Any]:
    """The logits of the ten classes, e^logit, the sum of these and the shares, all in float64; `others` are
    the logits that the softmax leaves out, with their names.
    """
    logits = maps.values[-1].double()
    names = list(predictor.card.classes)
    ten = logits[: len(CLASSES)]
    raised = ten.exp()
    return {
        "names": names[: len(CLASSES)],
        "logits": _plain(ten),
        "raised": _plain(raised),
        "total": _plain(raised.sum()),
        "shares": _plain(torch.softmax(ten, dim=0)),
        "others": [
            list(pair) for pair in zip(names[len(CLASSES) :], _plain(logits[len(CLASSES) :]), strict=False)
        ],
    }


def sprite(maps: Tensor, largest: float) -> str:
    """(C, H, W) -> a grey PNG with the maps one below the other, as a data URL.

    128 is 0, 255 is `largest`, 1 is -largest. Raises nothing: a layer of zeros is all 128.
    """
    scaled = maps / largest * 127 if largest > 0 else maps * 0
    grey = (scaled.round() + 128).to(torch.uint8)
    return as_data_url(grey.reshape(-1, maps.shape[2]).numpy())


@lru_cache(maxsize=8)
def _examples(seed: int) -> tuple[dict[str, str], ...]:
    drawn = Garments(len(CLASSES), seed, "test")  # ten in a row are all classes, in some order
    pictures = sorted((drawn.label(index), as_base64(drawn.draw(index))) for index in range(len(CLASSES)))
    return tuple({"name": CLASSES[label], "pixels": pixels} for label, pixels in pictures)


@lru_cache(maxsize=8)
def _maps(predictor: Predictor, pixels: bytes) -> Maps:
    return feature_maps(predictor, np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE))


def _request(context: Context, request: object) -> tuple[Predictor, Maps, dict[Any, Any]]:
    """What the browser asks about. Raises InsideError for anything but a picture of 784 pixels."""
    question = request_fields(request)
    text, pixels = question.get("pixels"), b""
    if isinstance(text, str) and len(text) <= 2000:
        try:
            pixels = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pixels = b""
    if len(pixels) != SIDE * SIDE:
        raise InsideError("A picture is sent as the base64 text of its 28 × 28 grey values.")
    predictor = context.predictor()
    return predictor, _maps(predictor, pixels), question


def _as_maps(values: Tensor) -> Tensor:
    """(C, H, W) as it is, (C,) as maps of one cell: (C, 1, 1)."""
    return values if values.ndim == 3 else values[:, None, None]


def _row(layer: NetworkStep, values: Tensor) -> dict[str, Any]:
    maps, record = _as_maps(values), layer.record
    largest = maps.abs().max().item()
    field = record.field
    return {
        "name": layer.name,
        "kind": layer.kind,
        "part": layer.part,
        "code": record.code,
        "shape": list(values.shape),
        "parameters": record.parameters,
        "inputs": record.inputs[0][1],
        "has_filters": STEP_KINDS[layer.kind].has_filters,
        "is_logits": STEP_KINDS[layer.kind].is_logits,
        "largest": _plain(largest),
        "low": _plain(values.min()),
        "high": _plain(values.max()),
        "field": None if field is None else {"size": field.size, "jump": field.jump, "start": field.start},
        "sprite": sprite(maps[:IN_A_ROW], largest),
        "shown": min(IN_A_ROW, len(maps)),
    }


def _cell(maps: Maps, cell: ExplainedCell) -> dict[str, Any]:
    """A cell and those that follow it for the page."""
    after = [_cell_fields(next_cell) for next_cell in following(maps, cell)]
    place = maps.place(cell.layer.name) + 1
    # a cell that ends before a step that keeps cells is one that a pooling leaves out
    goes_on = place < len(maps.layers) and STEP_KINDS[maps.layers[place].kind].keeps_cells
    return {**_cell_fields(cell), "after": after, "left_out": goes_on and not after}


def _cell_fields(cell: ExplainedCell) -> dict[str, Any]:
    work = {field.name: _plain(getattr(cell.work, field.name)) for field in fields(cell.work)}
    return {
        "layer": cell.layer.name,
        "kind": cell.layer.kind,
        "channel": cell.channel,
        "row": cell.row,
        "column": cell.column,
        "value": _plain(cell.value),
        # another order of the sum may end in another last digit: only where it can be seen
        "rounded": "" if f"{cell.value:.4f}" == f"{cell.total:.4f}" else _plain(cell.total),
        "field": cell.field,
        "work": work,
        "reads_picture": cell.layer.sources[0] < 0,
    }


def _plain(value: Any) -> Any:
    """Numbers with seven digits, which is what float32 holds; tensors and tuples as lists."""
    if isinstance(value, Tensor):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


# --- layout -------------------------------------------------------------------------------------------------


def inside_part(context: Context) -> None:
    """Lay out the part."""
    gr.Markdown(INTRODUCTION)
    handlers = {
        "picture": on_picture, "look": on_look, "maps": on_open, "map": on_map, "cell": on_cell,
        "filters": on_filters,
    }  # fmt: skip
    View(
        HERE / "inside",
        answers={
            "examples": on_examples,
            **{name: server_function(handler, context) for name, handler in handlers.items()},
        },
        constants={
            "kinds": {kind: asdict(words) for kind, words in LAYER_WORDS.items()},
            "shelf_maps": SHELF_MAPS,
        },
        file_functions=("picture",),
        elem_id="feature-maps",
    )
    _endpoint(context)


def _endpoint(context: Context) -> None:
    """The named endpoint for programs: hidden components hold its types, nothing of them is shown."""
    with gr.Column(visible=False):
        file = UploadedPicture(label="picture")
        kind = gr.Textbox("auto", label="kind")
        layer = gr.Textbox("", label="layer")
        answer = gr.JSON(label="feature maps")
        ask = gr.Button()

    def feature_maps(picture: Any, kind: Any = "auto", layer: Any = "") -> dict[str, Any]:
        """Look at every layer of the network while it reads a picture of a garment.

        Args:
            picture: a picture file (PNG, JPEG, WebP, GIF or BMP), as for classify.
            kind: "photo", "drawing", or "auto" to let the program decide.
            layer: name of the layer whose values are wanted, such as "stages.0.conv1"; "" for none.

        Returns:
            {"layers": for each layer in order name, kind, shape without the batch dimension, parameters, min,
            max and mean of its output; "values": nested lists in the shape of the layer that was named, else
            null; "logits": all eleven; "probabilities": softmax of the first ten; "note": a sentence or ""}.
        """
        return on_feature_maps(context, picture, kind, layer)

    ask.click(
        feature_maps, [file, kind, layer], answer, api_name="feature_maps", concurrency_limit=NETWORK_CALLS,
        concurrency_id="network",
    )  # fmt: skip
