"""The hyperparameters of a training run, each with its meaning and its range."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from checks import about, choice, number, set_fields, switch, whole_number
from language import _
from training.optimizers import OPTIMIZERS, SCHEDULES

LOSSES = ("cross-entropy", "bce", "mse", "multi-margin", "focal")
MAX_EPOCHS, MAX_LR = 1000, 10.0


@dataclass(frozen=True)
class TrainConfig:
    """Hyperparameters of one run. Raises ValueError with the name and the range of a wrong field."""

    epochs: int = 5
    """Passes over the training set, 1 to MAX_EPOCHS."""
    batch_size: int = 128
    """Samples in each step, 1 to 8192."""
    optimizer: str = "sgd"
    """One of `training.optimizers.OPTIMIZERS`."""
    lr: float = 0.05
    """Learning rate, above 0 and up to MAX_LR; the largest of a schedule."""
    momentum: float = 0.9
    """Share of the last step's direction that the next one keeps, 0 up to 1; some optimizers ignore it."""
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
    """One of LOSSES, see `training.losses`: what training minimises. Only the first takes `label_smoothing`.
    """
    zero_grad: bool = True
    """Set the gradients to zero before each step; otherwise they add up from step to step."""

    def __post_init__(self) -> None:
        set_fields(
            self,
            epochs=whole_number(self.epochs, "epochs", 1, MAX_EPOCHS),
            batch_size=whole_number(self.batch_size, "batch_size", 1, 8192),
            optimizer=choice(self.optimizer, "optimizer", OPTIMIZERS),
            schedule=choice(self.schedule, "schedule", SCHEDULES),
            shuffle=switch(self.shuffle, "shuffle"),
            seed=whole_number(self.seed, "seed", 0, 2**31 - 1),
            loss=choice(self.loss, "loss", LOSSES),
            zero_grad=switch(self.zero_grad, "zero_grad"),
        )
        # 0 stays 0 and does not become 0.0: the printed command repeats what was chosen
        number(self.lr, "lr", 0, MAX_LR, above=True)
        number(self.weight_decay, "weight_decay", 0, 1)
        for name in ("momentum", "label_smoothing", "average"):
            number(getattr(self, name), name, 0, 1, below=True)
        other = OPTIMIZERS[self.optimizer].without_momentum
        if other and self.momentum == 0:
            sentence = _(
                "momentum must be above 0 for the optimizer {optimizer}, not 0; without it, choose {other}."
            )
            raise about("momentum", ValueError(sentence.format(optimizer=self.optimizer, other=other)))
        if self.label_smoothing and self.loss != "cross-entropy":
            sentence = _(
                "label_smoothing must be 0 for the loss {loss}, not {value}: it belongs to the loss"
                " cross-entropy."
            )
            values = {"loss": self.loss, "value": f"{self.label_smoothing:g}"}
            raise about("label_smoothing", ValueError(sentence.format(**values)))

    def as_dict(self) -> dict[str, int | float | str | bool]:
        return dataclasses.asdict(self)
