"""When a run is lost, and what to turn: the rule that ends a run early."""

from __future__ import annotations

import math

from training.config import TrainConfig
from training.optimizers import optimizers_with

PATIENCE = 100
"""Strained steps, less the others, after which a run is given up."""


def remedy(config: TrainConfig) -> dict[str, float | bool]:
    """The fields to change in a run that diverged, with their new values."""
    if not config.zero_grad:
        return {"zero_grad": True}
    changes: dict[str, float | bool] = {"lr": float(f"{config.lr / 10:g}")}
    if config.optimizer in optimizers_with("momentum") and config.momentum > 0.9:
        changes["momentum"] = 0.9
    return changes


class Watch:
    """Follows a run and says when it is lost: a loss or gradient that is no finite number, or an exploding
    loss.

    A step is strained when its loss is above the first one by more than 10 ln(classes), ten times the loss
    of equal guesses, and fewer answers are right than one and a half times those of guessing. The loss has
    exploded when there were PATIENCE more strained steps than others since their numbers were last equal.
    Neither alone is enough: a spike passes, and a large learning rate may give large losses with mostly right
    answers.
    """

    def __init__(self, config: TrainConfig):
        self.config = config
        self.first: float | None = None
        """Loss of the first step."""
        self.strain = 0
        """Strained steps less the others, never below 0."""

    def lost(self, loss: float, accuracy: float, gradient_norm: float, classes: int) -> str | None:
        """What is wrong after one more step and what to turn, or None for a run that may go on."""
        if not math.isfinite(loss):
            return f"the loss became {loss} (gradient norm {gradient_norm:.3g}): {self._advice()}"
        if not math.isfinite(gradient_norm):
            return f"the gradient norm became {gradient_norm} at a loss of {loss:.3g}: {self._advice()}"
        if self.first is None:
            self.first = loss
        strained = loss > self.first + 10 * math.log(classes) and accuracy < 1.5 / classes
        self.strain = self.strain + 1 if strained else max(0, self.strain - 1)
        if self.strain < PATIENCE:
            return None
        return (
            f"the loss has exploded, from {self.first:.3g} to {loss:.3g} (gradient norm {gradient_norm:.3g}),"
            f" and answers are no better than guesses: {self._advice()}"
        )

    def _advice(self) -> str:
        if self.first is None:
            return "this was the first step: the inputs or the initial weights are too large or not finite."
        config, other = self.config, remedy(self.config)
        if "zero_grad" in other:
            return "the gradients of all steps add up: set them to zero before each step (zero_grad)."
        advice = f"try a smaller learning rate, lr {other['lr']:g} instead of {config.lr:g}"
        if "momentum" in other:
            advice += f", or momentum {other['momentum']:g} instead of {config.momentum:g}"
        return advice + "."

    def state_dict(self) -> dict[str, float | int | None]:
        return {"first": self.first, "strain": self.strain}

    def load_state_dict(self, saved: dict[str, float | int | None]) -> None:
        self.first, self.strain = saved["first"], int(saved["strain"] or 0)
