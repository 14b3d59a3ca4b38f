"""Which window of the picture one number of a feature map sees: its receptive field, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from models.arithmetic import receptive_field
from models.layer_kinds import kind_of


@dataclass(frozen=True)
class ReceptiveField:
    """The windows of the numbers of a feature map, all (height, width), in pixels of the picture."""

    size: tuple[int, int] = (1, 1)
    """Of each window, the part that lies in the padding included."""
    jump: tuple[int, int] = (1, 1)
    """How far the window moves from one number to the next."""
    start: tuple[int, int] = (0, 0)
    """First row and column of the window of the number at (0, 0); negative in the padding."""

    def window(self, row: int, column: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of what the number at (row, column) sees, bottom and right excluded.

        It may extend beyond the picture, into the padding.
        """
        top, left = self.start[0] + row * self.jump[0], self.start[1] + column * self.jump[1]
        return top, left, top + self.size[0], left + self.size[1]


def pair(value: Any) -> tuple[int, int]:
    """(height, width) from such a pair or from one number for both."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def slide(field: ReceptiveField, kernel: Any, stride: Any, padding: Any, dilation: Any) -> ReceptiveField:
    """The field after a convolution or pooling; each argument is one number or (height, width).

    A window grows by what the layer's own window spans beyond one number, in jumps; padding moves the first
    window out by as many jumps.
    """
    layer = zip(*map(pair, (kernel, stride, padding, dilation)), strict=True)
    size, jump, start = [], [], []
    for axis, (k, s, p, d) in enumerate(layer):
        own, step = receptive_field([(k, s, d)])
        size.append(field.size[axis] + (own - 1) * field.jump[axis])
        jump.append(field.jump[axis] * step)
        start.append(field.start[axis] - p * field.jump[axis])
    return ReceptiveField((size[0], size[1]), (jump[0], jump[1]), (start[0], start[1]))


def union(fields: Sequence[ReceptiveField | None]) -> ReceptiveField | None:
    """The smallest windows that contain those of all branches that meet in one step."""
    windows = [field for field in fields if field is not None]
    if not windows or len(windows) < len(fields) or len({field.jump for field in windows}) > 1:
        return None
    start = tuple(min(field.start[axis] for field in windows) for axis in (0, 1))
    end = tuple(max(field.start[axis] + field.size[axis] for field in windows) for axis in (0, 1))
    return ReceptiveField((end[0] - start[0], end[1] - start[1]), windows[0].jump, (start[0], start[1]))


ELEMENTWISE = (
    *(nn.BatchNorm1d, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus),
    *(nn.Hardtanh, nn.Hardswish, nn.Dropout2d, nn.Identity),
)
"""Other layers, not in `models.layer_kinds`, that compute each number from the one at the same place."""


def is_elementwise(module: nn.Module) -> bool:
    """Whether a layer computes each number only from the one at the same place."""
    kind = kind_of(module)
    return isinstance(module, ELEMENTWISE) or bool(kind and kind.is_elementwise)


def after_layer(
    module: nn.Module, field: ReceptiveField | None, shape: tuple[int, ...]
) -> ReceptiveField | None:
    """The field after `module`, whose input has `field` and `shape` (N, C, H, W); None if it is no window."""
    if field is None or len(shape) != 4:
        return None
    if is_elementwise(module):
        return field
    kind = kind_of(module)
    if kind and kind.sliding and not kind.sliding.is_transposed:
        padding, stride = getattr(module, "padding", 0), module.stride
        if isinstance(padding, str) or getattr(module, "padding_mode", "zeros") != "zeros":
            return None
        stride = module.kernel_size if stride is None else stride
        return slide(field, module.kernel_size, stride, padding, getattr(module, "dilation", 1))
    adaptive = isinstance(module, nn.AdaptiveMaxPool2d | nn.AdaptiveAvgPool2d)
    if adaptive and pair(module.output_size) == (1, 1):  # a kernel as large as the map
        return slide(field, shape[2:], shape[2:], 0, 1)
    return None
