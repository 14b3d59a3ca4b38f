"""Inside the real network: the answers, their size, and the sentences about wrong requests."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import re
import socket
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from PIL import Image

import language
from data.drawn.garments import Garments
from data.fashion import CLASSES
from inference.inside import feature_maps
from inference.preprocess import prepare
from ui.context import Context
from ui.conv import inside as conv_inside
from ui.kit.events import server_function
from ui.kit.images import as_base64, as_png

FOLDER = Path(conv_inside.__file__).parent
MOST = 400_000
NOISE = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)


@pytest.fixture(scope="module")
def context() -> Context:
    return Context(device=torch.device("cpu"))


@pytest.fixture(scope="module")
def boot() -> dict[str, Any]:
    """A request about the example of a boot."""
    return {"picture": conv_inside.on_examples(0)["examples"][9]["source"]}


@pytest.fixture(scope="module")
def boot_pixels() -> np.ndarray:
    pixels = base64.b64decode(conv_inside.on_examples(0)["examples"][9]["pixels"])
    return np.frombuffer(pixels, np.uint8).reshape(28, 28)


@pytest.fixture(scope="module")
def rows(context, boot) -> list[dict]:
    return conv_inside.on_look(context, boot)["layers"]


@pytest.fixture(scope="module")
def page(context):
    with gr.Blocks(analytics_enabled=False) as blocks:
        conv_inside.inside_part(context)
    return blocks


def bytes_of(value: object) -> int:
    """Size of the message; fails on a NaN, which browsers cannot read."""
    return len(json.dumps(value, allow_nan=False).encode())


def decoded(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


# --- the answers --------------------------------------------------------------------------------------------


def test_the_rows_are_the_layers_with_their_shapes(rows):
    assert len(rows) == 38 and rows[0]["name"] == "stem.0"
    shapes = {row["name"]: row["shape"] for row in rows}
    assert shapes["stages.0.conv1"] == [64, 28, 28] and shapes["stages.0.pool"] == [64, 14, 14]
    assert shapes["amax"] == [128] and shapes["head"] == [11]
    assert {row["kind"] for row in rows} == set(conv_inside.STEP_KINDS)
    assert rows[3]["code"] == "Conv2d(32, 64, 3, padding=1, bias=False)" and rows[3]["parameters"] == 18_432


def test_a_sprite_has_the_maps_to_the_nearest_of_127_steps(context, boot, boot_pixels, rows):
    maps = feature_maps(context.predictor(), boot_pixels)
    for place in (0, 4, 36, 37):
        values = maps.values[place]
        values = values if values.ndim == 3 else values[:, None, None]
        largest = values.abs().max().item()
        assert rows[place]["largest"] == pytest.approx(largest)
        for sprite, first, last in (
            (rows[place]["sprite"], 0, rows[place]["in_sprite"]),
            (
                conv_inside.on_open(context, {**boot, "layer": rows[place]["name"], "first": 5})["sprite"],
                5,
                37,
            ),
        ):
            grey = torch.from_numpy(decoded(sprite).astype(np.float32)).reshape(-1, *values.shape[1:])
            expected = values[first:last]
            torch.testing.assert_close((grey - 128) / 127 * largest, expected, rtol=0, atol=largest / 253)
            assert ((grey == 128) | (expected.abs() >= largest / 255)).all()


def test_a_layer_of_zeros_has_a_sprite_of_zeros():
    assert (decoded(conv_inside.sprite(torch.zeros(3, 2, 2), 0.0)) == 128).all()


def test_the_softmax_is_that_of_the_answer(context, boot, boot_pixels):
    softmax = conv_inside.on_look(context, boot)["softmax"]
    answer = context.predictor().predict(boot_pixels)
    assert softmax["names"] == list(CLASSES) and [name for name, _ in softmax["others"]] == ["something else"]
    assert softmax["logits"] == pytest.approx(answer.logits[:10], rel=1e-5)
    assert softmax["raised"] == pytest.approx([math.exp(logit) for logit in answer.logits[:10]], rel=1e-5)
    assert softmax["total"] == pytest.approx(math.fsum(softmax["raised"]), rel=1e-6)
    assert softmax["shares"] == pytest.approx(answer.probabilities, rel=1e-5)
    assert softmax["shares"] == pytest.approx(
        [power / softmax["total"] for power in softmax["raised"]], rel=1e-5
    )


def test_the_numbers_in_an_answer_make_the_number_on_the_page(context, boot, rows):
    """By hand, from the answer alone: what a visitor can check with a pocket calculator."""
    for row in rows:
        name, channel = row["name"], min(7, row["shape"][0] - 1)
        answer = conv_inside.on_map(context, {**boot, "layer": name, "channel": channel})
        cell, values = answer["cell"], np.array(answer["values"])
        assert cell["value"] == values.max() == values[cell["row"], cell["column"]]
        work, kind = cell["work"], row["kind"]
        if kind == "Conv2d":
            products = np.array(work["patch"]) * np.array(work["kernel"])
            np.testing.assert_allclose(products.sum(axis=(1, 2)), work["sums"], rtol=1e-4, atol=1e-5)
            total = math.fsum(work["sums"]) + (work["bias"] or 0)
        elif kind == "BatchNorm2d":
            spread = math.sqrt(work["variance"] + work["eps"])
            total = (work["x"] - work["mean"]) / spread * work["weight"] + work["bias"]
        elif kind == "ReLU":
            total = max(0, work["x"])
        elif kind == "MaxPool2d":
            total = np.max(work["patch"])
        elif kind == "add":
            total = work["x"] + work["y"]
        elif kind == "amax":
            total = work["values"][work["row"]][work["column"]]
            assert total == np.max(work["values"])
        else:
            assert all(p == pytest.approx(x * w, rel=1e-5) for _, x, w, p in work["largest"])
            total = math.fsum(p for *_, p in work["largest"]) + work["rest"] + work["bias"]
        assert total == pytest.approx(cell["value"], rel=1e-4, abs=1e-5), name


def test_a_cell_comes_with_what_becomes_of_it(context, boot):
    request_ = {**boot, "layer": "stages.2.conv1", "channel": 2, "row": 4, "column": 1}
    cell = conv_inside.on_cell(context, request_)["cell"]
    assert [step["kind"] for step in cell["after"]] == ["MaxPool2d", "BatchNorm2d", "ReLU"]
    assert cell["after"][1]["work"]["x"] == cell["after"][0]["value"] and not cell["left_out"]
    # 7 rows make 3 pairs
    cell = conv_inside.on_cell(context, {**request_, "row": 6})["cell"]
    assert cell["after"] == [] and cell["left_out"]


def test_filters_are_numbers(context):
    weight = context.predictor().model.stages[0].conv1.weight.detach()
    kernels = conv_inside.on_filters(context, {"layer": "stages.0.conv1", "source": 3})["filters"]
    np.testing.assert_allclose(kernels, weight[:, 3], rtol=1e-6)
    lengths = conv_inside.on_filters(context, {"layer": "stages.0.conv1"})["filters"]
    np.testing.assert_allclose(lengths, torch.linalg.vector_norm(weight, dim=1), rtol=1e-5)


def test_no_message_is_larger_than_the_limit(context, rows):
    request_ = {"picture": {"pixels": as_base64(NOISE)}}  # nothing compresses worse
    assert bytes_of(conv_inside.on_look(context, request_)) < MOST
    assert bytes_of(conv_inside.on_examples(1)) < MOST
    for row in rows:
        fields = {**request_, "layer": row["name"], "channel": 0, "first": 0}
        for answer in (conv_inside.on_open, conv_inside.on_map):
            assert bytes_of(answer(context, fields)) < MOST, row["name"]
        if row["kind"] == "Conv2d":
            assert bytes_of(conv_inside.on_filters(context, fields)) < MOST


# --- pictures -----------------------------------------------------------------------------------------------


def test_ten_examples_of_ten_classes_and_others_of_another_seed():
    first, second = (conv_inside.on_examples(seed)["examples"] for seed in (0, 1))
    assert [picture["name"] for picture in first] == [picture["name"] for picture in second] == list(CLASSES)
    assert all(a["pixels"] != b["pixels"] for a, b in zip(first, second, strict=True))
    drawn = Garments(10, 0, "test")
    boot = next(drawn.draw(index) for index in range(10) if drawn.label(index) == 9)
    assert base64.b64decode(first[9]["pixels"]) == boot.tobytes()
    for seed in (None, True, "1", float("nan"), -5, 10**30, [1]):
        assert len(conv_inside.on_examples(seed)["examples"]) == 10


def request_for(data: bytes, kind: str = "auto") -> dict[str, str]:
    return {"kind": kind, "data": as_base64(data)}


def test_the_picture_of_the_visitor_is_what_classify_reads(context):
    paper = np.full((200, 200, 3), 255, np.uint8)
    paper[40:160, 60:140] = 30
    picture = conv_inside.on_picture(context, request_for(as_png(paper)))
    assert base64.b64decode(picture["pixels"]) == prepare(paper, "auto").pixels.tobytes()
    by_source, by_pixels = (
        {"picture": source} for source in (picture["source"], {"pixels": picture["pixels"]})
    )
    assert conv_inside.on_look(context, by_source) == conv_inside.on_look(context, by_pixels)
    by_digest = {"kind": "auto", "digest": hashlib.sha256(as_png(paper)).hexdigest()}
    assert conv_inside.on_picture(context, by_digest) == picture
    other = Context(device=torch.device("cpu"))
    answer = server_function(conv_inside.on_picture, other)
    assert answer(by_digest) == server_function(conv_inside.on_look, other)(by_source) == {"missing": True}
    assert answer(request_for(as_png(paper))) == picture


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (request_for(b"no picture"), "picture"),
        (request_for(as_png(np.full((50, 50, 3), 200, np.uint8))), "nothing to classify"),
        (request_for(as_png(NOISE), "painting"), "must be one of auto, photo, drawing"),
        (None, "sent as its kind and its data"),
        ({"kind": "auto", "digest": "0" * 63}, "base64"),
    ],
    ids=str,
)
def test_a_picture_that_cannot_be_read_gets_a_sentence(context, request_, words):
    value = server_function(conv_inside.on_picture, context)(request_)
    assert set(value) == {"problem"} and words in value["problem"].lower()


def test_without_a_checkpoint_every_answer_is_a_sentence(tmp_path, boot):
    empty = Context(checkpoints=tmp_path)
    assert "python -m training.fashion" in server_function(conv_inside.on_picture, empty)(None)["problem"]
    for answer in (conv_inside.on_look, conv_inside.on_open, conv_inside.on_map, conv_inside.on_filters):
        assert "python -m training.fashion" in server_function(answer, empty)(boot)["problem"]
    with gr.Blocks(analytics_enabled=False):
        conv_inside.inside_part(empty)  # the page opens nevertheless


def test_remembered_maps_are_read_in_every_language(context, boot):
    assert conv_inside.on_look(context, boot)["layers"][0]["part"] == "Stem"
    token = language._current.set(language.Translations("de", {"Stem": "Stamm"}, {}, int))
    try:
        assert language.resolve(conv_inside.on_look(context, boot))["layers"][0]["part"] == "Stamm"
    finally:
        language._current.reset(token)


# --- wrong requests -----------------------------------------------------------------------------------------

WRONG: list[Any] = [None, True, -1, 10**30, 1.5, float("nan"), float("inf"), "1", "", [], {}, [1, 2]]


NO_PICTURES: list[Any] = [
    *WRONG,
    *({"pixels": wrong} for wrong in WRONG),
    {"digest": 3, "kind": "auto"},
    {"digest": "0" * 64},
]


@pytest.mark.parametrize(
    "request_", [None, 3, "pixels", [], {}, *({"picture": wrong} for wrong in NO_PICTURES)], ids=str
)
def test_what_is_no_picture_gets_a_sentence(context, request_):
    for answer in (conv_inside.on_look, conv_inside.on_open, conv_inside.on_map, conv_inside.on_cell):
        problem = server_function(answer, context)(request_)["problem"]
        assert problem == "A request is a dictionary." or "28 × 28 grey values" in problem


@pytest.mark.parametrize("label", WRONG, ids=str)
def test_what_is_no_example_gets_a_sentence(context, label):
    request_ = {"picture": {"seed": 0, "label": label}}
    problem = server_function(conv_inside.on_look, context)(request_)["problem"]
    assert problem.startswith("The number of the example must be a whole number from 0 to 9, not ")


@pytest.mark.parametrize("pixels", ["AAAA", "A" * 10**6, "ä" * 1048, "=" * 1048, as_base64(NOISE[1:])])
def test_other_bytes_are_no_picture(context, pixels):
    assert (
        "28 × 28" in server_function(conv_inside.on_look, context)({"picture": {"pixels": pixels}})["problem"]
    )


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_no_cell_gets_a_sentence(context, boot, wrong):
    right = {**boot, "layer": "stem.0", "channel": 0, "row": 0, "column": 0, "first": 0}
    for answer, fields in (
        (conv_inside.on_open, ("layer", "first")),
        (conv_inside.on_map, ("layer", "channel", "row", "column")),
        (conv_inside.on_cell, ("layer", "channel", "row", "column")),
    ):
        assert "problem" not in server_function(answer, context)(right)
        for field in fields:
            problem = server_function(answer, context)({**right, field: wrong})["problem"]
            assert "must be" in problem and problem.endswith("."), (answer.__name__, field)
    problem = server_function(conv_inside.on_filters, context)({"layer": wrong, "source": 0})["problem"]
    assert problem.startswith("The layer of filters must be one of stem.0, ")
    if wrong is not None:
        problem = server_function(conv_inside.on_filters, context)({"layer": "stem.0", "source": wrong})
        sentence = "The input channel of this layer must be a whole number from 0 to 0, not "
        assert problem["problem"].startswith(sentence)


# --- the view and the endpoint ------------------------------------------------------------------------------


def test_the_script_calls_the_functions_of_the_server(page):
    view = next(block for block in page.blocks.values() if getattr(block, "elem_id", "") == "feature-maps")
    script = (FOLDER / "inside.js").read_text("utf-8")
    questions = re.findall(r"ask\('(\w+)'|(?:reply|askAboutPicture)\(server\.(\w+)", script)
    assert {name for pair in questions for name in pair if name} == {fn.__name__ for fn in view.server_fns}
    arithmetic = (FOLDER / "cell.js").read_text("utf-8").partition("const ARITHMETIC = {")[2]
    kinds = re.findall(r"^  (\w+):", arithmetic.partition("\n};")[0], re.M)
    assert set(kinds) == set(view.constants["kinds"])


def test_programs_get_the_maps(page, context, tmp_path):
    picture = tmp_path / "garment.png"
    paper = np.full((200, 200, 3), 255, np.uint8)
    paper[40:160, 60:140] = 30
    picture.write_bytes(as_png(paper))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, address, _ = page.launch(server_port=port, quiet=True, prevent_thread_lock=True, ssr_mode=False)
    try:
        client = Client(address, verbose=False)
        answer = client.predict(picture=handle_file(picture), layer="stages.2.add", api_name="/feature_maps")
        maps = feature_maps(context.predictor(), prepare(paper, "auto").pixels)
        place = maps.place("stages.2.add")
        np.testing.assert_allclose(answer["values"], maps.values[place], rtol=1e-6)
        row = answer["layers"][place]
        assert row["shape"] == [128, 3, 3] and row["kind"] == "add" and row["parameters"] == 0
        assert row["min"] == pytest.approx(maps.values[place].min().item())
        assert row["mean"] == pytest.approx(maps.values[place].mean().item())
        assert answer["logits"] == pytest.approx(maps.values[-1].tolist()) and len(answer["logits"]) == 11
        assert sum(answer["probabilities"]) == pytest.approx(1)
        with pytest.raises(Exception, match="The layer must be one of stem.0"):
            client.predict(picture=handle_file(picture), layer="stem", api_name="/feature_maps")
    finally:
        page.close()


@pytest.mark.parametrize("layer", [True, 3, ["stem.0"], float("nan"), "no layer"])
def test_an_endpoint_refuses_with_a_sentence(context, layer):
    picture = as_png(np.pad(np.zeros((40, 40), np.uint8), 30, constant_values=255))
    with pytest.raises(gr.Error, match="The layer must be one of stem.0"):
        conv_inside.on_feature_maps(context, picture, "auto", layer)
    with pytest.raises(gr.Error, match="There is no picture"):
        conv_inside.on_feature_maps(context, None, "auto", "")
    with pytest.raises(gr.Error, match="kind must be one of auto, photo, drawing"):
        conv_inside.on_feature_maps(context, picture, 7, "")
