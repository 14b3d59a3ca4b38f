"""The drawn garments that a run learns from: drawn once, and stored in a file for the next process."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from pathlib import Path

import cv2
import numpy as np
import torch

from data import drawn
from data.drawn.garments import Garments
from data.fashion import CLASSES
from data.files import write_whole
from data.samples import COUNT, SIDE, Pair, Progress, Samples
from settings import data_folder

DRAWN = {"train": 6000, "test": 1000}
"""How many garments are drawn: about ten seconds of work. HELD_OUT of the first are for validation."""
HELD_OUT = 1000

_drawing = threading.Lock()
_drawn: list[Samples] = []


def samples(progress: Progress | None = None) -> Samples:
    """All drawn garments; `progress` is called while they are drawn, and may raise to stop."""
    with _drawing:  # two threads must not draw the same garments twice
        if not _drawn:
            pictures, labels = _stored() or _draw(progress)
            learned = DRAWN["train"] - HELD_OUT
            parts = [slice(0, learned), slice(learned, DRAWN["train"]), slice(DRAWN["train"], None)]
            train, validation, test = [(pictures[part], labels[part]) for part in parts]
            _drawn.append(Samples(train, validation, test, CLASSES, f"{COUNT} drawn garments"))
        return _drawn[0]


def _draw(progress: Progress | None) -> Pair:
    """Draw all garments, unless another process is quicker, and store them for the next one."""
    total, done = sum(DRAWN.values()), 0
    pictures = np.zeros((total, 1, SIDE, SIDE), np.uint8)
    labels = np.zeros(total, np.int64)
    for part, count in DRAWN.items():
        garments = Garments(count, split=part)
        for index in range(count):
            pictures[done, 0], labels[done] = garments.draw(index), garments.label(index)
            done += 1
            if done % 20 == 0 or done == total:
                if progress is not None:
                    progress(done, total)
                if done % 500 == 0 and (pair := _stored()):
                    return pair
    buffer = io.BytesIO()
    np.savez_compressed(buffer, pictures=pictures, labels=labels)
    for path in _places():
        try:
            write_whole(path, buffer.getvalue())
            break
        except OSError:  # this folder cannot be written: try the next
            continue
    return torch.from_numpy(pictures), torch.from_numpy(labels)


def _stored() -> Pair | None:
    """The drawings that an earlier process stored; None if there are none, or the file is damaged."""
    total = sum(DRAWN.values())
    for path in _places():
        try:
            with np.load(path, allow_pickle=False) as file:
                pictures, labels = file["pictures"], file["labels"]
        except Exception:  # numpy raises many kinds for a damaged file
            continue
        fits = pictures.shape == (total, 1, SIDE, SIDE) and labels.shape == (total,)
        if fits and pictures.dtype == np.uint8 and labels.dtype == np.int64:
            return torch.from_numpy(pictures), torch.from_numpy(labels)
    return None


def _places() -> list[Path]:
    """Where the file of drawings may be: in the data folder, or in the user's cache folder. Its name changes
    with the code that draws.
    """
    digest = hashlib.sha256(f"{np.__version__} {cv2.__version__} {DRAWN}".encode())
    for source in sorted(Path(drawn.__path__[0]).glob("*.py")):
        digest.update(source.read_bytes())
    name = f"garments-{digest.hexdigest()[:12]}.npz"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [data_folder() / name, Path(cache) / "torch-playground" / name]
