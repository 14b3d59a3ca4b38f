"""A network as a list of layers that can be changed, with what each gives and costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.stack import LARGEST_INPUT
from models.stack_layers import KINDS, MAX_BRANCH_LAYERS, MAX_BRANCHES, MAX_LAYERS
from ui.controls.view import View

Answer = Callable[[Any], dict[str, Any]]


class LayerStack(View):
    """Its value is {"stack", "input"} to start with; the browser asks for everything that follows from them.

    Parameters:
        stack: `ui.conv_stack.on_stack`.
        network: of a name, what `ui.conv_stack.on_network` returns.
        presets, mistakes: [{"name", "stack"}], the buttons.
        networks: [[name, title], ...], those that `network` knows.
        starts: for each kind, a new layer of it.
    """

    def __init__(self, stack: Answer, network: Answer, value: dict[str, Any], **kwargs: Any):
        stack.__name__, network.__name__ = "stack", "network"  # the names the browser calls them by
        kinds = {
            kind: [
                {
                    "name": one.name,
                    "low": one.low,
                    "high": one.high,
                    "type": one.kind.__name__,
                    "default": None if one.default is ... else one.default,
                    "needed": one.default is ... and one.inferred is None,
                    "inferred": one.inferred is not None,
                }
                for one in parameters
            ]
            for kind, parameters in KINDS.items()
        }
        super().__init__(
            "layer_stack",
            value,
            scripts=("layer_rows", "layer_stack"),
            server_functions=[stack, network],
            kinds=kinds,
            largest=list(LARGEST_INPUT),
            most={"layers": MAX_LAYERS, "branches": MAX_BRANCHES, "branch": MAX_BRANCH_LAYERS},
            **kwargs,
        )
