"""A stack of layers as plain data; data from outside is checked against `models.layer_kinds`.

A stack is a list of items. An item is a layer, {"kind": "Conv2d", "params": {"out_channels": 16,
"kernel_size": 3}}, or branches that all see the same input and whose outputs are joined, {"kind": "Branches",
"join": "cat", "branches": [[layer, ...], ...]}, where "join" is "cat" or "add". A branch without layers
passes its input on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

import checks
from language import _
from models.layer_kinds import LAYER_KINDS, REQUIRED, Argument, LayerKind, stack_kinds

MAX_LAYERS = 24
"""Of a stack; a Branches counts as one, and each of its branches may have MAX_BRANCH_LAYERS."""
MAX_BRANCHES = 4
MAX_BRANCH_LAYERS = 8
JOINS = ("cat", "add")

Path = tuple[int, ...]
"""Of an item: (position,), or of a layer in a branch (position, branch, position there)."""


class StackError(ValueError):
    """A stack that is not possible; the message is a sentence that says what is wrong and what fits."""


@dataclass(frozen=True)
class StackLayer:
    """One checked layer."""

    kind: str
    params: tuple[tuple[str, Any], ...]
    """(name, value) of each argument that a stack offers for this kind; None for one that is left out."""

    def __getitem__(self, name: str) -> Any:
        return dict(self.params)[name]

    @property
    def entry(self) -> LayerKind:
        """What the table says about its kind."""
        return LAYER_KINDS[self.kind]

    def changed(self, **values: Any) -> StackLayer:
        """The same layer with other arguments. Raises StackError if one is out of range."""
        return layer_of(self.kind, **(dict(self.params) | values))

    def completed(self, shape: tuple[int, ...]) -> StackLayer:
        """With the missing numbers that an input of `shape` decides: channels are those of (N, C, H, W)."""
        values = dict(self.params)
        for argument in self.entry.stack_arguments:
            dimension = argument.inferred
            if dimension is not None and values[argument.name] is None and (dimension < 0 or len(shape) == 4):
                values[argument.name] = shape[dimension]
        return replace(self, params=tuple(values.items()))

    def build(self) -> nn.Module:
        """The layer with random weights; torch's lazy one while the input still decides a number.

        Raises what torch raises.
        """
        values = {argument.name: value for argument, value in self._values() if value is not None}
        return getattr(nn, f"Lazy{self.kind}" if self.lacking() else self.kind)(**values)

    def lacking(self) -> list[str]:
        """Names of the arguments that the input decides."""
        return [a.name for a in self.entry.stack_arguments if a.inferred is not None and self[a.name] is None]

    def code(self) -> str:
        """The Python that builds it, without `nn.`; torch's lazy class where the input decides a number."""
        words = []
        for argument, value in self._values():
            if value is None:
                continue
            if argument.default is REQUIRED or argument.is_always_written:
                words.append(repr(value))
            elif value != (self[argument.same_as] if argument.same_as else argument.default):
                words.append(f"{argument.name}={value!r}")
        return f"{'Lazy' if self.lacking() else ''}{self.kind}({', '.join(words)})"

    def _values(self) -> list[tuple[Argument, Any]]:
        """Every argument that printed code may have, in torch's order, with its value or None."""
        values = dict(self.params)
        return [
            (argument, argument.constant if argument.constant is not None else values[argument.name])
            for argument in self.entry.arguments
            if argument.constant is not None or argument.limits
        ]

    def plain(self) -> dict[str, Any]:
        """As `checked` reads it."""
        return {"kind": self.kind, "params": {name: v for name, v in self.params if v is not None}}


@dataclass(frozen=True)
class Fork:
    """One checked item of kind "Branches"."""

    join: str
    branches: tuple[tuple[StackLayer, ...], ...]

    def plain(self) -> dict[str, Any]:
        """As `checked` reads it."""
        branches = [[layer.plain() for layer in branch] for branch in self.branches]
        return {"kind": "Branches", "join": self.join, "branches": branches}


Item = StackLayer | Fork


@dataclass(frozen=True)
class Stack:
    """Checked items, in order; `checked` makes them."""

    items: tuple[Item, ...]

    def plain(self) -> list[dict[str, Any]]:
        """As `checked` reads it, for JSON."""
        return [item.plain() for item in self.items]

    def at(self, path: Path) -> Item:
        """The item at `path`."""
        item = self.items[path[0]]
        return item if isinstance(item, StackLayer) or len(path) < 3 else item.branches[path[1]][path[2]]

    def spliced(self, path: Path, *items: Item) -> Stack:
        """With `items` in place of the one at `path`; in a branch, only those that are layers."""
        first = path[0]
        old = self.items[first]
        if len(path) == 3 and isinstance(old, Fork):
            branch = list(old.branches[path[1]])
            branch[path[2] : path[2] + 1] = [item for item in items if isinstance(item, StackLayer)]
            branches = list(old.branches)
            branches[path[1]] = tuple(branch)
            items = (replace(old, branches=tuple(branches)),)
        return Stack((*self.items[:first], *items, *self.items[first + 1 :]))

    def layers(self) -> Iterator[tuple[Path, StackLayer]]:
        """Every layer with its path, in the order in which they run."""
        for position, item in enumerate(self.items):
            if isinstance(item, StackLayer):
                yield (position,), item
            else:
                for number, branch in enumerate(item.branches):
                    yield from (((position, number, n), layer) for n, layer in enumerate(branch))


class Branches(nn.ModuleList):
    """Every branch sees the same x; their outputs are joined along the channels, or added."""

    def __init__(self, join: str, *branches: nn.Module):
        super().__init__(branches)
        self.join = join

    def forward(self, x: Tensor) -> Tensor:
        return self.joined([branch(x) for branch in self])

    def joined(self, outputs: list[Tensor]) -> Tensor:
        if self.join == "cat":
            return torch.cat(outputs, dim=1)
        total = outputs[0]
        for output in outputs[1:]:
            total = total + output
        return total


def checked(untrusted: Any) -> Stack:
    """A stack from untrusted data. Arguments with a default may be left out, as may in_channels, num_features
    and in_features, which then come from the input.

    Raises StackError, a sentence with the layer, the argument and what fits.
    """
    items = _list(untrusted, MAX_LAYERS, _("The stack"))
    places = [_("Layer {number}").format(number=number) for number in range(1, len(items) + 1)]
    return Stack(tuple(map(_item, items, places)))


def layer_of(kind: str, **params: Any) -> StackLayer:
    """One layer. Raises StackError."""
    return _layer({"kind": kind, "params": params}, kind)


def _refusal(place: str, sentence: str, **values: Any) -> StackError:
    """The refusal of what stands at a place of the stack."""
    return StackError(_("{place}: {problem}").format(place=place, problem=sentence.format(**values)))


def _list(untrusted: Any, most: int, place: str) -> list[Any]:
    if not isinstance(untrusted, (list, tuple)):
        raise _refusal(place, _("This must be a list of layers."))
    if len(untrusted) > most:
        sentence = _("At most {most} layers fit here, not {count}. Remove some.")
        raise _refusal(place, sentence, most=most, count=len(untrusted))
    return list(untrusted)


def _item(untrusted: Any, place: str) -> Item:
    if not isinstance(untrusted, dict) or untrusted.get("kind") != "Branches":
        return _layer(untrusted, place)
    if not set(untrusted) <= {"kind", "join", "branches"}:
        raise _refusal(place, _('Branches have "join" and "branches" and nothing else.'))
    join, branches = untrusted.get("join"), untrusted.get("branches")
    if not isinstance(join, str) or join not in JOINS:
        raise _refusal(place, _('The "join" of Branches must be "cat" or "add".'))
    if not isinstance(branches, (list, tuple)) or not 2 <= len(branches) <= MAX_BRANCHES:
        sentence = _("Branches need 2 to {most} branches, each a list of layers.")
        raise _refusal(place, sentence, most=MAX_BRANCHES)
    paths = []
    for number, branch in enumerate(branches, 1):
        values = {"place": place, "branch": number}
        layers = _list(branch, MAX_BRANCH_LAYERS, _("{place}, branch {branch}").format(**values))
        sentence = _("{place}, branch {branch}, layer {layer}")
        places = [sentence.format(layer=n, **values) for n in range(1, len(layers) + 1)]
        paths.append(tuple(map(_layer, layers, places)))
    return Fork(join, tuple(paths))


def _layer(untrusted: Any, place: str) -> StackLayer:
    if isinstance(untrusted, dict) and untrusted.get("kind") == "Branches":
        raise _refusal(place, _("A branch cannot branch again."))
    if not isinstance(untrusted, dict) or not set(untrusted) <= {"kind", "params"}:
        raise _refusal(place, _('A layer has a "kind" and "params" and nothing else.'))
    kind, params = untrusted.get("kind"), untrusted.get("params", {})
    kinds = stack_kinds()
    if not isinstance(kind, str) or kind not in kinds:
        raise _refusal(place, _("A layer is one of: {kinds}, Branches."), kinds=", ".join(kinds))
    arguments = {argument.name: argument for argument in kinds[kind].stack_arguments}
    if not isinstance(params, dict) or not set(params) <= set(arguments):
        sentence = _("{kind} takes only: {names}.") if arguments else _("{kind} takes no arguments.")
        raise _refusal(place, sentence, kind=kind, names=", ".join(arguments))
    values = []
    for name, argument in arguments.items():
        if name not in params and not argument.is_optional:
            raise _refusal(place, _("{kind} needs {name}."), kind=kind, name=name)
        default = None if argument.inferred is not None else argument.default
        where = place if place == kind else f"{kind} ({place})"
        values.append((name, _value(argument, params.get(name, default), where)))
    return StackLayer(kind, tuple(values))


def _value(argument: Argument, value: Any, where: str) -> Any:
    """The untrusted `value` as a number or bool in range; None if it may be left out. Raises StackError."""
    if value is None and (argument.default is None or argument.inferred is not None):
        return None
    name = _("{argument} of {layer}").format(argument=argument.name, layer=where)
    if argument.type is bool:
        return checks.switch(value, name, StackError)
    assert argument.limits is not None, "a stack offers it"
    low, high = argument.limits
    if argument.type is int:
        return checks.whole_number(value, name, int(low), high, StackError)
    return checks.number(value, name, low, high, StackError)
