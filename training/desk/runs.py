"""A run of the page: what it is, and what the page is told about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import settings
from language import _
from training.desk.history import MOST_LISTED, History, thinned
from training.desk.status import Status
from training.recipe import Recipe

MARKS = 4
"""Whole numbers in a cursor, see `Run.news`."""


@dataclass(eq=False)
class Run:
    """One run of a visitor. All of it belongs to the desk, which holds its lock while it uses it."""

    id: str
    visitor: str
    name: str
    recipe: Recipe
    kind: str
    """"train", or a search: "range" or "sweep"."""
    spec: Any
    """Of a search, see `training.search.sweep`."""
    folder: Path
    own: Path | None = None
    """The file with the visitor's own pictures."""
    address: str = ""
    """Network address from which it was last started or continued."""
    is_named: bool = False
    """Whether the visitor gave it a name."""
    is_adopted: bool = False
    """Whether its weights were uploaded."""
    bytes: int = settings.TRAIN_RUN_BYTES
    """Its share of the space that all visitors share."""
    status: Status = field(default_factory=Status)
    history: History = field(default_factory=History)

    @property
    def is_training(self) -> bool:
        """Whether it trains one network, and is not a search."""
        return self.kind == "train"

    @property
    def is_active(self) -> bool:
        return self.status.is_active

    @property
    def cursor(self) -> int:
        """Grows with everything that `snapshot` sends once."""
        return self.history.step if self.is_training else len(self.history.records)

    def receive(self, line: dict[str, Any]) -> None:
        """One line of its process, see `training.desk.job`; the end is for the pool."""
        self.history.receive(line)
        status = self.status
        status.is_accepted |= "accepted" in line
        if "drawing" in line:
            status.draw(*line["drawing"])
        if "begin" in line:
            status.begin()
            if self.is_training and self.recipe.config.schedule == "constant":
                longer = dataclasses.replace(self.recipe.config, epochs=line["begin"]["epochs"])
                self.recipe = dataclasses.replace(self.recipe, config=longer)
        if "paused" in line:
            if line["paused"]:
                status.pause()
            else:
                status.resume()
        if "finishing" in line:
            status.finish(_("Measuring and keeping what was learned.") if self.is_training else "")
        if "end" in line:
            status.further_epochs = None

    def snapshot(self, since: int, place: int, budget: float) -> dict[str, Any]:
        """What `Desk.follow` returns."""
        history = self.history
        return self._standing(place, budget) | {
            "run": self.id,
            "name": self.name,
            "kind": self.kind,
            "recipe": self.recipe.as_dict(),
            "warnings": list(history.warnings),
            "changes": list(history.changes),
            "cursor": self.cursor,
            "steps": history.curve.since(since),
            "validated": thinned(history.validations, MOST_LISTED),
            "layers": history.layers,
            "verdict": history.verdict,
            "epochs": thinned(history.epochs, MOST_LISTED),
            "records": [] if self.is_training else history.records[since:],
        }

    def news(self, since: Sequence[int] | None, place: int, budget: float) -> dict[str, Any]:
        """How it stands, and what came after `since`, the "cursor" of an earlier answer.

        "steps" (without "norm"), "validated", and "layers" with "verdict" are there when something is new.
        "about", the name and the recipe, is there when `since` is None and once more when the run is
        continued: then the answer has everything again, and the page forgets what it had.
        """
        history = self.history
        cursor = [history.begins, history.step, len(history.validations), history.looks]
        is_first = not since or since[0] != history.begins
        _begins, step, validations, looks = (0, 0, 0, 0) if not since or is_first else since
        news = self._standing(place, budget) | {"cursor": cursor, "changed": bool(history.changes)}
        if is_first:
            news["about"] = {"name": self.name, "recipe": self.recipe.as_dict()}
        if step < history.step:
            steps = history.curve.since(step)
            del steps["norm"]  # the page draws the gradients of the layers
            news["steps"] = steps
        if validations < len(history.validations):
            news["validated"] = thinned(history.validations[validations:], MOST_LISTED)
        if looks < history.looks:
            news |= {"layers": history.layers, "verdict": history.verdict}
        return news

    def _standing(self, place: int, budget: float) -> dict[str, Any]:
        status, history, config = self.status, self.history, self.recipe.config
        rates = history.curve.columns["lr"]
        return {
            "state": status.state,
            "place": place,
            "message": status.message,
            "lr": config.lr if status.lr is None else status.lr,
            "progress": {
                "step": history.step,
                "steps": history.begin.get("steps") or None,
                "epoch": history.epoch,
                "epochs": history.begin.get("epochs") or config.epochs,
                "seconds": history.total_seconds,
                "left": history.seconds_left if self.is_active else None,
                "rate": history.rate,
                "lr": rates[-1] if rates else config.lr,
                "budget": budget,
                "parameters": history.parameters,
            },
        }

    def summary(self) -> dict[str, Any]:
        """One entry of what `Desk.runs` returns."""
        status, history = self.status, self.history
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "recipe": self.recipe.as_dict(),
            "state": status.state,
            "message": status.message,
            "accuracy": history.accuracy,
            "validation_accuracy": history.validations[-1][2] if history.validations else None,
            "seconds": history.total_seconds,
            "steps": history.step,
            "epochs": history.epoch,
            "parameters": history.parameters,
            "changed": bool(history.changes),
            "changes": list(history.changes),
            "adopted": self.is_adopted,
            "usable": (self.folder / "run.pt").is_file() and status.state.is_usable,
        }
