"""Untrusted pictures with labels -> a PictureDataset, or one sentence for the visitor.

The labels are the names of the folders in a zip archive, or a CSV with a line `file name,label` a picture.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import partial

from PIL import Image

from data.own.custom import DataError, PictureDataset
from data.own.picture import PictureError, picture_work, read_picture
from data.own.tables import MAX_CLASSES, MAX_NAME, in_order, plain, rows_of, separator_of, text_of
from data.own.zips import Read, is_zip, zip_files
from settings import MAX_ARCHIVE_BYTES, MAX_ARCHIVE_WORK, MAX_PICTURES

KEPT_SIDE = 64
"""Longest side of a picture in the dataset."""

_PICTURES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp",
    ".heic", ".heif", ".avif", ".tif", ".tiff", ".svg", ".jp2", ".jxl",  # these get a sentence of their own
)  # fmt: skip
_ANNOTATIONS = (".csv", ".tsv")
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}


def read_pictures(files: list[tuple[str, bytes]]) -> tuple[PictureDataset, tuple[str, ...]]:
    """Read uploaded files (name, bytes): one zip archive, or several pictures, each with or without a CSV.

    Without a CSV the label of a picture is its folder in the archive, below whatever folders all pictures
    share. Pictures that a CSV does not list are left out. Each picture is kept as RGB, its longest side at
    most KEPT_SIDE. Returns the dataset and notes for the visitor on what was left out. Raises DataError, and
    nothing else.
    """
    sources, whole = _sources(files)
    pictures = {path: read for path, read in sources.items() if not path.lower().endswith(_ANNOTATIONS)}
    tables = [path for path in sources if path.lower().endswith(_ANNOTATIONS)]
    notes: list[str] = []
    if whole:
        others = [path for path in pictures if not path.lower().endswith(_PICTURES)]
        if others:
            notes.append(_note(others, "is no picture and was", "are no pictures and were"))
        pictures = {path: read for path, read in pictures.items() if path not in set(others)}
    if len(tables) > 1:
        raise DataError(
            f"There are {len(tables)} CSV files ({_some(tables)}). Please upload only the one with labels."
        )
    if not pictures:
        raise DataError(f"{whole or 'The upload'}: There is no picture in it. Please add PNG or JPEG files.")
    if tables:
        labels = _listed(sources[tables[0]](), tables[0], list(pictures))
        left = [path for path in pictures if path not in labels]
        if left:
            notes.append(
                _note(left, f"is not listed in {plain(tables[0])} and was", "are not listed and were")
            )
    elif whole:
        labels = _folders(list(pictures), whole)
    else:
        raise DataError(
            "The pictures have no labels. Please add a CSV with a line such as cat1.png, cat for each "
            "picture, or upload one zip archive with a folder for each label."
        )
    classes = _classes(labels, whole or plain(tables[0], 60))
    images, animated = _decoded(labels, pictures)
    if animated:
        notes.append(f"Only the first frame is used of {_some(animated)}.")
    return PictureDataset(images, [classes.index(label) for label in labels.values()], classes), tuple(notes)


# --- the files ----------------------------------------------------------------------------------------------


def _sources(files: object) -> tuple[dict[str, Read], str]:
    """Path -> what reads it, for all files; and the name of the archive, "" when there is none."""
    if not isinstance(files, list) or not files:
        raise DataError("Nothing was uploaded. Please choose pictures, or one zip archive.")
    for file in files:
        if not (
            isinstance(file, tuple)
            and len(file) == 2
            and isinstance(file[0], str)
            and isinstance(file[1], bytes)
        ):
            raise DataError("Every file must come as its name and its bytes.")
    if sum(len(data) for _, data in files) > MAX_ARCHIVE_BYTES:
        raise DataError(
            f"{plain(files[0][0], 60)}: All files together are larger than {MAX_ARCHIVE_BYTES // 2**20} MB. "
            "Please upload fewer or smaller pictures."
        )
    packed = [(name, data) for name, data in files if is_zip(name, data)]
    loose = [(name, data) for name, data in files if not is_zip(name, data)]
    if len(packed) > 1:
        raise DataError(
            f"There are {len(packed)} archives ({_some([n for n, _ in packed])}). Please upload one."
        )
    if packed and any(not name.lower().endswith(_ANNOTATIONS) for name, _ in loose):
        raise DataError(
            f"{plain(packed[0][0], 60)}: Beside an archive only a CSV with labels can be uploaded. Please "
            "put the pictures into the archive."
        )
    sources = zip_files(*packed[0]) if packed else {}
    for name, data in loose:
        path = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]).strip()
        if not plain(path) or len(path) > 255:
            raise DataError(f'"{plain(path)}": A file needs a name of 1 to 255 characters. Please rename it.')
        if path in sources:
            raise DataError(f"{plain(path, 60)}: Two files have this name. Please rename one.")
        sources[path] = partial(bytes, data)
    return sources, (plain(packed[0][0], 60) or "archive") if packed else ""


def _some(names: list[str]) -> str:
    """Up to three names, and how many more there are."""
    shown = ", ".join(plain(name, 60) for name in names[:3])
    return shown + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _note(names: list[str], one: str, many: str) -> str:
    return (
        f"{_some(names)} {one} left out."
        if len(names) == 1
        else f"{len(names):,} files {many} left out: {_some(names)}."
    )


# --- the labels ---------------------------------------------------------------------------------------------


def _folders(paths: list[str], shown: str) -> dict[str, str]:
    """Path -> label: the first folder below the folders that all paths share."""
    parts = {path: path.split("/")[:-1] for path in paths}
    # the last folder is never taken away: were it shared by all, it would be the only label
    while all(len(p) > 1 for p in parts.values()) and len({p[0] for p in parts.values()}) == 1:
        parts = {path: p[1:] for path, p in parts.items()}
    bare = next((path for path, p in parts.items() if not p), None)
    if bare is not None:
        raise DataError(
            f"{shown}, {plain(bare, 60)}: This picture lies in no folder, so it has no label. Please put "
            "each picture into a folder named by its label, or add a CSV with lines such as cat1.png, cat."
        )
    labels = {path: _label(p[0], f"{shown}, {plain(path, 60)}") for path, p in parts.items()}
    if {label.casefold() for label in labels.values()} <= _SPLITS:
        folders = " and ".join(in_order(labels.values()))
        raise DataError(
            f"{shown}: The folders {folders} are parts of a data set, not labels. Please pack only one."
        )
    return labels


def _label(text: str, where: str) -> str:
    label = plain(text)
    if not label:
        raise DataError(f"{where}: The label is empty. Please give it a name.")
    if len(text) > MAX_NAME:
        raise DataError(f"{where}: A label has at most {MAX_NAME} characters.")
    return label


def _listed(data: bytes, name: str, paths: list[str]) -> dict[str, str]:
    """Path -> label as the CSV `data` lists them; a picture may be named with or without its folders."""
    shown = plain(name, 60)
    by_name: dict[str, list[str]] = {}
    for path in paths:
        parts = path.split("/")
        for start in range(len(parts)):
            by_name.setdefault("/".join(parts[start:]), []).append(path)
    text = text_of(data, shown)
    labels: dict[str, str] = {}
    for place, (row, cells) in enumerate(rows_of(text, separator_of(text), shown)):
        where = f"{shown}, row {row}"
        if len(cells) != 2:
            raise DataError(
                f"{where}: A row must be a file name and a label, but cells in this one: {len(cells)}."
            )
        wanted = unicodedata.normalize("NFC", re.sub(r"^(\./)+", "", cells[0].replace("\\", "/")))
        found = by_name.get(wanted, [])
        exact = [path for path in found if path == wanted] or found
        if not exact:
            if place == 0 and not wanted.lower().endswith(_PICTURES):
                continue  # the names of the columns
            raise DataError(f'{where}: There is no picture called "{plain(cells[0])}" in the upload.')
        if len(exact) > 1:
            raise DataError(
                f'{where}: "{plain(cells[0])}" are {len(exact)} pictures. Please write its folder, too.'
            )
        if exact[0] in labels:
            raise DataError(
                f'{where}: "{plain(cells[0])}" is listed a second time. Please delete one of the rows.'
            )
        labels[exact[0]] = _label(cells[1], where)
    if not labels:
        raise DataError(
            f"{shown}: No picture is listed here. Please add a line such as cat1.png, cat for each."
        )
    return labels


def _classes(labels: Mapping[str, str], shown: str) -> list[str]:
    """The names of the classes in order, after the numbers of pictures and classes were checked."""
    if not 2 <= len(labels) <= MAX_PICTURES:
        raise DataError(f"{shown}: A dataset has 2 to {MAX_PICTURES:,} pictures, this one {len(labels):,}.")
    classes = in_order(labels.values())
    if len(classes) < 2:
        raise DataError(
            f'{shown}: Every picture has the label "{classes[0]}". There must be at least two to learn.'
        )
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"{shown}: {len(classes):,} different labels are too many: at most {MAX_CLASSES} can be learned."
        )
    return classes


# --- the pixels ---------------------------------------------------------------------------------------------


def _decoded(labels: Mapping[str, str], pictures: Mapping[str, Read]) -> tuple[list[Image.Image], list[str]]:
    """The pictures in the order of `labels`, and the paths of those that move."""
    images: list[Image.Image] = []
    animated: list[str] = []
    work = 0
    for path in labels:
        data = pictures[path]()
        try:
            work += picture_work(data)
            if work > MAX_ARCHIVE_WORK:
                raise DataError(
                    f"{plain(path, 60)}: Together with this picture the upload takes too long to decode. "
                    f"Please make all pictures smaller: {KEPT_SIDE} x {KEPT_SIDE} pixels are enough."
                )
            picture = read_picture(data)
        except PictureError as error:
            raise DataError(f"{plain(path, 60)}: {error}") from error
        image = Image.fromarray(picture.rgb)
        image.thumbnail((KEPT_SIDE, KEPT_SIDE))
        images.append(image)
        if picture.note:
            animated.append(path)
    return images, animated
