"""The training processes of the page and the runs that wait for them: which is next, and which must end."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import settings
from language import _, ngettext, postponed, sentences
from training.desk.child import Child, exit_message
from training.desk.job import STATE
from training.desk.limits import Limits
from training.desk.runs import Run
from training.desk.states import RunState

TICK = 0.1
"""Seconds between two checks of the runs."""
IDLE_TICK = 5.0
"""The same while nothing runs or waits."""
MOST_ADDRESSES = 1024
"""Network addresses whose latest turn is remembered."""


class Pool:
    """`slots` processes with `threads` each, replaced when they die. `lock` guards everything here and in the
    runs; callers of methods with an underscore hold it. Both callbacks run with the lock held: `sweep` from
    time to time, `on_end` with each run that has ended.
    """

    def __init__(
        self,
        slots: int,
        threads: int,
        nice: int,
        limits: Limits,
        sweep: Callable[[], None],
        on_end: Callable[[Run], None],
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
        self._sweep, self._on_end = sweep, on_end

    def open(self) -> None:
        """Start the processes, unless they have been started."""
        if self._closed or self._open:
            return
        self._open = True
        self._hire()
        self._watcher = threading.Thread(target=self._watch, name="training clocks", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Kill all processes."""
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
        """Their process ids."""
        with self.lock:
            return [child.process.pid for child in self._children]

    # --- with the lock held ---------------------------------------------------------------------------------

    def refusal(self, address: str) -> str:
        """Why no further run from this address may wait, as a sentence; "" when one may."""
        if self._free():
            return ""
        waiting = len(self._queue)
        if waiting >= self.limits.waiting:
            return ngettext(
                "The queue is full: {n} run is waiting. Try again in a few minutes.",
                "The queue is full: {n} runs are waiting. Try again in a few minutes.",
                waiting,
            ).format(n=waiting)
        address_waiting = sum(run.address == address for run in self._queue)
        if address_waiting >= self.limits.waiting_address:
            return ngettext(
                "{n} run from your network address is waiting, which is the limit: try again when it has"
                " begun.",
                "{n} runs from your network address are waiting, which is the limit: try again when one of"
                " them has begun.",
                address_waiting,
            ).format(n=address_waiting)
        return ""

    def budget(self) -> float:
        """Seconds that a run may train for now: fewer while another run waits."""
        return min(self.limits.budget, self.limits.budget_waited) if self._queue else self.limits.budget

    def enqueue(self, run: Run) -> None:
        """Give the run to a process, or queue it until one is free."""
        self.open()
        run.status.enqueue(next(self._counter))
        self._queue.append(run)
        self._hand_out()
        self._alarm.set()

    def place(self, run: Run) -> int:
        """Its position in the queue, 1 for the next run; 0 when it is not queued."""
        return self._queue.index(run) + 1 if run in self._queue else 0

    def order(self, run: Run, **order: Any) -> None:
        """Send an order to the process of the run, if it has one."""
        for child, current in self._children.items():
            if current is run:
                child.send(run=run.id, **order)

    def end(self, run: Run, reason: str) -> None:
        """Tell the run to stop and to keep what it learned. reason: a sentence, "" when none is needed."""
        if run in self._queue:
            self._queue.remove(run)
            with postponed():
                reason = reason or _("It was stopped before it began.")
            self._close(run, RunState.STOPPED, reason)
            self._arrange()
            return
        run.status.stop()
        self.order(run, do="stop", message=reason)
        self.lock.notify_all()

    def _close(self, run: Run, state: RunState, message: str) -> None:
        """The run has ended."""
        run.status.end(state, message)
        run.history.close()
        self._on_end(run)
        self.lock.notify_all()

    def _free(self) -> list[Child]:
        """Idle processes, the warm ones first."""
        idle = (child for child, run in self._children.items() if run is None and not child.leaving)
        return sorted(idle, key=lambda child: not child.ready)

    def _arrange(self) -> None:
        """Sort the queue: first the runs that lost their process, then the first run of each address, then
        the second of each, and so on. Among these, the address with the fewest runs in progress comes first,
        then the one that has waited longest since its last turn.
        """
        running = Counter(run.address for run in self._children.values() if run is not None)
        before: Counter[str] = Counter()
        ranks: dict[Run, tuple[int, ...]] = {}
        for run in sorted(self._queue, key=lambda run: (not run.status.restarts, run.status.arrival)):
            address, arrival = run.address, run.status.arrival
            turn = before[address], running[address], self._turns.get(address, 0), arrival
            ranks[run] = (0, arrival) if run.status.restarts else (1, *turn)
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
            run.status.start()
            child.send(
                do="run",
                run=run.id,
                kind=run.kind,
                recipe=run.recipe.as_dict(),
                spec=run.spec,
                folder=str(run.folder),
                own=None if run.own is None else str(run.own),
                budget=self.limits.budget,
                further_epochs=run.status.further_epochs,
                changes=run.history.changes,
            )
        self.lock.notify_all()

    def _hire(self) -> None:
        """Replace processes that are gone."""
        while not self._closed and len(self._children) < self.slots and time.monotonic() >= self._retry_at:
            try:
                child = Child(self.threads, self.nice, self._receive, self._lose_child)
            except OSError as error:
                with postponed():
                    message = _("No new process can be started now ({reason}): try again later.")
                    self._count_failure(message.format(reason=error.strerror))
                return
            self._children[child] = None
        self._hand_out()

    def _count_failure(self, message: str) -> None:
        """Count an unusable process; after TRAIN_FAILURES in a row, the waiting runs fail with `message`."""
        self._failures += 1
        if self._failures < settings.TRAIN_FAILURES:
            return
        self._retry_at = time.monotonic() + settings.TRAIN_RETRY_SECONDS
        while self._queue:
            self._close(self._queue.pop(), RunState.FAILED, message)

    # --- what the processes send ----------------------------------------------------------------------------

    def _receive(self, child: Child, line: dict[str, Any]) -> None:
        with self.lock:
            if line.get("ready"):
                child.ready, self._failures = True, 0
            run = self._children.get(child)
            if run is None or line.get("run") != run.id:
                return
            run.status.hear()
            run.receive(line)
            if (end := line.get("end")) is not None:
                self._children[child] = None
                self._close(run, RunState(end["state"]), end["message"])
                if line.get("leaving"):
                    child.leaving = True
                    child.kill()  # all is written: free its memory for the next process at once
                self._hand_out()
                return
            self.lock.notify_all()

    def _lose_child(self, child: Child, status: int) -> None:
        with self.lock:
            run = self._children.pop(child, None)
            if run is not None:
                self._lose(run, status)
            if not child.ready and not self._closed:
                message = _("Training processes exit at once here (status {status}): try again later.")
                self._count_failure(message.format(status=status))
            self._hire()

    def _lose(self, run: Run, exit_status: int) -> None:
        """Deal with a run whose process has exited: if the run had not begun, it returns to the front of the
        queue unless it was told to stop or has returned too often.
        """
        status = run.status
        message = status.kill_reason or exit_message(exit_status)
        if status.begun_at is None and not (status.stopped_at or status.kill_reason or self._closed):
            if status.restarts < settings.TRAIN_RESTARTS:
                status.enqueue_again()
                self._queue.append(run)
                return
            message = ngettext(
                "{n} process exited before this run could begin, with status {status}: try again later, or"
                " choose a smaller batch size or a smaller network.",
                "{n} processes exited before this run could begin, the last one with status {status}: try"
                " again later, or choose a smaller batch size or a smaller network.",
                status.restarts + 1,
            ).format(n=status.restarts + 1, status=exit_status)
        if run.is_training and (run.folder / STATE).is_file():
            note = _("What it learned until shortly before is kept: it can be continued.")
            message = sentences(message, note)
        self._close(run, RunState.FAILED, message)

    # --- clocks ---------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            with self.lock:
                if self._closed:
                    return
                for child, run in list(self._children.items()):
                    if run is not None:
                        self._check(child, run)
                for run in [run for run in self._queue if self._is_deserted(run)]:
                    self.end(run, "")
                self._make_places()
                self._hire()
                self._sweep()
                is_busy = bool(self._queue) or any(self._children.values())
            self._alarm.wait(TICK if is_busy or len(self._children) < self.slots else IDLE_TICK)
            self._alarm.clear()

    def _is_deserted(self, run: Run) -> bool:
        return time.monotonic() - run.status.followed_at > self.limits.follow

    def _check(self, child: Child, run: Run) -> None:
        """Stop a run that nobody follows or that pauses for too long; kill a process that does not answer."""
        now, status = time.monotonic(), run.status
        if status.stopped_at is None:
            if self._is_deserted(run):
                self.end(run, _("Nobody was following this run, so it was stopped. What it learned is kept."))
            elif status.paused_at is not None:
                paused = now - status.paused_at
                if paused > self.limits.pause:
                    self.end(
                        run, _("The pause was too long, so the run was stopped. What it learned is kept.")
                    )
                elif self._queue and paused > self.limits.pause_waited:
                    self.end(
                        run, _("Others are waiting, so the paused run was stopped. What it learned is kept.")
                    )
            elif not status.is_accepted and now - status.started_at > (
                settings.TRAIN_ACCEPTING_SECONDS if child.ready else settings.TRAIN_WARMING_SECONDS
            ):
                child.kill()  # the run is not to blame: another process gets it, see `_lose`
            elif now - status.started_at - status.paused_for > (
                self.limits.budget + settings.TRAIN_BEGINNING_SECONDS
            ):
                self._kill(child, run, _("The process of this run took too long and was killed."))
            return
        patience = max(settings.TRAIN_GRACE_SECONDS, 3 * status.longest_silence)
        since = status.stopped_at
        if status.is_finishing:
            patience = settings.TRAIN_ENDING_SECONDS
            since = max(status.stopped_at, status.heard_at)
        elif not run.history.step:
            patience = max(patience, settings.TRAIN_FIRST_STEP_SECONDS)
        if now - since > patience:
            self._kill(child, run, _("The process of this run did not answer and was killed."))

    def _make_places(self) -> None:
        """End runs that have used up their time, the longest first, as many as there are runs waiting.

        Pauses count as time used, or many short ones would let a run keep its place.
        """
        limit, now = self.limits.budget_waited, time.monotonic()
        running = [run for run in self._children.values() if run is not None]
        needed = len(self._queue) - sum(run.status.state is RunState.STOPPING for run in running)
        overdue = [
            run
            for run in sorted(running, key=lambda run: run.status.begun_at or now)
            if run.status.state.is_steerable and now - (run.status.begun_at or now) > limit
        ]
        for run in overdue[: max(0, needed)]:
            reason = _(
                "While others wait, a run may take {time}, and this one has had that time. What it learned is"
                " kept."
            )
            self.end(run, reason.format(time=settings.duration(limit)))

    def _kill(self, child: Child, run: Run, reason: str) -> None:
        run.status.kill_reason = reason
        child.kill()
