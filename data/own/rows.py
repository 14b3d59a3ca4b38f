"""The text of a table -> its rows: what separates the cells, and what stands above the table.

Rows are counted as in a spreadsheet, from 1. A line `sep=;`, which tells a spreadsheet the separator, is not
counted.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from data.own.kinds import PICTURE, TEXT, kind_of
from data.own.refusals import at_row, plain, refusal
from data.own.text import Text, text_of
from language import _

_SEPARATORS = (",", ";", "\t", "|", " ")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""What counts as a number: `float` alone would let nan, inf, 1_000 and digits of other scripts through."""
_SEPARATOR_LINE = re.compile(r'"?sep=([^\w"\s]|\t| )"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
_SAMPLE_CHARACTERS, _SAMPLE_ROWS = 2**16, 20


@dataclass(frozen=True)
class Rows:
    """The rows of a text file."""

    file: str
    """Its name, safe to show."""
    text: Text
    content: str
    """The text without a line that names the separator."""
    separator: str

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """(number from 1, stripped cells) of every row that is not blank. Raises DataError."""
        reader = _reader(self.content, self.separator, strict=True)
        number = 0
        while True:
            number += 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                raise refusal(at_row(self.file, number), _quoting(error)) from error
            if row is None:
                return
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield number, cells

    def above(self) -> int:
        """The number of the last row above the table, such as a title or a comment; 0 if there is none."""
        first = list(islice(self.numbered(), _SAMPLE_ROWS))
        above = _rows_above([cells for _number, cells in first], self.separator)
        return first[above - 1][0] if above else 0


def rows_of(data: bytes, name: str, encoding: str | None = None) -> Rows:
    """The rows of a file that must be text. encoding: see `text_of`. Raises DataError."""
    file = plain(name, 60) or "table"
    if isinstance(data, bytes) and (sentence := _other_kind(name, data)):
        raise refusal(file, sentence)
    text = text_of(data, file, encoding)
    line = _SEPARATOR_LINE.match(text.content)
    content = text.content[line.end() :] if line else text.content
    return Rows(file, text, content, line[1] if line else _separator(content))


def with_point(cell: str, separator: str) -> str:
    """A decimal comma becomes a point if the comma cannot be the separator."""
    return cell.replace(",", ".") if separator != "," else cell


def is_number(cell: str, separator: str) -> bool:
    return bool(_NUMBER.fullmatch(with_point(cell, separator)))


def _other_kind(name: str, data: bytes) -> str:
    kind, sentence = kind_of(name, data)
    if kind == PICTURE:
        return _("This is a picture, not a table. Please save the table as CSV.")
    if kind != TEXT:
        return sentence or _(
            "This is a zip archive or an office document, not a table. Please save the table as CSV."
        )
    return ""


def _reader(text: str, separator: str, strict: bool = False) -> Iterator[list[str]]:
    # several spaces separate as one does
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        skipinitialspace=separator == " ",
        strict=strict,
    )


def _separator(text: str) -> str:
    """What splits the first rows into equally many cells, most of them numbers; spaces only if nothing else
    does.
    """
    sample = text[:_SAMPLE_CHARACTERS]

    def fit(separator: str) -> tuple[bool, bool, float, int]:
        try:
            rows = list(islice(_reader(sample, separator), _SAMPLE_ROWS))
        except csv.Error:
            return False, False, 0.0, 0
        if len(sample) < len(text) and len(rows) < _SAMPLE_ROWS:
            rows = rows[:-1]  # the sample may end in the middle of this row
        rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
        rows = rows[_rows_above(rows, separator) :]
        width = len(rows[0]) if rows else 0
        cells = [cell for row in rows[1:] for cell in row]
        even = width > 1 and all(len(row) == width for row in rows)
        numeric = sum(is_number(cell, separator) for cell in cells) / max(1, len(cells)) if even else 0.0
        return even, separator != " ", numeric, width

    return max(_SEPARATORS, key=fit)


def _rows_above(rows: list[list[str]], separator: str) -> int:
    """How many of the first rows have fewer cells than most, and stand above a row of names."""
    widths = [max((place for place, cell in enumerate(row, 1) if cell), default=0) for row in rows]
    usual = max(widths, key=lambda width: (widths.count(width), width), default=0)
    above = next((place for place, width in enumerate(widths) if width >= usual), 0)
    names = rows[above][:usual] if usual > 1 else []
    return above if names and all(cell and not is_number(cell, separator) for cell in names) else 0


def _quoting(error: csv.Error) -> str:
    reason = str(error)
    if "unexpected end" in reason:
        return _('A quotation mark (") is opened here and never closed.')
    if "field limit" in reason:
        return _('A cell is far too long: perhaps a quotation mark (") is opened here and never closed.')
    return _('A closing quotation mark (") must be followed by the next cell or the end of the row.')
