"""Crafted pictures, good, bad and odd: each gives the right pixels or a sentence, and never any other
exception.
"""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from data.own.picture import ANIMATED, LONGEST_SIDE, PictureError, read_picture
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
    assert "damaged" in refused(data)


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


# ---- modes


def test_a_plain_picture_keeps_its_pixels():
    image = noise()
    for kind, options in (("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})):
        assert (read_picture(encode(image, kind, **options)).rgb == np.asarray(image)).all()


def test_transparency_is_white():
    clear = Image.new("RGBA", (12, 8), (0, 0, 0, 0))
    clear.paste((255, 0, 0, 255), (0, 0, 6, 8))
    assert pixel(encode(clear, "PNG"), 2, 4) == RED and pixel(encode(clear, "PNG"), 9, 4) == (255, 255, 255)
    assert pixel(encode(clear, "WEBP", lossless=True), 9, 4) == (255, 255, 255)
    assert (read_picture(encode(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), "PNG")).rgb == 255).all()
    half = encode(Image.new("RGBA", (9, 9), (0, 0, 0, 128)), "PNG")
    assert abs(pixel(half, 4, 4)[0] - 127) <= 1


def test_gray_with_alpha():
    image = Image.new("LA", (8, 8), (0, 0))
    image.paste((40, 255), (0, 0, 4, 8))
    data = encode(image, "PNG")
    assert pixel(data, 1, 4) == (40, 40, 40) and pixel(data, 6, 4) == (255, 255, 255)


def test_palette_with_a_transparent_colour():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.paste(1, (0, 0, 4, 8))
    for kind in ("PNG", "GIF"):
        data = encode(image, kind, transparency=0)
        assert pixel(data, 1, 4) == (200, 0, 0) and pixel(data, 6, 4) == (255, 255, 255)
    data = encode(image, "PNG", transparency=bytes([128, 255]))
    assert abs(pixel(data, 6, 4)[0] - 132) <= 2


def test_a_transparent_key_in_gray_and_rgb():
    gray = png(2, 1, rows=bytes([0, 7, 90]), extra=[chunk(b"tRNS", b"\0\x07")])
    assert pixel(gray, 0, 0) == (255, 255, 255) and pixel(gray, 1, 0) == (90, 90, 90)
    rgb = png(
        2, 1, colour=2, rows=bytes([0, 1, 2, 3, 4, 5, 6]), extra=[chunk(b"tRNS", bytes([0, 1, 0, 2, 0, 3]))]
    )
    assert pixel(rgb, 0, 0) == (255, 255, 255) and pixel(rgb, 1, 0) == (4, 5, 6)
    deep = png(2, 1, depth=16, rows=b"\0" + struct.pack(">HH", 7, 65535), extra=[chunk(b"tRNS", b"\0\x07")])
    assert pixel(deep, 0, 0) == (255, 255, 255)


@pytest.mark.parametrize("top", [1023, 4095, 65535])
def test_sixteen_bits_are_rescaled(top):
    ramp = np.linspace(0, top, 256).astype(np.uint16)[None].repeat(9, 0)
    rgb = read_picture(encode(Image.fromarray(ramp), "PNG")).rgb
    assert abs(rgb[4, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_sixteen_bits_of_colour():
    data = png(1, 1, depth=16, colour=2, rows=b"\0" + struct.pack(">HHH", 65535, 32768, 0))
    assert pixel(data, 0, 0) == (255, 128, 0)


def test_bilevel_interlaced_and_cmyk():
    two = Image.new("1", (16, 8), 0)
    two.paste(1, (8, 0, 16, 8))
    assert pixel(encode(two, "PNG"), 2, 2) == (0, 0, 0) and pixel(encode(two, "PNG"), 12, 2) == (
        255,
        255,
        255,
    )
    # Adam7: an 8x8 one-colour picture has 1, 1, 2, 4, 8, 16 and 32 pixels in its passes
    rows = b"".join(
        (b"\0" + b"\x55" * w) * h for w, h in ((1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4))
    )
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert (read_picture(b"\x89PNG\r\n\x1a\n" + parts).rgb == 0x55).all()
    red = read_picture(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")).rgb[8, 8]
    assert red[0] > 230 and red[1] < 40 and red[2] < 40


def test_a_bad_colour_profile_is_ignored():
    assert pixel(encode(halves(), "PNG", icc_profile=b"not a profile" * 9), 2, 5) == RED
    assert pixel(encode(halves(size=(64, 64)), "JPEG", icc_profile=b"\0" * 70), 8, 8)[0] > 240


# ---- how the camera was held


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation):
    upright = halves(size=(64, 32))  # left red, right blue
    upright.paste((0, 255, 0), (0, 0, 32, 16))  # top left green
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind, options in (("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True})):
        rgb = read_picture(encode(stored, kind, exif=exif, **options)).rgb
        assert rgb.shape == (32, 64, 3)
        for (x, y), colour in {(8, 8): (0, 255, 0), (8, 24): RED, (48, 16): BLUE}.items():
            assert abs(rgb[y, x].astype(int) - colour).max() < 8


@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40],
)
def test_broken_exif_is_ignored(exif):
    assert pixel(encode(halves(size=(64, 64)), "JPEG", exif=exif), 8, 8)[0] > 240


@pytest.mark.parametrize("value", [0, 9, 77])
def test_unknown_orientations_are_ignored(value):
    exif = Image.Exif()
    exif[0x0112] = value
    assert read_picture(encode(halves(size=(64, 32)), "PNG", exif=exif)).rgb.shape == (32, 64, 3)


# ---- animations


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE, (0, 255, 0))]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
    picture = read_picture(data)
    assert picture.note == ANIMATED
    assert tuple(picture.rgb[8, 8]) == RED


def test_a_still_picture_has_no_note():
    for kind in ("GIF", "WEBP", "PNG", "JPEG", "BMP"):
        assert read_picture(encode(halves(), kind)).note == ""


def test_a_constant_picture_is_still_a_picture():
    assert (read_picture(encode(Image.new("L", (30, 30), 99), "PNG")).rgb == 99).all()
