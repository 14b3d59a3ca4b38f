"""The choice of a data set; its list grows when visitors bring their own data."""

from __future__ import annotations

from typing import Any

import gradio as gr

from data.sources import DATA_SETS, names


class DataChoice(gr.Dropdown):
    """A dropdown that passes on whatever it receives: `steps.resolve` says what is wrong with it.

    Gradio checks against the choices of the session, and a forgotten session has lost the visitor's own: its
    answer would be "Value: own is not in the list of choices".
    """

    def preprocess(self, payload: Any) -> Any:
        return payload

    def get_block_name(self) -> str:
        return "dropdown"


def choices_of_data() -> list[tuple[str, str]]:
    """(title, name) of every data set on this machine."""
    return [(str(DATA_SETS[name].title), name) for name in names()]
