"""A small picture of one channel under a sliding window: every number, and which cells each output reads.

Height and width do not disturb each other: output (o, p) reads the rows that belong to o and the columns that
belong to p, so two short lists describe all windows.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

import checks
from language import _
from models.arithmetic import Input, LayerError, LayerSpec, output_size, padding_sides, problems
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
    """What the real layer of torch gives; whole numbers for a convolution.

    None for torch's minus infinity: a dilated MaxPool2d can have a window whose cells are all padding.
    """
    rows: Taps
    """Input rows outside 0 to h - 1 are padding: zeros, and never the largest.

    For a transposed layer the real rows alone that reach this output; none at all is possible.
    """
    columns: Taps
    winners: list[list[tuple[int, int] | None]]
    """For a layer that keeps the largest number the (row, column) of the input that each output is, the first
    of equals; else []."""
    divisor: int
    """For a layer that takes the mean what the sum is divided by: all cells of the kernel, padding included;
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
    found: list[list[tuple[int, int]]] = [[] for _ in outputs]
    for k in range(kernel):
        for i in range(size):  # input i is written to output i * stride + k * dilation - padding
            o = i * stride + k * dilation - before
            if o in outputs:
                found[o].append((i, k))
    return found


def window(layer: LayerSpec, h: int, w: int, seed: int = 0) -> Window:
    """`layer` with one channel in and out on a small input of `h` x `w` (1 to 14), all drawn from `seed`.

    Raises LayerError with a sentence for an input or output too large to draw and for numbers that torch
    refuses.
    """
    h = checks.whole_number(h, _("The height of the small input"), 1, LARGEST, LayerError)
    w = checks.whole_number(w, _("The width of the small input"), 1, LARGEST, LayerError)
    seed = checks.whole_number(seed, "seed", 0, 2**31 - 1, LayerError)
    layer = checked(asdict(layer))[0]
    layer, given = replace(layer, in_channels=1, out_channels=1, groups=1), Input(1, 1, h, w)
    if problems(layer, given):
        wrong = mend(layer, given)
        reason = wrong.sentence if wrong else ""
        raise LayerError(f"On a small input of {h} x {w} this layer does not work. {reason}")
    out = output_size(layer, h, 0), output_size(layer, w, 1)
    if max(out) > LARGEST_OUTPUT:
        raise LayerError(
            f"The output of {out[0]} x {out[1]} is too large to show cell by cell: at most {LARGEST_OUTPUT} "
            "rows and columns. Choose a smaller input or a smaller stride."
        )
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
            y, where = module(x)  # both (1, 1, h_out, w_out); a place counts through the flattened input
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
    """Give the layer these numbers instead of those it drew."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(weight if name == "weight" else torch.full_like(parameter, bias))
