"""The Train tab: what follows from the choices, starting and steering, and own pictures."""

from __future__ import annotations

import math
import types
from collections import Counter
from typing import Any

import gradio as gr
import pytest
import torch
from gradio.context import LocalContext
from PIL import Image

from data.own.custom import PictureDataset
from models.registry import build
from tests.ui.train.recorded_desk import VISITOR, EndingDesk
from training.recipe import FIELDS, Recipe, networks
from ui.kit.events import server_function
from ui.kit.own_data import OwnData
from ui.train import choices as train_choices
from ui.train import search as train_search
from ui.train import tab as train
from ui.train import words as train_words
from ui.train.api import on_train

VISIT = {"visitor": VISITOR}


@pytest.fixture
def context() -> types.SimpleNamespace:
    return types.SimpleNamespace(desk=EndingDesk(looks=10**6), own=OwnData())


# --- choices ------------------------------------------------------------------------------------------------


def test_every_field_of_a_run_is_a_choice_with_a_sentence():
    fields = train_choices.fields()
    assert sorted(field.key for field in fields) == sorted(FIELDS)
    for field in fields:
        sentences = [field.help] if field.help else [option["help"] for option in field.options]
        assert sentences and all(sentence.endswith((".", "?")) for sentence in sentences), field.key
    assert train_words.named_values("network").keys() == set(networks())


def test_every_value_that_the_form_offers_makes_a_run():
    for field in train_choices.fields():
        values = [option["value"] for option in field.options] or field.ladder or [True, False]
        for value in values if field.kind != "rate" else train_choices.LR_QUICK:
            # with the first value of each field that this one needs
            needs = {name: allowed[0] for name, allowed in field.only_for.items()}
            if field.key == "width":
                needs["network"] = "mlp"
            if field.key == "data":
                needs["samples"] = 0
            Recipe.from_dict(needs | {field.key: value})


@pytest.mark.parametrize("network", networks())
def test_fields_that_the_form_hides_mean_nothing(network):
    """A run of each network with every field that is offered for it; the others would be refused."""
    for field in train_choices.fields():
        offered = network in field.only_for.get("network", [network])
        other = {"width": 20, "depth": 3, "activation": "tanh", "batch_norm": False, "dropout": 0.2}
        if field.key not in other:
            continue
        answer = train_choices.summary({"network": network, field.key: other[field.key]})
        assert ("problem" not in answer) == offered, field.key


def test_the_facts_are_those_of_the_real_network_and_the_real_batches():
    facts = train_choices.summary({"network": "mlp", "samples": 1000, "batch_size": 300, "epochs": 3})[
        "facts"
    ]
    assert facts == {
        "parameters": 784 * 128 + 128 + 128 * 10 + 10,
        "pictures": 1000,
        "steps_per_epoch": 4,
        "steps": 12,
    }
    wide = Recipe(network="fashion_cnn", width=8, samples=0)
    real = sum(p.numel() for p in build("fashion_cnn", widths=[8, 16, 32, 32]).parameters())
    assert train_choices.facts(wide)["parameters"] == real
    assert train_choices.facts(wide)["pictures"] == 58_000


def test_the_command_and_the_program_follow_the_choices():
    answer = train_choices.summary({"network": "mlp", "lr": 0.123, "zero_grad": False})
    assert "--lr 0.123" in answer["command"] and "--no-zero-grad" in answer["command"]
    assert "0.123" in answer["code"] and "\n        optimizer.zero_grad()" not in answer["code"]
    compile(answer["code"], "program", "exec")


def test_the_program_builds_the_network_for_the_classes_of_the_pictures():
    values = {"network": "mlp", "data": "own", "samples": 0}
    for own, classes in (((40, 3), 3), (None, 2)):
        answer = train_choices.summary(values, own)
        assert f'build("mlp", seed=0, classes={classes})' in answer["code"]
        assert answer["facts"]["parameters"] == 784 * 128 + 128 + 128 * classes + classes


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"samples": 33}, "samples", "samples must be at most 32, not 33"),
        ({"samples": 0, "batch_size": 1}, "batch_size", "batch_size must be at least 2"),
        ({"samples": 0, "batch_size": 31}, "batch_size", "(32 pictures in batches of 31)"),
        ({"samples": 1}, "samples", "samples must be at least 2"),
    ],
)
def test_settings_that_cannot_work_with_these_own_pictures_are_refused_in_the_form(values, field, words):
    values = {"network": "fast_cnn", "data": "own", "batch_size": 16, **values}
    answer = train_choices.summary(values, (32, 2))
    assert (answer["field"], words in answer["problem"]) == (field, True), answer
    assert "problem" not in train_choices.summary(values | {"samples": 32, "batch_size": 16}, (32, 2))


def test_a_preset_runs_here_even_without_the_real_pictures(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    form = train_choices.form()
    for preset in form["presets"]:
        assert preset["recipe"]["data"] == "garments"
        Recipe.from_dict(preset["recipe"])
    data = next(field for field in form["fields"] if field["key"] == "data")
    assert [option["value"] for option in data["options"]] == ["garments", "own"]


def test_presets_stand_out_by_title_and_sentence():
    presets = train_choices.form()["presets"]
    assert len(presets) == 6
    for key in ("title", "sentence"):
        assert max(Counter(preset[key] for preset in presets).values()) == 1


# --- anything may be sent -----------------------------------------------------------------------------------

NUMBERS = ("lr", "momentum", "weight_decay", "label_smoothing", "dropout", "average")
WHOLE = ("samples", "epochs", "batch_size", "width", "depth", "seed")
FLAGS = ("batch_norm", "shuffle", "zero_grad")
NAMES = ("network", "data", "optimizer", "schedule", "loss", "activation", "augment", "device")
BAD: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(NUMBERS, (math.nan, math.inf, -0.1, 11.0, True, None, "0.1", [0.1], {}, 10**400)),
    **dict.fromkeys(WHOLE, (math.nan, -1, 2.5, 2**31, True, None, "3", [3], 10**400)),
    **dict.fromkeys(FLAGS, (1, 0, None, "true", [])),
    **dict.fromkeys(NAMES, ("", "abacus", None, 3, ["mlp"], {}, "x" * 100_000)),
}


def test_these_are_all_the_fields():
    assert set(BAD) == set(FIELDS)


@pytest.mark.parametrize("field", BAD)
def test_a_value_out_of_range_is_refused_by_name_everywhere(field, context):
    for value in BAD[field]:
        # a network with all that can be chosen, so that nothing else is wrong
        recipe = {"network": "mlp" if field != "batch_norm" else "tutorial_cnn", field: value}
        answer = train_choices.summary(recipe)
        assert field in answer["problem"] and len(answer["problem"]) < 500, value
        assert answer["field"] in (field, "network")
        refused = server_function(train.on_start, context)(VISIT | {"recipe": recipe})
        assert refused == {"problem": answer["problem"]}
        with pytest.raises(gr.Error) as error:
            # by default the endpoint uses the data at hand, and each has a range of its own
            list(on_train(context.desk, {"data": "fashion"} | recipe, {}))
        assert str(answer["problem"]) in str(error.value)
    assert context.desk.started == []


@pytest.mark.parametrize(
    "payload", [None, 3, "x", [], [{}], {"recipe": None}, {"recipe": [1]}, {"recipe": {"x": 1}}]
)
def test_a_request_of_another_form_gets_a_sentence(payload, context):
    for handler in (train.on_choices, train.on_start):
        problem = server_function(handler, context)(payload)["problem"]
        assert problem.endswith(".") and len(problem) < 700
    for handler in (train.on_follow, train.on_steer):
        assert server_function(handler, context)(payload)["problem"].endswith(".")


@pytest.mark.parametrize(
    "wish",
    [
        {"wish": "explode"},
        {},
        *({"wish": "go_on", "value": v} for v in (0, -1, 1001, True, None, "2", 1.5, math.nan, math.inf)),
    ],
)
def test_an_impossible_wish_is_refused(wish, context):
    run = train.on_start(context, VISIT | {"recipe": {}})["run"]
    assert server_function(train.on_steer, context)(VISIT | {"run": run} | wish)["problem"].endswith(".")
    assert context.desk.calls == []


# --- starting and steering ----------------------------------------------------------------------------------


def test_a_run_starts_with_the_choices(context):
    choices = {"network": "mlp", "lr": 0.1, "epochs": 2.0}  # a browser does not tell 2.0 from 2
    answer = train.on_start(context, VISIT | {"recipe": choices})
    assert answer["run"] == "run1" and [run["id"] for run in answer["table"]["runs"]] == ["run1"]
    ((visitor, recipe, own),) = context.desk.started
    assert (visitor, own) == (VISITOR, None)
    assert recipe == Recipe.from_dict({"network": "mlp", "lr": 0.1, "epochs": 2})


def test_train_again_stops_the_current_training_which_says_why(context):
    train.on_start(context, VISIT | {"recipe": {}})
    assert train.on_start(context, VISIT | {"recipe": {"seed": 1}})["run"] == "run2"
    assert context.desk.calls == [("stop", "run1", train_words.REPLACED)]


def test_a_flood_of_starts_waits_in_one_thread(context, monkeypatch):
    train.on_start(context, VISIT | {"recipe": {}})
    inside = []

    def stop(visitor, run, reason):  # while the first of the flood waits, the second comes
        inside.append(server_function(train.on_start, context)(VISIT | {"recipe": {}}))
        context.desk.state[run] = "stopped"

    monkeypatch.setattr(context.desk, "stop", stop)
    assert train.on_start(context, VISIT | {"recipe": {}})["run"] == "run2"
    assert inside == [{"problem": "You have a run already."}] and not train.LEAVING


def test_a_running_search_is_left_alone(context):
    context.desk.kind = "sweep"
    train.on_start(context, VISIT | {"recipe": {}})
    refused = server_function(train.on_start, context)(VISIT | {"recipe": {}})
    assert refused == {"problem": "You have a run already."} and context.desk.calls == []


@pytest.fixture
def address():
    """The network address of the client of the current request."""
    client = types.SimpleNamespace(host="10.0.0.7")
    token = LocalContext.request.set(types.SimpleNamespace(client=client))
    yield client.host
    LocalContext.request.reset(token)


def test_a_run_waits_in_the_queue_for_the_address_of_its_visitor(context, address, monkeypatch):
    monkeypatch.setattr("ui.train.api.POLL", 0)
    train.on_start(context, VISIT | {"recipe": {}})
    context.desk.state.clear()
    spec = {"low": 1e-4, "high": 1.0, "steps": 20}
    train_search.on_start(context, VISIT | {"recipe": {}, "kind": "range", "spec": spec})
    context.desk.state.clear()
    next(on_train(context.desk, None, {}))
    assert context.desk.addresses == [address] * 3


def test_each_wish_reaches_the_desk(context, address):
    run = train.on_start(context, VISIT | {"recipe": {}})["run"]
    for wish in (
        {"wish": "pause"},
        {"wish": "resume"},
        {"wish": "lr", "value": 0.01},
        {"wish": "go_on", "value": 2},
        {"wish": "stop"},
    ):
        assert train.on_steer(context, VISIT | {"run": run} | wish) == {}
    assert context.desk.calls == [
        ("pause", run), ("resume", run), ("set_lr", run, 0.01), ("go_on", run, 2, address), ("stop", run),
    ]  # fmt: skip


def test_a_run_that_diverged_comes_with_the_fields_to_change(context):
    context.desk.looks, context.desk.end = 1, "diverged"
    run = train.on_start(context, VISIT | {"recipe": {"lr": 2.0}})["run"]
    news = train.on_follow(context, VISIT | {"run": run, "since": [1, 3, 0, 0]})
    assert news["advice"] == {"lr": 0.2} and news["since"] == [1, 3, 0, 0]
    Recipe.from_dict(context.desk.started[0][1].as_dict() | news["advice"])


def test_the_table_of_the_runs_comes_once(context):
    run = train.on_start(context, VISIT | {"recipe": {}})["run"]
    first = train.on_follow(context, VISIT | {"run": run})
    assert [row["state"] for row in first["table"]["runs"]] == ["running"]
    request = VISIT | {"run": run, "revision": first["table"]["revision"]}
    assert "table" not in train.on_follow(context, request)
    context.desk.stop(VISITOR, run)
    assert [row["state"] for row in train.on_follow(context, request)["table"]["runs"]] == ["stopped"]


def test_a_reloaded_page_finds_its_run_or_the_newest_one(context):
    nothing = train.on_active(context, VISIT)
    assert (nothing["run"], nothing["recipe"], nothing["any"], nothing["table"]["runs"]) == (
        None,
        None,
        False,
        [],
    )
    for seed in (1, 2):
        run = train.on_start(context, VISIT | {"recipe": {"seed": seed}})["run"]
    latest = train.on_active(context, VISIT)
    assert latest["run"] == run and latest["recipe"]["seed"] == 2
    context.desk.stop(VISITOR, run)
    assert train.on_active(context, VISIT)["run"] == run
    context.desk.kind = "range"
    search = train.on_active(context, VISIT)
    assert search["run"] is None and search["any"] and search["table"]["runs"] == []


# --- own pictures -------------------------------------------------------------------------------------------


def pictures(count: int = 24, classes: int = 3) -> PictureDataset:
    images = [Image.new("L", (28, 28), 10 * k) for k in range(count)]
    return PictureDataset(images, [k % classes for k in range(count)], [f"kind {k}" for k in range(classes)])


def bring(context: Any, data: Any) -> str:
    return context.own.keep(types.SimpleNamespace(dataset=data))


def test_own_pictures_are_counted_and_learned(context):
    token = bring(context, pictures())
    # each class has 8, and one in five, here 1, is held out
    assert train.on_own(context, token)["own"]["text"].startswith("Pictures to learn from: 21. Classes: 3.")
    recipe = {"network": "softmax_regression", "data": "own", "samples": 0, "batch_size": 10}
    request = VISIT | {"recipe": recipe, "token": token}
    facts = train.on_choices(context, request)["facts"]
    assert facts["steps_per_epoch"] == 3 and facts["parameters"] == 784 * 3 + 3
    train.on_start(context, request)
    assert context.desk.started[0][2] is context.own.get(token).dataset


@pytest.mark.parametrize("token", [None, "", "another", 3, ["x"], {}])
def test_without_the_secret_there_are_no_pictures(token, context):
    bring(context, pictures())
    assert train.on_own(context, token) == {"own": None}
    refused = server_function(train.on_start, context)(VISIT | {"recipe": {"data": "own"}, "token": token})
    assert refused == {"problem": train_words.GONE} and context.desk.started == []


def test_too_few_pictures_of_ones_own_get_a_sentence(context):
    value = train.on_own(context, bring(context, pictures(4)))
    assert value["own"] is None and "10 pictures" in value["note"]


def test_parameters_are_counted_without_weights_and_without_touching_the_seed():
    before = torch.random.get_rng_state()
    train_choices.parameters_of.cache_clear()
    assert train_choices.count_parameters(Recipe(network="residual", width=5), 10) == sum(
        p.numel() for p in build("residual", seed=0, width=5).parameters()
    )
    assert torch.equal(before, torch.random.get_rng_state())
