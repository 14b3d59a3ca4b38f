"""Inside a training process: what the page asks for, and what is told back, as lines of JSON.

The page writes {"do": "run", "run": id, ...} and, while that run goes on, {"do": "pause" | "resume" | "stop",
"run": id} or {"do": "lr", "run": id, "lr": x}. Each line back names its run, too. The first,
{"run": id, "accepted": true}, confirms that the order was read, and the last has the key "end"; with
"leaving": true, the process exits after it.
"""

from __future__ import annotations

import json
import math
import os
import queue
import threading
import time
from typing import Any


class Stopped(Exception):
    """The run was asked to stop before it could begin."""


class Control:
    """What the page wants of one run. The run asks between two steps."""

    def __init__(self, order: dict[str, Any]):
        self.order = order
        self._changed = threading.Condition()
        self._paused = False
        self._stopping: str | None = None
        self._lr: float | None = None
        self._waited = 0.0
        self._begun = time.perf_counter()

    def begin(self) -> None:
        """The time of the run counts from now on."""
        self._begun, self._waited = time.perf_counter(), 0.0

    @property
    def seconds(self) -> float:
        """Time since the beginning, without pauses."""
        return time.perf_counter() - self._begun - self._waited

    @property
    def stopping(self) -> str | None:
        """Why the run shall stop, "" when there is nothing to say, None when it shall go on."""
        return self._stopping

    def take(self, order: dict[str, Any]) -> None:
        """An order for this run, from any thread."""
        with self._changed:
            match order["do"]:
                case "pause":
                    self._paused = True
                case "resume":
                    self._paused = False
                case "lr":
                    self._lr = order["lr"]
                case "stop":
                    self._stopping = order.get("said", "")
            self._changed.notify_all()

    def waits(self) -> bool:
        """Whether the run is asked to pause, and not to stop."""
        return self._paused and self._stopping is None

    def wait(self) -> None:
        """Return when the pause is over."""
        begun = time.perf_counter()
        with self._changed:
            while self.waits():
                self._changed.wait()
        self._waited += time.perf_counter() - begun

    def new_lr(self) -> float | None:
        """The learning rate that was asked for since the last call."""
        with self._changed:
            lr, self._lr = self._lr, None
            return lr


class Desk:
    """Both pipes to the page. The process ends at once when the page is gone: nobody would read."""

    def __init__(self, orders: int, answers: int):
        self._orders = orders
        self._answers = answers
        self._runs: queue.SimpleQueue[Control] = queue.SimpleQueue()
        self._controls: dict[str, Control] = {}
        self._speaking = threading.Lock()
        threading.Thread(target=self._listen, name="orders", daemon=True).start()

    def next(self) -> Control:
        """The next run; waits for it."""
        return self._runs.get()

    @property
    def asked(self) -> bool:
        """Whether a run waits."""
        return not self._runs.empty()

    def over(self, control: Control) -> None:
        self._controls.pop(control.order["run"], None)

    def say(self, **told: Any) -> None:
        """One line to the page. Numbers that are not finite become null: JSON has none."""
        try:
            line = json.dumps(told, allow_nan=False, separators=(",", ":"))
        except ValueError:
            line = json.dumps(finite(told), allow_nan=False, separators=(",", ":"))
        data = line.encode() + b"\n"
        with self._speaking:
            try:
                while data:
                    data = data[os.write(self._answers, data) :]
            except OSError:
                os._exit(3)

    def _listen(self) -> None:
        rest = b""
        # os.read and not a file object: a thread that sleeps in it holds no lock
        while data := os.read(self._orders, 2**16):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._take(json.loads(line))
        os._exit(3)

    def _take(self, order: dict[str, Any]) -> None:
        if order["do"] == "run":
            control = self._controls[order["run"]] = Control(order)
            self.say(run=order["run"], accepted=True)
            self._runs.put(control)
        elif order["run"] in self._controls:
            self._controls[order["run"]].take(order)


def finite(told: Any) -> Any:
    """The same with None in place of numbers that are not finite."""
    if isinstance(told, float):
        return told if math.isfinite(told) else None
    if isinstance(told, dict):
        return {key: finite(value) for key, value in told.items()}
    if isinstance(told, (list, tuple)):
        return [finite(value) for value in told]
    return told
