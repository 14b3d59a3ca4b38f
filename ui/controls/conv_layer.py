"""The numbers of one layer as sliders, with everything that follows from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ui.controls.view import View


class ConvLayer(View):
    """Shows what `ui.conv_layer.on_layer` returns.

    Parameters:
        layer: that function of a dictionary, which the browser calls for other numbers.
    """

    def __init__(self, layer: Callable[[Any], dict[str, Any]], value: dict[str, Any], **kwargs: Any):
        layer.__name__ = "layer"  # the name the browser calls it by
        super().__init__(
            "conv_layer", value, scripts=("conv_layer", "conv_window"), server_functions=[layer], **kwargs
        )
