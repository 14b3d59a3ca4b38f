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
from ui.kit.events import UNQUEUED
from ui.kit.picture_input import Chosen
from ui.kit.view import View

TITLE = "Conv shapes"

PARTS = ("One layer", "A picture through one kernel", "A stack of layers", "Inside the real network")


SHELF = ["tp-card", "tp-section"]


def on_part(chosen: Any) -> list[Any]:
    """Name of a part of the tab -> for each part whether it is seen."""
    # visible=False would throw away what the visitor set in a part: a class puts it aside instead
    seen, aside = gr.update(visible=True, elem_classes=SHELF), gr.update(elem_classes=[*SHELF, "tp-aside"])
    return [seen if part == chosen else aside for part in PARTS]


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
    with gr.Column(elem_classes="tp-section"):
        part = gr.Radio(list(PARTS), value=PARTS[0], show_label=False, container=False, elem_id="conv-part")
    shelves = [gr.Column(visible=name == PARTS[0], elem_classes=SHELF) for name in PARTS]
    with shelves[0]:
        layer_part()
    with shelves[1]:
        kernel_view = kernel.kernel_part(context)
    with shelves[2]:
        stack.stack_part(context)
    with shelves[3]:
        inside_view = inside.inside_part(context)
    part.input(on_part, part, shelves, **UNQUEUED)
    return Parts([kernel_view, inside_view])
