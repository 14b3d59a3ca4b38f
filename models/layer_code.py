"""The complete Python that runs the layer on screen."""

from __future__ import annotations

from typing import Any

from models.arithmetic import Input, Layer
from models.layer_run import arguments

DEFAULTS = {"padding": (0, 0), "dilation": (1, 1), "output_padding": (0, 0), "groups": 1, "bias": True}
"""What the classes of `torch.nn` take when nothing is said; a pool's stride is then its kernel."""


def code(layer: Layer, given: Input) -> str:
    """A program that makes the layer and its input and prints the shapes of output and weight.

    Only arguments that differ from torch's defaults are written, a pair of equal numbers as one.
    """
    values = arguments(layer)
    default_stride = layer.kernel if layer.pools else (1, 1)
    first = [_short(values.pop(name)) for name in ("in_channels", "out_channels") if name in values]
    kernel = f"kernel_size={_short(values.pop('kernel_size'))}"
    named = [
        f"{name}={_short(value)}"
        for name, value in values.items()
        if value != (default_stride if name == "stride" else DEFAULTS[name])
    ]
    lines = [
        "import torch",
        "from torch import nn",
        "",
        f"layer = nn.{layer.kind}({', '.join([*first, kernel, *named])})",
        f"x = torch.randn{given.shape}",
        "print(layer(x).shape)",
    ]
    if not layer.pools:
        lines.append("print(layer.weight.shape)")
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    """A pair of equal numbers as one of them, a word in double quotes."""
    if isinstance(value, tuple) and value[0] == value[1]:
        return str(value[0])
    return f'"{value}"' if isinstance(value, str) else str(value)
