"""What tests of the searches share: samples, a recipe, a clock."""

from __future__ import annotations

import itertools

import pytest
import torch

from data.samples import Samples
from training.config import TrainConfig
from training.recipe import Recipe

MLP = Recipe(network="mlp", width=16, config=TrainConfig(batch_size=32, lr=0.1, momentum=0.5, seed=3))


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Ten kinds of bright stripe under noise: learnable within some twenty steps."""
    source = torch.Generator().manual_seed(0)

    def draw(count: int):
        labels = torch.arange(count) % 10
        pictures = torch.randint(0, 120, (count, 1, 28, 28), generator=source)
        for i, label in enumerate(labels.tolist()):
            pictures[i, 0, 2 * label : 2 * label + 4] += 130
        return pictures.to(torch.uint8), labels

    return Samples(draw(200), draw(50), draw(20), tuple("abcdefghij"), "stripes")


class Clock:
    """One second passes between two looks at it."""

    def __init__(self) -> None:
        self.now = itertools.count(0.0, 1.0)

    def __call__(self) -> float:
        return next(self.now)
