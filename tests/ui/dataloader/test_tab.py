"""The DataLoader tab: its handlers, their answers to wrong input, and its endpoint as a program calls it."""

from __future__ import annotations

import asyncio
import base64
import math
import re
import socket
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest
import torch
from gradio.state_holder import SessionState
from gradio_client import Client
from gradio_client.exceptions import AppError

from data import sources
from data.loader import transforms
from data.loader.loading import LoaderSettings
from data.own.custom import DataError
from data.own.uploads import Wishes, read_own
from data.sources import OWN
from tests.data.test_sources import write_half
from tests.ui.dataloader.loaders import NUMBERS, TABLE_FILE, real_orders, step
from ui.context import Context
from ui.dataloader import steps as batch_steps
from ui.dataloader import tab
from ui.dataloader.class_weights import ClassWeights
from ui.dataloader.own import on_forget, on_own, on_return, on_wishes, wishes_of
from ui.dataloader.player import BatchPlayer
from ui.kit.own_data import EXPIRED, OwnData
from ui.kit.own_secret import OwnSecret, held
from ui.train import choices as train_choices

CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("few_garments")


def options_of(**changes) -> dict:
    """Values of the components, as handlers get them."""
    options = {**NUMBERS, **changes}
    return {**options, "steps": transforms.checked(options["steps"])}


def decoded(sprite: str) -> np.ndarray:
    """A data URL as an array, grey (H, W)."""
    data = base64.b64decode(sprite.partition("base64,")[2])
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


# --- wrong input ------------------------------------------------------------------------------------------


def each(key: str, *values: Any) -> list[dict[str, Any]]:
    return [{key: value} for value in values]


BAD: list[Any] = [
    None, True, "numbers", [], {}, 3,
    *each("dataset", None, True, 3, "mnist", "fashion", ["numbers"], {}, "../x", OWN),
    *({"dataset": OWN, **change} for change in each("own", True, 7, [], {}, "a" * 10**5, "someone else's")),
    *({"dataset": "garments", **change} for change in each("split", None, "val", ["train"], {}, 1)),
    *each("count", 0, -1, math.nan, math.inf, None, True, "9", 10**9, 2.5, [5]),
    *each("batch_size", 0, -8, 1025, math.nan, -math.inf, None, False, "8", 1.5, [8]),
    {"batch_size": 10**400},
    *each("sampler", None, True, "shuffled", ["random"], {"random": 1}, 0),
    *each("seed", -1, 2**31, math.nan, None, True, "1", 0.5),
    *each("drop_last", None, 1, "yes", []),
    *each("one_hot", None, 0, "no"),
    *({"sampler": "weighted", **change} for change in each("weights",
        None, 5, "1,2", {"even": 1}, [1], [1, 2, 3], [0, 0], [-1, 1], [math.nan, 1], [1, 1001], [True, 1],
        ["1", 1], [None, 1], [[1], 1], [10**400, 1], [1e-300, 1e-300],
    )),
    *each("steps",
        None, "ToImage", {}, [None], ["ToImage"], [{}], [{"name": "Exec"}], [{"name": "ToImage", "on": 1}],
        [{"name": "ToImage", "code": "x"}], [{"name": "Normalize", "params": {"std": 0}}],
        [{"name": "Normalize", "params": {"mean": math.nan}}], [{"name": "ToImage"}] * 13,
    ),
    *each("replay_seed", -1, None, math.nan, "0"),
    *each("epoch", -1, 100, None, True, math.nan, math.inf, "0", [0]),
    *each("number", -1, True, math.nan, math.inf, "0", [0], 10**10),
    *each("first", -1, None, math.nan, "0", 10**6),
    {"batch_size": 101, "drop_last": True},
]  # fmt: skip


def test_wrong_input_gets_a_sentence_and_nothing_else(own):
    token = own.keep(read_own([TABLE_FILE], "")[0])
    assert "problem" not in batch_steps.on_step(own, {**NUMBERS, "dataset": OWN, "own": token})
    for change in [*BAD, {"dataset": OWN, "own": token[:-1]}, {"dataset": OWN, "own": [token]}]:
        options = {**NUMBERS, **change} if isinstance(change, dict) and change else change
        answer = batch_steps.on_step(own, options)
        assert list(answer) == ["problem"], change
        assert re.fullmatch(r"\S.{15,}\.", answer["problem"]), answer
        assert token not in answer["problem"]


def test_a_number_after_the_last_batch_is_the_last():
    assert step(number=None)["number"] == step(number=10**9)["number"] == 3
    assert batch_steps.nearest(*batch_steps.resolve(OwnData(), NUMBERS), 5.0, 2.0) == (5, 2)
    with pytest.raises(DataError, match="do not fill one batch of 64"):
        batch_steps.nearest(sources.source("numbers", count=63), LoaderSettings(64, drop_last=True), 0, 0)


def test_missing_options_are_those_of_the_page():
    source, settings = batch_steps.resolve(OwnData(), {"dataset": "numbers"})
    assert len(source) == 100 and settings == LoaderSettings()


def test_an_invalid_position_is_the_first_batch():
    player = BatchPlayer(lambda options: {}, lambda options: {}, {}, render=False)
    places = [(True, 0), (0, -1), (-1, 0), (1.5, 1), ("1", "1"), (None, None), ([1], [1])]
    for payload in (None, 3, [], {}, {"epoch": 1}, *({"epoch": e, "number": n} for e, n in places)):
        assert player.preprocess(payload) == (0, 0)
    assert player.preprocess({"epoch": 2, "number": 3.0}) == (2, 3)
    assert ClassWeights(render=False).preprocess({"weights": [1]}) == [1]
    assert [ClassWeights(render=False).preprocess(x) for x in (None, 3, {}, {"weights": 3})] == [[]] * 4


# --- the options ------------------------------------------------------------------------------------------


def test_the_options_become_the_settings_of_the_player(own):
    value = batch_steps.on_options(own, (1, 2), options_of(batch_size=10, weights=[1, 2], sampler="weighted"))
    assert value["settings"] == {**NUMBERS, "batch_size": 10, "weights": [1, 2], "sampler": "weighted"}
    assert (value["epoch"], value["number"]) == (1, 2)
    # the browser sends them back, and gets the same batch
    assert (
        batch_steps.on_step(own, {**value["settings"], "epoch": 1, "number": 2})["indices"]
        == value["indices"]
    )


def test_wrong_options_get_a_sentence_and_stay_wrong_at_the_next_step(own):
    answer = batch_steps.on_options(own, (0, 0), options_of(batch_size=None))
    assert answer["problem"].startswith("The batch size must be")
    assert batch_steps.on_step(own, {**answer["settings"], "epoch": 0, "number": 1}) == {
        "problem": answer["problem"]
    }


def test_weights_of_another_data_set_are_left_behind(own):
    value = batch_steps.on_options(
        own, (0, 0), options_of(dataset="patterns", sampler="weighted", weights=[1] * 10)
    )
    assert "problem" not in value and value["settings"]["weights"] == []
    weighted = batch_steps.on_options(
        own, (0, 0), options_of(dataset="patterns", sampler="weighted", weights=[0, 1])
    )
    assert weighted["settings"]["weights"] == [0, 1] and weighted["counts"][0] == 0


# --- its parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", ["garments", "patterns", "numbers", "table"])
def test_every_part_shows_every_data_set(dataset):
    context = Context(device=CPU)
    many = {"dataset": 2, "transforms": 2}
    for section in tab.SECTIONS.keys() - {"workers", "own"}:
        views = tab.on_look(context, section, (0, 0), (3, "screen", "default"), options_of(dataset=dataset))
        assert len(views) == many.get(section, 1) and all(views)
        wrong = options_of(dataset=dataset, batch_size=None)
        assert tab.on_look(context, section, (0, 0), (3, "screen", "default"), wrong) == []
    for epochs in (0, 101, None, math.nan, True):
        assert tab.on_look(context, "arithmetic", (0, 0), (epochs, "", ""), options_of()) == []


def test_the_sample_of_the_data_set_part_is_the_first_of_the_batch():
    index = real_orders(100, {"batch_size": 32}, 2)[1][2][0]
    code, call = tab.on_look(Context(device=CPU), "dataset", (1, 2), (1, "", ""), options_of())
    assert "class Numbers(Dataset)" in code
    assert f"dataset[{index}]\n>>> x\ntensor({index}.)\n>>> label\n{index % 2}\n" in call


def test_visible_fields_follow_the_choice():
    assert [update["visible"] for update in tab.on_dataset("garments")] == [True, False]
    assert [update["visible"] for update in tab.on_dataset("numbers")] == [False, True]
    assert [update["visible"] for update in tab.on_dataset(None)] == [False, False]


# --- data of a visitor's own ------------------------------------------------------------------------------


def test_a_visitors_own_table(own):
    token, choice, sentence, button, label, encoding, skip = on_own(own, [TABLE_FILE], Wishes(), None)
    assert sentence == (
        'A table of 4 rows with 2 features. The label is the column "label", with 2 classes: x, y.'
    )
    assert choice["value"] == OWN and button["visible"]
    assert label["value"] == "label" and [name for _, name in label["choices"]] == ["a", "b", "label"]
    assert label["visible"] and not encoding["visible"] and not skip["visible"]
    value = batch_steps.on_options(own, (0, 0), options_of(dataset=OWN, own=token, sampler="sequential"))
    assert dict(value["facts"])["x.shape"] == "torch.Size([4, 2])"
    assert value["columns"] == ["a", "b"] and value["labels"] == ["x", "y", "x", "y"]
    assert value["words"] == [["1", "2"], ["3", "4.5"], ["5", "2e-05"], ["7", "1234567"]]
    opened = batch_steps.on_sample(own, {**value["settings"], "index": 3})
    assert opened["numbers"] == [[7, 1234567]]
    forgotten, choice, _sentence, *fields = on_forget(own, token)
    assert forgotten is None and choice["value"] == "garments"
    assert [field["visible"] for field in fields] == [False] * 4
    assert OWN not in [value for _, value in choice["choices"]]
    assert "upload it again" in batch_steps.on_sample(own, {**value["settings"], "index": 3})["problem"]


def test_new_data_replaces_the_old_and_a_bad_file_does_not(own):
    first = on_own(own, [TABLE_FILE], Wishes(), None)[0]
    source = own.get(first)
    refused = on_own(own, [("t.xlsx", b"PK\x03\x04" + bytes(60))], Wishes(), first)
    assert "t.xlsx: This is an Excel workbook" in refused[2] and own.get(first) is source
    assert refused[:2] == (gr.skip(),) * 2 and refused[3:] == (gr.skip(),) * 4
    assert on_own(own, [], Wishes(), first) == (gr.skip(),) * 7
    # a file that can be read in another way waits for that, beside the old data
    both, choice, sentence, *_fields = on_own(own, [("t.csv", b"a,b\n1,${7*6}\n")], Wishes(), first)
    assert "t.csv" in sentence and own.get(both) is source and choice == gr.skip()
    second = on_own(own, [TABLE_FILE], Wishes(), both)[0]
    assert own.get(second) is not source
    for token in (first, both):
        with pytest.raises(DataError, match="upload it again"):
            own.get(token)


CYRILLIC = "вид;x;z\nель;1;2\nдуб;3;4\nель;5;6\n".encode("windows-1251")


def test_an_upload_is_read_again_as_the_visitor_wishes(own):
    """The file is refused, because its last column is no label; then it is read in two ways."""
    token, choice, sentence, button, label, encoding, skip = on_own(
        own, [("t.csv", CYRILLIC)], Wishes(), None, "a visit"
    )
    assert 'The last column, "z", was taken as the label' in sentence and choice == gr.skip()
    assert (label["value"], encoding["value"], skip["visible"]) == ("z", "windows-1251", False)
    with pytest.raises(DataError, match="could not be read yet"):
        own.get(token)
    named, choice, sentence, *_fields = on_wishes(own, wishes_of("вид", None, 7), token, "a visit")
    assert choice["value"] == OWN and own.get(named).classes == ("дуб", "ель")
    assert sentence.endswith(
        "It was read as windows-1251 (Cyrillic): if letters look wrong, choose another encoding below."
    )
    # the other encoding has other letters, and so no column of that name
    both, _choice, sentence, *_fields = on_wishes(own, wishes_of("вид", "koi8-r", False), named)
    assert 'No column is called "вид"' in sentence and own.get(both).classes == ("дуб", "ель")


def test_a_title_is_skipped_when_the_visitor_says_so(own):
    token, *_, skip = on_own(own, [("t.csv", b"Plants\na,l\n1,x\n2,y\n")], Wishes(), None)
    assert skip["visible"] and not skip["value"]
    token, _choice, sentence, *_, skip = on_wishes(own, wishes_of("l", "", True), token)
    assert sentence.startswith("A table of 2 rows with 1 feature.") and skip["value"]
    assert own.get(token).call == "read_table(open('t.csv', 'rb').read(), 't.csv', 'l', skip=1)"


def test_a_reloaded_page_finds_its_data_and_its_choices(own):
    token, *fields = on_own(own, [("t.csv", CYRILLIC)], Wishes("вид"), None, "before")
    own.leave(token, "before")
    assert on_return(own, token, "after") == (token, *fields)
    lost, *_choice, sentence, _, _, _, _ = on_return(own, token[:-1], "after")
    assert lost is None and sentence == EXPIRED
    assert on_wishes(own, Wishes(), "nothing")[2] == EXPIRED


def test_pictures_of_different_sizes_are_shown_beside_what_to_do(own):
    def png(height: int, width: int, colour: tuple[int, int, int]) -> bytes:
        return cv2.imencode(".png", np.full((height, width, 3), colour, np.uint8))[1].tobytes()

    files = [
        ("a.png", png(40, 20, (0, 0, 255))), ("b.png", png(8, 8, (255, 0, 0))),
        ("l.csv", b"a.png,red\nb.png,blue\n"),
    ]  # fmt: skip
    token, _choice, sentence, *fields = on_own(own, files, Wishes(), None)
    assert sentence == "2 pictures in 2 classes: blue, red." and not any(f["visible"] for f in fields[1:])
    options = {**NUMBERS, "dataset": OWN, "own": token, "sampler": "sequential"}
    value = batch_steps.on_step(own, options)
    assert "stack expects each tensor to be equal size" in value["error"] and "Resize" in value["error"]
    assert (value["height"], value["width"]) == (32, 32)
    assert decoded(value["sprite"]).shape == (64, 32, 3) and value["labels"] == ["red", "blue"]
    value = batch_steps.on_step(own, {**options, "steps": [{"name": "Resize"}, *options["steps"]]})
    assert value["error"] == "" and dict(value["facts"])["x.shape"] == "torch.Size([2, 3, 28, 28])"
    # the middle of each picture, in blue, green, red: what JPEG keeps of a plain colour
    side = value["height"]
    for place, colour in ((0, (0, 0, 255)), (1, (255, 0, 0))):
        middle = decoded(value["sprite"])[place * side + side // 2, value["width"] // 2].astype(int)
        assert np.abs(middle - colour).max() <= 6


# --- the page ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page_and_own():
    context = Context(device=CPU)
    with gr.Blocks(analytics_enabled=False) as page:
        tab.build(context).token.render()
    yield page, context.own
    page.close()


@pytest.fixture(scope="module")
def client(page_and_own) -> Client:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, address, _ = page_and_own[0].launch(
        server_port=port, prevent_thread_lock=True, quiet=True, ssr_mode=False
    )
    return Client(address, verbose=False)


def test_the_page_opens_beside_a_damaged_data_set(tmp_path, monkeypatch):
    write_half(tmp_path)
    monkeypatch.setattr(sources, "data_folder", lambda: tmp_path)
    with gr.Blocks(analytics_enabled=False) as page:
        tab.build(Context(device=CPU))
    (choice,) = [block for block in page.blocks.values() if getattr(block, "elem_id", "") == "batch-dataset"]
    assert "is damaged" in choice.info and choice.value == "garments"
    (data,) = [field for field in train_choices.form()["fields"] if field["key"] == "data"]
    assert "is damaged" in data["help"]
    assert str(tmp_path) not in choice.info + data["help"]
    page.close()


def test_the_data_does_not_depend_on_the_session_of_the_server(page_and_own):
    """The session of a closed laptop may make room for others; the browser alone keeps the secret."""
    page, _ = page_and_own
    assert not [block for block in page.blocks.values() if isinstance(block, gr.State)]
    secret = OwnSecret(render=False)
    assert secret.preprocess(held("the secret", "a visit")) == "the secret"
    assert [secret.preprocess(payload) for payload in (None, "", 3, [], {}, held(None, ""))] == [None] * 6


def test_own_data_of_a_forgotten_session_gets_a_sentence(page_and_own):
    """The session that knew the secret, and that "own" is a choice, has made room for others."""
    page, _ = page_and_own
    (changed,) = [fn for fn in page.fns.values() if fn.name == "options_changed" and len(fn.targets) > 2]
    payload = [{"epoch": 0, "number": 0}, *(block.value for block in changed.inputs[1:])]
    for choice in (OWN, "another", None, 3, [OWN], {"own": OWN}):
        payload[1] = choice
        answer = asyncio.run(page.process_api(changed, list(payload), state=SessionState(page)))["data"][0]
        assert (answer["problem"] == EXPIRED) is (choice == OWN) and answer["problem"].endswith(".")


def test_the_endpoint_gives_what_a_dataloader_gives(client):
    options = {"batch_size": 32, "seed": 7}
    answer = client.predict(dataset="numbers", count=100, number=3, epoch=1, **options, api_name="/batch")
    indices = real_orders(100, options, 2)[1][3]
    assert answer["indices"] == indices and len(indices) == 4
    assert answer["labels"] == [("even", "odd")[i % 2] for i in indices]
    assert (answer["samples"], answer["batches"], answer["epoch"], answer["number"]) == (100, 4, 1, 3)
    assert answer["x.shape"] == "torch.Size([4])" and answer["y[:5]"] == str([i % 2 for i in indices])
    assert float(answer["x.mean()"]) == pytest.approx(sum(indices) / 4, abs=5.1e-5)
    assert "seed(7)" in answer["program"] and "(epoch, number) == (1, 3)" in answer["program"]


def test_the_endpoint_has_defaults_and_weights(client):
    assert client.predict(api_name="/batch")["indices"] == real_orders(100, {"batch_size": 32}, 1)[0][0]
    answer = client.predict(sampler="weighted", class_weights=[0, 1], api_name="/batch")
    assert {i % 2 for i in answer["indices"]} == {1}
    none = client.predict(sampler="weighted", class_weights=None, api_name="/batch")
    assert none["indices"] == real_orders(100, {"batch_size": 32}, 1, [1.0] * 100)[0][0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"dataset": "mnist"}, "garments, patterns, numbers, table"),
        ({"dataset": "own"}, "these names|no longer here"),
        ({"count": 0}, "1 to 100,000"),
        ({"batch_size": "8"}, "The batch size must be a whole number from 1 to 1,024"),
        ({"sampler": None}, "one of sequential, random, weighted"),
        ({"seed": -1}, "The seed must be"),
        ({"drop_last": 1}, "drop_last must be true or false"),
        ({"class_weights": [1, "2"]}, "a number from 0 to 1,000, not '2'"),
        ({"class_weights": 0}, "a list of numbers"),
        ({"class_weights": {}}, "a list of numbers"),
        ({"epoch": 100}, "The epoch must be a whole number from 0 to 99"),
        ({"number": True}, "The batch must be"),
        ({"batch_size": 512, "drop_last": True}, "drop_last leaves no batch at all"),
    ],
)
def test_the_endpoint_refuses_with_a_sentence(client, options, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(**options, api_name="/batch")


def test_the_endpoint_is_described_and_the_only_one(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/batch"]
    assert [parameter["parameter_name"] for parameter in endpoints["/batch"]["parameters"]][:4] == [
        "dataset", "split", "count", "batch_size",
    ]  # fmt: skip
