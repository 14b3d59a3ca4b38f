"""What the DataLoader tab shows of a batch: every number against torch's own DataLoader or by hand."""

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

from data import fashion, sources
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
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


# --- a batch ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", ["garments", "patterns", "numbers", "table"])
@pytest.mark.parametrize(
    "asked",
    [
        {"batch_size": 8, "sampler": "sequential"},
        {"batch_size": 9, "sampler": "random", "seed": 3},
        {"batch_size": 9, "sampler": "random", "seed": 3, "drop_last": True},
    ],
)
def test_what_is_shown_of_a_batch_is_what_a_dataloader_gives(dataset, asked):
    data = sources.source(dataset).dataset
    if dataset == "garments":
        data = [(v2.functional.to_dtype(v2.functional.to_image(x), scale=True), y) for x, y in data]
    orders = real_orders(len(data), asked, 2)
    labels = [int(label) for _, label in data]
    for epoch, number in ((0, 0), (1, 2), (1, len(orders[1]) - 1)):
        indices = orders[epoch][number]
        x, y = next(iter(DataLoader(torch.utils.data.Subset(data, indices), len(indices))))
        got = step(dataset=dataset, epoch=epoch, number=number, **asked)
        assert got["indices"] == indices and got["batches"] == len(orders[epoch])
        assert (got["epoch"], got["number"], got["samples"]) == (epoch, number, len(data))
        facts = dict(got["facts"])
        assert facts["x.shape"] == str(x.shape) and facts["x.dtype"] == str(x.dtype)
        assert facts["y.shape"] == str(y.shape) and facts["y.dtype"] == str(y.dtype)
        low, high = (float(text) for text in facts["x.min(), x.max()"].split(", "))
        assert [low, high] == pytest.approx([x.min().item(), x.max().item()], abs=5.1e-5)
        assert float(facts["x.mean()"]) == pytest.approx(x.mean().item(), abs=5.1e-5)
        if x.numel() > 1:
            assert float(facts["x.std()"]) == pytest.approx(x.std().item(), abs=5.1e-5)
        head = "y[:1]" if y.ndim > 1 else "y[:5]"
        assert json.loads(facts[head]) == y[: 1 if y.ndim > 1 else 5].tolist()
        mine = torch.tensor([labels[i] for i in indices])
        assert got["counts"] == torch.bincount(mine, minlength=len(got["classes"])).tolist()
        assert got["labels"] == [got["classes"][k] for k in mine]
        before = {i for batch in orders[epoch][:number] for i in batch}
        bits = np.unpackbits(np.frombuffer(base64.b64decode(got["taken_bits"]), np.uint8))
        assert set(np.flatnonzero(bits).tolist()) == before and len(bits) < len(data) + 8
        assert got["taken"] == len(before)
        # what no batch holds is what drop_last throws away
        left = set(range(len(data))) - {i for batch in orders[epoch] for i in batch}
        assert set(got["dropped"]) == left and len(got["dropped"]) == len(left)


def test_one_hot_labels_and_a_single_number():
    facts = dict(step(batch_size=3, sampler="sequential", one_hot=True)["facts"])
    assert facts["y.shape"] == "torch.Size([3, 2])" and facts["y[:1]"] == "[[1.0, 0.0]]"
    facts = dict(step(count=1)["facts"])
    assert facts["x.shape"] == "torch.Size([1])" and facts["x.std()"] == "nan (of one number)"


def test_an_epoch_that_is_drawn_with_weights_is_that_of_the_sampler():
    asked = {"batch_size": 16, "sampler": "weighted", "seed": 5, "weights": [1, 4.5]}
    each = [(1.0, 4.5)[i % 2] for i in range(100)]
    orders = real_orders(100, asked, 3, sampler=each)
    got = step(**asked, epoch=2, number=4)
    assert got["indices"] == orders[2][4]
    assert got["taken"] == len({i for batch in orders[2][:4] for i in batch})
    value = parts.weights_value(*tab.resolve(OwnData(), {**NUMBERS, **asked}), 2)
    odd = sum(i % 2 for batch in orders[2] for i in batch)
    assert value == {
        "classes": ["even", "odd"], "weights": [1, 4.5], "drawn": [100 - odd, odd], "uniform": [50, 50],
        "epoch": 2,
    }  # fmt: skip


@pytest.mark.parametrize("batch_size", [7, 43])
def test_the_pictures_are_sent_exactly(batch_size):
    got = step(dataset="garments", batch_size=batch_size, number=1)
    data = sources.source("garments").dataset
    expected = np.concatenate([np.asarray(data[i][0]) for i in got["indices"]])
    assert np.array_equal(decoded(got["sprite"]), expected)
    assert (got["height"], got["width"]) == (28, 28)


def test_numbers_outside_0_to_1_are_stretched():
    normal = [*tab.PLAIN["steps"], {"name": "Normalize", "params": {"mean": 0.5, "std": 0.25}}]
    got = step(dataset="garments", batch_size=8, steps=normal)
    data = sources.source("garments").dataset
    raw = np.concatenate([np.asarray(data[i][0]) for i in got["indices"]]).astype(float)
    expected = (raw - raw.min()) / (raw.max() - raw.min()) * 255
    assert np.abs(decoded(got["sprite"]) - expected).max() <= 0.501
    low, high = dict(got["facts"])["x.min(), x.max()"].split(", ")
    assert float(low) == pytest.approx((raw.min() / 255 - 0.5) / 0.25, abs=5.1e-5)
    assert float(high) == pytest.approx((raw.max() / 255 - 0.5) / 0.25, abs=5.1e-5)


def test_a_pattern_is_as_bright_as_its_brightest_cell():
    got = step(dataset="patterns", batch_size=40, sampler="sequential")
    data = sources.source("patterns").dataset
    pictures = decoded(got["sprite"]).reshape(40, 4, 4)
    for picture, (x, _) in zip(pictures, data, strict=True):
        most = float(x.max()) or 1
        assert np.abs(picture - x[0].numpy() * 255 / most).max() <= 0.5
    assert pictures[1].max() == 255 and pictures[0].max() == 0


def test_a_message_stays_small(fashion_root, monkeypatch):
    monkeypatch.setattr(sources, "data_folder", lambda: fashion_root)
    real = fashion.FashionMNIST(fashion_root, train=True)
    for batch_size in (64, 1024):
        got = step(dataset="fashion", batch_size=batch_size, epoch=1, number=10**6)
        assert got["number"] == got["batches"] - 1 == (60_000 - 1) // batch_size
        assert len(json.dumps(got)) <= 150_000
        expected = torch.cat([real.data[i] for i in got["indices"][: show.SHOWN]]).numpy()
        assert np.array_equal(decoded(got["sprite"]), expected)


def test_a_large_batch_is_shown_page_by_page():
    asked = {"batch_size": 200, "count": 200}
    whole = step(**asked)["indices"]
    for first, length in ((0, 96), (96, 96), (192, 8), (199, 1)):
        got = step(**asked, first=first)
        assert got["first"] == first and got["words"] == [str(i) for i in whole[first : first + length]]
        assert got["labels"] == [("even", "odd")[i % 2] for i in whole[first : first + length]]
    assert step(**asked, first=200)["first"] == 0


@pytest.mark.parametrize(
    ("asked", "which", "more"),
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
         " one-hot labels are for class numbers: the labels of a table stay as they are."),
    ],
)  # fmt: skip
def test_the_caption_counts(asked, which, more):
    assert step(**asked)["caption"] == f"{which} in this epoch's order.{more}"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"), (-0.0, "0"), (3.0, "3"), (16777215.0, "16777215"), (0.28604, "0.2860"), (-1.5, "-1.5000"),
        (0.001, "0.0010"), (0.00002, "2e-05"), (-0.00012345, "-0.0001234"), (123456.75, "123456.8"),
        (1e12, "1e+12"), (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"),
    ],
)  # fmt: skip
def test_a_number_keeps_its_digits(value, written):
    assert show.number(value) == written


# --- a sample ---------------------------------------------------------------------------------------------


def test_a_picture_opens_as_its_numbers(own):
    got = tab.on_sample(own, {**NUMBERS, "dataset": "garments", "index": 42})
    picture, label = sources.source("garments").dataset[42]
    assert got["numbers"] == np.asarray(picture).tolist() and got["brightest"] == 255
    assert got["label"] == sources.source("garments").classes[label]
    assert got["code"] == f"dataset[42]  ->  (PIL picture 28×28, mode 'L', {label})"
    most = np.asarray(picture).max() / 255
    assert f"shape (1, 28, 28), from 0 to {most:.4f}".replace("1.0000", "1") in got["after"]
    assert got["after"].endswith(f"y is {label}.")


def test_a_row_and_a_number_open_too(own):
    got = tab.on_sample(own, {**NUMBERS, "dataset": "table", "index": 3})
    row, label = sources.source("table").dataset[3]
    assert got["numbers"] == [pytest.approx(row.tolist(), abs=5.1e-5)]
    assert got["after"].endswith(f"y is {label.tolist()}.")
    assert tab.on_sample(own, {**NUMBERS, "index": 17})["code"] == "dataset[17]  ->  (tensor(17.), 1)"


def test_a_transform_that_fails_is_told_in_the_words_of_torch(own):
    asked = {**NUMBERS, "dataset": "garments", "steps": []}
    assert "PIL" in step(**{**asked, "sampler": "sequential"})["error"]
    got = tab.on_sample(own, {**asked, "index": 0})
    assert got["numbers"] and "TypeError: default_collate" in got["after"]


@pytest.mark.parametrize("index", [100, -1, None, True, "3", 1.5, math.nan, [0], {}, 10**400])
def test_samples_that_there_are_not(own, index):
    said = tab.on_sample(own, {**NUMBERS, "index": index})
    assert list(said) == ["problem"]
    assert re.fullmatch(r"The index must be a whole number from 0 to 99, not .+\.", said["problem"])


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
    chosen = sources.source("numbers", count=count)
    text = parts.arithmetic(chosen, LoaderSettings(batch_size, drop_last=drop_last), epochs)
    for cell in cells:
        assert cell in text
    assert text.count("← here") == 1


def test_the_device_is_told_with_its_bytes(monkeypatch):
    chosen, settings = tab.resolve(OwnData(), {**NUMBERS, "dataset": "garments"})
    batch = loading.batch(chosen, settings, torch.arange(16))
    here = parts.device_text(batch, CPU)
    assert "16 × 1 × 28 × 28 × 4 = **50,176** | 50,176" in here and "| `True` |" in here
    assert "nothing was copied" in here and "no accelerator" in here
    # a device that keeps no numbers stands for another one
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: None)
    there = parts.device_text(batch, torch.device("meta"))
    assert "| `cpu` | `meta` |" in there and "50,176 bytes went to `meta`" in there and "`False`" in there
    assert "no accelerator" not in there
    nothing = loading.Batch(batch.indices, batch.labels, None, batch.y, "wrong")
    assert "no batch to move" in parts.device_text(nothing, CPU)
