"""The settings of the training loop in slow motion."""

from __future__ import annotations

import json
import math

import pytest

from training.slow_motion.program import LINES, SlowError, SlowSettings

TEXTBOOK = tuple(LINES)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (None, "names with values"),
        ([1], "names with values"),
        ({"epochs": 3}, "no such setting"),
        ({"network": "cnn"}, "network must be one of softmax, two-layers, not 'cnn'"),
        ({"network": ["softmax"]}, "network must be one of"),
        ({"optimizer": None}, "optimizer must be one of"),
        ({"batches": 1}, "batches must be one of same, next, not 1"),
        *(({"lr": bad}, "learning rate must be a number above 0 and at most 10")
          for bad in (0, -1, 10.5, math.nan, math.inf, -math.inf, 10**400, True, "1", None, [0.1])),
        *(({"batch_size": bad}, "batch size must be a whole number from 1 to 16")
          for bad in (0, 17, 2.5, True, None, math.nan, "4", 10**400)),
        *(({"seed": bad}, "seed must be a whole number from 0 to 999,999")
          for bad in (-1, 10**6, 0.5, False)),
        *(({"order": bad}, "order must name each of these lines once")
          for bad in ([], ["step"], ["step"] * 5, "step", None, [*TEXTBOOK, "step"], [[], *TEXTBOOK[1:]])),
        ({"left_out": ["train"]}, "lines left out must be among these: zero_grad"),
        ({"left_out": [["step"]]}, "lines left out must be"),
        ({"not_given": ["hidden.weight"]}, "not given must be among these: weight, bias"),
        ({"frozen": "weight"}, "frozen parameters must be"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_with_a_sentence(values, sentence):
    with pytest.raises(SlowError, match=sentence):
        SlowSettings.from_dict(values)


def test_settings_survive_json():
    order = ("forward", "loss", "backward", "step", "zero_grad")
    settings = SlowSettings("two-layers", "adam", 0.02, 3, 5, "next", order, ("step",), ("out.bias",), ())
    assert SlowSettings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings
    assert SlowSettings.from_dict({"batch_size": 4.0, "seed": 2.0}) == SlowSettings(batch_size=4, seed=2)
