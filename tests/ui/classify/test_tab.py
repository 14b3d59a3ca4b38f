"""The Classify tab: its handlers, its sentences, and its endpoints as a program calls them."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from PIL import Image

import settings
from data import fashion
from data.drawn import garments
from inference.preprocess import naive, prepare
from models import checkpoint
from models.registry import build as build_network
from ui.classify import api as classify_calls
from ui.classify import tab as classify
from ui.classify import words as classify_words
from ui.context import Context
from ui.kit.images import as_data_url, as_png
from ui.kit.picture_input import PictureRequest

ROOT = Path(__file__).resolve().parents[3]


def shirt(size: int = 280) -> np.ndarray:
    return garments.sketch(0, np.random.default_rng(3), size)


def painted(label: int = 3) -> np.ndarray:
    return garments.picture(label, np.random.default_rng(1), 240)


def png(image: np.ndarray) -> bytes:
    return as_png(image)


@pytest.fixture(scope="module")
def context(tmp_path_factory) -> Context:
    """A network with random weights: these tests check only that the page shows its answers."""
    folder = tmp_path_factory.mktemp("checkpoints")
    arguments = {"classes": 11, "widths": [8, 8, 16, 16]}
    card = checkpoint.Card(
        architecture="fashion_cnn",
        arguments=arguments,
        classes=[*fashion.CLASSES, "something else"],
        input_size=[1, 28, 28],
        mean=fashion.MEAN,
        std=fashion.STD,
        command="none",
        data="none",
        seed=5,
        epochs=0,
        metrics={"strange_above": 1.0},
    )
    checkpoint.save(folder, "fashion", build_network("fashion_cnn", seed=5, **arguments), card)
    return Context(device=torch.device("cpu"), checkpoints=folder)


# --- the answer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("image", "kind"), [(shirt(), "drawing"), (painted(), "photo"), (painted(), "auto")])
def test_the_page_shows_what_the_network_says(context, image, kind):
    payload, stages = classify.on_picture(context, PictureRequest(kind, png(image)))
    rgb = np.asarray(Image.open(io.BytesIO(png(image))).convert("RGB"))
    prepared = prepare(rgb, kind)
    answer = context.predictor().predict(prepared.pixels)

    assert payload["state"] == "answer" and payload["top"] == answer.best
    assert payload["name"] == fashion.CLASSES[answer.best]
    assert payload["probabilities"] == pytest.approx(answer.probabilities, abs=1e-4)
    assert base64.b64decode(payload["pixels"]) == prepared.pixels.tobytes()
    assert [stage["name"] for stage in stages["stages"]] == [stage.name for stage in prepared.stages]
    assert len(stages["stages"]) == len(classify_words.STEPS)  # the page keeps room for that many

    theirs = context.predictor().predict(naive(rgb))
    assert payload["naive"]["probabilities"] == pytest.approx(theirs.probabilities, abs=1e-4)
    assert fashion.CLASSES[theirs.best] in payload["naive"]["text"]


def test_the_last_stage_is_the_picture_the_network_was_given(context):
    payload, stages = classify.on_picture(context, PictureRequest("drawing", png(shirt())))
    kind, _, data = stages["stages"][-1]["image"].partition(";base64,")
    assert kind == "data:image/png"
    assert np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).tobytes() == base64.b64decode(
        payload["pixels"]
    )


def test_an_answer_while_drawing_is_small(context):
    answer = classify.on_picture(context, PictureRequest("drawing", png(shirt())))
    assert len(json.dumps(answer)) < 80_000


def test_an_empty_sheet_asks_for_a_drawing(context):
    payload, stages = classify.on_picture(context, None)
    assert payload["state"] == "idle" and stages is None and "probabilities" not in payload
    assert payload["message"] == classify_words.BLANK


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("kind", ["auto", "photo", "drawing"])
def test_a_blank_picture_gets_a_sentence_and_no_class(context, value, kind):
    blank = np.full((90, 90, 3), value, np.uint8)
    payload, stages = classify.on_picture(context, PictureRequest(kind, png(blank)))
    assert payload["state"] == "problem" and stages is None and "probabilities" not in payload
    assert "nothing to classify" in payload["message"]


@pytest.mark.parametrize("data", [b"", b"hello", png(shirt())[:200], b"\x00\x00\x00\x18ftypheic" + bytes(40)])
def test_a_bad_file_gets_a_sentence(context, data):
    payload, _ = classify.on_picture(context, PictureRequest("auto", data))
    assert (
        payload["state"] == "problem"
        and payload["message"].endswith(".")
        and "Traceback" not in payload["message"]
    )
    assert payload["spoken"] == payload["message"]  # read aloud, too


def test_a_missing_checkpoint_names_the_command(tmp_path):
    context = Context(device=torch.device("cpu"), checkpoints=tmp_path)
    payload, _ = classify.on_picture(context, PictureRequest("drawing", png(shirt())))
    assert payload["state"] == "problem" and "python -m training.fashion" in payload["message"]
    why = classify.on_why(context, PictureRequest("drawing", png(shirt())), "occlusion", classify_words.TOP)
    assert "python -m training.fashion" in why["words"] and "image" not in why


def test_a_checkpoint_made_later_is_used(context, tmp_path):
    late = Context(device=torch.device("cpu"), checkpoints=tmp_path)
    assert classify.on_picture(late, PictureRequest("drawing", png(shirt())))[0]["state"] == "problem"
    for name in ("fashion.pt", "fashion.json"):
        (tmp_path / name).write_bytes((context.checkpoints / name).read_bytes())
    assert classify.on_picture(late, PictureRequest("drawing", png(shirt())))[0]["state"] == "answer"


def test_a_strange_picture_gets_the_warning(context, monkeypatch):
    monkeypatch.setattr(context.predictor(), "threshold", -1.0)
    payload, _ = classify.on_picture(context, PictureRequest("drawing", png(shirt())))
    assert payload["message"].startswith("This looks unlike anything I was trained on.")
    assert payload["tone"] == "warning" and payload["message"] in payload["spoken"]


def test_the_warning_tells_how_often_it_is_right():
    bare = classify_words.unlike_sentence({})
    sentence = classify_words.unlike_sentence({"unlike_right": 0.6, "unlike_wrong": 0.05})
    assert sentence.startswith(bare) and "60 %" in sentence and "5 %" in sentence


def test_sentences_are_as_sure_as_the_network(context):
    predictor = context.predictor()
    answer = predictor.predict(np.zeros((28, 28), np.uint8))

    def payload(*probabilities, unlike=""):
        rest = (1 - sum(probabilities)) / 8
        return classify._answer(
            predictor,
            type(answer)((*probabilities, *[rest] * 8), answer.logits, 0.0, False),
            unlike,
            "",
        )

    assert (payload(0.9, 0.06)["lead"], payload(0.9, 0.06)["percent"]) == ("This looks like", "90 %")
    assert payload(0.45, 0.4)["lead"] == "Not sure: perhaps"
    assert payload(0.45, 0.4)["second"] == "or Trouser, 40 %."
    assert payload(0.9, 0.06)["spoken"] == "T-shirt/top, 90 %."
    warned = payload(0.9, 0.06, unlike="This is a single line.")
    assert (warned["tone"], warned["message"]) == ("warning", "This is a single line.")
    assert warned["lead"] == "Not a garment. The network says"
    assert warned["spoken"] == "T-shirt/top, 90 %. This is a single line."


def test_an_answer_has_the_turn_of_its_picture_and_equals_no_other():
    request = PictureRequest("drawing", b"", turn=7)
    first, second = (classify._numbered({"name": "Bag"}, request) for _ in range(2))
    assert first["turn"] == second["turn"] == 7 and first["name"] == "Bag" and first != second
    assert "turn" not in classify._numbered({}, None)


# --- why ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", list(classify_words.METHODS))
@pytest.mark.parametrize("label", [classify_words.TOP, "Bag"])
def test_why_shows_a_map_over_the_picture(context, method, label):
    request = PictureRequest("photo", png(painted()))
    why = classify.on_why(context, request, method, label)
    assert why["image"].startswith("data:image/jpeg;base64,")
    assert classify_words.METHODS[method] in why["words"]
    name = classify.on_picture(context, request)[0]["name"] if label == classify_words.TOP else label
    assert name in why["words"]


@pytest.mark.parametrize(
    ("method", "label"), [("Magic", "Bag"), ("occlusion", "Hat"), (None, "Bag"), ("occlusion", ["Bag"])]
)
def test_why_refuses_unknown_methods_and_classes(context, method, label):
    why = classify.on_why(context, PictureRequest("photo", png(painted())), method, label)
    assert "image" not in why and why["words"].endswith(".")


def test_why_needs_a_picture(context):
    assert "image" not in classify.on_why(context, None, "occlusion", classify_words.TOP)


# --- colours on their way to the browser --------------------------------------------------------------------


def test_colours_arrive_as_they_were():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    back = np.asarray(Image.open(io.BytesIO(base64.b64decode(as_data_url(red).partition(",")[2]))))
    assert np.abs(back.astype(int) - red).max() < 6
    assert (np.asarray(Image.open(io.BytesIO(as_png(red)))) == red).all()


# --- the snippet --------------------------------------------------------------------------------------------


def shipped() -> None:
    if not (settings.CHECKPOINTS / "fashion.pt").is_file():
        pytest.fail("checkpoints/fashion.pt is missing: python -m training.fashion makes it")


def test_the_snippet_prints_the_probabilities_of_the_page(programs, tmp_path):
    shipped()
    (tmp_path / "garment.png").write_bytes(png(painted()))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = programs.run("-c", classify_words.SNIPPET, cwd=tmp_path, env=environment)
    assert run.returncode == 0, run.stderr
    printed = {
        name.strip(): float(share)
        for name, share in re.findall(r"^(.{12})\s+([\d.]+)%$", run.stdout, re.MULTILINE)
    }
    page = classify_calls.on_classify(Context(device=torch.device("cpu")), png(painted()), "auto")[
        "probabilities"
    ]
    assert printed == pytest.approx({name: 100 * share for name, share in page.items()}, abs=0.06)


def test_the_shipped_network_reads_its_own_kind_of_pictures():
    shipped()
    context = Context()
    right = 0
    for label in range(10):
        for seed in range(2):
            image = garments.picture(label, np.random.default_rng([seed, label]), 200)
            right += classify_calls.on_classify(context, png(image), "photo")["label"] == label
    assert right >= 14  # of 20


# --- the endpoints ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(context) -> Iterator[str]:
    with gr.Blocks(analytics_enabled=False, delete_cache=(600, 3600)) as page:
        classify.build(context)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, address, _ = page.launch(
        server_port=port, prevent_thread_lock=True, quiet=True, max_file_size=settings.MAX_PICTURE_BYTES
    )
    yield address
    page.close()


@pytest.fixture(scope="module")
def client(address) -> Client:
    return Client(address, verbose=False)


@pytest.fixture
def picture_file(tmp_path) -> Path:
    path = tmp_path / "dress <b>&amp;.png"
    path.write_bytes(png(painted()))
    return path


def test_classify_answers_a_program(client, context, picture_file):
    answer = client.predict(picture=handle_file(picture_file), api_name="/classify")
    assert answer == json.loads(
        json.dumps(classify_calls.on_classify(context, picture_file.read_bytes(), "auto"))
    )
    assert np.shape(answer["pixels"]) == (28, 28)
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_explain_answers_a_program(client, picture_file):
    heat_map, numbers = client.predict(
        picture=handle_file(picture_file), kind="photo", method="grad-cam", label=8.0, api_name="/explain"
    )
    assert Image.open(heat_map).format == "PNG" and Image.open(heat_map).size == (240, 240)
    assert (
        numbers["name"] == "Bag" and numbers["method"] == "grad-cam" and np.shape(numbers["heat"]) == (28, 28)
    )


@pytest.mark.parametrize(
    ("label", "number"),
    [(9, 9), (9.0, 9), ("9", 9), ("9.0", 9), ("Ankle boot", 9), (0.0, 0), ("", None), (None, None)],
)
def test_a_class_is_named_by_its_number_or_its_name(label, number):
    assert classify_calls._label(label) == number


def test_explain_takes_the_answer_when_no_class_is_named(client, picture_file):
    answer = client.predict(picture=handle_file(picture_file), api_name="/classify")
    _, numbers = client.predict(picture=handle_file(picture_file), api_name="/explain")
    assert numbers["label"] == answer["label"] and numbers["method"] == "occlusion"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kind": "painting"}, "kind must be one of auto, photo, drawing, not 'painting'"),
        ({"kind": 3}, "kind must be one of"),
        (
            {"method": "magic", "api_name": "/explain"},
            "method must be one of occlusion, grad-cam, not ",
        ),
        ({"label": 10, "api_name": "/explain"}, "label must be a whole number from 0 to 9, not 10"),
        ({"label": True, "api_name": "/explain"}, "label must be a whole number from 0 to 9, not True"),
        ({"label": "Hat", "api_name": "/explain"}, "label must be one of T-shirt/top, .*, not 'Hat'"),
        ({"picture": None}, "There is no picture"),
        ({"picture": "/etc/passwd"}, "handle_file"),
        ({"picture": {"path": "/etc/passwd"}}, "handle_file"),
        ({"picture": {"path": 5}}, "handle_file"),
    ],
)
def test_a_wrong_call_gets_a_sentence(client, picture_file, wrong, sentence):
    with pytest.raises(Exception, match=sentence):
        client.predict(**{"picture": handle_file(picture_file), "api_name": "/classify", **wrong})


def test_a_file_that_is_no_picture_gets_a_sentence(client, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a picture")
    with pytest.raises(Exception, match="not a picture"):
        client.predict(picture=handle_file(path), api_name="/classify")


def call(address: str, picture: object) -> str:
    """The stream of /classify for a hand-made `picture`, as a caller without gradio_client sends it."""
    response = httpx.post(f"{address}gradio_api/call/classify", json={"data": [picture, "auto"]}, timeout=30)
    response.raise_for_status()
    return httpx.get(f"{address}gradio_api/call/classify/{response.json()['event_id']}", timeout=60).text


def test_no_path_of_the_server_is_read(address, picture_file):
    """The picture is on the server, and would be classified if it were read."""
    for meta in ({"_type": "gradio.FileData"}, {"_type": "other"}, {}):
        for path in (
            str(picture_file),
            f"{picture_file.parent}/../{picture_file.parent.name}/{picture_file.name}",
        ):
            stream = call(address, {"path": path, "meta": meta})
            assert "event: error" in stream and "probabilities" not in stream


def test_no_address_is_fetched(address):
    """A listener stands for a service of the internal network: nothing may connect to it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/shirt.png"
        for field in ({"path": url}, {"path": "", "url": url}, {"path": "x.png", "url": url}):
            stream = call(address, {**field, "meta": {"_type": "gradio.FileData"}})
            assert "event: error" in stream and "probabilities" not in stream
        with pytest.raises(TimeoutError):
            listener.accept()


def test_the_endpoints_are_described(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert {"/classify", "/explain"} <= set(endpoints)
    parameters = {p["parameter_name"]: p for p in endpoints["/explain"]["parameters"]}
    assert list(parameters) == ["picture", "kind", "method", "label"]
    assert (
        parameters["kind"]["parameter_default"] == "auto"
        and parameters["method"]["parameter_default"] == "occlusion"
    )
    assert parameters["label"]["parameter_has_default"] and not parameters["picture"]["parameter_has_default"]
