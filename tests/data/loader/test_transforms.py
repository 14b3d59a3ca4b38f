"""Each step against torchvision called by hand, the code on the page, and replayed randomness."""

from __future__ import annotations

import re
import threading
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from data.loader.transform_catalogue import CATALOGUE, TransformError
from data.loader.transforms import DEFAULT, checked, code, compose, is_random, replayed, step

TO_FLOAT = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


def grey(seed: int = 0, size: tuple[int, int] = (28, 28)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8))


def colour(seed: int = 0, size: tuple[int, int] = (28, 28)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))


def same(first, second) -> bool:
    return (
        type(first) is type(second)
        and np.asarray(first).dtype == np.asarray(second).dtype
        and np.array_equal(np.asarray(first), np.asarray(second))
    )


# written by hand: name, parameters, the object, its code
BY_HAND = [
    ("ToImage", {}, v2.ToImage(), "v2.ToImage()"),
    ("ToDtype", {}, v2.ToDtype(torch.float32, scale=True), "v2.ToDtype(torch.float32, scale=True)"),
    (
        "Normalize",
        {"mean": 0.25, "std": 0.5, "channels": 3},
        v2.Normalize([0.25] * 3, [0.5] * 3),
        "v2.Normalize([0.25, 0.25, 0.25], [0.5, 0.5, 0.5])",
    ),
    ("Resize", {"height": 20, "width": 30}, v2.Resize((20, 30)), "v2.Resize((20, 30))"),
    ("CenterCrop", {"size": 20}, v2.CenterCrop(20), "v2.CenterCrop(20)"),
    ("Pad", {"padding": 3}, v2.Pad(3), "v2.Pad(3)"),
    ("RandomCrop", {"size": 28, "padding": 4}, v2.RandomCrop(28, padding=4), "v2.RandomCrop(28, padding=4)"),
    ("RandomHorizontalFlip", {"p": 0.5}, v2.RandomHorizontalFlip(0.5), "v2.RandomHorizontalFlip(p=0.5)"),
    ("RandomVerticalFlip", {"p": 0.25}, v2.RandomVerticalFlip(0.25), "v2.RandomVerticalFlip(p=0.25)"),
    ("RandomRotation", {"degrees": 30}, v2.RandomRotation(30), "v2.RandomRotation(30.0)"),
    (
        "RandomAffine",
        {"degrees": 5, "translate": 0.2},
        v2.RandomAffine(5, translate=(0.2, 0.2)),
        "v2.RandomAffine(5.0, translate=(0.2, 0.2))",
    ),
    (
        "RandomResizedCrop",
        {"size": 24, "scale": 0.5},
        v2.RandomResizedCrop(24, scale=(0.5, 1)),
        "v2.RandomResizedCrop(24, scale=(0.5, 1.0))",
    ),
    (
        "ColorJitter",
        {"brightness": 0.4, "contrast": 0.2},
        v2.ColorJitter(0.4, 0.2),
        "v2.ColorJitter(brightness=0.4, contrast=0.2)",
    ),
    (
        "GaussianBlur",
        {"kernel_size": 3, "sigma": 1.5},
        v2.GaussianBlur(3, (0.1, 1.5)),
        "v2.GaussianBlur(3, sigma=(0.1, 1.5))",
    ),
    ("RandomErasing", {"p": 0.75}, v2.RandomErasing(0.75), "v2.RandomErasing(p=0.75)"),
    ("Grayscale", {"channels": 3}, v2.Grayscale(3), "v2.Grayscale(num_output_channels=3)"),
]


def test_every_step_of_the_catalogue_is_tested_by_hand():
    assert [name for name, *_ in BY_HAND] == list(CATALOGUE)


@pytest.mark.parametrize(("name", "params", "by_hand", "line"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_a_step_is_torchvisions(name, params, by_hand, line):
    built = step(name, **params)
    assert built.code() == line
    inputs = [TO_FLOAT(grey()), TO_FLOAT(colour())]
    if name != "Normalize":
        inputs += [grey(), colour()]
    results = set()
    for sample in inputs:
        for seed in range(4):
            torch.manual_seed(seed)
            replay = built.build()(sample)
            torch.manual_seed(seed)
            assert same(replay, by_hand(sample))
            results.add(np.asarray(replay).tobytes())
    if CATALOGUE[name].random:
        assert len(results) > len(inputs)
    else:
        assert len(results) <= len(inputs)


@pytest.mark.parametrize("name", CATALOGUE)
def test_only_random_steps_draw(name):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    for _ in range(2):
        step(name).build()(TO_FLOAT(grey()))
    assert CATALOGUE[name].random != torch.equal(before, torch.get_rng_state())
    assert is_random([step("ToImage"), step(name)]) == CATALOGUE[name].random
    assert not is_random([step(name, on=False)])


def evaluated(text: str):
    names: dict = {}
    exec(text, names)
    return names["transform"]


def any_step():
    def of(kind):
        values = {
            p.name: (
                st.integers(0, int((p.high - p.low) // p.step)).map(lambda k, p=p: p.low + k * p.step)
                if p.kind == "int"
                else st.floats(p.low, p.high)
            )
            for p in kind.parameters
        }
        return st.fixed_dictionaries(
            {"name": st.just(kind.name), "on": st.booleans(), "params": st.fixed_dictionaries(values)}
        )

    return st.sampled_from(list(CATALOGUE.values())).flatmap(of)


@given(st.lists(any_step().filter(lambda s: s["name"] not in ("Pad", "Normalize")), max_size=5))
def test_the_code_builds_what_runs(payload):
    steps = checked(payload)
    assert checked([each.plain() for each in steps]) == steps

    def result(transform):
        try:
            return np.asarray(replayed(transform, [grey()], 7)[0])
        except Exception as error:  # a crop larger than the picture
            return np.frombuffer(str(error).encode(), np.uint8)

    assert np.array_equal(result(compose(steps)), result(evaluated(code(steps))))


def test_the_code_reads_as_in_textbooks():
    assert code(DEFAULT) == (
        "import torch\n"
        "from torchvision.transforms import v2\n\n"
        "transform = v2.Compose([\n"
        "    v2.ToImage(),\n"
        "    v2.ToDtype(torch.float32, scale=True),\n"
        "])\n"
    )


def test_the_default_equals_to_tensor():
    picture = grey()
    with pytest.warns(UserWarning, match="deprecated"):
        old = v2.ToTensor()
    new = compose(DEFAULT)(picture)
    # one multiplies by 1 / 255, the other divides by 255: the last bit may differ
    torch.testing.assert_close(new.as_subclass(torch.Tensor), old(picture), rtol=1.2e-7, atol=0)


def test_without_a_step_a_sample_stays_as_it_is():
    picture = grey()
    assert compose([])(picture) is picture
    assert compose([step("ToImage", on=False)])(picture) is picture
    assert evaluated(code([]))(picture) is picture


def test_normalised_by_hand():
    picture = Image.fromarray(np.array([[0, 255]], np.uint8))
    out = compose([*DEFAULT, step("Normalize")])(picture)
    assert out.flatten().tolist() == pytest.approx([(0 - 0.286) / 0.353, (1 - 0.286) / 0.353])


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (None, "list of steps"),
        ("ToImage", "list of steps"),
        ({"name": "ToImage"}, "list of steps"),
        ([None], "Step 1 must"),
        ([["ToImage"]], "Step 1 must"),
        ([{"name": "ToImage", "extra": 1}], "Step 1 must"),
        ([{"name": "ToImage"}] * 13, "at most 12 steps, not 13"),
        ([{"name": "ToImage"}, {"name": "ToTensor"}], "Step 2 must be one of ToImage, ToDtype"),
        ([{"name": None}], "Step 1 must be one of"),
        ([{"name": ["ToImage"]}], "Step 1 must be one of"),
        ([{"name": "__class__"}], "Step 1 must be one of"),
        ([{}], "Step 1 must be one of"),
        ([{"name": "ToImage", "on": 1}], '"on" of step 1, ToImage'),
        ([{"name": "ToImage", "on": None}], '"on" of step 1, ToImage'),
        ([{"name": "ToImage", "params": {"size": 3}}], "Step 1, ToImage, takes no parameters"),
        ([{"name": "Pad", "params": {"size": 3}}], "Step 1, Pad, takes only: padding"),
        ([{"name": "Pad", "params": None}], "Step 1, Pad, takes only: padding"),
        ([{"name": "Pad", "params": [3]}], "Step 1, Pad, takes only: padding"),
    ],
)
def test_a_pipeline_that_cannot_be_built_gets_a_sentence(payload, words):
    with pytest.raises(TransformError) as error:
        checked(payload)
    assert words in str(error.value) and str(error.value).endswith(".")


BAD: list[Any] = [
    float("nan"),
    float("inf"),
    -float("inf"),
    True,
    False,
    None,
    "3",
    [3],
    {},
    10**400,
    -(10**400),
    -1e9,
]


@pytest.mark.parametrize(
    "parameter",
    [(kind.name, parameter) for kind in CATALOGUE.values() for parameter in kind.parameters],
    ids=lambda pair: f"{pair[0]}.{pair[1].name}",
)
def test_every_parameter_keeps_its_range(parameter):
    name, spec = parameter
    wrong = [*BAD, spec.low - 0.001, spec.high + 0.001, spec.low - 1, spec.high + 1]
    if spec.kind == "int":
        wrong += [spec.low + 0.5, *([spec.low + 1] if spec.step > 1 else [])]
    for value in wrong:
        with pytest.raises(TransformError) as error:
            checked([{"name": name, "params": {spec.name: value}}])
        allowed = f"{spec.requirement()}|must be a whole number from {spec.low:g} to {spec.high:g}"
        assert re.fullmatch(f"{spec.name} of {name} ({allowed}), not .+\\.", str(error.value))
    for value in (spec.low, spec.high, spec.default):
        built = dict(checked([{"name": name, "params": {spec.name: value}}])[0].params)[spec.name]
        assert built == value and type(built) is (int if spec.kind == "int" else float)
    assert dict(checked([{"name": name}])[0].params)[spec.name] == spec.default


def test_requirements():
    texts = {f"{k.name}.{p.name}": p.requirement() for k in CATALOGUE.values() for p in k.parameters}
    assert texts["Pad.padding"] == "must be a whole number from 0 to 6"
    assert texts["Grayscale.channels"] == "must be one of 1, 3"
    assert texts["GaussianBlur.kernel_size"] == "must be one of 1, 3, 5, 7, 9, 11, 13, 15"
    assert texts["Normalize.std"] == "must be a number from 0.001 to 10"


@pytest.mark.parametrize("seed", [*BAD, -1, 1.5, 2**31])
def test_a_seed_is_checked(seed):
    with pytest.raises(TransformError, match="whole number from 0 to 2,147,483,647"):
        replayed(compose([]), [], seed)


AUGMENTED = [
    *DEFAULT,
    step("RandomCrop"),
    step("RandomHorizontalFlip"),
    step("ColorJitter"),
    step("RandomErasing"),
]


def by_manual_seed(transform, samples, seed):
    torch.manual_seed(seed)
    return [transform(sample) for sample in samples]


@pytest.mark.parametrize("name", [name for name, kind in CATALOGUE.items() if kind.random])
def test_replay_is_manual_seed(name):
    transform, samples = step(name).build(), [TO_FLOAT(grey(k)) for k in range(5)]
    replay = replayed(transform, samples, 41)
    reference = by_manual_seed(transform, samples, 41)
    assert all(same(a, b) for a, b in zip(replay, reference, strict=True))
    others = [
        np.asarray(sample).tobytes() for seed in range(4) for sample in replayed(transform, samples, seed)
    ]
    assert len(set(others)) > len(samples)


def test_replay_restores_the_generator():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    replayed(compose(AUGMENTED), [grey()], 5)
    assert torch.equal(before, torch.get_rng_state())
    with pytest.raises(TypeError):
        replayed(compose([step("RandomCrop"), step("Normalize")]), [grey()], 5)
    assert torch.equal(before, torch.get_rng_state())


def test_replay_equals_a_data_loader():
    pictures = [grey(k) for k in range(6)]

    class Pictures(torch.utils.data.Dataset):
        def __len__(self):
            return len(pictures)

        def __getitem__(self, k):
            return compose(AUGMENTED)(pictures[k])

    torch.manual_seed(9)
    loader = torch.utils.data.DataLoader(Pictures(), batch_size=6, generator=torch.Generator())
    batch = next(iter(loader))
    assert torch.equal(
        batch, torch.stack(replayed(compose(AUGMENTED), pictures, 9)).as_subclass(torch.Tensor)
    )


def test_replay_from_many_threads_at_once():
    samples = [grey(k) for k in range(8)]
    expected = {seed: torch.stack(by_manual_seed(compose(AUGMENTED), samples, seed)) for seed in range(6)}
    wrong: list[int] = []
    start = threading.Barrier(6)

    def visit(seed):
        start.wait()
        for _ in range(4):
            if not torch.equal(torch.stack(replayed(compose(AUGMENTED), samples, seed)), expected[seed]):
                wrong.append(seed)

    threads = [threading.Thread(target=visit, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_sizes_stay_bounded():
    padded = checked([{"name": "Pad", "params": {"padding": 6}}] * 12)
    assert compose(padded)(colour(size=(64, 64))).size == (208, 208)
