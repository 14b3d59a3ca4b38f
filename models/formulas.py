"""The arithmetic of one layer as text with its numbers put in, as a beginner would write it by hand.

The formulas are those of the documentation of `torch.nn` and of Dumoulin and Visin (arXiv 1603.07285).
"""

from __future__ import annotations

from dataclasses import dataclass

from models.arithmetic import (
    Input,
    Layer,
    LayerError,
    multiply_adds,
    output_shape,
    output_size,
    padding_sides,
    parameters,
    product,
    reach,
    weight_shape,
    work_name,
)


@dataclass(frozen=True)
class Formula:
    """`name` = `symbols` = `numbers` = each of `steps` = `result`, for a page to lay out."""

    name: str
    symbols: str
    numbers: str
    steps: tuple[str, ...]
    result: int
    note: str = ""
    """A sentence that says what the formula cannot, or ""."""

    @property
    def text(self) -> str:
        """All of it on one line; a result below zero has the same minus sign as the formula."""
        parts = (self.name, self.symbols, self.numbers, *self.steps, signed(self.result))
        return " = ".join(part for part in parts if part)


def signed(number: int) -> str:
    return str(number).replace("-", "−")


def size_formulas(layer: Layer, given: Input) -> dict[str, tuple[Formula, ...]]:
    """For "H" and "W" the formulas in reading order; the last one gives the size of the output."""
    return {
        "H": _sizes(layer, given.h, 0, "H", ("above", "below")),
        "W": _sizes(layer, given.w, 1, "W", ("left", "right")),
    }


def _sizes(layer: Layer, size: int, axis: int, name: str, sides: tuple[str, str]) -> tuple[Formula, ...]:
    kernel, stride, dilation = layer.kernel[axis], layer.stride[axis], layer.dilation[axis]
    before, after = padding_sides(layer, axis)
    extra, result, out = layer.output_padding[axis], output_size(layer, size, axis), f"{name}_out"
    spread = reach(layer, axis) - 1
    if layer.padding == "same" and stride == 1:
        total = before + after
        uneven = f"The odd one goes {'below' if axis == 0 else 'to the right'}." if before != after else ""
        return (
            Formula(
                "padding_total", "dilation·(kernel − 1)", f"{dilation}·({kernel} − 1)", (), total,
                f'padding="same" adds as much as the kernel takes away, so {out} = {name}.',
            ),
            Formula(f"padding_{sides[0]}", "⌊padding_total / 2⌋", f"⌊{total} / 2⌋", (), before),
            Formula(
                f"padding_{sides[1]}", f"padding_total − padding_{sides[0]}", f"{total} − {before}", (),
                after, uneven,
            ),
            Formula(
                out, f"{name} + padding_total − dilation·(kernel − 1)",
                f"{size} + {total} − {dilation}·({kernel} − 1)", (f"{size} + {total} − {spread}",), result,
            ),
        )  # fmt: skip
    if layer.padding == "same":
        raise LayerError('padding="same" needs stride 1, so there is no formula for this layer.')
    if layer.kind == "ConvTranspose2d":
        return (
            Formula(
                out,
                f"({name} − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1",
                f"({size} − 1)·{stride} − 2·{before} + {dilation}·({kernel} − 1) + {extra} + 1",
                (f"{(size - 1) * stride} − {2 * before} + {spread} + {extra} + 1",),
                result,
            ),
        )
    top = size + 2 * before - spread - 1
    steps = [f"⌊{signed(top)} / {stride}⌋ + 1"]
    if stride > 1:
        steps.append(f"{signed(top // stride)} + 1")
    note = 'padding="valid" is another name for padding = 0.' if layer.padding == "valid" else ""
    if layer.kind == "AvgPool2d":
        symbols = f"⌊({name} + 2·padding − kernel) / stride⌋ + 1"
        numbers = f"⌊({size} + 2·{before} − {kernel}) / {stride}⌋ + 1"
    else:
        symbols = f"⌊({name} + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1"
        numbers = f"⌊({size} + 2·{before} − {dilation}·({kernel} − 1) − 1) / {stride}⌋ + 1"
    return (Formula(out, symbols, numbers, tuple(steps), result, note),)


def parameters_formula(layer: Layer) -> Formula:
    """Weights and biases. Raises LayerError if `groups` does not divide the channels."""
    if layer.pools:
        return Formula("parameters", "", "", (), 0, "A pooling layer has no weights: it learns nothing.")
    weights = product(weight_shape(layer))
    first, second = "out_channels", "in_channels"
    counts = layer.out_channels, layer.in_channels
    if layer.kind == "ConvTranspose2d":
        first, second, counts = second, first, counts[::-1]
    symbols = f"{first} × ({second} / groups) × kernel_H × kernel_W"
    numbers = f"{counts[0]} × ({counts[1]}/{layer.groups}) × {layer.kernel[0]} × {layer.kernel[1]}"
    if not layer.bias:
        return Formula("parameters", symbols, numbers, (), weights)
    return Formula(
        "parameters",
        f"{symbols} + out_channels",
        f"{numbers} + {layer.out_channels}",
        (f"{weights} + {layer.out_channels}",),
        parameters(layer),
        f"The last {layer.out_channels} are the biases, one for each output channel.",
    )


def work_formula(layer: Layer, given: Input) -> Formula:
    """Multiply-adds, comparisons or additions of one forward pass.

    Raises LayerError if `groups` does not divide the channels or no output is left.
    """
    n, channels, height, width = output_shape(layer, given)
    if height < 1 or width < 1:
        raise LayerError("This layer leaves no output, so there is nothing to count.")
    tall, wide = layer.kernel
    total, name = multiply_adds(layer, given), work_name(layer)
    cells = f"{n} × {channels} × {height} × {width}"
    if layer.pools:
        return Formula(
            name,
            "N × C × H_out × W_out × (kernel_H × kernel_W − 1)",
            f"{cells} × ({tall} × {wide} − 1)",
            (f"{n * channels * height * width} × {tall * wide - 1}",),
            total,
            "Padding is counted like any other value.",
        )
    each = product(weight_shape(layer)[1:])
    if layer.kind == "Conv2d":
        return Formula(
            name,
            "N × C_out × H_out × W_out × (C_in / groups) × kernel_H × kernel_W",
            f"{cells} × ({layer.in_channels}/{layer.groups}) × {tall} × {wide}",
            (f"{n * channels * height * width} × {each}",),
            total,
            "Padding is counted like any other value; adding the biases is not.",
        )
    return Formula(
        name,
        "N × C_in × H × W × (C_out / groups) × kernel_H × kernel_W",
        f"{n} × {given.c} × {given.h} × {given.w} × ({layer.out_channels}/{layer.groups}) × {tall} × {wide}",
        (f"{product(given.shape)} × {each}",),
        total,
        "Each input is spread over a whole kernel, also where padding cuts the result away again.",
    )
