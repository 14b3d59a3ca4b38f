"""What the page knows of a run: its curve, its epochs, how it stands."""

from __future__ import annotations

import bisect
import dataclasses
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import settings
from training.desk.states import RunState
from training.recipe import Recipe

COLUMNS = ("loss", "accuracy", "lr", "norm")
MOST_POINTS = 4096
"""Steps of a run that are kept: of a longer one every second, fourth, ... step."""
MOST_LISTED = 120
"""Epochs, and validations, that are told at once, about; all are kept in thinner and thinner lists."""

MARKS = 4
"""Whole numbers of a cursor, see `Run.news`."""


class Curve:
    """Numbers of the steps 0, 1, ... of a run, thinned when there are many."""

    def __init__(self, most: int = MOST_POINTS):
        self.most = most
        self.every = 1
        """Only steps that are a multiple of this are kept."""
        self.length = 0
        """Steps so far."""
        self.steps = array("q")
        self.columns = {name: array("d") for name in COLUMNS}

    def add(self, at: int, columns: dict[str, list[float]]) -> None:
        """The next steps, `at` being the first; those from `at` on that are here already are replaced."""
        if at < self.length:
            self._cut(bisect.bisect_left(self.steps, at))
        count = len(columns["loss"])
        chosen = range(-at % self.every, count, self.every)
        self.steps.extend(at + i for i in chosen)
        for name, kept in self.columns.items():
            kept.extend(columns[name][i] for i in chosen)
        self.length = at + count
        while len(self.steps) > self.most:
            self.every *= 2
            places = [place for place, step in enumerate(self.steps) if step % self.every == 0]
            self.steps = array("q", [self.steps[place] for place in places])
            for name, kept in self.columns.items():
                self.columns[name] = array("d", [kept[place] for place in places])

    def since(self, step: int) -> dict[str, list[float]]:
        """The kept steps from number `step` on, by column, seven digits each."""
        place = bisect.bisect_left(self.steps, step)
        told: dict[str, list[float]] = {"step": list(self.steps[place:])}
        return told | {
            name: [float(f"{value:.7g}") for value in kept[place:]] for name, kept in self.columns.items()
        }

    def _cut(self, place: int) -> None:
        del self.steps[place:]
        for kept in self.columns.values():
            del kept[place:]


def thinned(items: list[Any], most: int) -> list[Any]:
    """At most `most` of `items`, evenly spread, the last one among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


@dataclass(eq=False)
class Run:
    """One run of a visitor. All fields belong to the desk, which holds its lock while it uses them."""

    id: str
    visitor: str
    name: str
    recipe: Recipe
    kind: str
    spec: Any
    folder: Path
    own: Path | None = None
    state: RunState = RunState.QUEUED
    said: str = ""
    named: bool = False
    """Whether the visitor gave it a name."""
    adopted: bool = False
    bytes: int = settings.TRAIN_RUN_BYTES
    """Bytes that it counts as in the space that all visitors share."""
    go_on: int | None = None
    """How many epochs more were asked for, 0 for those that are left; None for a new run."""
    address: str = ""
    """Network address from which it was last started or continued."""
    arrival: int = 0
    """Increases with each run that enters the queue."""
    restarts: int = 0
    """How often it returned to the queue because its process ended before it began."""
    given_at: float = 0.0
    """When it was given to a process."""
    accepted: bool = False
    """Whether that process has confirmed that it received the run."""
    begun_at: float | None = None
    """When its process began to train, or to draw the pictures for it."""
    followed: float = field(default_factory=time.monotonic)
    paused_at: float | None = None
    paused_for: float = 0.0
    stopped_at: float | None = None
    """When it was asked to stop."""
    ending: bool = False
    """Whether the process has said that it ends."""
    killed: str = ""
    """Why its process was killed by us."""
    curve: Curve = field(default_factory=Curve)
    heard_at: float = 0.0
    gap: float = 0.0
    """Longest time between two lines of its process."""
    validated: list[list[float]] = field(default_factory=list)
    layers: list[list[Any]] = field(default_factory=list)
    verdict: dict[str, str] | None = None
    looks: int = 0
    """How often its process looked at the gradients of the layers."""
    begins: int = 0
    """How often a process began with it: once, and once more each time it goes on."""
    epochs: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    lr: float | None = None
    """The learning rate that was asked for while it went on."""
    begin: dict[str, Any] = field(default_factory=dict)
    earlier: float = 0.0
    """Seconds of training before it was continued."""
    seconds: float = 0.0
    rate: float = 0.0
    accuracy: float | None = None
    parameters: int = 0

    @property
    def active(self) -> bool:
        return not self.state.has_ended

    @property
    def step(self) -> int:
        return self.curve.length

    @property
    def cursor(self) -> int:
        """Grows with everything that `snapshot` tells once."""
        return self.step if self.kind == "train" else len(self.records)

    def hear(self, told: dict[str, Any]) -> None:
        """One line of its process, see `training.desk.job`."""
        self.seconds, self.rate = told.get("seconds", self.seconds), told.get("rate", self.rate)
        self.accepted |= "accepted" in told
        if "drawn" in told:
            self.begun_at = self.begun_at or time.monotonic()
            done, total = told["drawn"]
            self.said = f"The garments are drawn first: {done:,} of {total:,}. This is done once."
        if "begin" in told:
            self.begin, self.said, self.begun_at = told["begin"], "", time.monotonic()
            self.warnings = self.begin["warnings"]
            self.parameters = self.begin["parameters"]
            if self.kind == "train" and self.recipe.config.schedule == "constant":
                longer = dataclasses.replace(self.recipe.config, epochs=self.begin["epochs"])
                self.recipe = dataclasses.replace(self.recipe, config=longer)
            self.cut(self.begin["step"])
            self.begins += 1
            if self.state is RunState.STARTING:
                self.state = RunState.RUNNING
        if "paused" in told and self.state.is_steerable:
            self._pause(told["paused"])
        if "steps" in told:
            self.curve.add(told["at"], told["steps"])
        if "layers" in told:
            self.layers, self.verdict = told["layers"], told["verdict"]
            self.looks += 1
        if "validated" in told:
            self.validated.append(told["validated"])
        if "epoch" in told:
            line = told["epoch"]
            self.epochs.append(line)
            self.validated.append([line["step"], line["validation_loss"], line["validation_accuracy"]])
        if "records" in told:
            self.records += told["records"]
        if "ending" in told:
            self.ending, self.state = True, RunState.STOPPING
            self.said = "What was learned is measured and kept." if self.kind == "train" else ""

    def hear_end(self, end: dict[str, Any]) -> None:
        """The last line of its process."""
        self.accuracy = end.get("accuracy")
        self.changes = end.get("changes", self.changes)
        self.go_on = None

    def _pause(self, paused: bool) -> None:
        now = time.monotonic()
        if paused:
            self.state, self.paused_at = RunState.PAUSED, now
        elif self.paused_at is not None:
            self.state, self.paused_for = RunState.RUNNING, self.paused_for + now - self.paused_at
            self.paused_at = None

    def cut(self, step: int) -> None:
        """Forget what came after `step`: the run goes on from there."""
        self.validated = [line for line in self.validated if line[0] <= step]
        self.epochs = [line for line in self.epochs if line["step"] <= step]
        if step < self.curve.length:
            self.curve.add(step, {name: [] for name in COLUMNS})

    def snapshot(self, since: int, place: int, budget: float) -> dict[str, Any]:
        """What `Desk.follow` returns."""
        per_kind = self.kind == "train"
        return self._status(place, budget) | {
            "run": self.id,
            "name": self.name,
            "kind": self.kind,
            "recipe": self.recipe.as_dict(),
            "warnings": list(self.warnings),
            "changes": list(self.changes),
            "cursor": self.cursor,
            "steps": self.curve.since(since),
            "validated": thinned(self.validated, MOST_LISTED),
            "layers": self.layers,
            "verdict": self.verdict,
            "epochs": thinned(self.epochs, MOST_LISTED),
            "records": [] if per_kind else self.records[since:],
        }

    def news(self, since: Sequence[int] | None, place: int, budget: float) -> dict[str, Any]:
        """How it stands, and what came after `since`, the "cursor" of an earlier answer.

        "steps" (without "norm"), "validated", and "layers" with "verdict" are there when something is new.
        "about", the name and the recipe, is there when `since` is None and once more when the run is
        continued: then the answer has everything again, and the page forgets what it knew.
        """
        cursor = [self.begins, self.step, len(self.validated), self.looks]
        _, step, validated, looks = since if since and since[0] == self.begins else (0, 0, 0, 0)
        message = self._status(place, budget) | {"cursor": cursor, "changed": bool(self.changes)}
        if not since or since[0] != self.begins:
            message["about"] = {"name": self.name, "recipe": self.recipe.as_dict()}
        if step < self.step:
            steps = self.curve.since(step)
            del steps["norm"]  # the page draws the gradients of the layers
            message["steps"] = steps
        if validated < len(self.validated):
            message["validated"] = thinned(self.validated[validated:], MOST_LISTED)
        if looks < self.looks:
            message |= {"layers": self.layers, "verdict": self.verdict}
        return message

    def overview(self, most: int) -> dict[str, Any]:
        """What `Desk.curve` returns, in at most `most` points."""
        whole = self.curve.since(0)
        places = thinned(list(range(len(whole["step"]))), most)
        columns: dict[str, Any] = {name: [column[i] for i in places] for name, column in whole.items()}
        return columns | {"validated": thinned(self.validated, most)}

    def _status(self, place: int, budget: float) -> dict[str, Any]:
        steps = self.begin.get("steps", 0)
        done = self.step - self.begin.get("step", 0)
        left = self.seconds / done * (steps - self.step) if done and self.active else None
        config = self.recipe.config
        lr = self.curve.columns["lr"][-1] if self.step and len(self.curve.steps) else config.lr
        return {
            "state": self.state,
            "place": place,
            "said": self.said,
            "lr": config.lr if self.lr is None else self.lr,
            "progress": {
                "step": self.step,
                "steps": steps or None,
                "epoch": self.epochs[-1]["epoch"] if self.epochs else 0,
                "epochs": self.begin.get("epochs") or config.epochs,
                "seconds": round(self.earlier + self.seconds, 2),
                "left": None if left is None else round(left, 1),
                "rate": self.rate,
                "lr": lr,
                "budget": budget,
                "parameters": self.parameters,
            },
        }

    def told(self) -> dict[str, Any]:
        """What `Desk.runs` says of it."""
        last = self.epochs[-1] if self.epochs else {}
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "recipe": self.recipe.as_dict(),
            "state": self.state,
            "said": self.said,
            "accuracy": self.accuracy,
            "validation_accuracy": self.validated[-1][2] if self.validated else None,
            "seconds": round(self.earlier + self.seconds, 2),
            "steps": self.step,
            "epochs": last.get("epoch", 0),
            "parameters": self.parameters,
            "changed": bool(self.changes),
            "changes": list(self.changes),
            "adopted": self.adopted,
            "usable": (self.folder / "run.pt").is_file() and self.state.is_usable,
        }
