"""A visitor's own pictures, from the DataLoader tab, as what a run learns from."""

from __future__ import annotations

from typing import Any

from data.own.custom import DataError, PictureDataset
from training.samples import own_samples
from ui.context import Context


def own_pictures(context: Context, token: Any) -> PictureDataset | None:
    """The pictures of that secret; None when there are none, or something else than pictures."""
    if token is None:
        return None
    try:
        found = context.own.get(token).dataset
    except DataError:
        return None
    return found if isinstance(found, PictureDataset) else None


def counted(pictures: PictureDataset) -> tuple[int, int]:
    """How many are learned from, and how many classes there are. Raises DataError with a sentence."""
    samples = own_samples(pictures)
    return len(samples.train[1]), len(samples.classes)
