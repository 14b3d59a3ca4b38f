"""Augmentation: what changes, what must not, and the fitting against hand-computed values."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from data import augment
from data.augment import as_found, fitted, standard

BOTH = pytest.mark.parametrize("change", [standard, as_found])


def source(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def box(rows: slice, columns: slice, value: float = 1.0, copies: int = 1) -> Tensor:
    images = torch.zeros(copies, 1, 28, 28)
    images[:, :, rows, columns] = value
    return images


def shirts(copies: int) -> Tensor:
    """A body and two sleeves, brighter to the left, on a background with the data set's faint noise."""
    images = torch.full((copies, 1, 28, 28), 0.01)
    images[:, :, 0:28, 8:20] = torch.linspace(0.9, 0.3, 12)
    images[:, :, 2:10, 2:26] = 0.6
    return images


@BOTH
def test_shape_range_and_variety(change):
    images = change(shirts(200), source())
    assert images.shape == (200, 1, 28, 28) and images.dtype == torch.float32
    assert torch.isfinite(images).all()
    assert images.min() >= 0 and images.max() <= 1
    # `standard` has 50 ways to move and mirror, and does nothing else to half of the pictures
    assert len({tuple(image.flatten().tolist()) for image in images}) > 100


@BOTH
def test_the_generator_decides(change):
    images = shirts(20)
    before, state = images.clone(), torch.get_rng_state()
    assert torch.equal(change(images, source(3)), change(images, source(3)))
    assert not torch.equal(change(images, source(3)), change(images, source(4)))
    assert torch.equal(images, before), "the pictures passed in were changed"
    assert torch.equal(torch.get_rng_state(), state), "torch's own generator was used"


@BOTH
def test_odd_pictures_pass(change):
    corner = box(slice(27, 28), slice(0, 1), copies=8)
    for images in (torch.zeros(8, 1, 28, 28), torch.ones(8, 1, 28, 28), corner):
        out = change(images, source())
        assert torch.isfinite(out).all() and out.min() >= 0 and out.max() <= 1


def test_standard_moves_mirrors_and_erases():
    """A bright pixel in each picture shows where the picture went."""
    images = box(slice(10, 11), slice(5, 6), value=2.0, copies=4000)  # brighter than anything that erases
    out = standard(images, source())
    places = (out == 2.0).nonzero()
    cells = {(row, column) for _, _, row, column in places.tolist()}
    left = {(10 + down, 5 + right) for down in range(-2, 3) for right in range(-2, 3)}
    mirrored = {(row, 27 - column) for row, column in left}
    assert cells == left | mirrored
    in_mirror = sum((row, column) in mirrored for _, _, row, column in places.tolist()) / len(places)
    assert in_mirror == pytest.approx(0.5, abs=0.03)

    rest = torch.where(out == 2.0, torch.zeros(()), out).flatten(1)
    erased = rest.amax(1) > 0
    assert erased.float().mean() == pytest.approx(0.5, abs=0.03)
    # one grey value in each erased box, a different one each time
    greys = [row[row > 0].unique() for row in rest[erased]]
    assert all(len(grey) == 1 for grey in greys) and len(torch.cat(greys).unique()) > 1000


def test_as_found_keeps_the_background_at_exactly_zero(monkeypatch):
    """Apart from erased boxes, which may be anywhere: around a narrow garment most of the frame is empty."""
    monkeypatch.setattr(augment, "_erased", lambda images, share, generator: images)
    images = box(slice(0, 28), slice(9, 19), value=0.5, copies=300) + 0.01
    out = as_found(images, source())
    assert ((out == 0).float().mean((1, 2, 3)) > 0.25).all()
    assert ((out > augment.GARMENT).float().mean((1, 2, 3)) > 0.1).all(), "the garment is gone"


def test_as_found_fills_the_frame_again(monkeypatch):
    monkeypatch.setattr(augment, "_erased", lambda images, share, generator: images)
    images = box(slice(4, 22), slice(11, 17), value=0.7, copies=300)
    inside = as_found(images, source()).squeeze(1) > 0
    upright = inside[:, :2].any((1, 2)) & inside[:, -2:].any((1, 2))
    level = inside[:, :, :2].any((1, 2)) & inside[:, :, -2:].any((1, 2))
    assert (upright | level).all()
    assert upright.sum() > 250, "a garment three times as high as wide lies down"


def test_as_found_shows_both_sides_and_many_tones():
    out = as_found(shirts(500), source())
    left, right = out[..., :14].mean((1, 2, 3)), out[..., 14:].mean((1, 2, 3))
    assert 0.35 < (left > right).float().mean() < 0.65, "a picture brighter to the left stays so"
    tones = torch.stack([image[image > augment.GARMENT].mean() for image in out])
    assert tones.min() < 0.35 and tones.max() > 0.7


def test_fitted_brings_a_small_box_to_the_middle_at_full_height():
    """Rows 3 to 12 and columns 2 to 7: ten high, six wide, so 2.8 times larger, 28 high and 16.8 wide.

    Output pixel i looks at input edge coordinate centre + 5 (2i - 27) / 28, with centres 8 (rows) and 5
    (columns); bilinear sampling then mixes the two nearest pixel centres.
    """
    out = fitted(box(slice(3, 13), slice(2, 8)))[0, 0]
    assert torch.equal(out[13:15, 13:15], torch.ones(2, 2))
    # row 0 looks at 8 - 5 * 27 / 28 = 3.1786: 0.3214 of the empty row above, 0.6786 of the box's first row
    column = out[:, 13]
    assert column[0] == pytest.approx(0.6786, abs=1e-4) and column[27] == pytest.approx(0.6786, abs=1e-4)
    # row 1 looks at 3.5357, already past the middle of the first row
    assert column[1:27] == pytest.approx(torch.ones(26))
    # columns 5, 6, 7 look at 5 - 5 * (17, 15, 13) / 28 = 1.9643, 2.3214, 2.6786
    row = out[13]
    assert row[:8] == pytest.approx([0, 0, 0, 0, 0.1071, 0.4643, 0.8214, 1], abs=1e-4)
    assert row == pytest.approx(row.flip(0), abs=1e-5)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(slice(0, 4), slice(0, 20)), (slice(20, 28), slice(25, 28)), (slice(5, 23), slice(5, 23))],
)
def test_fitted_keeps_proportions_and_centres(rows, columns):
    out = fitted(box(rows, columns))[0, 0]
    height, width = rows.stop - rows.start, columns.stop - columns.start
    scale = 28 / max(height, width)
    assert out.amax(1).sum() == pytest.approx(height * scale, abs=1.1)
    assert out.amax(0).sum() == pytest.approx(width * scale, abs=1.1)
    place = torch.arange(28).float()
    assert (out.sum(1) * place).sum() / out.sum() == pytest.approx(13.5, abs=0.05)
    assert (out.sum(0) * place).sum() / out.sum() == pytest.approx(13.5, abs=0.05)


def test_fitted_leaves_alone_what_has_nothing_to_fit():
    full = torch.rand(1, 1, 28, 28, generator=source()) + 0.5
    faint = box(slice(3, 5), slice(3, 5), value=0.02)
    assert torch.allclose(fitted(full), full, atol=1e-5)
    assert torch.equal(fitted(faint), faint), "noise below a garment's brightness was taken for one"


def test_fitted_does_not_blow_up_a_speck():
    """A single pixel grows seven times at most, not to the whole frame."""
    out = fitted(box(slice(20, 21), slice(6, 7)))[0, 0]
    assert (out > 0.5).sum() < 8 * 8 and out[13:15, 13:15].min() > 0.5
