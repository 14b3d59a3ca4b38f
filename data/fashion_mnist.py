"""Fashion-MNIST as a data set of torchvision. Nothing is downloaded unless requested."""

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
from typing import IO

from torchvision import datasets
from tqdm import tqdm

from data import fashion

CONNECT_SECONDS = 5.0


class DownloadError(RuntimeError):
    """The data set could not be downloaded; the message is one sentence that says why and what to do."""


class FashionMNIST(datasets.FashionMNIST):
    """`root`, `train`, `transform`, `target_transform` and `download` mean what they mean in torchvision.

    `data` is a (N, 28, 28) uint8 tensor, `targets` a (N,) int64 tensor. Raises RuntimeError when the files
    are not in `root`, or damaged, and `download` is False, DownloadError when downloading fails.
    """

    def _check_exists(self) -> bool:
        return fashion.available(self.root)

    def download(self) -> None:
        """Fetch the files that are missing or damaged, each checked by its MD5 before it is unpacked."""
        raw = Path(self.raw_folder)
        try:
            for filename, md5 in self.resources:
                unpacked = raw / filename.removesuffix(".gz")
                if fashion.is_intact(unpacked):
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
