"""The rules that move the weights: gradient descent of our own, torch's optimizers by name, and the schedules
of the learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from checks import number
from training.config import SCHEDULES, TrainConfig


class SimpleGD(Optimizer):
    """Gradient descent: p <- p - lr * (gradient + weight_decay * p) for every parameter p.

    The gradient points where the loss grows fastest, so each step goes the other way; `lr` is how far. Weight
    decay makes each weight a little smaller in each step. There is no memory: nothing is kept from one step
    to the next. `lr` and `weight_decay` are numbers from 0 up, or ValueError is raised. A group of parameters
    may have its own.
    """

    def __init__(self, params: Any, lr: float = 0.01, weight_decay: float = 0.0):
        lr, weight_decay = number(lr, "lr", 0), number(weight_decay, "weight_decay", 0)
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()  # the step itself is not to be differentiated
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter that has a gradient. `closure`, if given, computes loss and gradients first;
        its loss is returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                gradient = p.grad
                if group["weight_decay"]:
                    gradient = gradient.add(p, alpha=group["weight_decay"])
                p.sub_(gradient, alpha=group["lr"])  # p <- p - lr * gradient
        return loss


def make_optimizer(model: nn.Module, config: TrainConfig) -> Optimizer:
    """The optimizer that `config` names; weight decay for matrices and kernels only."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    spared = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    match config.optimizer:
        case "sgd":
            return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum)
        case "nesterov":
            return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=True)
        case "adam":
            return torch.optim.Adam(groups, lr=config.lr)
        case "adamw":
            return torch.optim.AdamW(groups, lr=config.lr)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=config.lr)
        case "simple-gd":
            return SimpleGD(groups, lr=config.lr)
    raise ValueError(f"There is no optimizer {config.optimizer!r}.")


def share(schedule: str, step: int, steps: int) -> float:
    """Share of the learning rate, 0 to 1, that `schedule` uses at `step` (0 to `steps`) of `steps`.

    - constant: all of it.
    - step: all, a tenth from half of the steps on, a hundredth from three quarters on.
    - cosine: half a cosine from all to nothing (Loshchilov and Hutter, arXiv 1608.03983, without restarts).
    - one-cycle: up from 4 % for a fifth of the steps, then half a cosine down to nothing (Smith and Topin,
      "Super-Convergence", arXiv 1708.07120).

    Raises ValueError for another name.
    """
    match schedule:
        case "constant":
            return 1.0
        case "step":
            drops = (step >= steps / 2) + (step >= steps * 3 / 4)
            return 0.1**drops
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * step / steps))
        case "one-cycle":
            peak = steps / 5
            if step < peak:
                return 0.04 + 0.96 * step / peak
            return 0.5 * (1 + math.cos(math.pi * (step - peak) / (steps - peak)))
    raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, not {schedule!r}.")
