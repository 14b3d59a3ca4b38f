"""The order of batches against torch's own DataLoader."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, WeightedRandomSampler

from data.batches import SAMPLERS, Order

EPOCHS = 3


def from_torch(order: Order, epochs: int) -> list[list[list[int]]]:
    """What a real DataLoader over range(samples) gives: epochs, batches, indices."""
    generator = torch.Generator().manual_seed(order.seed)
    options: dict[str, Any] = {"shuffle": order.sampler == "random"}
    if order.weights is not None:
        weights = order.weights.tolist()
        options = {"sampler": WeightedRandomSampler(weights, order.samples, generator=generator)}
    indices: Any = range(order.samples)
    loader: DataLoader[int] = DataLoader(
        indices, order.batch_size, drop_last=order.drop_last, generator=generator, **options
    )
    return [[batch.tolist() for batch in loader] for _ in range(epochs)]


def all_batches(order: Order, epochs: int) -> list[list[list[int]]]:
    return [[order.batch(epoch, k).tolist() for k in range(len(order))] for epoch in range(epochs)]


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(
    ("samples", "batch_size"),
    [
        (1, 1),
        (1, 7),
        (2, 1),
        (7, 7),
        (7, 8),
        (10, 3),
        (31, 32),
        (32, 32),
        (33, 32),
        (40, 8),
        (100, 1),
        (1000, 64),
    ],
)
def test_every_batch_is_the_one_that_torch_gives(samples, batch_size, sampler, drop_last):
    weights = torch.arange(samples) % 3 + 0.5 if sampler == "weighted" else None
    for seed in (0, 1, 2**31 - 1):
        order = Order(samples, batch_size, sampler, seed, drop_last, weights)
        assert all_batches(order, EPOCHS) == from_torch(order, EPOCHS)


@given(
    samples=st.integers(1, 300),
    batch_size=st.integers(1, 320),
    sampler=st.sampled_from(SAMPLERS),
    seed=st.integers(0, 2**63 - 1),
    drop_last=st.booleans(),
    data=st.data(),
)
def test_any_settings_give_what_torch_gives(samples, batch_size, sampler, seed, drop_last, data):
    weights = torch.rand(samples, generator=torch.Generator().manual_seed(samples)) + 0.01
    order = Order(samples, batch_size, sampler, seed, drop_last, weights if sampler == "weighted" else None)
    expected = from_torch(order, EPOCHS)
    # from the end: no batch needs the batches before it
    for epoch in reversed(range(EPOCHS)):
        assert len(order) == len(expected[epoch])
        if len(order):
            number = data.draw(st.integers(0, len(order) - 1))
            assert order.batch(epoch, number).tolist() == expected[epoch][number]


def test_the_real_size_far_into_training():
    order = Order(60_000, 64, "random", 5)
    expected = from_torch(order, 12)[11]
    assert order.batch(11, 0).tolist() == expected[0]
    assert order.batch(11, 937).tolist() == expected[937]
    assert len(expected) == len(order) == 938


def test_drop_last_drops_the_end_of_the_epoch():
    order = Order(10, 4, "random", 3, drop_last=True)
    indices = torch.cat([order.batch(0, k) for k in range(2)])
    assert len(order) == 2
    assert torch.equal(torch.cat([indices, order.epoch(0)[8:]]).sort().values, torch.arange(10))
    with pytest.raises(IndexError):
        order.batch(0, 2)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((0, 1), "at least one"),
        ((1, 0), "at least one"),
        ((4, 2, "alphabetical"), "sequential, random, weighted"),
        ((4, 2, "weighted"), "one weight for each"),
        ((4, 2, "weighted", 0, False, torch.ones(3)), "one weight for each"),
    ],
)
def test_a_wrong_order_is_refused(arguments, word):
    with pytest.raises(ValueError, match=word):
        Order(*arguments)
