"""The Conv shapes tab: every number of a convolution.

One layer with its shapes, formulas, errors and a sliding window; a picture through one kernel; a stack of
layers; and the visitor's own picture through the shipped network.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui import conv_words as words
from ui.context import Context
from ui.conv_layer import layer_part
from ui.pattern_parts import AT_ONCE

TITLE = "Conv shapes"

PARTS = ("One layer", "A picture through one kernel", "A stack of layers", "Inside the real network")


def on_part(chosen: Any) -> list[Any]:
    """Name of a part of the tab -> for each part whether it is seen."""
    return [gr.update(visible=part == chosen) for part in PARTS]


def build(context: Context) -> None:
    """Lay out the tab and wire it."""
    gr.Markdown(words.INTRODUCTION)
    with gr.Column(elem_classes="tp-section"):
        part = gr.Radio(list(PARTS), value=PARTS[0], show_label=False, container=False, elem_id="conv-part")
    shelves = [gr.Column(visible=name == PARTS[0], elem_classes=["tp-card", "tp-section"]) for name in PARTS]
    with shelves[0]:
        layer_part()
    part.input(on_part, part, shelves, **AT_ONCE)
