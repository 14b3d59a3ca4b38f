"""Runs one source tree of the program with a change, for an attack on it.

    python runner.py TREE loopback --port 7861    # the page may fetch from this computer, too
    python runner.py TREE leaving --port 7861     # the page's training processes exit after each run
    python runner.py TREE small --port 7861       # the page can write no file over 2 MB
    python runner.py TREE quiet FOLDER            # no page: the runs of a quiet visitor

The first argument is the folder of app.py, which may belong to another tree than this file.
"""

from __future__ import annotations

import contextlib
import runpy
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LEAVING = "import sys; import {module} as worker; worker.TRAIN_MEMORY_BYTES = 1; sys.exit(worker.main())"
WORKERS = ("training.desk.worker", "training.worker")
"""Names of the module of the training processes; older trees have the second."""
LARGEST_FILE = 2 * 2**20
OTHERS, RUNS = 8, 12
"""Visitors who fill the space for runs, and the runs of each."""
AWAY = 120.0
"""Seconds without a click of the quiet visitor, whose page stays open."""


def allow_loopback() -> None:
    """Have Gradio's client fetch from this computer: it usually refuses that, which would hide other fetches.
    """
    import safehttpx

    safehttpx.is_public_ip = lambda ip: True


def let_children_leave() -> None:
    class Popen(subprocess.Popen):
        def __init__(self, command: Any, *rest: Any, **options: Any):
            if command[1] == "-m" and command[2] in WORKERS:
                command = [command[0], "-c", LEAVING.format(module=command[2]), *command[3:]]
            super().__init__(command, *rest, **options)

    subprocess.Popen = Popen  # type: ignore[assignment, misc]


def limit_files() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


WISHES: dict[str, Callable[[], None]] = {
    "loopback": allow_loopback,
    "leaving": let_children_leave,
    "small": limit_files,
}


def quiet_visitor(folder: Path) -> str:
    """How many runs a visitor still has after AWAY idle seconds in which others fill the space."""
    from training.config import TrainConfig
    from training.recipe import Recipe

    shelf: Any
    try:
        shelf, jobs = import_module("training.desk.shelf"), import_module("training.desk.desk")
    except ModuleNotFoundError:  # the names in older trees
        shelf, jobs = import_module("training.shelf"), import_module("training.jobs")

    quiet = "quiet-visitor-000"
    desk = jobs.Desk(slots=1, threads=1, folder=folder)
    try:
        recipe = Recipe(
            network="softmax_regression", data="garments", samples=500, config=TrainConfig(epochs=1)
        )
        run = desk.start(quiet, recipe)
        until = time.monotonic() + 90
        while desk.active(quiet) and time.monotonic() < until:
            time.sleep(0.1)
        weights = desk.weights(quiet, run)
        later = time.monotonic
        shelf.time = SimpleNamespace(monotonic=lambda: later() + AWAY)
        refusals = 0
        for other in range(OTHERS):
            for number in range(RUNS):
                try:
                    desk.adopt(f"busy-visitor-{other:04}", f"run {number}", weights)
                except ValueError:
                    refusals += 1
        return f"{len(desk.runs(quiet))} of 1 kept, others had {OTHERS * RUNS - refusals} of {OTHERS * RUNS}"
    finally:
        desk.close()


def main() -> int:
    tree, wish, *rest = sys.argv[1:]
    sys.path[0] = tree
    if wish == "quiet":
        with contextlib.redirect_stdout(sys.stderr):
            result = quiet_visitor(Path(rest[0]))
        print(result)
        return 0
    WISHES[wish]()
    sys.argv = ["app.py", *rest]
    runpy.run_path(str(Path(tree) / "app.py"), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
