"""The pictures of a run: a data set of the table in `data.sources`, or what a visitor brings.

All are grey, 28x28, bright on black.
"""

from __future__ import annotations

import dataclasses
import io
import threading
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import torch
from PIL import Image

from checks import choice
from data import sources
from data.files import write_whole
from data.own.custom import DataError, PictureDataset
from data.samples import COUNT, SIDE, Progress, Samples
from language import _, sentences
from settings import data_folder

FEWEST_OWN = 10
LIGHT = 127
"""A picture whose edge is lighter than this (the median of its outermost pixels) has a light background."""


def load(name: str, count: int = 0, own: Path | None = None, progress: Progress | None = None) -> Samples:
    """The data set `name` with the first `count` of its training pictures (0: all).

    own: the file that `write_own` made, for a visitor's. progress: called while pictures are drawn. Raises
    DataError with a sentence.
    """
    learnable = sources.learnable()
    chosen = learnable[choice(name, _("The data set"), learnable, DataError)]
    if chosen.load is None:
        if own is None:
            raise DataError("There are no pictures of your own yet: add some in the DataLoader tab.")
        return first(read_own(own), count)
    entry = sources.DATA_SETS[name]
    if problem := entry.problem(data_folder()):
        raise DataError(
            sentences(
                problem,
                _("Name its folder in TORCH_PLAYGROUND_DATA, or fetch it with {command}.").format(
                    command=entry.fetch
                ),
            )
        )
    return first(chosen.load(progress), count)


def first(samples: Samples, count: int) -> Samples:
    """`samples` with the first `count` of those to learn from, 0: all. Raises DataError with a sentence."""
    images, labels = samples.train
    if count > len(labels):
        raise DataError(
            f"samples must be at most {len(labels):,}, not {count:,}: there are no more to learn from."
        )
    taken = count or len(labels)
    description = samples.description.replace(COUNT, f"{taken:,}")
    return dataclasses.replace(samples, train=(images[:taken], labels[:taken]), description=description)


_shrinking = threading.Lock()
_shrunk: WeakKeyDictionary[PictureDataset, Samples] = WeakKeyDictionary()


def own_samples(pictures: PictureDataset) -> Samples:
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


def _own_samples(pictures: PictureDataset) -> Samples:
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
    description = f"{COUNT} pictures of the visitor's own"
    return Samples(
        (images[kept], labels[kept]), held_out, held_out, pictures.classes, description, tuple(warnings)
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
    kept |= {"description": samples.description, "warnings": list(samples.warnings)}
    torch.save(kept, buffer)
    write_whole(path, buffer.getvalue())


def read_own(path: Path) -> Samples:
    """What `write_own` kept. Raises DataError with a sentence."""
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        held = kept["held"]
        classes, warnings = tuple(kept["classes"]), tuple(kept["warnings"])
        return Samples(kept["train"], held, held, classes, kept["description"], warnings)
    except Exception as error:  # torch raises half a dozen kinds for a file that is not its own
        raise DataError("Your pictures can no longer be read: upload them again.") from error
