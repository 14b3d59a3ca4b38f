"""What strangers, a crowd or a broken disk can do to the page: small attacks on a page of this program.

    python -m benchmarks.strangers --before COMMIT     # the same on that commit's page and on this one
    python -m benchmarks.strangers --only 3,5

One line for each attack: what it is, the longest answer in seconds to an honest visitor who meanwhile asks
for a pattern every 0.2 s, and a figure of its own. Each is limited in number and time, every request goes to
127.0.0.1, and every page has its own folders for data and temporary files, which are removed. A tree takes
ten minutes on two cores, half an hour if they are shared, mostly to open pages. Other work of the computer
affects the seconds, not the counts.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.strangers import faults, floods, unfair
from benchmarks.strangers.page import ROOT, extract
from benchmarks.strangers.place import Attack, Outcome, Site, short

CLASS = 18
"""Not an attack: a class on one address, which must not be hindered."""
ATTACKS = (
    Attack(1, "an address to fetch in every input of every function", floods.addresses),
    Attack(2, "four progressive JPEGs with 6,000 empty scans each", floods.bombs),
    Attack(3, "500 contacts of invented sessions, then 30 openings at once", floods.heartbeats),
    Attack(4, "10 MB of short lists to three routes", floods.short_lists),
    Attack(5, "60 requests of 11 MB while four bombs are decoded", floods.large_bodies),
    Attack(6, "aborted uploads, recordings, deep links, 20 files of 10 MB", floods.files),
    Attack(7, "505 new sessions while a visitor has data of their own", unfair.evictions),
    Attack(8, "four visitors train, processes leave after each run", unfair.leaving_children),
    Attack(9, "others make 96 runs while a visitor is quiet", unfair.quiet_visitor),
    Attack(10, "nine runs under invented names; a class of 30 trains at once", unfair.invented_names),
    Attack(11, "21 uploads of data that takes 25 MB each", unfair.own_data),
    Attack(12, "60 calls at once, three times; 20 slow bodies", floods.cheap_calls),
    Attack(13, "Fashion-MNIST half written at start", faults.half_written),
    Attack(14, "SIGTERM in the first seconds; an idle process stopped", faults.early_end),
    Attack(15, "a restart (the browser's part: tests/browser/test_restart.py)", faults.restart),
    Attack(16, "a full disk, malformed calls", faults.full_disk),
    Attack(17, "sizes of what travels", faults.sizes),
    Attack(CLASS, f"a class of {unfair.CLASS_SIZE} on one address within 15 s", unfair.whole_class),
)


def numbers(text: str) -> list[int]:
    """ "3,5" -> [3, 5]."""
    items = [int(word) for word in text.split(",") if word.strip().isdecimal()]
    if not items or any(number not in range(1, CLASS + 1) for number in items):
        raise argparse.ArgumentTypeError(f"items are numbers from 1 to {CLASS}, such as 3,5")
    return items


def run_attacks(tree: Path, items: list[int], folder: Path, name: str) -> dict[int, Outcome]:
    """The results of these attacks on the page of `tree`; prints each as soon as it is known."""
    outcomes = {}
    site = Site(tree, folder)
    print(f"{name}\n{'item':>4}  {'worst s':<18}figure", flush=True)
    try:
        for attack in ATTACKS:
            if attack.number not in items:
                continue
            started = time.perf_counter()
            try:
                outcome = attack.call(site)
            except Exception as error:  # the other attacks are still worth running
                site.close()
                outcome = Outcome(f"not measured: {type(error).__name__}: {short(error, 200)}")
            outcomes[attack.number] = outcome
            seconds = time.perf_counter() - started
            print(f"{attack.number:4}  {outcome.worst:<18}{outcome.figure}  [{seconds:.0f} s]", flush=True)
    finally:
        site.close()
    return outcomes


def table(columns: dict[str, dict[int, Outcome]]) -> str:
    """All outcomes as a table in Markdown."""
    heads = [f"worst s, {name} | figure, {name}" for name in columns]
    lines = [f"| item | what is done | {' | '.join(heads)} |", "|---" * (2 + 2 * len(columns)) + "|"]
    for attack in ATTACKS:
        row = [outcomes[attack.number] for outcomes in columns.values() if attack.number in outcomes]
        if row:
            cells = " | ".join(f"{outcome.worst} | {outcome.figure}" for outcome in row)
            item = "class" if attack.number == CLASS else str(attack.number)
            lines.append(f"| {item} | {attack.done} | {cells} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.strangers", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--before", metavar="COMMIT", help="attack the page of this commit first")
    parser.add_argument("--before-only", action="store_true", help="do not attack the page of today")
    parser.add_argument("--only", type=numbers, help="items, such as 3,5 (18: the class)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    items = options.only or [attack.number for attack in ATTACKS]
    columns = {}
    with tempfile.TemporaryDirectory(prefix="strangers-") as work:
        if options.before:
            folder = Path(work) / "before"
            folder.mkdir()
            try:
                tree = extract(options.before, folder)
            except subprocess.CalledProcessError:
                print(f"There is no commit {options.before!r} here.", file=sys.stderr)
                return 2
            columns["before"] = run_attacks(tree, items, folder, f"before ({options.before})")
        if not options.before_only:
            folder = Path(work) / "now"
            folder.mkdir()
            columns["now"] = run_attacks(ROOT, items, folder, "now")
    print(table(columns))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
