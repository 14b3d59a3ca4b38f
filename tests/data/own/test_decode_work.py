"""How much work decoding is: small files that would keep a core busy are refused before they do, and what
cameras and programs write passes.
"""

import io
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from data.own import picture
from data.own.decode_work import without_metadata
from data.own.picture import PictureError, picture_work, read_picture
from settings import MAX_DECODE_WORK, MAX_PICTURE_PIXELS, MODEST_DECODE_WORK
from tests.data.own.packing import png as plain_png
from tests.data.own.packing import progressive, segment
from tests.data.own.test_picture import NOT_PICTURES, chunk, encode, noise, png, refused

RED = (255, 0, 0)


def gif(extensions: bytes = b"", data: bytes = b"", behind: bytes = b"") -> bytes:
    """4 x 4 pixels: `extensions` before the picture, its coded `data`, what is `behind`."""
    colours = b"\x09\x22\x44" + bytes(3)
    return (
        b"GIF89a" + struct.pack("<HHBBB", 4, 4, 0x80, 0, 0) + colours + extensions
        + b"," + struct.pack("<HHHHB", 0, 0, 4, 4, 0) + b"\x02" + data + behind + b";"
    )  # fmt: skip


def bmp_of_runs(width: int, height: int, runs: bytes) -> bytes:
    colours = bytes(1024)
    start = 54 + len(colours)
    head = struct.pack("<IHHI", start + len(runs), 0, 0, start)
    head += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + head + colours + runs


FRAME = b"," + struct.pack("<HHHH", 0, 0, 4, 4)
GIF_DATA = b"\x03\x84\x8f\x05\0"
PROFILE = chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(2**20), 9))
TEXT = chunk(b"zTXt", b"t\0\0" + zlib.compress(bytes(2**20), 9))
ROWS = bytes(5 * 4)
SLOW = {
    "JPEG of empty scans": progressive(4000, 6000),
    "JPEG of few scans too many": progressive(4000, 60),
    "JPEG of many tiny segments": progressive(8, 100, notes=segment(0xE0, b"") * 100_000),
    "PNG of profiles": png(4, 4, rows=ROWS, extra=[PROFILE] * 500),
    "PNG of texts": png(4, 4, rows=ROWS, extra=[TEXT] * 500),
    "PNG of empty chunks": png(4, 4, rows=ROWS, extra=[chunk(b"abCd", b"")] * 200_000),
    "GIF with a comment in single letters": gif(b"!\xfe" + b"\1a" * 200_000 + b"\0", GIF_DATA),
    "GIF with many comments": gif(b"!\xfe\1a\0" * 200_000, GIF_DATA),
    "GIF with zeros between its blocks": gif(bytes(1_000_000), GIF_DATA),
    "GIF with a comment behind its frame": gif(b"", GIF_DATA, b"!\xfe" + b"\1a" * 200_000 + b"\0"),
    "GIF whose frame is larger than itself": gif(b"", GIF_DATA).replace(FRAME, FRAME[:5] + b"\xff" * 4),
    "BMP of runs of one pixel": bmp_of_runs(2000, 2000, b"\1\0" * 3_000_000),
    "BMP of lines that end at once": bmp_of_runs(4000, 4000, b"\1\0\0\0" * 4000 + b"\0\1"),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_small_file_that_means_much_work_is_refused_unread(name, monkeypatch):
    def opened(*_, **__):
        raise AssertionError("Pillow came to see it")

    monkeypatch.setattr(Image, "open", opened)
    assert "far too long to decode" in refused(SLOW[name])
    with pytest.raises(PictureError, match="far too long to decode"):
        picture_work(SLOW[name])


@pytest.mark.parametrize("frame", [0xC3, 0xC9, 0xCA])
def test_codings_that_hide_work_are_refused(frame):
    assert "stored in a way that cameras do not use" in refused(progressive(64, 1, frame))


def test_twelve_bits_are_refused():
    assert "stored in a way that cameras do not use" in refused(progressive(64, 1, samples=12))


def test_a_progressive_photo_passes():
    for sampling in (0, 1, 2):
        photo = encode(noise(640, 480), "JPEG", progressive=True, subsampling=sampling)
        assert read_picture(photo).rgb.shape == (480, 640, 3)
        # as many pixels as are allowed
        assert picture_work(photo) / (640 * 480) * MAX_PICTURE_PIXELS < 0.6 * MAX_DECODE_WORK
    cmyk = encode(noise(640, 480).convert("CMYK"), "JPEG", progressive=True)
    assert picture_work(cmyk) / (640 * 480) * MAX_PICTURE_PIXELS < MAX_DECODE_WORK
    assert read_picture(progressive(640, 12)).rgb.shape == (640, 640, 3)
    assert picture_work(progressive(4000, 40)) <= MAX_DECODE_WORK


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_an_ordinary_picture_of_the_largest_size_passes(kind):
    work = picture_work(encode(Image.new("RGB", (1000, 1000)), kind)) * MAX_PICTURE_PIXELS / 1000**2
    assert MODEST_DECODE_WORK / 2 < work <= MAX_DECODE_WORK


def test_sixteen_bits_with_transparency_pass_at_the_largest_size():
    head = struct.pack(">IIBBBBB", 4000, 4000, 16, 6, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", bytes(8192)) * 1000
    assert picture_work(b"\x89PNG\r\n\x1a\n" + parts) <= MAX_DECODE_WORK


def test_only_real_scans_are_counted():
    one_scan, three_scans = progressive(800, 1), progressive(800, 3)
    area = 800 * 800
    assert picture_work(three_scans) - picture_work(one_scan) == 2 * (area + 10_000)
    # in a thumbnail, in a comment, after the end: no decoder takes these for scans
    lookalike = b"\xff\xda" * 30_000
    for notes in (segment(0xE1, b"Exif\0\0" + lookalike), segment(0xFE, lookalike), segment(0xE2, one_scan)):
        assert picture_work(progressive(800, 1, notes=notes)) - picture_work(one_scan) == 10_000
    assert picture_work(one_scan + lookalike) == picture_work(one_scan)
    # and in the data of a scan 0xFF is followed by 0
    stuffed = one_scan.replace(
        segment(0xDA, b"\1\1\0\0\0\0"), segment(0xDA, b"\1\1\0\0\0\0") + b"\xff\0\xda\xff\xd0\xda"
    )
    assert picture_work(stuffed) == picture_work(one_scan)


def test_a_scan_counts_the_components_in_it():
    grey, colours = (picture_work(encode(noise(320, 320, mode), "JPEG")) for mode in ("L", "RGB"))
    area = 320 * 320
    assert grey - 3 * area < 100_000
    assert 7.5 * area <= colours < 7.5 * area + 100_000  # two components at half the width and height


def notes_that_ask_for(size: int, entries: int) -> bytes:
    """An EXIF block whose entries all name the same `size` bytes as their value."""
    directory = b"".join(struct.pack("<HHII", 1000 + i, 7, size, 0) for i in range(entries))
    return b"II*\0" + struct.pack("<IH", 8, entries) + directory + bytes(size)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_exif_block_cannot_have_itself_copied_thousands_of_times(kind, monkeypatch):
    """Pillow's reader of EXIF copies each value: 2,000 of 30 KB in this block, gigabytes in a larger one."""
    exif = notes_that_ask_for(30_000, 2_000)
    photo = encode(Image.new("RGB", (64, 32), RED), kind, exif=b"Exif\0\0" + exif)

    def load(*_):
        raise AssertionError("Pillow reads the notes")

    monkeypatch.setattr(Image.Exif, "load", load)
    assert read_picture(photo).rgb.shape == (32, 64, 3)


def test_without_metadata_a_jpeg_keeps_what_it_needs():
    image = Image.new("CMYK", (64, 32), (0, 255, 255, 0))
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = encode(image, "JPEG", exif=exif, comment=b"hello", icc_profile=bytes(70_000))
    bare, exif_block = without_metadata(photo)
    assert b"Exif" not in bare and b"ICC_PROFILE" not in bare and b"hello" not in bare and b"Adobe" in bare
    with Image.open(io.BytesIO(bare)) as left, Image.open(io.BytesIO(photo)) as whole:
        assert (np.asarray(left) == np.asarray(whole)).all()
    assert exif_block.startswith((b"Exif\0\0MM", b"Exif\0\0II"))
    assert read_picture(photo).rgb.shape == (64, 32, 3)


# ---- pictures at once


def test_large_pictures_wait_for_each_other_and_small_ones_do_not(monkeypatch):
    large, small = encode(Image.new("RGB", (1500, 1500)), "PNG"), plain_png()
    monkeypatch.setattr(picture, "MODEST_DECODE_WORK", picture_work(large) - 1)
    monkeypatch.setattr(picture, "_slots", threading.BoundedSemaphore(1))
    inside, go_on, entered = threading.Event(), threading.Event(), []
    load = ImageFile.ImageFile.load

    def slow_load(image):
        if image.size == (1500, 1500) and not any(image is other for other in entered):
            entered.append(image)
            inside.set()
            assert go_on.wait(60)
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", slow_load)
    first, second = (threading.Thread(target=read_picture, args=(large,)) for _ in range(2))
    first.start()
    assert inside.wait(60)
    second.start()
    assert read_picture(small).rgb.shape == (3, 4, 3)
    assert len(entered) == 1
    monkeypatch.setattr(picture, "DECODE_WAIT_SECONDS", 0.01)
    assert "Many large pictures" in refused(large)
    go_on.set()
    first.join()
    second.join()
    assert len(entered) == 2
    assert read_picture(large).rgb.shape[2] == 3  # their places are free again


def test_a_refused_picture_frees_its_slot(monkeypatch):
    large = encode(Image.new("RGB", (1500, 1500)), "PNG")
    monkeypatch.setattr(picture, "MODEST_DECODE_WORK", 0)
    monkeypatch.setattr(picture, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(picture, "DECODE_WAIT_SECONDS", 0.01)
    for _ in range(3):
        assert "damaged" in refused(large[:-60])  # a PNG: only of a JPEG is the beginning shown


# ---- headers


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_no_pixel_is_decoded(kind):
    whole = encode(noise(300, 211), kind)
    assert picture_work(whole[: len(whole) * 2 // 3]) > 300 * 211


@pytest.mark.parametrize(("data", "word"), NOT_PICTURES.values(), ids=NOT_PICTURES)
def test_the_work_of_other_files_is_refused(data, word):
    with pytest.raises(PictureError, match=word):
        picture_work(data)


@pytest.mark.parametrize("size", [(8193, 1), (4001, 4000), (100_000, 100_000), (0, 5)])
def test_the_work_of_a_size_over_the_limit_is_refused(size):
    with pytest.raises(PictureError, match="pixels"):
        picture_work(png(*size))


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF0000WEBPVP8X"]
)
def test_the_work_of_a_truncated_header_is_refused(start):
    with pytest.raises(PictureError, match="damaged"):
        picture_work(start)
