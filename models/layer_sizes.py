"""How the height or width of a layer's output follows from that of its input.

The formulas are those of the documentation of `torch.nn` and of Dumoulin and Visin (arXiv 1603.07285).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

Pair = tuple[int, int]
"""A number for the height and one for the width, or one for before and one for behind."""


class AxisNumbers(NamedTuple):
    """The numbers of one layer along the height or the width."""

    size: int
    """Of the input."""
    kernel: int
    stride: int
    padding: Pair
    """Before and behind the input."""
    dilation: int
    output_padding: int

    @property
    def reach(self) -> int:
        """Cells from the first to the last of the kernel, dilation included."""
        return self.dilation * (self.kernel - 1) + 1


@dataclass(frozen=True)
class SizeFormula:
    """How the height or width of the output follows from that of the input."""

    symbols: str
    """With {size} for H or W, and attributes of AxisNumbers; used only where both paddings are equal."""
    output: Callable[[AxisNumbers], int]
    steps: Callable[[AxisNumbers], tuple[str, ...]]
    """The steps from the formula with its numbers to the result."""


def signed(number: int) -> str:
    """As text, with the minus sign of mathematics."""
    return str(number).replace("-", "−")


def _windows(axis: AxisNumbers) -> int:
    return (axis.size + sum(axis.padding) - axis.reach) // axis.stride + 1


def _windows_steps(axis: AxisNumbers) -> tuple[str, ...]:
    room = axis.size + sum(axis.padding) - axis.reach
    first = f"⌊{signed(room)} / {axis.stride}⌋ + 1"
    return (first, f"{signed(room // axis.stride)} + 1") if axis.stride > 1 else (first,)


def _spread(axis: AxisNumbers) -> int:
    return (axis.size - 1) * axis.stride + axis.reach - sum(axis.padding) + axis.output_padding


def _spread_steps(axis: AxisNumbers) -> tuple[str, ...]:
    grown, cut = (axis.size - 1) * axis.stride, sum(axis.padding)
    return (f"{grown} − {cut} + {axis.reach - 1} + {axis.output_padding} + 1",)


WINDOWS = SizeFormula(
    "⌊({size} + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1", _windows, _windows_steps
)
DENSE_WINDOWS = replace(WINDOWS, symbols="⌊({size} + 2·padding − kernel) / stride⌋ + 1")
"""For a layer without dilation."""
SPREAD_KERNELS = SizeFormula(
    "({size} − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1", _spread, _spread_steps
)
"""For a layer that writes a kernel for each input cell, one stride apart."""
