"""One run inside a training process: the loop, and what is told of it while it goes on.

What a visitor watches must not change what is learned: validation in the middle of an epoch draws no random
number and leaves batch normalisation alone, and the records come from the same loop as on the command line.
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
from models.checkpoint import save
from models.registry import parameters
from settings import duration
from training.config import TrainConfig
from training.desk.pipe import Control, finite
from training.desk.states import RunState
from training.gradients import judge, layer_gradients
from training.loop import Diverged, Done, Epoch, State, Step, evaluate, train
from training.losses import measured_loss
from training.recipe import Prepared, Recipe, command, normalised, prepare
from training.report import Examined, examine, report, snapshot
from training.search.sweep import search

FLUSH = 0.05
"""Seconds between two lines with steps."""
LAYERS = 0.25
"""Seconds between two looks at the gradients of each layer, and at the filters where epochs are short."""
VALIDATING = 0.015
KEEPING = 0.005
"""Most of the time that validation within an epoch, and keeping the state, may take."""
VALIDATE = 1.0
KEEP = 5.0
"""Fewest seconds between two of them."""
SHOWN = 100
"""Epochs of a run whose filters and predictions are kept, about."""
FEW = 20
"""Of a run of so many epochs all are kept, however quick they are."""
CHANGES = 50
"""Changes on the way that are told of a run, the last ones."""
ASKED = 5_000
"""Training samples that the report looks at, at most."""
NAME = "run"
"""Of the checkpoint in the folder of a run."""
STATE = "run.state"
REPORT = "report.json"

KNOWN: deque[tuple[Recipe, Pair, Examined]] = deque(maxlen=16)
"""What initial weights make of a test set, by what decides them."""
Say = Callable[..., None]


def epoch_file(number: int) -> str:
    return f"epoch-{number}.json"


class Pace:
    """How fast a run goes: samples a second over the last two seconds without pauses."""

    def __init__(self) -> None:
        self._seen = [(0.0, 0)]

    def add(self, seconds: float, samples: int) -> float:
        self._seen.append((seconds, self._seen[-1][1] + samples))
        while len(self._seen) > 2 and self._seen[0][0] < seconds - 2:
            del self._seen[0]
        (since, before), (now, after) = self._seen[0], self._seen[-1]
        return (after - before) / max(now - since, 1e-6)


class Training:
    """A run of kind "train". Raises ValueError with a sentence, OSError, MemoryError and torch's errors."""

    def __init__(self, control: Control, recipe: Recipe, samples: Samples, say: Say):
        order = control.order
        self.control, self.recipe, self.samples, self.say = control, recipe, samples, say
        self.folder = Path(order["folder"])
        self.budget: float = order["budget"]
        self.prepared: Prepared = prepare(recipe, samples)
        self.card = self.prepared.card
        self.per_epoch = len(self.prepared.batches)
        self.state = State(self.prepared.model, recipe.config, self.per_epoch)
        self.changes: list[str] = list(order["changes"])
        if order["go_on"] is not None:
            self._restore(order["go_on"])
        self.loss = measured_loss(recipe.config)
        self.size = min(recipe.config.batch_size, len(samples.train[1]))
        self.at = self.step = self._position()
        self.taken = 0
        """Samples of the steps that were not told yet."""
        self.columns: dict[str, list[float]] = {"loss": [], "accuracy": [], "lr": [], "norm": []}
        self.pace = Pace()
        self.flushed = self.looked = -1.0
        self.validated = self.kept = self.shown = 0.0
        self.keeping = 0.0
        self.evaluated_in = 0.0
        self.latest: float | None = None
        """Loss of the newest step."""

    def _restore(self, epochs: int) -> None:
        try:
            saved = torch.load(self.folder / STATE, map_location="cpu", weights_only=True)
            self.state.load_state_dict(saved)
        except FileNotFoundError:
            raise ValueError("Nothing of this run was kept that could go on: start it anew.") from None
        if epochs:
            self.state.extend(epochs)
            if self.recipe.config.schedule != "constant":
                self.changes.append(f"schedule begun anew at step {self._position() + 1}")

    def _position(self) -> int:
        return self.state.epoch * self.per_epoch + self.state.step

    def run(self) -> dict[str, Any]:
        """Train until the end or until told to stop; returns what the run came to."""
        config, control = self.recipe.config, self.control
        self.say(
            begin={
                "step": self.step,
                "steps": self.state.epochs * self.per_epoch,
                "epoch": self.state.epoch,
                "epochs": self.state.epochs,
                "parameters": parameters(self.prepared.model),
                "warnings": list(self.samples.warnings),
            }
        )
        if self.step:
            self._keep()
        control.begin()
        epoch_begun = 0.0
        ended, said = RunState.DONE, ""
        records = train(self.prepared.model, self.prepared.batches, config, state=self.state)
        while True:
            # asked before each step, the first one too: a run may be stopped before it has begun
            if control.waits():
                self._flush()
                self.say(paused=True)
                control.wait()
                self.say(paused=False)
            if control.stopping is not None:
                ended, said = RunState.STOPPED, control.stopping
                break
            if control.seconds > self.budget:
                ended = RunState.STOPPED
                said = f"The time for a run, {duration(self.budget)}, is used up. What it learned is kept."
                break
            if (lr := control.new_lr()) is not None:
                self.changes.append(f"learning rate {lr:g} from step {self.step + 1} on")
                del self.changes[:-CHANGES]
                self.state.set_lr(lr)
            record = next(records)
            now = control.seconds
            if isinstance(record, Step):
                self._add(record)
                if now - self.flushed >= FLUSH:
                    self._flush()
                if now - self.looked >= LAYERS:
                    self._look()
                if self._should_validate(now - epoch_begun):
                    self._validate()
                if now - self.kept > max(KEEP, self.keeping / KEEPING):
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
                return {"state": RunState.DIVERGED, "said": record.reason, "accuracy": None}
            elif isinstance(record, Done):
                break
        self._flush()
        self.say(ending=True)
        return self._finish() | {"state": ended, "said": said}

    # --- while it goes on -----------------------------------------------------------------------------------

    def _add(self, record: Step) -> None:
        for name, value in zip(
            self.columns, (record.loss, record.accuracy, record.lr, record.gradient_norm), strict=True
        ):
            self.columns[name].append(value)
        self.latest = record.loss
        self.step += 1
        # the last batch of an epoch may be smaller
        self.taken += min(self.size, len(self.samples.train[1]) - record.step * self.size)

    def _flush(self) -> None:
        """Tell the steps since the last time."""
        count = self.step - self.at
        if not count:
            return
        self.flushed = self.control.seconds
        rate = self.pace.add(self.flushed, self.taken)
        self.say(steps=self.columns, at=self.at, seconds=round(self.flushed, 3), rate=round(rate, 1))
        self.at, self.taken = self.step, 0
        self.columns = {name: [] for name in self.columns}

    def _look(self) -> None:
        """Tell the gradient of each layer: those of the last step are still there."""
        self.looked = self.control.seconds
        layers = layer_gradients(self.prepared.model)
        verdict = judge(layers, self.state.watch.first, self.latest)
        self.say(
            layers=[[layer.name, layer.gradient] for layer in layers],
            verdict={"kind": verdict.kind, "said": verdict.said},
        )

    def _should_validate(self, into: float) -> bool:
        """Whether there is time for it. At the end of the epoch it comes anyway."""
        if not self.state.step:
            return False
        left = (self.per_epoch - self.state.step) * into / self.state.step
        # the backward pass takes about twice as long as the forward pass
        held = len(self.prepared.validation[1])
        expected = self.evaluated_in or into / (self.state.step * self.size) * held / 3
        gap = max(VALIDATE, expected / VALIDATING)
        return self.control.seconds - self.validated >= gap and left >= gap / 2

    def _validate(self) -> None:
        begun = time.perf_counter()
        loss, accuracy = evaluate(self.state.trained, *self.prepared.validation, loss=self.loss)
        self.evaluated_in = time.perf_counter() - begun
        self.validated = self.control.seconds
        self._flush()
        self.say(validated=[self.step, loss, accuracy])

    def _end_epoch(self, record: Epoch, seconds: float) -> None:
        examined = self._examine(self.prepared.validation)
        self.validated = now = self.control.seconds
        last = self.state.epoch == self.state.epochs
        every = max(1, self.state.epochs // SHOWN)
        due = (record.epoch + 1) % every == 0 and now - self.shown >= LAYERS
        if due or last or record.epoch == 0 or self.state.epochs <= FEW:
            self._show(record.epoch + 1, examined)
        self.say(
            epoch={
                "epoch": record.epoch + 1,
                "step": self.step,
                "loss": record.loss,
                "accuracy": record.accuracy,
                "validation_loss": examined.loss,
                "validation_accuracy": examined.accuracy,
                "seconds": round(seconds, 3),
            },
            seconds=round(now, 3),
        )
        if not last and now - self.kept > max(KEEP, self.keeping / KEEPING):
            self._keep()

    def _show(self, number: int, examined: Examined) -> None:
        """Keep what the page shows of an epoch."""
        shown = snapshot(self.state.trained, *self.prepared.validation, examined=examined)
        shown["classes"] = self.card.classes
        write(self.folder / epoch_file(number), json.dumps(finite(shown)).encode())
        self.shown = self.control.seconds

    def _keep(self) -> None:
        """Keep all that the run needs to go on, should this process die."""
        begun = time.perf_counter()
        buffer = io.BytesIO()
        torch.save(self.state.state_dict(), buffer)
        write(self.folder / STATE, buffer.getvalue())
        self.keeping = time.perf_counter() - begun
        self.kept = self.control.seconds

    def _examine(self, pair: tuple[torch.Tensor, torch.Tensor]) -> Examined:
        return examine(self.state.trained, *pair, loss_fn=self.loss)

    def _before(self) -> Examined:
        """The initial weights on the test set: the same for many runs of a visitor, so it is kept."""
        recipe, data = self.recipe, self.samples.test
        config = dataclasses.replace(TrainConfig(), seed=recipe.config.seed, loss=recipe.config.loss)
        key = dataclasses.replace(recipe, config=config, samples=0, augment="none")
        known = next((one for for_key, of, one in KNOWN if for_key == key and of is data), None)
        if known is None:
            initial = prepare(recipe, self.samples).model
            known = examine(initial, *self.prepared.test, loss_fn=self.loss)
            KNOWN.append((key, data, known))
        return known

    # --- at the end -----------------------------------------------------------------------------------------

    def _finish(self) -> dict[str, Any]:
        """Measure and keep what was learned, and report it."""
        self._keep()  # first: a process that is killed while it measures has lost nothing
        # a run that ended in the middle of an epoch was not validated there
        if self.state.step or not self.step:
            loss, accuracy = evaluate(self.state.trained, *self.prepared.validation, loss=self.loss)
            self.say(validated=[self.step, loss, accuracy])
        after = self._examine(self.prepared.test)
        x, y = self.samples.train
        learned = self._examine((normalised(x[:ASKED]), y[:ASKED]))
        told = report(self._before(), after, learned)
        self.card.epochs = self.state.epoch
        self._describe()
        self.card.metrics |= {"test_accuracy": after.accuracy, "test_loss": after.loss}
        save(self.folder, NAME, self.state.trained, self.card)
        write(self.folder / REPORT, json.dumps(finite(told)).encode())
        return {"accuracy": after.accuracy, "changes": self.changes}

    def _describe(self) -> None:
        """Have the card tell the run as it was, not as it was begun."""
        config = self.recipe.config
        if self.state.epochs != config.epochs and config.schedule == "constant":
            longer = dataclasses.replace(config, epochs=self.state.epochs)
            self.card.command = command(dataclasses.replace(self.recipe, config=longer))
        self.card.config["epochs"] = self.state.epochs
        if self.changes:
            self.card.config["changed"] = self.changes


def searching(control: Control, recipe: Recipe, samples: Samples, say: Say) -> dict[str, Any]:
    """A run of kind "range" or "sweep": records, and no weights."""
    order = control.order
    budget: float = order["budget"]
    found: Iterator[dict[str, Any]] = search(order["kind"], recipe, samples, order["spec"])
    waiting: list[dict[str, Any]] = []
    flushed, ended, said = -1.0, RunState.DONE, ""
    say(begin={"step": 0, "steps": 0, "epoch": 0, "epochs": 0, "parameters": 0, "warnings": []})
    control.begin()
    while True:
        if control.waits():
            say(paused=True)
            control.wait()
            say(paused=False)
        if control.stopping is not None:
            ended, said = RunState.STOPPED, control.stopping
            break
        if control.seconds > budget:
            ended, said = RunState.STOPPED, f"The time for a run, {duration(budget)}, is used up."
            break
        record = next(found, None)
        if record is not None:
            waiting.append(record)
        if waiting and (record is None or control.seconds - flushed >= FLUSH):
            flushed = control.seconds
            say(records=waiting, seconds=round(flushed, 3))
            waiting = []
        if record is None:
            break
    say(ending=True)
    if waiting:
        say(records=waiting, seconds=round(control.seconds, 3))
    return {"state": ended, "said": said, "accuracy": None}


def write(path: Path, content: bytes) -> None:
    """Write a file that is the old one or the new one even if this process is killed meanwhile.

    The folder lives no longer than the page, so the disk is not waited for as in `data.files`.
    """
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    os.replace(temporary, path)
