"""The runs of this visit: table, curves, names, files, and the wish to use one in Classify."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ui.controls.view import View

Answer = Callable[[Any], dict[str, Any]]
SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")
RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TrainRuns(View):
    """In a handler of `submit` its value is {"use": run, "visitor": secret}, else None.

    Parameters:
        runs, curves, rename, remove, weights, adopt: functions of what the browser sends, as `ui.train_runs`
            has them; each returns a dictionary, with a sentence under "problem" when something is wrong.
        most_bytes: of a file of weights. most_name: characters of a name.
    """

    def __init__(
        self,
        runs: Answer,
        curves: Answer,
        rename: Answer,
        remove: Answer,
        weights: Answer,
        adopt: Answer,
        most_bytes: int,
        most_name: int,
        **kwargs: Any,
    ):
        answers = {
            "runs": runs, "curves": curves, "rename": rename, "remove": remove, "weights": weights,
            "adopt": adopt,
        }  # fmt: skip
        for name, answer in answers.items():
            answer.__name__ = name  # the name the browser calls it by
        super().__init__(
            "train_runs",
            scripts=("visitor", "train_runs", "train_curves"),
            server_functions=list(answers.values()),
            most_bytes=most_bytes,
            most_name=most_name,
            **kwargs,
        )

    def preprocess(self, payload: Any) -> dict[str, str] | None:
        """Lets {"use": run, "visitor": secret} through, both as the page writes them, and nothing else."""
        if not isinstance(payload, dict):
            return None
        use, visitor = payload.get("use"), payload.get("visitor")
        if not isinstance(use, str) or not isinstance(visitor, str):
            return None
        if not RUN.fullmatch(use) or not SECRET.fullmatch(visitor):
            return None
        return {"use": use, "visitor": visitor}
