"""A second network for the Classify tab: one of the visitor's runs, which answers every picture, too."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from data.fashion import CLASSES
from inference.predictor import Answer, Predictor
from language import _, postponed
from models.checkpoint import Card
from models.registry import NETWORKS
from settings import READY_NETWORKS, TRAIN_KEPT_SECONDS, duration
from ui.kit.numbers import percent
from ui.kit.run_choice import RunKey

if TYPE_CHECKING:
    from training.desk.desk import Desk

MOST_CLASSES = 5
"""How many classes of a run with other classes are listed, the most probable first."""
EXPIRED = _(
    "The run that answered here is gone: a run is kept until you remove it, until {time} after your visit, "
    "or until the space for runs is full. The shipped network answers alone."
).format(time=duration(TRAIN_KEPT_SECONDS))


class RivalError(ValueError):
    """There is no second answer; the message says why."""


class GoneError(RivalError):
    """The run does not exist, or belongs to another visitor."""


@dataclass(frozen=True)
class Rival:
    """A run that can answer."""

    name: str
    """The visitor's text: never put it into a template or into HTML."""
    predictor: Predictor

    @property
    def pairs(self) -> bool:
        """Whether its classes are those of the shipped network, in whatever order."""
        return set(self.predictor.classes) == set(CLASSES)

    def answer(self, pixels: np.ndarray) -> Answer:
        """For (28, 28) uint8. Raises RivalError when the network's numbers are not finite."""
        answer = self.predictor.predict(pixels)
        if not all(map(math.isfinite, answer.probabilities)):
            raise RivalError(
                _(
                    "“{name}” has no answer. What it computes is not a finite number (NaN). Train it again "
                    "with a smaller learning rate."
                ).format(name=self.name)
            )
        return answer


class Rivals:
    """Finds runs by the secret of their owner, and keeps the latest networks ready. Safe for threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ready: OrderedDict[RunKey, tuple[Any, Predictor | ValueError]] = OrderedDict()
        """Of each run its state when its network was fetched, and the network, or why there is none."""
        self._lock = threading.Lock()

    def choices(self, visitor: Any, use: Any = None) -> list[dict[str, str]]:
        """The runs that the visitor may choose, the latest first: [{"run": id, "text": name in the list}].

        use: the chosen run, which stays in the list while it trains on. Raises RivalError with a sentence.
        """
        try:
            runs = self._desk.runs(visitor)
        except ValueError as error:
            raise RivalError(str(error)) from error
        ready = [run for run in reversed(runs) if run["usable"] or run["id"] == use]
        return [{"run": run["id"], "text": describe(run)} for run in ready]

    def find(self, key: RunKey) -> Rival:
        """The run of that visitor.

        Raises GoneError when the visitor has none of that id, RivalError when it cannot answer.
        """
        try:
            runs = {run["id"]: run for run in self._desk.runs(key.visitor)}
        except ValueError as error:
            raise GoneError(EXPIRED) from error
        run = runs.get(key.use)
        if run is None:
            with self._lock:
                self._ready.pop(key, None)
            raise GoneError(EXPIRED)
        network = self._network(key, run)
        if isinstance(network, ValueError):
            raise RivalError(_("“{name}” has no answer. {reason}").format(name=run["name"], reason=network))
        return Rival(run["name"], network)

    def _network(self, key: RunKey, run: dict[str, Any]) -> Predictor | ValueError:
        stamp = (run["state"], run["steps"], run["accuracy"], run["seconds"])
        with self._lock:
            entry = self._ready.get(key)
            if entry is not None:
                self._ready.move_to_end(key)
        # a run that trains on answers with its old weights until it ends
        if entry is not None and (entry[0] == stamp or not run["usable"]):
            return entry[1]
        network: Predictor | ValueError
        try:
            with postponed():  # the reason is kept, also for a later request in another language
                network = predictor_of(*self._desk.network(key.visitor, key.use))
        except ValueError as error:
            network = error
        with self._lock:
            self._ready[key] = (stamp, network)
            while len(self._ready) > READY_NETWORKS:
                self._ready.popitem(last=False)
        return network


def predictor_of(model: nn.Module, card: Card) -> Predictor:
    """The network of a run, ready to answer.

    Raises ValueError, a sentence, when it does not read 28x28 pictures or its weights are not finite.
    """
    values = [*model.parameters(), *model.buffers()]
    if not all(bool(value.isfinite().all()) for value in values if value.is_floating_point()):
        raise ValueError(
            _("Its weights are not finite numbers (NaN). Train it again with a smaller learning rate.")
        )
    try:
        predictor = Predictor(model.eval(), card)
        with torch.inference_mode():
            logits = model(predictor.normalised(np.zeros((28, 28), np.uint8)))
    except (RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            _("Its network does not read 28×28 pictures ({reason}).").format(reason=reason)
        ) from error
    if tuple(logits.shape) != (1, len(card.classes)) or not predictor.classes:
        raise ValueError(
            _("Its network gives numbers of the shape {shape} for {classes} classes.").format(
                shape=tuple(logits.shape), classes=len(card.classes)
            )
        )
    return predictor


def describe(run: dict[str, Any]) -> str:
    """A run as the list names it: its name, its network, its accuracy."""
    facts = [str(NETWORKS[run["recipe"]["network"]].title)]
    if run["accuracy"] is not None:
        facts.append(f"{100 * run['accuracy']:.1f} %")
    return f"{run['name']} ({', '.join(facts)})"


def on_runs(rivals: Rivals, value: Any) -> dict[str, Any]:
    """{"visitor": secret, "use": run or ""} from the browser -> {"runs": ...} or {"problem": sentence}.
    Raises nothing.
    """
    fields = value if isinstance(value, dict) else {}
    try:
        return {"runs": rivals.choices(fields.get("visitor"), fields.get("use"))}
    except RivalError as error:
        return {"problem": str(error)}


def second_answer(
    rivals: Rivals, key: RunKey | None, pixels: np.ndarray, shipped: Answer
) -> dict[str, Any] | None:
    """What `answer.js` shows of the second network; None without one.

    {"missing": sentence} or {"problem": sentence} when there is no answer; else {"name", "answer", "percent",
    "agreement", "agrees"}, and for the classes of the shipped network "top" and "probabilities", in its
    order, for others "own": [[class, share], ...], the most probable first.
    """
    if key is None:
        return None
    try:
        rival = rivals.find(key)
        answer = rival.answer(pixels)
    except GoneError as error:
        return {"missing": str(error)}
    except RivalError as error:
        return {"problem": str(error)}
    classes = rival.predictor.classes
    name, shipped_name = classes[answer.best], CLASSES[shipped.best]
    payload = {
        "name": rival.name,
        "answer": name,
        "percent": percent(answer.probabilities[answer.best]),
        "agrees": name == shipped_name,
        "agreement": agreement(shipped_name, name, rival.pairs),
    }
    shares = dict(zip(classes, answer.probabilities, strict=True))
    if rival.pairs:
        paired = [round(shares[label], 4) for label in CLASSES]
        return {**payload, "top": CLASSES.index(name), "probabilities": paired}
    order = sorted(range(len(classes)), key=lambda i: -answer.probabilities[i])[:MOST_CLASSES]
    return {**payload, "own": [[classes[i], round(answer.probabilities[i], 4)] for i in order]}


def agreement(shipped: str, other: str, pairs: bool) -> str:
    """One sentence about two answers. pairs: whether both networks have the same classes."""
    if shipped == other:
        return _("Both networks say {name}.").format(name=shipped)
    if pairs:
        return _("They disagree: {shipped} or {other}?").format(shipped=shipped, other=other)
    return _("Your run has other classes: they have a list of their own.")
