"""How refusals of visitors' files name a place in them, and how strange text is made safe to show."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from data.own.custom import DataError
from language import _, ngettext

MAX_NAME = 40
"""Most characters of a class or of a column's name."""


def refusal(where: str, sentence: str) -> DataError:
    """A refusal that names the place in a visitor's files."""
    return DataError(_("{where}: {sentence}").format(where=where, sentence=sentence))


def at_row(file: str, row: int) -> str:
    return _("{file}, row {row}").format(file=file, row=row)


def at_cell(file: str, row: int, column: str) -> str:
    return _('{file}, row {row}, column "{column}"').format(file=file, row=row, column=plain(column))


def plain(text: str, most: int = MAX_NAME) -> str:
    """`text` on one line without invisible characters, cut to `most` characters: safe to show as text."""
    spaced = "".join(" " if c.isspace() else c for c in text[: 4 * most])
    visible = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    line = " ".join(visible.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def some(names: Sequence[str], most: int = 3) -> str:
    """Up to `most` names, and how many more there are."""
    first = ", ".join(plain(name, 60) for name in names[:most])
    more = len(names) - most
    if more <= 0:
        return first
    return ngettext("{names} and {n} more", "{names} and {n} more", more).format(names=first, n=f"{more:,}")
