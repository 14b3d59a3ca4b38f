import random

import pytest
import torch

from models.layer_kinds import stack_kinds
from models.stack import build, rows
from models.stack_layers import Branches, Fork, StackError, checked
from models.stack_mend import mend
from models.stack_presets import branches as fork
from models.stack_presets import conv
from models.stack_presets import layer as new_layer

FLATTEN, RELU = new_layer("Flatten"), new_layer("ReLU")
POOL = new_layer("MaxPool2d", kernel_size=2)
LINEAR = new_layer("Linear", in_features=1000, out_features=10)
STOPS = {
    "linear": (
        [conv(64, 3, 1), POOL, POOL, FLATTEN, LINEAR],
        "mat1 and mat2 shapes cannot be multiplied (1x3136 and 1000x10)",
        "comes as 3136 numbers",
        "in_features=3136",
    ),
    "no flatten": (
        [conv(4, 3, 1), POOL, POOL, LINEAR],
        "mat1 and mat2 shapes cannot be multiplied (28x7 and 1000x10)",
        "4 · 7 · 7 = 196",
        "Put a Flatten before it, and in_features=196.",
    ),
    "channels": (
        [conv(16, 3, 1), POOL, conv(4, 3, 1, in_channels=8)],
        "expected input[1, 16, 14, 14] to have 8 channels",
        "expect 8 channels, but the input has 16",
        "in_channels=16",
    ),
    "batch norm": (
        [conv(8, 3), new_layer("BatchNorm2d", num_features=16)],
        "running_mean should contain 8 elements not 16",
        "not the batch size",
        "num_features=8",
    ),
    "kernel": (
        [POOL, conv(4, 9, 2), POOL, conv(4, 7), RELU],
        "Kernel size can't be greater than actual input size",
        "kernel covers 7 x 7 cells, but the input with its padding has only 5 x 5",
        "padding=1",
    ),
    "dilation": (
        [conv(8, 9, dilation=4)],
        "(33 x 33)",
        "covers 33 x 33 cells with its dilation",
        "padding=3",
    ),
    "pool": ([POOL] * 5 + [RELU], "Output size is too small", "has only 1 x 1", "Take the MaxPool2d out."),
    "larger pool": (
        [POOL, POOL, new_layer("AvgPool2d", kernel_size=9)],
        "Output size is too small",
        "covers 9 x 9 cells",
        "kernel_size=7",
    ),
    "pool padding": (
        [new_layer("MaxPool2d", kernel_size=3, padding=2)],
        "pad should be at most half of effective kernel size",
        "at most half its kernel",
        "padding=1",
    ),
    "groups": (
        [conv(8, 3), conv(9, 3, groups=4)],
        "out_channels must be divisible by groups",
        "groups = 4 must divide both",
        "groups=1",
    ),
    "flat convolution": (
        [conv(8, 3), FLATTEN, conv(8, 3, in_channels=8), RELU],
        "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [1, 5408]",
        "works on feature maps",
        "Move the Flatten behind this Conv2d.",
    ),
    "flat pool": (
        [FLATTEN, POOL],
        "non-empty 3D or 4D (batch mode) tensor expected for input",
        "works on feature maps",
        "Move the Flatten behind this MaxPool2d.",
    ),
    "flat batch norm": (
        [FLATTEN, new_layer("Linear", out_features=16), new_layer("BatchNorm2d", num_features=16), RELU],
        "expected 4D input (got 2D input)",
        "works on feature maps",
        "Take the BatchNorm2d out.",
    ),
    "cat": (
        [conv(8, 3), fork("cat", [conv(4, 1)], [conv(4, 3)]), FLATTEN, new_layer("Linear", out_features=2)],
        "Sizes of tensors must match except in dimension 1. Expected size 26 but got size 24",
        "everything but the channels must be the same",
        "Use a padding that keeps H and W.",
    ),
    "cat of strides": (
        [fork("cat", [conv(4, 1)], [conv(4, 3, 1, stride=2)]), RELU],
        "Expected size 28 but got size 14",
        "(1, 4, 28, 28), (1, 4, 14, 14)",
        "Use strides of 1 and a padding that keeps H and W.",
    ),
    "cat of flat": (
        [fork("cat", [conv(4, 1)], [FLATTEN])],
        "Tensors must have same number of dimensions: got 4 and 2",
        "(1, 784)",
        "Leave Flatten out of the branches.",
    ),
    "add": (
        [conv(8, 3), fork("add", [], [conv(8, 3)]), RELU],
        "The size of tensor a (26) must match the size of tensor b (24) at non-singleton dimension 3",
        "same shape, channels included",
        "Use a padding that keeps H and W.",
    ),
    "add of channels": (
        [conv(8, 3), fork("add", [], [conv(16, 3, 1), new_layer("BatchNorm2d")])],
        "The size of tensor a (8) must match the size of tensor b (16) at non-singleton dimension 1",
        "(1, 8, 26, 26), (1, 16, 26, 26)",
        "Put a 1x1 convolution on the way around, with the same channels and stride.",
    ),
    "add of strides": (
        [conv(8, 3), fork("add", [], [conv(16, 3, 1, stride=2)]), new_layer("BatchNorm2d")],
        "The size of tensor a (26) must match the size of tensor b (13)",
        "(1, 16, 13, 13)",
        "Put a 1x1 convolution on the way around, with the same channels and stride.",
    ),
    "add without a way around": (
        [conv(8, 3), fork("add", [conv(4, 1)], [conv(16, 3, 1), new_layer("BatchNorm2d")])],
        "The size of tensor a (4) must match the size of tensor b (16)",
        "channels included",
        "Give each branch out_channels=4 at its end.",
    ),
    "in a branch": (
        [conv(8, 3), fork("cat", [conv(4, 1)], [conv(4, 3, 1, in_channels=3), RELU]), RELU],
        "expected input[1, 8, 26, 26] to have 3 channels",
        "the input has 8",
        "in_channels=8",
    ),
}


@pytest.mark.parametrize("name", STOPS)
def test_torchs_error_its_meaning_and_a_mend_that_works(name):
    plain, error, meaning, change = STOPS[name]
    table = rows(checked(plain))
    assert error in str(table.stop.error)
    advice = mend(table)
    assert meaning in advice.meaning
    assert advice.change.sentence == change
    assert rows(advice.change.stack).stop is None
    build(advice.change.stack)(torch.rand(1, 1, 28, 28))


def test_the_rows_end_before_the_layer_that_fails():
    table = rows(checked(STOPS["in a branch"][0]))
    assert [row.path for row in table.rows] == [(0,), (1, 0, 0)]
    assert (table.stop.path, table.stop.code) == ((1, 1, 0), "Conv2d(3, 4, 3, padding=1)")
    assert rows(checked(STOPS["cat"][0])).stop.path == (1,)
    with pytest.raises(StackError, match="does not fit.*to have 3 channels"):
        build(checked(STOPS["in a branch"][0]))


def test_two_mistakes_are_mended_one_after_the_other():
    table = rows(checked([conv(8, 3), new_layer("BatchNorm2d", num_features=3), FLATTEN, LINEAR]))
    changes = []
    while table.stop:
        change = mend(table).change
        changes.append(change.sentence)
        table = rows(change.stack)
    assert changes == ["num_features=8", "in_features=5408"]
    table = rows(checked([new_layer("MaxPool2d", kernel_size=31), conv(8, 3, in_channels=1, groups=2)]))
    change = mend(table).change
    assert "must divide both" in mend(table).meaning and change.sentence == "groups=1"
    assert rows(change.stack).stop.path == (0,)  # the pooling, which is too large for the input


def random_stack(draw: random.Random) -> list:
    """Mostly layers that do not fit."""

    def layer():
        kind = draw.choice(list(stack_kinds()))
        params = {}
        for argument in stack_kinds()[kind].stack_arguments:
            if not argument.is_optional or draw.random() < 0.3:
                low, high = argument.limits
                params[argument.name] = {bool: draw.random() < 0.5, float: 0.5}.get(
                    argument.type, draw.randint(max(1, int(low)), min(6, int(high)))
                )
        return {"kind": kind, "params": params}

    def branch():
        return [layer() for _ in range(draw.randint(0, 2))]

    return [
        fork(draw.choice(["cat", "add"]), branch(), branch()) if draw.random() < 0.25 else layer()
        for _ in range(draw.randint(1, 7))
    ]


def test_any_stack_stops_where_torch_stops_and_can_be_mended():
    draw, stops = random.Random(3), 0
    for _ in range(14):
        stack = checked(random_stack(draw))
        table = rows(stack, (1, 2, 12, 12))
        x, error = torch.rand(1, 2, 12, 12), None
        ran = 0
        try:
            for path, layer in table.stack.layers():  # constructors first
                ran = path[0]
                layer.build()
            ran = 0
            for item in table.stack.items:
                if isinstance(item, Fork):
                    outputs = []
                    for branch in item.branches:
                        y = x
                        for layer in branch:
                            y = layer.build().eval()(y)
                        outputs.append(y)
                    x = Branches(item.join).joined(outputs)
                else:
                    x = item.build().eval()(x)
                ran += 1
        except Exception as exception:
            error = exception
        if error is None:
            assert table.stop is None
            assert not table.rows or table.rows[-1].record.output == tuple(x.shape)
            continue
        stops += 1
        assert table.stop.path[0] == ran
        assert (type(table.stop.error), str(table.stop.error)) == (type(error), str(error))
        for _ in range(40):
            if table.stop is None:
                break
            table = rows(mend(table).change.stack, (1, 2, 12, 12))
        assert table.stop is None
    assert 4 < stops < 14, "both kinds must be there"
