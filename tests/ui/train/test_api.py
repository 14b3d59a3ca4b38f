"""Training at a program's request: what the endpoint accepts, answers and refuses."""

from __future__ import annotations

import gradio as gr
import pytest

from tests.ui.train.recorded_desk import EndingDesk
from ui.train.api import on_train, recipe_of


def test_the_endpoint_reports_progress_and_the_outcome(monkeypatch):
    monkeypatch.setattr("ui.train.api.POLL", 0)
    desk = EndingDesk(looks=3)
    answers = list(on_train(desk, {"network": "mlp", "lr": 0.5}, {"lr": 0.25, "epochs": None, "seed": 3}))
    assert [answer["state"] for answer in answers] == ["running", "running", "done"]
    assert answers[0]["step"] == 7 and answers[0]["validation_accuracy"] == 0.8 and answers[0]["loss"] == 0.5
    last = answers[-1]
    assert (last["settings"]["lr"], last["settings"]["seed"]) == (0.25, 3)
    assert last["accuracy"] == 0.75 and last["parameters"] == 7850 and last["curve"]["loss"] == [2.3]
    assert "--lr 0.25" in last["command"]
    assert desk.state == {}, "nobody can refer to it again"


def test_the_endpoint_uses_the_data_at_hand(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    recipe = recipe_of({"network": "mlp"}, {"seed": 3})
    assert (recipe.data, recipe.samples, recipe.config.seed) == ("garments", 0, 3)
    assert recipe_of(None, {"samples": 1000}).samples == 1000
    assert recipe_of({"data": "garments"}, {}).samples == 0
    # a named data set is not replaced: the run will say what is missing
    assert recipe_of({"data": "fashion"}, {}).data == "fashion"


def test_a_caller_who_leaves_stops_the_run(monkeypatch):
    monkeypatch.setattr("ui.train.api.POLL", 0)
    desk = EndingDesk(looks=10**6)
    answers = on_train(desk, None, {})
    next(answers)
    answers.close()
    assert desk.calls == [("stop", "run1")] and desk.state == {}


@pytest.mark.parametrize("settings", [3, "mlp", ["mlp"], {"data": "own"}, {"nosuch": 1}])
def test_the_endpoint_refuses_other_settings(settings):
    desk = EndingDesk()
    with pytest.raises(gr.Error):
        list(on_train(desk, settings, {}))
    assert desk.started == []
