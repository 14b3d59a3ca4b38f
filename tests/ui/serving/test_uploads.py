"""The folder of uploads: whole files only, bounded in bytes and time."""

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from ui.serving.uploads import Uploads


@pytest.fixture
def known() -> set[str]:
    return set()


@pytest.fixture
def uploads(tmp_path, known) -> Uploads:
    return Uploads(tmp_path / "files", known, most_bytes=100_000)


def test_a_file_is_kept_under_its_name(uploads, known):
    path = uploads.keep("b é.csv", b"one", "1.1.1.1")
    assert path.name == "b é.csv" and path.read_bytes() == b"one" and known == {str(path)}
    assert uploads.keep("b é.csv", b"two", "1.1.1.1") != path


@pytest.mark.parametrize(
    "name", ["../../a", "..", ".", "", "a/b", "C:\\x\\y", "/etc/passwd", "a\0b", "x" * 5000]
)
def test_no_name_leads_out_of_the_folder(uploads, name):
    path = uploads.keep(name, b"x", "")
    assert path.is_file() and path.parent.parent == uploads.folder


def test_the_oldest_file_of_whoever_has_most_goes_first(uploads, known):
    kept = uploads.keep("honest", b"x" * 10_000, "honest")
    flood = [uploads.keep("flood", b"x" * 30_000, "flood") for _ in range(10)]
    assert kept.is_file() and str(kept) in known
    assert [path for path in flood if path.is_file()] == flood[-3:]
    assert known == {str(path) for path in (kept, *flood[-3:])}
    assert sorted(uploads.folder.iterdir()) == sorted(path.parent for path in (kept, *flood[-3:]))


def test_files_that_were_read_do_not_count_after_a_sweep(uploads, known):
    for _ in range(3):
        uploads.keep("a", b"x" * 30_000, "a").unlink()
    uploads.sweep()
    assert known == set() and not uploads._held and not uploads._files
    kept = [uploads.keep("b", b"x" * 30_000, "b") for _ in range(3)]
    assert all(path.is_file() for path in kept)


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


def test_old_files_go_whoever_wrote_them(uploads, known):
    new, old = uploads.keep("new", b"x", ""), uploads.keep("old", b"x", "")
    answer = uploads.folder / "heat" / "map.png"
    answer.parent.mkdir()
    answer.write_bytes(b"png")
    for path in (old, answer, answer.parent):
        os.utime(path, (time.time() - 700,) * 2)
    uploads.sweep(age=600)
    assert [path for path in uploads.folder.rglob("*") if path.is_file()] == [new]
    assert known == {str(new)} and not answer.parent.exists()


def test_a_full_disk_leaves_nothing(uploads, known, monkeypatch):
    def half(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError):
        uploads.keep("a", b"xyz", "")
    assert [*uploads.folder.iterdir()] == [] and known == set()
