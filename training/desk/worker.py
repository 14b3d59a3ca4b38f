"""A training process of the page: it waits, warm, and trains one run after the other.

    python -m training.desk.worker --threads 2

It takes orders and tells what happens as `training.desk.pipe` says, and ends when its standard input is
closed.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import errno
import os
import sys
from pathlib import Path
from typing import Any

import torch

from data import sources
from data.samples import Samples
from settings import TRAIN_MEMORY_BYTES, pick_device
from training.command import keep_freed_memory
from training.desk.job import Training, searching
from training.desk.pipe import Control, Desk, Stopped
from training.desk.states import RunState
from training.loop import evaluate, train
from training.recipe import Recipe, load_samples, prepare

WARM = 512
"""Samples of the steps that load the kernels."""


def main(words: list[str] | None = None) -> int:
    """Serve until the page is gone."""
    parser = argparse.ArgumentParser("python -m training.desk.worker", description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=1, help="threads torch may use")
    parser.add_argument("--nice", type=int, default=0, help="how far to step back behind other programs")
    parser.add_argument(
        "--memory", type=int, default=TRAIN_MEMORY_BYTES, help="bytes it may hold after a run"
    )
    chosen = parser.parse_args(words)
    # whatever a library prints must not come between the lines
    answers = os.dup(1)
    os.dup2(2, 1)
    desk = Desk(0, answers)
    step_back(chosen.nice)
    torch.set_num_threads(max(1, chosen.threads))
    keep_freed_memory()
    with contextlib.suppress(ValueError, RuntimeError, OSError):  # the run will say what is wrong
        warm()
    desk.say(ready=True)
    load_usual(desk)
    while True:
        control = desk.next()
        end, healthy = serve(desk, control)
        leaving = not healthy or memory() > chosen.memory
        desk.over(control)
        # in the same line as the end, or the page could already have given this process its next run
        desk.say(run=control.order["run"], end=end, leaving=leaving)
        if leaving:
            return 0


def step_back(nice: int) -> None:
    """The page goes first: in the queue for the processor, and when memory has run out."""
    if hasattr(os, "nice"):
        os.nice(nice)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def warm() -> None:
    """Train a few steps on anything: the first ones of a process take longer."""
    recipe = Recipe()
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (WARM, 1, 28, 28), dtype=torch.uint8, generator=generator)
    pair = pictures, torch.arange(WARM) % 10
    for device in {"cpu", str(pick_device())}:
        ready = prepare(
            dataclasses.replace(recipe, device=device), Samples(pair, pair, pair, ("any",) * 10, "")
        )
        for _ in train(ready.model, ready.batches, dataclasses.replace(recipe.config, epochs=1)):
            pass
        evaluate(ready.model, *ready.validation)


def load_usual(desk: Desk) -> None:
    """Have the usual data in memory before it is asked for; a run that comes meanwhile goes first."""

    def look(done: int, total: int) -> None:
        if desk.asked:
            raise Stopped

    with contextlib.suppress(Stopped, ValueError, OSError):
        load_samples(Recipe(data=sources.default(), samples=0), progress=look)


def serve(desk: Desk, control: Control) -> tuple[dict[str, Any], bool]:
    """Serve one run until it ends; returns its result, and whether this process may serve another run."""
    order = control.order

    def say(**told: object) -> None:
        desk.say(run=order["run"], **told)

    def drawn(done: int, total: int) -> None:
        if control.stopping is not None:
            raise Stopped
        if done % 100 == 0:
            say(drawn=[done, total])

    healthy = False
    try:
        recipe = Recipe.from_dict(order["recipe"])
        own = Path(order["own"]) if order.get("own") else None
        samples = load_samples(recipe, own, drawn)
        if order["kind"] == "train":
            end = Training(control, recipe, samples, say).run()
        else:
            end = searching(control, recipe, samples, say)
        healthy = True
    except Stopped:
        said = control.stopping or "It was stopped before it had begun."
        end, healthy = {"state": RunState.STOPPED, "said": said, "accuracy": None}, True
    except ValueError as error:
        end, healthy = failed(str(error)), True
    except MemoryError:
        end = failed(NO_MEMORY)
    except OSError as error:
        end = failed(disk(error))
    except RuntimeError as error:
        end = failed(NO_MEMORY if out_of_memory(error) else unexpected(error))
    except Exception as error:  # a mistake of ours, too, must be told in a sentence
        end = failed(unexpected(error))
    return end, healthy


NO_MEMORY = "There was not enough memory for this run: choose a smaller batch size or a smaller network."


def failed(said: str) -> dict[str, Any]:
    return {"state": RunState.FAILED, "said": said, "accuracy": None}


def disk(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full, so the run could not be kept: remove some runs, or try again later."
    return f"A file of this run could not be read or written ({error.strerror or error}): try again."


def out_of_memory(error: RuntimeError) -> bool:
    said = str(error).lower()
    kinds = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(kind in said for kind in kinds)


def unexpected(error: Exception) -> str:
    first = " ".join(str(error).split())[:200]
    print(f"training.desk.worker: {type(error).__name__}: {error}", file=sys.stderr)
    return f"The run broke off ({type(error).__name__}: {first}): start it again, or choose other settings."


def memory() -> int:
    """Bytes that this process holds; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
