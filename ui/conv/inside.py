"""Inside the real network: the visitor's own picture on its way through every layer of the shipped network.

Each request names the picture by its digest. The activations of a picture take a few milliseconds to compute,
and those of the last few are remembered.
"""

from __future__ import annotations

import base64
import dataclasses
from contextlib import suppress
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
from language import _
from models.checkpoint import CheckpointError
from models.layer_kinds import LAYER_KINDS, STEPS
from settings import NETWORK_CALLS
from ui.context import Context
from ui.kit.events import request_fields, server_function
from ui.kit.images import as_base64, as_data_url
from ui.kit.picture_input import PictureRequest, seed_of
from ui.kit.uploads import UploadedPicture
from ui.kit.view import View

HERE = Path(__file__).parent
SIDE = 28
IN_A_ROW = 16
"""Maps of each layer in the list."""
SHELF_MAPS = 32
"""Maps of the open layer in one message."""
INTRODUCTION = _(
    """\
## Inside the real network
This is the network that answers in Classify. Your picture goes through all of its layers. Choose a layer,
then a map, then a cell: you see the numbers that made exactly this number.
"""
)


# --- handlers -----------------------------------------------------------------------------------------------


def on_picture(context: Context, request: object) -> dict[str, Any]:
    """The visitor's picture, see `PictureRequest.of` -> {pixels, note, source}: the pixels that the network
    in Classify gets, and what stands for them in later requests.
    """
    context.predictor()
    payload = PictureRequest.of(request)
    picture = payload.read(context.pictures)
    prepared = picture.prepare(payload.kind)
    return {
        "pixels": as_base64(prepared.pixels),
        "note": picture.notes(prepared),
        "source": {"digest": picture.digest, "kind": payload.kind},
    }


def on_examples(seed: object) -> dict[str, Any]:
    """Ten garments drawn by the program, one of each class: {"examples": [{name, pixels, source}, ...]}."""
    seed = seed_of(seed) % 1000
    return {
        "examples": [
            {
                "name": CLASSES[label],
                "pixels": as_base64(pixels),
                "source": {"seed": seed, "label": label},
            }
            for label, pixels in enumerate(_examples(seed))
        ]
    }


def on_look(context: Context, request: object) -> dict[str, Any]:
    """{picture} -> every layer with its first maps, and the softmax: {"layers": [...], "softmax": {...}}."""
    predictor, maps, fields = _request(context, request)
    return {
        "layers": [_row(layer, values) for layer, values in zip(maps.layers, maps.values, strict=True)],
        "softmax": softmax(predictor, maps),
    }


def on_open(context: Context, request: object) -> dict[str, Any]:
    """{picture, layer, first} -> up to 32 maps of a layer from number `first` on, as one sprite, and the
    largest number of each.
    """
    maps, fields = _request(context, request)[1:]
    place = maps.place(fields.get("layer"))
    values = _as_maps(maps.values[place])
    first = whole_number(fields.get("first", 0), "first", 0, len(values) - 1, InsideError)
    on_shelf = values[first : first + SHELF_MAPS]
    return {
        "layer": maps.layers[place].name,
        "first": first,
        "sprite": sprite(on_shelf, values.abs().max().item()),
        "highest": _plain(on_shelf.amax(dim=(1, 2))),
    }


def on_map(context: Context, request: object) -> dict[str, Any]:
    """{picture, layer, channel, row, column} -> the numbers of one map, and the cell there; without a row and
    a column, the cell with the largest number.
    """
    maps, fields = _request(context, request)[1:]
    name, channel = fields.get("layer"), fields.get("channel")
    values = _as_maps(maps.values[maps.place(name)])
    row, column = fields.get("row"), fields.get("column")
    if row is None and column is None:
        first = explain_cell(maps, name, channel)
        row, column = divmod(int(values[first.channel].argmax()), values.shape[2])
    cell = _cell(maps, explain_cell(maps, name, channel, row, column))
    return {"values": _plain(values[cell["channel"]]), "cell": cell}


def on_cell(context: Context, request: object) -> dict[str, Any]:
    """{picture, layer, channel, row, column} -> {"cell": how that number is computed}."""
    maps, fields = _request(context, request)[1:]
    place = (fields.get(name) for name in ("layer", "channel", "row", "column"))
    return {"cell": _cell(maps, explain_cell(maps, *place))}


def on_filters(context: Context, request: object) -> dict[str, Any]:
    """{layer, source} -> all kernels of a convolution for the input map `source`, or without it the length of
    their weights over all input maps: {"filters": (C_out, k, k) as lists}.
    """
    fields = request_fields(request)
    weights = filters(context.predictor().model, fields.get("layer"), fields.get("source"))
    return {"filters": _plain(weights)}


def on_feature_maps(context: Context, picture: bytes | None, kind: Any, layer: Any) -> dict[str, Any]:
    """Every layer of the network for a picture file as plain values. Raises gr.Error with a sentence."""
    try:
        if picture is None:
            raise InsideError(_("There is no picture. Send one as a file."))
        predictor = context.predictor()
        decoded = context.pictures.read(picture)
        prepared = decoded.prepare(kind)
        maps = feature_maps(predictor, prepared.pixels)
        values = maps.values[maps.place(layer)].tolist() if layer not in (None, "") else None
    except (CheckpointError, ValueError) as error:
        raise gr.Error(str(error), print_exception=False) from error
    rows = [
        {
            "name": step.name,
            "kind": step.kind,
            "shape": list(output.shape),
            "parameters": step.record.parameters,
            "min": output.min().item(),
            "max": output.max().item(),
            "mean": output.mean().item(),
        }
        for step, output in zip(maps.layers, maps.values, strict=True)
    ]
    logits = maps.values[-1]
    return {
        "layers": rows,
        "values": values,
        "logits": logits.tolist(),
        "probabilities": torch.softmax(logits[: len(CLASSES)], dim=0).tolist(),
        "note": decoded.notes(prepared),
    }


# --- what they are made of ----------------------------------------------------------------------------------


def softmax(predictor: Predictor, maps: Maps) -> dict[str, Any]:
    """The logits of the ten classes, e^logit, their sum and the shares, all in float64; `others` are the
    logits that the softmax leaves out, with their names.
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

    128 is 0, 255 is `largest`, 1 is -largest; a layer of zeros is all 128.
    """
    scaled = maps / largest * 127 if largest > 0 else maps * 0
    grey = (scaled.round() + 128).to(torch.uint8)
    return as_data_url(grey.reshape(-1, maps.shape[2]).numpy())


@lru_cache(maxsize=8)
def _examples(seed: int) -> tuple[bytes, ...]:
    """The pixels of a garment of each class, in the order of the classes."""
    drawn = Garments(len(CLASSES), seed, "test")  # ten in a row are all classes, in some order
    pictures = {drawn.label(index): drawn.draw(index).tobytes() for index in range(len(CLASSES))}
    return tuple(pictures[label] for label in range(len(CLASSES)))


@lru_cache(maxsize=8)
def _maps(predictor: Predictor, pixels: bytes) -> Maps:
    return feature_maps(predictor, np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE))


def _request(context: Context, request: object) -> tuple[Predictor, Maps, dict[Any, Any]]:
    """The network, the maps of the picture, and all fields of the request. Raises like `_pixels`."""
    fields = request_fields(request)
    predictor = context.predictor()
    return predictor, _maps(predictor, _pixels(context, fields.get("picture"))), fields


def _pixels(context: Context, picture: object) -> bytes:
    """The 784 grey values of a picture. It is the `source` of an example or of a visitor's picture, or
    {"pixels": base64}.

    Raises InsideError with a sentence, MissingPictureError if the browser must send the pixels.
    """
    match picture:
        case {"digest": str() as digest, "kind": str() as kind}:
            return context.pictures.find(digest).prepare(kind).pixels.tobytes()
        case {"seed": seed, "label": label}:
            label = whole_number(label, _("The number of the example"), 0, len(CLASSES) - 1, InsideError)
            return _examples(seed_of(seed) % 1000)[label]
        case {"pixels": str() as text} if len(text) <= 2000:
            with suppress(ValueError):
                pixels = base64.b64decode(text, validate=True)
                if len(pixels) == SIDE * SIDE:
                    return pixels
    raise InsideError(_("A picture is its digest and kind, an example, or 28 × 28 grey values as base64."))


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
        "in_sprite": min(IN_A_ROW, len(maps)),
    }


def _cell(maps: Maps, cell: ExplainedCell) -> dict[str, Any]:
    """A cell and those that follow it, for the page."""
    after = [_cell_fields(next_cell) for next_cell in following(maps, cell)]
    place = maps.place(cell.layer.name) + 1
    # without a following cell before a step that keeps cells: a pooling drops this one
    goes_on = place < len(maps.layers) and STEP_KINDS[maps.layers[place].kind].keeps_cells
    return {**_cell_fields(cell), "after": after, "left_out": goes_on and not after}


def _cell_fields(cell: ExplainedCell) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(cell.work)]
    work = {name: _plain(getattr(cell.work, name)) for name in names}
    return {
        "layer": cell.layer.name,
        "kind": cell.layer.kind,
        "channel": cell.channel,
        "row": cell.row,
        "column": cell.column,
        "value": _plain(cell.value),
        # another order of the sum may change the last digit: only where it is visible
        "rounded": "" if f"{cell.value:.4f}" == f"{cell.total:.4f}" else _plain(cell.total),
        "field": cell.field,
        "work": work,
        "reads_picture": cell.layer.sources[0] < 0,
    }


def _plain(value: Any) -> Any:
    """Numbers with seven digits, the precision of float32; tensors and tuples as lists."""
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
            "kinds": {
                name: {"title": kind.title or name, "about": kind.about, "formula": kind.formula}
                for name, kind in (LAYER_KINDS | STEPS).items()
                if name in STEP_KINDS
            },
            "shelf_maps": SHELF_MAPS,
        },
        file_functions=("picture",),
        elem_id="feature-maps",
    )
    _endpoint(context)


def _endpoint(context: Context) -> None:
    """The named endpoint for programs: hidden components carry its types."""
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
            layer: name of the layer whose values to return, such as "stages.0.conv1"; "" for none.

        Returns:
            {"layers": for each layer in order name, kind, shape without the batch dimension, parameters, min,
            max and mean of its output; "values": nested lists in the shape of the named layer, else null;
            "logits": all eleven; "probabilities": softmax of the first ten; "note": a sentence or ""}.
        """
        return on_feature_maps(context, picture, kind, layer)

    ask.click(
        feature_maps, [file, kind, layer], answer, api_name="feature_maps", concurrency_limit=NETWORK_CALLS,
        concurrency_id="network",
    )  # fmt: skip
