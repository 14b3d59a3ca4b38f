"""The DataLoader tab: step through the batches of a data set and see everything that a DataLoader decides.

Visitors choose a data set, which may be their own, and the options of the DataLoader, and step, play or jump
through the batches: pictures, labels, indices, shapes, and a map of the samples that the epoch has taken and
those still to come. Below, one section at a time: the arithmetic of an epoch, the data set's three methods,
transforms, collate_fn, class weights, workers, the device, and the program that gives the batch on screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from checks import whole_number
from data.loader import loading
from data.loader.loader_code import dataset_class, program
from data.loader.loading import MAX_BATCH, MAX_EPOCHS
from data.loader.transform_catalogue import TransformError
from data.own.custom import DataError
from data.sources import DATA_SETS, MAX_NUMBERS, OWN, default, missing_note, source
from language import _
from settings import CALLS
from ui.context import Context
from ui.dataloader import words
from ui.dataloader.class_weights import ClassWeights
from ui.dataloader.collate import collate_part, on_collate
from ui.dataloader.data_choice import DataChoice, choices_of_data
from ui.dataloader.own import own_part
from ui.dataloader.panels import MAX_RUN, arithmetic, dataset_call, device_text, weights_value
from ui.dataloader.player import BatchPlayer, Position
from ui.dataloader.steps import (
    PLAIN,
    batch,
    nearest,
    on_options,
    on_sample,
    on_step,
    request_of,
    resolve,
)
from ui.dataloader.transforms import MAX_TRACED, on_transforms, transforms_part
from ui.dataloader.workers import workers_part
from ui.kit.events import UNQUEUED
from ui.kit.navigation import navigation
from ui.kit.number_field import NumberField
from ui.kit.own_data import OwnData
from ui.kit.own_secret import OwnSecret

TITLE = "DataLoader"

SAMPLER_CHOICES = [(_("in order"), "sequential"), (_("shuffled"), "random"), (_("weighted"), "weighted")]
SPLIT_CHOICES = [(_("train"), "train"), (_("test"), "test")]
SECTIONS = {
    "arithmetic": _("The arithmetic"),
    "dataset": _("The data set"),
    "transforms": _("Transforms"),
    "collate": "collate_fn",
    "weights": _("Weights"),
    "workers": _("Workers"),
    "device": _("The device"),
    "code": _("The code"),
    "own": _("Your own data"),
}
"""Titles of the lower half of the tab."""


# --- handlers -----------------------------------------------------------------------------------------------


def on_look(
    context: Context, section: Any, position: Position, choices: Sequence[Any], options: Mapping[str, Any]
) -> list[Any]:
    """Id of a section, the batch on screen, (epochs, example, collate_fn), the options by KEYS -> a value for
    each view of the section, or none if the options are wrong.
    """
    epochs, example, how = choices
    try:
        data_set, settings = resolve(context.own, request_of(context.own, options))
        epoch, number = nearest(data_set, settings, *position)
        indices = loading.order(data_set, settings).batch(epoch, number)
        if section == "arithmetic":
            epochs = whole_number(epochs, _("The number of epochs"), 1, MAX_RUN, DataError)
            return [arithmetic(data_set, settings, epochs)]
        if section == "dataset":
            return [dataset_class(data_set), dataset_call(data_set, int(indices[0]))]
        if section == "transforms":
            pictures = [data_set.dataset[index][0] for index in indices[:MAX_TRACED].tolist()]
            is_picture = data_set.kind == "picture"
            return list(
                on_transforms(pictures if is_picture else None, options["steps"], settings.replay_seed)
            )
        if section == "collate":
            return [on_collate(on_screen(context.own, position, options), example, how)]
        if section == "weights":
            return [weights_value(data_set, settings, min(epoch + 1, MAX_EPOCHS - 1))]
        if section == "device":
            return [device_text(loading.batch(data_set, settings, indices), context.device)]
        return [program(data_set, settings, epoch, number)]
    except (DataError, TransformError):
        return []  # the player says what is wrong


def on_screen(own: OwnData, position: Position, options: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """The batch on screen and the options -> its first samples `[(x, label), ...]` with their transforms, or
    without them if a transform fails: its own section says why.
    """
    data_set, settings = resolve(own, request_of(own, options))
    epoch, number = nearest(data_set, settings, *position)
    indices = loading.order(data_set, settings).batch(epoch, number)[:MAX_TRACED]
    try:
        return loading.samples(data_set, settings, indices)
    except Exception:  # for an impossible pipeline torchvision raises many kinds
        return [data_set.dataset[index] for index in indices.tolist()]


def on_dataset(name: Any) -> tuple[Any, Any]:
    """Name of a data set -> updates of the choices of its part and of its count."""
    entry = DATA_SETS.get(name) if isinstance(name, str) else None
    has_splits, has_count = (entry.has_splits, entry.has_count) if entry else (False, False)
    return gr.update(visible=has_splits), gr.update(visible=has_count)


def on_arrival(opening: str, token: Any, dataset: Any, position: Position) -> Any:
    """The data set the page opens with, secret of the visitor's data, chosen data set, and batch -> an update
    of the choice, once there are more data sets. Visitors who have not begun yet get what the page prefers.
    """
    own = [(str(DATA_SETS[OWN].title), OWN)] if token else []
    value = default() if dataset == opening and position == (0, 0) else dataset
    return gr.update(choices=choices_of_data() + own, value=value, info=missing_note())


# --- the page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """What other tabs may touch."""

    token: OwnSecret
    """The secret of the visitor's own data. To be rendered outside of the tabs: a tab that was not opened has
    no scripts.
    """
    arrive: Callable[[Any], Any]
    """Takes an event, after which there are more data sets to choose from."""


def data_form() -> dict[str, Any]:
    """Lay out the choice of a data set and the options of its batches; returns the components by `KEYS`."""
    first = default()
    dataset = DataChoice(
        choices_of_data(),
        value=first,
        label=_("Data set"),
        elem_id="batch-dataset",
        info=missing_note() or None,
    )
    split = gr.Radio(
        SPLIT_CHOICES,
        value="train",
        label=_("Part"),
        visible=DATA_SETS[first].has_splits,
        elem_id="batch-split",
    )
    count = NumberField(
        100, label=_("How many numbers"), visible=DATA_SETS[first].has_count,
        info=_("1 to {most}").format(most=f"{MAX_NUMBERS:,}"), elem_id="batch-count",
    )  # fmt: skip
    # `resolve` says what is wrong with a number in its own words
    with gr.Row():
        size = NumberField(
            32,
            label="batch_size",
            info=_("1 to {most}").format(most=f"{MAX_BATCH:,}"),
            min_width=110,
            elem_id="batch-size",
        )
        seed = NumberField(0, label=_("Seed"), info=_("of the order"), min_width=110, elem_id="batch-seed")
    sampler = gr.Radio(
        SAMPLER_CHOICES, value="random", label=_("Order"), elem_id="batch-sampler",
        info=_("shuffle=False, shuffle=True, or a WeightedRandomSampler."),
    )  # fmt: skip
    with gr.Row():
        drop_last = gr.Checkbox(
            False, label="drop_last", info=_("Leave out a smaller last batch."), min_width=120,
            elem_id="batch-drop-last",
        )  # fmt: skip
        one_hot = gr.Checkbox(
            False, label=_("one-hot labels"), info=_("3 becomes [0, 0, 0, 1, 0, …]."), min_width=120,
            elem_id="batch-one-hot",
        )  # fmt: skip
    dataset.change(on_dataset, dataset, [split, count], **UNQUEUED)
    return {
        "dataset": dataset, "split": split, "count": count, "batch_size": size, "seed": seed,
        "sampler": sampler, "drop_last": drop_last, "one_hot": one_hot,
    }  # fmt: skip


def opening(context: Context) -> dict[str, Any]:
    """The batch that the tab opens with."""
    return on_step(context.own, {**PLAIN, "dataset": default(), "epoch": 0, "number": 0})


def warm(context: Context) -> None:
    """Import torchvision, and draw the garments."""
    opening(context)
    source("garments")


def build(context: Context) -> Parts:
    """Lay out the tab and wire it."""
    first = default()
    gr.Markdown(words.INTRODUCTION)
    with gr.Row(elem_classes="tp-loader", equal_height=False):
        with gr.Column(scale=1, min_width=280, elem_classes=["tp-card", "tp-section"]):
            options = data_form()
        with gr.Column(scale=3, min_width=300, elem_classes="tp-card"):
            player = BatchPlayer(
                lambda request: on_step(context.own, request),
                lambda request: on_sample(context.own, request),
                partial(opening, context),
                elem_id="batch-player",
            )
    look_closer = navigation(SECTIONS, "batch-part", label=_("Look closer"))
    section, sections = look_closer.choice, look_closer.sections
    with sections["arithmetic"]:
        gr.Markdown(words.ARITHMETIC)
        epochs = NumberField(
            3, low=1, high=MAX_RUN, slider=True, label=_("Epochs"), elem_id="batch-epochs"
        )
        counted = gr.Markdown(elem_id="batch-arithmetic")
    with sections["dataset"]:
        gr.Markdown(words.DATASET)
        methods = gr.Code(label=_("The data set"), elem_id="batch-methods", **words.PYTHON)
        call = gr.Code(label=_("One sample"), elem_id="batch-call", show_line_numbers=False, **words.PYTHON)
    with sections["transforms"]:
        transform = transforms_part()
    with sections["weights"]:
        gr.Markdown(words.WEIGHTS)
        weights = ClassWeights(elem_id="batch-weights")
        use = gr.Button(
            _("Draw with these weights"),
            variant="primary",
            elem_id="batch-use-weights",
            elem_classes="tp-narrow",
        )
    with sections["device"]:
        gr.Markdown(words.DEVICE)
        moved = gr.Markdown(elem_id="batch-device")
        again = gr.Button(_("Measure again"), elem_id="batch-move", elem_classes="tp-narrow")
    with sections["code"]:
        gr.Markdown(words.CODE)
        code = gr.Code(label="PyTorch", elem_id="batch-program", **words.PYTHON)
        gr.Code(
            words.CALL, label=_("From a program, over the network"), show_line_numbers=False, **words.PYTHON
        )
    token = OwnSecret(render=False)
    options |= {
        "weights": weights, "steps": transform.pipeline, "replay_seed": transform.seed, "own": token,
    }  # fmt: skip
    inputs = [player, *options.values()]

    def by_name(values: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(options, values, strict=True))

    def samples_on_screen(position: Position, *values: Any) -> list[tuple[Any, Any]]:
        return on_screen(context.own, position, by_name(values))

    def options_changed(position: Position, *values: Any) -> dict[str, Any]:
        return on_options(context.own, position, by_name(values))

    def refresh(event: Any) -> Any:
        return event.then(options_changed, inputs, player, **UNQUEUED)

    with sections["collate"]:
        (example, how), collated = collate_part(inputs, samples_on_screen)
    with sections["workers"]:
        workers_part()
    with sections["own"]:
        own_part(context, options["dataset"], token, refresh)
    views = {
        "arithmetic": [counted],
        "dataset": [methods, call],
        "transforms": [transform.stages, transform.code],
        "collate": [collated],
        "weights": [weights],
        "device": [moved],
        "code": [code],
    }
    outputs = [view for of_section in views.values() for view in of_section]

    def look(section: Any, position: Position, run: Any, name: Any, collate: Any, *values: Any) -> Any:
        visible = views.get(section, [])
        if not visible:
            return [gr.skip()] * len(outputs)
        values_of = iter(on_look(context, section, position, (run, name, collate), by_name(values)))
        return [next(values_of, gr.skip()) if view in visible else gr.skip() for view in outputs]

    changes = [component.change for key, component in options.items() if key not in ("weights", "own")]
    gr.on([*changes, weights.input], options_changed, inputs, player, trigger_mode="always_last", **UNQUEUED)
    gr.on(
        [player.input, epochs.change, section.input, again.click],
        look,
        [section, player, epochs, example, how, *options.values()],
        outputs,
        trigger_mode="always_last",
        **UNQUEUED,
    )
    use.click(lambda: "weighted", None, options["sampler"], **UNQUEUED)
    gr.api(batch, api_name="batch", concurrency_limit=CALLS)

    def arrive(event: Any) -> Any:
        return event(
            partial(on_arrival, first), [token, options["dataset"], player], options["dataset"], **UNQUEUED
        )

    return Parts(token, arrive)
