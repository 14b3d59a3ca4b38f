"""The training processes of the page and the runs that wait for them: who is next, and who must end."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import settings
from training.desk.child import Child, how_it_ended
from training.desk.job import STATE
from training.desk.limits import Limits
from training.desk.runs import Run
from training.desk.states import RunState

TICK = 0.1
"""Seconds between two looks at the clocks of the runs."""
IDLE_TICK = 5.0
MOST_ADDRESSES = 1024
"""Network addresses whose latest turn is remembered."""


class Pool:
    """`slots` processes with `threads` each, replaced when they die. `lock` guards everything here and in the
    runs; callers of methods with an underscore hold it. Both callbacks run with the lock held: `sweep` from
    time to time, `ended` with each run that has ended.
    """

    def __init__(
        self,
        slots: int,
        threads: int,
        nice: int,
        limits: Limits,
        sweep: Callable[[], None],
        ended: Callable[[Run], None],
    ):
        self.slots, self.threads, self.nice, self.limits = slots, threads, nice, limits
        self.lock = threading.Condition()
        self._queue: list[Run] = []
        """In the order in which they will begin, see `_arrange`."""
        self._counter = itertools.count(1)
        self._turns: dict[str, int] = {}
        """Latest turn of each address, a value of `_counter`; the address with the oldest one comes first."""
        self._children: dict[Child, Run | None] = {}
        self._failures, self._retry_at = 0, 0.0
        self._watcher: threading.Thread | None = None
        self._alarm = threading.Event()
        self._open = False
        self._closed = False
        self._sweep, self._ended = sweep, ended

    def open(self) -> None:
        """Start the processes; again, it does nothing."""
        if self._closed or self._open:
            return
        self._open = True
        self._hire()
        self._watcher = threading.Thread(target=self._watch, name="training clocks", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """End all processes, and what they were doing."""
        with self.lock:
            self._closed = True
            children = list(self._children)
            self.lock.notify_all()
        self._alarm.set()
        for child in children:
            child.kill()
        for child in children:
            child.join()
        if self._watcher is not None:
            self._watcher.join()

    @property
    def processes(self) -> list[int]:
        """Their numbers, as the system has them."""
        with self.lock:
            return [child.process.pid for child in self._children]

    # --- with the lock held ---------------------------------------------------------------------------------

    def refusal(self, address: str) -> str:
        """A sentence on why no further run from this address may wait; "" when one may."""
        if self._free():
            return ""
        waiting = len(self._queue)
        if waiting >= self.limits.waiting:
            return f"The queue is full: {waiting} runs wait for their turn. Try again in a few minutes."
        address_waiting = sum(run.address == address for run in self._queue)
        if address_waiting >= self.limits.waiting_address:
            return (
                f"{address_waiting} runs from your network address wait for their turn, which is the limit:"
                " try again when one of them has begun."
            )
        return ""

    def budget(self) -> float:
        """Seconds that a run may train for now: fewer while another run waits."""
        return min(self.limits.budget, self.limits.budget_waited) if self._queue else self.limits.budget

    def enqueue(self, run: Run) -> None:
        """Give the run to a process, or queue it until one is free."""
        self.open()
        run.state, run.said = RunState.QUEUED, ""
        run.arrival, run.restarts = next(self._counter), 0
        run.followed = time.monotonic()
        self._queue.append(run)
        self._hand_out()
        self._alarm.set()

    def place(self, run: Run) -> int:
        """Runs that come before it and itself; 0 for one that does not wait."""
        return self._queue.index(run) + 1 if run in self._queue else 0

    def tell(self, run: Run, **order: Any) -> None:
        """An order to the process of the run, if it has one."""
        for child, theirs in self._children.items():
            if theirs is run:
                child.send(run=run.id, **order)

    def end(self, run: Run, said: str) -> None:
        """Ask the run to stop and to keep what it learned; `said` is why."""
        if run in self._queue:
            self._queue.remove(run)
            self._over(run, RunState.STOPPED, said or "It was stopped before it had begun.")
            self._arrange()
            return
        run.state, run.stopped_at = RunState.STOPPING, time.monotonic()
        self.tell(run, do="stop", said=said)
        self.lock.notify_all()

    def _over(self, run: Run, state: RunState, said: str) -> None:
        run.state, run.said = state, said
        run.paused_at = run.stopped_at = None
        run.earlier, run.seconds = run.earlier + run.seconds, 0.0
        self._ended(run)
        self.lock.notify_all()

    def _free(self) -> list[Child]:
        """Idle processes, the warm ones first."""
        idle = (child for child, run in self._children.items() if run is None and not child.leaving)
        return sorted(idle, key=lambda child: not child.ready)

    def _arrange(self) -> None:
        """Put the queue in order: first the runs that lost their process, then the first run of each address,
        then the second of each, and so on. Among these the address with the fewest runs in progress comes
        first, then the one that has waited longest since its last turn.
        """
        running = Counter(run.address for run in self._children.values() if run is not None)
        before: Counter[str] = Counter()
        ranks: dict[Run, tuple[int, ...]] = {}
        for run in sorted(self._queue, key=lambda run: (not run.restarts, run.arrival)):
            address = run.address
            turn = before[address], running[address], self._turns.get(address, 0), run.arrival
            ranks[run] = (0, run.arrival) if run.restarts else (1, *turn)
            before[address] += 1
        self._queue.sort(key=ranks.__getitem__)

    def _hand_out(self) -> None:
        """Give waiting runs to idle processes."""
        self._arrange()
        for child in self._free():
            if not self._queue:
                break
            run = self._queue.pop(0)
            self._children[child] = run
            self._turns.pop(run.address, None)
            self._turns[run.address] = next(self._counter)
            if len(self._turns) > MOST_ADDRESSES:
                del self._turns[next(iter(self._turns))]
            self._arrange()
            now = time.monotonic()
            run.state, run.given_at, run.heard_at = RunState.STARTING, now, now
            run.accepted, run.begun_at, run.killed = False, None, ""
            run.gap, run.ending, run.stopped_at, run.paused_at, run.paused_for = 0.0, False, None, None, 0.0
            child.send(
                do="run",
                run=run.id,
                kind=run.kind,
                recipe=run.recipe.as_dict(),
                spec=run.spec,
                folder=str(run.folder),
                own=None if run.own is None else str(run.own),
                budget=self.limits.budget,
                go_on=run.go_on,
                changes=run.changes,
            )
        self.lock.notify_all()

    def _hire(self) -> None:
        """Replace processes that have gone."""
        while not self._closed and len(self._children) < self.slots and time.monotonic() >= self._retry_at:
            try:
                child = Child(self.threads, self.nice, self._heard, self._gone)
            except OSError as error:
                self._failed(f"No new process can be started now ({error.strerror}): try again later.")
                return
            self._children[child] = None
        self._hand_out()

    def _failed(self, said: str) -> None:
        """Count an unusable process; after TRAIN_FAILURES in a row, no run waits for the next."""
        self._failures += 1
        if self._failures < settings.TRAIN_FAILURES:
            return
        self._retry_at = time.monotonic() + settings.TRAIN_RETRY_SECONDS
        while self._queue:
            self._over(self._queue.pop(), RunState.FAILED, said)

    # --- what the processes say -----------------------------------------------------------------------------

    def _heard(self, child: Child, told: dict[str, Any]) -> None:
        with self.lock:
            if told.get("ready"):
                child.ready, self._failures = True, 0
            run = self._children.get(child)
            if run is None or told.get("run") != run.id:
                return
            now = time.monotonic()
            if run.state is RunState.RUNNING:
                run.gap = max(run.gap, now - run.heard_at)
            run.heard_at = now
            if (end := told.get("end")) is not None:
                self._children[child] = None
                run.hear_end(end)
                self._over(run, RunState(end["state"]), end["said"])
                if told.get("leaving"):
                    child.leaving = True
                    child.kill()  # all is written: free its memory for the next process at once
                self._hand_out()
                return
            run.hear(told)
            self.lock.notify_all()

    def _gone(self, child: Child, status: int) -> None:
        with self.lock:
            run = self._children.pop(child, None)
            if run is not None:
                self._lose(run, status)
            if not child.ready and not self._closed:
                self._failed(f"The processes that train end at once here (status {status}): try again later.")
            self._hire()

    def _lose(self, run: Run, status: int) -> None:
        """Deal with a run whose process has ended: if it had not begun, it returns to the front of the queue
        unless it was told to stop or has returned too often.
        """
        said = run.killed or how_it_ended(status)
        if run.begun_at is None and run.stopped_at is None and not run.killed and not self._closed:
            if run.restarts < settings.TRAIN_RESTARTS:
                run.restarts += 1
                run.state = RunState.QUEUED
                self._queue.append(run)
                return
            said = (
                f"{run.restarts + 1} processes ended before this run could begin, the last one with status"
                f" {status}: try again later, or choose a smaller batch size or a smaller network."
            )
        if run.kind == "train" and (run.folder / STATE).is_file():
            said += " What it learned until shortly before is kept: it can be continued."
        self._over(run, RunState.FAILED, said)

    # --- clocks ---------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            with self.lock:
                if self._closed:
                    return
                for child, run in list(self._children.items()):
                    if run is not None:
                        self._check(child, run)
                for run in [run for run in self._queue if self._deserted(run)]:
                    self.end(run, "")
                self._make_places()
                self._hire()
                self._sweep()
                busy = bool(self._queue) or any(self._children.values())
            self._alarm.wait(TICK if busy or len(self._children) < self.slots else IDLE_TICK)
            self._alarm.clear()

    def _deserted(self, run: Run) -> bool:
        return time.monotonic() - run.followed > self.limits.follow

    def _check(self, child: Child, run: Run) -> None:
        """End a run that nobody follows, that pauses for too long, or whose process does not answer."""
        now = time.monotonic()
        if run.stopped_at is None:
            if self._deserted(run):
                self.end(run, "Nobody looked at this run any more, so it ended. What it learned is kept.")
            elif run.paused_at is not None:
                paused = now - run.paused_at
                if paused > self.limits.pause:
                    self.end(run, "The pause was too long, so the run ended. What it learned is kept.")
                elif self._queue and paused > self.limits.pause_waited:
                    self.end(run, "Others wait, so the pause ended the run. What it learned is kept.")
            elif not run.accepted and now - run.given_at > (
                settings.TRAIN_ACCEPTING_SECONDS if child.ready else settings.TRAIN_WARMING_SECONDS
            ):
                child.kill()  # the run is not to blame: another process gets it, see `_lose`
            elif now - run.given_at - run.paused_for > self.limits.budget + settings.TRAIN_BEGINNING_SECONDS:
                self._kill(child, run, "The process of this run took too long and was ended.")
            return
        patience = max(settings.TRAIN_GRACE_SECONDS, 3 * run.gap)
        if run.ending:
            patience = settings.TRAIN_ENDING_SECONDS
        if not run.ending and not run.curve.length:
            patience = max(patience, settings.TRAIN_FIRST_STEP_SECONDS)
        since = max(run.stopped_at, run.heard_at) if run.ending else run.stopped_at
        if now - since > patience:
            self._kill(child, run, "The process of this run did not answer and was ended.")

    def _make_places(self) -> None:
        """End runs that have used up their time, the longest first, as many as there are runs waiting.

        Pauses count as time used, or many short ones would let a run keep its place.
        """
        limit, now = self.limits.budget_waited, time.monotonic()
        running = [run for run in self._children.values() if run is not None]
        wanted = len(self._queue) - sum(run.state is RunState.STOPPING for run in running)
        overdue = [
            run
            for run in sorted(running, key=lambda run: run.begun_at or now)
            if run.state.is_steerable and now - (run.begun_at or now) > limit
        ]
        for run in overdue[: max(0, wanted)]:
            time_text = settings.duration(limit)
            why = f"While others wait, a run may take {time_text}, and this one has had that time."
            self.end(run, f"{why} What it learned is kept.")

    def _kill(self, child: Child, run: Run, said: str) -> None:
        run.killed = said
        child.kill()
