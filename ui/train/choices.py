"""The choices of the Train tab: each field of a run with its values, its sentence, and when it applies.

The browser holds what is chosen and draws the form from `form`; `summary` says what follows from it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import torch

from checks import field_of
from data import sources
from models import registry
from models.classic import ACTIVATIONS
from training.config import LOSSES
from training.optimizers import OPTIMIZERS, SCHEDULES, optimizers_with
from training.presets import PRESETS, ready
from training.recipe import (
    AUGMENTS,
    DEEPEST,
    FIELDS,
    Recipe,
    arguments,
    check_last_batch,
    command,
    count_pictures,
    devices,
    networks,
)
from training.recipe_code import code
from ui.train import words

FIRST = ("network", "data", "samples", "epochs", "batch_size", "optimizer", "lr")
"""The choices that matter first; all others are one click away."""
ORDER = (*FIRST, "momentum", "weight_decay", "schedule", "loss", "label_smoothing", "width", "depth",
         "activation", "batch_norm", "dropout", "augment", "average", "seed", "shuffle", "zero_grad",
         "device")  # fmt: skip
LADDERS: dict[str, list[float]] = {
    "samples": [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 0],
    "epochs": [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100],
    "batch_size": [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048],
    "momentum": [0, 0.5, 0.8, 0.9, 0.95, 0.99],
    "weight_decay": [0, 1e-5, 1e-4, 5e-4, 1e-3, 1e-2, 0.1],
    "label_smoothing": [0, 0.05, 0.1, 0.2, 0.3],
    "width": [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    "depth": list(range(1, DEEPEST + 1)),
    "dropout": [0, 0.1, 0.2, 0.3, 0.5, 0.7],
    "average": [0, 0.9, 0.99, 0.998, 0.999],
    "seed": list(range(10)),
}
"""For each number: the values that its buttons − and + step through."""
LR_RANGE = (1e-5, 10.0)
LR_QUICK = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Field:
    """One choice as the browser draws it."""

    key: str
    label: str
    kind: str
    """"choice" among `options`, "number" with a `ladder`, "rate" on a logarithmic slider, or "switch"."""
    whole: bool
    """Whether its numbers are whole."""
    first: bool
    help: str
    options: list[dict[str, str]]
    ladder: list[float]
    zero: str
    """What 0 is called, or ""."""
    zero_is_most: bool
    """Whether 0 stands for all there is, so that it comes after the largest number."""
    only_for: dict[str, list[str]]


def only_for() -> dict[str, dict[str, list[str]]]:
    """Fields that apply only with these values of another field; otherwise they keep their default."""
    return {
        "momentum": {"optimizer": [*optimizers_with("momentum")]},
        "label_smoothing": {"loss": ["cross-entropy"]},
        "width": {"network": [*networks("width")]},
        "depth": {"network": [*networks("depth")]},
        "activation": {"network": [*networks("depth")]},
        "batch_norm": {"network": [*networks("batch_norm")]},
        "dropout": {"network": [*networks("dropout")]},
    }


def fields() -> list[Field]:
    """All choices in order."""
    return [_field(key) for key in ORDER]


def _field(key: str) -> Field:
    default = FIELDS[key]
    values = _values().get(key, ())
    kind = "number"
    if values:
        kind = "choice"
    elif key == "lr":
        kind = "rate"
    elif isinstance(default, bool):
        kind = "switch"
    named = words.named_values(key)
    options = []
    for value in values:
        label, sentence = named.get(value, (value, words.DEVICE))
        options.append({"value": value, "label": label, "help": sentence})
    return Field(
        key,
        words.LABELS[key],
        kind,
        isinstance(default, int) and not isinstance(default, bool),
        key in FIRST,
        sources.missing_note() if key == "data" else words.SENTENCES.get(key, ""),
        options,
        LADDERS.get(key, []),
        words.ZERO.get(key, ""),
        key == "samples",
        only_for().get(key, {}),
    )


def _values() -> dict[str, tuple[str, ...]]:
    return {
        "network": networks(),
        "data": tuple(name for name in sources.learnable() if sources.is_here(name)),
        "optimizer": tuple(OPTIMIZERS),
        "schedule": SCHEDULES,
        "loss": LOSSES,
        "activation": tuple(ACTIVATIONS),
        "augment": AUGMENTS,
        "device": devices(),
    }


def form() -> dict[str, Any]:
    """Everything the browser needs to draw the form."""
    return {
        "fields": [asdict(field) for field in fields()],
        "presets": [
            {
                "key": key,
                "title": preset.title,
                "sentence": preset.expect,
                "recipe": ready(preset.recipe).as_dict(),
            }
            for key, preset in PRESETS.items()
        ],
        "available": {
            name: learnable.pictures
            for name, learnable in sources.learnable().items()
            if learnable.pictures is not None
        },
        "own": sources.OWN,
        "defaults": ready(Recipe.from_dict({})).as_dict(),
        "rates": {
            "low": LR_RANGE[0],
            "high": LR_RANGE[1],
            "quick": list(LR_QUICK),
            # comes with the optimizer until the visitor chooses another
            "usual": {name: kind.usual_lr for name, kind in OPTIMIZERS.items()},
        },
        "introduction": words.INTRODUCTION,
        "needs_pictures": words.NEEDS_PICTURES,
    }


# --- what follows from the choices --------------------------------------------------------------------------


@lru_cache(maxsize=256)
def parameters_of(network: str, options: tuple[tuple[str, Any], ...]) -> int:
    """Trainable parameters of a network; on the meta device nothing is computed."""
    values: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in options
    }
    with torch.device("meta"):
        return registry.parameters(registry.build(network, **values))


def count_parameters(recipe: Recipe, classes: int) -> int:
    options = arguments(recipe, classes)
    frozen = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    return parameters_of(recipe.network, tuple(sorted(frozen.items())))


def data_size(recipe: Recipe, own: tuple[int, int] | None) -> tuple[int, int]:
    """(training pictures, classes) of the data set of a run; own: those of the visitor's own pictures,
    which count as 0 without it.
    """
    learnable = sources.learnable()[recipe.data]
    return own if own and recipe.data == sources.OWN else (learnable.pictures or 0, learnable.classes)


def facts(recipe: Recipe, own: tuple[int, int] | None = None) -> dict[str, int]:
    """Parameters, pictures, steps per epoch and total steps of a run; own: see `data_size`."""
    available, classes = data_size(recipe, own)
    pictures = min(recipe.samples or available, available)
    steps = math.ceil(pictures / recipe.config.batch_size)
    return {
        "parameters": count_parameters(recipe, classes),
        "pictures": pictures,
        "steps_per_epoch": steps,
        "steps": steps * recipe.config.epochs,
    }


def summary(values: Any, own: tuple[int, int] | None = None) -> dict[str, Any]:
    """The fields of a run, from anybody -> facts, command and program of exactly this run.

    What is wrong comes as {"problem": a sentence, "field": its name or ""}; nothing is raised.
    """
    try:
        recipe = Recipe.from_dict(values)
        available, classes = data_size(recipe, own)
        if own and recipe.data == sources.OWN:
            check_last_batch(recipe, count_pictures(recipe, available))
        return {"facts": facts(recipe, own), "command": command(recipe), "code": code(recipe, classes)}
    except ValueError as error:
        return {"problem": str(error), "field": field_of(error)}
