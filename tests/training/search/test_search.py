"""The range test and the sweep: learning rates, averages and shares by hand, runs against `train` itself."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re

import pytest
import torch
from torch import nn

from data.batches import TensorBatches
from data.samples import Samples
from training.config import TrainConfig
from training.loop import Diverged, Step, evaluate, train
from training.optimizers import OPTIMIZERS
from training.recipe import Recipe, command, normalised, prepare
from training.search import lr_range
from training.search import sweep as search
from training.search.lr_range import RangeEnd, RangeSpec, RangeStart, RangeStep, range_test, rates, suggest
from training.search.program import code
from training.search.sweep import Axis, CellEnd, CellPoint, CellStart, Sweep, SweepEnd, SweepStart, sweep

MLP = Recipe(network="mlp", width=16, config=TrainConfig(batch_size=32, lr=0.1, momentum=0.5, seed=3))


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Ten kinds of bright stripe under noise: learnable within some twenty steps."""
    source = torch.Generator().manual_seed(0)

    def draw(count: int):
        labels = torch.arange(count) % 10
        pictures = torch.randint(0, 120, (count, 1, 28, 28), generator=source)
        for i, label in enumerate(labels.tolist()):
            pictures[i, 0, 2 * label : 2 * label + 4] += 130
        return pictures.to(torch.uint8), labels

    return Samples(draw(200), draw(50), draw(20), tuple("abcdefghij"), "stripes")


class Clock:
    """One second passes between two looks at it."""

    def __init__(self) -> None:
        self.now = itertools.count(0.0, 1.0)

    def __call__(self) -> float:
        return next(self.now)


# --- the range test -----------------------------------------------------------------------------------------


def test_learning_rates_by_hand():
    made = rates(RangeSpec(low=1e-4, high=1e-2, steps=21))
    assert len(made) == 21
    # two decades in twenty steps: ten steps are a decade
    assert made[0] == 1e-4 and made[10] == pytest.approx(1e-3) and made[20] == pytest.approx(1e-2)
    assert [b / a for a, b in itertools.pairwise(made)] == pytest.approx([10**0.1] * 20)
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
    found = suggest(flat + fall + low + rise)
    # the fall lasts from index 11 to 26: the first span of ten steps that lies in it starts at 11
    assert found is not None and found.steepest == 11 + 5
    assert found.lowest == 26, "the first of the lowest"
    assert suggest([2.0] * 30) is None
    assert suggest([2.0, *[1.81] * 30]) is None, "that is no fall by a tenth"
    assert suggest([2.0, *[1.79] * 30]) is None, "the lowest comes before a span is over"
    assert suggest([2.0 - 0.03 * k for k in range(30)]) is not None
    assert suggest([]) is None


def test_the_end_names_the_learning_rates_of_these_steps(samples):
    _, *steps, end = range_test(MLP, samples, RangeSpec(low=1e-3, high=10.0, steps=100))
    average = [one.average for one in steps]
    lowest = average.index(min(average))
    assert end.lowest == steps[lowest].lr and end.tenth == pytest.approx(end.lowest / 10)
    falls = {k: average[k] - average[k + 10] for k in range(lowest - 9)}
    assert end.steepest == steps[max(falls, key=falls.__getitem__) + 5].lr
    assert f"{end.tenth:.2g}" in end.said and f"{end.steepest:.2g}" in end.said
    assert 1e-3 < end.steepest < end.lowest


def test_an_exploding_loss_ends_it(samples):
    wild = dataclasses.replace(MLP, config=dataclasses.replace(MLP.config, momentum=0.99))
    _, *steps, end = range_test(wild, samples, RangeSpec(low=1e-2, high=10.0, steps=400))
    assert end.why == "exploded" and len(steps) < 400
    assert f"exploded at a learning rate of {steps[-1].lr:.2g}" in end.said
    average = [one.average for one in steps]
    early = [one > 4 * min(average[: k + 1]) for k, one in enumerate(average)]
    assert not any(early[:-1]), "it went on after the loss had exploded"
    assert all(math.isfinite(one.loss) for one in steps)


def test_no_number_is_an_explosion_too(samples):
    broken = dataclasses.replace(samples, train=(samples.train[0].float() * 1e30, samples.train[1]))
    _, end = range_test(MLP, broken)
    assert (end.why, end.steps, end.tenth) == ("exploded", 0, None)
    assert "no learning rate can be suggested" in end.said


def test_small_learning_rates_suggest_nothing(samples):
    _, *steps, end = range_test(MLP, samples, RangeSpec(low=1e-8, high=1e-6, steps=25))
    assert (end.why, len(steps)) == ("top", 25)
    assert (end.steepest, end.lowest, end.tenth) == (None, None, None)
    assert "never fell by 10%" in end.said


def test_the_time_of_the_range_test(samples):
    # a step is one second on this clock, and the fifth is the first to end after more than four
    _, *steps, end = range_test(MLP, samples, RangeSpec(seconds=4), Clock())
    assert (end.why, end.steps, end.seconds) == ("time", 5, 5.0) and len(steps) == 5
    assert "larger ones were not tried" in end.said


def test_only_learning_rate_schedule_and_average_are_not_the_recipe_s(samples):
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
    ("sent", "said"),
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
def test_a_bad_range_test_is_refused(sent, said):
    with pytest.raises(ValueError) as caught:
        search.check("range", MLP, sent)
    assert said in str(caught.value)


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
    steps = [one for one in range_test(recipe, samples, spec) if isinstance(one, RangeStep)]
    assert len(printed) == len(steps) >= 15
    for line, one in zip(printed, steps, strict=True):
        found = re.fullmatch(r"step (\d+): lr (\S+), loss (\S+), average (\S+)", line)
        assert found and int(found[1]) == one.step
        assert [float(found[k]) for k in (2, 3, 4)] == pytest.approx(
            [one.lr, one.loss, one.average], rel=6e-3, abs=1e-3
        )


def test_the_program_names_the_whole_recipe():
    config = TrainConfig(batch_size=77, seed=5)
    text = code(Recipe(network="residual", dropout=0.25, augment="shift", config=config))
    written = '{"network": "residual", "dropout": 0.25, "augment": "shift", "batch_size": 77, "seed": 5}'
    assert f"Recipe.from_dict({written})" in text
    assert "low, high, steps = 1e-06, 10.0, 120" in text
    with pytest.raises(ValueError, match="your own pictures"):
        code(Recipe(data="own"))


# --- the sweep ----------------------------------------------------------------------------------------------


def spec(**more) -> Sweep:
    return Sweep(**{"rows": Axis("lr", (0.1, 0.001)), "columns": Axis("batch_size", (20, 50)), **more})


def test_each_cell_equals_a_run_of_its_own(samples):
    records = list(sweep(MLP, samples, spec(epochs=2)))
    assert records[0] == SweepStart("lr", (0.1, 0.001), "batch_size", (20, 50), 2, 15.0)
    ends = [one for one in records if isinstance(one, CellEnd)]
    assert [end.cell for end in ends] == [0, 1, 2, 3]
    pairs = [(0.1, 20), (0.1, 50), (0.001, 20), (0.001, 50)]
    for end, (lr, size) in zip(ends, pairs, strict=True):
        config = dataclasses.replace(MLP.config, lr=lr, batch_size=size, epochs=2)
        alone = dataclasses.replace(MLP, config=config)
        ready = prepare(alone, samples)
        steps = [one for one in train(ready.model, ready.batches, config) if isinstance(one, Step)]
        loss, accuracy = evaluate(ready.model, normalised(samples.validation[0]), samples.validation[1])
        assert (end.loss, end.accuracy) == (loss, accuracy)
        assert (end.state, end.reason, end.steps, end.epochs) == ("done", "", 400 // size, 2.0)
        points = [one for one in records if isinstance(one, CellPoint) and one.cell == end.cell]
        assert [one.loss for one in points] == [one.loss for one in steps]
        assert [one.accuracy for one in points] == pytest.approx([one.accuracy for one in steps])
        assert [one.step for one in points] == list(range(1, 400 // size + 1))
        start = next(one for one in records if isinstance(one, CellStart) and one.cell == end.cell)
        assert start.command == command(alone) and start.steps == 400 // size
    assert len({end.loss for end in ends}) == 4
    last = records[-1]
    assert isinstance(last, SweepEnd) and last.seconds == pytest.approx(sum(end.seconds for end in ends))


def test_the_best_cell_and_how_sure_its_accuracy_is(samples):
    *_, end = records = list(sweep(MLP, samples, spec(epochs=3)))
    found = [one.accuracy for one in records if isinstance(one, CellEnd)]
    assert end.best == found.index(max(found))
    right = max(found)
    assert end.validated == 50
    assert end.margin == pytest.approx(2 * (right * (1 - right) / 50) ** 0.5)


@pytest.mark.parametrize("value", ["x" * 10**6, 10**4000])
def test_a_value_without_end_is_not_kept(value):
    asked = {"rows": {"field": "lr", "values": [0.1, value]}, "columns": {"field": "seed", "values": [0]}}
    with pytest.raises(ValueError, match="at most 60 characters") as said:
        search.check("sweep", MLP, asked)
    assert len(str(said.value)) < 100


def test_a_long_curve_is_told_in_means(samples):
    wide = spec(rows=Axis("lr", (0.05,)), columns=Axis("batch_size", (2, 4)), epochs=1)
    records = list(sweep(MLP, samples, wide))
    points = [one for one in records if isinstance(one, CellPoint) and one.cell == 0]
    assert [one.step for one in points] == list(range(2, 101, 2)), "a hundred steps are fifty points"
    config = dataclasses.replace(MLP.config, lr=0.05, batch_size=2, epochs=1)
    ready = prepare(dataclasses.replace(MLP, config=config), samples)
    steps = [one for one in train(ready.model, ready.batches, config) if isinstance(one, Step)]
    means = [(a.loss + b.loss) / 2 for a, b in zip(steps[::2], steps[1::2], strict=True)]
    assert [one.loss for one in points] == pytest.approx(means)


def test_the_same_seed_is_the_same_start_and_the_same_batches(samples):
    twice = spec(rows=Axis("lr", (0.1, 0.001)), columns=Axis("seed", (0, 7)), epochs=1)
    first = {}
    for one in sweep(MLP, samples, twice):
        if isinstance(one, CellPoint) and one.step == 1:
            first[one.cell] = one.loss
    # rows differ in their learning rate, which the loss of the first step does not know yet
    assert first[0] == first[2] and first[1] == first[3] and first[0] != first[1]


def test_each_cell_gets_its_share_of_the_time(samples):
    # four cells share 20 seconds; a step is one second, so the sixth is the first beyond five
    records = list(sweep(MLP, samples, spec(epochs=2, seconds=20), Clock()))
    assert records[0].seconds == 5.0
    ends = [one for one in records if isinstance(one, CellEnd)]
    assert [(end.state, end.steps, end.seconds) for end in ends] == [("time", 6, 6.0)] * 4
    assert [end.epochs for end in ends] == pytest.approx([0.6, 1.5, 0.6, 1.5])
    config = dataclasses.replace(MLP.config, lr=0.1, batch_size=20, epochs=2)
    ready = prepare(dataclasses.replace(MLP, config=config), samples)
    run = train(ready.model, ready.batches, config)
    for _ in range(6):
        next(run)
    assert ends[0].accuracy == evaluate(ready.model, *ready.validation)[1], "what it had learned by then"


def test_a_cell_that_ends_with_its_time_is_done(samples):
    records = list(
        sweep(MLP, samples, spec(columns=Axis("batch_size", (100,)), epochs=2, seconds=6), Clock())
    )
    assert [one.state for one in records if isinstance(one, CellEnd)] == ["done", "done"]


def test_diverged_and_impossible_cells_say_why_and_the_others_go_on(samples):
    lost = spec(rows=Axis("momentum", (0.0, 0.9)), columns=Axis("optimizer", ("nesterov", "sgd")), epochs=1)
    wild = dataclasses.replace(MLP, config=dataclasses.replace(MLP.config, lr=10.0))
    huge = dataclasses.replace(samples, train=(samples.train[0].float() * 1e3, samples.train[1]))
    records = list(sweep(wild, huge, lost))
    ends = [one for one in records if isinstance(one, CellEnd)]
    assert ends[0].state == "impossible" and ends[0].reason.startswith("momentum must be above 0")
    assert not [one for one in records if isinstance(one, CellStart) and one.cell == 0]
    assert [end.state for end in ends[1:]] == ["diverged"] * 3
    config = dataclasses.replace(wild.config, optimizer="sgd", momentum=0.9, epochs=1)
    ready = prepare(dataclasses.replace(wild, config=config), huge)
    alone = list(train(ready.model, ready.batches, config))
    assert isinstance(alone[-1], Diverged) and ends[3].reason == alone[-1].reason
    assert (ends[3].loss, ends[3].accuracy) == (None, None)
    assert ends[3].steps == len(alone) - 1
    assert records[-1].best is None and records[-1].margin is None


def test_the_consumer_s_time_is_not_counted(samples):
    watch = lr_range.Stopwatch(clock := Clock())
    ready = prepare(MLP, samples)
    run = train(ready.model, ready.batches, MLP.config)
    watch.next_of(run, Step)
    for _ in range(100):
        clock()
    watch.next_of(run, Step)
    assert watch.seconds == 2.0


@pytest.mark.parametrize("field", search.FIELDS)
def test_every_field_of_a_sweep_is_one_of_the_recipe(field):
    assert field in Recipe().as_dict()
    value = Recipe().as_dict()[field]
    other = "seed" if field != "seed" else "lr"
    made = Sweep(Axis(field, (value,)), Axis(other, (1, 2)))
    assert [cell.recipe.as_dict()[field] for cell in made.cells(Recipe())] == [value, value]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "The rows of a sweep need a field and a list of values."),
        ({"columns": None}, "The columns of a sweep need a field and a list of values."),
        ({"columns": {"field": "seed"}}, "The columns of a sweep need a field"),
        ({"columns": {"field": "seed", "values": "12"}}, "The columns of a sweep need a field"),
        ({"columns": {"field": "samples", "values": [1]}}, "field of a sweep must be one of lr, batch_size,"),
        ({"columns": {"field": ["seed"], "values": [1]}}, "field of a sweep must be one of lr, batch_size,"),
        ({"columns": {"field": "seed", "values": []}}, "Give seed one to 3 values."),
        ({"columns": {"field": "seed", "values": [1, 2, 3, 4]}}, "Give seed one to 3 values."),
        ({"columns": {"field": "seed", "values": [1, 1]}}, "one is there twice"),
        ({"columns": {"field": "seed", "values": [{}]}}, "must be numbers or names"),
        ({"columns": {"field": "lr", "values": [1]}}, "Choose two different hyperparameters"),
        ({"columns": {"field": "seed", "values": [1], "more": 1}}, "has no 'more'"),
        ({"columns": {"field": "seed", "values": [-1]}}, "seed must be a whole number from 0"),
        ({"columns": {"field": "momentum", "values": [math.nan]}}, "momentum must be a number"),
        ({"columns": {"field": "batch_size", "values": [True]}}, "batch_size must be a whole number"),
        ({"epochs": 0}, "epochs must be a whole number from 1 to 100, not 0"),
        ({"epochs": 1.5}, "epochs must be a whole number"),
        ({"seconds": math.inf}, "seconds must be a number from 2 to 3,600, not inf"),
        ({"time": 3}, "A sweep has no 'time'"),
        ("sweep", "A sweep is described by names and values."),
    ],
)
def test_a_bad_sweep_is_refused(sent, said):
    good = {"rows": {"field": "lr", "values": [0.1, 0.2]}, "columns": {"field": "seed", "values": [0]}}
    search.check("sweep", MLP, good)
    with pytest.raises(ValueError) as caught:
        search.check("sweep", MLP, good | sent if sent and isinstance(sent, dict) else sent)
    assert said in str(caught.value)


def test_one_run_is_no_sweep():
    with pytest.raises(ValueError, match="at least two runs"):
        Sweep(Axis("lr", (0.1,)), Axis("seed", (0,)))


def test_the_records_are_ready_for_json(samples):
    sent = {
        "rows": {"field": "lr", "values": [0.1, 0.2]},
        "columns": {"field": "seed", "values": [0]},
        "epochs": 1,
    }
    told = json.loads(json.dumps(list(search.search("sweep", MLP, samples, sent)), allow_nan=False))
    assert [one["record"] for one in told[:2]] == ["SweepStart", "CellStart"]
    assert told[0]["row_values"] == [0.1, 0.2] and told[-1]["record"] == "SweepEnd"
    told = json.loads(json.dumps(list(search.search("range", MLP, samples, {"steps": 20})), allow_nan=False))
    assert [one["record"] for one in told] == ["RangeStart", *["RangeStep"] * (len(told) - 2), "RangeEnd"]
    assert set(told[1]) == {"record", "step", "lr", "loss", "average"}


@pytest.mark.parametrize("kind", [None, "train", ["sweep"], 1])
def test_an_unknown_search_is_refused_before_anything_is_done(kind, samples):
    with pytest.raises(ValueError, match="search must be one of range, sweep, not "):
        search.search(kind, MLP, samples, None)


def test_batches_are_those_of_the_recipe(samples):
    """The range test goes through the epochs in the recipe's order."""
    ready = prepare(MLP, samples)
    assert isinstance(ready.batches, TensorBatches) and len(ready.batches) == 7
    _, *steps, _ = range_test(MLP, samples, RangeSpec(steps=20, low=1e-8, high=1e-7))
    x, y = next(iter(ready.batches.epoch(3, 1)))
    # with learning rates this small the weights stay as they are, so the eighth step shows its batch
    assert steps[7].loss == pytest.approx(nn.functional.cross_entropy(ready.model(x), y).item(), abs=1e-4)
