"""A stack of layers: the shape after each, what each costs, and PyTorch's own error where one fails."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from torch import nn

import language
from language import _
from models import registry
from models.checkpoint import MAKERS, CheckpointError, load
from models.layer_kinds import LAYER_KINDS, REQUIRED, Argument, stack_kinds
from models.stack import INPUT, LARGEST_INPUT, Table, checked_shape, code, note, rows
from models.stack_layers import (
    MAX_BRANCH_LAYERS,
    MAX_BRANCHES,
    MAX_LAYERS,
    Fork,
    Item,
    Stack,
    StackError,
    StackLayer,
    checked,
    layer_of,
)
from models.stack_layers import Path as Place
from models.stack_mend import StackChange, mend
from models.stack_presets import TITLES, branches, conv, layer, preset
from models.trace import Record, trace
from settings import CHECKPOINTS
from ui.context import Context
from ui.kit.view import View

HERE = Path(__file__).parent
INTRODUCTION = _(
    """\
## A stack of layers
Build a network layer by layer. Each row shows the shape that comes out of it and what it costs. Numbers that
you leave out are taken from the input. Where a layer does not fit, its row shows PyTorch's own error.
"""
)
SHIPPED = _("This is the trained network that comes with this page, with its own sizes.")
NOT_TRAINED = _("This is the network with its standard sizes and random weights.")
AGAIN = _("The same layer again: its parameters are counted above.")
START = "tutorial_cnn"
_POOL = layer("MaxPool2d", kernel_size=2)
NEW_BRANCHES = checked([branches("cat", [conv(16, 1)], [conv(16, 3, 1)])]).plain()[0]
JOINS = {
    "cat": {"label": _("cat: one behind the other"), "code": "torch.cat"},
    "add": {"label": _("add: number to number"), "code": "x + y"},
}
"""By member of `models.stack_layers.JOINS`."""


@dataclass(frozen=True)
class Mistake:
    """A stack that PyTorch refuses, with a mistake that beginners make."""

    title: str
    stack: list[dict[str, Any]]
    input: tuple[int, ...] = INPUT


MISTAKES: dict[str, Mistake] = {
    "in_features": Mistake(_("A wrong in_features"), [
        conv(32, 5, 2), layer("ReLU"), _POOL, conv(64, 5, 2), layer("ReLU"), _POOL,
        layer("Flatten"), layer("Linear", in_features=1024, out_features=128), layer("ReLU"),
        layer("Linear", out_features=10),
    ]),
    "num_features": Mistake(_("The batch size in BatchNorm2d"), [
        conv(16, 3, 1), layer("BatchNorm2d", num_features=64), layer("ReLU"), _POOL,
        layer("Flatten"), layer("Linear", out_features=10),
    ], (64, 1, 28, 28)),
    "flatten": Mistake(_("No Flatten"), [
        conv(16, 3, 1), layer("ReLU"), _POOL, layer("Linear", in_features=3136, out_features=10),
    ]),
    "branches": Mistake(_("Branches that do not fit"), [
        conv(16, 3, 1), layer("ReLU"),
        branches("add", [], [conv(32, 3, 1), layer("BatchNorm2d"), layer("ReLU")]),
        _POOL, layer("Flatten"), layer("Linear", out_features=10),
    ]),
}  # fmt: skip


# --- handlers -----------------------------------------------------------------------------------------------


def on_stack(request: Any) -> dict[str, Any]:
    """{"stack": as `models.stack_layers.checked` reads it, "input": [N, C, H, W]}, each optional -> the table
    of the page, or {"problem": a sentence}. Nothing is raised.

    "figures" has for each layer that ran, by its path as "2" or "7.1.0", what `_figures` returns and what it
    took from its input; "stop" has where and why PyTorch stopped, with a stack that gets past it.
    """
    if not isinstance(request, dict) or not set(request) <= {"stack", "input"}:
        return {"problem": _('A request is a dictionary with "stack" and "input" and nothing else.')}
    try:
        stack = checked(request["stack"]) if "stack" in request else preset(START)
        return _answer(stack, checked_shape(request.get("input", INPUT)))
    except StackError as error:
        return {"problem": str(error)}


def on_network(name: Any, checkpoints: Path = CHECKPOINTS) -> dict[str, Any]:
    """A name of `models.registry` -> the table of that network, with the sizes of the shipped checkpoint if
    it has one; {"problem": a sentence} for any other. Nothing is raised.
    """
    if not isinstance(name, str) or name not in registry.NETWORKS:
        sentence = _("There is no such network. Choose one of: {names}.")
        return {"problem": sentence.format(names=", ".join(registry.NETWORKS))}
    return _network(name, checkpoints)


# --- what they are made of ----------------------------------------------------------------------------------


def _answer(stack: Stack, shape: tuple[int, ...]) -> dict[str, Any]:
    table = rows(stack, shape)
    noted: set[str] = set()
    figures = {}
    for row in table.rows:
        line = _figures(row.record, table.parameters, table.multiply_adds)
        line["note"] = _note_once(row.record, row.note, noted)
        if len(row.path) != 2:
            line["inferred"] = _inferred(stack, table, row.path)
        figures[_dotted(row.path)] = line
    return {
        "stack": stack.plain(),
        "input": list(shape),
        "figures": figures,
        "stop": _stop(stack, table),
        "totals": _totals(table.parameters, table.multiply_adds, table.bytes, len(table.rows)),
        "output": _last(table),
        "program": code(stack, shape),
    }


def _dotted(path: Place) -> str:
    return ".".join(map(str, path))


def _last(table: Table) -> list[int] | None:
    """The shape that comes out at the end; None if PyTorch stopped."""
    if table.stop:
        return None
    return list(table.rows[-1].record.output if table.rows else table.input_shape)


def _figures(record: Record, parameters: int, multiply_adds: int) -> dict[str, Any]:
    """One line of the table. The shares are those of the whole network's figures, from 0 to 1."""
    own = 0 if record.again else record.parameters
    return {
        "code": record.code,
        "output": list(record.output),
        "parameters": own,
        "parameter_share": own / parameters if parameters else 0.0,
        "multiply_adds": record.multiply_adds,
        "work_share": (record.multiply_adds or 0) / multiply_adds if multiply_adds else 0.0,
        "bytes": record.bytes,
        "field": list(record.field.size) if record.field else None,
        "note": "",
        "inferred": {},
    }


def _totals(parameters: int, multiply_adds: int, size: int, steps: int) -> dict[str, int]:
    return {"parameters": parameters, "multiply_adds": multiply_adds, "bytes": size, "steps": steps}


def _note_once(record: Record, note: str, noted: set[str]) -> str:
    """`note`, unless an earlier line has it; `noted` collects the kinds of the lines so far."""
    kind = LAYER_KINDS.get(record.kind)
    if record.kind in noted and kind and not kind.note_has_numbers:
        return ""
    noted.add(record.kind)
    return note


def _stop(stack: Stack, table: Table) -> dict[str, Any] | None:
    stop = table.stop
    if stop is None:
        return None
    advice = mend(table)
    change = advice.change
    return {
        "path": _dotted(stop.path),
        "code": stop.code,
        "inputs": [list(shape) for shape in stop.inputs],
        "message": f"{type(stop.error).__name__}: {stop.error}",
        "meaning": advice.meaning,
        "change": change.sentence if change else "",
        "mended": left_out(stack, table, change).plain() if change else None,
        "inferred": _inferred(stack, table, stop.path),
    }


def _inferred(stack: Stack, table: Table, path: Place) -> dict[str, int]:
    """The arguments that the layer at `path` took from its input; {} for a join."""
    original, completed = stack.at(path), table.stack.at(path)
    if not isinstance(original, StackLayer) or not isinstance(completed, StackLayer):
        return {}
    return {name: completed[name] for name in original.lacking() if completed[name] is not None}


def left_out(stack: Stack, table: Table, change: StackChange) -> Stack:
    """The changed stack without the numbers that the visitor's `stack` leaves to the input: these stay right
    when an earlier layer changes. What the `change` sets stays.
    """
    originals_at = dict(stack.layers())
    originals = {id(table.stack.at(path)): layer for path, layer in originals_at.items()}

    def without(path: Place, layer: StackLayer) -> StackLayer:
        if id(layer) in originals:
            return originals[id(layer)]
        before = originals_at.get(path)
        if before is None or before.kind != layer.kind:
            return layer
        names = [name for name in before.lacking() if name not in change.arguments]
        return layer.changed(**dict.fromkeys(names)) if names else layer

    items: list[Item] = []
    for position, item in enumerate(change.stack.items):
        if isinstance(item, StackLayer):
            items.append(without((position,), item))
            continue
        paths = [
            tuple(without((position, number, n), layer) for n, layer in enumerate(branch))
            for number, branch in enumerate(item.branches)
        ]
        items.append(Fork(item.join, tuple(paths)))
    return Stack(tuple(items))


@lru_cache(maxsize=32)
def _network(name: str, checkpoints: Path) -> dict[str, Any]:
    """As for readers of any language."""
    model, size, program, origin = _built(name, checkpoints)
    traced = trace(model, torch.zeros(1, *size))
    assert traced.failure is None, "a network of the registry runs"
    noted: set[str] = set()
    lines = []
    for record in traced.records:
        line = _figures(record, traced.parameters, traced.multiply_adds)
        line["name"] = record.name
        again = record.again and record.parameters
        with language.postponed():
            line["note"] = AGAIN if again else _note_once(record, note(record), noted)
        lines.append(line)
    return {
        "network": name,
        "title": registry.NETWORKS[name].title,
        "about": origin,
        "preset": name if name in TITLES else None,
        "input": [1, *size],
        "rows": lines,
        "totals": _totals(traced.parameters, traced.multiply_adds, traced.bytes, len(lines)),
        "output": list(traced.records[-1].output),
        "program": program,
    }


def _built(name: str, checkpoints: Path) -> tuple[nn.Module, list[int], str, str]:
    """The network, (C, H, W) of its input, the program that builds it, and where its sizes come from."""
    shipped = {"fashion_cnn": "fashion"}.get(name, name)
    if shipped in MAKERS:
        try:
            model, card = load(checkpoints, shipped)
        except CheckpointError:
            pass  # its standard sizes are shown, and `NOT_TRAINED` says so
        else:
            lines = [
                "from models.checkpoint import load",
                "from settings import CHECKPOINTS",
                "",
                f'model, card = load(CHECKPOINTS, "{shipped}")',
            ]
            return model, card.input_size, _program(lines, card.input_size), SHIPPED
    size = [1, 4, 4] if name.startswith("pattern") else [1, 28, 28]
    lines = ["from models.registry import build", "", f'model = build("{name}").eval()']
    return registry.build(name), size, _program(lines, size), NOT_TRAINED


def _program(lines: list[str], size: list[int]) -> str:
    head = ["# run it in the folder of this program", "import torch", ""]
    shape = ", ".join(map(str, (1, *size)))
    tail = [f"x = torch.rand({shape})  # N, C, H, W", "print(model)", "print(model(x).shape)"]
    tail.append('print(sum(p.numel() for p in model.parameters()), "parameters")')
    return "\n".join([*head, *lines, "", *tail]) + "\n"


# --- layout -------------------------------------------------------------------------------------------------


def stack_part(context: Context) -> None:
    """Lay the part out."""
    gr.Markdown(INTRODUCTION)
    View(
        HERE / "stack",
        answers={"stack": on_stack, "network": lambda name: on_network(name, context.checkpoints)},
        constants=stack_constants(),
        elem_id="conv-stack",
    )


def stack_constants() -> dict[str, Any]:
    """What the script reads: the table of layers, the limits, and the stacks and networks to choose from.

    kinds: by name the fields of each kind of layer, see `_field`. starts: by name a new item of the stack.
    """
    return {
        "opening": {"stack": preset(START).plain(), "input": list(INPUT)},
        "kinds": {name: list(map(_field, kind.stack_arguments)) for name, kind in stack_kinds().items()},
        "starts": {**{kind: start(kind) for kind in stack_kinds()}, NEW_BRANCHES["kind"]: NEW_BRANCHES},
        "joins": JOINS,
        "largest": list(LARGEST_INPUT),
        "most": {"layers": MAX_LAYERS, "branches": MAX_BRANCHES, "branch": MAX_BRANCH_LAYERS},
        "presets": [
            {"name": title, "stack": preset(name).plain(), "key": name} for name, title in TITLES.items()
        ],
        "mistakes": [
            {"name": mistake.title, "stack": checked(mistake.stack).plain(), "input": list(mistake.input)}
            for mistake in MISTAKES.values()
        ],
        "networks": [[name, network.title] for name, network in registry.NETWORKS.items()],
    }


def start(kind: str) -> dict[str, Any]:
    """A layer of `kind` as it is added to the stack, as plain data."""
    arguments = stack_kinds()[kind].stack_arguments
    return layer_of(kind, **{a.name: a.start for a in arguments if a.start is not None}).plain()


def _field(argument: Argument) -> dict[str, Any]:
    """One argument of a kind of layer, as the script reads it."""
    assert argument.limits is not None, "a stack offers it"
    return {
        "name": argument.name,
        "low": argument.limits[0],
        "high": argument.limits[1],
        "type": argument.type.__name__,
        "default": None if argument.default is REQUIRED else argument.default,
        "needed": not argument.is_optional,
        "inferred": argument.inferred is not None,
        "same_as": argument.same_as,
        "main": argument.is_main,
    }
