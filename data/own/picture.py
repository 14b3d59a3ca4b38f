"""Untrusted bytes -> a safe RGB picture. Every refusal is a sentence for the visitor.

The order matters: first the number of bytes, then the kind of file by its first bytes, then the size in its
header and the estimated work of decoding; only then are pixels decoded. A 48 kB PNG can ask for gigabytes,
and a file's name says nothing about what is in it.
"""

import io
import os
import re
import struct
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data.own.decode_work import TooMuchWork, UnknownCoding, measure, total, without_metadata
from language import _
from settings import (
    DECODE_WAIT_SECONDS,
    MAX_PICTURE_BYTES,
    MAX_PICTURE_PIXELS,
    MAX_PICTURE_SIDE,
    MODEST_DECODE_WORK,
    cores,
)

ALLOWED = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
LONGEST_SIDE = 1024
"""Longest side of a picture that comes out: this bounds all later work."""
ANIMATED = _("This is an animation: only its first frame is used.")

_NOT_READ = _(
    "This is a {format} file, which this page does not read. Please save it as PNG or JPEG and try again."
)
_VIDEO = _("This is a video. Please upload one picture of it (PNG or JPEG).")
_OTHER_KINDS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _NOT_READ.format(format="TIFF")),
    (
        (b"8BPS",),
        _("This is a Photoshop file, which this page does not read. Please export it as PNG or JPEG."),
    ),
    (
        (b"%PDF",),
        _("This is a PDF, not a picture. Please upload a screenshot of the page as PNG or JPEG."),
    ),
    ((b"%!PS", b"\xc5\xd0\xd3\xc6"), _NOT_READ.format(format="PostScript (EPS)")),
    ((b"\0\0\1\0",), _NOT_READ.format(format="Windows ICO")),
    ((b"\0\0\2\0",), _NOT_READ.format(format="Windows CUR")),
    (
        (b"PK\3\4", b"PK\5\6"),
        _("This is a zip archive or an office document. Please upload one picture (PNG or JPEG)."),
    ),
    (
        (b"\x1f\x8b",),
        _("This is a compressed file. Please unpack it and upload one picture (PNG or JPEG)."),
    ),
    (
        (b"Rar!", b"7z\xbc\xaf"),
        _("This is an archive. Please unpack it and upload one picture (PNG or JPEG)."),
    ),
    ((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), _NOT_READ.format(format="JPEG 2000")),
    ((b"\0\0\0\x0cJXL ", b"\xff\x0a"), _NOT_READ.format(format="JPEG XL")),
    ((b"SIMPLE  =",), _NOT_READ.format(format="FITS")),
    ((b"qoif",), _NOT_READ.format(format="QOI")),
    ((b"\x1a\x45\xdf\xa3",), _VIDEO),
)
"""How files of other kinds begin, and what to do about each."""
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation."""
_slots = threading.BoundedSemaphore(max(1, cores() // 2))
"""Limits pictures above MODEST_DECODE_WORK to half of the cores. Decoders release the interpreter lock, so
without this limit they could occupy every core.
"""


class PictureError(ValueError):
    """The picture cannot be used; the message is a sentence for the visitor."""


@dataclass(frozen=True)
class Picture:
    """A picture that is safe to work on."""

    rgb: np.ndarray
    """(H, W, 3) uint8, upright, on white where it was transparent, longest side at most LONGEST_SIDE."""
    note: str
    """Something the visitor should know, or ""."""


def read_picture(source: bytes | str | Path) -> Picture:
    """Decode a PNG, JPEG, WebP, GIF or BMP, from its bytes or its path.

    Raises PictureError, and nothing else, for anything that cannot or must not be decoded.
    """
    data = _bytes_of(source)
    kind = _kind(data)
    work = _checked_work(data, kind)
    with _sentences(kind):
        if work <= MODEST_DECODE_WORK:
            return _decode(data, kind)
        if not _slots.acquire(timeout=DECODE_WAIT_SECONDS):
            raise PictureError(_("Many large pictures are being decoded now. Please try again in a minute."))
        try:
            return _decode(data, kind)
        finally:
            _slots.release()


def picture_work(data: bytes) -> int:
    """The work of decoding `data` as `data.own.decode_work` counts it, at most MAX_DECODE_WORK; no pixel is
    decoded. Raises PictureError as `read_picture` does.
    """
    data = _bytes_of(data)
    return _checked_work(data, _kind(data))


def _checked_work(data: bytes, kind: str) -> int:
    try:
        width, height, amounts = measure(data, kind)
        _check_size(width, height)
        return total(amounts)
    except PictureError:
        raise
    except UnknownCoding as error:
        raise PictureError(
            _(
                "This JPEG is stored in a way that cameras do not use and this page does not read. Please "
                "save it as PNG or JPEG and try again."
            )
        ) from error
    except TooMuchWork as error:
        sentence = _(
            "This {format} is put together in a way that takes far too long to decode. Please save it as PNG "
            "or JPEG and try again."
        )
        raise PictureError(sentence.format(format=kind)) from error
    except (ValueError, LookupError, struct.error) as error:
        raise _damaged(kind) from error


@contextmanager
def _sentences(kind: str) -> Iterator[None]:
    """Turn whatever Pillow raises into a PictureError."""
    try:
        yield
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except MemoryError as error:
        raise PictureError(_("This picture needs too much memory. Please upload a smaller one.")) from error
    except Exception as error:  # hostile bytes make it raise OSError, SyntaxError, struct.error, ...
        raise _damaged(kind) from error


def _decode(data: bytes, kind: str) -> Picture:
    metadata: dict[Any, Any] = {}
    if kind == "JPEG":
        data, metadata = without_metadata(data)
    _refuse_bombs()
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        _check_size(*image.size)  # the frame of a GIF can be larger than its header says
        note = ANIMATED if kind != "JPEG" and getattr(image, "is_animated", False) else ""
        # a JPEG is scaled to 1/2, 1/4 or 1/8 to save memory; all its scans are decoded nevertheless
        image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
        image.seek(0)
        image.load()
        return Picture(np.asarray(_upright(image, _orientation(metadata or image.info))), note)


def _damaged(kind: str) -> PictureError:
    sentence = _("This {format} file is damaged or was cut short. Please save or download it again.")
    return PictureError(sentence.format(format=kind))


def _bytes_of(source: object) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source[: MAX_PICTURE_BYTES + 1])
    elif isinstance(source, (str, Path)):
        data = _bytes_at(source)
    else:
        raise PictureError(_("There is no picture here. Please upload a PNG or JPEG file."))
    if not data:
        raise PictureError(_("This file is empty. Please upload a PNG or JPEG file."))
    if len(data) > MAX_PICTURE_BYTES:
        sentence = _("This file is larger than {size} MB. Please upload a smaller picture.")
        raise PictureError(sentence.format(size=MAX_PICTURE_BYTES // 2**20))
    return data


def _bytes_at(path: str | Path) -> bytes:
    try:
        if not os.path.isfile(path):  # a folder, or a device that would never end
            raise PictureError(_("There is no picture file at this place. Please upload a PNG or JPEG file."))
        with open(path, "rb") as file:
            return file.read(MAX_PICTURE_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(_("This file cannot be opened. Please upload a PNG or JPEG file.")) from error


def _kind(data: bytes) -> str:
    """The allowed format that `data` begins like; PictureError with what to do for every other."""
    for magic, kind in _SIGNATURES:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for beginnings, sentence in _OTHER_KINDS:
        if data.startswith(beginnings):
            raise PictureError(sentence)
    if data[4:8] == b"ftyp":
        raise PictureError(_iso_media(data[8:12]))
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<?xml", b"<svg", b"<!doctype svg", b"<!--")) and b"<svg" in data[:65536].lower():
        raise PictureError(
            _("This is an SVG drawing, which this page does not read. Please export it as PNG.")
        )
    if start.startswith((b"<!doctype html", b"<html")):
        raise PictureError(
            _("This is a web page, not a picture. Please save the picture itself as PNG or JPEG.")
        )
    raise PictureError(
        _("This file is not a picture this page can read. Please upload a PNG, JPEG, WebP, GIF or BMP.")
    )


def _iso_media(brand: bytes) -> str:
    if brand in (b"avif", b"avis"):
        return _(
            "This is an AVIF file, which this page does not read. Please save it as PNG or JPEG and try "
            "again."
        )
    if brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"):
        return _(
            "This is a HEIC photo, which this page does not read. Please save it as JPEG, or choose "
            '"Most Compatible" in the camera settings of your phone.'
        )
    return _VIDEO


def _refuse_bombs() -> None:
    """Lower Pillow's own limit and turn its warning into an error: a second barrier behind `_check_size`.

    Both are global to the process, but always set to the same value, so threads cannot disturb each other.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PICTURE_PIXELS
    entry = ("error", None, Image.DecompressionBombWarning, None, 0)
    if entry not in warnings.filters:
        warnings.simplefilter("error", Image.DecompressionBombWarning)


def _too_large() -> PictureError:
    sentence = _(
        "This picture has too many pixels. At most {millions} million pixels and {side} on a side can be "
        "read: please make it smaller."
    )
    return PictureError(
        sentence.format(millions=MAX_PICTURE_PIXELS // 1_000_000, side=f"{MAX_PICTURE_SIDE:,}")
    )


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PICTURE_PIXELS or max(width, height) > MAX_PICTURE_SIDE:
        raise _too_large()
    if min(width, height) < 1:
        raise PictureError(_("This picture has no pixels. Please upload another one."))


def _orientation(metadata: Mapping[Any, Any]) -> int:
    """EXIF orientation, 1 to 8; 1 when the metadata does not give one.

    Pillow's own reader copies as many bytes as the EXIF block claims to hold, which can be gigabytes.
    """
    try:
        exif = metadata.get("exif")
        if not exif and "Raw profile type exif" in metadata:  # as ImageMagick stores EXIF in a PNG
            exif = bytes.fromhex("".join(metadata["Raw profile type exif"].split("\n")[3:]))
        if exif and (orientation := _exif_orientation(exif.removeprefix(b"Exif\0\0"))):
            return orientation
        match = re.search(rb'tiff:Orientation(?:="|>)([1-8])', metadata.get("xmp") or b"")
        return int(match[1]) if match else 1
    except Exception:  # damaged metadata is no reason to refuse the pixels
        return 1


def _exif_orientation(exif: bytes) -> int:
    """The value of tag 0x0112 in the first directory; 0 when it has none."""
    order = {b"II": "<", b"MM": ">"}[exif[:2]]
    (start,) = struct.unpack_from(order + "I", exif, 4)
    (count,) = struct.unpack_from(order + "H", exif, start)
    for place in range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", exif, place)
        if tag == 0x0112:
            return struct.unpack_from(order + ("I" if kind == 4 else "H"), exif, place + 8)[0]
    return 0


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """RGB, on white, no side over LONGEST_SIDE, turned upright by its EXIF orientation."""
    rgb = _on_white(image)
    rgb.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX, reducing_gap=None)
    turn = _TURNS.get(orientation)
    return rgb if turn is None else rgb.transpose(turn)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _rescaled(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    colours = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(colours, mask=colours.getchannel("A"))
    return white


def _rescaled(image: Image.Image) -> Image.Image:
    """8 bits from 16: Pillow's own conversion cuts off at 255 instead.

    A camera's 10, 12 or 14 bits are often stored in 16: white is the top of the smallest of these depths that
    holds the largest value.
    """
    values = np.asarray(image).astype(np.float32)  # (H, W)
    values = np.nan_to_num(values, nan=0.0, posinf=65535.0, neginf=0.0)
    largest = float(values.max())
    white = next(top for top in (255.0, 1023.0, 4095.0, 16383.0, max(65535.0, largest)) if top >= largest)
    bright = np.clip(values * (255 / white), 0, 255)
    key = image.info.get("transparency")
    if isinstance(key, int):
        bright[values == key] = 255
    return Image.fromarray(bright.astype(np.uint8)).convert("RGB")
