"""The choice of a data set, whose list grows when a visitor brings data of their own."""

from __future__ import annotations

from typing import Any

import gradio as gr


class DataChoice(gr.Dropdown):
    """A dropdown that hands on whatever it is sent: `steps.resolve` says what is wrong with it.

    Gradio checks the choices of the session, and a session that was forgotten meanwhile has lost the
    visitor's own: its answer would be "Value: own is not in the list of choices".
    """

    def preprocess(self, payload: Any) -> Any:
        return payload

    def get_block_name(self) -> str:
        return "dropdown"
