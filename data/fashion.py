"""Fashion-MNIST through torchvision: 60,000 + 10,000 garments, 28x28, held as one uint8 tensor.

Zalando Research, MIT licence, arXiv 1708.07747. Nothing is downloaded unless asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

import torch
import torchvision
from tqdm import tqdm

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
MEAN, STD = 0.2860, 0.3530
"""Mean and standard deviation of the 60,000 training images scaled to [0, 1]."""
CONNECT_SECONDS = 5.0


class DownloadError(RuntimeError):
    """The data set could not be downloaded; the message is one sentence that says why and what to do."""


class FashionMNIST(torchvision.datasets.FashionMNIST):
    """`root`, `train`, `transform`, `target_transform` and `download` mean what they mean in torchvision.

    `data` is a (N, 28, 28) uint8 tensor, `targets` a (N,) int64 tensor. Raises RuntimeError when the files
    are not in `root` and `download` is False, DownloadError when downloading fails.
    """

    def download(self) -> None:
        """Fetch the four files into `raw_folder`, each checked by its MD5 before it is unpacked."""
        if self._check_exists():
            return
        raw = Path(self.raw_folder)
        try:
            raw.mkdir(parents=True, exist_ok=True)
            for filename, md5 in self.resources:
                _fetch(self.mirrors[0] + filename, raw / filename, md5)
                with gzip.open(raw / filename) as packed, _whole(raw / filename.removesuffix(".gz")) as file:
                    shutil.copyfileobj(packed, file)
        except (OSError, HTTPException) as error:
            reason = " ".join(str(getattr(error, "reason", error)).split())
            raise DownloadError(
                f"Fashion-MNIST could not be downloaded ({reason}): "
                f"check the network, or copy its four files into {raw}."
            ) from error


@contextmanager
def _whole(target: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when it is complete; whatever goes wrong before, nothing of it stays."""
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
    """Whether both halves of Fashion-MNIST lie unpacked in `root`."""
    raw = Path(root) / "FashionMNIST" / "raw"
    names = (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    )
    return all((raw / name).is_file() for name in names)


def split(targets: torch.Tensor, held_out: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Indices (training, validation): `held_out` of `targets` (N,), as many of each class, are kept apart."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(targets), generator=generator)
    classes: Any = targets.unique()
    share = held_out // len(classes)
    chosen = torch.cat([order[targets[order] == c][:share] for c in classes])
    mask = torch.ones(len(targets), dtype=torch.bool)
    mask[chosen] = False
    return mask.nonzero().squeeze(1), chosen
