"""Looking for good hyperparameters: a small sweep over two of them, and the way to ask for it or for the
learning-rate range test.

Both are generators of flat records, as the training loop is, and train with that same loop. They stop when
their consumer stops asking, and the time that the consumer takes is not counted.
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
from language import _
from training.config import TrainConfig
from training.loop import Diverged, State, Step, evaluate, train
from training.losses import measured_loss
from training.recipe import Prepared, Recipe, command, prepare
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
"""Fields of a Recipe that a sweep may change: all that leave the samples as they are."""
MOST_VALUES = 3
LONGEST = 60
"""Characters of a value at most: a record names it again, and is kept."""
POINTS = 60
"""Points of the loss curve of each run, at most."""


@dataclass(frozen=True)
class Axis:
    """A field of FIELDS and the one to three values it takes, none of them twice."""

    field: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        choice(self.field, _("The field of a sweep"), FIELDS)
        if not isinstance(self.values, tuple) or not 1 <= len(self.values) <= MOST_VALUES:
            raise ValueError(f"Give {self.field} one to {MOST_VALUES} values.")
        if not all(isinstance(value, (bool, int, float, str)) for value in self.values):
            raise ValueError(f"The values of {self.field} must be numbers or names.")
        if any(len(shorten(value)) > LONGEST for value in self.values):
            raise ValueError(f"A value of {self.field} has at most {LONGEST} characters.")
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"Give {self.field} values that differ: one is there twice.")


@dataclass(frozen=True)
class Cell:
    """One run of a sweep. `recipe` is None where these values do not go together: `problem` says why."""

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
            raise ValueError("Choose two different hyperparameters for the rows and the columns.")
        if len(self.rows.values) * len(self.columns.values) < 2:
            raise ValueError("A sweep compares at least two runs: give one more value.")
        set_fields(
            self,
            epochs=whole_number(self.epochs, "epochs", 1, 100),
            seconds=number(self.seconds, "seconds", 2, 3600),
        )

    @classmethod
    def from_dict(cls, values: Any) -> Sweep:
        """{"rows": {"field", "values": [...]}, "columns", "epochs", "seconds"}, whatever a browser sent.
        Raises ValueError with a sentence.
        """
        known = checked_fields(cls, values, "sweep")
        for name in ("rows", "columns"):
            axis = checked_fields(Axis, known.get(name), f"sweep's {name}")
            if not {"field", "values"} <= set(axis) or not isinstance(axis["values"], (list, tuple)):
                raise ValueError(f"The {name} of a sweep need a field and a list of values.")
            known[name] = Axis(axis["field"], tuple(axis["values"]))
        return cls(**known)

    @property
    def share(self) -> float:
        """Seconds of training of each run, at most."""
        return self.seconds / (len(self.rows.values) * len(self.columns.values))

    def cells(self, recipe: Recipe) -> list[Cell]:
        """Each run, row by row: the recipe with its two values. Raises ValueError when none is possible."""
        common = recipe.as_dict() | {"epochs": self.epochs}
        made = []
        for row, one in enumerate(self.rows.values):
            for column, other in enumerate(self.columns.values):
                values = common | {self.rows.field: one, self.columns.field: other}
                try:
                    made.append(Cell(row, column, Recipe.from_dict(values), ""))
                except ValueError as error:
                    made.append(Cell(row, column, None, str(error)))
        if all(cell.recipe is None for cell in made):
            raise ValueError(made[0].problem)
        return made


@dataclass(frozen=True)
class SweepStart:
    """The first record: what the rows and the columns change, `epochs` and at most `seconds` a run."""

    rows: str
    row_values: tuple[Any, ...]
    columns: str
    column_values: tuple[Any, ...]
    epochs: int
    seconds: float


@dataclass(frozen=True)
class CellStart:
    """The run `cell` (0, 1, ... row by row) begins; it has `steps` steps if its time suffices. `command` is
    the line that makes it alone.
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
    """What a run came to after `steps` steps, which are `epochs` passes, in `seconds` of training.

    `state`: "done"; "time" (its share was used up, what it had learned by then was measured); "diverged" and
    "impossible", with the `reason`. Loss and accuracy are those of the validation set, None in the last two.
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
    """`best`: the cell with the highest validation accuracy, the first of equals; None if no run got one.
    `margin`: two standard errors of its accuracy, from the number of `validated` samples alone.
    """

    best: int | None
    margin: float | None
    validated: int
    seconds: float


def sweep(
    recipe: Recipe, samples: Samples, spec: Sweep, clock: Clock = time.perf_counter
) -> Iterator[SweepStart | CellStart | CellPoint | CellEnd | SweepEnd]:
    """Train one run after the other; runs with the same seed and batch size see the same batches.

    A run whose time suffices takes the very steps that `train` takes alone with that recipe.
    """
    ends, spent, held = list[CellEnd](), 0.0, 0
    cells = spec.cells(recipe)
    yield SweepStart(
        spec.rows.field, spec.rows.values, spec.columns.field, spec.columns.values, spec.epochs, spec.share
    )
    for index, cell in enumerate(cells):
        if cell.recipe is None:
            ends.append(CellEnd(index, "impossible", cell.problem, 0, 0.0, 0.0, None, None))
        else:
            prepared = prepare(cell.recipe, samples)
            held = len(prepared.validation[1])
            steps = cell.recipe.config.epochs * len(prepared.batches)
            yield CellStart(index, steps, command(cell.recipe))
            ends.append((yield from _cell(index, prepared, cell.recipe.config, spec.share, clock)))
        spent += ends[-1].seconds
        yield ends[-1]
    best = max(
        (end for end in ends if end.accuracy is not None),
        key=lambda end: end.accuracy or 0.0,
        default=None,
    )
    if best is None or best.accuracy is None:
        yield SweepEnd(None, None, held, spent)
    else:
        margin = 2 * math.sqrt(best.accuracy * (1 - best.accuracy) / held)
        yield SweepEnd(best.cell, margin, held, spent)


def _cell(
    index: int, prepared: Prepared, config: TrainConfig, share: float, clock: Clock
) -> Generator[CellPoint, None, CellEnd]:
    """Train one run, yield its curve, return its CellEnd."""
    watch = Stopwatch(clock)
    batches = prepared.batches
    total = config.epochs * len(batches)
    every = -(-total // POINTS)
    state = State(prepared.model, config, len(batches))
    run = train(prepared.model, batches, config, state=state)
    step, since = 0, list[Step]()
    ended: Literal["done", "time"] = "done"
    while isinstance(record := watch.next_of(run, Step, Diverged), Step):
        step += 1
        since.append(record)
        late = watch.seconds > share and step < total
        if step % every == 0 or step == total or late:
            loss = math.fsum(one.loss for one in since) / len(since)
            accuracy = math.fsum(one.accuracy for one in since) / len(since)
            since.clear()
            yield CellPoint(index, step, loss, accuracy)
        if late:
            ended = "time"
            break
    if isinstance(record, Diverged):
        reason = record.reason
        return CellEnd(index, "diverged", reason, step, step / len(batches), watch.seconds, None, None)
    loss, accuracy = evaluate(state.trained, *prepared.validation, loss=measured_loss(config))
    return CellEnd(index, ended, "", step, step / len(batches), watch.seconds, loss, accuracy)


Found = RangeStart | RangeStep | RangeEnd | SweepStart | CellStart | CellPoint | CellEnd | SweepEnd


def check(kind: Any, recipe: Recipe, spec: Any) -> RangeSpec | Sweep:
    """The search that a browser asks for. Raises ValueError with a sentence."""
    if choice(kind, _("The search"), ("range", "sweep")) == "range":
        return RangeSpec.from_dict(spec)
    made = Sweep.from_dict(spec)
    made.cells(recipe)
    return made


def search(kind: Any, recipe: Recipe, samples: Samples, spec: Any) -> Iterator[dict[str, Any]]:
    """`range_test` or `sweep` with records that are dictionaries ready for JSON: the record's fields and
    `record`, its name. `spec` is what `check` takes. Raises ValueError with a sentence.
    """
    made = check(kind, recipe, spec)
    found: Iterator[Found]
    found = range_test(recipe, samples, made) if isinstance(made, RangeSpec) else sweep(recipe, samples, made)
    return ({"record": type(one).__name__, **dataclasses.asdict(one)} for one in found)
