"""A visitor's own pictures, from the DataLoader tab, as the data a run learns from."""

from __future__ import annotations

from typing import Any

from data.own.custom import DataError, PictureDataset
from data.sources import OWN
from training.recipe import Recipe
from training.samples import own_samples
from ui.context import Context
from ui.train import words


def own_pictures(context: Context, token: Any) -> PictureDataset | None:
    """The pictures behind that secret; None without any, or for data of another kind."""
    if token is None:
        return None
    try:
        dataset = context.own.get(token).dataset
    except DataError:
        return None
    return dataset if isinstance(dataset, PictureDataset) else None


def pictures_for(context: Context, recipe: Recipe, token: Any) -> PictureDataset | None:
    """The visitor's pictures for a recipe that learns from them, None for any other. Raises DataError with a
    sentence where they are gone.
    """
    if recipe.data != OWN:
        return None
    pictures = own_pictures(context, token)
    if pictures is None:
        raise DataError(words.GONE)
    return pictures


def counted(pictures: PictureDataset) -> tuple[int, int]:
    """How many are learned from, and how many classes there are. Raises DataError with a sentence."""
    samples = own_samples(pictures)
    return len(samples.train[1]), len(samples.classes)
