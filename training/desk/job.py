"""One run inside a training process: the loop, and what it sends to the page meanwhile.

Watching must not change what is learned: validation in the middle of an epoch draws no random number and
leaves batch normalisation alone, and the records come from the same loop as on the command line.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from data.samples import Pair, Samples
from language import _
from models.checkpoint import save
from models.registry import parameters
from settings import duration
from training.config import TrainConfig
from training.desk.lines import finite
from training.desk.pipe import Control
from training.desk.states import RunState
from training.gradients import judge, layer_gradients
from training.loop import Diverged, Done, Epoch, State, Step, evaluate, train
from training.losses import measured_loss
from training.recipe import Recipe, RunSetup, command, normalised, prepare
from training.report import Examination, examine, report, snapshot
from training.search.sweep import search

FLUSH = 0.05
"""Fewest seconds between two lines with steps."""
LAYERS = 0.25
"""Fewest seconds between two reports of the gradients, and between two kept epochs where these are short."""
VALIDATING = 0.015
KEEPING = 0.005
"""Largest shares of the time that validation within an epoch, and keeping the state, may take."""
VALIDATE = 1.0
KEEP = 5.0
"""Fewest seconds between two of these."""
KEPT_EPOCHS = 100
"""About how many epochs of a run are kept with their filters and predictions."""
FEW = 20
"""All epochs are kept of a run with no more than this."""
CHANGES = 50
"""Most changes that are listed of a run, the latest ones."""
REPORT_SAMPLES = 5_000
"""Most training samples that the report looks at."""
NAME = "run"
"""Name of the checkpoint in the folder of a run."""
STATE = "run.state"
REPORT = "report.json"

INITIAL: deque[tuple[Recipe, Pair, Examination]] = deque(maxlen=16)
"""What initial weights make of a test set, with the recipe and the test set that decide it."""
Send = Callable[..., None]
"""Sends a line to the page, its fields as keyword arguments."""


def epoch_file(number: int) -> str:
    return f"epoch-{number}.json"


class Pace:
    """The speed of a run: samples a second over the last two seconds, without pauses."""

    def __init__(self) -> None:
        self._marks = [(0.0, 0)]

    def add(self, seconds: float, samples: int) -> float:
        self._marks.append((seconds, self._marks[-1][1] + samples))
        while len(self._marks) > 2 and self._marks[0][0] < seconds - 2:
            del self._marks[0]
        (since, before), (now, after) = self._marks[0], self._marks[-1]
        return (after - before) / max(now - since, 1e-6)


class Training:
    """A run of kind "train". Raises ValueError with a sentence, OSError, MemoryError and torch's errors."""

    def __init__(self, control: Control, recipe: Recipe, samples: Samples, send: Send):
        order = control.order
        self.control, self.recipe, self.samples, self.send = control, recipe, samples, send
        self.folder = Path(order["folder"])
        self.budget: float = order["budget"]
        self.setup: RunSetup = prepare(recipe, samples)
        self.card = self.setup.card
        self.per_epoch = len(self.setup.batches)
        self.state = State(self.setup.model, recipe.config, self.per_epoch)
        self.changes: list[str] = list(order["changes"])
        if order["further_epochs"] is not None:
            self._restore(order["further_epochs"])
        self.loss = measured_loss(recipe.config)
        self.size = min(recipe.config.batch_size, len(samples.train[1]))
        self.first = self.step = self._position()
        """The first step that was not sent yet, and the next one."""
        self.unsent_samples = 0
        """Samples of the steps between them."""
        self.columns: dict[str, list[float]] = {"loss": [], "accuracy": [], "lr": [], "norm": []}
        self.pace = Pace()
        self.flushed_at = self.looked_at = -1.0
        self.validated_at = self.state_kept_at = self.epoch_kept_at = 0.0
        self.keep_seconds = self.validate_seconds = 0.0
        """How long it took the last time."""
        self.latest_loss: float | None = None

    def _restore(self, epochs: int) -> None:
        try:
            state_dict = torch.load(self.folder / STATE, map_location="cpu", weights_only=True)
            self.state.load_state_dict(state_dict)
        except FileNotFoundError:
            raise ValueError(_("Nothing is kept of this run that could continue: start it anew.")) from None
        if epochs:
            self.state.extend(epochs)
            if self.recipe.config.schedule != "constant":
                change = _("schedule restarted at step {step}")
                self.changes.append(change.format(step=self._position() + 1))

    def _position(self) -> int:
        return self.state.epoch * self.per_epoch + self.state.step

    def run(self) -> dict[str, Any]:
        """Train to the end or until the page stops the run; returns the "end" of its last line."""
        config, control = self.recipe.config, self.control
        self.send(
            begin={
                "step": self.step,
                "steps": self.state.epochs * self.per_epoch,
                "epoch": self.state.epoch,
                "epochs": self.state.epochs,
                "parameters": parameters(self.setup.model),
                "warnings": list(self.samples.warnings),
            }
        )
        if self.step:
            self._keep()
        control.begin()
        epoch_begun = 0.0
        state, message = RunState.DONE, ""
        records = train(self.setup.model, self.setup.batches, config, state=self.state)
        while True:
            # before each step, the first one too: a run may be stopped before it begins
            if control.is_paused():
                self._flush()
                self.send(paused=True)
                control.wait()
                self.send(paused=False)
            if control.stop_message is not None:
                state, message = RunState.STOPPED, control.stop_message
                break
            if control.seconds > self.budget:
                state = RunState.STOPPED
                message = _("The time for a run, {time}, is used up. What it learned is kept.").format(
                    time=duration(self.budget)
                )
                break
            if (lr := control.take_lr()) is not None:
                change = _("learning rate {lr} from step {step} on")
                self.changes.append(change.format(lr=f"{lr:g}", step=self.step + 1))
                del self.changes[:-CHANGES]
                self.state.set_lr(lr)
            record = next(records)
            now = control.seconds
            if isinstance(record, Step):
                self._add(record)
                if now - self.flushed_at >= FLUSH:
                    self._flush()
                if now - self.looked_at >= LAYERS:
                    self._look()
                if self._should_validate(now - epoch_begun):
                    self._validate()
                if now - self.state_kept_at > max(KEEP, self.keep_seconds / KEEPING):
                    self._keep()
            elif isinstance(record, Epoch):
                self._flush()
                self._look()
                self._end_epoch(record, now - epoch_begun)
                epoch_begun = now
            elif isinstance(record, Diverged):
                self._flush()
                self._look()
                (self.folder / STATE).unlink(missing_ok=True)
                return {"state": RunState.DIVERGED, "message": record.reason, "accuracy": None}
            elif isinstance(record, Done):
                break
        self._flush()
        self.send(finishing=True)
        return self._finish() | {"state": state, "message": message}

    # --- during the run -------------------------------------------------------------------------------------

    def _add(self, record: Step) -> None:
        for name, value in zip(
            self.columns, (record.loss, record.accuracy, record.lr, record.gradient_norm), strict=True
        ):
            self.columns[name].append(value)
        self.latest_loss = record.loss
        self.step += 1
        # the last batch of an epoch may be smaller
        self.unsent_samples += min(self.size, len(self.samples.train[1]) - record.step * self.size)

    def _flush(self) -> None:
        """Send the steps since the last time."""
        if self.step == self.first:
            return
        self.flushed_at = self.control.seconds
        rate = self.pace.add(self.flushed_at, self.unsent_samples)
        self.send(
            steps=self.columns, first=self.first, seconds=round(self.flushed_at, 3), rate=round(rate, 1)
        )
        self.first, self.unsent_samples = self.step, 0
        self.columns = {name: [] for name in self.columns}

    def _look(self) -> None:
        """Send the gradient of each layer: those of the last step are still there."""
        self.looked_at = self.control.seconds
        layers = layer_gradients(self.setup.model)
        verdict = judge(layers, self.state.watch.first, self.latest_loss)
        self.send(
            layers=[[layer.name, layer.gradient] for layer in layers],
            verdict={"kind": verdict.kind, "message": verdict.sentence},
        )

    def _should_validate(self, seconds: float) -> bool:
        """Whether there is time for it, `seconds` into an epoch. At the end of the epoch it comes anyway."""
        if not self.state.step:
            return False
        left = (self.per_epoch - self.state.step) * seconds / self.state.step
        # the backward pass takes about twice as long as the forward pass
        count = len(self.setup.validation[1])
        expected = self.validate_seconds or seconds / (self.state.step * self.size) * count / 3
        gap = max(VALIDATE, expected / VALIDATING)
        return self.control.seconds - self.validated_at >= gap and left >= gap / 2

    def _validate(self) -> None:
        start_time = time.perf_counter()
        loss, accuracy = evaluate(self.state.trained, *self.setup.validation, loss=self.loss)
        self.validate_seconds = time.perf_counter() - start_time
        self.validated_at = self.control.seconds
        self._flush()
        self.send(validation=[self.step, loss, accuracy])

    def _end_epoch(self, record: Epoch, seconds: float) -> None:
        examination = self._examine(self.setup.validation)
        self.validated_at = now = self.control.seconds
        last = self.state.epoch == self.state.epochs
        every = max(1, self.state.epochs // KEPT_EPOCHS)
        is_due = (record.epoch + 1) % every == 0 and now - self.epoch_kept_at >= LAYERS
        if is_due or last or record.epoch == 0 or self.state.epochs <= FEW:
            self._keep_epoch(record.epoch + 1, examination)
        self.send(
            epoch={
                "epoch": record.epoch + 1,
                "step": self.step,
                "loss": record.loss,
                "accuracy": record.accuracy,
                "validation_loss": examination.loss,
                "validation_accuracy": examination.accuracy,
                "seconds": round(seconds, 3),
            },
            seconds=round(now, 3),
        )
        if not last and now - self.state_kept_at > max(KEEP, self.keep_seconds / KEEPING):
            self._keep()

    def _keep_epoch(self, number: int, examination: Examination) -> None:
        """Keep what the page shows of an epoch."""
        epoch = snapshot(self.state.trained, *self.setup.validation, examination=examination)
        epoch["classes"] = self.card.classes
        write(self.folder / epoch_file(number), json.dumps(finite(epoch)).encode())
        self.epoch_kept_at = self.control.seconds

    def _keep(self) -> None:
        """Keep everything that the run needs to continue if this process dies."""
        start_time = time.perf_counter()
        buffer = io.BytesIO()
        torch.save(self.state.state_dict(), buffer)
        write(self.folder / STATE, buffer.getvalue())
        self.keep_seconds = time.perf_counter() - start_time
        self.state_kept_at = self.control.seconds

    def _examine(self, pair: tuple[torch.Tensor, torch.Tensor]) -> Examination:
        return examine(self.state.trained, *pair, loss_fn=self.loss)

    def _before(self) -> Examination:
        """The initial weights on the test set: kept, because many runs of a visitor share them."""
        recipe, data = self.recipe, self.samples.test
        config = dataclasses.replace(TrainConfig(), seed=recipe.config.seed, loss=recipe.config.loss)
        key = dataclasses.replace(recipe, config=config, samples=0, augment="none")
        for initial_recipe, test, examination in INITIAL:
            if initial_recipe == key and test is data:
                return examination
        initial = prepare(recipe, self.samples).model
        examination = examine(initial, *self.setup.test, loss_fn=self.loss)
        INITIAL.append((key, data, examination))
        return examination

    # --- at the end -----------------------------------------------------------------------------------------

    def _finish(self) -> dict[str, Any]:
        """Measure and keep what was learned, and report it."""
        self._keep()  # first: a process that is killed while it measures has lost nothing
        # a run that ended in the middle of an epoch was not validated there
        if self.state.step or not self.step:
            loss, accuracy = evaluate(self.state.trained, *self.setup.validation, loss=self.loss)
            self.send(validation=[self.step, loss, accuracy])
        after = self._examine(self.setup.test)
        x, y = self.samples.train
        on_train = self._examine((normalised(x[:REPORT_SAMPLES]), y[:REPORT_SAMPLES]))
        results = report(self._before(), after, on_train)
        self.card.epochs = self.state.epoch
        self._describe()
        self.card.metrics |= {"test_accuracy": after.accuracy, "test_loss": after.loss}
        save(self.folder, NAME, self.state.trained, self.card)
        write(self.folder / REPORT, json.dumps(finite(results)).encode())
        return {"accuracy": after.accuracy, "changes": self.changes}

    def _describe(self) -> None:
        """Describe the run on the card as it was, not as it was planned."""
        config = self.recipe.config
        if self.state.epochs != config.epochs and config.schedule == "constant":
            longer = dataclasses.replace(config, epochs=self.state.epochs)
            self.card.command = command(dataclasses.replace(self.recipe, config=longer))
        self.card.config["epochs"] = self.state.epochs
        if self.changes:
            self.card.config["changed"] = self.changes


def run_search(control: Control, recipe: Recipe, samples: Samples, send: Send) -> dict[str, Any]:
    """A run of kind "range" or "sweep": records, and no weights. Returns the "end" of its last line."""
    order = control.order
    budget: float = order["budget"]
    records: Iterator[dict[str, Any]] = search(order["kind"], recipe, samples, order["spec"])
    unsent: list[dict[str, Any]] = []
    flushed_at, state, message = -1.0, RunState.DONE, ""
    send(begin={"step": 0, "steps": 0, "epoch": 0, "epochs": 0, "parameters": 0, "warnings": []})
    control.begin()
    while True:
        if control.is_paused():
            send(paused=True)
            control.wait()
            send(paused=False)
        if control.stop_message is not None:
            state, message = RunState.STOPPED, control.stop_message
            break
        if control.seconds > budget:
            state = RunState.STOPPED
            message = _("The time for a run, {time}, is used up.").format(time=duration(budget))
            break
        record = next(records, None)
        if record is not None:
            unsent.append(record)
        if unsent and (record is None or control.seconds - flushed_at >= FLUSH):
            flushed_at = control.seconds
            send(records=unsent, seconds=round(flushed_at, 3))
            unsent = []
        if record is None:
            break
    send(finishing=True)
    if unsent:
        send(records=unsent, seconds=round(control.seconds, 3))
    return {"state": state, "message": message, "accuracy": None}


def write(path: Path, content: bytes) -> None:
    """Write a file that is the old or the new one even if this process is killed meanwhile.

    The folder lives no longer than the page, so unlike `data.files` this does not wait for the disk.
    """
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    os.replace(temporary, path)
