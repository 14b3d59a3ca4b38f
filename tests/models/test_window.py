"""The sliding window: what its lists of cells add up to is what the real layer of torch gives."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace

import pytest
import torch

from models.arithmetic import KINDS, Input, Layer, LayerError, as_kind, output_shape, problems
from models.window import LARGEST, LARGEST_OUTPUT, Window, window


@pytest.fixture(autouse=True)
def one_thread():
    """Thousands of tiny layers: a second thread only waits for the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drawn(kind: str, count: int) -> list[tuple[Layer, int, int, int]]:
    """Layers that run, each with the height and width of its input and a seed."""
    rng = random.Random(kind)

    def pair(low: int, high: int) -> tuple[int, int]:
        return rng.randint(low, high), rng.randint(low, high)

    found = []
    while len(found) < count:
        layer = Layer(
            "ConvTranspose2d", 1, 1, pair(1, 5), pair(1, 3), pair(0, 3), pair(1, 6), pair(0, 2),
            bias=rng.random() < 0.5,
        )  # fmt: skip
        layer = as_kind(layer, kind)
        if kind == "Conv2d" and rng.random() < 0.3:
            layer = replace(layer, padding=rng.choice(("same", "valid")), stride=(1, 1))
        h, w = pair(1, LARGEST)
        given = Input(1, 1, h, w)
        if not problems(layer, given) and max(output_shape(layer, given)) <= LARGEST_OUTPUT:
            found.append((layer, h, w, rng.randrange(1000)))
    return found


def cells(shown: Window, o: int, p: int) -> list[tuple[tuple[int, int], tuple[int, int], int | None]]:
    """((input row, column), (kernel row, column), value) of a window; None for padding."""
    height, width = len(shown.input), len(shown.input[0])
    return [
        ((i, j), (k, m), shown.input[i][j] if 0 <= i < height and 0 <= j < width else None)
        for i, k in shown.rows[o]
        for j, m in shown.columns[p]
    ]


def outputs(shown: Window):
    assert len(shown.output) == len(shown.rows)
    for o, row in enumerate(shown.output):
        assert len(row) == len(shown.columns)
        for p, value in enumerate(row):
            yield o, p, value


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
def test_products_of_the_cells_add_up_to_torchs_output(kind):
    padded = 0
    for layer, h, w, seed in drawn(kind, 250):
        shown = window(layer, h, w, seed)
        for o, p, value in outputs(shown):
            read = cells(shown, o, p)
            padded += any(x is None for *_, x in read)
            total = sum((x or 0) * shown.kernel[k][m] for _, (k, m), x in read)
            assert value == total + shown.bias and value == int(value), (layer, h, w)
        assert layer.bias or shown.bias == 0
    assert (padded > 0) == (kind == "Conv2d")


def test_the_winner_of_a_max_pool_is_the_first_of_the_largest():
    empty = 0
    for layer, h, w, seed in drawn("MaxPool2d", 250):
        shown = window(layer, h, w, seed)
        for o, p, value in outputs(shown):
            real = [(place, x) for place, _, x in cells(shown, o, p) if x is not None]
            if not real:
                empty += 1
                assert value is None and shown.winners[o][p] is None
                continue
            largest = max(x for _, x in real)
            assert value == largest
            assert shown.winners[o][p] == next(place for place, x in real if x == largest)
    assert empty > 0, "a dilated window of padding alone is part of this test"


def test_an_average_counts_the_padding():
    for layer, h, w, seed in drawn("AvgPool2d", 250):
        shown = window(layer, h, w, seed)
        assert shown.kernel == [] and shown.winners == [] and shown.bias == 0
        for o, p, value in outputs(shown):
            read = cells(shown, o, p)
            assert len(read) == shown.divisor
            assert value == pytest.approx(sum(x or 0 for *_, x in read) / shown.divisor, rel=1e-6)


def test_a_window_by_hand():
    shown = window(Layer("Conv2d", kernel=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), 3, 4)
    assert shown.rows == [[(-1, 0), (0, 1), (1, 2)], [(1, 0), (2, 1), (3, 2)]]
    assert shown.columns == [[(0, 0), (2, 1)], [(1, 0), (3, 1)]]
    up = window(Layer("ConvTranspose2d", kernel=(3, 1), stride=(2, 2), output_padding=(0, 1)), 2, 2)
    # rows: input 0 is written to 0, 1, 2 and input 1 to 2, 3, 4; columns: to 0 and 2, and one is empty
    assert up.rows == [[(0, 0)], [(0, 1)], [(1, 0), (0, 2)], [(1, 1)], [(1, 2)]]
    assert up.columns == [[(0, 0)], [], [(1, 0)], []]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_small_whole_and_decided_by_the_seed(kind):
    layer = Layer(kind, 5, 10, kernel=(1, 1), bias=True)
    seen, biases, kernels = set(), set(), set()
    for seed in range(60):
        shown = window(layer, 3, 2, seed)
        assert json.loads(json.dumps(shown.as_dict(), allow_nan=False))["output"] == shown.output
        assert shown == window(layer, 3, 2, seed)
        assert [len(row) for row in shown.input] == [2, 2, 2]
        seen |= {x for row in shown.input for x in row}
        biases.add(shown.bias)
        kernels |= {x for row in shown.kernel for x in row}
    assert seen == set(range(10))
    if not layer.pools:
        assert biases == set(range(-3, 4)) and kernels == {-2, -1, 1, 2}, "a kernel of zeros shows nothing"


def test_torchs_own_random_numbers_do_not_decide():
    torch.manual_seed(1)
    first = window(Layer(), 5, 5, 7)
    torch.manual_seed(2)
    assert window(Layer(), 5, 5, 7) == first


@pytest.mark.parametrize(
    ("layer", "h", "w", "said"),
    [
        (Layer(kernel=(5, 5)), 4, 9, "small input of 4 x 9"),
        (Layer(padding="same", stride=(2, 2)), 8, 8, "stride"),
        (Layer("ConvTranspose2d", stride=(8, 8)), 14, 14, f"at most {LARGEST_OUTPUT}"),
        (Layer(stride=(0, 1)), 8, 8, "stride must be"),
        (Layer(), 15, 8, "from 1 to 14"),
        (Layer(), 8, 0, "width"),
        *[(Layer(), bad, 8, "height") for bad in (None, True, math.nan, "8", 8.0, [8], -1, 10**30)],
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(layer, h, w, said):
    with pytest.raises(LayerError, match=said):
        window(layer, h, w)


@pytest.mark.parametrize("seed", [None, True, -1, 2**31, 1.0, "a"])
def test_a_seed_is_a_number(seed):
    with pytest.raises(LayerError, match="seed"):
        window(Layer(), 8, 8, seed)
