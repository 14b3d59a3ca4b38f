"""One layer as plain integers: its output shape, weights, work and memory, and which numbers make it valid.

No torch here: the tests let real layers of `torch.nn` check every number. Sources: the pages of `Conv2d`,
`ConvTranspose2d`, `MaxPool2d` and `AvgPool2d` in the documentation of `torch.nn`; Dumoulin and Visin, "A
guide to convolution arithmetic for deep learning", 2016 (arXiv 1603.07285), for the sizes; Araujo, Norris and
Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill, 2019, for the receptive field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

Pair = tuple[int, int]
"""A number for the height and one for the width."""

KINDS = ("Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d")
POOLS = ("MaxPool2d", "AvgPool2d")
WORDS = ("same", "valid")
"""What `padding` of a Conv2d may be instead of numbers."""

LIMITS: dict[str, Pair] = {
    "n": (1, 64),
    "c": (1, 64),
    "h": (1, 256),
    "w": (1, 256),
    "in_channels": (1, 64),
    "out_channels": (1, 64),
    "kernel": (1, 11),
    "stride": (1, 8),
    "padding": (0, 10),
    "dilation": (1, 6),
    "output_padding": (0, 7),
    "groups": (1, 64),
}
"""Smallest and largest number that the page offers; those in pairs hold for height and width alike."""
PAIRS = ("kernel", "stride", "padding", "dilation", "output_padding")
MAX_BYTES = 256_000_000
MAX_WORK = 1_000_000_000
"""Multiply-adds, each two floating-point operations, of a convolution; comparisons or additions of a pool."""


class LayerError(ValueError):
    """A layer or an input that cannot be; the message is a sentence for the visitor."""


@dataclass(frozen=True)
class Layer:
    """The numbers of one layer. They need not fit together: `problems` says whether torch accepts them.

    Raises LayerError for a number that its kind of layer does not have.
    """

    kind: str = "Conv2d"
    in_channels: int = 5
    """Pools ignore this, `out_channels`, `groups` and `bias`: they work on each channel alone."""
    out_channels: int = 10
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Pair | str = (0, 0)
    """(height, width), or "same" or "valid" for a Conv2d."""
    dilation: Pair = (1, 1)
    """Not of an AvgPool2d."""
    output_padding: Pair = (0, 0)
    """Of a ConvTranspose2d alone."""
    groups: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise LayerError(f"Choose one of these layers: {', '.join(KINDS)}.")
        if isinstance(self.padding, str):
            if self.kind != "Conv2d":
                raise LayerError(f"{self.kind} takes numbers as padding; only Conv2d takes a word.")
            if self.padding not in WORDS:
                raise LayerError('The padding of a Conv2d is two numbers, "same" or "valid".')
        if self.kind == "AvgPool2d" and tuple(self.dilation) != (1, 1):
            raise LayerError("AvgPool2d has no dilation: leave it at 1.")
        if self.kind != "ConvTranspose2d" and tuple(self.output_padding) != (0, 0):
            raise LayerError(f"{self.kind} has no output_padding: leave it at 0.")

    @property
    def pools(self) -> bool:
        return self.kind in POOLS


@dataclass(frozen=True)
class Input:
    """The shape of the tensor that goes in: (n, c, h, w)."""

    n: int = 1
    c: int = 5
    h: int = 100
    w: int = 100

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.n, self.c, self.h, self.w


def as_kind(layer: Layer, kind: str) -> Layer:
    """`layer` with all its numbers as another kind of layer; a number that `kind` lacks gets its default."""
    return replace(
        layer,
        kind=kind,
        padding=(0, 0) if isinstance(layer.padding, str) and kind != "Conv2d" else layer.padding,
        dilation=(1, 1) if kind == "AvgPool2d" else layer.dilation,
        output_padding=layer.output_padding if kind == "ConvTranspose2d" else (0, 0),
    )


def reach(layer: Layer, axis: int) -> int:
    """Rows (axis 0) or columns (1) from the first to the last cell of the kernel, dilation included."""
    return layer.dilation[axis] * (layer.kernel[axis] - 1) + 1


def padding_sides(layer: Layer, axis: int) -> Pair:
    """(above, below) for axis 0, (left, right) for axis 1.

    "same" adds dilation * (kernel - 1) in all; torch puts the odd one below and to the right.
    """
    if isinstance(layer.padding, str):
        total = reach(layer, axis) - 1 if layer.padding == "same" else 0
        return total // 2, total - total // 2
    return layer.padding[axis], layer.padding[axis]


def output_size(layer: Layer, size: int, axis: int) -> int:
    """Height (axis 0) or width (1) of the output for `size` of the input; below 1 if the layer cannot be."""
    before, after = padding_sides(layer, axis)
    if layer.kind == "ConvTranspose2d":
        grown = (size - 1) * layer.stride[axis] + reach(layer, axis)
        return grown - before - after + layer.output_padding[axis]
    return (size + before + after - reach(layer, axis)) // layer.stride[axis] + 1


def output_shape(layer: Layer, given: Input) -> tuple[int, int, int, int]:
    """(N, C, H, W) of the output; H or W is below 1 if the layer cannot be."""
    channels = given.c if layer.pools else layer.out_channels
    return given.n, channels, output_size(layer, given.h, 0), output_size(layer, given.w, 1)


def weight_shape(layer: Layer) -> tuple[int, ...]:
    """Of `layer.weight` in torch, () for a pool. LayerError if `groups` does not divide the channels."""
    if layer.pools:
        return ()
    if layer.in_channels % layer.groups or layer.out_channels % layer.groups:
        raise LayerError("The number of groups must divide both numbers of channels.")
    if layer.kind == "Conv2d":
        return layer.out_channels, layer.in_channels // layer.groups, *layer.kernel
    return layer.in_channels, layer.out_channels // layer.groups, *layer.kernel


def product(numbers: Iterable[int]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result


def parameters(layer: Layer) -> int:
    """Numbers that training would change: the weights, and one bias for each output channel."""
    if layer.pools:
        return 0
    return product(weight_shape(layer)) + (layer.out_channels if layer.bias else 0)


def work_name(layer: Layer) -> str:
    """What `multiply_adds` counts."""
    return {"MaxPool2d": "comparisons", "AvgPool2d": "additions"}.get(layer.kind, "multiply-adds")


def multiply_adds(layer: Layer, given: Input) -> int:
    """Products that a convolution adds up, the zeros of the padding included and the biases not.

    For a MaxPool2d the comparisons, for an AvgPool2d the additions, that k values need: k - 1 an output.
    """
    n, channels, height, width = output_shape(layer, given)
    outputs = n * channels * max(0, height) * max(0, width)
    if layer.pools:
        return outputs * (product(layer.kernel) - 1)
    weights = weight_shape(layer)
    if layer.kind == "Conv2d":  # each output reads one kernel's worth of inputs
        return outputs * product(weights[1:])
    return product(given.shape) * product(weights[1:])  # each input is spread over one kernel's worth


def _whole(layer: Layer) -> Layer:
    """`layer`, without groups if they do not divide the channels: then this is the most it could be."""
    whole = layer.pools or layer.in_channels % layer.groups == 0 == layer.out_channels % layer.groups
    return layer if whole else replace(layer, groups=1)


def bytes_of(layer: Layer, given: Input) -> dict[str, int]:
    """Bytes of float32 tensors: "input", "weights", "output", "working" and their sum, "total".

    "working" is the most that torch adds on a CPU while it computes, as measured with torch 2.14: copies of
    input and output whose channels are rounded up to 16 (a ConvTranspose2d copies the output twice); for one
    small picture the unfolded windows instead; a padded copy for an uneven "same"; the int64 places of a
    MaxPool2d's winners. Often it is less.
    """
    n, channels, height, width = output_shape(layer, given)
    area, area_in = max(0, height) * max(0, width), given.h * given.w
    size_in, size_out = product(given.shape), n * channels * area
    sizes = {"input": 4 * size_in, "weights": 4 * parameters(_whole(layer))}
    sizes["output"] = 4 * size_out
    if layer.pools:
        working = 8 * size_out if layer.kind == "MaxPool2d" else 0
    else:
        transposed = layer.kind == "ConvTranspose2d"
        blocks_in, blocks_out = -(-given.c // 16) * 16 * area_in, -(-channels // 16) * 16 * area
        working = 4 * n * (blocks_in + (2 if transposed else 1) * blocks_out)
        if n == 1 and layer.groups == 1 and size_in <= 20_480:  # torch's own loop instead of oneDNN's
            unfolded = channels * area_in if transposed else given.c * area
            working = max(working, 4 * unfolded * product(layer.kernel))
        sides = [padding_sides(layer, axis) for axis in (0, 1)]
        if any(before != after for before, after in sides):
            working += 4 * n * given.c * (given.h + sum(sides[0])) * (given.w + sum(sides[1]))
    return {**sizes, "working": working, "total": sum(sizes.values()) + working}


def too_much(layer: Layer, given: Input) -> str:
    """Why this page does not run the layer: over `MAX_BYTES` or over `MAX_WORK`; "" if it does."""
    sizes = bytes_of(layer, given)
    if sizes["total"] > MAX_BYTES:
        held, working = (sizes["total"] - sizes["working"]) / 1e6, sizes["working"] / 1e6
        more = f"and PyTorch may need up to {working:,.0f} MB more while it computes: together "
        return (
            f"{'Input and output' if layer.pools else 'Input, weights and output'} take {held:,.0f} MB, "
            f"{more if working else ''}over the {MAX_BYTES // 10**6} MB that this page allows. "
            "Choose a smaller input or fewer channels."
        )
    work = multiply_adds(_whole(layer), given)
    if work > MAX_WORK:
        flops = "" if layer.pools else f", {2 * work / 1e9:,.1f} billion floating-point operations (GFLOP)"
        most = MAX_WORK // 10**9 if layer.pools else 2 * MAX_WORK // 10**9
        unit = f"billion {work_name(layer)}" if layer.pools else "GFLOP"
        return (
            f"This layer needs {work / 1e9:,.2f} billion {work_name(layer)}{flops}: over the "
            f"{most} {unit} that this page allows. Choose a smaller input, kernel or fewer channels."
        )
    return ""


def problems(layer: Layer, given: Input) -> list[str]:
    """What keeps torch from running `layer` on `given`, what torch reports first in front; [] if it runs.

    "groups_in", "groups_out": groups does not divide the channels. "same_stride": "same" with a stride.
    "channels": `in_channels` is not the input's. "pool_padding": over half the kernel. "kernel": it reaches
    over more than the padded input. "output_padding": not below stride or dilation. "empty": no output
    left; some of torch's backends refuse that of a ConvTranspose2d, others return a tensor without numbers.
    """
    found = []
    if layer.pools:
        # torch divides the kernel without its dilation, and rounds down
        if any(2 * p > k for p, k in zip(layer.padding, layer.kernel, strict=True)):  # type: ignore[operator]
            found.append("pool_padding")
    else:
        if layer.in_channels % layer.groups:
            found.append("groups_in")
        if layer.out_channels % layer.groups:
            found.append("groups_out")
        if layer.padding == "same" and layer.stride != (1, 1):
            found.append("same_stride")
        if layer.in_channels != given.c:
            found.append("channels")
    out = output_size(layer, given.h, 0), output_size(layer, given.w, 1)
    if layer.kind == "ConvTranspose2d":
        beyond = zip(layer.output_padding, layer.stride, layer.dilation, strict=True)
        if any(extra >= max(stride, dilation) for extra, stride, dilation in beyond):
            found.append("output_padding")
        if min(out) < 1:
            found.append("empty")
    elif min(out) < 1:
        found.append("kernel")
    return found


def numbers_of(layer: Layer) -> list[str]:
    """Names of the numbers that a visitor can set for `layer`, those of a pair with _h and _w.

    "channels" is `in_channels` and the input's `c` moved together, which alone keeps a convolution valid.
    """
    names = ["n", "c", "h", "w"]
    if not layer.pools:
        names += ["in_channels", "channels", "out_channels", "groups"]
    for pair in PAIRS:
        lacking = (
            (pair == "dilation" and layer.kind == "AvgPool2d")
            or (pair == "output_padding" and layer.kind != "ConvTranspose2d")
            or (pair == "padding" and isinstance(layer.padding, str))
        )
        if not lacking:
            names += [f"{pair}_h", f"{pair}_w"]
    return names


def with_value(layer: Layer, given: Input, name: str, value: Any) -> tuple[Layer, Input]:
    """`layer` and `given` with one number of `numbers_of`, or "padding" as a word, set to `value`."""
    if name in ("n", "c", "h", "w"):
        return layer, replace(given, **{name: value})
    if name == "channels":
        return replace(layer, in_channels=value), replace(given, c=value)
    pair, _, axis = name.rpartition("_")
    if pair in PAIRS:
        old = getattr(layer, pair)
        changed: dict[str, Any] = {pair: (value, old[1]) if axis == "h" else (old[0], value)}
        return replace(layer, **changed), given
    return replace(layer, **{name: value}), given


def limits(name: str) -> Pair:
    """The smallest and the largest value that the page offers for a number of `numbers_of`."""
    if name == "channels":
        return LIMITS["in_channels"]
    return LIMITS[name.removesuffix("_h").removesuffix("_w")]


def allowed(layer: Layer, given: Input) -> dict[str, list[int] | list[str]]:
    """For each of `numbers_of` the values within `LIMITS` that torch accepts while all others stay.

    For a Conv2d also "padding": the words that fit. Values over this page's memory and work are left out.
    A list is empty when another number must change first.
    """

    def fits(name: str, value: Any) -> bool:
        changed = with_value(layer, given, name, value)
        return not problems(*changed) and not too_much(*changed)

    found: dict[str, list[int] | list[str]] = {}
    for name in numbers_of(layer):
        low, high = limits(name)
        found[name] = [value for value in range(low, high + 1) if fits(name, value)]
    if layer.kind == "Conv2d":
        found["padding"] = [word for word in WORDS if fits("padding", word)]
    return found


def receptive_field(layers: Sequence[tuple[int, int, int]]) -> Pair:
    """(size, jump) along one axis after layers of (kernel, stride, dilation), the first one first.

    `size` is how many inputs one output can see, `jump` how many inputs lie between two neighbours.
    """
    size = jump = 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump
