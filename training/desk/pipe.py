"""Inside a training process: the pipes to the page. Orders arrive, lines about the runs leave, both as
`training.desk.lines`.

The page writes {"do": "run", "run": id, ...} and, during that run, {"do": "pause" | "resume" | "stop",
"run": id} or {"do": "lr", "run": id, "lr": x}. Each line sent back names its run as well. The first,
{"run": id, "accepted": true}, confirms that the order was read, and the last has the key "end"; with
"leaving": true, the process exits after it.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import Any

from training.desk.lines import decode, encode


class Stopped(Exception):
    """The run was stopped before it began."""


class Control:
    """What the page wants of one run. The run looks here between two steps."""

    def __init__(self, order: dict[str, Any]):
        self.order = order
        self._changed = threading.Condition()
        self._paused = False
        self._stop_message: str | None = None
        self._lr: float | None = None
        self._waited = 0.0
        self._begun = time.perf_counter()

    def begin(self) -> None:
        """Start the clock of the run."""
        self._begun, self._waited = time.perf_counter(), 0.0

    @property
    def seconds(self) -> float:
        """Time since the beginning, without pauses."""
        return time.perf_counter() - self._begun - self._waited

    @property
    def stop_message(self) -> str | None:
        """Why the run must stop, "" when there is nothing to say, None while it may go on."""
        return self._stop_message

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
                    self._stop_message = order.get("message", "")
            self._changed.notify_all()

    def is_paused(self) -> bool:
        """Whether the run must pause, and not stop."""
        return self._paused and self._stop_message is None

    def wait(self) -> None:
        """Return when the pause is over."""
        start_time = time.perf_counter()
        with self._changed:
            while self.is_paused():
                self._changed.wait()
        self._waited += time.perf_counter() - start_time

    def take_lr(self) -> float | None:
        """The learning rate that was set since the last call, None for none."""
        with self._changed:
            lr, self._lr = self._lr, None
            return lr


class Pipes:
    """Both pipes to the page. The process exits at once when the page is gone: nobody would read."""

    def __init__(self, orders: int, answers: int):
        self._orders = orders
        self._answers = answers
        self._runs: queue.SimpleQueue[Control] = queue.SimpleQueue()
        self._controls: dict[str, Control] = {}
        self._writing = threading.Lock()
        threading.Thread(target=self._listen, name="orders", daemon=True).start()

    def next(self) -> Control:
        """The next run; waits for it."""
        return self._runs.get()

    @property
    def has_run(self) -> bool:
        """Whether a run waits."""
        return not self._runs.empty()

    def forget(self, control: Control) -> None:
        """Take no further orders for a run."""
        self._controls.pop(control.order["run"], None)

    def send(self, **line: Any) -> None:
        """One line to the page."""
        data = encode(line)
        with self._writing:
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
                self._take(decode(line))
        os._exit(3)

    def _take(self, order: dict[str, Any]) -> None:
        if order["do"] == "run":
            control = self._controls[order["run"]] = Control(order)
            self.send(run=order["run"], accepted=True)
            self._runs.put(control)
        elif order["run"] in self._controls:
            self._controls[order["run"]].take(order)
