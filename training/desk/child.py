"""A training process as the page sees it: start it, send it orders, read its lines, kill it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import settings
from language import _
from training.desk.lines import decode, encode


class Child:
    """One `python -m training.desk.worker`. A thread of its own calls `on_line(child, line)` and, when the
    process has exited, `on_exit(child, exit status)`.

    The process exits by itself when this one is gone. Raises OSError when none can be started.
    """

    def __init__(
        self,
        threads: int,
        nice: int,
        on_line: Callable[[Child, dict[str, Any]], None],
        on_exit: Callable[[Child, int], None],
    ):
        self.ready = False
        """Whether it has warmed up."""
        self.leaving = False
        """Whether it is about to exit and takes no further run."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "training.desk.worker", "--threads", str(threads), "--nice", str(nice)],
            cwd=settings.ROOT,
            env={
                # large pages, where glibc can ask for them: the tensors of a step lie on many small ones
                "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
                # threads that wait for each other sleep: those that spin train 80 times slower while another
                # program keeps a core busy
                "OMP_WAIT_POLICY": "passive",
                **os.environ,
                "OMP_NUM_THREADS": str(threads),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        if os.name == "posix":  # elsewhere an order to a hanging process may have to wait
            os.set_blocking(self.process.stdin.fileno(), False)
        self._on_line, self._on_exit = on_line, on_exit
        self._thread = threading.Thread(target=self._listen, name="training", daemon=True)
        self._thread.start()

    def send(self, **order: Any) -> None:
        """One order, without waiting. It is no error if the process has exited: `on_exit` is called anyway.
        A process whose pipe is full has stopped reading and is killed.
        """
        assert self.process.stdin is not None
        line = encode(order)
        try:
            written = os.write(self.process.stdin.fileno(), line)
        except BlockingIOError:
            written = 0
        except (OSError, ValueError):
            return
        if written < len(line):
            self.kill()

    def kill(self) -> None:
        """Kill it at once."""
        if self.process.poll() is not None:
            return
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()

    def join(self) -> None:
        """Wait until it has exited and all its lines were read."""
        self._thread.join()

    def _listen(self) -> None:
        assert self.process.stdout is not None and self.process.stdin is not None
        try:
            for line in self.process.stdout:
                try:
                    payload = decode(line)
                except ValueError:
                    break  # the process was killed while it wrote this line
                self._on_line(self, payload)
        finally:
            self.kill()
            status = self.process.wait()
            self.process.stdout.close()
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self._on_exit(self, status)


def exit_message(status: int) -> str:
    """A sentence about a process that exited in the middle of a run."""
    if status == -getattr(signal, "SIGKILL", 9):
        return _(
            "The process of this run was killed from outside. Often there is no memory left: choose a smaller"
            " batch size or a smaller network."
        )
    if status < 0:
        return _("The process of this run broke off (signal {n}): start it again.").format(n=-status)
    return _("The process of this run broke off (exit status {n}): start it again.").format(n=status)
