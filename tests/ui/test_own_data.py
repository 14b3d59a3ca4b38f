"""Data of visitors: found by its secret alone, for an hour, within a limit, and gone when it is forgotten."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from PIL import Image

from data import transforms
from data.custom import DataError, Pictures
from data.sources import Source
from ui import batch_steps, own_data
from ui import batches as tab
from ui.context import Context
from ui.own_data import FULL, GONE, OWN, OwnData, read_own

TABLE = [("plants.csv", b"a,b,label\n" + b"".join(b"%d,%d,%d\n" % (i, 2 * i, i % 3) for i in range(50)))]


def table() -> Source:
    return read_own(TABLE, "")[0]


def test_it_is_found_by_its_secret_alone():
    own = OwnData()
    mine, yours = table(), table()
    a, b = own.keep(mine), own.keep(yours)
    assert own.get(a) is mine and own.get(b) is yours
    # 16 random bytes: nobody guesses them, and no two are alike
    assert len({own.keep(mine) for _ in range(50)} | {a, b}) == 52 and len(a) >= 22
    for other in (a[:-1], a + " ", a.swapcase(), "", None, True, 0, [a], (a,), {a: a}, a.encode(), "*"):
        with pytest.raises(DataError) as said:
            own.get(other)
        assert str(said.value) == GONE
        own.drop(other)  # no mistake, and no way to make others lose theirs
    assert own.get(a) is mine
    own.drop(a)
    own.drop(a)
    assert own.get(b) is yours
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


def test_there_is_room_for_so_many_bytes(monkeypatch):
    source = table()
    # (50, 2) float32 features, and labels and targets of 8 bytes each
    size = 50 * 2 * 4 + 50 * 8 + 50 * 8
    assert own_data._bytes(source.dataset) == size
    monkeypatch.setattr(own_data, "MAX_OWN_BYTES", 2 * size)
    own, now = OwnData(), [0.0]
    monkeypatch.setattr(own_data.time, "monotonic", lambda: now[0])
    a, b = own.keep(source), own.keep(source)
    with pytest.raises(DataError) as said:
        own.keep(source)
    assert str(said.value) == FULL and own.get(a) and own.get(b)
    own.drop(a)
    c = own.keep(source)
    # what is too old makes room, too
    now[0] += own_data.OWN_SECONDS + 1
    assert own.keep(source)
    with pytest.raises(DataError):
        own.get(c)


def test_pictures_count_with_their_pixels():
    pictures = Pictures([Image.new("RGB", (60, 40)), Image.new("RGB", (5, 7))], [0, 1], ["a", "b"])
    assert own_data._bytes(pictures) == 3 * (60 * 40 + 5 * 7) + 2 * 8


def test_one_visitors_full_room_does_not_cost_them_what_they_have(monkeypatch):
    own = OwnData()
    token = tab.on_own(own, TABLE, "", None)[0]
    monkeypatch.setattr(own_data, "MAX_OWN_BYTES", 1)
    assert tab.on_own(own, TABLE, "", token)[2] == FULL
    assert own.get(token)


@pytest.mark.parametrize("pictures", [False, True])
def test_nothing_keeps_what_is_forgotten(pictures):
    context = Context(device=torch.device("cpu"))
    own = context.own
    if pictures:
        images = [Image.new("RGB", (28, 28), (9 * i, 0, 0)) for i in range(8)]
        source = Source(OWN, "picture", Pictures(images, [0, 1] * 4, ["a", "b"]), "", "Pictures()")
        del images
    else:
        source = table()
    watched = [weakref.ref(source), weakref.ref(source.dataset), weakref.ref(source.targets)]
    token = own.keep(source)
    del source
    given = {
        **batch_steps.PLAIN, "dataset": OWN, "own": token, "batch_size": 4, "sampler": "weighted",
        "steps": transforms.DEFAULT,
    }  # fmt: skip
    options = [given[key] for key in batch_steps.KEYS]
    shown = batch_steps.on_options(own, (1, 1), *options)
    assert "problem" not in shown and not shown["error"]
    assert "problem" not in batch_steps.on_sample(own, {**shown["settings"], "index": 0})
    for part in tab.PARTS:
        assert tab.on_look(context, part, (0, 1), (3, "screen", "default"), *options)
    assert all(ref() is not None for ref in watched)
    tab.on_forget(own, token)
    gc.collect()
    assert [ref() for ref in watched] == [None] * 3


def test_a_table_is_told_from_pictures():
    source, told = read_own([("A.CSV", b"x;y\n1;2\n3;4\n")], "  x ")
    assert source.kind == "row" and source.classes == ("1", "3")
    assert told == "A table of 2 rows with 1 feature."
    assert source.call == "read_table(open('A.CSV', 'rb').read(), 'A.CSV', 'x')"
    nasty = "<img src=x onerror=alert(1)>${7*6}'\".csv"
    assert compile(read_own([(nasty, TABLE[0][1])], "")[0].call, "program", "eval")
    with pytest.raises(DataError, match="have no labels"):
        read_own([("a.png", b"no picture")], "")
    with pytest.raises(DataError, match="Nothing was uploaded"):
        read_own([], "")


def test_what_a_visit_brought_goes_with_it():
    own = OwnData()
    first = own.keep(read_own(TABLE, "")[0], "one visit")
    other = own.keep(read_own(TABLE, "")[0], "another visit")
    own.leave("one visit")
    own.leave("a visit without data")
    with pytest.raises(DataError, match="no longer here"):
        own.get(first)
    assert len(own.get(other))
