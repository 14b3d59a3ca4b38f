"""Inside FashionCNN: every layer in order, its feature maps for one picture, and the arithmetic of one cell.

The activations come from `models.trace`, which runs the network itself; the last ones are its own logits. The
shared network gets no hooks: any number of threads may look inside at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import language
from checks import choice, whole_number
from inference.predictor import Predictor
from language import _
from models.fashion_cnn import FashionCNN
from models.trace import Record, trace

SIDE = 28
LARGEST = 10
"""How many products of the linear layer are listed one by one; the others are one sum."""


class InsideError(ValueError):
    """A network without an inside view, or no such layer or cell; the message is a sentence."""


@dataclass(frozen=True)
class NetworkStep:
    """One layer of the network, or one step that is none."""

    name: str
    """As in the code of the model: stages.0.conv1. A ReLU that is used three times gets a number after its
    name: stages.0.relu.1; a step without a module is named after its function: stages.0.add, amax."""
    kind: str
    """Key of STEP_KINDS."""
    part: str
    """Stem, Stage 1, Stage 2, Stage 3 or Head."""
    record: Record
    """Shapes (with the batch dimension, 1), parameters and the window of the picture that a cell sees."""
    module: Any
    """The nn.Module; None for "add" and "amax"."""
    sources: tuple[int, ...]
    """Places among the layers of what it reads; -1 is the normalised picture."""


def _steps(model: nn.Module, x: Tensor, keep: bool) -> tuple[NetworkStep, ...]:
    """The layers in the order in which the network calls them, from one run on `x`."""
    if not isinstance(model, FashionCNN):
        sentence = _("This view is for a FashionCNN, not for a {network}.")
        raise InsideError(sentence.format(network=type(model).__name__))
    traced = trace(model, x, keep)
    if traced.failure is not None:
        raise traced.failure.error
    steps: list[NetworkStep] = []
    calls: Counter[str] = Counter()
    uses = Counter(record.name for record in traced.records if record.layer)
    for place, record in enumerate(traced.records):
        module = model.get_submodule(record.name) if record.layer else None
        name = record.name
        sources: tuple[int, ...] = (place - 1,)
        if record.layer:
            kind = type(module).__name__
            calls[name] += 1
            name += f".{calls[name]}" if uses[name] > 1 else ""
        elif len(record.inputs) == 2:  # the shortcut: what came out of the first ReLU of the stage
            kind = "add"
            shortcut = next(n for n, step in enumerate(steps) if step.name == f"{name}.relu.1")
            sources = (shortcut, place - 1)
        else:
            kind = "amax"
        if not record.layer:
            name = f"{name}.{kind}".lstrip(".")
        words = name.split(".")
        steps.append(NetworkStep(name, kind, _part(words), record, module, sources))
    return tuple(steps)


def _part(words: list[str]) -> str:
    """The part of the network that has a layer of this name."""
    with language.postponed():  # `Maps` are kept for readers of other languages
        match words:
            case ["stem", *more] if more:
                return _("Stem")
            case ["stages", stage, *more]:
                return _("Stage {number}").format(number=int(stage) + 1)
        return _("Head")


def layers(model: nn.Module) -> tuple[NetworkStep, ...]:
    """Every layer of a FashionCNN in the order in which it works. Raises InsideError for another network."""
    return _steps(model, torch.zeros(1, 1, SIDE, SIDE).to(next(model.parameters())), keep=False)


def _whole(value: Any) -> int:
    return value[0] if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Maps:
    """What every layer made of one picture, on the CPU."""

    picture: Tensor
    """(1, 28, 28) float32: the normalised picture."""
    layers: tuple[NetworkStep, ...]
    values: tuple[Tensor, ...]
    """One a layer, float32: (C, H, W), or (C,) behind the global maximum. The last are the logits."""

    def place(self, name: object) -> int:
        """Where in `layers` the layer of that name is. Raises InsideError when there is none."""
        names = [layer.name for layer in self.layers]
        return names.index(choice(name, _("The layer"), names, InsideError))

    def before(self, place: int) -> Tensor:
        """What layer number `place` reads (the first of two for an addition)."""
        source = self.layers[place].sources[0]
        return self.values[source] if source >= 0 else self.picture


def feature_maps(predictor: Predictor, pixels: np.ndarray) -> Maps:
    """Every activation of the network for one (28, 28) uint8 picture, without gradients.

    Raises InsideError when the network is no FashionCNN, ValueError for another picture.
    """
    x = predictor.normalised(pixels)[:1]  # (1, 1, 28, 28)
    steps = _steps(predictor.model, x, keep=True)
    values = [step.record.activation for step in steps]
    return Maps(x[0].cpu(), steps, tuple(value[0].float().cpu() for value in values if value is not None))


def visible(layer: NetworkStep, row: int = 0, column: int = 0) -> tuple[int, int, int, int]:
    """(top, left, bottom, right), bottom and right excluded, of the part of the 28x28 picture that the cell
    at (row, column) depends on: its receptive field without what lies in the padding.
    """
    if layer.record.field is None:
        return 0, 0, SIDE, SIDE
    top, left, bottom, right = layer.record.field.window(row, column)
    return max(0, top), max(0, left), min(SIDE, bottom), min(SIDE, right)


# --- one cell -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Convolution:
    """total = the sum of `sums` + bias."""

    patch: Tensor
    """(C_in, k, k) float64: what the kernel lies on; 0 in the padding."""
    padding: Tensor
    """(k, k) bool: True where the patch reaches over the edge."""
    kernel: Tensor
    """(C_in, k, k) float64."""
    sums: Tensor
    """(C_in,) float64: for each input channel the sum of its k * k products."""
    bias: float | None


@dataclass(frozen=True)
class Normalisation:
    """total = (x - mean) / sqrt(variance + eps) * weight + bias, with what was found in training."""

    x: float
    mean: float
    variance: float
    eps: float
    weight: float
    bias: float


@dataclass(frozen=True)
class Rectification:
    """total = max(0, x)."""

    x: float


@dataclass(frozen=True)
class Pooling:
    """total = the largest number of `patch`, (k, k) float64."""

    patch: Tensor


@dataclass(frozen=True)
class Addition:
    """total = x + y."""

    x: float
    y: float
    names: tuple[str, str]
    """Of the layers they come from."""


@dataclass(frozen=True)
class GlobalMaximum:
    """total = the largest number of a map, at (row, column)."""

    values: Tensor
    """(H, W) float64."""
    row: int
    column: int


@dataclass(frozen=True)
class LinearSum:
    """total = the sum of `largest` + rest + bias."""

    largest: tuple[tuple[int, float, float, float], ...]
    """(number of the input, its value, its weight, their product), the largest product first."""
    rest: float
    """The sum of all other products."""
    others: int
    """How many they are."""
    bias: float


Work = Convolution | Normalisation | Rectification | Pooling | Addition | GlobalMaximum | LinearSum


@dataclass(frozen=True)
class ExplainedCell:
    """One number of one layer, and how it is computed."""

    layer: NetworkStep
    channel: int
    row: int
    column: int
    value: float
    """The network's own number."""
    total: float
    """The same, computed from `work` in float64. The network adds float32 numbers in another order, so the
    last digits may differ."""
    work: Work
    field: tuple[int, int, int, int]
    """(top, left, bottom, right) of what it depends on in the picture, as `visible` gives it."""


def explain_cell(
    maps: Maps, layer: object, channel: object, row: object = 0, column: object = 0
) -> ExplainedCell:
    """How the number at (channel, row, column) of the layer of that name is computed.

    After the global maximum a map is one cell: row 0, column 0. Raises InsideError for a layer or a cell that
    does not exist.
    """
    place = maps.place(layer)
    values = maps.values[place]
    height, width = values.shape[1:] if values.ndim == 3 else (1, 1)
    c = _within(channel, _("The channel of this layer"), values.shape[0])
    i = _within(row, _("The row of this layer"), height)
    j = _within(column, _("The column of this layer"), width)
    step = maps.layers[place]
    work, total = STEP_KINDS[step.kind].explain(maps, place, c, i, j)
    value = values[c, i, j] if values.ndim == 3 else values[c]
    return ExplainedCell(step, c, i, j, value.item(), total, work, visible(step, i, j))


def following(maps: Maps, cell: ExplainedCell) -> Iterator[ExplainedCell]:
    """The cells that this one becomes in the layers after it, up to the next convolution or the global
    maximum; none after a pooling layer that drops its row or column.
    """
    i, j = cell.row, cell.column
    for place in range(maps.place(cell.layer.name) + 1, len(maps.layers)):
        layer = maps.layers[place]
        if not STEP_KINDS[layer.kind].keeps_cells:
            return
        stride = _whole(getattr(layer.module, "stride", 1))
        i, j = i // stride, j // stride
        if i >= maps.values[place].shape[1] or j >= maps.values[place].shape[2]:
            return
        yield explain_cell(maps, layer.name, cell.channel, i, j)


def _within(value: object, name: str, count: int) -> int:
    return whole_number(value, name, 0, count - 1, InsideError)


# --- the arithmetic of each kind ----------------------------------------------------------------------------
# Each gives the parts of the number at (c, i, j) of layer number `place`, and their total in float64.


def _convolution(maps: Maps, place: int, c: int, i: int, j: int) -> tuple[Work, float]:
    module, x = maps.layers[place].module, maps.before(place).double()
    k, stride, p = (_whole(getattr(module, name)) for name in ("kernel_size", "stride", "padding"))
    rows, columns = (torch.arange(k) + at * stride - p for at in (i, j))
    outside = ((rows < 0) | (rows >= x.shape[1]))[:, None] | ((columns < 0) | (columns >= x.shape[2]))
    inside = x[:, rows.clamp(0, x.shape[1] - 1)][:, :, columns.clamp(0, x.shape[2] - 1)]
    patch = inside.masked_fill(outside, 0)  # (C_in, k, k)
    kernel = module.weight[c].detach().cpu().double()  # (C_in, k, k)
    sums = (patch * kernel).sum(dim=(1, 2))  # (C_in,)
    bias = None if module.bias is None else module.bias[c].item()
    return Convolution(patch, outside, kernel, sums, bias), sums.sum().item() + (bias or 0.0)


def _normalisation(maps: Maps, place: int, c: int, i: int, j: int) -> tuple[Work, float]:
    module, x = maps.layers[place].module, maps.before(place).double()[c, i, j].item()
    mean, variance, weight, bias = (
        values[c].item() for values in (module.running_mean, module.running_var, module.weight, module.bias)
    )
    total = (x - mean) / (variance + module.eps) ** 0.5 * weight + bias
    return Normalisation(x, mean, variance, module.eps, weight, bias), total


def _rectification(maps: Maps, place: int, c: int, i: int, j: int) -> tuple[Work, float]:
    x = maps.before(place).double()[c, i, j].item()
    return Rectification(x), max(0.0, x)


def _pooling(maps: Maps, place: int, c: int, i: int, j: int) -> tuple[Work, float]:
    module, x = maps.layers[place].module, maps.before(place).double()
    k, stride = _whole(module.kernel_size), _whole(module.stride)
    patch = x[c, i * stride : i * stride + k, j * stride : j * stride + k]
    return Pooling(patch), patch.max().item()


def _addition(maps: Maps, place: int, c: int, i: int, j: int) -> tuple[Work, float]:
    sources = maps.layers[place].sources
    x, y = (maps.values[source].double()[c, i, j].item() for source in sources)
    first, second = (maps.layers[source].name for source in sources)
    return Addition(x, y, (first, second)), x + y


def _global_maximum(maps: Maps, place: int, c: int, i: int, j: int) -> tuple[Work, float]:
    x = maps.before(place).double()
    row, column = divmod(int(x[c].argmax()), x.shape[2])
    return GlobalMaximum(x[c], row, column), x[c].max().item()


def _linear(maps: Maps, place: int, c: int, i: int, j: int) -> tuple[Work, float]:
    module, x = maps.layers[place].module, maps.before(place).double()
    weight = module.weight[c].detach().cpu().double()
    products = x * weight  # (C,)
    order = products.abs().argsort(descending=True, stable=True).tolist()
    largest = tuple((n, x[n].item(), weight[n].item(), products[n].item()) for n in order[:LARGEST])
    rest, bias = products[order[LARGEST:]].sum().item(), module.bias[c].item()
    return LinearSum(largest, rest, len(order[LARGEST:]), bias), products.sum().item() + bias


@dataclass(frozen=True)
class StepKind:
    """What all steps of one kind have in common."""

    explain: Callable[[Maps, int, int, int, int], tuple[Work, float]]
    keeps_cells: bool = False
    """Whether each cell of its input becomes one cell of the same map, its place divided by the stride."""
    has_filters: bool = False
    is_logits: bool = False
    """Whether its numbers are the logits of the classes."""


STEP_KINDS = {
    "Conv2d": StepKind(_convolution, has_filters=True),
    "BatchNorm2d": StepKind(_normalisation, keeps_cells=True),
    "ReLU": StepKind(_rectification, keeps_cells=True),
    "MaxPool2d": StepKind(_pooling, keeps_cells=True),
    "add": StepKind(_addition, keeps_cells=True),
    "amax": StepKind(_global_maximum),
    "Linear": StepKind(_linear, is_logits=True),
}
"""By key of `models.layer_kinds.LAYER_KINDS` or `STEPS`."""


def filters(model: nn.Module, layer: object, source: object = None) -> Tensor:
    """The kernels of a convolution, (C_out, k, k) float32: those for input channel `source`, or else the
    length of each weight over all input channels, sqrt(w_1^2 + w_2^2 + ...).

    Raises InsideError for a layer that is no convolution and for an input channel that does not exist.
    """
    convolutions = {step.name: step.module for step in layers(model) if STEP_KINDS[step.kind].has_filters}
    name = choice(layer, _("The layer of filters"), convolutions, InsideError)
    weight = convolutions[name].weight.detach().float().cpu()  # (C_out, C_in, k, k)
    if source is None:
        return weight.square().sum(dim=1).sqrt()
    return weight[:, _within(source, _("The input channel of this layer"), weight.shape[1])]
