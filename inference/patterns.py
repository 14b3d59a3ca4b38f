"""What a network makes of a 4x4 grid: its answer, and every number on the way to it.

torch computes everything in float64: at the intensity 999999999 float32 has no digits for fractions.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from checks import choice, number
from data.patterns import PATTERNS, SIDE
from language import _
from models.checkpoint import load
from models.pattern_conv import PatternConv
from models.registry import build
from settings import CHECKPOINTS

NETWORKS = ("pattern_conv", "pattern_cnn")
MAX_INTENSITY = 1e12
KERNELS = 4
"""Of PatternConv."""

Rows = tuple[tuple[float, ...], ...]
"""Numbers row by row."""


class PatternError(ValueError):
    """An unusable grid, network or set of weights; the message is a sentence for the visitor."""


@dataclass(frozen=True)
class PatternNetwork:
    """A network in float64 on the CPU, ready to answer."""

    name: str
    """One of NETWORKS."""
    model: Any
    """A PatternConv or a PatternCNN, as `name` says."""
    classes: tuple[str, ...]
    """The name of each logit."""


@dataclass(frozen=True)
class Softmax:
    """probability = e^(logit - largest) / total; subtracting the largest only avoids overflow."""

    logits: tuple[float, ...]
    largest: float
    exponentials: tuple[float, ...]
    """e^(logit - largest), each from 0 to 1."""
    total: float
    """Their sum, from 1 to the number of classes."""
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class PatternAnswer:
    """The answer of a network to a grid."""

    label: int | None
    """Number of the class with the largest logit; None for a dark grid."""
    softmax: Softmax


@dataclass(frozen=True)
class Response:
    """One kernel on the grid: `total` is the sum of the sixteen `products`, plus `bias`."""

    kernel: Rows
    products: Rows
    bias: float
    total: float


@dataclass(frozen=True)
class Hidden:
    """The numbers inside a PatternCNN."""

    largest: float
    scaled: Rows
    """The grid divided by its largest number."""
    responses: tuple[Response, ...]
    after_relu: tuple[float, ...]
    """max(0, total) of each response."""
    shares: Rows
    """For each response: what it adds to each logit."""
    biases: tuple[float, ...]
    """What the linear layer adds to each logit besides."""


@dataclass(frozen=True)
class Difference:
    """mse = the mean of `squares`, the squared differences between the logits of two grids."""

    first: tuple[float, ...]
    second: tuple[float, ...]
    squares: tuple[float, ...]
    mse: float


@dataclass(frozen=True)
class RowAnswers:
    """A linear network on each of the four rows of A alone, and on A: the last is the sum of the others."""

    rows: tuple[PatternAnswer, ...]
    total: tuple[float, ...]
    """Sum of the rows' logits."""
    whole: PatternAnswer


def check_grid(value: object) -> list[list[float]]:
    """`value` as 4 rows of 4 floats, each 0 to MAX_INTENSITY. Raises PatternError with a sentence."""
    if not isinstance(value, (list, tuple)) or len(value) != SIDE:
        raise PatternError(_("A grid is a list of {count} rows.").format(count=SIDE))
    if any(not isinstance(row, (list, tuple)) or len(row) != SIDE for row in value):
        raise PatternError(_("Each row of a grid is a list of {count} numbers.").format(count=SIDE))
    return [
        [
            number(
                cell,
                _("The cell in row {row}, column {column},").format(row=r, column=c),
                0,
                MAX_INTENSITY,
                PatternError,
            )
            for c, cell in enumerate(row, start=1)
        ]
        for r, row in enumerate(value, start=1)
    ]


@functools.cache
def _trained(name: str, folder: Path) -> PatternNetwork:
    model, card = load(folder, name)
    return PatternNetwork(name, model.double(), tuple(card.classes))


def trained(name: object, folder: Path = CHECKPOINTS) -> PatternNetwork:
    """The shipped network. Raises PatternError for an unknown name, CheckpointError for an unusable file."""
    return _trained(choice(name, _("The network"), NETWORKS, PatternError), folder)


@functools.cache
def _untrained(name: str, folder: Path) -> PatternNetwork:
    card = load(folder, name)[1]
    return PatternNetwork(
        name, build(name, seed=card.seed, **card.arguments).double().eval(), tuple(card.classes)
    )


def untrained(name: object, folder: Path = CHECKPOINTS) -> PatternNetwork:
    """The shipped network before its first training step: built again from the seed on its card."""
    return _untrained(choice(name, _("The network"), NETWORKS, PatternError), folder)


def from_kernels(kernels: object) -> PatternNetwork:
    """A PatternConv of these weights: 64 finite numbers, kernel by kernel. Raises PatternError."""
    count = KERNELS * SIDE * SIDE
    if not isinstance(kernels, (list, tuple)) or len(kernels) != count:
        raise PatternError(_("A pattern network has {count} weights.").format(count=count))
    weights = [number(weight, _("A weight of this network"), error=PatternError) for weight in kernels]
    model = PatternConv().double().eval()
    model.conv.weight.data = torch.tensor(weights, dtype=torch.float64).view(KERNELS, 1, SIDE, SIDE)
    return PatternNetwork("pattern_conv", model, ("A", "B", "class 2", "class 3"))


def kernels_of(model: nn.Module) -> list[float]:
    """The 64 weights of a PatternConv, as `from_kernels` takes them."""
    return model.get_parameter("conv.weight").detach().flatten().tolist()


@torch.inference_mode()
def softmax(logits: Tensor) -> Softmax:
    """The steps of `torch.softmax` on `logits` (classes,)."""
    largest = logits.max()
    exponentials = (logits - largest).exp()
    total = exponentials.sum()
    return Softmax(
        tuple(logits.tolist()),
        largest.item(),
        tuple(exponentials.tolist()),
        total.item(),
        tuple(torch.softmax(logits, dim=0).tolist()),
    )


@torch.inference_mode()
def classify(network: PatternNetwork, grid: object) -> PatternAnswer:
    """The answer to `grid`, 4 rows of 4 numbers. Raises PatternError when it is anything else."""
    x = _tensor(grid)
    logits = network.model(x)[0]  # (classes,)
    return PatternAnswer(int(logits.argmax()) if x.any() else None, softmax(logits))


@torch.inference_mode()
def responses(network: PatternNetwork, grid: object) -> tuple[Response, ...]:
    """Every kernel of the convolution on `grid`; a PatternCNN first divides it by its largest number."""
    x, conv = _tensor(grid), network.model.conv
    if network.name == "pattern_cnn":
        x = network.model.normalise(x)
    products = conv.weight[:, 0] * x[0]  # (kernels, 4, 4)
    totals = conv(x).flatten()  # (kernels,)
    biases = torch.zeros_like(totals) if conv.bias is None else conv.bias
    return tuple(
        Response(_rows(kernel[0]), _rows(product), bias.item(), total.item())
        for kernel, product, bias, total in zip(conv.weight, products, biases, totals, strict=True)
    )


@torch.inference_mode()
def hidden(network: PatternNetwork, grid: object) -> Hidden:
    """Every number between `grid` and the logits of a PatternCNN."""
    x, model = _tensor(grid), network.model
    before = responses(network, grid)
    after = model.relu(torch.tensor([r.total for r in before], dtype=torch.float64))  # (kernels,)
    shares = model.linear.weight * after  # (classes, kernels)
    return Hidden(
        x.max().item(),
        _rows(model.normalise(x)[0, 0]),
        before,
        tuple(after.tolist()),
        _rows(shares.T),
        tuple(model.linear.bias.tolist()),
    )


@torch.inference_mode()
def difference(network: PatternNetwork, first: object, second: object) -> Difference:
    """How different two grids are for the network: the mean squared error between their logits."""
    a, b = network.model(_tensor(first))[0], network.model(_tensor(second))[0]  # (classes,) each
    return Difference(
        tuple(a.tolist()), tuple(b.tolist()), tuple((a - b).square().tolist()), F.mse_loss(a, b).item()
    )


def parts_of_a(network: PatternNetwork, intensity: float = 10.0) -> RowAnswers:
    """PatternConv on A and on its four rows alone, each of which is neither A nor B."""
    whole = [[cell * intensity for cell in row] for row in PATTERNS[0]]
    dark = [0.0] * SIDE
    rows = tuple(
        classify(network, [row if r == lit else dark for r, row in enumerate(whole)]) for lit in range(SIDE)
    )
    total = tuple(math.fsum(logits) for logits in zip(*[row.softmax.logits for row in rows], strict=True))
    return RowAnswers(rows, total, classify(network, whole))


def _tensor(grid: object) -> Tensor:
    return torch.tensor(check_grid(grid), dtype=torch.float64).view(1, 1, SIDE, SIDE)


def _rows(values: Tensor) -> Rows:
    return tuple(tuple(row) for row in values.tolist())
