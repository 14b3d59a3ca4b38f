"""The complete Python that runs the layer on screen."""

from __future__ import annotations

from typing import Any

from models.arithmetic import Input, LayerSpec
from models.layer_kinds import REQUIRED, Argument
from models.layer_run import arguments


def call(layer: LayerSpec) -> str:
    """The layer as Python, without the module's name.

    Arguments equal to torch's defaults are left out, a pair of equal numbers is one number, and the channels
    come first, by position.
    """
    values = arguments(layer)
    channels = layer.sliding.weights or ()
    words = [
        _short(values[argument.name])
        if argument.name in channels
        else f"{argument.name}={_short(values[argument.name])}"
        for argument in layer.entry.arguments
        if _is_written(argument, values)
    ]
    return f"{layer.kind}({', '.join(words)})"


def code(layer: LayerSpec, in_shape: Input) -> str:
    """A program that makes the layer and its input and prints the shapes of output and weight."""
    lines = [
        "import torch",
        "from torch import nn",
        "",
        f"layer = nn.{call(layer)}",
        f"x = torch.randn{in_shape.shape}",
        "print(layer(x).shape)",
    ]
    if layer.has_weights:
        lines.append("print(layer.weight.shape)")
    return "\n".join(lines) + "\n"


def _is_written(argument: Argument, values: dict[str, Any]) -> bool:
    """Whether torch would build another layer without it."""
    if argument.same_as:
        return values[argument.name] != values[argument.same_as]
    return argument.default is REQUIRED or _short(values[argument.name]) != str(argument.default)


def _short(value: Any) -> str:
    """A pair of equal numbers as one number, a word in double quotes."""
    if isinstance(value, tuple) and value[0] == value[1]:
        return str(value[0])
    return f'"{value}"' if isinstance(value, str) else str(value)
