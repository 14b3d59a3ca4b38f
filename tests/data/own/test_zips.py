"""Hostile zip archives: each gets a sentence that names the archive, and the file in it if it has one."""

from __future__ import annotations

import io
import random
import re
import stat
import struct
import warnings
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.own import zips
from data.own.archives import read_pictures
from data.own.custom import DataError
from tests.data.own.packing import packed, png, refused

R, G = png(), png((0, 255, 0))
TWO = {"cat/1.png": R, "dog/2.png": G}


def swapped(data: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new) and old in data
    return data.replace(old, new)


def flagged(data: bytes, bit: int) -> bytes:
    """The same archive with a general purpose flag set in every header (APPNOTE 4.3.7 and 4.3.12)."""
    changed = bytearray(data)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for match in re.finditer(re.escape(magic), data):
            changed[match.start() + offset] |= bit
    return bytes(changed)


def declared(data: bytes, size: int) -> bytes:
    """The same archive, whose headers all give `size` as the unpacked size."""
    changed = bytearray(data)
    for magic, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        for match in re.finditer(re.escape(magic), data):
            changed[match.start() + offset : match.start() + offset + 4] = size.to_bytes(4, "little")
    return bytes(changed)


def unflagged(data: bytes) -> bytes:
    """The same archive, whose headers do not say that its names are in UTF-8."""
    changed = bytearray(data)
    for magic, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        for match in re.finditer(re.escape(magic), data):
            changed[match.start() + offset] &= 0xF7
    return bytes(changed)


def with_unicode_path(names: dict[str, str], checksum: int | None = None) -> bytes:
    """An archive whose names are ASCII, each with another in the Unicode path field (APPNOTE 4.6.9)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, unicode_name in names.items():
            entry = zipfile.ZipInfo(name)
            crc = zlib.crc32(name.encode()) if checksum is None else checksum
            field = struct.pack("<BI", 1, crc) + unicode_name.encode()
            entry.extra = struct.pack("<HH", 9, 0) + struct.pack("<HH", 0x7075, len(field)) + field
            archive.writestr(entry, R)
    return buffer.getvalue()


ACCENTS = {"Hüte/1.png": R, "帽子/é.png": G}
NAMES: dict[str, tuple[bytes, set[str]]] = {
    "UTF-8": (packed(ACCENTS), set(ACCENTS)),
    "UTF-8 without the flag": (unflagged(packed(ACCENTS)), set(ACCENTS)),
    "Unicode path": (with_unicode_path({"H_te/1.png": "Hüte/1.png"}), {"Hüte/1.png"}),
    "Unicode path of another name": (with_unicode_path({"H_te/1.png": "Hüte/1.png"}, 5), {"H_te/1.png"}),
    "code page 437": (
        swapped(packed({"H__te/1.png": R}), b"H__te", b"H\x81\x84te"),
        {"Hüäte/1.png"},
    ),
}


@pytest.mark.parametrize(("data", "names"), NAMES.values(), ids=NAMES)
def test_names_in_an_archive(data, names):
    files = zips.zip_files("p.zip", data)
    assert set(files) == names and all(read().startswith(b"\x89PNG") for read in files.values())


def test_a_name_from_the_unicode_path_is_checked_like_any_other():
    assert 'The name "../1.png" leads out' in refused([("p.zip", with_unicode_path({"a.png": "../1.png"}))])


def overlapping() -> bytes:
    """Both entries of the directory point to the data of the first."""
    changed = bytearray(packed({"cat/1.png": R, "dog/2.png": R}))
    second = changed.rindex(b"PK\x01\x02")
    changed[second + 42 : second + 46] = bytes(4)
    return bytes(changed)


def damaged_picture() -> bytes:
    """One byte of a stored picture flipped: its CRC is wrong."""
    data = bytearray(packed(TWO, zipfile.ZIP_STORED))
    data[data.index(b"IDAT") + 5] ^= 1
    return bytes(data)


def ratio(size: int, noise: int, name: str = "cat/x.png") -> dict[str, bytes]:
    return {name: random.Random(size).randbytes(noise) + bytes(size - noise)}


GOOD = packed(TWO)
LINK, PIPE = stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o600
BAD_ZIPS: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "pets.zip: This file is empty"),
    "text": (b"this is no archive", "pets.zip: This is damaged"),
    "a picture of that name": (R, "pets.zip: This is damaged"),
    "random": (b"PK\x03\x04" + random.Random(2).randbytes(5000), "pets.zip: This is damaged"),
    "cut by half": (GOOD[: len(GOOD) // 2], "pets.zip: This is damaged"),
    "last byte lost": (GOOD[:-1], "pets.zip: This is damaged"),
    "first bytes lost": (GOOD[9:], "pets.zip"),
    "directory overwritten": (swapped(GOOD, b"PK\x01\x02", b"PK\x01\x03"), "pets.zip: This is damaged"),
    "too many files": (
        packed({f"a/{i}.png": b"" for i in range(2002)}),
        "pets.zip: This archive has more than 2,001",
    ),
    "far too many": (
        packed({f"{i}": b"" for i in range(6004)}),
        "pets.zip: This archive has more than 2,001",
    ),
    "bomb": (packed(ratio(9 * 2**20, 9)), "pets.zip, cat/x.png: This unpacks to more than 100 times"),
    "bomb of many": (
        packed({f"a/{i}.png": bytes(64_000) for i in range(99)}),
        "pets.zip: This unpacks to more",
    ),
    "too much": (
        packed({k: v for i in range(13) for k, v in ratio(4 * 2**20, 60_000, f"a/{i}.png").items()}),
        "pets.zip: Unpacked this is more than 50 MB",
    ),
    "a lie: smaller": (declared(packed(ratio(99_000, 2000)), 9), "pets.zip"),
    "a lie: larger": (declared(GOOD, 4000), "pets.zip, cat/1.png: This is damaged"),
    "a lie: much larger": (declared(GOOD, 2**31), "pets.zip, cat/1.png: This unpacks to more than 100 times"),
    "encrypted": (flagged(GOOD, 1), "pets.zip, cat/1.png: This file is locked by a password"),
    "strongly encrypted": (flagged(GOOD, 0x40), "pets.zip, cat/1.png: This file is locked by a password"),
    "patched data": (flagged(GOOD, 0x20), "pets.zip, cat/1.png: This is damaged"),
    "lzma": (packed(TWO, zipfile.ZIP_LZMA), "pets.zip, cat/1.png: This file is packed in an unusual way"),
    "bzip2": (packed(TWO, zipfile.ZIP_BZIP2), "pets.zip, cat/1.png: This file is packed in an unusual way"),
    "link": (packed({"cat/1.png": b"/etc/passwd"}, mode=LINK), 'pets.zip: "cat/1.png" is a link'),
    "link of a folder": (packed({"cat": b"/etc"}, mode=LINK), 'pets.zip: "cat" is a link'),
    "pipe": (packed({"cat/1.png": b""}, mode=PIPE), 'pets.zip: "cat/1.png" is a link or a device'),
    "absolute": (packed({**TWO, "/etc/1.png": R}), 'pets.zip: The name "/etc/1.png" leads out'),
    "drive": (packed({**TWO, "C:/1.png": R}), 'pets.zip: The name "C:/1.png" leads out'),
    "share": (packed({**TWO, "\\\\host\\1.png": R}), 'pets.zip: The name "//host/1.png" leads out'),
    "up": (packed({**TWO, "../1.png": R}), 'pets.zip: The name "../1.png" leads out'),
    "up, of Windows": (
        packed({**TWO, "cat\\..\\..\\1.png": R}),
        'pets.zip: The name "cat/../../1.png" leads out',
    ),
    "up, in a folder that is skipped": (packed({"__MACOSX/../../x": b""}), "leads out"),
    "zero in a name": (
        swapped(GOOD, b"cat/1.png", b"cat\x001.png"),
        'pets.zip: The name "cat1.png" is too long',
    ),
    "long name": (packed({"a" * 256 + "/1.png": R}), "is too long or damaged"),
    "deep": (packed({"a/" * 12 + "1.png": R}), "is too long or damaged"),
    "same name twice": (
        swapped(packed({"cat/1.png": R, "cat/2.png": G}), b"cat/2.png", b"cat/1.png"),
        'pets.zip: Two files are called "cat/1.png"',
    ),
    "same name, written otherwise": (packed({"cat/1.png": R, "cat\\./1.png": G}), "Two files are called"),
    "overlapping": (overlapping(), "pets.zip, dog/2.png: This is damaged"),
    "wrong CRC": (damaged_picture(), "pets.zip, cat/1.png: This is damaged"),
    "archive inside": (packed({**TWO, "more.zip": GOOD}), "pets.zip, more.zip: An archive inside"),
    "tar inside": (packed({**TWO, "x/more.TAR.GZ": b""}), "pets.zip, x/more.TAR.GZ: An archive inside"),
    "archive called a picture": (
        packed({**TWO, "cat/2.png": GOOD}),
        "pets.zip, cat/2.png: An archive inside",
    ),
}


@pytest.mark.parametrize(("data", "sentence"), BAD_ZIPS.values(), ids=BAD_ZIPS)
def test_a_bad_archive_gets_a_sentence(data, sentence):
    assert sentence in refused([("pets.zip", data)])


def test_unpacked_bytes_are_counted_as_they_come(monkeypatch):
    """The second barrier, behind the sizes in the headers."""
    files = zips.zip_files("p.zip", packed({"a": b"x" * 60_000, "b": b"y" * 60_000}, zipfile.ZIP_STORED))
    monkeypatch.setattr(zips, "MAX_UNPACKED_BYTES", 100_000)
    for _ in range(2):  # read again, it does not count twice
        assert files["a"]() == b"x" * 60_000
    with pytest.raises(DataError, match="Unpacked this is more"):
        files["b"]()


def test_an_archive_of_far_too_many_files_is_not_opened(monkeypatch):
    archive = packed({f"{i}": b"" for i in range(6004)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(DataError, match=r"^pets.zip: This archive has more than 2,001 files"):
        zips.zip_files("pets.zip", archive)


def test_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(zipfile.ZipFile, "extract", None)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", None)
    read_pictures([("pets.zip", GOOD)])
    assert list(tmp_path.iterdir()) == []


# --- anything at all --------------------------------------------------------------------------------------


def survives(files: list[tuple[str, bytes]]) -> None:
    try:
        dataset, _ = read_pictures(files)
    except DataError:
        return
    assert len(dataset) >= 2 and len(dataset.classes) == len(dataset.targets.unique())


@given(st.binary(max_size=200))
def test_any_bytes_called_an_archive(data):
    survives([("x.zip", b"PK\x03\x04" + data)])


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_good_archive_with_wrong_bytes(changes):
    changed = bytearray(GOOD)
    for place, value in changes:
        changed[place] = value
    survives([("x.zip", bytes(changed))])


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
def test_a_good_archive_with_a_hole(start, end):
    survives([("x.zip", GOOD[:start] + GOOD[end:])])


@given(st.lists(st.text("ab./\\é\u0301\u200b:", max_size=10), min_size=1, max_size=5))
def test_any_names_in_an_archive(names):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate name")
        survives([("x.zip", packed([(name + ".png", R) for name in names]))])
