"""A drawing in a frame, on a sheet on a table, or photographed on paper is the same drawing."""

import cv2
import numpy as np
import pytest

from benchmarks.altered_input import FAINT, PEN, PENCIL, framed, photographed
from inference.frame import find_inside
from inference.preprocess import prepare
from tests.inference.test_preprocess import drawn_shirt, overlap, shirt

GRAY, MASK = drawn_shirt(300, 7)
GRAY = GRAY[..., 0]
CLEAN = prepare(np.repeat(GRAY[..., None], 3, axis=2)).pixels > 0


def same(prepared):
    """Share that the garment has in common with the drawing itself, which may be turned a little."""
    garment = prepared.pixels > 0
    return (garment & CLEAN).sum() / (garment | CLEAN).sum()


@pytest.mark.parametrize("inset, width", [(12, 4), (5, 2), (0, 6), (8, 1)])
@pytest.mark.parametrize("kind", ["auto", "drawing"])
def test_a_frame_is_left_out(inset, width, kind):
    prepared = prepare(framed(GRAY, inset, width), kind)
    assert prepared.kind == "drawing" and "outside the frame" in prepared.stages[0].caption
    assert same(prepared) > 0.95
    mask = cv2.copyMakeBorder(MASK.astype(np.uint8), 20, 20, 20, 20, cv2.BORDER_CONSTANT) > 0
    assert overlap(prepared, mask) > 0.85  # and the matrix still leads there from the whole picture


def test_a_frame_that_is_not_upright_is_left_out():
    rgb = framed(GRAY, 6, 3)
    turn = cv2.getRotationMatrix2D((170, 170), 4, 0.85)
    turned = cv2.warpAffine(rgb, turn, (340, 340), flags=cv2.INTER_AREA, borderValue=(255, 255, 255))
    assert same(prepare(turned)) > 0.8


@pytest.mark.parametrize("make", [shirt, drawn_shirt])
def test_without_a_frame_nothing_is_left_out(make):
    assert find_inside(cv2.cvtColor(make()[0], cv2.COLOR_RGB2GRAY), sheet=True) is None


@pytest.mark.parametrize("paper", ["plain", "ruled", "squared"])
@pytest.mark.parametrize("ink", [PEN, PENCIL])
def test_a_drawing_on_paper_is_read_from_a_photo(paper, ink):
    for seed in (1, 2):
        prepared = prepare(photographed(GRAY, np.random.default_rng(seed), paper, ink, 1.12))
        assert prepared.kind == "drawing" and "paper was made white" in prepared.stages[0].caption
        assert same(prepared) > 0.8


@pytest.mark.parametrize("ink, zoom", [(FAINT, 1.12), (PEN, 0.85)])
def test_faint_ink_and_a_table_around_the_sheet_do_no_harm(ink, zoom):
    for seed in (1, 2):
        assert same(prepare(photographed(GRAY, np.random.default_rng(seed), "plain", ink, zoom))) > 0.8


def test_a_garment_on_the_floor_is_no_drawing():
    for background in ((235, 233, 230), (150, 110, 80)):
        for cloth in ((200, 205, 210), (40, 60, 120)):
            assert prepare(shirt(400, background, cloth, noise=3)[0]).kind == "photo"
