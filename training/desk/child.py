"""A training process seen from the page: started, spoken to, listened to, ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import settings


class Child:
    """One `python -m training.desk.worker`. `heard(child, line)` and at last `gone(child, status)` are called
    from a thread of its own.

    The process ends by itself when this one is gone. Raises OSError when none can be started.
    """

    def __init__(
        self,
        threads: int,
        nice: int,
        heard: Callable[[Child, dict[str, Any]], None],
        gone: Callable[[Child, int], None],
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
                **os.environ,
                "OMP_NUM_THREADS": str(threads),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        if os.name == "posix":  # elsewhere an order to a process that hangs may have to wait
            os.set_blocking(self.process.stdin.fileno(), False)
        self._heard, self._gone = heard, gone
        self._thread = threading.Thread(target=self._listen, name="training", daemon=True)
        self._thread.start()

    def send(self, **order: Any) -> None:
        """One order, without waiting. A process that has ended is no error: `gone` is called anyway. A
        process whose pipe is full has stopped reading and is killed.
        """
        assert self.process.stdin is not None
        line = json.dumps(order).encode() + b"\n"
        try:
            written = os.write(self.process.stdin.fileno(), line)
        except BlockingIOError:
            written = 0
        except (OSError, ValueError):
            return
        if written < len(line):
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self.process.poll() is not None:
            return
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()

    def join(self) -> None:
        """Wait until it has gone and all that it said was heard."""
        self._thread.join()

    def _listen(self) -> None:
        assert self.process.stdout is not None and self.process.stdin is not None
        try:
            for line in self.process.stdout:
                try:
                    told = json.loads(line)
                except ValueError:
                    break  # the last line of a process that was killed while it spoke
                self._heard(self, told)
        finally:
            self.kill()
            status = self.process.wait()
            self.process.stdout.close()
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self._gone(self, status)


def how_it_ended(status: int) -> str:
    """A sentence on a process that has ended in the middle of a run."""
    if status == -getattr(signal, "SIGKILL", 9):
        return (
            "The process of this run was ended from outside. Often there is no memory left: choose a smaller"
            " batch size or a smaller network."
        )
    what = f"signal {-status}" if status < 0 else f"exit status {status}"
    return f"The process of this run broke off ({what}): start it again."
