"""The arithmetic of one layer as text with its numbers, as a beginner would write it by hand.

The formulas are those of the documentation of `torch.nn` and of Dumoulin and Visin (arXiv 1603.07285).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from language import _, ngettext
from models.arithmetic import (
    Input,
    LayerError,
    LayerSpec,
    axis_of,
    multiply_adds,
    output_shape,
    parameters,
    product,
    weight_shape,
)
from models.layer_sizes import AxisNumbers, signed


@dataclass(frozen=True)
class Formula:
    """`name` = `symbols` = `numbers` = each of `steps` = `result`, for a page to lay out."""

    name: str
    symbols: str
    numbers: str
    steps: tuple[str, ...]
    result: int
    note: str = ""
    """A sentence about what the formula does not show, or ""."""

    @property
    def text(self) -> str:
        """All of it on one line; a result below zero has the same minus sign as the formula."""
        parts = (self.name, self.symbols, self.numbers, *self.steps, signed(self.result))
        return " = ".join(part for part in parts if part)


def size_formulas(layer: LayerSpec, in_shape: Input) -> dict[str, tuple[Formula, ...]]:
    """For "H" and "W" the formulas in reading order; the last one gives the size of the output."""
    return {
        "H": _sizes(layer, in_shape.h, 0, "H", ("above", "below")),
        "W": _sizes(layer, in_shape.w, 1, "W", ("left", "right")),
    }


def _sizes(layer: LayerSpec, size: int, axis: int, name: str, sides: tuple[str, str]) -> tuple[Formula, ...]:
    numbers, rule, out = axis_of(layer, size, axis), layer.sliding.size, f"{name}_out"
    before, after = numbers.padding
    result = rule.output(numbers)
    if layer.padding == "same" and numbers.stride == 1:
        total, kernel, dilation = before + after, numbers.kernel, numbers.dilation
        uneven = _("The odd row goes below.") if axis == 0 else _("The odd column goes to the right.")
        return (
            Formula(
                "padding_total", "dilation·(kernel − 1)", f"{dilation}·({kernel} − 1)", (), total,
                _('padding="same" adds as much as the kernel takes away, so {equation}.').format(
                    equation=f"{out} = {name}"
                ),
            ),
            Formula(f"padding_{sides[0]}", "⌊padding_total / 2⌋", f"⌊{total} / 2⌋", (), before),
            Formula(
                f"padding_{sides[1]}", f"padding_total − padding_{sides[0]}", f"{total} − {before}", (),
                after, uneven if before != after else "",
            ),
            Formula(
                out, f"{name} + padding_total − dilation·(kernel − 1)",
                f"{size} + {total} − {dilation}·({kernel} − 1)",
                (f"{size} + {total} − {numbers.reach - 1}",), result,
            ),
        )  # fmt: skip
    if layer.padding == "same":
        raise LayerError(_('padding="same" needs stride 1, so there is no formula for this layer.'))
    symbols = rule.symbols.format(size=name)
    note = _('padding="valid" is another name for padding = 0.') if layer.padding == "valid" else ""
    return (Formula(out, symbols, _put_in(symbols, name, numbers), rule.steps(numbers), result, note),)


def _put_in(symbols: str, name: str, numbers: AxisNumbers) -> str:
    """`symbols` with the numbers of `AxisNumbers` in place of their names; `name` is that of the size."""
    values = {**numbers._asdict(), "padding": numbers.padding[0], name: numbers.size}
    return re.sub(r"[A-Za-z_]+", lambda word: str(values[word.group()]), symbols)


def parameters_formula(layer: LayerSpec) -> Formula:
    """Weights and biases. Raises LayerError if `groups` does not divide the channels."""
    if layer.sliding.weights is None:
        return Formula(
            _("parameters"), "", "", (), 0, _("A pooling layer has no weights: it learns nothing.")
        )
    weights = product(weight_shape(layer))
    first, second = layer.sliding.weights
    count, shared = getattr(layer, first), getattr(layer, second)
    symbols = f"{first} × ({second} / groups) × kernel_H × kernel_W"
    numbers = f"{count} × ({shared}/{layer.groups}) × {layer.kernel[0]} × {layer.kernel[1]}"
    if not layer.bias:
        return Formula(_("parameters"), symbols, numbers, (), weights)
    return Formula(
        _("parameters"),
        f"{symbols} + out_channels",
        f"{numbers} + {layer.out_channels}",
        (f"{weights} + {layer.out_channels}",),
        parameters(layer),
        ngettext(
            "The last {n} is the bias of the output channel.",
            "The last {n} are the biases, one for each output channel.",
            layer.out_channels,
        ).format(n=layer.out_channels),
    )


def work_formula(layer: LayerSpec, in_shape: Input) -> Formula:
    """Multiply-adds, comparisons or additions of one forward pass.

    Raises LayerError if `groups` does not divide the channels or no output is left.
    """
    n, channels, height, width = output_shape(layer, in_shape)
    if height < 1 or width < 1:
        raise LayerError(_("This layer leaves no output, so there is nothing to count."))
    tall, wide = layer.kernel
    total, name = multiply_adds(layer, in_shape), layer.sliding.work.name
    cells = f"{n} × {channels} × {height} × {width}"
    if not layer.has_weights:
        return Formula(
            name,
            "N × C × H_out × W_out × (kernel_H × kernel_W − 1)",
            f"{cells} × ({tall} × {wide} − 1)",
            (f"{n * channels * height * width} × {tall * wide - 1}",),
            total,
            _("Padding is counted like any other value."),
        )
    each = product(weight_shape(layer)[1:])
    if not layer.sliding.is_transposed:
        return Formula(
            name,
            "N × C_out × H_out × W_out × (C_in / groups) × kernel_H × kernel_W",
            f"{cells} × ({layer.in_channels}/{layer.groups}) × {tall} × {wide}",
            (f"{n * channels * height * width} × {each}",),
            total,
            _("Padding is counted like any other value; adding the biases is not."),
        )
    cells = f"{n} × {in_shape.c} × {in_shape.h} × {in_shape.w}"
    return Formula(
        name,
        "N × C_in × H × W × (C_out / groups) × kernel_H × kernel_W",
        f"{cells} × ({layer.out_channels}/{layer.groups}) × {tall} × {wide}",
        (f"{product(in_shape.shape)} × {each}",),
        total,
        _("Each input is spread over a whole kernel, even where padding cuts the result off again."),
    )
