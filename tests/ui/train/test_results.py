"""Results of a run: the answers to the view, the code beside them, and what wrong requests get."""

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
    answer = train_results.on_overview(context, RUN)
    assert answer["snapshots"] == [1, 2] and answer["epochs"] == 2 and answer["classes"][3] == "kind 3"
    assert answer["report"]["after"]["accuracy"] == desk.examination.accuracy
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    # the curve of a long run is megabytes: the view must not request it
    assert desk.cursors == [train_results.NO_STEPS]


def test_a_run_in_progress_or_lost_has_no_report(context, desk):
    for state in ("running", "diverged"):
        desk.state = state
        answer = train_results.on_overview(context, RUN)
        assert answer["report"] is None and answer["classes"] == list(CLASSES)
        assert answer["epochs"] == (5 if state == "running" else 2)


def test_an_epoch_is_its_snapshot(context, desk):
    answer = train_results.on_epoch(context, RUN | {"epoch": 2})
    assert answer["epoch"] == 2 and answer["confusion"] == desk.examination.confusion


def test_pictures_come_by_part_and_index(context):
    answer = train_results.on_pictures(context, RUN | {"part": "test", "indices": [3, 14]})
    assert [picture["label"] for picture in answer["pictures"]] == [3, 4]


@pytest.mark.parametrize("handler", ["on_overview", "on_epoch", "on_pictures"])
@pytest.mark.parametrize("payload", [None, [], "x", {}, {"visitor": "another-visitor-here", "run": "first"}])
def test_the_page_gets_a_sentence_for_whatever_is_wrong(context, handler, payload):
    answer = server_function(getattr(train_results, handler), context)(payload)
    assert list(answer) == ["problem"] and answer["problem"].endswith(".")


def test_the_code_beside_the_numbers_gives_the_numbers(desk):
    names = {"torch": torch, "F": F, "model": desk.model, "inputs": PICTURES.float() / 255, "labels": LABELS}
    exec(train_results.CODE, names)
    final = desk.final
    assert names["confusion"].tolist() == final["confusion"]
    assert names["accuracy"].item() == pytest.approx(final["after"]["accuracy"])
    shares = [row["accuracy"] for row in final["per_class"]]
    assert names["per_class"].tolist() == pytest.approx(shares)
    assert names["suspects"].tolist() == [sample["index"] for sample in final["highest"]]
    assert torch.equal(names["confidence"], desk.examination.confidence)
