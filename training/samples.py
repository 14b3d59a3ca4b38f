"""The pictures of a run: a data set of the table in `data.sources`, or a visitor's own.

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
from language import _, from_plain, ngettext, postponed, sentences, to_plain
from settings import data_folder

FEWEST_OWN = 10
LIGHT = 127
"""A picture whose outermost pixels have a median above this has a light background."""


def load(name: str, count: int = 0, own: Path | None = None, progress: Progress | None = None) -> Samples:
    """The data set `name` with the first `count` of its training pictures (0: all).

    own: the file with a visitor's pictures, see `write_own`. progress: called while pictures are drawn.
    Raises DataError with a sentence.
    """
    table = sources.learnable()
    learnable = table[choice(name, _("The data set"), table, DataError)]
    if learnable.load is None:
        if own is None:
            raise DataError(_("There are no pictures of your own yet: add some in the DataLoader tab."))
        return first(read_own(own), count)
    entry = sources.DATA_SETS[name]
    if problem := entry.problem(data_folder()):
        advice = _("Name its folder in TORCH_PLAYGROUND_DATA, or fetch it with {command}.")
        raise DataError(sentences(problem, advice.format(command=entry.fetch)))
    return first(learnable.load(progress), count)


def first(samples: Samples, count: int) -> Samples:
    """`samples` with the first `count` of its training pictures, 0: all. Raises DataError with a sentence."""
    images, labels = samples.train
    if count > len(labels):
        sentence = _(
            "samples must be at most {limit}, not {count}: there are no more pictures to learn from."
        )
        raise DataError(sentence.format(limit=f"{len(labels):,}", count=f"{count:,}"))
    count = count or len(labels)
    description = samples.description.replace(COUNT, f"{count:,}")
    return dataclasses.replace(samples, train=(images[:count], labels[:count]), description=description)


_shrinking = threading.Lock()
_shrunk: WeakKeyDictionary[PictureDataset, Samples] = WeakKeyDictionary()


def own_samples(pictures: PictureDataset) -> Samples:
    """A visitor's pictures as a data set: grey, scaled to 28 pixels at their longest side, bright on black.
    Computed once, and kept as long as the pictures.

    A picture with a light background becomes its negative, because the networks are used to black ones. Every
    fifth picture of each class, and at least one, is held out; these serve for validation and as the test.
    Raises DataError with a sentence when there are fewer than 10 pictures or 2 classes, or a class has a
    single picture.
    """
    with _shrinking:
        if pictures not in _shrunk:
            with postponed():
                _shrunk[pictures] = _own_samples(pictures)
        return _shrunk[pictures]


def _own_samples(pictures: PictureDataset) -> Samples:
    labels = pictures.targets
    total = len(labels)
    if total < FEWEST_OWN:
        sentence = ngettext(
            "Training needs {fewest} pictures or more, and this is {n}: add some.",
            "Training needs {fewest} pictures or more, and these are {n}: add some.",
            total,
        )
        raise DataError(sentence.format(fewest=FEWEST_OWN, n=total))
    counts = torch.bincount(labels, minlength=len(pictures.classes))
    if len(pictures.classes) < 2 or int((counts > 0).sum()) < 2:
        raise DataError(_("Training needs pictures of at least 2 classes: add some with another label."))
    single = [name for name, n in zip(pictures.classes, counts.tolist(), strict=True) if n < 2]
    if single:
        sentence = _(
            'The class "{label}" has too few pictures: each needs at least 2, one to learn from and one to'
            " test with."
        )
        raise DataError(sentence.format(label=single[0]))
    grey = [_grey28(image) for image in pictures.images]
    images = torch.from_numpy(np.stack([pixels for pixels, _negative in grey])).unsqueeze(1)
    order = torch.randperm(total, generator=torch.Generator().manual_seed(0))
    per_class = [order[labels[order] == label] for label in range(len(pictures.classes))]
    test = torch.cat([places[: max(1, len(places) // 5)] for places in per_class])
    train = order[~torch.isin(order, test)]
    sentence = ngettext(
        "{train} of your {total} pictures is learned; the other {test}, every fifth of each class, are held"
        " out and serve as the test too.",
        "{train} of your {total} pictures are learned; the other {test}, every fifth of each class, are held"
        " out and serve as the test too.",
        len(train),
    )
    warnings = [sentence.format(train=f"{len(train):,}", total=f"{total:,}", test=f"{len(test):,}")]
    if negatives := sum(negative for _pixels, negative in grey):
        sentence = ngettext(
            "{n} of the {total} pictures has a light background and was turned into its negative: the network"
            " sees bright things on black.",
            "{n} of the {total} pictures have a light background and were turned into their negative: the"
            " network sees bright things on black.",
            negatives,
        )
        warnings.append(sentence.format(n=f"{negatives:,}", total=f"{total:,}"))
    pair = images[test], labels[test]
    description = f"{COUNT} pictures of the visitor's own"
    return Samples((images[train], labels[train]), pair, pair, pictures.classes, description, tuple(warnings))


def _grey28(image: Image.Image) -> tuple[np.ndarray, bool]:
    """The picture as (28, 28) uint8, and whether it became its negative."""
    grey = image.convert("L")
    pixels = np.asarray(grey)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = int(np.median(edge))
    negative = ground > LIGHT
    scale = SIDE / max(grey.size)
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    small = np.asarray(grey.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR))
    # the margins get the colour of the background, or they would be the sharpest edge
    framed = np.full((SIDE, SIDE), ground, np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    framed[top : top + size[1], left : left + size[0]] = small
    return (255 - framed if negative else framed), negative


def write_own(path: Path, samples: Samples) -> None:
    """Write a visitor's samples to a file, for the process that trains. Raises OSError."""
    buffer = io.BytesIO()
    content = {"train": samples.train, "test": samples.test, "classes": list(samples.classes)}
    content |= {"description": samples.description, "warnings": to_plain(samples.warnings)}
    torch.save(content, buffer)
    write_whole(path, buffer.getvalue())


def read_own(path: Path) -> Samples:
    """The samples in a file of `write_own`. Raises DataError with a sentence."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        train, test, classes = content["train"], content["test"], tuple(content["classes"])
        return Samples(
            train, test, test, classes, content["description"], tuple(from_plain(content["warnings"]))
        )
    except Exception as error:  # torch raises half a dozen kinds for a file that is not its own
        raise DataError(_("Your pictures can no longer be read: upload them again.")) from error
