"""What the two command-line trainers share: options, Ctrl-C, the progress bar, checkpoints and resuming.

A trainer describes its work as a `Job` and passes it to `run`; the options for the fields of TrainConfig come
from `parser`, so that their meaning and default are written once.
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import io
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from checks import whole_number
from data.batches import TensorBatches
from data.files import write_whole
from models.checkpoint import Card, CheckpointError, save
from settings import CHECKPOINTS
from training.config import LOSSES, TrainConfig
from training.distributed import Team, explain, join
from training.loop import Diverged, Done, Epoch, State, Step, train
from training.optimizers import OPTIMIZERS, SCHEDULES, optimizers_with

CHOICES = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "loss": LOSSES}


@dataclass
class Job:
    """One training run of the command line."""

    name: str
    """Of the checkpoint: `<name>.pt` and `<name>.json`."""
    model: nn.Module
    batches: TensorBatches
    validation: tuple[Tensor, Tensor]
    config: TrainConfig
    card: Card
    finish: Callable[[nn.Module, Card], str]
    """Called with the trained network at the end: completes the card's metrics and returns them in words."""


def parser(description: str, defaults: TrainConfig) -> argparse.ArgumentParser:
    """A parser with an option for each field of TrainConfig, and those of every trainer."""
    result = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    group = result.add_argument_group("hyperparameters")
    for field in dataclasses.fields(TrainConfig):
        default = getattr(defaults, field.name)
        option = "--" + field.name.replace("_", "-")
        about = HELP[field.name].format(optimizers=", ".join(optimizers_with(field.name)))
        if isinstance(default, bool):
            group.add_argument(option, action=argparse.BooleanOptionalAction, default=default, help=about)
        else:
            group.add_argument(
                option, type=type(default), default=default, choices=CHOICES.get(field.name), help=about
            )
    result.add_argument(
        "--output", type=Path, default=CHECKPOINTS, help="folder that receives the checkpoint"
    )
    result.add_argument("--name", default=argparse.SUPPRESS, help="name of the checkpoint in that folder")
    result.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads torch may use")
    result.add_argument("--resume", action="store_true", help="continue the run whose state is in the folder")
    result.add_argument(
        "--save-every",
        type=int,
        default=0,
        metavar="STEPS",
        help="keep what --resume needs every so many steps too, 0: only after each epoch",
    )
    result.add_argument("--dry-run", action="store_true", help="a few seconds on little data, nothing kept")
    return result


def keep_freed_memory() -> None:
    """Ask glibc to reuse freed memory instead of returning it to the system after every layer.

    Otherwise the next layer faults every page in again: a step of FashionCNN took 1.4 times as long. Does
    nothing except on Linux with glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        trim_threshold, top_pad, mmap_max = -1, -2, -4
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(top_pad, 2**28)


HELP = {
    "epochs": "passes over the training set",
    "batch_size": "samples a step",
    "optimizer": "rule that moves the weights; simple-gd is plain gradient descent",
    "lr": "learning rate; the largest one of a schedule",
    "momentum": "share of the last step's direction that is kept ({optimizers})",
    "weight_decay": "pull of the weights towards zero",
    "schedule": "how the learning rate changes: step divides it by 10 at 1/2 and 3/4 of the steps",
    "label_smoothing": "probability the target gives to the other classes",
    "average": "decay of the moving average of the weights that is kept, 0 for none",
    "shuffle": "a new order of the samples each epoch",
    "seed": "decides initial weights, order and augmentation",
    "loss": "what training makes small",
    "zero_grad": "set the gradients to zero before each step; without it they add up",
}


def config_from(options: argparse.Namespace) -> TrainConfig:
    """The hyperparameters among the options. Raises ValueError with a sentence for a value out of range."""
    return TrainConfig(
        **{field.name: getattr(options, field.name) for field in dataclasses.fields(TrainConfig)}
    )


def main(
    parser: argparse.ArgumentParser, prepare: Callable[[argparse.Namespace], Job], arguments: list[str]
) -> int:
    """Parse, train, report; returns the exit code: 2, and a sentence, for a bad option or a missing file."""
    options = parser.parse_args(arguments)
    team = None
    try:
        torch.set_num_threads(whole_number(options.threads, "threads", 1))
        keep_freed_memory()
        team = join()
        keep = not options.dry_run
        return run(prepare(options), options.output, options.resume, keep, options.save_every, team)
    except (ValueError, CheckpointError, OSError, RuntimeError) as error:
        message = explain(error) if isinstance(error, RuntimeError) else error
        print(f"{parser.prog}: {message}", file=sys.stderr)
        return 2
    finally:
        if team is not None:
            team.leave()


def run(
    job: Job,
    folder: Path,
    resume: bool = False,
    keep: bool = True,
    save_every: int = 0,
    team: Team | None = None,
) -> int:
    """Train, with a checkpoint after every epoch and at Ctrl-C; returns the exit code.

    `<name>.state` beside the checkpoint keeps what `resume` needs, however the run ended; it is removed when
    the run is complete. It is written with each checkpoint, and every `save_every` steps if that is not 0. In
    a `team` only the first process writes and prints, and Ctrl-C ends all of them at once. Raises ValueError
    when there is nothing to resume, or when `save_every` is below 0.
    """
    whole_number(save_every, "save-every", 0)
    state = State(job.model, job.config, len(job.batches))
    state_file = folder / f"{job.name}.state"
    if resume:
        _restore(state, job.config, state_file)
    first = team is None or team.rank == 0
    keep = keep and first
    start_time, stopped = time.perf_counter(), False

    def stop(number: int, frame: Any) -> None:
        nonlocal stopped
        # a second Ctrl-C ends the program at once
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        stopped = True

    # the processes of a team would each stop at another step
    before = signal.signal(signal.SIGINT, stop if team is None else signal.SIG_DFL)
    total = job.config.epochs * len(job.batches)
    accuracy: float | None = None
    try:
        done = state.epoch * len(job.batches) + state.step
        with tqdm(total=total, initial=done, unit="step", disable=not first) as bar:
            for record in train(job.model, job.batches, job.config, job.validation, state, team):
                if isinstance(record, Step):
                    bar.update()
                    bar.set_postfix_str(_progress(record, job.config.epochs, accuracy), refresh=False)
                    done = state.epoch * len(job.batches) + state.step
                    if keep and save_every and done % save_every == 0:
                        _keep_state(job, state, state_file)
                elif isinstance(record, Epoch):
                    accuracy = record.validation_accuracy
                    if keep:
                        _keep(job, folder, state, state_file)
                elif isinstance(record, Diverged):
                    if first:
                        print(f"Stopped. {record.reason}", file=sys.stderr)
                    return 1
                elif isinstance(record, Done):
                    break
                if stopped:
                    break
    finally:
        signal.signal(signal.SIGINT, before)

    seconds = time.perf_counter() - start_time
    if stopped:
        if keep:
            path = _keep(job, folder, state, state_file)
            print(f"Stopped in epoch {state.epoch + 1} after {seconds:.0f} s · {path}")
            print("The file holds what was learned so far; the same command with --resume continues.")
        return 130
    if not first:
        return 0
    result = job.finish(state.trained, job.card)
    place = "nothing kept (dry run)"
    if keep:
        job.card.epochs = job.config.epochs
        place = str(save(folder, job.name, state.trained, job.card))
        state_file.unlink(missing_ok=True)
    print(f"{result} · {seconds:.1f} s · {place}")
    return 0


def _progress(record: Step, epochs: int, accuracy: float | None) -> str:
    validation = "" if accuracy is None else f", validation {accuracy:.2%}"
    return (
        f"epoch {record.epoch + 1}/{epochs}, loss {record.loss:.3f}, batch {record.accuracy:.1%}{validation}"
    )


def _keep(job: Job, folder: Path, state: State, state_file: Path) -> Path:
    job.card.epochs = state.epoch
    path = save(folder, job.name, state.trained, job.card)
    _keep_state(job, state, state_file)
    return path


def _keep_state(job: Job, state: State, state_file: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"config": job.config.as_dict(), "state": state.state_dict()}, buffer)
    write_whole(state_file, buffer.getvalue())


def _restore(state: State, config: TrainConfig, state_file: Path) -> None:
    if not state_file.is_file():
        raise ValueError(f"There is nothing to resume: {state_file} does not exist. Start without --resume.")
    try:
        content = torch.load(state_file, map_location="cpu", weights_only=True)
        other = {key for key, value in config.as_dict().items() if content["config"][key] != value}
        if not other:
            state.load_state_dict(content["state"])
    except Exception as error:  # torch raises half a dozen kinds for a file that is not its own
        raise ValueError(f"{state_file} cannot be resumed: {error}. Start without --resume.") from error
    # parts of files from a run that was killed while it wrote
    for part in state_file.parent.glob(f".{escape(state_file.name)}.*"):
        part.unlink(missing_ok=True)
    if other:
        raise ValueError(
            f"The stopped run had other values of {', '.join(sorted(other))}: resume with the same options."
        )
