"""The work of decoding a picture, estimated from its headers and markers without decoding a pixel.

The size of a file says little about that work: a JPEG of 200 KB can make a decoder pass over all pixels six
thousand times, and a PNG of a few pixels can carry a thousand compressed profiles. One unit of work is about
a nanosecond on one core; the factors below were measured on Pillow 12 with files designed to be slow.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from settings import MAX_DECODE_WORK

Amounts = Iterator[int]
Measure = tuple[int, int, Amounts]
"""Width and height in pixels, and the work in parts."""

_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
"""Starts a segment of a JPEG. It never matches within the data of a scan, where 0xFF is followed by 0 or the
number of a restart."""
_START_OF_SCAN, _END_OF_IMAGE, _COMMENT, _APP0, _EXIF, _ADOBE = 0xDA, 0xD9, 0xFE, 0xE0, 0xE1, 0xEE
_FRAMES = {0xC0, 0xC1, 0xC2}
"""Baseline, extended and progressive JPEG with Huffman coding."""
_OTHER_FRAMES = {0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
"""Lossless, hierarchical and arithmetic coding; the last hides any amount of work in a few bytes."""
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_COMPRESSED = {b"iCCP", b"zTXt", b"iTXt"}
_PNG_TEXT = 2**20
"""Pillow inflates at most this many bytes of a profile or a text."""
_INFLATES = 1032
"""A byte of a deflate stream expands to at most this many."""


class UnknownCoding(ValueError):
    """A JPEG coding that cameras and browsers do not use."""


class TooMuchWork(ValueError):
    """More than MAX_DECODE_WORK."""


def measure(data: bytes, kind: str, frames: int = 1) -> Measure:
    """Width and height in pixels and the work of decoding `data`, a file of a format in
    `picture_kinds.ALLOWED`; of an animation, the first `frames` frames.

    Raises UnknownCoding; a damaged header raises ValueError, struct.error or LookupError, here or while the
    work is summed.
    """
    return _MEASURES[kind](data, frames)


def total(amounts: Amounts) -> int:
    """The sum of `amounts`. Raises TooMuchWork as soon as it exceeds MAX_DECODE_WORK."""
    work = 0
    for amount in amounts:
        work += amount
        if work > MAX_DECODE_WORK:
            raise TooMuchWork
    return work


def without_metadata(jpeg: bytes) -> tuple[bytes, bytes]:
    """The JPEG without its metadata, profiles and thumbnails, and its first EXIF block, empty without one.

    Pillow parses all of them when it opens a file, and an EXIF block of 64 KB can make it allocate gigabytes.
    """
    parts, exif = [jpeg[:2]], b""
    for marker, start, body, end in _segments(jpeg):
        if marker == _START_OF_SCAN:
            return b"".join([*parts, jpeg[start:]]), exif
        if marker == _EXIF:
            if jpeg.startswith(b"Exif\0\0", body):
                exif = exif or jpeg[body:end]
        elif marker in (_APP0, _ADOBE) or not (marker == _COMMENT or _APP0 <= marker < _APP0 + 16):
            parts.append(jpeg[start:end])
    raise ValueError("no scan")


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int, int]]:
    """(marker, its offset, start of the contents, end of the contents) of each segment."""
    at = 2
    while (match := _MARKER.search(jpeg, at)) and match[1][0] != _END_OF_IMAGE:
        body = match.end() + 2
        at = match.end() + int.from_bytes(jpeg[match.end() : body])
        if at < body:
            raise ValueError("a segment ends before it begins")
        yield match[1][0], match.start(), body, at


def _jpeg(data: bytes, _frames: int) -> Measure:
    frames = (segment for segment in _segments(data) if segment[0] in _FRAMES | _OTHER_FRAMES)
    marker, _, body, _ = next(frames, (0, 0, 0, 0))
    if not marker:
        raise ValueError("no frame")
    bits, height, width, count = struct.unpack_from(">BHHB", data, body)
    if marker in _OTHER_FRAMES or bits != 8:
        raise UnknownCoding
    return width, height, _jpeg_work(data, width, height, data[body + 6 : body + 6 + 3 * count])


def _jpeg_work(data: bytes, width: int, height: int, components: bytes) -> Amounts:
    sampling = [(byte >> 4, byte & 15) for byte in components[1::3]]
    across, down = (max(factors) for factors in zip(*sampling, strict=True))
    # whole blocks of 8 x 8 are coded: a picture 1 pixel high has as many as one 8 pixels high
    area = 8 * across * -(-width // (8 * across)) * 8 * down * -(-height // (8 * down))
    samples: dict[int, int] = {}
    for name, (x, y) in zip(components[::3], sampling, strict=True):
        samples[name] = max(samples.get(name, 0), area * x * y // (across * down))
    yield 2 * area * len(sampling)  # inverse DCT, upsampling, colour conversion
    frames = 0
    for marker, _, body, _ in _segments(data):
        frames += marker in _FRAMES
        if marker in _OTHER_FRAMES or frames > 1:
            raise ValueError("a second frame")
        yield 10_000
        if marker == _START_OF_SCAN:
            yield sum(samples.get(name, area) for name in data[body + 1 : body + 1 + 2 * data[body] : 2])


def _png(data: bytes, frames: int) -> Measure:
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    return width, height, _png_work(data, frames * width * height, depth * _PNG_CHANNELS[colour])


def _png_work(data: bytes, pixels: int, bits: int) -> Amounts:
    yield pixels * (14 + bits // 2)
    at = 8
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield 6_000
        if name in _PNG_COMPRESSED:
            yield 3 * min(_INFLATES * length, _PNG_TEXT)
        if name == b"IEND":
            return
        at += 12 + length


def _gif(data: bytes, frames: int) -> Measure:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height, _gif_work(data, width, height, frames)


def _gif_work(data: bytes, width: int, height: int, most: int) -> Amounts:
    """Up to the frame behind the last that is decoded: Pillow checks whether another follows."""
    flags = data[10]
    at = 13 + (3 * 2 ** (1 + (flags & 7)) if flags & 0x80 else 0)
    frames = length = 0
    while at < len(data) and data[at] != 0x3B and frames <= most:  # until the trailer
        yield 1_000
        extension = data[at] == 0x21
        if extension:
            at += 2
        elif data[at] == 0x2C:
            if at + 10 > len(data):
                return  # cut short
            frames += 1
            left, top, across, down, flags = struct.unpack_from("<HHHHB", data, at + 1)
            # Pillow enlarges the picture to hold its frames
            width, height = max(width, left + across), max(height, top + down)
            yield 12 * width * height * (frames <= most)
            at += 11 + (3 * 2 ** (1 + (flags & 7)) if flags & 0x80 else 0)
        else:
            at += 1
            continue
        while at < len(data) and (size := data[at]):
            length += extension * size
            # Pillow copies the whole comment for each block that it appends
            yield 1_000 + extension * length // 5
            at += 1 + size
        at += 1


def _bmp(data: bytes, _frames: int) -> Measure:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        compression = 0
    else:
        width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
    run_lengths = compression in (1, 2)  # Pillow decodes them in Python
    work = width * abs(height) * (110 if run_lengths else 10) + run_lengths * 350 * len(data)
    return width, abs(height), iter([work])


def _webp(data: bytes, frames: int) -> Measure:
    width, height = _webp_size(data)
    return width, height, iter([30 * frames * width * height])


def _webp_size(data: bytes) -> tuple[int, int]:
    """RFC 9649, sections 2.5 to 2.7."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        low_w, high_w, low_h, high_h = struct.unpack_from("<HBHB", data, 24)
        return 1 + low_w + (high_w << 16), 1 + low_h + (high_h << 16)
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


_MEASURES = {"JPEG": _jpeg, "PNG": _png, "GIF": _gif, "BMP": _bmp, "WEBP": _webp}
