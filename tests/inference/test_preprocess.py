"""Pictures with a garment in a known place must come out of preprocessing where and how they were put
in.
"""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from data.own.picture import PictureError, read_picture
from inference.preprocess import naive, prepare
from inference.segment import find_garment


def shirt(size=240, background=(255, 255, 255), cloth=(40, 60, 120), noise=4.0, seed=0):
    """(size, size, 3) uint8: a T-shirt of noisy cloth; and its mask."""
    rng = np.random.default_rng(seed)
    outline = np.array(
        [[80, 60], [160, 60], [210, 100], [190, 125], [165, 110], [165, 200], [75, 200], [75, 110]]
    )
    outline = np.vstack([outline, [[50, 125], [30, 100]]]) * size // 240
    mask = cv2.fillPoly(np.zeros((size, size), np.uint8), [outline.astype(np.int32)], 1).astype(bool)
    rgb = np.empty((size, size, 3))
    rgb[:] = background
    rgb[mask] = cloth
    shade = cv2.resize(rng.normal(0, 12, (6, 6)), (size, size), interpolation=cv2.INTER_CUBIC)
    rgb[mask] += shade[mask][:, None]
    rgb += rng.normal(0, noise, rgb.shape) * (mask[..., None] | (np.min(background) < 250))
    return np.clip(rgb, 0, 255).astype(np.uint8), mask


def coverage(mask, matrix):
    """(28, 28) float: how much of each of the network's pixels `mask` covers, by `matrix` alone."""
    fine = matrix * 8
    fine[:, 2] += 3.5  # pixel centres
    large = cv2.warpAffine(mask.astype(np.float32), fine, (224, 224))
    return large.reshape(28, 8, 28, 8).mean(axis=(1, 3))


def overlap(prepared, mask):
    bright = prepared.pixels > 0.5 * np.median(prepared.pixels[prepared.pixels > 0])
    expected = coverage(mask, prepared.matrix) > 0.5
    return (bright & expected).sum() / (bright | expected).sum()


def drawn_shirt(size=240, thickness=5, ink=0, paper=255):
    _, mask = shirt(size)
    outline, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    gray = np.full((size, size), paper, np.uint8)
    cv2.drawContours(gray, outline, -1, ink, thickness, cv2.LINE_AA)
    return np.repeat(gray[..., None], 3, axis=2), mask


@pytest.mark.parametrize("background", [(255, 255, 255), (150, 110, 80), (200, 30, 40), (10, 10, 10)])
@pytest.mark.parametrize("crop", [(0, 0), (40, 20)])
def test_a_garment_is_found_and_the_matrix_says_where(background, crop):
    cloth = (40, 60, 120) if background[0] > 20 else (200, 190, 60)
    rgb, mask = shirt(360, background, cloth)
    rgb, mask = rgb[crop[0] :, : 360 - crop[1]], mask[crop[0] :, : 360 - crop[1]]
    prepared = prepare(rgb)
    assert prepared.kind == "photo"
    assert overlap(prepared, mask) > 0.9


def test_the_garment_fills_the_frame_on_exactly_black():
    prepared = prepare(shirt(background=(255, 255, 255))[0])
    columns = np.flatnonzero(prepared.pixels.any(axis=0))
    rows = np.flatnonzero(prepared.pixels.any(axis=1))
    assert columns[0] <= 1 and columns[-1] >= 26
    assert abs((rows[0] + rows[-1]) / 2 - 13.5) <= 1
    assert (prepared.pixels[: rows[0]] == 0).all()


def test_dark_cloth_is_bright_and_light_cloth_does_not_vanish():
    dark = prepare(shirt(background=(200, 30, 40), cloth=(20, 20, 25))[0]).pixels
    light = prepare(shirt(background=(200, 30, 40), cloth=(240, 240, 240))[0]).pixels
    assert np.median(dark[dark > 0]) > 200
    assert 40 < np.median(light[light > 0]) < 110


@pytest.mark.parametrize("ink, paper", [(0, 255), (255, 0)])
def test_a_drawing_is_filled(ink, paper):
    rgb, mask = drawn_shirt(ink=ink, paper=paper)
    for kind in ("auto", "drawing"):
        prepared = prepare(rgb, kind)
        assert prepared.kind == "drawing"
        assert overlap(prepared, mask) > 0.85


def test_dark_product_photos_on_white_are_no_drawings():
    for seed, cloth in enumerate([(12, 12, 14), (25, 22, 20), (0, 0, 60), (60, 0, 0)]):
        assert prepare(shirt(cloth=cloth, seed=seed)[0]).kind == "photo"


def test_the_kind_is_a_choice():
    rgb, _ = shirt(background=(255, 255, 255))
    assert prepare(rgb, "drawing").kind == "drawing"
    assert prepare(drawn_shirt()[0], "photo").kind == "photo"
    with pytest.raises(ValueError, match="kind"):
        prepare(rgb, "sculpture")


@pytest.mark.parametrize("make", [shirt, drawn_shirt])
def test_stages_are_pictures_with_captions(make):
    prepared = prepare(make()[0])
    assert len(prepared.stages) == 5
    assert len({stage.name for stage in prepared.stages}) == 5
    for stage in prepared.stages:
        assert stage.caption.endswith(".") and stage.caption.count("\n") == 0
        assert stage.image.dtype == np.uint8 and stage.image.ndim in (2, 3) and stage.image.size
        assert max(stage.image.shape[:2]) <= 320
    assert prepared.stages[0].name == "Your picture"
    assert (prepared.stages[-1].image == prepared.pixels).all()


def test_one_picture_gives_one_answer():
    rgb, _ = shirt(background=(150, 110, 80))
    before = rgb.copy()
    first, second = prepare(rgb), prepare(rgb)
    assert (first.pixels == second.pixels).all() and (first.matrix == second.matrix).all()
    assert (rgb == before).all()


@pytest.mark.parametrize("kind", ["auto", "photo", "drawing"])
def test_even_pictures_are_refused(kind):
    rng = np.random.default_rng(0)
    pictures = [np.full((100, 80, 3), value, np.uint8) for value in (0, 99, 255)]
    pictures.append((200 + rng.normal(0, 2, (300, 200, 3))).astype(np.uint8))
    pictures.append(np.full((100, 80, 3), (200, 10, 90), np.uint8))
    pictures.append(np.zeros((56, 56, 3), np.uint8))  # no picture of Fashion-MNIST
    for picture in pictures:
        with pytest.raises(PictureError, match="nothing to classify"):
            prepare(picture, kind)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (500, 7, 3)])
def test_pictures_too_small_are_refused(shape):
    with pytest.raises(PictureError, match="too small"):
        prepare(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def test_a_picture_too_narrow_for_its_length_is_not_called_small():
    strip = Image.new("RGB", (4000, 20), "white")
    strip.paste((0, 0, 0), (1000, 5, 2000, 15))
    with pytest.raises(PictureError, match="too narrow for its length"):
        prepare(read_picture(saved(strip)).rgb)


def saved(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_pale_ink_is_ink():
    rgb, mask = drawn_shirt()
    for ink in (100, 236, 247):
        pale = (255 - (255 - rgb.astype(int)) * (255 - ink) // 255).astype(np.uint8)
        for kind in ("auto", "drawing"):
            assert overlap(prepare(pale, kind), mask) > 0.85


@pytest.mark.parametrize("colour", [(255, 255, 255), (250, 240, 235), (40, 60, 120), (0, 0, 0)])
@pytest.mark.parametrize("filled", [True, False])
@pytest.mark.parametrize("kind", ["auto", "drawing", "photo"])
def test_transparency_says_what_is_garment(colour, filled, kind):
    rgb, mask = shirt(cloth=colour, noise=0) if filled else drawn_shirt()
    alpha = mask if filled else rgb[..., 0] < 128
    image = Image.fromarray(np.dstack([rgb if filled else np.full_like(rgb, colour), alpha * np.uint8(255)]))
    picture = read_picture(saved(image))
    if filled or kind != "photo":
        assert overlap(prepare(picture.rgb, kind, picture.opaque), mask) > 0.85


def test_a_picture_with_round_corners_is_no_cut_out():
    rgb, mask = shirt(background=(150, 110, 80))
    opaque = np.zeros(mask.shape, bool)
    opaque[10:-10, 10:-10] = True
    assert overlap(prepare(rgb, "photo", opaque), mask) > 0.9
    assert overlap(prepare(rgb, "photo", mask), mask) > 0.95


@pytest.mark.parametrize("wrong", [None, np.zeros((50, 50)), np.zeros((50, 50, 4), np.uint8), [[1]]])
def test_what_is_no_picture_is_a_value_error(wrong):
    for function in (prepare, naive):
        with pytest.raises(ValueError, match="array"):
            function(wrong)


@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 1024, 3), (1024, 9, 3), (28, 28, 3), (300, 400, 3)])
@pytest.mark.parametrize("kind", ["auto", "photo", "drawing"])
def test_noise_and_an_edge_give_an_answer_or_a_sentence(shape, kind):
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    edged = cv2.copyMakeBorder(np.full(shape, 255, np.uint8)[1:-1, 1:-1], 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    for rgb in (noise, edged):
        try:
            prepared = prepare(rgb, kind)
        except PictureError as error:
            assert str(error).endswith(".")
            continue
        assert prepared.pixels.shape == (28, 28) and prepared.pixels.dtype == np.uint8
        assert prepared.matrix.shape == (2, 3) and np.isfinite(prepared.matrix).all()


def person(cloth=(40, 70, 150), trousers=(60, 60, 60), skin=(214, 160, 130)):
    """(400, 300, 3) uint8: someone standing before white; and the mask of the pullover."""
    rng = np.random.default_rng(0)
    rgb = np.full((400, 300, 3), 255, np.float64)
    cv2.rectangle(rgb, (110, 240), (190, 399), trousers, -1)
    cv2.rectangle(rgb, (138, 70), (162, 110), skin, -1)
    cv2.ellipse(rgb, (150, 60), (24, 32), 0, 0, 360, skin, -1)
    for x in (82, 218):
        cv2.circle(rgb, (x, 255), 12, skin, -1)
    mask = np.zeros((400, 300), np.uint8)
    cv2.rectangle(mask, (105, 100), (195, 250), 1, -1)
    for side in (-1, 1):
        cv2.line(mask, (150 + 40 * side, 112), (150 + 68 * side, 240), 1, 26)
    rgb[mask > 0] = cloth
    rgb[rgb.min(axis=2) < 250] += rng.normal(0, 5, 3)
    rgb += rng.normal(0, 3, rgb.shape) * (rgb.min(axis=2, keepdims=True) < 250)
    return np.clip(rgb, 0, 255).astype(np.uint8), mask.astype(bool)


def test_a_worn_garment_is_cut_from_its_wearer():
    rgb, mask = person()
    search = find_garment(rgb)
    assert search.worn and search.backdrop == "white"
    assert (search.mask & mask).sum() > 0.85 * (search.mask | mask).sum()


def test_without_a_head_none_is_cut_off():
    for background in ((255, 255, 255), (150, 110, 80), (235, 233, 230)):
        for cloth in ((40, 60, 120), (214, 160, 130)):
            assert not find_garment(shirt(background=background, cloth=cloth)[0]).worn


def test_naive_squeezes_the_whole_picture():
    ramp = np.repeat(np.repeat(np.arange(0, 252, 9, dtype=np.uint8)[None, :, None], 28, 0), 3, 2)
    large = np.repeat(np.repeat(ramp, 5, axis=0), 10, axis=1)
    assert (naive(large) == ramp[..., 0]).all()
