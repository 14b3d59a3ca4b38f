"""Training asked for by a program: what the endpoint tells, takes and refuses."""

from __future__ import annotations

import gradio as gr
import pytest

from tests.ui.train.recorded_desk import EndingDesk
from ui.train.api import on_train, recipe_of


def test_the_endpoint_tells_how_it_goes_and_what_came_of_it(monkeypatch):
    monkeypatch.setattr("ui.train.api.BREATH", 0)
    desk = EndingDesk(looks=3)
    answers = list(on_train(desk, {"network": "mlp", "lr": 0.5}, {"lr": 0.25, "epochs": None, "seed": 3}))
    assert [answer["state"] for answer in answers] == ["running", "running", "done"]
    assert answers[0]["step"] == 7 and answers[0]["validation_accuracy"] == 0.8 and answers[0]["loss"] == 0.5
    last = answers[-1]
    assert (last["settings"]["lr"], last["settings"]["seed"]) == (0.25, 3)
    assert last["accuracy"] == 0.75 and last["parameters"] == 7850 and last["curve"]["loss"] == [2.3]
    assert "--lr 0.25" in last["command"]
    assert desk.state == {}, "nobody can ask for it again"


def test_the_endpoint_takes_the_data_that_there_is(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    recipe = recipe_of({"network": "mlp"}, {"seed": 3})
    assert (recipe.data, recipe.samples, recipe.config.seed) == ("garments", 0, 3)
    assert recipe_of(None, {"samples": 1000}).samples == 1000
    assert recipe_of({"data": "garments"}, {}).samples == 0
    # what is named is not replaced: the run will say what is missing
    assert recipe_of({"data": "fashion"}, {}).data == "fashion"


def test_a_caller_who_leaves_stops_the_run(monkeypatch):
    monkeypatch.setattr("ui.train.api.BREATH", 0)
    desk = EndingDesk(looks=10**6)
    answers = on_train(desk, None, {})
    next(answers)
    answers.close()
    assert desk.asked == [("stop", "run1")] and desk.state == {}


@pytest.mark.parametrize("given", [3, "mlp", ["mlp"], {"data": "own"}, {"nosuch": 1}])
def test_the_endpoint_refuses_other_settings(given):
    desk = EndingDesk()
    with pytest.raises(gr.Error):
        list(on_train(desk, given, {}))
    assert desk.started == []
