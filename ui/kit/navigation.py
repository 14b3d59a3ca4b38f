"""Secondary navigation: a tab in sections, of which one is visible."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from language import _
from ui.kit.events import UNQUEUED

CARD = ["tp-card", "tp-section"]


@dataclass(frozen=True)
class Navigation:
    """What the caller fills and may listen to."""

    choice: gr.Radio
    """Its value is the id of the visible section."""
    sections: dict[str, gr.Column]
    """By id, to be filled by the caller."""


def navigation(
    titles: Mapping[str, str], elem_id: str, *, label: str = "", bare: Collection[str] = ()
) -> Navigation:
    """Lay out a choice of sections and the sections themselves, the first one visible.

    titles: title of each section by its id. label: visible text above the choice. bare: ids of sections that
    are not a card of their own.
    """
    first = next(iter(titles))
    with gr.Column(elem_classes="tp-section"):
        choice = gr.Radio(
            [(title, name) for name, title in titles.items()],
            value=first,
            label=label or _("Section"),
            show_label=bool(label),
            container=bool(label),
            elem_id=elem_id,
        )
    looks = {name: [] if name in bare else CARD for name in titles}
    sections = {name: gr.Column(visible=name == first, elem_classes=looks[name]) for name in titles}

    def show(section: Any) -> list[Any]:
        # visible=False would discard the visitor's input in a section: a class hides it instead
        return [
            gr.update(visible=True, elem_classes=look)
            if name == section
            else gr.update(elem_classes=[*look, "tp-aside"])
            for name, look in looks.items()
        ]

    choice.input(show, choice, list(sections.values()), **UNQUEUED)
    return Navigation(choice, sections)
