"""The learning-rate range test: one short training whose learning rate grows from step to step.

    for record in range_test(recipe, samples):
        print(record)

It stops when its consumer stops iterating, and the time that the consumer takes is not counted.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from checks import about, number, set_fields, shorten, whole_number
from data.samples import Samples
from language import _, sentences
from training.config import MAX_LR
from training.loop import Diverged, Record, State, Step, train
from training.recipe import Recipe, prepare

Clock = Callable[[], float]

BETA = 0.9
"""Share of the running average of the loss that each step of the range test keeps."""
EXPLODED = 4
"""The loss has exploded when its average is above this many times the lowest one so far."""
SPAN = 10
"""Steps over which the fall of the average is measured: a single step says too much about its batch."""
FALL = 0.1
"""The loss must fall by this share of its first average, or no learning rate is suggested."""


@dataclass(frozen=True)
class RangeSpec:
    """A range test: `steps` (20 to 500) learning rates from `low` to `high`, 1e-8 <= low, high <= 10 and at
    least ten times `low`; at most `seconds` (1 to 600) of training. ValueError with a sentence otherwise.
    """

    low: float = 1e-6
    high: float = 10.0
    steps: int = 120
    seconds: float = 60.0

    def __post_init__(self) -> None:
        set_fields(
            self,
            steps=whole_number(self.steps, "steps", 20, 500),
            seconds=number(self.seconds, "seconds", 1, 600),
        )
        # as they are, like the numbers of TrainConfig
        number(self.low, "low", 1e-8, 1)
        number(self.high, "high", 1e-7, MAX_LR)
        if self.high < 10 * self.low:
            sentence = _("high must be at least ten times low, {limit}, not {value}.")
            values = {"limit": f"{10 * self.low:g}", "value": f"{self.high:g}"}
            raise about("high", ValueError(sentence.format(**values)))

    @classmethod
    def from_dict(cls, values: object) -> RangeSpec:
        """The test that a browser sent, None for the defaults. Raises ValueError with a sentence."""
        return cls(**checked_fields(cls, values, _("A range test")))


@dataclass(frozen=True)
class RangeStart:
    """The first record: `steps` learning rates from `low` to `high` follow."""

    low: float
    high: float
    steps: int


@dataclass(frozen=True)
class RangeStep:
    """One step with its own learning rate: the loss on its batch before the weights moved, and `average`, the
    running average of the losses up to it, corrected for its start at 0 (Kingma and Ba, "Adam", arXiv
    1412.6980, section 3): m <- BETA m + (1 - BETA) loss, average = m / (1 - BETA^k) after k losses.
    """

    step: int
    lr: float
    loss: float
    average: float


@dataclass(frozen=True)
class RangeEnd:
    """What the steps show. `why` it ended: "exploded", "top" (all steps taken), "time".

    `last`: the learning rate of the last step, None without any step. `steepest`: the learning rate in the
    middle of the SPAN steps over which the average fell most. `lowest`: the learning rate at the lowest
    average; `tenth` is a tenth of it, the one to begin with. All three are None when the loss never fell by
    FALL.
    """

    why: Literal["exploded", "top", "time"]
    steps: int
    seconds: float
    last: float | None
    steepest: float | None
    lowest: float | None
    tenth: float | None

    @property
    def conclusion(self) -> str:
        """All that in two sentences."""
        if self.last is None:
            end = _("The loss exploded at the first learning rate.")
        else:
            end = {
                "exploded": _("The loss exploded at a learning rate of {last}."),
                "top": _("The loss did not explode up to a learning rate of {last}."),
                "time": _("The time was up at a learning rate of {last}: larger ones were not tried."),
            }[self.why].format(last=f"{self.last:.2g}")
        if self.tenth is None:
            suggestion = _("It never fell by {share}, so no learning rate can be suggested.").format(
                share=f"{FALL:.0%}"
            )
        else:
            suggestion = _(
                "The loss fell fastest around {steepest} and was lowest at {lowest}; a tenth of that is "
                "{tenth}."
            ).format(steepest=f"{self.steepest:.2g}", lowest=f"{self.lowest:.2g}", tenth=f"{self.tenth:.2g}")
        return sentences(end, suggestion)


def rates(spec: RangeSpec) -> list[float]:
    """The learning rate of each step: each is the same multiple of the one before it."""
    growth = math.log(spec.high / spec.low) / (spec.steps - 1)
    return [min(spec.high, spec.low * math.exp(growth * step)) for step in range(spec.steps)]


@dataclass(frozen=True)
class Suggestion:
    """Indices into the steps of a range test, see RangeEnd."""

    steepest: int
    lowest: int


def suggest(average: Sequence[float]) -> Suggestion | None:
    """The steps that suggest a learning rate; None if the average did not fall by FALL of its first value."""
    lowest = min(range(len(average)), key=average.__getitem__, default=0)
    if lowest < SPAN or average[lowest] > (1 - FALL) * average[0]:
        return None
    falls = [average[k] - average[k + SPAN] for k in range(lowest - SPAN + 1)]
    return Suggestion(falls.index(max(falls)) + SPAN // 2, lowest)


def range_test(
    recipe: Recipe, samples: Samples, spec: RangeSpec | None = None, clock: Clock = time.perf_counter
) -> Iterator[RangeStart | RangeStep | RangeEnd]:
    """Train the recipe's fresh network with a learning rate that grows from step to step (Smith, "Cyclical
    Learning Rates", arXiv 1506.01186); yields a RangeStart, a RangeStep a step, and a RangeEnd.

    Everything but the learning rate and its schedule is the recipe's; weights are not averaged. It ends early
    when the loss explodes or the time is up.
    """
    spec = spec or RangeSpec()
    watch = Stopwatch(clock)
    config = dataclasses.replace(recipe.config, lr=spec.low, schedule="constant", average=0.0)
    setup = prepare(dataclasses.replace(recipe, config=config), samples)
    config = dataclasses.replace(config, epochs=-(-spec.steps // len(setup.batches)))
    state = State(setup.model, config, len(setup.batches))
    steps = list[RangeStep]()
    why: Literal["exploded", "top", "time"] = "top"
    mean = 0.0

    yield RangeStart(spec.low, spec.high, spec.steps)
    run = train(setup.model, setup.batches, config, state=state)
    for step, lr in enumerate(rates(spec)):
        state.set_lr(lr)
        record = watch.next_of(run, Step, Diverged)
        if not isinstance(record, Step):  # the loss is no longer a number
            why = "exploded"
            break
        mean = BETA * mean + (1 - BETA) * record.loss
        steps.append(RangeStep(step, record.lr, record.loss, mean / (1 - BETA ** (step + 1))))
        yield steps[-1]
        if steps[-1].average > EXPLODED * min(earlier.average for earlier in steps):
            why = "exploded"
            break
        if watch.seconds > spec.seconds and step + 1 < spec.steps:
            why = "time"
            break
    yield _range_end(steps, why, watch.seconds)


def _range_end(
    steps: Sequence[RangeStep], why: Literal["exploded", "top", "time"], seconds: float
) -> RangeEnd:
    last = steps[-1].lr if steps else None
    suggestion = suggest([step.average for step in steps])
    if suggestion is None:
        return RangeEnd(why, len(steps), seconds, last, None, None, None)
    steepest, lowest = steps[suggestion.steepest].lr, steps[suggestion.lowest].lr
    return RangeEnd(why, len(steps), seconds, last, steepest, lowest, lowest / 10)


class Stopwatch:
    """Counts the seconds inside the training loop, not those of the reader of its records."""

    def __init__(self, clock: Clock):
        self.clock = clock
        self.seconds = 0.0

    def next_of(self, run: Iterator[Record], *kinds: type[Record]) -> Record | None:
        """The next record of one of these kinds, None at the end."""
        start_time = self.clock()
        match = next((record for record in run if isinstance(record, kinds)), None)
        self.seconds += self.clock() - start_time
        return match


def checked_fields(kind: type, values: object, name: str) -> dict[str, Any]:
    """The fields of the dataclass `kind` in `values`. name: of such an object, at the beginning of a
    sentence. Raises ValueError with a sentence.
    """
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise ValueError(_("{name} is described by names and values.").format(name=name))
    fields = [field.name for field in dataclasses.fields(kind)]
    if unknown := [key for key in values if key not in fields]:
        sentence = _("{name} has no {field}: it has {fields}.")
        raise ValueError(sentence.format(name=name, field=shorten(unknown[0]), fields=", ".join(fields)))
    return dict(values)
