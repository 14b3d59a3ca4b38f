"""The parts of the Patterns tab below its grid: one training, many, two grids compared, and "neither"."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

import language
from checks import choice, number, whole_number
from data import patterns
from inference.patterns import (
    MAX_INTENSITY,
    PatternError,
    classify,
    difference,
    from_kernels,
    kernels_of,
    parts_of_a,
    trained,
    untrained,
)
from language import _
from models.checkpoint import CheckpointError
from settings import PATTERN_TRAININGS
from training.config import TrainConfig
from training.loop import Diverged, Done, Step
from training.patterns import CONV_CLASSES, DEFAULTS, accuracy, labels_in_order, many_seeds, replay, start
from ui.kit.events import INTERNAL, UNQUEUED, visitor_error
from ui.kit.number_field import NumberField
from ui.patterns import views, words
from ui.patterns.cell_grid import CellGrid
from ui.patterns.loss_chart import loss_chart
from ui.patterns.views import Panel

INTENSITY = 10.0
"""Of the first patterns."""
MAX_EPOCHS, MAX_LR, MAX_SEED = 10, 1, 999_999
MAX_NETWORKS = 100
FRAMES = 16
"""How many pictures of the loss curve one training sends."""
SETTINGS = DEFAULTS["pattern_conv"]
ORDERS = {"sorted": _("all of A, then all of B"), "shuffled": _("shuffled")}
ORDER_TITLES = {"sorted": _("All of A, then all of B"), "shuffled": _("Shuffled")}
WEIGHTS = {"untrained": _("before training"), "trained": _("trained"), "own": _("yours")}
SAME_CODE = _("The same in PyTorch")

TRAINING: dict[str, Any] = {
    "concurrency_id": "pattern training",
    "concurrency_limit": PATTERN_TRAININGS,
    **INTERNAL,
}


def weight_choices(network: Any, own: list[float] | None) -> list[tuple[str, str]]:
    """The title and the value of each choice of weights for a network."""
    has_own = network == "pattern_conv" and own is not None
    return [(title, name) for name, title in WEIGHTS.items() if name != "own" or has_own]


def on_fill(kind: str, intensity: Any) -> list[list[float]]:
    """ "A", "B", "random" or "clear", and an intensity -> a grid."""
    try:
        level = brush(intensity)
    except PatternError as error:
        raise visitor_error(error) from None
    if kind in patterns.CLASSES[:2]:
        return patterns.pattern(patterns.CLASSES.index(kind), level)
    if kind == "clear":
        return [[0.0] * patterns.SIDE for _ in range(patterns.SIDE)]
    return [
        [random.choice((0, 0, 0, 0, 2, 4, 6, 8, 10, 10)) * level / 10 for _ in range(patterns.SIDE)]
        for _ in range(patterns.SIDE)
    ]


def brush(intensity: Any) -> float:
    """`intensity` as a float above 0. Raises PatternError with a sentence."""
    return number(intensity, _("The intensity"), 0, MAX_INTENSITY, PatternError, above=True)


def on_intensity(intensity: Any) -> Any:
    """An intensity -> what the next stroke paints; an unusable one, still being typed, changes nothing."""
    try:
        return gr.update(brush=brush(intensity))
    except PatternError:
        return gr.skip()


def pad(name: str, elem_id: str, label: int) -> CellGrid:
    """A grid that shows pattern `label`, with its intensity and the buttons that fill it."""
    grid = CellGrid(patterns.pattern(label, INTENSITY), name=name, brush=INTENSITY, elem_id=elem_id)
    with gr.Row():
        buttons = {
            kind: gr.Button(text, min_width=104, elem_id=f"{elem_id}-{kind}")
            for kind, text in (("A", "A"), ("B", "B"), ("random", _("Random")), ("clear", _("Clear")))
        }
    intensity = NumberField(
        INTENSITY,
        whole=False,
        label=_("Intensity"),
        info=_("Of your next stroke, and of A, B and Random. Try 999999999."),
        elem_id=f"{elem_id}-intensity",
    )
    for kind, button in buttons.items():
        button.click(filler(kind), intensity, grid, **UNQUEUED)
    intensity.input(on_intensity, intensity, grid, trigger_mode="always_last", **UNQUEUED)
    return grid


def filler(kind: str) -> Callable[[Any], list[list[float]]]:
    """`on_fill` for one button."""

    def fill(intensity: Any) -> list[list[float]]:
        return on_fill(kind, intensity)

    return fill


def snippet(title: str, text: str) -> None:
    """torch code, folded until a visitor opens it."""
    with gr.Accordion(title, open=False):
        gr.Markdown(f"```python\n{text}```")


def settings_of(seed: Any, order: Any, lr: Any, epochs: Any) -> TrainConfig:
    """The visitor's settings, checked. Raises PatternError with a sentence."""
    order = choice(order, _("The order"), ORDERS, PatternError)
    return TrainConfig(
        epochs=whole_number(epochs, _("The number of epochs"), 1, MAX_EPOCHS, PatternError),
        batch_size=1,
        optimizer="sgd",
        lr=number(lr, _("The learning rate"), 0, MAX_LR, PatternError, above=True),
        momentum=SETTINGS.momentum,
        shuffle=order == "shuffled",
        seed=whole_number(seed, _("The seed"), 0, MAX_SEED, PatternError),
    )


def on_train(seed: Any, order: Any, lr: Any, epochs: Any) -> Iterator[tuple[Any, ...]]:
    """Seed, order, learning rate, epochs -> chart, table, the 64 weights, choices of network and weights."""
    try:
        config = settings_of(seed, order, lr, epochs)
    except PatternError as error:
        raise visitor_error(error) from None
    model, batches = start(config)
    before, labels = _scores(model), labels_in_order(config)
    steps, seconds = config.epochs * len(batches), 0.0
    losses: list[float] = []

    def chart() -> str:
        return loss_chart(losses, labels, patterns.CLASSES[:2], steps, len(batches))

    run = replay(config)
    while True:
        # the clock counts the training, not the way of its pictures to the browser
        start_time = time.perf_counter()
        model, record = next(run)
        seconds += time.perf_counter() - start_time
        if isinstance(record, Done):
            break
        if isinstance(record, Diverged):
            raise gr.Error(record.reason, print_exception=False)
        if isinstance(record, Step):
            losses.append(record.loss)
            if len(losses) % max(1, steps // FRAMES) == 0 and len(losses) < steps:
                yield chart(), gr.skip(), gr.skip(), gr.skip(), gr.skip()
    own = kernels_of(model)
    rows = [(*score, after) for score, (title, after) in zip(before, _scores(model), strict=True)]
    sentence = _("{steps} steps in {seconds} s. The grid at the top now uses this network.")
    sentence = sentence.format(steps=steps, seconds=f"{seconds:.2f}")
    weights = gr.update(choices=language.resolve(weight_choices("pattern_conv", own)), value="own")
    yield chart(), views.result_view(rows) + views.notice(sentence), own, "pattern_conv", weights


def _scores(model: Any) -> list[tuple[str, str]]:
    """Lines about a network, each a title and a figure: its accuracy, and its answers to A and to B."""
    network = from_kernels(kernels_of(model))
    lines = [(_("A and B right, intensities 1 to 19"), views.percent(accuracy(model)))]
    for label, name in enumerate(patterns.CLASSES[:2]):
        answer = classify(network, patterns.pattern(label, INTENSITY))
        best = answer.label or 0
        share = views.percent(answer.softmax.probabilities[best])
        title = _("{name} at intensity {intensity} is called").format(name=name, intensity=f"{INTENSITY:g}")
        lines.append((title, f"{network.classes[best]} ({share})"))
    return lines


def on_seeds(count: Any, seed: Any, lr: Any, epochs: Any) -> Iterator[str]:
    """Number of seeds, the first one, learning rate, epochs -> both orders side by side, as HTML."""
    try:
        networks = whole_number(count, _("The number of networks"), 2, MAX_NETWORKS, PatternError)
        runs = [settings_of(seed, order, lr, epochs) for order in ORDERS]
    except PatternError as error:
        raise visitor_error(error) from None
    # not a divisor of an epoch, so that the pictures do not always show the same point of it
    every = 7 * runs[0].epochs // 2 or 3
    for outcomes in zip(*[many_seeds(config, networks, every) for config in runs], strict=True):
        sides = "".join(
            views.seeds_view(
                title,
                config.seed,
                list(zip(o.answer_a, o.answer_b, strict=True)),
                CONV_CLASSES,
                o.step,
                o.steps,
            )
            for title, config, o in zip(ORDER_TITLES.values(), runs, outcomes, strict=True)
        )
        yield f'<div class="pair">{sides}</div>'


def compared(name: Any, first: Any, second: Any, own: list[float] | None) -> str:
    """How different two grids are for a network before and after training and for the visitor's, as HTML."""
    networks = [(_("Before training"), untrained(name)), (_("Trained"), trained(name))]
    if own is not None and name == "pattern_conv":
        networks.append((_("Yours"), from_kernels(own)))
    sides = "".join(
        views.difference_view(title, difference(network, first, second), network.classes)
        for title, network in networks
    )
    return f'<div class="pair">{sides}</div>'


def on_compare(name: Any, first: Any, second: Any, own: list[float] | None) -> str:
    """Network, two grids, the visitor's weights -> `compared`."""
    try:
        return compared(name, first, second, own)
    except (PatternError, CheckpointError) as error:
        raise visitor_error(error) from None


def training_part(network: gr.Radio, weights: gr.Radio, own: gr.State) -> tuple[list[Any], Any]:
    """Lay out "Train it"; returns seed, learning rate and epochs, and the event of a training."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=280):
            with gr.Row():
                seed = NumberField(SETTINGS.seed, label=_("Seed"), min_width=110, elem_id="pattern-seed")
                lr = NumberField(
                    SETTINGS.lr,
                    low=0,
                    step=0.0005,
                    whole=False,
                    label=_("Learning rate"),
                    min_width=110,
                    elem_id="pattern-lr",
                )
            order = gr.Radio(
                [(title, name) for name, title in ORDERS.items()],
                value="sorted",
                label=_("Order of the grids"),
                elem_id="pattern-order",
            )
            epochs = NumberField(
                SETTINGS.epochs,
                low=1,
                high=MAX_EPOCHS,
                slider=True,
                label=_("Epochs"),
                elem_id="pattern-epochs",
            )
            go = gr.Button(_("Train"), variant="primary", elem_id="pattern-train")
        with gr.Column(scale=3, min_width=280):
            chart = Panel(lambda: loss_chart([], [], patterns.CLASSES[:2], 80, 40), elem_id="pattern-loss")
            result = Panel(lambda: views.notice(words.NOT_TRAINED), elem_id="pattern-result")
    event = go.click(on_train, [seed, order, lr, epochs], [chart, result, own, network, weights], **TRAINING)
    snippet(SAME_CODE, words.TRAIN_CODE)
    return [seed, lr, epochs], event


def shuffling_part(settings: list[Any]) -> None:
    """Lay out "Why shuffle?"; `settings` are the components for the first seed, learning rate and epochs."""
    with gr.Row(equal_height=False):
        count = NumberField(
            20,
            low=2,
            high=MAX_NETWORKS,
            slider=True,
            label=_("Networks"),
            min_width=280,
            elem_id="pattern-count",
        )
        many = gr.Button(_("Train them all, in both orders"), variant="primary", elem_id="pattern-many")
    seeds = Panel(lambda: views.notice(words.NO_SEEDS), elem_id="pattern-seeds")
    many.click(on_seeds, [count, *settings], seeds, **TRAINING)


def comparing_part(network: gr.Radio, own: gr.State) -> tuple[list[Any], Panel]:
    """Lay out "Compare two"; returns inputs and output of `on_compare`."""
    grids = []
    with gr.Row(equal_height=False):
        for label, (name, elem_id) in enumerate(
            ((_("the first grid"), "pattern-first"), (_("the second grid"), "pattern-second"))
        ):
            with gr.Column(min_width=280):
                grids.append(pad(name, elem_id, label))
    pair = patterns.pattern(patterns.A, INTENSITY), patterns.pattern(patterns.B, INTENSITY)
    differences = Panel(lambda: compared("pattern_conv", *pair, None), elem_id="pattern-difference")
    inputs = [network, *grids, own]
    changes = [grids[0].change, grids[1].change, network.change]
    gr.on(changes, on_compare, inputs, differences, trigger_mode="always_last", **UNQUEUED)
    snippet(SAME_CODE, words.DIFFERENCE_CODE)
    return inputs, differences


def neither_part() -> None:
    """Lay out why a linear network cannot say "neither"."""
    a = patterns.pattern(patterns.A, INTENSITY)
    Panel(
        lambda: views.parts_view(parts_of_a(trained("pattern_conv")), a, CONV_CLASSES), elem_id="pattern-rows"
    )
    gr.Markdown(words.NEITHER_MORE)
    snippet(_("Sums and multiples in PyTorch"), words.LINEAR_CODE)
    snippet(_("The network with ReLU in PyTorch"), words.CNN_CODE)
