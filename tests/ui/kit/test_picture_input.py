"""What the picture input lets through, and that its script never treats text as markup."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st

import settings
from inference.preprocess import KINDS
from ui.classify import tab as classify
from ui.kit import picture_input
from ui.kit.picture_input import PictureInput, PictureRequest

KIT = Path(picture_input.__file__).parent
CLASSIFY = Path(classify.__file__).parent
PNG = base64.b64encode(b"\x89PNG anything").decode()


@pytest.fixture(scope="module")
def control() -> PictureInput:
    return PictureInput(classify.on_examples, b"")


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_comes_through_with_its_kind(control, kind):
    assert control.preprocess({"kind": kind, "data": PNG}) == PictureRequest(kind, b"\x89PNG anything")


def test_a_picture_keeps_its_turn(control):
    assert control.preprocess({"kind": "auto", "data": PNG, "turn": 7}).turn == 7


def test_a_digest_takes_the_place_of_the_file(control):
    payload = {"kind": "photo", "digest": "0af" * 21 + "1", "turn": 3}
    assert control.preprocess(payload) == PictureRequest("photo", None, 3, payload["digest"])


def test_a_draft_says_so(control):
    drafts = [
        control.preprocess({"kind": "drawing", "data": PNG, **more}).is_draft
        for more in ({}, {"draft": True})
    ]
    assert drafts == [False, True]


@pytest.mark.parametrize("empty", [None, ""])
def test_nothing_is_nothing(control, empty):
    assert control.preprocess(empty) is None


@pytest.mark.parametrize(
    "payload",
    [
        "text",
        7,
        [PNG],
        {},
        {"kind": "photo"},
        {"data": PNG},
        {"kind": "photo", "data": PNG, "name": "<img src=x onerror=alert(1)>"},
        {"kind": "Photo", "data": PNG},
        {"kind": "photo", "data": PNG, "turn": "<b>7</b>"},
        {"kind": "photo", "data": PNG, "turn": None},
        {"kind": None, "data": PNG},
        {"kind": ["photo"], "data": PNG},
        {"kind": "photo", "data": None},
        {"kind": "photo", "data": [1, 2]},
        {"kind": "photo", "data": "not base64!"},
        {"kind": "photo", "data": "data:image/png;base64," + PNG},
        {"kind": "photo", "data": "ü" * 8},
        {"kind": "photo", "data": PNG, "draft": 1},
        {"kind": "photo", "digest": "0" * 63},
        {"kind": "photo", "digest": "G" * 64},
        {"kind": "photo", "digest": ["0" * 64]},
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    ],
)
def test_everything_else_gets_a_sentence(control, payload):
    with pytest.raises(gr.Error) as error:
        control.preprocess(payload)
    assert str(error.value.message).endswith(".") and not error.value.print_exception


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "data", "digest", "turn", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(json_values)
def test_any_payload_gives_a_picture_or_a_sentence(payload):
    control = PictureInput(classify.on_examples, b"", render=False)
    try:
        value = control.preprocess(payload)
    except gr.Error:
        return
    assert value is None or (value.kind in KINDS and isinstance(value.data, bytes))


def test_the_size_is_limited_before_decoding(control):
    most = base64.b64encode(bytes(settings.MAX_PICTURE_BYTES)).decode()
    assert len(control.preprocess({"kind": "photo", "data": most}).data) == settings.MAX_PICTURE_BYTES
    with pytest.raises(gr.Error, match="8 MB"):
        control.preprocess({"kind": "photo", "data": most + "AAAA"})


@pytest.mark.parametrize("seed", [0, 41, 2**40, -3, True, 1.5, float("nan"), None, "7", [1], {"seed": 1}])
def test_examples_take_any_seed(control, seed):
    examples = control.examples(seed)
    assert sorted(example["label"] for example in examples) == list(range(10))
    assert {example["kind"] for example in examples} == {"drawing", "auto"}
    assert all(base64.b64decode(example["data"]).startswith(b"\x89PNG") for example in examples)


def test_examples_follow_their_seed(control):
    assert control.examples(5) == control.examples(5) != control.examples(6)


@pytest.mark.parametrize(
    "control", [KIT / "picture_input", CLASSIFY / "answer", CLASSIFY / "stages", CLASSIFY / "heat"], ids=str
)
def test_no_value_reaches_a_template(control):
    # a template of gr.HTML runs what is between these marks as code
    for kind in ("html", "css"):
        text = control.with_suffix(f".{kind}").read_text(encoding="utf-8")
        assert not re.search(r"\$\{|\{\{|`|\\", text)


@pytest.mark.parametrize(
    "path",
    sorted([*KIT.glob("picture_*.js"), *CLASSIFY.glob("*.js")]),
)
def test_scripts_write_text_as_text(path):
    script = path.read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script
    )
