"""Every network by name: `build("fashion_cnn", seed=0, classes=10)`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from models.classic import MLP, InceptionCNN, LeNet5, ResidualCNN, SoftmaxRegression, TwoBlockCNN
from models.fashion_cnn import FashionCNN
from models.fast_cnn import FastCNN
from models.pattern_conv import PatternCNN, PatternConv

MODELS: dict[str, Callable[..., nn.Module]] = {
    "fashion_cnn": FashionCNN,
    "pattern_conv": PatternConv,
    "pattern_cnn": PatternCNN,
    "softmax_regression": SoftmaxRegression,
    "mlp": MLP,
    "lenet5": LeNet5,
    "tutorial_cnn": TwoBlockCNN,
    "inception": InceptionCNN,
    "residual": ResidualCNN,
    "fast_cnn": FastCNN,
}

_seeding = threading.Lock()


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Inside, new layers get the weights that `torch.manual_seed(seed)` gives; without a seed, the next ones.

    torch's initialisers draw from the process-wide generator: one thread is inside at a time, and what other
    code would have drawn next is the same afterwards.
    """
    with _seeding, torch.random.fork_rng(devices=[]):
        if seed is not None:
            torch.manual_seed(seed)
        yield


def build(name: str, seed: int | None = None, **arguments: Any) -> nn.Module:
    """A new network with random weights, the same ones for the same `seed` whatever other threads do.

    `arguments` go to the network's constructor. Raises ValueError for an unknown name or argument.
    """
    if name not in MODELS:
        raise ValueError(f"There is no network {name!r}. Choose one of: {', '.join(MODELS)}.")
    try:
        with seeded(seed):
            return MODELS[name](**arguments)
    except TypeError as error:
        raise ValueError(f"{name} cannot be built with {arguments}: {error}.") from error


def parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
