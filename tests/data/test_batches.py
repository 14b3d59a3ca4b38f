"""Batches: which samples, in which order, as which numbers, and the same again when a run continues."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from data.batches import TensorBatches, random_source


def numbered(count: int, batch_size: int, **options) -> TensorBatches:
    """Samples 0, 1, 2, ..., each with its own number as its input."""
    return TensorBatches(torch.arange(count).float().unsqueeze(1), torch.arange(count), batch_size, **options)


def labels(batches: TensorBatches, seed: int = 0, epoch: int = 0, start: int = 0) -> list[list[int]]:
    return [y.tolist() for _, y in batches.epoch(seed, epoch, start)]


def test_without_shuffling_samples_keep_the_order_of_the_data_set():
    batches = numbered(7, 3, shuffle=False)
    assert labels(batches) == labels(batches, seed=5, epoch=2) == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize(
    ("count", "size", "sizes"), [(6, 3, [3, 3]), (7, 3, [3, 3, 1]), (2, 5, [2]), (0, 4, [])]
)
def test_the_last_batch_holds_the_rest(count, size, sizes):
    batches = numbered(count, size)
    assert [len(y) for _, y in batches.epoch(0, 0)] == sizes
    assert len(batches) == len(sizes)


def test_an_epoch_has_every_sample_once_with_its_own_label():
    order = []
    for x, y in numbered(100, 7).epoch(seed=1, epoch=0):
        assert x.squeeze(1).tolist() == y.tolist()
        order += y.tolist()
    assert order != list(range(100)) and sorted(order) == list(range(100))


def test_seed_and_epoch_decide_the_order():
    batches = numbered(50, 10)
    orders = [labels(batches, seed, epoch) for seed in range(3) for epoch in range(3)]
    assert all(orders.count(order) == 1 for order in orders)
    assert labels(batches, 2, 1) == labels(numbered(50, 10), 2, 1)


def noisy(x: Tensor, y: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    return x + torch.rand(x.shape, generator=generator), y.flip(0)


@pytest.mark.parametrize("start", [1, 3, 4])
def test_a_run_that_continues_in_the_middle_gets_the_same_batches(start):
    batches = numbered(33, 10, augment=noisy)
    whole = list(batches.epoch(seed=3, epoch=2))
    rest = list(batches.epoch(seed=3, epoch=2, start=start))
    assert len(rest) == len(whole) - start
    for (x, y), (x_whole, y_whole) in zip(rest, whole[start:], strict=True):
        assert torch.equal(x, x_whole) and torch.equal(y, y_whole)


def test_each_batch_is_augmented_by_a_stream_of_its_own():
    batches = TensorBatches(torch.zeros(40, 1), torch.arange(40), 10, augment=noisy)
    noise = [x for epoch in range(2) for x, _ in batches.epoch(0, epoch)]
    assert len({tuple(x.flatten().tolist()) for x in noise}) == 8


def test_bytes_become_numbers_from_0_to_1():
    images = torch.tensor([[0, 51], [102, 255]], dtype=torch.uint8)
    [(x, _)] = TensorBatches(images, torch.arange(2), 2, shuffle=False).epoch(0, 0)
    assert x.dtype == torch.float32
    assert torch.allclose(x, torch.tensor([[0, 0.2], [0.4, 1.0]]))
    assert images.tolist() == [[0, 51], [102, 255]], "the data set itself was changed"


def test_changing_a_batch_does_not_change_the_data_set():
    batches = numbered(4, 2, augment=lambda x, y, _: (x.mul_(0), y.mul_(0)))
    assert labels(batches) == [[0, 0], [0, 0]]
    assert batches.labels.tolist() == [0, 1, 2, 3] and batches.inputs.flatten().tolist() == [0, 1, 2, 3]


def test_random_sources_differ_by_every_number_and_its_place():
    def first(*numbers: int) -> float:
        return torch.rand(1, dtype=torch.float64, generator=random_source(*numbers)).item()

    assert first(1, 2) == first(1, 2)
    keys = [(1,), (2,), (1, 2), (2, 1), (1, 2, 0), (0, 1, 2), (0,), (0, 0), (2**31 - 1,), (12,)]
    assert len({first(*key) for key in keys}) == len(keys)


def test_similar_seeds_give_unrelated_numbers():
    draws = torch.stack([torch.rand(50, generator=random_source(seed)) for seed in range(200)])
    assert draws.mean(0) == pytest.approx(0.5, abs=0.1)
    neighbours = torch.corrcoef(torch.stack([draws[:-1].flatten(), draws[1:].flatten()]))[0, 1]
    assert abs(neighbours) < 0.04


def test_random_sources_leave_torchs_own_generator_alone():
    before = torch.get_rng_state()
    labels(numbered(10, 3, augment=noisy))
    assert torch.equal(before, torch.get_rng_state())
