"""The runs of all visitors: each sees their own, a bounded number is kept, and not for ever."""

from __future__ import annotations

import errno
import re
import secrets
import time
from pathlib import Path
from typing import Any

import settings
from training.folders import RunsFolder
from training.recipe import Recipe
from training.runs import Run

VISITOR = re.compile(r"[A-Za-z0-9_-]{16,64}")
FULL = "Too many runs are kept here at the moment. Please try again later."
GONE = "This run is no longer here: runs are kept for an hour after the last visit."


class JobError(ValueError):
    """Something that cannot be done with a run; the message is a sentence for the visitor."""


class Shelf:
    """Whoever calls this holds the lock of the desk. kept: seconds after the last contact. folder: where the
    folder of the runs is made.
    """

    def __init__(self, kept: float, folder: Path | None):
        self._kept = kept
        self._runs: dict[str, dict[str, Run]] = {}
        """Of each visitor, in the order in which they were made."""
        self._contact: dict[str, float] = {}
        self._numbers: dict[str, int] = {}
        self._folder = RunsFolder(folder)

    def tidy(self) -> None:
        """Remove what pages have left that were killed."""
        self._folder.remove_left()

    def close(self) -> None:
        """Remove all that was kept."""
        self._folder.close()

    def meet(self, visitor: str) -> dict[str, Run]:
        """The runs of the visitor, who is here now. Raises JobError for what is no secret."""
        if not isinstance(visitor, str) or not VISITOR.fullmatch(visitor):
            raise JobError("A visitor is a secret of 16 to 64 letters, digits, _ and -.")
        if visitor in self._runs:
            self._contact[visitor] = time.monotonic()
        return self._runs.get(visitor, {})

    def find(self, visitor: str, run: str) -> Run:
        found = self.meet(visitor).get(run) if isinstance(run, str) else None
        if found is None:
            raise JobError(GONE)
        return found

    def new(self, visitor: str, recipe: Recipe, kind: str, spec: Any) -> Run:
        """A run with an empty folder, among those of the visitor."""
        theirs = self.meet(visitor)
        while len(theirs) >= settings.TRAIN_RUNS:
            ended = [run for run in theirs.values() if not run.active and not run.named]
            if not ended:
                raise JobError(f"You have {len(theirs)} runs with names: remove one of them first.")
            self.forget(ended[0])
            theirs = self.meet(visitor)
        self._make_room(visitor)
        key = secrets.token_urlsafe(12)
        try:
            folder = self._folder.new(key)
        except OSError as error:
            raise JobError(disk_text(error)) from error
        self._numbers[visitor] = number = self._numbers.get(visitor, 0) + 1
        run = Run(key, visitor, f"Run {number}", recipe, kind, spec, folder)
        self._runs.setdefault(visitor, {})[key] = run
        self._contact[visitor] = time.monotonic()
        return run

    def _make_room(self, visitor: str) -> None:
        """Forget runs of the visitors who were here least recently, when there are too many."""
        while sum(map(len, self._runs.values())) >= settings.TRAIN_RUNS_ALL:
            others = [other for other in self._runs if other != visitor and not self._busy(other)]
            if not others:
                raise JobError(FULL)
            self._leave(min(others, key=self._contact.__getitem__))

    def _busy(self, visitor: str) -> bool:
        """Whether the visitor has an active run, or was here in the last minute."""
        here = time.monotonic() - self._contact[visitor] < settings.TRAIN_FOLLOW_SECONDS
        return here or any(run.active for run in self._runs[visitor].values())

    def forget_old(self) -> None:
        oldest = time.monotonic() - self._kept
        for visitor in [visitor for visitor, contact in self._contact.items() if contact < oldest]:
            if not any(run.active for run in self._runs[visitor].values()):
                self._leave(visitor)

    def _leave(self, visitor: str) -> None:
        for run in list(self._runs[visitor].values()):
            self.forget(run)

    def forget(self, run: Run) -> None:
        self._folder.drop(run.folder)
        theirs = self._runs[run.visitor]
        theirs.pop(run.id, None)
        if not theirs:
            del self._runs[run.visitor]
            self._contact.pop(run.visitor, None)
            self._numbers.pop(run.visitor, None)


def disk_text(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full: remove some runs, or try again later."
    return f"A file could not be read or written ({error.strerror or error}): try again."
