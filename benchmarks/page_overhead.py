"""The cost of the page: training through it against the same run on the command line, and a classification
during a run against one without.

    python benchmarks/page_overhead.py --data FOLDER         # FOLDER holds FashionMNIST/raw

The page is a real `python app.py`. A client sends it the requests of the page's script, as often; it uses the
same processor, as a browser does. The run is the preset "Fast 90 %", made longer. Page and command line take
turns, and the result is the median over the rounds of the ratio of their steps a second, as the programs
report them. A classification is a whole call of the API's /classify, with its file.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

from data import fashion
from data.drawn import garments
from settings import ROOT, cores, data_folder
from training.desk.states import RunState
from training.presets import PRESETS
from training.recipe import Recipe, command

VISITOR = "benchmark-of-the-page"
SOON, USUAL = 0.1, 0.25
"""Seconds between two requests of the page's script, in the first second of a run and after it."""


class PageClient:
    """A client of the page that does what the script of the Train tab does."""

    def __init__(self, address: str):
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=60)
        parts = self.http.get("config").raise_for_status().json()["components"]
        self.view = next(part["id"] for part in parts if part["props"].get("elem_id") == "train-run")

    def ask(self, name: str, **data: Any) -> dict[str, Any]:
        request = {"component_id": self.view, "fn_name": name, "data": data, "session_hash": VISITOR}
        answer = self.http.post("gradio_api/component_server", json=request).raise_for_status().json()
        if "problem" in answer:
            raise RuntimeError(answer["problem"])
        return answer

    def run(self, recipe: Recipe) -> float:
        """Train to the end; returns steps a second."""
        run = self.ask("start", visitor=VISITOR, recipe=recipe.as_dict(), token=None)["run"]
        begun, since = time.perf_counter(), None
        while True:
            answer = self.ask("follow", visitor=VISITOR, run=run, since=since)
            since = answer["cursor"]
            if RunState(answer["state"]).has_ended:
                break
            time.sleep(SOON if time.perf_counter() - begun < 1 else USUAL)
        if answer["state"] != RunState.DONE:
            raise RuntimeError(f"The run ended as {answer['state']}: {answer['message']}")
        return answer["progress"]["step"] / answer["progress"]["seconds"]


@contextlib.contextmanager
def serve_page(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The page's process and its address."""
    words = [sys.executable, "-u", "app.py", "--data", str(data)]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if match := re.search(r"is open at (\S+)", line):
                yield process, match[1]
                break
        else:
            raise RuntimeError("The page did not start.")
    finally:
        process.terminate()
        process.wait(30)


def command_line(recipe: Recipe, data: Path, folder: Path) -> float:
    """Train with the command that the page shows for this run; returns steps a second."""
    words = [sys.executable, *shlex.split(command(recipe, cores()))[1:], "--data", str(data)]
    done = subprocess.run([*words, "--output", str(folder)], cwd=ROOT, capture_output=True, text=True)
    match = re.search(r" · ([\d.]+) s · ", done.stdout)
    if match is None:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    steps = recipe.config.epochs * -(-recipe.samples // recipe.config.batch_size)
    return steps / float(match[1])


def classify_times(client: Client, file: Path, going: Callable[[], bool]) -> list[float]:
    """Milliseconds of one to ten calls of /classify, with pauses, as long as `going()` is true."""
    times: list[float] = []
    while not times or (going() and len(times) < 10):
        begun = time.perf_counter()
        client.predict(picture=handle_file(file), kind="drawing", api_name="/classify")
        times.append(1000 * (time.perf_counter() - begun))
        time.sleep(0.25)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0].replace("\n", " "))
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder that holds FashionMNIST/raw")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each")
    parser.add_argument("--epochs", type=int, default=4, help="length of a run")
    parser.add_argument("--samples", type=int, default=45_000, help="pictures that a run learns from")
    options = parser.parse_args()
    data = options.data.resolve()
    if not fashion.available(data):
        print(f"Fashion-MNIST is not in {data}: name its folder with --data.", file=sys.stderr)
        return 2
    fast = PRESETS["fast"].recipe
    config = dataclasses.replace(fast.config, epochs=options.epochs)
    recipe = dataclasses.replace(fast, config=config, samples=options.samples)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

    with tempfile.TemporaryDirectory() as folder, serve_page(data) as (_, address):
        page = PageClient(address)
        page.run(dataclasses.replace(recipe, samples=500))  # this warms its process up
        ratios = []
        print("steps a second     page  command line   ratio", flush=True)
        for number in range(options.rounds):
            # they alternate, because the load of the machine may change
            if number % 2:
                alone, through = command_line(recipe, data, Path(folder)), page.run(recipe)
            else:
                through, alone = page.run(recipe), command_line(recipe, data, Path(folder))
            ratios.append(through / alone)
            print(f"{through:23.1f}{alone:14.1f}{through / alone:8.3f}", flush=True)
        cost = 1 - statistics.median(ratios)
        print(f"the page costs {cost:.1%} of the steps a second (median)", flush=True)

        file = Path(folder) / "drawing.png"
        Image.fromarray(garments.sketch(0, np.random.default_rng(0), 280)).save(file)
        client = Client(address, verbose=False)
        classify_times(client, file, lambda: False)  # the first call loads what it needs
        idle, busy = [], []
        for _ in range(options.rounds):
            idle += classify_times(client, file, lambda: True)
            training = threading.Thread(target=page.run, args=(recipe,))
            training.start()
            time.sleep(0.5)
            busy += classify_times(client, file, training.is_alive)
            training.join()
        alone, beside = statistics.median(idle), statistics.median(busy)
        print(f"/classify: {alone:.0f} ms alone, {beside:.0f} ms beside a run")
        print(f"{beside / alone:.2f} times as long (medians of {len(idle)} and {len(busy)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
