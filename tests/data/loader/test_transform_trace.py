"""The stages of a pipeline end where the pipeline ends, and its mistakes show PyTorch's own errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import default_collate
from torchvision.transforms import v2

from data.loader.transform_catalogue import CATALOGUE, TransformError
from data.loader.transform_trace import MAX_PICTURES, trace
from data.loader.transforms import DEFAULT, compose, replayed, step


def grey(seed: int = 0, size: tuple[int, int] = (28, 28)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8))


def colour(seed: int = 0, size: tuple[int, int] = (28, 28)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))


GREY = [grey(k) for k in range(10)]
AUGMENTED = [
    step("RandomRotation"),
    *DEFAULT,
    step("RandomVerticalFlip", on=False),
    step("RandomCrop"),
    step("RandomHorizontalFlip"),
    step("Normalize"),
]


def test_stages_of_a_whole_pipeline():
    record = trace(AUGMENTED, GREY, 4)
    assert record.problem is None
    assert [s.code.split("(")[0] for s in record.stages] == [
        "", "v2.RandomRotation", "v2.ToImage", "v2.ToDtype", "v2.RandomCrop",
        "v2.RandomHorizontalFlip", "v2.Normalize",
    ]  # fmt: skip
    # the step that is off keeps its place
    assert [s.position for s in record.stages] == [None, 0, 1, 2, 4, 5, 6]
    assert [s.type for s in record.stages] == ["PIL.Image"] * 2 + ["tv_tensors.Image"] * 5
    assert [s.dtype for s in record.stages] == ["uint8"] * 3 + ["float32"] * 4
    assert {s.shape for s in record.stages} == {(1, 28, 28)} and {s.count for s in record.stages} == {10}
    assert [s.random for s in record.stages] == [False, True, False, False, True, True, False]
    assert [s.rescaled for s in record.stages] == [False] * 6 + [True]
    assert {len(s.pictures) for s in record.stages} == {MAX_PICTURES}

    whole = replayed(compose(AUGMENTED), GREY, 4)
    last = record.stages[-1]
    batch = default_collate(whole)
    assert (record.batch.shape, record.batch.dtype, record.batch.note) == ((10, 1, 28, 28), "float32", "")
    assert tuple(batch.shape) == record.batch.shape
    assert (last.low, last.high) == (batch.min().item(), batch.max().item())
    for picture, sample in zip(last.pictures, whole, strict=False):
        expected = (sample[0] - batch.min()) / (batch.max() - batch.min()) * 255
        assert np.abs(picture - expected.numpy()).max() <= 0.51


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_stage_is_the_pipeline_cut_off_there(seed):
    # one sample at a time: more samples would draw in another order when later steps are missing
    record = trace(AUGMENTED, GREY[:1], seed)
    for stage in record.stages[1:]:
        cut = AUGMENTED[: stage.position + 1]
        numbers = np.asarray(replayed(compose(cut), GREY[:1], seed)[0])
        assert (stage.low, stage.high) == (numbers.min(), numbers.max())
        if stage.dtype == "uint8":
            assert np.array_equal(stage.pictures[0], numbers.reshape(28, 28))
        elif not stage.rescaled:
            assert np.abs(stage.pictures[0] - 255 * numbers[0]).max() <= 0.51


def test_stages_do_not_touch_the_global_generator():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    trace(AUGMENTED, GREY, 4)
    assert torch.equal(before, torch.get_rng_state())


def test_how_many_samples_a_random_step_changed():
    steps = [*DEFAULT, step("RandomHorizontalFlip", p=0.5)]
    plain, done = (replayed(compose(s), GREY, 8) for s in (DEFAULT, steps))
    flipped = sum(not torch.equal(a, b) for a, b in zip(plain, done, strict=True))
    assert 0 < flipped < 10 and trace(steps, GREY, 8).stages[-1].changed == flipped


def test_colours_are_shown_as_colours():
    picture = colour()
    record = trace(DEFAULT, [picture], 0)
    for stage in record.stages:
        assert stage.shape == (3, 28, 28)
        assert np.array_equal(stage.pictures[0], np.asarray(picture))


def error_of(*steps, sample) -> str:
    with pytest.raises((TypeError, ValueError, RuntimeError)) as error:
        compose(steps)(sample)
    return f"{error.type.__name__}: {error.value}"


def test_normalize_first():
    record = trace([step("Normalize"), *DEFAULT], GREY, 0)
    problem = record.problem
    assert problem.error == "TypeError: Normalize() does not support PIL images."
    assert problem.error == error_of(step("Normalize"), sample=GREY[0])
    assert (problem.position, problem.sample, len(record.stages), record.batch) == (0, 0, 1, None)
    assert "below ToImage and ToDtype" in problem.mend
    assert len(record.stages[0].pictures) == MAX_PICTURES


def test_normalize_before_to_dtype():
    record = trace([step("ToImage"), step("Normalize"), step("ToDtype")], GREY, 0)
    assert record.problem.error == "TypeError: Input tensor should be a float tensor. Got torch.uint8."
    assert (record.problem.position, len(record.stages)) == (1, 2) and "below ToDtype" in record.problem.mend
    # the other samples are shown up to there
    assert record.stages[1].count == 10


def test_a_crop_larger_than_one_of_the_pictures():
    samples = [grey(0, (40, 40)), grey(1, (20, 30)), grey(2, (40, 40))]
    crop = step("RandomCrop", size=32, padding=4)
    record = trace([step("ToImage"), crop], samples, 0)
    assert record.problem.error == error_of(crop, sample=samples[1])
    assert "Required crop size (32, 32) is larger" in record.problem.error
    assert (record.problem.position, record.problem.sample) == (1, 1)
    assert "only 28 pixels" in record.problem.mend
    assert record.stages[-1].count == 3 and record.stages[-1].shape is None
    # the sentence is right
    assert trace([step("RandomCrop", size=28, padding=4)], samples[1:2], 0).stages[-1].shape == (1, 28, 28)


def test_a_blur_wider_than_the_picture():
    samples = [grey(0, (5, 3))]
    record = trace([step("GaussianBlur", kernel_size=7)], samples, 0)
    assert record.problem.error == error_of(step("GaussianBlur", kernel_size=7), sample=samples[0])
    assert "only 3 pixels" in record.problem.mend and "at most 5" in record.problem.mend
    assert len(trace([step("GaussianBlur", kernel_size=5)], samples, 0).stages) == 2


def test_pil_pictures_do_not_stack():
    record = trace([step("CenterCrop", size=20)], GREY, 0)
    with pytest.raises(TypeError) as error:
        default_collate(GREY)
    assert record.problem.error == f"TypeError: {error.value}"
    assert (record.problem.position, record.problem.sample) == (None, None)
    assert "switch on ToImage" in record.problem.mend and len(record.stages) == 2


def test_sizes_that_differ_do_not_stack():
    samples = [grey(0), grey(1, (30, 20))]
    record = trace(DEFAULT, samples, 0)
    assert record.problem.error == (
        "RuntimeError: stack expects each tensor to be equal size, "
        "but got [1, 28, 28] at entry 0 and [1, 30, 20] at entry 1"
    )
    assert "Resize" in record.problem.mend and record.stages[-1].shape is None
    assert trace([*DEFAULT, step("Resize")], samples, 0).batch.shape == (2, 1, 28, 28)


def test_grey_and_colour_do_not_stack():
    samples = [grey(0), colour(1)]
    record = trace(DEFAULT, samples, 0)
    assert "[1, 28, 28] at entry 0 and [3, 28, 28] at entry 1" in record.problem.error
    assert "Grayscale" in record.problem.mend
    assert trace([*DEFAULT, step("Grayscale")], samples, 0).batch.shape == (2, 1, 28, 28)


def notes(steps, samples) -> list[str]:
    return [stage.note for stage in trace(steps, samples, 0).stages]


def test_to_dtype_on_a_pil_picture_does_nothing():
    record = trace([step("ToDtype"), step("ToImage")], GREY, 0)
    assert "ToDtype does nothing to PIL" in record.stages[1].note
    assert np.array_equal(record.stages[1].pictures[0], np.asarray(GREY[0]))
    assert record.batch.dtype == "uint8" and "float32" in record.batch.note
    assert not any(notes(DEFAULT, GREY))


def test_silent_mistakes_get_a_note():
    crop = trace([step("CenterCrop", size=32)], GREY, 0).stages[-1]
    assert "smaller than the square" in crop.note
    assert not crop.pictures[0][:2].any() and np.array_equal(
        crop.pictures[0][2:30, 2:30], np.asarray(GREY[0])
    )
    assert not any(notes([step("CenterCrop", size=28)], GREY))

    three = trace([*DEFAULT, step("Normalize", channels=3)], GREY, 0).stages[-1]
    assert three.shape == (3, 28, 28) and "repeats the channel" in three.note
    single = trace([*DEFAULT, step("Normalize")], [colour()], 0).stages[-1]
    assert single.shape == (3, 28, 28) and "One mean for three" in single.note
    assert not any(notes([*DEFAULT, step("Normalize", channels=3)], [colour()]))

    twice = trace([*DEFAULT, step("ToDtype")], GREY, 0)
    assert twice.stages[-1].note == "Nothing changed: the samples were in this form already."


def test_steps_below_normalize_that_mean_black_or_white():
    late = trace([*DEFAULT, step("Normalize"), step("Pad")], GREY, 0).stages[-1]
    assert "no longer black" in late.note
    frame = round(255 * -late.low / (late.high - late.low))
    assert late.low < 0 and late.pictures[0][0, 0] == frame > 50
    assert not any(notes([*DEFAULT, step("Pad"), step("Normalize")], GREY))

    jitter = trace([*DEFAULT, step("Normalize"), step("ColorJitter")], GREY, 0).stages[-1]
    assert "cuts off everything" in jitter.note and jitter.low >= 0 and jitter.high <= 1


def test_erasing_works_on_pil_pictures_too():
    stage = trace([step("RandomErasing", p=1)], GREY, 0).stages[-1]
    assert stage.type == "PIL.Image" and stage.changed == 10
    torch.manual_seed(0)
    assert np.array_equal(stage.pictures[0], np.asarray(v2.RandomErasing(1.0)(GREY[0])))


def test_nothing_to_transform():
    with pytest.raises(TransformError, match="no picture"):
        trace(DEFAULT, [], 0)
    with pytest.raises(TransformError, match="seed"):
        trace(DEFAULT, GREY, float("nan"))


@given(st.lists(st.sampled_from(list(CATALOGUE)), max_size=6), st.integers(0, 99), st.booleans())
def test_any_order_gives_a_trace_without_raising(names, seed, mixed):
    steps = [step(name) for name in names]
    samples = [colour(0, (9, 64)), grey(1), grey(2, (1, 1))] if mixed else GREY[:2]
    record = trace(steps, samples, seed)
    try:
        whole = replayed(compose(steps), samples, seed)
        batch = default_collate(whole)
    except Exception as error:
        assert record.problem.error == f"{type(error).__name__}: {error}"
        assert record.problem.mend.endswith(".") and record.batch is None
        return
    assert record.problem is None and record.batch.shape == tuple(batch.shape)
    assert (record.stages[-1].low, record.stages[-1].high) == (batch.min().item(), batch.max().item())
