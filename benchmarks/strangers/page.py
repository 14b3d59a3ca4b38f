"""A page on loopback, and clients that send it what a browser or a stranger would."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from training.desk.states import RunState

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STRANGER, HONEST, CLASS = "127.0.0.3", "127.0.0.2", "127.0.0.4"
"""Addresses of clients, which limits per address tell apart. All are this computer."""
OPENING = 120.0
"""Seconds that a page may take to open on a busy computer."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def extract(commit: str, folder: Path) -> Path:
    """The files of a commit, in a new folder below `folder`. Raises CalledProcessError for an unknown commit.
    """
    archive_file = subprocess.run(
        ["git", "archive", "--format=tar", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(archive_file.stdout)) as archive:
        archive.extractall(folder / "tree", filter="data")
    return folder / "tree"


def environment(temp: Path, data: Path) -> dict[str, str]:
    """Environment of a page with these folders for temporary files and data sets."""
    names = [name for name in os.environ if not name.startswith(("GRADIO_", "TORCH_PLAYGROUND_"))]
    return {name: os.environ[name] for name in names} | {
        "TMPDIR": str(temp),
        "TORCH_PLAYGROUND_DATA": str(data),
        "XDG_CACHE_HOME": str(data / "cache"),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "TORCH_PLAYGROUND_OFFLINE": "1",
    }


class ServedPage:
    """`python app.py` of `tree` with its own folders below `folder`; does not wait until it is open.

    wish: what `runner` changes, "" for nothing. temp: its folder for temporary files, created if missing.
    """

    def __init__(self, tree: Path, folder: Path, data: Path, wish: str = "", temp: Path | None = None):
        self.tree, self.data, self.wish = tree, data, wish
        self.temp = temp or folder / "temp"
        self.temp.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"log-{secrets.token_hex(4)}.txt"
        start = [str(HERE / "runner.py"), str(tree), wish] if wish else ["app.py"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-u", *start, "--port", str(free_port()), "--data", str(data)],
                cwd=tree,
                env=environment(self.temp, data),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for the benchmark, which then ends its pages
            )

    def wait(self) -> ServedPage:
        """Wait until it is open. Raises RuntimeError when it does not open."""
        until = time.monotonic() + OPENING
        while self.address == "":
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the page did not open: {self.log.read_text(errors='replace')[-600:]}")
            time.sleep(0.02)
        return self

    @property
    def address(self) -> str:
        """Its address; "" before it is open."""
        match = re.search(r"is open at (http://\S+)", self.log.read_text(errors="replace"))
        return match[1] if match else ""

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Send it a signal, and kill it if it does not exit within 20 s; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()

    def memory(self) -> float:
        """MB that its process holds; 0 where that cannot be found out."""
        return self._status("VmRSS")

    def peak(self) -> float:
        """The most MB since `reset_peak`."""
        return self._status("VmHWM")

    def reset_peak(self) -> None:
        with contextlib.suppress(OSError):
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _status(self, name: str) -> float:
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0.0
        match = re.search(rf"{name}:\s+(\d+) kB", text)
        return int(match[1]) / 1024 if match else 0.0

    def children(self) -> list[int]:
        """The ids of its training processes."""
        match = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parent = stat.read_text().rpartition(")")[2].split()[1]
                words = (stat.parent / "cmdline").read_text()
                if int(parent) == self.process.pid and "training" in words:
                    match.append(int(stat.parent.name))
        return match

    def files(self) -> tuple[int, float]:
        """The number of files in its temporary folder and their size in MB, without those of runs."""
        sizes = []
        for path in self.temp.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file() and "torch-playground-runs-" not in str(path):
                    sizes.append(path.stat().st_size)
        return len(sizes), sum(sizes) / 1e6


class Refused(Exception):
    """The page refused a request; the text is its answer."""


class Client:
    """One session. source: the client's address."""

    def __init__(self, address: str, source: str = STRANGER, timeout: float = 120.0):
        self.address, self.source, self.timeout = address, source, timeout
        self.session = secrets.token_urlsafe(16)
        # other systems have a single loopback address
        local = source if sys.platform == "linux" else None
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
        self.http = httpx.Client(
            base_url=address,
            timeout=timeout,
            transport=httpx.HTTPTransport(local_address=local, limits=limits),
        )
        self._beat: httpx.Response | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.leave()
        self.http.close()

    # --- the parts of the page ------------------------------------------------------------------------------

    @cached_property
    def config(self) -> dict[str, Any]:
        return self.http.get("config").raise_for_status().json()

    @cached_property
    def parts(self) -> dict[int, dict[str, Any]]:
        return {part["id"]: part for part in self.config["components"]}

    def part(self, elem_id: str) -> int:
        """The component of that name."""
        return next(key for key, part in self.parts.items() if part["props"].get("elem_id") == elem_id)

    def endpoint(self, name: str) -> int:
        """The function of that name."""
        return next(fn["id"] for fn in self.config["dependencies"] if fn["api_name"] == name)

    def listener(self, elem_id: str, event: str) -> int:
        """The function that an event of a component calls first."""
        target = [self.part(elem_id), event]
        return next(fn["id"] for fn in self.config["dependencies"] if target in fn["targets"])

    def inputs(self, fn: int) -> list[int]:
        return next(entry["inputs"] for entry in self.config["dependencies"] if entry["id"] == fn)

    def values(self, fn: int) -> list[Any]:
        """What a newly opened page sends to a function."""
        return [self.parts[key]["props"].get("value") for key in self.inputs(fn)]

    # --- what a browser does --------------------------------------------------------------------------------

    def open(self) -> None:
        """Load the page, keep contact, and do what it does once it is open."""
        self.http.get("").raise_for_status()
        self.keep_contact()
        events = self.config["dependencies"]
        self.ask(next(fn["id"] for fn in events if any(name == "load" for _, name in fn["targets"])), [])

    def keep_contact(self) -> None:
        request = self.http.build_request("GET", f"gradio_api/heartbeat/{self.session}")
        self._beat = self.http.send(request, stream=True)

    def leave(self) -> None:
        """Close the page."""
        if self._beat is not None:
            self._beat.close()
            self._beat = None

    def body(self, fn: int, data: list[Any]) -> dict[str, Any]:
        return {"data": data, "fn_index": fn, "session_hash": self.session}

    def join(self, fn: int, data: list[Any]) -> str:
        """Queue a call; returns its id."""
        answer = self.http.post("gradio_api/queue/join", json=self.body(fn, data))
        if answer.status_code != 200:
            raise Refused(f"{answer.status_code} {answer.text[:200]}")
        return answer.json()["event_id"]

    def ask(self, fn: int, data: list[Any]) -> list[Any]:
        """The result of a call through the queue. One at a time. Raises Refused, also when there is no answer
        in time.
        """
        until = time.monotonic() + self.timeout
        event = self.join(fn, data)
        with self.http.stream(
            "GET", "gradio_api/queue/data", params={"session_hash": self.session}
        ) as answer:
            for line in answer.iter_lines():
                if time.monotonic() > until:
                    raise Refused(f"no answer within {self.timeout:.0f} s")
                if not line.startswith("data:"):
                    continue
                message = json.loads(line[5:])
                if message.get("msg") == "process_completed" and message.get("event_id") == event:
                    if not message["success"]:
                        raise Refused(str(message["output"].get("error")))
                    return message["output"].get("data", [])
                if message.get("msg") == "unexpected_error":
                    raise Refused(str(message.get("message")))
        raise Refused("no answer came")

    def run(self, fn: int, data: list[Any]) -> httpx.Response:
        """A call past the queue."""
        return self.http.post("gradio_api/run/predict", json=self.body(fn, data))

    def server(self, elem_id: str, name: str, data: Any) -> dict[str, Any]:
        """The answer of a function of a component. Raises Refused, also for a "problem" in it."""
        question = {
            "component_id": self.part(elem_id), "fn_name": name, "data": data, "session_hash": self.session,
        }  # fmt: skip
        answer = self.http.post("gradio_api/component_server", json=question)
        if answer.status_code != 200:
            raise Refused(f"{answer.status_code} {answer.text[:200]}")
        if "problem" in answer.json():
            raise Refused(answer.json()["problem"])
        return answer.json()

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """The file as inputs take it. Raises Refused."""
        answer = self.http.post("gradio_api/upload", files={"files": (name, content)})
        if answer.status_code != 200:
            raise Refused(f"{answer.status_code} {answer.text[:200]}")
        return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    # --- training -------------------------------------------------------------------------------------------

    def train(self, recipe: dict[str, Any], visitor: str = "") -> str:
        """Start a run; returns its id. visitor: default this session."""
        request = {"visitor": visitor or self.session, "recipe": recipe, "token": None}
        return self.server("train-run", "start", request)["run"]

    def follow(self, run: str, visitor: str = "") -> dict[str, Any]:
        request = {"visitor": visitor or self.session, "run": run}
        return self.server("train-run", "follow", request)

    def stop_run(self, run: str, visitor: str = "") -> None:
        request = {"visitor": visitor or self.session, "run": run, "wish": "stop", "value": None}
        with contextlib.suppress(Refused):
            self.server("train-run", "steer", request)

    def end_of(self, run: str, seconds: float = 90.0, visitor: str = "") -> dict[str, Any]:
        """The status of a run when it has ended, or after so many seconds."""
        until = time.monotonic() + seconds
        while True:
            now = self.follow(run, visitor)
            if RunState(now["state"]).has_ended or time.monotonic() > until:
                return now
            time.sleep(0.25)


TINY = {
    "network": "softmax_regression", "data": "garments", "samples": 500, "epochs": 1, "batch_size": 64,
}  # fmt: skip
"""A run of one second."""
LONG = {"network": "tutorial_cnn", "data": "garments", "samples": 0, "epochs": 50}
"""A run that lasts until it is stopped."""


class Watch:
    """Within this context an honest visitor, in another process and with another address, asks for a pattern
    every 0.2 s; afterwards `worst` is the longest answer in seconds, "–" if there was none.
    """

    def __init__(self, page: ServedPage):
        self._page = page
        self.worst = "–"

    def __enter__(self) -> Watch:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.strangers.honest", self._page.address, HONEST],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError("the honest visitor got no answer before the attack")
        return self

    def __exit__(self, *error: object) -> None:
        guard = threading.Timer(100.0, self._process.kill)
        guard.start()
        try:
            output, _ = self._process.communicate()  # closes its input, which stops it
        finally:
            guard.cancel()
            self._process.kill()
        if output.strip():
            longest, failed = output.split()
            self.worst = f"{float(longest):.2f}" + (f" ({failed} failed)" if failed != "0" else "")
