"""Failures without an attacker, and how the page reports them: files, signals, a full disk (items 13 to 17).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.strangers.page import CLASS, TINY, Client, Refused, Watch
from benchmarks.strangers.place import Outcome, Site, at_once, short

DISK = 6 * 2**20
"""Size of the full disk in bytes."""
LATER = (0.0, 0.15, 0.3, 0.5, 0.8, 1.2, 2.0)
"""Seconds after the page has opened at which it is told to exit."""
IDLE = 30.0
"""Seconds that a run may take whose process was stopped while it was idle."""


# --- 13 and 14: the start -----------------------------------------------------------------------------------


def half_written(site: Site) -> Outcome:
    folder = site.new_folder() / "data"
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        pictures = struct.pack(">IIII", 2051, count, 28, 28) + bytes(count * 28 * 28)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(pictures[: len(pictures) // 2])
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, count) + bytes(count))
    started = time.perf_counter()
    page = site.start(data=folder)
    try:
        page.wait()
    except RuntimeError:
        status = page.stop()
        trace = "Traceback" in page.log.read_text(errors="replace")
        return Outcome(f"does not open: exit status {status}{', with a traceback' if trace else ''}")
    return Outcome(f"opens after {time.perf_counter() - started:.0f} s")


def early_end(site: Site) -> Outcome:
    statuses = []
    for seconds in LATER:
        page = site.start().wait()
        time.sleep(seconds)
        statuses.append(page.stop())
    aborted = sum(status == -6 for status in statuses)
    ends = ", ".join(str(status) for status in sorted(set(statuses)))
    page = site.page()
    with Client(page.address, CLASS) as client, Watch(page) as watch:
        client.end_of(client.train(TINY), 120.0)
        for child in page.children():
            os.kill(child, signal.SIGSTOP)
        started = time.perf_counter()
        run = client.train(TINY)
        end = client.end_of(run, IDLE)
    return Outcome(
        f"SIGTERM: {aborted} of {len(LATER)} aborted (exit {ends}); run after its process was stopped: "
        f'"{end["state"]}" after {time.perf_counter() - started:.0f} s',
        watch.worst,
    )


# --- 15: a restart ------------------------------------------------------------------------------------------


def restart(site: Site) -> Outcome:
    names, answers = [], []
    run = "a-run-of-the-page-before"
    for _ in range(2):
        page = site.page(fresh=True)
        with Client(page.address, CLASS) as client:
            names.append(client.http.get("gradio_api/app_id").text)
            answers.append(str(at_once(client.follow, [run], 1)[0]))
    verdict = "tells" if len(set(names)) == 2 and names[0] else "does not tell"
    return Outcome(f'page {verdict} which start it belongs to; an unknown run: "{short(answers[1])}"')


# --- 16: a full disk, and what the answers name -------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[str]:
    """A folder on a separate disk of DISK bytes; if that is impossible, yields "small", which makes the page
    limit its files.
    """
    folder.mkdir()
    size = f"size={DISK}"
    mounted = False
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("mount"):
        words = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
        mounted = subprocess.run(words, capture_output=True).returncode == 0
    try:
        yield "" if mounted else "small"
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True)


def full_disk(site: Site) -> Outcome:
    temp = site.new_folder() / "disk"
    empty = site.new_folder()
    with small_disk(temp) as wish:
        try:
            page = site.start(wish=wish, temp=temp, data=empty).wait()
            with Client(page.address) as client, Watch(page) as watch:
                before = page.files()[1]
                answer = at_once(lambda size: client.upload("large.png", b"x" * size), [8_000_000], 1)[0]
                time.sleep(1.0)
                kept_megabytes = page.files()[1] - before
                answers = [str(answer), *malformed(client)]
                answers.append(client.http.get("").text)
                recipe = TINY | {"data": "fashion"}
                answers += [
                    str(answer) for answer in at_once(lambda r: client.end_of(client.train(r)), [recipe], 1)
                ]
            log_bytes = page.log.stat().st_size
        finally:
            site.close()
    folders = [str(folder) for folder in (site.tree, site.folder, Path.home())]
    telling = sum(any(folder in answer for folder in folders) for answer in answers)
    return Outcome(
        f"upload: {short(answer, 60)}, {kept_megabytes:.0f} MB stay; {telling} of {len(answers)} answers"
        f" name a folder; {log_bytes / 1e6:.1f} MB of log",
        watch.worst,
    )


def malformed(client: Client) -> list[str]:
    """The answers to calls that no page makes."""
    long = "x" * 9_000_000
    fn = client.endpoint("classify_pattern")
    part = client.part("train-run")
    whole = {"session_hash": client.session}
    calls: list[tuple[str, object]] = [
        ("run/predict", {"data": [], "fn_index": fn, **whole}),
        ("run/predict", {"data": [long, "pattern_cnn"], "fn_index": fn, **whole}),
        ("run/predict", {"data": [1], "fn_index": 9999, **whole}),
        ("run/nothing", {"data": [1]}),
        ("queue/join", {"data": [], "fn_index": fn, **whole}),
        ("queue/join", {"data": [1], "fn_index": -1, **whole}),
        ("queue/join", {"data": {"a": long}, "fn_index": fn, **whole}),
        ("component_server", {"component_id": 99999, "fn_name": "start", "data": 1, **whole}),
        ("component_server", {"component_id": part, "fn_name": long, "data": 1, **whole}),
        ("component_server", {"component_id": [part], "fn_name": "start", "data": 1, **whole}),
        ("call/classify_pattern", {"data": [1, 2, 3, 4]}),
        ("cancel", {"session_hash": 1}),
        ("reset", {}),
    ]

    def send(call: tuple[str, object]) -> str:
        return client.http.post(f"gradio_api/{call[0]}", json=call[1]).text

    answers: list[str] = at_once(send, calls, 1)
    for name in ("batch", "conv_shape"):
        with contextlib.suppress(Refused, httpx.HTTPError):
            inputs = client.inputs(client.endpoint(name))
            answers.append(client.run(client.endpoint(name), [{"a": long}] * len(inputs[:1])).text)
    return answers


# --- 17: sizes ----------------------------------------------------------------------------------------------


def sizes(site: Site) -> Outcome:
    page = site.page()
    figures = []
    with Client(page.address) as client, Watch(page) as watch:

        def bytes_of(path: str, encoding: str) -> int:
            with client.http.stream("GET", path, headers={"Accept-Encoding": encoding}) as answer:
                return sum(len(part) for part in answer.iter_raw())

        for path in ("", "config"):
            kilobytes = [bytes_of(path, encoding) / 1000 for encoding in ("identity", "gzip", "br")]
            figures.append(f"/{path} {' '.join(f'{size:,.0f}' for size in kilobytes)} kB")
        text = client.http.get("").text
        assets = sorted(set(re.findall(r"assets/[\w.-]+-[\w-]{8,}\.(?:js|css)", text)))
        kept = 0
        for asset in assets[:10]:
            kept += "immutable" in client.http.get(asset).headers.get("Cache-Control", "")
    return Outcome(
        f"plain, gzip, br: {', '.join(figures)}; {kept} of {len(assets[:10])} assets immutable", watch.worst
    )
