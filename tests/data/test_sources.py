"""Which data sets there are: half a Fashion-MNIST counts as missing, until it is complete."""

import dataclasses
import struct

import pytest
import torch

from data import fashion, sources
from data.own.custom import DataError
from data.samples import SIDE


def write_half(folder) -> None:
    """Fashion-MNIST as an interrupted copy leaves it: correct headers, and half of the pictures."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        pictures = struct.pack(">IIII", 2051, count, 28, 28) + bytes(count * 784 // 2)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(pictures)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, count) + bytes(count))


@pytest.fixture
def half(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    write_half(tmp_path)
    return tmp_path


def test_half_a_file_counts_as_missing_and_is_named(half):
    assert sources.default() == "garments" and "fashion" not in sources.names()
    note = sources.missing_note()
    with pytest.raises(DataError) as refusal:
        sources.source("fashion")
    for sentence in (note, str(refusal.value)):
        assert "Fashion-MNIST is damaged on this machine (the file train-images-idx3-ubyte)" in sentence
        assert fashion.FETCH in sentence and str(half) not in sentence


def test_a_missing_data_set_is_not_called_damaged(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    assert sources.default() == "garments"
    assert sources.missing_note().startswith("Fashion-MNIST is not on this machine. The program draws")


def test_files_that_are_repaired_are_found_at_once(half, fashion_root):
    assert sources.default() == "garments"
    raw = half / "FashionMNIST" / "raw"
    for name in fashion.FILES:
        (raw / name).unlink()
        (raw / name).symlink_to(fashion_root / "FashionMNIST" / "raw" / name)
    assert sources.default() == "fashion" and sources.missing_note() == ""
    assert len(sources.source("fashion", "test")) == 10_000


def test_the_note_names_every_data_set_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    other = dataclasses.replace(
        sources.DATA_SETS["fashion"],
        problem=lambda folder: "Letters are not on this machine.",
        fetch="make letters",
        without="Nobody can read.",
    )
    monkeypatch.setitem(sources.DATA_SETS, "letters", other)
    assert sources.missing_note().endswith(
        "reload the page. Letters are not on this machine. Nobody can read. To fetch it, run make"
        " letters, then reload the page."
    )


def test_no_two_data_sets_share_a_title():
    titles = [entry.title for entry in sources.DATA_SETS.values()]
    titles += [learnable.title for learnable in sources.learnable().values() if learnable.title]
    assert len(set(titles)) == len(titles)


LEARNABLE = [name for name, learnable in sources.learnable().items() if learnable.load is not None]


@pytest.mark.parametrize("name", LEARNABLE)
def test_what_train_learns_matches_the_table(name, request):
    learnable = sources.learnable()[name]
    if sources.DATA_SETS[name].fetch:
        request.getfixturevalue("fashion_root")
    samples = learnable.load(None)
    assert learnable.sentence.endswith(".")
    assert len(samples.train[1]) == learnable.pictures and len(samples.classes) == learnable.classes
    for images, labels in (samples.train, samples.validation, samples.test):
        assert images.shape == (len(labels), 1, SIDE, SIDE) and images.dtype == torch.uint8
        assert set(labels.unique().tolist()) == set(range(learnable.classes))
