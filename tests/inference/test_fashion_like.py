"""Pictures of Fashion-MNIST that are uploaded: unchanged, or nearly so after JPEG, scaling or inversion."""

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks.altered_input import NEARLY, UNCHANGED, saved
from data.drawn.garments import Garments
from inference.fashion_like import recognise
from inference.preprocess import prepare
from tests.inference.test_preprocess import drawn_shirt, shirt

GARMENTS = [np.asarray(image) for image, _ in (Garments(20)[number] for number in range(20))]


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
@pytest.mark.parametrize("name", UNCHANGED)
def test_a_picture_of_the_data_set_goes_through_unchanged_and_says_so(name, mode):
    for pixels in GARMENTS[:10]:
        rgb = saved(UNCHANGED[name](Image.fromarray(pixels)).convert(mode))
        prepared = prepare(rgb)
        assert (prepared.pixels == pixels).all() and prepared.kind == "photo"
        assert [stage.name for stage in prepared.stages] == ["Your picture", "What the network saw"]
        assert "unchanged" in prepared.stages[0].caption
        centre = prepared.matrix @ (len(rgb) / 2 - 0.5, len(rgb) / 2 - 0.5, 1)
        assert centre == pytest.approx((13.5, 13.5))


@pytest.mark.parametrize("name", NEARLY)
def test_a_near_miss_is_hardly_changed(name):
    kind, change = NEARLY[name]
    for pixels in GARMENTS:
        prepared = prepare(saved(change(Image.fromarray(pixels)), kind))
        assert np.abs(prepared.pixels.astype(int) - pixels).mean() < 8
        assert "Fashion-MNIST" in prepared.stages[0].caption


def test_what_is_no_such_picture_is_not_taken_for_one():
    for rgb in (shirt()[0], shirt(background=(0, 0, 0), cloth=(200, 190, 60))[0], drawn_shirt()[0]):
        assert recognise(rgb) is None
        small = cv2.resize(rgb, (60, 60), interpolation=cv2.INTER_AREA)
        assert recognise(255 - small if rgb[0, 0, 0] else small) is None  # does not fill the picture
    coloured = np.repeat(GARMENTS[0][..., None], 3, axis=2) * np.array([1, 1, 0], np.uint8)
    assert recognise(coloured) is None
    without_background = np.repeat(np.maximum(GARMENTS[0], 40)[..., None], 3, axis=2)
    assert recognise(without_background) is None
    assert prepare(np.repeat(GARMENTS[0][..., None], 3, axis=2), "drawing").kind == "drawing"
