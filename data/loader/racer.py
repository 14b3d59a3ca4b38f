"""A process that races real DataLoaders, in turn, and prints what happens as lines of JSON.

    python -m data.loader.racer --workers 0 2 --batches 12 --batch-size 8 --sample-ms 4 --step-ms 20 \
        --kind wait

A sample waits or computes for --sample-ms, a training step takes --step-ms. Lines: {"event": "begin"} for
each number of workers, {"event": "batch"} for each batch after its step, {"event": "end"}. Times are in
seconds since just before `iter(loader)`. The process and its workers end when its standard input is closed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate, get_worker_info

from data.loader.race import KINDS, STARTS, RaceError, RaceSettings, usual_start

# time.monotonic() is a clock of the computer: the same in every process
now = time.monotonic


class TimedPictures(Dataset[tuple[Tensor, int, float]]):
    """Grey pictures in memory that take a chosen time to fetch: (picture (1, 28, 28) float in [0, 1], label,
    time of the start).
    """

    def __init__(self, count: int, seconds: float, rounds: int):
        generator = torch.Generator().manual_seed(0)
        self.pictures = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8, generator=generator)
        self.labels = torch.randint(0, 10, (count,), generator=generator).tolist()
        self.seconds, self.rounds = seconds, rounds
        self.ready = 0.0

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int, float]:
        start = now()
        picture = self.pictures[index].float() / 255  # (1, 28, 28)
        if self.rounds:
            picture = blurred(picture, self.rounds)
        elif self.seconds:
            time.sleep(self.seconds)
        return picture, self.labels[index], start


def blurred(picture: Tensor, rounds: int) -> Tensor:
    """`picture` (1, H, W), blurred `rounds` times."""
    for _ in range(rounds):
        picture = F.avg_pool2d(picture, 3, stride=1, padding=1)  # (1, H, W)
    return picture


def rounds_for(seconds: float) -> int:
    """How many times a picture must be blurred to keep a core busy for `seconds`.

    It is measured once and is then the same work for all: a worker that shares its core takes longer.
    """
    picture, trial, speeds = torch.rand(1, 28, 28), 200, []
    for _ in range(7):
        start = now()
        blurred(picture, trial)
        speeds.append((now() - start) / trial)
    return max(1, round(seconds / sorted(speeds)[len(speeds) // 2]))


def here() -> tuple[int | None, TimedPictures | None]:
    """The number of this worker and its copy of the data set; None in the main process."""
    info = get_worker_info()
    if info is None:
        return None, None
    assert isinstance(info.dataset, TimedPictures)
    return info.id, info.dataset


def note_start(worker: int) -> None:
    """Called first in each worker."""
    dataset = here()[1]
    assert dataset is not None
    dataset.ready = now()


def stamped(samples: list[tuple[Tensor, int, float]]) -> tuple[Tensor, Tensor, dict[str, Any]]:
    """torch's own collate_fn, with a note of the worker and the times."""
    inputs, labels, starts = default_collate(samples)  # (N, 1, 28, 28), (N,), (N,)
    worker, dataset = here()
    note = {
        "worker": worker,
        "ready": None if dataset is None else dataset.ready,
        "fetch": (samples[0][2], now()),
    }
    return inputs, labels, note


def say(event: str, **details: Any) -> None:
    print(json.dumps({"event": event, **details}), flush=True)


def run(settings: RaceSettings, workers: int, rounds: int) -> None:
    """A loop over a DataLoader; prints what happens in it."""
    dataset = TimedPictures(settings.batches * settings.batch_size, settings.sample_ms / 1000, rounds)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loader = DataLoader(
            dataset,
            batch_size=settings.batch_size,
            num_workers=workers,
            collate_fn=stamped,
            worker_init_fn=note_start,
            multiprocessing_context=settings.start if workers else None,
        )
    say("begin", workers=workers, advice=str(caught[0].message) if caught else "")
    warnings.simplefilter("ignore")

    zero = now()
    batches = iter(loader)
    for number in range(len(loader)):
        request = now()
        note = next(batches)[2]
        received = now()
        # like a step on a GPU: the loop waits for it while the processor is free
        time.sleep(settings.step_ms / 1000)
        stepped = now()
        say(
            "batch",
            number=number,
            worker=note["worker"],
            ready=None if note["ready"] is None else note["ready"] - zero,
            fetch=[moment - zero for moment in note["fetch"]],
            request=request - zero,
            received=received - zero,
            step=[received - zero, stepped - zero],
        )
    # another request makes the workers exit, and waits until they have
    next(batches, None)
    say("end", workers=workers, total=now() - zero)


def leave_with_parent() -> None:
    """End this process and its workers once the process that started it has ended."""
    # os.read instead of sys.stdin, whose lock a waiting thread would hold in every forked worker
    while os.read(0, 4096):
        pass
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    for worker in multiprocessing.active_children():
        worker.kill()
    os._exit(3)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data.loader.racer", description=__doc__.split("\n")[0])
    usual = RaceSettings(start=usual_start())
    parser.add_argument("--workers", type=int, nargs="+", default=list(usual.workers))
    for name in ("batches", "batch_size"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(usual, name))
    for name in ("sample_ms", "step_ms"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=getattr(usual, name))
    parser.add_argument("--kind", choices=KINDS, default=usual.kind)
    parser.add_argument("--start", choices=STARTS, default=usual.start)
    return parser


def main(words: list[str] | None = None) -> int:
    """Run the races of the command line; returns the exit status."""
    parser = options()
    arguments = vars(parser.parse_args(words))
    try:
        settings = RaceSettings(**{**arguments, "workers": tuple(arguments["workers"])})
    except RaceError as error:
        parser.error(str(error))
    threading.Thread(target=leave_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    busy = settings.kind == "compute" and settings.sample_ms > 0
    rounds = rounds_for(settings.sample_ms / 1000) if busy else 0
    for workers in settings.workers:
        run(settings, workers, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
