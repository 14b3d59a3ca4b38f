"""What a visitor uploaded -> a data set, and what can be chosen about how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.own.archives import lone_table, read_labelled
from data.own.custom import DataError, TableDataset
from data.own.kinds import ARCHIVE, TEXT, kind_of
from data.own.labels import in_order
from data.own.refusals import plain, some
from data.own.tables import Layout, TitleError, layout_of, read_rows
from data.own.text import ENCODINGS, Text
from data.sources import OWN, Source
from language import _, ngettext, sentences

Files = Sequence[tuple[str, bytes]]
"""(name, bytes) of each file, untrusted."""
NAMED_CLASSES = 8
"""Most classes that a summary names."""


@dataclass(frozen=True)
class Wishes:
    """How a visitor wants an upload to be read; "" and False leave it to the program."""

    label: str = ""
    """The label column of a table."""
    encoding: str = ""
    """One of ENCODINGS."""
    skip: bool = False
    """Whether to skip what stands above a table."""


@dataclass(frozen=True)
class Outcome:
    """What became of an upload."""

    source: Source | None
    """None if it was refused."""
    message: str
    """A summary, or why it was refused."""
    columns: tuple[str, ...] = ()
    """Those of a table, each of which may be the label."""
    label: str = ""
    """The one that was taken."""
    encoding: str = ""
    """What a text was read in; "" where there is no doubt."""
    has_title: bool = False
    """Whether something stands above a table."""

    @property
    def has_choices(self) -> bool:
        return bool(self.columns or self.encoding or self.has_title)


@dataclass(frozen=True)
class Upload:
    """What is kept of an upload."""

    outcome: Outcome
    files: Files = ()
    """The files, where they may be read in another way."""


def read_upload(files: Files, wishes: Wishes = Wishes()) -> Outcome:  # noqa: B008
    """Read an upload, or say why it cannot be read; nothing is raised."""
    try:
        table = _table(files)
        if table is None:
            return _pictures(files, wishes)
    except DataError as error:
        return Outcome(None, str(error))
    name, data, imports, code = table
    label, encoding, skip = wishes.label.strip() or None, wishes.encoding or None, 0
    layout: Layout | None = None
    try:
        try:
            layout = layout_of(data, name, label, encoding)
        except TitleError as error:
            skip = error.skip
            if not wishes.skip:
                return Outcome(None, str(error), has_title=True)
            layout = layout_of(data, name, label, encoding, skip)
        rows = read_rows(layout)
    except DataError as error:
        if layout is None and (label or encoding):
            layout = _layout_without_wishes(data, name, skip)
        return Outcome(None, str(error), *_choices(layout), bool(skip))
    options = "".join(
        f", {key}={value!r}" for key, value in (("encoding", encoding), ("skip", skip)) if value
    )
    call = f"read_table({code}, {name!r}, {label!r}{options})"
    source = Source(OWN, "row", rows, f"{imports}from data.own.tables import read_table", call)
    return Outcome(source, _table_summary(layout, rows), *_choices(layout), bool(skip))


def read_own(files: Files, label: str = "") -> tuple[Source, str]:
    """Uploaded files -> their data set, and a sentence about it. Raises DataError with a sentence."""
    outcome = read_upload(files, Wishes(label))
    if outcome.source is None:
        raise DataError(outcome.message)
    return outcome.source, outcome.message


def _table(files: Files) -> tuple[str, bytes, str, str] | None:
    """Name and bytes of the only table of an upload, and Python that imports what reads these bytes and that
    reads them; None for anything else. Raises DataError.
    """
    if len(files) != 1:
        return None
    name, data = files[0]
    kind, _sentence = kind_of(name, data)
    code = f"open({name!r}, 'rb').read()"
    if kind == TEXT:
        return name, data, "", code
    if kind == ARCHIVE and (table := lone_table(name, data)):
        return *table, "from data.own.archives import lone_table\n", f"lone_table({name!r}, {code})[1]"
    return None


def _layout_without_wishes(data: bytes, name: str, skip: int) -> Layout | None:
    """The columns of a table that cannot be read as wished; None if there are none to be read."""
    try:
        return layout_of(data, name, skip=skip)
    except DataError:
        return None


def _choices(layout: Layout | None) -> tuple[tuple[str, ...], str, str]:
    """Columns, label and encoding of an `Outcome`."""
    if layout is None:
        return (), "", ""
    return layout.names, layout.label_name, _doubtful(layout.rows.text)


def _doubtful(text: Text | None) -> str:
    """The encoding of a text that could be in another; "" otherwise."""
    return "" if text is None or text.is_certain else text.encoding


def _table_summary(layout: Layout, table: TableDataset) -> str:
    count = len(table.columns)
    content = ngettext(
        "A table of {rows} rows with {count} feature.",
        "A table of {rows} rows with {count} features.",
        count,
    ).format(rows=f"{len(table):,}", count=count)
    if table.classes:
        target = _('The label is the column "{label}", with {n} classes: {names}.').format(
            label=plain(layout.label_name), n=len(table.classes), names=some(table.classes, NAMED_CLASSES)
        )
    else:
        target = _('The label is the column "{label}", whose numbers are to be predicted.').format(
            label=plain(layout.label_name)
        )
    unnamed = "" if layout.has_names else _("It has no row of names, so its columns are numbered.")
    return sentences(content, target, unnamed, _encoding_note(layout.rows.text))


def _encoding_note(text: Text | None) -> str:
    if not (encoding := _doubtful(text)):
        return ""
    sentence = _(
        "It was read as {encoding} ({language}): if letters look wrong, choose another encoding below."
    )
    return sentence.format(encoding=encoding, language=ENCODINGS[encoding])


def _pictures(files: Files, wishes: Wishes) -> Outcome:
    """Raises DataError."""
    reading = read_labelled(list(files), wishes.encoding or None)
    pictures = reading.pictures
    content = _("{n} pictures in {classes} classes: {names}.").format(
        n=f"{len(pictures):,}",
        classes=len(pictures.classes),
        names=some(in_order(pictures.classes), NAMED_CLASSES),
    )
    names = [name for name, _data in files]
    option = f", {wishes.encoding!r}" if wishes.encoding else ""
    call = f"read_pictures([(name, open(name, 'rb').read()) for name in {names!r}]{option})[0]"
    source = Source(OWN, "picture", pictures, "from data.own.archives import read_pictures", call)
    summary = sentences(content, *reading.notes, _encoding_note(reading.text))
    return Outcome(source, summary, encoding=_doubtful(reading.text))
