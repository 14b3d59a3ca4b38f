"""Data of visitors: found by its secret alone, for an hour, within a limit, and gone when it is forgotten."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref

import pytest
import torch
from PIL import Image

from data.loader import transforms
from data.own.custom import DataError, PictureDataset
from data.own.uploads import Wishes, read_own, read_upload
from data.sources import OWN, Source
from tests.data.own.packing import packed, png
from ui.context import Context
from ui.dataloader import steps as batch_steps
from ui.dataloader import tab
from ui.dataloader.own import on_forget, on_own
from ui.kit import own_data
from ui.kit.own_data import EXPIRED, TOO_LARGE, OwnData

TABLE = [("plants.csv", b"a,b,label\n" + b"".join(b"%d,%d,%d\n" % (i, 2 * i, i % 3) for i in range(50)))]


def table() -> Source:
    return read_own(TABLE, "")[0]


def test_it_is_found_by_its_secret_alone():
    own = OwnData()
    first, second = table(), table()
    a, b = own.keep(first), own.keep(second)
    assert own.get(a) is first and own.get(b) is second
    # 16 random bytes: nobody guesses them, and no two are alike
    assert len({own.keep(first) for _ in range(50)} | {a, b}) == 52 and len(a) >= 22
    for other in (a[:-1], a + " ", a.swapcase(), "", None, True, 0, [a], (a,), {a: a}, a.encode(), "*"):
        with pytest.raises(DataError) as error:
            own.get(other)
        assert str(error.value) == EXPIRED
        own.drop(other)  # no mistake, and no way to make others lose theirs
    assert own.get(a) is first
    own.drop(a)
    own.drop(a)
    assert own.get(b) is second
    with pytest.raises(DataError):
        own.get(a)
    with pytest.raises(DataError):
        OwnData().get(b)


def test_it_is_kept_for_an_hour(monkeypatch):
    own, now = OwnData(), [1000.0]
    monkeypatch.setattr(own_data.time, "monotonic", lambda: now[0])
    first = own.keep(table())
    now[0] += own_data.OWN_SECONDS - 1
    second = own.keep(table())
    assert own.get(first)
    now[0] += 2
    with pytest.raises(DataError, match="kept for an hour"):
        own.get(first)
    assert own.get(second)


SIZE = 4096 + 50 * 2 * 4 + 50 * 8 + 50 * 8
"""Of `table`: (50, 2) float32 features, labels and targets of 8 bytes each, and what any set takes."""


def there(own: OwnData, *tokens: str) -> list[bool]:
    """Whether each of the data sets is still kept."""
    result = []
    for token in tokens:
        try:
            result.append(bool(own.get(token)))
        except DataError as error:
            assert str(error) == EXPIRED
            result.append(False)
    return result


@pytest.fixture
def room_for_four(monkeypatch):
    """For four tables, of which one address may have three."""
    assert own_data._bytes(table().dataset) == SIZE
    monkeypatch.setattr(own_data, "MAX_OWN_BYTES", 4 * SIZE)
    monkeypatch.setattr(own_data, "MAX_OWN_BYTES_CLIENT", 3 * SIZE)


def test_a_stranger_who_fills_the_room_takes_it_from_nobody_else(room_for_four):
    own = OwnData()
    theirs = own.keep(table(), address="a class")
    tokens = [own.keep(table(), address="a stranger") for _ in range(21)]
    assert own.get(theirs)
    assert there(own, *tokens) == [False] * 18 + [True] * 3
    # and they are still let in: the oldest of whoever holds most makes room
    again = own.keep(table(), address="a class")
    assert there(own, theirs, again, *tokens[-3:]) == [True, True, False, True, True]


def test_the_half_of_one_address_is_never_more(room_for_four):
    own = OwnData()
    tokens = [own.keep(table(), address="a class") for _ in range(5)]
    assert there(own, *tokens) == [False, False, True, True, True]
    with pytest.raises(DataError, match="others behind your network address or other visitors need the room"):
        own.get(tokens[0])


def test_old_data_makes_no_room_that_new_data_would_lose(room_for_four, monkeypatch):
    own, now = OwnData(), [0.0]
    monkeypatch.setattr(own_data.time, "monotonic", lambda: now[0])
    a, b = own.keep(table(), address="1"), own.keep(table(), address="2")
    now[0] += own_data.OWN_SECONDS + 1
    tokens = [own.keep(table(), address=str(i)) for i in range(4)]
    assert there(own, a, b, *tokens) == [False, False, True, True, True, True]


def test_pictures_count_with_the_memory_that_they_take():
    pictures = PictureDataset([Image.new("RGB", (60, 40)), Image.new("RGB", (5, 7))], [0, 1], ["a", "b"])
    assert own_data._bytes(pictures) == 4096 + 4 * (60 * 40 + 5 * 7) + 2 * 512 + 2 * 8


def test_data_that_is_too_large_leaves_the_old_data_in_place(monkeypatch):
    own = OwnData()
    token = on_own(own, TABLE, Wishes(), None)[0]
    monkeypatch.setattr(own_data, "MAX_OWN_BYTES_CLIENT", 1)
    assert on_own(own, TABLE, Wishes(), token)[2] == TOO_LARGE
    assert own.get(token)


def test_the_address_of_an_upload_counts(monkeypatch):
    # a table is kept with its file, so that it can be read in another way
    monkeypatch.setattr(own_data, "MAX_OWN_BYTES_CLIENT", 3 * (SIZE + len(TABLE[0][1])))
    own = OwnData()
    tokens = [on_own(own, TABLE, Wishes(), None, f"visit {i}", "a stranger")[0] for i in range(5)]
    assert there(own, *tokens) == [False, False, True, True, True]
    again = on_own(own, TABLE, Wishes(), tokens[4], "visit 4", "a stranger")[0]
    assert there(own, *tokens[2:], again) == [True, True, False, True], "new data takes the place of the old"


def test_data_expires_without_further_calls(monkeypatch):
    monkeypatch.setattr(own_data, "OWN_SECONDS", 0.05)
    own, sources = OwnData(), [table(), table()]
    expired = [threading.Event() for _ in sources]
    for source, event in zip(sources, expired, strict=True):
        weakref.finalize(source, event.set)
        own.keep(source)
    del source
    sources.clear()
    assert all(event.wait(60) for event in expired)


def test_no_timer_stays_when_nothing_is_kept():
    own = OwnData()
    tokens = [own.keep(table(), "a visit"), own.keep(table(), "a visit")]
    timer = own._timer
    own.drop(tokens[0])
    assert own._timer is timer and timer.is_alive()
    own.drop(tokens[1])
    timer.join(60)
    assert own._timer is None and not timer.is_alive()


def test_the_memory_of_large_data_goes_back_to_the_system(monkeypatch):
    returned = []
    monkeypatch.setattr(own_data, "return_memory", lambda: returned.append(len(own._entries)))
    monkeypatch.setattr(own_data, "RETURNED_BYTES", 2 * SIZE)
    own = OwnData()
    tokens = [own.keep(table(), "a visit") for _ in range(5)]
    own.drop(tokens[0])
    assert returned == []
    own.drop(tokens[1])
    assert returned == [3]
    monkeypatch.setattr(own_data, "OWN_SECONDS", 0)
    own.drop("the rest has expired")
    assert returned == [3, 0]


def resident() -> int:
    """Bytes of memory of this process that lie in RAM."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_many_small_pictures_leave_no_memory_behind():
    def keep(own: OwnData) -> str:
        images = [Image.new("RGB", (64, 64), (i % 256, 0, 0)) for i in range(8_000)]
        return own.keep(Source(OWN, "picture", PictureDataset(images, [0, 1] * 4_000, ["a", "b"]), "", ""))

    own = OwnData()
    before = resident()
    token = keep(own)
    growth = resident() - before
    # as after an hour of other work: something small lies above what is dropped
    above = [Image.new("RGB", (64, 64)) for _ in range(20)]
    own.drop(token)
    assert resident() - before < growth / 4, len(above)


@pytest.mark.parametrize("pictures", [False, True])
def test_nothing_keeps_what_is_forgotten(pictures):
    context = Context(device=torch.device("cpu"))
    own = context.own
    if pictures:
        images = [Image.new("RGB", (28, 28), (9 * i, 0, 0)) for i in range(8)]
        source = Source(
            OWN, "picture", PictureDataset(images, [0, 1] * 4, ["a", "b"]), "", "PictureDataset()"
        )
        del images
    else:
        source = table()
    watched = [weakref.ref(source), weakref.ref(source.dataset), weakref.ref(source.targets)]
    token = own.keep(source)
    del source
    options = {
        **batch_steps.PLAIN, "dataset": OWN, "own": token, "batch_size": 4, "sampler": "weighted",
        "steps": transforms.DEFAULT,
    }  # fmt: skip
    answer = batch_steps.on_options(own, (1, 1), options)
    assert "problem" not in answer and not answer["error"]
    assert "problem" not in batch_steps.on_sample(own, {**answer["settings"], "index": 0})
    for section in tab.SECTIONS:
        assert tab.on_look(context, section, (0, 1), (3, "screen", "default"), options)
    assert all(ref() is not None for ref in watched)
    on_forget(own, token)
    gc.collect()
    assert [ref() for ref in watched] == [None] * 3


def test_a_table_is_distinguished_from_pictures():
    source, summary = read_own([("A.CSV", b"x;y\n1;2\n3;4\n")], "  x ")
    assert source.kind == "row" and source.classes == ("1", "3")
    assert summary == "A table of 2 rows with 1 feature. The label is the column \"x\", with 2 classes: 1, 3."
    assert source.call == "read_table(open('A.CSV', 'rb').read(), 'A.CSV', 'x')"
    nasty = "<img src=x onerror=alert(1)>${7*6}'\".csv"
    assert compile(read_own([(nasty, TABLE[0][1])], "")[0].call, "program", "eval")
    with pytest.raises(DataError, match="have no labels"):
        read_own([("a.png", b"no picture")], "")
    with pytest.raises(DataError, match="Nothing was uploaded"):
        read_own([], "")


@pytest.mark.parametrize(
    ("name", "data", "wishes"),
    [
        ("t.data", b"a|b\n1|2\n3|4\n", Wishes("a")),
        ("t", "Title\nа;l\n1;ж\n2;я\n".encode("koi8-r"), Wishes("l", "koi8-r", True)),
        ("t.zip", packed({"t.csv": b"a,l\n1,x\n2,y\n"}), Wishes()),
        ("p.zip", packed({"l.csv": "1.png,ж\n2.png,я\n".encode("koi8-r"), "1.png": png(), "2.png": png()}),
         Wishes(encoding="koi8-r")),
    ],
)  # fmt: skip
def test_the_printed_call_reads_the_same_data(name, data, wishes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(data)
    source = read_upload([(name, data)], wishes).source
    assert source is not None
    names: dict = {}
    exec(f"{source.imports}\ndataset = {source.call}", names)
    assert names["dataset"].classes == source.classes
    assert torch.equal(names["dataset"].targets, source.targets)


@pytest.mark.parametrize(
    ("acts", "is_kept"),
    [
        ("", True),  # a connection that is lost, or a closed laptop, says nothing
        ("A left", False),
        ("A left, B joined", True),  # a reload
        ("A left, B joined, B left", False),
        ("B joined, A left", True),  # a copy of the tab; or what the browser said last came late
        ("B joined, A left, B left", False),
        ("B left", True),
        ("A left, A joined", True),  # back in the history of the browser
    ],
)
def test_data_goes_when_the_visitor_leaves_the_last_page_by_their_own_act(acts, is_kept, monkeypatch):
    own, now = OwnData(), [1000.0]
    monkeypatch.setattr(own_data.time, "monotonic", lambda: now[0])
    token, other = own.keep(table(), "A"), own.keep(table(), "A")
    for act in filter(None, acts.split(", ")):
        visit, verb = act.split()
        (own.join if verb == "joined" else own.leave)(token, visit)
        now[0] += 1
        assert own.get(token)
    now[0] += own_data.OWN_LEFT_SECONDS
    assert there(own, token, other) == [is_kept, True]
    now[0] += own_data.OWN_SECONDS - own_data.OWN_LEFT_SECONDS
    assert there(own, token, other) == [False, False], "an hour in any case"


def test_nobody_else_makes_a_visitor_leave():
    own = OwnData()
    token = own.keep(table(), "A")
    for wrong in ((token[:-1], "A"), (None, "A"), (token, None), ([token], "A"), (token, ["A"]), ("", "")):
        own.leave(*wrong)
    assert own._entries[token].visits == {"A"}
    for number in range(2 * own_data.MAX_VISITS):
        own.join(token, f"visit {number}")
    assert len(own._entries[token].visits) <= own_data.MAX_VISITS


def test_data_expires_soon_after_the_visitor_left_without_further_calls(monkeypatch):
    monkeypatch.setattr(own_data, "OWN_LEFT_SECONDS", 0.05)
    own, source, expired = OwnData(), table(), threading.Event()
    token = own.keep(source, "A")
    weakref.finalize(source, expired.set)
    del source
    own.leave(token, "A")
    assert expired.wait(60)
