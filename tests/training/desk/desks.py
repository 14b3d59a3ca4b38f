"""What the tests of runs share: visitors, a small run on pictures of their own, and ways to wait for it."""

import dataclasses
import time
import types
from contextlib import contextmanager

import torch

from data.samples import Samples
from training.config import TrainConfig
from training.desk.states import RunState
from training.loop import Done, Epoch, State, Step, train
from training.recipe import Recipe, prepare

ANNA, BERT, CARL = ("anna" * 5, "bert" * 5, "carl" * 5)
RECIPE = Recipe(
    network="mlp", width=16, data="own", samples=0, config=TrainConfig(epochs=3, batch_size=16, lr=0.05)
)
ENDLESS = dataclasses.replace(RECIPE, config=dataclasses.replace(RECIPE.config, epochs=1000, batch_size=4))


def own(count: int = 128) -> Samples:
    """Pictures whose class is their brighter half."""
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 120, (count + 40, 1, 28, 28), dtype=torch.uint8, generator=generator)
    labels = torch.arange(count + 40) % 2
    pictures[labels == 0, :, :14] += 100
    pictures[labels == 1, :, 14:] += 100
    rest = pictures[count:], labels[count:]
    return Samples((pictures[:count], labels[:count]), rest, rest, ("above", "below"), "{taken} halves")


OWN = own()


def until(desk, visitor, run, states=None, seconds=200.0, **more):
    """Follow the run until it is in one of the states, by default one in which it has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = desk.follow(visitor, run, wait=0.5, since=10**9, **more)
        if status["state"] in states if states else status["state"].has_ended:
            return status
    raise AssertionError(f"still {status['state']} after {seconds} s: {status['said']}")


def steps(desk, visitor, run, count):
    """Follow the run until it has taken so many steps."""
    for _ in range(2000):
        status = desk.follow(visitor, run, since=count - 1, wait=0.1)
        if status["cursor"] >= count or status["state"].has_ended:
            return status
    raise AssertionError(f"only {status['cursor']} steps: {status['state']}")


@contextmanager
def one_thread():
    """As in the process of the desk: sums of more threads have other last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def after(count, changed_at=0, lr=0.0):
    """The network of ENDLESS after `count` steps in this process, with another rate from `changed_at` on."""
    ready = prepare(ENDLESS, OWN)
    state = State(ready.model, ENDLESS.config, len(ready.batches))
    records = train(ready.model, ready.batches, ENDLESS.config, state=state)
    done = 0
    with one_thread():
        while done < count:
            done += isinstance(next(records), Step)
            if done == changed_at:
                state.set_lr(lr)
    return ready.model


def alone(recipe=RECIPE):
    """The same run in this process: its steps, epochs and network."""
    ready = prepare(recipe, OWN)
    with one_thread():
        records = list(train(ready.model, ready.batches, recipe.config))
    assert isinstance(records[-1], Done)
    return [r for r in records if isinstance(r, Step)], [r for r in records if isinstance(r, Epoch)], ready


def assert_same_weights(model, other):
    for (name, value), expected in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(value, expected), name


class ScriptedChild:
    """Stands in for a training process: it takes orders, and sends the lines that the test chooses."""

    started: list["ScriptedChild"] = []

    def __init__(self, threads, nice, on_line, on_exit):
        self.ready, self.leaving, self.alive = True, False, True
        self.orders, self.process = [], types.SimpleNamespace(pid=len(self.started))
        self._on_line, self._on_exit = on_line, on_exit
        self.started.append(self)

    @property
    def run(self):
        """The id of the latest run that it was given."""
        return next(order["run"] for order in reversed(self.orders) if order["do"] == "run")

    def send(self, **order):
        self.orders.append(order)

    def say(self, **line):
        self._on_line(self, {"run": self.run, **line})

    def begin(self):
        self.say(accepted=True)
        self.say(begin={"step": 0, "steps": 9, "epoch": 0, "epochs": 1, "parameters": 1, "warnings": []})

    def end(self, **line):
        self.say(end={"state": RunState.DONE, "message": "", "accuracy": None}, **line)

    def exit(self, status=0):
        self.alive = False
        self._on_exit(self, status)

    def kill(self):
        self.alive = False

    def join(self):
        pass
