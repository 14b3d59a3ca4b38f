"""What PyTorch's exception means for a stack of layers, and a changed stack that gets past it.

Each mend is tried before it is offered: the first change that brings the batch further is the one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from language import _, sentences
from models import arithmetic, layer_run
from models.layer_fields import LAYER_FIELDS
from models.stack import Stop, Table, rows
from models.stack_layers import Fork, Path, Stack, StackError, StackLayer, layer_of

FLATTEN = layer_of("Flatten")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class StackChange:
    """A changed stack that may get past the layer that stopped."""

    sentence: str
    """What it changes: "in_features=3136" or a sentence."""
    stack: Stack
    arguments: tuple[str, ...] = ()
    """The arguments that the change sets on purpose: the input no longer decides them."""


@dataclass(frozen=True)
class StackMend:
    """What is wrong, and a stack that gets past it if there is one within the limits."""

    meaning: str
    """PyTorch's exception in plain sentences."""
    change: StackChange | None


def mend(table: Table) -> StackMend:
    """For a table that has a `stop`. The mended stack may stop again later on, for another reason."""
    stop = table.stop
    assert stop is not None, "a stack that runs needs no mend"
    item = table.stack.at(stop.path)
    if isinstance(item, StackLayer):
        meaning, changes = _of_layer(table.stack, stop, item)
    else:
        meaning, changes = _of_join(table, stop, item)
    for change in changes:
        try:
            again = rows(change.stack, table.input_shape)
        except StackError:  # beyond the limits
            continue
        if again.stop is None or _is_further(again.stack, again.stop, table.stack, stop):
            return StackMend(meaning, change)
    return StackMend(meaning, None)


def _is_further(stack: Stack, stop: Stop, before: Stack, earlier: Stop) -> bool:
    """Whether the `stop` of a changed stack comes after the `earlier` one."""
    if earlier.in_constructor and not stop.in_constructor:
        return True  # now all layers are built
    return _left(stack, stop) < _left(before, earlier)


def _left(stack: Stack, stop: Stop) -> int:
    """How many layers did not run; a join that fails comes after all layers of its branches."""
    path = (
        stop.path if len(stop.path) > 1 or isinstance(stack.at(stop.path), StackLayer) else (*stop.path, 9, 9)
    )
    joins = [(position, 9, 9) for position, item in enumerate(stack.items) if isinstance(item, Fork)]
    return sum(place >= path for place in [*dict(stack.layers()), *joins])


_Changes = Iterator[StackChange]


def _text(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"


def _of_layer(stack: Stack, stop: Stop, layer: StackLayer) -> tuple[str, _Changes]:
    if stop.in_constructor and not stop.inputs:
        # whatever reaches it: a small input keeps the limits out of it
        meaning, values = _sliding(layer.changed(kernel_size=1, padding=0), (1, layer["in_channels"], 1, 1))
        return meaning, _with(stack, stop.path, layer, values)
    shape = stop.inputs[0] if stop.inputs else ()
    if layer.entry.features:
        return _linear(stack, stop, layer, shape)
    if len(shape) != 4:
        meaning = _(
            "{layer} works on feature maps, (N, C, H, W), but it gets {shape}: a Flatten or Linear before it "
            "has put the numbers of each picture in a row, where they no longer have a place in the picture."
        ).format(layer=layer.kind, shape=_text(shape))
        return meaning, _without_flatten(stack, stop.path, layer)
    if layer.entry.sliding:
        meaning, values = _sliding(layer, shape)
    elif layer.entry.channels:
        name = layer.entry.channels
        meaning = _(
            "The feature maps {shape} have {channels} channels, but this layer keeps a mean and a variance "
            "for {expected}. {name} is the number of channels, not the batch size."
        ).format(shape=_text(shape), channels=shape[1], expected=layer[name], name=name)
        values = {name: shape[1]}
    else:
        meaning, values = _cannot_work(layer, shape), {}
    return meaning, _with(stack, stop.path, layer, values)


def _cannot_work(layer: StackLayer, shape: Shape) -> str:
    return _("{layer} cannot work on {shape}.").format(layer=layer.kind, shape=_text(shape))


def _taken_out(stack: Stack, path: Path, kind: str) -> StackChange:
    return StackChange(_("Take the {layer} out.").format(layer=kind), stack.spliced(path))


def _with(stack: Stack, path: Path, layer: StackLayer, values: dict[str, Any]) -> _Changes:
    """The layer with other arguments, or the stack without it."""
    values = {name: value for name, value in values.items() if value != layer[name]}
    if values:
        sentence = ", ".join(f"{name}={value}" for name, value in values.items())
        with suppress(StackError):  # out of range
            yield StackChange(sentence, stack.spliced(path, layer.changed(**values)), tuple(values))
    yield _taken_out(stack, path, layer.kind)


def _linear(stack: Stack, stop: Stop, layer: StackLayer, shape: Shape) -> tuple[str, _Changes]:
    name = layer.entry.features
    if len(shape) == 4:
        features = shape[1] * shape[2] * shape[3]
        meaning = _(
            "{layer} multiplies the last dimension of {shape}, {count} numbers, by weights for {expected}. "
            "The feature maps have not been put in a row yet: Flatten does that, and {sizes} = {features} "
            "numbers come out of it."
        ).format(
            layer=layer.kind,
            shape=_text(shape),
            count=shape[-1],
            expected=layer[name],
            sizes=" · ".join(map(str, shape[1:])),
            features=features,
        )
        sentence = _("Put a Flatten before it, and {argument}.").format(argument=f"{name}={features}")

        def flattened() -> _Changes:
            with suppress(StackError):  # out of range
                changed = layer.changed(**{name: features})
                yield StackChange(sentence, stack.spliced(stop.path, FLATTEN, changed), (name,))
            yield from _with(stack, stop.path, layer, {})

        return meaning, flattened()
    meaning = _(
        "Each picture comes as {count} numbers, but this layer has weights for {expected}: {name} must be "
        "{count}."
    ).format(count=shape[-1], expected=layer[name], name=name)
    return meaning, _with(stack, stop.path, layer, {name: shape[-1]})


def _without_flatten(stack: Stack, path: Path, layer: StackLayer) -> _Changes:
    """The Flatten moved behind the layer, or the layer taken out."""
    first = path[0]
    before = [p for p, other in stack.layers() if other == FLATTEN and len(p) == 1 and p < path]
    if len(path) == 1 and before:
        items = list(stack.items)
        flatten = items.pop(before[-1][0])
        sentence = _("Move the Flatten behind this {layer}.").format(layer=layer.kind)
        ways: list[dict[str, Any]] = [{}, {layer.entry.channels: None}] if layer.entry.channels else [{}]
        for values in ways:
            moved = [*items[: first - 1], layer.changed(**values), flatten, *items[first:]]
            yield StackChange(sentence, Stack(tuple(moved)))
    yield _taken_out(stack, path, layer.kind)


def _sliding(layer: StackLayer, shape: Shape) -> tuple[str, dict[str, Any]]:
    """For a layer with a window on feature maps: what is wrong with it, and the arguments that mend it."""
    params = dict(layer.params)
    for argument in layer.entry.stack_arguments:
        if argument.same_as and params[argument.name] is None:
            params[argument.name] = params[argument.same_as]
    values: dict[str, Any] = {"bias": params["bias"]} if "bias" in params else {}
    for key, field in LAYER_FIELDS.items():
        if field.label in params:
            values[key] = (params[field.label],) * 2 if field.is_pair else params[field.label]
    n, c, h, w = shape
    advice = layer_run.mend(arithmetic.LayerSpec(kind=layer.kind, **values), arithmetic.Input(n, c, h, w))
    if advice is None:
        return _cannot_work(layer, shape), {}
    half_padded = bool(layer.entry.sliding and layer.entry.sliding.pads_half_a_kernel)
    changes = dict(advice.changes)
    if "kernel" in changes:  # here one number stands for both axes
        changes["kernel_size"] = min(changes.pop("kernel"))
    if "padding" in changes:
        changes["padding"] = max(changes["padding"])
        if half_padded:
            changes["padding"] = min(
                changes["padding"], changes.get("kernel_size", params["kernel_size"]) // 2
            )
    if changes.get("kernel_size") == 1 and not _has_weights(layer):  # a pool that pools nothing
        changes = {}
    return advice.sentence, changes


def _has_weights(layer: StackLayer) -> bool:
    """Whether it is a convolution."""
    return bool(layer.entry.sliding and layer.entry.sliding.weights)


def _of_join(table: Table, stop: Stop, fork: Fork) -> tuple[str, _Changes]:
    sentence = _(
        "x + y adds number to number, so both need the same shape, channels included. "
        "The branches give {shapes}."
    )
    if fork.join == "cat":
        sentence = _(
            "torch.cat puts the maps of all branches one behind the other along the channels, so everything "
            "but the channels must be the same. The branches give {shapes}."
        )
    shapes = ", ".join(_text(shape) for shape in stop.inputs)
    return sentence.format(shapes=shapes), _joins(table, stop, fork)


def _joins(table: Table, stop: Stop, fork: Fork) -> _Changes:
    """Branches that keep H and W and, where they are added, projections and channels that fit."""
    stack, path = table.stack, stop.path
    ways = [
        ("", fork),
        (_("Use a padding that keeps H and W."), _keeping(fork, strides=False)),
        (_("Use strides of 1 and a padding that keeps H and W."), _keeping(fork, strides=True)),
        (_("Leave Flatten out of the branches."), _without(fork, FLATTEN)),
    ]
    if fork.join == "cat":
        for sentence, changed in ways[1:]:
            yield StackChange(sentence, stack.spliced(path, changed))
    else:
        in_shape = _input_of(table, stop)
        projection = _("Put a 1x1 convolution on the way around, with the same channels and stride.")
        ending = _("Give each branch out_channels={channels} at its end.")
        for sentence, changed in ways:
            if sentence:
                yield StackChange(sentence, stack.spliced(path, changed))
            yield StackChange(
                sentences(sentence, projection), stack.spliced(path, _projected(changed, in_shape, stop))
            )
            for channels in dict.fromkeys(shape[1] for shape in (*stop.inputs, in_shape)):
                yield StackChange(
                    sentences(sentence, ending.format(channels=channels)),
                    stack.spliced(path, _ending(changed, channels)),
                )
    yield _taken_out(stack, path, "Branches")


def _input_of(table: Table, stop: Stop) -> Shape:
    """The shape of what goes into the branches."""
    before = [row.record.output for row in table.rows if row.path[0] < stop.path[0]]
    return before[-1] if before else table.input_shape


def _mapped(fork: Fork, change: Callable[[StackLayer], StackLayer]) -> Fork:
    return replace(fork, branches=tuple(tuple(map(change, branch)) for branch in fork.branches))


def _keeping(fork: Fork, strides: bool) -> Fork:
    def change(layer: StackLayer) -> StackLayer:
        params = dict(layer.params)
        if not {"kernel_size", "stride", "padding"} <= set(params):
            return layer
        stride = params["stride"] if params["stride"] is not None else params["kernel_size"]
        if stride != 1 and not strides:
            return layer
        kernel = params["kernel_size"] - (params["kernel_size"] % 2 == 0)  # an even one cannot keep the size
        padding = params.get("dilation", 1) * (kernel // 2)
        return layer.changed(kernel_size=kernel, stride=1, padding=min(padding, 32))

    return _mapped(fork, change)


def _without(fork: Fork, layer: StackLayer) -> Fork:
    branches = (tuple(other for other in branch if other != layer) for branch in fork.branches)
    return replace(fork, branches=tuple(branches))


def _projected(fork: Fork, in_shape: Shape, stop: Stop) -> Fork:
    """With a 1x1 convolution in each branch without layers, to the shape that the others have."""
    target = next((shape for shape in stop.inputs if shape != in_shape), in_shape)
    if len(target) != 4 or len(in_shape) != 4:
        return fork
    layers = [layer for branch in fork.branches for layer in branch]
    convolutions = [layer for layer in layers if _has_weights(layer)]
    strides = [layer["stride"] or layer["kernel_size"] for layer in layers if "stride" in dict(layer.params)]
    stride = max(1, min(16, round(in_shape[2] / target[2]))) if any(step > 1 for step in strides) else 1
    out_channels = convolutions[-1]["out_channels"] if convolutions else min(target[1], 2048)
    projection = layer_of("Conv2d", out_channels=out_channels, kernel_size=1, stride=stride)
    return replace(fork, branches=tuple(branch or (projection,) for branch in fork.branches))


def _ending(fork: Fork, channels: int) -> Fork:
    """With that many output channels in the last convolution of each branch and in what follows it."""
    branches = []
    for branch in fork.branches:
        layers = list(branch)
        last = max((n for n, layer in enumerate(layers) if _has_weights(layer)), default=None)
        if last is not None and channels <= 2048 and channels % layers[last]["groups"] == 0:
            layers[last] = layers[last].changed(out_channels=channels)
            for n in range(last + 1, len(layers)):
                if name := layers[n].entry.channels:
                    layers[n] = layers[n].changed(**{name: channels})
        branches.append(tuple(layers))
    return replace(fork, branches=tuple(branches))
