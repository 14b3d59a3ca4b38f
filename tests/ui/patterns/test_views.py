"""The views of the Patterns tab: numbers, the answer and its arithmetic, two grids, charts."""

import math
import re
from html import unescape

import gradio as gr
import pytest
import torch

import language
from inference.patterns import classify, difference, from_kernels, hidden, trained, untrained
from tests.ui.patterns.grids import DARK, A, B, text
from training.patterns import CONV_CLASSES
from ui.patterns import panels as parts
from ui.patterns import tab, views, words
from ui.patterns.loss_chart import loss_chart, ticks


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
        (math.nan, "NaN"),
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
    grid = [[1.0, 0, 0, 0], *[[0.0] * 4] * 3]
    rendered = text(views.softmax_view(classify(from_kernels(kernels), grid).softmax, CONV_CLASSES))
    # e^0 + e^-2 + e^-3 + e^-1 = 1.5530
    assert "A e ^2 − 2 = 1 1 / 1.5530 = 64.39 %" in rendered.replace("e^", "e ^")
    assert "0.1353 / 1.5530 = 8.71 %" in rendered
    assert "0.0498 / 1.5530 = 3.21 %" in rendered
    assert "0.3679 / 1.5530 = 23.69 %" in rendered
    assert "total = 1 + 0.1353 + 0.0498 + 0.3679 = 1.5530" in rendered


def test_the_numbers_inside_the_network_with_relu_are_in_its_view():
    network = trained("pattern_cnn")
    answer, numbers = tab.on_grid(A, "pattern_cnn", "trained", None)
    inside, rendered = hidden(network, A), text(numbers)
    assert text(answer).startswith("A with")
    assert "largest number, 10" in rendered
    assert rendered.count("ReLU →") == 16
    for response, passed in zip(inside.responses, inside.after_relu, strict=True):
        assert f"= {views.show(response.total, 3, 2)} ReLU → {views.show(passed, 3, 2)}" in rendered
    for logit in classify(network, A).softmax.logits:
        assert f"= {views.show(logit, 4, 3)}" in rendered


@pytest.mark.parametrize("network", ["pattern_conv", "pattern_cnn"])
def test_dark_grid_is_nothing_to_classify(network):
    answer, _ = tab.on_grid(DARK, network, "trained", None)
    assert "Nothing to classify" in text(answer) and "%" not in text(answer)


def test_the_weights_decide_the_network():
    own = [0.0] * 48 + [1.0] * 16
    before, _ = tab.on_grid(A, "pattern_conv", "untrained", None)
    own_answer, _ = tab.on_grid(A, "pattern_conv", "own", own)
    label = classify(untrained("pattern_conv"), A).label
    assert text(before).startswith(CONV_CLASSES[label])
    assert text(own_answer).startswith("class 3")


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


def test_yours_is_a_choice_after_a_training():
    def values(update):
        return [value for _, value in update["choices"]]

    assert values(tab.on_network("pattern_conv", "trained", None)) == ["untrained", "trained"]
    assert values(tab.on_network("pattern_conv", "trained", [0.0] * 64)) == ["untrained", "trained", "own"]
    other = tab.on_network("pattern_cnn", "own", [0.0] * 64)
    assert values(other) == ["untrained", "trained"] and other["value"] == "trained"


@pytest.mark.parametrize("name", ["pattern_conv", "pattern_cnn"])
def test_comparison_shows_both_networks_with_their_mse(name):
    rendered = text(parts.on_compare(name, A, B, None))
    for title, make in (("Before training", untrained), ("Trained", trained)):
        expected = difference(make(name), A, B)
        assert f"{title} MSE = {views.show(expected.mse, 4)}" in rendered
        for square in expected.squares:
            assert views.show(square, 4) in rendered
        assert f"/ {len(expected.squares)} = {views.show(expected.mse, 4)}" in rendered
    assert "Yours" not in rendered


def test_comparison_shows_the_visitors_network():
    assert "Yours MSE = 0" in text(parts.on_compare("pattern_conv", A, B, [0.0] * 64))
    assert "Yours" not in text(parts.on_compare("pattern_cnn", A, B, [0.0] * 64))


def test_the_rows_of_a_have_their_logits():
    answers = parts.parts_of_a(trained("pattern_conv"))
    rendered = text(views.parts_view(answers, A, CONV_CLASSES))
    line = " ".join(views.show(row.softmax.logits[0], 3, 2) for row in [*answers.rows, answers.whole])
    assert f"A {line}" in rendered


@pytest.mark.parametrize("highest", [1e-6, 0.07, 1.0, 3.2, 11.4, 100.0, 98765.0])
def test_ticks_are_few_and_reach_the_highest(highest):
    marks = ticks(highest)
    assert marks[0] == 0 and marks[-1] >= highest * (1 - 1e-9) and 3 <= len(marks) <= 6


def test_chart_draws_each_loss_at_its_height():
    chart = loss_chart([0.0, 10.0], [0, 1], ("A", "B"), 2, 1)
    (low,) = re.findall(r'kind0" d="M[\d.]+ ([\d.]+)h', chart)
    (high,) = re.findall(r'kind1" d="M[\d.]+ ([\d.]+)h', chart)
    assert (float(low), float(high)) == (200.0, 14.0), "the axis, and the highest mark"


def test_no_view_can_run_as_a_template():
    *_, (chart, result, *_) = parts.on_train(0, "shuffled", 0.001, 1)
    for html in (*tab.on_grid(A, "pattern_conv", "trained", None), chart, result, words.NOT_TRAINED):
        assert "${" not in html and "{{" not in html


def test_a_panel_opens_in_the_language_of_the_reader():
    translations = language.Translations("de", {"Loss of each step": "Verlust jedes Schritts"}, {}, int)
    with gr.Blocks(analytics_enabled=False) as page:
        panel = views.Panel(lambda: loss_chart([], [], ("A", "B"), 2, 1))
    assert "Loss of each step" in panel.get_config()["value"]
    token = language._current.set(translations)
    try:
        assert "Verlust jedes Schritts" in panel.get_config()["value"]
        assert "Verlust" in str(page.get_config_file()["components"])
    finally:
        language._current.reset(token)
