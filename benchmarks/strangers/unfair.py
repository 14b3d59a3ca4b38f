"""What one visitor can take from others: data, runs, the queue (items 7 to 11); and a class."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from PIL import Image

from benchmarks.strangers.floods import GRID, classify, drawing
from benchmarks.strangers.page import CLASS, HERE, LONG, TINY, Client, Refused, ServedPage, Watch, environment
from benchmarks.strangers.place import Outcome, Site, at_once, refused, short

PICTURES = 2000
"""Pictures in an upload, of 64x64 pixels, the size at which they are kept."""
PATIENCE = 120.0
"""Seconds that a run of one second may take, including its process and the queue."""
BRINGING = 240.0
"""Seconds after which no further upload begins."""
MOST_MEMORY = 3000.0
"""MB by which a page may grow before no further upload begins."""
ARRIVALS = 15.0
"""Seconds within which a class opens the page."""
CLASS_SIZE = 40


def message(status: dict[str, Any]) -> str:
    """The sentence about a run; older pages call it "said"."""
    return status["message"] if "message" in status else status["said"]


def warm_up(page: ServedPage) -> None:
    """Train once, because the first run draws the garments."""
    with Client(page.address, CLASS) as client:
        end = client.end_of(client.train(TINY), PATIENCE)
    if end["state"] != "done":
        raise RuntimeError(f"a run ended as {end['state']}: {message(end)}")


# --- 7: sessions -------------------------------------------------------------------------------------------


def evictions(site: Site) -> Outcome:
    page = site.page()
    table = "width,height,label\n" + "".join(f"{i},{i * i % 7},{i % 3}\n" for i in range(30))
    with Client(page.address, CLASS) as owner, Watch(page) as watch:
        owner.open()
        file = owner.upload("plants.csv", table.encode())
        owner.ask(owner.listener("batch-files", "upload"), [[file], "", None])
        fn = owner.listener("batch-size", "change")
        data = owner.values(fn)
        data[owner.inputs(fn).index(owner.part("batch-dataset"))] = "own"
        before = owner.run(fn, data)

        with Client(page.address) as stranger:
            name = stranger.endpoint("classify_pattern")

            def arrive(number: int) -> int:
                body = {"data": [GRID, "pattern_cnn"], "fn_index": name, "session_hash": f"new{number:08}"}
                return stranger.http.post("gradio_api/run/predict", json=body).status_code

            statuses = at_once(arrive, range(505), 8)
        after = owner.run(fn, data)
    if before.status_code != 200:
        return Outcome(f"own data could not be used at all: {short(before.text)}", watch.worst)
    is_kept = after.status_code == 200 and after.json()["data"] == before.json()["data"]
    answered = sum(status == 200 for status in statuses)
    verdict = "own data kept" if is_kept else f"own data lost: {short(after.text, 60)}"
    return Outcome(f"{verdict} ({answered} of 505 sessions answered)", watch.worst)


# --- 8 to 10: runs ------------------------------------------------------------------------------------------


def leaving_children(site: Site) -> Outcome:
    page = site.page(wish="leaving")

    def train(number: int) -> str:
        with Client(page.address, f"127.0.1.{number + 1}") as client:
            end = client.end_of(client.train(TINY), PATIENCE)
            return f"{end['state']}: {message(end)}"

    with Watch(page) as watch:
        ends = at_once(train, range(4), 4)
    broken = sum("broke off" in end for end in ends)
    others = [end for end in ends if not end.startswith("done") and "broke off" not in end]
    rest = f", {len(others)} not done in {PATIENCE:.0f} s ({short(others[0])})" if others else ""
    return Outcome(f"{broken} of 4 runs broke off{rest}", watch.worst)


def quiet_visitor(site: Site) -> Outcome:
    site.close()
    folder = site.new_folder()
    command = [sys.executable, str(HERE / "runner.py"), str(site.tree), "quiet", str(folder)]
    process = subprocess.Popen(
        command,
        cwd=site.tree,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(folder, site.data),
        start_new_session=True,
    )
    try:
        is_kept, trouble = process.communicate(timeout=150)
    finally:
        process.kill()
    lines = trouble.strip().splitlines() or [""]
    return Outcome(is_kept.strip() or f"not measured: {short(lines[-1])}")


def invented_names(site: Site) -> Outcome:
    page = site.page()
    warm_up(page)
    names = [f"invented-name-{number:05}" for number in range(9)]
    with Client(page.address) as greedy, Client(page.address, CLASS) as other, Watch(page) as watch:
        runs = at_once(lambda name: (greedy.train(LONG, name), name), names, 1)
        accepted = sum(not refused(run) for run in runs)
        answers = at_once(lambda _: other.train(TINY), range(1), 1)
        if refused(answers[0]):
            verdict = f"another is refused ({short(answers[0], 40)})"
        else:
            verdict = f"another is number {other.follow(answers[0])['place']} in the queue"
            other.stop_run(answers[0])
        for run in runs:
            if isinstance(run, tuple):
                greedy.stop_run(*run)
        time.sleep(2.0)
        pupils = [f"pupil-of-a-class-{number:03}" for number in range(30)]
        starts = at_once(lambda name: (other.train(LONG, name), name), pupils, 30)
        waiting = sum(not refused(start) for start in starts)
        for start in starts:
            if isinstance(start, tuple):
                other.stop_run(*start)
    return Outcome(
        f"nine names: {accepted} runs taken, {verdict}; 30 of a class: {waiting} runs taken", watch.worst
    )


# --- 11: data of their own ----------------------------------------------------------------------------------


def archive() -> bytes:
    """A small zip of pictures that take 25 MB of memory."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as pack:
        for number in range(PICTURES):
            picture = io.BytesIO()
            shade = number % 256
            Image.new("RGB", (64, 64), (shade, number // 256, 90)).save(picture, "PNG")
            pack.writestr(f"{'ab'[number % 2]}/{number}.png", picture.getvalue())
    return content.getvalue()


def bring(client: Client, content: bytes) -> list[Any]:
    """Upload own data, as the DataLoader tab does. Raises Refused."""
    answer = client.ask(
        client.listener("batch-files", "upload"), [[client.upload("own.zip", content)], "", None]
    )
    if "in 2 classes" not in str(answer):
        raise Refused(str(answer[2]))
    return answer


def own_data(site: Site) -> Outcome:
    page = site.page(fresh=True)
    content = archive()
    with contextlib.ExitStack() as stack:
        watch = stack.enter_context(Watch(page))
        before = page.memory()
        greedy = [stack.enter_context(Client(page.address)) for _ in range(21)]

        until = time.monotonic() + BRINGING

        def arrive(client: Client) -> None:
            if time.monotonic() > until or page.memory() - before > MOST_MEMORY:
                raise Refused("the attack has taken enough of this computer")
            client.keep_contact()
            bring(client, content)

        accepted = sum(not refused(answer) for answer in at_once(arrive, greedy, 2))
        other = stack.enter_context(Client(page.address, CLASS))
        answer = at_once(lambda client: bring(client, content), [other], 1)[0]
        megabytes = page.memory() - before
        for client in greedy:
            client.leave()
        other.server("train-run", "active", {"visitor": other.session})
        time.sleep(8.0)
        megabytes_left = page.memory() - before
    verdict = f"another is refused ({short(answer, 40)})" if refused(answer) else "another may, too"
    return Outcome(
        f"{accepted} of 21 uploads kept, {verdict}; +{megabytes:.0f} MB,"
        f" +{megabytes_left:.0f} MB after they left",
        watch.worst,
    )


# --- a class on one address ---------------------------------------------------------------------------------


def whole_class(site: Site) -> Outcome:
    """Legitimate use stays possible: CLASS_SIZE visitors open the page, classify and train."""
    page = site.page(fresh=True)
    warm_up(page)
    first: list[float] = []
    steps = {"opened": 0, "classified": 0, "trained": 0}
    lock = threading.Lock()
    trouble: list[str] = []

    def count(step: str) -> None:
        with lock:
            steps[step] += 1

    def visit(number: int) -> None:
        time.sleep(number * ARRIVALS / CLASS_SIZE)
        started = time.perf_counter()
        try:
            with Client(page.address, CLASS) as client:
                client.open()
                count("opened")
                classify(client, drawing())
                count("classified")
                first.append(time.perf_counter() - started)
                end = client.end_of(client.train(TINY), PATIENCE)
                if end["state"] != "done":
                    raise Refused(f"{end['state']}: {message(end)}")
                count("trained")
        except (Refused, httpx.HTTPError) as error:
            trouble.append(str(error) or type(error).__name__)

    with Watch(page) as watch, ThreadPoolExecutor(CLASS_SIZE) as pool:
        list(pool.map(visit, range(CLASS_SIZE)))
    counts = ", ".join(f"{count} {step}" for step, count in steps.items())
    slowest = f"; slowest first answer {max(first):.1f} s" if first else ""
    return Outcome(
        f"of {CLASS_SIZE}: {counts}{slowest}" + (f"; {short(trouble[0], 50)}" if trouble else ""), watch.worst
    )
