"""A small picture of one channel under a sliding window: every number, and which cells each output reads.

Height and width are independent: output (o, p) reads the rows that belong to o and the columns that belong to
p, so two short lists describe all windows.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

import checks
from language import _
from models.arithmetic import Input, LayerError, LayerSpec, output_size, padding_sides
from models.layer_run import build, checked, mend

LARGEST = 14
"""Rows and columns of the small input."""
LARGEST_OUTPUT = 40
"""Rows and columns of the output that a page can still draw."""

Taps = list[list[tuple[int, int]]]
"""For every output row (or column) the pairs (input row, kernel row) that it reads, in the kernel's order."""


@dataclass(frozen=True)
class Window:
    """All numbers of one small layer; lists are rows from top to bottom, each from left to right."""

    kind: str
    input: list[list[int]]
    """Whole numbers from 0 to 9."""
    kernel: list[list[int]]
    """The weights, whole numbers from -2 to 2; [] without weights."""
    bias: int
    """-3 to 3, 0 without one."""
    output: list[list[float | None]]
    """What the real layer of torch computes; whole numbers for a convolution.

    None for torch's minus infinity: a dilated MaxPool2d can have a window whose cells are all padding.
    """
    rows: Taps
    """Input rows outside 0 to h - 1 are padding: zeros, and never the largest.

    For a transposed layer, the input rows that reach this output; there may be none.
    """
    columns: Taps
    winners: list[list[tuple[int, int] | None]]
    """For a layer that keeps the largest number, the (row, column) of the input where each output comes from,
    the first of equals; else []."""
    divisor: int
    """For a layer that takes the mean, the number of cells by which the sum is divided, padding included;
    else 1."""

    def as_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, ready for JSON."""
        return asdict(self)


def taps(layer: LayerSpec, size: int, axis: int) -> list[list[tuple[int, int]]]:
    """For each output row (axis 0) or column (1) the pairs (input, kernel) that it reads, as in `Window`."""
    kernel, stride, dilation = layer.kernel[axis], layer.stride[axis], layer.dilation[axis]
    before = padding_sides(layer, axis)[0]
    outputs = range(output_size(layer, size, axis))
    if not layer.sliding.is_transposed:
        return [[(o * stride - before + k * dilation, k) for k in range(kernel)] for o in outputs]
    pairs: list[list[tuple[int, int]]] = [[] for _ in outputs]
    for k in range(kernel):
        for i in range(size):  # input i is written to output i * stride + k * dilation - padding
            o = i * stride + k * dilation - before
            if o in outputs:
                pairs[o].append((i, k))
    return pairs


def window(layer: LayerSpec, h: int, w: int, seed: int = 0) -> Window:
    """`layer` with one input and one output channel on a small input of `h` x `w` (1 to 14), from `seed`.

    Raises LayerError with a sentence for an input or output too large to draw, and for numbers that torch
    refuses.
    """
    h = checks.whole_number(h, _("The height of the small input"), 1, LARGEST, LayerError)
    w = checks.whole_number(w, _("The width of the small input"), 1, LARGEST, LayerError)
    seed = checks.whole_number(seed, "seed", 0, 2**31 - 1, LayerError)
    layer = checked(asdict(layer))[0]
    layer, in_shape = replace(layer, in_channels=1, out_channels=1, groups=1), Input(1, 1, h, w)
    if advice := mend(layer, in_shape):
        sentence = _("On a small input of {size} this layer does not work. {reason}")
        raise LayerError(sentence.format(size=f"{h} x {w}", reason=advice.sentence))
    out = output_size(layer, h, 0), output_size(layer, w, 1)
    if max(out) > LARGEST_OUTPUT:
        sentence = _(
            "The output of {size} is too large to show cell by cell: at most {most} rows and columns. "
            "Choose a smaller input or a smaller stride."
        )
        raise LayerError(sentence.format(size=f"{out[0]} x {out[1]}", most=LARGEST_OUTPUT))
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 10, (1, 1, h, w), generator=generator).float()
    module, kernel, bias = build(layer), [], 0
    if layer.has_weights:
        weight = torch.randint(-2, 3, (1, 1, *layer.kernel), generator=generator)
        if not weight.any():
            weight[0, 0, layer.kernel[0] // 2, layer.kernel[1] // 2] = 1
        bias = int(torch.randint(-3, 4, (), generator=generator)) if layer.bias else 0
        kernel = weight[0, 0].tolist()
        _fill(module, weight.float(), bias)
    places: list[list[int]] = []
    with torch.inference_mode():
        if layer.sliding.keeps_largest:
            module.return_indices = True  # type: ignore[assignment]
            y, where = module(x)  # both (1, 1, h_out, w_out); a place is an index of the flattened input
            places = where[0, 0].tolist()
        else:
            y = module(x)  # (1, 1, h_out, w_out)
    output = [[None if value == -math.inf else value for value in row] for row in y[0, 0].tolist()]
    return Window(
        kind=layer.kind,
        input=x[0, 0].int().tolist(),
        kernel=kernel,
        bias=bias,
        output=output,
        rows=taps(layer, h, 0),
        columns=taps(layer, w, 1),
        winners=[
            [None if value is None else divmod(place, w) for place, value in zip(*pair, strict=True)]
            for pair in zip(places, output, strict=bool(places))
        ],
        divisor=layer.kernel[0] * layer.kernel[1] if layer.sliding.takes_mean else 1,
    )


def _fill(module: nn.Module, weight: Tensor, bias: int) -> None:
    """Replace the layer's random numbers by these."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(weight if name == "weight" else torch.full_like(parameter, bias))
