"""Which run is next: a fair order of network addresses, a long queue, and less time while others wait."""

import pytest

from settings import TRAIN_WAITING, TRAIN_WAITING_ADDRESS
from tests.training.desk.desks import ANNA, BERT, CARL, ENDLESS, OWN, RECIPE, ScriptedChild, steps, until
from training.desk import pool
from training.desk.desk import JobError
from training.desk.job import STATE


def visitor(name):
    return f"{name:x<20}"


def start(desk, name, address):
    """Start a run of a visitor of that name, who may be invented."""
    return desk.start(visitor(name), RECIPE, OWN, address=address)


def place(desk, name, run):
    return desk.follow(visitor(name), run)["place"]


def begun():
    """The runs that the processes were given."""
    return [child.run for child in ScriptedChild.started]


def test_nine_invented_visitors_do_not_delay_another_address(scripted):
    desk = scripted()
    runs = [start(desk, f"invented{i}", "10.0.0.1") for i in range(9)]
    other = start(desk, "other", "10.0.0.2")
    assert begun() == runs[:1] and place(desk, "other", other) == 1
    assert [place(desk, f"invented{i}", run) for i, run in enumerate(runs)] == [0, *range(2, 10)]
    (child,) = ScriptedChild.started
    child.end()
    assert begun() == [other]
    child.end()
    assert begun() == [runs[1]]


def test_a_class_behind_one_router_trains_at_once(scripted):
    desk = scripted()
    runs = [start(desk, f"pupil{i}", "10.0.0.1") for i in range(40)]
    assert [place(desk, f"pupil{i}", run) for i, run in enumerate(runs)] == list(range(40))
    (child,) = ScriptedChild.started
    for run in runs:
        assert begun() == [run]
        child.end()


def test_a_full_queue_says_what_is_full(scripted):
    desk = scripted()
    start(desk, "first", "10.0.0.1")
    for i in range(TRAIN_WAITING_ADDRESS):
        start(desk, f"a{i}", "10.0.0.1")
    with pytest.raises(JobError, match=f"^{TRAIN_WAITING_ADDRESS} runs from your network address are"):
        start(desk, "last", "10.0.0.1")
    for i in range(TRAIN_WAITING - TRAIN_WAITING_ADDRESS):
        start(desk, f"b{i}", f"10.0.1.{i}")
    for address in ("10.0.0.3", ""):
        with pytest.raises(JobError, match=f"queue is full: {TRAIN_WAITING} runs are waiting"):
            start(desk, "last", address)
    assert desk.runs(visitor("last")) == []


def test_visitors_without_an_address_share_one(scripted):
    desk = scripted(waiting_address=1)
    start(desk, "a", "")
    start(desk, "b", "")
    with pytest.raises(JobError, match="^1 run from your network address"):
        start(desk, "c", "")


def test_a_continued_run_waits_at_the_address_that_continues_it(scripted):
    desk = scripted(waiting_address=1)
    run = start(desk, "a", "10.0.0.1")
    (child,) = ScriptedChild.started
    child.begin()
    child.end(leaving=False)
    (desk._shelf.find(visitor("a"), run).folder / STATE).touch()
    start(desk, "b", "10.0.0.1")
    start(desk, "c", "10.0.0.1")
    desk.go_on(visitor("a"), run, 1, "10.0.0.2")
    with pytest.raises(JobError, match="^1 run from your network address is waiting, which is the limit"):
        start(desk, "d", "10.0.0.2")


def test_addresses_take_turns_and_the_one_with_fewer_runs_comes_first(scripted):
    desk = scripted(slots=3)
    for name in ("a1", "a2", "b1"):
        start(desk, name, name[0])
    names = ("a3", "a4", "b2", "b3", "c1", "c2")
    waiting = {name: start(desk, name, name[0]) for name in names}
    expected = ["c1", "b2", "a3", "c2", "b3", "a4"]
    assert sorted(names, key=lambda name: place(desk, name, waiting[name])) == expected
    ScriptedChild.started[2].end()  # of b, which has none then, as c
    assert begun()[2] == waiting["c1"]
    ScriptedChild.started[2].end()
    assert begun()[2] == waiting["b2"]
    ScriptedChild.started[0].end()
    assert begun()[0] == waiting["c2"]
    # now each has one that goes on, and the latest turn of a is longest ago
    assert [place(desk, name, waiting[name]) for name in ("a3", "b3", "a4")] == [1, 2, 3]


def test_an_address_that_returns_leaves_every_second_turn_to_others(scripted):
    desk = scripted()
    many = [start(desk, f"a{i}", "a") for i in range(4)]
    (child,) = ScriptedChild.started
    turns = []
    for round in range(3):
        again = start(desk, f"b{round}", "b")
        for _ in range(2):
            child.end()
            turns.append(child.run in many)
        assert again not in begun()
    assert turns == [False, True] * 3


def test_a_limited_number_of_addresses_is_remembered(scripted, monkeypatch):
    monkeypatch.setattr(pool, "MOST_ADDRESSES", 5)
    desk = scripted()
    for i in range(9):
        start(desk, f"a{i}", f"address {i}")
        ScriptedChild.started[0].end()
    assert list(desk._pool._turns) == [f"address {i}" for i in range(4, 9)]


# --- time ---------------------------------------------------------------------------------------------------


def test_a_run_has_less_time_while_another_visitor_waits(desk, limits):
    limits(budget_waited=0.2)
    run = desk.start(ANNA, ENDLESS, OWN)
    steps(desk, ANNA, run, 1)
    while desk.follow(ANNA, run, wait=1)["progress"]["seconds"] < 0.4:
        pass
    alone = desk.follow(ANNA, run)
    assert alone["state"] == "running" and alone["progress"]["budget"] == 60
    other = desk.start(BERT, RECIPE, OWN)
    assert desk.follow(ANNA, run)["progress"]["budget"] == 0.2
    ended = until(desk, ANNA, run)
    assert ended["state"] == "stopped" and ended["cursor"] > 0
    assert ended["message"] == (
        "While others wait, a run may take 0.2 seconds, and this one has had that time."
        " What it learned is kept."
    )
    desk.network(ANNA, run)
    assert until(desk, BERT, other)["state"] == "done"


def test_pauses_count_in_the_time_that_a_run_has_while_others_wait(scripted):
    desk = scripted(budget_waited=0.0)
    run = desk.start(ANNA, RECIPE, OWN)
    (child,) = ScriptedChild.started
    child.begin()
    child.say(paused=True)
    desk.start(BERT, RECIPE, OWN)
    until(desk, ANNA, run, ("stopping",))
    assert "While others wait" in child.orders[-1]["message"]


def test_for_each_waiting_run_one_ends_the_longest_first(scripted):
    desk = scripted(slots=3, budget_waited=0.0)
    for name in ("first", "second", "third"):
        start(desk, name, name)
    for child in ScriptedChild.started:
        child.begin()
    waiting = desk.start(CARL, RECIPE, OWN)
    stopping = until(desk, visitor("first"), ScriptedChild.started[0].run, ("stopping",))
    assert stopping["place"] == 0 and desk.follow(CARL, waiting)["state"] == "queued"
    with desk._lock:
        desk._pool._make_places()
    assert [[order["do"] for order in child.orders] for child in ScriptedChild.started] == [
        ["run", "stop"], ["run"], ["run"],
    ]  # fmt: skip
