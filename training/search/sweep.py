"""Looking for good hyperparameters: a small sweep over two of them, and how the page starts it or the
learning-rate range test.

Both are generators of flat records, like the training loop, with which they train. They stop when their
consumer stops iterating, and the time that the consumer takes is not counted.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from checks import choice, number, set_fields, shorten, whole_number
from data.samples import Samples
from language import _, message_of
from training.config import TrainConfig
from training.loop import Diverged, State, Step, evaluate, train
from training.losses import measured_loss
from training.recipe import Recipe, RunSetup, check_last_batch, command, count_pictures, prepare
from training.search.lr_range import (
    Clock,
    RangeEnd,
    RangeSpec,
    RangeStart,
    RangeStep,
    Stopwatch,
    checked_fields,
    range_test,
)

FIELDS = (
    "lr",
    "batch_size",
    "optimizer",
    "momentum",
    "weight_decay",
    "schedule",
    "label_smoothing",
    "loss",
    "network",
    "width",
    "depth",
    "activation",
    "batch_norm",
    "dropout",
    "augment",
    "seed",
)
"""Fields of a Recipe that a sweep may change: all but those that change the samples."""
MOST_VALUES = 3
LONGEST = 60
"""Most characters of a value, because records repeat it."""
POINTS = 60
"""Most points in the loss curve of each run."""


NEEDS = {
    "rows": _("The rows of a sweep need a field and a list of values."),
    "columns": _("The columns of a sweep need a field and a list of values."),
}


@dataclass(frozen=True)
class Axis:
    """A field of FIELDS and its one to three values, all different."""

    field: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        choice(self.field, _("The field of a sweep"), FIELDS)
        if not isinstance(self.values, tuple) or not 1 <= len(self.values) <= MOST_VALUES:
            sentence = _("Give {field} one to {limit} values.")
            raise ValueError(sentence.format(field=self.field, limit=MOST_VALUES))
        if not all(isinstance(value, (bool, int, float, str)) for value in self.values):
            raise ValueError(_("The values of {field} must be numbers or names.").format(field=self.field))
        if any(len(shorten(value)) > LONGEST for value in self.values):
            sentence = _("A value of {field} has at most {limit} characters.")
            raise ValueError(sentence.format(field=self.field, limit=LONGEST))
        if len(set(self.values)) < len(self.values):
            raise ValueError(_("Give {field} different values: one is there twice.").format(field=self.field))


@dataclass(frozen=True)
class Cell:
    """One run of a sweep. `recipe` is None if its values do not go together: `problem` says why."""

    row: int
    column: int
    recipe: Recipe | None
    problem: str


@dataclass(frozen=True)
class Sweep:
    """Every pair of a value of `rows` and one of `columns`: 2 to 9 runs of `epochs` (1 to 100) each, which
    share `seconds` (2 to 3600) of training evenly. ValueError with a sentence otherwise.
    """

    rows: Axis
    columns: Axis
    epochs: int = 2
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.rows.field == self.columns.field:
            raise ValueError(_("Choose two different hyperparameters for the rows and the columns."))
        if len(self.rows.values) * len(self.columns.values) < 2:
            raise ValueError(_("A sweep compares at least two runs: give one more value."))
        set_fields(
            self,
            epochs=whole_number(self.epochs, "epochs", 1, 100),
            seconds=number(self.seconds, "seconds", 2, 3600),
        )

    @classmethod
    def from_dict(cls, values: object) -> Sweep:
        """{"rows": {"field", "values": [...]}, "columns", "epochs", "seconds"} from a browser. Raises
        ValueError with a sentence.
        """
        fields = checked_fields(cls, values, _("A sweep"))
        for name in ("rows", "columns"):
            axis = checked_fields(Axis, fields.get(name), _("An axis of a sweep"))
            if not {"field", "values"} <= set(axis) or not isinstance(axis["values"], (list, tuple)):
                raise ValueError(NEEDS[name])
            fields[name] = Axis(axis["field"], tuple(axis["values"]))
        return cls(**fields)

    @property
    def share(self) -> float:
        """Most seconds of training for each run."""
        return self.seconds / (len(self.rows.values) * len(self.columns.values))

    def cells(self, recipe: Recipe, pictures: int | None = None) -> list[Cell]:
        """Each run, row by row: the recipe with its two values. Raises ValueError when none is possible.

        pictures: how many are learned from, where the recipe does not say.
        """
        common = recipe.as_dict() | {"epochs": self.epochs}
        cells = []
        for row, row_value in enumerate(self.rows.values):
            for column, column_value in enumerate(self.columns.values):
                values = common | {self.rows.field: row_value, self.columns.field: column_value}
                try:
                    cell = Recipe.from_dict(values)
                    if pictures is not None:
                        check_last_batch(cell, pictures)
                    cells.append(Cell(row, column, cell, ""))
                except ValueError as error:
                    cells.append(Cell(row, column, None, message_of(error)))
        if all(cell.recipe is None for cell in cells):
            raise ValueError(cells[0].problem)
        return cells


@dataclass(frozen=True)
class SweepStart:
    """The first record: the fields of rows and columns, and for each run `epochs` and at most `seconds`."""

    rows: str
    row_values: tuple[Any, ...]
    columns: str
    column_values: tuple[Any, ...]
    epochs: int
    seconds: float


@dataclass(frozen=True)
class CellStart:
    """The run `cell` (0, 1, ... row by row) begins; it has `steps` steps if there is time. `command` is the
    command of this run alone.
    """

    cell: int
    steps: int
    command: str


@dataclass(frozen=True)
class CellPoint:
    """A point of the curve: mean loss and accuracy of the training batches since the last one, up to `step`
    (counted from 1 through all epochs).
    """

    cell: int
    step: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class CellEnd:
    """The result of a run after `steps` steps, which are `epochs` passes, in `seconds` of training.

    `state`: "done"; "time" (its time was up, and what it had learned was measured); "diverged" and
    "impossible", with the `reason`. Loss and accuracy are those of the validation set, None for the last two.
    """

    cell: int
    state: Literal["done", "time", "diverged", "impossible"]
    reason: str
    steps: int
    epochs: float
    seconds: float
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True)
class SweepEnd:
    """`best`: the cell with the highest validation accuracy, the first of equals; None if no run has one.
    `margin`: two standard errors of its accuracy, from the number of `validated` samples alone.
    """

    best: int | None
    margin: float | None
    validated: int
    seconds: float


def sweep(
    recipe: Recipe, samples: Samples, spec: Sweep, clock: Clock = time.perf_counter
) -> Iterator[SweepStart | CellStart | CellPoint | CellEnd | SweepEnd]:
    """Train one run after another; runs with the same seed and batch size see the same batches.

    A run that has enough time takes exactly the steps that `train` takes with its recipe.
    """
    ends, seconds, count = list[CellEnd](), 0.0, 0
    cells = spec.cells(recipe, len(samples.train[1]))
    yield SweepStart(
        spec.rows.field, spec.rows.values, spec.columns.field, spec.columns.values, spec.epochs, spec.share
    )
    for index, cell in enumerate(cells):
        if cell.recipe is None:
            ends.append(CellEnd(index, "impossible", cell.problem, 0, 0.0, 0.0, None, None))
        else:
            setup = prepare(cell.recipe, samples)
            count = len(setup.validation[1])
            steps = cell.recipe.config.epochs * len(setup.batches)
            yield CellStart(index, steps, command(cell.recipe))
            ends.append((yield from _cell(index, setup, cell.recipe.config, spec.share, clock)))
        seconds += ends[-1].seconds
        yield ends[-1]
    best = max(
        (end for end in ends if end.accuracy is not None),
        key=lambda end: end.accuracy or 0.0,
        default=None,
    )
    if best is None or best.accuracy is None:
        yield SweepEnd(None, None, count, seconds)
    else:
        margin = 2 * math.sqrt(best.accuracy * (1 - best.accuracy) / count)
        yield SweepEnd(best.cell, margin, count, seconds)


def _cell(
    index: int, setup: RunSetup, config: TrainConfig, share: float, clock: Clock
) -> Generator[CellPoint, None, CellEnd]:
    """Train one run, yield its curve, return its CellEnd."""
    watch = Stopwatch(clock)
    batches = setup.batches
    total = config.epochs * len(batches)
    every = -(-total // POINTS)
    state = State(setup.model, config, len(batches))
    run = train(setup.model, batches, config, state=state)
    number, since = 0, list[Step]()
    end: Literal["done", "time"] = "done"
    while isinstance(record := watch.next_of(run, Step, Diverged), Step):
        number += 1
        since.append(record)
        is_late = watch.seconds > share and number < total
        if number % every == 0 or number == total or is_late:
            loss = math.fsum(step.loss for step in since) / len(since)
            accuracy = math.fsum(step.accuracy for step in since) / len(since)
            since.clear()
            yield CellPoint(index, number, loss, accuracy)
        if is_late:
            end = "time"
            break
    if isinstance(record, Diverged):
        reason = record.reason
        return CellEnd(index, "diverged", reason, number, number / len(batches), watch.seconds, None, None)
    loss, accuracy = evaluate(state.trained, *setup.validation, loss=measured_loss(config))
    return CellEnd(index, end, "", number, number / len(batches), watch.seconds, loss, accuracy)


SearchRecord = RangeStart | RangeStep | RangeEnd | SweepStart | CellStart | CellPoint | CellEnd | SweepEnd


def check(kind: object, recipe: Recipe, spec: object, available: int | None = None) -> RangeSpec | Sweep:
    """The search that a browser asks for. Raises ValueError with a sentence.

    available: how many pictures there are to learn from, where the recipe does not say.
    """
    pictures = None if available is None else count_pictures(recipe, available)
    if choice(kind, _("The search"), ("range", "sweep")) == "range":
        if pictures is not None:
            check_last_batch(recipe, pictures)
        return RangeSpec.from_dict(spec)
    plan = Sweep.from_dict(spec)
    plan.cells(recipe, pictures)
    return plan


def search(kind: object, recipe: Recipe, samples: Samples, spec: Any) -> Iterator[dict[str, Any]]:
    """`range_test` or `sweep` with records that are dictionaries ready for JSON: the record's fields and
    `record`, its name. `spec` is what `check` takes. Raises ValueError with a sentence.
    """
    plan = check(kind, recipe, spec)
    records: Iterator[SearchRecord]
    if isinstance(plan, RangeSpec):
        records = range_test(recipe, samples, plan)
    else:
        records = sweep(recipe, samples, plan)
    return ({"record": type(record).__name__, **dataclasses.asdict(record)} for record in records)
