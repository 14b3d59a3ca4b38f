"""Batches cut from tensors in memory, which for 28x28 pictures is far faster than worker processes; and the
order in which torch's DataLoader would give the samples, for any batch of any epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Generator, Tensor

from checks import choice
from language import _

Augment = Callable[[Tensor, Tensor, Generator], tuple[Tensor, Tensor]]
"""(inputs, labels, generator) -> the inputs and labels to train on."""


def random_source(*numbers: int) -> Generator:
    """A generator for a single purpose, seeded by all of `numbers` (each 0 to 2**31 - 1)."""
    seed = 0
    for number in numbers:
        # a round of splitmix64 for each number: similar seeds must not give related streams
        seed = (seed + number + 0x9E3779B97F4A7C15) & (2**64 - 1)
        seed = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        seed = ((seed ^ (seed >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        seed ^= seed >> 31
    return Generator().manual_seed(seed & (2**63 - 1))


@dataclass(frozen=True)
class TensorBatches:
    """Inputs (N, ...) uint8 or float and labels (N,) int64, in an order that (seed, epoch) decides.

    Batch k of an epoch does not depend on whether the batches before it were taken, so a run stopped in the
    middle of an epoch continues exactly where it was. With `rounds` above 1 the last `extra` samples (a
    multiple of `rounds`) take turns: each epoch has one share of them, the next epoch the next.
    """

    inputs: Tensor
    labels: Tensor
    batch_size: int
    shuffle: bool = True
    augment: Augment | None = None
    extra: int = 0
    rounds: int = 1

    def __len__(self) -> int:
        """Batches in an epoch; the last one may be smaller."""
        samples = len(self.labels) - self.extra + self.extra // self.rounds
        return -(-samples // self.batch_size)

    def epoch(self, seed: int, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of one epoch, from number `start` on; uint8 inputs become float in [0, 1]."""
        always = len(self.labels) - self.extra
        turn = torch.arange(always + epoch % self.rounds, len(self.labels), self.rounds)
        order = torch.cat([torch.arange(always), turn])
        if self.shuffle:
            order = order[torch.randperm(len(order), generator=random_source(seed, epoch))]
        for number in range(start, len(self)):
            indices = order[number * self.batch_size : (number + 1) * self.batch_size]
            # four times as fast as self.inputs[indices]
            x, y = self.inputs.index_select(0, indices), self.labels[indices]
            if x.dtype == torch.uint8:
                x = x.float().div_(255)
            if self.augment is not None:
                x, y = self.augment(x, y, random_source(seed, epoch, number + 1))
            yield x, y


SAMPLERS = ("sequential", "random", "weighted")


@dataclass(frozen=True, eq=False)
class Order:
    """Which samples each batch of each epoch holds: what torch's DataLoader gives with these settings and
    `generator=torch.Generator().manual_seed(seed)`, one generator for all epochs.

    samples: length of the data set. sampler: one of SAMPLERS. weights: (samples,) float, none below 0, for
    "weighted", which draws `samples` indices with replacement. Raises ValueError with a sentence.
    """

    samples: int
    batch_size: int
    sampler: str = "sequential"
    seed: int = 0
    drop_last: bool = False
    weights: Tensor | None = None

    def __post_init__(self) -> None:
        if self.samples < 1 or self.batch_size < 1:
            raise ValueError("An order needs at least one sample, and at least one sample a batch.")
        choice(self.sampler, _("The sampler"), SAMPLERS)
        if self.sampler == "weighted" and (self.weights is None or self.weights.shape != (self.samples,)):
            raise ValueError("The weighted sampler needs one weight for each sample.")

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.samples // self.batch_size if self.drop_last else -(-self.samples // self.batch_size)

    def epoch(self, epoch: int) -> Tensor:
        """Indices (samples,) int64 in the order of epoch 0, 1, ...; drop_last drops the end."""
        return _epoch(self, epoch)[0]

    def batch(self, epoch: int, number: int) -> Tensor:
        """Indices of batch `number` of `epoch`. Raises IndexError when the epoch has no such batch."""
        if not 0 <= number < len(self):
            raise IndexError(f"batch {number} of {len(self)}")
        return self.epoch(epoch)[number * self.batch_size : (number + 1) * self.batch_size]


@lru_cache(maxsize=64)
def _epoch(order: Order, epoch: int) -> tuple[Tensor, Tensor]:
    """The indices of an epoch, and the state of the generator after it."""
    generator = Generator()
    if epoch == 0:
        generator.manual_seed(order.seed)
    else:
        generator.set_state(_epoch(order, epoch - 1)[1])
    # each new iterator of a DataLoader first draws the seed of its workers, even when it has none
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    if order.sampler == "random":
        indices = torch.randperm(order.samples, generator=generator)
        # RandomSampler draws once more when a sample after the last one is requested
        torch.randperm(order.samples, generator=generator)
    elif order.sampler == "weighted":
        assert order.weights is not None  # checked in __post_init__
        weights = order.weights.double()
        indices = torch.multinomial(weights, order.samples, replacement=True, generator=generator)
    else:
        indices = torch.arange(order.samples)
    return indices, generator.get_state()
