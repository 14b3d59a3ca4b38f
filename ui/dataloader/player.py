"""The batch on screen, with the buttons that step through the epochs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from checks import whole_number
from ui.kit.view import View

HERE = Path(__file__).parent
Position = tuple[int, int]
"""(epoch, batch), both from 0."""


class BatchPlayer(View):
    """Shows what `ui.dataloader.show.batch_value` returns; its value in a handler is the Position on screen.

    Parameters:
        step, sample: functions that the browser calls with a dictionary; each returns a dictionary, with a
            sentence under "problem" if something is wrong.
        first: a function that returns what the page opens with.
    """

    def __init__(
        self,
        step: Callable[[dict[str, Any]], dict[str, Any]],
        sample: Callable[[dict[str, Any]], dict[str, Any]],
        first: Callable[[], dict[str, Any]],
        **kwargs: Any,
    ):
        answers = {"step": step, "sample": sample, "first": lambda request: first()}
        super().__init__(HERE / "player", answers=answers, **kwargs)

    def preprocess(self, payload: Any) -> Position:
        """Where the browser is; anything invalid counts as the first batch."""
        position = payload if isinstance(payload, dict) else {}
        try:
            return whole_number(position.get("epoch"), "epoch", 0), whole_number(
                position.get("number"), "number", 0
            )
        except ValueError:
            return 0, 0
