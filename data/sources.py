"""The table of data sets, and the data sets as the DataLoader tab loads them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from checks import choice, whole_number
from data import fashion
from data.drawn import garments
from data.drawn import samples as drawn
from data.own.custom import DataError, Numbers, example_table
from data.patterns import Patterns
from data.samples import Progress, Samples
from data.vision import torchvision
from language import _, sentences
from settings import data_folder

SPLITS = ("train", "test")
OWN = "own"
"""The name of a visitor's own data set."""
GARMENTS = {"train": 1000, "test": 200}
"""How many garments are drawn: a second or two of work, and not a multiple of most batch sizes."""
MAX_NUMBERS = 100_000


@dataclass(frozen=True, eq=False)
class Learnable:
    """How a run of Train learns from a data set of grey pictures of 28x28."""

    sentence: str
    """One sentence for a beginner."""
    noun: str
    """The data set in a comment of a printed program, as in "mlp learns drawn garments"."""
    load: Callable[[Progress | None], Samples] | None
    """Loads or draws the pictures, and is quick when called again; None where the visitor brings them."""
    pictures: int | None
    """How many there are to learn from; None where the visitor brings them."""
    classes: int = 10
    """How many; where the visitor brings the pictures, how many at least."""
    title: str = ""
    """The title in Train, where it differs from that of the data set."""
    is_drawn: bool = False
    """Whether the pictures are drawn first, which takes a while."""


@dataclass(frozen=True, eq=False)
class DataSetEntry:
    """One data set. Everything that lists data sets, loads one or prints its code reads this entry: the
    DataLoader and Train tabs, the command line, the printed programs and the tests.
    """

    title: str
    kind: str
    """What x of a sample is: "picture" (PIL), "pattern" (1, 4, 4), "row" (F,) or "number" ()."""
    make: Callable[[str, int], Any] | None
    """Makes the data set, without a transform, from one of SPLITS and a count; None where the visitor brings
    it. It has __len__, __getitem__, `targets` (N,) int64 and `classes`, and `data` if all samples have one
    size.
    """
    imports: str = ""
    """Python that imports `call` and what the arguments need."""
    call: str = ""
    """The class or function that makes the data set in a printed program."""
    arguments: Callable[[str, int], tuple[str, ...]] = lambda split, count: ()
    """The arguments of `call`, as Python, from one of SPLITS and a count."""
    has_splits: bool = False
    """Whether there is a test part."""
    has_count: bool = False
    """Whether a visitor chooses how many samples there are."""
    problem: Callable[[Path], str] = lambda folder: ""
    """What is wrong with it in the data folder, a sentence; "" when nothing is."""
    fetch: str = ""
    """The command that fixes a `problem`."""
    without: str = ""
    """What the page does as long as there is a `problem`, a sentence."""
    learnable: Learnable | None = None
    """None where Train cannot learn from it."""


def _fashion_mnist(split: str, count: int) -> Any:
    torchvision()
    from data.fashion_mnist import FashionMNIST

    return FashionMNIST(data_folder(), train=split == "train")


DATA_SETS: dict[str, DataSetEntry] = {
    "fashion": DataSetEntry(
        "Fashion-MNIST",
        "picture",
        _fashion_mnist,
        "from data.fashion_mnist import FashionMNIST  # torchvision's\nfrom settings import data_folder",
        "FashionMNIST",
        lambda split, count: ("data_folder()", f"train={split == 'train'}"),
        has_splits=True,
        problem=fashion.problem,
        fetch=fashion.FETCH,
        without=_("The program draws garments instead."),
        learnable=Learnable(
            _("Photographs of garments, ten classes."),
            "Fashion-MNIST",
            lambda progress: fashion.samples(data_folder()),
            60_000 - fashion.HELD_OUT,
        ),
    ),
    "garments": DataSetEntry(
        _("Drawn garments"),
        "picture",
        lambda split, count: _drawn_now(garments.Garments(GARMENTS[split], split=split)),
        "from data.drawn.garments import Garments",
        "Garments",
        lambda split, count: (str(GARMENTS[split]), f'split="{split}"'),
        has_splits=True,
        learnable=Learnable(
            _("Ten kinds of garments that the program draws itself."),
            "drawn garments",
            drawn.samples,
            drawn.DRAWN["train"] - drawn.HELD_OUT,
            is_drawn=True,
        ),
    ),
    "patterns": DataSetEntry(
        _("4×4 patterns"),
        "pattern",
        lambda split, count: Patterns(),
        "from data.patterns import Patterns",
        "Patterns",
    ),
    "numbers": DataSetEntry(
        _("Plain numbers"),
        "number",
        lambda split, count: Numbers(count),
        "from data.own.custom import Numbers",
        "Numbers",
        lambda split, count: (str(count),),
        has_count=True,
    ),
    "table": DataSetEntry(
        _("A table: house plants"),
        "row",
        lambda split, count: example_table(),
        "from data.own.custom import example_table",
        "example_table",
    ),
    OWN: DataSetEntry(
        _("Your own data"),
        "picture",
        None,
        learnable=Learnable(
            _("Yours, made 28 × 28 and grey."),
            "pictures of your own",
            None,
            None,
            classes=2,
            title=_("My own pictures"),
        ),
    ),
}
"""Those that Train can learn from are in the order in which the page prefers them."""


@dataclass(frozen=True, eq=False)
class Source:
    """A data set whose samples are `(x, label)`, without a transform."""

    name: str
    """A key of DATA_SETS."""
    kind: str
    """See `DataSetEntry.kind`; a visitor's own is a "picture" or a "row"."""
    dataset: Any
    """See `DataSetEntry.make`."""
    imports: str
    """Python that imports `call`."""
    call: str
    """The class or function that makes the data set."""
    arguments: tuple[str, ...] | None = None
    """The arguments of `call`, as Python; None where `call` is the whole expression."""

    @property
    def targets(self) -> Tensor:
        """The class of each sample, (N,) int64."""
        return self.dataset.targets

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.dataset.classes)

    @property
    def stored(self) -> Tensor | None:
        """All samples in one tensor, (N, ...), if the data set has such a tensor."""
        return getattr(self.dataset, "data", None)

    def __len__(self) -> int:
        return len(self.dataset)


def is_here(name: str) -> bool:
    """Whether the data set is on this machine, or comes with a visitor."""
    return not DATA_SETS[name].problem(data_folder())


def names() -> list[str]:
    """The data sets on this machine."""
    return [name for name, entry in DATA_SETS.items() if entry.make is not None and is_here(name)]


def learnable() -> dict[str, Learnable]:
    """The data sets that Train can learn from, by name, whether or not they are on this machine."""
    return {name: entry.learnable for name, entry in DATA_SETS.items() if entry.learnable is not None}


def default() -> str:
    """The data set that the page opens with: the real one if it is on disk, else the drawn one."""
    return next(name for name in learnable() if name != OWN and is_here(name))


def missing_note() -> str:
    """What the page does without the data sets that are missing or damaged, and how to fetch them; "" when
    none is.
    """
    notes = []
    for entry in DATA_SETS.values():
        if problem := entry.problem(data_folder()):
            command = _("To fetch it, run {command}, then reload the page.")
            notes += [problem, entry.without, command.format(command=entry.fetch)]
    return sentences(*notes)


_loading = threading.Lock()


def source(name: Any, split: Any = "train", count: Any = 100) -> Source:
    """A data set of the table, loaded or drawn once and shared.

    split: one of SPLITS, where there are two parts. count: 1 to MAX_NUMBERS, where there is a choice.
    Raises DataError with a sentence.
    """
    loadable = [key for key, entry in DATA_SETS.items() if entry.make is not None]
    entry = DATA_SETS[choice(name, _("The data set"), loadable, DataError)]
    split = choice(split, _("The part of a data set"), SPLITS, DataError)
    if problem := entry.problem(data_folder()):
        advice = _("Choose another data set, or fetch this one with {command}.")
        raise DataError(sentences(problem, advice.format(command=entry.fetch)))
    if entry.has_count:
        return _counted(name, whole_number(count, _("The count of numbers"), 1, MAX_NUMBERS, DataError))
    with _loading:  # two visitors at once must not draw the same garments twice
        return _source(name, split if entry.has_splits else SPLITS[0], data_folder())


@lru_cache(maxsize=16)
def _counted(name: str, count: int) -> Source:
    return _load(name, SPLITS[0], count)


@lru_cache(maxsize=16)
def _source(name: str, split: str, folder: Path) -> Source:
    return _load(name, split, 0)


def _load(name: str, split: str, count: int) -> Source:
    entry = DATA_SETS[name]
    assert entry.make is not None
    dataset = entry.make(split, count)
    return Source(name, entry.kind, dataset, entry.imports, entry.call, entry.arguments(split, count))


def _drawn_now(drawing: garments.Garments) -> garments.Garments:
    """Draw everything now, so that no step has to wait for a garment."""
    drawing.data  # noqa: B018
    return drawing
