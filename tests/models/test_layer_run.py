"""A real layer on a real tensor: its shapes, torch's errors and their mending, the code that repeats it."""

from __future__ import annotations

import json
import math
import random
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch

from models.arithmetic import (
    FIELDS,
    PAIRS,
    Input,
    LayerError,
    LayerSpec,
    as_kind,
    limits,
    output_shape,
    problems,
    too_much,
    weight_shape,
)
from models.layer_code import code
from models.layer_kinds import panel_kinds
from models.layer_run import arguments, checked, mend, run

KINDS = list(panel_kinds())

pytestmark = pytest.mark.usefixtures("one_thread")


def random_layers(seed: int, count: int) -> list[tuple[LayerSpec, Input]]:
    """Layers of every kind with numbers of the page's whole range; most do not fit together."""
    rng = random.Random(seed)

    def number(name: str) -> int:
        low, high = limits(name)
        return rng.randint(low, min(high, 12))

    layers = []
    for place in range(count):
        numbers: dict[str, Any] = {name: (number(name), number(name)) for name in PAIRS}
        numbers |= {name: number(name) for name in ("in_channels", "out_channels", "groups")}
        layer = as_kind(LayerSpec("ConvTranspose2d", **numbers), KINDS[place % 4])
        if layer.kind == "Conv2d" and rng.random() < 0.4:
            layer = replace(layer, padding=rng.choice(("same", "valid")))
        layers.append((layer, Input(number("n"), number("c"), number("h"), number("w"))))
    return layers


def test_the_first_example_of_every_tutorial_runs():
    result = run(LayerSpec("Conv2d", 5, 10, (3, 3)), Input(1, 5, 100, 100))
    assert result.shape == (1, 10, 98, 98)
    assert (result.weight_shape, result.bias_shape, result.parameters) == ((10, 5, 3, 3), (10,), 460)
    assert result.seconds > 0 and result.error == "" and result.mend is None and result.refusal == ""


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_every_error_has_a_mend_and_every_mended_layer_runs():
    broken = dict.fromkeys(KINDS, 0)
    for layer, in_shape in random_layers(0, 600):
        result = run(layer, in_shape)
        if result.refusal:
            continue
        if result.mend is None:
            assert result.shape == output_shape(layer, in_shape) and min(result.shape) > 0
            continue
        assert result.error or 0 in result.shape
        broken[layer.kind] += 1
        assert result.mend.sentence.endswith(".")
        assert result.mend.changes, (layer, in_shape, result.mend)
        assert all(value != getattr(layer, name) for name, value in result.mend.changes.items())
        mended = replace(layer, **result.mend.changes)
        assert checked({**asdict(mended), **asdict(in_shape)}) == (mended, in_shape), (
            "outside the page's limits"
        )
        again = run(mended, in_shape)
        assert again.error == "" and again.shape == output_shape(mended, in_shape), (layer, in_shape, again)
        assert again.mend is None
    assert all(count > 30 for count in broken.values()), broken


@pytest.mark.parametrize(
    ("layer", "in_shape", "error", "meaning", "changes"),
    [
        (LayerSpec(kernel=(7, 7)), Input(h=4, w=9), "greater than actual input", "kernel covers 7 x 7",
         {"padding": (2, 0)}),
        (LayerSpec(kernel=(3, 3), dilation=(3, 1)), Input(h=4, w=9), "greater than actual input",
         "7 x 3 cells with its dilation", {"padding": (2, 0)}),
        (LayerSpec(groups=3), Input(), "in_channels must be divisible", "in_channels = 5", {"groups": 1}),
        (LayerSpec(out_channels=11, groups=5), Input(), "out_channels must be", "out_channels = 11",
         {"groups": 1}),
        (LayerSpec(padding="same", stride=(2, 1)), Input(), "not supported for strided", "stride",
         {"stride": (1, 1)}),
        (LayerSpec(), Input(c=3), "expected input[1, 3, 100, 100] to have 5 channels", "input has 3",
         {"in_channels": 3}),
        (LayerSpec("MaxPool2d", kernel=(3, 2), padding=(2, 1)), Input(), "pad should be", "half its kernel",
         {"padding": (1, 1)}),
        (LayerSpec("AvgPool2d", kernel=(5, 5)), Input(h=3), "Output size is too small", "3 x 100",
         {"kernel": (3, 5)}),
        (LayerSpec("ConvTranspose2d", output_padding=(1, 0)), Input(), "output padding must be smaller",
         "smaller than the stride", {"output_padding": (0, 0)}),
        (LayerSpec("ConvTranspose2d", padding=(5, 0)), Input(h=2), "Output size is too small",
         "nothing is left", {"padding": (1, 0)}),
    ],
)  # fmt: skip
def test_torchs_own_words_and_the_smallest_change(layer, in_shape, error, meaning, changes):
    result = run(layer, in_shape)
    assert error in result.error and result.error.split(":")[0] in ("ValueError", "RuntimeError")
    assert result.mend is not None and meaning in result.mend.sentence
    assert result.mend.changes == changes
    assert all(f"{name} = {value}" in result.mend.advice for name, value in changes.items())


def test_a_layer_that_runs_needs_no_mend():
    assert mend(LayerSpec(), Input()) is None


def test_same_needs_no_other_padding_on_an_input_smaller_than_the_kernel():
    advice = mend(LayerSpec(padding="same", stride=(2, 2)), Input(h=1, w=1))
    assert advice is not None and advice.changes == {"stride": (1, 1)}


def test_the_refusal_of_a_pool_names_its_size_and_the_limit():
    assert too_much(LayerSpec("AvgPool2d"), Input(64, 64, 256, 256)) == (
        "The tensors of this layer take 2,131 MB, over the 256 MB that this page allows. "
        "Choose a smaller input or fewer channels."
    )


def test_a_mend_that_would_be_too_large_is_not_offered():
    layer, in_shape = LayerSpec("Conv2d", 1, 64, (11, 11)), Input(1, 64, 200, 200)
    advice = run(layer, in_shape).mend
    assert advice is not None and advice.changes == {} and advice.advice == ""
    assert "too large" in advice.sentence and "GFLOP" in advice.sentence


def test_a_layer_beyond_the_limits_is_mended_by_the_smallest_loss():
    def mended(layer, in_shape):
        advice = run(layer, in_shape).mend
        fields = asdict(layer) | asdict(in_shape) | advice.changes
        return advice, *checked(fields, strict=False)

    # 2 * 4 * 8 * 256 * 256 bytes a picture: 61 of them take less than 256 MB
    advice, pool, in_shape = mended(LayerSpec("AvgPool2d", kernel=(1, 1)), Input(n=64, c=8, h=256, w=256))
    assert advice.changes == {"n": 61} and advice.advice == "Set N = 61."
    assert run(pool, in_shape).refusal == "" and too_much(pool, replace(in_shape, n=62))
    for layer, in_shape in (
        (LayerSpec("Conv2d", 64, 64, (11, 11)), Input(64, 64, 256, 256)),  # one smaller number is not enough
        (LayerSpec("Conv2d", 64, 64, (11, 11), groups=4), Input(1, 64, 100, 100)),
        (LayerSpec("ConvTranspose2d", 64, 64, (11, 11), stride=(8, 8)), Input(1, 64, 100, 100)),
        (LayerSpec("MaxPool2d", kernel=(11, 11)), Input(64, 64, 256, 256)),
        (LayerSpec(), Input(h=100_000, w=100_000)),
    ):
        advice, *after = mended(layer, in_shape)
        assert advice.changes and not too_much(*after) and not problems(*after), advice


def test_too_much_is_refused_before_anything_is_allocated(monkeypatch):
    def never(*_, **__):
        raise AssertionError("something was allocated")

    monkeypatch.setattr("models.layer_run.build", never)
    monkeypatch.setattr(torch, "randn", never)
    result = run(LayerSpec("Conv2d", 100_000, 100_000, (100_000, 100_000)), Input(100_000, 100_000, 9, 9))
    assert "256 MB" in result.refusal and result.shape == () and result.error == ""
    assert run(LayerSpec(), Input(h=100_000, w=100_000)).refusal


def test_the_page_wide_random_numbers_stay_as_they_are_with_a_pool():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(LayerSpec("MaxPool2d"), Input(), seed=9)
    assert torch.equal(torch.rand(3), expected)


GOOD = {"kind": "Conv2d", "kernel": [3, 5], "stride": 2, "padding": "valid", "bias": False, "n": 2, "h": 32.0}


def test_values_from_a_page_become_a_layer_and_its_input():
    layer, in_shape = checked(json.loads(json.dumps(GOOD)))
    assert layer == LayerSpec(kernel=(3, 5), stride=(2, 2), padding="valid", bias=False)
    assert in_shape == Input(2, 5, 32, 100) and type(in_shape.h) is int
    assert checked({}) == (LayerSpec(), Input())


BAD: list[Any] = [
    math.nan,
    math.inf,
    -math.inf,
    True,
    False,
    None,
    "3",
    "",
    [],
    [1],
    [1, 2, 3],
    [[1], 2],
    {},
    -1,
]
BAD += [10**400, 1.5, [1, None], [True, 1], [math.nan, 1], b"3", object(), torch.tensor(3)]


@pytest.mark.parametrize("name", [*FIELDS])
@pytest.mark.parametrize("strict", [True, False])
def test_anything_else_is_refused_with_a_sentence(name, strict):
    for value in [*BAD, *([0] if limits(name)[0] else [])]:
        with pytest.raises(LayerError, match=r"^[A-Za-z].*\.$"):
            checked({**GOOD, "kind": "ConvTranspose2d", "padding": 0, name: value}, strict)


@pytest.mark.parametrize("name", [*FIELDS])
def test_strict_ends_at_the_limits_of_the_page(name):
    low, high = limits(name)
    good = {"kind": "ConvTranspose2d"}
    for value in (low, high):
        checked({**good, name: value})
    with pytest.raises(LayerError, match=f"from {low} to {high}"):
        checked({**good, name: high + 1})
    checked({**good, name: high + 1}, strict=False)


@pytest.mark.parametrize(
    "values",
    [
        None, [], "Conv2d", {"kind": "Linear"}, {"kind": None}, {"kind": ["Conv2d"]}, {"bias": 1},
        {"bias": "yes"}, {"padding": "SAME"}, {"padding": "same", "kind": "MaxPool2d"}, {"kernel_size": 3},
        {3: 3}, {"dilation": 2, "kind": "AvgPool2d"}, {"output_padding": 1},
    ],
)  # fmt: skip
def test_other_nonsense_is_refused(values):
    with pytest.raises(LayerError, match=r"\.$"):
        checked(values)


@pytest.mark.parametrize("seed", [None, True, -1, 2**31, math.nan, "1"])
def test_a_seed_is_a_number(seed):
    with pytest.raises(LayerError, match="seed"):
        run(LayerSpec(), Input(), seed)


def test_a_hand_made_layer_is_checked_too():
    with pytest.raises(LayerError, match="stride"):
        run(LayerSpec(stride=(0, 1)), Input())


def test_the_code_of_the_first_example_word_for_word():
    assert code(LayerSpec("Conv2d", 5, 10, (3, 3)), Input(1, 5, 100, 100)) == (
        "import torch\n"
        "from torch import nn\n"
        "\n"
        "layer = nn.Conv2d(5, 10, kernel_size=3)\n"
        "x = torch.randn(1, 5, 100, 100)\n"
        "print(layer(x).shape)\n"
        "print(layer.weight.shape)\n"
    )
    pool = code(LayerSpec("MaxPool2d", kernel=(2, 2), stride=(2, 2)), Input())
    assert "nn.MaxPool2d(kernel_size=2)\n" in pool and "weight" not in pool
    # a pool's stride is its kernel by default, so stride 1 must be written
    assert "nn.AvgPool2d(kernel_size=(2, 3), stride=1, padding=1)" in code(
        LayerSpec("AvgPool2d", kernel=(2, 3), padding=(1, 1)), Input()
    )
    full = LayerSpec("ConvTranspose2d", 4, 6, (2, 3), (2, 1), (1, 0), (1, 2), (1, 0), 2, False)
    assert (
        "nn.ConvTranspose2d(4, 6, kernel_size=(2, 3), stride=(2, 1), padding=(1, 0), dilation=(1, 2), "
        "output_padding=(1, 0), groups=2, bias=False)"
    ) in code(full, Input(1, 4, 9, 9))


RUN_ALL = """
import contextlib, io, json, sys
printed = []
for program, names in json.load(sys.stdin):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(program, space := {})
    printed.append([{name: getattr(space["layer"], name) for name in names}, text.getvalue()])
print(json.dumps(printed))
"""


def test_the_code_makes_the_same_layer_and_prints_its_shapes(programs):
    pairs = []
    for layer, in_shape in random_layers(4, 400):
        advice = mend(layer, in_shape)
        layer = replace(layer, **advice.changes) if advice else layer
        if not problems(layer, in_shape) and not too_much(layer, in_shape):
            pairs.append((layer, in_shape))
    assert all(sum(layer.kind == kind for layer, _ in pairs) > 50 for kind in KINDS)
    texts = [(code(*pair), [name for name in arguments(pair[0]) if name != "bias"]) for pair in pairs]
    ran = programs.run("-c", RUN_ALL, input=json.dumps(texts))
    assert ran.returncode == 0, ran.stderr
    for (layer, in_shape), (attributes, printed) in zip(pairs, json.loads(ran.stdout), strict=True):
        for name, value in arguments(layer).items():
            if name != "bias":
                actual = attributes[name]
                if not layer.has_weights and isinstance(actual, int):
                    actual = [actual] * 2
                assert actual == (list(value) if isinstance(value, tuple) else value), (name, layer)
        assert ("bias=False" in code(layer, in_shape)) == (layer.has_weights and not layer.bias)
        lines = [f"torch.Size({list(output_shape(layer, in_shape))})"]
        lines += [] if not layer.has_weights else [f"torch.Size({list(weight_shape(layer))})"]
        assert printed.splitlines() == lines
