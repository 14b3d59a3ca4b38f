"""The attacks on the page are what they claim to be; no page is started here."""

import io
import zipfile

import httpx
import pytest
from PIL import Image

from benchmarks.strangers import __main__ as strangers
from benchmarks.strangers import floods, unfair
from benchmarks.strangers.page import Refused
from benchmarks.strangers.place import Attack, Outcome, at_once, refused


def test_a_bomb_is_a_small_picture_of_many_scans():
    picture = Image.open(io.BytesIO(floods.bomb(side=512, scans=30)))
    assert picture.size == (512, 512) and picture.info["progressive"]
    picture.load()
    whole = floods.bomb()
    assert whole.count(b"\xff\xda") == 6001 and len(whole) < 300_000


def test_an_upload_is_small_and_its_pictures_are_not():
    content = unfair.archive()
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        assert len(pack.namelist()) == unfair.PICTURES
        assert Image.open(pack.open(pack.namelist()[-1])).size == (64, 64)
    assert len(content) < 10**6


def test_the_outside_server_counts_what_is_fetched():
    with floods.outside() as (address, fetched):
        assert httpx.get(f"{address}/1/2").text == "ok"
        assert fetched == {"/1/2"}


def test_a_refusal_does_not_end_an_attack():
    def call(number: int) -> int:
        if number == 1:
            raise Refused("the queue is full")
        return number

    answers = at_once(call, range(3), 2)
    assert answers == [0, "refused: the queue is full", 2]
    assert list(map(refused, answers)) == [False, True, False]


def test_each_item_has_its_line_and_a_failure_is_one(monkeypatch, tmp_path, capsys):
    assert [attack.number for attack in strangers.ATTACKS] == list(range(1, strangers.CLASS + 1))

    def broken(site: object) -> Outcome:
        raise RuntimeError("the page did not open")

    attacks = (Attack(1, "nothing", lambda site: Outcome("0 fetched", "0.01")), Attack(2, "break it", broken))
    monkeypatch.setattr(strangers, "ATTACKS", attacks)
    outcomes = strangers.run_attacks(tmp_path, [1, 2], tmp_path, "before")
    lines = strangers.table({"before": outcomes, "now": outcomes}).splitlines()
    assert lines[2] == "| 1 | nothing | 0.01 | 0 fetched | 0.01 | 0 fetched |"
    assert "not measured: RuntimeError: the page did not open" in lines[3]
    assert "0 fetched" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "items"), [("3,5", [3, 5]), ("18", [18]), ("0", None), ("all", None)])
def test_items_are_chosen_by_number(text, items):
    if items is None:
        with pytest.raises(strangers.argparse.ArgumentTypeError):
            strangers.numbers(text)
    else:
        assert strangers.numbers(text) == items


def test_an_unknown_commit_gets_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["strangers", "--before", "no-such-commit", "--only", "1"])
    monkeypatch.setattr(strangers.signal, "signal", lambda *handler: None)
    assert strangers.main() == 2
    assert "no commit 'no-such-commit'" in capsys.readouterr().err
