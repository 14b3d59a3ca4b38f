"""What differs between runs: the columns of the table of runs, and the sentence about two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from language import _, ngettext, sentences
from ui.train.words import LABELS, ZERO, named_values

Recipe = Mapping[str, Any]
"""A recipe as `training.recipe.Recipe.as_dict` gives it."""

WEIGHTS = {"network", "width", "depth", "batch_norm", "data", "seed"}
"""Fields that may change the initial weights."""
BATCHES = {"data", "samples", "batch_size", "augment", "shuffle", "seed"}
"""Fields that may change the batches."""
ALONE = {
    (False, False): _("Only “{field}” differs ({first} and {second}): same initial weights, same batches."),
    (False, True): _("Only “{field}” differs ({first} and {second}): same initial weights, other batches."),
    (True, False): _("Only “{field}” differs ({first} and {second}): other initial weights, same batches."),
    (True, True): _("Only “{field}” differs ({first} and {second}): other initial weights, other batches."),
}
"""By whether the field may change the initial weights, and whether the batches."""


def differing(recipes: Sequence[Recipe]) -> list[str]:
    """Fields in which not all of the recipes agree, in the order of the recipes."""
    order = dict.fromkeys(field for recipe in recipes for field in recipe)
    missing = object()
    return [
        field
        for field in order
        if any(not same(recipe.get(field, missing), recipes[0].get(field, missing)) for recipe in recipes)
    ]


def same(value: Any, other: Any) -> bool:
    """Equal, and not merely 1 and True."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def value_text(field: str, value: Any) -> str:
    """A value as the page writes it."""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if value == 0 and field in ZERO:
        return ZERO[field]
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
    if not fields and changed:
        text = _("Both runs have the same choices: left alone, they give the same numbers.")
    elif not fields:
        text = _("Both runs have the same choices.")
    elif len(fields) == 1:
        (field,) = fields
        text = ALONE[field in WEIGHTS, field in BATCHES].format(
            field=LABELS.get(field, field),
            first=value_text(field, first.get(field)),
            second=value_text(field, second.get(field)),
        )
    else:
        text = ngettext(
            "{n} choice differs: {fields}. To see what one of them does, change it alone.",
            "{n} choices differ: {fields}. To see what one of them does, change it alone.",
            len(fields),
        ).format(n=len(fields), fields=", ".join(str(LABELS.get(field, field)) for field in fields))
    texts = [text, *(_("{run} was changed while it ran.").format(run=name) for name in changed)]
    if early:
        text = ngettext(
            "{runs} ended early: compare both at the same step.",
            "{runs} ended early: compare both at the same step.",
            len(early),
        )
        texts.append(text.format(runs=", ".join(early)))
    if lost:
        text = ngettext(
            "{runs} did not reach the end: see the training loss.",
            "{runs} did not reach the end: see the training loss.",
            len(lost),
        )
        texts.append(text.format(runs=", ".join(lost)))
    return sentences(*texts)


def averaged(values: Sequence[float | None], most: int = 160) -> tuple[list[float | None], int]:
    """Means of groups of neighbouring values, so that at most `most` are left, and the size of a group.

    The last group may be smaller. None counts for nothing; a group of nothing else is None.
    """
    size = max(1, -(-len(values) // most))
    means: list[float | None] = []
    for start in range(0, len(values), size):
        numbers = [value for value in values[start : start + size] if value is not None]
        means.append(sum(numbers) / len(numbers) if numbers else None)
    return means, size
