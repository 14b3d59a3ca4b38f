"""The learning-rate range test: its chart while it goes on, and what it suggests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ui.controls.view import View

Answer = Callable[[Any], dict[str, Any]]


def named(**answers: Answer) -> list[Answer]:
    """The functions, each with the name that the browser calls it by."""
    for name, answer in answers.items():
        answer.__name__ = name
    return list(answers.values())


class TrainRange(View):
    """Its value stays None: the script asks for everything.

    Parameters:
        start, follow, stop, found, program: functions of what the browser sends, as `ui.train_search` has
            them; each returns a dictionary, with a sentence under "problem" when something is wrong.
        recipe: the choices until the Train part says its own.
        labels: field of a recipe -> what it is called.
        names: field of a recipe -> value -> what it is called.
    """

    def __init__(
        self, start: Answer, follow: Answer, stop: Answer, found: Answer, program: Answer, **kwargs: Any
    ):
        super().__init__(
            "train_range",
            scripts=("visitor", "train_search", "train_range"),
            server_functions=named(start=start, follow=follow, stop=stop, found=found, program=program),
            **kwargs,
        )
