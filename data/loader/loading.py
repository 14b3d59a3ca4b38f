"""What a DataLoader makes of a data set: any batch of any epoch, without those before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import default_collate

from checks import choice, number, set_fields, switch, whole_number
from data.batches import SAMPLERS, Order
from data.loader import transforms
from data.loader.transforms import TransformStep
from data.own.custom import DataError
from data.sources import Source
from data.vision import torchvision
from language import _

MAX_BATCH = 1024
MAX_SEED = 2**31 - 1
MAX_EPOCHS = 100
"""The order of an epoch follows from the generator after the previous epoch, back to the first."""
MAX_WEIGHT = 1000.0


@dataclass(frozen=True)
class LoaderSettings:
    """The options of the DataLoader and of its data set. Raises DataError for a wrong value."""

    batch_size: int = 32
    """Samples in a batch, 1 to MAX_BATCH."""
    sampler: str = "random"
    """One of SAMPLERS."""
    seed: int = 0
    """Of the generator that decides the order, 0 to MAX_SEED."""
    drop_last: bool = False
    """Whether a smaller last batch is left out."""
    class_weights: tuple[float, ...] = ()
    """For the weighted sampler: one for each class, 0 to MAX_WEIGHT; empty for 1 each."""
    one_hot: bool = False
    """target_transform: whether a label k becomes a vector with a 1 at index k and 0 elsewhere."""
    steps: tuple[TransformStep, ...] = transforms.DEFAULT
    """transform: what happens to each picture."""
    replay_seed: int = 0
    """Of the random transforms, the same for every batch; 0 to MAX_SEED."""

    def __post_init__(self) -> None:
        set_fields(
            self,
            batch_size=whole_number(self.batch_size, _("The batch size"), 1, MAX_BATCH, DataError),
            sampler=choice(self.sampler, _("The sampler"), SAMPLERS, DataError),
            seed=whole_number(self.seed, _("The seed"), 0, MAX_SEED, DataError),
            drop_last=switch(self.drop_last, "drop_last", DataError),
            class_weights=tuple(
                number(weight, _("The weight of a class"), 0, MAX_WEIGHT, DataError)
                for weight in self.class_weights
            ),
            one_hot=switch(self.one_hot, "one_hot", DataError),
            replay_seed=whole_number(
                self.replay_seed, _("The seed of the transforms"), 0, MAX_SEED, DataError
            ),
        )
        if self.class_weights and not any(self.class_weights):
            raise DataError(_("At least one class needs a weight above 0: else no sample can be drawn."))


@dataclass(frozen=True)
class Batch:
    """One batch as a training loop gets it."""

    indices: Tensor
    """Indices of its samples in the data set, (B,) int64."""
    labels: Tensor
    """The class of each, (B,) int64."""
    x: Tensor | None
    """The features (B, ...), or None when the samples cannot be put together."""
    y: Tensor
    """The labels as the data set gives them: (B,), (B, 1), or (B, classes) one-hot."""
    error: str
    """PyTorch's error if there is no x, else ""."""


@dataclass(frozen=True)
class Counts:
    """The arithmetic of an epoch: N samples in batches of B."""

    samples: int
    batch_size: int

    @property
    def full(self) -> int:
        """Batches with drop_last: N // B."""
        return self.samples // self.batch_size

    @property
    def rest(self) -> int:
        """Samples that fill no batch: N % B."""
        return self.samples % self.batch_size

    @property
    def all(self) -> int:
        """Batches without drop_last: N / B rounded up."""
        return math.ceil(self.samples / self.batch_size)

    @property
    def name(self) -> str:
        """The kind of gradient descent with such batches: "batch", "mini-batch" or "stochastic"."""
        if self.batch_size >= self.samples:
            return "batch"
        return "stochastic" if self.batch_size == 1 else "mini-batch"


def order(source: Source, settings: LoaderSettings) -> Order:
    """The order of all batches. Raises DataError when the class weights do not fit the data set."""
    each = b""
    if settings.sampler == "weighted":
        each = torch.tensor(class_weights(source, settings))[source.targets].numpy().tobytes()
    return _order(len(source), settings.batch_size, settings.sampler, settings.seed, settings.drop_last, each)


@lru_cache(maxsize=64)
def _order(samples: int, batch_size: int, sampler: str, seed: int, drop_last: bool, each: bytes) -> Order:
    # `each` has the weights as bytes: a key of this cache must not keep a visitor's data set alive
    weights = torch.frombuffer(bytearray(each), dtype=torch.float32) if each else None
    return Order(samples, batch_size, sampler, seed, drop_last, weights)


def class_weights(source: Source, settings: LoaderSettings) -> tuple[float, ...]:
    """One weight for each class of `source`. Raises DataError with a sentence."""
    classes = len(source.classes) or 1
    weights = settings.class_weights or (1.0,) * classes
    if len(weights) != classes:
        sentence = _("This data set has {classes} classes, but there are {weights} weights.")
        raise DataError(sentence.format(classes=classes, weights=len(weights)))
    drawable = torch.tensor(weights)[source.targets]
    if not drawable.any():
        raise DataError(_("No sample of this data set has a weight above 0: none can be drawn."))
    return tuple(float(weight) for weight in weights)


def samples(source: Source, settings: LoaderSettings, indices: Tensor) -> list[tuple[Any, Any]]:
    """`[(x, label), ...]` as the data set with its transforms gives them; random transforms start from
    `replay_seed`.

    Raises whatever a transform raises.
    """
    pairs = [source.dataset[int(index)] for index in indices]
    xs = [x for x, label in pairs]
    if source.kind == "picture":
        xs = transforms.replayed(transforms.compose(settings.steps), xs, settings.replay_seed)
    return [(x, _target(source, settings, label)) for x, (raw, label) in zip(xs, pairs, strict=True)]


def batch(source: Source, settings: LoaderSettings, indices: Tensor) -> Batch:
    """The batch of these samples: the numbers a DataLoader gives, cut from one tensor if possible."""
    labels = source.targets[indices]
    stored = source.stored
    plain = source.kind != "picture" or transforms.switched_on(settings.steps) == list(transforms.DEFAULT)
    if stored is not None and plain:
        x = stored.index_select(0, indices)
        if source.kind == "picture":
            to_dtype = torchvision().transforms.v2.functional.to_dtype
            x = to_dtype(x.unsqueeze(1), torch.float32, scale=True)  # (B, 1, 28, 28)
        return Batch(indices, labels, x, _targets(source, settings, indices), "")
    y = _targets(source, settings, indices)
    try:
        xs = [x for x, label in samples(source, settings, indices)]
    except Exception as error:  # whatever torchvision raises for an impossible pipeline is shown
        return Batch(indices, labels, None, y, f"{type(error).__name__}: {error}")
    try:
        return Batch(indices, labels, default_collate(xs), y, "")
    except (RuntimeError, TypeError) as error:
        return Batch(indices, labels, None, y, f"{type(error).__name__}: {error}")


def can_be_one_hot(source: Source) -> bool:
    """Whether its labels are class numbers, which one_hot needs."""
    return source.kind != "row"


def _target(source: Source, settings: LoaderSettings, label: Any) -> Any:
    if settings.one_hot and can_be_one_hot(source):
        return torch.zeros(len(source.classes)).scatter_(0, torch.tensor(label), value=1)
    return label


def _targets(source: Source, settings: LoaderSettings, indices: Tensor) -> Tensor:
    if source.kind == "row":
        return source.dataset.labels[indices]
    y = source.targets[indices]
    if settings.one_hot:
        return torch.zeros(len(y), len(source.classes)).scatter_(1, y.unsqueeze(1), value=1)
    return y
