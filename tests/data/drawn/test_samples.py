"""The garments that a run learns from: drawn once, stored in a file, drawn again if the file is damaged."""

import zipfile

import pytest
import torch

from data.drawn import samples as module
from data.drawn.garments import Garments
from data.drawn.samples import samples


@pytest.fixture
def few_drawings(monkeypatch, tmp_path):
    """A data folder of its own, and 60 garments instead of thousands."""
    monkeypatch.setattr(module, "DRAWN", {"train": 40, "test": 20})
    monkeypatch.setattr(module, "HELD_OUT", 10)
    monkeypatch.setattr(module, "_drawn", [])
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def forget():
    module._drawn.clear()


def test_garments_are_drawn_once_and_stored_for_the_next_process(few_drawings, monkeypatch):
    calls = []
    first = samples(lambda done, total: calls.append((done, total)))
    assert calls == [(20, 60), (40, 60), (60, 60)]
    learned, test = Garments(40), Garments(20, split="test")
    assert torch.equal(torch.cat([first.train[0], first.validation[0]]), learned.data.unsqueeze(1))
    assert torch.equal(torch.cat([first.train[1], first.validation[1]]), learned.targets)
    assert torch.equal(first.test[0], test.data.unsqueeze(1)) and torch.equal(first.test[1], test.targets)
    assert [len(part[1]) for part in (first.train, first.validation, first.test)] == [30, 10, 20]

    monkeypatch.setattr(Garments, "draw", None)  # drawing again would fail
    assert samples().train[0].data_ptr() == first.train[0].data_ptr()
    forget()
    assert torch.equal(samples().train[0], first.train[0])
    assert [path.parent.name for path in few_drawings.rglob("garments-*.npz")] == ["data"]


def test_a_damaged_file_of_drawings_is_replaced(few_drawings):
    first = samples()
    (file,) = few_drawings.rglob("garments-*.npz")
    file.write_bytes(file.read_bytes()[:500])
    forget()
    assert torch.equal(samples().train[0], first.train[0])
    assert zipfile.is_zipfile(file)


def test_the_file_has_another_name_when_the_code_that_draws_changes(tmp_path, monkeypatch):
    (tmp_path / "hats.py").write_text("BRIM = 3")
    monkeypatch.setattr(module.drawn, "__path__", [str(tmp_path)])
    names = {module._places()[0].name}
    (tmp_path / "hats.py").write_text("BRIM = 4")
    names.add(module._places()[0].name)
    (tmp_path / "scarves.py").write_text("LENGTH = 9")
    names.add(module._places()[0].name)
    assert len(names) == 3


def test_drawings_go_to_the_cache_if_the_data_folder_cannot_be_written(few_drawings):
    (few_drawings / "data").write_text("not a folder")
    first = samples()
    assert [path.parent.name for path in few_drawings.rglob("garments-*.npz")] == ["torch-playground"]
    (few_drawings / "cache").rename(few_drawings / "away")
    (few_drawings / "cache").write_text("nor this")
    forget()
    assert torch.equal(samples().train[0], first.train[0])
