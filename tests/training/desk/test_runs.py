"""The curve of a run as it is kept: thinned, cut and continued, against a plain list."""

import json
import math
import random

import pytest

from training.desk.pipe import finite
from training.desk.runs import COLUMNS, Curve, thinned


def columns(first, count):
    return {name: [step + i / 10 for step in range(first, first + count)] for i, name in enumerate(COLUMNS)}


@pytest.mark.parametrize("most", [4, 7, 64])
def test_a_long_curve_keeps_every_second_fourth_eighth_step(most):
    chance, curve, step = random.Random(0), Curve(most), 0
    while step < 500:
        count = chance.randint(1, 20)
        curve.add(step, columns(step, count))
        step += count
        kept = curve.since(0)
        assert kept["step"] == list(range(0, step, curve.every))
        assert len(kept["step"]) <= most < 2 * max(len(kept["step"]), most // 2 + 1)
        for name, values in columns(0, step).items():
            assert kept[name] == pytest.approx(values[:: curve.every])
        assert curve.length == step


def test_only_what_is_new_is_told():
    curve = Curve(8)
    curve.add(0, columns(0, 6))
    assert curve.since(4)["step"] == [4, 5] and curve.since(6)["step"] == []
    curve.add(6, columns(6, 6))
    assert curve.every == 2 and curve.since(6)["step"] == [6, 8, 10] and curve.since(7)["step"] == [8, 10]


def test_a_run_that_goes_on_from_an_earlier_step_replaces_the_later_ones():
    curve = Curve()
    curve.add(0, columns(0, 10))
    curve.add(7, {name: [value + 100 for value in values] for name, values in columns(7, 2).items()})
    kept = curve.since(0)
    assert kept["step"] == list(range(9)) and curve.length == 9
    assert kept["loss"] == [0, 1, 2, 3, 4, 5, 6, 107, 108]


@pytest.mark.parametrize(("count", "most"), [(0, 5), (5, 5), (6, 5), (1000, 7)])
def test_thinned_lists_keep_their_ends(count, most):
    items = list(range(count))
    kept = thinned(items, most)
    assert len(kept) == min(count, most) and kept == sorted(set(kept))
    assert kept[:1] == items[:1] and kept[-1:] == items[-1:]


def test_json_has_no_numbers_that_are_not_finite():
    told = {"a": [1.5, math.nan, {"b": math.inf, "c": (None, True, "x", -math.inf)}], "d": 3}
    clean = finite(told)
    assert clean == {"a": [1.5, None, {"b": None, "c": [None, True, "x", None]}], "d": 3}
    assert json.loads(json.dumps(clean, allow_nan=False)) == clean
