"""One real layer of `torch.nn` run on a real tensor: its output, or torch's own error and what mends it."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import torch
from torch import nn

import checks
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
)
from models.layer_kinds import INPUT_FIELDS, LAYER_FIELDS, LAYER_KINDS

MOST = 100_000
"""Largest number that is looked at outside the page's own limits; memory and work bound the rest."""


@dataclass(frozen=True)
class LayerMend:
    """What an error means, and the change after which the layer runs."""

    sentence: str
    changes: dict[str, Any] = field(default_factory=dict)
    """New values by field of LayerSpec; empty if no change of the layer alone is small enough."""

    @property
    def advice(self) -> str:
        """`changes` as a sentence, such as "Set padding to (1, 1) and groups to 1."; "" if there are none."""
        steps = [f"{name} to {value}" for name, value in self.changes.items()]
        return f"Set {' and '.join(steps)}." if steps else ""


@dataclass(frozen=True)
class LayerRun:
    """One forward pass. `shape` and `seconds` when it worked, else `error` and `mend`, else `refused`.

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
    refused: str = ""
    """Why this page did not run it: memory or work."""


def _pair(value: Any, name: str, low: int, high: int) -> tuple[int, int]:
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            raise LayerError(f"{name} needs two numbers, for the height and for the width.")
        height, width = (checks.whole_number(number, name, low, high, LayerError) for number in value)
        return height, width
    return (checks.whole_number(value, name, low, high, LayerError),) * 2


def checked(values: Any, strict: bool = True) -> tuple[LayerSpec, Input]:
    """A layer and its input from a flat dict of anything with the fields of LayerSpec and Input as keys.

    A missing key gets the field's default, or its neutral value where the kind of layer lacks the number; a
    pair may be one number for both. `strict` holds all numbers within `limits`, otherwise up to `MOST`. torch
    may still refuse the combination. Raises LayerError.
    """
    if not isinstance(values, dict):
        raise LayerError("A layer is given as names and values, such as kernel: [3, 3].")
    names = [field.name for field in (*fields(LayerSpec), *fields(Input))]
    if any(name not in names for name in values):
        raise LayerError(f"A layer and its input have these numbers, and no others: {', '.join(names)}.")
    clean: dict[str, Any] = {}
    for name, value in values.items():
        if name == "kind":
            if not isinstance(value, str):
                raise LayerError("Choose a layer by its name, such as Conv2d.")
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
    given = Input(**{name: clean.pop(name) for name in INPUT_FIELDS if name in clean})
    entry = LAYER_KINDS.get(clean.get("kind", LayerSpec.kind))
    return LayerSpec(**{**(entry.neutral_pairs if entry else {}), **clean}), given


def arguments(layer: LayerSpec) -> dict[str, Any]:
    """What `layer` gives to the class of its kind in `torch.nn`, all of it, by name."""
    attributes = {field.label: key for key, field in LAYER_FIELDS.items()}
    return {
        argument.name: getattr(layer, attributes.get(argument.name, argument.name))
        if argument.constant is None
        else argument.constant
        for argument in layer.entry.arguments
    }


def build(layer: LayerSpec) -> nn.Module:
    """The real layer, float32 on the CPU. Raises what torch raises: ValueError or RuntimeError.

    Ask `too_much` first: this allocates the weights.
    """
    return getattr(nn, layer.kind)(**arguments(layer))


def run(layer: LayerSpec, given: Input, seed: int = 0) -> LayerRun:
    """Run `layer` on a float32 `torch.randn` of the input's shape, drawn from `seed` (0 to 2**31 - 1).

    Raises LayerError for numbers that are none. A combination that torch refuses comes back with torch's
    error, one over the page's limits with `refused`.
    """
    layer, given = checked({**asdict(layer), **asdict(given)}, strict=False)
    seed = checks.whole_number(seed, "seed", 0, 2**31 - 1, LayerError)
    refused = too_much(layer, given)
    if refused:
        return LayerRun(refused=refused)
    # a generator of its own: other threads of the page draw from torch's global one at the same time
    generator = torch.Generator().manual_seed(seed)
    try:
        with torch.inference_mode():
            module = build(layer)
            x = torch.randn(given.shape, generator=generator)  # (N, C, H, W)
            start = time.perf_counter()
            y = module(x)  # (N, C_out, H_out, W_out)
            seconds = time.perf_counter() - start
    except (ValueError, RuntimeError) as error:
        return LayerRun(error=f"{type(error).__name__}: {error}", mend=mend(layer, given))
    shapes = {name: tuple(value.shape) for name, value in module.named_parameters()}
    return LayerRun(
        shape=tuple(y.shape),
        weight_shape=shapes.get("weight", ()),
        bias_shape=shapes.get("bias", ()),
        parameters=sum(value.numel() for value in module.parameters()),
        seconds=seconds,
        mend=mend(layer, given),
    )


def mend(layer: LayerSpec, given: Input) -> LayerMend | None:
    """What is wrong with the first of the `problems`, and the changes that mend them all; None if it runs."""
    wrong = problems(layer, given)
    if not wrong:
        return None
    fixed = layer
    if layer.has_weights:
        fixed = replace(fixed, in_channels=given.c)
        common = math.gcd(fixed.in_channels, fixed.out_channels)
        groups = max(value for value in range(1, min(fixed.groups, common) + 1) if common % value == 0)
        fixed = replace(fixed, groups=groups)
        if fixed.padding == "same":
            fixed = replace(fixed, stride=(1, 1))
    for axis, size in enumerate((given.h, given.w)):
        fixed = _mended_axis(fixed, axis, size)
    changes = {f.name: getattr(fixed, f.name) for f in fields(LayerSpec)}
    changes = {name: value for name, value in changes.items() if value != getattr(layer, name)}
    limit = too_much(fixed, given)
    if limit:
        return LayerMend(f"{_meaning(layer, given, wrong[0])} But then the layer is too large. {limit}")
    return LayerMend(_meaning(layer, given, wrong[0]), changes)


def _mended_axis(layer: LayerSpec, axis: int, size: int) -> LayerSpec:
    """`layer` with numbers for one axis that torch accepts for `size` rows or columns."""

    def put(name: str, value: int) -> LayerSpec:
        old = getattr(layer, name)
        pair: Any = (value, old[1]) if axis == 0 else (old[0], value)
        return replace(layer, **{name: pair})

    if layer.sliding.is_transposed:
        below = max(layer.stride[axis], layer.dilation[axis])
        if layer.output_padding[axis] >= below:
            layer = put("output_padding", below - 1)
        short = 1 - output_size(layer, size, axis)
        if short > 0 and not isinstance(layer.padding, str):  # each row of padding takes two rows away
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
    # without more padding the kernel must reach less far
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


def _meaning(layer: LayerSpec, given: Input, problem: str) -> str:
    """What `problem` means, in plain words."""
    if problem in ("groups_in", "groups_out"):
        which = "in_channels" if problem == "groups_in" else "out_channels"
        return (
            f"The channels are shared out evenly among the groups: {layer.groups} groups must divide both "
            f"in_channels and out_channels, and {which} = {getattr(layer, which)} is left with a rest."
        )
    if problem == "same_stride":
        return (
            'padding="same" promises an output as large as the input, but a stride over 1 makes it smaller. '
            "Use stride 1, or give the padding as numbers."
        )
    if problem == "channels":
        return (
            f"The kernels of this layer expect {layer.in_channels} channels, but the input has {given.c}. "
            f"Set in_channels to {given.c}, which is the second number of the input's shape."
        )
    if problem == "pool_padding":
        return "A pool may be padded by at most half its kernel, or some windows would hold padding alone."
    if problem == "output_padding":
        return (
            "output_padding chooses between the sizes that one stride (or dilation) allows, so it must be "
            "smaller than the stride or than the dilation."
        )
    if problem == "empty":
        return (
            "Padding of a ConvTranspose2d cuts rows and columns off the output, and here nothing is left. "
            "Use less padding."
        )
    tall, wide = reach(layer, 0), reach(layer, 1)
    return (
        f"The kernel covers {tall} x {wide} cells{_spread(layer)}, but the input with its padding has only "
        f"{given.h + _padded(layer, 0)} x {given.w + _padded(layer, 1)}. "
        f"Use {'more padding or a smaller kernel' if _takes_any_padding(layer) else 'a smaller kernel'}."
    )


def _spread(layer: LayerSpec) -> str:
    return "" if layer.dilation == (1, 1) else " with its dilation"
