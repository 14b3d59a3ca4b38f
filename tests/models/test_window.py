"""The sliding window: what its lists of cells add up to is what the real layer of torch gives."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace

import pytest
import torch

from models.arithmetic import Input, LayerError, LayerSpec, as_kind, output_shape, problems
from models.layer_kinds import panel_kinds
from models.window import LARGEST, LARGEST_OUTPUT, Window, window

pytestmark = pytest.mark.usefixtures("one_thread")


def random_layers(kind: str, count: int) -> list[tuple[LayerSpec, int, int, int]]:
    """Layers that run, each with the height and width of its input and a seed."""
    rng = random.Random(kind)

    def pair(low: int, high: int) -> tuple[int, int]:
        return rng.randint(low, high), rng.randint(low, high)

    layers: list[tuple[LayerSpec, int, int, int]] = []
    while len(layers) < count:
        layer = LayerSpec(
            "ConvTranspose2d", 1, 1, pair(1, 5), pair(1, 3), pair(0, 3), pair(1, 6), pair(0, 2),
            bias=rng.random() < 0.5,
        )  # fmt: skip
        layer = as_kind(layer, kind)
        if kind == "Conv2d" and rng.random() < 0.3:
            layer = replace(layer, padding=rng.choice(("same", "valid")), stride=(1, 1))
        h, w = pair(1, LARGEST)
        in_shape = Input(1, 1, h, w)
        if not problems(layer, in_shape) and max(output_shape(layer, in_shape)) <= LARGEST_OUTPUT:
            layers.append((layer, h, w, rng.randrange(1000)))
    return layers


def cells(small: Window, o: int, p: int) -> list[tuple[tuple[int, int], tuple[int, int], int | None]]:
    """((input row, column), (kernel row, column), value) of a window; None for padding."""
    height, width = len(small.input), len(small.input[0])
    return [
        ((i, j), (k, m), small.input[i][j] if 0 <= i < height and 0 <= j < width else None)
        for i, k in small.rows[o]
        for j, m in small.columns[p]
    ]


def outputs(small: Window):
    assert len(small.output) == len(small.rows)
    for o, row in enumerate(small.output):
        assert len(row) == len(small.columns)
        for p, value in enumerate(row):
            yield o, p, value


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
def test_products_of_the_cells_add_up_to_torchs_output(kind):
    padded = 0
    for layer, h, w, seed in random_layers(kind, 250):
        small = window(layer, h, w, seed)
        for o, p, value in outputs(small):
            read = cells(small, o, p)
            padded += any(x is None for *_, x in read)
            total = sum((x or 0) * small.kernel[k][m] for _, (k, m), x in read)
            assert value == total + small.bias and value == int(value), (layer, h, w)
        assert layer.bias or small.bias == 0
    assert (padded > 0) == (kind == "Conv2d")


def test_the_winner_of_a_max_pool_is_the_first_of_the_largest():
    empty = 0
    for layer, h, w, seed in random_layers("MaxPool2d", 250):
        small = window(layer, h, w, seed)
        for o, p, value in outputs(small):
            real = [(place, x) for place, _, x in cells(small, o, p) if x is not None]
            if not real:
                empty += 1
                assert value is None and small.winners[o][p] is None
                continue
            largest = max(x for _, x in real)
            assert value == largest
            assert small.winners[o][p] == next(place for place, x in real if x == largest)
    assert empty > 0, "a dilated window of padding alone is part of this test"


def test_an_average_counts_the_padding():
    for layer, h, w, seed in random_layers("AvgPool2d", 250):
        small = window(layer, h, w, seed)
        assert small.kernel == [] and small.winners == [] and small.bias == 0
        for o, p, value in outputs(small):
            read = cells(small, o, p)
            assert len(read) == small.divisor
            assert value == pytest.approx(sum(x or 0 for *_, x in read) / small.divisor, rel=1e-6)


def test_a_window_by_hand():
    small = window(LayerSpec("Conv2d", kernel=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), 3, 4)
    assert small.rows == [[(-1, 0), (0, 1), (1, 2)], [(1, 0), (2, 1), (3, 2)]]
    assert small.columns == [[(0, 0), (2, 1)], [(1, 0), (3, 1)]]
    up = window(LayerSpec("ConvTranspose2d", kernel=(3, 1), stride=(2, 2), output_padding=(0, 1)), 2, 2)
    # rows: input 0 is written to 0, 1, 2 and input 1 to 2, 3, 4; columns: to 0 and 2, and one is empty
    assert up.rows == [[(0, 0)], [(0, 1)], [(1, 0), (0, 2)], [(1, 1)], [(1, 2)]]
    assert up.columns == [[(0, 0)], [], [(1, 0)], []]


@pytest.mark.parametrize("kind", panel_kinds())
def test_numbers_are_small_whole_and_decided_by_the_seed(kind):
    layer = LayerSpec(kind, 5, 10, kernel=(1, 1), bias=True)
    inputs, biases, kernels = set(), set(), set()
    for seed in range(60):
        small = window(layer, 3, 2, seed)
        assert json.loads(json.dumps(small.as_dict(), allow_nan=False))["output"] == small.output
        assert small == window(layer, 3, 2, seed)
        assert [len(row) for row in small.input] == [2, 2, 2]
        inputs |= {x for row in small.input for x in row}
        biases.add(small.bias)
        kernels |= {x for row in small.kernel for x in row}
    assert inputs == set(range(10))
    if layer.has_weights:
        assert biases == set(range(-3, 4)) and kernels == {-2, -1, 1, 2}, "a kernel of zeros shows nothing"


def test_torchs_global_random_numbers_do_not_matter():
    torch.manual_seed(1)
    first = window(LayerSpec(), 5, 5, 7)
    torch.manual_seed(2)
    assert window(LayerSpec(), 5, 5, 7) == first


@pytest.mark.parametrize(
    ("layer", "h", "w", "sentence"),
    [
        (LayerSpec(kernel=(5, 5)), 4, 9, "small input of 4 x 9"),
        (LayerSpec(padding="same", stride=(2, 2)), 8, 8, "stride"),
        (LayerSpec("ConvTranspose2d", stride=(8, 8)), 14, 14, f"at most {LARGEST_OUTPUT}"),
        (LayerSpec(stride=(0, 1)), 8, 8, "stride must be"),
        (LayerSpec(), 15, 8, "from 1 to 14"),
        (LayerSpec(), 8, 0, "width"),
        *[(LayerSpec(), bad, 8, "height") for bad in (None, True, math.nan, "8", 8.5, [8], -1, 10**30)],
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_sentence(layer, h, w, sentence):
    with pytest.raises(LayerError, match=sentence):
        window(layer, h, w)


@pytest.mark.parametrize("seed", [None, True, -1, 2**31, 1.5, "a"])
def test_a_seed_is_a_number(seed):
    with pytest.raises(LayerError, match="seed"):
        window(LayerSpec(), 8, 8, seed)
