"""The runs of a visit: table, curves, files that leave and enter, and what wrong requests get."""

from __future__ import annotations

import base64
import json
import types

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load as load_safetensors

from models.checkpoint import load
from models.registry import build
from settings import MAX_REQUEST_BYTES
from tests.ui.train.recorded_desk import VISITOR, RecordedDesk
from training.desk.desk import Desk
from training.desk.exchange import pack
from training.recipe import Recipe, Samples, prepare
from ui.kit.events import server_function
from ui.train import runs as train_runs

VISIT = {"visitor": VISITOR}


@pytest.fixture
def context() -> types.SimpleNamespace:
    return types.SimpleNamespace(desk=RecordedDesk())


@pytest.fixture
def real(tmp_path):
    """A desk that starts no process: its weights come from files."""
    desk = Desk(slots=1, threads=1, folder=tmp_path)
    yield types.SimpleNamespace(desk=desk)
    desk.close()


@pytest.fixture(scope="module")
def packed() -> tuple[torch.nn.Module, bytes]:
    """A network, and its weights as a file of the page."""
    x = torch.zeros(20, 1, 28, 28, dtype=torch.uint8)
    pair = x, torch.arange(20) % 10
    recipe = Recipe(network="softmax_regression", samples=20)
    ready = prepare(recipe, Samples(pair, pair, pair, tuple(map(str, range(10))), "noise"))
    ready.card.epochs = 1
    return ready.model.eval(), pack(ready.model, ready.card)


def adopted(context, data: bytes, name: str = "weights.safetensors") -> str:
    content = base64.b64encode(data).decode()
    return train_runs.on_adopt(context, VISIT | {"name": name, "data": content})["run"]


# --- table and curves ---------------------------------------------------------------------------------------


def test_the_table_has_columns_for_differences_alone(context):
    table = train_runs.run_table(context, VISITOR)
    assert table["revision"] == context.desk.revision(VISITOR)
    assert table["columns"] == ["Learning rate"]
    assert [(run["id"], run["cells"]) for run in table["runs"]] == [
        ("first", ["0.05"]), ("second", ["0.5"]), ("upload", ["–"]),
    ]  # fmt: skip
    first, second, upload = table["runs"]
    assert (first["validation"], first["test"], first["seconds"], first["parameters"]) == (
        0.8,
        0.9,
        3.5,
        7850,
    )
    assert first["text"] == "First (Two-block CNN, 90.0 %)"
    assert second["changed"] and upload["uploaded"] and not first["uploaded"]


def test_curves_are_means_and_two_runs_are_compared(context):
    answer = train_runs.on_curves(context, VISIT | {"runs": ["first", "second"], "curves": ["first"]})
    assert answer["sentence"] == (
        "Only “Learning rate” differs (0.05 and 0.5): same initial weights, same batches."
        " Second was changed while it ran."
    )
    curve = answer["curves"][0]
    # 500 losses 0, 1, 2, ... of every second step, in groups of four
    assert curve["mean_of"] == 4 and curve["loss"][:2] == [1.5, 5.5] and curve["step"][:2] == [7, 15]
    assert len(curve["loss"]) == len(curve["step"]) == 125 and curve["step"][-1] == 999
    assert curve["validated"] == [[500, 0.7, 0.75], [1000, 0.6, 0.8]]


def test_only_the_curves_of_trained_runs_are_sent(context):
    answer = train_runs.on_curves(context, VISIT | {"runs": [], "curves": ["second", "upload", "nosuch"]})
    assert [curve["run"] for curve in answer["curves"]] == ["second"]


def test_a_run_that_ended_early_is_named_where_two_are_compared(context, monkeypatch):
    runs = context.desk.runs(VISITOR)
    for run, state in zip(runs, ("stopped", "diverged"), strict=False):
        run["state"] = state
    monkeypatch.setattr(context.desk, "runs", lambda visitor: runs)
    text = train_runs.on_curves(context, VISIT | {"runs": ["first", "second"], "curves": []})["sentence"]
    assert text.endswith(
        " First ended early: compare both at the same step."
        " Second did not reach the end: see the training loss."
    )


def test_a_sentence_needs_exactly_two_runs_that_were_trained_here(context):
    for runs in (["first"], [], ["first", "upload"], ["first", "unknown"], ["first", None]):
        assert train_runs.on_curves(context, VISIT | {"runs": runs, "curves": []})["sentence"] == ""
    for runs in (None, "first", ["first"] * 13):
        with pytest.raises(ValueError, match="a list of at most 12"):
            train_runs.on_curves(context, VISIT | {"runs": runs, "curves": []})
        with pytest.raises(ValueError, match="a list of at most 12"):
            train_runs.on_curves(context, VISIT | {"runs": [], "curves": runs})


# --- names --------------------------------------------------------------------------------------------------


def test_a_run_is_renamed_and_removed(real, packed):
    run = adopted(real, packed[1])
    before = train_runs.run_table(real, VISITOR)
    assert before["runs"][0]["name"] == "weights"
    answer = train_runs.on_rename(real, VISIT | {"run": run, "name": "  <b>${7*6}</b> "})
    assert answer["name"] == answer["table"]["runs"][0]["name"] == "<b>${7*6}</b>"
    assert answer["table"]["revision"] != before["revision"]
    assert train_runs.on_remove(real, VISIT | {"run": run})["table"]["runs"] == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "two\nlines", None, 3, ["x"], True])
def test_an_impossible_name_is_refused(real, packed, name):
    run = adopted(real, packed[1])
    with pytest.raises(ValueError, match="1 to 40 characters"):
        train_runs.on_rename(real, VISIT | {"run": run, "name": name})


def test_another_visitor_sees_and_changes_nothing(real, packed):
    run = adopted(real, packed[1])
    other = {"visitor": "somebody-else-entirely", "run": run}
    assert train_runs.run_table(real, other["visitor"])["runs"] == []
    for handler, more in (("on_rename", {"name": "x"}), ("on_remove", {}), ("on_weights", {"form": "pt"})):
        with pytest.raises(ValueError, match="no longer here"):
            getattr(train_runs, handler)(real, other | more)


# --- files --------------------------------------------------------------------------------------------------


def test_weights_leave_with_their_card_and_come_back_equal(real, packed):
    model, data = packed
    run = adopted(real, data, "My Weights (2).SafeTensors")
    assert train_runs.run_table(real, VISITOR)["runs"][0]["name"] == "My Weights (2)"
    (file,) = train_runs.on_weights(real, VISIT | {"run": run, "form": "safetensors"})["files"]
    assert file["name"] == "my-weights-2.safetensors"
    state = load_safetensors(base64.b64decode(file["data"]))
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())
    again = adopted(real, base64.b64decode(file["data"]))
    network, card = real.desk.network(VISITOR, again)
    assert card.architecture == "softmax_regression"
    assert torch.equal(network.linear.weight, model.linear.weight)


def test_a_safetensors_file_carries_the_card_in_its_metadata(real, packed, tmp_path):
    run = adopted(real, packed[1])
    (file,) = train_runs.on_weights(real, VISIT | {"run": run, "form": "safetensors"})["files"]
    path = tmp_path / "x.safetensors"
    path.write_bytes(base64.b64decode(file["data"]))
    with safe_open(path, "pt") as opened:
        metadata = opened.metadata()
    assert "softmax_regression" in json.dumps(metadata)


def test_a_pt_and_its_card_are_a_checkpoint(real, packed, tmp_path):
    run = adopted(real, packed[1], "a b.safetensors")
    files = train_runs.on_weights(real, VISIT | {"run": run, "form": "pt"})["files"]
    assert [file["name"] for file in files] == ["a-b.pt", "a-b.json"]
    for file in files:
        (tmp_path / file["name"]).write_bytes(base64.b64decode(file["data"]))
    model, card = load(tmp_path, "a-b")
    assert torch.equal(model.linear.weight, packed[0].linear.weight) and len(card.classes) == 10


@pytest.mark.parametrize("name", ["net.pt", "NET.PTH", "x.ckpt", "pytorch_model.bin", "x.safetensors.pkl"])
def test_a_pickle_is_refused_with_the_reason(real, name):
    with pytest.raises(ValueError, match="can run any code"):
        train_runs.on_adopt(real, VISIT | {"name": name, "data": ""})


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"name": "x.txt", "data": ""}, "accepted as a .safetensors file"),
        ({"name": "x.safetensors", "data": "no base64!"}, "did not arrive whole"),
        ({"name": "x.safetensors", "data": None}, "its name and its bytes"),
        ({"name": None, "data": ""}, "its name and its bytes"),
        ({"name": "x.safetensors", "data": "A" * (train_runs.MOST_BYTES * 4 // 3 + 8)}, "too large"),
        ({"name": "x.safetensors", "data": ""}, r"\.$"),
        ({"name": "x.safetensors", "data": base64.b64encode(b"PK\x03\x04" * 50).decode()}, r"\.$"),
    ],
)
def test_a_file_without_weights_is_refused(real, wrong, message):
    with pytest.raises(ValueError, match=message):
        train_runs.on_adopt(real, VISIT | wrong)


def test_the_largest_file_fits_into_a_request_and_so_does_a_network():
    assert train_runs.MOST_BYTES * 4 / 3 < MAX_REQUEST_BYTES
    for name in ("fashion_cnn", "mlp", "residual", "inception"):
        size = sum(4 * value.numel() for value in build(name).state_dict().values())
        assert size < train_runs.MOST_BYTES / 2


@pytest.mark.parametrize(
    "name, stem",
    [
        ("Run 3", "run-3"),
        ("../../etc/passwd", "etc-passwd"),
        ("", "run"),
        ("日本", "run"),
        ("a" * 99, "a" * 40),
    ],
)
def test_the_name_of_a_run_becomes_a_file_name(name, stem):
    assert train_runs.file_stem(name) == stem


# --- the page -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handler", ["on_curves", "on_rename", "on_remove", "on_weights", "on_adopt"])
@pytest.mark.parametrize("payload", [None, 7, [], {}, {"visitor": ["x"], "run": {}, "runs": []}])
def test_the_page_gets_a_sentence_for_whatever_is_wrong(real, handler, payload):
    answer = server_function(getattr(train_runs, handler), real)(payload)
    assert list(answer) == ["problem"] and answer["problem"].endswith(".")
