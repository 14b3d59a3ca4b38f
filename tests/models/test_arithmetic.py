"""One layer's arithmetic against real layers of torch, and by hand."""

from __future__ import annotations

import random
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.arithmetic import (
    MAX_BYTES,
    MAX_WORK,
    Input,
    LayerError,
    LayerSpec,
    allowed,
    as_kind,
    bytes_of,
    limits,
    multiply_adds,
    numbers_of,
    output_shape,
    padding_sides,
    parameters,
    problems,
    receptive_field,
    too_much,
    weight_shape,
    with_value,
)
from models.formulas import parameters_formula, size_formulas, work_formula
from models.layer_kinds import panel_kinds
from models.layer_run import build

KINDS = list(panel_kinds())
POOLS = ("MaxPool2d", "AvgPool2d")
ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.usefixtures("one_thread")


def random_layers(seed: int, count: int) -> list[tuple[LayerSpec, Input]]:
    """Small layers of every kind, about half of which torch refuses."""
    rng = random.Random(seed)

    def pair(low: int, high: int) -> tuple[int, int]:
        return rng.randint(low, high), rng.randint(low, high)

    layers = []
    for number in range(count):
        kind = KINDS[number % 4]
        groups = rng.choice((1, 1, 1, 2, 3))
        channels = groups * rng.randint(1, 3) if rng.random() < 0.9 else rng.randint(1, 6)
        pools = kind in POOLS
        words = kind == "Conv2d" and rng.random() < 0.3
        layer = LayerSpec(
            kind,
            in_channels=channels,
            out_channels=groups * rng.randint(1, 3) if rng.random() < 0.9 else rng.randint(1, 6),
            kernel=pair(1, 5),
            stride=(1, 1) if rng.random() < 0.4 else pair(1, 4),
            padding=rng.choice(("same", "valid")) if words else pair(0, 2 if pools else 4),
            dilation=(1, 1) if kind == "AvgPool2d" or rng.random() < 0.4 else pair(1, 3),
            output_padding=pair(0, 3) if kind == "ConvTranspose2d" and rng.random() < 0.5 else (0, 0),
            groups=groups,
            bias=rng.random() < 0.5,
        )
        c = channels if rng.random() < 0.9 else rng.randint(1, 6)
        layers.append((layer, Input(rng.randint(1, 2), c, rng.randint(1, 9), rng.randint(1, 9))))
    return layers


def real(layer: LayerSpec, in_shape: Input):
    """The shape that torch gives and the module; None and None if it refuses or no number comes out."""
    try:
        with torch.inference_mode():
            module = build(layer)
            y = module(torch.zeros(in_shape.shape))
    except (ValueError, RuntimeError):
        return None, None
    return (tuple(y.shape), module) if y.numel() else (None, None)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_thousands_of_layers_have_torchs_shape_weights_and_refusals():
    accepted = dict.fromkeys(KINDS, 0)
    for layer, in_shape in random_layers(0, 4000):
        shape, module = real(layer, in_shape)
        assert (problems(layer, in_shape) == []) == (shape is not None), (layer, in_shape)
        if module is None:
            continue
        accepted[layer.kind] += 1
        assert output_shape(layer, in_shape) == shape, (layer, in_shape)
        weight = getattr(module, "weight", torch.empty(()))
        assert weight_shape(layer) == tuple(weight.shape)
        assert parameters(layer) == sum(p.numel() for p in module.parameters())
        formulas = size_formulas(layer, in_shape)
        assert (formulas["H"][-1].result, formulas["W"][-1].result) == shape[2:]
    assert all(250 < count < 750 for count in accepted.values()), accepted


def value_of(text: str) -> int:
    """What an expression of a formula comes to, worked out by Python."""
    python = re.sub(r"⌊(.*?) / (\d+)⌋", r"((\1) // \2)", text)
    return eval(python.translate(str.maketrans("·×−", "**-")), {"__builtins__": {}})  # noqa: S307


def test_every_step_of_every_formula_comes_to_its_result():
    count = 0
    for layer, in_shape in random_layers(1, 800):
        if problems(layer, in_shape):
            continue
        sizes = size_formulas(layer, in_shape)
        every = [*sizes["H"], *sizes["W"], parameters_formula(layer), work_formula(layer, in_shape)]
        for formula in every:
            for text in (formula.numbers, *formula.steps):
                if text:
                    count += 1
                    assert value_of(text) == formula.result, formula.text
    assert count > 2000


def test_the_symbols_with_the_layers_numbers_come_to_the_result():
    """The letters themselves are checked, not only the numbers beside them."""
    count = 0
    for layer, in_shape in random_layers(2, 800):
        if problems(layer, in_shape) or isinstance(layer.padding, str):
            continue
        for axis, name in enumerate("HW"):
            formula = size_formulas(layer, in_shape)[name][-1]
            names = {
                "output_padding": layer.output_padding[axis],
                "padding": layer.padding[axis],
                "dilation": layer.dilation[axis],
                "kernel": layer.kernel[axis],
                "stride": layer.stride[axis],
                name: (in_shape.h, in_shape.w)[axis],
            }
            text = formula.symbols
            for word, number in names.items():
                text = re.sub(rf"\b{word}\b", str(number), text)
            assert value_of(text) == formula.result, formula.text
            count += 1
    assert count > 500


def test_the_first_example_of_every_tutorial_by_hand():
    layer, in_shape = LayerSpec("Conv2d", 5, 10, (3, 3)), Input(1, 5, 100, 100)
    assert output_shape(layer, in_shape) == (1, 10, 98, 98)
    assert weight_shape(layer) == (10, 5, 3, 3)
    assert parameters(layer) == 460
    assert size_formulas(layer, in_shape)["H"][0].text == (
        "H_out = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1"
        " = ⌊(100 + 2·0 − 1·(3 − 1) − 1) / 1⌋ + 1 = ⌊97 / 1⌋ + 1 = 98"
    )
    formula = parameters_formula(layer)
    assert (formula.numbers, formula.steps, formula.result) == ("10 × (5/1) × 3 × 3 + 10", ("450 + 10",), 460)
    # 10 * 98 * 98 outputs, each of 5 * 3 * 3 products
    assert work_formula(layer, in_shape).text.endswith(
        "1 × 10 × 98 × 98 × (5/1) × 3 × 3 = 96040 × 45 = 4321800"
    )
    # (50,000 + 96,040 + 460) numbers of four bytes
    sizes = bytes_of(layer, in_shape)
    assert sizes["input"] + sizes["output"] + sizes["weights"] == 586_000
    assert too_much(layer, in_shape) == ""


def test_the_sizes_of_dumoulin_and_visins_figures():
    assert output_shape(LayerSpec("Conv2d", 1, 1, (3, 3), (2, 2), (1, 1)), Input(1, 1, 6, 5))[2:] == (3, 3)
    assert output_shape(LayerSpec("Conv2d", 1, 1, (3, 3), dilation=(2, 2)), Input(1, 1, 7, 7))[2:] == (3, 3)
    up = LayerSpec("ConvTranspose2d", 1, 1, (3, 3), (2, 2), (1, 1), output_padding=(1, 1))
    assert output_shape(up, Input(1, 1, 3, 3))[2:] == (6, 6)


def test_same_puts_the_odd_row_below_and_to_the_right():
    layer = LayerSpec("Conv2d", 1, 1, (4, 2), padding="same", bias=False)
    assert [padding_sides(layer, axis) for axis in (0, 1)] == [(1, 2), (0, 1)]
    module = build(layer)
    with torch.no_grad():
        module.weight.fill_(1)
        y = module(torch.ones(1, 1, 5, 5))[0, 0]
    # 1 row of padding above and 2 below a 4-row kernel; 0 columns left and 1 right of a 2-column one
    assert y.tolist() == [[rows * columns for columns in (2, 2, 2, 2, 1)] for rows in (3, 4, 4, 3, 2)]
    total, above, below, out = size_formulas(layer, Input(1, 1, 5, 5))["H"]
    assert [f.result for f in (total, above, below, out)] == [3, 1, 2, 5]
    assert below.note == "The odd row goes below."


def test_same_with_a_stride_has_no_formula():
    with pytest.raises(LayerError, match="stride 1"):
        size_formulas(LayerSpec(padding="same", stride=(2, 2)), Input())


def test_work_is_counted_by_doing_it():
    """Ones through ones of a convolution without padding: the sum of the output is the number of products."""
    for kind in ("Conv2d", "ConvTranspose2d"):
        layer = LayerSpec(kind, 4, 6, (3, 2), (2, 1), dilation=(1, 2), groups=2, bias=False)
        in_shape = Input(2, 4, 7, 6)
        module = build(layer)
        with torch.no_grad():
            module.weight.fill_(1)
            total = int(module(torch.ones(in_shape.shape)).sum())
        assert multiply_adds(layer, in_shape) == total > 0
    # 3 x 3 windows over 6 x 6 of 4 channels: 16 outputs, 5 comparisons each find the largest of 2 x 3
    assert multiply_adds(LayerSpec("MaxPool2d", kernel=(2, 3), stride=(2, 1)), Input(1, 4, 4, 4)) == 4 * 4 * 5


@pytest.mark.parametrize("kind", KINDS)
def test_allowed_is_exactly_what_torch_accepts(kind):
    checked = 0
    for layer, in_shape in random_layers(3, 24 if kind in POOLS else 8):
        layer = as_kind(layer, kind)
        values = allowed(layer, in_shape)
        assert set(values) == {*numbers_of(layer), *(["padding"] if kind == "Conv2d" else [])}
        for name in numbers_of(layer):
            low, high = limits(name)
            every = range(low, min(high, 11) + 1)
            accepted = [v for v in every if real(*with_value(layer, in_shape, name, v))[0] is not None]
            assert [v for v in values[name] if v <= 11] == accepted, (name, layer, in_shape)
            checked += len(accepted)
        if kind == "Conv2d":
            words = [w for w in ("same", "valid") if real(replace(layer, padding=w), in_shape)[0] is not None]
            assert values["padding"] == words
    assert checked > 200


def test_allowed_ends_where_memory_or_work_do():
    layer, in_shape = LayerSpec("Conv2d", 64, 64, (11, 11)), Input(1, 64, 50, 50)
    heights = allowed(layer, in_shape)["h"]
    assert heights[0] == 11 and heights[-1] < limits("h")[1]
    # products: 64 * 64 * 11 * 11 for each of (h - 10) * 40 outputs, at most a billion
    assert heights[-1] == 10 + MAX_WORK // (64 * 64 * 121 * 40)
    assert too_much(layer, replace(in_shape, h=heights[-1])) == ""
    assert "GFLOP" in too_much(layer, replace(in_shape, h=heights[-1] + 1))
    pool, wide = LayerSpec("MaxPool2d", kernel=(2, 2), stride=(2, 2)), Input(1, 64, 256, 256)
    batches = allowed(pool, wide)["n"]
    # bytes: 4 an input, and 4 + 8 an output, of which there are a quarter as many
    assert batches[-1] == MAX_BYTES // (64 * 256 * 256 * 7)
    assert "256 MB" in too_much(pool, replace(wide, n=batches[-1] + 1))
    busy = too_much(LayerSpec("AvgPool2d", kernel=(11, 11)), Input(5, 64, 200, 200))
    assert "billion additions" in busy and "floating" not in busy


MEASURE = """
import resource, torch
from models.arithmetic import Input, LayerSpec, bytes_of
from models.layer_run import run
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
small = Input(2, 1, 9, 9)
assert run(LayerSpec("ConvTranspose2d", 1, 1), small).shape
# the kind that copies most, and one channel, which is rounded up to 16
layer, in_shape, before = LayerSpec("ConvTranspose2d", 1, 1, (5, 5)), Input(12, 1, 250, 250), peak()
assert run(layer, in_shape).shape
print(peak() - before, bytes_of(layer, in_shape)["total"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count the peak in other units")
def test_memory_is_no_more_than_counted(programs):
    ran = programs.run("-c", MEASURE)
    assert ran.returncode == 0, ran.stderr
    grown, total = map(int, ran.stdout.split())
    assert grown < 1.1 * total + 8e6, "the allocator rounds up and keeps a little, but no more"


def test_receptive_field_by_asking_which_inputs_matter():
    layers = [(3, 2, 1), (2, 2, 1), (3, 1, 2)]
    x = torch.zeros(1, 1, 1, 60, requires_grad=True)
    y = x
    for kernel, stride, dilation in layers:
        module = build(LayerSpec("Conv2d", 1, 1, (1, kernel), (1, stride), dilation=(1, dilation)))
        torch.nn.init.ones_(module.weight)
        y = module(y)

    def sources(place: int) -> list[int]:
        (gradient,) = torch.autograd.grad(y[0, 0, 0, place], x, retain_graph=True)
        return gradient.flatten().nonzero().flatten().tolist()

    size, jump = receptive_field(layers)
    assert (size, jump) == (1 + 2 + 1 * 2 + 4 * 4, 4)
    assert sources(0)[-1] - sources(0)[0] + 1 == size
    assert sources(1)[0] - sources(0)[0] == jump
    assert receptive_field([]) == (1, 1)


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ({"kind": "Conv3d"}, "Choose one"),
        ({"kind": "MaxPool2d", "padding": "same"}, "take a word: Conv2d"),
        ({"padding": "full"}, "same"),
        ({"kind": "AvgPool2d", "dilation": (2, 1)}, "no dilation"),
        ({"output_padding": (1, 0)}, "no output_padding"),
    ],
)
def test_numbers_that_a_kind_of_layer_does_not_have(numbers, sentence):
    with pytest.raises(LayerError, match=sentence):
        LayerSpec(**numbers)


def test_groups_that_do_not_divide_have_no_weights():
    with pytest.raises(LayerError, match="divide"):
        weight_shape(LayerSpec(groups=2))
    with pytest.raises(LayerError, match="no output"):
        work_formula(LayerSpec(kernel=(11, 11)), Input(h=5))
