"""A stack of layers as plain data: the kinds of layers it may have, what comes from outside checked.

A stack is a list of items: a layer, {"kind": "Conv2d", "params": {"out_channels": 16, "kernel_size": 3}}, or
branches that all see the same input and whose outputs are joined, {"kind": "Branches", "join": "cat",
"branches": [[layer, ...], ...]}, where "join" is "cat" or "add". A branch without layers passes its input on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

MAX_LAYERS = 24
"""Of a stack; a Branches counts as one, and each of its branches may have MAX_BRANCH_LAYERS."""
MAX_BRANCHES = 4
MAX_BRANCH_LAYERS = 8
JOINS = ("cat", "add")

Path = tuple[int, ...]
"""Of an item: (position,), or of a layer in a branch (position, branch, position there)."""


class StackError(ValueError):
    """A stack that cannot be; the message is a sentence that says what is wrong and what fits."""


@dataclass(frozen=True)
class Parameter:
    """One argument of a kind of layer."""

    name: str
    low: float
    high: float
    default: Any = ...
    """`...` where torch has none; None where it may be left out."""
    kind: type = int
    inferred: int | None = None
    """The dimension of the input, if the number must be its size there and is taken from it when left out."""

    def checked(self, value: Any, where: str) -> Any:
        """`value` in range, as a number or bool; None if it may be left out. Raises StackError."""
        if value is None and (self.default is None or self.inferred is not None):
            return None
        if self.kind is bool:
            if not isinstance(value, bool):
                raise StackError(f"{self.name} of {where} must be true or false.")
            return value
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = number and self.low <= value <= self.high  # NaN compares as False
        if not fits or (self.kind is int and value != int(value)):
            word = "a whole number" if self.kind is int else "a number"
            raise StackError(f"{self.name} of {where} must be {word} from {self.low:,} to {self.high:,}.")
        return int(value) if self.kind is int else float(value)


def _pooling() -> tuple[Parameter, ...]:
    return (
        Parameter("kernel_size", 1, 31),
        Parameter("stride", 1, 16, None),
        Parameter("padding", 0, 15, 0),
    )


KINDS: dict[str, tuple[Parameter, ...]] = {
    "Conv2d": (
        Parameter("in_channels", 1, 8192, inferred=1),
        Parameter("out_channels", 1, 2048),
        Parameter("kernel_size", 1, 31),
        Parameter("stride", 1, 16, 1),
        Parameter("padding", 0, 32, 0),
        Parameter("dilation", 1, 8, 1),
        Parameter("groups", 1, 2048, 1),
        Parameter("bias", 0, 1, True, bool),
    ),
    "BatchNorm2d": (Parameter("num_features", 1, 8192, inferred=1),),
    "ReLU": (),
    "MaxPool2d": _pooling(),
    "AvgPool2d": _pooling(),
    "AdaptiveMaxPool2d": (Parameter("output_size", 1, 16),),
    "Flatten": (),
    "Linear": (
        Parameter("in_features", 1, 100_000_000, inferred=-1),
        Parameter("out_features", 1, 4096),
        Parameter("bias", 0, 1, True, bool),
    ),
    "Dropout": (Parameter("p", 0, 1, 0.5, float),),
}
"""What a layer may be and its arguments, in torch's order. AdaptiveMaxPool2d(1) is the maximum of a map."""


@dataclass(frozen=True)
class Layer:
    """One checked layer."""

    kind: str
    params: tuple[tuple[str, Any], ...]
    """(name, value) in the order of KINDS, all of them; None for what was left out."""

    def __getitem__(self, name: str) -> Any:
        return dict(self.params)[name]

    def changed(self, **values: Any) -> Layer:
        """The same layer with other arguments. Raises StackError for one that is out of range."""
        return layer_of(self.kind, **(dict(self.params) | values))

    def completed(self, shape: tuple[int, ...]) -> Layer:
        """With the numbers left out that an input of `shape` decides: channels are those of (N, C, H, W)."""
        values = dict(self.params)
        for parameter in KINDS[self.kind]:
            dimension = parameter.inferred
            if (
                dimension is not None
                and values[parameter.name] is None
                and (dimension < 0 or len(shape) == 4)
            ):
                values[parameter.name] = shape[dimension]
        return replace(self, params=tuple(values.items()))

    def build(self) -> nn.Module:
        """The layer with random weights, torch's lazy one while the input decides a number. Raises what torch
        raises."""
        kind = f"Lazy{self.kind}" if self.lacking() else self.kind
        return getattr(nn, kind)(**{name: value for name, value in self.params if value is not None})

    def lacking(self) -> list[str]:
        return [p.name for p in KINDS[self.kind] if p.inferred is not None and self[p.name] is None]

    def code(self) -> str:
        """The Python that makes it, without `nn.`; torch's lazy class where the input decides a number."""
        words = []
        for parameter in KINDS[self.kind]:
            value = self[parameter.name]
            if parameter.default is ... and value is not None or parameter.name == "p":
                words.append(repr(value))
            elif (
                value is not None
                and value != parameter.default
                and not (
                    parameter.name == "stride" and parameter.default is None and value == self["kernel_size"]
                )
            ):
                words.append(f"{parameter.name}={value!r}")
        return f"{'Lazy' if self.lacking() else ''}{self.kind}({', '.join(words)})"

    def plain(self) -> dict[str, Any]:
        """As `checked` reads it."""
        return {"kind": self.kind, "params": {name: v for name, v in self.params if v is not None}}


@dataclass(frozen=True)
class Fork:
    """One checked item of kind "Branches"."""

    join: str
    branches: tuple[tuple[Layer, ...], ...]

    def plain(self) -> dict[str, Any]:
        """As `checked` reads it."""
        branches = [[layer.plain() for layer in branch] for branch in self.branches]
        return {"kind": "Branches", "join": self.join, "branches": branches}


Item = Layer | Fork


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
        return item if isinstance(item, Layer) or len(path) < 3 else item.branches[path[1]][path[2]]

    def spliced(self, path: Path, *items: Item) -> Stack:
        """With `items` in the place of the one at `path`. Raises StackError where a branch would branch."""
        first = path[0]
        old = self.items[first]
        if len(path) == 3 and isinstance(old, Fork):
            branch = list(old.branches[path[1]])
            branch[path[2] : path[2] + 1] = [item for item in items if isinstance(item, Layer)]
            branches = list(old.branches)
            branches[path[1]] = tuple(branch)
            items = (replace(old, branches=tuple(branches)),)
        return Stack((*self.items[:first], *items, *self.items[first + 1 :]))

    def layers(self) -> Iterator[tuple[Path, Layer]]:
        """Every layer with its path, in the order in which they run."""
        for position, item in enumerate(self.items):
            if isinstance(item, Layer):
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
    """Plain data of anybody -> a stack; arguments with a default may be left out, and in_channels,
    num_features and in_features, which then come from the input.

    Raises StackError, a sentence with the layer, the argument and what fits.
    """
    return Stack(tuple(_item(given, f"layer {n}") for n, given in enumerate(_list(untrusted, "A stack"), 1)))


def layer_of(kind: str, **params: Any) -> Layer:
    """One layer. Raises StackError."""
    return _layer({"kind": kind, "params": params}, f"the {kind}")


def _list(given: Any, what: str, most: int = MAX_LAYERS) -> list[Any]:
    if not isinstance(given, (list, tuple)):
        raise StackError(f"{what} is a list of layers.")
    if len(given) > most:
        raise StackError(f"{what} has at most {most} layers, not {len(given)}: remove some.")
    return list(given)


def _item(given: Any, where: str) -> Item:
    if not isinstance(given, dict) or given.get("kind") != "Branches":
        return _layer(given, where)
    if not set(given) <= {"kind", "join", "branches"}:
        raise StackError(f'Branches ({where}) have "join" and "branches" and nothing else.')
    join, branches = given.get("join"), given.get("branches")
    if not isinstance(join, str) or join not in JOINS:
        raise StackError(f'"join" of the Branches ({where}) must be "cat" or "add".')
    if not isinstance(branches, (list, tuple)) or not 2 <= len(branches) <= MAX_BRANCHES:
        raise StackError(f"Branches ({where}) need 2 to {MAX_BRANCHES} branches, each a list of layers.")
    found = []
    for number, branch in enumerate(branches, 1):
        layers = _list(branch, f"Branch {number} of {where}", MAX_BRANCH_LAYERS)
        names = [f"layer {n} in branch {number} of {where}" for n in range(1, len(layers) + 1)]
        found.append(tuple(_layer(one, name) for one, name in zip(layers, names, strict=True)))
    return Fork(join, tuple(found))


def _layer(given: Any, where: str) -> Layer:
    if isinstance(given, dict) and given.get("kind") == "Branches":
        raise StackError(f"{where.capitalize()}: a branch cannot branch again.")
    if not isinstance(given, dict) or not set(given) <= {"kind", "params"}:
        raise StackError(f'{where.capitalize()} must have a "kind" and "params" and nothing else.')
    kind, params = given.get("kind"), given.get("params", {})
    if not isinstance(kind, str) or kind not in KINDS:
        raise StackError(f"{where.capitalize()} must be one of: {', '.join(KINDS)}, Branches.")
    known = {parameter.name: parameter for parameter in KINDS[kind]}
    if not isinstance(params, dict) or not set(params) <= set(known):
        takes = f"takes only: {', '.join(known)}" if known else "takes no arguments"
        raise StackError(f"{where.capitalize()}: {kind} {takes}.")
    values = []
    for name, parameter in known.items():
        default = None if parameter.inferred is not None else parameter.default
        if name not in params and default is ...:
            raise StackError(f"{where.capitalize()}: {kind} needs {name}.")
        values.append((name, parameter.checked(params.get(name, default), f"{kind} ({where})")))
    return Layer(kind, tuple(values))
