"""The garments that a run learns from: drawn once, kept in a file, and drawn anew where that is damaged."""

import zipfile

import pytest
import torch

from data.drawn import samples as room
from data.drawn.garments import Garments
from data.drawn.samples import samples


@pytest.fixture
def few_drawings(monkeypatch, tmp_path):
    """A data folder of its own, and 60 garments instead of thousands."""
    monkeypatch.setattr(room, "DRAWN", {"train": 40, "test": 20})
    monkeypatch.setattr(room, "HELD_OUT", 10)
    monkeypatch.setattr(room, "_drawn", [])
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def forget():
    room._drawn.clear()


def test_garments_are_drawn_once_and_kept_for_the_next_process(few_drawings, monkeypatch):
    told = []
    made = samples(lambda done, total: told.append((done, total)))
    assert told == [(20, 60), (40, 60), (60, 60)]
    drawn, test = Garments(40), Garments(20, split="test")
    assert torch.equal(torch.cat([made.train[0], made.validation[0]]), drawn.data.unsqueeze(1))
    assert torch.equal(torch.cat([made.train[1], made.validation[1]]), drawn.targets)
    assert torch.equal(made.test[0], test.data.unsqueeze(1)) and torch.equal(made.test[1], test.targets)
    assert [len(part[1]) for part in (made.train, made.validation, made.test)] == [30, 10, 20]

    monkeypatch.setattr(Garments, "draw", None)  # drawing again would fail
    assert samples().train[0].data_ptr() == made.train[0].data_ptr()
    forget()
    assert torch.equal(samples().train[0], made.train[0])
    assert [path.parent.name for path in few_drawings.rglob("garments-*.npz")] == ["data"]


def test_a_damaged_file_of_drawings_is_drawn_anew(few_drawings):
    made = samples()
    (file,) = few_drawings.rglob("garments-*.npz")
    file.write_bytes(file.read_bytes()[:500])
    forget()
    assert torch.equal(samples().train[0], made.train[0])
    assert zipfile.is_zipfile(file)


def test_drawings_are_kept_under_another_name_when_a_file_that_draws_changes(tmp_path, monkeypatch):
    (tmp_path / "hats.py").write_text("BRIM = 3")
    monkeypatch.setattr(room.drawn, "__path__", [str(tmp_path)])
    names = {room._places()[0].name}
    (tmp_path / "hats.py").write_text("BRIM = 4")
    names.add(room._places()[0].name)
    (tmp_path / "scarves.py").write_text("LENGTH = 9")
    names.add(room._places()[0].name)
    assert len(names) == 3


def test_drawings_go_to_the_cache_where_the_data_folder_cannot_be_written(few_drawings):
    (few_drawings / "data").write_text("not a folder")
    made = samples()
    assert [path.parent.name for path in few_drawings.rglob("garments-*.npz")] == ["torch-playground"]
    (few_drawings / "cache").rename(few_drawings / "away")
    (few_drawings / "cache").write_text("nor this")
    forget()
    assert torch.equal(samples().train[0], made.train[0])
