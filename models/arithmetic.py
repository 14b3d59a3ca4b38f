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

from language import _
from models.layer_fields import INPUT_FIELDS, LAYER_FIELDS, LayerField
from models.layer_kinds import LAYER_KINDS, LayerKind, Sliding, panel_kinds
from models.layer_sizes import AxisNumbers, Pair

FIELDS: dict[str, LayerField] = {**INPUT_FIELDS, **LAYER_FIELDS}
"""Every number of the Layer panel, by attribute of Input or LayerSpec."""
PAIRS = tuple(key for key, field in LAYER_FIELDS.items() if field.is_pair)
MAX_BYTES = 256_000_000
MAX_WORK = 1_000_000_000
"""Multiply-adds of a convolution, two floating-point operations each; comparisons or additions of a pool."""


class LayerError(ValueError):
    """A layer or an input that is not possible; the message is a sentence for the visitor."""


def _start(key: str) -> Any:
    """What the Layer panel shows first for one of LAYER_FIELDS."""
    field = LAYER_FIELDS[key]
    return (field.default,) * 2 if field.is_pair else field.default


@dataclass(frozen=True)
class LayerSpec:
    """The numbers of one layer. They need not fit together: `problems` says whether torch accepts them.

    Raises LayerError for a number that its kind of layer does not have.
    """

    kind: str = "Conv2d"
    """One of `models.layer_kinds.panel_kinds`."""
    in_channels: int = _start("in_channels")
    """A layer without weights ignores this, `out_channels`, `groups` and `bias`."""
    out_channels: int = _start("out_channels")
    kernel: Pair = _start("kernel")
    stride: Pair = _start("stride")
    padding: Pair | str = _start("padding")
    """(height, width), or one of the words that its kind takes."""
    dilation: Pair = _start("dilation")
    output_padding: Pair = _start("output_padding")
    groups: int = _start("groups")
    bias: bool = True

    def __post_init__(self) -> None:
        kind = LAYER_KINDS.get(self.kind)
        if not kind or not kind.sliding:
            raise LayerError(_("Choose one of these layers: {kinds}.").format(kinds=", ".join(panel_kinds())))
        if isinstance(self.padding, str) and self.padding not in kind.sliding.padding_words:
            raise LayerError(_padding_advice(self.kind))
        for key, neutral in kind.neutral_pairs.items():
            if tuple(getattr(self, key)) != neutral:
                sentence = _("{kind} has no {name}: leave it at {value}.")
                name = LAYER_FIELDS[key].label
                raise LayerError(sentence.format(kind=self.kind, name=name, value=neutral[0]))

    @property
    def entry(self) -> LayerKind:
        """What the table says about its kind."""
        return LAYER_KINDS[self.kind]

    @property
    def sliding(self) -> Sliding:
        """How its windows move."""
        return LAYER_KINDS[self.kind].sliding  # type: ignore[return-value]  # each kind of the panel has one

    @property
    def has_weights(self) -> bool:
        return self.sliding.weights is not None


def _padding_advice(kind: str) -> str:
    """What `kind` takes as padding, for a layer whose padding is a word that it does not take."""
    words = {name: sliding.padding_words for name, sliding in panel_kinds().items()}
    if words[kind]:
        choices = ", ".join(f'"{word}"' for word in words[kind])
        return _("The padding of a {kind} is two numbers or one of these words: {words}.").format(
            kind=kind, words=choices
        )
    kinds = ", ".join(name for name in words if words[name])
    return _("{kind} takes numbers as padding. Only these layers take a word: {kinds}.").format(
        kind=kind, kinds=kinds
    )


@dataclass(frozen=True)
class Input:
    """The shape of the input tensor: (n, c, h, w)."""

    n: int = INPUT_FIELDS["n"].default
    c: int = INPUT_FIELDS["c"].default
    h: int = INPUT_FIELDS["h"].default
    w: int = INPUT_FIELDS["w"].default

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.n, self.c, self.h, self.w


def as_kind(layer: LayerSpec, kind: str) -> LayerSpec:
    """`layer` as another kind of layer, with all its numbers; those that `kind` lacks become neutral."""
    entry = LAYER_KINDS[kind]
    changes: dict[str, Any] = dict(entry.neutral_pairs)
    if isinstance(layer.padding, str) and entry.sliding and layer.padding not in entry.sliding.padding_words:
        changes["padding"] = (0, 0)
    return replace(layer, kind=kind, **changes)


def axis_of(layer: LayerSpec, size: int, axis: int) -> AxisNumbers:
    """The numbers of `layer` along the height (axis 0) or width (1) for an input of `size` there."""
    return AxisNumbers(
        size,
        layer.kernel[axis],
        layer.stride[axis],
        padding_sides(layer, axis),
        layer.dilation[axis],
        layer.output_padding[axis],
    )


def reach(layer: LayerSpec, axis: int) -> int:
    """Rows (axis 0) or columns (1) from the first to the last cell of the kernel, dilation included."""
    return layer.dilation[axis] * (layer.kernel[axis] - 1) + 1


def padding_numbers(layer: LayerSpec) -> Pair:
    """(height, width) of the padding, 0 where it is a word."""
    return (0, 0) if isinstance(layer.padding, str) else layer.padding


def padding_sides(layer: LayerSpec, axis: int) -> Pair:
    """(above, below) for axis 0, (left, right) for axis 1.

    "same" adds dilation * (kernel - 1) in all; torch puts the odd one below and to the right.
    """
    if isinstance(layer.padding, str):
        total = reach(layer, axis) - 1 if layer.padding == "same" else 0
        return total // 2, total - total // 2
    return layer.padding[axis], layer.padding[axis]


def output_size(layer: LayerSpec, size: int, axis: int) -> int:
    """Height (axis 0) or width (1) of the output for `size` of the input; below 1 if the layer cannot be."""
    return layer.sliding.size.output(axis_of(layer, size, axis))


def output_shape(layer: LayerSpec, in_shape: Input) -> tuple[int, int, int, int]:
    """(N, C, H, W) of the output; H or W is below 1 if the layer cannot be."""
    channels = layer.out_channels if layer.has_weights else in_shape.c
    return in_shape.n, channels, output_size(layer, in_shape.h, 0), output_size(layer, in_shape.w, 1)


def weight_shape(layer: LayerSpec) -> tuple[int, ...]:
    """That of `layer.weight` in torch, () without one.

    Raises LayerError if `groups` does not divide the channels.
    """
    names = layer.sliding.weights
    if names is None:
        return ()
    if layer.in_channels % layer.groups or layer.out_channels % layer.groups:
        raise LayerError(_("The number of groups must divide both numbers of channels."))
    return getattr(layer, names[0]), getattr(layer, names[1]) // layer.groups, *layer.kernel


def product(numbers: Iterable[int]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result


def parameters(layer: LayerSpec) -> int:
    """How many numbers training would change: the weights, and one bias for each output channel."""
    if not layer.has_weights:
        return 0
    return product(weight_shape(layer)) + (layer.out_channels if layer.bias else 0)


def multiply_adds(layer: LayerSpec, in_shape: Input) -> int:
    """Products that a convolution adds up, including the zeros of the padding but not the biases.

    For a layer without weights, the operations that `Sliding.work` names: k - 1 for each output of k values.
    """
    if layer.sliding.is_transposed:  # each input is spread over one kernel's worth
        return product(in_shape.shape) * product(weight_shape(layer)[1:])
    n, channels, height, width = output_shape(layer, in_shape)
    outputs = n * channels * max(0, height) * max(0, width)
    if layer.has_weights:  # each output reads one kernel's worth of inputs
        return outputs * product(weight_shape(layer)[1:])
    return outputs * (product(layer.kernel) - 1)


def _with_fitting_groups(layer: LayerSpec) -> LayerSpec:
    """`layer`, without groups if they do not divide the channels: then the most it could be."""
    fits = layer.in_channels % layer.groups == 0 == layer.out_channels % layer.groups
    return layer if fits or not layer.has_weights else replace(layer, groups=1)


def bytes_of(layer: LayerSpec, in_shape: Input) -> dict[str, int]:
    """Bytes of float32 tensors: "input", "weights", "output", "working" and their sum, "total".

    "working" is the most that torch adds on a CPU while it computes, as measured with torch 2.14: copies of
    input and output whose channels are rounded up to 16 (a ConvTranspose2d copies the output twice); for one
    small picture the unfolded windows instead; a padded copy for an uneven "same"; the int64 places of a
    MaxPool2d's winners. Often it is less.
    """
    n, channels, height, width = output_shape(layer, in_shape)
    area, area_in = max(0, height) * max(0, width), in_shape.h * in_shape.w
    size_in, size_out = product(in_shape.shape), n * channels * area
    sizes = {"input": 4 * size_in, "weights": 4 * parameters(_with_fitting_groups(layer))}
    sizes["output"] = 4 * size_out
    working = layer.sliding.bytes_per_output * size_out
    if layer.sliding.weights:
        transposed = layer.sliding.is_transposed
        blocks_in, blocks_out = -(-in_shape.c // 16) * 16 * area_in, -(-channels // 16) * 16 * area
        working = 4 * n * (blocks_in + (2 if transposed else 1) * blocks_out)
        if n == 1 and layer.groups == 1 and size_in <= 20_480:  # torch's own loop instead of oneDNN's
            unfolded = channels * area_in if transposed else in_shape.c * area
            working = max(working, 4 * unfolded * product(layer.kernel))
        tall, wide = padding_sides(layer, 0), padding_sides(layer, 1)
        if tall[0] != tall[1] or wide[0] != wide[1]:
            working += 4 * n * in_shape.c * (in_shape.h + sum(tall)) * (in_shape.w + sum(wide))
    return {**sizes, "working": working, "total": sum(sizes.values()) + working}


def too_much(layer: LayerSpec, in_shape: Input) -> str:
    """Why this page does not run the layer: over `MAX_BYTES` or over `MAX_WORK`; "" if it does."""
    sizes = bytes_of(layer, in_shape)
    if sizes["total"] > MAX_BYTES:
        sentence = _(
            "The tensors of this layer take {tensors} MB, over the {most} MB that this page allows. "
            "Choose a smaller input or fewer channels."
        )
        if sizes["working"]:
            sentence = _(
                "The tensors of this layer take {tensors} MB, and PyTorch may need up to {working} MB more "
                "while it computes: together over the {most} MB that this page allows. "
                "Choose a smaller input or fewer channels."
            )
        tensors = f"{(sizes['total'] - sizes['working']) / 1e6:,.0f}"
        working = f"{sizes['working'] / 1e6:,.0f}"
        return sentence.format(tensors=tensors, working=working, most=MAX_BYTES // 10**6)
    work = multiply_adds(_with_fitting_groups(layer), in_shape)
    if work > MAX_WORK:
        return layer.sliding.work.too_much.format(
            count=f"{work / 1e9:,.2f}",
            most=MAX_WORK // 10**9,
            flops=f"{2 * work / 1e9:,.1f}",
            most_flops=2 * MAX_WORK // 10**9,
        )
    return ""


def problems(layer: LayerSpec, in_shape: Input) -> list[str]:
    """What keeps torch from running `layer` on `in_shape`, in torch's own order; [] if it runs.

    "groups_in", "groups_out": groups does not divide the channels. "same_stride": "same" with a stride.
    "channels": `in_channels` is not the input's. "pool_padding": over half the kernel. "kernel": larger than
    the padded input. "output_padding": not below stride or dilation. "empty": no output left; some of
    torch's backends refuse this of a ConvTranspose2d, others return a tensor without numbers.
    """
    names = []
    sliding = layer.sliding
    if sliding.pads_half_a_kernel:
        # torch divides the kernel without its dilation, and rounds down
        pairs = zip(padding_numbers(layer), layer.kernel, strict=True)
        if any(2 * padding > kernel for padding, kernel in pairs):
            names.append("pool_padding")
    if sliding.weights:
        if layer.in_channels % layer.groups:
            names.append("groups_in")
        if layer.out_channels % layer.groups:
            names.append("groups_out")
        if layer.padding == "same" and layer.stride != (1, 1):
            names.append("same_stride")
        if layer.in_channels != in_shape.c:
            names.append("channels")
    out = output_size(layer, in_shape.h, 0), output_size(layer, in_shape.w, 1)
    if sliding.is_transposed:
        beyond = zip(layer.output_padding, layer.stride, layer.dilation, strict=True)
        if any(extra >= max(stride, dilation) for extra, stride, dilation in beyond):
            names.append("output_padding")
        if min(out) < 1:
            names.append("empty")
    elif min(out) < 1:
        names.append("kernel")
    return names


def numbers_of(layer: LayerSpec) -> list[str]:
    """Names of the numbers that a visitor can set for `layer`, those of a pair with _h and _w.

    "channels" is `in_channels` and the input's `c` moved together: only so a convolution stays valid.
    """
    names = list(INPUT_FIELDS)
    for key in layer.entry.fields:
        if key not in PAIRS:
            names += [key, "channels"] if key == "in_channels" else [key]
        elif not isinstance(getattr(layer, key), str):
            names += [f"{key}_h", f"{key}_w"]
    return names


def with_value(layer: LayerSpec, in_shape: Input, name: str, value: Any) -> tuple[LayerSpec, Input]:
    """`layer` and `in_shape` with one number of `numbers_of`, or "padding" as a word, set to `value`."""
    if name in INPUT_FIELDS:
        return layer, replace(in_shape, **{name: value})
    if name == "channels":
        return replace(layer, in_channels=value), replace(in_shape, c=value)
    pair, _, axis = name.rpartition("_")
    if pair in PAIRS:
        old = getattr(layer, pair)
        changed: dict[str, Any] = {pair: (value, old[1]) if axis == "h" else (old[0], value)}
        return replace(layer, **changed), in_shape
    return replace(layer, **{name: value}), in_shape


def limits(name: str) -> Pair:
    """The smallest and the largest value that the page offers for a number of `numbers_of`."""
    key = "in_channels" if name == "channels" else name.removesuffix("_h").removesuffix("_w")
    return FIELDS[key].low, FIELDS[key].high


def allowed(layer: LayerSpec, in_shape: Input) -> dict[str, list[int] | list[str]]:
    """For each of `numbers_of` the values within `limits` that torch accepts while all others stay.

    Where the padding may be a word, "padding" lists the words that fit. Values that exceed this page's memory
    or work are left out. A list is empty when another number must change first.
    """

    def fits(name: str, value: Any) -> bool:
        changed = with_value(layer, in_shape, name, value)
        return not problems(*changed) and not too_much(*changed)

    values: dict[str, list[int] | list[str]] = {}
    for name in numbers_of(layer):
        low, high = limits(name)
        values[name] = [value for value in range(low, high + 1) if fits(name, value)]
    if layer.sliding.padding_words:
        values["padding"] = [word for word in layer.sliding.padding_words if fits("padding", word)]
    return values


def receptive_field(layers: Sequence[tuple[int, int, int]]) -> Pair:
    """(size, jump) along one axis after layers of (kernel, stride, dilation), in that order.

    `size` is how many inputs one output can see, `jump` how far apart the inputs of two neighbours lie.
    """
    size = jump = 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump
