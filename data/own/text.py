"""Untrusted bytes -> text, and the encoding that it is in."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from data.own.refusals import refusal
from language import _
from settings import MAX_TABLE_BYTES

ENCODINGS: dict[str, str] = {
    "utf-8": "Unicode",
    "utf-16": "Unicode",
    "windows-1252": _("Western European"),
    "windows-1250": _("Central European"),
    "windows-1251": _("Cyrillic"),
    "koi8-r": _("Cyrillic"),
    "cp866": _("Cyrillic"),
    "windows-1253": _("Greek"),
    "windows-1254": _("Turkish"),
    "windows-1255": _("Hebrew"),
    "windows-1256": _("Arabic"),
    "windows-1257": _("Baltic"),
    "windows-1258": _("Vietnamese"),
    "gb18030": _("Chinese"),
    "big5": _("Chinese"),
    "cp932": _("Japanese"),
    "euc-jp": _("Japanese"),
    "cp949": _("Korean"),
    "cp874": _("Thai"),
    "mac-roman": _("Western European"),
}
"""The encodings that a text may be read in, as Python names them, and the languages each is for."""
_GUESSED = [name for name in ENCODINGS if not name.startswith(("utf", "mac"))]
_CODECS = {codecs.lookup(name).name: name for name in _GUESSED}
_SAMPLE_BYTES = 2**16


@dataclass(frozen=True)
class Text:
    """A text file."""

    content: str
    encoding: str
    """One of ENCODINGS."""
    is_certain: bool
    """False if the bytes could be read in several encodings, and this one was guessed or chosen."""


def text_of(data: bytes, file: str, encoding: str | None = None) -> Text:
    """The text of a CSV: in `encoding`, one of ENCODINGS, else UTF-8, UTF-16 with its mark, or what chardet
    guesses from the rows that are not ASCII.

    file: its name, for refusals. Raises DataError.
    """
    if not isinstance(data, bytes) or not data:
        raise refusal(file, _("This file is empty."))
    if len(data) > MAX_TABLE_BYTES:
        sentence = _("This file is larger than {size} MB. Please upload fewer rows.")
        raise refusal(file, sentence.format(size=MAX_TABLE_BYTES // 2**20))
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    # in every other encoding, text has no zeros
    if marked or b"\0" not in data:
        content = decoded(data, "utf-16" if marked else "utf-8")
        if content is not None and "\0" not in content:
            return Text(content, "utf-16" if marked else "utf-8", True)
        if encoding in ENCODINGS:
            content = decoded(data, encoding)
            if content is None:
                sentence = _("This file cannot be read as {encoding}. Please choose another encoding.")
                raise refusal(file, sentence.format(encoding=encoding))
            return Text(content, encoding, False)
        if not marked and (guess := guessed(data)):
            return Text(data.decode(guess), guess, False)
    raise refusal(file, _("This file is not text. Please save the table as CSV (UTF-8)."))


def decoded(data: bytes, encoding: str) -> str | None:
    """`data` as text without a byte order mark; None if it is not in that encoding."""
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError:
        return None


def guessed(data: bytes) -> str | None:
    """The likeliest of ENCODINGS for bytes that are not UTF-8; None if they fit none."""
    import chardet  # a tenth of a second that the start of the page does not need

    lines = [line for line in data.splitlines(keepends=True) if not line.isascii()]
    sample = b"".join(lines)[:_SAMPLE_BYTES]
    answers = chardet.detect_all(sample, ignore_threshold=True, include_encodings=_GUESSED)
    found = {codecs.lookup(a["encoding"]).name: a["confidence"] for a in answers if a["encoding"]}
    confidence = {_CODECS[name]: round(found[name], 2) for name in found if name in _CODECS}
    # a few letters often fit two encodings alike: then the one further up in the table is commoner
    ranked = sorted(confidence, key=lambda name: (-confidence[name], _GUESSED.index(name)))
    return next((name for name in ranked if decoded(data, name) is not None), None)
