"""The server's answers for the loop in slow motion."""

from __future__ import annotations

import inspect
import json

import pytest

from data import sources
from training.optimizers import SimpleGD
from training.slow_motion.play import play
from training.slow_motion.program import LINES, NETWORKS, OPTIMIZERS, SlowSettings
from ui.train.slow_motion import on_play, tries

pytestmark = pytest.mark.usefixtures("few_garments")


def test_the_browser_gets_the_run_and_the_source_of_the_optimizer():
    answer = on_play({"left_out": ["zero_grad"], "batch_size": 2})
    assert answer["source"] == inspect.getsource(SimpleGD) and "p.sub_(gradient" in answer["source"]
    assert answer["note"] == sources.missing_note() != ""
    run = play(SlowSettings(left_out=("zero_grad",), batch_size=2))
    assert {name: answer[name] for name in run} == run
    assert json.loads(json.dumps(answer, allow_nan=False))["settings"]["left_out"] == ["zero_grad"]


@pytest.mark.parametrize("payload", [None, 3, [], {"lr": 0}, {"order": list(LINES)[1:]}, {"${7*6}": "<b>"}])
def test_whatever_is_wrong_comes_back_as_one_sentence(payload):
    answer = on_play(payload)
    assert list(answer) == ["problem"] and answer["problem"].endswith(".") and "<b>" not in answer["problem"]


def test_only_an_optimizer_of_this_project_comes_with_its_source():
    answers = {name: on_play({"optimizer": name, "batch_size": 1}) for name in OPTIMIZERS}
    assert [name for name, answer in answers.items() if answer["source"]] == ["simple-gd"]


@pytest.mark.parametrize("network", NETWORKS)
def test_each_ready_made_change_is_a_program_of_its_own(network):
    changes = [change["settings"] for change in tries(network)]
    settings = [SlowSettings.from_dict({"network": network} | change) for change in changes]
    assert len(set(settings)) == len(settings) > 5
    assert settings[0] == SlowSettings(network=network)
    # one line before another, the other three as in the textbook
    assert settings[5].order == ("zero_grad", "forward", "loss", "step", "backward")
    assert settings[6].order == ("forward", "loss", "backward", "zero_grad", "step")
    assert settings[7].order == ("zero_grad", "loss", "forward", "backward", "step")
