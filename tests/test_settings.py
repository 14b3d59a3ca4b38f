"""The limits: each has a sentence, and times are written as people write them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import settings


def test_every_limit_has_a_sentence():
    body = ast.parse(Path(settings.__file__).read_text("utf-8")).body
    limits = [
        (statement.targets[0].id, following)
        for statement, following in zip(body, body[1:], strict=False)
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(getattr(settings, statement.targets[0].id), (int, float))
    ]
    assert {"MAX_FILES", "EVENTS", "CALLS", "TRAIN_WAITING"} <= {name for name, _following in limits}
    for name, following in limits:
        sentence = following.value if isinstance(following, ast.Expr) else None
        assert isinstance(sentence, ast.Constant) and str(sentence.value).rstrip().endswith("."), name


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (2.5, "2.5 seconds"),
        (5.0, "5 seconds"),
        (60, "60 seconds"),
        (90.0, "90 seconds"),
        (120.0, "2 minutes"),
        (150, "150 seconds"),
        (600.0, "10 minutes"),
        (3600.0, "an hour"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (86_400, "24 hours"),
    ],
)
def test_a_time_in_words(seconds, words):
    assert settings.duration(seconds) == words
