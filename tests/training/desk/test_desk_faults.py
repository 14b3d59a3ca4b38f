"""What may happen to runs: killed processes, a killed page, no memory, a full disk, nobody following."""

import dataclasses
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import settings
from tests.training.desk.desks import (
    ANNA,
    BERT,
    CARL,
    ENDLESS,
    OWN,
    RECIPE,
    alone,
    steps,
    until,
)
from training.desk import child, worker
from training.desk import job as work
from training.desk.desk import Desk, JobError
from training.desk.folders import OwnedFolder
from training.desk.limits import Limits
from training.desk.pipe import Control
from training.samples import write_own

PREFIX = "torch-playground-runs-"


def alive(pid: int) -> bool:
    """Whether the process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def has_exited(pid: int) -> bool:
    for _ in range(1500):
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_a_process_that_reads_no_orders_is_killed(monkeypatch):
    start, statuses = subprocess.Popen, []
    monkeypatch.setattr(child.subprocess, "Popen", lambda words, **how: start(["sleep", "60"], **how))
    asleep = child.Child(1, 0, lambda *line: None, lambda process, status: statuses.append(status))
    for _ in range(100):
        asleep.send(do="lr", words="x" * 1000)
    asleep.join()
    assert statuses == [-signal.SIGKILL]


def test_a_killed_process_is_reported_and_replaced_and_its_run_continues(desk):
    run = desk.start(ANNA, RECIPE, OWN)
    until(desk, ANNA, run)
    desk.go_on(ANNA, run, 997)
    steps(desk, ANNA, run, 30)
    (killed,) = desk.processes
    os.kill(killed, signal.SIGKILL)
    status = until(desk, ANNA, run)
    assert status["state"] == "failed"
    assert "killed from outside" in status["message"] and "can be continued" in status["message"]
    with pytest.raises(JobError, match="continue it, or start a new one"):
        desk.network(ANNA, run)
    # it repeats the steps that were not kept, and they are the same
    desk.go_on(ANNA, run)
    status = steps(desk, ANNA, run, 40)
    assert killed not in desk.processes and status["cursor"] >= 40
    desk.stop(ANNA, run)
    taken = until(desk, ANNA, run)["cursor"]
    whole = desk.follow(ANNA, run)["steps"]
    assert whole["step"][:40] == list(range(40))
    longer = dataclasses.replace(RECIPE, config=dataclasses.replace(RECIPE.config, epochs=6))
    expected = [step.loss for step in alone(longer)[0]]
    assert whole["loss"][: min(taken, 48)] == pytest.approx(expected[: min(taken, 48)], rel=1e-6)


def test_a_process_that_hangs_is_killed(desk, monkeypatch):
    monkeypatch.setattr(settings, "TRAIN_GRACE_SECONDS", 0.2)
    run = desk.start(ANNA, ENDLESS, OWN)
    steps(desk, ANNA, run, 3)
    (hanging,) = desk.processes
    os.kill(hanging, signal.SIGSTOP)
    desk.stop(ANNA, run)
    status = until(desk, ANNA, run)
    assert status["state"] == "failed" and "did not answer" in status["message"]
    assert has_exited(hanging)
    monkeypatch.undo()
    run = desk.start(ANNA, RECIPE, OWN)
    assert until(desk, ANNA, run)["state"] == "done"


def test_the_time_for_a_run_ends_it_and_keeps_what_it_learned(desk, limits):
    limits(budget=0.2)
    run = desk.start(ANNA, ENDLESS, OWN)
    status = until(desk, ANNA, run)
    assert status["state"] == "stopped" and "0.2 seconds, is used up" in status["message"]
    assert status["progress"]["budget"] == 0.2 and status["cursor"] > 0
    desk.network(ANNA, run)


def test_a_run_nobody_follows_is_stopped(desk, limits):
    run = desk.start(ANNA, ENDLESS, OWN)
    waiting = desk.start(BERT, RECIPE, OWN)
    steps(desk, ANNA, run, 1)
    limits(follow=0.1)
    for _ in range(1000):
        if desk.active(ANNA) is desk.active(BERT) is None:  # which is not to follow them
            break
        time.sleep(0.02)
    status = desk.follow(ANNA, run)
    assert status["state"] == "stopped" and "Nobody was following" in status["message"]
    assert desk.follow(BERT, waiting)["state"] == "stopped"
    desk.network(ANNA, run)


@pytest.mark.parametrize("waited", [False, True])
def test_a_pause_ends_earlier_when_others_wait(desk, limits, waited):
    run = desk.start(ANNA, ENDLESS, OWN)
    steps(desk, ANNA, run, 1)
    desk.pause(ANNA, run)
    until(desk, ANNA, run, ("paused",))
    if waited:
        limits(pause_waited=0.05)
        time.sleep(0.3)
        assert desk.follow(ANNA, run)["state"] == "paused"
        other = desk.start(BERT, RECIPE, OWN)
    else:
        limits(pause=0.05)
    status = until(desk, ANNA, run)
    reason = "Others are waiting" if waited else "too long"
    assert status["state"] == "stopped" and reason in status["message"]
    if waited:
        assert until(desk, BERT, other)["state"] == "done"


def finished_weights(desk):
    run = desk.start(CARL, RECIPE, OWN)
    until(desk, CARL, run)
    return desk.weights(CARL, run)


def test_a_full_disk_of_the_page_is_reported(desk, monkeypatch):
    def full(*arguments, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    data = finished_weights(desk)
    before = len(desk.runs(CARL))
    monkeypatch.setattr("training.desk.desk.write_own", full)
    with pytest.raises(JobError, match="disk is full"):
        desk.start(CARL, RECIPE, OWN)
    monkeypatch.setattr("training.desk.desk.save", full)
    with pytest.raises(JobError, match="disk is full"):
        desk.adopt(CARL, "mine", data)
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(JobError, match="disk is full"):
        desk.adopt(CARL, "mine", data)
    monkeypatch.undo()
    assert len(desk.runs(CARL)) == before
    assert until(desk, CARL, desk.start(CARL, RECIPE, OWN))["state"] == "done"


# --- what goes wrong inside a process -----------------------------------------------------------------------


class Listener:
    """The page's end of `worker.serve`."""

    def send(self, **line):
        pass


def served(tmp_path, recipe=RECIPE, **more):
    """How a run ends in this process, and whether the process could serve another one."""
    write_own(tmp_path / "own.pt", OWN)
    order = {
        "do": "run", "run": "x", "kind": "train", "recipe": recipe.as_dict(), "spec": None, "budget": 60.0,
        "folder": str(tmp_path), "own": str(tmp_path / "own.pt"), "further_epochs": None, "changes": [],
        **more,
    }  # fmt: skip
    return worker.serve(Listener(), Control(order))


@pytest.mark.parametrize(
    ("error", "sentence", "healthy"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full", False),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied", False),
        (MemoryError(), "not enough memory", False),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you"),
            "not enough memory",
            False,
        ),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), "not enough memory", False),
        (RuntimeError("shape mismatch"), "RuntimeError: shape mismatch", False),
        (KeyError("loss"), "KeyError: 'loss'", False),
        (ValueError("The data has no labels."), "The data has no labels.", True),
    ],
)
@pytest.mark.parametrize("where", ["write", "prepare", "evaluate"])
def test_what_goes_wrong_in_a_run_is_one_sentence(tmp_path, monkeypatch, where, error, sentence, healthy):
    def fail(*arguments, **named):
        raise error

    name = {"evaluate": "examine"}.get(where, where)
    monkeypatch.setattr(work, name, fail)
    end, usable = served(tmp_path)
    assert end["state"] == "failed" and sentence in end["message"] and usable == healthy
    assert "\n" not in end["message"]


def test_a_run_in_this_process_ends(tmp_path):
    assert served(tmp_path)[0]["state"] == "done"


def test_samples_a_second_count_the_smaller_last_batch_correctly(tmp_path, monkeypatch):
    counts = []

    class Counted(work.Pace):
        def add(self, seconds, samples):
            counts.append(samples)
            return super().add(seconds, samples)

    monkeypatch.setattr(work, "Pace", Counted)
    # 128 pictures are batches of 100 and 28
    served(tmp_path, dataclasses.replace(RECIPE, config=dataclasses.replace(RECIPE.config, batch_size=100)))
    assert sum(counts) == 3 * 128


def test_weights_are_kept_before_they_are_measured(tmp_path, monkeypatch):
    exists = []

    def measure(*arguments, **named):
        exists.append((tmp_path / work.STATE).is_file())
        return 0.5, 0.5

    monkeypatch.setattr(work, "evaluate", measure)
    served(tmp_path, budget=-1.0)  # it ends in the middle of an epoch, where nothing was validated yet
    assert exists == [True]


def test_no_file_of_a_run_is_ever_incomplete(tmp_path, monkeypatch):
    target = tmp_path / "file"
    work.write(target, b"old")

    def cut(self, data):
        with open(self, "wb") as file:
            file.write(data[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", cut)
    with pytest.raises(OSError):
        work.write(target, b"the new one")
    assert target.read_bytes() == b"old"


# --- the page and its processes -----------------------------------------------------------------------------

PAGE = """
import sys, time
from pathlib import Path
from tests.training.desk.desks import ANNA, ENDLESS, OWN
from training.desk.desk import Desk
desk = Desk(slots=1, threads=1, nice=0, folder=Path(sys.argv[1]))
run = desk.start(ANNA, ENDLESS, OWN)
while not desk.follow(ANNA, run, wait=1)["cursor"]:
    pass
print(*desk.processes, flush=True)
time.sleep(600)
"""


def test_nothing_is_left_of_a_killed_page(scripted, tmp_path):
    page = subprocess.Popen(
        [sys.executable, "-c", PAGE, str(tmp_path)],
        cwd=settings.ROOT, env={**os.environ, "PYTHONPATH": str(settings.ROOT)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert page.stdout is not None
    trainer = int(page.stdout.readline())
    assert alive(trainer)
    page.kill()
    page.wait()
    page.stdout.close()
    assert has_exited(trainer)
    (left,) = tmp_path.glob(f"{PREFIX}*")
    assert (left / "lock").is_file()
    desk = scripted()  # which takes the same folder
    assert not left.exists()
    desk.close()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_living_page_stays(tmp_path):
    folder = OwnedFolder("runs", tmp_path)
    folder.new("run")
    (tmp_path / f"{PREFIX}strange").mkdir()  # not made by a page: it has no lock
    other = OwnedFolder("runs", tmp_path)
    other.remove_left()
    other.new("run")
    assert len(list(tmp_path.glob(f"{PREFIX}*/run"))) == 2
    folder.close()
    other.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"{PREFIX}strange"]


def test_no_process_can_be_started(tmp_path, monkeypatch):
    def none(*arguments, **named):
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(child.subprocess, "Popen", none)
    desk = Desk(slots=1, folder=tmp_path)
    run = desk.start(ANNA, RECIPE, OWN)
    status = until(desk, ANNA, run)
    assert status["state"] == "failed" and "No new process can be started" in status["message"]
    desk.close()
    assert list(tmp_path.iterdir()) == []


def test_processes_that_exit_at_once_are_not_started_for_ever(tmp_path, monkeypatch):
    started = []

    class Broken(subprocess.Popen):
        def __init__(self, command, **named):
            started.append(command)
            super().__init__([sys.executable, "-S", "-c", "raise SystemExit(7)"], **named)

    monkeypatch.setattr(child.subprocess, "Popen", Broken)
    desk = Desk(slots=1, folder=tmp_path)
    run = desk.start(ANNA, RECIPE, OWN)
    status = until(desk, ANNA, run)
    assert status["state"] == "failed" and "7" in status["message"]
    for _ in range(100):
        if len(started) == settings.TRAIN_FAILURES:
            break
        time.sleep(0.02)
    time.sleep(0.3)
    assert len(started) == settings.TRAIN_FAILURES
    desk.close()


def test_nothing_starts_before_it_is_needed(tmp_path):
    desk = Desk(folder=tmp_path)
    assert desk.processes == [] and desk.runs(ANNA) == [] and desk.active(ANNA) is None
    desk.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "word"), [(-9, "memory"), (-11, "signal 11"), (1, "exit status 1")])
def test_the_exit_of_a_process_in_words(status, word):
    assert word in child.exit_message(status)


@pytest.mark.parametrize(("value", "seconds"), [("", 600), ("5", 5), ("86400", 86400), (" 42.5 ", 42.5)])
def test_the_budget_comes_from_the_environment(monkeypatch, value, seconds):
    monkeypatch.setenv("TORCH_PLAYGROUND_TRAIN_SECONDS", value)
    assert settings.train_seconds() == seconds


@pytest.mark.parametrize(
    "variable", ["TORCH_PLAYGROUND_TRAIN_SECONDS", "TORCH_PLAYGROUND_TRAIN_SECONDS_WAITED"]
)
@pytest.mark.parametrize("value", ["0", "4.9", "86401", "nan", "inf", "ten", "-5"])
def test_an_invalid_budget_is_refused(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=f"{variable} must be a number from 5 to 86,400, not "):
        Limits()


@pytest.mark.parametrize(("full", "waited", "seconds"), [("", "", 120), ("", "30", 30), ("60", "90", 60)])
def test_the_budget_while_others_wait_is_never_more_than_the_full_one(monkeypatch, full, waited, seconds):
    monkeypatch.setenv("TORCH_PLAYGROUND_TRAIN_SECONDS", full)
    monkeypatch.setenv("TORCH_PLAYGROUND_TRAIN_SECONDS_WAITED", waited)
    assert Limits().budget_waited == seconds
