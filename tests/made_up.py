"""A made-up network, optimizer and data set, each as one entry of its table.

`add` adds them for a test; as a plugin of pytest, `-p tests.made_up`, this file adds them before other tests
are collected.
"""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import Dataset

from data.samples import COUNT, Samples
from data.sources import DATA_SETS, DataSetEntry, Learnable
from models.registry import NETWORKS, Network
from training.optimizers import OPTIMIZERS, OptimizerKind

NAME = "made-up"
CLASSES = ("top", "middle", "bottom")
LEARNED, HELD_OUT = 120, 30


class Glance(nn.Module):
    """One convolution, the mean of each map, and a linear layer."""

    def __init__(self, classes: int = 10, width: int = 5):
        super().__init__()
        self.conv = nn.Conv2d(1, width, 5, stride=3)
        self.linear = nn.Linear(width * 9, classes)

    def forward(self, x: Tensor) -> Tensor:
        maps = torch.tanh(self.conv(x))  # (N, width, 8, 8)
        return self.linear(nn.functional.adaptive_avg_pool2d(maps, 3).flatten(1))  # (N, classes)


class SignDescent(Optimizer):
    """Every weight moves by the learning rate, against the sign of its gradient and of its momentum."""

    def __init__(self, params: Any, lr: float = 0.01, momentum: float = 0.0, weight_decay: float = 0.1):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                direction = p.grad.add(p, alpha=group["weight_decay"])
                past = self.state[p].setdefault("momentum", torch.zeros_like(p))
                past.mul_(group["momentum"]).add_(direction)
                p.sub_(past.sign(), alpha=group["lr"])


class Bars(Dataset):
    """Pictures with a bright bar at the top, in the middle or at the bottom: `(PIL picture, class)`."""

    classes = CLASSES

    def __init__(self, split: str = "train", transform: Any = None, target_transform: Any = None):
        count = LEARNED + HELD_OUT if split == "train" else HELD_OUT
        generator = torch.Generator().manual_seed(len(split))
        self.targets = torch.arange(count) % 3
        self.data = torch.randint(0, 90, (count, 28, 28), dtype=torch.uint8, generator=generator)
        for picture, label in zip(self.data, self.targets.tolist(), strict=True):
            picture[9 * label + 2 : 9 * label + 7] += 120
        self.transform, self.target_transform = transform, target_transform

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        x: Any = Image.fromarray(self.data[index].numpy())
        label: Any = int(self.targets[index])
        x = x if self.transform is None else self.transform(x)
        return x, label if self.target_transform is None else self.target_transform(label)


def samples(progress: Any = None) -> Samples:
    """Bars as the data set of a run."""
    train, test = Bars(), Bars("test")
    x, y = train.data.unsqueeze(1), train.targets
    held_out = x[LEARNED:], y[LEARNED:]
    return Samples(
        (x[:LEARNED], y[:LEARNED]),
        held_out,
        (test.data.unsqueeze(1), test.targets),
        CLASSES,
        f"{COUNT} pictures of bars",
    )


ENTRIES: list[tuple[dict[str, Any], Any]] = [
    (NETWORKS, Network(Glance, "Made-up network", "It glances at a picture.", 9, (5, 1, 64))),
    (
        OPTIMIZERS,
        OptimizerKind(SignDescent, "Made-up optimizer", "It follows signs.", 0.004, options=("momentum",)),
    ),
    (
        DATA_SETS,
        DataSetEntry(
            "Made-up pictures",
            "picture",
            lambda split, count: Bars(split),
            f"from {__name__} import Bars",
            "Bars",
            lambda split, count: (f'split="{split}"',),
            has_splits=True,
            learnable=Learnable("Bars in three places.", "bars", samples, LEARNED, len(CLASSES)),
        ),
    ),
]
"""Each table with its made-up entry."""


def add(monkeypatch: Any) -> None:
    for table, entry in ENTRIES:
        monkeypatch.setitem(table, NAME, entry)


def pytest_configure(config: Any) -> None:
    for table, entry in ENTRIES:
        table[NAME] = entry
