"""A grid of 4x4 numbers to paint in with mouse, finger or keyboard.

Clicking or dragging paints with `brush`; a cell that already has this number is cleared. Arrow keys move,
Space paints, digits write a number, + and - change a cell by a tenth of the brush, Delete clears it. The
browser's side is beside this file: `cell_grid.js` and `.css`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.patterns import SIDE
from inference.patterns import MAX_INTENSITY, PatternError, check_grid
from ui.kit.events import visitor_error
from ui.kit.view import View

HERE = Path(__file__).parent


class CellGrid(View):
    """Its value is 4 rows of 4 floats from 0 to MAX_INTENSITY, both ways; `change` fires at every cell.

    Parameters:
        value: the first numbers; a dark grid without them.
        name: what a screen reader calls the grid.
        brush: the number that painting puts into a cell.
    """

    def __init__(self, value: list[list[float]] | None = None, *, name: str, brush: float, **kwargs: Any):
        super().__init__(
            HERE / "cell_grid",
            self.example_payload() if value is None else value,
            constants={"most": MAX_INTENSITY, "name": name},
            brush=brush,
            **kwargs,
        )

    def preprocess(self, payload: Any) -> list[list[float]]:
        """Check what came from outside. Raises gr.Error with a sentence."""
        try:
            return check_grid(payload)
        except PatternError as error:
            raise visitor_error(error) from None

    def postprocess(self, value: Any) -> list[list[float]] | None:
        return None if value is None else check_grid(value)

    def api_info(self) -> dict[str, Any]:
        cell = {"type": "number", "minimum": 0, "maximum": MAX_INTENSITY}
        row = {"type": "array", "minItems": SIDE, "maxItems": SIDE, "items": cell}
        return {"type": "array", "minItems": SIDE, "maxItems": SIDE, "items": row}

    def example_payload(self) -> Any:
        return [[0.0] * SIDE for _ in range(SIDE)]

    def example_value(self) -> Any:
        return self.example_payload()
