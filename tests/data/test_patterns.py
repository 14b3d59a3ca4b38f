"""The patterns are those of the tutorials, and grids called neither are neither."""

import pytest
import torch

from data import patterns
from data.batches import random_source

SHAPES = torch.tensor(patterns.PATTERNS, dtype=torch.float32)


def same_as(grids: torch.Tensor) -> torch.Tensor:
    """Whether each grid is exactly A or B, apart from its intensity."""
    scaled = grids / grids.amax(dim=(1, 2), keepdim=True)
    return (scaled.unsqueeze(1) == SHAPES).all(dim=(2, 3)).any(1)


def test_patterns_are_those_of_the_tutorials():
    assert patterns.pattern(patterns.A, 7) == [[0, 7, 0, 7]] * 4
    assert patterns.pattern(patterns.B, 999999999) == [
        [999999999] * 4,
        [0, 999999999, 0, 999999999],
        [0, 999999999, 0, 999999999],
        [999999999] * 4,
    ]


def test_tutorial_set_is_a_then_b_at_0_to_19():
    inputs, labels = patterns.tutorial_set()
    assert inputs.shape == (40, 1, 4, 4) and inputs.dtype == torch.float32
    assert labels.tolist() == [0] * 20 + [1] * 20
    for label in (0, 1):
        for i in range(20):
            assert inputs[20 * label + i, 0].tolist() == patterns.pattern(label, i)


@pytest.mark.parametrize("name", patterns.NEITHERS)
def test_every_kind_of_neither_is_neither(name):
    grids = patterns.NEITHERS[name](3000, random_source(1))
    assert grids.shape == (3000, 4, 4) and grids.dtype == torch.float32
    assert grids.min() >= 0 and grids.max() <= 1
    assert (grids.amax(dim=(1, 2)) > 0).all(), "a dark grid is not a pattern of any kind"
    assert not same_as(grids).any()


def test_shifted_grids_hold_every_move_of_a_by_one_cell():
    shifted = {tuple(grid.flatten().tolist()) for grid in patterns.shifted_grids(5000, random_source(2))}
    moved_left = [[1.0, 0, 1, 0]] * 4
    moved_down = [[0.0] * 4] + [[0.0, 1, 0, 1]] * 3
    for moved in (moved_left, moved_down):
        assert tuple(torch.tensor(moved).flatten().tolist()) in shifted


def test_inverted_grids_are_the_two_patterns_inverted():
    inverted = {tuple(grid.flatten().tolist()) for grid in patterns.inverted_grids(100, random_source(3))}
    assert inverted == {tuple((1 - shape).flatten().tolist()) for shape in SHAPES}


def test_near_grids_differ_in_one_to_three_cells():
    grids = patterns.near_grids(2000, random_source(4))
    wrong = (grids.unsqueeze(1) != SHAPES).sum(dim=(2, 3)).amin(1)
    assert wrong.min() == 1 and wrong.max() == 3


def test_noise_has_the_requested_deviation_and_no_cell_is_below_zero():
    clean = torch.full((4000, 4, 4), 5.0)
    noisy = patterns.noisy(clean, 0.2, random_source(5))
    assert (noisy - clean).std().item() == pytest.approx(0.2, rel=0.02)
    assert patterns.noisy(torch.zeros(100, 4, 4), 0.2, random_source(6)).min() == 0


def test_mixture_has_a_third_of_each_class_at_every_order_of_magnitude():
    inputs, labels = patterns.mixture(9000, seed=1)
    assert inputs.shape == (9000, 1, 4, 4) and inputs.isfinite().all() and inputs.min() >= 0
    assert labels.bincount().tolist() == [3000, 3000, 3000]
    powers = inputs.amax(dim=(1, 2, 3)).log10().floor().long().clamp(0, 8)
    assert (powers.bincount(minlength=9) > 600).all()


def test_labels_of_the_mixture_fit_without_noise():
    inputs, labels = patterns.mixture(3000, seed=2, noise=0.0)
    scaled = inputs[:, 0] / inputs.amax(dim=(1, 2, 3)).view(-1, 1, 1)
    for label, shape in enumerate(SHAPES):
        assert torch.equal((scaled == shape).all(dim=(1, 2)), labels == label)


def test_mixture_follows_its_seed():
    first, again, other = (patterns.mixture(300, seed)[0] for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
