"""The Patterns tab: the grid, training, the code beside the numbers, and its endpoint for programs."""

import math
import re
import socket
from html import unescape
from typing import Any

import gradio as gr
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

from data import patterns
from data.patterns import pattern
from inference.patterns import classify, difference, from_kernels, responses, trained
from tests.ui.patterns.grids import DARK, A, B, text
from training.loop import Diverged, Step
from training.patterns import CONV_CLASSES, DEFAULTS, many_seeds, replay
from ui.context import Context
from ui.patterns import panels as parts
from ui.patterns import tab, views, words
from ui.patterns.cell_grid import CellGrid

# --- the grid and its buttons -----------------------------------------------------------------------------


def test_buttons_fill_the_grid():
    assert parts.on_fill("A", 3) == pattern(0, 3)
    assert parts.on_fill("B", 999999999) == pattern(1, 999999999)
    assert parts.on_fill("clear", 3) == DARK
    grids = [parts.on_fill("random", 50) for _ in range(20)]
    assert len({str(grid) for grid in grids}) > 10
    assert all(0 <= cell <= 50 for grid in grids for row in grid for cell in row)


@pytest.mark.parametrize("intensity", [None, 0, -1, True, "10", math.nan, math.inf, 1e13, 10**400])
def test_bad_intensities_get_a_sentence(intensity):
    with pytest.raises(gr.Error, match=r"intensity must be .*\.['\"]$"):
        parts.on_fill("A", intensity)
    assert "brush" not in parts.on_intensity(intensity)


def test_intensity_becomes_the_brush():
    assert parts.on_intensity(999999999)["brush"] == 999999999


def test_grid_is_checked_on_the_server():
    grid = CellGrid(A, name="grid", brush=10)
    assert grid.preprocess(A) == A
    for bad in (None, "x", [[1]], [[0, 0, 0, "${7*6}"]] * 4, [[math.nan] * 4] * 4):
        with pytest.raises(gr.Error, match=r"\.['\"]$"):
            grid.preprocess(bad)


def test_grid_can_be_built_again_from_its_own_arguments():
    # Gradio does so whenever an event sets one of them
    grid = CellGrid(A, name="grid", brush=10, elem_id="here")
    arguments = {key: value for key, value in grid.constructor_args.items() if key != "value"}
    again = CellGrid(**{**arguments, "brush": 7.0, "render": False})
    assert again.props["brush"] == 7.0 and again.elem_id == "here"


# --- training ---------------------------------------------------------------------------------------------


def test_training_shows_the_real_losses_and_returns_the_network():
    *_, (chart, result, own, network, weights) = parts.on_train(3, "sorted", 0.001, 2)
    config = parts.settings_of(3, "sorted", 0.001, 2)
    records = list(replay(config))
    losses = [record.loss for _, record in records if isinstance(record, Step)]
    assert f"80 of 80 steps, the first {losses[0]:.3g}, the highest {max(losses):.3g}" in chart
    weight = records[-1][0].conv.weight.detach()
    assert torch.equal(torch.tensor(own).view_as(weight), weight)
    assert network == "pattern_conv" and weights["value"] == "own"
    assert "A and B right, intensities 1 to 19" in text(result)


def test_training_shows_the_accuracy_before_and_after():
    config = DEFAULTS["pattern_conv"]
    *_, (_, result, own, _, _) = parts.on_train(0, "shuffled", config.lr, config.epochs)
    answer = classify(from_kernels(own), A)
    assert "intensities 1 to 19 50.00 % 100 %" in text(result)
    assert f"A ({unescape(views.percent(answer.softmax.probabilities[0]))})" in text(result)


def test_the_curve_comes_in_pieces():
    counts = [
        int(re.findall(r"(\d+) of 80 steps", chart)[0])
        for chart, *_ in parts.on_train(0, "shuffled", 0.001, 2)
    ]
    assert counts == sorted(counts) and len(counts) >= 10 and counts[-1] == 80


GOOD: dict[str, Any] = {"seed": 0, "order": "shuffled", "lr": 0.001, "epochs": 2}


BAD_SETTINGS: list[tuple[dict[str, Any], str]] = [
    *[({"seed": seed}, "seed") for seed in (None, -1, 1.5, True, "0", math.nan, math.inf, 10**400)],
    ({"order": None}, "order"),
    ({"order": "random"}, "order"),
    ({"order": 1}, "order"),
    ({"order": ["shuffled"]}, "order"),
    ({"order": {}}, "order"),
    *[({"lr": lr}, "learning rate") for lr in (None, 0, -1, 2, math.nan, "0.1", True)],
    *[({"epochs": epochs}, "epochs") for epochs in (None, 0, 11, 2.5, math.nan, "2")],
]


@pytest.mark.parametrize("bad, sentence", BAD_SETTINGS)
def test_bad_settings_get_a_sentence(bad, sentence):
    settings = {**GOOD, **bad}
    with pytest.raises(gr.Error, match=f"(?i){sentence}.*\\.['\"]$"):
        next(parts.on_train(*settings.values()))
    if "order" not in bad:
        with pytest.raises(gr.Error, match=f"(?i){sentence}.*\\.['\"]$"):
            next(parts.on_seeds(5, settings["seed"], settings["lr"], settings["epochs"]))


@pytest.mark.parametrize("count", [None, 1, 101, 2.5, math.nan, True, "20", 10**400])
def test_bad_numbers_of_networks_get_a_sentence(count):
    with pytest.raises(gr.Error, match=r"number of networks must be .*\.['\"]$"):
        next(parts.on_seeds(count, 0, 0.001, 2))


def test_many_trainings_count_what_torch_counts():
    *_, last = parts.on_seeds(20, 0, 0.001, 2)
    rendered = text(last)
    for order in ("sorted", "shuffled"):
        *_, outcome = many_seeds(parts.settings_of(0, order, 0.001, 2), 20)
        wrong = sum(answer == 1 for answer in outcome.answer_a)
        assert f"{wrong} of 20 call an A a B. " in rendered + " "
    assert last.count('<li class="right"') + last.count('<li class="wrong"') == 40
    assert rendered.count("after step 80 of 80") == 2


# --- the torch code beside the numbers --------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in vars(words) if name.endswith("_CODE")])
def test_the_code_runs_as_it_stands(name, capsys):
    scope: dict = {}
    exec(compile(getattr(words, name), name, "exec"), scope)
    printed = capsys.readouterr().out
    if name == "ANSWER_CODE":
        assert printed.strip() == "A"
        totals = [response.total for response in responses(trained("pattern_conv"), A)]
        assert scope["logits"].tolist() == pytest.approx(totals, abs=1e-4)
    if name == "DIFFERENCE_CODE":
        assert float(printed) == pytest.approx(difference(trained("pattern_conv"), A, B).mse, rel=1e-4)
    if name == "TRAIN_CODE":
        assert printed.strip() == "tensor(1.)"


# --- the endpoint -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    with gr.Blocks(analytics_enabled=False) as page:
        tab.build(Context(device=torch.device("cpu")))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, address, _ = page.launch(server_port=port, prevent_thread_lock=True, quiet=True, ssr_mode=False)
    yield Client(address, verbose=False)
    page.close()


def test_endpoint_answers_a_program(client):
    answer = client.predict(B, "pattern_conv", api_name="/classify_pattern")
    expected = classify(trained("pattern_conv"), B).softmax
    assert answer["answer"] == "B" and answer["network"] == "pattern_conv"
    assert answer["classes"] == list(CONV_CLASSES)
    assert list(answer["probabilities"].values()) == pytest.approx(expected.probabilities)
    assert list(answer["logits"].values()) == pytest.approx(expected.logits)


def test_endpoint_says_neither_by_default(client):
    answer = client.predict(
        [[5, 0, 0, 0], [0, 0, 9, 0], [0, 3, 0, 0], [0, 0, 0, 1]], api_name="/classify_pattern"
    )
    assert answer["answer"] == "neither" and answer["network"] == "pattern_cnn"
    assert client.predict(pattern(0, 999999999), api_name="/classify_pattern")["answer"] == "A"


def test_endpoint_says_that_there_is_nothing_to_classify(client):
    answer = client.predict(DARK, api_name="/classify_pattern")
    assert answer["answer"] is None and "nothing to classify" in answer["message"]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (([[1]],), "A grid is a list of 4 rows"),
        ((None,), "A grid is a list of 4 rows"),
        (([[0, 0, 0, "1"]] * 4,), "row 1, column 4, must be a number"),
        (([[0, 0, 0, True]] * 4,), "row 1, column 4, must be a number"),
        (([[0, 0, 0, 1e13]] * 4,), "from 0 to 1,000,000,000,000"),
        ((A, "fashion"), "must be one of pattern_conv, pattern_cnn, not 'fashion'"),
        ((A, None), "must be one of"),
    ],
)
def test_endpoint_refuses_with_a_sentence(client, arguments, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(*arguments, api_name="/classify_pattern")


def test_endpoint_is_described_and_the_only_one(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/classify_pattern"]
    names = [
        (p["parameter_name"], p["parameter_has_default"])
        for p in endpoints["/classify_pattern"]["parameters"]
    ]
    assert names == [("grid", False), ("network", True)]


def test_patterns_module_knows_two_classes_and_neither():
    assert patterns.CLASSES == ("A", "B", "neither")


def test_a_diverged_training_ends_with_the_reason_of_the_loop(monkeypatch):
    reason = "In step 7 of epoch 1 the loss became nan: try a smaller learning rate."

    def diverging(config):
        yield None, Diverged(0, 6, reason, math.inf)

    monkeypatch.setattr(parts, "replay", diverging)
    with pytest.raises(gr.Error, match="In step 7 of epoch 1"):
        list(parts.on_train(0, "sorted", 1, 2))
