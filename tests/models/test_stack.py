from pathlib import Path

import pytest
import torch
from torch import nn

from models import registry
from models.layer_kinds import REQUIRED, stack_kinds
from models.stack import build, checked_shape, code, rows
from models.stack_layers import MAX_LAYERS, Branches, StackError, checked
from models.stack_presets import TITLES, conv, preset
from models.stack_presets import branches as fork
from models.stack_presets import layer as new_layer
from models.trace import code_of, trace

FLATTEN, RELU = new_layer("Flatten"), new_layer("ReLU")
POOL = new_layer("MaxPool2d", kernel_size=2)
LINEAR = new_layer("Linear", in_features=1000, out_features=10)


@pytest.mark.parametrize("name", TITLES)
def test_every_preset_runs_as_the_table_says(name):
    table = rows(preset(name), (2, 1, 28, 28))
    assert table.stop is None
    model = build(preset(name), (2, 1, 28, 28), seed=0)
    assert table.parameters == registry.parameters(model)
    traced = trace(model, torch.rand(2, 1, 28, 28))
    assert [row.record for row in table.rows] == list(traced.records)
    assert (table.multiply_adds, table.bytes) == (traced.multiply_adds, traced.bytes)


@pytest.mark.parametrize("name", sorted(set(TITLES) & set(registry.NETWORKS)))
def test_a_preset_of_the_registry_is_the_same_network(name):
    classes = 11 if name == "fashion_cnn" else 10
    network = registry.build(name, classes=classes)
    shape = (1, 1, 28, 28)

    def figures(records):
        """Of each layer, but not of identities and of what can be written in several ways."""
        return [
            (r.code, r.output, r.parameters, r.multiply_adds, r.field)
            for r in records
            if r.layer and r.code not in ("Identity()", "AdaptiveMaxPool2d(1)", "Flatten()")
        ]

    table = rows(preset(name), shape)
    assert figures(row.record for row in table.rows) == figures(trace(network, torch.rand(shape)).records)
    assert table.parameters == registry.parameters(network)


def test_the_preset_of_the_shipped_network_computes_the_same():
    network, model = registry.build("fashion_cnn", seed=0, classes=11), build(preset("fashion_cnn"), seed=1)
    model.load_state_dict(
        dict(zip(model.state_dict(), _in_running_order(network).values(), strict=True)), strict=True
    )
    x = torch.rand(2, 1, 28, 28)
    assert torch.allclose(network.eval()(x), model.eval()(x), atol=1e-5)


def _in_running_order(network):
    state = network.state_dict()
    order = [r.name for r in trace(network, torch.rand(1, 1, 28, 28)).records if r.layer and not r.again]
    return {key: value for name in order for key, value in state.items() if key.startswith(f"{name}.")}


@pytest.mark.parametrize("name", TITLES)
def test_the_code_of_every_preset_names_its_layers(name):
    text = code(preset(name))
    for row in rows(preset(name)).rows:
        if row.record.layer:
            assert f"nn.{row.record.code}," in text


def test_the_code_runs_and_prints_the_shapes(programs, tmp_path):
    """All presets in one process, each in a namespace of its own; a warning is an error."""
    for name in TITLES:
        (tmp_path / f"{name}.py").write_text(code(preset(name)))
    runner = "import runpy, sys, warnings\nwarnings.simplefilter('error')\n"
    runner += "for path in sys.argv[1:]:\n    print('#', path)\n    runpy.run_path(path)\n"
    paths = [str(tmp_path / f"{name}.py") for name in TITLES]
    ran = programs.run("-c", runner, *paths, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    printed = ran.stdout.split("# ")[1:]
    assert len(printed) == len(TITLES)
    for name, text in zip(TITLES, printed, strict=True):
        path, *lines = text.splitlines()
        assert Path(path).stem == name
        table = rows(preset(name))
        last = {row.path[0]: row.record.output for row in table.rows}
        kinds = [item.kind if hasattr(item, "kind") else "Branches" for item in table.stack.items]
        shapes = [f"{kind} {last[position]}" for position, kind in enumerate(kinds)]
        assert lines == [*shapes, f"{table.parameters} parameters"]


def test_the_code_of_a_stack_that_fails_fails_in_the_same_way():
    stack = checked(
        [conv(4, 3), FLATTEN, new_layer("Linear", in_features=7, out_features=3), RELU, conv(3, 1)]
    )
    with pytest.raises(RuntimeError) as error:
        exec(code(stack), {})
    assert str(error.value) == str(rows(stack).stop.error)


def test_a_layer_that_cannot_be_built_stops_the_stack_before_any_shape_as_it_stops_the_program():
    too_large, groups = new_layer("MaxPool2d", kernel_size=31), conv(16, 3, in_channels=4, groups=3)
    in_branches = fork("cat", [conv(4, 1)], [conv(8, 1, in_channels=9, groups=4)])
    for plain, path in (
        ([POOL, too_large, groups, RELU], (2,)),
        ([too_large, in_branches, groups], (1, 1, 0)),
        ([fork("add", [conv(4, 1)], [conv(8, 1)]), groups], (1,)),  # the branches do not fit either
        ([conv(4, 1), conv(6, 1, groups=4)], (1,)),  # the input decides in_channels
    ):
        table = rows(checked(plain))
        with pytest.raises(ValueError, match="must be divisible by groups") as error:
            exec(code(checked(plain)), {"print": None})  # nothing is printed: no layer runs
        assert (table.stop.path, str(table.stop.error)) == (path, str(error.value))
        assert table.stop.in_constructor
    assert not rows(checked([too_large, conv(16, 3, groups=3)])).stop.in_constructor  # LazyConv2d is built


def test_missing_numbers_come_from_the_input():
    stack = checked([conv(8, 3), new_layer("BatchNorm2d"), FLATTEN, new_layer("Linear", out_features=4)])
    table = rows(stack, (1, 3, 10, 10))
    codes = ["Conv2d(3, 8, 3)", "BatchNorm2d(8)", "Flatten()", "Linear(512, 4)"]
    assert [row.record.code for row in table.rows] == codes
    assert [item.code() for item in table.stack.items] == codes
    assert table.stack.plain()[3] == {
        "kind": "Linear",
        "params": {"in_features": 512, "out_features": 4, "bias": True},
    }
    assert checked(table.stack.plain()) == table.stack


def test_a_table_by_hand():
    table = rows(checked([conv(4, 5, 2), POOL, FLATTEN, new_layer("Linear", out_features=10)]), (2, 3, 9, 9))
    figures = [(r.record.output, r.record.parameters, r.record.multiply_adds) for r in table.rows]
    assert figures == [
        ((2, 4, 9, 9), 3 * 4 * 25 + 4, 2 * 4 * 81 * 75),
        ((2, 4, 4, 4), 0, 0),
        ((2, 64), 0, 0),
        ((2, 10), 650, 2 * 640),
    ]
    assert table.rows[1].record.field.size == (6, 6) and table.rows[1].record.field.jump == (2, 2)
    assert table.parameters == 304 + 650 and table.multiply_adds == 2 * 4 * 81 * 75 + 1280


def test_notes():
    stack = checked(
        [conv(16, 3), new_layer("BatchNorm2d", num_features=16), new_layer("Linear", out_features=2), FLATTEN]
    )
    notes = [row.note for row in rows(stack, (4, 1, 6, 6)).rows]
    assert notes[0] == ""
    assert notes[1].startswith("16 is the number of channels, not the batch size")
    assert "last dimension only" in notes[2]
    assert notes[3].startswith("16 · 4 · 2 = 128 numbers")
    stack = checked([conv(4, 1), fork("add", [], [conv(1, 1)]), new_layer("Dropout")])
    lines = rows(stack).rows
    assert lines[-2].record.code == "x + y" and "broadcasting" in lines[-2].note
    assert "training only" in lines[-1].note


def test_branches_are_joined_and_have_their_paths():
    stack = checked([conv(4, 3), fork("cat", [], [conv(2, 1), RELU], [conv(3, 3, 1)])])
    table = rows(stack)
    assert [row.path for row in table.rows] == [(0,), (1, 0), (1, 1, 0), (1, 1, 1), (1, 2, 0), (1,)]
    assert table.rows[-1].record.output == (1, 4 + 2 + 3, 26, 26)
    assert table.rows[-1].record.code == "torch.cat([x, y, z], dim=1)"
    x = torch.rand(1, 4, 3, 3)
    added = Branches("add", nn.Identity(), nn.Identity(), nn.ReLU())
    assert torch.equal(added(x), x + x + x)


@pytest.mark.parametrize(
    ("untrusted", "words"),
    [
        (None, "The stack: This must be a list of layers"),
        ("Conv2d", "a list of layers"),
        ([RELU] * (MAX_LAYERS + 1), "The stack: At most 24 layers fit here, not 25"),
        ([None], 'Layer 1: A layer has a "kind"'),
        ([RELU, {"kind": ["ReLU"]}], "Layer 2: A layer is one of: Conv2d"),
        ([{"kind": "LSTM"}], "Layer 1: A layer is one of"),
        ([{"kind": "ReLU", "name": "x"}], "nothing else"),
        ([new_layer("ReLU", inplace=True)], "ReLU takes no arguments"),
        ([{"kind": "ReLU", "params": []}], "ReLU takes no arguments"),
        ([new_layer("Conv2d", kernel_size=3)], "Conv2d needs out_channels"),
        ([conv(16, 3, weight=1)], "takes only: in_channels"),
        ([conv(0, 3)], r"out_channels of Conv2d \(Layer 1\) must be a whole number from 1 to 2,048"),
        ([conv(True, 3)], "out_channels"),
        ([new_layer("Conv2d", out_channels=16, kernel_size=None)], "kernel_size"),
        ([new_layer("Conv2d", out_channels=16, kernel_size=float("nan"))], "kernel_size"),
        ([new_layer("Conv2d", out_channels=16, kernel_size=float("inf"))], "kernel_size"),
        ([new_layer("Conv2d", out_channels=16, kernel_size=2.5)], "kernel_size"),
        ([conv(10**400, 3)], "out_channels"),
        ([new_layer("Conv2d", out_channels=16, kernel_size="3")], "kernel_size"),
        ([conv(16, 3, bias=1)], "bias of Conv2d .* must be true or false"),
        ([conv(16, 3, in_channels=0)], "in_channels"),
        ([new_layer("Dropout", p=1.5)], "p of Dropout .* must be a number from 0 to 1"),
        ([new_layer("Dropout", p=float("nan"))], "p of Dropout"),
        ([fork("sum", [], [])], 'Layer 1: The "join" of Branches'),
        ([{**fork("cat", [], []), "join": ["cat"]}], '"join" of Branches'),
        ([fork("cat", [])], "2 to 4 branches"),
        ([fork("cat", *[[]] * 5)], "2 to 4 branches"),
        ([{**fork("cat"), "branches": [[], "ReLU"]}], "Layer 1, branch 2: This must be a list"),
        ([fork("cat", [], [RELU] * 9)], "At most 8 layers"),
        (
            [fork("cat", [], [fork("cat", [], [])])],
            "branch 2, layer 1: A branch cannot branch again",
        ),
        ([{"kind": "Branches", "branches": [[], []], "join": "cat", "x": 1}], "nothing else"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(untrusted, words):
    with pytest.raises(StackError, match=words):
        checked(untrusted)


@pytest.mark.parametrize(
    "shape", [None, 28, (28, 28), (1, 1, 28, None), (1, True, 28, 28), (1, 1, 28.5, 28), (0, 1, 2, 2),
              (1, 1, 10**400, 28), (1, 1, float("nan"), 28), "1234"]
)  # fmt: skip
def test_other_input_shapes_are_refused(shape):
    with pytest.raises(StackError, match="of the input must be|four whole numbers"):
        checked_shape(shape)


@pytest.mark.parametrize(
    ("plain", "shape", "words"),
    [
        ([conv(2048, 3, 1)], (1, 1, 512, 512), "256 MB"),
        ([POOL, FLATTEN, new_layer("Linear", out_features=4096)], (1, 1, 512, 512), "256 MB"),
        # it would not fit, but even so its weights would be made to see what torch says
        ([FLATTEN, new_layer("Linear", in_features=10**8, out_features=4096)], (1, 1, 4, 4), "256 MB"),
        ([conv(2048, 31, in_channels=8192)], (1, 1, 4, 4), "256 MB"),
        ([fork("cat", [], [], [], [])] * 9, (1, 1, 64, 64), "256 MB"),
        ([conv(64, 3, 1), conv(64, 3, 1)], (1, 1, 256, 256), "2.4|2 GFLOP"),
        ([RELU] * 3, (64, 1024, 512, 512), "256 MB"),
        ([LINEAR], (64, 1024, 512, 512), "The input alone would take"),
    ],
)
def test_a_stack_that_is_too_large_is_refused_before_anything_is_built(plain, shape, words, monkeypatch):
    def no_numbers(*args, **kwargs):
        raise AssertionError("real numbers were asked for")

    monkeypatch.setattr(torch, "zeros", no_numbers)
    with pytest.raises(StackError, match=words):
        rows(checked(plain), shape)
    with pytest.raises(StackError, match=words):
        build(checked(plain), shape)


def test_an_empty_stack_is_a_table_without_rows():
    table = rows(checked([]))
    assert table.rows == () and table.stop is None and table.parameters == 0
    assert "nn.Sequential(\n)" in code(checked([]))


def test_the_seed_determines_the_weights():
    first, again, other = (build(preset("lenet5"), seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


@pytest.mark.parametrize("kind", stack_kinds())
def test_each_kind_is_a_class_of_torch_with_these_arguments(kind):
    in_shape = {a.name: 2 for a in stack_kinds()[kind].stack_arguments if a.default is REQUIRED}
    layer = checked([{"kind": kind, "params": in_shape}]).items[0]
    assert code_of(layer.build()) == layer.code()
    assert type(layer.build()) is getattr(nn, kind)
