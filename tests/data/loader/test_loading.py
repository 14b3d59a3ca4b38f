"""Batches and programs of the DataLoader tab against torch's own DataLoader."""

from __future__ import annotations

import dataclasses
import json
import math
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, WeightedRandomSampler
from torchvision.transforms import v2

from data import sources
from data.loader import loading, transforms
from data.loader.loader_code import dataset_class, program
from data.loader.loading import Counts, LoaderSettings
from data.own.custom import DataError

ROOT = Path(__file__).resolve().parents[3]
NAMES = [name for name, entry in sources.DATA_SETS.items() if entry.make is not None and not entry.fetch]
"""The data sets that every machine has."""


def real_batches(source: sources.Source, settings: LoaderSettings, epochs: int) -> list[list]:
    """Every batch of a DataLoader over the data set, as `x, y`; ToTensor for pictures."""
    dataset = source.dataset
    if source.kind == "picture":
        to_tensor = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
        dataset = [(to_tensor(x), y) for x, y in dataset]
    generator = torch.Generator().manual_seed(settings.seed)
    options: dict[str, Any] = {"shuffle": settings.sampler == "random"}
    if settings.sampler == "weighted":
        weights = torch.tensor(settings.class_weights)[source.targets].tolist()
        options = {"sampler": WeightedRandomSampler(weights, len(source), generator=generator)}
    loader = DataLoader(
        dataset, settings.batch_size, drop_last=settings.drop_last, generator=generator, **options
    )
    return [list(loader) for _ in range(epochs)]


@pytest.fixture(scope="module", autouse=True)
def few_garments():
    """Forty drawn garments are enough here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "GARMENTS", {"train": 43, "test": 20})
        sources._source.cache_clear()
        yield
    sources._source.cache_clear()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "settings",
    [
        LoaderSettings(8, "sequential"),
        LoaderSettings(8, "random", seed=3),
        LoaderSettings(16, "random", seed=4, drop_last=True),
        LoaderSettings(7, "weighted", seed=5, class_weights=(1.0, 2.5)),
    ],
)
def test_a_batch_is_what_a_dataloader_gives(name, settings):
    source = sources.source(name)
    if settings.class_weights:
        weights = tuple(1.0 + 0.5 * k for k in range(len(source.classes)))
        settings = dataclasses.replace(settings, class_weights=weights)
    order = loading.order(source, settings)
    for epoch, batches in enumerate(real_batches(source, settings, 2)):
        assert len(order) == len(batches)
        for number, (x, y) in enumerate(batches):
            result = loading.batch(source, settings, order.batch(epoch, number))
            assert torch.equal(result.x, x) and result.x.dtype == x.dtype
            assert torch.equal(result.y, y) and result.y.dtype == y.dtype
            assert result.error == ""


def test_the_shapes_of_tutorials():
    first = torch.arange(32)
    table = loading.batch(sources.source("table"), LoaderSettings(), first)
    assert (table.x.shape, table.y.shape) == ((32, 8), (32, 1))
    garments = loading.batch(sources.source("garments"), LoaderSettings(), first)
    assert (garments.x.shape, garments.y.shape) == ((32, 1, 28, 28), (32,))
    numbers = loading.batch(sources.source("numbers", count=40), LoaderSettings(), first)
    assert (numbers.x.tolist(), numbers.y.tolist()) == ([float(i) for i in range(32)], [0, 1] * 16)


def test_a_pipeline_and_one_hot_labels_give_what_torch_gives():
    source = sources.source("garments")
    steps = (transforms.step("ToImage"), transforms.step("RandomHorizontalFlip"), transforms.step("ToDtype"))
    settings = LoaderSettings(16, steps=steps, replay_seed=9, one_hot=True)
    indices = torch.tensor([5, 0, 41, 7, 7, 3])
    result = loading.batch(source, settings, indices)
    transform = v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True)])
    torch.manual_seed(9)
    assert torch.equal(result.x, torch.stack([transform(source.dataset[i][0]) for i in indices.tolist()]))
    assert torch.equal(result.y, torch.nn.functional.one_hot(source.targets[indices], 10).float())


def test_samples_that_make_no_batch_show_torchs_error():
    source = sources.source("garments")
    picture = loading.batch(source, LoaderSettings(steps=()), torch.arange(3))
    assert picture.x is None and "TypeError: default_collate: batch must contain tensors" in picture.error
    wrong = (transforms.step("Normalize"), transforms.step("ToImage"))
    failed = loading.batch(source, LoaderSettings(steps=wrong), torch.arange(3))
    with pytest.raises(TypeError) as real:
        v2.Normalize([0.5], [0.5])(source.dataset[0][0])
    assert failed.x is None and failed.error == f"TypeError: {real.value}"
    assert failed.y.tolist() == source.targets[:3].tolist()


@given(samples=st.integers(1, 10**6), batch_size=st.integers(1, 1024))
def test_the_arithmetic_is_that_of_len(samples, batch_size):
    counts = Counts(samples, batch_size)
    for drop_last, expected in ((False, counts.all), (True, counts.full)):
        assert len(DataLoader(range(samples), batch_size, drop_last=drop_last)) == expected
    assert counts.full * batch_size + counts.rest == samples
    assert counts.all == counts.full + (counts.rest > 0) == math.ceil(samples / batch_size)


def test_the_names_of_gradient_descent():
    assert [Counts(40, size).name for size in (1, 2, 39, 40, 64)] == [
        "stochastic", "mini-batch", "mini-batch", "batch", "batch",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"batch_size": 0}, "batch size"),
        ({"batch_size": 1025}, "1 to 1,024"),
        ({"batch_size": 2.5}, "whole number"),
        ({"batch_size": True}, "whole number"),
        ({"batch_size": None}, "whole number"),
        ({"batch_size": math.nan}, "whole number"),
        ({"batch_size": math.inf}, "whole number"),
        ({"batch_size": [32]}, "whole number"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"seed": "0"}, "seed"),
        ({"replay_seed": -1}, "seed of the transforms"),
        ({"sampler": "shuffled"}, "sampler"),
        ({"sampler": None}, "sampler"),
        ({"sampler": ["random"]}, "sampler"),
        ({"drop_last": 1}, "drop_last must be true or false"),
        ({"one_hot": "yes"}, "one_hot must be true or false"),
        ({"class_weights": (math.nan,)}, "weight of a class"),
        ({"class_weights": (-1.0, 2.0)}, "weight of a class"),
        ({"class_weights": ("1",)}, "weight of a class"),
        ({"class_weights": (1e9,)}, "weight of a class"),
        ({"class_weights": (True, 1)}, "weight of a class"),
        ({"class_weights": (0.0, 0.0)}, "above 0"),
    ],
)
def test_wrong_settings_get_a_sentence(change, word):
    with pytest.raises(DataError, match=word) as refused:
        LoaderSettings(**change)
    assert str(refused.value).endswith(".")


def test_weights_must_fit_the_data_set():
    with pytest.raises(DataError, match="2 classes, but there are 3 weights"):
        loading.order(sources.source("numbers"), LoaderSettings(sampler="weighted", class_weights=(1, 2, 3)))
    with pytest.raises(DataError, match="none can be drawn"):
        single = sources.source("numbers", count=1)
        loading.order(single, LoaderSettings(sampler="weighted", class_weights=(0.0, 1.0)))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("mnist",), "must be one of fashion, garments, patterns, numbers, table, not 'mnist'"),
        ((None,), "must be one of fashion, garments, patterns, numbers, table"),
        ((["numbers"],), "must be one of fashion, garments, patterns, numbers, table"),
        (("garments", "validation"), "train"),
        (("numbers", "train", 0), "1 to 100,000"),
        (("numbers", "train", math.nan), "1 to 100,000"),
        (("numbers", "train", True), "1 to 100,000"),
        (("numbers", "train", 10**9), "1 to 100,000"),
    ],
)
def test_data_sets_that_there_are_not(arguments, word):
    with pytest.raises(DataError, match=word):
        sources.source(*arguments)


def test_without_fashion_mnist_the_garments_take_its_place(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    assert sources.default() == "garments" and "fashion" not in sources.names()
    with pytest.raises(DataError, match="Choose another data set"):
        sources.source("fashion")


def test_the_real_set_is_the_default_where_it_is(fashion_root, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(fashion_root))
    assert sources.default() == "fashion"
    assert (len(sources.source("fashion")), len(sources.source("fashion", "test"))) == (60_000, 10_000)


def test_the_code_of_a_data_set_is_its_own():
    code = dataset_class(sources.source("numbers"))
    assert code.startswith("class Numbers(Dataset):") and "self.data[index]" in code
    namespace = {"Dataset": torch.utils.data.Dataset, "torch": torch}
    exec(code, namespace)
    assert namespace["Numbers"](20)[17] == (torch.tensor(17.0), 1)


SWEEP = [
    *((name, LoaderSettings(9, "random", seed=6), 1, 1) for name in NAMES),
    ("numbers", LoaderSettings(32, "random", seed=1), 2, 3),
    ("numbers", LoaderSettings(7, "weighted", seed=2, class_weights=(1.0, 3.3)), 1, 0),
    ("numbers", LoaderSettings(32, "sequential", drop_last=True), 0, 2),
    ("patterns", LoaderSettings(16, "random", one_hot=True), 1, 2),
    ("table", LoaderSettings(32, "random", seed=7, drop_last=True), 1, 14),
    ("garments", LoaderSettings(10, "random", seed=3), 1, 4),
    (
        "garments",
        LoaderSettings(8, "random", one_hot=True, replay_seed=5, steps=transforms.checked([
            {"name": "ToImage", "on": True, "params": {}},
            {"name": "RandomHorizontalFlip", "on": True, "params": {"p": 0.5}},
            {"name": "Resize", "on": False, "params": {}},
            {"name": "ToDtype", "on": True, "params": {}},
        ])),
        1,
        2,
    ),
    ("garments", LoaderSettings(6, "weighted", class_weights=(0.5,) * 9 + (4.0,)), 0, 3),
]  # fmt: skip


def test_the_program_gives_the_batch_on_screen(programs, tmp_path):
    files = []
    for number, (name, settings, epoch, place) in enumerate(SWEEP):
        files.append(tmp_path / f"{number}.py")
        files[-1].write_text(program(sources.source(name), settings, epoch, place), encoding="utf-8")
    run = (
        "import contextlib, io, json, runpy, sys\n"
        "for file in sys.argv[1:]:\n"
        "    output = io.StringIO()\n"
        "    with contextlib.redirect_stdout(output): runpy.run_path(file, run_name='__main__')\n"
        "    print(json.dumps(output.getvalue()))\n"
    )
    result = programs.run("-c", run, *map(str, files))
    assert result.returncode == 0, result.stderr
    for line, (name, settings, epoch, place) in zip(result.stdout.splitlines(), SWEEP, strict=True):
        source = sources.source(name)
        batch = loading.batch(source, settings, loading.order(source, settings).batch(epoch, place))
        shapes = f"{batch.x.shape} {batch.x.dtype} {batch.y.shape} {batch.y.dtype}"
        assert json.loads(line) == f"{shapes}\n{str(batch.x.float().mean())} {batch.y[:8]}\n"


def test_the_program_reads_the_real_data_set(fashion_root, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(fashion_root))
    source, settings = sources.source("fashion", "test"), LoaderSettings(64, "random", seed=8)
    file = tmp_path / "program.py"
    file.write_text(program(source, settings, 0, 5), encoding="utf-8")
    runpy.run_path(str(file), run_name="__main__")
    batch = loading.batch(source, settings, loading.order(source, settings).batch(0, 5))
    output = capsys.readouterr().out
    assert output.startswith("torch.Size([64, 1, 28, 28]) torch.float32 torch.Size([64])")
    assert output.endswith(f"{str(batch.x.mean())} {batch.y[:8]}\n")
