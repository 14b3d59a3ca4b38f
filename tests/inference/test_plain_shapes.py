"""A dot, a line, a grid and a chessboard come with a warning; garments do not."""

import cv2
import numpy as np
import pytest

from data.drawn import garments
from inference.plain_shapes import LINE, PATTERN, ROUND
from inference.preprocess import prepare


def squares(sheet, first, last, side):
    for row, y in enumerate(range(first, last, side)):
        for x in range(first + side * (row % 2), last, 2 * side):
            cv2.rectangle(sheet, (x, y), (x + side - 1, y + side - 1), 0, -1)


def lines(sheet, first, last, across=True):
    for place in range(first, last, 30):
        cv2.line(sheet, (place, first), (place, last), 0, 4)
        if across:
            cv2.line(sheet, (first, place), (last, place), 0, 4)


SHAPES = {
    "dot": (ROUND, lambda sheet: cv2.circle(sheet, (150, 150), 10, 0, -1, cv2.LINE_AA)),
    "ball": (ROUND, lambda sheet: cv2.ellipse(sheet, (150, 150), (110, 90), 20, 0, 360, 0, -1, cv2.LINE_AA)),
    "ring": (ROUND, lambda sheet: cv2.circle(sheet, (150, 150), 100, 0, 8, cv2.LINE_AA)),
    "line": (LINE, lambda sheet: cv2.line(sheet, (150, 30), (150, 270), 0, 8)),
    "slanting line": (LINE, lambda sheet: cv2.line(sheet, (40, 60), (270, 230), 0, 8, cv2.LINE_AA)),
    "grid": (PATTERN, lambda sheet: lines(sheet, 10, 310)),
    "grid with a margin": (PATTERN, lambda sheet: lines(sheet, 60, 240)),
    "stripes": (PATTERN, lambda sheet: lines(sheet, 0, 300, across=False)),
    "chessboard": (PATTERN, lambda sheet: squares(sheet, 0, 300, 30)),
    "chessboard with a margin": (PATTERN, lambda sheet: squares(sheet, 30, 270, 30)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_plain_shape_comes_with_a_warning(name):
    sentence, draw = SHAPES[name]
    sheet = np.full((300, 300), 255, np.uint8)
    draw(sheet)
    for gray, kind in ((sheet, "auto"), (255 - sheet, "auto"), (sheet, "drawing"), (sheet, "photo")):
        assert prepare(np.repeat(gray[..., None], 3, axis=2), kind).unlike == sentence


def test_garments_come_without_such_a_warning():
    for label in range(10):
        sketch = garments.sketch(label, np.random.default_rng(label), 240)
        assert prepare(np.repeat(sketch[..., None], 3, axis=2)).unlike == ""
    for label in (1, 3, 8):  # trousers, a dress and a bag
        assert prepare(garments.picture(label, np.random.default_rng(label), 240)).unlike == ""
