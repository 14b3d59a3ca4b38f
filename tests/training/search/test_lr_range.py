"""The range test: learning rates and averages by hand, its losses against a loop written out, its program."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re

import pytest
import torch
from torch import nn

from data.batches import TensorBatches
from tests.training.search.conftest import MLP, Clock
from training.config import TrainConfig
from training.optimizers import OPTIMIZERS
from training.recipe import Recipe, prepare
from training.search import sweep as search
from training.search.lr_range import RangeEnd, RangeSpec, RangeStart, RangeStep, range_test, rates, suggest
from training.search.program import code


def test_learning_rates_by_hand():
    learning_rates = rates(RangeSpec(low=1e-4, high=1e-2, steps=21))
    assert len(learning_rates) == 21
    # two decades in twenty steps: ten steps are a decade
    assert [learning_rates[k] for k in (0, 10, 20)] == pytest.approx([1e-4, 1e-3, 1e-2])
    assert [b / a for a, b in itertools.pairwise(learning_rates)] == pytest.approx([10**0.1] * 20)
    assert max(rates(RangeSpec())) <= 10.0, "the largest learning rate there is"


def test_the_losses_are_those_of_the_textbook_loop_with_these_learning_rates(samples):
    spec = RangeSpec(low=1e-3, high=1.0, steps=30)
    start, *steps, end = range_test(MLP, samples, spec)
    assert start == RangeStart(1e-3, 1.0, 30)
    assert isinstance(end, RangeEnd) and end.steps == len(steps) >= 20

    ready = prepare(MLP, samples)
    optimizer = torch.optim.SGD(ready.model.parameters(), momentum=0.5)
    batches = itertools.chain.from_iterable(ready.batches.epoch(3, epoch) for epoch in range(10))
    mean = 0.0
    for k, (x, y) in zip(range(len(steps)), batches, strict=False):
        optimizer.param_groups[0]["lr"] = 1e-3 * 1000 ** (k / 29)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(ready.model(x), y)
        loss.backward()
        optimizer.step()
        mean = 0.9 * mean + 0.1 * loss.item()
        expected = (k, 1e-3 * 1000 ** (k / 29), loss.item(), mean / (1 - 0.9 ** (k + 1)))
        assert dataclasses.astuple(steps[k]) == pytest.approx(expected, rel=1e-4)
    assert end.seconds > 0


def test_the_first_averages_by_hand(samples):
    _, first, second, *_ = range_test(MLP, samples)
    # m1 = 0.1 a, average a; m2 = 0.09 a + 0.1 b, over 1 - 0.81 = 0.19
    assert first.average == pytest.approx(first.loss)
    assert second.average == pytest.approx((9 * first.loss + 10 * second.loss) / 19)


def test_which_learning_rates_are_suggested():
    flat, fall, low, rise = [20.0] * 12, [20.0 - k for k in range(1, 16)], [5.0] * 4, [9.0, 20.0, 50.0]
    match = suggest(flat + fall + low + rise)
    # the fall lasts from index 11 to 26: the first span of ten steps that lies in it starts at 11
    assert match is not None and match.steepest == 11 + 5
    assert match.lowest == 26, "the first of the lowest"
    assert suggest([2.0] * 30) is None
    assert suggest([2.0, *[1.81] * 30]) is None, "that is no fall by a tenth"
    assert suggest([2.0, *[1.79] * 30]) is None, "the lowest comes before a span is over"
    assert suggest([2.0 - 0.03 * k for k in range(30)]) is not None
    assert suggest([]) is None


def test_the_end_names_the_learning_rates_of_these_steps(samples):
    _, *steps, end = range_test(MLP, samples, RangeSpec(low=1e-3, high=10.0, steps=100))
    average = [step.average for step in steps]
    lowest = average.index(min(average))
    assert end.lowest == steps[lowest].lr and end.tenth == pytest.approx(end.lowest / 10)
    falls = {k: average[k] - average[k + 10] for k in range(lowest - 9)}
    assert end.steepest == steps[max(falls, key=falls.__getitem__) + 5].lr
    assert f"{end.tenth:.2g}" in end.conclusion and f"{end.steepest:.2g}" in end.conclusion
    assert 1e-3 < end.steepest < end.lowest


def test_an_exploding_loss_ends_it(samples):
    wild = dataclasses.replace(MLP, config=dataclasses.replace(MLP.config, momentum=0.99))
    _, *steps, end = range_test(wild, samples, RangeSpec(low=1e-2, high=10.0, steps=400))
    assert end.why == "exploded" and len(steps) < 400
    assert f"exploded at a learning rate of {steps[-1].lr:.2g}" in end.conclusion
    average = [step.average for step in steps]
    early = [step > 4 * min(average[: k + 1]) for k, step in enumerate(average)]
    assert not any(early[:-1]), "it went on after the loss had exploded"
    assert all(math.isfinite(step.loss) for step in steps)


def test_nan_is_an_explosion_too(samples):
    broken = dataclasses.replace(samples, train=(samples.train[0].float() * 1e30, samples.train[1]))
    _, end = range_test(MLP, broken)
    assert (end.why, end.steps, end.tenth) == ("exploded", 0, None)
    assert "no learning rate can be suggested" in end.conclusion


def test_a_range_of_small_learning_rates_suggests_nothing(samples):
    _, *steps, end = range_test(MLP, samples, RangeSpec(low=1e-8, high=1e-6, steps=25))
    assert (end.why, len(steps)) == ("top", 25)
    assert (end.steepest, end.lowest, end.tenth) == (None, None, None)
    assert "never fell by 10%" in end.conclusion


def test_the_time_of_the_range_test(samples):
    # a step is one second on this clock, and the fifth is the first to end after more than four
    _, *steps, end = range_test(MLP, samples, RangeSpec(seconds=4), Clock())
    assert (end.why, end.steps, end.seconds) == ("time", 5, 5.0) and len(steps) == 5
    assert "larger ones were not tried" in end.conclusion


def test_all_but_learning_rate_schedule_and_average_is_the_recipes(samples):
    config = dataclasses.replace(MLP.config, schedule="one-cycle", average=0.9, lr=0.7)
    other = dataclasses.replace(MLP, config=config)
    spec = RangeSpec(steps=25)
    plain, changed = (
        [r for r in range_test(m, samples, spec) if isinstance(r, RangeStep)] for m in (MLP, other)
    )
    assert plain == changed
    seeded = dataclasses.replace(MLP, config=dataclasses.replace(MLP.config, seed=4))
    assert plain != [r for r in range_test(seeded, samples, spec) if isinstance(r, RangeStep)]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"low": 0}, "low must be a number from 1e-08 to 1"),
        ({"low": math.nan}, "low must be"),
        ({"high": 11}, "high must be a number from 1e-07 to 10"),
        ({"low": 0.5, "high": 1}, "high must be at least ten times low, 5, not 1"),
        ({"steps": 19}, "steps must be a whole number from 20 to 500, not 19"),
        ({"steps": 100.5}, "steps must be"),
        ({"steps": True}, "steps must be"),
        ({"seconds": [1]}, "seconds must be"),
        ({"lr": 1}, "A range test has no 'lr': it has low, high, steps, seconds."),
        ([1], "A range test is described by names and values."),
    ],
)
def test_a_bad_range_test_is_refused(spec, message):
    with pytest.raises(ValueError) as caught:
        search.check("range", MLP, spec)
    assert message in str(caught.value)


VARIANTS = {
    **{name: {"optimizer": name} for name in OPTIMIZERS},
    "nesterov, decay": {"optimizer": "nesterov", "weight_decay": 0.01},
    "adam, decay": {"optimizer": "adam", "weight_decay": 0.001},
    "adamw, decay": {"optimizer": "adamw", "weight_decay": 0.1},
    "smoothing": {"optimizer": "simple-gd", "label_smoothing": 0.2},
    "mse": {"loss": "mse", "schedule": "cosine", "average": 0.9, "epochs": 7},
    "no zero_grad": {"zero_grad": False, "shuffle": False},
    "dropout": {"dropout": 0.4},
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_the_program_prints_what_the_range_test_yields(samples, changes, monkeypatch, capsys):
    recipe = Recipe.from_dict(MLP.as_dict() | changes)
    spec = RangeSpec(low=1e-4, high=1.0, steps=25)
    monkeypatch.setattr("training.recipe.load_samples", lambda asked: samples)
    exec(compile(code(recipe, spec), "range test", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out.splitlines()
    steps = [step for step in range_test(recipe, samples, spec) if isinstance(step, RangeStep)]
    assert len(printed) == len(steps) >= 15
    for line, step in zip(printed, steps, strict=True):
        match = re.fullmatch(r"step (\d+): lr (\S+), loss (\S+), average (\S+)", line)
        assert match and int(match[1]) == step.step
        assert [float(match[k]) for k in (2, 3, 4)] == pytest.approx(
            [step.lr, step.loss, step.average], rel=6e-3, abs=1e-3
        )


def test_the_program_names_the_whole_recipe():
    config = TrainConfig(batch_size=77, seed=5)
    text = code(Recipe(network="residual", dropout=0.25, augment="shift", config=config))
    written = '{"network": "residual", "dropout": 0.25, "augment": "shift", "batch_size": 77, "seed": 5}'
    assert f"Recipe.from_dict({written})" in text
    assert "low, high, steps = 1e-06, 10.0, 120" in text
    with pytest.raises(ValueError, match="your own pictures"):
        code(Recipe(data="own"))


def test_batches_are_those_of_the_recipe(samples):
    """The range test goes through the epochs in the recipe's order."""
    ready = prepare(MLP, samples)
    assert isinstance(ready.batches, TensorBatches) and len(ready.batches) == 7
    _, *steps, _ = range_test(MLP, samples, RangeSpec(steps=20, low=1e-8, high=1e-7))
    x, y = next(iter(ready.batches.epoch(3, 1)))
    # with learning rates this small the weights stay as they are, so the eighth step shows its batch
    assert steps[7].loss == pytest.approx(nn.functional.cross_entropy(ready.model(x), y).item(), abs=1e-4)
