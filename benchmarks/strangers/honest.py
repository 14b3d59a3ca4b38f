"""The honest visitor, whose answers measure the harm of an attack: started by `benchmarks.strangers.page`.

    python -m benchmarks.strangers.honest ADDRESS SOURCE

Asks for a pattern every 0.2 s through the page's queue, as its script does, from one session that stays open,
until standard input is closed. Prints "ready" after the first answers, and at the end the longest answer in
seconds and how many failed.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time

import httpx

from benchmarks.strangers.page import Client, Refused

BETWEEN = 0.2
"""Seconds between two requests."""
FIRST = 3
"""Answers that are not counted."""
GRID = [[0, 0, 0, 5], [0, 0, 5, 0], [0, 5, 0, 0], [5, 0, 0, 0]]


def main() -> int:
    address, source = sys.argv[1:]
    closed = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        closed.set()

    threading.Thread(target=listen, daemon=True).start()
    with Client(address, source, timeout=90.0) as client:
        client.open()
        fn = client.endpoint("classify_pattern")
        for _ in range(FIRST):
            client.ask(fn, [GRID, "pattern_cnn"])
        print("ready", flush=True)
        longest, failed = 0.0, 0
        while not closed.is_set():
            started = time.perf_counter()
            try:
                client.ask(fn, [GRID, "pattern_cnn"])
            except (Refused, httpx.HTTPError):
                failed += 1
            seconds = time.perf_counter() - started
            longest = max(longest, seconds)
            closed.wait(max(0.0, BETWEEN - seconds))
        with contextlib.suppress(BrokenPipeError):  # the benchmark has exited
            print(longest, failed, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
