"""The Patterns tab: its handlers, the numbers it writes, its code, and its endpoint as a program calls it."""

import math
import re
import socket
from html import unescape

import gradio as gr
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

from data import patterns
from data.patterns import pattern
from inference.patterns import classify, difference, from_kernels, hidden, responses, trained, untrained
from training.loop import Diverged, Step
from training.patterns import CONV_CLASSES, DEFAULTS, many_seeds, replay
from ui.context import Context
from ui.patterns import panels as parts
from ui.patterns import tab, views, words
from ui.patterns.cell_grid import CellGrid
from ui.patterns.loss_chart import loss_chart, ticks

DARK = [[0.0] * 4] * 4
A, B = pattern(0, 10), pattern(1, 10)


def text(html: str) -> str:
    """What a reader sees of `html`, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html.replace("<sup>", "^"))).split())


# --- numbers as they are written --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, written",
    [
        (0, "0"),
        (10.0, "10"),
        (-3, "−3"),
        (1.2345, "1.23"),
        (-0.12345, "−0.123"),
        (0.00012, "0.0001"),
        (0.00001234, "1.2e−5"),
        (-1e-9, "−1.0e−9"),
        (1087184219.4, "1.09e9"),
        (999999999.0, "999999999"),
        (1e12, "1.00e12"),
        (12345.6, "12346"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "not a number"),
    ],
)
def test_numbers_are_short_and_right(value, written):
    assert views.show(value) == written


def test_cells_hold_at_most_seven_signs():
    for power in range(-8, 13):
        for start in (1, 1.234567, 5.55555, 9.99999):
            for sign in (1, -1):
                written = views.in_cell(sign * start * 10.0**power)
                assert len(written) <= 7, written
                back = float(written.replace("−", "-"))
                # two places after the point; one digit of what is smaller than that
                close = {"abs": 0.0051, "rel": 0.06} if start * 10.0**power >= 0.0095 else {"abs": 0.00051}
                assert back == pytest.approx(sign * start * 10.0**power, **close)


@pytest.mark.parametrize(
    "share, written",
    [(0.0, "0 %"), (1.0, "100 %"), (0.99999, "&gt; 99.99 %"), (1e-9, "&lt; 0.01 %"), (0.2567, "25.67 %")],
)
def test_a_probability_is_never_rounded_to_a_certainty(share, written):
    assert views.percent(share) == written


# --- the answer and its arithmetic ------------------------------------------------------------------------


def test_answer_shows_torchs_probabilities():
    network = trained("pattern_conv")
    answer, _ = tab.on_grid(A, "pattern_conv", "trained", None)
    model = network.model
    shares = torch.softmax(model(torch.tensor(A, dtype=torch.float64).view(1, 1, 4, 4))[0], 0).tolist()
    assert text(answer).startswith("A with probability")
    for name, share in zip(CONV_CLASSES, shares, strict=True):
        assert f"{name} {unescape(views.percent(share))}" in text(answer)


def test_arithmetic_shows_every_product_and_sum():
    network = trained("pattern_conv")
    _, numbers = tab.on_grid(B, "pattern_conv", "trained", None)
    cards = numbers.split('<section class="card">')[1:]
    for card, kernel in zip(cards, network.model.conv.weight[:, 0].detach(), strict=False):
        cells = re.findall(r'<span class="(?:plus|minus)"[^>]*>([^<]*)</span>', card)
        products = kernel * torch.tensor(B, dtype=torch.float64)
        expected = [*torch.tensor(B).flatten(), *kernel.flatten(), *products.flatten()]
        assert cells == [views.in_cell(float(value)) for value in expected]
        assert f"sum of the 16 products = {views.show(products.sum().item(), 4)}" in text(card)


def test_softmax_shows_the_formula_with_the_real_numbers():
    logits = torch.tensor([2.0, 0.0, -1.0, 1.0], dtype=torch.float64)
    kernels = [0.0] * 64
    kernels[::16] = logits.tolist()
    one = [[1.0, 0, 0, 0], *[[0.0] * 4] * 3]
    shown = text(views.softmax_view(classify(from_kernels(kernels), one).softmax, CONV_CLASSES))
    # e^0 + e^-2 + e^-3 + e^-1 = 1.5530
    assert "A e ^2 − 2 = 1 1 / 1.5530 = 64.39 %" in shown.replace("e^", "e ^")
    assert "0.1353 / 1.5530 = 8.71 %" in shown
    assert "0.0498 / 1.5530 = 3.21 %" in shown
    assert "0.3679 / 1.5530 = 23.69 %" in shown
    assert "total = 1 + 0.1353 + 0.0498 + 0.3679 = 1.5530" in shown


def test_inside_of_the_network_with_relu_is_shown():
    network = trained("pattern_cnn")
    answer, numbers = tab.on_grid(A, "pattern_cnn", "trained", None)
    inside, shown = hidden(network, A), text(numbers)
    assert text(answer).startswith("A with")
    assert "largest number, 10" in shown
    assert shown.count("ReLU →") == 16
    for response, passed in zip(inside.responses, inside.after_relu, strict=True):
        assert f"= {views.show(response.total, 3, 2)} ReLU → {views.show(passed, 3, 2)}" in shown
    for logit in classify(network, A).softmax.logits:
        assert f"= {views.show(logit, 4, 3)}" in shown


@pytest.mark.parametrize("network", ["pattern_conv", "pattern_cnn"])
def test_dark_grid_is_nothing_to_classify(network):
    answer, _ = tab.on_grid(DARK, network, "trained", None)
    assert "Nothing to classify" in text(answer) and "%" not in text(answer)


def test_before_training_and_yours_are_other_networks():
    own = [0.0] * 48 + [1.0] * 16
    before, _ = tab.on_grid(A, "pattern_conv", "untrained", None)
    yours, _ = tab.on_grid(A, "pattern_conv", "own", own)
    label = classify(untrained("pattern_conv"), A).label
    assert text(before).startswith(CONV_CLASSES[label])
    assert text(yours).startswith("class 3")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((None, "pattern_conv", "trained", None), "A grid is a list of 4 rows"),
        ((A, "fashion", "trained", None), "must be one of"),
        ((A, None, None, None), "weights must be"),
        ((A, "pattern_conv", "own", None), "no network of yours yet"),
        ((A, "pattern_cnn", "own", [0.0] * 64), "no network of yours yet"),
        ((A, "pattern_conv", "own", [math.nan] * 64), "must be a finite number, not nan"),
    ],
)
def test_bad_requests_get_a_sentence(arguments, sentence):
    with pytest.raises(gr.Error, match=sentence):
        tab.on_grid(*arguments)


def test_yours_is_a_choice_once_there_is_one():
    def values(update):
        return [value for _, value in update["choices"]]

    assert values(tab.on_network("pattern_conv", "trained", None)) == ["untrained", "trained"]
    assert values(tab.on_network("pattern_conv", "trained", [0.0] * 64)) == ["untrained", "trained", "own"]
    other = tab.on_network("pattern_cnn", "own", [0.0] * 64)
    assert values(other) == ["untrained", "trained"] and other["value"] == "trained"


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


def test_training_shows_the_real_losses_and_gives_the_network():
    *_, (chart, result, own, network, weights) = parts.on_train(3, "sorted", 0.001, 2)
    config = parts.settings_of(3, "sorted", 0.001, 2)
    records = list(replay(config))
    losses = [record.loss for _, record in records if isinstance(record, Step)]
    assert f"80 of 80 steps, the first {losses[0]:.3g}, the highest {max(losses):.3g}" in chart
    weight = records[-1][0].conv.weight.detach()
    assert torch.equal(torch.tensor(own).view_as(weight), weight)
    assert network == "pattern_conv" and weights["value"] == "own"
    assert "A and B right, intensities 1 to 19" in text(result)


def test_training_tells_accuracy_before_and_after():
    config = DEFAULTS["pattern_conv"]
    *_, (_, result, own, _, _) = parts.on_train(0, "shuffled", config.lr, config.epochs)
    answer = classify(from_kernels(own), A)
    assert "intensities 1 to 19 50.00 % 100 %" in text(result)
    assert f"A ({unescape(views.percent(answer.softmax.probabilities[0]))})" in text(result)


def test_the_curve_comes_in_pieces():
    counts = [
        int(re.search(r"(\d+) of 80 steps", chart).group(1))
        for chart, *_ in parts.on_train(0, "shuffled", 0.001, 2)
    ]
    assert counts == sorted(counts) and len(counts) >= 10 and counts[-1] == 80


GOOD = {"seed": 0, "order": "shuffled", "lr": 0.001, "epochs": 2}


@pytest.mark.parametrize(
    "bad, sentence",
    [
        *[({"seed": seed}, "seed") for seed in (None, -1, 1.5, True, "0", math.nan, math.inf, 10**400)],
        *[({"order": order}, "order") for order in (None, "random", 1, ["shuffled"], {})],
        *[({"lr": lr}, "learning rate") for lr in (None, 0, -1, 2, math.nan, "0.1", True)],
        *[({"epochs": epochs}, "epochs") for epochs in (None, 0, 11, 2.5, math.nan, "2")],
    ],
)
def test_bad_settings_get_a_sentence(bad, sentence):
    asked = {**GOOD, **bad}
    with pytest.raises(gr.Error, match=f"(?i){sentence}.*\\.['\"]$"):
        next(parts.on_train(*asked.values()))
    if "order" not in bad:
        with pytest.raises(gr.Error, match=f"(?i){sentence}.*\\.['\"]$"):
            next(parts.on_seeds(5, asked["seed"], asked["lr"], asked["epochs"]))


@pytest.mark.parametrize("count", [None, 1, 101, 2.5, math.nan, True, "20", 10**400])
def test_bad_numbers_of_networks_get_a_sentence(count):
    with pytest.raises(gr.Error, match=r"number of networks must be .*\.['\"]$"):
        next(parts.on_seeds(count, 0, 0.001, 2))


def test_many_trainings_count_what_torch_counts():
    *_, last = parts.on_seeds(20, 0, 0.001, 2)
    shown = text(last)
    for order in ("sorted", "shuffled"):
        *_, outcome = many_seeds(parts.settings_of(0, order, 0.001, 2), 20)
        wrong = sum(answer == 1 for answer in outcome.answer_a)
        assert f"{wrong} of 20 call an A a B" in shown
    assert last.count('<li class="right"') + last.count('<li class="wrong"') == 40
    assert shown.count("after step 80 of 80") == 2


# --- two grids, and neither -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pattern_conv", "pattern_cnn"])
def test_comparison_shows_both_networks_with_their_mse(name):
    shown = text(parts.on_compare(name, A, B, None))
    for title, make in (("Before training", untrained), ("Trained", trained)):
        found = difference(make(name), A, B)
        assert f"{title} MSE = {views.show(found.mse, 4)}" in shown
        for square in found.squares:
            assert views.show(square, 4) in shown
        assert f"/ {len(found.squares)} = {views.show(found.mse, 4)}" in shown
    assert "Yours" not in shown


def test_comparison_shows_the_visitors_network():
    assert "Yours MSE = 0" in text(parts.on_compare("pattern_conv", A, B, [0.0] * 64))
    assert "Yours" not in text(parts.on_compare("pattern_cnn", A, B, [0.0] * 64))


def test_rows_of_a_are_shown_with_their_logits():
    found = parts.parts_of_a(trained("pattern_conv"))
    shown = text(views.parts_view(found, A, CONV_CLASSES))
    line = " ".join(views.show(row.softmax.logits[0], 3, 2) for row in [*found.rows, found.whole])
    assert f"A {line}" in shown


# --- charts and templates ---------------------------------------------------------------------------------


@pytest.mark.parametrize("highest", [1e-6, 0.07, 1.0, 3.2, 11.4, 100.0, 98765.0])
def test_ticks_are_few_and_reach_the_highest(highest):
    marks = ticks(highest)
    assert marks[0] == 0 and marks[-1] >= highest * (1 - 1e-9) and 3 <= len(marks) <= 6


def test_chart_draws_each_loss_at_its_height():
    chart = loss_chart([0.0, 10.0], [0, 1], ("A", "B"), 2, 1)
    (low,) = re.findall(r'kind0" d="M[\d.]+ ([\d.]+)h', chart)
    (high,) = re.findall(r'kind1" d="M[\d.]+ ([\d.]+)h', chart)
    assert (float(low), float(high)) == (200.0, 14.0), "the axis, and the highest mark"


def test_nothing_shown_can_run_as_a_template():
    *_, (chart, result, *_) = parts.on_train(0, "shuffled", 0.001, 1)
    for html in (*tab.on_grid(A, "pattern_conv", "trained", None), chart, result, words.NOT_TRAINED):
        assert "${" not in html and "{{" not in html


# --- the torch code beside the numbers --------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in vars(words) if name.endswith("_CODE")])
def test_code_runs_as_it_stands(name, capsys):
    scope: dict = {}
    exec(compile(getattr(words, name), name, "exec"), scope)
    said = capsys.readouterr().out
    if name == "ANSWER_CODE":
        assert said.strip() == "A"
        ours = [response.total for response in responses(trained("pattern_conv"), A)]
        assert scope["logits"].tolist() == pytest.approx(ours, abs=1e-4)
    if name == "DIFFERENCE_CODE":
        assert float(said) == pytest.approx(difference(trained("pattern_conv"), A, B).mse, rel=1e-4)
    if name == "TRAIN_CODE":
        assert said.strip() == "tensor(1.)"


# --- as a program calls it --------------------------------------------------------------------------------


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
    found = client.predict(B, "pattern_conv", api_name="/classify_pattern")
    expected = classify(trained("pattern_conv"), B).softmax
    assert found["answer"] == "B" and found["network"] == "pattern_conv"
    assert found["classes"] == list(CONV_CLASSES)
    assert list(found["probabilities"].values()) == pytest.approx(expected.probabilities)
    assert list(found["logits"].values()) == pytest.approx(expected.logits)


def test_endpoint_knows_neither_without_being_told_the_network(client):
    found = client.predict(
        [[5, 0, 0, 0], [0, 0, 9, 0], [0, 3, 0, 0], [0, 0, 0, 1]], api_name="/classify_pattern"
    )
    assert found["answer"] == "neither" and found["network"] == "pattern_cnn"
    assert client.predict(pattern(0, 999999999), api_name="/classify_pattern")["answer"] == "A"


def test_endpoint_says_when_there_is_nothing(client):
    found = client.predict(DARK, api_name="/classify_pattern")
    assert found["answer"] is None and "nothing to classify" in found["message"]


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
    told = client.view_api(return_format="dict")["named_endpoints"]
    assert list(told) == ["/classify_pattern"]
    names = [
        (p["parameter_name"], p["parameter_has_default"]) for p in told["/classify_pattern"]["parameters"]
    ]
    assert names == [("grid", False), ("network", True)]


def test_patterns_module_knows_two_classes_and_neither():
    assert patterns.CLASSES == ("A", "B", "neither")


def test_a_lost_training_says_what_the_loop_says(monkeypatch):
    said = "In step 7 of epoch 1 the loss became nan: try a smaller learning rate."

    def lost(config):
        yield None, Diverged(0, 6, said, math.inf)

    monkeypatch.setattr(parts, "replay", lost)
    with pytest.raises(gr.Error, match="In step 7 of epoch 1"):
        list(parts.on_train(0, "sorted", 1, 2))
