"""When a run has diverged, and what to change: the rule that ends a run early."""

from __future__ import annotations

import math

from language import _, sentences
from training.config import TrainConfig
from training.optimizers import optimizers_with

PATIENCE = 100
"""A run is given up after so many more strained steps than others."""


def remedy(config: TrainConfig) -> dict[str, float | bool]:
    """The fields to change in a run that diverged, with their new values."""
    if not config.zero_grad:
        return {"zero_grad": True}
    changes: dict[str, float | bool] = {"lr": float(f"{config.lr / 10:g}")}
    if config.optimizer in optimizers_with("momentum") and config.momentum > 0.9:
        changes["momentum"] = 0.9
    return changes


class DivergenceWatch:
    """Follows a run and says when it is lost: when its loss or gradient is not a finite number, or when its
    loss explodes.

    A step is strained when its loss exceeds the first one by more than 10 ln(classes), ten times the loss of
    equal guesses, and fewer answers are right than one and a half times those of guessing. The loss has
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

    def problem(
        self, epoch: int, step: int, loss: float, accuracy: float, gradient_norm: float, classes: int
    ) -> str | None:
        """What is wrong after this step (counted from 0, as the epoch) and what to change; None for a run
        that may go on.
        """
        place = {"step": step + 1, "epoch": epoch + 1}
        if not math.isfinite(loss):
            sentence = _("In step {step} of epoch {epoch} the loss became {loss} (gradient norm {norm}).")
            values = {"loss": str(loss), "norm": f"{gradient_norm:.3g}"}
            return sentences(sentence.format(**place, **values), self._advice())
        if not math.isfinite(gradient_norm):
            sentence = _(
                "In step {step} of epoch {epoch} the gradient norm became {norm} at a loss of {loss}."
            )
            values = {"loss": f"{loss:.3g}", "norm": str(gradient_norm)}
            return sentences(sentence.format(**place, **values), self._advice())
        if self.first is None:
            self.first = loss
        is_strained = loss > self.first + 10 * math.log(classes) and accuracy < 1.5 / classes
        self.strain = self.strain + 1 if is_strained else max(0, self.strain - 1)
        if self.strain < PATIENCE:
            return None
        sentence = _(
            "In step {step} of epoch {epoch} the loss has exploded, from {first} to {loss} (gradient norm"
            " {norm}), and answers are no better than guesses."
        )
        values = {"first": f"{self.first:.3g}", "loss": f"{loss:.3g}", "norm": f"{gradient_norm:.3g}"}
        return sentences(sentence.format(**place, **values), self._advice())

    def _advice(self) -> str:
        if self.first is None:
            return _(
                "This was the first step: the inputs or the initial weights are too large or not finite."
            )
        config, other = self.config, remedy(self.config)
        if "zero_grad" in other:
            return _("The gradients of all steps add up: set them to zero before each step (zero_grad).")
        values = {"lr": f"{other['lr']:g}", "old_lr": f"{config.lr:g}"}
        if "momentum" not in other:
            return _("Try a smaller learning rate, lr {lr} instead of {old_lr}.").format(**values)
        values |= {"momentum": f"{other['momentum']:g}", "old_momentum": f"{config.momentum:g}"}
        return _(
            "Try a smaller learning rate, lr {lr} instead of {old_lr}, or momentum {momentum} instead of"
            " {old_momentum}."
        ).format(**values)

    def state_dict(self) -> dict[str, float | int | None]:
        return {"first": self.first, "strain": self.strain}

    def load_state_dict(self, state_dict: dict[str, float | int | None]) -> None:
        self.first, self.strain = state_dict["first"], int(state_dict["strain"] or 0)
