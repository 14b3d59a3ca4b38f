"""A stack of layers run as PyTorch runs it: the shape after each, or PyTorch's own exception and its mend.

Sizes are found on the meta device, where tensors have a shape and no numbers: a stack that is too large is
refused before anything of it exists.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.arithmetic import MAX_BYTES, MAX_WORK, product
from models.registry import seeded
from models.stack_layers import Branches, Fork, Item, Layer, Path, Stack, StackError
from models.trace import Failure, Record, Trace, trace

INPUT = (1, 1, 28, 28)
LARGEST_INPUT = (64, 1024, 512, 512)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    path: Path
    """Of the layer, or of the Branches that join here; (position, branch) of a branch without layers."""
    record: Record
    note: str
    """What a beginner should know about this line, or ""."""


@dataclass(frozen=True)
class Stop:
    """Where and why PyTorch stopped."""

    path: Path
    code: str
    inputs: tuple[tuple[int, ...], ...]
    error: Exception
    """What PyTorch really raised."""


@dataclass(frozen=True)
class Table:
    """What became of one batch."""

    stack: Stack
    """With the numbers that were left out and that the input decides."""
    input_shape: tuple[int, ...]
    rows: tuple[Row, ...]
    """One for each step that ran, in order."""
    stop: Stop | None
    """None when the stack ran to its end."""
    parameters: int
    multiply_adds: int
    bytes: int
    """Of all outputs together."""


def checked_shape(untrusted: Any) -> tuple[int, int, int, int]:
    """(N, C, H, W) of the input. Raises StackError."""
    if not isinstance(untrusted, (list, tuple)) or len(untrusted) != 4:
        raise StackError("The input shape is four whole numbers: N, C, H, W.")
    for name, value, most in zip("NCHW", untrusted, LARGEST_INPUT, strict=True):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not 1 <= value <= most:
            raise StackError(f"{name} of the input must be a whole number from 1 to {most:,}.")
    n, c, h, w = untrusted
    return n, c, h, w


def rows(stack: Stack, input_shape: Sequence[int] = INPUT) -> Table:
    """The table of `stack` for an input (N, C, H, W), in evaluation mode, to its end or PyTorch's exception.

    Raises StackError when the sizes are beyond what this page computes.
    """
    shape = checked_shape(input_shape)
    with torch.device("meta"):
        stack, network = _completed(stack, shape)
        told = trace(network, torch.empty(shape))
    _within_limits(shape, told, network)
    # a stack without layers is a record of its own, under the empty name
    found = tuple(Row(_path(record.name), record, note(record)) for record in told.records if record.name)
    stop = None
    if told.failure:
        path = _path(told.failure.name)
        item = stack.at(path)
        code = item.code() if isinstance(item, Layer) else told.failure.code
        stop = Stop(path, code, told.failure.inputs, _real(item, told.failure))
    return Table(stack, shape, found, stop, told.parameters, told.multiply_adds, told.bytes)


def build(stack: Stack, input_shape: Sequence[int] = INPUT, seed: int | None = None) -> nn.Sequential:
    """The network, its items by position. Raises StackError if it does not run on that input or is large."""
    table = rows(stack, input_shape)
    if table.stop:
        raise StackError(f"{table.stop.code} does not fit: {table.stop.error}")
    with seeded(seed):
        return nn.Sequential(*[_module(item) for item in table.stack.items])


def code(stack: Stack, input_shape: Sequence[int] = INPUT) -> str:
    """A complete program that builds the stack, prints the shape after each item and the parameters.

    A stack that PyTorch refuses gives a program that it refuses the same way.
    """
    table = rows(stack, input_shape)
    forks = any(isinstance(item, Fork) for item in stack.items)
    lines = ["import torch", f"from torch import {'Tensor, ' if forks else ''}nn", ""]
    if forks:
        lines += ["", inspect.getsource(Branches), ""]
    lines.append("model = nn.Sequential(")
    for item in table.stack.items:
        lines += [f"    {line}" for line in _lines(item)]
    lines += [
        ")",
        "model.eval()  # BatchNorm2d takes its running statistics, and Dropout does nothing",
        "",
        f"x = torch.rand{table.input_shape}  # N, C, H, W",
        "for layer in model:",
        "    x = layer(x)",
        "    print(type(layer).__name__, tuple(x.shape))",
        'print(sum(p.numel() for p in model.parameters()), "parameters")',
    ]
    return "\n".join(lines) + "\n"


def _lines(item: Item) -> list[str]:
    if isinstance(item, Layer):
        return [f"nn.{item.code()},"]
    lines = ["Branches(", f'    "{item.join}",']
    for branch in item.branches:
        if branch:
            lines += ["    nn.Sequential(", *[f"        nn.{layer.code()}," for layer in branch], "    ),"]
        else:
            lines.append("    nn.Identity(),")
    return [*lines, "),"]


def _module(item: Item) -> nn.Module:
    if isinstance(item, Layer):
        return item.build()
    paths = [
        nn.Sequential(*[layer.build() for layer in one]) if one else nn.Identity() for one in item.branches
    ]
    return Branches(item.join, *paths)


class _Refused(nn.Module):
    """Stands where torch's constructor raised, and raises the same when the batch comes there."""

    def __init__(self, error: Exception):
        super().__init__()
        self.error = error

    def forward(self, x: Tensor) -> Tensor:
        raise self.error


def _completed(stack: Stack, shape: tuple[int, ...]) -> tuple[Stack, nn.Sequential]:
    """The stack with the numbers that the input decides, and the network as far as it runs, the layer that
    fails included. To be called with the meta device as the default."""
    items: list[Item] = []
    modules: list[nn.Module] = []
    x: Tensor | None = torch.empty(shape)
    for item in stack.items:
        if x is None:
            items.append(item)
            continue
        if isinstance(item, Layer):
            layers, built, x = _chain((item,), x)
            items.append(layers[0])
            modules.append(built[0])
            continue
        branches: list[tuple[Layer, ...]] = []
        paths: list[nn.Module] = []
        outputs: list[Tensor] = []
        for branch in item.branches:
            layers, built, y = _chain(branch, x if len(outputs) == len(branches) else None)
            branches.append(layers)
            paths.append(nn.Sequential(*built) if built else nn.Identity())
            outputs += [y] if y is not None else []
        items.append(Fork(item.join, tuple(branches)))
        modules.append(Branches(item.join, *paths))
        x = None
        if len(outputs) == len(branches):
            with suppress(Exception):  # torch's own, told by the trace
                x = Branches(item.join).joined(outputs)
    return Stack(tuple(items)), nn.Sequential(*modules)


def _chain(
    layers: Sequence[Layer], x: Tensor | None
) -> tuple[tuple[Layer, ...], list[nn.Module], Tensor | None]:
    """Layers completed, the modules of those that run and of the one that fails, the output if none did."""
    found: list[Layer] = []
    modules: list[nn.Module] = []
    for layer in layers:
        found.append(layer.completed(tuple(x.shape)) if x is not None else layer)
        if x is None:
            continue
        try:
            modules.append(found[-1].build().eval())
            x = modules[-1](x)
        except Exception as error:  # whatever torch raises is told by the trace
            if len(modules) < len(found):
                modules.append(_Refused(error))
            x = None
    return tuple(found), modules, x


def _path(name: str) -> Path:
    return tuple(int(number) for number in name.split("."))


def _within_limits(shape: tuple[int, ...], told: Trace, network: nn.Module) -> None:
    """Raises StackError when input, weights and outputs, or the work, are too much."""
    held, work = 4 * product(shape), 0
    _refuse_above_limits("the input", held, work)
    modules = dict(network.named_modules())
    for record in told.records:
        held += record.bytes + _weight_bytes(modules[record.name]) * record.layer
        work += 2 * (record.multiply_adds or 0) + record.element_operations
        _refuse_above_limits(record.code, held, work)
    if told.failure and told.failure.module is not None:
        held += _weight_bytes(told.failure.module)
        _refuse_above_limits(told.failure.code, held, work)


def _weight_bytes(module: nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in module.parameters() if not nn.parameter.is_lazy(p))


def _refuse_above_limits(code: str, held: int, work: int) -> None:
    if held > MAX_BYTES:
        raise StackError(
            f"Up to {code}, input, weights and outputs together would take {held / 1e6:,.0f} MB: more than "
            f"the {MAX_BYTES // 10**6} MB that this page allows. Choose a smaller input or fewer channels."
        )
    if work > 2 * MAX_WORK:
        raise StackError(
            f"Up to {code}, one run would take {work / 1e9:,.1f} billion operations (GFLOP): more than "
            f"the {2 * MAX_WORK / 1e9:g} GFLOP that this page allows. Choose a smaller input or "
            "kernel, or fewer channels."
        )


def _real(item: Item, failure: Failure) -> Exception:
    """What the failing step raises on real numbers: the meta device has other words for some mistakes."""
    if isinstance(failure.module, _Refused):
        return failure.error
    inputs = [torch.zeros(shape) for shape in failure.inputs]
    try:
        with torch.no_grad():
            if isinstance(item, Layer) and item.lacking():
                item.build().eval()(*inputs)
            elif isinstance(item, Layer) and failure.module is not None:
                # its weights are whatever lay in memory: it raises before it reads them
                failure.module.to_empty(device="cpu").eval()(*inputs)
            elif isinstance(item, Fork):
                Branches(item.join).joined(inputs)
    except Exception as error:
        return error
    return failure.error


def note(record: Record) -> str:
    """What a beginner should know about a layer or step that ran, or ""."""
    kind = record.code.partition("(")[0]
    given = record.inputs[0]
    if kind == "BatchNorm2d":
        return (
            f"{given[1]} is the number of channels, not the batch size: each of the {given[1]} maps has a "
            "mean and a variance of its own, taken over the whole batch and all its places."
        )
    if kind == "Flatten" and len(given) == 4:
        product = " · ".join(str(size) for size in given[1:])
        return f"{product} = {record.output[1]:,} numbers in a row for each picture; the batch stays."
    if kind == "Linear" and len(given) == 4:
        return (
            "Linear works on the last dimension alone, here each row of each map. A Flatten before it would "
            "give it all numbers of a picture."
        )
    if kind == "Dropout":
        return "It works in training only; in evaluation mode it passes everything on."
    if not record.layer and " + " in record.code and record.inputs[0] != record.inputs[-1]:
        return (
            "The shapes differ, and PyTorch repeats the dimensions of size 1 to add them (broadcasting): "
            "make sure that you want this."
        )
    return ""
