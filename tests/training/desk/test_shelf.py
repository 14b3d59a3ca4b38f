"""Which runs are kept: a bounded space that all share, in which nobody loses runs through others' many."""

import time

import pytest

import settings
from tests.training.desk.desks import OWN, RECIPE, ScriptedChild
from training.desk.desk import Desk
from training.desk.limits import Limits
from training.desk.shelf import GONE, JobError, Shelf
from training.desk.states import RunState
from training.recipe import Recipe

KB = 1000
ANNA, BERT, CARL, DORA = (f"{name:x<20}" for name in ("anna", "bert", "carl", "dora"))


@pytest.fixture(autouse=True)
def small_runs(monkeypatch):
    monkeypatch.setattr(settings, "TRAIN_RUN_BYTES", KB)


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(Limits(run_bytes=100 * KB), tmp_path)
    yield shelf
    shelf.close()


def add(shelf, visitor, size, address="", name=None, state=RunState.DONE):
    """A run with a file of `size` bytes."""
    run = shelf.new(visitor, Recipe(), "train", None, address)
    run.status.state, run.bytes = state, KB
    (run.folder / "run.pt").write_bytes(bytes(size))
    if name:
        run.name, run.is_named = name, True
    shelf.measure(run)
    return run


def here(shelf, runs):
    """For each of the runs whether it is kept."""
    present = [run for mapping in shelf._runs.values() for run in mapping.values()]
    assert all(run.folder.is_dir() == (run in present) for run in runs)
    return [run in present for run in runs]


def leave(shelf, visitor):
    shelf._contact[visitor] -= settings.TRAIN_HERE_SECONDS + 1


def test_the_bytes_of_a_run_are_those_of_its_files_and_at_least_a_minimum(shelf):
    assert add(shelf, ANNA, 5 * KB).bytes == 5 * KB
    assert add(shelf, ANNA, 5).bytes == KB


def test_runs_stay_while_there_is_room_however_many_others_have(shelf):
    first = add(shelf, ANNA, 10 * KB)
    leave(shelf, ANNA)
    others = [add(shelf, f"visitor-{number:09}", KB) for number in range(90)]
    assert all(here(shelf, [first, *others]))
    add(shelf, BERT, KB)
    assert here(shelf, [first]) == [False]


def test_the_largest_visitor_loses_the_oldest_run_without_a_name(shelf):
    small = add(shelf, BERT, 5 * KB)
    named = add(shelf, ANNA, 30 * KB, name="the best")
    large = [add(shelf, ANNA, 30 * KB) for _ in range(2)]
    assert here(shelf, [small, named, *large]) == [True] * 4
    new = add(shelf, CARL, 10 * KB)
    assert here(shelf, [small, named, *large, new]) == [True, True, False, True, True]
    add(shelf, CARL, 35 * KB)
    assert here(shelf, [small, named, *large, new]) == [True, True, False, False, True]
    add(shelf, DORA, 35 * KB)
    # of Carl, who holds most by then
    assert here(shelf, [small, named, new]) == [True, True, False]


def test_a_named_run_is_removed_when_there_is_no_other(shelf):
    first, second = (add(shelf, ANNA, 45 * KB, name=name) for name in ("first", "second"))
    add(shelf, BERT, 20 * KB)
    assert here(shelf, [first, second]) == [False, True]


def test_visitors_who_are_away_lose_runs_before_others(shelf):
    most, away = add(shelf, ANNA, 60 * KB), add(shelf, BERT, 10 * KB)
    leave(shelf, BERT)
    add(shelf, CARL, 35 * KB)
    assert here(shelf, [most, away]) == [True, False]


def test_invented_visitors_do_not_help_their_inventor(shelf):
    first = [add(shelf, ANNA, 15 * KB, "10.0.0.1") for _ in range(2)]
    others = [add(shelf, f"invented-{number:07}", 7 * KB, "10.0.0.2") for number in range(30)]
    assert all(here(shelf, first)) and sum(here(shelf, others)) == 10


def test_keeping_in_contact_does_not_help_an_address_that_fills_the_space(tmp_path):
    shelf = Shelf(Limits(run_bytes=20 * KB), tmp_path)
    honest = add(shelf, ANNA, 2 * KB, "10.0.0.1")
    shelf._contact[ANNA] -= 200
    visitors = [f"invented-{number:07}" for number in range(30)]
    others = []
    for visitor in visitors:
        others.append(add(shelf, visitor, 2 * KB, "10.0.0.2"))
        assert here(shelf, [honest]) == [True]
        for other in visitors:
            shelf.meet(other)
    assert here(shelf, others) == [False] * 21 + [True] * 9
    # the last of them takes nearly all, and a third visitor finds room all the same
    add(shelf, BERT, 16 * KB, "10.0.0.2")
    shelf.meet(BERT)
    add(shelf, CARL, 3 * KB, "10.0.0.3")
    assert here(shelf, [honest]) == [True]
    shelf.close()


def test_visitors_of_the_largest_address_who_are_away_lose_runs_first(shelf):
    most, away = add(shelf, ANNA, 50 * KB, "10.0.0.1"), add(shelf, BERT, 10 * KB, "10.0.0.1")
    other = add(shelf, CARL, 30 * KB, "10.0.0.2")
    leave(shelf, BERT)
    leave(shelf, CARL)
    add(shelf, DORA, 15 * KB, "10.0.0.3")
    assert here(shelf, [most, away, other]) == [True, False, True]


def test_visitors_who_are_away_lose_runs_first_when_no_address_exceeds_its_share(shelf):
    active = add(shelf, ANNA, 60 * KB, "10.0.0.1", state=RunState.RUNNING)
    present, away = add(shelf, BERT, 25 * KB, "10.0.0.2"), add(shelf, CARL, 10 * KB, "10.0.0.3")
    leave(shelf, CARL)
    add(shelf, DORA, 10 * KB, "10.0.0.4")
    assert here(shelf, [active, present, away]) == [True, True, False]


def test_an_active_run_and_the_run_that_has_just_ended_stay(shelf):
    active = add(shelf, ANNA, 70 * KB, state=RunState.RUNNING)
    new = add(shelf, BERT, 60 * KB)
    assert here(shelf, [active, new]) == [True, True]
    other = add(shelf, ANNA, 50 * KB, state=RunState.QUEUED)
    assert here(shelf, [active, new, other]) == [True, False, True]
    with pytest.raises(JobError, match="space for runs is full"):
        add(shelf, CARL, KB)
    assert shelf.meet(CARL) == {}


def test_the_minimum_bounds_the_number_of_empty_runs(shelf):
    runs = [add(shelf, f"visitor-{number:09}", 0) for number in range(150)]
    assert sum(here(shelf, runs)) == 100


def test_runs_are_removed_an_hour_after_the_last_contact(shelf):
    run = add(shelf, ANNA, KB)
    shelf._contact[ANNA] = time.monotonic() - settings.TRAIN_KEPT_SECONDS + 60
    shelf.forget_old()
    assert here(shelf, [run]) == [True]
    shelf._contact[ANNA] -= 120
    shelf.forget_old()
    assert here(shelf, [run]) == [False]
    with pytest.raises(JobError, match="for an hour after that") as error:
        shelf.find(ANNA, run.id)
    assert str(error.value) == GONE


@pytest.mark.parametrize("question", ["active", "runs", "follow"])
def test_each_request_of_an_open_page_is_a_contact(tmp_path, question):
    desk = Desk(slots=1, limits=Limits(run_bytes=100 * KB), folder=tmp_path)
    first, others = add(desk._shelf, ANNA, 60 * KB), add(desk._shelf, BERT, 30 * KB)
    leave(desk._shelf, ANNA)
    getattr(desk, question)(ANNA, *([first.id] if question == "follow" else []))
    leave(desk._shelf, BERT)
    add(desk._shelf, CARL, 35 * KB)
    assert here(desk._shelf, [first, others]) == [True, False]
    desk.close()


def test_a_run_is_measured_when_it_ends(scripted):
    desk = scripted()
    run = desk._shelf.find(ANNA, desk.start(ANNA, RECIPE, OWN))
    pictures = run.bytes
    assert pictures == (run.folder / "own.pt").stat().st_size
    (run.folder / "run.pt").write_bytes(bytes(50 * KB))
    ScriptedChild.started[0].begin()
    assert run.bytes == pictures
    ScriptedChild.started[0].end()
    assert run.bytes == pictures + 50 * KB
