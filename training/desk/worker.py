"""A training process of the page: it waits, warm, and trains one run after another.

    python -m training.desk.worker --threads 2

It takes orders and reports as described in `training.desk.pipe`, and exits when its standard input is closed.
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
from language import _, message_of
from settings import TRAIN_MEMORY_BYTES, pick_device
from training.command import keep_freed_memory
from training.desk.job import Training, run_search
from training.desk.pipe import Control, Pipes, Stopped
from training.desk.states import RunState
from training.loop import evaluate, train
from training.recipe import Recipe, load_samples, prepare

WARM = 512
"""Samples of the steps that warm the process up."""


def main(words: list[str] | None = None) -> int:
    """Serve until the page is gone."""
    parser = argparse.ArgumentParser("python -m training.desk.worker", description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=1, help="threads torch may use")
    parser.add_argument("--nice", type=int, default=0, help="how far to step back behind other programs")
    parser.add_argument(
        "--memory", type=int, default=TRAIN_MEMORY_BYTES, help="bytes it may hold after a run"
    )
    options = parser.parse_args(words)
    # what a library prints must not come between the lines
    answers = os.dup(1)
    os.dup2(2, 1)
    pipes = Pipes(0, answers)
    step_back(options.nice)
    torch.set_num_threads(max(1, options.threads))
    keep_freed_memory()
    with contextlib.suppress(ValueError, RuntimeError, OSError):  # the run will say what is wrong
        warm()
    pipes.send(ready=True)
    load_usual(pipes)
    while True:
        control = pipes.next()
        end, healthy = serve(pipes, control)
        leaving = not healthy or memory() > options.memory
        pipes.forget(control)
        # in the same line as the end, or the page could already have given this process its next run
        pipes.send(run=control.order["run"], end=end, leaving=leaving)
        if leaving:
            return 0


def step_back(nice: int) -> None:
    """Let the page go first: in the queue for the processor, and when memory runs out."""
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
        for _record in train(ready.model, ready.batches, dataclasses.replace(recipe.config, epochs=1)):
            pass
        evaluate(ready.model, *ready.validation)


def load_usual(pipes: Pipes) -> None:
    """Load the usual data set in advance; a run that arrives meanwhile goes first."""

    def check(done: int, total: int) -> None:
        if pipes.has_run:
            raise Stopped

    with contextlib.suppress(Stopped, ValueError, OSError):
        load_samples(Recipe(data=sources.default(), samples=0), progress=check)


def serve(pipes: Pipes, control: Control) -> tuple[dict[str, Any], bool]:
    """Serve one run; returns the "end" of its last line, and whether this process may serve another run."""
    order = control.order

    def send(**line: object) -> None:
        pipes.send(run=order["run"], **line)

    def report_drawing(done: int, total: int) -> None:
        if control.stop_message is not None:
            raise Stopped
        if done % 100 == 0:
            send(drawing=[done, total])

    healthy = False
    try:
        recipe = Recipe.from_dict(order["recipe"])
        own = Path(order["own"]) if order.get("own") else None
        samples = load_samples(recipe, own, report_drawing)
        if order["kind"] == "train":
            end = Training(control, recipe, samples, send).run()
        else:
            end = run_search(control, recipe, samples, send)
        healthy = True
    except Stopped:
        message = control.stop_message or _("It was stopped before it began.")
        end, healthy = {"state": RunState.STOPPED, "message": message, "accuracy": None}, True
    except ValueError as error:
        end, healthy = failure(message_of(error)), True
    except MemoryError:
        end = failure(NO_MEMORY)
    except OSError as error:
        end = failure(disk_message(error))
    except RuntimeError as error:
        end = failure(NO_MEMORY if is_out_of_memory(error) else unexpected(error))
    except Exception as error:  # a bug of ours must become a sentence, too
        end = failure(unexpected(error))
    return end, healthy


NO_MEMORY = _("There was not enough memory for this run: choose a smaller batch size or a smaller network.")


def failure(message: str) -> dict[str, Any]:
    return {"state": RunState.FAILED, "message": message, "accuracy": None}


def disk_message(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _("The disk is full, so the run could not be kept: remove some runs, or try again later.")
    return _("A file of this run could not be read or written ({reason}): try again.").format(
        reason=error.strerror or error
    )


def is_out_of_memory(error: RuntimeError) -> bool:
    message = str(error).lower()
    signs = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(sign in message for sign in signs)


def unexpected(error: Exception) -> str:
    reason = " ".join(str(error).split())[:200]
    print(f"training.desk.worker: {type(error).__name__}: {error}", file=sys.stderr)
    message = _("The run broke off ({error}: {reason}): start it again, or choose other settings.")
    return message.format(error=type(error).__name__, reason=reason)


def memory() -> int:
    """Bytes that this process holds; 0 where that cannot be found out."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
