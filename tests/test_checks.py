"""Validation of values from outside: one rule and one wording for the whole project."""

from __future__ import annotations

import dataclasses
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

import language
from checks import (
    choice,
    field_of,
    number,
    read_number,
    readings,
    set_fields,
    shorten,
    switch,
    text,
    whole_number,
)
from language import _

HUGE = 10**5000
"""Python refuses to write it out, and no float holds it."""
NO_NUMBERS = [
    True,
    False,
    np.True_,
    math.nan,
    math.inf,
    -math.inf,
    np.float32("nan"),
    np.float64("-inf"),
    None,
    "3",
    "",
    b"3",
    [3],
    (3,),
    {3: 3},
    3j,
    torch.tensor(3),
    np.array(3),
    np.array([3]),
    HUGE,
    -HUGE,
    1e308,
]


def nested(depth: int) -> list:
    value: list = []
    for _level in range(depth):
        value = [value]
    return value


class Unwritable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class RoomError(ValueError):
    pass


# --- whole numbers and numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [3, 3.0, np.int64(3), np.uint8(3), np.float32(3), np.float64(3), Fraction(6, 2)]
)
def test_a_three_of_any_type_is_the_int_3_and_the_float_3(value):
    as_int, as_float = whole_number(value, "count", 1, 9), number(value, "rate", 1, 9)
    assert (as_int, type(as_int)) == (3, int)
    assert (as_float, type(as_float)) == (3.0, float)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=shorten)
def test_a_value_that_is_not_a_number_is_refused_as_both(value):
    with pytest.raises(ValueError, match="^count must be a whole number from 0 to 9, not "):
        whole_number(value, "count", 0, 9)
    with pytest.raises(ValueError, match="^rate must be a number from 0 to 9, not "):
        number(value, "rate", 0, 9)


@pytest.mark.parametrize("value", [2.5, 1e-300, -0.5, np.float32(2.5), Fraction(1, 3)])
def test_a_number_with_a_fraction_is_not_whole(value):
    with pytest.raises(ValueError, match="must be a whole number"):
        whole_number(value, "count", -9, 9)
    assert number(value, "rate", -9, 9) == float(value)


def test_minus_zero_becomes_zero():
    assert str(whole_number(-0.0, "count", 0, 9)) == "0"
    assert str(number(-0.0, "rate", 0, 9)) == "0.0"
    assert str(number(-0.0, "rate", -1, 1)) == "0.0"


@pytest.mark.parametrize(("low", "high"), [(1, 8192), (-2, 2), (0, 2**31 - 1), (7, 7)])
def test_both_ends_of_a_range_belong_to_it(low, high):
    for check in (whole_number, number):
        assert [check(low, "x", low, high), check(float(high), "x", low, high)] == [low, high]
        for outside in (low - 1, high + 1, float(low - 1), float(high + 1), -HUGE, HUGE, math.inf):
            with pytest.raises(ValueError, match="^x must be a"):
                check(outside, "x", low, high)


def test_an_end_can_be_left_out_of_the_range():
    assert number(5e-324, "lr", 0, 10, above=True) == 5e-324
    assert number(math.nextafter(1, 0), "dropout", 0, 1, below=True) < 1
    for value in (0, 0.0, -0.0, np.float32(0)):
        with pytest.raises(ValueError, match="^lr must be a number above 0 and at most 10, not "):
            number(value, "lr", 0, 10, above=True)
    for value in (1, 1.0):
        with pytest.raises(ValueError, match="^dropout must be a number from 0 to below 1, not 1"):
            number(value, "dropout", 0, 1, below=True)


def test_without_an_upper_end_every_int_and_every_finite_float_fits():
    assert whole_number(HUGE, "since", 0) == HUGE
    assert whole_number(1e300, "since", 0) == int(1e300)
    assert number(1.5e300, "rate", 0) == 1.5e300
    assert number(10**300, "rate", 0) == 1e300
    for value in (-1, math.inf, math.nan):
        with pytest.raises(ValueError, match="^since must be a whole number from 0 up, not "):
            whole_number(value, "since", 0)
    for value in (-1, math.inf, math.nan, HUGE, 10**309):
        with pytest.raises(ValueError, match="^rate must be a number from 0 up, not "):
            number(value, "rate", 0)


def test_without_limits_every_finite_number_fits():
    assert [number(value, "w") for value in (-1.5e300, -3, 0, 1.7e308)] == [-1.5e300, -3.0, 0.0, 1.7e308]
    for value in (math.nan, math.inf, -math.inf, HUGE, -HUGE, "1", None):
        with pytest.raises(ValueError, match="^w must be a finite number, not "):
            number(value, "w")


def test_an_int_that_no_float_holds_stays_exact():
    assert whole_number(2**53 + 1, "seed", 0, 2**63) == 2**53 + 1


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("x", "The batch size must be a whole number from 1 to 8,192, not 'x'."),
        ("3", "The batch size must be a whole number from 1 to 8,192, not '3'."),
        (3.5, "The batch size must be a whole number from 1 to 8,192, not 3.5."),
        (True, "The batch size must be a whole number from 1 to 8,192, not True."),
        (math.nan, "The batch size must be a whole number from 1 to 8,192, not nan."),
        (None, "The batch size must be a whole number from 1 to 8,192, not left empty."),
        (HUGE, "The batch size must be a whole number from 1 to 8,192, not something of the type int."),
        ([1] * 99, f"The batch size must be a whole number from 1 to 8,192, not {str([1] * 99)[:60]}...."),
    ],
    ids=shorten,
)
def test_the_sentence_says_what_is_allowed_and_what_was_sent(value, sentence):
    with pytest.raises(ValueError) as caught:
        whole_number(value, "The batch size", 1, 8192)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1e-8, 1, "from 1e-08 to 1,"),
        (0.001, 10.0, "from 0.001 to 10,"),
        (-10, 10, "from -10 to 10,"),
        (0.0, 1e12, "from 0 to 1,000,000,000,000,"),
        (0, 2**31 - 1, "from 0 to 2,147,483,647,"),
    ],
)
def test_limits_are_written_for_people(low, high, words):
    with pytest.raises(ValueError, match=f"^x must be a number {words} not"):
        number("", "x", low, high)


# --- numbers that people type -------------------------------------------------------------------------------


CASES = json.loads(Path(__file__).with_name("number_cases.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize(("typed", "any_number", "whole"), [(*case, case[-1])[:3] for case in CASES])
def test_a_text_means_the_same_here_as_in_the_browser(typed, any_number, whole):
    assert (readings(typed), readings(typed, whole=True)) == (any_number, whole)


def test_a_text_that_is_no_number_or_in_doubt_is_refused_in_its_own_words():
    assert [read_number("0,05"), read_number("10,000", whole=True)] == [0.05, 10_000]
    for typed, whole in (("abc", False), ("10.000", True), ("1,5", True), ("1,234", False), ("", True)):
        with pytest.raises(ValueError, match=f", not '{typed}'"):
            number(read_number(typed, whole), "x", 0, 99_999)


# --- choices, switches and text -----------------------------------------------------------------------------


def test_a_choice_is_one_of_the_texts():
    assert choice("b", "kind", ("a", "b")) == "b"
    assert choice("b", "kind", {"a": 1, "b": 2}) == "b"
    assert choice("b", "kind", (name for name in "ab")) == "b"
    for value in (None, "", "c", "B", "a, b", 0, True, ["a"], ("a", "b"), {"a": 1}, nested(9)):
        with pytest.raises(ValueError, match="^kind must be one of a, b, not "):
            choice(value, "kind", ("a", "b"))


def test_a_switch_is_true_or_false_and_nothing_equal_to_them():
    assert switch(True, "flip") is True
    assert switch(False, "flip") is False
    for value in (1, 0, 1.0, "true", "on", None, [], np.True_):
        with pytest.raises(ValueError, match="^flip must be true or false, not "):
            switch(value, "flip")


def test_text_is_one_printable_line():
    assert text("  a run, Größe 3 ", "The name", 40) == "a run, Größe 3"
    assert text("x" * 40 + " ", "The name", 40) == "x" * 40
    for value in ("", "   ", "x" * 41, "two\nlines", "\0", "\ud800", 3, None, True, b"name", ["name"]):
        with pytest.raises(ValueError, match="^The name must be one line of 1 to 40 characters, not "):
            text(value, "The name", 40)


# --- all of them --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "check",
    [
        lambda value: whole_number(value, "x", 0, 9, RoomError),
        lambda value: number(value, "x", 0, 9, RoomError),
        lambda value: choice(value, "x", ("a", "b"), RoomError),
        lambda value: switch(value, "x", RoomError),
        lambda value: text(value, "x", 9, RoomError),
    ],
)
def test_every_check_raises_the_error_of_its_caller_with_a_short_sentence(check):
    for value in (
        None,
        HUGE,
        [HUGE],
        nested(20),
        nested(100_000),
        "y" * 10**6,
        [[0] * 1000] * 100,
        Unwritable(),
    ):
        with pytest.raises(RoomError) as caught:
            check(value)
        assert len(str(caught.value)) < 150 and field_of(caught.value) == "x"


def test_the_sentence_comes_in_the_readers_language(tmp_path, monkeypatch):
    entries = {
        "": "Plural-Forms: nplurals=2; plural=(n != 1);\\n",
        "{name} must be a whole number from {low} to {high}, not {value}.": (
            "{name}: {low} bis {high}, nicht {value}."
        ),
        "The seed": "Der Startwert",
        "left empty": "leer",
    }
    lines = [f'msgid "{english}"\nmsgstr "{german}"\n' for english, german in entries.items()]
    (tmp_path / "de.po").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("TORCH_PLAYGROUND_LOCALE", str(tmp_path))
    name = _("The seed")  # as in a table built at import
    with language.use("de"), pytest.raises(ValueError, match="^Der Startwert: 0 bis 9, nicht leer.$"):
        whole_number(None, name, 0, 9)


def test_a_value_is_written_as_in_python_and_shortened():
    assert shorten("x" * 58) == repr("x" * 58)
    assert shorten("x" * 59) == "'" + "x" * 59 + "..."
    assert shorten(["<b>", 1]) == r"['\x3cb>', 1]"
    assert shorten(HUGE) == "something of the type int"
    assert shorten(Unwritable()) == "something of the type Unwritable"


def test_a_frozen_dataclass_keeps_the_clean_value():
    @dataclasses.dataclass(frozen=True)
    class Options:
        batch_size: int

        def __post_init__(self) -> None:
            set_fields(self, batch_size=whole_number(self.batch_size, "batch_size", 1, 8192))

    assert Options(128.0) == Options(128)
    assert repr(Options(128.0)) == repr(Options(128))
