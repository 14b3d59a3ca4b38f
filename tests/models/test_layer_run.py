"""A real layer on a real tensor: its shapes, torch's errors and their mending, the code that repeats it."""

from __future__ import annotations

import json
import math
import random
from dataclasses import asdict, replace

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


def anything(seed: int, count: int) -> list[tuple[LayerSpec, Input]]:
    """Layers of every kind with numbers from all of the page's range; most do not fit together."""
    rng = random.Random(seed)

    def number(name: str) -> int:
        low, high = limits(name)
        return rng.randint(low, min(high, 12))

    found = []
    for place in range(count):
        numbers = {name: (number(name), number(name)) for name in PAIRS}
        numbers |= {name: number(name) for name in ("in_channels", "out_channels", "groups")}
        layer = as_kind(LayerSpec("ConvTranspose2d", **numbers), KINDS[place % 4])
        if layer.kind == "Conv2d" and rng.random() < 0.4:
            layer = replace(layer, padding=rng.choice(("same", "valid")))
        found.append((layer, Input(number("n"), number("c"), number("h"), number("w"))))
    return found


def test_the_first_example_of_every_tutorial_runs():
    done = run(LayerSpec("Conv2d", 5, 10, (3, 3)), Input(1, 5, 100, 100))
    assert done.shape == (1, 10, 98, 98)
    assert (done.weight_shape, done.bias_shape, done.parameters) == ((10, 5, 3, 3), (10,), 460)
    assert done.seconds > 0 and done.error == "" and done.mend is None and done.refused == ""


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_every_error_has_a_mend_and_every_mended_layer_runs():
    broken = dict.fromkeys(KINDS, 0)
    for layer, given in anything(0, 600):
        done = run(layer, given)
        if done.refused:
            continue
        if done.mend is None:
            assert done.shape == output_shape(layer, given) and min(done.shape) > 0
            continue
        assert done.error or 0 in done.shape
        broken[layer.kind] += 1
        assert done.mend.sentence.endswith(".")
        assert done.mend.changes, (layer, given, done.mend)
        assert all(value != getattr(layer, name) for name, value in done.mend.changes.items())
        mended = replace(layer, **done.mend.changes)
        assert checked({**asdict(mended), **asdict(given)}) == (mended, given), "outside the page's limits"
        again = run(mended, given)
        assert again.error == "" and again.shape == output_shape(mended, given), (layer, given, again)
        assert again.mend is None
    assert all(count > 30 for count in broken.values()), broken


@pytest.mark.parametrize(
    ("layer", "given", "torch_says", "means", "changes"),
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
def test_torchs_own_words_and_the_smallest_change(layer, given, torch_says, means, changes):
    done = run(layer, given)
    assert torch_says in done.error and done.error.split(":")[0] in ("ValueError", "RuntimeError")
    assert done.mend is not None and means in done.mend.sentence
    assert done.mend.changes == changes
    assert all(f"{name} to {value}" in done.mend.advice for name, value in changes.items())


def test_a_layer_that_runs_needs_no_mend():
    assert mend(LayerSpec(), Input()) is None


def test_same_needs_no_other_padding_on_an_input_smaller_than_the_kernel():
    wrong = mend(LayerSpec(padding="same", stride=(2, 2)), Input(h=1, w=1))
    assert wrong is not None and wrong.changes == {"stride": (1, 1)}


def test_a_pool_that_is_too_large_is_told_without_weights():
    assert too_much(LayerSpec("AvgPool2d"), Input(64, 64, 256, 256)) == (
        "Input and output take 2,131 MB, over the 256 MB that this page allows. "
        "Choose a smaller input or fewer channels."
    )


def test_a_mend_that_would_be_too_large_is_not_offered():
    layer, given = LayerSpec("Conv2d", 1, 64, (11, 11)), Input(1, 64, 200, 200)
    wrong = run(layer, given).mend
    assert wrong is not None and wrong.changes == {} and wrong.advice == ""
    assert "too large" in wrong.sentence and "GFLOP" in wrong.sentence


def test_too_much_is_said_before_anything_is_allocated(monkeypatch):
    def never(*_, **__):
        raise AssertionError("something was allocated")

    monkeypatch.setattr("models.layer_run.build", never)
    monkeypatch.setattr(torch, "randn", never)
    done = run(LayerSpec("Conv2d", 100_000, 100_000, (100_000, 100_000)), Input(100_000, 100_000, 9, 9))
    assert "256 MB" in done.refused and done.shape == () and done.error == ""
    assert run(LayerSpec(), Input(h=100_000, w=100_000)).refused


def test_the_page_wide_random_numbers_stay_as_they_are_with_a_pool():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(LayerSpec("MaxPool2d"), Input(), seed=9)
    assert torch.equal(torch.rand(3), expected)


GOOD = {"kind": "Conv2d", "kernel": [3, 5], "stride": 2, "padding": "valid", "bias": False, "n": 2, "h": 32.0}


def test_values_from_a_page_become_a_layer_and_its_input():
    layer, given = checked(json.loads(json.dumps(GOOD)))
    assert layer == LayerSpec(kernel=(3, 5), stride=(2, 2), padding="valid", bias=False)
    assert given == Input(2, 5, 32, 100) and type(given.h) is int
    assert checked({}) == (LayerSpec(), Input())


BAD = [math.nan, math.inf, -math.inf, True, False, None, "3", "", [], [1], [1, 2, 3], [[1], 2], {}, -1]
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
def test_other_shapes_of_nonsense(values):
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
    # a pool's stride is its kernel if nothing is said, so stride 1 must be said
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
    chosen = []
    for layer, given in anything(4, 400):
        wrong = mend(layer, given)
        layer = replace(layer, **wrong.changes) if wrong else layer
        if not problems(layer, given) and not too_much(layer, given):
            chosen.append((layer, given))
    assert all(sum(layer.kind == kind for layer, _ in chosen) > 50 for kind in KINDS)
    texts = [(code(*pair), [name for name in arguments(pair[0]) if name != "bias"]) for pair in chosen]
    ran = programs.run("-c", RUN_ALL, input=json.dumps(texts))
    assert ran.returncode == 0, ran.stderr
    for (layer, given), (made, printed) in zip(chosen, json.loads(ran.stdout), strict=True):
        for name, value in arguments(layer).items():
            if name != "bias":
                pair = (
                    [made[name]] * 2 if not layer.has_weights and isinstance(made[name], int) else made[name]
                )
                assert pair == (list(value) if isinstance(value, tuple) else value), (name, layer)
        assert ("bias=False" in code(layer, given)) == (layer.has_weights and not layer.bias)
        lines = [f"torch.Size({list(output_shape(layer, given))})"]
        lines += [] if not layer.has_weights else [f"torch.Size({list(weight_shape(layer))})"]
        assert printed.splitlines() == lines
