"""The batch on screen, with the buttons that lead through the epochs."""

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
        step, sample: functions of a dictionary that the browser calls; each returns a dictionary, with a
            sentence under "problem" when something is wrong.
    """

    def __init__(
        self,
        step: Callable[[dict[str, Any]], dict[str, Any]],
        sample: Callable[[dict[str, Any]], dict[str, Any]],
        value: dict[str, Any],
        **kwargs: Any,
    ):
        super().__init__(HERE / "player", value, answers={"step": step, "sample": sample}, **kwargs)

    def preprocess(self, payload: Any) -> Position:
        """Where the browser says that it is; anything else counts as the first batch."""
        at = payload if isinstance(payload, dict) else {}
        try:
            return whole_number(at.get("epoch"), "epoch", 0), whole_number(at.get("number"), "number", 0)
        except ValueError:
            return 0, 0
