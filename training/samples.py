"""The pictures of a run: which are learned, which are held out, which are asked at the end.

All are grey, 28x28, bright on black. Fashion-MNIST is read and the garments are drawn once a process; the
drawings lie in a file, so that the next process finds them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from data import drawn, fashion
from data.drawn.garments import Garments
from data.files import write_whole
from data.own.custom import DataError, Pictures
from settings import data_folder

SETS = ("fashion", "garments", "own")
HELD_OUT = 2000
"""Training pictures of Fashion-MNIST that are kept for validation."""
DRAWN = {"train": 6000, "test": 1000}
"""How many garments are drawn: some ten seconds of work. Of the first DRAWN_HELD_OUT are for validation."""
DRAWN_HELD_OUT = 1000
AVAILABLE = {"fashion": 60_000 - HELD_OUT, "garments": DRAWN["train"] - DRAWN_HELD_OUT}
"""Pictures there are to learn from."""
SIDE = 28
FEWEST_OWN = 10
TAKEN = "(taken)"
"""Stands in `described` for how many pictures a run learns from."""
LIGHT = 127
"""A picture whose edge is lighter than this (the median of its outermost pixels) has a light background."""

Pair = tuple[Tensor, Tensor]
"""Pictures (N, 1, 28, 28) uint8 and labels (N,) int64."""
Progress = Callable[[int, int], None]
"""Called with how many pictures are drawn, and how many will be."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What a run learns from and is measured on."""

    train: Pair
    validation: Pair
    test: Pair
    classes: tuple[str, ...]
    described: str
    """What they are, for the card of the network."""
    warnings: tuple[str, ...] = ()
    """Sentences for the visitor."""


def load(
    name: str,
    count: int = 0,
    own: Path | None = None,
    progress: Progress | None = None,
    folder: Path | None = None,
    held_out: int = HELD_OUT,
) -> Samples:
    """The data set `name`, one of SETS, with the first `count` of its training pictures (0: all).

    own: the file that `write_own` made, for "own". folder: where Fashion-MNIST lies, default the data folder.
    held_out: pictures of Fashion-MNIST for validation. Raises DataError with a sentence.
    """
    if name == "fashion":
        whole = _fashion(folder or data_folder(), held_out)
    elif name == "garments":
        whole = _garments(progress)
    elif name == "own":
        if own is None:
            raise DataError("There are no pictures of your own yet: add some in the DataLoader tab.")
        whole = read_own(own)
    else:
        raise DataError(f"The data set is one of {', '.join(SETS)}.")
    return first(whole, count)


def first(samples: Samples, count: int) -> Samples:
    """`samples` with the first `count` of those to learn from, 0: all. Raises DataError with a sentence."""
    images, labels = samples.train
    if count > len(labels):
        raise DataError(
            f"samples must be at most {len(labels):,}, not {count:,}: there are no more to learn from."
        )
    taken = count or len(labels)
    described = samples.described.replace(TAKEN, f"{taken:,}")
    return dataclasses.replace(samples, train=(images[:taken], labels[:taken]), described=described)


# --- Fashion-MNIST ------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _fashion(folder: Path, held_out: int) -> Samples:
    if problem := fashion.problem(folder):
        raise DataError(
            f"Fashion-MNIST {problem}: name its folder in TORCH_PLAYGROUND_DATA, or fetch it with "
            f"{fashion.FETCH}."
        )
    whole = fashion.FashionMNIST(folder, train=True)
    images, labels = whole.data.unsqueeze(1), whole.targets
    kept, chosen = fashion.split(labels, held_out)
    test = fashion.FashionMNIST(folder, train=False)
    return Samples(
        (images[kept], labels[kept]),
        (images[chosen], labels[chosen]),
        (test.data.unsqueeze(1), test.targets),
        fashion.CLASSES,
        f"Fashion-MNIST ({TAKEN} of its training pictures)",
    )


# --- drawn garments -----------------------------------------------------------------------------------------

_drawing = threading.Lock()
_drawn: list[Samples] = []


def _garments(progress: Progress | None) -> Samples:
    with _drawing:  # two threads must not draw the same garments twice
        if not _drawn:
            pictures, labels = _kept() or _draw(progress)
            held = DRAWN["train"] - DRAWN_HELD_OUT
            parts = [slice(0, held), slice(held, DRAWN["train"]), slice(DRAWN["train"], None)]
            train, validation, test = [(pictures[part], labels[part]) for part in parts]
            _drawn.append(Samples(train, validation, test, fashion.CLASSES, f"{TAKEN} drawn garments"))
        return _drawn[0]


def _draw(progress: Progress | None) -> Pair:
    """Draw all, unless another process is quicker, and keep them for the next one."""
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
                if done % 500 == 0 and (found := _kept()):
                    return found
    buffer = io.BytesIO()
    np.savez_compressed(buffer, pictures=pictures, labels=labels)
    for path in _places():
        try:
            write_whole(path, buffer.getvalue())
            break
        except OSError:  # a folder that cannot be written: the next one, or none
            continue
    return torch.from_numpy(pictures), torch.from_numpy(labels)


def _kept() -> Pair | None:
    """The drawings that an earlier process has kept; None where there are none, or the file is damaged."""
    total = sum(DRAWN.values())
    for path in _places():
        try:
            with np.load(path, allow_pickle=False) as file:
                pictures, labels = file["pictures"], file["labels"]
        except Exception:  # numpy raises half a dozen kinds for a file that is not its own
            continue
        right = pictures.shape == (total, 1, SIDE, SIDE) and labels.shape == (total,)
        if right and pictures.dtype == np.uint8 and labels.dtype == np.int64:
            return torch.from_numpy(pictures), torch.from_numpy(labels)
    return None


def _places() -> list[Path]:
    """Where the file of drawings may lie: in the data folder, or in the user's cache folder. Its name changes
    with the code that draws.
    """
    digest = hashlib.sha256(f"{np.__version__} {cv2.__version__} {DRAWN}".encode())
    for source in sorted(Path(drawn.__path__[0]).glob("*.py")):
        digest.update(source.read_bytes())
    name = f"garments-{digest.hexdigest()[:12]}.npz"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [data_folder() / name, Path(cache) / "torch-playground" / name]


# --- a visitor's own ----------------------------------------------------------------------------------------

_shrinking = threading.Lock()
_shrunk: WeakKeyDictionary[Pictures, Samples] = WeakKeyDictionary()


def own_samples(pictures: Pictures) -> Samples:
    """A visitor's pictures as a data set: grey, scaled to 28 pixels at their longest side, bright on black.
    Made once, and kept as long as the pictures.

    A picture with a light background is turned into its negative, because the networks are used to black
    ones. Of each class every fifth picture, and at least one, is held out; those serve for validation and as
    the test. Raises DataError with a sentence when there are fewer than 10 pictures or 2 classes, or a class
    has a single picture.
    """
    with _shrinking:
        if pictures not in _shrunk:
            _shrunk[pictures] = _own_samples(pictures)
        return _shrunk[pictures]


def _own_samples(pictures: Pictures) -> Samples:
    labels = pictures.targets
    if len(labels) < FEWEST_OWN:
        raise DataError(
            f"Training needs {FEWEST_OWN} pictures or more, and these are {len(labels)}: add some."
        )
    counts = torch.bincount(labels, minlength=len(pictures.classes))
    if len(pictures.classes) < 2 or int((counts > 0).sum()) < 2:
        raise DataError("Training needs pictures of at least 2 classes: add some with another label.")
    single = [name for name, n in zip(pictures.classes, counts.tolist(), strict=True) if n < 2]
    if single:
        raise DataError(
            f'The class "{single[0]}" has too few pictures: each needs at least 2, one to learn from and one'
            " to be asked."
        )
    made = [_grey28(image) for image in pictures.images]
    images = torch.from_numpy(np.stack([pixels for pixels, _ in made])).unsqueeze(1)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    held = []
    for label in range(len(pictures.classes)):
        of_class = order[labels[order] == label]
        held.append(of_class[: max(1, len(of_class) // 5)])
    chosen = torch.cat(held)
    kept = order[~torch.isin(order, chosen)]
    warnings = [
        f"{len(kept):,} of your {len(labels):,} pictures are learned; the other {len(chosen):,}, every fifth "
        "of each class, are held out and serve as the test too."
    ]
    turned = sum(negative for _, negative in made)
    if turned:
        warnings.append(
            f"{turned:,} of the {len(labels):,} pictures have a light background and were turned into their"
            " negative: the network sees bright things on black."
        )
    held_out = images[chosen], labels[chosen]
    described = f"{TAKEN} pictures of the visitor's own"
    return Samples(
        (images[kept], labels[kept]), held_out, held_out, pictures.classes, described, tuple(warnings)
    )


def _grey28(image: Image.Image) -> tuple[np.ndarray, bool]:
    """The picture as (28, 28) uint8, and whether it was turned into its negative."""
    grey = image.convert("L")
    pixels = np.asarray(grey)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = int(np.median(edge))
    negative = ground > LIGHT
    scale = SIDE / max(grey.size)
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    small = np.asarray(grey.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR))
    # the margins get the colour of the background, or they would be its sharpest edge
    framed = np.full((SIDE, SIDE), ground, np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    framed[top : top + size[1], left : left + size[0]] = small
    return (255 - framed if negative else framed), negative


def write_own(path: Path, samples: Samples) -> None:
    """Keep a visitor's samples in a file, for the process that trains. Raises OSError."""
    buffer = io.BytesIO()
    kept = {"train": samples.train, "held": samples.validation, "classes": list(samples.classes)}
    kept |= {"described": samples.described, "warnings": list(samples.warnings)}
    torch.save(kept, buffer)
    write_whole(path, buffer.getvalue())


def read_own(path: Path) -> Samples:
    """What `write_own` kept. Raises DataError with a sentence."""
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        held = kept["held"]
        classes, warnings = tuple(kept["classes"]), tuple(kept["warnings"])
        return Samples(kept["train"], held, held, classes, kept["described"], warnings)
    except Exception as error:  # torch raises half a dozen kinds for a file that is not its own
        raise DataError("Your pictures can no longer be read: upload them again.") from error
