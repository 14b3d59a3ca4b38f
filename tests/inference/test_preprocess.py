"""Pictures made here, whose garment is known, must come out of preprocessing where and how they were put
in.
"""

import cv2
import numpy as np
import pytest

from inference.picture import PictureError
from inference.preprocess import prepare


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


@pytest.mark.parametrize("background", [(255, 255, 255), (150, 110, 80), (200, 30, 40)])
def test_a_garment_is_found_and_placed(background):
    rgb, mask = shirt(background=background)
    prepared = prepare(rgb)
    assert prepared.kind == "photo"
    expected = cv2.warpAffine(mask.astype(np.float32), prepared.matrix, (28, 28), flags=cv2.INTER_AREA) > 0.5
    found = prepared.pixels > 20
    assert (found & expected).sum() > 0.93 * (found | expected).sum()


def test_even_pictures_are_refused():
    for value in (0, 99, 255):
        with pytest.raises(PictureError, match="nothing to classify"):
            prepare(np.full((100, 80, 3), value, np.uint8))
