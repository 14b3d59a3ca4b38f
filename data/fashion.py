"""Fashion-MNIST through torchvision: 60,000 + 10,000 garments, 28x28, held as one uint8 tensor.

Zalando Research, MIT licence, arXiv 1708.07747. Nothing is downloaded unless requested.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

import torch
import torchvision
from tqdm import tqdm

from data.samples import COUNT, Samples
from language import _

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
HELD_OUT = 2000
"""Training pictures that a run keeps for validation."""
MEAN, STD = 0.2860, 0.3530
"""Of the 60,000 training pictures scaled to [0, 1]."""
CONNECT_SECONDS = 5.0
FILES = {
    "train-images-idx3-ubyte": (
        47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
    ),
    "train-labels-idx1-ubyte": (60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    "t10k-images-idx3-ubyte": (7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    "t10k-labels-idx1-ubyte": (10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
}  # fmt: skip
"""The unpacked files, each with its size in bytes and its SHA-256."""
FETCH = "python -m training.fashion --download --dry-run"
"""The command that fetches what is missing or damaged."""


class DownloadError(RuntimeError):
    """The data set could not be downloaded; the message is one sentence that says why and what to do."""


class FashionMNIST(torchvision.datasets.FashionMNIST):
    """`root`, `train`, `transform`, `target_transform` and `download` mean what they mean in torchvision.

    `data` is a (N, 28, 28) uint8 tensor, `targets` a (N,) int64 tensor. Raises RuntimeError when the files
    are not in `root`, or damaged, and `download` is False, DownloadError when downloading fails.
    """

    def _check_exists(self) -> bool:
        return available(self.root)

    def download(self) -> None:
        """Fetch the files that are missing or damaged, each checked by its MD5 before it is unpacked."""
        raw = Path(self.raw_folder)
        try:
            for filename, md5 in self.resources:
                unpacked = raw / filename.removesuffix(".gz")
                if _is_intact(unpacked):
                    continue
                raw.mkdir(parents=True, exist_ok=True)
                _fetch(self.mirrors[0] + filename, raw / filename, md5)
                with gzip.open(raw / filename) as packed, _whole(unpacked) as file:
                    shutil.copyfileobj(packed, file)
        except (OSError, HTTPException) as error:
            reason = " ".join(str(getattr(error, "reason", error)).split())
            raise DownloadError(
                f"Fashion-MNIST could not be downloaded ({reason}): "
                f"check the network, or copy its four files into {raw}."
            ) from error


@contextmanager
def _whole(target: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name once it is complete; if anything goes wrong before, nothing of it is left."""
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        os.replace(part, target)
    finally:
        if part.is_file():
            part.unlink()


def _fetch(url: str, target: Path, md5: str) -> None:
    if target.is_file() and hashlib.md5(target.read_bytes()).hexdigest() == md5:
        return
    digest = hashlib.md5()
    with urllib.request.urlopen(url, timeout=CONNECT_SECONDS) as response, _whole(target) as file:
        size = int(response.headers.get("Content-Length", 0)) or None
        with tqdm(total=size, unit="B", unit_scale=True, desc=target.name) as bar:
            while chunk := response.read(2**16):
                file.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
        if digest.hexdigest() != md5:
            raise DownloadError(f"Fashion-MNIST arrived damaged ({target.name}, wrong MD5): please retry.")


def available(root: str | Path) -> bool:
    """Whether both parts of Fashion-MNIST are in `root`, unpacked and intact."""
    return not problem(root)


def problem(root: str | Path) -> str:
    """What is wrong with Fashion-MNIST in `root`, a sentence; "" when nothing is."""
    raw = Path(root) / "FashionMNIST" / "raw"
    if not all((raw / name).is_file() for name in FILES):
        return _("Fashion-MNIST is not on this machine.")
    for name in FILES:
        if not _is_intact(raw / name):
            return _("Fashion-MNIST is damaged on this machine (the file {name}).").format(name=name)
    return ""


def _is_intact(path: Path) -> bool:
    size, digest = FILES[path.name]
    try:
        status = path.stat()
        return status.st_size == size and digest == _digest(path, status.st_mtime_ns, status.st_ctime_ns)
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


@lru_cache(maxsize=2)
def samples(root: Path, held_out: int = HELD_OUT) -> Samples:
    """What a run learns from: `held_out` of the training pictures, as many of each class, are for validation.

    root: the folder of Fashion-MNIST; there must be no `problem` with it.
    """
    whole = FashionMNIST(root, train=True)
    images, labels = whole.data.unsqueeze(1), whole.targets
    training, validation = split(labels, held_out)
    test = FashionMNIST(root, train=False)
    return Samples(
        (images[training], labels[training]),
        (images[validation], labels[validation]),
        (test.data.unsqueeze(1), test.targets),
        CLASSES,
        f"Fashion-MNIST ({COUNT} of its training pictures)",
    )
