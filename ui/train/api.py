"""Training asked for by a program: the endpoint /train."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from data import sources
from training.desk.desk import Desk
from training.desk.states import RunState
from training.recipe import FIELDS, Recipe, command
from ui.context import Context
from ui.kit.clients import client_address
from ui.kit.events import visitor_error

BREATH = 0.25
"""Seconds between two looks: a caller who has left is noticed at the next."""
NEVER = 10**9
"""A cursor behind every step: the curve is asked for once, at the end."""


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
                "batch_size": 64}; the others have their defaults, and the data is what there is on this
                machine, Fashion-MNIST or else all drawn garments. The answer names all of them.
            epochs: passes over the training pictures, 1 to 1000.
            samples: pictures to learn from; 0 takes all.
            lr: learning rate, above 0 and up to 10.
            seed: decides first weights and order, 0 to 2147483647.

        Returns:
            While it goes on {"state", "place" in the queue, "step", "steps", "epoch", "epochs", "loss",
            "validation_accuracy"}; at the end also "said" (a sentence where there is something to say),
            "accuracy" on the test set or null, "seconds", "parameters", "history" (one object an epoch),
            "curve" (at most 600 points: "step", "loss", "accuracy", "lr", "norm"; "validated": [steps taken,
            loss, accuracy]), "settings" and "command", which gives the same numbers.
        """
        plain = {"epochs": epochs, "samples": samples, "lr": lr, "seed": seed}
        yield from on_train(context.desk, settings, plain)

    return train


def on_train(desk: Desk, given: Any, plain: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Settings as JSON from anybody, and single fields that are not None -> what `train` returns, while the
    run goes on and at its end. Raises gr.Error with a sentence.
    """
    visitor = secrets.token_urlsafe(24)  # each call is a visit of its own
    try:
        recipe = recipe_of(given, plain)
        run = desk.start(visitor, recipe, address=client_address())
    except ValueError as error:
        raise visitor_error(error) from None
    try:
        while True:
            now = desk.follow(visitor, run, NEVER, wait=BREATH)
            if RunState(now["state"]).has_ended:
                break
            yield standing(now)
        yield standing(now) | outcome(desk, visitor, run, now, recipe)
    except ValueError as error:
        raise visitor_error(error) from None
    finally:
        leave(desk, visitor, run)


def recipe_of(given: Any, plain: dict[str, Any]) -> Recipe:
    """Raises ValueError with a sentence."""
    if given is not None and not isinstance(given, dict):
        raise ValueError(f"settings is an object with any of the fields {', '.join(FIELDS)}.")
    chosen = {name: value for name, value in plain.items() if value is not None}
    chosen = {"data": sources.default(), **(given or {}), **chosen}
    learnable = sources.learnable().get(chosen["data"]) if isinstance(chosen["data"], str) else None
    if learnable and (learnable.pictures or 0) < FIELDS["samples"]:  # fewer than a run usually takes
        chosen = {"samples": 0} | chosen
    recipe = Recipe.from_dict(chosen)
    if recipe.data == sources.OWN:
        names = " or ".join(name for name in sources.learnable() if name != sources.OWN)
        raise ValueError(f"Over the network data is {names}: pictures are uploaded on the page.")
    return recipe


def standing(now: dict[str, Any]) -> dict[str, Any]:
    """How a run stands, from what `Desk.follow` tells."""
    progress, checked = now["progress"], now["validated"]
    told = {name: now[name] for name in ("state", "place")}
    told |= {name: progress[name] for name in ("step", "steps", "epoch", "epochs")}
    return told | {
        "loss": checked[-1][1] if checked else None,
        "validation_accuracy": checked[-1][2] if checked else None,
    }


def outcome(desk: Desk, visitor: str, run: str, now: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """What came of a run that has ended."""
    kept = next(one for one in desk.runs(visitor) if one["id"] == run)
    return {
        "said": now["said"],
        "accuracy": kept["accuracy"],
        "seconds": kept["seconds"],
        "parameters": kept["parameters"],
        "history": now["epochs"],
        "curve": desk.curve(visitor, run),
        "settings": recipe.as_dict(),
        "command": command(recipe),
    }


def leave(desk: Desk, visitor: str, run: str) -> None:
    """Stop the run if it goes on, and forget it: nobody can ask for it again."""
    try:
        desk.stop(visitor, run)
        until = time.monotonic() + 5.0
        while desk.active(visitor) and time.monotonic() < until:
            time.sleep(0.05)
        desk.remove(visitor, run)
    except ValueError:
        return  # it is gone already, or will be when its time is over
