"""Answers to 4x4 grids: every number against hand arithmetic or torch, every bad input refused."""

import json
import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from data.patterns import pattern
from inference import patterns as p
from models.checkpoint import load
from settings import CHECKPOINTS

GRIDS = [
    pattern(0, 10),
    pattern(1, 0.5),
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]],
    [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 3e-9, 0], [0, 0, 0, 0]],
    pattern(1, 999999999),
]


def numbered() -> p.PatternNetwork:
    """Kernel k is (k + 1) / 10 times 0, 1, ..., 15."""
    return p.from_kernels([(k + 1) / 10 * cell for k in range(4) for cell in range(16)])


@pytest.mark.parametrize("intensity", [*range(1, 20), 999999999])
@pytest.mark.parametrize("name", p.NETWORKS)
@pytest.mark.parametrize("label", [0, 1])
def test_shipped_networks_are_right_at_every_intensity(name, label, intensity):
    answer = p.classify(p.trained(name), pattern(label, intensity))
    assert answer.label == label
    assert math.fsum(answer.softmax.probabilities) == pytest.approx(1)
    assert all(math.isfinite(logit) for logit in answer.softmax.logits)


def test_answer_by_hand():
    answer = p.classify(numbered(), pattern(0, 2))
    # 2 * (1+3 + 5+7 + 9+11 + 13+15) = 128 tenths, twice, three and four times as many
    assert answer.softmax.logits == pytest.approx((12.8, 25.6, 38.4, 51.2))
    assert answer.label == 3
    assert answer.softmax.largest == pytest.approx(51.2)
    powers = [math.exp(-38.4), math.exp(-25.6), math.exp(-12.8), 1.0]
    assert answer.softmax.exponentials == pytest.approx(powers, rel=1e-9)
    assert answer.softmax.total == pytest.approx(sum(powers))
    assert answer.softmax.probabilities == pytest.approx([x / sum(powers) for x in powers], rel=1e-9)


def test_products_by_hand():
    responses = p.responses(numbered(), pattern(1, 3))
    assert responses[0].kernel[1] == pytest.approx((0.4, 0.5, 0.6, 0.7))
    assert responses[0].products[1] == pytest.approx((0, 1.5, 0, 2.1))
    # lit cells of B: 0 1 2 3, 5 7, 9 11, 12 13 14 15 -> 92; times 3, in tenths
    assert [r.total for r in responses] == pytest.approx([27.6, 55.2, 82.8, 110.4])
    assert {r.bias for r in responses} == {0.0}


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", p.NETWORKS)
@pytest.mark.parametrize("make", [p.trained, p.untrained])
def test_numbers_add_up_to_what_torch_answers(name, make, grid):
    network = make(name)
    logits = network.model(torch.tensor(grid, dtype=torch.float64).view(1, 1, 4, 4))[0]
    answer = p.classify(network, grid)
    assert answer.softmax.logits == pytest.approx(logits.tolist())
    assert answer.softmax.probabilities == pytest.approx(torch.softmax(logits, 0).tolist())
    parts = [x / answer.softmax.total for x in answer.softmax.exponentials]
    assert parts == pytest.approx(answer.softmax.probabilities)
    for r in p.responses(network, grid):
        assert math.fsum(x for row in r.products for x in row) + r.bias == pytest.approx(r.total, abs=1e-6)


@pytest.mark.parametrize("grid", GRIDS)
def test_inside_of_pattern_cnn_leads_to_its_logits(grid):
    network = p.trained("pattern_cnn")
    inside = p.hidden(network, grid)
    largest = max(cell for row in grid for cell in row)
    assert inside.largest == largest
    assert inside.scaled == tuple(tuple(pytest.approx(cell / largest) for cell in row) for row in grid)
    assert inside.after_relu == pytest.approx([max(0.0, r.total) for r in inside.responses])
    sums = [math.fsum(s[k] for s in inside.shares) + inside.biases[k] for k in range(3)]
    assert sums == pytest.approx(p.classify(network, grid).softmax.logits)


def test_dark_grid_has_no_answer():
    for name in p.NETWORKS:
        answer = p.classify(p.trained(name), [[0] * 4] * 4)
        assert answer.label is None
        assert all(math.isfinite(share) for share in answer.softmax.probabilities)
    assert p.classify(p.trained("pattern_conv"), [[0] * 4] * 4).softmax.probabilities == (0.25,) * 4


def test_untrained_network_is_the_one_the_shipped_one_began_as():
    _, card = load(CHECKPOINTS, "pattern_conv")
    torch.manual_seed(card.seed)
    torch_own = nn.Conv2d(1, 4, kernel_size=4, bias=False).weight.double()
    assert torch.equal(p.untrained("pattern_conv").model.conv.weight, torch_own)
    assert not torch.equal(p.trained("pattern_conv").model.conv.weight, torch_own)


def test_kernels_go_out_and_come_back():
    network = p.trained("pattern_conv")
    again = p.from_kernels(p.kernels_of(network.model))
    assert torch.equal(again.model.conv.weight, network.model.conv.weight)
    assert again.classes == network.classes


def test_difference_by_hand():
    kernels = [0.0] * 64
    kernels[0], kernels[16 + 1], kernels[32 + 2] = 1.0, 2.0, 3.0
    first, second = [[1, 2, 3, 0], *[[0] * 4] * 3], [[4, 2, 1, 0], *[[0] * 4] * 3]
    difference = p.difference(p.from_kernels(kernels), first, second)
    assert difference.first == (1, 4, 9, 0) and difference.second == (4, 4, 3, 0)
    assert difference.squares == (9, 0, 36, 0)
    assert difference.mse == 11.25


@pytest.mark.parametrize("name", p.NETWORKS)
def test_difference_is_torchs_mse_and_zero_for_the_same_grid(name):
    network = p.trained(name)
    a, b = (torch.tensor(g, dtype=torch.float64).view(1, 1, 4, 4) for g in GRIDS[1:3])
    expected = nn.MSELoss()(network.model(a), network.model(b)).item()
    assert p.difference(network, GRIDS[1], GRIDS[2]).mse == pytest.approx(expected)
    assert p.difference(network, GRIDS[0], GRIDS[0]).mse == 0


def test_training_moves_a_and_b_apart():
    apart = [
        p.difference(make("pattern_conv"), pattern(0, 10), pattern(1, 10)).mse
        for make in (p.untrained, p.trained)
    ]
    assert apart[1] > apart[0]


def test_rows_of_a_add_up_to_a():
    parts = p.parts_of_a(p.trained("pattern_conv"), 7)
    assert parts.whole.softmax.logits == p.classify(p.trained("pattern_conv"), pattern(0, 7)).softmax.logits
    assert parts.total == pytest.approx(parts.whole.softmax.logits)
    second_row = [[0] * 4, [0, 7, 0, 7], [0] * 4, [0] * 4]
    assert parts.rows[1] == p.classify(p.trained("pattern_conv"), second_row)


def test_pattern_cnn_says_neither_to_each_row_of_a_and_a_to_a():
    network = p.trained("pattern_cnn")
    for lit in range(4):
        row = [[0, 10, 0, 10] if r == lit else [0] * 4 for r in range(4)]
        assert network.classes[p.classify(network, row).label] == "neither"


BAD_GRIDS: list[Any] = [
    None,
    True,
    7,
    "0 1 0 1",
    {},
    [],
    [[0] * 4] * 3,
    [[0] * 4] * 5,
    [[0] * 4] * 3 + [[0] * 3],
    [[0] * 4] * 3 + ["0101"],
    [[0] * 4] * 3 + [None],
    *[
        [[0] * 4] * 3 + [[0, 0, 0, bad]]
        for bad in (None, True, "1", "<b>", math.nan, math.inf, -math.inf, -1, -1e-9, 1e13, 10**400)
    ],
    [[0] * 4] * 3 + [[0, 0, 0, [1]]],
    [[0] * 4] * 3 + [[0, 0, 0, 1j]],
]


@pytest.mark.parametrize("grid", BAD_GRIDS, ids=lambda grid: repr(grid)[-40:])
def test_bad_grids_are_refused_with_a_sentence(grid):
    with pytest.raises(p.PatternError, match=r"\.$") as refusal:
        p.classify(p.trained("pattern_conv"), grid)
    assert "<" not in str(refusal.value), "the input is not repeated"


def test_refusal_names_the_cell():
    with pytest.raises(p.PatternError, match="row 2, column 3, must be a number from 0 to 1,000,000,000,000"):
        p.check_grid([[0] * 4, [0, 0, -2, 0], [0] * 4, [0] * 4])


@pytest.mark.parametrize("name", [None, 3, "", "fashion", "../pattern_conv", ["pattern_conv"]])
def test_bad_networks_are_refused_with_a_sentence(name):
    for make in (p.trained, p.untrained):
        with pytest.raises(p.PatternError, match="must be one of pattern_conv, pattern_cnn, not "):
            make(name)


BAD_WEIGHTS: list[Any] = [math.nan, True, "1"]


@pytest.mark.parametrize(
    "kernels", [None, [], [0.0] * 63, "0" * 64, *[[0.0] * 63 + [bad] for bad in BAD_WEIGHTS]]
)
def test_bad_weights_are_refused_with_a_sentence(kernels):
    with pytest.raises(p.PatternError, match=r"\.$"):
        p.from_kernels(kernels)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=30,
)


@given(JSON)
def test_anything_is_either_a_grid_or_a_sentence(value):
    try:
        grid = p.check_grid(value)
    except p.PatternError as error:
        assert str(error).endswith(".")
    else:
        assert [len(row) for row in grid] == [4] * 4
        assert json.loads(json.dumps(grid)) == grid


@given(st.lists(st.lists(st.floats(0, 1e12), min_size=4, max_size=4), min_size=4, max_size=4))
def test_every_grid_gets_finite_numbers(grid):
    for name in p.NETWORKS:
        softmax = p.classify(p.trained(name), grid).softmax
        assert all(math.isfinite(x) for x in (*softmax.logits, *softmax.exponentials, softmax.total))
        assert math.fsum(softmax.probabilities) == pytest.approx(1)
