"""A stack of layers: the shape after each, what each costs, and PyTorch's own error where one fails."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from torch import nn

from models import registry
from models.checkpoint import MAKERS, CheckpointError, load
from models.stack import INPUT, LARGEST_INPUT, Stop, Table, checked_shape, code, note, rows
from models.stack_layers import (
    KINDS,
    MAX_BRANCH_LAYERS,
    MAX_BRANCHES,
    MAX_LAYERS,
    Fork,
    Item,
    Layer,
    Stack,
    StackError,
    checked,
    layer_of,
)
from models.stack_layers import Path as Place
from models.stack_mend import mend
from models.stack_presets import TITLES, branches, conv, layer, preset
from models.trace import Record, trace
from settings import CHECKPOINTS
from ui.context import Context
from ui.kit.view import View

HERE = Path(__file__).parent
INTRODUCTION = """\
## A stack of layers
Build a network layer by layer. Each row tells the shape that comes out of it, and what it costs. Numbers that
you leave out are taken from the input. Where a layer does not fit, PyTorch's own error stands at its row.
"""
SHIPPED = "This is the trained network that this page ships, with its own sizes."
NOT_TRAINED = "This is the network with its standard sizes and random weights."
AGAIN = "The same layer again: its parameters are counted above."
START = "tutorial_cnn"
_POOL = {"kernel_size": 2}
STARTS: dict[str, dict[str, Any]] = {
    "Conv2d": {"out_channels": 16, "kernel_size": 3, "padding": 1},
    "MaxPool2d": _POOL,
    "AvgPool2d": _POOL,
    "AdaptiveMaxPool2d": {"output_size": 1},
    "Linear": {"out_features": 10},
}
"""The arguments of a new layer of each kind, as far as it needs some."""
NEW_BRANCHES = branches("cat", [conv(16, 1)], [conv(16, 3, 1)])
MISTAKES: dict[str, list[dict[str, Any]]] = {
    "A wrong in_features": [
        conv(32, 5, 2), layer("ReLU"), layer("MaxPool2d", **_POOL),
        conv(64, 5, 2), layer("ReLU"), layer("MaxPool2d", **_POOL),
        layer("Flatten"), layer("Linear", in_features=1024, out_features=128), layer("ReLU"),
        layer("Linear", out_features=10),
    ],
    "The batch size in BatchNorm2d": [
        conv(16, 3, 1), layer("BatchNorm2d", num_features=64), layer("ReLU"),
        layer("MaxPool2d", **_POOL), layer("Flatten"), layer("Linear", out_features=10),
    ],
    "No Flatten": [
        conv(16, 3, 1), layer("ReLU"), layer("MaxPool2d", **_POOL),
        layer("Linear", in_features=3136, out_features=10),
    ],
    "Branches that do not fit": [
        conv(16, 3, 1), layer("ReLU"),
        branches("add", [], [conv(32, 3, 1), layer("BatchNorm2d"), layer("ReLU")]),
        layer("MaxPool2d", **_POOL), layer("Flatten"), layer("Linear", out_features=10),
    ],
}  # fmt: skip
"""Stacks that PyTorch refuses, each for one of the reasons that beginners meet."""
MISTAKEN_INPUTS = {"The batch size in BatchNorm2d": (64, 1, 28, 28)}
OF_EVERY_ONE = ("Conv2d", "Flatten", "Linear", "x + y")
"""Kinds whose notes have numbers of their own: each is told. The others are told once."""


# --- handlers -----------------------------------------------------------------------------------------------


def on_stack(asked: Any) -> dict[str, Any]:
    """{"stack": as `models.stack_layers.checked` reads it, "input": [N, C, H, W]}, either may be left out ->
    the table of the page, or {"problem": a sentence}. Nothing is raised.

    "figures" has for each layer that ran, by its path as "2" or "7.1.0", what `_figures` says and what it
    took from its input; "stop" says where and why PyTorch stopped, with a stack that gets past it.
    """
    if not isinstance(asked, dict) or not set(asked) <= {"stack", "input"}:
        return {"problem": 'A question is a dictionary with "stack" and "input" and nothing else.'}
    try:
        stack = checked(asked["stack"]) if "stack" in asked else preset(START)
        shape = checked_shape(asked.get("input", INPUT))
        return _told(stack, shape)
    except StackError as error:
        return {"problem": str(error)}


def on_network(name: Any, checkpoints: Path = CHECKPOINTS) -> dict[str, Any]:
    """A name of `models.registry` -> the table of that network, with the sizes of the shipped checkpoint if
    it has one; {"problem": a sentence} for any other. Nothing is raised.
    """
    if not isinstance(name, str) or name not in registry.NETWORKS:
        return {"problem": f"There is no such network. Choose one of: {', '.join(registry.NETWORKS)}."}
    return _network(name, checkpoints)


def warm() -> None:
    """The first use of the meta device in a process takes seconds: done before somebody waits for it."""
    on_stack({})


# --- what they are made of ----------------------------------------------------------------------------------


def _told(stack: Stack, shape: tuple[int, ...]) -> dict[str, Any]:
    table = rows(stack, shape)
    seen: set[str] = set()
    figures = {}
    for row in table.rows:
        found = _figures(row.record, table.parameters, table.multiply_adds)
        found["note"] = _once(row.record, row.note, seen)
        item = stack.at(row.path)
        if len(row.path) != 2 and isinstance(item, Layer):
            known = table.stack.at(row.path)
            assert isinstance(known, Layer)
            found["inferred"] = {one: known[one] for one in item.lacking() if known[one] is not None}
        figures[_dotted(row.path)] = found
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
    """One line of the table. The shares are of what the whole network has, from 0 to 1."""
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


def _once(record: Record, note: str, seen: set[str]) -> str:
    """`note`, unless another line of that kind has told the same."""
    kind = record.code.partition("(")[0]
    if kind in seen and kind not in OF_EVERY_ONE:
        return ""
    seen.add(kind)
    return note


def _stop(stack: Stack, table: Table) -> dict[str, Any] | None:
    stop = table.stop
    if stop is None:
        return None
    found = mend(table)
    mended = left_out(stack, table, found.stack, found.change) if found.stack else None
    return {
        "path": _dotted(stop.path),
        "code": stop.code,
        "inputs": [list(shape) for shape in stop.inputs],
        "said": f"{type(stop.error).__name__}: {stop.error}",
        "meaning": found.meaning,
        "change": found.change,
        "mended": mended.plain() if mended else None,
        "inferred": _inferred(stack, table, stop),
    }


def _inferred(stack: Stack, table: Table, stop: Stop) -> dict[str, int]:
    given, known = stack.at(stop.path), table.stack.at(stop.path)
    if not isinstance(given, Layer) or not isinstance(known, Layer):
        return {}
    return {name: known[name] for name in given.lacking() if known[name] is not None}


def left_out(stack: Stack, table: Table, mended: Stack, change: str) -> Stack:
    """`mended`, which has all numbers, without those that the visitor's `stack` leaves to the input: they
    stay right when a layer before them is changed. What the `change` names stays.
    """
    originals = {id(table.stack.at(path)): given for path, given in stack.layers()}
    at = dict(stack.layers())

    def without(path: Place, one: Layer) -> Layer:
        if id(one) in originals:
            return originals[id(one)]
        before = at.get(path)
        if before is None or before.kind != one.kind:
            return one
        names = [name for name in before.lacking() if name not in change]
        return one.changed(**dict.fromkeys(names)) if names else one

    items: list[Item] = []
    for position, item in enumerate(mended.items):
        if isinstance(item, Layer):
            items.append(without((position,), item))
            continue
        paths = [
            tuple(without((position, number, n), one) for n, one in enumerate(branch))
            for number, branch in enumerate(item.branches)
        ]
        items.append(Fork(item.join, tuple(paths)))
    return Stack(tuple(items))


@lru_cache(maxsize=32)
def _network(name: str, checkpoints: Path) -> dict[str, Any]:
    model, size, program, origin = _built(name, checkpoints)
    told = trace(model, torch.zeros(1, *size))
    assert told.failure is None, "a network of the registry runs"
    seen: set[str] = set()
    lines = []
    for record in told.records:
        line = _figures(record, told.parameters, told.multiply_adds)
        line["name"] = record.name
        line["note"] = AGAIN if record.again and record.parameters else _once(record, note(record), seen)
        lines.append(line)
    return {
        "network": name,
        "title": registry.NETWORKS[name].title,
        "about": origin,
        "preset": name if name in TITLES else None,
        "input": [1, *size],
        "rows": lines,
        "totals": _totals(told.parameters, told.multiply_adds, told.bytes, len(lines)),
        "output": list(told.records[-1].output),
        "program": program,
    }


def _built(name: str, checkpoints: Path) -> tuple[nn.Module, list[int], str, str]:
    """The network, (C, H, W) of its input, the program that builds it, and where its sizes come from."""
    shipped = {"fashion_cnn": "fashion"}.get(name, name)
    if shipped in MAKERS:
        try:
            model, card = load(checkpoints, shipped)
        except CheckpointError:
            pass  # the sizes it has without one are shown, and said to be that
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
    presets = [{"name": title, "stack": preset(name).plain(), "key": name} for name, title in TITLES.items()]
    mistakes = [
        {"name": title, "stack": checked(plain).plain(), "input": list(MISTAKEN_INPUTS.get(title, INPUT))}
        for title, plain in MISTAKES.items()
    ]
    kinds = {
        kind: [
            {
                "name": one.name,
                "low": one.low,
                "high": one.high,
                "type": one.kind.__name__,
                "default": None if one.default is ... else one.default,
                "needed": one.default is ... and one.inferred is None,
                "inferred": one.inferred is not None,
            }
            for one in parameters
        ]
        for kind, parameters in KINDS.items()
    }
    View(
        HERE / "stack",
        {"stack": preset(START).plain(), "input": list(INPUT)},
        answers={"stack": on_stack, "network": lambda name: on_network(name, context.checkpoints)},
        constants={
            "kinds": kinds,
            "largest": list(LARGEST_INPUT),
            "most": {"layers": MAX_LAYERS, "branches": MAX_BRANCHES, "branch": MAX_BRANCH_LAYERS},
            "presets": presets,
            "mistakes": mistakes,
            "networks": [[name, network.title] for name, network in registry.NETWORKS.items()],
            "starts": {kind: layer_of(kind, **STARTS.get(kind, {})).plain() for kind in KINDS}
            | {"Branches": checked([NEW_BRANCHES]).plain()[0]},
        },
        elem_id="conv-stack",
    )
