"""One desk with one warm process for all tests of runs."""

import dataclasses

import pytest

from tests.training.desks import ANNA, BERT, CARL, until


@pytest.fixture(scope="session")
def warm_desk(tmp_path_factory):
    from training.jobs import Desk

    made = Desk(slots=1, threads=1, nice=0, budget=60, folder=tmp_path_factory.mktemp("runs"))
    made.warm()
    yield made
    made.close()


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

    def set_to(**changed):
        monkeypatch.setattr(desk._pool, "limits", dataclasses.replace(desk._pool.limits, **changed))

    return set_to
