"""The runs of all visitors. Each sees only their own; all share a bounded space, and none is kept forever."""

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
from language import _, ngettext
from training.desk.folders import OwnedFolder
from training.desk.limits import Limits
from training.desk.runs import MARKS, Run
from training.recipe import Recipe

VISITOR = re.compile(r"[A-Za-z0-9_-]{16,64}")
FULL = _("The space for runs is full at the moment. Please try again in a few minutes.")
GONE = _(
    "This run is no longer here. Runs are kept while the page is open and for {time} after that; when the"
    " space shared by all visitors is full, the oldest runs of those who use most of it are removed earlier."
).format(time=settings.duration(settings.TRAIN_KEPT_SECONDS))


class JobError(ValueError):
    """Something cannot be done with a run; the message is a sentence for the visitor."""


class Shelf:
    """Callers hold the lock of the desk. folder: where the folder of the runs is created."""

    def __init__(self, limits: Limits, folder: Path | None):
        self.limits = limits
        self._runs: dict[str, dict[str, Run]] = {}
        """Of each visitor, the oldest first."""
        self._contact: dict[str, float] = {}
        self._numbers: dict[str, int] = {}
        self._folder = OwnedFolder("runs", folder)

    def tidy(self) -> None:
        """Remove what killed pages left behind."""
        self._folder.remove_left()

    def close(self) -> None:
        """Remove everything."""
        self._folder.close()

    def meet(self, visitor: object) -> dict[str, Run]:
        """The runs of the visitor, who is here now. Raises JobError for what is no secret."""
        visitor = checked_visitor(visitor)
        if visitor in self._runs:
            self._contact[visitor] = time.monotonic()
        return self._runs.get(visitor, {})

    def find(self, visitor: object, run: object) -> Run:
        runs = self.meet(visitor)
        if not isinstance(run, str) or run not in runs:
            raise JobError(GONE)
        return runs[run]

    def new(self, visitor: object, recipe: Recipe, kind: str, spec: Any, address: str) -> Run:
        """Add a run with an empty folder to those of the visitor. address: the visitor's network address."""
        visitor = checked_visitor(visitor)
        runs = self.meet(visitor)
        while len(runs) >= settings.TRAIN_RUNS:
            ended = [run for run in runs.values() if not run.is_active and not run.is_named]
            if not ended:
                raise JobError(
                    ngettext(
                        "You have {n} run with a name: remove it first.",
                        "You have {n} runs with names: remove one of them first.",
                        len(runs),
                    ).format(n=len(runs))
                )
            self.forget(ended[0])
            runs = self.meet(visitor)
        if not self._make_room(settings.TRAIN_RUN_BYTES):
            raise JobError(FULL)
        key = secrets.token_urlsafe(12)
        try:
            folder = self._folder.new(key)
        except OSError as error:
            raise JobError(disk_message(error)) from error
        self._numbers[visitor] = number = self._numbers.get(visitor, 0) + 1
        name = _("Run {n}").format(n=number)
        run = Run(key, visitor, name, recipe, kind, spec, folder, address=address)
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
            runs = [run for shelf in self._runs.values() for run in shelf.values()]
            if sum(run.bytes for run in runs) + more <= self.limits.run_bytes:
                return True
            ended = [run for run in runs if not run.is_active and run is not spared]
            if not ended:
                return False
            self.forget(self._expendable(runs, ended))

    def _expendable(self, runs: list[Run], ended: list[Run]) -> Run:
        """The run to forget first: one of the address that most exceeds the average of the addresses, so that
        neither inventing visitors nor keeping in contact gains anything. Within that address, or among all
        when none exceeds it, visitors who are away come first, then the visitor with the most bytes, then the
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
            return excess, away, by_visitor[run.visitor], not run.is_named

        return max(ended, key=precedence)  # the first of equals, so the oldest

    def forget_old(self) -> None:
        oldest = time.monotonic() - self.limits.keep_seconds
        for visitor in [visitor for visitor, contact in self._contact.items() if contact < oldest]:
            if not any(run.is_active for run in self._runs[visitor].values()):
                self._leave(visitor)

    def _leave(self, visitor: str) -> None:
        for run in list(self._runs[visitor].values()):
            self.forget(run)

    def forget(self, run: Run) -> None:
        self._folder.drop(run.folder)
        runs = self._runs[run.visitor]
        runs.pop(run.id, None)
        if not runs:
            del self._runs[run.visitor]
            self._contact.pop(run.visitor, None)
            self._numbers.pop(run.visitor, None)


def checked_visitor(visitor: object) -> str:
    """The secret of a visitor. Raises JobError with a sentence."""
    if not isinstance(visitor, str) or not VISITOR.fullmatch(visitor):
        raise JobError(_("A visitor is a secret of 16 to 64 letters, digits, _ and -."))
    return visitor


def folder_bytes(folder: Path) -> int:
    """Total size of the files in a folder; 0 when it does not exist."""
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    except OSError:
        return 0


def disk_message(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _("The disk is full: remove some runs, or try again later.")
    return _("A file could not be read or written ({reason}): try again.").format(
        reason=error.strerror or error
    )


def read(path: Path) -> dict[str, Any]:
    """A file that a run has written. Raises JobError when it cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise JobError(_("What this run has kept can no longer be read: start it again.")) from error


def checked_cursor(cursor: object) -> list[int] | None:
    """A cursor of `Run.news` that comes back, or None for the first call. Raises JobError with a sentence."""
    if cursor is None:
        return None
    if not isinstance(cursor, list) or len(cursor) != MARKS:
        raise JobError(_("A run is followed from its beginning or from the cursor of an earlier answer."))
    return [whole_number(mark, _("A cursor"), 0, error=JobError) for mark in cursor]
