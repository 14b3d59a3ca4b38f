"""The Conv shapes tab: every number of a convolution.

One layer with its shapes, formulas, errors and a sliding window; a picture through one kernel; a stack of
layers; and the visitor's own picture through the shipped network.
"""

from __future__ import annotations

import gradio as gr

from language import _
from ui.context import Context
from ui.conv import inside, kernel, stack, words
from ui.conv.layer import layer_part
from ui.kit.navigation import navigation

TITLE = _("Conv shapes")

SECTIONS = {
    "layer": _("One layer"),
    "kernel": _("A picture through one kernel"),
    "stack": _("A stack of layers"),
    "inside": _("Inside the real network"),
}


def warm(context: Context) -> None:
    """Use the meta device: its first use in a process takes seconds."""
    stack.on_stack({})


def build(context: Context) -> None:
    """Lay out the tab and wire it."""
    gr.Markdown(words.INTRODUCTION)
    sections = navigation(SECTIONS, "conv-part").sections
    with sections["layer"]:
        layer_part()
    with sections["kernel"]:
        kernel.kernel_part(context)
    with sections["stack"]:
        stack.stack_part(context)
    with sections["inside"]:
        inside.inside_part(context)
