"""Desks that train nothing: one has finished runs of a small network on noise, the other only counts."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

import torch

from models.registry import build
from training.recipe import Recipe
from training.report import Examination, examine, report, snapshot

VISITOR = "a-secret-of-a-visitor"
PICTURES = torch.randint(
    0, 256, (120, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.arange(120) % 10


@lru_cache
def recorded() -> tuple[Any, Examination, dict[str, Any], dict[str, Any]]:
    """The network, its answers, the snapshot of an epoch and the report at the end."""
    model = build("softmax_regression", seed=1)
    inputs = PICTURES.float() / 255
    examination = examine(model, inputs, LABELS)
    before = examine(build("softmax_regression", seed=0), inputs, LABELS)
    epoch = snapshot(model, inputs, LABELS, examination)
    return model, examination, epoch, report(before, examination, examination)


class RecordedDesk:
    """Runs "first" and "second", which differ in the learning rate, a search, and "upload"."""

    def __init__(self) -> None:
        self.model, self.examination, self.snapshot, self.final = recorded()
        self.cursors: list[Any] = []
        self.state = "done"
        self.entries = [
            self._run("first", Recipe().as_dict()),
            self._run("second", Recipe().as_dict() | {"lr": 0.5}, changed=True),
            self._run("search", Recipe().as_dict(), kind="range"),
            self._run("upload", Recipe().as_dict() | {"seed": 7}, adopted=True),
        ]

    def _run(self, name: str, recipe: dict[str, Any], **other: Any) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": name, "name": name.title(), "recipe": recipe, "state": "done"}
        entry |= {"accuracy": 0.9, "validation_accuracy": 0.8, "seconds": 3.5, "parameters": 7850}
        return entry | {"kind": "train", "changed": False, "adopted": False, "usable": True} | other

    def follow(self, visitor: str, run: str, since: int = 0) -> dict[str, Any]:
        self._check(visitor, run)
        self.cursors.append(since)
        status = {"name": "First", "state": self.state, "message": "", "progress": {"epochs": 5}}
        return status | {"epochs": [{"epoch": 1}, {"epoch": 2}], "steps": {}}

    def epoch(self, visitor: str, run: str, number: int) -> dict[str, Any]:
        self._check(visitor, run)
        return {"epoch": number, "snapshots": [1, 2]} | self.snapshot

    def report(self, visitor: str, run: str) -> dict[str, Any]:
        self._check(visitor, run)
        if self.state == "diverged":
            raise ValueError("This run diverged.")
        return {"classes": [f"kind {k}" for k in range(10)]} | self.final

    def pictures(self, visitor: str, run: str, indices: list[int], part: str) -> list[dict[str, Any]]:
        self._check(visitor, run)
        pictures = [PICTURES[index].numpy().tobytes() for index in indices]
        return [
            {"index": index, "label": index % 10, "pixels": base64.b64encode(pixels).decode()}
            for index, pixels in zip(indices, pictures, strict=True)
        ]

    def runs(self, visitor: str) -> list[dict[str, Any]]:
        self._check(visitor, "first")
        return self.entries

    def revision(self, visitor: str) -> str:
        return "revision of the recorded runs"

    def curve(self, visitor: str, run: str) -> dict[str, Any]:
        self._check(visitor, run)
        return {
            "step": list(range(0, 1000, 2)),
            "loss": [float(n) for n in range(500)],
            "validated": [[500, 0.7, 0.75], [1000, 0.6, 0.8]],
        }

    def _check(self, visitor: Any, run: Any) -> None:
        if visitor != VISITOR:
            raise ValueError("A visitor is a secret of 16 to 64 letters, digits, _ and -.")
        if run not in ("first", "second", "upload"):
            raise ValueError("This run is no longer here.")


class EndingDesk:
    """Runs that end when they have been followed often enough. `calls` are the changes of running ones."""

    def __init__(self, looks: int = 3, end: str = "done"):
        self.looks, self.end = looks, end
        self.started: list[tuple[str, Recipe, Any]] = []
        self.calls: list[tuple[Any, ...]] = []
        self.addresses: list[str] = []
        self.state: dict[str, str] = {}
        self.kind = "train"

    def start(self, visitor: str, recipe: Recipe, own: Any = None, address: str = "", **search: Any) -> str:
        if self.active(visitor):
            raise ValueError("You have a run already.")
        self.started.append((visitor, recipe, own))
        self.addresses.append(address)
        run = f"run{len(self.started)}"
        self.state[run] = "running"
        return run

    def follow(self, visitor: str, run: str, since: int = 0, wait: float = 0.0) -> dict[str, Any]:
        if run not in self.state:
            raise ValueError("This run is no longer here.")
        self.looks -= 1
        if self.looks <= 0 and self.state[run] == "running":
            self.state[run] = self.end
        recipe = self.started[-1][1]
        progress = {"step": 7, "steps": 9, "epoch": 1, "epochs": 2}
        return {
            "run": run, "kind": self.kind, "state": self.state[run], "place": 0, "message": "",
            "since": since, "recipe": recipe.as_dict(), "validated": [[4, 0.9, 0.6], [7, 0.5, 0.8]],
            "progress": progress, "epochs": [{"epoch": 1}],
        }  # fmt: skip

    def news(self, visitor: str, run: str, since: Any = None) -> dict[str, Any]:
        return self.follow(visitor, run, since)

    def revision(self, visitor: str) -> str:
        return repr(self.state)

    def active(self, visitor: str) -> str | None:
        return next((run for run, state in self.state.items() if state in ("running", "paused")), None)

    def runs(self, visitor: str) -> list[dict[str, Any]]:
        return [
            {"id": run, "kind": self.kind, "name": f"Run {i + 1}", "state": self.state[run],
             "recipe": self.started[i][1].as_dict(), "accuracy": 0.75, "validation_accuracy": 0.8,
             "seconds": 1.5, "parameters": 7850, "changed": False, "adopted": False, "usable": False}
            for i, run in enumerate(self.state)
        ]  # fmt: skip

    def curve(self, visitor: str, run: str) -> dict[str, Any]:
        return {"step": [0], "loss": [2.3]}

    def stop(self, visitor: str, run: str, reason: str = "") -> None:
        self.calls.append(("stop", run, reason) if reason else ("stop", run))
        if self.state[run] in ("running", "paused"):
            self.state[run] = "stopped"

    def remove(self, visitor: str, run: str) -> None:
        del self.state[run]

    def __getattr__(self, name: str) -> Any:
        if name in ("pause", "resume", "set_lr", "go_on"):
            return lambda visitor, run, *value: self.calls.append((name, run, *value))
        raise AttributeError(name)
