"""The answers of the DataLoader tab when the page or a program requests a batch or a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks import whole_number
from data.loader import loading, transforms
from data.loader.loader_code import program
from data.loader.loading import MAX_BATCH, MAX_EPOCHS, LoaderSettings
from data.loader.transform_catalogue import TransformError
from data.own.custom import DataError
from data.sources import OWN, Source, source
from language import _, ngettext
from ui.dataloader.player import Position
from ui.dataloader.show import batch_value, label_text, sample_value
from ui.kit.events import visitor_error
from ui.kit.own_data import OwnData

PLAIN: dict[str, Any] = {
    "split": "train", "count": 100, "batch_size": 32, "sampler": "random", "seed": 0, "drop_last": False,
    "one_hot": False, "weights": [], "steps": [step.plain() for step in transforms.DEFAULT], "replay_seed": 0,
    "own": None,
}  # fmt: skip
KEYS = ("dataset", *PLAIN)
"""Of a request."""


# --- requests -----------------------------------------------------------------------------------------------


def resolve(own: OwnData, request: Any) -> tuple[Source, LoaderSettings]:
    """The data set and the settings of a dictionary with KEYS.

    Raises DataError or TransformError with a sentence for anything missing or wrong in it.
    """
    if not isinstance(request, dict):
        raise DataError(_("A batch is requested with a dictionary of options."))
    options: dict[str, Any] = {key: request.get(key, PLAIN.get(key)) for key in KEYS}
    if options["dataset"] == OWN:
        data_set = own.get(options["own"])
    else:
        data_set = source(options["dataset"], options["split"], options["count"])
    if not isinstance(options["weights"], (list, tuple)):
        raise DataError(_("The weights of the classes are a list of numbers."))
    settings = LoaderSettings(
        batch_size=options["batch_size"],
        sampler=options["sampler"],
        seed=options["seed"],
        drop_last=options["drop_last"],
        class_weights=tuple(options["weights"]),
        one_hot=options["one_hot"],
        steps=transforms.checked(options["steps"]),
        replay_seed=options["replay_seed"],
    )
    return data_set, settings


def nearest(data_set: Source, settings: LoaderSettings, epoch: Any, number: Any) -> Position:
    """The nearest existing batch: None or a number after the last batch is the last batch.

    Raises DataError with a sentence if the epoch has no batch, or if the numbers are invalid.
    """
    batches = len(loading.order(data_set, settings))
    if not batches:
        sentence = ngettext(
            "drop_last leaves no batch at all: {n} sample does not fill one batch of {size}. Choose a "
            "smaller batch size, or switch drop_last off.",
            "drop_last leaves no batch at all: {n} samples do not fill one batch of {size}. Choose a "
            "smaller batch size, or switch drop_last off.",
            len(data_set),
        )
        raise DataError(sentence.format(n=f"{len(data_set):,}", size=f"{settings.batch_size:,}"))
    at = whole_number(epoch, _("The epoch"), 0, MAX_EPOCHS - 1, DataError)
    if number is None:
        return at, batches - 1
    return at, min(whole_number(number, _("The batch"), 0, 10**9, DataError), batches - 1)


def on_step(own: OwnData, request: Any) -> dict[str, Any]:
    """KEYS and epoch, number, first -> the value of the player, or {"problem": a sentence}."""
    try:
        data_set, settings = resolve(own, request)
        epoch, number = nearest(data_set, settings, request.get("epoch", 0), request.get("number", 0))
        first = whole_number(request.get("first", 0), _("The first sample"), 0, MAX_BATCH, DataError)
        size = len(loading.order(data_set, settings).batch(epoch, number))
        options = {key: request[key] for key in KEYS if key in request}
        return batch_value(data_set, settings, options, epoch, number, first if first < size else 0)
    except (DataError, TransformError) as error:
        return {"problem": str(error)}


def on_sample(own: OwnData, request: Any) -> dict[str, Any]:
    """KEYS and index -> the value of the open sample, or {"problem": a sentence}."""
    try:
        data_set, settings = resolve(own, request)
        index = whole_number(request.get("index"), _("The index"), 0, len(data_set) - 1, DataError)
        return sample_value(data_set, settings, index)
    except (DataError, TransformError) as error:
        return {"problem": str(error)}


def request_of(own: OwnData, options: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the components, by KEYS -> a request that the browser can send back.

    Weights that belong to a data set with another number of classes are left out.
    """
    steps = [step.plain() for step in options["steps"]]
    request = {**options, "steps": steps, "weights": list(options["weights"] or ())}
    unweighted = {**request, "weights": []}
    try:
        data_set = resolve(own, unweighted)[0]
    except (DataError, TransformError):
        return request
    return request if len(request["weights"]) == len(data_set.classes) else unweighted


def on_options(own: OwnData, position: Position, options: Mapping[str, Any]) -> dict[str, Any]:
    """The batch on screen and the values of the components -> the value of the player. Its settings are the
    options even if they are wrong, so that no step continues with the previous ones.
    """
    request = request_of(own, options)
    epoch, number = position
    return {**on_step(own, {**request, "epoch": epoch, "number": number}), "settings": request}


def batch(
    dataset: str = "numbers",
    split: str = "train",
    count: int = 100,
    batch_size: int = 32,
    sampler: str = "random",
    seed: int = 0,
    drop_last: bool = False,
    class_weights: list[float] | None = None,
    epoch: int = 0,
    number: int = 0,
) -> dict[str, Any]:
    """One batch of one epoch, in the order of torch's DataLoader with a generator of that seed.

    Args:
        dataset: a name such as "garments", "patterns" or "numbers"; the error for any other lists all names.
        split: "train" or "test", for data sets of garments.
        count: how many numbers, 1 to 100,000, for "numbers".
        batch_size: samples in a batch, 1 to 1,024.
        sampler: "sequential", "random" (shuffle=True) or "weighted".
        seed: of the generator, 0 to 2,147,483,647.
        drop_last: whether a smaller last batch is left out.
        class_weights: one number from 0 to 1,000 for each class, for "weighted".
        epoch: 0 to 99.
        number: of the batch, from 0; a number after the last batch gives the last.

    Returns:
        {"dataset", "samples", "batches", "epoch", "number", "indices": list, "labels": list of names,
        "x.shape", "x.dtype", "x.min(), x.max()", "x.mean()", "x.std()", "y.shape", "y.dtype", ...,
        "program": Python that gives the same batch}.
    """
    request = {
        **PLAIN, "dataset": dataset, "split": split, "count": count, "batch_size": batch_size,
        "sampler": sampler, "seed": seed, "drop_last": drop_last,
        "weights": [] if class_weights is None else class_weights,
    }  # fmt: skip
    try:
        data_set, settings = resolve(OwnData(), request)
        epoch, number = nearest(data_set, settings, epoch, number)
        value = batch_value(data_set, settings, {}, epoch, number, 0)
    except (DataError, TransformError) as error:
        raise visitor_error(error) from None
    return {
        "dataset": dataset,
        "samples": len(data_set),
        "batches": value["batches"],
        "epoch": epoch,
        "number": number,
        "indices": value["indices"],
        "labels": [label_text(data_set, index) for index in value["indices"]],
        **dict(value["facts"]),
        "program": program(data_set, settings, epoch, number),
    }
