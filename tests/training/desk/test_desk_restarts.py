"""Runs whose process exits, dies or hangs before they begin: another process gets them."""

import os
import signal
import subprocess

import pytest

import settings
from tests.training.desk.desks import ANNA, BERT, OWN, RECIPE, ScriptedChild, until
from training.desk import child
from training.desk.desk import Desk


def test_a_run_is_not_lost_after_one_that_took_much_memory(tmp_path, monkeypatch):
    class Sparing(subprocess.Popen):
        def __init__(self, words, **how):
            super().__init__([*words, "--memory", "1"], **how)

    monkeypatch.setattr(child.subprocess, "Popen", Sparing)
    desk = Desk(slots=1, threads=1, nice=0, folder=tmp_path)
    first = desk.start(ANNA, RECIPE, OWN)
    (leaving,) = desk.processes
    second = desk.start(BERT, RECIPE, OWN)
    assert until(desk, ANNA, first)["state"] == "done"
    ended = until(desk, BERT, second)
    assert (ended["state"], ended["message"]) == ("done", "")
    assert leaving not in desk.processes
    desk.close()


def test_a_process_stopped_while_idle_is_replaced_and_the_run_begins(desk, monkeypatch):
    until(desk, ANNA, desk.start(ANNA, RECIPE, OWN))  # by then it is warm
    monkeypatch.setattr(settings, "TRAIN_ACCEPTING_SECONDS", 0.3)
    (stopped,) = desk.processes
    os.kill(stopped, signal.SIGSTOP)
    run = desk.start(ANNA, RECIPE, OWN)
    ended = until(desk, ANNA, run)
    assert (ended["state"], ended["message"]) == ("done", "")
    assert stopped not in desk.processes


def test_a_process_killed_while_idle_is_replaced_and_the_run_begins(desk):
    (ended,) = desk.processes
    with desk._lock:  # so that the desk does not know yet
        os.kill(ended, signal.SIGTERM)
        run = desk.start(ANNA, RECIPE, OWN)
    assert until(desk, ANNA, run)["state"] == "done"
    assert ended not in desk.processes


# --- with processes that do what the test says --------------------------------------------------------------


@pytest.fixture
def pair(scripted):
    """A desk of one process, whose run is Anna's, and Bert's run, which waits."""
    desk = scripted()
    return desk, desk.start(ANNA, RECIPE, OWN), desk.start(BERT, RECIPE, OWN)


def test_a_process_about_to_exit_gets_no_further_run(pair):
    desk, _, waiting = pair
    (leaving,) = ScriptedChild.started
    leaving.begin()
    leaving.end(leaving=True)
    assert desk.follow(BERT, waiting)["place"] == 1 and not leaving.alive
    assert [order["do"] for order in leaving.orders] == ["run"]
    leaving.exit()
    assert ScriptedChild.started[1].run == waiting
    assert desk.follow(BERT, waiting)["state"] == "starting"


def test_a_run_that_never_began_is_restarted_first_up_to_a_limit(pair):
    desk, first, waiting = pair
    for number in range(settings.TRAIN_RESTARTS + 1):
        lost = ScriptedChild.started[number]
        assert lost.run == first and desk.follow(BERT, waiting)["place"] == 1
        lost.say(accepted=True)
        lost.exit(3)
    failed = desk.follow(ANNA, first)
    assert failed["state"] == "failed"
    assert failed["message"].startswith(
        "3 processes exited before this run could begin, the last one with status 3"
    )
    assert ScriptedChild.started[-1].run == waiting
    # started again by its visitor, it may be lost as often as before
    run = desk.start(ANNA, RECIPE, OWN)
    ScriptedChild.started[-1].begin()
    ScriptedChild.started[-1].end()
    ScriptedChild.started[-1].exit(3)
    assert ScriptedChild.started[-1].run == run and desk.follow(ANNA, run)["state"] == "starting"


@pytest.mark.parametrize("line", [{"drawing": [100, 5000]}, None])
def test_a_run_that_has_begun_does_not_begin_again(pair, line):
    desk, first, waiting = pair
    (lost,) = ScriptedChild.started
    lost.say(**line) if line else lost.begin()
    lost.exit(3)
    assert desk.follow(ANNA, first)["state"] == "failed"
    assert "broke off (exit status 3)" in desk.follow(ANNA, first)["message"]
    assert ScriptedChild.started[-1].run == waiting


def test_a_run_that_was_stopped_or_took_too_long_is_not_restarted(pair, monkeypatch):
    desk, first, waiting = pair
    desk.stop(ANNA, first)
    ScriptedChild.started[0].exit(-9)
    assert desk.follow(ANNA, first)["state"] == "failed"
    monkeypatch.setattr(settings, "TRAIN_BEGINNING_SECONDS", -10_000.0)
    ScriptedChild.started[1].say(accepted=True)
    while ScriptedChild.started[1].alive:
        desk.follow(BERT, waiting, wait=0.1)
    ScriptedChild.started[1].exit(-9)
    ended = desk.follow(BERT, waiting)
    assert ended["state"] == "failed" and "took too long" in ended["message"]


@pytest.mark.parametrize("ready", [True, False])
def test_a_process_that_does_not_accept_its_run_is_killed(pair, monkeypatch, ready):
    desk, first, _ = pair
    (silent,) = ScriptedChild.started
    silent.ready = ready
    monkeypatch.setattr(settings, "TRAIN_ACCEPTING_SECONDS" if ready else "TRAIN_WARMING_SECONDS", 0.0)
    while silent.alive:
        desk.follow(ANNA, first, wait=0.1)
    silent.exit(-9)
    assert ScriptedChild.started[1].run == first


def test_an_accepted_run_that_waits_for_its_process_is_left_alone(pair, monkeypatch):
    desk, first, _ = pair
    (child,) = ScriptedChild.started
    child.say(accepted=True)
    monkeypatch.setattr(settings, "TRAIN_ACCEPTING_SECONDS", 0.0)
    with desk._lock:
        for run in desk._pool._children.values():
            desk._pool._check(child, run)
    assert child.alive and desk.follow(ANNA, first)["state"] == "starting"


def test_one_process_that_exits_before_it_is_warm_fails_no_run(pair):
    desk, first, waiting = pair
    (cold,) = ScriptedChild.started
    cold.ready = False
    cold.exit(-15)
    assert ScriptedChild.started[1].run == first
    assert desk.follow(BERT, waiting)["state"] == "queued"


def test_no_run_is_restarted_when_the_desk_closes(pair):
    desk, first, _ = pair
    (child,) = ScriptedChild.started
    desk.close()
    child.exit(-9)
    assert not child.alive and ScriptedChild.started == [child]
    assert desk.follow(ANNA, first)["state"] == "failed"
