"""The Conv shapes tab: every number of a convolution.

One layer with its shapes, formulas, errors and a sliding window; a picture through one kernel; a stack of
layers; and the visitor's own picture through the shipped network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.context import Context
from ui.conv import inside, kernel, stack, words
from ui.conv.layer import layer_part
from ui.kit.navigation import navigation
from ui.kit.picture_input import Chosen
from ui.kit.view import View

TITLE = "Conv shapes"

SECTIONS = {
    "layer": "One layer",
    "kernel": "A picture through one kernel",
    "stack": "A stack of layers",
    "inside": "Inside the real network",
}


def on_taken(context: Context, chosen: Chosen | None) -> list[Any]:
    """The visitor's picture, or None -> the values of `Parts.picture_views`; None for no news."""
    return [kernel.on_picture(context, chosen), inside.on_picture(context, chosen)]


@dataclass(frozen=True)
class Parts:
    """What other tabs may touch."""

    picture_views: list[View]
    """They show the visitor's picture, see `on_taken`."""


def build(context: Context) -> Parts:
    """Lay out the tab and wire it."""
    gr.Markdown(words.INTRODUCTION)
    sections = navigation(SECTIONS, "conv-part").sections
    with sections["layer"]:
        layer_part()
    with sections["kernel"]:
        kernel_view = kernel.kernel_part(context)
    with sections["stack"]:
        stack.stack_part(context)
    with sections["inside"]:
        inside_view = inside.inside_part(context)
    return Parts([kernel_view, inside_view])
