"""What the page says of one layer, against torch and arithmetic done by hand."""

from __future__ import annotations

import json
import math
import random

import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError
from torch import nn

from models.arithmetic import as_kind
from models.layer_run import checked, run
from ui.conv.layer import conv_shape, facts, formula_lines, on_layer, small_window


def test_the_example_of_the_tutorials():
    shown = on_layer({})
    assert shown["call"] == "Conv2d(5, 10, kernel_size=3)"
    assert ([shown["spec"][key] for key in "nchw"], shown["output"]) == ([1, 5, 100, 100], [1, 10, 98, 98])
    assert [one["name"] for one in shown["formulas"]] == ["Height, and with the same numbers the width"]
    assert shown["formulas"][0]["lines"] == [
        "H_out = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1",
        "= ⌊(100 + 2·0 − 1·(3 − 1) − 1) / 1⌋ + 1",
        "= ⌊97 / 1⌋ + 1",
        "= 98",
    ]
    told = {name: arithmetic for name, arithmetic, _ in shown["facts"]}
    assert told["weight"].endswith("= (10, 5, 3, 3)") and told["bias"] == "(10,)"
    assert told["parameters"] == "10 × (5/1) × 3 × 3 + 10 = 450 + 10 = 460"
    # each of the 10 x 98 x 98 outputs takes 5 x 3 x 3 products
    assert told["multiply-adds"].endswith(f"= {10 * 98 * 98 * 45:,}")
    assert told["memory"].startswith("input 0.20 MB") and "output 0.38 MB" in told["memory"]
    assert shown["error"] is None


def wanted(rng: random.Random) -> dict:
    """Numbers of a small layer, many of which do not fit together."""
    kind = rng.choice(["Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d"])
    groups = rng.choice([1, 1, 2, 3])
    spec = {
        "kind": kind, "n": rng.randint(1, 3), "c": 6, "h": rng.randint(1, 20), "w": rng.randint(1, 20),
        "in_channels": rng.choice([6, 6, 6, 4]), "out_channels": rng.choice([6, 12, 5]), "groups": groups,
        "kernel": [rng.randint(1, 5), rng.randint(1, 5)], "stride": [rng.randint(1, 3), rng.randint(1, 3)],
        "padding": rng.choice([[0, 0], [1, 2], [2, 1], [3, 3]]), "bias": rng.random() < 0.5,
    }  # fmt: skip
    if kind != "AvgPool2d":
        spec["dilation"] = [rng.randint(1, 3), rng.randint(1, 2)]
    if kind == "Conv2d" and rng.random() < 0.3:
        spec["padding"] = rng.choice(["same", "valid"])
    return spec


def real(spec: dict) -> tuple[list[int] | None, str]:
    """Output shape or error of torch itself."""
    names = {"kernel": "kernel_size", "stride": "stride", "padding": "padding", "dilation": "dilation"}
    if not spec["kind"].endswith("Pool2d"):
        names |= {name: name for name in ("in_channels", "out_channels", "groups", "bias")}
    given = {
        names[key]: tuple(value) if isinstance(value, list) else value
        for key, value in spec.items()
        if key in names
    }
    try:
        layer = getattr(nn, spec["kind"])(**given)
        return list(layer(torch.zeros(*[spec[key] for key in "nchw"])).shape), ""
    except (RuntimeError, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"


def test_shapes_and_errors_are_those_of_torch():
    rng = random.Random(3)
    worked = failed = mended = 0
    for _ in range(200):
        spec = wanted(rng)
        shape, error = real(spec)
        shown = on_layer(spec)
        if shape is None or 0 in shape:
            failed += 1
            assert (
                shown["error"]["message"] == error
                if shape is None
                else "without numbers" in shown["error"]["message"]
            )
            assert shown["error"]["meaning"] and shown["window"] is None
            if shown["error"]["mend"]:
                mended += 1
                assert on_layer({**shown["spec"], **shown["error"]["mend"]})["error"] is None
        else:
            worked += 1
            assert (shown["output"], shown["error"]) == (shape, None)
            for axis, size in zip("HW", shape[2:], strict=True):
                last = [
                    one["lines"] for one in shown["formulas"] if one["lines"][0].startswith(f"{axis}_out")
                ]
                assert not last or last[-1][-1] == f"= {size}"
    assert min(worked, failed, mended) > 20, (worked, failed, mended)


def test_height_and_width_are_told_apart_where_they_differ():
    shown = on_layer({"kernel": [3, 5], "h": 20, "w": 30})
    assert [one["name"] for one in shown["formulas"]] == ["Height", "Width"]
    assert [one["lines"][-1] for one in shown["formulas"]] == ["= 18", "= 26"]
    same = on_layer({"kernel": 4, "padding": "same"})
    assert any("below" in one["note"] for one in same["formulas"])
    assert same["output"][2:] == [100, 100]


def test_the_real_error_and_its_mend():
    shown = on_layer({"in_channels": 3})
    with pytest.raises(RuntimeError) as error:
        nn.Conv2d(3, 10, 3)(torch.zeros(1, 5, 100, 100))
    assert shown["error"]["message"] == f"RuntimeError: {error.value}"
    assert shown["error"]["mend"] == {"in_channels": 5}
    assert shown["output"] is None and shown["facts"] == []


def test_allowed_values_work_and_the_next_ones_do_not():
    shown = on_layer({"h": 12, "w": 12, "kernel": 5})
    for name in ("kernel_h", "dilation_w", "stride_h"):
        pair, axis = name.rsplit("_", 1)
        for value in shown["limits"][name]:
            changed = list(shown["spec"][pair])
            changed["hw".index(axis)] = value
            works = on_layer({**shown["spec"], pair: changed})["error"] is None
            assert works == (value in shown["allowed"][name]), (name, value)


@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d"])
def test_the_small_window_adds_up(kind):
    layer, given = checked({"kernel": [3, 2], "stride": [2, 1], "padding": [1, 1], "h": 9, "w": 6})
    shown = small_window(as_kind(layer, kind), given)
    assert (len(shown["input"]), len(shown["input"][0])) == (7, 6) and shown["lead"]

    def cell(y, x):
        inside = 0 <= y < len(shown["input"]) and 0 <= x < len(shown["input"][0])
        return shown["input"][y][x] if inside else None

    for row, down in zip(shown["output"], shown["rows"], strict=True):
        for value, across in zip(row, shown["columns"], strict=True):
            taps = [(cell(y, x), ky, kx) for y, ky in down for x, kx in across]
            if kind == "MaxPool2d":
                assert value == max(v for v, *_ in taps if v is not None)
            elif kind == "AvgPool2d":
                assert math.isclose(value, sum(v or 0 for v, *_ in taps) / 6, rel_tol=1e-6)
            else:
                total = sum((v or 0) * shown["kernel"][ky][kx] for v, ky, kx in taps)
                assert value == total + shown["bias"]


def test_a_layer_too_large_to_draw_says_so():
    layer, given = checked({"kernel": 11, "dilation": 6})
    assert set(small_window(layer, given)) == {"note"}


@pytest.mark.parametrize(
    "asked",
    [
        None, 3, [], "Conv2d", {"kind": "Conv3d"}, {"kind": None}, {"kind": ["Conv2d"]}, {"n": 0}, {"n": 65},
        {"h": math.nan}, {"h": math.inf}, {"h": True}, {"h": None}, {"h": "9"}, {"h": 10**30}, {"c": -1},
        {"kernel": []}, {"kernel": [3]}, {"kernel": [3, 3, 3]}, {"kernel": [3, None]}, {"kernel": 12},
        {"kernel": 2.5}, {"stride": 0}, {"padding": "full"}, {"padding": -1}, {"dilation": {}}, {"groups": 0},
        {"bias": 1}, {"bias": None}, {"unknown": 1}, {"kind": "AvgPool2d", "dilation": 2},
        {"kind": "MaxPool2d", "padding": "same"}, {"kind": "Conv2d", "output_padding": 1},
    ],
)  # fmt: skip
def test_anything_else_gets_a_sentence(asked):
    error = on_layer(asked)["error"]
    assert error["meaning"].endswith(".") and error["mend"] is None and error["message"] == ""


def test_too_much_is_refused_before_it_is_tried():
    heavy = {"n": 64, "c": 64, "in_channels": 64, "out_channels": 64, "h": 256, "w": 256}
    error = on_layer(heavy)["error"]
    assert "256 MB" in error["meaning"] or "2 GFLOP" in error["meaning"]
    assert error["mend"] is None


def test_a_message_is_small():
    largest = {"n": 1, "h": 256, "w": 256, "kernel": 11, "padding": 5, "groups": 1}
    assert len(json.dumps(on_layer(largest))) < 40_000


def test_every_number_told_of_a_layer_that_ran_is_torchs():
    layer, given = checked({"kind": "ConvTranspose2d", "groups": 5, "out_channels": 10, "bias": False})
    told = {name: arithmetic for name, arithmetic, _ in facts(layer, given, run(layer, given))}
    module = nn.ConvTranspose2d(5, 10, 3, groups=5, bias=False)
    assert told["weight"].endswith(f"= {tuple(module.weight.shape)}") and told["bias"] == "none"
    assert told["parameters"].endswith(f"= {module.weight.numel():,}")
    assert formula_lines({"H": (), "W": ()}) == []


@pytest.mark.parametrize(
    ("groups", "name", "read"),
    [(1, "standard", "all input channels"), (2, "grouped", "6 / 2 = 3"), (6, "depthwise", "6 / 6 = 1")],
)
def test_groups_are_named(groups, name, read):
    shown = on_layer({"c": 6, "in_channels": 6, "out_channels": 12, "groups": groups})
    told = {row[0]: row[1] for row in shown["facts"]}["groups"]
    assert name in told and read in told
    # torch keeps as many input channels in a kernel as one output channel reads
    assert nn.Conv2d(6, 12, 3, groups=groups).weight.shape[1] == 6 // groups


def test_the_endpoint_gives_shapes_formulas_and_errors():
    made = conv_shape(
        input_shape=[2, 3, 32, 32], out_channels=8, kernel=[5, 5], stride=[2, 2], padding=[2, 2]
    )
    assert (made["output"], made["weight"], made["parameters"]) == ([2, 8, 16, 16], [8, 3, 5, 5], 608)
    assert made["formulas"]["H"].endswith("= 16") and made["error"] == ""
    wrong = conv_shape(input_shape=[1, 3, 8, 8], out_channels=4, groups=2)
    assert wrong["output"] is None and wrong["error"].startswith("ValueError: in_channels must be divisible")


@pytest.fixture(scope="module")
def client():
    """A program that asks the launched page."""
    import app
    from ui.context import Context

    page = app.build(Context())
    address = app.launch(page, "127.0.0.1")
    yield Client(address, verbose=False)
    page.close()


def test_a_program_asks_for_a_shape(client):
    made = client.predict(kind="MaxPool2d", input_shape=[1, 16, 28, 28], kernel=[2, 2], stride=[2, 2],
                          api_name="/conv_shape")  # fmt: skip
    assert made["output"] == [1, 16, 14, 14]
    with pytest.raises(AppError, match="list of four numbers"):
        client.predict(input_shape=[1, 2], api_name="/conv_shape")
    with pytest.raises(AppError, match="from 1 to 256"):
        client.predict(input_shape=[1, 3, 10**9, 4], api_name="/conv_shape")
