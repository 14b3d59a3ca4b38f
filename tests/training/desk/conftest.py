"""One desk with one warm process for all tests of runs."""

import dataclasses

import pytest

from tests.training.desk.desks import ANNA, BERT, CARL, ScriptedChild, until
from training.desk.desk import Desk
from training.desk.limits import Limits


@pytest.fixture(scope="session")
def warm_desk(tmp_path_factory):
    limits = Limits(budget=60)
    desk = Desk(slots=1, threads=1, nice=0, limits=limits, folder=tmp_path_factory.mktemp("runs"))
    desk.warm()
    yield desk
    desk.close()


@pytest.fixture
def desk(warm_desk):
    """Without an active run, before and after."""
    yield warm_desk
    for visitor in (ANNA, BERT, CARL):
        if run := warm_desk.active(visitor):
            warm_desk.stop(visitor, run)
            until(warm_desk, visitor, run)


@pytest.fixture
def limits(desk, monkeypatch):
    """Sets limits of the desk for one test."""

    def set_to(**changes):
        new = dataclasses.replace(desk._pool.limits, **changes)
        for part in (desk._pool, desk._shelf):
            monkeypatch.setattr(part, "limits", new)

    return set_to


@pytest.fixture
def scripted(tmp_path, monkeypatch):
    """Makes a desk with these limits; its processes are those in `ScriptedChild.started`."""
    monkeypatch.setattr("training.desk.pool.Child", ScriptedChild)
    monkeypatch.setattr(ScriptedChild, "started", [])
    desks = []

    def make(slots=1, **limits):
        desks.append(Desk(slots=slots, threads=1, limits=Limits(**limits), folder=tmp_path))
        desks[-1].warm()
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()
