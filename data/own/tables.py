"""Untrusted CSV -> a TableDataset, or a sentence for the visitor that names the file, the row, the column.

Nothing is guessed silently: a cell that is not a number, a row of another length or a second column of the
same name is refused, because a table that was read wrongly still trains, and learns nonsense. What has to be
guessed (the label, the encoding) is in the `Layout`, so that the page can say it. Rows are counted as in a
spreadsheet: the names of the columns are row 1.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from data.own.custom import DataError, TableDataset
from data.own.labels import read_labels
from data.own.refusals import at_cell, at_row, plain, refusal
from data.own.rows import Rows, is_number, rows_of, with_point
from language import _, ngettext, sentences
from settings import MAX_TABLE_COLUMNS, MAX_TABLE_ROWS

LABEL_NAMES = ("label", "target", "class", "y", "outcome")
"""If no label is named, a column with such a name is the label; the earlier in this list, the better."""

_LARGEST = torch.finfo(torch.float32).max


class TitleError(DataError):
    """Something stands above the table, such as a title; the table can be read without it."""

    skip: int
    """How many rows to skip."""


@dataclass(frozen=True)
class Layout:
    """What a file says about its columns."""

    rows: Rows
    names: tuple[str, ...]
    """Of the columns, unlike each other."""
    first: int
    """The number of the first row that may hold a sample."""
    has_names: bool
    """Whether the file names the columns; else they are column_1, column_2, ..."""
    label: int
    """The column that is the label."""
    is_label_chosen: bool
    """Whether the visitor named it."""

    @property
    def label_name(self) -> str:
        return self.names[self.label]


def read_table(
    data: bytes, name: str, label: str | None = None, encoding: str | None = None, skip: int = 0
) -> TableDataset:
    """Read a CSV of numbers with a label column: `data` is the file, `name` its name.

    The first row names the columns, unless it is clearly a sample. The label is the column `label`, else one
    of LABEL_NAMES (any case), else the last; it may be text. Two distinct labels give a binary table, three
    to MAX_CLASSES give classes, more (or numbers with decimals) give numbers to predict; classes are in the
    order of their names, or of their values. encoding: one of `text.ENCODINGS`, else it is guessed. skip: so
    many of the first rows are not part of the table. Raises DataError, and nothing else, for anything that
    cannot be read.
    """
    return read_rows(layout_of(data, name, label, encoding, skip))


def layout_of(
    data: bytes, name: str, label: str | None = None, encoding: str | None = None, skip: int = 0
) -> Layout:
    """The columns of a table; the arguments and the refusals are those of `read_table`."""
    rows = rows_of(data, name, encoding)
    at, cells = next(((number, cells) for number, cells in rows.numbered() if number > skip), (1, []))
    if not cells:
        raise refusal(rows.file, _("There is nothing in this table."))
    while not cells[-1]:  # separators at the end of a row make empty ones
        cells.pop()
    if len(cells) > MAX_TABLE_COLUMNS:
        sentence = _("This table has {n} columns; at most {most} can be read.")
        raise refusal(rows.file, sentence.format(n=f"{len(cells):,}", most=MAX_TABLE_COLUMNS))
    if not skip and (above := rows.above()):
        raise _title(rows, above)
    if has_names := not _is_sample(cells, at, rows):
        names = _header(cells, at, rows.file)
    else:
        names = [f"column_{place}" for place in range(1, len(cells) + 1)]
    target = _label_column(names, label, rows.file)
    columns = [name for place, name in enumerate(names) if place != target]
    if all(is_number(name, rows.separator) for name in columns):
        sentence = _(
            "The first row must name the columns, but it holds numbers. Please put a row of names above it, "
            "such as height, weight, label."
        )
        raise refusal(at_row(rows.file, at), sentence)
    return Layout(rows, tuple(names), at + has_names, has_names, target, label is not None)


def read_rows(layout: Layout) -> TableDataset:
    """The samples of a table. Raises DataError."""
    file, names = layout.rows.file, layout.names
    numbers, labels = _cells(layout)
    if len(labels) < 2:
        sentence = _("A table needs at least 2 rows below its first row; this one has {n}.")
        raise refusal(file, sentence.format(n=len(labels)))
    features = torch.frombuffer(numbers, dtype=torch.float64).reshape(len(labels), -1).float()  # (N, F)
    targets, classes = read_labels(labels, layout.rows.separator, file, layout.label_name)
    columns = [plain(name) for place, name in enumerate(names) if place != layout.label]
    return TableDataset(features, targets, classes, columns)


# --- the columns --------------------------------------------------------------------------------------------


def label_note(layout: Layout) -> str:
    """Which column was taken as the label, a sentence; "" if the visitor named it."""
    if layout.is_label_chosen:
        return ""
    if layout.label_name.casefold() in LABEL_NAMES:
        sentence = _('The column "{label}" was taken as the label for its name; if another one is, name it.')
    else:
        sentence = _('The last column, "{label}", was taken as the label; if another one is, name it.')
    return sentence.format(label=plain(layout.label_name))


def _title(rows: Rows, above: int) -> TitleError:
    """Offers to skip the first rows, which have fewer cells than the next."""
    counts = {number: sum(map(bool, cells)) for number, cells in rows.numbered()}
    width = next(count for number, count in counts.items() if number > above)
    if above == 1:
        sentence = ngettext(
            "This row has {n} cell, and those below have {width}. If it is a title or a comment, skip it.",
            "This row has {n} cells, and those below have {width}. If it is a title or a comment, skip it.",
            counts[1],
        ).format(n=counts[1], width=width)
        error = TitleError(refusal(at_row(rows.file, 1), sentence))
    else:
        sentence = _(
            "The first {n} rows have fewer cells than the {width} of the rows below. If they are a title or "
            "comments, skip them."
        )
        error = TitleError(refusal(rows.file, sentence.format(n=above, width=width)))
    error.skip = above
    return error


def _is_sample(cells: Sequence[str], at: int, rows: Rows) -> bool:
    """Whether the first row is a sample rather than names: all cells but one are numbers, and that one comes
    again below; or all are, and not all are whole.
    """
    words = [place for place, cell in enumerate(cells) if not is_number(cell, rows.separator)]
    if len(words) > 1 or len(cells) < 2:
        return False
    if words:
        return any(row[words[0] :][:1] == [cells[words[0]]] for number, row in rows.numbered() if number > at)
    return not all(cell.isdecimal() for cell in cells)


def _header(cells: list[str], at: int, file: str) -> list[str]:
    """The names of the columns in row `at`."""
    names = list(cells)
    if len(names) < 2:
        sentence = _(
            "Only one column was found. A table needs at least one column of numbers and one with the label, "
            "with a comma, a semicolon, a tab or spaces between them."
        )
        raise refusal(file, sentence)
    for place, name in enumerate(names, 1):
        if not plain(name):
            sentence = _(
                "Column {n} has no name. Please give it one, or delete the column if it only counts the rows."
            )
            raise refusal(at_row(file, at), sentence.format(n=place))
        if name in names[: place - 1]:
            sentence = _('Two columns are called "{name}". Please rename one.')
            raise refusal(at_row(file, at), sentence.format(name=plain(name)))
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


def _cells(layout: Layout) -> tuple[array, list[tuple[int, str]]]:
    """All features row by row, and (row number, label) for each row."""
    numbers = array("d")
    labels: list[tuple[int, str]] = []
    file, separator, width, mark = layout.rows.file, layout.rows.separator, len(layout.names), ""
    for number, cells in layout.rows.numbered():
        if number < layout.first:
            continue
        if len(labels) == MAX_TABLE_ROWS:
            sentence = _("At most {most} rows can be read, and this table has more.")
            raise refusal(file, sentence.format(most=f"{MAX_TABLE_ROWS:,}"))
        if len(cells) != width and (len(cells) < width or any(cells[width:])):
            sentence = _("The first row of the table has {n} cells, but this one has {cells}.")
            if layout.has_names:
                sentence = _("Row {first} names {n} columns, but cells in this row: {cells}.")
            values = {"first": layout.first - 1, "n": width, "cells": len(cells)}
            raise refusal(at_row(file, number), sentence.format(**values))
        for place in range(width):
            cell = cells[place]
            if separator != "," and ("," in cell or "." in cell) and is_number(cell, separator):
                this_mark = "," if "," in cell else "."
                mark = mark or this_mark
                if this_mark != mark:
                    sentence = _(
                        '"{cell}" is written with "{mark}", but a number before it with "{other}". Please '
                        "use one of them everywhere."
                    )
                    raise refusal(
                        at_cell(file, number, layout.names[place]),
                        sentence.format(cell=plain(cell), mark=this_mark, other=mark),
                    )
            if place != layout.label:
                numbers.append(_number(cell, layout, number, layout.names[place]))
        labels.append((number, cells[layout.label]))
    return numbers, labels


def _number(cell: str, layout: Layout, row: int, column: str) -> float:
    value = float(with_point(cell, layout.rows.separator)) if is_number(cell, layout.rows.separator) else None
    if value is not None and abs(value) <= _LARGEST:
        return value
    if value is not None:
        sentence = _('"{cell}" is too large: a float32 number ends at 3.4e38.').format(cell=plain(cell))
    elif cell:
        sentence = _(
            '"{cell}" is not a number. Every column but the label must hold numbers such as 3 or 2.5.'
        ).format(cell=plain(cell))
        sentence = sentences(sentence, label_note(layout))
    else:
        sentence = _("This cell is empty. Please fill it in, or delete the row.")
    raise refusal(at_cell(layout.rows.file, row, column), sentence)
