"""Every network by name: `build("fashion_cnn", seed=0, classes=10)`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from language import _
from models.classic import MLP, InceptionCNN, LeNet5, ResidualCNN, SoftmaxRegression, TwoBlockCNN
from models.fashion_cnn import FashionCNN
from models.fast_cnn import FastCNN
from models.pattern_conv import PatternCNN, PatternConv


@dataclass(frozen=True)
class Network:
    """One network. The form, the command line, the printed program, the stacks of layers and the tests all
    read this entry.
    """

    make: Callable[..., nn.Module]
    title: str
    sentence: str
    """What is special about it, for a beginner."""
    level: int = 0
    """Its place in lists: the easiest network to understand comes first."""
    width: tuple[int, int, int] | None = None
    """The default, the smallest and the largest: hidden numbers of the MLP, channels of the first convolution
    of the others. None where the width cannot be chosen.
    """
    width_arguments: Callable[[int], dict[str, Any]] = lambda width: {"width": width}
    """The arguments of the constructor for a chosen width."""
    depth: bool = False
    """Whether the number of hidden layers and their activation can be chosen."""
    batch_norm: bool = False
    """Whether batch normalisation is a choice."""
    flat_norm: bool = False
    """Whether a batch normalisation sees one number for each picture and channel: a batch of one picture has
    no spread.
    """
    dropout: bool = False
    """Whether dropout before its last layer is a choice."""
    convolutions: bool = True
    garments: bool = True
    """Whether it takes pictures (N, 1, 28, 28); otherwise 4x4 patterns."""


NETWORKS: dict[str, Network] = {
    "fashion_cnn": Network(
        FashionCNN, _("The shipped CNN"), _("The one behind Classify: most accurate, and slowest."), 8,
        (32, 1, 64),
        width_arguments=lambda width: {"widths": [width * times for times in (1, 2, 4, 4)]},
    ),
    "pattern_conv": Network(
        PatternConv, _("4×4 patterns: one convolution"), _("Its four kernels are all it has."), garments=False
    ),
    "pattern_cnn": Network(
        PatternCNN, _("4×4 patterns: with “neither”"), _("ReLU and a second layer."), 1, garments=False
    ),
    "softmax_regression": Network(
        SoftmaxRegression,
        _("Softmax regression"),
        _("One linear layer: each class weighs every pixel."),
        1,
        convolutions=False,
    ),
    "mlp": Network(
        MLP, "MLP", _("Every number sees all numbers of the layer before."), 2, (128, 1, 1024),
        width_arguments=lambda width: {"hidden": width}, depth=True, dropout=True, convolutions=False,
    ),
    "lenet5": Network(LeNet5, "LeNet-5", _("From 1998: two convolutions, three linear layers."), 3),
    "tutorial_cnn": Network(
        TwoBlockCNN, _("Two-block CNN"), _("Two convolutions with pooling, then a linear layer."), 5,
        (16, 1, 64), batch_norm=True, dropout=True,
    ),
    "inception": Network(
        InceptionCNN, _("Inception CNN"), _("Kernels of several sizes look at the same maps."), 7,
        (16, 1, 64), batch_norm=True, dropout=True,
    ),
    "residual": Network(
        ResidualCNN, _("Residual CNN"), _("Each block adds to its input: gradients flow well."), 6,
        (16, 1, 64), batch_norm=True, dropout=True,
    ),
    "fast_cnn": Network(
        FastCNN, _("Fast CNN"), _("Looks at every second pixel: 90 % in seconds."), 4, (16, 1, 64),
        batch_norm=True, flat_norm=True, dropout=True,
    ),
}  # fmt: skip

_seeding = threading.Lock()


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Inside, new layers get the weights that follow `torch.manual_seed(seed)`, without a seed the next ones.

    torch's initialisers draw from the process-wide generator: one thread is inside at a time, and afterwards
    the generator is as it was.
    """
    with _seeding, torch.random.fork_rng(devices=[]):
        if seed is not None:
            torch.manual_seed(seed)
        yield


def build(name: str, seed: int | None = None, **arguments: Any) -> nn.Module:
    """A new network with random weights, the same ones for the same `seed` whatever other threads do.

    `arguments` go to the network's constructor. Raises ValueError for an unknown name or argument.
    """
    if name not in NETWORKS:
        sentence = _("There is no network {name}. Choose one of: {names}.")
        raise ValueError(sentence.format(name=repr(name), names=", ".join(NETWORKS)))
    try:
        with seeded(seed):
            return NETWORKS[name].make(**arguments)
    except TypeError as error:
        sentence = _("{name} cannot be built with {arguments}: {error}.")
        raise ValueError(sentence.format(name=name, arguments=arguments, error=error)) from error


def parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
