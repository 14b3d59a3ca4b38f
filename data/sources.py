"""The data sets of the DataLoader tab, each with what the page tells of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from checks import choice, whole_number
from data import fashion
from data.drawn import garments
from data.own.custom import DataError, Numbers, example_table
from data.patterns import Patterns
from language import _
from settings import data_folder

SPLITS = ("train", "test")
SPLIT = ("fashion", "garments")
"""The data sets that have a test part."""
GARMENTS = {"train": 1000, "test": 200}
"""How many garments are drawn: a second or two of work, and no multiple of most batch sizes."""
MAX_NUMBERS = 100_000
TITLES = {
    "fashion": "Fashion-MNIST",
    "garments": "Drawn garments",
    "patterns": "4×4 patterns",
    "numbers": "Plain numbers",
    "table": "A table: house plants",
}


@dataclass(frozen=True, eq=False)
class Source:
    """A data set whose samples are `(x, label)`, without a transform."""

    name: str
    """A key of TITLES, or "own" for a visitor's."""
    kind: str
    """What x is: "picture" (PIL), "pattern" (1, 4, 4), "row" (F,) or "number" ()."""
    dataset: Any
    """Has __len__, __getitem__, `targets` (N,) int64 and `classes`; pictures of one size have `data` too."""
    imports: str
    """Python that imports `call`."""
    call: str
    """What makes the data set; for a visitor's own the whole expression."""
    arguments: tuple[str, ...] = ()
    """What it is called with, as Python."""

    @property
    def targets(self) -> Tensor:
        """The class of each sample, (N,) int64."""
        return self.dataset.targets

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.dataset.classes)

    @property
    def stored(self) -> Tensor | None:
        """All samples in one tensor, (N, ...), where the data set keeps them so."""
        return getattr(self.dataset, "data", None)

    def __len__(self) -> int:
        return len(self.dataset)


_drawing = threading.Lock()


def default() -> str:
    """The data set that the page opens with: the real one where it lies on disk, else the drawn one."""
    return "fashion" if fashion.available(data_folder()) else "garments"


def garments_note() -> str:
    """Why garments are drawn here instead of the real ones, and what helps; "" where they are real."""
    problem = fashion.problem(data_folder())
    return problem and (
        f"Fashion-MNIST {problem}, so the program draws the garments. To fetch it, run {fashion.FETCH}, then "
        "start the page again."
    )


def names() -> list[str]:
    """The data sets that there are on this machine."""
    return [name for name in TITLES if name != "fashion" or fashion.available(data_folder())]


def source(name: Any, split: Any = "train", count: Any = 100) -> Source:
    """A built-in data set, loaded or drawn once and shared.

    split: one of SPLITS, counts for the two garment sets. count: 1 to MAX_NUMBERS, counts for "numbers".
    Raises DataError with a sentence.
    """
    name = choice(name, _("The data set"), TITLES, DataError)
    split = choice(split, _("The part of a data set"), SPLITS, DataError)
    if name == "fashion" and (problem := fashion.problem(data_folder())):
        raise DataError(
            f"Fashion-MNIST {problem}: take the drawn garments, or fetch it with {fashion.FETCH}."
        )
    if name == "numbers":
        return _numbers(whole_number(count, _("The count of numbers"), 1, MAX_NUMBERS, DataError))
    with _drawing:  # two visitors at once must not draw the same garments twice
        return _source(name, split if name in SPLIT else "train", data_folder())


@lru_cache(maxsize=16)
def _numbers(count: int) -> Source:
    numbers = Numbers(count)
    imports = "from data.own.custom import Numbers"
    return Source("numbers", "number", numbers, imports, "Numbers", (str(count),))


@lru_cache(maxsize=16)
def _source(name: str, split: str, folder: Path) -> Source:
    if name == "fashion":
        loaded = fashion.FashionMNIST(folder, train=split == "train")
        imports = "from data.fashion import FashionMNIST  # torchvision's\nfrom settings import data_folder"
        told = ("data_folder()", f"train={split == 'train'}")
        return Source(name, "picture", loaded, imports, "FashionMNIST", told)
    if name == "garments":
        drawn = garments.Garments(GARMENTS[split], split=split)
        drawn.data  # noqa: B018  drawn here, once, so that no step has to wait for it
        imports = "from data.drawn.garments import Garments"
        return Source(name, "picture", drawn, imports, "Garments", (str(GARMENTS[split]), f'split="{split}"'))
    if name == "patterns":
        return Source(name, "pattern", Patterns(), "from data.patterns import Patterns", "Patterns")
    return Source(name, "row", example_table(), "from data.own.custom import example_table", "example_table")
