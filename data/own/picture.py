"""Untrusted bytes -> a safe RGB picture. Every refusal is a sentence for the visitor.

The order matters: first the number of bytes, then the kind of file by its first bytes, then the size in its
header and the estimated work of decoding; only then are pixels decoded. A 48 kB PNG can ask for gigabytes,
and a file's name says nothing about what is in it.
"""

import io
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageChops

from data.drawn.silhouette import SIZE
from data.own.decode_work import TooMuchWork, UnknownCoding, measure, total, without_metadata
from data.own.picture_kinds import kind_of
from language import _
from settings import (
    DECODE_WAIT_SECONDS,
    MAX_PICTURE_BYTES,
    MAX_PICTURE_PIXELS,
    MAX_PICTURE_SIDE,
    MODEST_DECODE_WORK,
    cores,
)

LONGEST_SIDE = 1024
"""Longest side of a picture that comes out: this bounds all later work."""
ANIMATED = _("This is an animation: one frame of it is read, the first that shows something.")
CUT_SHORT = _("The end of this file is missing: the picture is read as far as it goes.")
MOST_FRAMES = 10
"""Frames of an animation that are searched for one that shows something."""
NEAR_WHITE = 200
"""Grey value above which the rim of what is not transparent would vanish on white."""
END_OF_IMAGE = b"\xff\xd9"
"""The marker that ends a JPEG."""

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
    """(H, W, 3) uint8, upright, longest side at most LONGEST_SIDE; where it was transparent it is white, or
    black if what is seen would vanish on white.
    """
    note: str
    """Something the visitor should know, or ""."""
    opaque: np.ndarray | None = None
    """(H, W) bool: what is not transparent; None if nothing or everything is."""


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


def _kind(data: bytes) -> str:
    kind, refusal = kind_of(data)
    if refusal:
        raise PictureError(refusal)
    return kind


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
    _refuse_bombs()
    return _decode_jpeg(data) if kind == "JPEG" else _decode_frame(data, kind)


def _decode_jpeg(data: bytes) -> Picture:
    bare, exif = without_metadata(data)
    try:
        image, note = _loaded(bare), ""
    except OSError:  # the decoder fills in grey for all that comes after an early end
        image, note = _without_grey_end(_loaded(bare + END_OF_IMAGE)), CUT_SHORT
    return _upright(image, exif, note)


def _loaded(jpeg: bytes) -> Image.Image:
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        _check_size(*image.size)
        # scaled to 1/2, 1/4 or 1/8 to save memory; all its scans are decoded nevertheless
        image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
        image.load()
        return image


def _without_grey_end(image: Image.Image) -> Image.Image:
    """The rows of a truncated JPEG that were read. Raises ValueError if that is less than a third."""
    last_column = np.asarray(image.crop((image.width - 1, 0, *image.size)).convert("L"))[:, 0]  # (H,)
    read = np.flatnonzero(np.abs(last_column.astype(np.int16) - 128) > 1)
    height = int(read[-1]) + 1 if len(read) else 0
    if height < image.height / 3:
        raise ValueError("less than a third of the rows")
    return image.crop((0, 0, image.width, height))


def _decode_frame(data: bytes, kind: str) -> Picture:
    """The picture, or of an animation the first frame that is not even, else the first."""
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        _check_size(*image.size)  # the frame of a GIF can be larger than its header says
        image.seek(0)
        image.load()
        exif = image.info.get("exif") or b""
        if not getattr(image, "is_animated", False):
            return _upright(image, exif, "")
        first = picture = _upright(image, exif, ANIMATED)
        try:
            for number in range(1, _frames_of_modest_work(data, kind)):
                if not is_even(picture.rgb):
                    return picture
                image.seek(number)
                picture = _upright(image, exif, ANIMATED)
        except (EOFError, OSError, ValueError):
            pass  # it ends here, or its next frame is damaged
        return first if is_even(picture.rgb) else picture


def _frames_of_modest_work(data: bytes, kind: str) -> int:
    """How many frames of an animation may be decoded: one, or as many as mean modest work."""
    for frames in range(MOST_FRAMES, 1, -1):
        with suppress(TooMuchWork):
            if total(measure(data, kind, frames)[2]) <= MODEST_DECODE_WORK:
                return frames
    return 1


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


def is_even(rgb: np.ndarray) -> bool:
    """Whether nothing on `rgb` (H, W, 3) uint8 stands out from its noise: at most a few pixels differ."""
    scale = min(1.0, 224 / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    if max(small[::8, ::8].max(axis=(0, 1)) - small[::8, ::8].min(axis=(0, 1))) >= 60 or _spread(small) >= 20:
        return False
    # pale ink: small differences count where the picture has next to no grain
    smooth = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 1.0)
    grain = float(np.abs(small - smooth).mean())
    return _spread(smooth) < 5 + 6 * grain


def _spread(rgb: np.ndarray) -> float:
    """Largest difference within a channel, but for a few pixels at either end."""
    values = rgb.reshape(-1, 3)  # (P, 3)
    few = min(max(3, len(values) // 5000), len(values))
    ordered = np.partition(values, (few - 1, len(values) - few), axis=0).astype(np.float32)
    return float((ordered[-few] - ordered[few - 1]).max())


def _orientation(exif: bytes) -> int:
    """EXIF orientation, 1 to 8; 1 when `exif` does not give one. Browsers follow no other notes.

    Pillow's own reader copies as many bytes as the EXIF block claims to hold, which can be gigabytes.
    """
    try:
        return _exif_orientation(exif.removeprefix(b"Exif\0\0")) or 1
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


def _upright(image: Image.Image, exif: bytes, note: str) -> Picture:
    """RGB, no side over LONGEST_SIDE, turned upright by its EXIF orientation."""
    if image.mode.startswith(("I", "F")):
        flat = _rescaled(image)
    else:
        flat = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if max(flat.size) > LONGEST_SIDE:
        flat = _without_enlargement(flat)
    flat.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX, reducing_gap=None)
    turn = _TURNS.get(_orientation(exif))
    if turn is not None:
        flat = flat.transpose(turn)
    return _on_ground(flat, note) if flat.mode == "RGBA" else Picture(np.asarray(flat), note)


def _without_enlargement(image: Image.Image) -> Image.Image:
    """`image`, or the 28x28 pixels of which it consists if each was enlarged to a square of the same size."""
    if image.width != image.height or image.width % SIZE:
        return image
    small = image.resize((SIZE, SIZE), Image.Resampling.NEAREST)
    large = small.resize(image.size, Image.Resampling.NEAREST)
    return image if ImageChops.difference(image, large).getbbox(alpha_only=False) else small


def _on_ground(image: Image.Image, note: str) -> Picture:
    """The RGBA `image` on white, or on black if the rim of what is opaque would vanish on white."""
    opaque = np.asarray(image.getchannel("A")) >= 128  # (H, W)
    inner = cv2.erode(opaque.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rim = np.asarray(image.convert("RGB").convert("L"))[opaque & ~inner]  # (R,)
    ground = Image.new("RGB", image.size, "black" if len(rim) and np.median(rim) > NEAR_WHITE else "white")
    ground.paste(image, mask=image.getchannel("A"))
    return Picture(np.asarray(ground), note, None if opaque.all() or not opaque.any() else opaque)


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
