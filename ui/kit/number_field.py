"""A field for a number, or a slider with such a field beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checks import read_number
from ui.kit.view import View

HERE = Path(__file__).parent


class NumberField(View):
    """Its value is a number or None, both ways. A text that is no number arrives as that text, for whoever
    uses the value to refuse.

    Gradio's own fields are the browser's for numbers, which drop the letters they do not expect: "0,05"
    arrives as 5.

    Parameters:
        value: the first number.
        label, info: its name, and a sentence about it.
        low, high: ends of the slider.
        step: between two numbers that the slider or the arrow keys give.
        whole: whether only whole numbers make sense.
        slider: whether there is one.
    """

    def __init__(
        self,
        value: float | None = None,
        *,
        label: str,
        info: str = "",
        low: float | None = None,
        high: float | None = None,
        step: float = 1,
        whole: bool = True,
        slider: bool = False,
        **options: Any,
    ):
        self.whole = whole
        constants = {"label": label, "info": info, "low": low, "high": high}
        constants |= {"step": step, "whole": whole, "slider": slider}
        super().__init__(HERE / "number_field", value, constants=constants, label=label, **options)

    def preprocess(self, payload: Any) -> Any:
        return read_number(payload, self.whole) if isinstance(payload, str) else payload

    def postprocess(self, value: Any) -> Any:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "number"}
