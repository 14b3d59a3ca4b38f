"""What a run has recorded: its curve, its epochs, and what its process has reported about them."""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

COLUMNS = ("loss", "accuracy", "lr", "norm")
MOST_POINTS = 4096
"""Most steps that are kept of a run: of a longer one every second, fourth, ... step."""
MOST_LISTED = 120
"""Most epochs, and validations, in one answer, evenly spread."""


class Curve:
    """Numbers of the steps 0, 1, ... of a run, thinned when there are many."""

    def __init__(self, most: int = MOST_POINTS):
        self.most = most
        self.every = 1
        """Only multiples of this are kept."""
        self.length = 0
        """Steps so far."""
        self.steps = array("q")
        self.columns = {name: array("d") for name in COLUMNS}

    def add(self, first: int, columns: dict[str, list[float]]) -> None:
        """Add the steps from number `first` on, replacing any later ones."""
        if first < self.length:
            self._cut(bisect.bisect_left(self.steps, first))
        count = len(columns["loss"])
        places = range(-first % self.every, count, self.every)
        self.steps.extend(first + i for i in places)
        for name, column in self.columns.items():
            column.extend(columns[name][i] for i in places)
        self.length = first + count
        while len(self.steps) > self.most:
            self.every *= 2
            remaining = [place for place, step in enumerate(self.steps) if step % self.every == 0]
            self.steps = array("q", [self.steps[place] for place in remaining])
            for name, column in self.columns.items():
                self.columns[name] = array("d", [column[place] for place in remaining])

    def since(self, step: int) -> dict[str, list[float]]:
        """The kept steps from number `step` on, by column, with seven digits each."""
        place = bisect.bisect_left(self.steps, step)
        columns: dict[str, list[float]] = {"step": list(self.steps[place:])}
        return columns | {
            name: [float(f"{value:.7g}") for value in column[place:]] for name, column in self.columns.items()
        }

    def _cut(self, place: int) -> None:
        del self.steps[place:]
        for column in self.columns.values():
            del column[place:]


def thinned(items: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of `items`, evenly spread, the last one among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


@dataclass(eq=False)
class History:
    """Everything that the processes of a run have reported, see `training.desk.job`."""

    curve: Curve = field(default_factory=Curve)
    validations: list[list[float]] = field(default_factory=list)
    """[steps taken, loss, accuracy] of each."""
    layers: list[list[Any]] = field(default_factory=list)
    """[name, length of the gradient] of each layer."""
    verdict: dict[str, str] | None = None
    looks: int = 0
    """How often the gradients were reported."""
    begins: int = 0
    """How often a process has begun the run: once, and once more each time it was continued."""
    epochs: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    """Of a search."""
    warnings: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    """What the visitor changed while it ran, one sentence each."""
    begin: dict[str, Any] = field(default_factory=dict)
    """What its process reported when it began."""
    earlier: float = 0.0
    """Seconds of training before it was last continued."""
    seconds: float = 0.0
    rate: float = 0.0
    """Samples a second."""
    accuracy: float | None = None
    """On the test set, at the end."""
    parameters: int = 0

    @property
    def step(self) -> int:
        return self.curve.length

    @property
    def epoch(self) -> int:
        """Number of the last epoch that is over, 0 for none."""
        return self.epochs[-1]["epoch"] if self.epochs else 0

    @property
    def total_seconds(self) -> float:
        return round(self.earlier + self.seconds, 2)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last step at the average speed so far; None before the first step."""
        done = self.step - self.begin.get("step", 0)
        return round(self.seconds / done * (self.begin.get("steps", 0) - self.step), 1) if done else None

    def receive(self, line: dict[str, Any]) -> None:
        """Add one line of the process."""
        self.seconds, self.rate = line.get("seconds", self.seconds), line.get("rate", self.rate)
        if "begin" in line:
            self.begin = line["begin"]
            self.warnings, self.parameters = self.begin["warnings"], self.begin["parameters"]
            self._cut(self.begin["step"])
            self.begins += 1
        if "steps" in line:
            self.curve.add(line["first"], line["steps"])
        if "layers" in line:
            self.layers, self.verdict = line["layers"], line["verdict"]
            self.looks += 1
        if "validation" in line:
            self.validations.append(line["validation"])
        if "epoch" in line:
            epoch = line["epoch"]
            self.epochs.append(epoch)
            self.validations.append([epoch["step"], epoch["validation_loss"], epoch["validation_accuracy"]])
        if "records" in line:
            self.records += line["records"]
        if "end" in line:
            self.accuracy = line["end"].get("accuracy")
            self.changes = line["end"].get("changes", self.changes)

    def close(self) -> None:
        """Count the seconds so far as earlier ones: the run has ended."""
        self.earlier, self.seconds = self.earlier + self.seconds, 0.0

    def overview(self, most: int) -> dict[str, Any]:
        """The whole curve in at most `most` points, see `Desk.curve`."""
        whole = self.curve.since(0)
        places = thinned(range(len(whole["step"])), most)
        columns: dict[str, Any] = {name: [column[i] for i in places] for name, column in whole.items()}
        return columns | {"validated": thinned(self.validations, most)}

    def _cut(self, step: int) -> None:
        """Forget what came after `step`: the run continues from there."""
        self.validations = [validation for validation in self.validations if validation[0] <= step]
        self.epochs = [epoch for epoch in self.epochs if epoch["step"] <= step]
        if step < self.curve.length:
            self.curve.add(step, {name: [] for name in COLUMNS})
