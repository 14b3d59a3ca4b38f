"""A stack of layers run as PyTorch runs it: the shape after each, or PyTorch's own exception.

Sizes are found on the meta device, where tensors have a shape but no numbers: a stack that is too large is
refused before any of it exists.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import checks
from language import _
from models.arithmetic import MAX_BYTES, MAX_WORK, product
from models.layer_kinds import LAYER_KINDS
from models.registry import seeded
from models.stack_layers import Branches, Fork, Item, Path, Stack, StackError, StackLayer
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
    """Shapes; () for a layer that the batch did not reach, because its constructor raised."""
    error: Exception
    """What PyTorch really raised."""
    in_constructor: bool
    """Whether the layer could not be built. That comes before any layer runs, as in a program."""


@dataclass(frozen=True)
class Table:
    """What happened to one batch."""

    stack: Stack
    """With the numbers filled in that were left to the input."""
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
        raise StackError(_("The input shape is four whole numbers: N, C, H, W."))
    n, c, h, w = (
        checks.whole_number(value, _("{name} of the input").format(name=name), 1, most, StackError)
        for name, value, most in zip("NCHW", untrusted, LARGEST_INPUT, strict=True)
    )
    return n, c, h, w


def rows(stack: Stack, input_shape: Sequence[int] = INPUT) -> Table:
    """The table of `stack` for an input (N, C, H, W), in evaluation mode, up to its end or to PyTorch's
    exception.

    Raises StackError when the sizes are more than this page computes.
    """
    shape = checked_shape(input_shape)
    with torch.device("meta"):
        stack, network = _completed(stack, shape)
        traced = trace(network, torch.empty(shape))
    _check_limits(shape, traced, network)
    # a stack without layers is a record of its own, under the empty name
    lines = tuple(Row(_path(record.name), record, note(record)) for record in traced.records if record.name)
    stop = None
    if traced.failure:
        failing = _path(traced.failure.name)
        if refused := _unbuildable(stack):
            path, layer, refusal = refused
            inputs = traced.failure.inputs if path == failing else ()
            stop = Stop(path, layer.code(), inputs, refusal, True)
        else:
            item = stack.at(failing)
            code = item.code() if isinstance(item, StackLayer) else traced.failure.code
            error = _error_of(item, traced.failure)
            stop = Stop(failing, code, traced.failure.inputs, error, False)
    return Table(stack, shape, lines, stop, traced.parameters, traced.multiply_adds, traced.bytes)


def build(stack: Stack, input_shape: Sequence[int] = INPUT, seed: int | None = None) -> nn.Sequential:
    """The network, its items by position. Raises StackError if it is too large or fails on that input."""
    table = rows(stack, input_shape)
    if table.stop:
        sentence = _("{layer} does not fit: {error}")
        raise StackError(sentence.format(layer=table.stop.code, error=table.stop.error))
    with seeded(seed):
        return nn.Sequential(*[_module(item) for item in table.stack.items])


def code(stack: Stack, input_shape: Sequence[int] = INPUT) -> str:
    """A complete program that builds the stack, and prints the shape after each item and the parameters.

    For a stack that PyTorch refuses, the program ends with the same error.
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
    if isinstance(item, StackLayer):
        return [f"nn.{item.code()},"]
    lines = ["Branches(", f'    "{item.join}",']
    for branch in item.branches:
        if branch:
            lines += ["    nn.Sequential(", *[f"        nn.{layer.code()}," for layer in branch], "    ),"]
        else:
            lines.append("    nn.Identity(),")
    return [*lines, "),"]


def _module(item: Item) -> nn.Module:
    if isinstance(item, StackLayer):
        return item.build()
    paths = [
        nn.Sequential(*[layer.build() for layer in branch]) if branch else nn.Identity()
        for branch in item.branches
    ]
    return Branches(item.join, *paths)


class _Refused(nn.Module):
    """Takes the place of a layer whose constructor raised, and raises the same when the batch gets there."""

    def __init__(self, error: Exception):
        super().__init__()
        self.error = error

    def forward(self, x: Tensor) -> Tensor:
        raise self.error


def _completed(stack: Stack, shape: tuple[int, ...]) -> tuple[Stack, nn.Sequential]:
    """The stack with the numbers that the input decides, and the network up to and including a layer that
    fails. Call it with the meta device as the default."""
    items: list[Item] = []
    modules: list[nn.Module] = []
    x: Tensor | None = torch.empty(shape)
    for item in stack.items:
        if x is None:
            items.append(item)
            continue
        if isinstance(item, StackLayer):
            layers, built, x = _chain((item,), x)
            items.append(layers[0])
            modules.append(built[0])
            continue
        branches: list[tuple[StackLayer, ...]] = []
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
            with suppress(Exception):  # torch's own, which the trace records
                x = Branches(item.join).joined(outputs)
    return Stack(tuple(items)), nn.Sequential(*modules)


def _chain(
    layers: Sequence[StackLayer], x: Tensor | None
) -> tuple[tuple[StackLayer, ...], list[nn.Module], Tensor | None]:
    """The completed layers, the modules up to and including one that fails, and the output if none fails."""
    completed: list[StackLayer] = []
    modules: list[nn.Module] = []
    for layer in layers:
        completed.append(layer.completed(tuple(x.shape)) if x is not None else layer)
        if x is None:
            continue
        try:
            modules.append(completed[-1].build().eval())
            x = modules[-1](x)
        except Exception as error:  # the trace records whatever torch raises
            if len(modules) < len(completed):
                modules.append(_Refused(error))
            x = None
    return tuple(completed), modules, x


def _unbuildable(stack: Stack) -> tuple[Path, StackLayer, Exception] | None:
    """The first layer whose constructor raises."""
    for path, layer in stack.layers():
        try:
            with torch.device("meta"):
                layer.build()
        except Exception as error:
            return path, layer, error
    return None


def _path(name: str) -> Path:
    return tuple(int(number) for number in name.split("."))


def _check_limits(shape: tuple[int, ...], traced: Trace, network: nn.Module) -> None:
    """Raises StackError when input, weights and outputs, or the work, are too much."""
    size, work = 4 * product(shape), 0
    if size > MAX_BYTES:
        raise StackError(
            _(
                "The input alone would take {size} MB: more than the {most} MB that this page allows. "
                "Choose a smaller input."
            ).format(size=f"{size / 1e6:,.0f}", most=MAX_BYTES // 10**6)
        )
    modules = dict(network.named_modules())
    for record in traced.records:
        size += record.bytes + _weight_bytes(modules[record.name]) * record.layer
        work += 2 * (record.multiply_adds or 0) + record.element_operations
        _refuse_above_limits(record.code, size, work)
    if traced.failure and traced.failure.module is not None:
        size += _weight_bytes(traced.failure.module)
        _refuse_above_limits(traced.failure.code, size, work)


def _weight_bytes(module: nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in module.parameters() if not nn.parameter.is_lazy(p))


def _refuse_above_limits(code: str, size: int, work: int) -> None:
    if size > MAX_BYTES:
        sentence = _(
            "Up to {layer}, input, weights and outputs together would take {size} MB: more than the {most} "
            "MB that this page allows. Choose a smaller input or fewer channels."
        )
        raise StackError(sentence.format(layer=code, size=f"{size / 1e6:,.0f}", most=MAX_BYTES // 10**6))
    if work > 2 * MAX_WORK:
        sentence = _(
            "Up to {layer}, one run would take {work} billion operations (GFLOP): more than the {most} GFLOP "
            "that this page allows. Choose a smaller input or kernel, or fewer channels."
        )
        raise StackError(
            sentence.format(layer=code, work=f"{work / 1e9:,.1f}", most=f"{2 * MAX_WORK / 1e9:g}")
        )


def _error_of(item: Item, failure: Failure) -> Exception:
    """What the failing step raises on real numbers: the meta device words some mistakes differently."""
    inputs = [torch.zeros(shape) for shape in failure.inputs]
    try:
        with torch.no_grad():
            if isinstance(item, StackLayer) and item.lacking():
                item.build().eval()(*inputs)
            elif isinstance(item, StackLayer) and failure.module is not None:
                # its weights are whatever was in memory: it raises before it reads them
                failure.module.to_empty(device="cpu").eval()(*inputs)
            elif isinstance(item, Fork):
                Branches(item.join).joined(inputs)
    except Exception as error:
        return error
    return failure.error


def note(record: Record) -> str:
    """What a beginner should know about a layer or step that ran, or ""."""
    kind = LAYER_KINDS.get(record.kind)
    if record.layer and kind and kind.note:
        return kind.note(record.inputs[0], record.output)
    if not record.layer and " + " in record.code and record.inputs[0] != record.inputs[-1]:
        return _(
            "The shapes differ, and PyTorch repeats the dimensions of size 1 to add them (broadcasting): "
            "make sure that you want this."
        )
    return ""
