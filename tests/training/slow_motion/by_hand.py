"""The training loop in slow motion by hand: its networks as formulas, their gradients, its batches."""

from __future__ import annotations

import base64

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from training.slow_motion.play import pictures
from training.slow_motion.program import LINES, PASSES, SlowSettings

TEXTBOOK = tuple(LINES)


def ordered(text: str) -> tuple[str, ...]:
    """ "z f l b s" -> the keys of the lines."""
    letters = {key[0]: key for key in LINES}
    return tuple(letters[letter] for letter in text.split())


def tensor(recording: dict, place: int) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(recording["tensors"][place]), "<f4").copy())


def values(recording: dict, frame: dict, key: str) -> dict[str, torch.Tensor | None]:
    """`w` or `g` of a frame by the names of the parameters."""
    return {
        parameter["name"]: None if place is None else tensor(recording, place).view(parameter["shape"])
        for parameter, place in zip(recording["parameters"], frame[key], strict=True)
    }


def forward(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The two networks as formulas."""
    if "weight" in weights:
        return x @ weights["weight"].T + weights["bias"]
    hidden = (x @ weights["hidden.weight"].T + weights["hidden.bias"]).clamp(min=0)
    return hidden @ weights["out.weight"].T + weights["out.bias"]


def gradients(weights: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor):
    """Loss and gradient of each parameter; the loss as -ln of the share of the right class."""
    live = {name: weight.clone().requires_grad_() for name, weight in weights.items()}
    logits = forward(live, x)
    loss = (logits.logsumexp(1) - logits[torch.arange(len(y)), y]).mean()
    return loss.item(), dict(zip(live, torch.autograd.grad(loss, list(live.values())), strict=True))


def batches(settings: SlowSettings) -> list:
    loader = DataLoader(
        pictures(PASSES * settings.batch_size, settings.seed), settings.batch_size, shuffle=True,
        generator=torch.Generator().manual_seed(settings.seed),
    )  # fmt: skip
    passes = list(loader)
    return passes if settings.batches == "next" else passes[:1] * PASSES


def first_weights(settings: SlowSettings) -> dict[str, torch.Tensor]:
    torch.manual_seed(settings.seed)
    model: nn.Module = nn.Linear(64, 3)
    if settings.network == "two-layers":
        torch.manual_seed(settings.seed)
        model = nn.ModuleDict({"hidden": nn.Linear(64, 4), "out": nn.Linear(4, 3)})
    return {name: p.detach().clone() for name, p in model.named_parameters()}
