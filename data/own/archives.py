"""Untrusted pictures with labels -> a PictureDataset, or one sentence for the visitor.

The labels are the names of the folders in a zip archive, or a CSV with a line `file name,label` for each
picture.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from PIL import Image

from data.own.annotations import Names, labels_of, names_any
from data.own.custom import DataError, PictureDataset
from data.own.folders import folder_labels
from data.own.kinds import ARCHIVE, PICTURE_ENDINGS, TABLE_ENDINGS, TEXT, is_picture, is_text, kind_of
from data.own.labels import MAX_CLASSES, in_order
from data.own.picture import PictureError, picture_work, read_picture
from data.own.refusals import plain, refusal, some
from data.own.rows import rows_of
from data.own.text import Text
from data.own.zips import Read, zip_files
from language import _, ngettext
from settings import MAX_ARCHIVE_BYTES, MAX_ARCHIVE_WORK, MAX_PICTURES

KEPT_SIDE = 64
"""Longest side of a picture in the dataset."""

_ANNOTATIONS = (".csv", ".tsv")
_TABLES = 100
"""Most tables that are searched for the names of pictures: guessing the encoding of each takes time."""
_START = 2**12
"""Bytes that tell what a file of an archive is."""


@dataclass(frozen=True)
class Reading:
    """What was read."""

    pictures: PictureDataset
    notes: tuple[str, ...]
    """For the visitor: what was left out or guessed."""
    text: Text | None
    """That of the CSV with the labels, None without one."""


def read_pictures(
    files: list[tuple[str, bytes]], encoding: str | None = None
) -> tuple[PictureDataset, tuple[str, ...]]:
    """Read uploaded files (name, bytes): one zip archive, or several pictures, each with or without a CSV.

    Without a CSV the label of a picture is its folder in the archive, see `folder_labels`. Pictures that a
    CSV does not list are left out. Each picture is kept as RGB, its longest side at most KEPT_SIDE. encoding:
    of the CSV, one of `text.ENCODINGS`, else it is guessed. Returns the dataset and notes for the visitor on
    what was left out. Raises DataError, and nothing else.
    """
    reading = read_labelled(files, encoding)
    return reading.pictures, reading.notes


def read_labelled(files: list[tuple[str, bytes]], encoding: str | None = None) -> Reading:
    """The same, with the text of the CSV."""
    sources = _sources(files)
    archive = sources.archive
    pictures = {path: read for path, read in sources.files.items() if path not in set(sources.tables)}
    notes: list[str] = []
    if archive:
        others = [path for path, read in pictures.items() if not _is_picture(path, read)]
        notes += _left_out_others(others)
        pictures = {path: read for path, read in pictures.items() if path not in set(others)}
    if not pictures and len(sources.tables) <= 1:
        raise refusal(
            archive or _("The upload"), _("There is no picture in it. Please add PNG or JPEG files.")
        )
    table = _annotations(sources, pictures, encoding)
    notes += _left_out_tables([path for path in sources.tables if path != table])
    rows = rows_of(sources.files[table](), table, encoding) if table else None
    if rows is not None:
        labels = labels_of(rows, Names(pictures))
        notes += _left_out_unlisted([path for path in pictures if path not in labels], rows.file)
    elif archive:
        labels, more = folder_labels(list(pictures), archive)
        notes += more
    else:
        raise DataError(
            _(
                "The pictures have no labels. Please add a CSV with a line such as cat1.png, cat for each "
                "picture, or upload one zip archive with a folder for each label."
            )
        )
    where = rows.file if rows is not None and not archive else archive
    classes = _classes(labels, where)
    images, remarks = _decoded(labels, pictures)
    targets = [classes.index(label) for label in labels.values()]
    text = None if rows is None else rows.text
    return Reading(PictureDataset(images, targets, classes), (*notes, *remarks), text)


def lone_table(name: str, data: bytes) -> tuple[str, bytes] | None:
    """The table (name, bytes) in an archive without pictures; None if there are pictures. Raises DataError,
    also if there is no table or there are several.
    """
    sources = zip_files(name, data)
    if any(_is_picture(path, read) for path, read in sources.items()):
        return None
    tables = [path for path in sources if path.lower().endswith(TABLE_ENDINGS)]
    if not tables:
        texts = [path for path, read in sources.items() if is_text(read(_START))]
        tables = [path for path in texts if not path.rpartition("/")[2].lower().startswith("readme")]
    if len(tables) > 1:
        sentence = _("There are {n} tables in it ({names}). Please upload the one you want.")
        raise refusal(plain(name, 60), sentence.format(n=len(tables), names=some(tables)))
    if not tables:
        sentence = _("There is no picture in it and no table. Please add PNG or JPEG files, or a CSV.")
        raise refusal(plain(name, 60) or "archive", sentence)
    return tables[0].rpartition("/")[2], sources[tables[0]]()


# --- the files ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sources:
    """All files of an upload."""

    files: dict[str, Read]
    """Path -> what reads it."""
    tables: list[str]
    """The paths of those that may be the CSV with the labels."""
    chosen: list[str]
    """Those of them that the visitor chose beside an archive, or pictures."""
    archive: str
    """The name of the archive, "" without one."""


def _sources(files: object) -> _Sources:
    if not isinstance(files, list) or not files:
        raise DataError(_("Nothing was uploaded. Please choose pictures, or one zip archive."))
    for file in files:
        if not (
            isinstance(file, tuple)
            and len(file) == 2
            and isinstance(file[0], str)
            and isinstance(file[1], bytes)
        ):
            raise DataError(_("Every file must come as its name and its bytes."))
    if sum(len(data) for name, data in files) > MAX_ARCHIVE_BYTES:
        sentence = _("All files together are larger than {size} MB. Please upload fewer or smaller pictures.")
        raise refusal(plain(files[0][0], 60), sentence.format(size=MAX_ARCHIVE_BYTES // 2**20))
    kinds = [_kind(name, data) for name, data in files]
    archives = [file for file, kind in zip(files, kinds, strict=True) if kind == ARCHIVE]
    loose = [(*file, kind) for file, kind in zip(files, kinds, strict=True) if kind != ARCHIVE]
    if len(archives) > 1:
        sentence = _("There are {n} archives ({names}). Please upload one.")
        raise DataError(sentence.format(n=len(archives), names=some([name for name, data in archives])))
    if archives and any(kind != TEXT for name, data, kind in loose):
        sentence = _(
            "Beside an archive only a CSV with labels can be uploaded. Please put the pictures into the "
            "archive."
        )
        raise refusal(plain(archives[0][0], 60), sentence)
    sources = zip_files(*archives[0]) if archives else {}
    tables, chosen = [path for path in sources if path.lower().endswith(_ANNOTATIONS)], []
    for name, data, kind in loose:
        path = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]).strip()
        if not plain(path) or len(path) > 255:
            sentence = _("A file needs a name of 1 to 255 characters. Please rename it.")
            raise refusal(f'"{plain(path)}"', sentence)
        if path in sources:
            raise refusal(plain(path, 60), _("Two files have this name. Please rename one."))
        sources[path] = partial(_bytes, data)
        if kind == TEXT:
            chosen.append(path)
    archive = (plain(archives[0][0], 60) or "archive") if archives else ""
    return _Sources(sources, [*tables, *chosen], chosen, archive)


def _kind(name: str, data: bytes) -> str:
    """PICTURE, ARCHIVE or TEXT. Raises DataError for anything else."""
    kind, sentence = kind_of(name, data)
    if sentence:
        raise refusal(plain(name, 60) or "file", sentence)
    return kind


def _bytes(data: bytes, most: int | None = None) -> bytes:
    return data[:most]


def _is_picture(path: str, read: Read) -> bool:
    """Whether a file of an archive is one of the pictures, which may have no ending."""
    if path.lower().endswith(PICTURE_ENDINGS):
        return True
    return "." not in path.rpartition("/")[2] and is_picture(read(_START))


def _left_out_others(paths: list[str]) -> list[str]:
    note = ngettext(
        "{names} is no picture and was left out.",
        "{n} files are no pictures and were left out: {names}.",
        len(paths),
    )
    return [note.format(n=f"{len(paths):,}", names=some(paths))] if paths else []


def _left_out_unlisted(paths: list[str], table: str) -> list[str]:
    note = ngettext(
        "{names} is not listed in {table} and was left out.",
        "{n} files are not listed and were left out: {names}.",
        len(paths),
    )
    return [note.format(n=f"{len(paths):,}", names=some(paths), table=table)] if paths else []


def _left_out_tables(paths: list[str]) -> list[str]:
    note = ngettext(
        "{names} names none of the pictures and was left out.",
        "{names} name none of the pictures and were left out.",
        len(paths),
    )
    return [note.format(names=some(paths))] if paths else []


# --- the labels ---------------------------------------------------------------------------------------------


def _annotations(sources: _Sources, pictures: Mapping[str, Read], encoding: str | None) -> str:
    """The path of the CSV with the labels; "" without one. A CSV that names no picture is another table,
    where there is a better one, or where folders may be the labels.
    """
    names = Names(pictures)
    likely = sorted(sources.tables, key=lambda path: (path not in sources.chosen, path.count("/")))
    matching = [path for path in likely[:_TABLES] if _names_any(sources.files[path], path, names, encoding)]
    tables = sources.tables
    if sources.archive and all("/" in path for path in pictures):
        tables = [path for path in tables if path in matching or path in sources.chosen]
    if len(tables) > 1 and matching:
        tables = matching
    if len(tables) > 1:
        sentence = _("There are {n} CSV files ({names}). Please upload only the one with labels.")
        raise DataError(sentence.format(n=len(tables), names=some(tables)))
    return tables[0] if tables else ""


def _names_any(read: Read, path: str, pictures: Names, encoding: str | None) -> bool:
    try:
        return names_any(rows_of(read(), path, encoding), pictures)
    except DataError:
        return False


def _classes(labels: Mapping[str, str], where: str) -> list[str]:
    """The names of the classes in order, after checking how many pictures and classes there are."""
    if not 2 <= len(labels) <= MAX_PICTURES:
        sentence = _("A dataset has 2 to {most} pictures, this one {n}.")
        raise refusal(where, sentence.format(most=f"{MAX_PICTURES:,}", n=f"{len(labels):,}"))
    classes = in_order(labels.values())
    if len(classes) < 2:
        sentence = _('Every picture has the label "{name}". There must be at least two to learn.')
        raise refusal(where, sentence.format(name=classes[0]))
    if len(classes) > MAX_CLASSES:
        sentence = _("{n} different labels are too many: at most {most} can be learned.")
        raise refusal(where, sentence.format(n=f"{len(classes):,}", most=MAX_CLASSES))
    return classes


# --- the pixels ---------------------------------------------------------------------------------------------


def _decoded(labels: Mapping[str, str], pictures: Mapping[str, Read]) -> tuple[list[Image.Image], list[str]]:
    """The pictures in the order of `labels`, and what the visitor should know about some of them."""
    images: list[Image.Image] = []
    remarks: dict[str, list[str]] = {}
    work = 0
    for path in labels:
        data = pictures[path]()
        try:
            work += picture_work(data)
            if work > MAX_ARCHIVE_WORK:
                sentence = _(
                    "Together with this picture the upload takes too long to decode. Please make all "
                    "pictures smaller: {side} x {side} pixels are enough."
                )
                raise refusal(plain(path, 60), sentence.format(side=KEPT_SIDE))
            picture = read_picture(data)
        except PictureError as error:
            raise refusal(plain(path, 60), str(error)) from error
        image = Image.fromarray(picture.rgb)
        image.thumbnail((KEPT_SIDE, KEPT_SIDE))
        images.append(image)
        if picture.note:
            remarks.setdefault(picture.note, []).append(path)
    sentence = _("{names}: {note}")
    return images, [sentence.format(names=some(paths), note=note) for note, paths in remarks.items()]
