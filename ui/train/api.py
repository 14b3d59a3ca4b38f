"""Training at a program's request: the endpoint /train."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from data import sources
from language import _, resolve
from training.desk.desk import Desk
from training.desk.states import RunState
from training.recipe import FIELDS, Recipe, command
from ui.context import Context
from ui.kit.clients import client_address
from ui.kit.events import visitor_error

POLL = 0.25
"""Most seconds between two answers; when the next one is due, a disconnected caller is noticed."""
NEVER = 10**9
"""A cursor behind every step: the curve is sent once, at the end."""


def endpoint(context: Context) -> Callable[..., Iterator[dict[str, Any]]]:
    """The endpoint with its documentation, for gr.api."""

    def train(
        settings: dict[str, Any] | None = None,
        epochs: int | None = None,
        samples: int | None = None,
        lr: float | None = None,
        seed: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Train a network and wait for it. Disconnecting stops the run.

        Args:
            settings: any of the fields of a run, such as {"network": "mlp", "optimizer": "adam",
                "batch_size": 64}; the others have their defaults, and the data is what this machine has,
                Fashion-MNIST or else all drawn garments. The answer names all of them.
            epochs: passes over the training pictures, 1 to 1000.
            samples: pictures to learn from; 0 takes all.
            lr: learning rate, above 0 and up to 10.
            seed: decides first weights and order, 0 to 2147483647.

        Returns:
            While the run goes on {"state", "place" in the queue, "step", "steps", "epoch", "epochs", "loss",
            "validation_accuracy"}; at the end also "said" (a sentence where there is something to say),
            "accuracy" on the test set or null, "seconds", "parameters", "history" (one object per epoch),
            "curve" (at most 600 points: "step", "loss", "accuracy", "lr", "norm"; "validated": [steps taken,
            loss, accuracy]), "settings" and "command", which gives the same numbers.
        """
        fields = {"epochs": epochs, "samples": samples, "lr": lr, "seed": seed}
        yield from on_train(context.desk, settings, fields)

    return train


def on_train(desk: Desk, settings: Any, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Settings as JSON from anybody, and single fields that are not None -> the answers of `train`, while the
    run goes on and at its end. Raises gr.Error with a sentence.
    """
    visitor = secrets.token_urlsafe(24)  # each call is a visit of its own
    try:
        recipe = recipe_of(settings, fields)
        run = desk.start(visitor, recipe, address=client_address())
    except ValueError as error:
        raise visitor_error(error) from None
    try:
        while True:
            status = desk.follow(visitor, run, NEVER, wait=POLL)
            if RunState(status["state"]).has_ended:
                break
            yield progress_of(status)
        yield progress_of(status) | outcome(desk, visitor, run, status, recipe)
    except ValueError as error:
        raise visitor_error(error) from None
    finally:
        leave(desk, visitor, run)


def recipe_of(settings: Any, fields: dict[str, Any]) -> Recipe:
    """Raises ValueError with a sentence."""
    if settings is not None and not isinstance(settings, dict):
        text = _("settings is an object with any of the fields {fields}.")
        raise ValueError(text.format(fields=", ".join(FIELDS)))
    single = {name: value for name, value in fields.items() if value is not None}
    values = {"data": sources.default(), **(settings or {}), **single}
    learnable = sources.learnable().get(values["data"]) if isinstance(values["data"], str) else None
    if learnable and (learnable.pictures or 0) < FIELDS["samples"]:  # fewer than a run usually takes
        values = {"samples": 0} | values
    recipe = Recipe.from_dict(values)
    if recipe.data == sources.OWN:
        names = ", ".join(name for name in sources.learnable() if name != sources.OWN)
        text = _("Over the network, data is one of {names}: own pictures are uploaded on the page.")
        raise ValueError(text.format(names=names))
    return recipe


def progress_of(status: dict[str, Any]) -> dict[str, Any]:
    """How a run stands, from the answer of `Desk.follow`."""
    progress, validated = status["progress"], status["validated"]
    return {
        **{name: status[name] for name in ("state", "place")},
        **{name: progress[name] for name in ("step", "steps", "epoch", "epochs")},
        "loss": validated[-1][1] if validated else None,
        "validation_accuracy": validated[-1][2] if validated else None,
    }


def outcome(desk: Desk, visitor: str, run: str, status: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """What came of a run that has ended."""
    entry = next(entry for entry in desk.runs(visitor) if entry["id"] == run)
    return {
        "said": resolve(status["message"]),
        "accuracy": entry["accuracy"],
        "seconds": entry["seconds"],
        "parameters": entry["parameters"],
        "history": status["epochs"],
        "curve": desk.curve(visitor, run),
        "settings": recipe.as_dict(),
        "command": command(recipe),
    }


def leave(desk: Desk, visitor: str, run: str) -> None:
    """Stop the run if it goes on, and forget it: nobody can refer to it again."""
    try:
        desk.stop(visitor, run)
        until = time.monotonic() + 5.0
        while desk.active(visitor) and time.monotonic() < until:
            time.sleep(0.05)
        desk.remove(visitor, run)
    except ValueError:
        return  # it is gone already, or will be when its time is over
