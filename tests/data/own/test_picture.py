"""Crafted pictures, good, bad and odd: each gives the right pixels or a sentence, and never any other
exception.
"""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from data.own.picture import CUT_SHORT, LONGEST_SIDE, PictureError, read_picture
from settings import MAX_PICTURE_BYTES

RED, BLUE = (255, 0, 0), (0, 0, 255)


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width=64, height=48, mode="RGB"):
    rng = np.random.default_rng(0)
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    return Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))


def halves(left=RED, right=BLUE, size=(20, 10), mode="RGB"):
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, depth=8, colour=0, rows=b"", extra=()):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pixel(data, x, y):
    return tuple(int(v) for v in read_picture(data).rgb[y, x])


def refused(source):
    """The sentence of the refusal: one line that ends, without any of the program's own words."""
    with pytest.raises(PictureError) as caught:
        read_picture(source)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and 20 < len(sentence) < 200
    assert not any(word in sentence for word in ("Traceback", "Error", "PIL", "object at", "None"))
    return sentence


# ---- what is no picture, or none of the allowed formats

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NOT_PICTURES = {
    "empty": (b"", "empty"),
    "one byte": (b"\x89", "not a picture"),
    "text": (b"hello, I am a picture", "not a picture"),
    "zeros": (bytes(5000), "not a picture"),
    "svg": (SVG, "SVG"),
    "svg with declaration": (b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<!-- by hand -->' + SVG, "SVG"),
    "web page": (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIC"),
    "heif": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(99), "HEIC"),
    "avif": (b"\0\0\0\x1cftypavif\0\0\0\0" + bytes(99), "AVIF"),
    "video": (b"\0\0\0\x18ftypisom\0\0\0\0" + bytes(99), "video"),
    "tiff": (encode(noise(), "TIFF"), "TIFF"),
    "float tiff": (encode(Image.new("F", (9, 9), 0.5), "TIFF"), "TIFF"),
    "tiff, big endian": (b"MM\0*" + bytes(60), "TIFF"),
    "photoshop": (b"8BPS\0\x01" + bytes(60), "Photoshop"),
    "pdf": (b"%PDF-1.7\n" + bytes(60), "PDF"),
    "eps": (encode(noise(), "EPS"), "EPS"),
    "ico": (encode(noise(32, 32), "ICO"), "ICO"),
    "zip": (b"PK\x03\x04" + bytes(60), "zip"),
    "gzip": (b"\x1f\x8b" + bytes(60), "compressed"),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60), "JPEG 2000"),
    "jpeg xl": (b"\xff\x0a" + bytes(60), "JPEG XL"),
    "fits": (b"SIMPLE  =" + bytes(60), "FITS"),
    "ppm": (encode(noise(), "PPM"), "not a picture"),
    "riff that is a sound": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(60), "not a picture"),
}


@pytest.mark.parametrize("name", NOT_PICTURES)
def test_other_files_are_named(name):
    data, word = NOT_PICTURES[name]
    assert word in refused(data)


@pytest.mark.parametrize(
    "source", [None, 7, 1.5, [1, 2], {"path": "a.png"}, object(), io.BytesIO(b"x"), np.zeros(3)]
)
def test_other_types_than_files_are_refused(source):
    assert "no picture" in refused(source)


def test_paths(tmp_path):
    assert "no picture file" in refused(str(tmp_path / "missing.png"))
    assert "no picture file" in refused(tmp_path)
    assert "no picture file" in refused("/dev/zero")
    assert "no picture file" in refused("a\0b.png") or "cannot be opened" in refused("a\0b.png")
    assert "no picture file" in refused("x" * 5000)
    good = tmp_path / "name without an ending"
    good.write_bytes(encode(halves(), "PNG"))
    assert read_picture(good).rgb.shape == read_picture(str(good)).rgb.shape == (10, 20, 3)
    large = tmp_path / "large.png"
    large.write_bytes(encode(halves(), "PNG") + bytes(MAX_PICTURE_BYTES))
    assert "larger than" in refused(large)


# ---- damaged files

WHOLE = {
    "PNG": encode(noise(), "PNG"),
    "JPEG": encode(noise(), "JPEG"),
    "progressive": encode(noise(), "JPEG", progressive=True),
    "GIF": encode(noise(), "GIF"),
    "WEBP": encode(noise(), "WEBP"),
    "lossless": encode(noise(), "WEBP", lossless=True),
    "BMP": encode(noise(), "BMP"),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.8, 0.93])
def test_truncated_files_are_refused(name, share):
    data = WHOLE[name][: max(14, int(len(WHOLE[name]) * share))]
    if name in ("JPEG", "progressive") and share > 0.1:
        return  # read as far as they go, see below
    assert "damaged" in refused(data)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_without_its_end_is_read_as_far_as_it_goes(options, mode):
    data = encode(noise(320, 240, mode), "JPEG", quality=90, **options)
    complete = read_picture(data)
    assert complete.note == ""
    heights = {}
    for left_out in (2, 30, len(data) // 4, len(data) // 2):
        picture = read_picture(data[:-left_out])
        heights[left_out] = height = picture.rgb.shape[0]
        assert picture.note == CUT_SHORT and picture.rgb.shape[1] == 320
        if not options.get("progressive"):  # whole rows of blocks, and above the last of them the same pixels
            assert (picture.rgb[: height - 17] == complete.rgb[: height - 17]).all()
    assert heights[2] >= heights[30] >= 240 - 16
    if options.get("progressive"):  # a truncated one has all rows, with less detail
        assert heights[len(data) // 2] == 240
    else:
        assert 240 * 0.35 < heights[len(data) // 2] < 240 * 0.6
        assert "damaged" in refused(data[: len(data) // 4])


@pytest.mark.parametrize("name", WHOLE)
def test_flipped_bytes_raise_nothing_else(name):
    rng = np.random.default_rng(1)
    for _ in range(60):
        data = bytearray(WHOLE[name])
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(0, 256)
        try:
            picture = read_picture(bytes(data))
        except PictureError:
            continue
        assert picture.rgb.dtype == np.uint8 and picture.rgb.ndim == 3 and picture.rgb.shape[2] == 3


def test_a_signature_alone_is_refused():
    for start in (
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"BM",
        b"RIFF\0\0\0\0WEBP",
        b"RIFF\0\0\0\0WEBPVP8X",
    ):
        assert "damaged" in refused(start)


def test_the_name_of_a_format_is_not_trusted(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(halves(), "GIF"))
    assert pixel(path, 2, 5) == RED
    path.write_bytes(b"\xff\xd8\xff" + encode(halves(), "PNG"))
    assert "damaged" in refused(path)


def test_trailing_garbage_is_ignored():
    assert pixel(encode(halves(), "PNG") + b"<script>" * 50, 2, 5) == RED


# ---- pictures that ask for too much


def webp_header(width, height):
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


TOO_LARGE = {
    "png bomb": png(20000, 20000, depth=1, rows=bytes(2501 * 20000)),
    "png header": png(2**31 - 1, 2**31 - 1),
    "png, long and thin": png(8193, 1, rows=bytes(8194)),
    "png, just too many pixels": png(4001, 4000, rows=bytes(4002 * 4000)),
    "gif header": b"GIF89a"
    + struct.pack("<HH", 65535, 65535)
    + b"\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x01\0;",
    "bmp header": b"BM"
    + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0),
    "webp header": webp_header(2**24, 2**24),
    "jpeg header": b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xdc\xff\xdc\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0?\0",
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_bombs_are_refused_before_they_are_decoded(name, monkeypatch):
    decoded = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: decoded.append(image.size))
    assert len(TOO_LARGE[name]) < 100_000
    assert "too many pixels" in refused(TOO_LARGE[name])
    assert not decoded


def test_too_many_bytes_are_refused():
    assert "larger than" in refused(encode(halves(), "PNG") + bytes(MAX_PICTURE_BYTES))


def test_a_png_text_bomb_does_not_crash():
    body = b"Comment\0\0" + zlib.compress(bytes(90_000_000), 9)
    data = png(4, 4, rows=bytes(5 * 4), extra=[chunk(b"zTXt", body)])
    try:
        assert read_picture(data).rgb.shape == (4, 4, 3)
    except PictureError as error:
        assert "damaged" in str(error)


def test_large_pictures_come_out_small():
    for kind in ("PNG", "JPEG", "WEBP"):
        rgb = read_picture(encode(halves(size=(3000, 1500)), kind)).rgb
        assert rgb.shape == (LONGEST_SIDE // 2, LONGEST_SIDE, 3)
        assert (
            abs(rgb[100, 100].astype(int) - RED).max() < 6 and abs(rgb[100, 900].astype(int) - BLUE).max() < 6
        )


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (1, 8192), (8192, 1)])
def test_strips(size):
    rgb = read_picture(encode(Image.new("RGB", size, RED), "PNG")).rgb
    assert max(rgb.shape[:2]) <= LONGEST_SIDE and min(rgb.shape[:2]) == 1
    assert (rgb == RED).all()
