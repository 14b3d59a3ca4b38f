"""Training for the visitors of the page: each run in a child process that waits, warm, for the next one.

    desk = Desk()
    run = desk.start(visitor, Recipe())
    desk.follow(visitor, run)["steps"]["loss"]

The page's own process never trains. It keeps what the children tell, and decides who is next.
"""

from __future__ import annotations

import base64
import hashlib
import time
from pathlib import Path
from typing import Any

from torch import nn

import settings
from checks import choice, number, text, whole_number
from data.own.custom import PictureDataset
from data.samples import Samples
from data.sources import OWN
from language import _
from models.checkpoint import Card, CheckpointError, load, save
from models.registry import parameters
from training.config import MAX_EPOCHS, MAX_LR
from training.desk.exchange import WeightsError, pack, unpack
from training.desk.job import NAME, REPORT, STATE, epoch_file
from training.desk.limits import Limits
from training.desk.pool import Pool
from training.desk.runs import Run
from training.desk.shelf import JobError, Shelf, checked_cursor, disk_text, read
from training.desk.states import RunState
from training.recipe import Recipe, load_samples
from training.samples import own_samples, write_own
from training.search.sweep import check

CURVE = 600
"""Points of the curve of a run that is laid over others."""
MOST_PICTURES = 64
"""Most pictures in one answer."""
MOST_NAME = 40
"""Most characters in the name of a run."""
PARTS = ("validation", "test", "train")
"""Parts of a data set."""


class Desk:
    """All runs of all visitors. Thread-safe. A visitor is a secret of 16 to 64 letters, digits, _ and -, and
    sees their own runs alone; `run` is what `start` returned. Every method raises JobError, which has a
    sentence for the visitor, when it cannot do what is asked.

    slots: how many runs go on at once, by default one for two cores. threads: of each, by default all cores
    shared evenly. nice: see `settings.TRAIN_NICE`. folder: where the folder of the runs is made.
    """

    def __init__(
        self,
        slots: int | None = None,
        threads: int | None = None,
        nice: int = settings.TRAIN_NICE,
        limits: Limits | None = None,
        folder: Path | None = None,
    ):
        slots = slots or max(1, settings.cores() // 2)
        threads = threads or max(1, settings.cores() // slots)
        limits = limits or Limits()
        self._shelf = Shelf(limits, folder)
        self._pool = Pool(slots, threads, nice, limits, self._shelf.forget_old, self._shelf.measure)
        self._lock = self._pool.lock

    # --- one run --------------------------------------------------------------------------------------------

    def warm(self) -> None:
        """Start the processes, so that the first run need not wait for them, and tidy up after a page that
        was killed.
        """
        with self._lock:
            self._shelf.tidy()
            self._pool.open()

    def start(
        self,
        visitor: str,
        recipe: Recipe,
        own: PictureDataset | Samples | None = None,
        kind: str = "train",
        spec: Any = None,
        address: str = "",
    ) -> str:
        """Begin a run, or queue it; returns its id. A visitor has one active run.

        own: the visitor's pictures, for a recipe whose data is "own". kind: "train", or "range" or "sweep"
        with the `spec` that `training.search.sweep` takes. address: the visitor's network address, by which
        turns and space are shared fairly. A visitor who has as many runs as are kept loses the oldest one
        without a name of its own.
        """
        if not isinstance(recipe, Recipe):
            raise JobError("A run needs a recipe.")
        samples: Samples | None = None
        try:
            if kind != "train":
                check(kind, recipe, spec)
            if recipe.data == OWN:
                samples = own_samples(own) if isinstance(own, PictureDataset) else own
                if samples is None:
                    load_samples(recipe, None)  # raises, with what to do
        except ValueError as error:
            raise JobError(str(error)) from error
        with self._lock:
            self._check_turn(visitor, address)
            run = self._shelf.new(visitor, recipe, kind, spec, address)
            if samples is not None:
                run.own = run.folder / "own.pt"
                try:
                    write_own(run.own, samples)
                except OSError as error:
                    self._shelf.forget(run)
                    raise JobError(disk_text(error)) from error
                self._shelf.measure(run)
            self._pool.enqueue(run)
            return run.id

    def follow(self, visitor: str, run: str, since: int = 0, wait: float = 0.0) -> dict[str, Any]:
        """How the run stands, and what is new from `cursor` (an earlier answer's) on; see the keys below.

        wait: up to so many seconds (1 at most) for news. Whoever calls this at least once a minute keeps the
        run alive. state: a RunState; place: its position in the queue, 1 for the next run and 0
        when it is not queued; lr: the learning rate, as it was asked for last, the largest of a schedule;
        steps: by column; validated: [steps taken, loss, accuracy]; layers: [name, length of the gradient].
        """
        since = whole_number(since, _("The step from which a run is followed"), 0, error=JobError)
        wait = min(number(wait, _("The wait"), 0, error=JobError), 1.0)
        with self._lock:
            found = self._shelf.find(visitor, run)
            found.followed = time.monotonic()
            if wait:
                until = time.monotonic() + wait
                before = found.state, self._pool.place(found)
                while (
                    found.active
                    and before == (found.state, self._pool.place(found))
                    and found.cursor <= since
                    and (left := until - time.monotonic()) > 0
                ):
                    self._lock.wait(left)
                found.followed = time.monotonic()
            return found.snapshot(since, self._pool.place(found), self._pool.budget())

    def news(self, visitor: str, run: str, since: Any = None) -> dict[str, Any]:
        """How the run stands, and what came after `since`, the "cursor" of an earlier answer, see `Run.news`:
        for a page that asks several times a second. It counts as following.
        """
        with self._lock:
            found = self._shelf.find(visitor, run)
            found.followed = time.monotonic()
            return found.news(checked_cursor(since), self._pool.place(found), self._pool.budget())

    def stop(self, visitor: str, run: str) -> None:
        """End the run and keep what it learned."""
        with self._lock:
            found = self._shelf.find(visitor, run)
            if found.active and found.state is not RunState.STOPPING:
                self._pool.end(found, "")

    def pause(self, visitor: str, run: str) -> None:
        """Wait with the next step. The time limit waits, too, but a pause has its own."""
        with self._lock:
            found = self._going(visitor, run)
            self._pool.tell(found, do="pause")

    def resume(self, visitor: str, run: str) -> None:
        with self._lock:
            found = self._going(visitor, run)
            self._pool.tell(found, do="resume")

    def set_lr(self, visitor: str, run: str, lr: float) -> None:
        """Set the learning rate of the steps to come, above 0 and up to MAX_LR; the largest of a schedule."""
        lr = number(lr, _("The learning rate"), 0, MAX_LR, JobError, above=True)
        with self._lock:
            found = self._going(visitor, run)
            if found.kind != "train":
                raise JobError("A search chooses its learning rates itself.")
            found.lr = lr
            self._pool.tell(found, do="lr", lr=found.lr)

    def go_on(self, visitor: str, run: str, epochs: int = 0, address: str = "") -> None:
        """Continue a run that has ended, for `epochs` epochs more; 0: for those that it did not get to.

        address: see `start`. A run whose process died goes on from what was kept last.
        """
        epochs = whole_number(epochs, _("The number of further epochs"), 0, MAX_EPOCHS, JobError)
        with self._lock:
            found = self._shelf.find(visitor, run)
            if found.active:
                raise JobError("This run is still going on.")
            if found.state is RunState.DIVERGED:
                raise JobError(
                    "This run diverged, and its weights are lost: start a new one with a smaller learning"
                    " rate."
                )
            if found.kind != "train" or not (found.folder / STATE).is_file():
                raise JobError("Nothing is kept of this run that could go on: start a new one.")
            over = found.epochs[-1]["epoch"] if found.epochs else 0
            if not epochs and found.state is RunState.DONE:
                raise JobError("This run went through: say for how many epochs more it shall go on.")
            if over + epochs > MAX_EPOCHS:
                raise JobError(f"A run has at most {MAX_EPOCHS:,} epochs, and {over} of this one are over.")
            self._check_turn(visitor, address)
            found.go_on, found.address = epochs, address
            self._pool.enqueue(found)

    def active(self, visitor: str) -> str | None:
        """The run of the visitor that is queued or goes on."""
        with self._lock:
            return next((run.id for run in self._shelf.meet(visitor).values() if run.active), None)

    # --- what came of it ------------------------------------------------------------------------------------

    def epoch(self, visitor: str, run: str, number: int) -> dict[str, Any]:
        """What was kept of epoch `number` (from 1 on), see `training.report.snapshot`, "classes" and "epoch".

        Of a run of many quick epochs not all are kept: then it is the nearest one.
        """
        number = whole_number(number, "epoch", 1, MAX_EPOCHS, JobError)
        with self._lock:
            folder = self._shelf.find(visitor, run).folder
        there = sorted(int(path.stem[6:]) for path in folder.glob("epoch-*.json"))
        if not there:
            raise JobError("No epoch of this run is over yet.")
        nearest = min(there, key=lambda one: (abs(one - number), one))
        return {"epoch": nearest, "kept": there} | read(folder / epoch_file(nearest))

    def report(self, visitor: str, run: str) -> dict[str, Any]:
        """What the run has reached, see `training.report.report`, and "classes"."""
        with self._lock:
            found = self._shelf.find(visitor, run)
            folder = self._usable(found)
        if not (folder / REPORT).is_file():
            raise JobError("There is no report of this run: its weights were uploaded.")
        classes = read(folder / f"{NAME}.json")["classes"]
        return {"classes": classes} | read(folder / REPORT)

    def pictures(
        self, visitor: str, run: str, indices: list[int], part: str = "test"
    ) -> list[dict[str, Any]]:
        """Up to MOST_PICTURES of the run's pictures, by their indices in one of PARTS: for each {"index",
        "label", "pixels"}, the latter 784 bytes as base64.
        """
        with self._lock:
            found = self._shelf.find(visitor, run)
            recipe, own = found.recipe, found.own
            if found.adopted:
                raise JobError("Uploaded weights come without pictures.")
        part = choice(part, "part", PARTS, JobError)
        if not isinstance(indices, list) or len(indices) > MOST_PICTURES:
            raise JobError(f"Ask for up to {MOST_PICTURES} pictures at once, by their indices.")
        try:
            images, labels = getattr(load_samples(recipe, own), part)
        except ValueError as error:
            raise JobError(str(error)) from error
        last = len(labels) - 1
        indices = [whole_number(i, _("The index of a picture"), 0, last, JobError) for i in indices]
        return [
            {
                "index": i,
                "label": int(labels[i]),
                "pixels": base64.b64encode(images[i].numpy().tobytes()).decode("ascii"),
            }
            for i in indices
        ]

    def curve(self, visitor: str, run: str) -> dict[str, Any]:
        """The whole run in at most 600 points: {"step", "loss", "norm", "lr", "accuracy", "validated"}."""
        with self._lock:
            return self._shelf.find(visitor, run).overview(CURVE)

    def revision(self, visitor: str) -> str:
        """Changes whenever a run of the visitor begins, changes its state or its name, finishes an epoch, or
        goes.
        """
        with self._lock:
            runs = self._shelf.meet(visitor).values()
            told = repr([(run.id, run.name, run.state, run.epochs[-1:]) for run in runs])
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def runs(self, visitor: str) -> list[dict[str, Any]]:
        """The visitor's runs in the order in which they were made, see `Run.told`."""
        with self._lock:
            return [run.told() for run in self._shelf.meet(visitor).values()]

    def rename(self, visitor: str, run: str, name: str) -> None:
        """name: 1 to 40 characters in one line."""
        with self._lock:
            found = self._shelf.find(visitor, run)
            found.name, found.named = text(name, _("The name of a run"), MOST_NAME, JobError), True

    def remove(self, visitor: str, run: str) -> None:
        """Forget a run that has ended."""
        with self._lock:
            found = self._shelf.find(visitor, run)
            if found.active:
                raise JobError("Stop this run before you remove it.")
            self._shelf.forget(found)

    # --- weights --------------------------------------------------------------------------------------------

    def network(self, visitor: str, run: str) -> tuple[nn.Module, Card]:
        """What was learned: the network in evaluation mode on the CPU, and its card."""
        with self._lock:
            folder = self._usable(self._shelf.find(visitor, run))
        try:
            return load(folder, NAME)
        except CheckpointError as error:
            raise JobError(str(error)) from error

    def weights(self, visitor: str, run: str, form: str = "safetensors") -> bytes:
        """What was learned as a file: "safetensors", with the card in it, or "pt", torch's own form."""
        choice(form, _("The form of the weights"), ("safetensors", "pt"), JobError)
        model, card = self.network(visitor, run)
        if form == "safetensors":
            return pack(model, card)
        with self._lock:
            folder = self._shelf.find(visitor, run).folder
        try:
            return (folder / f"{NAME}.pt").read_bytes()
        except OSError as error:
            raise JobError(disk_text(error)) from error

    def adopt(self, visitor: str, name: str, data: bytes, address: str = "") -> str:
        """Keep weights that a visitor uploads as one of their runs; returns its id. Only a safetensors file
        that `weights` made is taken, and nothing in it is believed before it is checked.

        address: see `start`.
        """
        name = text(name, _("The name of a run"), MOST_NAME, JobError)
        try:
            model, card, recipe = unpack(data)
        except WeightsError as error:
            raise JobError(str(error)) from error
        with self._lock:
            run = self._shelf.new(visitor, recipe, "train", None, address)
            run.name, run.named, run.adopted, run.state = name, True, True, RunState.DONE
            try:
                save(run.folder, NAME, model, card)
            except OSError as error:
                self._shelf.forget(run)
                raise JobError(disk_text(error)) from error
            self._shelf.measure(run)
            run.parameters = parameters(model)
            return run.id

    # --- the end --------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End all processes and remove the folder; nothing can be asked after that."""
        self._pool.close()
        self._shelf.close()

    @property
    def processes(self) -> list[int]:
        """The processes that train, as the system numbers them."""
        return self._pool.processes

    # --- with the lock held ---------------------------------------------------------------------------------

    def _going(self, visitor: str, run: str) -> Run:
        found = self._shelf.find(visitor, run)
        if found.state is not RunState.STARTING and not found.state.is_steerable:
            raise JobError("This run is not going on now.")
        return found

    def _check_turn(self, visitor: str, address: str) -> None:
        """Raises JobError when the visitor has an active run, or too many wait."""
        going = next((run for run in self._shelf.meet(visitor).values() if run.active), None)
        if going is not None and going.state is RunState.STOPPING:
            raise JobError("Your last run is still being measured and kept: try again in a few seconds.")
        if going is not None:
            raise JobError("One run at a time: stop the one that goes on first.")
        if refusal := self._pool.refusal(address):
            raise JobError(refusal)

    def _usable(self, run: Run) -> Path:
        """The folder with the weights of the run. Raises JobError where there are none to use."""
        if run.active:
            raise JobError("This run is still going on: stop it, or wait until it is done.")
        if run.state is RunState.DIVERGED:
            raise JobError("This run diverged: its weights are of no use.")
        if run.kind != "train":
            raise JobError("A search keeps no weights: train with what it found.")
        if not run.state.is_usable or not (run.folder / f"{NAME}.pt").is_file():
            raise JobError("This run did not come to an end that could be used: continue it, or start anew.")
        return run.folder
