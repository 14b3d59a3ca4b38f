"""A picture through one kernel: the answers, every number against torch or hand arithmetic."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import cv2
import gradio as gr
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inference import filters
from inference.filters import CATALOGUE, MAX_SIDE
from ui.context import Context
from ui.conv import kernel as conv_kernel
from ui.conv.kernel import EXAMPLES, number, on_kernel, on_picture, sum_words
from ui.kit.events import server_function

FOLDER = Path(conv_kernel.__file__).parent
TINY = {"height": 3, "width": 4, "pixels": base64.b64encode(bytes(range(0, 120, 10))).decode()}
TABLE = [[1, 2, 3], [4, 5, 6], [7, 8, 10]]
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


CONTEXT = Context(device=torch.device("cpu"))


def answer_to(request: object) -> dict:
    return server_function(on_kernel, CONTEXT)(request)


def ask(**more) -> dict:
    return answer_to({"picture": TINY, "kernel": TABLE, "stride": 1, "padding": 0, "flip": False, **more})


def values(answer: dict) -> np.ndarray:
    """The output as the browser reads it."""
    output = answer["output"]
    read = np.frombuffer(base64.b64decode(output["values"]), "<f4")
    return read.reshape(output["height"], output["width"])


# --- the answer ---------------------------------------------------------------------------------------------


def test_the_output_by_hand():
    # rows of the picture: 0 10 20 30 / 40 50 60 70 / 80 90 100 110, each over 255
    first = 0 * 1 + 10 * 2 + 20 * 3 + 40 * 4 + 50 * 5 + 60 * 6 + 80 * 7 + 90 * 8 + 100 * 10
    second = first + 10 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 10)
    answer = ask()
    assert values(answer) == pytest.approx(np.array([[first, second]]) / 255)
    assert (answer["output"]["low"], answer["output"]["high"]) == pytest.approx((first / 255, second / 255))
    assert (answer["output"]["below"], answer["output"]["above"]) == (0, 2)
    assert answer["size"] == "H = ⌊(3 + 2·0 − 3) / 1⌋ + 1 = 1, W = ⌊(4 + 2·0 − 3) / 1⌋ + 1 = 2"
    assert answer["kernel"] == answer["used"] == tuple(tuple(map(float, row)) for row in TABLE)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 3), (4, 2)])
def test_the_output_against_torch(stride, padding, flip):
    picture = np.random.default_rng(1).integers(0, 256, (40, 33), dtype=np.uint8)
    source = {"height": 40, "width": 33, "pixels": base64.b64encode(picture.tobytes()).decode()}
    kernel = filters.random_kernel(5, 3, 2)
    answer = ask(picture=source, kernel=kernel, stride=stride, padding=padding, flip=flip)
    weight = torch.tensor(kernel, dtype=torch.float64)
    used = weight.flip(0, 1) if flip else weight
    x = torch.from_numpy(picture).double()[None, None] / 255
    y = torch.nn.functional.conv2d(x, used[None, None], stride=stride, padding=padding)[0, 0].numpy()
    assert values(answer) == pytest.approx(y, abs=1e-6)
    assert answer["output"]["below"] == (y < 0).sum() and answer["output"]["above"] == (y > 1).sum()
    assert torch.equal(torch.tensor(answer["used"], dtype=torch.float64), used)
    assert answer["pixels"] == source["pixels"]
    # the other way round, as a picture of 256 steps
    other = torch.nn.functional.conv2d(x, used.flip(0, 1)[None, None], stride=stride, padding=padding)[0, 0]
    levels = np.frombuffer(base64.b64decode(answer["other"]["pixels"]), np.uint8).reshape(y.shape)
    low, high = answer["other"]["low"], answer["other"]["high"]
    assert low + levels / 255 * (high - low) == pytest.approx(other.numpy(), abs=(high - low) / 500)
    changed = np.abs(y - other.numpy())
    assert f"{(changed > 1e-9).sum():,} of {y.size:,}" in answer["turn"]
    assert answer["turn"].endswith(f"by up to {number(changed.max())}.")


def test_a_random_kernel_comes_with_its_numbers():
    answer = ask(picture={"example": 0}, kernel={"seed": 5, "height": 7, "width": 5})
    assert answer["kernel"] == filters.random_kernel(7, 5, 5)
    again = ask(picture={"example": 0}, kernel=[list(row) for row in answer["kernel"]])
    assert again["output"] == answer["output"]


def test_rounding_of_the_last_bits_is_no_edge():
    """0.1 + 0.2 - 0.3 is not 0 in float64: a flat picture has no values below 0."""
    flat = {"height": 8, "width": 8, "pixels": base64.b64encode(bytes([77]) * 64).decode()}
    for kernel in CATALOGUE.values():
        if kernel.group == "Edges":
            answer = ask(picture=flat, kernel=[[weight / 10 for weight in row] for row in kernel.rows])
            assert not values(answer).any() and answer["output"]["below"] == 0, kernel.name


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        ([[1 / 9] * 3] * 3, "looks the same"),
        (SOBEL, "changes its sign"),
        ([[0, 0, 0], [0, 0, 0], [0, 0, 1]], "of 2 output values"),
        ([[0, 1, 2]], "of 6 output values, by up to"),
    ],
)
def test_a_sentence_says_what_the_turn_changes(kernel, words):
    assert words in ask(kernel=kernel)["turn"]


def test_the_turn_by_hand():
    # 0·0 + 1·10 + 2·20 against 2·0 + 1·10 + 0·20: 40 more of 255, everywhere
    assert ask(kernel=[[0, 1, 2]])["turn"] == "The turn changes 6 of 6 output values, by up to 0.1569."
    black = {"height": 3, "width": 3, "pixels": base64.b64encode(bytes(9)).decode()}
    assert "on this picture both give the same" in ask(picture=black)["turn"]


def test_without_a_difference_there_is_no_second_picture():
    assert ask(kernel=[[1 / 9] * 3] * 3)["other"] is None
    assert ask(kernel=SOBEL)["other"] is not None


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        ([[0.1, 0.2, -0.3]], "add up to 0: a flat area becomes 0."),
        ([[1 / 9] * 3] * 3, "add up to 1: a flat area keeps its grey."),
        ([[2, -4, 0.5]], "add up to −1.5: a flat area of value v becomes −1.5 · v."),
        ([[1e6]], "1,000,000 · v"),
        ([[0]], "add up to 0"),
    ],
)
def test_the_sum_of_the_weights(kernel, words):
    assert words in sum_words(filters.checked_kernel(kernel))
    assert ask(kernel=kernel)["sum"] == sum_words(filters.checked_kernel(kernel))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-1.5, "−1.5"), (1 / 3, "0.3333"), (12345.0, "12,345"), (2e-5, "2e−05"), (-0.0, "0")],
)
def test_numbers(value, text):
    assert number(value) == text


def test_the_program_is_that_of_the_screen():
    answer = ask(kernel=SOBEL, stride=2, padding=1, flip=True)
    assert answer["code"] == filters.code(SOBEL, 2, 1, True)


# --- wrong requests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"picture": None},
        {"picture": "data:image/png;base64,"},
        {"picture": {}},
        {"picture": {"example": len(EXAMPLES)}},
        {"picture": {"example": True}},
        {"picture": {"example": float("nan")}},
        {"picture": {**TINY, "height": 113}},
        {"picture": {**TINY, "height": 4}},
        {"picture": {**TINY, "width": 4.5}},
        {"picture": {**TINY, "pixels": "é" * 16}},
        {"picture": {**TINY, "pixels": "AAAA" * 10**6}},
        {"picture": {**TINY, "pixels": None}},
        {"kernel": None},
        {"kernel": [["1"]]},
        {"kernel": [[float("inf")]]},
        {"kernel": [[1] * 7] * 7},
        {"kernel": {}},
        {"kernel": {"seed": "1", "height": 3, "width": 3}},
        {"kernel": {"seed": 1, "height": [3], "width": 3}},
        {"stride": 0},
        {"stride": "1"},
        {"padding": 10**9},
        {"flip": None},
        {"flip": 1},
    ],
    ids=repr,
)
def test_every_wrong_request_gets_a_sentence(wrong):
    answer = ask(**wrong)
    assert list(answer) == ["problem"] and re.fullmatch(r"[A-Zf].+[.]", answer["problem"])


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.floats() | st.sampled_from(["", "AAAA", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["example", "height", "width", "pixels", "seed"]), inner, max_size=4
        )
    ),
    max_leaves=6,
)
REQUESTS = st.dictionaries(st.sampled_from(["picture", "kernel", "stride", "padding", "flip"]), anything)


@given(anything | REQUESTS | REQUESTS.map(lambda fields: {"picture": TINY, **fields}))
def test_no_request_raises(request_):
    answer = answer_to(request_)
    assert set(answer) == {"problem"} or values(answer).size
    json.dumps(answer, allow_nan=False)


def test_the_largest_message():
    pixels = np.random.default_rng(0).integers(0, 256, MAX_SIDE**2, dtype=np.uint8)
    picture = {"height": MAX_SIDE, "width": MAX_SIDE, "pixels": base64.b64encode(pixels.tobytes()).decode()}
    answers = [
        ask(picture=picture, kernel=[[0.123456789012]], padding=filters.MAX_PADDING),
        ask(picture=picture, kernel=filters.random_kernel(1, 3, 0), padding=filters.MAX_PADDING),
        ask(picture=picture, kernel=filters.random_kernel(7, 7, 0), padding=filters.MAX_PADDING),
    ]
    assert max(len(json.dumps(answer)) for answer in answers) < 150_000


# --- pictures -----------------------------------------------------------------------------------------------


def test_examples_are_grey_pictures():
    for place in range(len(EXAMPLES)):
        answer = ask(picture={"example": place})
        pixels = np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8)
        assert pixels.size == answer["height"] * answer["width"] <= MAX_SIDE**2
        assert int(pixels.max()) - int(pixels.min()) > 100, EXAMPLES[place]


def picture_of(rgb: np.ndarray) -> dict:
    data = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
    return on_picture(CONTEXT, {"kind": "auto", "data": base64.b64encode(data).decode()})


def test_the_picture_of_the_visitor_becomes_the_input():
    rgb = np.zeros((30, 50, 3), np.uint8)
    rgb[:, :25] = 255
    rgb[0, 49] = 255, 0, 0
    picture = picture_of(rgb)
    pixels = np.frombuffer(base64.b64decode(picture["pixels"]), np.uint8).reshape(30, 50)
    assert (picture["height"], picture["width"]) == (30, 50)
    assert (pixels[:, :25] == 255).all() and not pixels[1:, 25:].any()
    assert pixels[0, 49] == 76  # ITU-R BT.601: 0.299 of red
    by_pixels = {name: picture[name] for name in ("height", "width", "pixels")}
    answers = [ask(picture=source) for source in ({"digest": picture["digest"]}, by_pixels)]
    assert answers[0] == answers[1] and answers[0]["pixels"] == picture["pixels"]
    assert ask(picture={"digest": "0" * 64}) == {"missing": True}


@pytest.mark.parametrize(
    ("size", "shrunk"), [((600, 300), (112, 56)), ((112, 112), (112, 112)), ((3, 1000), (1, 112))]
)
def test_a_large_picture_is_shrunk(size, shrunk):
    picture = picture_of(np.full((*size, 3), 9, np.uint8))
    assert (picture["height"], picture["width"]) == shrunk
    assert set(base64.b64decode(picture["pixels"])) == {9}


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg></svg>", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_gets_a_sentence(data):
    request = {"kind": "auto", "data": base64.b64encode(data).decode()}
    value = server_function(on_picture, CONTEXT)(request)
    assert list(value) == ["problem"] and value["problem"].endswith(".")


# --- the part -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def part() -> gr.HTML:
    with gr.Blocks(analytics_enabled=False):
        return conv_kernel.kernel_part(CONTEXT)


def test_the_part_offers_every_kernel(part):
    offered = part.constants["filters"]
    by_name = {kernel["name"]: kernel for kernel in offered}
    assert len(by_name) == len(offered) == len(CATALOGUE) + 32
    opening = CATALOGUE[conv_kernel.OPENING].name
    assert offered[part.constants["opening"]["filter"]]["name"] == opening
    assert by_name[opening]["rows"] == tuple(tuple(map(float, row)) for row in SOBEL)
    learned = [kernel for kernel in offered if kernel["learned"]]
    weight = CONTEXT.predictor().model.stem[0].weight
    assert torch.equal(
        torch.tensor([kernel["rows"] for kernel in learned], dtype=torch.float32), weight[:, 0]
    )
    assert [example["name"] for example in part.constants["examples"]] == list(EXAMPLES)


def test_without_a_network_the_other_kernels_are_there(tmp_path):
    context = Context(device=torch.device("cpu"), checkpoints=tmp_path)
    with gr.Blocks(analytics_enabled=False):
        part = conv_kernel.kernel_part(context)
    assert [kernel["name"] for kernel in part.constants["filters"]] == [
        kernel.name for kernel in CATALOGUE.values()
    ]
    assert "python -m training.fashion" in part.constants["missing"]


def test_colours_come_from_the_theme():
    used = set(re.findall(r"var\((--tp-[a-z-]+)", (FOLDER / "kernel.css").read_text("utf-8")))
    theme = (FOLDER.parent / "theme.css").read_text("utf-8")
    assert used and all(f"{name}:" in theme for name in used)
