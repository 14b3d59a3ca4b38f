"""Runs programs as `python ...` would, without the seconds that a new Python needs to import torch.

A server process has imported torch, and forks for each program. It has imported no module of this project:
each program imports its own, as in a new Python.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
TIMED_OUT = "timed out"


class Programs:
    """Runs one program at a time."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def run(
        self,
        *arguments: str,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        input: str = "",
        timeout: float = 240,
    ) -> subprocess.CompletedProcess[str]:
        """`subprocess.run([sys.executable, *arguments], text=True, capture_output=True, ...)`. The arguments
        begin with "-c", "-m" or the path of a script.
        """
        environment = dict(os.environ if env is None else env)
        if not hasattr(os, "fork"):
            return subprocess.run(
                [sys.executable, *arguments],
                cwd=cwd, env=environment, input=input, timeout=timeout, capture_output=True, text=True,
            )  # fmt: skip
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, __file__],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            )  # fmt: skip
        assert self._server.stdin is not None and self._server.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            files = [str(Path(folder, name)) for name in ("stdin", "stdout", "stderr")]
            Path(files[0]).write_text(input)
            request: dict[str, Any] = {
                "arguments": arguments,
                "cwd": str(cwd),
                "env": environment,
                "files": files,
            }
            request["timeout"] = timeout
            print(json.dumps(request), file=self._server.stdin, flush=True)
            status = json.loads(self._server.stdout.readline())
            stdout, stderr = (Path(file).read_text() for file in files[1:])
        if status == TIMED_OUT:
            raise subprocess.TimeoutExpired(arguments, timeout, stdout, stderr)
        return subprocess.CompletedProcess(arguments, status, stdout, stderr)

    def close(self) -> None:
        if self._server is not None and self._server.stdin is not None:
            self._server.stdin.close()
            self._server.wait()


def serve() -> None:
    """Run the programs named on standard input until it is closed."""
    import torch  # noqa: F401
    import torchvision  # noqa: F401

    while line := sys.stdin.readline():
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            end(partial(run_here, **request))
        print(json.dumps(status_of(child, request["timeout"])), flush=True)


def end(program: Callable[[], None]) -> NoReturn:
    """Run the program and exit as Python would, but without tearing down all modules, which takes nearly as
    long as importing them.
    """
    status = 0
    try:
        program()
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
        if isinstance(exit.code, str):
            print(exit.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(status)


def status_of(child: int, timeout: float) -> int | str:
    """The exit status of the child, as subprocess has it, or TIMED_OUT."""
    end = time.monotonic() + timeout
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return TIMED_OUT
        time.sleep(0.005)


def run_here(arguments: list[str], cwd: str, env: dict[str, str], files: list[str], **_: Any) -> None:
    """Turn this process into that of `python *arguments`, and run the program."""
    flags = (os.O_RDONLY, *2 * (os.O_WRONLY | os.O_CREAT,))
    for number, (file, flag) in enumerate(zip(files, flags, strict=True)):
        os.dup2(os.open(file, flag), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    first, *rest = arguments
    inherited = [folder for folder in env.get("PYTHONPATH", "").split(os.pathsep) if folder]
    script = first not in ("-c", "-m")
    sys.path[0:1] = [str(Path(first).resolve().parent) if script else cwd, *inherited]
    if script:
        sys.argv = arguments
        runpy.run_path(first, run_name="__main__")
    elif first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = ["-c", *rest[1:]]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)


if __name__ == "__main__":
    serve()
