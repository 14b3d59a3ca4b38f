"""Pictures and archives for tests, and their refusals."""

import io
import struct
import zipfile
from typing import Any

import pytest
from PIL import Image

from data.own.archives import read_pictures
from data.own.custom import DataError


def png(colour=(255, 0, 0), size=(4, 3), kind="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind, **options)
    return buffer.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def progressive(side: int, scans: int, frame: int = 0xC2, notes: bytes = b"", samples: int = 8) -> bytes:
    """A grey JPEG of `side` x `side` in a few bytes a scan: the first scan, and refinements of nothing."""
    table = segment(0xC4, b"\0\1" + bytes(16)) + segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    head = segment(0xDB, b"\0" + b"\1" * 64) + segment(
        frame, struct.pack(">BHHB", samples, side, side, 1) + b"\1\x11\0"
    )
    first = segment(0xDA, b"\1\1\0\0\0\0") + bytes(1 + side**2 // 512)
    again = segment(0xDA, b"\1\1\0\1\x3f\x10") + bytes(1 + side**2 // 500_000)
    return b"\xff\xd8" + notes + head + table + first + again * (scans - 1) + b"\xff\xd9"


def packed(files: dict[str, bytes] | list[tuple[str, bytes]], kind=zipfile.ZIP_DEFLATED, mode=None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for path, data in files.items() if isinstance(files, dict) else files:
            entry = zipfile.ZipInfo(path)
            entry.compress_type = kind
            if mode is not None:
                entry.external_attr = mode << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def refused(files: Any) -> str:
    """The refusal: one line, without any of the program's own words."""
    with pytest.raises(DataError) as caught:
        read_pictures(files)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and 20 < len(sentence) < 320
    assert not any(word in sentence for word in ("Traceback", "Error", "BadZip", "object at", "None"))
    return sentence
