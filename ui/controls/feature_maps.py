"""A network from the inside: its layers, their maps, and the arithmetic of one cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ui.controls.view import View

Answer = Callable[[Any], dict[str, Any]]


class FeatureMaps(View):
    """Its value is what `ui.conv_inside.on_picture` returns; all else the browser asks for itself.

    Parameters:
        examples, look, maps, map, cell, filters: functions of what the browser sends, as `ui.conv_inside`
            has them; each returns a dictionary, with a sentence under "problem" when something is wrong.
    """

    def __init__(
        self,
        examples: Answer,
        look: Answer,
        maps: Answer,
        map: Answer,
        cell: Answer,
        filters: Answer,
        value: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        answers = {
            "examples": examples, "look": look, "maps": maps, "map": map, "cell": cell, "filters": filters,
        }  # fmt: skip
        for name, answer in answers.items():
            answer.__name__ = name  # the name the browser calls it by
        super().__init__(
            "feature_maps",
            value,
            scripts=("feature_maps", "feature_cell"),
            server_functions=list(answers.values()),
            **kwargs,
        )
