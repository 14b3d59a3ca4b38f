"""The page's configuration in the visitor's language."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

import language
from language import _, ngettext
from ui.kit.view import View
from ui.serving.page import Page

POLISH = """
msgid ""
msgstr "Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && n%100/10!=1 ? 1 : 2);\\n"

msgid "## Title\\n"
"At most {n} MB.\\n"
msgstr "## Tytuł\\n"
"Najwyżej {n} MB.\\n"

msgid "Stop"
msgstr "Zatrzymaj"

msgid "{n} step"
msgid_plural "{n} steps"
msgstr[0] "{n} krok"
msgstr[1] "{n} kroki"
msgstr[2] "{n} kroków"
"""


def test_texts_that_are_laid_out_at_the_start_wait_for_their_reader(tmp_path, monkeypatch):
    (tmp_path / "pl.po").write_text(POLISH, encoding="utf-8")
    monkeypatch.setenv("TORCH_PLAYGROUND_LOCALE", str(tmp_path))
    with Page() as page:
        gr.Markdown(_("## Title\nAt most {n} MB.\n").format(n=3))
        gr.Markdown("  no text of ours\n")
        gr.Button(_("Stop"))
        gr.Radio([(_("Stop"), "stop")], label=_("Stop"))
        View(
            Path(__file__).resolve().parents[3] / "ui" / "kit" / "picture_input",
            {"done": [ngettext("{n} step", "{n} steps", 3).format(n=3)], "own": "Stop"},
        )

    def texts(code):
        with language.use(code):
            props = [component["props"] for component in page.config["components"]]
        values = [each.get("value") for each in props]
        return [*values[:3], props[3]["label"], props[3]["choices"][0][0], values[4]]

    assert texts("pl") == [
        "## Tytuł\nNajwyżej 3 MB.",
        "no text of ours",
        "Zatrzymaj",
        "Zatrzymaj",
        "Zatrzymaj",
        {"done": ["3 kroki"], "own": "Stop"},
    ]
    english = texts("en")
    assert english[0].strip() == "## Title\nAt most 3 MB." and english[5]["done"] == ["3 steps"]
