"""The Patterns tab: a 4x4 grid, a network of 64 weights, and every number between the two.

The visitor paints a pattern and sees the answer while painting, the kernels, their products with the grid and
the softmax; trains a network and watches the loss; sees with many seeds why one shuffles; compares two grids
through the network; and learns why one convolution alone cannot say "neither".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

import language
from checks import choice
from data import patterns
from inference.patterns import (
    NETWORKS,
    PatternError,
    PatternNetwork,
    check_grid,
    classify,
    from_kernels,
    hidden,
    responses,
    trained,
    untrained,
)
from language import _
from models.checkpoint import CheckpointError
from settings import CALLS
from ui.context import Context
from ui.kit.events import UNQUEUED, visitor_error
from ui.kit.navigation import navigation
from ui.patterns import views, words
from ui.patterns.cell_grid import CellGrid
from ui.patterns.panels import (
    INTENSITY,
    SAME_CODE,
    WEIGHTS,
    comparing_part,
    neither_part,
    on_compare,
    pad,
    shuffling_part,
    snippet,
    training_part,
    weight_choices,
)
from ui.patterns.views import Panel

TITLE = _("Patterns")

NETWORK_CHOICES = [
    (_("one convolution: A or B"), "pattern_conv"),
    (_("with ReLU: A, B or neither"), "pattern_cnn"),
]
SECTIONS = {
    "numbers": _("The numbers"),
    "train": _("Train it"),
    "shuffle": _("Why shuffle?"),
    "compare": _("Compare two"),
    "neither": _("Why not “neither”?"),
}
"""Titles of the lower half of the tab."""


def network_of(network: Any, weights: Any, own: list[float] | None) -> PatternNetwork:
    """The chosen network with the chosen weights. Raises PatternError or CheckpointError with a sentence."""
    weights = choice(weights, _("The weights"), WEIGHTS, PatternError)
    if weights == "untrained":
        return untrained(network)
    if weights == "own":
        if own is None or network != "pattern_conv":
            raise PatternError(_("There is no network of yours yet: press Train below."))
        return from_kernels(own)
    return trained(network)


def answer_and_numbers(network: PatternNetwork, grid: list[list[float]]) -> tuple[str, str]:
    """The answer to `grid` and the numbers that lead to it, as HTML."""
    answer = classify(network, grid)
    if network.name == "pattern_cnn":
        numbers = views.cnn_view(hidden(network, grid), answer.softmax, network.classes)
    else:
        numbers = views.conv_view(check_grid(grid), responses(network, grid), answer.softmax, network.classes)
    return views.answer_view(answer, network.classes), numbers


def on_grid(grid: Any, network: Any, weights: Any, own: list[float] | None) -> tuple[str, str]:
    """Grid, network, weights, the visitor's 64 weights or None -> answer and arithmetic as HTML."""
    try:
        return answer_and_numbers(network_of(network, weights, own), grid)
    except (PatternError, CheckpointError) as error:
        raise visitor_error(error) from None


def on_network(network: Any, weights: Any, own: list[float] | None) -> Any:
    """Network, weights, the visitor's weights -> which weights there are for it, and a choice among them."""
    choices = language.resolve(weight_choices(network, own))
    return gr.update(
        choices=choices, value=weights if weights in [value for _, value in choices] else "trained"
    )


def classify_pattern(grid: list[list[float]], network: str = "pattern_cnn") -> dict[str, Any]:
    """Classify a 4x4 pattern.

    Args:
        grid: 4 rows of 4 numbers, each from 0 to 1,000,000,000,000.
        network: "pattern_cnn" (A, B or neither; the default) or "pattern_conv" (one convolution, A or B).

    Returns:
        {"answer": name of the class, "message": a sentence, "network": its name, "classes": list of names,
        "probabilities": {class: share}, "logits": {class: number}}. For a grid of zeros "answer" is null, and
        "message" says that there is nothing to classify.
    """
    try:
        classifier = trained(network)
        answer = classify(classifier, grid)
    except (PatternError, CheckpointError) as error:
        raise visitor_error(error) from None
    name = None if answer.label is None else classifier.classes[answer.label]
    return {
        "answer": name,
        "message": _("This is {name}.").format(name=name)
        if name
        else _("There is nothing to classify: every cell is 0."),
        "network": classifier.name,
        "classes": list(classifier.classes),
        "probabilities": dict(zip(classifier.classes, answer.softmax.probabilities, strict=True)),
        "logits": dict(zip(classifier.classes, answer.softmax.logits, strict=True)),
    }


@dataclass(frozen=True)
class Parts:
    """What other tabs may touch."""

    grid: CellGrid | None
    """The main grid, None when a checkpoint cannot be used."""


def build(context: Context) -> Parts:
    """Lay the tab out and wire it."""
    try:
        for name in NETWORKS:
            trained(name)
    except CheckpointError as error:
        gr.Markdown(error.args[0])
        return Parts(None)

    def opening() -> tuple[str, str]:
        return answer_and_numbers(trained("pattern_conv"), patterns.pattern(patterns.A, INTENSITY))

    own = gr.State(None)
    gr.Markdown(words.INTRODUCTION)
    with gr.Row(elem_classes="tp-first"):
        with gr.Column(elem_classes=["tp-card", "tp-section"], scale=10, min_width=300):
            grid = pad(_("the pattern to classify"), "pattern-grid", patterns.A)
        with gr.Column(elem_classes=["tp-card", "tp-section"], scale=12, min_width=300):
            verdict = Panel(lambda: opening()[0], elem_id="pattern-answer")
            network = gr.Radio(
                NETWORK_CHOICES, value="pattern_conv", label=_("Network"), elem_id="pattern-network"
            )
            weights = gr.Radio(
                weight_choices("pattern_conv", None),
                value="trained",
                label=_("Weights"),
                elem_id="pattern-weights",
            )
            gr.Markdown(words.KEYS)

    sections = navigation(SECTIONS, "pattern-part", label=_("Look closer")).sections
    with sections["numbers"]:
        gr.Markdown(words.NUMBERS)
        arithmetic = Panel(lambda: opening()[1], elem_id="pattern-numbers")
        snippet(SAME_CODE, words.ANSWER_CODE)
    with sections["train"]:
        gr.Markdown(words.TRAIN)
        settings, training = training_part(network, weights, own)
    with sections["shuffle"]:
        gr.Markdown(words.SHUFFLE)
        shuffling_part(settings)
    with sections["compare"]:
        gr.Markdown(words.DIFFERENCE)
        pair, differences = comparing_part(network, own)
    with sections["neither"]:
        gr.Markdown(words.NEITHER)
        neither_part()

    inputs, outputs = [grid, network, weights, own], [verdict, arithmetic]
    gr.on([grid.change, weights.input], on_grid, inputs, outputs, trigger_mode="always_last", **UNQUEUED)
    network.input(on_network, [network, weights, own], weights, **UNQUEUED).then(
        on_grid, inputs, outputs, **UNQUEUED
    )
    training.success(on_grid, inputs, outputs, **UNQUEUED).success(on_compare, pair, differences, **UNQUEUED)
    gr.api(classify_pattern, api_name="classify_pattern", concurrency_limit=CALLS)
    return Parts(grid)
