"""The browser's side of the page as files."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import pytest

import messages
from language import _
from ui.kit import frontend
from ui.kit.view import View


def test_every_module_finds_those_it_imports():
    for name, content in frontend.files().items():
        for target in re.findall(r"^import .*? from '([^']+)';|import\('([^']+)'\)", content.decode(), re.M):
            assert urljoin(name, "".join(target)) in frontend.files(), name


def test_a_stylesheet_of_a_control_holds_in_its_element_alone():
    styles = frontend.files()["styles.css"].decode()
    for path in frontend.UI.rglob("*.css"):
        assert path.read_text("utf-8") in styles
    assert ':is(#tp, [data-control="train/run"]) {' in styles


def test_nothing_else_is_served():
    for path in ("/modules/x/kit/dom.js", f"/{frontend.root()}/kit/view.py", f"/{frontend.root()}/../app.py"):
        assert frontend.content(path) is None
    for name in ("", "starts/en/none.json", "starts/xx/none.json", "texts/en.json", "texts/../../x.json"):
        assert frontend.content(f"/{frontend.root()}/{name}") is None


@pytest.fixture
def brackets(tmp_path, monkeypatch):
    catalogue = messages.pseudo_catalogue(messages.extract())
    catalogue.add("A title", "⟦A title⟧")
    messages.write(catalogue, tmp_path / "en-XA.po")
    monkeypatch.setenv("TORCH_PLAYGROUND_LOCALE", str(tmp_path))


def test_a_control_starts_in_each_language(brackets):
    line = frontend.start(
        frontend.UI / "dataloader" / "class_weights", {"title": _("A title"), "id": "A title"}
    )
    key = re.search(r"'(\w{16})'", line)[1]

    def start(code):
        media_type, body = frontend.content(f"/{frontend.root()}/starts/{code}/{key}.json")
        assert media_type == "application/json"
        return json.loads(body)

    assert start("en")["constants"] == {"title": "A title", "id": "A title"}
    assert start("en-XA")["constants"] == {"title": "⟦A title⟧", "id": "A title"}
    assert "⟦" not in start("en")["template"] and ">⟦" in start("en-XA")["template"]
    texts = json.loads(frontend.content(f"/{frontend.root()}/texts/en-XA.json")[1])
    assert set(texts) == {"texts", "plural"} and "A title" not in texts["texts"]


def test_what_only_the_server_needs_does_not_travel_in_the_page():
    view = View(
        frontend.UI / "dataloader" / "class_weights", {"x": 1}, {"f": dict}, ["f"], {"large": "x" * 1000}
    )
    assert "large" not in str(view.get_config()) and len(str(view.get_config())) < 2000
    assert view.constants == {"large": "x" * 1000}
