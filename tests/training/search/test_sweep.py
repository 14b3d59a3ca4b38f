"""The sweep: every cell against a run of its own, shares of the time by hand."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from tests.training.search.conftest import MLP, Clock
from training.loop import Diverged, Step, evaluate, train
from training.recipe import Recipe, command, normalised, prepare
from training.search import lr_range
from training.search import sweep as search
from training.search.sweep import Axis, CellEnd, CellPoint, CellStart, Sweep, SweepEnd, SweepStart, sweep


def spec(**more) -> Sweep:
    return Sweep(**{"rows": Axis("lr", (0.1, 0.001)), "columns": Axis("batch_size", (20, 50)), **more})


def test_each_cell_equals_a_run_of_its_own(samples):
    records = list(sweep(MLP, samples, spec(epochs=2)))
    assert records[0] == SweepStart("lr", (0.1, 0.001), "batch_size", (20, 50), 2, 15.0)
    ends = [record for record in records if isinstance(record, CellEnd)]
    assert [end.cell for end in ends] == [0, 1, 2, 3]
    pairs = [(0.1, 20), (0.1, 50), (0.001, 20), (0.001, 50)]
    for end, (lr, size) in zip(ends, pairs, strict=True):
        config = dataclasses.replace(MLP.config, lr=lr, batch_size=size, epochs=2)
        alone = dataclasses.replace(MLP, config=config)
        ready = prepare(alone, samples)
        steps = [record for record in train(ready.model, ready.batches, config) if isinstance(record, Step)]
        loss, accuracy = evaluate(ready.model, normalised(samples.validation[0]), samples.validation[1])
        assert (end.loss, end.accuracy) == (loss, accuracy)
        assert (end.state, end.reason, end.steps, end.epochs) == ("done", "", 400 // size, 2.0)
        points = [record for record in records if isinstance(record, CellPoint) and record.cell == end.cell]
        assert [record.loss for record in points] == [record.loss for record in steps]
        assert [record.accuracy for record in points] == pytest.approx([record.accuracy for record in steps])
        assert [record.step for record in points] == list(range(1, 400 // size + 1))
        start = next(
            record for record in records if isinstance(record, CellStart) and record.cell == end.cell
        )
        assert start.command == command(alone) and start.steps == 400 // size
    assert len({end.loss for end in ends}) == 4
    last = records[-1]
    assert isinstance(last, SweepEnd) and last.seconds == pytest.approx(sum(end.seconds for end in ends))


def test_the_best_cell_and_the_margin_of_its_accuracy(samples):
    *_, end = records = list(sweep(MLP, samples, spec(epochs=3)))
    accuracies = [record.accuracy for record in records if isinstance(record, CellEnd)]
    assert end.best == accuracies.index(max(accuracies))
    right = max(accuracies)
    assert end.validated == 50
    assert end.margin == pytest.approx(2 * (right * (1 - right) / 50) ** 0.5)


@pytest.mark.parametrize("value", ["x" * 10**6, 10**4000])
def test_an_endless_value_is_refused(value):
    spec = {"rows": {"field": "lr", "values": [0.1, value]}, "columns": {"field": "seed", "values": [0]}}
    with pytest.raises(ValueError, match="at most 60 characters") as message:
        search.check("sweep", MLP, spec)
    assert len(str(message.value)) < 100


def test_a_long_curve_is_averaged(samples):
    wide = spec(rows=Axis("lr", (0.05,)), columns=Axis("batch_size", (2, 4)), epochs=1)
    records = list(sweep(MLP, samples, wide))
    points = [record for record in records if isinstance(record, CellPoint) and record.cell == 0]
    assert [record.step for record in points] == list(range(2, 101, 2)), "a hundred steps are fifty points"
    config = dataclasses.replace(MLP.config, lr=0.05, batch_size=2, epochs=1)
    ready = prepare(dataclasses.replace(MLP, config=config), samples)
    steps = [record for record in train(ready.model, ready.batches, config) if isinstance(record, Step)]
    means = [(a.loss + b.loss) / 2 for a, b in zip(steps[::2], steps[1::2], strict=True)]
    assert [record.loss for record in points] == pytest.approx(means)


def test_the_same_seed_is_the_same_start_and_the_same_batches(samples):
    twice = spec(rows=Axis("lr", (0.1, 0.001)), columns=Axis("seed", (0, 7)), epochs=1)
    first = {}
    for record in sweep(MLP, samples, twice):
        if isinstance(record, CellPoint) and record.step == 1:
            first[record.cell] = record.loss
    # rows differ in their learning rate, which the loss of the first step does not know yet
    assert first[0] == first[2] and first[1] == first[3] and first[0] != first[1]


def test_each_cell_gets_its_share_of_the_time(samples):
    # four cells share 20 seconds; a step is one second, so the sixth is the first beyond five
    records = list(sweep(MLP, samples, spec(epochs=2, seconds=20), Clock()))
    assert records[0].seconds == 5.0
    ends = [record for record in records if isinstance(record, CellEnd)]
    assert [(end.state, end.steps, end.seconds) for end in ends] == [("time", 6, 6.0)] * 4
    assert [end.epochs for end in ends] == pytest.approx([0.6, 1.5, 0.6, 1.5])
    config = dataclasses.replace(MLP.config, lr=0.1, batch_size=20, epochs=2)
    ready = prepare(dataclasses.replace(MLP, config=config), samples)
    run = train(ready.model, ready.batches, config)
    for _ in range(6):
        next(run)
    assert ends[0].accuracy == evaluate(ready.model, *ready.validation)[1], "what it had learned by then"


def test_a_cell_that_just_fits_its_time_is_done(samples):
    records = list(
        sweep(MLP, samples, spec(columns=Axis("batch_size", (100,)), epochs=2, seconds=6), Clock())
    )
    assert [record.state for record in records if isinstance(record, CellEnd)] == ["done", "done"]


def test_diverged_and_impossible_cells_say_why_and_the_others_go_on(samples):
    lost = spec(rows=Axis("momentum", (0.0, 0.9)), columns=Axis("optimizer", ("nesterov", "sgd")), epochs=1)
    wild = dataclasses.replace(MLP, config=dataclasses.replace(MLP.config, lr=10.0))
    huge = dataclasses.replace(samples, train=(samples.train[0].float() * 1e3, samples.train[1]))
    records = list(sweep(wild, huge, lost))
    ends = [record for record in records if isinstance(record, CellEnd)]
    assert ends[0].state == "impossible" and ends[0].reason.startswith("momentum must be above 0")
    assert not [record for record in records if isinstance(record, CellStart) and record.cell == 0]
    assert [end.state for end in ends[1:]] == ["diverged"] * 3
    config = dataclasses.replace(wild.config, optimizer="sgd", momentum=0.9, epochs=1)
    ready = prepare(dataclasses.replace(wild, config=config), huge)
    alone = list(train(ready.model, ready.batches, config))
    assert isinstance(alone[-1], Diverged) and ends[3].reason == alone[-1].reason
    assert (ends[3].loss, ends[3].accuracy) == (None, None)
    assert ends[3].steps == len(alone) - 1
    assert records[-1].best is None and records[-1].margin is None


def test_the_time_of_the_consumer_is_not_counted(samples):
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
    plan = Sweep(Axis(field, (value,)), Axis(other, (1, 2)))
    assert [cell.recipe.as_dict()[field] for cell in plan.cells(Recipe())] == [value, value]


@pytest.mark.parametrize(
    ("values", "message"),
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
def test_a_bad_sweep_is_refused(values, message):
    good = {"rows": {"field": "lr", "values": [0.1, 0.2]}, "columns": {"field": "seed", "values": [0]}}
    search.check("sweep", MLP, good)
    with pytest.raises(ValueError) as caught:
        search.check("sweep", MLP, good | values if values and isinstance(values, dict) else values)
    assert message in str(caught.value)


def test_one_run_is_not_a_sweep():
    with pytest.raises(ValueError, match="at least two runs"):
        Sweep(Axis("lr", (0.1,)), Axis("seed", (0,)))


def test_the_records_are_ready_for_json(samples):
    values = {
        "rows": {"field": "lr", "values": [0.1, 0.2]},
        "columns": {"field": "seed", "values": [0]},
        "epochs": 1,
    }
    records = json.loads(json.dumps(list(search.search("sweep", MLP, samples, values)), allow_nan=False))
    assert [record["record"] for record in records[:2]] == ["SweepStart", "CellStart"]
    assert records[0]["row_values"] == [0.1, 0.2] and records[-1]["record"] == "SweepEnd"
    records = json.loads(
        json.dumps(list(search.search("range", MLP, samples, {"steps": 20})), allow_nan=False)
    )
    assert [record["record"] for record in records] == [
        "RangeStart",
        *["RangeStep"] * (len(records) - 2),
        "RangeEnd",
    ]
    assert set(records[1]) == {"record", "step", "lr", "loss", "average"}


@pytest.mark.parametrize("kind", [None, "train", ["sweep"], 1])
def test_an_unknown_search_is_refused_at_once(kind, samples):
    with pytest.raises(ValueError, match="search must be one of range, sweep, not "):
        search.search(kind, MLP, samples, None)
