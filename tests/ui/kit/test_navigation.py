"""A tab in sections: one is visible, and what was set in the others stays."""

import gradio as gr

from ui.kit.navigation import navigation

TITLES = {"first": "The first", "second": "A card"}


def test_one_section_is_visible_at_a_time():
    with gr.Blocks() as page:
        sections = navigation(TITLES, "part", bare=["first"])
    assert [column.visible for column in sections.sections.values()] == [True, False]
    (show,) = page.fns.values()
    assert show.inputs == [sections.choice] and show.outputs == list(sections.sections.values())
    for chosen in TITLES:
        updates = dict(zip(TITLES, show.fn(chosen), strict=True))
        assert updates[chosen]["visible"] and "tp-aside" not in updates[chosen]["elem_classes"]
        for name in TITLES.keys() - {chosen}:
            # one that is made invisible would lose what the visitor set in it
            assert "visible" not in updates[name] and "tp-aside" in updates[name]["elem_classes"]


def test_ids_are_sent_and_titles_are_seen():
    with gr.Blocks():
        choice = navigation(TITLES, "part").choice
    assert choice.choices == [("The first", "first"), ("A card", "second")] and choice.value == "first"
