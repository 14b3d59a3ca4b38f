"""The rules that move the weights: plain gradient descent written out, the table of optimizers, and the
schedules of the learning rate.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.optim import Optimizer

from checks import number
from language import _

if TYPE_CHECKING:
    from training.config import TrainConfig

SCHEDULES = ("constant", "step", "cosine", "one-cycle")


class SimpleGD(Optimizer):
    """Gradient descent: p <- p - lr * (gradient + weight_decay * p) for every parameter p.

    The gradient points where the loss grows fastest, so each step goes the other way; `lr` is how far. Weight
    decay makes each weight a little smaller in each step. It has no memory: nothing is kept from one step to
    the next. `lr` and `weight_decay` are numbers from 0 up, or ValueError is raised. A group of parameters
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


@dataclass(frozen=True)
class OptimizerKind:
    """One optimizer. Everything that lists, builds or prints optimizers reads this: the form, the command
    line, the printed programs, the advice after divergence and the tests.
    """

    make: type[Optimizer]
    """Its class, which a printed program can import: torch's or this project's."""
    title: str
    description: str
    """One sentence for a beginner; {rate} stands for `usual_lr`."""
    usual_lr: float
    """The learning rate to start with."""
    options: tuple[str, ...] = ()
    """The fields of TrainConfig that it takes, besides `lr` and `weight_decay`."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the class that are always the same."""
    without_momentum: str = ""
    """The optimizer to choose for a momentum of 0 if this one cannot do that; else ""."""

    @property
    def sentence(self) -> str:
        return self.description.format(rate=f"{self.usual_lr:g}")

    @property
    def module(self) -> str:
        """The module that a program imports `code_name` from; "" for torch's own, as in torch.optim.SGD."""
        return "" if getattr(torch.optim, self.make.__name__, None) is self.make else self.make.__module__

    @property
    def code_name(self) -> str:
        """The class as a program names it."""
        return self.make.__name__ if self.module else f"torch.optim.{self.make.__name__}"

    def arguments(self, config: TrainConfig) -> dict[str, Any]:
        """The arguments of the class besides the parameters and `lr`; groups of parameters may have a weight
        decay of their own.
        """
        options = {name: getattr(config, name) for name in self.options if getattr(config, name)}
        options |= self.fixed
        decay = inspect.signature(self.make).parameters.get("weight_decay")
        if not config.weight_decay and decay is not None and decay.default:
            options["weight_decay"] = 0.0
        return options

    def call(self, parameters: str, lr: str, arguments: Mapping[str, Any]) -> str:
        """The call of the class as Python; `parameters` and `lr` are Python as well."""
        keywords = "".join(f", {name}={value!r}" for name, value in arguments.items())
        return f"{self.code_name}({parameters}, lr={lr}{keywords})"


OPTIMIZERS: dict[str, OptimizerKind] = {
    "sgd": OptimizerKind(
        torch.optim.SGD, "SGD", _("Steps against the gradient, with momentum."), 0.05, ("momentum",)
    ),
    "nesterov": OptimizerKind(
        torch.optim.SGD,
        "SGD, Nesterov",
        _("Momentum that looks ahead and brakes earlier."),
        0.05,
        ("momentum",),
        fixed={"nesterov": True},
        without_momentum="sgd",
    ),
    "adam": OptimizerKind(
        torch.optim.Adam, "Adam", _("A step size for each weight; usual rate: {rate}."), 1e-3
    ),
    "adamw": OptimizerKind(
        torch.optim.AdamW, "AdamW", _("Adam, with decay of the weights; usual rate: {rate}."), 1e-3
    ),
    "rmsprop": OptimizerKind(
        torch.optim.RMSprop, "RMSprop", _("Divides by the gradient's recent size; usual rate: {rate}."), 1e-3
    ),
    "simple-gd": OptimizerKind(
        SimpleGD, "SimpleGD", _("Plain gradient descent, see training/optimizers.py."), 0.05
    ),
}  # fmt: skip


def optimizers_with(option: str) -> tuple[str, ...]:
    """Names of the optimizers that take `option`, a field of TrainConfig."""
    return tuple(name for name, kind in OPTIMIZERS.items() if option in kind.options)


def make_optimizer(model: nn.Module, config: TrainConfig) -> Optimizer:
    """The optimizer of `config`; weight decay applies to matrices and kernels only."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    kind = OPTIMIZERS[config.optimizer]
    arguments: dict[str, Any] = {"lr": config.lr, **kind.arguments(config)}
    return kind.make(groups, **arguments)


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
