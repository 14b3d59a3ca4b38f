"""Stacks to start from, as plain data for `models.stack_layers.checked`."""

from __future__ import annotations

from typing import Any

from models.stack_layers import Stack, checked

_Plain = list[dict[str, Any]]


def _conv(out_channels: int, kernel_size: int, padding: int = 0, **more: Any) -> dict[str, Any]:
    params = {"out_channels": out_channels, "kernel_size": kernel_size, "padding": padding, **more}
    return {"kind": "Conv2d", "params": params}


def _one(kind: str, **params: Any) -> dict[str, Any]:
    return {"kind": kind, "params": params}


def _branches(join: str, *branches: _Plain) -> dict[str, Any]:
    return {"kind": "Branches", "join": join, "branches": list(branches)}


def _tutorial_cnn() -> _Plain:
    found = []
    for channels in (16, 32):
        found += [_conv(channels, 5, 2), _one("BatchNorm2d"), _one("ReLU"), _one("MaxPool2d", kernel_size=2)]
    return [*found, _one("Flatten"), _one("Dropout", p=0.0), _one("Linear", out_features=10)]


def _lenet5() -> _Plain:
    pool = _one("AvgPool2d", kernel_size=2)
    found = [_conv(6, 5, 2), _one("ReLU"), pool, _conv(16, 5), _one("ReLU"), pool, _one("Flatten")]
    for features in (120, 84):
        found += [_one("Linear", out_features=features), _one("ReLU")]
    return [*found, _one("Linear", out_features=10)]


def _inception_block(width: int) -> dict[str, Any]:
    return _branches(
        "cat",
        [_conv(width, 1)],
        [_conv(width, 1), _one("ReLU"), _conv(width, 3, 1)],
        [_conv(width, 1), _one("ReLU"), _conv(width, 5, 2)],
        [_one("AvgPool2d", kernel_size=3, stride=1, padding=1), _conv(width, 1)],
    )


def _inception() -> _Plain:
    after = [_one("BatchNorm2d"), _one("ReLU"), _one("MaxPool2d", kernel_size=2)]
    found = [_conv(16, 5, 2), *after, _inception_block(16), *after, _inception_block(16), *after]
    return [*found, _one("Flatten"), _one("Dropout", p=0.0), _one("Linear", out_features=10)]


def _residual_pair(channels: int) -> _Plain:
    conv = _conv(channels, 3, 1, bias=False)
    return [
        _branches("add", [], [conv, _one("BatchNorm2d"), _one("ReLU"), conv, _one("BatchNorm2d")]),
        _one("ReLU"),
    ]


def _residual() -> _Plain:
    found = []
    for channels in (16, 32):
        found += [_conv(channels, 3, 1, bias=False), _one("BatchNorm2d"), _one("ReLU")]
        found += [_one("MaxPool2d", kernel_size=2), *_residual_pair(channels)]
    return [*found, _one("Flatten"), _one("Dropout", p=0.0), _one("Linear", out_features=10)]


def _fashion_cnn() -> _Plain:
    found = [_conv(32, 3, 1, bias=False), _one("BatchNorm2d"), _one("ReLU")]
    for channels in (64, 128, 128):
        found += [_conv(channels, 3, 1, bias=False), _one("MaxPool2d", kernel_size=2)]
        found += [_one("BatchNorm2d"), _one("ReLU"), *_residual_pair(channels)]
    head = [_one("AdaptiveMaxPool2d", output_size=1), _one("Flatten"), _one("Linear", out_features=11)]
    return [*found, *head]


_PRESETS = {
    "tutorial_cnn": ("The tutorials' CNN", _tutorial_cnn),
    "lenet5": ("LeNet-5", _lenet5),
    "inception_block": ("An inception block", lambda: [_conv(16, 5, 2), _inception_block(16)]),
    "inception": ("A CNN of inception blocks", _inception),
    "residual_block": ("A residual block", lambda: [_conv(16, 3, 1), *_residual_pair(16)]),
    "residual": ("A residual CNN", _residual),
    "fashion_cnn": ("The network of the Classify tab", _fashion_cnn),
}

TITLES = {name: title for name, (title, _) in _PRESETS.items()}
"""What each preset is called on the page. A name that `models.registry` has too is that network."""


def preset(name: str) -> Stack:
    """A stack for (N, 1, 28, 28). Raises KeyError for a name that is not in TITLES."""
    return checked(_PRESETS[name][1]())
