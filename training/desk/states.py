"""The states of a run, and what each of them means."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from language import _


class RunState(StrEnum):
    """A run goes from QUEUED through STARTING, RUNNING and STOPPING to one of the last four; PAUSED is a
    break in RUNNING. A run that lost its process before it began is QUEUED again.
    """

    QUEUED = "queued"
    STARTING = "starting"
    """A process has the run and loads or draws its data."""
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    """The process measures and keeps what was learned."""
    DONE = "done"
    """It took all its steps."""
    STOPPED = "stopped"
    """It ended before its last step; what it learned by then is kept."""
    DIVERGED = "diverged"
    """Its numbers exploded."""
    FAILED = "failed"
    """It could not continue: an error, or its process is gone."""

    @property
    def is_usable(self) -> bool:
        """Whether the run ended with weights that can be used."""
        return self in (RunState.DONE, RunState.STOPPED)

    @property
    def is_lost(self) -> bool:
        """Whether the run ended without such weights."""
        return self in (RunState.DIVERGED, RunState.FAILED)

    @property
    def has_ended(self) -> bool:
        return self.is_usable or self.is_lost

    @property
    def is_steerable(self) -> bool:
        """Whether the run takes steps, or is paused between two of them."""
        return self in (RunState.RUNNING, RunState.PAUSED)


HEADLINES = {
    RunState.QUEUED: _("Waiting"),
    RunState.STARTING: _("Starting"),
    RunState.RUNNING: _("Training"),
    RunState.PAUSED: _("Paused"),
    RunState.STOPPING: _("Stopping"),
    RunState.DONE: _("Done"),
    RunState.STOPPED: _("Stopped"),
    RunState.DIVERGED: _("Diverged"),
    RunState.FAILED: _("Failed"),
}
"""What a run is doing, or how it ended."""
WORDS = {
    RunState.QUEUED: _("waiting"),
    RunState.STARTING: _("starting"),
    RunState.RUNNING: _("running"),
    RunState.PAUSED: _("paused"),
    RunState.STOPPING: _("stopping"),
    RunState.DONE: _("done"),
    RunState.STOPPED: _("stopped"),
    RunState.DIVERGED: _("diverged"),
    RunState.FAILED: _("failed"),
}
"""The same, within a list of runs."""


def page_constants() -> dict[str, dict[str, Any]]:
    """All of this for the page's scripts, keyed by the state."""
    return {
        state.value: {
            "title": HEADLINES[state],
            "word": WORDS[state],
            "ended": state.has_ended,
            "usable": state.is_usable,
            "lost": state.is_lost,
            "steerable": state.is_steerable,
        }
        for state in RunState
    }
