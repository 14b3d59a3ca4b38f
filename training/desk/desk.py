"""Training for the visitors of the page: each run in a child process that waits, warm, for the next one.

    desk = Desk()
    run = desk.start(visitor, Recipe())
    desk.follow(visitor, run)["steps"]["loss"]

The page's own process never trains. It keeps what the children report, and decides which run is next.
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
from language import _, message_of
from models.checkpoint import Card, CheckpointError, load, save
from models.registry import parameters
from training.config import MAX_EPOCHS, MAX_LR
from training.desk.exchange import WeightsError, pack, unpack
from training.desk.job import NAME, REPORT, STATE, epoch_file
from training.desk.limits import Limits
from training.desk.pool import Pool
from training.desk.runs import Run
from training.desk.shelf import JobError, Shelf, checked_cursor, disk_message, read
from training.desk.states import RunState
from training.recipe import Recipe, check_last_batch, count_pictures, load_samples
from training.samples import own_samples, write_own
from training.search.sweep import check

CURVE = 600
"""Most points in the curve of a run that is compared with others."""
MOST_PICTURES = 64
"""Most pictures in one answer."""
MOST_NAME = 40
"""Most characters in the name of a run."""
PARTS = ("validation", "test", "train")
"""Parts of a data set."""


class Desk:
    """All runs of all visitors. Thread-safe. A visitor is a secret of 16 to 64 letters, digits, _ and -, and
    sees only their own runs; `run` is what `start` returned. Every method checks its arguments, which may
    come from anybody, and raises JobError, a sentence for the visitor, when it cannot do what it should.

    slots: how many runs go on at once, by default one for two cores. threads: of each, by default all cores
    shared evenly. nice: see `settings.TRAIN_NICE`. folder: where the folder of the runs is created.
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
        """Start the processes, so that the first run need not wait for them, and remove what killed pages
        left behind.
        """
        with self._lock:
            self._shelf.tidy()
            self._pool.open()

    def start(
        self,
        visitor: object,
        recipe: Recipe,
        own: PictureDataset | Samples | None = None,
        kind: object = "train",
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
            raise JobError(_("A run needs a recipe."))
        samples: Samples | None = None
        try:
            if recipe.data == OWN:
                samples = own_samples(own) if isinstance(own, PictureDataset) else own
                if samples is None:
                    load_samples(recipe, None)  # raises, with what to do
            available = None if samples is None else len(samples.train[1])
            if kind != "train":
                check(kind, recipe, spec, available)
            elif available is not None:
                check_last_batch(recipe, count_pictures(recipe, available))
        except ValueError as error:
            raise JobError(message_of(error)) from error
        with self._lock:
            self._check_turn(visitor, address)
            run = self._shelf.new(visitor, recipe, str(kind), spec, address)
            if samples is not None:
                run.own = run.folder / "own.pt"
                try:
                    write_own(run.own, samples)
                except OSError as error:
                    self._shelf.forget(run)
                    raise JobError(disk_message(error)) from error
                self._shelf.measure(run)
            self._pool.enqueue(run)
            return run.id

    def follow(self, visitor: object, run: object, since: object = 0, wait: object = 0.0) -> dict[str, Any]:
        """How the run stands, and what is new since `cursor` (an earlier answer's); see the keys below.

        wait: up to so many seconds (1 at most) for news. Calling this at least once a minute keeps the run
        alive. state: a RunState; message: a sentence about it; place: its position in the queue, 1 for the
        next run and 0 when it is not queued; lr: the learning rate that was set last, the largest of a
        schedule; steps: by column; validated: [steps taken, loss, accuracy]; layers: [name, length of the
        gradient].
        """
        since = whole_number(since, _("The step from which a run is followed"), 0, error=JobError)
        wait = min(number(wait, _("The wait"), 0, error=JobError), 1.0)
        with self._lock:
            entry = self._shelf.find(visitor, run)
            entry.status.follow()
            if wait:
                until = time.monotonic() + wait
                before = entry.status.state, self._pool.place(entry)
                while (
                    entry.is_active
                    and before == (entry.status.state, self._pool.place(entry))
                    and entry.cursor <= since
                    and (left := until - time.monotonic()) > 0
                ):
                    self._lock.wait(left)
                entry.status.follow()
            return entry.snapshot(since, self._pool.place(entry), self._pool.budget())

    def news(self, visitor: object, run: object, since: object = None) -> dict[str, Any]:
        """How the run stands, and what came after `since`, the "cursor" of an earlier answer, see `Run.news`.
        Light enough to be called several times a second; it counts as following.
        """
        with self._lock:
            entry = self._shelf.find(visitor, run)
            entry.status.follow()
            return entry.news(checked_cursor(since), self._pool.place(entry), self._pool.budget())

    def stop(self, visitor: object, run: object, reason: str = "") -> None:
        """End the run and keep what it learned. reason: a sentence for those who follow the run and have not
        ended it themselves.
        """
        with self._lock:
            entry = self._shelf.find(visitor, run)
            if entry.is_active and entry.status.state is not RunState.STOPPING:
                self._pool.end(entry, reason)

    def pause(self, visitor: object, run: object) -> None:
        """Take no further step for now. The time limit waits as well, but a pause has its own."""
        with self._lock:
            entry = self._steerable(visitor, run)
            self._pool.order(entry, do="pause")

    def resume(self, visitor: object, run: object) -> None:
        with self._lock:
            entry = self._steerable(visitor, run)
            self._pool.order(entry, do="resume")

    def set_lr(self, visitor: object, run: object, lr: object) -> None:
        """Set the learning rate of the steps to come, above 0 and up to MAX_LR; the largest of a schedule."""
        lr = number(lr, _("The learning rate"), 0, MAX_LR, JobError, above=True)
        with self._lock:
            entry = self._steerable(visitor, run)
            if not entry.is_training:
                raise JobError(_("A search chooses its learning rates itself."))
            entry.status.lr = lr
            self._pool.order(entry, do="lr", lr=lr)

    def go_on(self, visitor: object, run: object, epochs: object = 0, address: str = "") -> None:
        """Continue a run that has ended for `epochs` more epochs; 0: for those that it did not reach.

        address: see `start`. A run whose process died continues from what was kept last.
        """
        epochs = whole_number(epochs, _("The number of further epochs"), 0, MAX_EPOCHS, JobError)
        with self._lock:
            entry = self._shelf.find(visitor, run)
            if entry.is_active:
                raise JobError(_("This run is still going on."))
            if entry.status.state is RunState.DIVERGED:
                raise JobError(
                    _("This run diverged, and its weights are lost: start one with a smaller learning rate.")
                )
            if not entry.is_training or not (entry.folder / STATE).is_file():
                raise JobError(_("Nothing is kept of this run that could continue: start a new one."))
            over = entry.history.epoch
            if not epochs and entry.status.state is RunState.DONE:
                raise JobError(_("This run is complete: say for how many more epochs it should continue."))
            if over + epochs > MAX_EPOCHS:
                sentence = _("A run has at most {limit} epochs. This one already has {n}.")
                raise JobError(sentence.format(limit=f"{MAX_EPOCHS:,}", n=over))
            self._check_turn(visitor, address)
            entry.status.further_epochs, entry.address = epochs, address
            self._pool.enqueue(entry)

    def active(self, visitor: object) -> str | None:
        """The run of the visitor that has not ended."""
        with self._lock:
            return next((run.id for run in self._shelf.meet(visitor).values() if run.is_active), None)

    # --- results --------------------------------------------------------------------------------------------

    def epoch(self, visitor: object, run: object, number: object) -> dict[str, Any]:
        """The snapshot after epoch `number` (from 1 on) or the nearest one: `training.report.snapshot`,
        "classes", "epoch", and "snapshots", the numbers of all epochs that have one.
        """
        target = whole_number(number, "epoch", 1, MAX_EPOCHS, JobError)
        with self._lock:
            folder = self._shelf.find(visitor, run).folder
        epochs = sorted(int(path.stem[6:]) for path in folder.glob("epoch-*.json"))
        if not epochs:
            raise JobError(_("No epoch of this run is over yet."))
        nearest = min(epochs, key=lambda epoch: (abs(epoch - target), epoch))
        return {"epoch": nearest, "snapshots": epochs} | read(folder / epoch_file(nearest))

    def report(self, visitor: object, run: object) -> dict[str, Any]:
        """What the run has reached, see `training.report.report`, and "classes"."""
        with self._lock:
            entry = self._shelf.find(visitor, run)
            folder = self._usable(entry)
        if not (folder / REPORT).is_file():
            raise JobError(_("There is no report of this run: its weights were uploaded."))
        classes = read(folder / f"{NAME}.json")["classes"]
        return {"classes": classes} | read(folder / REPORT)

    def pictures(
        self, visitor: object, run: object, indices: object, part: object = "test"
    ) -> list[dict[str, Any]]:
        """Up to MOST_PICTURES of the run's pictures, by their indices in one of PARTS: for each {"index",
        "label", "pixels"}, the latter 784 bytes as base64.
        """
        with self._lock:
            entry = self._shelf.find(visitor, run)
            recipe, own = entry.recipe, entry.own
            if entry.is_adopted:
                raise JobError(_("Uploaded weights come without pictures."))
        part = choice(part, "part", PARTS, JobError)
        if not isinstance(indices, list) or len(indices) > MOST_PICTURES:
            raise JobError(
                _("Ask for up to {limit} pictures at once, by their indices.").format(limit=MOST_PICTURES)
            )
        try:
            images, labels = getattr(load_samples(recipe, own), part)
        except ValueError as error:
            raise JobError(message_of(error)) from error
        name, last = _("The index of a picture"), len(labels) - 1
        places = [whole_number(index, name, 0, last, JobError) for index in indices]
        return [
            {
                "index": i,
                "label": int(labels[i]),
                "pixels": base64.b64encode(images[i].numpy().tobytes()).decode("ascii"),
            }
            for i in places
        ]

    def curve(self, visitor: object, run: object) -> dict[str, Any]:
        """The whole run in at most 600 points: {"step", "loss", "norm", "lr", "accuracy", "validated"}."""
        with self._lock:
            return self._shelf.find(visitor, run).history.overview(CURVE)

    def revision(self, visitor: object) -> str:
        """Changes whenever a run begins, changes its state or name, finishes an epoch, or is removed."""
        with self._lock:
            runs = self._shelf.meet(visitor).values()
            facts = [(run.id, run.name, run.status.state, run.history.epochs[-1:]) for run in runs]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]

    def runs(self, visitor: object) -> list[dict[str, Any]]:
        """The visitor's runs, the oldest first, see `Run.summary`."""
        with self._lock:
            return [run.summary() for run in self._shelf.meet(visitor).values()]

    def rename(self, visitor: object, run: object, name: object) -> None:
        """name: 1 to 40 characters in one line."""
        with self._lock:
            entry = self._shelf.find(visitor, run)
            entry.name, entry.is_named = text(name, _("The name of a run"), MOST_NAME, JobError), True

    def remove(self, visitor: object, run: object) -> None:
        """Forget a run that has ended."""
        with self._lock:
            entry = self._shelf.find(visitor, run)
            if entry.is_active:
                raise JobError(_("Stop this run before you remove it."))
            self._shelf.forget(entry)

    # --- weights --------------------------------------------------------------------------------------------

    def network(self, visitor: object, run: object) -> tuple[nn.Module, Card]:
        """What was learned: the network in evaluation mode on the CPU, and its card."""
        with self._lock:
            folder = self._usable(self._shelf.find(visitor, run))
        try:
            return load(folder, NAME)
        except CheckpointError as error:
            raise JobError(message_of(error)) from error

    def weights(self, visitor: object, run: object, form: object = "safetensors") -> bytes:
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
            raise JobError(disk_message(error)) from error

    def adopt(self, visitor: object, name: object, data: object, address: str = "") -> str:
        """Keep weights that a visitor uploads as one of their runs; returns its id. Only a safetensors file
        made by `weights` is taken, and everything in it is checked before it is used.

        address: see `start`.
        """
        name = text(name, _("The name of a run"), MOST_NAME, JobError)
        try:
            model, card, recipe = unpack(data)
        except WeightsError as error:
            raise JobError(message_of(error)) from error
        with self._lock:
            run = self._shelf.new(visitor, recipe, "train", None, address)
            run.name, run.is_named, run.is_adopted, run.status.state = name, True, True, RunState.DONE
            try:
                save(run.folder, NAME, model, card)
            except OSError as error:
                self._shelf.forget(run)
                raise JobError(disk_message(error)) from error
            self._shelf.measure(run)
            run.history.parameters = parameters(model)
            return run.id

    # --- the end --------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Kill all processes and remove the folder; the desk is of no use after that."""
        self._pool.close()
        self._shelf.close()

    @property
    def processes(self) -> list[int]:
        """The ids of the training processes."""
        return self._pool.processes

    # --- with the lock held ---------------------------------------------------------------------------------

    def _steerable(self, visitor: object, run: object) -> Run:
        entry = self._shelf.find(visitor, run)
        if entry.status.state is not RunState.STARTING and not entry.status.state.is_steerable:
            raise JobError(_("This run is not going on now."))
        return entry

    def _check_turn(self, visitor: object, address: str) -> None:
        """Raise JobError when the visitor has an active run, or too many runs wait."""
        current = next((run for run in self._shelf.meet(visitor).values() if run.is_active), None)
        if current is not None and current.status.state is RunState.STOPPING:
            raise JobError(_("Your last run is still being measured and kept: try again in a few seconds."))
        if current is not None:
            raise JobError(_("One run at a time: stop the current one first."))
        if refusal := self._pool.refusal(address):
            raise JobError(refusal)

    def _usable(self, run: Run) -> Path:
        """The folder with the weights of the run. Raises JobError where there are none to use."""
        if run.is_active:
            raise JobError(_("This run is still going on: stop it, or wait until it is done."))
        if run.status.state is RunState.DIVERGED:
            raise JobError(_("This run diverged: its weights are of no use."))
        if not run.is_training:
            raise JobError(_("A search keeps no weights: train with what it found."))
        if not run.status.state.is_usable or not (run.folder / f"{NAME}.pt").is_file():
            raise JobError(_("This run has no usable weights: continue it, or start a new one."))
        return run.folder
