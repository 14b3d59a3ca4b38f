"""A desk that trains nothing: one finished run of a small network on noise, as the real desk tells it."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

import torch

from models.registry import build
from training.recipe import Recipe
from training.report import Examined, examine, report, snapshot

VISITOR = "a-secret-of-a-visitor"
PICTURES = torch.randint(
    0, 256, (120, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.arange(120) % 10


@lru_cache
def recorded() -> tuple[Any, Examined, dict[str, Any], dict[str, Any]]:
    """The network, and what was found out about it."""
    model = build("softmax_regression", seed=1)
    inputs = PICTURES.float() / 255
    examined = examine(model, inputs, LABELS)
    before = examine(build("softmax_regression", seed=0), inputs, LABELS)
    return model, examined, snapshot(model, inputs, LABELS, examined), report(before, examined, examined)


class RecordedDesk:
    """Runs "first" and "second", which differ in the learning rate, and "upload"; the rest is asked for."""

    def __init__(self) -> None:
        self.model, self.examined, self.shown, self.made = recorded()
        self.followed: list[Any] = []
        self.done: list[tuple[Any, ...]] = []
        self.state = "done"
        self.listed = [
            self._run("first", Recipe().as_dict()),
            self._run("second", Recipe().as_dict() | {"lr": 0.5}, changed=True),
            self._run("search", Recipe().as_dict(), kind="range"),
            self._run("upload", Recipe().as_dict() | {"seed": 7}, adopted=True),
        ]

    def _run(self, name: str, recipe: dict[str, Any], **other: Any) -> dict[str, Any]:
        told = {"id": name, "name": name.title(), "recipe": recipe, "state": "done", "kind": "train"}
        told |= {"accuracy": 0.9, "validation_accuracy": 0.8, "seconds": 3.5, "parameters": 7850}
        return told | {"changed": False, "adopted": False, "usable": True} | other

    def follow(self, visitor: str, run: str, since: int = 0) -> dict[str, Any]:
        self._known(visitor, run)
        self.followed.append(since)
        epochs = [{"epoch": 1}, {"epoch": 2}]
        told = {"name": "First", "state": self.state, "said": "", "progress": {"epochs": 5}}
        return told | {"epochs": epochs, "steps": {}}

    def epoch(self, visitor: str, run: str, number: int) -> dict[str, Any]:
        self._known(visitor, run)
        return {"epoch": number, "kept": [1, 2]} | self.shown

    def report(self, visitor: str, run: str) -> dict[str, Any]:
        self._known(visitor, run)
        if self.state == "diverged":
            raise ValueError("This run diverged.")
        return {"classes": [f"kind {k}" for k in range(10)]} | self.made

    def pictures(self, visitor: str, run: str, indices: list[int], part: str) -> list[dict[str, Any]]:
        self._known(visitor, run)
        told = [PICTURES[index].numpy().tobytes() for index in indices]
        return [
            {"index": index, "label": index % 10, "pixels": base64.b64encode(pixels).decode()}
            for index, pixels in zip(indices, told, strict=True)
        ]

    def runs(self, visitor: str) -> list[dict[str, Any]]:
        self._known(visitor, "first")
        return self.listed

    def curve(self, visitor: str, run: str) -> dict[str, Any]:
        self._known(visitor, run)
        return {
            "step": list(range(0, 1000, 2)),
            "loss": [float(n) for n in range(500)],
            "validated": [[500, 0.7, 0.75], [1000, 0.6, 0.8]],
        }

    def _known(self, visitor: Any, run: Any) -> None:
        if visitor != VISITOR:
            raise ValueError("A visitor is a secret of 16 to 64 letters, digits, _ and -.")
        if run not in ("first", "second", "upload"):
            raise ValueError("This run is no longer here.")
