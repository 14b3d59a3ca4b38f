"""What the DataLoader tab answers when another batch or sample is asked for, by the page or by a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checks import whole_number
from data.loader import loading, transforms
from data.loader.loader_code import program
from data.loader.loading import MAX_BATCH, MAX_EPOCHS, Settings
from data.loader.transform_catalogue import TransformError
from data.own.custom import DataError
from data.sources import OWN, Source, source
from language import _
from ui.dataloader.player import Position
from ui.dataloader.show import batch_value, label_text, sample_value
from ui.kit.events import visitor_error
from ui.kit.own_data import OwnData

KEYS = (
    "dataset", "split", "count", "batch_size", "sampler", "seed", "drop_last", "one_hot", "weights", "steps",
    "replay_seed", "own",
)  # fmt: skip
"""What an asked dictionary holds, in the order of the components."""
PLAIN: dict[str, Any] = {
    "split": "train", "count": 100, "batch_size": 32, "sampler": "random", "seed": 0, "drop_last": False,
    "one_hot": False, "weights": [], "steps": [step.plain() for step in transforms.DEFAULT], "replay_seed": 0,
    "own": None,
}  # fmt: skip


# --- what was asked -----------------------------------------------------------------------------------------


def resolved(own: OwnData, asked: Any) -> tuple[Source, Settings]:
    """The data set and the settings that a dictionary with KEYS asks for.

    Raises DataError or TransformError with a sentence for everything that is missing or wrong in it.
    """
    if not isinstance(asked, dict):
        raise DataError("A batch is asked for with a dictionary of options.")
    given = {key: asked.get(key, PLAIN.get(key)) for key in KEYS}
    if given["dataset"] == OWN:
        chosen = own.get(given["own"])
    else:
        chosen = source(given["dataset"], given["split"], given["count"])
    if not isinstance(given["weights"], (list, tuple)):
        raise DataError("The weights of the classes are a list of numbers.")
    settings = Settings(
        batch_size=given["batch_size"],
        sampler=given["sampler"],
        seed=given["seed"],
        drop_last=given["drop_last"],
        class_weights=tuple(given["weights"]),
        one_hot=given["one_hot"],
        steps=transforms.checked(given["steps"]),
        replay_seed=given["replay_seed"],
    )
    return chosen, settings


def placed(chosen: Source, settings: Settings, epoch: Any, number: Any) -> Position:
    """The nearest batch that there is: None or a number behind the last one is the last batch.

    Raises DataError with a sentence when the epoch has no batch, or when the numbers are none.
    """
    batches = len(loading.order(chosen, settings))
    if not batches:
        raise DataError(
            f"drop_last leaves no batch at all: {len(chosen):,} "
            f"{'samples do' if len(chosen) > 1 else 'sample does'} not fill one batch of "
            f"{settings.batch_size:,}. Take a smaller batch size, or switch drop_last off."
        )
    at = whole_number(epoch, _("The epoch"), 0, MAX_EPOCHS - 1, DataError)
    if number is None:
        return at, batches - 1
    return at, min(whole_number(number, _("The batch"), 0, 10**9, DataError), batches - 1)


def on_step(own: OwnData, asked: Any) -> dict[str, Any]:
    """KEYS and epoch, number, first -> the value of the player, or {"problem": a sentence}."""
    try:
        chosen, settings = resolved(own, asked)
        epoch, number = placed(chosen, settings, asked.get("epoch", 0), asked.get("number", 0))
        first = whole_number(asked.get("first", 0), _("The first sample"), 0, MAX_BATCH, DataError)
        size = len(loading.order(chosen, settings).batch(epoch, number))
        kept = {key: asked[key] for key in KEYS if key in asked}
        return batch_value(chosen, settings, kept, epoch, number, first if first < size else 0)
    except (DataError, TransformError) as error:
        return {"problem": str(error)}


def on_sample(own: OwnData, asked: Any) -> dict[str, Any]:
    """KEYS and index -> the value of the open sample, or {"problem": a sentence}."""
    try:
        chosen, settings = resolved(own, asked)
        index = whole_number(asked.get("index"), _("The index"), 0, len(chosen) - 1, DataError)
        return sample_value(chosen, settings, index)
    except (DataError, TransformError) as error:
        return {"problem": str(error)}


def asked_of(options: Sequence[Any]) -> dict[str, Any]:
    """The values of the components, in the order of KEYS, as a dictionary that the browser can send back."""
    asked = dict(zip(KEYS, options, strict=True))
    asked["steps"] = [step.plain() for step in asked["steps"]]
    asked["weights"] = list(asked["weights"] or ())
    return asked


def fitting(own: OwnData, asked: dict[str, Any]) -> dict[str, Any]:
    """`asked` without weights that belong to a data set with another number of classes."""
    try:
        chosen, _ = resolved(own, {**asked, "weights": []})
    except (DataError, TransformError):
        return asked
    return asked if len(asked["weights"]) == len(chosen.classes) else {**asked, "weights": []}


def on_options(own: OwnData, position: Position, *options: Any) -> dict[str, Any]:
    """The batch on screen and the options -> the value of the player: wrong options, too, are its settings,
    so that no step goes on with the ones before.
    """
    asked = fitting(own, asked_of(options))
    return {**on_step(own, {**asked, "epoch": position[0], "number": position[1]}), "settings": asked}


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
        dataset: a name such as "garments", "patterns" or "numbers"; any other is answered with all names.
        split: "train" or "test", for data sets of garments.
        count: how many numbers, 1 to 100,000, for "numbers".
        batch_size: samples in a batch, 1 to 1,024.
        sampler: "sequential", "random" (shuffle=True) or "weighted".
        seed: of the generator, 0 to 2,147,483,647.
        drop_last: whether a smaller last batch is left out.
        class_weights: one number from 0 to 1,000 for each class, for "weighted".
        epoch: 0 to 99.
        number: of the batch, from 0; one behind the last batch is the last.

    Returns:
        {"dataset", "samples", "batches", "epoch", "number", "indices": list, "labels": list of names,
        "x.shape", "x.dtype", "x.min(), x.max()", "x.mean()", "x.std()", "y.shape", "y.dtype", ...,
        "program": Python that gives the same batch}.
    """
    asked = {
        **PLAIN, "dataset": dataset, "split": split, "count": count, "batch_size": batch_size,
        "sampler": sampler, "seed": seed, "drop_last": drop_last,
        "weights": [] if class_weights is None else class_weights,
    }  # fmt: skip
    try:
        chosen, settings = resolved(OwnData(), asked)
        at = placed(chosen, settings, epoch, number)
        shown = batch_value(chosen, settings, {}, *at, 0)
    except (DataError, TransformError) as error:
        raise visitor_error(error) from None
    return {
        "dataset": dataset,
        "samples": len(chosen),
        "batches": shown["batches"],
        "epoch": at[0],
        "number": at[1],
        "indices": shown["indices"],
        "labels": [label_text(chosen, index) for index in shown["indices"]],
        **dict(shown["facts"]),
        "program": program(chosen, settings, *at),
    }
