"""Trained weights as a file that leaves the page and comes back: safetensors, with the card in its header.

A file that comes from outside is only numbers and text to us: pickles are never opened, the network is built
from a checked Recipe, and names, shapes, types and numbers are compared before a weight is used.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from checks import number, text
from data.own.tables import MAX_CLASSES
from data.samples import SIDE
from language import _
from models.checkpoint import Card
from models.registry import build
from settings import MAX_WEIGHTS_BYTES
from training.recipe import FIELDS, Recipe, arguments, command

MOST_HEADER = 200_000
"""Longest header in bytes: ours have some thousands."""
OURS = "Upload a .safetensors file that was downloaded from this page."


class WeightsError(ValueError):
    """A file of weights that cannot be used; the message is a sentence for the visitor."""


def pack(model: nn.Module, card: Card) -> bytes:
    """The weights and the card as one safetensors file."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    # the hash is that of the .pt file
    told = json.dumps(dataclasses.asdict(dataclasses.replace(card, sha256="")))
    return save(tensors, metadata={"format": "pt", "card": told})


def unpack(data: Any) -> tuple[nn.Module, Card, Recipe]:
    """What `pack` made, from anybody: the network in evaluation mode, a card of what could be checked, and
    the recipe of its run. Raises WeightsError with a sentence.
    """
    told = _card(data)
    recipe = _recipe(told.get("config"))
    classes = _classes(told.get("classes"))
    mean = number(told.get("mean"), "mean in the card of this file", -10, 10, WeightsError)
    std = number(told.get("std"), "std in the card of this file", 1e-3, 1e3, WeightsError)
    chosen = arguments(recipe, len(classes))
    model = build(recipe.network, seed=0, **chosen)
    model.load_state_dict(_tensors(data, model, recipe.network))
    try:
        data_text = text(told.get("data"), "data", 200)
    except ValueError:
        data_text = "uploaded weights"
    card = Card(
        architecture=recipe.network,
        arguments=chosen,
        classes=classes,
        input_size=[1, SIDE, SIDE],
        mean=mean,
        std=std,
        command=command(recipe),
        data=data_text,
        seed=recipe.config.seed,
        epochs=recipe.config.epochs,
        config=recipe.as_dict(),
    )
    return model.eval(), card, recipe


def _card(data: Any) -> dict[str, Any]:
    """The card in the header of the file."""
    if not isinstance(data, bytes):
        raise WeightsError(f"There is no file. {OURS}")
    if len(data) > MAX_WEIGHTS_BYTES:
        raise WeightsError(f"This file has more than {MAX_WEIGHTS_BYTES // 2**20} MB. {OURS}")
    if data[:2] == b"PK" or data[:1] == b"\x80":
        raise WeightsError(
            "This is a .pt file or another pickle, which can run programs when it is opened, so it stays"
            f" closed. {OURS}"
        )
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MOST_HEADER, len(data) - 8):
        raise WeightsError(f"This is no safetensors file, or it is damaged. {OURS}")
    try:
        header = json.loads(data[8 : 8 + length])
        card = json.loads(header["__metadata__"]["card"])
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"The header of this file cannot be read. {OURS}") from error
    except (KeyError, TypeError) as error:
        raise WeightsError(f"This file has weights, but no card that says what they are. {OURS}") from error
    if not isinstance(card, dict):
        raise WeightsError(f"The card in this file cannot be read. {OURS}")
    return card


def _classes(names: Any) -> list[str]:
    if not isinstance(names, list) or not 2 <= len(names) <= MAX_CLASSES:
        raise WeightsError(f"The card in this file has no list of 2 to {MAX_CLASSES} class names. {OURS}")
    return [text(name, _("The name of a class in this file"), 60, WeightsError) for name in names]


def _recipe(config: Any) -> Recipe:
    """The run that made the weights. Its device does not matter here."""
    if not isinstance(config, dict):
        raise WeightsError(f"The card in this file does not say how the network was trained. {OURS}")
    known = {name: value for name, value in config.items() if name in FIELDS}
    if "network" not in known:
        raise WeightsError(f"The card in this file does not name its network. {OURS}")
    try:
        return Recipe.from_dict(known | {"device": "cpu"})
    except ValueError as error:
        raise WeightsError(f"The card in this file has a value that cannot be: {error}") from error


def _tensors(data: bytes, model: nn.Module, network: str) -> dict[str, torch.Tensor]:
    """The weights, which fit `model` and are finite."""
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(f"This safetensors file is damaged. {OURS}") from error
    expected = model.state_dict()
    if other := sorted(set(expected) ^ set(tensors)):
        what = "lacks" if other[0] in expected else "has"
        raise WeightsError(f"This file {what} {other[0]!r:.60}, and so does not fit the network {network}.")
    for name, value in expected.items():
        found = tensors[name]
        if found.shape != value.shape or found.dtype != value.dtype:
            raise WeightsError(
                f"{name} in this file is {_shape(found)}, and the network {network} needs {_shape(value)}."
            )
        if found.is_floating_point() and not found.isfinite().all():
            raise WeightsError(f"{name} in this file holds numbers that are not finite (NaN or infinity).")
    return tensors


def _shape(value: torch.Tensor) -> str:
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
