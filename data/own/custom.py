"""Three map-style datasets: plain numbers, and a visitor's own table or pictures.

Each has the textbook form that a DataLoader needs: `__init__` stores the samples, `__len__` counts them,
`__getitem__` returns a sample and its label. The page shows the code of these methods as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from data.batches import random_source

EXAMPLE_ROWS = 500
EXAMPLE_COLUMNS = (
    "height_cm", "leaves", "pot_cm", "age_years", "light_hours", "water_ml", "humidity_percent", "warmth_c",
)  # fmt: skip
"""The measurements of each house plant of `example_table`; light per day, water per week."""


class DataError(ValueError):
    """A visitor's data cannot be used; the message is a sentence for the visitor."""


class Numbers(Dataset):
    """The numbers 0, 1, 2, ... with the label 0 (even) or 1 (odd): `dataset[17]` is `(tensor(17.), 1)`.

    `data` is (N,) float32, `targets` (N,) int64.
    """

    classes = ("even", "odd")

    def __init__(self, count: int, transform=None, target_transform=None):
        self.data = torch.arange(count, dtype=torch.float32)
        self.targets = torch.arange(count) % 2
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int):
        number = self.data[index]
        label = int(self.targets[index])
        if self.transform:
            number = self.transform(number)
        if self.target_transform:
            label = self.target_transform(label)
        return number, label


class TableDataset(Dataset):
    """The rows of a table: `dataset[3]` is the features (F,) of row 3 and its label.

    features (N, F) float32. The labels decide what is learned, and with which loss:
    two classes, (N, 1) float32 of 0 and 1 (BCEWithLogitsLoss); three or more, (N,) int64 (CrossEntropyLoss);
    numbers, (N, 1) float32 with classes=() (MSELoss). columns: the names of the F features.
    `data` is features, `targets` (N,) int64 the class of each row (0 in every row if numbers are learned).
    """

    def __init__(
        self,
        features: Tensor,
        labels: Tensor,
        classes: Sequence[str],
        columns: Sequence[str],
        transform=None,
        target_transform=None,
    ):
        self.data = features
        self.labels = labels
        self.targets = labels.flatten().long() if classes else torch.zeros(len(labels), dtype=torch.int64)
        self.classes = tuple(classes)
        self.columns = tuple(columns)
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int):
        features = self.data[index]
        label = self.labels[index]
        if self.transform:
            features = self.transform(features)
        if self.target_transform:
            label = self.target_transform(label)
        return features, label


class PictureDataset(Dataset):
    """Pictures of any sizes: `dataset[5]` is `(PIL picture, 2)`.

    images: N pictures, mode RGB. targets: N labels, each the index of its name in classes, (N,) int64.
    To form a batch they need a transform that makes them tensors of one size.
    """

    def __init__(
        self,
        images: Sequence[Image.Image],
        targets: Sequence[int],
        classes: Sequence[str],
        transform=None,
        target_transform=None,
    ):
        self.images = list(images)
        self.targets = torch.tensor(targets, dtype=torch.int64)
        self.classes = tuple(classes)
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int):
        image = self.images[index]
        label = int(self.targets[index])
        if self.transform:
            image = self.transform(image)
        if self.target_transform:
            label = self.target_transform(label)
        return image, label


def example_table(seed: int = 0) -> TableDataset:
    """500 house plants that the program invents: eight measurements of each, and whether it flowers (0 or 1).

    Light, warmth and age make flowers likelier, too much water makes them rarer, and chance plays its part.
    The same seed (0 to 2**31 - 1) gives the same plants.
    """
    source = random_source(seed, EXAMPLE_ROWS)
    unit = torch.rand(EXAMPLE_ROWS, len(EXAMPLE_COLUMNS), generator=source)
    growth, leafiness, pot, age, light, water, humidity, warmth = unit.unbind(1)
    years = 0.5 + 9.5 * age
    height = 8 + years * (4 + 8 * growth)
    leaves = 4 + height * (0.3 + 0.5 * leafiness)
    measurements = [
        height, leaves.floor(), 8 + 0.1 * height + 10 * pot, years,
        2 + 12 * light, 100 + 800 * water, 25 + 50 * humidity, 14 + 12 * warmth,
    ]  # fmt: skip
    features = torch.stack(measurements, 1).mul(10).round().div(10)  # (500, 8), one decimal as on a ruler

    score = 6 * (light - 0.5) + 4 * (warmth - 0.5) + 3 * (age - 0.5) - 3 * (water - 0.5)
    noise = torch.randn(EXAMPLE_ROWS, generator=source)
    labels = (score + noise > 0).float().unsqueeze(1)  # (500, 1)
    return TableDataset(features, labels, ("no flowers", "flowers"), EXAMPLE_COLUMNS)
