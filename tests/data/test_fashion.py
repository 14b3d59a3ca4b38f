"""Fashion-MNIST: the real files, and how they are split."""

from __future__ import annotations

import pytest
import torch

from data import fashion
from data.fashion_mnist import FashionMNIST


def test_split_is_balanced_disjoint_and_complete():
    targets = torch.arange(1000) % 10
    training, validation = fashion.split(targets, 200, seed=3)
    assert targets[validation].bincount().tolist() == [20] * 10
    assert targets[training].bincount().tolist() == [80] * 10
    assert sorted(torch.cat([training, validation]).tolist()) == list(range(1000))


def test_split_follows_its_seed():
    targets = torch.arange(1000) % 10
    first, again, other = (fashion.split(targets, 200, seed=seed)[1].sort().values for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_real_files_match_the_table(fashion_root):
    assert fashion.available(fashion_root)


def test_the_real_training_set(fashion_root):
    data = FashionMNIST(fashion_root, train=True)
    assert data.data.shape == (60_000, 28, 28) and data.data.dtype == torch.uint8
    assert data.targets.dtype == torch.int64 and data.targets.bincount().tolist() == [6000] * 10
    assert data.targets[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    values = data.data.double() / 255
    assert values.mean().item() == pytest.approx(fashion.MEAN, abs=5e-5)
    assert values.std().item() == pytest.approx(fashion.STD, abs=5e-5)
    assert (fashion.MEAN, fashion.STD) == (0.2860, 0.3530)


def test_the_real_test_set(fashion_root):
    data = FashionMNIST(fashion_root, train=False)
    assert data.data.shape == (10_000, 28, 28)
    assert data.targets.bincount().tolist() == [1000] * 10
    assert tuple(data.classes) == fashion.CLASSES, "torchvision's names of the ten classes"
