"""Find good settings: the requests of the browser, and a search that really runs in a training process."""

from __future__ import annotations

import json
import math
import re
import time
from pathlib import Path
from typing import get_args, get_type_hints

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from data.own.custom import PictureDataset
from data.sources import Source
from training.desk.desk import Desk
from training.desk.limits import Limits
from training.recipe import Recipe, networks
from training.samples import own_samples
from training.search.lr_range import RangeEnd, RangeSpec, RangeStep, range_test
from training.search.sweep import FIELDS, Axis, CellEnd, Sweep, search
from ui.context import Context
from ui.kit.events import server_function
from ui.kit.view import View
from ui.train import search as train_search
from ui.train.search import axes, on_follow, on_latest, on_plan, on_program, on_start, on_stop, times

FOLDER = Path(train_search.__file__).parent
VISITOR = "a-visitor-of-the-tests"
OTHER = "another-visitor-of-them"
SPEC = {
    "rows": {"field": "lr", "values": [0.1, 0.01]},
    "columns": {"field": "seed", "values": [0, 1]},
    "epochs": 2,
    "seconds": 20,
}
RECIPE = {"network": "mlp", "width": 8, "data": "own", "samples": 0, "batch_size": 10}


def pictures() -> PictureDataset:
    """Sixty noisy pictures, dark to the left in one class and to the right in the other."""
    source = np.random.default_rng(0)
    grids = source.integers(0, 120, (60, 28, 28), dtype=np.uint8)
    labels = [i % 2 for i in range(60)]
    for grid, label in zip(grids, labels, strict=True):
        grid[4:24, 6 + 10 * label : 12 + 10 * label] += 130
    return PictureDataset([Image.fromarray(grid).convert("RGB") for grid in grids], labels, ("left", "right"))


@pytest.fixture(scope="module")
def context():
    context = Context(device=torch.device("cpu"), desk=Desk(slots=1, threads=1, limits=Limits(budget=120)))
    yield context
    context.desk.close()


@pytest.fixture(scope="module")
def token(context) -> str:
    whole = pictures()
    return context.own.keep(Source("own", "picture", whole, "", ""))


def follow(context: Context, run: str) -> tuple[list[dict], dict]:
    """All records of a run, and the last answer about it."""
    records: list[dict] = []
    until = time.monotonic() + 120
    while time.monotonic() < until:
        status = on_follow(context, {"visitor": VISITOR, "run": run, "since": len(records)})
        assert ("recipe" in status) == (not records), "the recipe is sent once"
        records += status["records"]
        assert status["cursor"] == len(records)
        if status["state"] in ("done", "stopped", "failed"):
            return records, status
        time.sleep(0.05)
    pytest.fail(f"the search did not end: {status}")


def without_times(records: list[dict]) -> list[dict]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in records]


# --- a search from the page to the training process and back ------------------------------------------------


def test_a_range_test_of_own_pictures_arrives_as_it_is(context, token):
    request = {"visitor": VISITOR, "recipe": RECIPE, "token": token, "kind": "range", "spec": {"steps": 40}}
    run = on_start(context, request)["run"]
    records, status = follow(context, run)
    assert (status["state"], status["message"]) == ("done", "")
    assert records[0] == {"record": "RangeStart", "low": 1e-6, "high": 10.0, "steps": 40}
    samples, spec = own_samples(pictures()), RangeSpec(steps=40)
    expected = range_test(Recipe.from_dict(RECIPE), samples, spec)
    expected_steps = [record for record in expected if isinstance(record, RangeStep)]
    steps = [record for record in records if record["record"] == "RangeStep"]
    assert len(expected_steps) == len(steps) > 20
    for step, other in zip(steps, expected_steps, strict=True):
        assert (step["step"], step["lr"]) == (other.step, other.lr)
        assert (step["loss"], step["average"]) == pytest.approx((other.loss, other.average), rel=1e-3)
    assert records[-1]["record"] == "RangeEnd"
    end = RangeEnd(
        **{name: value for name, value in records[-1].items() if name not in ("record", "conclusion")}
    )
    assert records[-1]["conclusion"] == end.conclusion and end.last == steps[-1]["lr"]
    # a reloaded page finds it, and nobody else does
    assert on_latest(context, {"visitor": VISITOR, "kind": "range"}) == {"run": run}
    assert on_latest(context, {"visitor": VISITOR, "kind": "sweep"}) == {"run": None}
    assert on_latest(context, {"visitor": OTHER, "kind": "range"}) == {"run": None}
    refused = server_function(on_follow, context)({"visitor": OTHER, "run": run})
    assert "no longer here" in refused["problem"]


def test_a_sweep_arrives_as_it_is_and_the_next_one_takes_its_place(context, token):
    request = {"visitor": VISITOR, "recipe": RECIPE, "token": token, "kind": "sweep", "spec": SPEC}
    first = on_start(context, request)["run"]
    records, status = follow(context, first)
    assert status["state"] == "done"
    alone = json.loads(
        json.dumps(list(search("sweep", Recipe.from_dict(RECIPE), own_samples(pictures()), SPEC)))
    )
    assert [record["record"] for record in records] == [record["record"] for record in alone]
    for record, other in zip(without_times(records[1:-1]), without_times(alone[1:-1]), strict=True):
        assert record == {
            name: pytest.approx(value, rel=1e-3) if isinstance(value, float) else value
            for name, value in other.items()
        }
    assert records[-1]["best"] == alone[-1]["best"]

    second = on_start(context, request)["run"]
    on_stop(context, {"visitor": VISITOR, "run": second})
    records, status = follow(context, second)
    assert status["state"] in ("stopped", "done")
    sweeps = [run["id"] for run in context.desk.runs(VISITOR) if run["kind"] == "sweep"]
    assert sweeps == [second], "searches that have ended do not fill the visitor's runs"
    assert on_latest(context, {"visitor": VISITOR, "kind": "sweep"}) == {"run": second}


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "train"}, "must be one of range, sweep"),
        ({"kind": ["range"]}, "must be one of range, sweep"),
        ({"recipe": None}, "A run is an object with the fields"),
        ({"recipe": {"lr": math.nan}}, "lr must be a number above 0"),
        ({"recipe": {"lr": True}}, "lr must be a number above 0"),
        ({"spec": {"steps": 10**9}}, "steps must be a whole number from 20 to 500"),
        ({"spec": "all"}, "A range test is described by names and values."),
        ({"kind": "sweep", "spec": None}, "The rows of a sweep need a field"),
        ({"recipe": {"data": "own"}, "token": None}, "Your own pictures are no longer here"),
        ({"recipe": {"data": "own"}, "token": ["x"]}, "Your own pictures are no longer here"),
        ({"visitor": "short"}, "A visitor is a secret"),
        ({"visitor": None}, "A visitor is a secret"),
    ],
)
def test_a_bad_start_is_a_sentence_and_starts_nothing(context, changes, message):
    request = {"visitor": OTHER, "recipe": {}, "kind": "range", "spec": None} | changes
    answer = server_function(on_start, context)(request)
    assert set(answer) == {"problem"} and message in answer["problem"]
    assert context.desk.runs(OTHER) == []


@pytest.mark.parametrize("name", ["on_start", "on_follow", "on_stop", "on_latest", "on_program", "on_plan"])
@pytest.mark.parametrize(
    "payload", [None, [], "x", 3, {}, {"visitor": 1, "run": [], "kind": None, "since": -1}]
)
def test_every_wrong_request_gets_a_sentence(context, name, payload):
    answer = server_function(getattr(train_search, name), context)(payload)
    assert set(answer) == {"problem"} and answer["problem"].endswith(".")


# --- the plan and the program -------------------------------------------------------------------------------


def plan(context, recipe=None, **more) -> dict:
    return server_function(on_plan, context)(
        {"recipe": recipe or {"data": "fashion", "samples": 1000}, "spec": SPEC | more}
    )


def test_the_plan_counts_runs_and_steps_by_hand(context):
    # 1,000 pictures in batches of 128 are 8 steps per epoch; 20 s for four runs are 5 s each
    assert plan(context) == {
        "message": "4 runs of 2 epochs (16 steps), each at most 5 s of training.",
        "runs": 4,
    }
    sizes = {"field": "batch_size", "values": [100, 300, 1000]}
    assert plan(context, columns=sizes, epochs=1, seconds=60)["message"] == (
        "6 runs of 1 epoch (1 to 10 steps), each at most 10 s of training."
    )


def test_the_plan_counts_own_pictures(context, token):
    learned = len(own_samples(pictures()).train[1])
    answer = on_plan(context, {"recipe": RECIPE, "token": token, "spec": SPEC})
    assert f"({2 * math.ceil(learned / 10)} steps)" in answer["message"]


def test_the_plan_says_what_cannot_be_run(context):
    answer = plan(
        context,
        rows={"field": "optimizer", "values": ["nesterov", "sgd"]},
        columns={"field": "momentum", "values": [0, 0.9]},
    )
    assert answer["runs"] == 3
    assert (
        "1 of the 4 cells cannot be run: momentum must be above 0 for the optimizer nesterov"
        in answer["message"]
    )
    assert answer["message"].endswith(train_search.OWN_RATES)
    both = plan(context, columns={"field": "optimizer", "values": ["adam", "sgd"]})
    assert train_search.OWN_RATES not in both["message"], "lr is swept, too"
    answer = plan(context, {"network": "lenet5"}, columns={"field": "dropout", "values": [0.1, 0.2]})
    assert set(answer) == {"problem"} and "lenet5 has no dropout" in answer["problem"]


def test_the_program_follows_the_choices(context):
    answer = on_program(context, {"recipe": {"network": "mlp", "optimizer": "adam", "batch_size": 33}})
    assert "torch.optim.Adam(model.parameters(), lr=low)" in answer["code"]
    assert '"batch_size": 33' in answer["code"]
    compile(answer["code"], "range test", "exec")
    assert "your own pictures" in server_function(on_program, context)({"recipe": {"data": "own"}})["problem"]


# --- the page -----------------------------------------------------------------------------------------------


def test_a_sweep_accepts_every_axis_of_the_form():
    assert [axis["key"] for axis in axes()] == list(FIELDS)
    for axis in axes():
        options = [value for value, _ in axis["options"]]
        assert (axis["kind"] == "choice") == bool(options)
        values = axis["good"] or options[:3] or axis["ladder"][:3] or [True, False]
        if axis["multiples"]:
            network = axis["only_for"].get("network", list(networks()))[0]
            usual, _, high = axis["multiples"]["limits"][network]
            values = [usual, high]
        recipe = Recipe.from_dict({key: values[0] for key, values in axis["only_for"].items()})
        other = Axis("seed" if axis["key"] != "seed" else "lr", (1, 2))
        cells = Sweep(Axis(axis["key"], tuple(values[:3])), other).cells(recipe)
        assert any(cell.recipe for cell in cells), axis["key"]
        assert axis["label"]


def test_every_end_of_a_run_has_a_word():
    assert set(train_search.ENDINGS) == set(get_args(get_type_hints(CellEnd)["state"]))


def test_no_sweep_can_have_more_time_than_a_run(monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_TRAIN_SECONDS", "60")
    assert times() == [20, 60]
    monkeypatch.setenv("TORCH_PLAYGROUND_TRAIN_SECONDS", "7")
    assert times() == [7]
    monkeypatch.delenv("TORCH_PLAYGROUND_TRAIN_SECONDS")
    assert times() == list(train_search.SECONDS)


def test_the_part_lays_out_and_its_functions_have_the_names_that_the_scripts_call():
    with gr.Blocks() as page:
        train_search.search_part(Context(device=torch.device("cpu")))
    texts = [block.value for block in page.blocks.values() if isinstance(block, gr.Markdown)]
    # a factor of 10 million in 119 steps is one of 1.145 a step
    assert "120 steps" in texts[0] and "15% larger" in " ".join(texts[0].split())
    views = [block for block in page.blocks.values() if isinstance(block, View)]
    for view, name in zip(views, ("range", "sweep"), strict=True):
        script = "".join((FOLDER / f"{stem}.js").read_text("utf-8") for stem in ("search", name))
        called = set(re.findall(r"ask\('(\w+)'", script))
        assert called == {function.__name__ for function in view.server_fns}
        assert "innerHTML" not in script and "insertAdjacentHTML" not in script
        assert view.preprocess({"anything": 1}) is None
        html = (FOLDER / f"{name}.html").read_text("utf-8")
        classes = {name for names in re.findall(r'class="([^"]+)"', html) for name in names.split()}
        assert set(re.findall(r"find\('\.([\w-]+)'\)", script)) <= classes


def test_the_records_have_the_names_that_the_scripts_know():
    script = (FOLDER / "range.js").read_text("utf-8") + (FOLDER / "sweep_data.js").read_text("utf-8")
    recipe, samples = Recipe.from_dict(RECIPE), own_samples(pictures())
    records = [*search("range", recipe, samples, {"steps": 20}), *search("sweep", recipe, samples, SPEC)]
    names = {record["record"] for record in records}
    assert names == set(re.findall(r"\brecord === '(\w+)'", script))
