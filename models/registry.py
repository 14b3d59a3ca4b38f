"""Every network by name: `build("fashion_cnn", seed=0, classes=10)`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from models.fashion_cnn import FashionCNN
from models.pattern_conv import PatternCNN, PatternConv

MODELS: dict[str, Callable[..., nn.Module]] = {
    "fashion_cnn": FashionCNN,
    "pattern_conv": PatternConv,
    "pattern_cnn": PatternCNN,
}

_seeding = threading.Lock()


def build(name: str, seed: int | None = None, **arguments: Any) -> nn.Module:
    """A new network with random weights, the same ones for the same `seed` whatever other threads do.

    `arguments` go to the network's constructor. Raises ValueError for an unknown name or argument.
    """
    if name not in MODELS:
        raise ValueError(f"There is no network {name!r}. Choose one of: {', '.join(MODELS)}.")
    try:
        # torch's initialisers draw from the process-wide generator, which the lock keeps for one thread at
        # a time
        with _seeding, torch.random.fork_rng(devices=[]):
            if seed is not None:
                torch.manual_seed(seed)
            return MODELS[name](**arguments)
    except TypeError as error:
        raise ValueError(f"{name} cannot be built with {arguments}: {error}.") from error


def parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
