"""The folders of an archive -> the label of each picture in it."""

from __future__ import annotations

import re
from collections.abc import Collection

from data.own.labels import in_order
from data.own.refusals import MAX_NAME, plain, refusal, some
from data.own.zips import at_path
from language import _, ngettext

_SPLITS = {
    "train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "pred", "holdout",
}  # fmt: skip
"""Folders of a data set that is cut in parts; "seg_train" and "train_images" count, too."""
_ROLES = {
    "image", "images", "img", "imgs", "jpegimages", "mask", "masks", "label", "labels", "annotation",
    "annotations", "segmentationclass", "segmentationobject", "groundtruth", "ground_truth", "gt",
}  # fmt: skip
"""Folders of pictures and of what is to be found in them."""

Folders = dict[str, list[str]]
"""Path -> the names of its folders, from the outermost."""


def folder_labels(paths: Collection[str], archive: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Path -> label: the first folder below those that all paths share, and below the parts of a data set,
    such as train and test; with notes for the visitor on such parts. Raises DataError.
    """
    folders = _below_common({path: path.split("/")[:-1] for path in paths})
    notes: list[str] = []
    while parts := _parts(folders):
        kept = {path: names[1:] for path, names in folders.items() if names and names[0] in parts}
        kept = {path: names for path, names in kept.items() if names}
        sentence = ngettext(
            "{names} is a part of a data set: the folders in it are the labels.",
            "{names} are parts of a data set, read together: the folders in them are the labels.",
            len(parts),
        )
        notes.append(sentence.format(names=some(in_order(parts), 5)))
        if without := [path for path in folders if path not in kept]:
            note = ngettext(
                "{n} picture beside these folders, or in one without a label, was left out: {names}.",
                "{n} pictures beside these folders, or in one without a label, were left out: {names}.",
                len(without),
            )
            notes.append(note.format(n=f"{len(without):,}", names=some(without)))
        folders = _below_common(kept)
    _check(folders, archive)
    labels = {path: _label(names[0], at_path(archive, path)) for path, names in folders.items()}
    return labels, tuple(notes)


def _below_common(folders: Folders) -> Folders:
    # the last folder is never removed: if all shared it, it would be the only label
    while all(len(names) > 1 for names in folders.values()) and len({n[0] for n in folders.values()}) == 1:
        folders = {path: names[1:] for path, names in folders.items()}
    return folders


def _parts(folders: Folders) -> set[str]:
    """The outermost folders, if they are parts of a data set with folders of labels in them; else none.

    "train" beside "car" and "bus" is a class.
    """
    inner: dict[str, set[str]] = {}
    for names in folders.values():
        if names:
            inner.setdefault(names[0], set()).update(names[1:2])
    labels = set().union(*(inner[name] for name in inner if _is_split(name)))
    if len(labels) < 2:
        return set()
    return {name for name in inner if inner[name] and (_is_split(name) or inner[name] <= labels)}


def _is_split(name: str) -> bool:
    return not _SPLITS.isdisjoint(re.split(r"[^a-z]+", name.casefold()))


def _check(folders: Folders, archive: str) -> None:
    """Refuse folders that are no labels."""
    bare = next((path for path, names in folders.items() if not names), None)
    if bare is not None:
        sentence = _(
            "This picture is in no folder, so it has no label. Please put each picture into a folder named "
            "by its label, or add a CSV with lines such as cat1.png, cat."
        )
        raise refusal(at_path(archive, bare), sentence)
    outermost = {names[0] for names in folders.values()}
    if sum(map(_is_split, outermost)) > 1:
        sentence = _(
            "These folders are parts of a data set, not labels: {names}. Please put a folder for each label "
            "into them."
        )
        raise refusal(archive, sentence.format(names=some(in_order(filter(_is_split, outermost)), 5)))
    if len(outermost) > 1 and {name.casefold() for name in outermost} <= _ROLES:
        sentence = _(
            "These folders hold pictures and what is marked in them, not labels: {names}. Please pack only "
            "the pictures, in a folder for each label."
        )
        raise refusal(archive, sentence.format(names=some(in_order(outermost), 5)))


def _label(text: str, where: str) -> str:
    label = plain(text)
    if not label:
        raise refusal(where, _("The label is empty. Please give it a name."))
    if len(text) > MAX_NAME:
        raise refusal(where, _("A label has at most {most} characters.").format(most=MAX_NAME))
    return label
