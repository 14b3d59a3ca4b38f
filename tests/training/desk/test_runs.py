"""What a run records and sends: the curve against a plain list, the news against the whole."""

import json
import math
import random
from pathlib import Path

import pytest

from language import Message, use
from training.desk.history import COLUMNS, Curve, thinned
from training.desk.lines import decode, encode, finite
from training.desk.runs import Run
from training.desk.shelf import JobError, checked_cursor
from training.recipe import Recipe


def columns(first, count):
    return {name: [step + i / 10 for step in range(first, first + count)] for i, name in enumerate(COLUMNS)}


@pytest.mark.parametrize("most", [4, 7, 64])
def test_a_long_curve_keeps_every_second_fourth_eighth_step(most):
    chance, curve, step = random.Random(0), Curve(most), 0
    while step < 500:
        count = chance.randint(1, 20)
        curve.add(step, columns(step, count))
        step += count
        steps = curve.since(0)
        assert steps["step"] == list(range(0, step, curve.every))
        assert len(steps["step"]) <= most < 2 * max(len(steps["step"]), most // 2 + 1)
        for name, values in columns(0, step).items():
            assert steps[name] == pytest.approx(values[:: curve.every])
        assert curve.length == step


def test_only_new_steps_are_sent():
    curve = Curve(8)
    curve.add(0, columns(0, 6))
    assert curve.since(4)["step"] == [4, 5] and curve.since(6)["step"] == []
    curve.add(6, columns(6, 6))
    assert curve.every == 2 and curve.since(6)["step"] == [6, 8, 10] and curve.since(7)["step"] == [8, 10]


def test_a_run_continued_from_an_earlier_step_replaces_the_later_ones():
    curve = Curve()
    curve.add(0, columns(0, 10))
    curve.add(7, {name: [value + 100 for value in values] for name, values in columns(7, 2).items()})
    steps = curve.since(0)
    assert steps["step"] == list(range(9)) and curve.length == 9
    assert steps["loss"] == [0, 1, 2, 3, 4, 5, 6, 107, 108]


@pytest.mark.parametrize(("count", "most"), [(0, 5), (5, 5), (6, 5), (1000, 7)])
def test_thinned_lists_keep_their_ends(count, most):
    items = list(range(count))
    steps = thinned(items, most)
    assert len(steps) == min(count, most) and steps == sorted(set(steps))
    assert steps[:1] == items[:1] and steps[-1:] == items[-1:]


def test_json_has_no_numbers_that_are_not_finite():
    payload = {"a": [1.5, math.nan, {"b": math.inf, "c": (None, True, "x", -math.inf)}], "d": 3}
    clean = finite(payload)
    assert clean == {"a": [1.5, None, {"b": None, "c": [None, True, "x", None]}], "d": 3}
    assert json.loads(json.dumps(clean, allow_nan=False)) == clean


def test_a_message_from_another_process_is_read_in_any_language(polish):
    message = Message("{n} runs", {"n": Message("Stop")})
    line = encode({"end": {"message": message, "loss": math.nan, "n": [1, "x"]}})
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    end = decode(line)["end"]
    assert (end["message"], end["loss"], end["n"]) == ("Stop runs", None, [1, "x"])
    with use("pl"):
        assert str(end["message"]) == "Zatrzymaj runs"


# --- messages -----------------------------------------------------------------------------------------------

VERDICT = {"kind": "healthy", "message": "."}


def begun(step: int = 0) -> dict:
    return {"step": step, "steps": 40, "epoch": 0, "epochs": 2, "parameters": 7, "warnings": []}


def epoch(number: int, step: int) -> dict:
    return {"epoch": number, "step": step, "validation_loss": 0.5, "validation_accuracy": 0.8}


def test_the_news_of_a_run_add_up_to_all_of_it():
    run = Run("id", "visitor", "Run 1", Recipe(), "train", None, Path("none"))
    lines = [
        {"accepted": True}, {"begin": begun()}, {"first": 0, "steps": columns(0, 5)},
        {"layers": [["linear", 1.0]], "verdict": VERDICT}, {"validation": [5, 0.9, 0.6]},
        {"first": 5, "steps": columns(5, 15)}, {"epoch": epoch(1, 20)}, {"paused": True}, {"paused": False},
        # it is continued from step 10
        {"begin": begun(10)}, {"first": 10, "steps": columns(10, 12)}, {"epoch": epoch(1, 20)},
    ]  # fmt: skip
    cursor, steps, validated, layers, beginnings = None, [], [], None, 0
    for line in [{}, *lines, {}]:
        run.receive(line)
        message = run.news(cursor, place=0, budget=60.0)
        json.dumps(message)
        cursor = checked_cursor(message["cursor"])
        if "about" in message:
            steps, validated, layers, beginnings = [], [], None, beginnings + 1
        steps += message.get("steps", {"step": []})["step"]
        validated += message.get("validated", [])
        layers = message.get("layers", layers)
        whole = run.snapshot(0, place=0, budget=60.0)
        assert (steps, validated) == (whole["steps"]["step"], whole["validated"])
        assert message["progress"] == whole["progress"]
        if layers:
            assert (layers, run.history.verdict) == (whole["layers"], VERDICT)
    assert beginnings == 3  # at first, and whenever a process begins with it
    # the last message, after which nothing happened, is as small as it can be
    assert message.keys() == {"cursor", "state", "place", "message", "lr", "changed", "progress"}


def test_the_page_does_not_get_the_norms():
    run = Run("id", "visitor", "Run 1", Recipe(), "train", None, Path("none"))
    run.receive({"first": 0, "steps": columns(0, 3)})
    assert run.news(None, 0, 60.0)["steps"].keys() == {"step", "loss", "accuracy", "lr"}


@pytest.mark.parametrize(
    "cursor",
    [0, 7, "x", [], [1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, -1], [1, 2, 3, True], [1, 2, 3, math.nan], {}],
)
def test_an_invalid_cursor_is_refused(cursor):
    with pytest.raises(JobError, match=r"ursor.*\.$"):
        checked_cursor(cursor)
