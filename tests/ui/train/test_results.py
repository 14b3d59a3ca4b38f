"""Results of a run: what the view is told, the code beside it, and what it says to wrong questions."""

from __future__ import annotations

import json
import types

import pytest
import torch
import torch.nn.functional as F

from data.fashion import CLASSES
from tests.ui.train.recorded_desk import LABELS, PICTURES, VISITOR, RecordedDesk
from ui.kit.events import server_function
from ui.train import results as train_results

RUN = {"visitor": VISITOR, "run": "first"}


@pytest.fixture
def desk() -> RecordedDesk:
    return RecordedDesk()


@pytest.fixture
def context(desk) -> types.SimpleNamespace:
    return types.SimpleNamespace(desk=desk)


def test_the_overview_of_a_finished_run_has_its_report(context, desk):
    found = train_results.on_overview(context, RUN)
    assert found["kept"] == [1, 2] and found["epochs"] == 2 and found["classes"][3] == "kind 3"
    assert found["report"]["after"]["accuracy"] == desk.examined.accuracy
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    # the curve of a long run is megabytes: the view must not ask for it
    assert desk.followed == [train_results.NO_STEPS]


def test_a_run_that_goes_on_or_is_lost_has_no_report(context, desk):
    for state in ("running", "diverged"):
        desk.state = state
        found = train_results.on_overview(context, RUN)
        assert found["report"] is None and found["classes"] == list(CLASSES)
        assert found["epochs"] == (5 if state == "running" else 2)


def test_an_epoch_is_what_was_kept_of_it(context, desk):
    found = train_results.on_epoch(context, RUN | {"epoch": 2})
    assert found["epoch"] == 2 and found["confusion"] == desk.examined.confusion


def test_pictures_are_asked_by_part_and_index(context):
    found = train_results.on_pictures(context, RUN | {"part": "test", "indices": [3, 14]})
    assert [one["label"] for one in found["pictures"]] == [3, 4]


@pytest.mark.parametrize("handler", ["on_overview", "on_epoch", "on_pictures"])
@pytest.mark.parametrize("asked", [None, [], "x", {}, {"visitor": "another-visitor-here", "run": "first"}])
def test_the_page_gets_a_sentence_for_whatever_is_wrong(context, handler, asked):
    answer = server_function(getattr(train_results, handler), context)
    found = answer(asked)
    assert list(found) == ["problem"] and found["problem"].endswith(".")


def test_the_code_beside_the_numbers_gives_the_numbers(desk):
    names = {"torch": torch, "F": F, "model": desk.model, "inputs": PICTURES.float() / 255, "labels": LABELS}
    exec(train_results.CODE, names)
    made = desk.made
    assert names["confusion"].tolist() == made["confusion"]
    assert names["accuracy"].item() == pytest.approx(made["after"]["accuracy"])
    shares = [one["accuracy"] for one in made["per_class"]]
    assert names["per_class"].tolist() == pytest.approx(shares)
    assert names["suspects"].tolist() == [one["index"] for one in made["highest"]]
    assert torch.equal(names["confidence"], desk.examined.confidence)
