"""Fashion-MNIST: 60,000 + 10,000 garments, 28x28, held as one uint8 tensor.

Zalando Research, MIT licence, arXiv 1708.07747. `data.fashion_mnist` has the data set of torchvision; a
process that trains starts twice as fast without it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from data.samples import COUNT, Samples
from language import _

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
HELD_OUT = 2000
"""Training pictures that a run keeps for validation."""
MEAN, STD = 0.2860, 0.3530
"""Of the 60,000 training pictures scaled to [0, 1]."""


class File(NamedTuple):
    """One of the files."""

    size: int
    """Bytes."""
    sha256: str
    packed: int
    """Bytes of the compressed file that is fetched."""


FILES = {
    "train-images-idx3-ubyte": File(
        47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", 26_421_880
    ),
    "train-labels-idx1-ubyte": File(
        60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 29_515
    ),
    "t10k-images-idx3-ubyte": File(
        7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", 4_422_102
    ),
    "t10k-labels-idx1-ubyte": File(
        10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 5_148
    ),
}
"""The unpacked files by name."""
FETCH = "python -m training.fashion --download --dry-run"
"""The command that fetches what is missing or damaged."""


def available(root: str | Path) -> bool:
    """Whether both parts of Fashion-MNIST are in `root`, unpacked and intact."""
    return not problem(root)


def problem(root: str | Path) -> str:
    """What is wrong with Fashion-MNIST in `root`, a sentence; "" when nothing is."""
    raw = folder(root)
    if not all((raw / name).is_file() for name in FILES):
        return _("Fashion-MNIST is not on this machine.")
    for name in FILES:
        if not is_intact(raw / name):
            return _("Fashion-MNIST is damaged on this machine (the file {name}).").format(name=name)
    return ""


def folder(root: str | Path) -> Path:
    """The folder of FILES in `root`, which is also that of torchvision."""
    return Path(root) / "FashionMNIST" / "raw"


def is_intact(path: Path) -> bool:
    """Whether one of FILES is at `path`, whole."""
    file = FILES[path.name]
    try:
        status = path.stat()
        is_whole = status.st_size == file.size
        return is_whole and file.sha256 == _digest(path, status.st_mtime_ns, status.st_ctime_ns)
    except OSError:
        return False


@lru_cache(maxsize=16)
def _digest(path: Path, modified: int, changed: int) -> str:
    """SHA-256 of a file, computed once until the file changes: a tenth of a second for all four."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def split(targets: torch.Tensor, held_out: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Indices (training, validation): `held_out` of `targets` (N,), as many of each class, for validation."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(targets), generator=generator)
    classes: Any = targets.unique()
    share = held_out // len(classes)
    validation = torch.cat([order[targets[order] == c][:share] for c in classes])
    mask = torch.ones(len(targets), dtype=torch.bool)
    mask[validation] = False
    return mask.nonzero().squeeze(1), validation


def _read(root: Path, half: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, 28, 28) uint8 and labels (N,) int64 of "train" or "t10k", from files in IDX format."""
    raw = folder(root)
    images = np.fromfile(raw / f"{half}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(raw / f"{half}-labels-idx1-ubyte", np.uint8, offset=8)
    return torch.from_numpy(images).reshape(-1, 1, 28, 28), torch.from_numpy(labels).long()


@lru_cache(maxsize=2)
def samples(root: Path, held_out: int = HELD_OUT) -> Samples:
    """What a run learns from: `held_out` of the training pictures, as many of each class, are for validation.

    root: the folder of Fashion-MNIST; there must be no `problem` with it.
    """
    images, labels = _read(root, "train")
    training, validation = split(labels, held_out)
    return Samples(
        (images[training], labels[training]),
        (images[validation], labels[validation]),
        _read(root, "t10k"),
        CLASSES,
        f"Fashion-MNIST ({COUNT} of its training pictures)",
    )
