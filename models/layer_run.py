"""One real layer of `torch.nn` run on a real tensor: its output, or torch's own error and how to mend it."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import torch
from torch import nn

import checks
from language import _, sentences
from models.arithmetic import (
    FIELDS,
    PAIRS,
    Input,
    LayerError,
    LayerSpec,
    limits,
    output_size,
    padding_numbers,
    problems,
    reach,
    too_much,
    with_value,
)
from models.layer_fields import INPUT_FIELDS, LAYER_FIELDS
from models.layer_kinds import LAYER_KINDS

MOST = 100_000
"""The largest number that is accepted outside the page's own limits; memory and work bound the rest."""


@dataclass(frozen=True)
class LayerMend:
    """What an error means, and the change after which the layer runs."""

    sentence: str
    changes: dict[str, Any] = field(default_factory=dict)
    """New values by field of LayerSpec and Input; empty if there is no small enough change."""

    @property
    def advice(self) -> str:
        """`changes` as a sentence, such as "Set padding = (1, 1), groups = 1."; "" if there are none."""
        names = {name: field.label for name, field in INPUT_FIELDS.items()}
        assignments = ", ".join(f"{names.get(name, name)} = {value}" for name, value in self.changes.items())
        return _("Set {assignments}.").format(assignments=assignments) if assignments else ""


@dataclass(frozen=True)
class LayerRun:
    """One forward pass: `shape` and `seconds` when it worked, else `mend`, and `error` or `refusal`.

    An output without numbers, such as (N, C, 0, W), has a `shape` and a `mend`: torch may let it pass.
    """

    shape: tuple[int, ...] = ()
    """Of the output, (N, C, H, W)."""
    weight_shape: tuple[int, ...] = ()
    bias_shape: tuple[int, ...] = ()
    parameters: int = 0
    seconds: float = 0.0
    """The forward pass alone."""
    error: str = ""
    """torch's own words, such as "RuntimeError: ..."."""
    mend: LayerMend | None = None
    refusal: str = ""
    """Why this page did not run it: memory or work."""


def _pair(value: Any, name: str, low: int, high: int) -> tuple[int, int]:
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            raise LayerError(
                _("{name} needs two numbers, for the height and for the width.").format(name=name)
            )
        height, width = (checks.whole_number(number, name, low, high, LayerError) for number in value)
        return height, width
    return (checks.whole_number(value, name, low, high, LayerError),) * 2


def checked(values: Any, strict: bool = True) -> tuple[LayerSpec, Input]:
    """A layer and its input from an untrusted flat dict whose keys are fields of LayerSpec and Input.

    A missing key gets the field's default, or its neutral value where the kind of layer lacks the number; one
    number may stand for both of a pair. `strict` keeps all numbers within `limits`, otherwise they may go up
    to `MOST`. torch may still refuse the combination. Raises LayerError.
    """
    if not isinstance(values, dict):
        raise LayerError(_("A layer is a dictionary of names and values, such as kernel: [3, 3]."))
    names = [field.name for field in (*fields(LayerSpec), *fields(Input))]
    if any(name not in names for name in values):
        sentence = _("A layer and its input have these numbers and no others: {names}.")
        raise LayerError(sentence.format(names=", ".join(names)))
    clean: dict[str, Any] = {}
    for name, value in values.items():
        if name == "kind":
            if not isinstance(value, str):
                raise LayerError(_("Choose a layer by its name, such as Conv2d."))
            clean[name] = value
        elif name == "bias":
            clean[name] = checks.switch(value, name, LayerError)
        elif name == "padding" and isinstance(value, str):
            clean[name] = value  # LayerSpec knows which words its kind takes
        else:
            low, high = limits(name)
            high = high if strict else MOST
            if name in PAIRS:
                clean[name] = _pair(value, name, low, high)
            else:
                clean[name] = checks.whole_number(value, name, low, high, LayerError)
    in_shape = Input(**{name: clean.pop(name) for name in INPUT_FIELDS if name in clean})
    entry = LAYER_KINDS.get(clean.get("kind", LayerSpec.kind))
    return LayerSpec(**{**(entry.neutral_pairs if entry else {}), **clean}), in_shape


def arguments(layer: LayerSpec) -> dict[str, Any]:
    """All arguments of the constructor of `layer` in `torch.nn`, by name."""
    attributes = {field.label: key for key, field in LAYER_FIELDS.items()}
    return {
        argument.name: getattr(layer, attributes.get(argument.name, argument.name))
        if argument.constant is None
        else argument.constant
        for argument in layer.entry.arguments
    }


def build(layer: LayerSpec) -> nn.Module:
    """The real layer, float32 on the CPU. Raises what torch raises: ValueError or RuntimeError.

    Call `too_much` first: this allocates the weights.
    """
    return getattr(nn, layer.kind)(**arguments(layer))


def run(layer: LayerSpec, in_shape: Input, seed: int = 0) -> LayerRun:
    """Run `layer` on a float32 `torch.randn` of the input's shape, drawn from `seed` (0 to 2**31 - 1).

    Raises LayerError for anything but numbers. For a combination that torch refuses, the result has torch's
    error, for one over the page's limits a `refusal`.
    """
    layer, in_shape = checked({**asdict(layer), **asdict(in_shape)}, strict=False)
    seed = checks.whole_number(seed, "seed", 0, 2**31 - 1, LayerError)
    if refusal := too_much(layer, in_shape):
        return LayerRun(refusal=refusal, mend=LayerMend(refusal, _within_limits(layer, in_shape)))
    # a generator of its own: other threads of the page draw from torch's global one at the same time
    generator = torch.Generator().manual_seed(seed)
    try:
        with torch.inference_mode():
            module = build(layer)
            x = torch.randn(in_shape.shape, generator=generator)  # (N, C, H, W)
            start = time.perf_counter()
            y = module(x)  # (N, C_out, H_out, W_out)
            seconds = time.perf_counter() - start
    except (ValueError, RuntimeError) as error:
        return LayerRun(error=f"{type(error).__name__}: {error}", mend=mend(layer, in_shape))
    shapes = {name: tuple(value.shape) for name, value in module.named_parameters()}
    return LayerRun(
        shape=tuple(y.shape),
        weight_shape=shapes.get("weight", ()),
        bias_shape=shapes.get("bias", ()),
        parameters=sum(value.numel() for value in module.parameters()),
        seconds=seconds,
        mend=mend(layer, in_shape),
    )


def _within_limits(layer: LayerSpec, in_shape: Input) -> dict[str, Any]:
    """The changes that bring a layer that is `too_much` within the page's limits: one smaller number of the
    input or of the channels, that which loses the smallest share; before it a smaller input, where one number
    is not enough.
    """
    names = ["n", "h", "w", *(["channels", "out_channels"] if layer.has_weights else ["c"])]
    smaller = in_shape
    while True:
        ways = [way for name in names if (way := _shrunk(layer, smaller, name))]
        if ways:
            _share, mended, fitting = max(ways, key=lambda way: way[0])
            before, after = asdict(layer) | asdict(in_shape), asdict(mended) | asdict(fitting)
            return {name: value for name, value in after.items() if value != before[name]}
        if (smaller.h, smaller.w) == (1, 1):
            return {}
        smaller = replace(smaller, n=1, h=-(-smaller.h // 2), w=-(-smaller.w // 2))


def _shrunk(layer: LayerSpec, in_shape: Input, name: str) -> tuple[float, LayerSpec, Input] | None:
    """The largest value of a number of `numbers_of` that is within the limits: the share of the present one
    that is left, and layer and input with it. None if there is none, or torch does not take it.
    """
    unit = layer.groups if "channels" in name else 1
    now = layer.out_channels if name == "out_channels" else asdict(in_shape)["c" if "c" in name else name]
    fit, beyond = 0, -(-now // unit)  # in units
    while beyond - fit > 1:
        middle = (fit + beyond) // 2
        if too_much(*with_value(layer, in_shape, name, middle * unit)):
            beyond = middle
        else:
            fit = middle
    changed = with_value(layer, in_shape, name, fit * unit)
    if not fit or set(problems(*changed)) - set(problems(layer, in_shape)):
        return None
    return fit * unit / now, *changed


def mend(layer: LayerSpec, in_shape: Input) -> LayerMend | None:
    """What is wrong with the first of the `problems`, and the changes that mend them all; None if it runs."""
    names = problems(layer, in_shape)
    if not names:
        return None
    fixed = layer
    if layer.has_weights:
        fixed = replace(fixed, in_channels=in_shape.c)
        common = math.gcd(fixed.in_channels, fixed.out_channels)
        groups = max(value for value in range(1, min(fixed.groups, common) + 1) if common % value == 0)
        fixed = replace(fixed, groups=groups)
        if fixed.padding == "same":
            fixed = replace(fixed, stride=(1, 1))
    for axis, size in enumerate((in_shape.h, in_shape.w)):
        fixed = _mended_axis(fixed, axis, size)
    changes = {f.name: getattr(fixed, f.name) for f in fields(LayerSpec)}
    changes = {name: value for name, value in changes.items() if value != getattr(layer, name)}
    meaning = _meaning(layer, in_shape, names[0])
    if refusal := too_much(fixed, in_shape):
        sentence = _("{problem} The change that fixes it makes the layer too large. {reason}")
        return LayerMend(sentence.format(problem=meaning, reason=refusal))
    return LayerMend(meaning, changes)


def _mended_axis(layer: LayerSpec, axis: int, size: int) -> LayerSpec:
    """`layer` with numbers along one axis that torch accepts for `size` rows or columns."""

    def put(name: str, value: int) -> LayerSpec:
        old = getattr(layer, name)
        pair: Any = (value, old[1]) if axis == 0 else (old[0], value)
        return replace(layer, **{name: pair})

    if layer.sliding.is_transposed:
        below = max(layer.stride[axis], layer.dilation[axis])
        if layer.output_padding[axis] >= below:
            layer = put("output_padding", below - 1)
        short = 1 - output_size(layer, size, axis)
        if short > 0 and not isinstance(layer.padding, str):  # each row of padding removes two rows
            layer = put("padding", layer.padding[axis] - -(-short // 2))
        return layer
    half_padded = layer.sliding.pads_half_a_kernel
    if half_padded:
        layer = put("padding", min(padding_numbers(layer)[axis], layer.kernel[axis] // 2))
    if layer.padding == "same":  # always as much as the kernel needs
        return layer
    lacking = reach(layer, axis) - size - _padded(layer, axis)
    if lacking <= 0:
        return layer
    if _takes_any_padding(layer):  # padding adds a row on both sides
        more = -(-lacking // 2) + _padded(layer, axis) // 2
        if more <= FIELDS["padding"].high:
            layer = replace(layer, padding=padding_numbers(layer))
            return put("padding", more)
    # without more padding the kernel must be smaller
    room = size + _padded(layer, axis)
    while reach(layer, axis) > room:
        layer = put("kernel", (room - 1) // layer.dilation[axis] + 1)
        if half_padded:
            layer = put("padding", min(padding_numbers(layer)[axis], layer.kernel[axis] // 2))
        room = size + _padded(layer, axis)
    return layer


def _takes_any_padding(layer: LayerSpec) -> bool:
    return "padding" in layer.entry.fields and not layer.sliding.pads_half_a_kernel


def _padded(layer: LayerSpec, axis: int) -> int:
    """Rows or columns of padding on both sides together, where the padding is not "same"."""
    return 2 * padding_numbers(layer)[axis]


def _meaning(layer: LayerSpec, in_shape: Input, problem: str) -> str:
    """What `problem` means, in plain words."""
    if problem in ("groups_in", "groups_out"):
        which = "in_channels" if problem == "groups_in" else "out_channels"
        sentence = _(
            "The groups share the channels evenly: groups = {groups} must divide both in_channels and "
            "out_channels, and it does not divide {name} = {channels}."
        )
        return sentence.format(groups=layer.groups, name=which, channels=getattr(layer, which))
    if problem == "same_stride":
        return _(
            'padding="same" promises an output as large as the input, but a stride over 1 makes it smaller. '
            "Use stride 1, or write the padding as numbers."
        )
    if problem == "channels":
        return _(
            "The kernels of this layer expect {expected} channels, but the input has {channels}. "
            "Set in_channels to {channels}, the second number of the input's shape."
        ).format(expected=layer.in_channels, channels=in_shape.c)
    if problem == "pool_padding":
        return _("The padding of a pool is at most half its kernel, or some windows would hold only padding.")
    if problem == "output_padding":
        return _(
            "output_padding chooses among the sizes that one stride (or dilation) allows, so it must be "
            "smaller than the stride or the dilation."
        )
    if problem == "empty":
        return _(
            "The padding of a ConvTranspose2d cuts rows and columns off the output, and nothing is left: "
            "use less padding."
        )
    sentence = _("The kernel covers {kernel} cells, but the input with its padding has only {cells}.")
    if layer.dilation != (1, 1):
        sentence = _(
            "The kernel covers {kernel} cells with its dilation, but the input with its padding has only "
            "{cells}."
        )
    sentence = sentence.format(
        kernel=f"{reach(layer, 0)} x {reach(layer, 1)}",
        cells=f"{in_shape.h + _padded(layer, 0)} x {in_shape.w + _padded(layer, 1)}",
    )
    more_padding, smaller = _("Use more padding or a smaller kernel."), _("Use a smaller kernel.")
    return sentences(sentence, more_padding if _takes_any_padding(layer) else smaller)
