"""What differs between runs: the columns of the table of runs, and the sentence about two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.train.words import named_values

Recipe = Mapping[str, Any]
"""A recipe as `training.recipe.Recipe.as_dict` gives it."""

NOUNS = {
    "network": "network",
    "width": "width",
    "depth": "hidden layers",
    "activation": "activation",
    "batch_norm": "batch normalisation",
    "dropout": "dropout",
    "data": "data",
    "samples": "training samples",
    "augment": "augmentation",
    "device": "device",
    "epochs": "number of epochs",
    "batch_size": "batch size",
    "optimizer": "optimizer",
    "lr": "learning rate",
    "momentum": "momentum",
    "weight_decay": "weight decay",
    "schedule": "schedule",
    "loss": "loss",
    "label_smoothing": "label smoothing",
    "zero_grad": "zero_grad",
    "average": "average of the weights",
    "shuffle": "shuffling",
    "seed": "seed",
}
"""Fields of a recipe within a sentence; at the head of a column they are `ui.train.words.LABELS`."""
WEIGHTS = {"network", "width", "depth", "batch_norm", "data", "seed"}
"""Fields that may change the initial weights."""
BATCHES = {"data", "samples", "batch_size", "augment", "shuffle", "seed"}
"""Fields that may change the batches."""
OWN = {"samples": (0, "all"), "width": (0, "its own")}


def differing(recipes: Sequence[Recipe]) -> list[str]:
    """Fields in which not all of the recipes agree, in the order of the recipes."""
    order = dict.fromkeys(field for recipe in recipes for field in recipe)
    missing = object()
    return [
        field
        for field in order
        if any(not same(recipe.get(field, missing), recipes[0].get(field, missing)) for recipe in recipes)
    ]


def same(one: Any, other: Any) -> bool:
    """Equal, and not merely 1 and True."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def value_text(field: str, value: Any) -> str:
    """A value as the page writes it."""
    if field in OWN and value == OWN[field][0] and not isinstance(value, bool):
        return OWN[field][1]
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}" if field != "seed" else str(value)
    if isinstance(value, float):
        return f"{value:g}"
    return named_values(field).get(value, (str(value),))[0]


def sentence(
    first: Recipe,
    second: Recipe,
    changed: Sequence[str] = (),
    early: Sequence[str] = (),
    lost: Sequence[str] = (),
) -> str:
    """What differs between two runs. `changed`: names of those that were changed while they ran. `early`: of
    those that were stopped before their last epoch. `lost`: of those that diverged or broke off.
    """
    fields = differing([first, second])
    names = [NOUNS.get(field, field) for field in fields]
    if not fields:
        said = "Both runs have the same choices"
        said += ": without a change on the way they give the same numbers." if changed else "."
    elif len(fields) == 1:
        (field,) = fields
        said = (
            f"Only the {names[0]} differs ({value_text(field, first.get(field))} and "
            f"{value_text(field, second.get(field))}): {kept(field)}."
        )
    else:
        listed = ", ".join(names[:-1]) + f" and {names[-1]}"
        said = f"{len(fields)} choices differ: {listed}. To see what one of them does, change it alone."
    for name in changed:
        said += f" {name} was changed while it ran."
    if early:
        said += f" {' and '.join(early)} ended early: compare both at the same step."
    if lost:
        said += f" {' and '.join(lost)} did not reach the end: see the training loss."
    return said


def kept(field: str) -> str:
    """What two runs share that differ in `field` alone."""
    weights = "other initial weights" if field in WEIGHTS else "same initial weights"
    batches = "other batches" if field in BATCHES else "same batches"
    return f"{weights}, {batches}"


def averaged(values: Sequence[float | None], most: int = 160) -> tuple[list[float | None], int]:
    """Means of groups of neighbouring values, so that at most `most` are left, and the size of a group.

    The last group may be smaller. What is None counts for nothing; a group of such is None.
    """
    size = max(1, -(-len(values) // most))
    groups = [values[start : start + size] for start in range(0, len(values), size)]
    means = []
    for group in groups:
        there = [value for value in group if value is not None]
        means.append(sum(there) / len(there) if there else None)
    return means, size
