"""A weight for each class of a data set, and how often the next epoch draws it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ui.kit.view import View

HERE = Path(__file__).parent


class ClassWeights(View):
    """Shows what `ui.dataloader.panels.weights_value` returns; in a handler it is the weights, unchecked."""

    def __init__(self, value: dict[str, Any] | None = None, **kwargs: Any):
        super().__init__(HERE / "class_weights", value, **kwargs)

    def preprocess(self, payload: Any) -> list[Any]:
        weights = payload.get("weights") if isinstance(payload, dict) else None
        return weights if isinstance(weights, list) else []
