"""The cost of a visit: the start of the page, what the browser loads, the server's time, and a crowd.

    python benchmarks/arrival.py                       # beside an empty Gradio page
    python benchmarks/arrival.py --before COMMIT       # and beside the page of that commit

Three pages are measured one after the other: a Gradio page with one textbox, the page of the earlier commit,
and the page of today.

The start is the time from the command to the open page.

Sizes are what a browser receives over HTTPS, which accepts brotli: the page itself; with it every script and
stylesheet that is not part of Gradio; with these all that a first visit in Chromium loads.

Server time is processor time of the page's process: for a page that is not cached, for the same page again,
and for the session of a new visitor (its first call less its second one).

The crowd is 100 visitors who arrive within 15 s, each from another address of this computer. Each loads the
page with its own scripts and stylesheets and then requests a first answer: /classify with a drawing, on the
empty page an echo.

Goals, on two cores: the page has less than 80 KB; a fresh page and a new session take at most a quarter of
the commit before, and the start half; 95 of 100 visitors have their page and their answer within 1.5 s.

It takes five minutes, and needs Linux and requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import numpy as np
from playwright.sync_api import Browser, Request, sync_playwright

from benchmarks.strangers.floods import GRID, drawing
from benchmarks.strangers.page import ROOT, Client, Refused, ServedPage, extract

EMPTY = Path(__file__).resolve().parent / "empty_page"
LOADED = ("document", "script", "stylesheet", "font", "image")
"""Types of the requests that load the page; the others call it."""
GRADIO = re.compile(r"/(assets|static|svelte)/")
"""Paths of files that belong to Gradio."""
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
USABLE = "[role=tab], textarea"
"""What a page shows as soon as it is usable."""
QUIET = 3.0
"""A page counts as loaded after so many further seconds without a request."""
IDLE = 0.25
"""Cores that an idle page may use; Gradio polls for work all the time."""


@dataclass
class Figures:
    """The measurements of one page."""

    document: int = 0
    """Compressed bytes of the page itself."""
    own: int = 0
    """With its scripts and stylesheets that are not part of Gradio."""
    visit: int = 0
    """With all else that a first visit loads."""
    requests: int = 0
    """Of a first visit."""
    fresh: list[float] = field(default_factory=list)
    """Milliseconds of processor time for a page that is not cached."""
    again: list[float] = field(default_factory=list)
    """The same for a cached page."""
    session: list[float] = field(default_factory=list)
    """The same for a new session."""
    page: list[float] = field(default_factory=list)
    """Seconds of each visitor until the page is loaded."""
    answer: list[float] = field(default_factory=list)
    """Seconds of each visitor from then to the first answer."""
    refused: int = 0
    """Visitors who got no answer."""
    start: list[float] = field(default_factory=list)
    """Seconds from the command to the open page."""


# --- processor time -----------------------------------------------------------------------------------------


def processor_ms(pid: int) -> float:
    """Milliseconds of processor time that all threads of a process have used (Linux)."""
    # the clock of another process, as clock_getcpuclockid(3) numbers it
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e6


def wait_until_idle(pid: int, patience: float = 60.0) -> None:
    """Wait until the work after the opening is done."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        before = processor_ms(pid)
        time.sleep(1.0)
        if processor_ms(pid) - before < 1000 * IDLE:
            return


# --- bytes --------------------------------------------------------------------------------------------------


def first_visit(browser: Browser, address: str) -> list[str]:
    """Paths, with their queries, of everything that a new browser loads; the page itself comes first."""
    context = browser.new_context()
    paths: list[str] = []
    last = time.monotonic()

    def add(request: Request) -> None:
        nonlocal last
        last = time.monotonic()
        url = urlsplit(request.url)
        path = url.path + (f"?{url.query}" if url.query else "")
        if request.resource_type in LOADED and url.scheme.startswith("http") and path not in paths:
            paths.append(path)

    page = context.new_page()
    page.on("request", add)
    page.goto(address)
    page.locator(USABLE).first.wait_for(timeout=120_000)
    while time.monotonic() < last + QUIET:
        page.wait_for_timeout(100)
    context.close()
    return paths


def is_own(path: str) -> bool:
    """Whether a file is the page or belongs to it, not to Gradio."""
    return not GRADIO.search(path)


def load(http: httpx.Client, path: str, host: str | None = None) -> int:
    """Bytes of an answer on the wire. host: the name in the request, default the address."""
    headers = BROWSER | ({"Host": host} if host else {})
    with http.stream("GET", path, headers=headers) as answer:
        answer.raise_for_status()
        return sum(len(part) for part in answer.iter_raw())


def measure_bytes(figures: Figures, http: httpx.Client, paths: list[str]) -> None:
    sizes = {path: load(http, path) for path in paths}
    figures.document = sizes[paths[0]]
    figures.own = sum(size for path, size in sizes.items() if is_own(path))
    figures.visit = sum(sizes.values())
    figures.requests = len(sizes)


# --- server time --------------------------------------------------------------------------------------------


def measure_server(figures: Figures, client: Client, call: Callable[[Client], object], pid: int) -> None:
    """Measure one page that is not cached, one that is, and one session. call: a cheap call in a session."""

    def cost(work: Callable[[], object]) -> float:
        before = processor_ms(pid)
        work()
        return processor_ms(pid) - before

    # the page contains the name of the host, so a page for a new name is not cached
    figures.fresh.append(cost(lambda: load(client.http, "", f"{secrets.token_hex(8)}.example")))
    figures.again.append(cost(lambda: load(client.http, "")))
    client.session = secrets.token_urlsafe(16)
    first = cost(lambda: call(client))
    figures.session.append(first - cost(lambda: call(client)))


def call_page(client: Client) -> None:
    client.run(client.endpoint("classify_pattern"), [GRID, "pattern_cnn"]).raise_for_status()


def call_empty(client: Client) -> None:
    client.run(client.endpoint("answer"), ["text"]).raise_for_status()


# --- a crowd ------------------------------------------------------------------------------------------------


def ask_page(client: Client) -> None:
    file = client.upload("drawing.png", base64.b64decode(drawing()["data"]))
    client.ask(client.endpoint("classify"), [file, "drawing"])


def ask_empty(client: Client) -> None:
    client.ask(client.endpoint("answer"), ["text"])


def arrive(
    figures: Figures,
    address: str,
    paths: list[str],
    ask: Callable[[Client], object],
    visitors: int = 100,
    within: float = 15.0,
) -> None:
    """Visitors arrive one by one `within` so many seconds. paths: what each loads. ask: waits for an answer.
    """
    lock = threading.Lock()
    with ExitStack() as stack, ThreadPoolExecutor(visitors) as pool:
        clients = [Client(address, f"127.0.1.{number + 1}") for number in range(visitors)]
        for client in clients:
            stack.enter_context(client)
            client.config = clients[0].config  # a browser finds it in the page
        start = time.perf_counter()

        def visit(number: int) -> None:
            time.sleep(max(0.0, start + number * within / visitors - time.perf_counter()))
            client, begin = clients[number], time.perf_counter()
            try:
                for path in paths:
                    load(client.http, path)
                loaded = time.perf_counter()
                ask(client)
            except (Refused, httpx.HTTPError):
                with lock:
                    figures.refused += 1
                return
            with lock:
                figures.page.append(loaded - begin)
                figures.answer.append(time.perf_counter() - loaded)

        list(pool.map(visit, range(visitors)))


# --- the table ----------------------------------------------------------------------------------------------


def spread(values: list[float], digits: int) -> str:
    """Median and 95th percentile."""
    if not values:
        return "–"
    middle, most = np.percentile(values, [50, 95])
    return f"{middle:.{digits}f} ({most:.{digits}f})"


def kilobytes(size: int) -> str:
    return f"{size / 1000:.1f} KB"


def table(columns: dict[str, Figures]) -> str:
    """All figures as a table in Markdown."""
    rows: dict[str, Callable[[Figures], str]] = {
        "from the command to the open page, s": lambda f: spread(f.start, 1),
        "page, compressed": lambda f: kilobytes(f.document),
        "with its scripts and stylesheets": lambda f: kilobytes(f.own),
        "with all that a first visit loads": lambda f: f"{kilobytes(f.visit)} in {f.requests} requests",
        "server time of a fresh page, ms": lambda f: spread(f.fresh, 1),
        "of a page asked for again, ms": lambda f: spread(f.again, 1),
        "of a new session, ms": lambda f: spread(f.session, 1),
        "crowd: until the page is loaded, s": lambda f: spread(f.page, 2),
        "from then to the first answer, s": lambda f: spread(f.answer, 2),
        "both, s": lambda f: spread([a + b for a, b in zip(f.page, f.answer, strict=True)], 2),
        "visitors without an answer": lambda f: str(f.refused),
    }
    lines = [f"| median (p95) | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    lines += [f"| {name} | {' | '.join(map(cell, columns.values()))} |" for name, cell in rows.items()]
    return "\n".join(lines)


def measure(tree: Path, folder: Path, browser: Browser, options: argparse.Namespace) -> Figures:
    """The figures of the page of `tree`. folder: for the files it writes."""
    call, ask = (call_empty, ask_empty) if tree == EMPTY else (call_page, ask_page)
    figures = Figures()
    folder.mkdir()
    for _ in range(options.starts):
        begin = time.perf_counter()
        page = ServedPage(tree, folder, folder)
        try:
            page.wait()
            figures.start.append(time.perf_counter() - begin)
        finally:
            page.stop()
    page = ServedPage(tree, folder, folder)
    try:
        page.wait()
        pid = page.process.pid
        with Client(page.address) as client:
            paths = first_visit(browser, page.address)
            measure_bytes(figures, client.http, paths)
            ask(client)  # the first call loads what it needs
            call(client)
            wait_until_idle(pid)
            for _ in range(options.repeats):
                measure_server(figures, client, call, pid)
        own = [path for path in paths if is_own(path)]
        arrive(figures, page.address, own, ask, options.visitors, options.seconds)
    finally:
        page.stop()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--before", metavar="COMMIT", help="measure the page of this commit, too")
    parser.add_argument("--starts", type=int, default=3, help="starts of each page measured")
    parser.add_argument("--repeats", type=int, default=40, help="pages and sessions measured")
    parser.add_argument("--visitors", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=15.0, help="within which the visitors come")
    options = parser.parse_args()
    columns = {}
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="arrival-")))
        trees = {"empty page": EMPTY}
        if options.before:
            try:
                trees[f"before ({options.before})"] = extract(options.before, work)
            except subprocess.CalledProcessError:
                print(f"There is no commit {options.before!r} here.", file=sys.stderr)
                return 2
        trees["now"] = ROOT
        playwright = stack.enter_context(sync_playwright())
        executable = (
            os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
        )
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        for number, (name, tree) in enumerate(trees.items()):
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            columns[name] = measure(tree, work / f"page-{number}", browser, options)
        browser.close()
    print(table(columns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
