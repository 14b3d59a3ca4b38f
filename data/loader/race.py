"""The race of DataLoaders: the same batches with 0, 1, 2 or 4 workers, one loader after the other, and the
arithmetic of the expected times.

The loaders run in a process of their own (`racer.py`), in turn, so that they do not disturb each other.
"""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import IO, Literal

import settings as project
from checks import choice, number, set_fields, whole_number
from language import _
from settings import cores as cores

WORKERS = (0, 1, 2, 4)
KINDS = ("wait", "compute")
STARTS = ("fork", "spawn")
TICK_S = 0.25
"""Longest time between two results of `race`, so that a disconnect is noticed."""


class RaceError(ValueError):
    """A race that cannot be run or did not finish; the message is a sentence for the visitor."""


def usual_start() -> Literal["fork", "spawn"]:
    """How DataLoader starts workers here by default: a copy of the process, or a new Python."""
    return "fork" if multiprocessing.get_all_start_methods()[0] == "fork" else "spawn"


@dataclass(frozen=True)
class RaceSettings:
    """The settings of a race. Raises RaceError with a sentence for anything out of range."""

    workers: tuple[int, ...] = (0, 1, 2)
    """Numbers of workers, any of 0, 1, 2 and 4; raced from few to many."""
    batches: int = 16
    """4 to 40."""
    batch_size: int = 16
    """1 to 64."""
    sample_ms: float = 5.0
    """Time that `dataset[i]` takes, 0 to 50 ms."""
    step_ms: float = 40.0
    """Time that a training step takes, 0 to 200 ms."""
    kind: str = "wait"
    """What `dataset[i]` does: "wait", as for a disk, or "compute", as in decoding and augmenting."""
    start: str = "fork"
    """How workers start: "fork" copies the process, "spawn" starts a new Python that imports torch again."""

    def __post_init__(self) -> None:
        if not isinstance(self.workers, (tuple, list)) or not self.workers:
            raise RaceError(_("Choose at least one number of workers: 0, 1, 2 or 4."))
        workers = {
            whole_number(count, _("The number of workers"), WORKERS[0], WORKERS[-1], RaceError)
            for count in self.workers
        }
        if not workers <= set(WORKERS):
            raise RaceError(_("The number of workers must be 0, 1, 2 or 4."))
        starts = [start for start in STARTS if start in multiprocessing.get_all_start_methods()]
        set_fields(
            self,
            workers=tuple(sorted(workers)),
            batches=whole_number(self.batches, _("The number of batches"), 4, 40, RaceError),
            batch_size=whole_number(self.batch_size, _("The batch size"), 1, 64, RaceError),
            sample_ms=number(self.sample_ms, _("The milliseconds of a sample"), 0, 50, RaceError),
            step_ms=number(self.step_ms, _("The milliseconds of a training step"), 0, 200, RaceError),
            kind=choice(self.kind, _("The work of a sample"), KINDS, RaceError),
            start=choice(self.start, _("The start of workers"), starts, RaceError),
        )
        work = self.batches * (self.batch_size * self.sample_ms + self.step_ms)
        if work > 1000 * project.RACE_WORK_SECONDS:
            sentence = _(
                "Without workers this takes {batches} × ({size} × {sample} ms + {step} ms) = {seconds} s. "
                "The limit is {limit} s: choose fewer batches, smaller batches, or shorter times."
            )
            raise RaceError(
                sentence.format(
                    batches=self.batches,
                    size=self.batch_size,
                    sample=f"{self.sample_ms:g}",
                    step=f"{self.step_ms:g}",
                    seconds=f"{work / 1000:.1f}",
                    limit=f"{project.RACE_WORK_SECONDS:g}",
                )
            )


@dataclass(frozen=True)
class BatchTimes:
    """The times of a batch, in seconds since just before `iter(loader)`."""

    number: int
    worker: int | None
    """The worker that fetched it; None for the main loop itself."""
    fetch: tuple[float, float]
    """From the first `dataset[i]` to the collated batch."""
    request: float
    """When the loop requested it."""
    received: float
    """When the loop received it."""
    step: tuple[float, float]


@dataclass(frozen=True)
class RaceResult:
    """The race of a loader, complete or as far as it is known."""

    workers: int
    batches: tuple[BatchTimes, ...] = ()
    """In the order of the loop, which is that of the data set, whichever worker fetched them."""
    ready: tuple[tuple[int, float], ...] = ()
    """(worker, when its first line ran), in seconds since just before `iter(loader)`."""
    total: float | None = None
    """Seconds until the loop had ended and the workers had exited; None while it runs."""
    advice: str = ""
    """torch's own warning about this number of workers, or ""."""

    @property
    def waited(self) -> float:
        """Seconds that the training loop waited because the next batch was not ready."""
        return sum(batch.received - batch.request for batch in self.batches)

    @property
    def fetching(self) -> float:
        """Mean seconds to fetch a batch."""
        return sum(end - begin for begin, end in (b.fetch for b in self.batches)) / max(1, len(self.batches))

    @property
    def transfer(self) -> float | None:
        """Seconds from a collated batch in a worker to the loop: the median of the batches that the loop was
        waiting for, None if there are none.
        """
        trips = sorted(b.received - b.fetch[1] for b in self.batches if b.request <= b.fetch[1])
        return trips[len(trips) // 2] if trips and self.workers else None


@dataclass(frozen=True)
class Expected:
    """The arithmetic of a number of workers, without their start."""

    seconds: float
    formula: str
    limit: Literal["both", "fetching", "training"]
    """Which of the two decides the time."""


def expected(settings: RaceSettings, workers: int, processors: int) -> Expected:
    """How long the loop takes if starting workers and transferring batches took no time.

    Without workers each batch is fetched, then trained on. With w workers, which take turns, n batches need
    n / w rounds of fetching, rounded up, and the steps on the batches of the last round follow. Training may
    take longer than that: then the first batch is fetched and n steps follow. The longer time counts.
    Workers that compute share `processors` cores.
    """
    n, fetch, step = settings.batches, settings.batch_size * settings.sample_ms, settings.step_ms
    if workers == 0:
        return Expected(n * (fetch + step) / 1000, f"{n} × ({fetch:g} + {step:g}) ms", "both")
    each = f"{fetch:g}"
    if settings.kind == "compute" and workers > processors:
        fetch *= workers / processors
        each = f"{each} × {workers}/{processors}"
    rounds = math.ceil(n / workers)
    last = n - workers * (rounds - 1)
    by_fetching, by_training = rounds * fetch + last * step, fetch + n * step
    if by_fetching > by_training:
        return Expected(by_fetching / 1000, f"{rounds} × {each} + {last} × {step:g} ms", "fetching")
    return Expected(by_training / 1000, f"{each} + {n} × {step:g} ms", "training")


def race(settings: RaceSettings, limit: float = project.RACE_SECONDS) -> Generator[RaceResult]:
    """Race each number of workers in turn; yields the result so far, at least every `TICK_S` seconds.

    A result whose `total` is not None is complete. Closing the generator, an error or the end kills the
    process of the race and all its workers. `limit`: seconds for each number of workers.

    Raises RaceError with a sentence if the race breaks off or takes too long.
    """
    command = [sys.executable, "-m", "data.loader.racer", *arguments(settings)]
    try:
        process = subprocess.Popen(
            command,
            cwd=project.ROOT,
            # one thread: a worker has one, and the loop without workers must not have more
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        sentence = _("No new process can be started now ({reason}): try again later.")
        raise RaceError(sentence.format(reason=error.strerror)) from error
    lines: queue.Queue[bytes] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(process.stdout, lines), daemon=True)
    listener.start()
    try:
        for workers in settings.workers:
            result, start = RaceResult(workers), time.monotonic()
            while result.total is None:
                tick = time.monotonic()
                while time.monotonic() - tick < TICK_S and result.total is None:
                    with contextlib.suppress(queue.Empty):
                        result = _add(result, lines.get(timeout=TICK_S), process)
                if result.total is None and time.monotonic() - start > limit:
                    sentence = _(
                        "The race with num_workers={workers} was stopped after {seconds} seconds. The "
                        "computer may be busy: try again, or choose fewer batches."
                    )
                    raise RaceError(sentence.format(workers=workers, seconds=f"{limit:g}"))
                yield result
    finally:
        _kill(process)
        listener.join()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def arguments(settings: RaceSettings) -> list[str]:
    """The command line of `python -m data.loader.racer` for `settings`."""
    words = ["--workers", *map(str, settings.workers), "--kind", settings.kind, "--start", settings.start]
    for name in ("batches", "batch_size", "sample_ms", "step_ms"):
        words += [f"--{name.replace('_', '-')}", repr(getattr(settings, name))]
    return words


def _listen(pipe: IO[bytes], lines: queue.Queue[bytes]) -> None:
    for line in pipe:
        lines.put(line)
    lines.put(b"")


def _add(result: RaceResult, line: bytes, process: subprocess.Popen[bytes]) -> RaceResult:
    """`result` with another event. Raises RaceError if the process has ended before its race."""
    if not line:
        sentence = _("The race with num_workers={workers} broke off (exit status {status}): try again.")
        raise RaceError(sentence.format(workers=result.workers, status=process.wait()))
    event = json.loads(line)
    match event.pop("event"):
        case "begin":
            return replace(result, advice=event["advice"])
        case "batch":
            started, worker = event.pop("ready"), event["worker"]
            event["fetch"], event["step"] = tuple(event["fetch"]), tuple(event["step"])
            ready = result.ready
            if worker is not None and worker not in dict(ready):
                ready = tuple(sorted((*ready, (worker, started))))
            return replace(result, batches=(*result.batches, BatchTimes(**event)), ready=ready)
        case "end":
            return replace(result, total=event["total"])
    return result


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and its workers, which are one group: workers may outlive it."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
