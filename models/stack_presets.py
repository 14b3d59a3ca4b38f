"""Stacks to start from, as plain data for `models.stack_layers.checked`."""

from __future__ import annotations

from typing import Any

from language import _
from models.registry import NETWORKS
from models.stack_layers import Stack, checked

_Plain = list[dict[str, Any]]


def conv(out_channels: int, kernel_size: int, padding: int = 0, **more: Any) -> dict[str, Any]:
    """A Conv2d as plain data."""
    params = {"out_channels": out_channels, "kernel_size": kernel_size, "padding": padding, **more}
    return {"kind": "Conv2d", "params": params}


def layer(kind: str, **params: Any) -> dict[str, Any]:
    """Any layer as plain data."""
    return {"kind": kind, "params": params}


def branches(join: str, *paths: _Plain) -> dict[str, Any]:
    """Branches as plain data; `join` is "cat" or "add"."""
    return {"kind": "Branches", "join": join, "branches": list(paths)}


def _tutorial_cnn() -> _Plain:
    blocks = []
    for channels in (16, 32):
        blocks += [
            conv(channels, 5, 2),
            layer("BatchNorm2d"),
            layer("ReLU"),
            layer("MaxPool2d", kernel_size=2),
        ]
    return [*blocks, layer("Flatten"), layer("Dropout", p=0.0), layer("Linear", out_features=10)]


def _lenet5() -> _Plain:
    pool = layer("AvgPool2d", kernel_size=2)
    layers = [conv(6, 5, 2), layer("ReLU"), pool, conv(16, 5), layer("ReLU"), pool, layer("Flatten")]
    for features in (120, 84):
        layers += [layer("Linear", out_features=features), layer("ReLU")]
    return [*layers, layer("Linear", out_features=10)]


def _inception_block(width: int) -> dict[str, Any]:
    return branches(
        "cat",
        [conv(width, 1)],
        [conv(width, 1), layer("ReLU"), conv(width, 3, 1)],
        [conv(width, 1), layer("ReLU"), conv(width, 5, 2)],
        [layer("AvgPool2d", kernel_size=3, stride=1, padding=1), conv(width, 1)],
    )


def _inception() -> _Plain:
    after = [layer("BatchNorm2d"), layer("ReLU"), layer("MaxPool2d", kernel_size=2)]
    blocks = [conv(16, 5, 2), *after, _inception_block(16), *after, _inception_block(16), *after]
    return [*blocks, layer("Flatten"), layer("Dropout", p=0.0), layer("Linear", out_features=10)]


def _residual_pair(channels: int) -> _Plain:
    step = conv(channels, 3, 1, bias=False)
    return [
        branches("add", [], [step, layer("BatchNorm2d"), layer("ReLU"), step, layer("BatchNorm2d")]),
        layer("ReLU"),
    ]


def _residual() -> _Plain:
    blocks = []
    for channels in (16, 32):
        blocks += [conv(channels, 3, 1, bias=False), layer("BatchNorm2d"), layer("ReLU")]
        blocks += [layer("MaxPool2d", kernel_size=2), *_residual_pair(channels)]
    return [*blocks, layer("Flatten"), layer("Dropout", p=0.0), layer("Linear", out_features=10)]


def _fashion_cnn() -> _Plain:
    stages = [conv(32, 3, 1, bias=False), layer("BatchNorm2d"), layer("ReLU")]
    for channels in (64, 128, 128):
        stages += [conv(channels, 3, 1, bias=False), layer("MaxPool2d", kernel_size=2)]
        stages += [layer("BatchNorm2d"), layer("ReLU"), *_residual_pair(channels)]
    head = [layer("AdaptiveMaxPool2d", output_size=1), layer("Flatten"), layer("Linear", out_features=11)]
    return [*stages, *head]


_PRESETS = {
    "tutorial_cnn": (NETWORKS["tutorial_cnn"].title, _tutorial_cnn),
    "lenet5": (NETWORKS["lenet5"].title, _lenet5),
    "inception_block": (_("An inception block"), lambda: [conv(16, 5, 2), _inception_block(16)]),
    "inception": (NETWORKS["inception"].title, _inception),
    "residual_block": (_("A residual block"), lambda: [conv(16, 3, 1), *_residual_pair(16)]),
    "residual": (NETWORKS["residual"].title, _residual),
    "fashion_cnn": (NETWORKS["fashion_cnn"].title, _fashion_cnn),
}

TITLES = {name: title for name, (title, make) in _PRESETS.items()}
"""The title of each preset on the page. A name that is also in `models.registry` is that network."""


def preset(name: str) -> Stack:
    """A stack for (N, 1, 28, 28). Raises KeyError for a name that is not in TITLES."""
    return checked(_PRESETS[name][1]())
