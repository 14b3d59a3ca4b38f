"""The race of DataLoaders: real processes, small races, and the arithmetic beside them."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from data.loader import race as module
from data.loader import racer
from data.loader.race import Expected, RaceError, RaceResult, RaceSettings, arguments, cores, expected, race

SMALL: dict[str, Any] = {
    "batches": 4,
    "batch_size": 3,
    "sample_ms": 1.0,
    "step_ms": 1.0,
    "start": module.usual_start(),
}
SLOW: dict[str, Any] = {
    "batches": 20,
    "batch_size": 4,
    "sample_ms": 50.0,
    "step_ms": 100.0,
    "start": module.usual_start(),
}


def finished(settings: RaceSettings) -> dict[int, RaceResult]:
    return {result.workers: result for result in race(settings) if result.total is not None}


def running_in(group: int) -> list[int]:
    """Processes of the group that still run; zombies do not."""
    processes = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it ended meanwhile
        if int(its_group) == group and state not in "ZX":
            processes.append(int(stat.parent.name))
    return processes


def has_ended(group: int) -> bool:
    """Whether all processes of the group have ended; a signal takes a moment to arrive."""
    for _ in range(250):
        if not running_in(group):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def started(monkeypatch):
    """The processes that `race` starts."""
    processes = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            processes.append(self)

    monkeypatch.setattr(module.subprocess, "Popen", Recorded)
    return processes


@pytest.fixture(scope="module")
def results() -> dict[int, RaceResult]:
    """A race to the end, by number of workers."""
    return finished(RaceSettings(workers=(4, 2, 0, 1), **SMALL))


def test_every_batch_is_fetched_once_by_the_right_worker(results):
    assert list(results) == [0, 1, 2, 4]  # from few to many
    for workers, result in results.items():
        assert [batch.number for batch in result.batches] == [0, 1, 2, 3]
        # workers take turns: batch i belongs to worker i modulo their number
        turns = [number % workers if workers else None for number in range(4)]
        assert [batch.worker for batch in result.batches] == turns
        assert [worker for worker, _ in result.ready] == list(range(workers))
        assert ("4 worker processes" in result.advice) == (workers == 4 > cores())


def test_times_are_in_the_order_in_which_things_happen(results):
    for workers, result in results.items():
        for before, batch in zip((None, *result.batches), result.batches, strict=False):
            assert 0 <= batch.fetch[0] < batch.fetch[1] < batch.received == batch.step[0] < batch.step[1]
            assert batch.request < batch.received
            assert batch.step[1] - batch.step[0] >= 0.001
            if workers == 0:  # it is fetched while the loop waits for it
                assert batch.request < batch.fetch[0]
            if before is not None:
                assert before.step[1] <= batch.request
                if workers < 2:
                    assert before.fetch[1] <= batch.fetch[0]
        assert result.total is not None and result.total >= result.batches[-1].step[1]
        firsts = {batch.worker: batch.fetch[0] for batch in reversed(result.batches)}
        assert all(0 < moment < firsts[worker] for worker, moment in result.ready)
        steps = sum(batch.step[1] - batch.step[0] for batch in result.batches)
        assert 0 < result.waited <= result.total - steps


def test_waiting_takes_at_least_the_requested_time():
    data = racer.TimedPictures(count=2, seconds=0.02, rounds=0)
    before = time.monotonic()
    picture, label, start = data[1]
    assert time.monotonic() - before >= 0.02 and start >= before
    assert picture.shape == (1, 28, 28) and picture.min() >= 0 and picture.max() <= 1 and 0 <= label <= 9


def test_computing_is_a_fixed_number_of_real_blurs():
    plain, busy = (racer.TimedPictures(count=2, seconds=0.0, rounds=rounds) for rounds in (0, 2))
    picture = plain[1][0]
    box = torch.full((1, 1, 3, 3), 1 / 9)
    twice = F.conv2d(F.conv2d(picture[None], box, padding=1), box, padding=1)[0]
    assert torch.allclose(busy[1][0], twice, atol=1e-6)
    assert racer.rounds_for(0.0) == 1 and racer.rounds_for(0.02) > racer.rounds_for(0.0002)


def test_a_spawned_worker_computes_while_the_loop_trains():
    slower = {**SMALL, "sample_ms": 10.0, "step_ms": 40.0, "start": "spawn"}
    result = finished(RaceSettings(workers=(1,), kind="compute", **slower))[1]
    assert [batch.worker for batch in result.batches] == [0] * 4
    pairs = zip(result.batches, result.batches[1:], strict=False)
    # fetching the next batch begins before the step on this one has ended
    assert any(following.fetch[0] < batch.step[1] for batch, following in pairs)


def test_closing_the_generator_ends_the_process_and_its_workers(started):
    running = race(RaceSettings(workers=(2,), **SLOW))
    for result in running:
        if result.batches:
            break
    assert started[0].poll() is None
    running.close()
    assert started[0].returncode == -signal.SIGKILL
    assert has_ended(started[0].pid)


def test_the_workers_end_with_the_process_that_started_them(started):
    """A killed page cannot clean up: the closing of its end of the pipe must be enough."""
    settings = RaceSettings(workers=(2,), **SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "data.loader.racer", *arguments(settings)],
        cwd=module.project.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    assert b"begin" in process.stdout.readline() and b"batch" in process.stdout.readline()
    process.stdin.close()
    assert process.wait(10) != 0
    assert has_ended(process.pid)
    process.stdout.close()


def test_a_race_that_takes_too_long_is_stopped(started):
    with pytest.raises(RaceError, match=r"race with num_workers=0 was stopped after 0\.01 seconds"):
        list(race(RaceSettings(workers=(0,), **SLOW), limit=0.01))
    assert has_ended(started[0].pid)


def test_a_race_that_breaks_off_gets_a_sentence(started):
    running = race(RaceSettings(workers=(0,), **SLOW))
    next(running)
    started[0].kill()
    with pytest.raises(RaceError, match=r"broke off \(exit status -9\)"):
        list(running)


def test_a_process_that_cannot_be_started_gets_a_sentence(monkeypatch):
    monkeypatch.setattr(module.project, "ROOT", Path("/nowhere/at/all"))
    with pytest.raises(RaceError, match="No new process can be started now"):
        next(race(RaceSettings(**SMALL)))


def test_results_come_while_nothing_happens():
    running = race(RaceSettings(workers=(0,), **SLOW))
    first = next(running)  # torch is still being imported
    assert first == RaceResult(0)
    running.close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"workers": ()}, "at least one"),
        ({"workers": None}, "at least one"),
        ({"workers": (0, 3)}, "0, 1, 2 or 4"),
        ({"workers": (True,)}, "workers must be a whole number from 0 to 4, not True"),
        ({"workers": ("2",)}, "workers must be a whole number from 0 to 4, not '2'"),
        ({"batches": 3}, "batches must be a whole number from 4 to 40, not 3"),
        ({"batches": 4.5}, "whole number from 4 to 40"),
        ({"batches": float("nan")}, "from 4 to 40"),
        ({"batch_size": True}, "from 1 to 64"),
        ({"batch_size": 65}, "from 1 to 64"),
        ({"batch_size": [3]}, "from 1 to 64"),
        ({"sample_ms": -1}, "milliseconds of a sample must be a number from 0 to 50, not -1"),
        ({"sample_ms": None}, "from 0 to 50, not left empty"),
        ({"sample_ms": float("nan")}, "from 0 to 50, not nan"),
        ({"step_ms": 200.5}, "milliseconds of a training step must be a number from 0 to 200, not 200.5"),
        ({"step_ms": "40"}, "from 0 to 200, not '40'"),
        ({"kind": "spin"}, "must be one of wait, compute, not 'spin'"),
        ({"kind": ["wait"]}, "must be one of wait, compute"),
        ({"start": "thread"}, "start of workers must be one of .*, not 'thread'"),
        ({"start": None}, "start of workers must be one of .*, not left empty"),
        (
            {"batches": 20, "batch_size": 8, "sample_ms": 50, "step_ms": 0},
            r"20 × \(8 × 50 ms \+ 0 ms\) = 8\.0 s. The limit is 6 s",
        ),
    ],
)
def test_bad_settings_are_refused(change, sentence):
    with pytest.raises(RaceError, match=sentence):
        RaceSettings(**{"start": module.usual_start(), **change})


def test_settings_are_put_in_order():
    values: dict[str, Any] = {"workers": [4, 0, 4.0], "batches": 12.0}
    settings = RaceSettings(**values, start=module.usual_start())
    assert settings.workers == (0, 4) and settings.batches == 12 and isinstance(settings.batches, int)


def by_hand(settings: RaceSettings, workers: int, share: float = 1.0) -> float:
    """A pipeline without overhead, batch by batch, in ms."""
    fetch, step = settings.batch_size * settings.sample_ms * share, settings.step_ms
    if workers == 0:
        return settings.batches * (fetch + step)
    free, trained = [0.0] * workers, 0.0
    for number in range(settings.batches):
        free[number % workers] += fetch
        trained = max(trained, free[number % workers]) + step
    return trained


@pytest.mark.parametrize("workers", [0, 1, 2, 4])
@pytest.mark.parametrize("batches, step_ms", [(16, 40), (16, 10), (17, 5), (4, 0), (11, 120), (13, 20)])
def test_the_arithmetic_agrees_with_a_pipeline_simulated(workers, batches, step_ms):
    settings = RaceSettings(batches=batches, step_ms=step_ms, start=module.usual_start())
    goal = expected(settings, workers, processors=8)
    assert goal.seconds == pytest.approx(by_hand(settings, workers) / 1000)
    shared = RaceSettings(batches=batches, step_ms=step_ms, kind="compute", start=module.usual_start())
    share = max(1.0, workers / 2)
    assert expected(shared, workers, 2).seconds == pytest.approx(by_hand(shared, workers, share) / 1000)


def test_the_formula_is_the_one_that_decides():
    settings = RaceSettings(start=module.usual_start())  # 16 batches, 16 x 5 ms, 40 ms
    assert expected(settings, 0, 2) == Expected(1.92, "16 × (80 + 40) ms", "both")
    assert expected(settings, 1, 2) == Expected(1.32, "16 × 80 + 1 × 40 ms", "fetching")
    assert expected(settings, 2, 2) == Expected(0.72, "80 + 16 × 40 ms", "training")
    busy = RaceSettings(kind="compute", step_ms=10, start=module.usual_start())
    assert expected(busy, 4, 2) == Expected(0.68, "4 × 80 × 4/2 + 4 × 10 ms", "fetching")
