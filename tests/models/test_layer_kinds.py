"""A new kind of layer is one entry of the table: it is in the Layer panel, the stack and the printed code."""

from __future__ import annotations

import contextlib
import inspect
import io
import math
import random
from dataclasses import replace

import pytest
import torch
from torch import nn

from models.arithmetic import output_shape, problems
from models.formulas import size_formulas
from models.layer_kinds import (
    ADDITIONS,
    LAYER_KINDS,
    REQUIRED,
    Argument,
    CellSum,
    LayerKind,
    Sliding,
    panel_kinds,
    stack_kinds,
)
from models.layer_run import checked
from models.layer_sizes import WINDOWS
from ui.conv.layer import conv_shape, on_layer, panel_constants
from ui.conv.stack import on_stack, stack_constants

POWER_POOL = LayerKind(
    "LPPool2d",
    (
        Argument("norm_type", constant=2),
        Argument("kernel_size", (1, 31), start=2),
        Argument("stride", (1, 16), None, same_as="kernel_size"),
    ),
    sliding=Sliding(
        replace(WINDOWS, symbols="⌊({size} − kernel) / stride⌋ + 1"),
        "Each output cell is the root of the sum of the squares in its window.",
        ADDITIONS,
        CellSum("{value}²", whole="√({terms})"),
    ),
)
SOFTSIGN = LayerKind("Softsign", is_elementwise=True)


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    """Two more entries and nothing else."""
    monkeypatch.setitem(LAYER_KINDS, "LPPool2d", POWER_POOL)
    monkeypatch.setitem(LAYER_KINDS, "Softsign", SOFTSIGN)


def printed(program: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(program, {})
    return out.getvalue()


def test_the_panel_offers_its_fields():
    constants = panel_constants()
    assert constants["kinds"]["LPPool2d"]["fields"] == ("kernel", "stride")
    assert constants["kinds"]["LPPool2d"]["cell"]["whole"] == "√({terms})"
    assert "Softsign" not in constants["kinds"], "it has no window"
    answer = on_layer({"kind": "LPPool2d"})
    assert {name.rpartition("_")[0] for name in answer["limits"]} == {"", "kernel", "stride"}
    assert on_layer({"kind": "LPPool2d", "padding": 1})["error"]["meaning"] == (
        "LPPool2d has no padding: leave it at 0."
    )


def test_its_shapes_and_formulas_are_torchs():
    draw, refused = random.Random(1), 0
    for _ in range(200):
        pairs = {"kernel": [draw.randint(1, 5), draw.randint(1, 5)], "stride": [draw.randint(1, 3)] * 2}
        layer, in_shape = checked({"kind": "LPPool2d", "c": 2, "h": draw.randint(1, 9), "w": 9, **pairs})
        module = nn.LPPool2d(2, layer.kernel, layer.stride)
        try:
            shape = tuple(module(torch.zeros(in_shape.shape)).shape)
        except RuntimeError:
            refused += 1
            assert problems(layer, in_shape) == ["kernel"]
            continue
        assert problems(layer, in_shape) == [] and output_shape(layer, in_shape) == shape
        sizes = size_formulas(layer, in_shape)
        assert (sizes["H"][-1].result, sizes["W"][-1].result) == shape[2:]
    assert 10 < refused < 100


def test_the_page_runs_it_prints_it_and_writes_out_a_window():
    answer = on_layer({"kind": "LPPool2d", "kernel": [2, 3], "stride": 2, "h": 11, "w": 12})
    assert answer["error"] is None and answer["output"] == [1, 5, 5, 5]
    assert answer["call"] == "LPPool2d(norm_type=2, kernel_size=(2, 3), stride=2)"
    assert printed(answer["program"]) == "torch.Size([1, 5, 5, 5])\n"
    assert answer["formulas"][0]["lines"][:2] == [
        "H_out = ⌊(H − kernel) / stride⌋ + 1",
        "= ⌊(11 − 2) / 2⌋ + 1",
    ]
    window = answer["window"]
    for row, down in zip(window["output"], window["rows"], strict=True):
        for value, across in zip(row, window["columns"], strict=True):
            squares = sum(window["input"][y][x] ** 2 for y, _ in down for x, _ in across)
            assert value == pytest.approx(math.sqrt(squares), rel=1e-5)
    assert conv_shape("LPPool2d", [1, 2, 8, 8], kernel=[3, 3], stride=[3, 3])["output"] == [1, 2, 2, 2]


def test_an_error_is_torchs_and_is_mended():
    answer = on_layer({"kind": "LPPool2d", "kernel": 5, "h": 3})
    with pytest.raises(RuntimeError) as error:
        nn.LPPool2d(2, 5, 1)(torch.zeros(1, 5, 3, 100))
    assert answer["error"]["message"] == f"RuntimeError: {error.value}"
    assert answer["error"]["mend"] == {"kernel": (3, 5)}
    assert on_layer({**answer["spec"], **answer["error"]["mend"]})["error"] is None


@pytest.mark.parametrize(
    ("kind", "fields", "start"),
    [("LPPool2d", ["kernel_size", "stride"], {"kernel_size": 2}), ("Softsign", [], {})],
)
def test_a_stack_offers_it(kind, fields, start):
    constants = stack_constants()
    assert [field["name"] for field in constants["kinds"][kind]] == fields
    assert constants["starts"][kind] == {"kind": kind, "params": start}


def test_a_stack_runs_it_and_prints_it():
    stack = [
        {"kind": "Conv2d", "params": {"out_channels": 4, "kernel_size": 3}},
        {"kind": "LPPool2d", "params": {"kernel_size": 2}},
        {"kind": "Softsign", "params": {}},
    ]
    answer = on_stack({"stack": stack, "input": [1, 1, 12, 12]})
    real = nn.Sequential(nn.Conv2d(1, 4, 3), nn.LPPool2d(2, 2), nn.Softsign())(torch.zeros(1, 1, 12, 12))
    assert answer["stop"] is None and answer["output"] == list(real.shape)
    assert "    nn.LPPool2d(2, 2),\n    nn.Softsign(),\n" in answer["program"]
    assert printed(answer["program"]).splitlines()[1] == "LPPool2d (1, 4, 5, 5)"
    # a 2x2 window of 3x3 windows; the values pass through the last layer one by one
    assert [answer["figures"][path]["field"] for path in "012"] == [[3, 3], [4, 4], [4, 4]]
    assert [answer["figures"][path]["multiply_adds"] for path in "12"] == [0, 0]


def test_it_is_mended_in_a_stack():
    stack = [{"kind": "LPPool2d", "params": {"kernel_size": 5}}]
    answer = on_stack({"stack": stack, "input": [1, 1, 3, 3]})
    assert answer["stop"]["change"] == "kernel_size=3"
    assert on_stack({"stack": answer["stop"]["mended"], "input": [1, 1, 3, 3]})["output"] == [1, 1, 1, 1]


@pytest.mark.parametrize("kind", [*panel_kinds(), *stack_kinds()])
def test_each_argument_is_one_of_torchs(kind):
    """Names and defaults of the table are those of the class."""
    parameters = inspect.signature(getattr(nn, kind)).parameters
    for argument in LAYER_KINDS[kind].arguments:
        default = parameters[argument.name].default
        if argument.default is REQUIRED:
            assert default is inspect.Parameter.empty
        else:
            assert argument.default == default or (argument.same_as and default is None)
