"""The folder of uploads: complete files only, limited in bytes and time."""

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from ui.serving.uploads import Uploads


@pytest.fixture
def paths() -> set[str]:
    return set()


@pytest.fixture
def uploads(tmp_path, paths) -> Uploads:
    return Uploads(tmp_path / "files", paths, most_bytes=100_000)


def test_a_file_is_kept_under_its_name(uploads, paths):
    path = uploads.keep("b é.csv", b"one", "1.1.1.1")
    assert path.name == "b é.csv" and path.read_bytes() == b"one" and paths == {str(path)}
    assert uploads.keep("b é.csv", b"two", "1.1.1.1") != path


@pytest.mark.parametrize(
    "name", ["../../a", "..", ".", "", "a/b", "C:\\x\\y", "/etc/passwd", "a\0b", "x" * 5000]
)
def test_no_name_leads_out_of_the_folder(uploads, name):
    path = uploads.keep(name, b"x", "")
    assert path.is_file() and path.parent.parent == uploads.folder


def test_the_oldest_file_of_whoever_has_most_goes_first(uploads, paths):
    honest = uploads.keep("honest", b"x" * 10_000, "honest")
    flood = [uploads.keep("flood", b"x" * 30_000, "flood") for _ in range(10)]
    assert honest.is_file() and str(honest) in paths
    assert [path for path in flood if path.is_file()] == flood[-3:]
    assert paths == {str(path) for path in (honest, *flood[-3:])}
    assert sorted(uploads.folder.iterdir()) == sorted(path.parent for path in (honest, *flood[-3:]))


def test_deleted_files_do_not_count_after_a_sweep(uploads, paths):
    for _ in range(3):
        uploads.keep("a", b"x" * 30_000, "a").unlink()
    uploads.sweep()
    assert paths == set() and not uploads._bytes and not uploads._files
    files = [uploads.keep("b", b"x" * 30_000, "b") for _ in range(3)]
    assert all(path.is_file() for path in files)


def test_empty_files_count(uploads):
    for _ in range(100):
        uploads.keep("empty", b"", "flood")
    assert len([*uploads.folder.iterdir()]) == 24


def test_sweeping_goes_on_while_files_come_and_go(uploads):
    ends = threading.Event()

    def come_and_go() -> None:
        while not ends.is_set():
            uploads.keep("a", b"x" * 30_000, "a")

    visitor = threading.Thread(target=come_and_go)
    visitor.start()
    try:
        for _ in range(200):
            uploads.sweep()
    finally:
        ends.set()
        visitor.join()


def test_old_files_go_whoever_wrote_them(uploads, paths):
    new, old = uploads.keep("new", b"x", ""), uploads.keep("old", b"x", "")
    answer = uploads.folder / "heat" / "map.png"
    answer.parent.mkdir()
    answer.write_bytes(b"png")
    for path in (old, answer, answer.parent):
        os.utime(path, (time.time() - 700,) * 2)
    uploads.sweep(age=600)
    assert [path for path in uploads.folder.rglob("*") if path.is_file()] == [new]
    assert paths == {str(new)} and not answer.parent.exists()


def test_a_full_disk_leaves_nothing(uploads, paths, monkeypatch):
    def half(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError):
        uploads.keep("a", b"xyz", "")
    assert [*uploads.folder.iterdir()] == [] and paths == set()
