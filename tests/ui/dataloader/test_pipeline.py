"""What the pipeline accepts, and that the stages show what the transforms did."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.loader.transform_trace import trace
from data.loader.transforms import DEFAULT, TransformStep, checked, code, compose, replayed, step
from ui.dataloader import pipeline
from ui.dataloader import transforms as batch_transforms
from ui.dataloader.pipeline import Pipeline, plain, presets
from ui.dataloader.transforms import MAX_TRACED, on_another_seed, on_transforms

CONTROLS = Path(pipeline.__file__).parent
FLIPS = (*DEFAULT, step("RandomHorizontalFlip"))


def grey(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (28, 28), dtype=np.uint8))


@pytest.fixture(scope="module")
def control() -> Pipeline:
    return Pipeline()


def test_steps_come_through_checked(control):
    payload = [
        {"name": "ToImage", "on": False, "params": {}},
        {"name": "Pad", "on": True, "params": {"padding": 3}},
    ]
    assert control.preprocess(payload) == (
        TransformStep("ToImage", False, ()),
        TransformStep("Pad", True, (("padding", 3),)),
    )
    assert control.preprocess([]) == ()
    # and back again
    assert control.postprocess(control.preprocess(payload)) == payload == control.postprocess(payload)


def test_it_opens_with_the_equivalent_of_to_tensor(control):
    assert checked(control.value) == DEFAULT == control.preprocess(control.example_payload())


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "ToImage",
        {"name": "ToImage"},
        [{"name": "<img src=x onerror=alert(1)>"}],
        [{"name": "Pad", "on": True, "params": {"padding": float("nan")}}],
        [{"name": "Pad", "on": True, "params": {"padding": True}}],
        [{"name": "ToImage", "on": "yes", "params": {}}],
        [{"name": "ToImage", "on": True, "params": {}}] * 13,
    ],
)
def test_everything_else_gets_a_sentence(control, payload):
    with pytest.raises(gr.Error) as error:
        control.preprocess(payload)
    assert str(error.value.message).endswith(".") and not error.value.print_exception


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["Pad", "ToImage", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "on", "params", "padding"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_payload_gives_steps_or_a_sentence(payload):
    try:
        steps = Pipeline(render=False).preprocess(payload)
    except gr.Error:
        return
    assert all(isinstance(each, TransformStep) for each in steps)


def test_presets_do_what_their_names_say():
    samples = [grey(k) for k in range(3)]
    problems = {name: trace(steps, samples, 0).problem for name, steps in presets().items()}
    failing = [name for name, problem in problems.items() if problem]
    assert failing == ["A mistake: Normalize first"]
    assert problems[failing[0]].error == "TypeError: Normalize() does not support PIL images."
    assert not any(stage.note for steps in presets().values() for stage in trace(steps, samples, 0).stages)


def decoded(url: str) -> np.ndarray:
    kind, data = url.split(",", 1)
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_the_stages_show_the_replayed_samples():
    samples = [grey(k) for k in range(10)]
    value, text = on_transforms(samples, FLIPS, 6)
    assert text == code(FLIPS) and value["nothing"] == ""
    assert [stage["number"] for stage in value["stages"]] == ["", "1", "2", "3"]
    whole = replayed(compose(FLIPS), samples, 6)
    last = value["stages"][-1]
    assert last["code"] == "v2.RandomHorizontalFlip(p=0.5)" and len(last["pictures"]) == 8
    for url, sample in zip(last["pictures"], whole, strict=False):
        assert np.array_equal(decoded(url), np.rint(255 * sample[0].numpy()))
    flipped = sum(
        not np.array_equal(np.asarray(a), np.rint(255 * b[0].numpy()))
        for a, b in zip(samples, whole, strict=True)
    )
    assert last["facts"][-1]["text"] == f"random: changed {flipped} of 10" and 0 < flipped < 10
    assert value["stages"][0]["hint"] == "The first 8 of 10 samples."
    assert value["end"]["title"] == "Batch: (10, 1, 28, 28), float32" and not value["end"]["failed"]


def test_what_a_step_changed_is_marked():
    value, _ = on_transforms([Image.fromarray(np.array([[0, 255]], np.uint8))], DEFAULT, 0)
    facts = [[(fact["text"], fact["fresh"]) for fact in stage["facts"]] for stage in value["stages"]]
    assert facts == [
        [("PIL.Image", False), ("2 × 1 pixels, grey", False), ("uint8, 0 to 255", False)],
        [("tv_tensors.Image", True), ("(1, 1, 2)", True), ("uint8, 0 to 255", False)],
        [("tv_tensors.Image", False), ("(1, 1, 2)", False), ("float32, 0 to 1", True)],
    ]


def test_normalised_numbers_say_what_is_black_and_white():
    value, _ = on_transforms(
        [Image.fromarray(np.array([[0, 255]], np.uint8))],
        [*DEFAULT, step("Normalize", mean=0.25, std=0.5)],
        0,
    )
    assert value["stages"][-1]["facts"][-1]["text"] == "float32, −0.50 to 1.50"
    assert value["stages"][-1]["hint"] == "Shown with −0.50 as black and 1.50 as white."
    assert decoded(value["stages"][-1]["pictures"][0]).tolist() == [[0, 255]]


def test_a_failing_step_shows_torchs_error():
    value, _ = on_transforms([grey(0)], [*DEFAULT, step("RandomCrop", size=40, padding=4)], 0)
    end = value["end"]
    assert end["failed"] and end["title"] == "Step 3, v2.RandomCrop(40, padding=4), fails at sample 0"
    assert end["error"].startswith("ValueError: Required crop size (40, 40) is larger than")
    assert "36 pixels" in end["sentence"] and end["error"] in value["announcement"]
    assert len(value["stages"]) == 3


def test_a_large_batch_says_how_much_of_it_is_shown():
    value, _ = on_transforms([grey(k) for k in range(MAX_TRACED + 6)], DEFAULT, 0)
    assert value["end"]["title"] == f"Batch: ({MAX_TRACED}, 1, 28, 28), float32"
    assert value["end"]["sentence"].startswith(
        f"These are the first {MAX_TRACED} of the {MAX_TRACED + 6} samples."
    )
    assert value["stages"][0]["hint"] == f"The first 8 of {MAX_TRACED + 6} samples."


@pytest.mark.parametrize("nothing", [None, []])
def test_without_pictures_there_is_a_sentence_and_the_code(nothing):
    value, text = on_transforms(nothing, FLIPS, 0)
    assert value["nothing"] == batch_transforms.NO_PICTURES and value["stages"] == []
    assert text == code(FLIPS)


@pytest.mark.parametrize("seed", [None, True, -1, 0.5, float("nan"), "1", [1], 2**40])
def test_a_bad_seed_gets_a_sentence(seed):
    with pytest.raises(gr.Error, match="seed must be a whole number") as error:
        on_transforms([grey(0)], DEFAULT, seed)
    assert not error.value.print_exception


def test_bad_steps_get_a_sentence():
    with pytest.raises(gr.Error, match="padding of Pad must be a whole number from 0 to 6"):
        on_transforms([grey(0)], [{"name": "Pad", "params": {"padding": 7}}], 0)
    with pytest.raises(gr.Error, match="list of steps"):
        on_transforms([grey(0)], None, 0)


def test_another_seed_is_a_different_one():
    assert all(on_another_seed(seed) != seed for seed in [*range(50), None, "x"])


def test_plain_takes_steps_and_payloads_of_a_browser():
    assert plain(DEFAULT) == [{"name": name, "on": True, "params": {}} for name in ("ToImage", "ToDtype")]
    assert plain([{"name": "Pad"}]) == [{"name": "Pad", "on": True, "params": {"padding": 2}}]


@pytest.mark.parametrize("name", ["pipeline", "transform_stages"])
def test_no_value_reaches_a_template(name):
    # a template of gr.HTML runs code between these marks
    for kind in ("html", "css"):
        text = (CONTROLS / f"{name}.{kind}").read_text(encoding="utf-8")
        assert not re.search(r"\$\{|\{\{|`|\\", text)
    script = (CONTROLS / f"{name}.js").read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script
    )
