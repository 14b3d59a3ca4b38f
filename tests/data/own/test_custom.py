"""The three datasets, alone and under torch's own DataLoader."""

from __future__ import annotations

import inspect
from collections import Counter

import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Subset
from torchvision.transforms import v2

from data.own import custom
from data.own.custom import EXAMPLE_COLUMNS, DataError, Numbers, PictureDataset, TableDataset, example_table


def pictures(**kwargs) -> PictureDataset:
    sizes = [(5, 7), (8, 3), (4, 4)]
    images = [Image.new("RGB", size, (10 * i, 20, 30)) for i, size in enumerate(sizes)]
    return PictureDataset(images, [0, 2, 1], ("cat", "cow", "dog"), **kwargs)


def small(labels: torch.Tensor, classes: tuple[str, ...], **kwargs) -> TableDataset:
    return TableDataset(torch.tensor([[1.0, 2], [3, 4], [5, 6]]), labels, classes, ("a", "b"), **kwargs)


def test_numbers_by_hand():
    dataset = Numbers(18)
    number, label = dataset[17]
    assert number.dtype == torch.float32 and number.shape == () and number.item() == 17.0
    assert label == 1 and type(label) is int
    assert dataset[4][1] == 0 and dataset[-1][0].item() == 17.0
    assert len(dataset) == 18 and dataset.classes == ("even", "odd")
    assert dataset.targets.tolist() == [0, 1] * 9 and dataset.targets.dtype == torch.int64
    assert dataset.data.tolist() == list(range(18)) and dataset.data.dtype == torch.float32


@pytest.mark.parametrize("dataset", [Numbers(3), example_table(), pictures()], ids=lambda d: type(d).__name__)
def test_past_the_end_is_an_index_error(dataset):
    """It ends a Python for loop over a dataset."""
    with pytest.raises(IndexError):
        dataset[len(dataset)]


def test_both_transforms_of_numbers():
    dataset = Numbers(6, transform=lambda x: x / 10, target_transform=lambda y: 1 - y)
    number, label = dataset[5]
    assert number.item() == pytest.approx(0.5) and label == 0


def test_a_table_of_two_classes():
    dataset = small(torch.tensor([[0.0], [1], [1]]), ("no", "yes"))
    features, label = dataset[1]
    assert features.tolist() == [3, 4] and label.tolist() == [1.0] and label.dtype == torch.float32
    assert dataset.targets.tolist() == [0, 1, 1] and dataset.targets.dtype == torch.int64
    assert dataset.columns == ("a", "b") and dataset.classes == ("no", "yes") and len(dataset) == 3


def test_a_table_of_three_classes():
    dataset = small(torch.tensor([2, 0, 1]), ("x", "y", "z"))
    batch, labels = next(iter(DataLoader(dataset, batch_size=3)))
    assert batch.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert labels.tolist() == [2, 0, 1] and labels.dtype == torch.int64
    assert dataset.targets.tolist() == [2, 0, 1]
    torch.nn.CrossEntropyLoss()(torch.zeros(3, 3), labels)


def test_a_table_of_numbers():
    dataset = small(torch.tensor([[0.5], [-7], [3]]), ())
    assert dataset[1][1].tolist() == [-7.0]
    assert dataset.targets.tolist() == [0, 0, 0] and dataset.classes == ()


def test_both_transforms_of_a_table():
    labels = torch.tensor([[0.0], [1], [1]])
    dataset = small(labels, ("no", "yes"), transform=lambda x: x * 2, target_transform=lambda y: 1 - y)
    features, label = dataset[2]
    assert features.tolist() == [10, 12] and label.tolist() == [0.0]


def test_pictures_by_hand():
    dataset = pictures()
    image, label = dataset[1]
    assert image.size == (8, 3) and image.getpixel((0, 0)) == (10, 20, 30)
    assert label == 2 and type(label) is int and len(dataset) == 3
    assert dataset.targets.tolist() == [0, 2, 1] and dataset.targets.dtype == torch.int64


def test_pictures_of_different_sizes_need_a_transform():
    with pytest.raises(TypeError):  # torch's own refusal to collate pictures
        next(iter(DataLoader(pictures(), batch_size=2)))
    resize = v2.Compose([v2.Resize((6, 6)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    dataset = pictures(transform=resize, target_transform=lambda y: y + 10)
    batch, labels = next(iter(DataLoader(dataset, batch_size=3)))
    assert batch.shape == (3, 3, 6, 6) and labels.tolist() == [10, 12, 11]
    assert batch[1, :, 0, 0].tolist() == pytest.approx([10 / 255, 20 / 255, 30 / 255])


def test_the_example_gives_batches_for_the_binary_loss():
    dataset = example_table()
    batch, labels = next(iter(DataLoader(dataset, batch_size=32)))
    assert batch.shape == (32, 8) and labels.shape == (32, 1)
    assert batch.dtype == labels.dtype == torch.float32
    torch.nn.BCEWithLogitsLoss()(torch.zeros(32, 1), labels)
    assert len(dataset) == 500 and dataset.columns == EXAMPLE_COLUMNS and len(set(EXAMPLE_COLUMNS)) == 8
    assert dataset.targets.tolist() == dataset.labels[:, 0].tolist()


def test_the_example_follows_its_seed():
    assert torch.equal(example_table(3).data, example_table(3).data)
    assert torch.equal(example_table(3).labels, example_table(3).labels)
    assert not torch.equal(example_table(3).data, example_table(4).data)
    assert not torch.equal(example_table().data, example_table(1).data)


def test_the_plants_are_plausible():
    data = example_table().data
    low = torch.tensor([8, 4, 8, 0.5, 2, 100, 25, 14])
    high = torch.tensor([130, 110, 32, 10, 14, 900, 75, 26])
    assert (data >= low).all() and (data <= high).all()
    assert (data[:, 1] == data[:, 1].floor()).all()  # leaves are counted


@pytest.mark.parametrize("seed", range(5))
def test_flowers_can_be_learned_but_not_perfectly(seed):
    """Least squares as the referee: the label depends on the features, but not on them alone."""
    dataset = example_table(seed)
    assert 0.4 < dataset.labels.mean().item() < 0.6
    x = torch.nn.functional.pad(
        (dataset.data - dataset.data.mean(0)) / dataset.data.std(0), (0, 1), value=1.0
    )
    solution = torch.linalg.lstsq(x.double(), dataset.labels.double() * 2 - 1).solution
    right = ((x.double() @ solution > 0) == (dataset.labels > 0.5)).double().mean().item()
    assert 0.75 < right < 0.96


def test_a_shuffled_epoch_has_every_sample_once():
    loader = DataLoader(Numbers(50), batch_size=8, shuffle=True, generator=torch.Generator().manual_seed(1))
    counts = Counter(n for numbers, _ in loader for n in numbers.tolist())
    assert counts == Counter(range(50))
    assert [x.item() for x, _ in Subset(Numbers(50), [4, 9])] == [4, 9]


@pytest.mark.parametrize("dataset", [Numbers, TableDataset, PictureDataset])
def test_the_code_can_be_shown(dataset):
    for method in ("__init__", "__len__", "__getitem__"):
        source = inspect.getsource(getattr(dataset, method))
        assert source.lstrip().startswith(f"def {method}") and len(source.splitlines()) <= 18


def test_data_error_is_a_value_error():
    assert issubclass(DataError, ValueError) and custom.DataError.__doc__
