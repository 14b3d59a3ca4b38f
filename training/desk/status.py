"""How a run stands: its state, the sentence beside it, and the times that its limits are measured by."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from language import _
from training.desk.states import RunState


@dataclass(eq=False)
class Status:
    """The state of a run and its transitions. Times are those of `time.monotonic`."""

    state: RunState = RunState.QUEUED
    message: str = ""
    """A sentence about it, translated when it is sent; "" for none."""
    further_epochs: int | None = None
    """Of a run that is continued: how many epochs more, 0 for those that are left; None for a new run."""
    arrival: int = 0
    """Increases with each run that enters the queue."""
    restarts: int = 0
    """How often it returned to the queue because its process ended before it began."""
    lr: float | None = None
    """The learning rate that was set while it ran."""
    followed_at: float = field(default_factory=time.monotonic)
    started_at: float = 0.0
    """When it was given to a process."""
    is_accepted: bool = False
    """Whether that process has confirmed that it received the run."""
    begun_at: float | None = None
    """When its process began to train, or to draw the pictures for it."""
    paused_at: float | None = None
    paused_for: float = 0.0
    stopped_at: float | None = None
    """When it was told to stop."""
    is_finishing: bool = False
    """Whether its process measures and keeps what was learned."""
    kill_reason: str = ""
    """Why the page killed its process; "" if it did not."""
    heard_at: float = 0.0
    """When its process last sent a line."""
    longest_silence: float = 0.0
    """Longest time between two lines while it was running."""

    @property
    def is_active(self) -> bool:
        return not self.state.has_ended

    def follow(self) -> None:
        """Note that somebody follows the run now."""
        self.followed_at = time.monotonic()

    def enqueue(self, arrival: int) -> None:
        self.state, self.message = RunState.QUEUED, ""
        self.arrival, self.restarts = arrival, 0
        self.follow()

    def enqueue_again(self) -> None:
        """Return to the queue: the process ended before the run began."""
        self.state = RunState.QUEUED
        self.restarts += 1

    def start(self) -> None:
        """A process gets the run."""
        self.state = RunState.STARTING
        self.started_at = self.heard_at = time.monotonic()
        self.is_accepted, self.begun_at, self.kill_reason = False, None, ""
        self.longest_silence, self.is_finishing, self.stopped_at = 0.0, False, None
        self.paused_at, self.paused_for = None, 0.0

    def hear(self) -> None:
        """Note that the process has sent a line."""
        now = time.monotonic()
        if self.state is RunState.RUNNING:
            self.longest_silence = max(self.longest_silence, now - self.heard_at)
        self.heard_at = now

    def draw(self, done: int, total: int) -> None:
        """The process draws the pictures."""
        self.begun_at = self.begun_at or time.monotonic()
        self.message = _("Drawing the garments first: {done} of {total}. This happens once.").format(
            done=f"{done:,}", total=f"{total:,}"
        )

    def begin(self) -> None:
        """The process trains."""
        self.message, self.begun_at = "", time.monotonic()
        if self.state is RunState.STARTING:
            self.state = RunState.RUNNING

    def pause(self) -> None:
        if self.state.is_steerable:
            self.state, self.paused_at = RunState.PAUSED, time.monotonic()

    def resume(self) -> None:
        if self.state.is_steerable and self.paused_at is not None:
            self.state = RunState.RUNNING
            self.paused_for += time.monotonic() - self.paused_at
            self.paused_at = None

    def stop(self) -> None:
        """The process was told to stop."""
        self.state, self.stopped_at = RunState.STOPPING, time.monotonic()

    def finish(self, message: str) -> None:
        """The process measures and keeps what was learned."""
        self.is_finishing, self.state, self.message = True, RunState.STOPPING, message

    def end(self, state: RunState, message: str) -> None:
        self.state, self.message = state, message
        self.paused_at = self.stopped_at = None
