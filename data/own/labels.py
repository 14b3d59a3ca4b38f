"""The labels of visitors' data: which are missing, which are numbers, and the order of the classes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Context, Decimal

import torch
from torch import Tensor

from data.own.refusals import MAX_NAME, at_cell, plain, refusal
from data.own.rows import is_number, with_point
from language import _

MAX_CLASSES = 50
_LARGEST = torch.finfo(torch.float32).max
_MISSING = {
    "?", "??", "-", "--", "na", "n/a", "n.a.", "#n/a", "#n/a n/a", "#na", "<na>", "nan", "-nan", "null",
    "nil", "<null>", "\\n", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "#value!", "#ref!", "#div/0!",
}  # fmt: skip
"""What programs write for a missing value, in lower case. "None" and "unknown" are often a class."""
_EXACT = Context(prec=MAX_NAME, traps=[])
"""Reads every number that a label may be as it is written; one it cannot read becomes NaN."""
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")


def label_problem(text: str, others: Collection[str]) -> str:
    """Why a cell of a table is no label, a sentence; "" if it is one.

    others: the labels beside it; beside "+", "-" is a class.
    """
    if not plain(text):
        return _("The label is empty. Please fill it in, or delete the row.")
    if text.casefold() in _MISSING and not (text == "-" and "+" in others):
        sentence = _(
            '"{label}" means that the label is missing. Please fill it in, or delete the row; if it is a '
            "class, write its name in full."
        )
        return sentence.format(label=plain(text))
    if len(text) > MAX_NAME:
        return _("A label has at most {most} characters.").format(most=MAX_NAME)
    return ""


def in_order(classes: Iterable[str]) -> list[str]:
    """Distinct names of classes: by value if all are whole numbers, else in alphabetical order."""
    names = set(classes)
    if all(name.isascii() and name.isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names, key=lambda name: (name.casefold(), name))


def read_labels(
    labels: Sequence[tuple[int, str]], separator: str, file: str, column: str
) -> tuple[Tensor, list[str]]:
    """(row number, label) of each row -> labels as TableDataset takes them, and the names of the classes; []
    if they are numbers to predict.

    Labels are numbers only if all of them are written as numbers, and as classes only if a float holds them
    exactly: 007 and 7 are two labels, and so are two numbers of 20 digits. Raises DataError.
    """
    distinct = {text for _row, text in labels}
    problems = {text: label_problem(text, distinct) for text in distinct}
    for row, text in labels:
        if problems[text]:
            raise refusal(at_cell(file, row, column), problems[text])
    if all(_is_plain_number(text, separator) for text in distinct):
        points = {text: with_point(text, separator) for text in distinct}
        values = {text: float(point) + 0.0 for text, point in points.items()}  # -0 is 0
        for row, text in labels:
            if not abs(values[text]) <= _LARGEST:
                sentence = _('"{cell}" is too large: a float32 number ends at 3.4e38.')
                raise refusal(at_cell(file, row, column), sentence.format(cell=plain(text)))
        ordered = sorted(set(values.values()))
        whole = all(value.is_integer() for value in ordered)
        exact = {text: _EXACT.create_decimal(point) for text, point in points.items()}
        if len(set(exact.values())) > (MAX_CLASSES if whole else 2):
            numbers = [values[text] for _row, text in labels]
            return torch.tensor(numbers, dtype=torch.float32).unsqueeze(1), []  # (N, 1)
        if all(exact[text] == Decimal(repr(values[text])) for text in distinct):
            names = [repr(value).removesuffix(".0") for value in ordered]
            return _as_classes([ordered.index(values[text]) for _row, text in labels], names, file, column)
    printable = {text: plain(text) for text in distinct}
    names = in_order(printable.values())
    if len(names) > MAX_CLASSES:
        words = (label for label in labels if not _is_plain_number(label[1], separator))
        row, text = next(words, labels[0])
        sentence = _(
            '"{cell}" is not a plain number, and {n} different labels are too many for classes: at most '
            "{most} can be learned."
        )
        raise refusal(
            at_cell(file, row, column),
            sentence.format(cell=plain(text), n=f"{len(names):,}", most=MAX_CLASSES),
        )
    places = {name: place for place, name in enumerate(names)}
    return _as_classes([places[printable[text]] for _row, text in labels], names, file, column)


def _is_plain_number(text: str, separator: str) -> bool:
    """Whether it is a number and not a code such as 007."""
    return is_number(text, separator) and not _LEADING_ZERO.match(text)


def _as_classes(indices: list[int], names: list[str], file: str, column: str) -> tuple[Tensor, list[str]]:
    if len(names) < 2:
        where = _('{file}, column "{column}"').format(file=file, column=plain(column))
        sentence = _(
            'Every row has the label "{name}". There must be at least two different labels to learn.'
        )
        raise refusal(where, sentence.format(name=names[0]))
    if len(names) == 2:
        return torch.tensor(indices, dtype=torch.float32).unsqueeze(1), names  # (N, 1)
    return torch.tensor(indices, dtype=torch.int64), names  # (N,)
