"""The training loop: a generator of records that the command line, the page, the tests and the benchmarks
share.

    for record in train(model, batches, config):
        print(record)

It stops when its consumer stops iterating. What happened so far is in the `State`, which can be saved and
passed to a later call to continue with exactly the same steps.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from checks import whole_number
from data.batches import TensorBatches, random_source
from settings import fast_bfloat16
from training.config import MAX_EPOCHS, TrainConfig
from training.distributed import Team
from training.divergence import DivergenceWatch
from training.losses import Loss, loss_function, measured_loss
from training.optimizers import make_optimizer, share

DROPOUT = 1
"""Ends the seed of a step's dropout, plus the rank: the seed of its augmentation must differ."""


@dataclass(frozen=True)
class Step:
    """One batch: loss and accuracy on it before the weights moved, and the learning rate they moved with.

    `gradient_norm` is the length of the gradient of all weights as one vector, without weight decay.
    """

    epoch: int
    step: int
    loss: float
    accuracy: float
    lr: float
    gradient_norm: float


@dataclass(frozen=True)
class Epoch:
    """One pass: mean loss and accuracy over its training batches; on the validation set, or None without
    one.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class Done:
    """The last record of a completed run."""

    steps: int
    seconds: float


@dataclass(frozen=True)
class Diverged:
    """The last record of a run that diverged: `reason` names the step, its gradient norm and what to change,
    see `training.divergence`.
    """

    epoch: int
    step: int
    reason: str
    gradient_norm: float


Record = Step | Epoch | Done | Diverged


class State:
    """Everything of a run but its model's weights: optimizer, schedule, weight average, and progress."""

    def __init__(self, model: nn.Module, config: TrainConfig, steps_per_epoch: int):
        self.optimizer = make_optimizer(model, config)
        self.epochs = config.epochs
        """Epochs after which the run is done."""
        self.length = config.epochs * steps_per_epoch
        """Steps of the schedule."""
        self.schedule: LRScheduler | None = None
        if config.schedule != "constant":
            self.schedule = LambdaLR(self.optimizer, lambda step: share(config.schedule, step, self.length))
        self.average: AveragedModel | None = None
        if config.average:
            self.average = AveragedModel(
                model, multi_avg_fn=get_ema_multi_avg_fn(config.average), use_buffers=True
            )
        self.watch = DivergenceWatch(config)
        self.model = model
        self.config = config
        self.steps_per_epoch = steps_per_epoch
        self.epoch = 0
        """Completed epochs."""
        self.step = 0
        """Completed batches of the current epoch."""
        self.sums = [0.0, 0.0, 0.0]
        """Over these batches: samples, loss, right answers."""

    def add(self, samples: int, loss: float, accuracy: float) -> None:
        """Count one batch, with its mean loss and accuracy."""
        self.step += 1
        self.sums = [
            a + b for a, b in zip(self.sums, (samples, samples * loss, samples * accuracy), strict=True)
        ]

    def end_epoch(self) -> tuple[int, float, float]:
        """Begin the next epoch; returns the number, mean loss and mean accuracy of the completed one."""
        samples, loss, hits = self.sums
        self.epoch, self.step, self.sums = self.epoch + 1, 0, [0.0, 0.0, 0.0]
        return self.epoch - 1, loss / samples, hits / samples

    def set_lr(self, lr: float) -> None:
        """Continue with another learning rate; a schedule keeps its shape, and `lr` is its largest value.

        Raises ValueError naming the range.
        """
        self.watch.config = dataclasses.replace(self.watch.config, lr=lr)  # checks it
        lr = self.watch.config.lr
        if self.schedule is not None:
            self.schedule.base_lrs = [lr] * len(self.optimizer.param_groups)
        for group in self.optimizer.param_groups:
            group["initial_lr"] = lr
        self._update_lr()

    def extend(self, epochs: int) -> None:
        """Have the run continue for `epochs` epochs after the current one; the schedule starts anew, over all
        steps from here on.

        Raises ValueError naming the range: a run has at most MAX_EPOCHS.
        """
        last = self.epoch + (self.step > 0)
        self.epochs = last + whole_number(epochs, "epochs", 1, MAX_EPOCHS - last)
        self.length = self.epochs * self.steps_per_epoch - self.epoch * self.steps_per_epoch - self.step
        if self.schedule is not None:
            self.schedule.last_epoch = 0  # what torch calls the steps of a schedule
        self._update_lr()

    def _update_lr(self) -> None:
        """Give the optimizer the learning rate of the next step."""
        part = 1.0
        if self.schedule is not None:
            part = share(self.config.schedule, self.schedule.last_epoch, self.length)
        for group in self.optimizer.param_groups:
            group["lr"] = self.watch.config.lr * part

    @property
    def trained(self) -> nn.Module:
        """The network to keep: the weight average if there is one."""
        return self.model if self.average is None else self.average.module

    def state_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule and self.schedule.state_dict(),
            "average": self.average and self.average.state_dict(),
            "watch": self.watch.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "sums": self.sums,
            "epochs": self.epochs,
            "length": self.length,
            "lr": self.watch.config.lr,
            # zero_grad clears them before the next step
            "gradients": None if self.config.zero_grad else [p.grad for p in self.model.parameters()],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.model.load_state_dict(state_dict["model"])
        self.optimizer.load_state_dict(state_dict["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state_dict["schedule"])
        if self.average is not None:
            self.average.load_state_dict(state_dict["average"])
        self.watch.load_state_dict(state_dict["watch"])
        self.epoch, self.step, self.sums = state_dict["epoch"], state_dict["step"], list(state_dict["sums"])
        self.epochs, self.length = state_dict["epochs"], state_dict["length"]
        self.watch.config = dataclasses.replace(self.watch.config, lr=state_dict["lr"])
        for p, gradient in zip(self.model.parameters(), state_dict["gradients"] or [], strict=False):
            p.grad = None if gradient is None else gradient.clone().to(p.device)


def train(
    model: nn.Module,
    batches: TensorBatches,
    config: TrainConfig,
    validation: tuple[Tensor, Tensor] | None = None,
    state: State | None = None,
    team: Team | None = None,
) -> Iterator[Record]:
    """Train `model` on its device; yield a Step for each batch, an Epoch for each pass, and Done or Diverged.

    `validation` is (inputs (N, ...) uint8 or float, labels (N,)). With a loaded `state`, the run continues
    where that state was saved, with the same batches, augmentation and dropout as if it had never stopped.
    Dropout draws from torch's process-wide generator, so each step with dropout seeds that one anew. Each
    process of a `team` calls this with the same arguments and gets the same records.
    """
    state = state or State(model, config, len(batches))
    network = model if team is None else team.wrap(model)
    device = next(model.parameters()).device
    half = torch.autocast(device.type, torch.bfloat16, enabled=fast_bfloat16(device) and _large(model))
    dropout = _has_dropout(model)
    rank = 0 if team is None else team.rank
    loss_of, measured = loss_function(config), measured_loss(config)
    start_time = time.perf_counter()

    while state.epoch < state.epochs:
        model.train()
        epoch_begun = time.perf_counter()
        for x, y in batches.epoch(config.seed, state.epoch, start=state.step):
            samples = len(y)
            if team is not None:
                x, y = team.share(x, y)
            x, y = x.to(device), y.to(device)
            if x.ndim == 4:
                x = x.contiguous(memory_format=torch.channels_last)

            if dropout:
                source = random_source(config.seed, state.epoch, state.step, DROPOUT + rank)
                torch.manual_seed(source.initial_seed())
            if config.zero_grad:
                state.optimizer.zero_grad()
            with half:
                logits = network(x)
            loss = loss_of(logits.float(), y)
            loss.backward()
            gradient = get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
            state.optimizer.step()

            value, norm = loss.item(), gradient.item()
            accuracy = (logits.argmax(1) == y).float().mean().item()
            if team is not None:
                value, accuracy = team.mean(value, accuracy)
            classes = logits.shape[1]
            if reason := state.watch.problem(state.epoch, state.step, value, accuracy, norm, classes):
                yield Diverged(state.epoch, state.step, reason, norm)
                return
            lr = state.optimizer.param_groups[0]["lr"]
            if state.schedule is not None:
                state.schedule.step()
            if state.average is not None:
                state.average.update_parameters(model)
            state.add(samples, value, accuracy)
            yield Step(state.epoch, state.step - 1, value, accuracy, lr, norm)

        validation_loss = validation_accuracy = None
        if validation is not None:
            validation_loss, validation_accuracy = evaluate(state.trained, *validation, loss=measured)
        yield Epoch(
            *state.end_epoch(), validation_loss, validation_accuracy, time.perf_counter() - epoch_begun
        )
    yield Done(state.epochs * len(batches), time.perf_counter() - start_time)


@torch.inference_mode()
def evaluate(
    model: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int = 1000, loss: Loss = F.cross_entropy
) -> tuple[float, float]:
    """Mean loss and accuracy in float32; `inputs` (N, ...) uint8 or float, `labels` (N,)."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total, hits = 0.0, 0
    for x, y in zip(inputs.split(batch_size), labels.split(batch_size), strict=True):
        x = x.float().div(255) if x.dtype == torch.uint8 else x
        logits, y = model(x.to(device)), y.to(device)
        if loss is F.cross_entropy:
            total += F.cross_entropy(logits, y, reduction="sum").item()
        else:
            total += loss(logits, y).item() * len(y)
        hits += int((logits.argmax(1) == y).sum())
    model.train(was_training)
    return total / len(labels), hits / len(labels)


def _has_dropout(model: nn.Module) -> bool:
    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
    return any(isinstance(module, kinds) and module.p > 0 for module in model.modules())


def _large(model: nn.Module) -> bool:
    """With fewer weights the casts cost more than bfloat16 saves, and small numbers need all their digits."""
    return sum(p.numel() for p in model.parameters()) > 10_000
