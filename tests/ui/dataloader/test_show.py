"""What the DataLoader tab shows of a batch: every number is checked against torch's DataLoader or by hand."""

from __future__ import annotations

import base64
import json
import math
import re

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from data import sources
from data.fashion_mnist import FashionMNIST
from data.loader import loading
from data.loader.loading import LoaderSettings
from tests.ui.dataloader.loaders import NUMBERS, real_orders, step
from ui.dataloader import panels as parts
from ui.dataloader import show, tab
from ui.kit.own_data import OwnData

CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("few_garments")


def decoded(sprite: str) -> np.ndarray:
    """A data URL as an array, grey (H, W)."""
    data = base64.b64decode(sprite.partition("base64,")[2])
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


# --- a batch ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", ["garments", "patterns", "numbers", "table"])
@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 8, "sampler": "sequential"},
        {"batch_size": 9, "sampler": "random", "seed": 3},
        {"batch_size": 9, "sampler": "random", "seed": 3, "drop_last": True},
    ],
)
def test_a_batch_is_shown_as_a_dataloader_gives_it(dataset, options):
    data = sources.source(dataset).dataset
    if dataset == "garments":
        data = [(v2.functional.to_dtype(v2.functional.to_image(x), scale=True), y) for x, y in data]
    orders = real_orders(len(data), options, 2)
    labels = [int(label) for _, label in data]
    for epoch, number in ((0, 0), (1, 2), (1, len(orders[1]) - 1)):
        indices = orders[epoch][number]
        x, y = next(iter(DataLoader(torch.utils.data.Subset(data, indices), len(indices))))
        value = step(dataset=dataset, epoch=epoch, number=number, **options)
        assert value["indices"] == indices and value["batches"] == len(orders[epoch])
        assert (value["epoch"], value["number"], value["samples"]) == (epoch, number, len(data))
        facts = dict(value["facts"])
        assert facts["x.shape"] == str(x.shape) and facts["x.dtype"] == str(x.dtype)
        assert facts["y.shape"] == str(y.shape) and facts["y.dtype"] == str(y.dtype)
        low, high = (float(text) for text in facts["x.min(), x.max()"].split(", "))
        assert [low, high] == pytest.approx([x.min().item(), x.max().item()], abs=5.1e-5)
        assert float(facts["x.mean()"]) == pytest.approx(x.mean().item(), abs=5.1e-5)
        if x.numel() > 1:
            assert float(facts["x.std()"]) == pytest.approx(x.std().item(), abs=5.1e-5)
        head = "y[:1]" if y.ndim > 1 else "y[:5]"
        assert json.loads(facts[head]) == y[: 1 if y.ndim > 1 else 5].tolist()
        classes = torch.tensor([labels[i] for i in indices])
        assert value["counts"] == torch.bincount(classes, minlength=len(value["classes"])).tolist()
        assert value["labels"] == [value["classes"][k] for k in classes]
        before = {i for batch in orders[epoch][:number] for i in batch}
        bits = np.unpackbits(np.frombuffer(base64.b64decode(value["earlier_bits"]), np.uint8))
        assert set(np.flatnonzero(bits).tolist()) == before and len(bits) < len(data) + 8
        assert value["earlier"] == len(before)
        # drop_last throws away what no batch holds
        left = set(range(len(data))) - {i for batch in orders[epoch] for i in batch}
        assert set(value["dropped"]) == left and len(value["dropped"]) == len(left)


def test_one_hot_labels_and_a_single_number():
    facts = dict(step(batch_size=3, sampler="sequential", one_hot=True)["facts"])
    assert facts["y.shape"] == "torch.Size([3, 2])" and facts["y[:1]"] == "[[1.0, 0.0]]"
    facts = dict(step(count=1)["facts"])
    assert facts["x.shape"] == "torch.Size([1])" and facts["x.std()"] == "nan (of one number)"


def test_a_weighted_epoch_is_that_of_the_sampler():
    options = {"batch_size": 16, "sampler": "weighted", "seed": 5, "weights": [1, 4.5]}
    each = [(1.0, 4.5)[i % 2] for i in range(100)]
    orders = real_orders(100, options, 3, each)
    value = step(**options, epoch=2, number=4)
    assert value["indices"] == orders[2][4]
    assert value["earlier"] == len({i for batch in orders[2][:4] for i in batch})
    value = parts.weights_value(*tab.resolve(OwnData(), {**NUMBERS, **options}), 2)
    odd = sum(i % 2 for batch in orders[2] for i in batch)
    assert value == {
        "classes": ["even", "odd"], "weights": [1, 4.5], "draws": [100 - odd, odd], "uniform": [50, 50],
        "epoch": 2,
    }  # fmt: skip


@pytest.mark.parametrize("batch_size", [7, 43])
def test_the_pictures_are_sent_exactly(batch_size):
    value = step(dataset="garments", batch_size=batch_size, number=1)
    data = sources.source("garments").dataset
    expected = np.concatenate([np.asarray(data[i][0]) for i in value["indices"]])
    assert np.array_equal(decoded(value["sprite"]), expected)
    assert (value["height"], value["width"]) == (28, 28)


def test_numbers_outside_0_to_1_are_scaled():
    normal = [*tab.PLAIN["steps"], {"name": "Normalize", "params": {"mean": 0.5, "std": 0.25}}]
    value = step(dataset="garments", batch_size=8, steps=normal)
    data = sources.source("garments").dataset
    raw = np.concatenate([np.asarray(data[i][0]) for i in value["indices"]]).astype(float)
    expected = (raw - raw.min()) / (raw.max() - raw.min()) * 255
    assert np.abs(decoded(value["sprite"]) - expected).max() <= 0.501
    low, high = dict(value["facts"])["x.min(), x.max()"].split(", ")
    assert float(low) == pytest.approx((raw.min() / 255 - 0.5) / 0.25, abs=5.1e-5)
    assert float(high) == pytest.approx((raw.max() / 255 - 0.5) / 0.25, abs=5.1e-5)


def test_a_pattern_is_as_bright_as_its_brightest_cell():
    value = step(dataset="patterns", batch_size=40, sampler="sequential")
    data = sources.source("patterns").dataset
    pictures = decoded(value["sprite"]).reshape(40, 4, 4)
    for picture, (x, _) in zip(pictures, data, strict=True):
        most = float(x.max()) or 1
        assert np.abs(picture - x[0].numpy() * 255 / most).max() <= 0.5
    assert pictures[1].max() == 255 and pictures[0].max() == 0


def test_a_message_stays_small(fashion_root, monkeypatch):
    monkeypatch.setattr(sources, "data_folder", lambda: fashion_root)
    real = FashionMNIST(fashion_root, train=True)
    for batch_size in (64, 1024):
        value = step(dataset="fashion", batch_size=batch_size, epoch=1, number=10**6)
        assert value["number"] == value["batches"] - 1 == (60_000 - 1) // batch_size
        assert len(json.dumps(value)) <= 150_000
        expected = torch.cat([real.data[i] for i in value["indices"][: show.MOST]]).numpy()
        assert np.array_equal(decoded(value["sprite"]), expected)


def test_a_large_batch_is_shown_page_by_page():
    options = {"batch_size": 200, "count": 200}
    whole = step(**options)["indices"]
    for first, length in ((0, 96), (96, 96), (192, 8), (199, 1)):
        value = step(**options, first=first)
        assert value["first"] == first and value["words"] == [str(i) for i in whole[first : first + length]]
        assert value["labels"] == [("even", "odd")[i % 2] for i in whole[first : first + length]]
    assert step(**options, first=200)["first"] == 0


@pytest.mark.parametrize(
    ("options", "which", "more"),
    [
        ({"number": 1}, "32 samples: number 33 to 64", ""),
        ({"number": 9}, "4 samples: number 97 to 100",
         " The last batch is smaller, because 100 = 3 × 32 + 4."),
        ({"count": 97, "number": 3}, "1 sample: number 97",
         " The last batch is smaller, because 97 = 3 × 32 + 1."),
        ({"count": 5}, "5 samples: number 1 to 5", " The whole data set is smaller than one batch of 32."),
        ({"drop_last": True}, "32 samples: number 1 to 32",
         " drop_last throws away the last 4: other samples in each epoch."),
        ({"drop_last": True, "sampler": "sequential"}, "32 samples: number 1 to 32",
         " drop_last throws away the last 4."),
        ({"drop_last": True, "count": 64}, "32 samples: number 1 to 32", ""),
        ({"dataset": "table", "one_hot": True, "batch_size": 500}, "500 samples: number 1 to 500",
         " One-hot labels are for class numbers: the labels of a table stay as they are."),
    ],
)  # fmt: skip
def test_the_caption_counts(options, which, more):
    assert step(**options)["caption"] == f"{which} in this epoch's order.{more}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (3.0, "3"), (16777215.0, "16777215"), (0.28604, "0.2860"), (-1.5, "-1.5000"),
        (0.001, "0.0010"), (0.00002, "2e-05"), (-0.00012345, "-0.0001234"), (123456.75, "123456.8"),
        (1e12, "1e+12"), (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"),
    ],
)  # fmt: skip
def test_a_number_keeps_its_digits(value, text):
    assert show.number(value) == text


# --- a sample ---------------------------------------------------------------------------------------------


def test_a_picture_opens_as_its_numbers(own):
    value = tab.on_sample(own, {**NUMBERS, "dataset": "garments", "index": 42})
    picture, label = sources.source("garments").dataset[42]
    assert value["numbers"] == np.asarray(picture).tolist() and value["brightest"] == 255
    assert value["label"] == sources.source("garments").classes[label]
    assert value["code"] == f"dataset[42]  ->  (PIL picture 28×28, mode 'L', {label})"
    most = np.asarray(picture).max() / 255
    assert f"shape (1, 28, 28), from 0 to {most:.4f}".replace("1.0000", "1") in value["after"]
    assert value["after"].endswith(f"y is {label}.")


def test_a_row_and_a_number_open_too(own):
    value = tab.on_sample(own, {**NUMBERS, "dataset": "table", "index": 3})
    row, label = sources.source("table").dataset[3]
    assert value["numbers"] == [pytest.approx(row.tolist(), abs=5.1e-5)]
    assert value["after"].endswith(f"y is {label.tolist()}.")
    assert tab.on_sample(own, {**NUMBERS, "index": 17})["code"] == "dataset[17]  ->  (tensor(17.), 1)"


def test_a_failing_transform_shows_torchs_error(own):
    options = {**NUMBERS, "dataset": "garments", "steps": []}
    assert "PIL" in step(**{**options, "sampler": "sequential"})["error"]
    value = tab.on_sample(own, {**options, "index": 0})
    assert value["numbers"] and "TypeError: default_collate" in value["after"]


@pytest.mark.parametrize("index", [100, -1, None, True, "3", 1.5, math.nan, [0], {}, 10**400])
def test_samples_that_do_not_exist(own, index):
    answer = tab.on_sample(own, {**NUMBERS, "index": index})
    assert list(answer) == ["problem"]
    assert re.fullmatch(r"The index must be a whole number from 0 to 99, not .+\.", answer["problem"])


# --- its parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "batch_size", "drop_last", "epochs", "cells"),
    [
        (100, 32, False, 3, ["⌈100 / 32⌉ = ⌈3.125⌉ = **4**", "⌊100 / 32⌋ = **3**", "100 − 3 × 32 = **4** |",
                             "off | **4**", "updates in 3 epochs | 3 × 4 = **12**", "**mini-batch** ← here"]),
        (100, 32, True, 1, ["on | **3**", "updates in 1 epoch | 1 × 3 = **3**"]),
        (1025, 1024, False, 2, ["⌈1,025 / 1,024⌉ = ⌈1.001⌉ = **2**", "1,025 − 1 × 1,024 = **1** |"]),
        (64, 64, False, 100, ["⌈64 / 64⌉ = ⌈1⌉ = **1**", "= **0** (none is short)", "100 × 1 = **100**",
                              "**batch** ← here | all 64 samples"]),
        (2000, 1, False, 5, ["⌈2,000⌉ = **2,000**", "5 × 2,000 = **10,000**", "**stochastic** ← here"]),
    ],
)  # fmt: skip
def test_the_arithmetic_of_an_epoch(count, batch_size, drop_last, epochs, cells):
    source = sources.source("numbers", count=count)
    table = parts.arithmetic(source, LoaderSettings(batch_size, drop_last=drop_last), epochs)
    for cell in cells:
        assert cell in table
    assert table.count("← here") == 1


def test_the_device_is_shown_with_its_bytes(monkeypatch):
    source, settings = tab.resolve(OwnData(), {**NUMBERS, "dataset": "garments"})
    batch = loading.batch(source, settings, torch.arange(16))
    here = parts.device_text(batch, CPU)
    assert "16 × 1 × 28 × 28 × 4 = **50,176** | 50,176" in here and "| `True` |" in here
    assert "nothing was copied" in here and "no accelerator" in here
    # a device without memory stands for another device
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: None)
    there = parts.device_text(batch, torch.device("meta"))
    assert "| `cpu` | `meta` |" in there and "50,176 bytes went to `meta`" in there and "`False`" in there
    assert "no accelerator" not in there
    nothing = loading.Batch(batch.indices, batch.labels, None, batch.y, "wrong")
    assert "no batch to move" in parts.device_text(nothing, CPU)
