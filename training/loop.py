"""The training loop: a generator of records that the command line, the page, the tests and the benchmarks
share.

    for record in train(model, batches, config):
        print(record)

It stops when its consumer stops asking. What happened so far is in the `State`, which can be saved and
handed to a later call to go on with exactly the same steps.
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
from training.divergence import Watch
from training.losses import Loss, loss_function, measured_loss
from training.optimizers import make_optimizer, share

DROPOUT = 1
"""Ends the seed of a step's dropout, plus the rank: that of its augmentation must be another one."""


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
    """The last record of a run that went through."""

    steps: int
    seconds: float


@dataclass(frozen=True)
class Diverged:
    """The last record of a run that is lost, as `training.divergence` has it: `reason` is a sentence that
    names the step, the gradient norm at it, and what to turn.
    """

    epoch: int
    step: int
    reason: str
    gradient_norm: float


Record = Step | Epoch | Done | Diverged


class State:
    """Everything of a run that is not its model's weights: optimizer, schedule, weight average, and how far
    it is.
    """

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
        self.watch = Watch(config)
        self.model = model
        self.config = config
        self.steps_per_epoch = steps_per_epoch
        self.epoch = 0
        """Epochs that are over."""
        self.step = 0
        """Batches of the next epoch that are done."""
        self.sums = [0.0, 0.0, 0.0]
        """Over these batches: samples, loss, right answers."""

    def add(self, samples: int, loss: float, accuracy: float) -> None:
        """Count one batch, with its mean loss and accuracy."""
        self.step += 1
        self.sums = [
            a + b for a, b in zip(self.sums, (samples, samples * loss, samples * accuracy), strict=True)
        ]

    def end_epoch(self) -> tuple[int, float, float]:
        """Begin the next epoch; returns the number, mean loss and mean accuracy of the one that is over."""
        samples, loss, hits = self.sums
        self.epoch, self.step, self.sums = self.epoch + 1, 0, [0.0, 0.0, 0.0]
        return self.epoch - 1, loss / samples, hits / samples

    def set_lr(self, lr: float) -> None:
        """Go on with another learning rate; a schedule keeps its shape and comes to `lr` at its largest.

        Raises ValueError with its range.
        """
        self.watch.config = dataclasses.replace(self.watch.config, lr=lr)  # checks it
        lr = self.watch.config.lr
        if self.schedule is not None:
            self.schedule.base_lrs = [lr] * len(self.optimizer.param_groups)
        for group in self.optimizer.param_groups:
            group["initial_lr"] = lr
        self._turn()

    def extend(self, epochs: int) -> None:
        """Have the run go on for `epochs` epochs after the one it is in; the schedule starts anew, over all
        the steps that are then to come.

        Raises ValueError with its range: a run has at most MAX_EPOCHS.
        """
        begun = self.epoch + (self.step > 0)
        self.epochs = begun + whole_number(epochs, "epochs", 1, MAX_EPOCHS - begun)
        self.length = self.epochs * self.steps_per_epoch - self.epoch * self.steps_per_epoch - self.step
        if self.schedule is not None:
            self.schedule.last_epoch = 0  # torch's word for the steps of a schedule
        self._turn()

    def _turn(self) -> None:
        """Give the optimizer the learning rate of the next step."""
        part = 1.0
        if self.schedule is not None:
            part = share(self.config.schedule, self.schedule.last_epoch, self.length)
        for group in self.optimizer.param_groups:
            group["lr"] = self.watch.config.lr * part

    @property
    def trained(self) -> nn.Module:
        """The network to keep: the weight average where there is one."""
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
            # with zero_grad they are gone before the next step
            "gradients": None if self.config.zero_grad else [p.grad for p in self.model.parameters()],
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(saved["schedule"])
        if self.average is not None:
            self.average.load_state_dict(saved["average"])
        self.watch.load_state_dict(saved["watch"])
        self.epoch, self.step, self.sums = saved["epoch"], saved["step"], list(saved["sums"])
        self.epochs, self.length = saved["epochs"], saved["length"]
        self.watch.config = dataclasses.replace(self.watch.config, lr=saved["lr"])
        for p, gradient in zip(self.model.parameters(), saved["gradients"] or [], strict=False):
            p.grad = None if gradient is None else gradient.clone().to(p.device)


def train(
    model: nn.Module,
    batches: TensorBatches,
    config: TrainConfig,
    validation: tuple[Tensor, Tensor] | None = None,
    state: State | None = None,
    team: Team | None = None,
) -> Iterator[Record]:
    """Train `model`, where it is, on `batches`; yield a Step a batch, an Epoch a pass, and Done or Diverged.

    `validation` is (inputs (N, ...) uint8 or float, labels (N,)). With a `state` that was loaded, the run
    goes on where that state was saved, with the same batches, augmentation and dropout as if it had never
    stopped. Dropout draws from torch's process-wide generator: with it, each step seeds that one anew. With a
    `team` each of its processes calls this with the same arguments, and gets the same records.
    """
    state = state or State(model, config, len(batches))
    network = model if team is None else team.wrap(model)
    device = next(model.parameters()).device
    half = torch.autocast(device.type, torch.bfloat16, enabled=fast_bfloat16(device) and _large(model))
    dropout = _has_dropout(model)
    rank = 0 if team is None else team.rank
    loss_of, measured = loss_function(config), measured_loss(config)
    begun = time.perf_counter()

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
            if lost := state.watch.lost(value, accuracy, norm, classes=logits.shape[1]):
                reason = f"In step {state.step + 1} of epoch {state.epoch + 1} {lost}"
                yield Diverged(state.epoch, state.step, reason, norm)
                return
            lr = state.optimizer.param_groups[0]["lr"]
            if state.schedule is not None:
                state.schedule.step()
            if state.average is not None:
                state.average.update_parameters(model)
            state.add(samples, value, accuracy)
            yield Step(state.epoch, state.step - 1, value, accuracy, lr, norm)

        held_loss = held_accuracy = None
        if validation is not None:
            held_loss, held_accuracy = evaluate(state.trained, *validation, loss=measured)
        yield Epoch(*state.end_epoch(), held_loss, held_accuracy, time.perf_counter() - epoch_begun)
    yield Done(state.epochs * len(batches), time.perf_counter() - begun)


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
    """Below some thousand weights the casts cost more than bfloat16 saves, and small numbers need its lost
    digits.
    """
    return sum(p.numel() for p in model.parameters()) > 10_000
