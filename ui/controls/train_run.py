"""The choices of a run, the run as it goes, and the program of exactly this run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ui.controls.view import View

Answer = Callable[[Any], dict[str, Any]]


class TrainRun(View):
    """Its value is {"own": {"token", "told"} or None}, the visitor's own pictures; the browser holds the
    choices and asks for all the rest.

    Parameters:
        choices, start, follow, steer, active: functions of what the browser sends, as `ui.train` has them;
            each returns a dictionary, with a sentence under "problem" when something is wrong.
        form: what `ui.train_choices.form` returns.
    """

    def __init__(
        self,
        choices: Answer,
        start: Answer,
        follow: Answer,
        steer: Answer,
        active: Answer,
        form: dict[str, Any],
        **kwargs: Any,
    ):
        answers = {"choices": choices, "start": start, "follow": follow, "steer": steer, "active": active}
        for name, answer in answers.items():
            answer.__name__ = name  # the name the browser calls it by
        super().__init__(
            "train_run",
            scripts=("visitor", "train_charts", "train_form", "train_run"),
            server_functions=list(answers.values()),
            form=form,
            **kwargs,
        )
