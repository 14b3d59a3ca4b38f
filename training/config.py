"""What a training run is told: every hyperparameter, its meaning and its range."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from training.optimizers import OPTIMIZERS, SCHEDULES

LOSSES = ("cross-entropy", "bce", "mse", "multi-margin", "focal")


@dataclass(frozen=True)
class TrainConfig:
    """Hyperparameters of one run. Raises ValueError naming the field and its range when one is out of it."""

    epochs: int = 5
    """Passes over the training set, 1 to 1000."""
    batch_size: int = 128
    """Samples a step, 1 to 8192."""
    optimizer: str = "sgd"
    """One of `training.optimizers.OPTIMIZERS`."""
    lr: float = 0.05
    """Learning rate, above 0 and up to 10; the largest one of a schedule."""
    momentum: float = 0.9
    """Share of the last step's direction that the next one keeps, 0 up to 1; not every optimizer takes it."""
    weight_decay: float = 0.0
    """Pull of every weight matrix and kernel towards zero, 0 to 1; biases and normalisation layers are
    spared. "adamw" takes it from the weights themselves, the others add it to the gradient.
    """
    schedule: str = "constant"
    """One of SCHEDULES: "step" divides `lr` by 10 after half and after three quarters of the steps, "cosine"
    falls from it to zero, "one-cycle" rises to it over the first fifth of the steps and then falls to zero.
    """
    label_smoothing: float = 0.0
    """Probability mass that the target gives to the other classes, 0 up to 1."""
    average: float = 0.0
    """Decay of an exponential moving average of the weights, 0 (none) up to 1; the average is what is kept.
    """
    shuffle: bool = True
    """A new order each epoch; otherwise the order of the data set."""
    seed: int = 0
    """Decides initial weights, order and augmentation, 0 to 2**31 - 1."""
    loss: str = "cross-entropy"
    """One of LOSSES, see `training.losses`: what training makes small. `label_smoothing` belongs to the
    first alone.
    """
    zero_grad: bool = True
    """The gradients are set to zero before each step; without it they add up from step to step."""

    def __post_init__(self) -> None:
        whole(self, "epochs", 1, 1000)
        whole(self, "batch_size", 1, 8192)
        whole(self, "seed", 0, 2**31 - 1)
        number(self, "lr", 0.0, 10.0, above=True)
        number(self, "weight_decay", 0.0, 1.0)
        for name in ("momentum", "label_smoothing", "average"):
            number(self, name, 0.0, 1.0, below=True)
        one_of(self, "optimizer", tuple(OPTIMIZERS))
        one_of(self, "schedule", SCHEDULES)
        one_of(self, "loss", LOSSES)
        flag(self, "shuffle")
        flag(self, "zero_grad")
        other = OPTIMIZERS[self.optimizer].without_momentum
        if other and self.momentum == 0:
            raise ValueError(
                f"momentum must be above 0 for the optimizer {self.optimizer}, not 0; without it, choose"
                f" {other}."
            )
        if self.label_smoothing and self.loss != "cross-entropy":
            raise ValueError(
                f"label_smoothing must be 0 for the loss {self.loss}, not {self.label_smoothing:g}: it"
                " belongs to the loss cross-entropy."
            )

    def as_dict(self) -> dict[str, int | float | str | bool]:
        return dataclasses.asdict(self)


# Each of these checks a field of a dataclass and raises ValueError naming it and its range.


def whole(options: object, name: str, low: int, high: int) -> None:
    value = getattr(options, name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, not {_given(value)}.")


def number(
    options: object, name: str, low: float, high: float, above: bool = False, below: bool = False
) -> None:
    value = getattr(options, name)
    fits = not isinstance(value, bool) and isinstance(value, (int, float))
    # NaN is neither above nor below anything
    if not fits or not low <= value <= high or (above and value == low) or (below and value == high):
        start = f"above {low:g}" if above else f"from {low:g}"
        end = f"below {high:g}" if below else f"to {high:g}"
        raise ValueError(f"{name} must be a number {start} {end}, not {_given(value)}.")


def one_of(options: object, name: str, choices: tuple[str, ...]) -> None:
    value = getattr(options, name)
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {_given(value)}.")


def flag(options: object, name: str) -> None:
    value = getattr(options, name)
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, not {_given(value)}.")


def shown(value: object) -> str:
    """`value` as Python writes it, or its beginning: anybody may send anything."""
    try:
        text = repr(value)
    except Exception:  # a number of more digits than Python writes, a list that nests too deeply
        return f"something of the type {type(value).__name__}"
    return text if len(text) <= 60 else text[:60] + "..."


def _given(value: object) -> str:
    return "left empty" if value is None else shown(value)
