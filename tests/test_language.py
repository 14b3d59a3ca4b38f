"""Texts in the reader's language, and their catalogues."""

from __future__ import annotations

import copy
import json
import pickle
import re
from pathlib import Path
from symtable import symtable

import pytest
from babel.messages.pofile import read_po

import language
import messages
from language import Message, _, ngettext, resolve, sentences

ROOT = Path(__file__).resolve().parent.parent


def test_a_text_is_english_until_it_has_a_reader(polish):
    stop, size = _("Stop"), _("at most {n} MB").format(n=3)
    assert (stop, size, f"{stop}!", str(size)) == ("Stop", "at most 3 MB", "Stop!", "at most 3 MB")
    with language.use("pl"):
        assert (str(stop), f"{stop}!", str(size)) == ("Zatrzymaj", "Zatrzymaj!", "najwyżej 3 MB")
        assert _("Stop") == "Zatrzymaj" and _("at most {n} MB").format(n=5) == "najwyżej 5 MB"
        assert [str(_(text)) for text in ("not yet translated", "a guess", "unknown")] == [
            "not yet translated",
            "a guess",
            "unknown",
        ]
        assert language.current() == "pl"
        with language.use("en"):
            assert str(stop) == _("Stop") == "Stop" and language.current() == "en"
    assert language.current() == "en" and str(stop) == "Stop"


def test_a_message_inside_another_is_translated_too(polish):
    outer = Message("{what}: {what}", {"what": _("Stop")})
    with language.use("pl"):
        assert str(outer) == "Zatrzymaj: Zatrzymaj"


def test_sentences_in_a_row_wait_for_their_reader_together(polish):
    row = sentences(_("Stop"), "", _("at most {n} MB").format(n=3))
    assert row == "Stop at most 3 MB" and sentences() == sentences("") == ""
    with language.use("pl"):
        assert str(row) == sentences(_("Stop"), _("at most {n} MB").format(n=3)) == "Zatrzymaj najwyżej 3 MB"


def test_plurals_are_those_of_the_language(polish):
    def steps(n):
        return ngettext("{n} step", "{n} steps", n).format(n=n)

    assert [steps(n) for n in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]
    with language.use("pl"):
        assert [steps(n) for n in (1, 2, 5, 22)] == ["1 krok", "2 kroki", "5 kroków", "22 kroki"]
        assert ngettext("{n} row", "{n} rows", 1) == "{n} row"


def test_messages_inside_answers_are_translated(polish):
    answer = {"title": _("Stop"), "rows": [(_("Stop"), 1), "Stop"], "id": "Stop", "none": None}
    assert resolve(answer) == answer
    with language.use("pl"):
        assert resolve(answer) == {
            "title": "Zatrzymaj",
            "rows": [("Zatrzymaj", 1), "Stop"],  # not a Message: perhaps text of a visitor
            "id": "Stop",
            "none": None,
        }


def test_a_plural_waits_for_its_reader_too(polish):
    steps = pickle.loads(pickle.dumps(ngettext("{n} step", "{n} steps", 3).format(n=3)))
    assert steps == f"{steps}" == "3 steps" and ngettext("{n} step", "{n} steps", 1).format(n=1) == "1 step"
    with language.use("pl"):
        assert str(steps) == "3 kroki" and f"{ngettext('{n} row', '{n} rows', 1)}" == "{n} row"


def through_json(value):
    return language.from_plain(json.loads(json.dumps(language.to_plain(value))))


@pytest.mark.parametrize(
    "carry", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), through_json]
)
def test_a_copied_message_is_still_a_message(polish, carry):
    carried = carry([_("Stop"), _("at most {n} MB").format(n=3)])
    assert json.dumps(carried) == '["Stop", "at most 3 MB"]'
    with language.use("pl"):
        assert resolve(carried) == ["Zatrzymaj", "najwyżej 3 MB"]


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ([], "en"),
        (["", "pl"], "pl"),
        (["pl", "en"], "pl"),
        (["en", "pl"], "en"),
        (["xx", "pl-PL,pl;q=0.9,en;q=0.8"], "pl"),
        (["de-DE,de;q=0.9,en;q=0.5,pl;q=0.7"], "pl"),
        (["pl;q=0.5, en"], "en"),
        (["de, fr;q=x, ;;;, \x00"], "en"),
        (["../../etc/passwd"], "en"),
        (["p" * 10**6], "en"),
    ],
)
def test_the_language_is_the_first_available_wish(polish, wishes, code):
    assert language.choose(*wishes) == code


def test_the_pseudo_language_has_every_text_and_keeps_what_translators_keep():
    catalogue = messages.pseudo_catalogue(messages.extract())
    assert len(catalogue) > 100
    for message in catalogue:
        if message.id:
            forms = [message.id] if isinstance(message.id, str) else message.id
            translations = [message.string] if isinstance(message.string, str) else message.string
            for text, pseudo in zip(forms, translations, strict=True):
                assert pseudo.startswith("⟦") and pseudo.endswith("⟧") and text in pseudo


def test_the_command_keeps_translations_and_drops_unused_texts(polish, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["messages"])
    messages.main()
    with (tmp_path / "pl.po").open("rb") as file:
        updated = read_po(file)
    template = messages.extract()
    assert {message.id for message in updated} == {message.id for message in template}
    assert all(message.string == "Zatrzymaj" for message in updated if message.id == "Stop")


def hides(scope) -> bool:
    """Whether `_` is called where it is also a variable, or imported where it is assigned."""
    for symbol in scope.get_symbols():
        if symbol.get_name() == "_":
            is_variable = not symbol.is_global() and (symbol.is_assigned() or symbol.is_parameter())
            if symbol.is_free() or (is_variable and (symbol.is_referenced() or symbol.is_imported())):
                return True
    return any(map(hides, scope.get_children()))


@pytest.mark.parametrize(
    ("body", "is_hidden"),
    [
        ("def f(): return _('x')", False),
        ("def f():\n  for _ in (1, 2): pass", False),
        ("def f(): return [x for _, x in y], _('x')", False),
        ("def f():\n  for _ in (1, 2): pass\n  return _('x')", True),
        ("def f(): return [_('x') for _, x in y]", True),
        ("def f(_): return _('x')", True),
        ("def f():\n  _ = 1\n  def g(): return _('x')", True),
    ],
)
def test_a_hidden_function_is_found(body, is_hidden):
    assert hides(symtable(f"from language import _\n{body}", "a", "exec")) is is_hidden


def test_no_module_hides_the_function_behind_a_variable():
    """An unused variable named `_` would make `_("...")` fail in the same function."""
    violations = []
    for path in ROOT.rglob("*.py"):
        module = path.relative_to(ROOT)
        if module.parts[0].startswith(".") or module.parts[0] in ("node_modules", "tests"):
            continue
        source = path.read_text("utf-8")
        if re.search(r"^from language import .*\b_\b", source, re.M) and hides(
            symtable(source, str(module), "exec")
        ):
            violations.append(str(module))
    assert violations == []
