"""A pipeline of torchvision v2 transforms: its steps, checked, built, printed and replayed.

A pipeline is a list of steps in order, each with a name from the catalogue, a switch and its parameters.
Input from outside goes through `checked`; everything else here takes its result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from checks import choice, switch, whole_number
from data.loader.transform_catalogue import CATALOGUE, Kind, TransformError
from data.vision import torchvision
from language import _

if TYPE_CHECKING:
    from torchvision.transforms import v2

MAX_STEPS = 12
MAX_SEED = 2**31 - 1

_global_generator = threading.Lock()


@dataclass(frozen=True)
class TransformStep:
    """A checked step: `checked` makes them."""

    name: str
    on: bool
    params: tuple[tuple[str, float], ...]
    """(name, value) in the order of the catalogue, all of them."""

    @property
    def kind(self) -> Kind:
        return CATALOGUE[self.name]

    def build(self) -> v2.Transform:
        """The transform itself."""
        positional, by_name = self.kind.arguments(dict(self.params))
        return getattr(torchvision().transforms.v2, self.name)(*positional, **by_name)

    def code(self) -> str:
        """The Python that builds it, as in `v2.RandomCrop(28, padding=4)`."""
        positional, by_name = self.kind.arguments(dict(self.params))
        words = [repr(value) for value in positional] + [f"{name}={v!r}" for name, v in by_name.items()]
        return f"v2.{self.name}({', '.join(words)})"

    def plain(self) -> dict[str, Any]:
        """In the form that `checked` reads: {"name", "on", "params"}."""
        return {"name": self.name, "on": self.on, "params": dict(self.params)}


def step(name: str, *, on: bool = True, **params: float) -> TransformStep:
    """A step, with the defaults of the catalogue for what `params` does not name. Raises TransformError."""
    return checked([{"name": name, "on": on, "params": params}])[0]


def checked(steps: Any) -> tuple[TransformStep, ...]:
    """Untrusted [{"name": str, "on": bool, "params": {name: number}}] -> steps.

    "on" may be omitted for True, a parameter for its default; a float is rounded to 6 decimals. Raises
    TransformError, a sentence with the step, the parameter and what is allowed.
    """
    if not isinstance(steps, (list, tuple)):
        raise TransformError(_("A pipeline is a list of steps."))
    if len(steps) > MAX_STEPS:
        sentence = _("A pipeline has at most {most} steps, not {n}: remove some.")
        raise TransformError(sentence.format(most=MAX_STEPS, n=len(steps)))
    return tuple(_step(number, entry) for number, entry in enumerate(steps, 1))


def _step(number: int, entry: Any) -> TransformStep:
    if not isinstance(entry, dict) or not set(entry) <= {"name", "on", "params"}:
        sentence = _('Step {n} must have a "name", "on" and "params" and nothing else.')
        raise TransformError(sentence.format(n=number))
    name = choice(entry.get("name"), _("Step {n}").format(n=number), CATALOGUE, TransformError)
    on = switch(
        entry.get("on", True), _('"on" of step {n}, {name},').format(n=number, name=name), TransformError
    )
    params = entry.get("params", {})
    parameters = {parameter.name: parameter for parameter in CATALOGUE[name].parameters}
    if not isinstance(params, dict) or not set(params) <= set(parameters):
        sentence = _("Step {n}, {name}, takes only: {parameters}.")
        if not parameters:
            sentence = _("Step {n}, {name}, takes no parameters.")
        raise TransformError(sentence.format(n=number, name=name, parameters=", ".join(parameters)))
    values = [
        (key, parameter.check(params.get(key, parameter.default), name))
        for key, parameter in parameters.items()
    ]
    return TransformStep(name, on, tuple(values))


DEFAULT = (TransformStep("ToImage", True, ()), TransformStep("ToDtype", True, ()))
"""The same as ToTensor, and nothing else."""


def switched_on(steps: Sequence[TransformStep]) -> list[TransformStep]:
    return [step for step in steps if step.on]


def is_random(steps: Sequence[TransformStep]) -> bool:
    """Whether a sample may differ from epoch to epoch with these steps."""
    return any(step.kind.random for step in switched_on(steps))


def compose(steps: Sequence[TransformStep]) -> v2.Compose:
    """The steps that are on, in order; without any, a sample stays as it is."""
    v2 = torchvision().transforms.v2
    return v2.Compose([step.build() for step in switched_on(steps)] or [v2.Identity()])


def code(steps: Sequence[TransformStep]) -> str:
    """The Python that builds the same as `compose`, named `transform`."""
    lines = [step.code() for step in switched_on(steps)] or ["v2.Identity()"]
    body = "".join(f"    {line},\n" for line in lines)
    return f"import torch\nfrom torchvision.transforms import v2\n\ntransform = v2.Compose([\n{body}])\n"


@contextmanager
def seeded(seed: Any) -> Iterator[None]:
    """Inside, torch's global generator gives what it gives after `torch.manual_seed(seed)`.

    torchvision draws from that generator only and takes no other, and all visitors share it: only one thread
    is inside at a time, and the generator is restored afterwards. The generators of a GPU are left alone.
    Raises TransformError for anything but a whole number from 0 to MAX_SEED.
    """
    seed = whole_number(seed, _("The seed"), 0, MAX_SEED, TransformError)
    with _global_generator, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def replayed(transform: Callable[[Any], Any], samples: Sequence[Any], seed: int) -> list[Any]:
    """`torch.manual_seed(seed); [transform(s) for s in samples]`, without touching the global generator.

    A DataLoader without worker processes does the same with the samples of its first batch, if their order
    comes from a generator of its own. Raises whatever `transform` raises.
    """
    with seeded(seed):
        return [transform(sample) for sample in samples]
