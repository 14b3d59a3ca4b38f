"""The drawing path: ink of either polarity is found, outlines are filled, and the result is placed."""

import cv2
import numpy as np
import pytest

from data.drawn import silhouette
from data.drawn.silhouette import from_drawing, place


def paper(size: int = 120, grey: int = 255) -> np.ndarray:
    return np.full((size, size), grey, np.uint8)


def square(gap: int = 0, pen: int = 3) -> np.ndarray:
    """A square outline from 30 to 90 whose bottom edge ends `gap` pixels early."""
    page = paper()
    corners = np.array([(90 - gap, 90), (30, 90), (30, 30), (90, 30), (90, 90)], np.int32)
    cv2.polylines(page, [corners], False, 0, pen)
    return page


def test_an_outlined_square_is_filled() -> None:
    drawing = from_drawing(square())
    assert drawing.silhouette[32:88, 32:88].all()
    assert not drawing.silhouette[:27].any() and not drawing.silhouette[:, 94:].any()
    assert drawing.values[60, 60] == silhouette.INSIDE
    assert drawing.values[30, 60] == silhouette.STROKE
    assert (drawing.placed.pixels[2:26, 2:26] >= silhouette.INSIDE - 1).all()


@pytest.mark.parametrize("gap", [6, 12, 20])
def test_a_gap_in_the_outline_is_bridged(gap: int) -> None:
    drawing = from_drawing(square(gap))
    assert drawing.silhouette[40:80, 40:80].all()


def test_the_space_between_spread_legs_stays_open() -> None:
    page = paper()
    legs = [(40, 10), (80, 10), (105, 110), (80, 110), (60, 40), (40, 110), (15, 110)]
    cv2.polylines(page, [np.array(legs, np.int32)], True, 0, 3)
    drawing = from_drawing(page)
    assert drawing.silhouette[100, 28] and drawing.silhouette[100, 92]
    assert not drawing.silhouette[100, 60]


@pytest.mark.parametrize(("ground", "ink"), [(255, 0), (0, 255), (255, 200), (128, 60), (128, 200), (30, 70)])
def test_polarity_and_contrast_do_not_matter(ground: int, ink: int) -> None:
    dark = square()
    page = np.where(dark < 128, np.uint8(ink), np.uint8(ground))
    assert np.array_equal(from_drawing(page).silhouette, from_drawing(dark).silhouette)


def test_jpeg_noise_leaves_the_silhouette_alone() -> None:
    clean = square()
    ok, packed = cv2.imencode(".jpg", clean, [cv2.IMWRITE_JPEG_QUALITY, 30])
    assert ok
    noisy = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    assert noisy is not None
    assert not np.array_equal(noisy, clean)
    difference = from_drawing(noisy).silhouette ^ from_drawing(clean).silhouette
    assert difference.mean() < 0.02


def test_a_drawing_that_runs_off_the_border_is_still_read_against_its_paper() -> None:
    page = paper()
    cv2.rectangle(page, (40, 50), (80, 119), 0, -1)  # runs out of the picture at the bottom
    drawing = from_drawing(page)
    assert drawing.silhouette[60:119, 45:75].all()
    assert not drawing.silhouette[:40].any()


def test_a_solid_sign_keeps_its_light_details_visible() -> None:
    page = paper()
    cv2.rectangle(page, (30, 20), (90, 100), 0, -1)
    page[20:101, 59:62] = 255
    drawing = from_drawing(page)
    assert drawing.silhouette[30:90, 60].all()  # the white line is part of the garment
    assert int(drawing.values[60, 45]) - int(drawing.values[60, 60]) > 60


def test_bold_outlines_stay_brighter_than_what_they_enclose() -> None:
    drawing = from_drawing(square(pen=6))
    assert drawing.values[60, 60] == silhouette.INSIDE < drawing.values[30, 60]


def test_a_thin_strap_survives_the_reduction() -> None:
    page = paper(400)
    cv2.rectangle(page, (60, 200), (340, 380), 0, -1)
    cv2.ellipse(page, (200, 200), (90, 170), 0, 180, 360, 0, 3)  # 3 of 350 pixels: a quarter of a pixel at 28
    pixels = from_drawing(page).placed.pixels
    assert (pixels[:12].max(1) > 110).all()


def test_an_open_scribble_stays_lines() -> None:
    page = paper()
    cv2.line(page, (20, 100), (100, 20), 0, 3)
    drawing = from_drawing(page)
    assert drawing.silhouette[60, 60] and not drawing.silhouette[90, 90]
    assert drawing.placed.pixels.max() > 150


def test_dust_does_not_move_the_bounding_box() -> None:
    page = square()
    page[3:5, 3:5] = 0
    drawing = from_drawing(page)
    assert drawing.ink[3, 3] and not drawing.silhouette[3, 3]
    assert np.array_equal(drawing.placed.pixels, from_drawing(square()).placed.pixels)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_empty_paper_is_refused_with_a_sentence(grey: int) -> None:
    with pytest.raises(ValueError, match=r"no drawing.*\.$"):
        from_drawing(paper(grey=grey))


def test_what_is_not_a_grey_picture_is_refused() -> None:
    for wrong in (np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5), np.float32), np.zeros((0, 5), np.uint8)):
        with pytest.raises(ValueError, match="picture of uint8"):
            from_drawing(wrong)


@pytest.mark.parametrize(("height", "width"), [(56, 28), (30, 90), (7, 7), (5, 20), (300, 2), (1, 1)])
def test_place_fits_the_longest_side_and_centres(height: int, width: int) -> None:
    mask = np.zeros((320, 110), bool)
    mask[11 : 11 + height, 9 : 9 + width] = True
    placed = place(np.full(mask.shape, 200, np.uint8), mask)
    assert placed.pixels.shape == (28, 28) and placed.pixels.dtype == np.uint8
    rows, columns = np.flatnonzero(placed.pixels.any(1)), np.flatnonzero(placed.pixels.any(0))
    assert max(len(rows), len(columns)) == 28
    for filled in (rows, columns):
        assert abs(filled[0] - (27 - filled[-1])) <= 1
    assert placed.pixels.max() == 200


def test_outside_the_mask_is_exactly_zero() -> None:
    values = np.full((60, 60), 255, np.uint8)
    yy, xx = np.mgrid[:60, :60]
    mask = (xx - 30) ** 2 + (yy - 30) ** 2 < 20**2
    pixels = place(values, mask).pixels
    assert (pixels[0, 0], pixels[0, 27], pixels[27, 0], pixels[27, 27]) == (0, 0, 0, 0)
    assert pixels[14, 14] == 255


def test_the_matrix_takes_the_corners_of_the_box_to_the_corners_of_the_picture() -> None:
    mask = np.zeros((100, 80), bool)
    mask[10:66, 20:48] = True  # 56 tall, 28 wide: scale 1/2, so 28 by 14, columns 7 to 20
    matrix = place(mask.astype(np.uint8), mask).matrix
    assert matrix.shape == (2, 3) and matrix.dtype == np.float64
    # The outer edge of a box is half a pixel outside the centres of its first and last pixels.
    assert matrix @ (19.5, 9.5, 1) == pytest.approx((6.5, -0.5))
    assert matrix @ (47.5, 65.5, 1) == pytest.approx((20.5, 27.5))


def test_the_matrix_agrees_with_warping() -> None:
    yy, xx = np.mgrid[:140, :140]
    values = (yy + xx // 2).astype(np.uint8)
    mask = np.zeros(values.shape, bool)
    mask[14:126, 28:126] = True
    placed = place(values, mask)
    warped = cv2.warpAffine(values, placed.matrix, (28, 28), flags=cv2.INTER_LINEAR)
    inside = placed.pixels > 0
    assert np.abs(warped[inside].astype(int) - placed.pixels[inside]).max() <= 2


def test_place_refuses_an_empty_mask_and_unequal_shapes() -> None:
    with pytest.raises(ValueError, match="nothing"):
        place(np.zeros((4, 4), np.uint8), np.zeros((4, 4), bool))
    with pytest.raises(ValueError, match="one size"):
        place(np.zeros((4, 4), np.uint8), np.ones((4, 5), bool))
