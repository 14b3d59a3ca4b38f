"""What PyTorch's exception means for a stack of layers, and a changed stack that gets past it.

Each mend is tried before it is offered: the first change that brings the batch further is the one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from models import arithmetic, layer_run
from models.stack import Stop, Table, rows
from models.stack_layers import Fork, Layer, Path, Stack, StackError, layer_of

POOLS = ("MaxPool2d", "AvgPool2d")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Mend:
    """What is wrong, and a stack that gets past it if there is one within the limits."""

    meaning: str
    """PyTorch's exception in plain sentences."""
    change: str
    """What the mended stack changes, as "in_features=3136" or a sentence; "" without one."""
    stack: Stack | None


def mend(table: Table) -> Mend:
    """For a table that has a `stop`. Its stack may stop again later on, for another reason."""
    stop = table.stop
    assert stop is not None, "a stack that runs needs no mend"
    item = table.stack.at(stop.path)
    if isinstance(item, Layer):
        meaning, candidates = _of_layer(table.stack, stop, item)
    else:
        meaning, candidates = _of_join(table, stop, item)
    left = _left(table.stack, stop)
    for change, stack in candidates:
        try:
            again = rows(stack, table.input_shape)
        except StackError:  # beyond the limits
            continue
        if again.stop is None or _left(again.stack, again.stop) < left:
            return Mend(meaning, change, stack)
    return Mend(meaning, "", None)


def _left(stack: Stack, stop: Stop) -> int:
    """How many layers did not run; a join that fails comes after all layers of its branches."""
    path = stop.path if len(stop.path) > 1 or isinstance(stack.at(stop.path), Layer) else (*stop.path, 9, 9)
    joins = [(position, 9, 9) for position, item in enumerate(stack.items) if isinstance(item, Fork)]
    return sum(other >= path for other in [other for other, _ in stack.layers()] + joins)


_Candidates = Iterator[tuple[str, Stack]]


def _said(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"


def _of_layer(stack: Stack, stop: Stop, layer: Layer) -> tuple[str, _Candidates]:
    shape = stop.inputs[0] if stop.inputs else ()
    if layer.kind == "Linear":
        return _linear(stack, stop, layer, shape)
    if len(shape) != 4:
        meaning = (
            f"{layer.kind} works on feature maps, (N, C, H, W), and gets {_said(shape)}: a Flatten or "
            "Linear before it has put the numbers of each picture in a row, without a place in the picture."
        )
        return meaning, _without_flatten(stack, stop.path, layer)
    if layer.kind == "BatchNorm2d":
        meaning = (
            f"The feature maps {_said(shape)} have {shape[1]} channels, and this layer keeps a mean and "
            f"a variance for {layer['num_features']}. num_features is the number of channels, not the batch "
            "size."
        )
        values = {"num_features": shape[1]}
    else:
        meaning, values = _sliding(layer, shape)
    return meaning, _with(stack, stop.path, layer, values)


def _with(stack: Stack, path: Path, layer: Layer, values: dict[str, Any]) -> _Candidates:
    """The layer with other arguments, or the stack without it."""
    values = {name: value for name, value in values.items() if value != layer[name]}
    if values:
        change = ", ".join(f"{name}={value}" for name, value in values.items())
        with suppress(StackError):  # out of range
            yield change, stack.spliced(path, layer.changed(**values))
    yield f"Take the {layer.kind} out.", stack.spliced(path)


def _linear(stack: Stack, stop: Stop, layer: Layer, shape: Shape) -> tuple[str, _Candidates]:
    if len(shape) == 4:
        features = shape[1] * shape[2] * shape[3]
        meaning = (
            f"Linear multiplies the last dimension of {_said(shape)}, {shape[-1]} numbers, with weights for "
            f"{layer['in_features']}. The feature maps have not been put in a row yet: that is what Flatten "
            f"does, and {shape[1]} · {shape[2]} · {shape[3]} = {features} numbers come out of it."
        )
        change = f"Put a Flatten before it, and in_features={features}."

        def flattened() -> _Candidates:
            with suppress(StackError):  # out of range
                linear = layer.changed(in_features=features)
                yield change, stack.spliced(stop.path, layer_of("Flatten"), linear)
            yield from _with(stack, stop.path, layer, {})

        return meaning, flattened()
    meaning = (
        f"Each picture comes as {shape[-1]} numbers, and this layer has weights for {layer['in_features']}: "
        "in_features must be how many come."
    )
    return meaning, _with(stack, stop.path, layer, {"in_features": shape[-1]})


def _without_flatten(stack: Stack, path: Path, layer: Layer) -> _Candidates:
    """The Flatten moved behind the layer, or the layer taken out."""
    first = path[0]
    before = [p for p, other in stack.layers() if other.kind == "Flatten" and len(p) == 1 and p < path]
    if len(path) == 1 and before:
        position = before[-1][0]
        items = list(stack.items)
        flatten = items.pop(position)
        for values in ({}, {"in_channels": None} if layer.kind == "Conv2d" else {"num_features": None}):
            if values and layer.kind not in ("Conv2d", "BatchNorm2d"):
                continue
            moved = [*items[: first - 1], layer.changed(**values), flatten, *items[first:]]
            yield f"Put the Flatten behind this {layer.kind}.", Stack(tuple(moved))
    yield f"Take the {layer.kind} out.", stack.spliced(path)


def _sliding(layer: Layer, shape: Shape) -> tuple[str, dict[str, Any]]:
    """A convolution or pool on feature maps: what is wrong with it, and the arguments that mend it."""
    one = dict(layer.params)
    pairs = {"kernel": one["kernel_size"], "stride": one["stride"] or one["kernel_size"]}
    pairs |= {"padding": one["padding"], "dilation": one.get("dilation", 1)}
    values: dict[str, Any] = {name: (value, value) for name, value in pairs.items()}
    values |= {name: one[name] for name in ("in_channels", "out_channels", "groups", "bias") if name in one}
    n, c, h, w = shape
    found = layer_run.mend(arithmetic.Layer(kind=layer.kind, **values), arithmetic.Input(n, c, h, w))
    if found is None:
        return f"{layer.kind} cannot work on {_said(shape)}.", {}
    changes = dict(found.changes)
    if "kernel" in changes:  # here one number stands for both axes
        changes["kernel_size"] = min(changes.pop("kernel"))
    if "padding" in changes:
        kernel = changes.get("kernel_size", one["kernel_size"])
        changes["padding"] = (
            min(max(changes["padding"]), kernel // 2) if layer.kind in POOLS else max(changes["padding"])
        )
    if layer.kind in POOLS and changes.get("kernel_size") == 1:  # a pool that pools nothing
        changes = {}
    return found.sentence, changes


def _of_join(table: Table, stop: Stop, fork: Fork) -> tuple[str, _Candidates]:
    shapes = " and ".join(_said(shape) for shape in stop.inputs)
    if fork.join == "cat":
        meaning = (
            f"torch.cat puts the maps of all branches one behind the other along the channels, so everything "
            f"but the channels must be the same. The branches give {shapes}."
        )
    else:
        meaning = (
            "x + y adds number to number, so both need the same shape, channels included. The branches give "
            f"{shapes}."
        )
    return meaning, _joins(table, stop, fork)


def _joins(table: Table, stop: Stop, fork: Fork) -> _Candidates:
    """Branches that keep H and W, with projections and channels that fit where they are added."""
    stack, path = table.stack, stop.path
    ways = [
        ("", fork),
        ("A padding that keeps H and W", _keeping(fork, strides=False)),
        ("Strides of 1 and a padding that keep H and W", _keeping(fork, strides=True)),
        ("No Flatten in the branches", _of_kind_out(fork, "Flatten")),
    ]
    if fork.join == "cat":
        for change, changed in ways[1:]:
            yield f"{change}.", stack.spliced(path, changed)
    else:
        given = _given(table, stop)
        for change, changed in ways:
            start = f"{change}, and a" if change else "A"
            yield f"{change}.", stack.spliced(path, changed)
            projected = _projected(changed, given, stop)
            yield (
                f"{start} 1x1 convolution on the way around, with the same channels and stride.",
                stack.spliced(path, projected),
            )
            for channels in dict.fromkeys(shape[1] for shape in (*stop.inputs, given)):
                start = f"{change}, and out_channels" if change else "out_channels"
                yield (
                    f"{start}={channels} at the end of each branch.",
                    stack.spliced(path, _ending(changed, channels)),
                )
    yield "Take the Branches out.", stack.spliced(path)


def _given(table: Table, stop: Stop) -> Shape:
    """The shape that the branches get."""
    before = [row.record.output for row in table.rows if row.path[0] < stop.path[0]]
    return before[-1] if before else table.input_shape


def _mapped(fork: Fork, change: Any) -> Fork:
    return replace(fork, branches=tuple(tuple(change(layer) for layer in branch) for branch in fork.branches))


def _keeping(fork: Fork, strides: bool) -> Fork:
    def change(layer: Layer) -> Layer:
        if layer.kind not in ("Conv2d", *POOLS):
            return layer
        stride = layer["stride"] if layer["stride"] is not None else layer["kernel_size"]
        if stride != 1 and not strides:
            return layer
        kernel = layer["kernel_size"] - (layer["kernel_size"] % 2 == 0)  # an even one cannot keep the size
        dilation = dict(layer.params).get("dilation", 1)
        return layer.changed(kernel_size=kernel, stride=1, padding=min(dilation * (kernel // 2), 32))

    return _mapped(fork, change)


def _of_kind_out(fork: Fork, kind: str) -> Fork:
    return replace(
        fork, branches=tuple(tuple(one for one in branch if one.kind != kind) for branch in fork.branches)
    )


def _projected(fork: Fork, given: Shape, stop: Stop) -> Fork:
    """A 1x1 convolution in each branch without layers, to the shape that the others give."""
    target = next((shape for shape in stop.inputs if shape != given), given)
    if len(target) != 4 or len(given) != 4:
        return fork
    convs = [layer for branch in fork.branches for layer in branch if layer.kind == "Conv2d"]
    sliding = [layer for branch in fork.branches for layer in branch if "stride" in dict(layer.params)]
    strides = [layer["stride"] or layer["kernel_size"] for layer in sliding]
    stride = max(1, min(16, round(given[2] / target[2]))) if any(one > 1 for one in strides) else 1
    out_channels = convs[-1]["out_channels"] if convs else min(target[1], 2048)
    one = layer_of("Conv2d", out_channels=out_channels, kernel_size=1, stride=stride)
    return replace(fork, branches=tuple(branch or (one,) for branch in fork.branches))


def _ending(fork: Fork, channels: int) -> Fork:
    """Each branch's last convolution with that many output channels, and what follows it with as many."""
    branches = []
    for branch in fork.branches:
        found = list(branch)
        last = max((n for n, layer in enumerate(found) if layer.kind == "Conv2d"), default=None)
        if last is not None and channels <= 2048 and channels % found[last]["groups"] == 0:
            found[last] = found[last].changed(out_channels=channels)
            for n in range(last + 1, len(found)):
                if found[n].kind == "BatchNorm2d":
                    found[n] = found[n].changed(num_features=channels)
        branches.append(tuple(found))
    return replace(fork, branches=tuple(branches))
