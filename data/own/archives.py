"""Untrusted pictures with labels -> a PictureDataset, or one sentence for the visitor.

The labels are the names of the folders in a zip archive, or a CSV with a line `file name,label` for each
picture.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import partial

from PIL import Image

from data.own.custom import DataError, PictureDataset
from data.own.picture import PictureError, picture_work, read_picture
from data.own.tables import (
    MAX_CLASSES,
    MAX_NAME,
    at_row,
    in_order,
    plain,
    refusal,
    rows_of,
    separator_of,
    text_of,
)
from data.own.zips import Read, at_path, is_zip, zip_files
from language import _, ngettext
from settings import MAX_ARCHIVE_BYTES, MAX_ARCHIVE_WORK, MAX_PICTURES

KEPT_SIDE = 64
"""Longest side of a picture in the dataset."""

_PICTURES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp",
    ".heic", ".heif", ".avif", ".tif", ".tiff", ".svg", ".jp2", ".jxl",  # each refused with its own sentence
)  # fmt: skip
_ANNOTATIONS = (".csv", ".tsv")
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}


def read_pictures(files: list[tuple[str, bytes]]) -> tuple[PictureDataset, tuple[str, ...]]:
    """Read uploaded files (name, bytes): one zip archive, or several pictures, each with or without a CSV.

    Without a CSV the label of a picture is its folder in the archive, below any folders that all pictures
    share. Pictures that a CSV does not list are left out. Each picture is kept as RGB, its longest side at
    most KEPT_SIDE. Returns the dataset and notes for the visitor on what was left out. Raises DataError, and
    nothing else.
    """
    sources, archive = _sources(files)
    pictures = {path: read for path, read in sources.items() if not path.lower().endswith(_ANNOTATIONS)}
    tables = [path for path in sources if path.lower().endswith(_ANNOTATIONS)]
    notes: list[str] = []
    if archive:
        others = [path for path in pictures if not path.lower().endswith(_PICTURES)]
        if others:
            note = ngettext(
                "{names} is no picture and was left out.",
                "{n} files are no pictures and were left out: {names}.",
                len(others),
            )
            notes.append(note.format(n=f"{len(others):,}", names=_some(others)))
        pictures = {path: read for path, read in pictures.items() if path not in set(others)}
    if len(tables) > 1:
        sentence = _("There are {n} CSV files ({names}). Please upload only the one with labels.")
        raise DataError(sentence.format(n=len(tables), names=_some(tables)))
    if not pictures:
        raise refusal(
            archive or _("The upload"), _("There is no picture in it. Please add PNG or JPEG files.")
        )
    if tables:
        labels = _labels_of(sources[tables[0]](), tables[0], list(pictures))
        unlisted = [path for path in pictures if path not in labels]
        if unlisted:
            note = ngettext(
                "{names} is not listed in {table} and was left out.",
                "{n} files are not listed and were left out: {names}.",
                len(unlisted),
            )
            notes.append(note.format(n=f"{len(unlisted):,}", names=_some(unlisted), table=plain(tables[0])))
    elif archive:
        labels = _folders(list(pictures), archive)
    else:
        raise DataError(
            _(
                "The pictures have no labels. Please add a CSV with a line such as cat1.png, cat for each "
                "picture, or upload one zip archive with a folder for each label."
            )
        )
    classes = _classes(labels, archive or plain(tables[0], 60))
    images, animated = _decoded(labels, pictures)
    if animated:
        notes.append(_("Only the first frame is used of {names}.").format(names=_some(animated)))
    targets = [classes.index(label) for label in labels.values()]
    return PictureDataset(images, targets, classes), tuple(notes)


# --- the files ----------------------------------------------------------------------------------------------


def _sources(files: object) -> tuple[dict[str, Read], str]:
    """Path -> what reads it, for all files; and the name of the archive, "" without one."""
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
    archives = [(name, data) for name, data in files if is_zip(name, data)]
    loose = [(name, data) for name, data in files if not is_zip(name, data)]
    if len(archives) > 1:
        sentence = _("There are {n} archives ({names}). Please upload one.")
        raise DataError(sentence.format(n=len(archives), names=_some([name for name, data in archives])))
    if archives and any(not name.lower().endswith(_ANNOTATIONS) for name, data in loose):
        sentence = _(
            "Beside an archive only a CSV with labels can be uploaded. Please put the pictures into the "
            "archive."
        )
        raise refusal(plain(archives[0][0], 60), sentence)
    sources = zip_files(*archives[0]) if archives else {}
    for name, data in loose:
        path = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]).strip()
        if not plain(path) or len(path) > 255:
            sentence = _("A file needs a name of 1 to 255 characters. Please rename it.")
            raise refusal(f'"{plain(path)}"', sentence)
        if path in sources:
            raise refusal(plain(path, 60), _("Two files have this name. Please rename one."))
        sources[path] = partial(bytes, data)
    return sources, (plain(archives[0][0], 60) or "archive") if archives else ""


def _some(names: list[str]) -> str:
    """Up to three names, and how many more there are."""
    first = ", ".join(plain(name, 60) for name in names[:3])
    more = len(names) - 3
    if more <= 0:
        return first
    return ngettext("{names} and {n} more", "{names} and {n} more", more).format(names=first, n=f"{more:,}")


# --- the labels ---------------------------------------------------------------------------------------------


def _folders(paths: list[str], archive: str) -> dict[str, str]:
    """Path -> label: the first folder below the folders that all paths share."""
    parts = {path: path.split("/")[:-1] for path in paths}
    # the last folder is never removed: if all shared it, it would be the only label
    while all(len(p) > 1 for p in parts.values()) and len({p[0] for p in parts.values()}) == 1:
        parts = {path: p[1:] for path, p in parts.items()}
    bare = next((path for path, p in parts.items() if not p), None)
    if bare is not None:
        sentence = _(
            "This picture is in no folder, so it has no label. Please put each picture into a folder named "
            "by its label, or add a CSV with lines such as cat1.png, cat."
        )
        raise refusal(at_path(archive, bare), sentence)
    labels = {path: _label(p[0], at_path(archive, path)) for path, p in parts.items()}
    if {label.casefold() for label in labels.values()} <= _SPLITS:
        sentence = _("These folders are parts of a data set, not labels: {names}. Please pack only one.")
        raise refusal(archive, sentence.format(names=", ".join(in_order(labels.values()))))
    return labels


def _label(text: str, where: str) -> str:
    label = plain(text)
    if not label:
        raise refusal(where, _("The label is empty. Please give it a name."))
    if len(text) > MAX_NAME:
        raise refusal(where, _("A label has at most {most} characters.").format(most=MAX_NAME))
    return label


def _labels_of(data: bytes, name: str, paths: list[str]) -> dict[str, str]:
    """Path -> label as the CSV `data` lists them; a picture may be named with or without its folders."""
    table = plain(name, 60)
    by_name: dict[str, list[str]] = {}
    for path in paths:
        parts = path.split("/")
        for start in range(len(parts)):
            by_name.setdefault("/".join(parts[start:]), []).append(path)
    text = text_of(data, table)
    labels: dict[str, str] = {}
    for place, (row, cells) in enumerate(rows_of(text, separator_of(text), table)):
        where = at_row(table, row)
        if len(cells) != 2:
            sentence = _("A row must be a file name and a label, but cells in this one: {n}.")
            raise refusal(where, sentence.format(n=len(cells)))
        entry = unicodedata.normalize("NFC", re.sub(r"^(\./)+", "", cells[0].replace("\\", "/")))
        matches = by_name.get(entry, [])
        matches = [path for path in matches if path == entry] or matches
        if not matches:
            if place == 0 and not entry.lower().endswith(_PICTURES):
                continue  # the names of the columns
            sentence = _('There is no picture called "{name}" in the upload.')
            raise refusal(where, sentence.format(name=plain(cells[0])))
        if len(matches) > 1:
            sentence = _('{n} pictures are called "{name}". Please write its folder, too.')
            raise refusal(where, sentence.format(n=len(matches), name=plain(cells[0])))
        if matches[0] in labels:
            sentence = _('"{name}" is listed a second time. Please delete one of the rows.')
            raise refusal(where, sentence.format(name=plain(cells[0])))
        labels[matches[0]] = _label(cells[1], where)
    if not labels:
        raise refusal(
            table, _("No picture is listed here. Please add a line such as cat1.png, cat for each.")
        )
    return labels


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
    """The pictures in the order of `labels`, and the paths of the animated ones."""
    images: list[Image.Image] = []
    animated: list[str] = []
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
            animated.append(path)
    return images, animated
