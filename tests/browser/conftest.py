"""A real Chromium on the real page: the program runs as a visitor starts it, in a process of its own.

A test fails when the page requests anything outside this machine or writes an error to the console.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    FloatRect,
    Locator,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30_000
"""How long a test waits for a state before it fails, in ms."""
expect.set_options(timeout=PATIENCE)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--renderer-process-limit=1",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    # less work for V8: functions are compiled when they are called, and memory is large enough to wait
    "--js-flags=--max-lazy,--min-semi-space-size=64,--initial-heap-size=512,--no-concurrent-marking",
    # only names of this machine resolve; a route that asks Python about every request would slow each page
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
HERE = {"127.0.0.1", "localhost"}
LEFT = re.compile(r"AbortError: signal is aborted|Unexpected error\s+Connection errored out")
"""What Gradio writes when a page is left while it waits for an answer. Where the server is at fault, the
browser complains as well.
"""
WIDE = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Program:
    """`python app.py` on a free port, in a process of its own that can be killed and started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Returns the address once the page is open."""
        # its own session, so that a Ctrl-C in the terminal does not end it before the tests
        process = self._process = subprocess.Popen(
            [sys.executable, "-u", "app.py", "--port", str(self.port)],
            cwd=ROOT,
            env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        lines: list[str] = []
        addresses: queue.Queue[str] = queue.Queue()

        def listen() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                for url in re.findall(r"open at (http://\S+)", line):
                    addresses.put(url)

        threading.Thread(target=listen, daemon=True).start()
        end = time.monotonic() + 240
        while addresses.empty():
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail("the page did not open:\n" + "".join(lines[-30:]))
            time.sleep(0.05)
        return addresses.get()

    def kill(self) -> None:
        """Without any warning, as when the machine goes down."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def status(self) -> int | None:
        """Of a process that has ended."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()


@pytest.fixture(scope="session")
def locale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the page's catalogues; a test may add a language while the page is open."""
    return tmp_path_factory.mktemp("locale")


@pytest.fixture(scope="session")
def address(locale: Path) -> Iterator[str]:
    """The page of `python app.py --port ...`, stopped at the end."""
    program = Program()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TORCH_PLAYGROUND_LOCALE", str(locale))
            address = program.start()
        yield address
    finally:
        program.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """CHROMIUM names a browser; else Debian's, else Playwright's own."""
    named = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=named, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def profile(chromium: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser profile whose cache holds the files of the page, and whose process has compiled its scripts:
    both take longer than most tests. The process lives as long as a page is open: here that of a stylesheet.
    """
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    context.new_page().goto(address + "theme.css")
    yield context
    context.close()


class Guarded:
    """Opens pages and notes what they request from other machines and complain about.

    profile: for the first page; the others get new profiles.
    """

    def __init__(
        self,
        chromium: Browser,
        address: str,
        profile: BrowserContext | None = None,
    ):
        self.chromium, self.address, self.profile = chromium, address, profile
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self.contexts: list[BrowserContext] = []

    def open(
        self,
        path: str = "",
        viewport: ViewportSize = WIDE,
        color_scheme: Literal["light", "dark"] = "light",
        new_profile: bool = False,
        **options: Any,
    ) -> Page:
        """The page at `path`, as a visitor sees it who comes for the first time.

        new_profile: in a profile of its own, whose clock may be stopped. So are pages with further `options`.
        """
        if new_profile or options or self.contexts or self.profile is None:
            context = self.chromium.new_context(viewport=viewport, color_scheme=color_scheme, **options)
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
        else:
            context = self.profile
            context.clear_cookies()
            context.pages[0].evaluate("localStorage.clear()")
            page = context.new_page()
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=color_scheme)
        context.on("request", self._note_request)
        self.contexts.append(context)
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.goto(self.address + path)
        return page

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname not in HERE:
            self.outside.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not LEFT.match(message.text):
            self.complaints.append(message.text)

    def close(self) -> None:
        for context in self.contexts:
            if context is self.profile:
                for page in context.pages[1:]:
                    page.close()
                context.remove_listener("request", self._note_request)
            else:
                context.close()


@pytest.fixture
def guarded(chromium: Browser, address: str, profile: BrowserContext) -> Iterator[Guarded]:
    """Opens pages; afterwards nothing has left the machine and the console is clean."""
    guard = Guarded(chromium, address, profile)
    yield guard
    guard.close()
    assert guard.outside == []
    assert guard.complaints == []


@pytest.fixture
def page(guarded: Guarded) -> Page:
    """The Classify tab as a visitor finds it."""
    page = guarded.open()
    page.locator(".thumbs button").nth(9).wait_for()
    return page


def area(place: Locator) -> FloatRect:
    """Where a visible element is on the screen."""
    box = place.bounding_box()
    assert box is not None
    return box


def upload(
    page: Page, field: str, name: str, data: bytes, media_type: str = "application/octet-stream"
) -> None:
    """Choose a file in a file field. media_type: such as image/png."""
    page.set_input_files(field, FilePayload(name=name, mimeType=media_type, buffer=data))
