"""Untrusted CSV -> a TableDataset, or a sentence for the visitor that names the file, the row, the column.

Nothing is guessed silently: a cell that is not a number, a row of another length or a second column of the
same name is refused, because a table that was read wrongly still trains, and learns nonsense. Rows are
counted as in a spreadsheet: the names of the columns are row 1.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor

from data.own.custom import DataError, TableDataset
from language import _
from settings import MAX_TABLE_BYTES, MAX_TABLE_COLUMNS, MAX_TABLE_ROWS

MAX_CLASSES = 50
MAX_NAME = 40
"""Most characters of a class or of a column's name."""
LABEL_NAMES = ("label", "target", "class", "y", "outcome")
"""If no label is named, a column with such a name is the label; the earlier in this list, the better."""

_SEPARATORS = (",", ";", "\t")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""What counts as a number: `float` alone would let nan, inf, 1_000 and digits of other scripts through."""
_LARGEST = torch.finfo(torch.float32).max
_SAMPLE_CHARACTERS, _SAMPLE_ROWS = 2**16, 20
_OTHER_KINDS = (
    (b"PK\x03\x04", _("This is a zip archive or a spreadsheet, not a CSV. Please save the table as CSV.")),
    (b"\xd0\xcf\x11\xe0", _("This is an old Excel file, not a CSV. Please save the table as CSV.")),
    (b"PAR1", _("This is a Parquet file, not a CSV. Please save the table as CSV.")),
    (b"%PDF", _("This is a PDF, not a CSV. Please save the table as CSV.")),
    (b"\x1f\x8b", _("This is a compressed file. Please unpack it first.")),
)


def read_table(data: bytes, name: str, label: str | None = None) -> TableDataset:
    """Read a CSV of numbers with a label column: `data` is the file, `name` its name.

    The first row names the columns. The label is the column `label`, else one of LABEL_NAMES (any case), else
    the last; it may be text. Two distinct labels give a binary table, three to MAX_CLASSES give classes, more
    (or numbers with decimals) give numbers to predict; classes are in the order of their names, or of their
    values. Raises DataError, and nothing else, for anything that cannot be read.
    """
    file = plain(name, 60) or "table"
    text = text_of(data, file)
    separator = separator_of(text)
    rows = rows_of(text, separator, file)
    names = _header(next(rows, (1, []))[1], file)
    target = _label_column(names, label, file)
    columns = [column for place, column in enumerate(names) if place != target]
    if all(_NUMBER.fullmatch(column) for column in columns):
        sentence = _(
            "The first row must name the columns, but it holds numbers. Please put a row of names above it, "
            "such as height, weight, label."
        )
        raise refusal(at_row(file, 1), sentence)
    numbers, labels = _cells(rows, names, target, separator, file)
    if len(labels) < 2:
        sentence = _("A table needs at least 2 rows below its first row; this one has {n}.")
        raise refusal(file, sentence.format(n=len(labels)))
    features = torch.frombuffer(numbers, dtype=torch.float64).reshape(len(labels), -1).float()  # (N, F)
    targets, classes = _targets(labels, separator, file, names[target])
    return TableDataset(features, targets, classes, [plain(column) for column in columns])


# --- refusals -----------------------------------------------------------------------------------------------


def refusal(where: str, sentence: str) -> DataError:
    """A refusal that names the place in a visitor's files."""
    return DataError(_("{where}: {sentence}").format(where=where, sentence=sentence))


def at_row(file: str, row: int) -> str:
    return _("{file}, row {row}").format(file=file, row=row)


def at_cell(file: str, row: int, column: str) -> str:
    return _('{file}, row {row}, column "{column}"').format(file=file, row=row, column=plain(column))


# --- text and rows, also for the annotations of pictures ----------------------------------------------------


def plain(text: str, most: int = MAX_NAME) -> str:
    """`text` on one line without invisible characters, cut to `most` characters: safe to show as text."""
    spaced = "".join(" " if c.isspace() else c for c in text[: 4 * most])
    visible = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    line = " ".join(visible.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def text_of(data: bytes, file: str) -> str:
    """The text of a CSV: UTF-8, UTF-16 with its mark, else Windows-1252. Raises DataError."""
    if not isinstance(data, bytes) or not data:
        raise refusal(file, _("This file is empty."))
    if len(data) > MAX_TABLE_BYTES:
        sentence = _("This file is larger than {size} MB. Please upload fewer rows.")
        raise refusal(file, sentence.format(size=MAX_TABLE_BYTES // 2**20))
    for magic, sentence in _OTHER_KINDS:
        if data.startswith(magic):
            raise refusal(file, sentence)
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise refusal(file, _("This file is not text. Please save the table as CSV (UTF-8)."))


def separator_of(text: str) -> str:
    """Comma, semicolon or tab: what splits the first rows into equally many cells, most of them numbers."""
    sample = text[:_SAMPLE_CHARACTERS]

    def fit(separator: str) -> tuple[bool, float, int]:
        try:
            reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
            rows = list(islice(reader, _SAMPLE_ROWS))
        except csv.Error:
            return False, 0.0, 0
        if len(sample) < len(text) and len(rows) < _SAMPLE_ROWS:
            rows = rows[:-1]  # the sample may end in the middle of this row
        rows = [row for row in rows if any(cell.strip() for cell in row)]
        width = len(rows[0]) if rows else 0
        cells = [_with_point(cell.strip(), separator) for row in rows[1:] for cell in row]
        numeric = sum(1 for cell in cells if _NUMBER.fullmatch(cell))
        even = width > 1 and all(len(row) == width for row in rows)
        return even, numeric / max(1, len(cells)) if even else 0.0, width

    return max(_SEPARATORS, key=fit)


def rows_of(text: str, separator: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """(row number from 1, stripped cells) of every row that is not blank. Raises DataError."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise refusal(at_row(file, number), _quoting(error)) from error
        if row is None:
            return
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield number, cells


def in_order(classes: Iterable[str]) -> list[str]:
    """Distinct names of classes: by value if all are whole numbers, else in alphabetical order."""
    names = set(classes)
    if all(name.isascii() and name.isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names, key=lambda name: (name.casefold(), name))


def _quoting(error: csv.Error) -> str:
    reason = str(error)
    if "unexpected end" in reason:
        return _('A quotation mark (") is opened here and never closed.')
    if "field limit" in reason:
        return _('A cell is far too long: perhaps a quotation mark (") is opened here and never closed.')
    return _('A closing quotation mark (") must be followed by the next cell or the end of the row.')


# --- the columns --------------------------------------------------------------------------------------------


def _header(cells: list[str], file: str) -> list[str]:
    """The names of the columns, without the empty ones that separators at the end of a row make."""
    names = list(cells)
    while names and not names[-1]:
        names.pop()
    if not names:
        raise refusal(file, _("There is nothing in this table."))
    if len(names) > MAX_TABLE_COLUMNS:
        sentence = _("This table has {n} columns; at most {most} can be read.")
        raise refusal(file, sentence.format(n=f"{len(names):,}", most=MAX_TABLE_COLUMNS))
    if len(names) < 2:
        sentence = _(
            "Only one column was found. A table needs at least one column of numbers and one with the label, "
            "with a comma, a semicolon or a tab between them."
        )
        raise refusal(file, sentence)
    for place, name in enumerate(names, 1):
        if not plain(name):
            sentence = _(
                "Column {n} has no name. Please give it one, or delete the column if it only counts the rows."
            )
            raise refusal(at_row(file, 1), sentence.format(n=place))
        if name in names[: place - 1]:
            sentence = _('Two columns are called "{name}". Please rename one.')
            raise refusal(at_row(file, 1), sentence.format(name=plain(name)))
    return names


def _label_column(names: list[str], label: str | None, file: str) -> int:
    lower = [name.casefold() for name in names]
    if label is None:
        candidates = (lower.index(name) for name in LABEL_NAMES if name in lower)
        return next(candidates, len(names) - 1)
    if isinstance(label, str):
        if label in names:
            return names.index(label)
        if label.strip().casefold() in lower:
            return lower.index(label.strip().casefold())
    listed = ", ".join(plain(name) for name in names[:8]) + (", ..." if len(names) > 8 else "")
    sentence = _('No column is called "{name}". There are: {names}.')
    raise refusal(file, sentence.format(name=plain(str(label)), names=listed))


# --- the cells ----------------------------------------------------------------------------------------------


def _cells(
    rows: Iterator[tuple[int, list[str]]], names: list[str], target: int, separator: str, file: str
) -> tuple[array, list[tuple[int, str]]]:
    """All features row by row, and (row number, label) for each row."""
    numbers = array("d")
    labels: list[tuple[int, str]] = []
    width, mark = len(names), ""
    for number, cells in rows:
        if len(labels) == MAX_TABLE_ROWS:
            sentence = _("At most {most} rows can be read, and this table has more.")
            raise refusal(file, sentence.format(most=f"{MAX_TABLE_ROWS:,}"))
        if len(cells) != width and (len(cells) < width or any(cells[width:])):
            sentence = _("Row 1 names {n} columns, but cells in this row: {cells}.")
            raise refusal(at_row(file, number), sentence.format(n=width, cells=len(cells)))
        for place in range(width):
            cell = cells[place]
            number_like = separator != "," and _NUMBER.fullmatch(cell.replace(",", "."))
            if number_like and ("," in cell or "." in cell):
                this_mark = "," if "," in cell else "."
                mark = mark or this_mark
                if this_mark != mark:
                    sentence = _(
                        '"{cell}" is written with "{mark}", but a number before it with "{other}". Please '
                        "use one of them everywhere."
                    )
                    raise refusal(
                        at_cell(file, number, names[place]),
                        sentence.format(cell=plain(cell), mark=this_mark, other=mark),
                    )
            if place != target:
                numbers.append(_number(cell, separator, file, number, names[place]))
        labels.append((number, cells[target]))
    return numbers, labels


def _with_point(cell: str, separator: str) -> str:
    """A decimal comma becomes a point if the comma cannot be the separator."""
    return cell.replace(",", ".") if separator != "," else cell


def _number(cell: str, separator: str, file: str, row: int, column: str) -> float:
    text = _with_point(cell, separator)
    if not cell:
        sentence = _("This cell is empty. Please fill it in, or delete the row.")
        raise refusal(at_cell(file, row, column), sentence)
    if not _NUMBER.fullmatch(text):
        sentence = _(
            '"{cell}" is not a number. Every column but the label must hold numbers such as 3 or 2.5.'
        )
        raise refusal(at_cell(file, row, column), sentence.format(cell=plain(cell)))
    value = float(text)
    if not abs(value) <= _LARGEST:
        sentence = _('"{cell}" is too large: a float32 number ends at 3.4e38.')
        raise refusal(at_cell(file, row, column), sentence.format(cell=plain(cell)))
    return value


# --- the label ----------------------------------------------------------------------------------------------


def _targets(
    labels: list[tuple[int, str]], separator: str, file: str, column: str
) -> tuple[Tensor, list[str]]:
    """Labels as TableDataset takes them, and the names of the classes ([] for numbers)."""
    for row, text in labels:
        if not plain(text):
            sentence = _("The label is empty. Please fill it in, or delete the row.")
            raise refusal(at_cell(file, row, column), sentence)
        if len(text) > MAX_NAME:
            sentence = _("A label has at most {most} characters.")
            raise refusal(at_cell(file, row, column), sentence.format(most=MAX_NAME))
    points = [_with_point(text, separator) for row, text in labels]
    if all(_NUMBER.fullmatch(point) for point in points):
        values = [float(point) + 0.0 for point in points]  # + 0.0: -0 is not a class of its own
        for (row, text), value in zip(labels, values, strict=True):
            if not abs(value) <= _LARGEST:
                sentence = _('"{cell}" is too large: a float32 number ends at 3.4e38.')
                raise refusal(at_cell(file, row, column), sentence.format(cell=plain(text)))
        distinct = sorted(set(values))
        whole = all(value == math.floor(value) for value in distinct)
        if len(distinct) > (MAX_CLASSES if whole else 2):
            return torch.tensor(values, dtype=torch.float32).unsqueeze(1), []  # (N, 1)
        return _classes([distinct.index(v) for v in values], [_name_of(v) for v in distinct], file, column)
    texts = [plain(text) for row, text in labels]
    names = in_order(texts)
    if len(names) > MAX_CLASSES:
        row, text = next(pair for pair, p in zip(labels, points, strict=True) if not _NUMBER.fullmatch(p))
        sentence = _(
            '"{cell}" is not a number, and {n} different labels are too many for classes: at most {most} can '
            "be learned."
        )
        raise refusal(
            at_cell(file, row, column),
            sentence.format(cell=plain(text), n=f"{len(names):,}", most=MAX_CLASSES),
        )
    places = {name: place for place, name in enumerate(names)}
    return _classes([places[text] for text in texts], names, file, column)


def _name_of(value: float) -> str:
    return repr(value).removesuffix(".0")


def _classes(indices: list[int], names: list[str], file: str, column: str) -> tuple[Tensor, list[str]]:
    if len(names) < 2:
        where = _('{file}, column "{column}"').format(file=file, column=plain(column))
        sentence = _(
            'Every row has the label "{name}". There must be at least two different labels to learn.'
        )
        raise refusal(where, sentence.format(name=names[0]))
    if len(names) == 2:
        return torch.tensor(indices, dtype=torch.float32).unsqueeze(1), names  # (N, 1)
    return torch.tensor(indices, dtype=torch.int64), names  # (N,)
