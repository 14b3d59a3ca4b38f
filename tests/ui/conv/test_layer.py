"""What the page says about one layer, against torch and arithmetic by hand."""

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
    answer = on_layer({})
    assert answer["call"] == "Conv2d(5, 10, kernel_size=3)"
    assert ([answer["spec"][key] for key in "nchw"], answer["output"]) == ([1, 5, 100, 100], [1, 10, 98, 98])
    assert [formula["name"] for formula in answer["formulas"]] == ["Height, and likewise the width"]
    assert answer["formulas"][0]["lines"] == [
        "H_out = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1",
        "= ⌊(100 + 2·0 − 1·(3 − 1) − 1) / 1⌋ + 1",
        "= ⌊97 / 1⌋ + 1",
        "= 98",
    ]
    arithmetic = {name: text for name, text, _ in answer["facts"]}
    assert arithmetic["weight"].endswith("= (10, 5, 3, 3)") and arithmetic["bias"] == "(10,)"
    assert arithmetic["parameters"] == "10 × (5/1) × 3 × 3 + 10 = 450 + 10 = 460"
    # each of the 10 x 98 x 98 outputs takes 5 x 3 x 3 products
    assert arithmetic["multiply-adds"].endswith(f"= {10 * 98 * 98 * 45:,}")
    assert arithmetic["memory"].startswith("input 0.20 MB") and "output 0.38 MB" in arithmetic["memory"]
    assert answer["error"] is None


def random_spec(rng: random.Random) -> dict:
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
    arguments = {
        names[key]: tuple(value) if isinstance(value, list) else value
        for key, value in spec.items()
        if key in names
    }
    try:
        layer = getattr(nn, spec["kind"])(**arguments)
        return list(layer(torch.zeros(*[spec[key] for key in "nchw"])).shape), ""
    except (RuntimeError, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"


def test_shapes_and_errors_are_those_of_torch():
    rng = random.Random(3)
    worked = failed = mended = 0
    for _ in range(200):
        spec = random_spec(rng)
        shape, error = real(spec)
        answer = on_layer(spec)
        if shape is None or 0 in shape:
            failed += 1
            assert (
                answer["error"]["message"] == error
                if shape is None
                else "without numbers" in answer["error"]["message"]
            )
            assert answer["error"]["meaning"] and answer["window"] is None
            if answer["error"]["mend"]:
                mended += 1
                assert on_layer({**answer["spec"], **answer["error"]["mend"]})["error"] is None
        else:
            worked += 1
            assert (answer["output"], answer["error"]) == (shape, None)
            for axis, size in zip("HW", shape[2:], strict=True):
                lines = [formula["lines"] for formula in answer["formulas"]]
                last = [texts for texts in lines if texts[0].startswith(f"{axis}_out")]
                assert not last or last[-1][-1] == f"= {size}"
    assert min(worked, failed, mended) > 20, (worked, failed, mended)


def test_height_and_width_have_formulas_of_their_own_where_they_differ():
    answer = on_layer({"kernel": [3, 5], "h": 20, "w": 30})
    assert [formula["name"] for formula in answer["formulas"]] == ["Height", "Width"]
    assert [formula["lines"][-1] for formula in answer["formulas"]] == ["= 18", "= 26"]
    same = on_layer({"kernel": 4, "padding": "same"})
    assert any("below" in formula["note"] for formula in same["formulas"])
    assert same["output"][2:] == [100, 100]


def test_the_real_error_and_its_mend():
    answer = on_layer({"in_channels": 3})
    with pytest.raises(RuntimeError) as error:
        nn.Conv2d(3, 10, 3)(torch.zeros(1, 5, 100, 100))
    assert answer["error"]["message"] == f"RuntimeError: {error.value}"
    assert answer["error"]["mend"] == {"in_channels": 5}
    assert answer["output"] is None and answer["facts"] == []


def test_allowed_values_work_and_the_next_ones_do_not():
    answer = on_layer({"h": 12, "w": 12, "kernel": 5})
    for name in ("kernel_h", "dilation_w", "stride_h"):
        pair, axis = name.rsplit("_", 1)
        for value in answer["limits"][name]:
            changed = list(answer["spec"][pair])
            changed["hw".index(axis)] = value
            works = on_layer({**answer["spec"], pair: changed})["error"] is None
            assert works == (value in answer["allowed"][name]), (name, value)


@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d"])
def test_the_small_window_adds_up(kind):
    layer, in_shape = checked({"kernel": [3, 2], "stride": [2, 1], "padding": [1, 1], "h": 9, "w": 6})
    answer = small_window(as_kind(layer, kind), in_shape)
    assert (len(answer["input"]), len(answer["input"][0])) == (7, 6) and answer["lead"]

    def cell(y, x):
        inside = 0 <= y < len(answer["input"]) and 0 <= x < len(answer["input"][0])
        return answer["input"][y][x] if inside else None

    for row, down in zip(answer["output"], answer["rows"], strict=True):
        for value, across in zip(row, answer["columns"], strict=True):
            taps = [(cell(y, x), ky, kx) for y, ky in down for x, kx in across]
            if kind == "MaxPool2d":
                assert value == max(v for v, *_ in taps if v is not None)
            elif kind == "AvgPool2d":
                assert math.isclose(value, sum(v or 0 for v, *_ in taps) / 6, rel_tol=1e-6)
            else:
                total = sum((v or 0) * answer["kernel"][ky][kx] for v, ky, kx in taps)
                assert value == total + answer["bias"]


def test_a_layer_that_is_too_large_to_draw_has_a_note():
    layer, in_shape = checked({"kernel": 11, "dilation": 6})
    assert set(small_window(layer, in_shape)) == {"note"}


@pytest.mark.parametrize(
    "request_",
    [
        None, 3, [], "Conv2d", {"kind": "Conv3d"}, {"kind": None}, {"kind": ["Conv2d"]}, {"n": 0}, {"n": 65},
        {"h": math.nan}, {"h": math.inf}, {"h": True}, {"h": None}, {"h": "9"}, {"h": 10**30}, {"c": -1},
        {"kernel": []}, {"kernel": [3]}, {"kernel": [3, 3, 3]}, {"kernel": [3, None]}, {"kernel": 12},
        {"kernel": 2.5}, {"stride": 0}, {"padding": "full"}, {"padding": -1}, {"dilation": {}}, {"groups": 0},
        {"bias": 1}, {"bias": None}, {"unknown": 1}, {"kind": "AvgPool2d", "dilation": 2},
        {"kind": "MaxPool2d", "padding": "same"}, {"kind": "Conv2d", "output_padding": 1},
    ],
)  # fmt: skip
def test_anything_else_gets_a_sentence(request_):
    error = on_layer(request_)["error"]
    assert error["meaning"].endswith(".") and error["mend"] is None and error["message"] == ""


def test_too_much_is_refused():
    heavy = {"n": 64, "c": 64, "in_channels": 64, "out_channels": 64, "h": 256, "w": 256}
    error = on_layer(heavy)["error"]
    assert "256 MB" in error["meaning"] or "2 GFLOP" in error["meaning"]
    assert error["mend"] and error["mend_text"].startswith("Set ") and error["message"] == ""


def test_a_message_is_small():
    largest = {"n": 1, "h": 256, "w": 256, "kernel": 11, "padding": 5, "groups": 1}
    assert len(json.dumps(on_layer(largest))) < 40_000


def test_the_facts_about_a_layer_are_torchs():
    layer, in_shape = checked({"kind": "ConvTranspose2d", "groups": 5, "out_channels": 10, "bias": False})
    arithmetic = {name: text for name, text, _ in facts(layer, in_shape, run(layer, in_shape))}
    module = nn.ConvTranspose2d(5, 10, 3, groups=5, bias=False)
    assert arithmetic["weight"].endswith(f"= {tuple(module.weight.shape)}") and arithmetic["bias"] == "none"
    assert arithmetic["parameters"].endswith(f"= {module.weight.numel():,}")
    assert formula_lines({"H": (), "W": ()}) == []


@pytest.mark.parametrize(
    ("groups", "name", "read"),
    [(1, "standard", "all input channels"), (2, "grouped", "6 / 2 = 3"), (6, "depthwise", "6 / 6 = 1")],
)
def test_groups_are_named(groups, name, read):
    answer = on_layer({"c": 6, "in_channels": 6, "out_channels": 12, "groups": groups})
    text = {row[0]: row[1] for row in answer["facts"]}["groups"]
    assert name in text and read in text
    # torch keeps as many input channels in a kernel as one output channel reads
    assert nn.Conv2d(6, 12, 3, groups=groups).weight.shape[1] == 6 // groups


def test_the_endpoint_gives_shapes_formulas_and_errors():
    answer = conv_shape(
        input_shape=[2, 3, 32, 32], out_channels=8, kernel=[5, 5], stride=[2, 2], padding=[2, 2]
    )
    assert (answer["output"], answer["weight"], answer["parameters"]) == ([2, 8, 16, 16], [8, 3, 5, 5], 608)
    assert answer["formulas"]["H"].endswith("= 16") and answer["error"] == ""
    wrong = conv_shape(input_shape=[1, 3, 8, 8], out_channels=4, groups=2)
    assert wrong["output"] is None and wrong["error"].startswith("ValueError: in_channels must be divisible")


@pytest.fixture(scope="module")
def client():
    """A program that calls the launched page."""
    import app
    from ui.context import Context

    page = app.build(Context())
    address = app.launch(page, "127.0.0.1")
    yield Client(address, verbose=False)
    page.close()


def test_a_program_gets_a_shape(client):
    answer = client.predict(kind="MaxPool2d", input_shape=[1, 16, 28, 28], kernel=[2, 2], stride=[2, 2],
                          api_name="/conv_shape")  # fmt: skip
    assert answer["output"] == [1, 16, 14, 14]
    with pytest.raises(AppError, match="list of four numbers"):
        client.predict(input_shape=[1, 2], api_name="/conv_shape")
    with pytest.raises(AppError, match="from 1 to 256"):
        client.predict(input_shape=[1, 3, 10**9, 4], api_name="/conv_shape")
