"""A visitor's CSV with a line `file name,label` for each picture -> the label of each picture."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

from data.own.kinds import PICTURE_ENDINGS
from data.own.labels import label_problem
from data.own.refusals import at_row, plain, refusal, some
from data.own.rows import Rows
from language import _
from settings import MAX_FILES

_OUTSIDE = re.compile(r"^(?:[A-Za-z]:)?/|^file:|^~/|(?:^|/)\.\./")
"""Begins a path that starts outside the upload: only its end can be compared."""
_ENDING = re.compile(r"\.[A-Za-z0-9]{2,5}$")


class Names:
    """The pictures of an upload, found by what a table calls them."""

    def __init__(self, paths: Iterable[str]):
        self._exact: dict[str, list[str]] = {}
        """Path from any of its folders on, as in "cats/1.png" and "1.png" -> the paths that end so."""
        self._folded: dict[str, list[str]] = {}
        """The same in lower case."""
        self._stems: dict[str, list[str]] = {}
        """The same in lower case and without the ending of the file."""
        self._depth = 0
        """Most folders and file names in one path."""
        for path in paths:
            parts = path.split("/")
            self._depth = max(self._depth, len(parts))
            for start in range(len(parts)):
                end = "/".join(parts[start:])
                self._exact.setdefault(end, []).append(path)
                self._folded.setdefault(end.casefold(), []).append(path)
                self._stems.setdefault(_ENDING.sub("", end).casefold(), []).append(path)

    def find(self, entry: str) -> list[str]:
        """The paths that an entry of a table may mean: none, one, or several if it is ambiguous.

        It may be written in other letters, without the ending, or with folders outside of the upload; the
        closest match counts.
        """
        entry = unicodedata.normalize("NFC", entry.replace("\\", "/"))
        parts = [part for part in entry.split("/") if part not in ("", ".", "..")]
        # longer ends can match nothing; a hostile entry may have a hundred thousand parts
        for start in range(max(0, len(parts) - self._depth), len(parts)):
            end = "/".join(parts[start:])
            for index, key in (
                (self._exact, end),
                (self._folded, end.casefold()),
                (self._stems, end.casefold()),
            ):
                matches = index.get(key, [])
                whole = [path for path in matches if path.count("/") == end.count("/")]
                # a folder in the upload that the entry names otherwise is another folder
                matches = whole or ([] if start and not _OUTSIDE.search(entry) else matches)
                if matches:
                    return matches
        return []


def names_any(rows: Rows, pictures: Names) -> bool:
    """Whether a table names at least one of the pictures. Raises DataError."""
    first = islice(rows.numbered(), MAX_FILES)  # a list of the pictures names one of them sooner
    return any(pictures.find(cells[0]) for _number, cells in first)


def labels_of(rows: Rows, pictures: Names) -> dict[str, str]:
    """Path -> label as the table lists them. Raises DataError."""
    table = list(_rows_of_two(rows))
    others = {label for _number, _entry, label in table}
    labels: dict[str, str] = {}
    for place, (number, entry, label) in enumerate(table):
        where = at_row(rows.file, number)
        matches = pictures.find(entry)
        if not matches:
            if place == 0 and not entry.lower().endswith(PICTURE_ENDINGS):
                continue  # the names of the columns
            sentence = _('There is no picture called "{name}" in the upload.')
            raise refusal(where, sentence.format(name=plain(entry)))
        if len(matches) > 1:
            sentence = _('"{name}" may be {paths}. Please write its folder and its ending, too.')
            paths = some(matches, 2)
            raise refusal(where, sentence.format(name=plain(entry), paths=paths))
        if matches[0] in labels:
            sentence = _('"{name}" is listed a second time. Please delete one of the rows.')
            raise refusal(where, sentence.format(name=plain(entry)))
        if problem := label_problem(label, others):
            raise refusal(where, problem)
        labels[matches[0]] = plain(label)
    if not labels:
        raise refusal(
            rows.file, _("No picture is listed here. Please add a line such as cat1.png, cat for each.")
        )
    return labels


def _rows_of_two(rows: Rows) -> Iterator[tuple[int, str, str]]:
    """(number, file name, label) of each row."""
    for number, cells in rows.numbered():
        if len(cells) != 2:
            sentence = _("A row must be a file name and a label, but cells in this one: {n}.")
            raise refusal(at_row(rows.file, number), sentence.format(n=len(cells)))
        yield number, cells[0], cells[1]
