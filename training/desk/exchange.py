"""Trained weights as a file that visitors download and upload: safetensors, with the card in its header.

An uploaded file is read as numbers and text only: pickles are never opened, the network is built from a
checked Recipe, and names, shapes, types and numbers are compared before a weight is used.
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
from data.own.labels import MAX_CLASSES
from data.samples import SIDE
from language import _, message_of, sentences
from models.checkpoint import Card
from models.registry import build
from settings import MAX_WEIGHTS_BYTES
from training.recipe import FIELDS, Recipe, arguments, command

MOST_HEADER = 200_000
"""Longest header in bytes: those of this page have some thousands."""
OURS = _("Upload a .safetensors file that was downloaded from this page.")


class WeightsError(ValueError):
    """A file of weights that cannot be used; the message is a sentence for the visitor."""


def pack(model: nn.Module, card: Card) -> bytes:
    """The weights and the card as one safetensors file."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    # the hash is that of the .pt file
    content = json.dumps(dataclasses.asdict(dataclasses.replace(card, sha256="")))
    return save(tensors, metadata={"format": "pt", "card": content})


def unpack(data: object) -> tuple[nn.Module, Card, Recipe]:
    """A file of `pack`, from anybody: the network in evaluation mode, a card of what could be checked, and
    the recipe of its run. Raises WeightsError with a sentence.
    """
    if not isinstance(data, bytes):
        raise WeightsError(sentences(_("There is no file."), OURS))
    fields = _card(data)
    recipe = _recipe(fields.get("config"))
    classes = _classes(fields.get("classes"))
    mean = number(fields.get("mean"), _("mean in the card of this file"), -10, 10, WeightsError)
    std = number(fields.get("std"), _("std in the card of this file"), 1e-3, 1e3, WeightsError)
    options = arguments(recipe, len(classes))
    model = build(recipe.network, seed=0, **options)
    model.load_state_dict(_tensors(data, model, recipe.network))
    try:
        data_text = text(fields.get("data"), "data", 200)
    except ValueError:
        data_text = "uploaded weights"
    card = Card(
        architecture=recipe.network,
        arguments=options,
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


def _card(data: bytes) -> dict[str, Any]:
    """The card in the header of the file."""
    if len(data) > MAX_WEIGHTS_BYTES:
        sentence = _("This file has more than {limit} MB.").format(limit=MAX_WEIGHTS_BYTES // 2**20)
        raise WeightsError(sentences(sentence, OURS))
    if data[:2] == b"PK" or data[:1] == b"\x80":
        sentence = _(
            "This is a .pt file or another pickle, which can run programs when it is opened, so it stays"
            " closed."
        )
        raise WeightsError(sentences(sentence, OURS))
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MOST_HEADER, len(data) - 8):
        raise WeightsError(sentences(_("This is not a safetensors file, or it is damaged."), OURS))
    try:
        header = json.loads(data[8 : 8 + length])
        card = json.loads(header["__metadata__"]["card"])
    except (ValueError, RecursionError) as error:
        raise WeightsError(sentences(_("The header of this file cannot be read."), OURS)) from error
    except (KeyError, TypeError) as error:
        sentence = _("This file has weights, but no card that describes them.")
        raise WeightsError(sentences(sentence, OURS)) from error
    if not isinstance(card, dict):
        raise WeightsError(sentences(_("The card in this file cannot be read."), OURS))
    return card


def _classes(names: object) -> list[str]:
    if not isinstance(names, list) or not 2 <= len(names) <= MAX_CLASSES:
        sentence = _("The card in this file has no list of 2 to {limit} class names.")
        raise WeightsError(sentences(sentence.format(limit=MAX_CLASSES), OURS))
    return [text(name, _("The name of a class in this file"), 60, WeightsError) for name in names]


def _recipe(config: object) -> Recipe:
    """The run that made the weights. Its device does not matter here."""
    if not isinstance(config, dict):
        sentence = _("The card in this file does not say how the network was trained.")
        raise WeightsError(sentences(sentence, OURS))
    fields = {name: value for name, value in config.items() if name in FIELDS}
    if "network" not in fields:
        raise WeightsError(sentences(_("The card in this file does not name its network."), OURS))
    try:
        return Recipe.from_dict(fields | {"device": "cpu"})
    except ValueError as error:
        sentence = _("The card in this file has an invalid value: {reason}")
        raise WeightsError(sentence.format(reason=message_of(error))) from error


def _tensors(data: bytes, model: nn.Module, network: str) -> dict[str, torch.Tensor]:
    """The weights, which fit `model` and are finite."""
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(sentences(_("This safetensors file is damaged."), OURS)) from error
    expected = model.state_dict()
    if other := sorted(set(expected) ^ set(tensors)):
        sentence = _("This file has {name}, and so does not fit the network {network}.")
        if other[0] in expected:
            sentence = _("This file lacks {name}, and so does not fit the network {network}.")
        raise WeightsError(sentence.format(name=f"{other[0]!r:.60}", network=network))
    for name, value in expected.items():
        tensor = tensors[name]
        if tensor.shape != value.shape or tensor.dtype != value.dtype:
            sentence = _("{name} in this file is {shape}, and the network {network} needs {expected}.")
            shapes = {"shape": _shape(tensor), "expected": _shape(value)}
            raise WeightsError(sentence.format(name=name, network=network, **shapes))
        if tensor.is_floating_point() and not tensor.isfinite().all():
            sentence = _("{name} in this file holds numbers that are not finite (NaN or infinity).")
            raise WeightsError(sentence.format(name=name))
    return tensors


def _shape(value: torch.Tensor) -> str:
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
