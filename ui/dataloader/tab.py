"""The DataLoader tab: step through the batches of a data set and see everything that a DataLoader decides.

The visitor chooses a data set (their own, too) and the options of the DataLoader, and steps, plays or jumps
through the batches: pictures, labels, indices, shapes, and a map of which samples are taken and which are
still to come. Below, one part at a time: the arithmetic of an epoch, the data set's three methods,
transforms, collate_fn, class weights, workers, the device, and the program that gives the batch on screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from checks import whole_number
from data.loader import loading
from data.loader.loader_code import dataset_class, program
from data.loader.loading import MAX_BATCH, MAX_EPOCHS
from data.loader.transform_catalogue import TransformError
from data.own.custom import DataError
from data.sources import DATA_SETS, MAX_NUMBERS, OWN, SPLITS, default, missing_note, names
from language import _
from settings import CALLS, OWN_SECONDS
from ui.context import Context
from ui.dataloader import words
from ui.dataloader.class_weights import ClassWeights
from ui.dataloader.collate import collate_part, on_collate
from ui.dataloader.data_choice import DataChoice
from ui.dataloader.panels import MAX_RUN, arithmetic, dataset_call, device_text, weights_value
from ui.dataloader.player import BatchPlayer, Position
from ui.dataloader.steps import (
    PLAIN,
    asked_of,
    batch,
    fitting,
    on_options,
    on_sample,
    on_step,
    placed,
    resolved,
)
from ui.dataloader.transforms import MAX_TRACED, on_transforms, transforms_part
from ui.dataloader.workers import workers_part
from ui.kit.clients import client_address
from ui.kit.events import INTERNAL, UNQUEUED
from ui.kit.own_data import OwnData, read_own
from ui.kit.uploads import UploadedFiles

TITLE = "DataLoader"

SAMPLER_CHOICES = [("in order", "sequential"), ("shuffled", "random"), ("weighted", "weighted")]
PARTS = (
    "The arithmetic",
    "The data set",
    "Transforms",
    "collate_fn",
    "Weights",
    "Workers",
    "The device",
    "The code",
    "Your own data",
)
"""Of the lower half of the tab; one is seen at a time."""


# --- handlers -----------------------------------------------------------------------------------------------


def on_look(
    context: Context, part: Any, position: Position, chosen: Sequence[Any], *options: Any
) -> list[Any]:
    """Name of a part, the batch on screen, (epochs, example, collate_fn) and the options -> what the part
    shows: one value for each of its views, or none when the options are wrong.
    """
    epochs, example, how = chosen
    try:
        data_set, settings = resolved(context.own, fitting(context.own, asked_of(options)))
        epoch, number = placed(data_set, settings, *position)
        indices = loading.order(data_set, settings).batch(epoch, number)
        if part == "The arithmetic":
            epochs = whole_number(epochs, _("The number of epochs"), 1, MAX_RUN, DataError)
            return [arithmetic(data_set, settings, epochs)]
        if part == "The data set":
            return [dataset_class(data_set), dataset_call(data_set, int(indices[0]))]
        if part == "Transforms":
            pictures = [data_set.dataset[index][0] for index in indices[:MAX_TRACED].tolist()]
            is_picture = data_set.kind == "picture"
            return list(on_transforms(pictures if is_picture else None, options[9], settings.replay_seed))
        if part == "collate_fn":
            return [on_collate(on_screen(context.own, position, *options), example, how)]
        if part == "Weights":
            return [weights_value(data_set, settings, min(epoch + 1, MAX_EPOCHS - 1))]
        if part == "The device":
            return [device_text(loading.batch(data_set, settings, indices), context.device)]
        return [program(data_set, settings, epoch, number)]
    except (DataError, TransformError):
        return []  # the player says what is wrong


def on_screen(own: OwnData, position: Position, *options: Any) -> list[tuple[Any, Any]]:
    """The batch on screen and the options -> its first samples `[(x, label), ...]` with their transforms;
    without them where a transform fails: its own part says why.
    """
    chosen, settings = resolved(own, fitting(own, asked_of(options)))
    at = placed(chosen, settings, *position)
    indices = loading.order(chosen, settings).batch(*at)[:MAX_TRACED]
    try:
        return loading.samples(chosen, settings, indices)
    except Exception:  # any pipeline may be asked for, and torchvision raises what it likes
        return [chosen.dataset[index] for index in indices.tolist()]


def on_part(chosen: Any) -> list[Any]:
    """Name of a part of the tab -> for each part whether it is seen."""
    return [gr.update(visible=part == chosen) for part in PARTS]


def on_dataset(name: Any) -> tuple[Any, Any]:
    """Name of a data set -> whether it has a train and a test part, and a count."""
    entry = DATA_SETS.get(name) if isinstance(name, str) else None
    has_splits, has_count = (entry.has_splits, entry.has_count) if entry else (False, False)
    return gr.update(visible=has_splits), gr.update(visible=has_count)


def choices_of_data() -> list[tuple[str, str]]:
    return [(DATA_SETS[name].title, name) for name in names()]


def on_own(
    own: OwnData, files: list[tuple[str, bytes]], label: Any, before: Any, visit: str = "", address: str = ""
) -> tuple[Any, ...]:
    """Uploaded files, name of the label column, secret of the data before, name of the visit, network address
    -> secret, choice of data sets, a sentence, whether there is something to forget.
    """
    if not files:
        return (gr.skip(),) * 4
    try:
        data_set, told = read_own(files, label if isinstance(label, str) else "")
        token = own.keep(data_set, visit, address, before)
    except DataError as error:
        return gr.skip(), gr.skip(), str(error), gr.skip()
    choices = [*choices_of_data(), (DATA_SETS[OWN].title, OWN)]
    return token, gr.update(choices=choices, value=OWN), told, gr.update(visible=True)


def on_forget(own: OwnData, token: Any) -> tuple[Any, ...]:
    """The secret of a visitor's data -> no data of theirs any more."""
    own.drop(token)
    return None, gr.update(choices=choices_of_data(), value=default()), "Forgotten.", gr.update(visible=False)


# --- the page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """What other tabs may touch."""

    token: gr.State
    """The secret of the visitor's own data, None without."""


def build(context: Context) -> Parts:
    """Lay out the tab and wire it."""
    begin = default()
    first = on_step(context.own, {**PLAIN, "dataset": begin, "epoch": 0, "number": 0})
    gr.Markdown(words.INTRODUCTION)
    with gr.Row(elem_classes="tp-loader", equal_height=False):
        with gr.Column(scale=1, min_width=280, elem_classes=["tp-card", "tp-section"]):
            dataset = DataChoice(
                choices_of_data(), value=begin, label="Data set", elem_id="batch-dataset",
                info=missing_note() or None,
            )  # fmt: skip
            split = gr.Radio(
                list(SPLITS), value="train", label="Part", visible=DATA_SETS[begin].has_splits,
                elem_id="batch-split",
            )  # fmt: skip
            count = gr.Number(
                100, label="How many numbers", visible=DATA_SETS[begin].has_count,
                info=f"1 to {MAX_NUMBERS:,}.", elem_id="batch-count",
            )  # fmt: skip
            # no minimum, no precision: `resolved` says what is wrong with a number in its own words
            with gr.Row():
                size = gr.Number(
                    32, label="batch_size", info=f"1 to {MAX_BATCH:,}", min_width=110, elem_id="batch-size"
                )
                seed = gr.Number(0, label="Seed", info="of the order", min_width=110, elem_id="batch-seed")
            sampler = gr.Radio(
                SAMPLER_CHOICES, value="random", label="Order", elem_id="batch-sampler",
                info="shuffle=False, shuffle=True, or a WeightedRandomSampler.",
            )  # fmt: skip
            with gr.Row():
                drop_last = gr.Checkbox(
                    False, label="drop_last", info="Leave out a smaller last batch.", min_width=120,
                    elem_id="batch-drop-last",
                )  # fmt: skip
                one_hot = gr.Checkbox(
                    False, label="one-hot labels", info="3 becomes [0, 0, 0, 1, 0, …].", min_width=120,
                    elem_id="batch-one-hot",
                )  # fmt: skip
        with gr.Column(scale=3, min_width=300, elem_classes="tp-card"):
            player = BatchPlayer(
                lambda asked: on_step(context.own, asked),
                lambda asked: on_sample(context.own, asked),
                first,
                elem_id="batch-player",
            )
    with gr.Column(elem_classes="tp-section"):
        part = gr.Radio(list(PARTS), value=PARTS[0], label="Look closer", elem_id="batch-part")
    shelves = {
        name: gr.Column(visible=name == PARTS[0], elem_classes=["tp-card", "tp-section"]) for name in PARTS
    }
    with shelves["The arithmetic"]:
        gr.Markdown(words.ARITHMETIC)
        epochs = gr.Slider(1, MAX_RUN, 3, step=1, label="Epochs", elem_id="batch-epochs")
        counted = gr.Markdown(elem_id="batch-arithmetic")
    with shelves["The data set"]:
        gr.Markdown(words.DATASET)
        methods = gr.Code(label="The data set", elem_id="batch-methods", **words.PYTHON)
        call = gr.Code(label="One sample", elem_id="batch-call", show_line_numbers=False, **words.PYTHON)
    with shelves["Weights"]:
        gr.Markdown(words.WEIGHTS)
        weights = ClassWeights(elem_id="batch-weights")
        use = gr.Button(
            "Draw with these weights",
            variant="primary",
            elem_id="batch-use-weights",
            elem_classes="tp-narrow",
        )
    with shelves["The device"]:
        gr.Markdown(words.DEVICE)
        moved = gr.Markdown(elem_id="batch-device")
        again = gr.Button("Measure again", elem_id="batch-move", elem_classes="tp-narrow")
    with shelves["The code"]:
        gr.Markdown(words.CODE)
        code = gr.Code(label="PyTorch", elem_id="batch-program", **words.PYTHON)
        gr.Code(words.CALL, label="From a program, over the network", show_line_numbers=False, **words.PYTHON)
    with shelves["Your own data"]:
        gr.Markdown(words.OWN)
        files = UploadedFiles(label="Pictures, a zip, or a CSV", elem_id="batch-files")
        # a plain field: what is told may hold names that the visitor's files have
        told = gr.Textbox(interactive=False, show_label=False, container=False, lines=2, elem_id="batch-own")
        label = gr.Textbox(
            label="Name of the label column",
            info="Only for a table. Empty: the column label, target, class or y, else the last one.",
            max_lines=1,
            elem_id="batch-label",
        )
        remove = gr.Button("Forget my data", visible=False, elem_id="batch-forget", elem_classes="tp-narrow")
    # no method of `own`: Gradio copies it with the page's configuration, and the data would be copied, too
    token = gr.State(None, time_to_live=OWN_SECONDS, delete_callback=lambda kept: context.own.drop(kept))
    with shelves["Transforms"]:
        transform = transforms_part()
    options = [
        dataset, split, count, size, sampler, seed, drop_last, one_hot, weights, transform.pipeline,
        transform.seed, token,
    ]  # fmt: skip

    def samples_on_screen(position: Position, *given: Any) -> list[tuple[Any, Any]]:
        return on_screen(context.own, position, *given)

    with shelves["collate_fn"]:
        (example, how), collated = collate_part([player, *options], samples_on_screen)
    with shelves["Workers"]:
        workers_part()
    seen = {
        "The arithmetic": [counted],
        "The data set": [methods, call],
        "Transforms": [transform.stages, transform.code],
        "collate_fn": [collated],
        "Weights": [weights],
        "The device": [moved],
        "The code": [code],
    }
    places = [view for views in seen.values() for view in views]

    def look(chosen: Any, position: Position, run: Any, name: Any, collate: Any, *given: Any) -> Any:
        views = seen.get(chosen, [])
        if not views:
            return [gr.skip()] * len(places)
        made = iter(on_look(context, chosen, position, (run, name, collate), *given))
        return [next(made, gr.skip()) if place in views else gr.skip() for place in places]

    def options_changed(position: Position, *given: Any) -> dict[str, Any]:
        return on_options(context.own, position, *given)

    gr.on(
        [*(one.change for one in [*options[:8], transform.pipeline, transform.seed]), weights.input],
        options_changed,
        [player, *options],
        player,
        trigger_mode="always_last",
        **UNQUEUED,
    )
    gr.on(
        [player.input, epochs.change, part.input, again.click],
        look,
        [part, player, epochs, example, how, *options],
        places,
        trigger_mode="always_last",
        **UNQUEUED,
    )
    part.input(on_part, part, list(shelves.values()), **UNQUEUED)
    dataset.change(on_dataset, dataset, [split, count], **UNQUEUED)
    use.click(lambda: "weighted", None, sampler, **UNQUEUED)

    def uploaded(sent: Any, name: Any, before: Any, request: gr.Request) -> tuple[Any, ...]:
        return on_own(context.own, sent, name, before, request.session_hash or "", client_address())

    files.upload(
        uploaded,
        [files, label, token],
        [token, dataset, told, remove],
        **INTERNAL,
    ).then(options_changed, [player, *options], player, **UNQUEUED).then(
        lambda: None, None, files, **UNQUEUED
    )
    remove.click(lambda kept: on_forget(context.own, kept), token, [token, dataset, told, remove], **UNQUEUED)
    gr.api(batch, api_name="batch", concurrency_limit=CALLS)
    return Parts(token)
