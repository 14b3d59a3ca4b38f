"""What a training run learns from: grey pictures of 28x28 with labels, bright on black, in three parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

SIDE = 28
COUNT = "(count)"
"""Stands in `description` for how many pictures a run learns from."""

Pair = tuple[Tensor, Tensor]
"""Pictures (N, 1, 28, 28) uint8 and labels (N,) int64."""
Progress = Callable[[int, int], None]
"""Called with how many pictures are drawn so far, and how many will be."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What a run learns from and is measured on."""

    train: Pair
    validation: Pair
    test: Pair
    classes: tuple[str, ...]
    description: str
    """What they are, for the card of the network."""
    warnings: tuple[str, ...] = ()
    """Sentences for the visitor."""
