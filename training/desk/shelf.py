"""The runs of all visitors, who each see only their own and share a bounded space; none is kept forever."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import Any

import settings
from checks import whole_number
from language import _
from training.desk.folders import OwnedFolder
from training.desk.limits import Limits
from training.desk.runs import MARKS, Run
from training.recipe import Recipe

VISITOR = re.compile(r"[A-Za-z0-9_-]{16,64}")
FULL = "The space for runs is full at the moment. Please try again in a few minutes."
GONE = _(
    "This run is no longer here. Runs are kept while the page is open and for {time} after that; when the"
    " space shared by all visitors is full, the oldest runs of those who use most of it are removed earlier."
).format(time=settings.duration(settings.TRAIN_KEPT_SECONDS))


class JobError(ValueError):
    """Something that cannot be done with a run; the message is a sentence for the visitor."""


class Shelf:
    """Callers hold the lock of the desk. folder: where the folder of the runs is created."""

    def __init__(self, limits: Limits, folder: Path | None):
        self.limits = limits
        self._runs: dict[str, dict[str, Run]] = {}
        """Of each visitor, in the order in which they were made."""
        self._contact: dict[str, float] = {}
        self._numbers: dict[str, int] = {}
        self._folder = OwnedFolder("runs", folder)

    def tidy(self) -> None:
        """Remove what killed pages have left behind."""
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

    def new(self, visitor: str, recipe: Recipe, kind: str, spec: Any, address: str) -> Run:
        """Add a run with an empty folder to those of the visitor. address: the visitor's network address."""
        theirs = self.meet(visitor)
        while len(theirs) >= settings.TRAIN_RUNS:
            ended = [run for run in theirs.values() if not run.active and not run.named]
            if not ended:
                raise JobError(f"You have {len(theirs)} runs with names: remove one of them first.")
            self.forget(ended[0])
            theirs = self.meet(visitor)
        if not self._make_room(settings.TRAIN_RUN_BYTES):
            raise JobError(FULL)
        key = secrets.token_urlsafe(12)
        try:
            folder = self._folder.new(key)
        except OSError as error:
            raise JobError(disk_text(error)) from error
        self._numbers[visitor] = number = self._numbers.get(visitor, 0) + 1
        run = Run(key, visitor, f"Run {number}", recipe, kind, spec, folder, address=address)
        self._runs.setdefault(visitor, {})[key] = run
        self._contact[visitor] = time.monotonic()
        return run

    def measure(self, run: Run) -> None:
        """Count the bytes in the folder of the run, and make room for them."""
        run.bytes = max(settings.TRAIN_RUN_BYTES, folder_bytes(run.folder))
        self._make_room(0, run)

    def _make_room(self, more: int, spared: Run | None = None) -> bool:
        """Forget runs that have ended, except `spared`, until `more` bytes fit; return whether they do."""
        while True:
            runs = [run for theirs in self._runs.values() for run in theirs.values()]
            if sum(run.bytes for run in runs) + more <= self.limits.kept_bytes:
                return True
            ended = [run for run in runs if not run.active and run is not spared]
            if not ended:
                return False
            self.forget(self._first_to_go(runs, ended))

    def _first_to_go(self, runs: list[Run], ended: list[Run]) -> Run:
        """Of the runs that have ended, one of the address that most exceeds the average of the addresses, so
        that neither inventing visitors nor keeping in contact gains anything. Within that address, or among
        all when none exceeds it, visitors who are away come first, then the visitor who holds most, then the
        oldest run without a name.
        """
        by_visitor: Counter[str] = Counter()
        by_address: Counter[str] = Counter()
        for run in runs:
            by_visitor[run.visitor] += run.bytes
            by_address[run.address] += run.bytes
        share = by_address.total() / len(by_address)
        here = time.monotonic() - settings.TRAIN_HERE_SECONDS

        def precedence(run: Run) -> tuple[float, bool, int, bool]:
            excess = max(0.0, by_address[run.address] - share)
            away = self._contact[run.visitor] < here
            return excess, away, by_visitor[run.visitor], not run.named

        return max(ended, key=precedence)  # the first of equals, so the oldest

    def forget_old(self) -> None:
        oldest = time.monotonic() - self.limits.kept
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


def folder_bytes(folder: Path) -> int:
    """Total size of the files in a folder; 0 when it does not exist."""
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    except OSError:
        return 0


def disk_text(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full: remove some runs, or try again later."
    return f"A file could not be read or written ({error.strerror or error}): try again."


def read(path: Path) -> dict[str, Any]:
    """A file that a run has written. Raises JobError when it cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise JobError("What this run has kept can no longer be read: start it again.") from error


def checked_cursor(cursor: Any) -> list[int] | None:
    """A cursor of `Run.news` that comes back, or None for none yet. Raises JobError with a sentence."""
    if cursor is None:
        return None
    if not isinstance(cursor, list) or len(cursor) != MARKS:
        raise JobError("A run is followed from its beginning or from the cursor of an earlier answer.")
    return [whole_number(mark, "A cursor", 0, error=JobError) for mark in cursor]
