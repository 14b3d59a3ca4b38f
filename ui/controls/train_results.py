"""What a run has learned: a slider through its epochs, and the results at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ui.controls.view import View

Answer = Callable[[Any], dict[str, Any]]


class TrainResults(View):
    """Its value stays None: which run it shows it learns from the events "tp-run" and "tp-show".

    Parameters:
        overview, epoch, pictures: functions of what the browser sends, as `ui.train_results` has them; each
            returns a dictionary, with a sentence under "problem" when something is wrong.
        code: the program that is shown beside the numbers.
    """

    def __init__(self, overview: Answer, epoch: Answer, pictures: Answer, code: str, **kwargs: Any):
        answers = {"overview": overview, "epoch": epoch, "pictures": pictures}
        for name, answer in answers.items():
            answer.__name__ = name  # the name the browser calls it by
        super().__init__(
            "train_results",
            scripts=("visitor", "train_results", "train_confusion"),
            server_functions=list(answers.values()),
            code=code,
            **kwargs,
        )
