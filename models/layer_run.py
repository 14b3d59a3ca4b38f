"""One real layer of `torch.nn` run on a real tensor: its output, or torch's own error and what mends it."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import torch
from torch import nn

from models.arithmetic import (
    LIMITS,
    PAIRS,
    WORDS,
    Input,
    Layer,
    LayerError,
    output_size,
    problems,
    reach,
    too_much,
)

MOST = 100_000
"""Largest number that is looked at outside the page's own limits; memory and work bound the rest."""


@dataclass(frozen=True)
class Mend:
    """What an error means, and the change after which the layer runs."""

    sentence: str
    changes: dict[str, Any] = field(default_factory=dict)
    """Fields of the Layer with their new values; empty if no change of the layer alone is small enough."""

    @property
    def advice(self) -> str:
        """`changes` as a sentence, such as "Set padding to (1, 1) and groups to 1."; "" if there are none."""
        steps = [f"{name} to {value}" for name, value in self.changes.items()]
        return f"Set {' and '.join(steps)}." if steps else ""


@dataclass(frozen=True)
class Run:
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
    mend: Mend | None = None
    refused: str = ""
    """Why this page did not run it: memory or work."""


def _whole(value: Any, name: str, low: int, high: int) -> int:
    said = f"{name} must be a whole number from {low} to {high}."
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise LayerError(said)
    if isinstance(value, float) and not (math.isfinite(value) and value == int(value)):
        raise LayerError(said)
    if not low <= value <= high:
        raise LayerError(said)
    return int(value)


def _pair(value: Any, name: str, low: int, high: int) -> tuple[int, int]:
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            raise LayerError(f"{name} needs two numbers, for the height and for the width.")
        return _whole(value[0], name, low, high), _whole(value[1], name, low, high)
    return (_whole(value, name, low, high),) * 2


def checked(values: Any, strict: bool = True) -> tuple[Layer, Input]:
    """A layer and its input from a flat dict of anything with the fields of Layer and Input as keys.

    A missing key gets the field's default; a pair may be one number for both. `strict` holds all numbers
    within `LIMITS`, otherwise up to `MOST`. torch may still refuse the combination. Raises LayerError.
    """
    if not isinstance(values, dict):
        raise LayerError("A layer is given as names and values, such as kernel: [3, 3].")
    of_layer, of_input = {f.name for f in fields(Layer)}, {f.name for f in fields(Input)}
    if any(name not in of_layer | of_input for name in values):
        known = ", ".join([f.name for f in (*fields(Layer), *fields(Input))])
        raise LayerError(f"A layer and its input have these numbers, and no others: {known}.")
    clean: dict[str, Any] = {}
    for name, value in values.items():
        if name == "kind":
            if not isinstance(value, str):
                raise LayerError("Choose a layer by its name, such as Conv2d.")
            clean[name] = value
        elif name == "bias":
            if not isinstance(value, bool):
                raise LayerError("bias must be true or false.")
            clean[name] = value
        elif name == "padding" and isinstance(value, str):
            if value not in WORDS:
                raise LayerError('The padding of a Conv2d is two numbers, "same" or "valid".')
            clean[name] = value
        else:
            low, high = LIMITS[name]
            high = high if strict else MOST
            clean[name] = (_pair if name in PAIRS else _whole)(value, name, low, high)
    layer = Layer(**{name: value for name, value in clean.items() if name in of_layer})
    return layer, Input(**{name: value for name, value in clean.items() if name in of_input})


def arguments(layer: Layer) -> dict[str, Any]:
    """What `layer` gives to the class of its kind in `torch.nn`, all of it, by name."""
    given: dict[str, Any] = {} if layer.pools else {"in_channels": layer.in_channels}
    if not layer.pools:
        given["out_channels"] = layer.out_channels
    given |= {"kernel_size": layer.kernel, "stride": layer.stride, "padding": layer.padding}
    if layer.kind != "AvgPool2d":
        given["dilation"] = layer.dilation
    if layer.kind == "ConvTranspose2d":
        given["output_padding"] = layer.output_padding
    return given if layer.pools else {**given, "groups": layer.groups, "bias": layer.bias}


def build(layer: Layer) -> nn.Module:
    """The real layer, float32 on the CPU. Raises what torch raises: ValueError or RuntimeError.

    Ask `too_much` first: this allocates the weights.
    """
    return getattr(nn, layer.kind)(**arguments(layer))


def run(layer: Layer, given: Input, seed: int = 0) -> Run:
    """Run `layer` on a float32 `torch.randn` of the input's shape, drawn from `seed` (0 to 2**31 - 1).

    Raises LayerError for numbers that are none; a combination that torch refuses comes back as a Run with
    torch's error, one over the page's limits as a Run with `refused`.
    """
    layer, given = checked({**asdict(layer), **asdict(given)}, strict=False)
    seed = _whole(seed, "seed", 0, 2**31 - 1)
    refused = too_much(layer, given)
    if refused:
        return Run(refused=refused)
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
        return Run(error=f"{type(error).__name__}: {error}", mend=mend(layer, given))
    shapes = {name: tuple(value.shape) for name, value in module.named_parameters()}
    return Run(
        shape=tuple(y.shape),
        weight_shape=shapes.get("weight", ()),
        bias_shape=shapes.get("bias", ()),
        parameters=sum(value.numel() for value in module.parameters()),
        seconds=seconds,
        mend=mend(layer, given),
    )


def mend(layer: Layer, given: Input) -> Mend | None:
    """What is wrong with the first of the `problems`, and the changes that mend them all; None if it runs."""
    wrong = problems(layer, given)
    if not wrong:
        return None
    fixed = layer
    if not layer.pools:
        fixed = replace(fixed, in_channels=given.c)
        common = math.gcd(fixed.in_channels, fixed.out_channels)
        groups = max(value for value in range(1, min(fixed.groups, common) + 1) if common % value == 0)
        fixed = replace(fixed, groups=groups)
        if fixed.padding == "same":
            fixed = replace(fixed, stride=(1, 1))
    for axis, size in enumerate((given.h, given.w)):
        fixed = _mended_axis(fixed, axis, size)
    changes = {f.name: getattr(fixed, f.name) for f in fields(Layer)}
    changes = {name: value for name, value in changes.items() if value != getattr(layer, name)}
    limit = too_much(fixed, given)
    if limit:
        return Mend(f"{_meaning(layer, given, wrong[0])} But then the layer is too large. {limit}")
    return Mend(_meaning(layer, given, wrong[0]), changes)


def _mended_axis(layer: Layer, axis: int, size: int) -> Layer:
    """`layer` with numbers for one axis that torch accepts for `size` rows or columns."""

    def put(name: str, value: int) -> Layer:
        old = getattr(layer, name)
        pair: Any = (value, old[1]) if axis == 0 else (old[0], value)
        return replace(layer, **{name: pair})

    if layer.kind == "ConvTranspose2d":
        below = max(layer.stride[axis], layer.dilation[axis])
        if layer.output_padding[axis] >= below:
            layer = put("output_padding", below - 1)
        short = 1 - output_size(layer, size, axis)
        if short > 0 and not isinstance(layer.padding, str):  # each row of padding takes two rows away
            layer = put("padding", layer.padding[axis] - -(-short // 2))
        return layer
    if layer.pools and not isinstance(layer.padding, str):
        layer = put("padding", min(layer.padding[axis], layer.kernel[axis] // 2))
    if layer.padding == "same":  # always as much as the kernel needs
        return layer
    lacking = reach(layer, axis) - size - _padded(layer, axis)
    if lacking <= 0:
        return layer
    if not layer.pools:  # padding adds a row on both sides
        more = -(-lacking // 2) + _padded(layer, axis) // 2
        if more <= LIMITS["padding"][1]:
            padding = (0, 0) if isinstance(layer.padding, str) else layer.padding
            layer = replace(layer, padding=padding)
            return put("padding", more)
    # a pool cannot be padded by more than half its kernel: its kernel must reach less far
    room = size + _padded(layer, axis)
    while reach(layer, axis) > room:
        layer = put("kernel", (room - 1) // layer.dilation[axis] + 1)
        if layer.pools and not isinstance(layer.padding, str):
            layer = put("padding", min(layer.padding[axis], layer.kernel[axis] // 2))
        room = size + _padded(layer, axis)
    return layer


def _padded(layer: Layer, axis: int) -> int:
    """Rows or columns of padding on both sides together, where the padding is not "same"."""
    return 0 if isinstance(layer.padding, str) else 2 * layer.padding[axis]


def _meaning(layer: Layer, given: Input, problem: str) -> str:
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
        f"Use {'a smaller kernel' if layer.pools else 'more padding or a smaller kernel'}."
    )


def _spread(layer: Layer) -> str:
    return "" if layer.dilation == (1, 1) else " with its dilation"
