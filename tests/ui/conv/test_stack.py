"""The part "A stack of layers": its table against torch, its sentences about bad input, and its mends."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import torch
from torch import nn

import language
from models import registry
from models.checkpoint import load
from models.layer_kinds import stack_kinds
from models.stack import INPUT, build, rows
from models.stack_layers import checked
from models.stack_mend import mend
from models.stack_presets import TITLES, preset
from settings import CHECKPOINTS
from ui.context import Context
from ui.conv import stack as conv_stack
from ui.conv.stack import MISTAKES, left_out, on_network, on_stack, start
from ui.kit.view import View

ROOT = Path(conv_stack.__file__).parents[1]
SHIPPED = {"fashion_cnn": "fashion", "pattern_conv": "pattern_conv", "pattern_cnn": "pattern_cnn"}


def layer(kind: str, **params) -> dict:
    return {"kind": kind, "params": params}


def ask(*layers: dict, shape: tuple[int, ...] = INPUT) -> dict:
    return on_stack({"stack": list(layers), "input": list(shape)})


def mistake(key: str) -> dict:
    return {"stack": copy.deepcopy(MISTAKES[key].stack), "input": list(MISTAKES[key].input)}


def printed(program: str) -> str:
    """What a program prints, run with nothing but itself."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    return out.getvalue()


def outputs_by_layer(model: nn.Module, x: torch.Tensor) -> dict[str, tuple[list[int], int, int]]:
    """For each layer its output shape, its parameters, and its products by the definition of the layer."""
    layers = {}

    def hook(name):
        def look(module, args, output):
            products = 0
            if isinstance(module, nn.Conv2d):
                height, width = module.kernel_size
                products = output.numel() * height * width * module.in_channels // module.groups
            if isinstance(module, nn.Linear):
                products = output.numel() * module.in_features
            trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
            layers[name] = (list(output.shape), trained, products)

        return look

    for name, module in model.named_modules():
        if not list(module.children()) and name:
            module.register_forward_hook(hook(name))
    with torch.no_grad():
        model.eval()(x)
    return layers


# --- the table of a stack -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TITLES)
def test_the_table_of_every_preset_against_torch(name):
    answer = on_stack({"stack": preset(name).plain()})
    model = build(preset(name), seed=0)
    x = torch.zeros(INPUT)
    layers = outputs_by_layer(model, x)
    for path, (shape, trained, products) in layers.items():
        figures = answer["figures"][path]
        assert (figures["output"], figures["parameters"]) == (shape, trained), path
        assert (figures["multiply_adds"], figures["bytes"]) == (products, 4 * torch.Size(shape).numel()), path
    joins = {path for path, figures in answer["figures"].items() if path not in layers}
    assert joins == {str(n) for n, item in enumerate(answer["stack"]) if item["kind"] == "Branches"}
    trained, products = registry.parameters(model), sum(products for *_, products in layers.values())
    assert answer["totals"]["parameters"] == trained
    assert answer["totals"]["multiply_adds"] == products
    assert answer["totals"]["bytes"] == sum(figures["bytes"] for figures in answer["figures"].values())
    with torch.no_grad():
        assert answer["output"] == list(model.eval()(x).shape)
    for path, (_, own, work) in layers.items():
        figures = answer["figures"][path]
        assert figures["parameter_share"] == pytest.approx(own / trained)
        assert figures["work_share"] == pytest.approx(work / products)
    assert answer["stop"] is None
    json.dumps(answer, allow_nan=False)


def test_the_tutorials_cnn_by_hand():
    answer = on_stack({})
    assert answer["stack"] == preset("tutorial_cnn").plain()
    first, last = answer["figures"]["0"], answer["figures"]["10"]
    assert (first["output"], first["parameters"]) == ([1, 16, 28, 28], 5 * 5 * 16 + 16)
    assert (first["multiply_adds"], first["bytes"]) == (25 * 16 * 28 * 28, 4 * 16 * 28 * 28)
    assert [answer["figures"][str(n)]["field"] for n in (0, 3, 4, 7)] == [[5, 5], [6, 6], [14, 14], [16, 16]]
    assert last["output"] == [1, 10] and last["field"] is None
    assert last["parameters"] == 32 * 7 * 7 * 10 + 10


def test_what_the_input_decides_is_in_the_answer_and_stays_open():
    answer = on_stack({})
    assert answer["figures"]["0"]["inferred"] == {"in_channels": 1}
    assert answer["figures"]["5"]["inferred"] == {"num_features": 32}
    assert answer["figures"]["10"]["inferred"] == {"in_features": 1568}
    assert all("in_channels" not in item["params"] for item in answer["stack"])
    answer = ask(layer("Conv2d", in_channels=1, out_channels=2, kernel_size=3))
    assert answer["figures"]["0"]["inferred"] == {}


def test_channels_are_not_the_batch_size():
    answer = ask(
        layer("Conv2d", out_channels=16, kernel_size=3), *[layer("BatchNorm2d")] * 2, shape=(8, 1, 28, 28)
    )
    assert "16 is the number of channels, not the batch size" in answer["figures"]["1"]["note"]
    assert answer["figures"]["2"]["note"] == "", "once is enough"


def test_notes_with_numbers_of_their_own_are_at_each_layer():
    answer = ask(layer("Linear", out_features=3), layer("Linear", out_features=2))
    assert all("last dimension" in answer["figures"][path]["note"] for path in "01")


def test_a_new_layer_of_each_kind_fits_behind_a_convolution():
    for kind in stack_kinds():
        before = [layer("Conv2d", out_channels=4, kernel_size=3)]
        answer = ask(*before, start(kind))
        assert "problem" not in answer and answer["stop"] is None, kind
    assert ask(conv_stack.NEW_BRANCHES)["output"] == [1, 32, 28, 28]


def test_an_empty_stack_gives_its_input_back():
    answer = ask(shape=(2, 3, 5, 7))
    assert (answer["output"], answer["figures"], answer["stop"]) == ([2, 3, 5, 7], {}, None)


def test_the_program_is_complete():
    answer = on_stack({"stack": preset("residual_block").plain()})
    assert printed(answer["program"]).splitlines()[-2:] == [
        f"ReLU {tuple(answer['output'])}",
        f"{answer['totals']['parameters']} parameters",
    ]


# --- errors and mends ---------------------------------------------------------------------------------------


def test_a_wrong_in_features_has_torchs_error_and_one_press_mends_it():
    answer = on_stack(mistake("in_features"))
    with pytest.raises(RuntimeError) as real:
        nn.Linear(1024, 128)(torch.zeros(1, 3136))
    stop = answer["stop"]
    assert stop["message"] == f"RuntimeError: {real.value}"
    assert "mat1 and mat2 shapes cannot be multiplied (1x3136 and 1024x128)" in stop["message"]
    assert (stop["path"], stop["change"], stop["inputs"]) == ("7", "in_features=3136", [[1, 3136]])
    assert answer["output"] is None and set(answer["figures"]) == set("0123456")
    mended = on_stack({"stack": stop["mended"]})
    assert mended["stop"] is None and mended["output"] == [1, 10]
    changed = [n for n, (a, b) in enumerate(zip(answer["stack"], stop["mended"], strict=True)) if a != b]
    assert changed == [7], "what the visitor left to the input is left to it"
    assert stop["mended"][7]["params"]["in_features"] == 64 * 7 * 7


@pytest.mark.parametrize("key", MISTAKES)
def test_every_mistake_stops_and_its_mends_lead_to_a_network_that_runs(key):
    request_ = mistake(key)
    answer = on_stack(request_)
    assert answer["stop"], "it is a mistake"
    for _ in range(5):
        if answer["stop"] is None:
            break
        answer = on_stack({"stack": answer["stop"]["mended"], "input": request_["input"]})
    assert answer["stop"] is None
    model = build(checked(answer["stack"]), request_["input"])
    assert list(model.eval()(torch.zeros(request_["input"])).shape) == answer["output"]


def test_the_batch_size_in_batch_norm_is_torchs_error_too():
    answer = on_stack(mistake("num_features"))
    with pytest.raises(RuntimeError) as real:
        nn.BatchNorm2d(64).eval()(torch.zeros(64, 16, 28, 28))
    assert answer["stop"]["message"] == f"RuntimeError: {real.value}"
    assert answer["stop"]["change"] == "num_features=16"
    assert "not the batch size" in answer["stop"]["meaning"]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("Conv2d", {"in_channels": 3, "out_channels": 4, "kernel_size": 3}),
        ("Conv2d", {"out_channels": 4, "kernel_size": 31}),
        ("Conv2d", {"out_channels": 4, "kernel_size": 3, "groups": 3}),
        ("MaxPool2d", {"kernel_size": 3, "padding": 3}),
        ("BatchNorm2d", {"num_features": 5}),
        ("Linear", {"in_features": 5, "out_features": 4}),
    ],
)
@pytest.mark.parametrize("place", ["first", "in a branch"])
def test_numbers_left_out_of_a_mended_stack_are_those_it_would_have(kind, wrong, place):
    bad = layer(kind, **wrong)
    if place == "in a branch":
        bad = {"kind": "Branches", "join": "cat", "branches": [[bad], [layer("ReLU")]]}
    after = [layer("ReLU"), layer("Flatten"), layer("Linear", out_features=4)]
    stack = checked([layer("Conv2d", out_channels=4, kernel_size=3), bad, *after])
    table = rows(stack)
    change = mend(table).change
    assert change is not None
    opened = left_out(stack, table, change)
    assert opened.at((0,)) == stack.at((0,)), "untouched"
    again, full = rows(opened), rows(change.stack)
    assert (again.stack, again.stop is None) == (full.stack, full.stop is None)
    assert [row.record.output for row in again.rows] == [row.record.output for row in full.rows]


BAD: list[Any] = [
    None, True, 3, float("nan"), "Conv2d", [], {"stack": None}, {"stack": "x"}, {"stack": [1]},
    {"stack": [{}]}, {"stack": [layer("Conv3d")]}, {"stack": [layer("Conv2d")]}, {"stack": [], "more": 1},
    {"stack": [layer("Conv2d", out_channels=float("nan"), kernel_size=3)]},
    {"stack": [layer("Conv2d", out_channels=True, kernel_size=3)]},
    {"stack": [layer("Dropout", p=2)]}, {"stack": [layer("ReLU")] * 25},
    {"stack": [{"kind": "Branches", "join": "mul", "branches": [[], []]}]},
    {"stack": [], "input": None}, {"stack": [], "input": [1, 1, 28]},
    {"stack": [], "input": [1, 1, 28, 28.5]},
    {"stack": [], "input": [True, 1, 28, 28]}, {"stack": [], "input": [10**30, 1, 28, 28]},
    {"stack": [layer("Conv2d", out_channels=2048, kernel_size=31)], "input": [64, 1024, 512, 512]},
]  # fmt: skip


@pytest.mark.parametrize("request_", BAD, ids=str)
def test_bad_input_gets_a_sentence(request_):
    answer = on_stack(request_)
    assert set(answer) == {"problem"} and answer["problem"].endswith("."), answer


# --- networks of the page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", registry.NETWORKS)
def test_the_table_of_every_network_against_torch(name):
    answer = on_network(name)
    if name in SHIPPED:
        model, card = load(CHECKPOINTS, SHIPPED[name])
        assert answer["input"] == [1, *card.input_size]
        assert answer["totals"]["parameters"] == card.parameters
        assert answer["about"] == conv_stack.SHIPPED
    else:
        model = registry.build(name)
        assert answer["about"] == conv_stack.NOT_TRAINED
    assert answer["totals"]["parameters"] == registry.parameters(model)
    assert sum(row["parameters"] for row in answer["rows"]) == registry.parameters(model)
    assert sum(row["parameter_share"] for row in answer["rows"]) == pytest.approx(1)
    x = torch.zeros(answer["input"])
    # the hooks keep the last call of a layer that runs several times, and so does this
    last = {row["name"]: row for row in answer["rows"] if "(" in row["code"] and row["code"][0].isupper()}
    layers = outputs_by_layer(copy.deepcopy(model), x)
    assert set(last) == set(layers)
    for path, (shape, trained, products) in layers.items():
        assert (last[path]["output"], last[path]["multiply_adds"]) == (shape, products), path
        uses = [row["parameters"] for row in answer["rows"] if row["name"] == path and row in last.values()]
        assert uses == [trained] or trained == 0, path
    with torch.no_grad():
        assert answer["output"] == list(model.eval()(x).shape)
    json.dumps(answer, allow_nan=False)


def test_without_the_checkpoint_the_network_has_the_sizes_of_its_class(tmp_path):
    answer = on_network("fashion_cnn", tmp_path)
    assert answer["about"] == conv_stack.NOT_TRAINED
    assert answer["totals"]["parameters"] == registry.parameters(registry.build("fashion_cnn"))


def test_a_remembered_network_is_read_in_every_language():
    texts = {str(conv_stack.NOT_TRAINED): "Zufall"}
    assert on_network("residual")["about"] == conv_stack.NOT_TRAINED
    token = language._current.set(language.Translations("de", texts, {}, int))
    try:
        assert language.resolve(on_network("residual"))["about"] == "Zufall"
    finally:
        language._current.reset(token)


@pytest.mark.parametrize("name", [None, True, "resnet", ["mlp"], {}, 3, "<b>", float("nan")])
def test_an_unknown_network_gets_a_sentence(name):
    assert "Choose one of: fashion_cnn" in on_network(name)["problem"]


def test_the_programs_of_the_networks_run():
    fashion, lenet = (printed(on_network(name)["program"]) for name in ("fashion_cnn", "lenet5"))
    assert fashion.endswith("torch.Size([1, 11])\n906859 parameters\n")
    assert lenet.endswith("torch.Size([1, 10])\n61706 parameters\n")


# --- the page -----------------------------------------------------------------------------------------------


def test_the_part_offers_every_preset_and_network_and_computes_nothing_when_laid_out(monkeypatch):
    def never(*_):
        raise AssertionError("the first use of the meta device takes seconds")

    monkeypatch.setattr(conv_stack, "rows", never)
    with gr.Blocks(analytics_enabled=False) as blocks:
        conv_stack.stack_part(Context(device=torch.device("cpu")))
    (view,) = [block for block in blocks.blocks.values() if isinstance(block, View)]
    assert [name for name, _ in view.constants["networks"]] == list(registry.NETWORKS)
    assert [preset["name"] for preset in view.constants["presets"]] == list(TITLES.values())
    assert set(view.constants["starts"]) == {*stack_kinds(), "Branches"}
    assert all(checked([start]).plain() == [start] for start in view.constants["starts"].values())
    assert set(view.constants["kinds"]) == set(stack_kinds())
