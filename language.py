"""The language in which a visitor reads the page: `_` and `ngettext` for every text that people see.

English is the source: the text itself is the key of its translation. The catalogue of another language is
the file `<code>.po` in `locale_folder()`.

Inside `use(code)`, as in every handler of the page, `_` returns the translation. Elsewhere, as in tables
built at import and in training processes, it returns a `Message`, which is translated when it is put into a
sentence (`str`, `format`, an f-string) or when `resolve` finds it.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

SOURCE = "en"


@dataclass(frozen=True)
class Translations:
    """One language's texts, keyed by the English ones; a missing text stays English."""

    code: str
    texts: Mapping[str, str]
    plurals: Mapping[str, Sequence[str]]
    """The forms of a text with a number, keyed by the English singular."""
    form: Callable[[int], int]
    """Which of the forms goes with a number."""

    def gettext(self, text: str) -> str:
        return self.texts.get(text) or text

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        forms = self.plurals.get(singular)
        text = forms[self.form(number)] if forms else ""
        return text or (singular if number == 1 else plural)


def locale_folder() -> Path:
    """The folder of the catalogues, each `<code>.po`: `TORCH_PLAYGROUND_LOCALE`, else `locale`."""
    folder = os.environ.get("TORCH_PLAYGROUND_LOCALE")
    return Path(folder).expanduser() if folder else Path(__file__).with_name("locale")


_current: ContextVar[Translations | None] = ContextVar("translations", default=None)
ENGLISH = Translations(SOURCE, {}, {}, lambda number: int(number != 1))


class Message(str):
    """An English text that is translated when it is read. It can be pickled; for JSON see `to_plain`."""

    template: str
    plural: str
    """The template for other numbers than one; "" for a text without a number."""
    number: int
    values: dict[str, Any]

    def __new__(
        cls, template: str, values: dict[str, Any] | None = None, plural: str = "", number: int = 1
    ) -> Message:
        text = ENGLISH.ngettext(template, plural, number) if plural else template
        message = super().__new__(cls, text.format(**values) if values is not None else text)
        message.template, message.plural, message.number = template, plural, number
        message.values = values or {}
        return message

    def __str__(self) -> str:
        translations = _current.get()
        if translations is None:
            return super().__str__()
        if self.plural:
            text = translations.ngettext(self.template, self.plural, self.number)
        else:
            text = translations.gettext(self.template)
        return text.format(**resolve(self.values)) if self.values else text

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def format(self, *_: Any, **values: Any) -> str:
        """Fill in the named placeholders; outside `use` the result is a `Message` again."""
        if _current.get() is not None:
            return str(self).format(**values)
        return Message(self.template, values, self.plural, self.number)

    def __reduce__(self) -> Any:
        return Message, (self.template, self.values or None, self.plural, self.number)


def _(text: str) -> str:
    """`text` in the reader's language. Placeholders have names: `_("{n} pixels").format(n=3)`."""
    translations = _current.get()
    return Message(text) if translations is None else translations.gettext(text)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of a text that goes with a whole number from 0 up, in the reader's language."""
    translations = _current.get()
    if translations is None:
        return Message(singular, None, plural, number)
    return translations.ngettext(singular, plural, number)


def sentences(*texts: str, between: str = " ") -> str:
    """Those of `texts` that are not empty, one after the other; like them it may wait for its reader."""
    values = {f"text_{number}": text for number, text in enumerate(texts) if text}
    joined = Message(between.join(f"{{{name}}}" for name in values), values)
    return joined if _current.get() is None else str(joined)


def translate(text: str) -> str:
    """`text` in the reader's language, where it is a `Message` or equals one."""
    if isinstance(text, Message):
        return str(text)
    translations = _current.get()
    return text if translations is None else translations.gettext(text)


def current() -> str:
    """The code of the language in use."""
    translations = _current.get()
    return SOURCE if translations is None else translations.code


def resolve(value: Any) -> Any:
    """`value` with every `Message` in its dictionaries, lists and tuples in the reader's language.

    Where there is no reader yet, it is `value` itself.
    """
    if _current.get() is None:
        return value
    match value:
        case Message():
            return str(value)
        case dict():
            return {key: resolve(item) for key, item in value.items()}
        case list():
            return [resolve(item) for item in value]
        case tuple() if type(value) is tuple:
            return tuple(resolve(item) for item in value)
    return value


PARTS = ("template", "values", "plural", "number")


def to_plain(value: Any) -> Any:
    """`value` with every `Message` in its dictionaries, lists and tuples as a dictionary that JSON can hold.
    `from_plain` gives the messages back, also in another process.
    """
    match value:
        case Message():
            return {name: to_plain(getattr(value, name)) for name in PARTS}
        case dict():
            return {key: to_plain(item) for key, item in value.items()}
        case list() | tuple():
            return [to_plain(item) for item in value]
    return value


def from_plain(value: Any) -> Any:
    """What `to_plain` was given, tuples as lists. Only for what this program has written."""
    match value:
        case dict():
            fields = {key: from_plain(item) for key, item in value.items()}
            is_message = fields.keys() == set(PARTS)
            return Message(**fields | {"values": fields["values"] or None}) if is_message else fields
        case list():
            return [from_plain(item) for item in value]
    return value


def message_of(error: Exception) -> str:
    """The sentence of an exception, still to be translated where it is a `Message`: `str(error)` is not."""
    return error.args[0] if error.args and isinstance(error.args[0], Message) else str(error)


def languages() -> list[str]:
    """The codes of the available languages, English first."""
    return [SOURCE, *sorted(path.stem for path in locale_folder().glob("*.po"))]


def choose(*wishes: str) -> str:
    """The first available language: each wish is a code or an Accept-Language header, best first."""
    for wish in wishes:
        weighted = []
        for part in wish[:200].split(","):
            code, _, weight = part.partition(";q=")
            try:
                weighted.append((-float(weight or 1), code.strip()))
            except ValueError:
                continue
        ranked = [code for weight, code in sorted(weighted, key=lambda pair: pair[0]) if weight and code]
        if match := negotiate_locale(ranked, languages(), sep="-"):
            return match
    return SOURCE


@cache
def catalogue(code: str, folder: Path) -> Catalog:
    """The catalogue of a language in a folder."""
    with (folder / f"{code}.po").open("rb") as file:
        return read_po(file, locale=None)


@cache
def _translations(code: str, folder: Path) -> Translations:
    texts: dict[str, str] = {}
    plurals: dict[str, Sequence[str]] = {}
    source = catalogue(code, folder)
    for message in source:
        if message.fuzzy or not message.id:
            continue
        if isinstance(message.id, str):
            texts[message.id] = str(message.string)
        else:
            plurals[message.id[0]] = tuple(message.string or ())
    return Translations(code, texts, plurals, gettext.c2py(source.plural_expr))


@contextmanager
def use(code: str) -> Iterator[None]:
    """Within this context texts are in the language `code`, one of `languages()`."""
    token = _current.set(ENGLISH if code == SOURCE else _translations(code, locale_folder()))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def postponed() -> Iterator[None]:
    """Within this context texts wait for their reader, as at import: for what is kept and read by others."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)
