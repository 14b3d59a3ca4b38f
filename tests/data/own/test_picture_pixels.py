"""The pixels of the picture that comes out of a file: modes, transparency, orientation, frames."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from data.own import picture as picture_module
from data.own.picture import ANIMATED, picture_work, read_picture
from tests.data.own.test_picture import BLUE, RED, chunk, encode, halves, noise, pixel, png


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
    picture = read_picture(encode(clear, "PNG"))
    assert (picture.opaque == (np.arange(12) < 6)).all() and picture.opaque.shape == (8, 12)
    for even in (half, encode(Image.new("RGBA", (9, 9), RED), "PNG"), encode(halves(), "PNG")):
        assert read_picture(even).opaque is None


@pytest.mark.parametrize("mode, white", [("RGBA", (255, 255, 255, 255)), ("LA", (255, 255))])
def test_what_would_vanish_on_white_is_put_on_black(mode, white):
    image = Image.new(mode, (30, 20), (*white[:-1], 0))
    image.paste(white, (10, 5, 20, 15))
    picture = read_picture(encode(image, "PNG"))
    assert (picture.rgb[..., 0] == np.where(picture.opaque, 255, 0)).all() and picture.opaque.sum() == 100
    # white inside a dark rim stands out on white
    image.paste((0,) * (len(white) - 1) + (255,), (10, 5, 20, 15))
    image.paste(white, (12, 7, 18, 13))
    assert read_picture(encode(image, "PNG")).rgb[0, 0, 0] == 255


def test_transparency_is_turned_and_made_smaller_with_the_picture():
    image = Image.new("RGBA", (2000, 1000), (0, 0, 0, 0))
    image.paste((200, 30, 30, 255), (0, 0, 500, 1000))
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn to the right
    picture = read_picture(encode(image, "PNG", exif=exif))
    assert picture.rgb.shape == (1024, 512, 3) and picture.opaque.shape == (1024, 512)
    assert picture.opaque[:256].all() and not picture.opaque[256:].any()


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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_only_the_exif_tag_turns_a_picture(kind):
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    options = {"xmp": xmp}
    if kind == "PNG":
        texts = options["pnginfo"] = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        block = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
        texts.add_text("Raw profile type exif", f"\nexif\n{len(block)}\n{block.hex()}\n", zip=True)
    assert read_picture(encode(halves(size=(64, 32)), kind, **options)).rgb.shape == (32, 64, 3)


@pytest.mark.parametrize("value", [0, 9, 77])
def test_unknown_orientations_are_ignored(value):
    exif = Image.Exif()
    exif[0x0112] = value
    assert read_picture(encode(halves(size=(64, 32)), "PNG", exif=exif)).rgb.shape == (32, 64, 3)


# ---- animations


def animation(kind, *frames):
    options = {"lossless": True} if kind == "WEBP" else {}
    return encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_gives_its_first_frame_that_shows_something(kind):
    blank = [Image.new("RGB", (20, 10), colour) for colour in (RED, (250, 0, 0), BLUE)]
    shows, later = halves(), halves(BLUE, RED)
    for frames, colour in (((shows, later), RED), ((*blank, shows, later), RED), ((blank[2], *blank), BLUE)):
        picture = read_picture(animation(kind, *frames))
        assert picture.note == ANIMATED
        assert tuple(picture.rgb[5, 3]) == colour


def test_a_later_frame_of_an_animation_does_no_harm(monkeypatch):
    data = animation("GIF", Image.new("RGB", (64, 48), RED), noise())
    assert pixel(data, 5, 3) != RED
    assert pixel(data[: len(data) // 2], 5, 3) == RED  # the second one is damaged
    longer = animation("GIF", Image.new("RGB", (64, 48), RED), noise(), halves())
    cut = longer[: longer.rindex(b"," + bytes(4)) + 6]  # within the third frame
    assert (read_picture(cut).rgb != RED).any()
    many = animation("GIF", *(Image.new("RGB", (20, 10), (200 + n, 0, 0)) for n in range(30)), halves())
    assert pixel(many, 3, 3) == pixel(many, 15, 3)  # one of the first, not the last
    monkeypatch.setattr(picture_module, "MODEST_DECODE_WORK", picture_work(data) + 1)
    assert pixel(data, 3, 3) == RED and pixel(data, 15, 3) == RED  # much work to decode: the first alone


def test_a_still_picture_has_no_note():
    for kind in ("GIF", "WEBP", "PNG", "JPEG", "BMP"):
        assert read_picture(encode(halves(), kind)).note == ""


def test_a_constant_picture_is_still_a_picture():
    assert (read_picture(encode(Image.new("L", (30, 30), 99), "PNG")).rgb == 99).all()
