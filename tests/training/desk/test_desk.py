"""Runs in warm processes: the whole life of a run, on a visitor's few pictures."""

import dataclasses
import random
import threading
import time

import pytest
import torch

import language
from models.registry import build
from settings import TRAIN_RUNS
from tests.training.desk.desks import (
    ANNA,
    BERT,
    CARL,
    ENDLESS,
    OWN,
    RECIPE,
    after,
    alone,
    assert_same_weights,
    steps,
    until,
)
from training.config import TrainConfig
from training.desk.desk import JobError
from training.loop import evaluate
from training.recipe import Recipe, normalised, prepare


def test_a_run_has_exactly_the_numbers_and_weights_of_the_training_loop(desk):
    run = desk.start(ANNA, RECIPE, OWN)
    assert desk.active(ANNA) == run
    status = until(desk, ANNA, run)
    assert (status["state"], status["message"]) == ("done", "") and desk.active(ANNA) is None
    taken, epochs, ready = alone()
    whole = desk.follow(ANNA, run)
    assert whole["steps"]["step"] == list(range(24)) and whole["cursor"] == 24
    for name, field in (("loss", "loss"), ("accuracy", "accuracy"), ("norm", "gradient_norm"), ("lr", "lr")):
        assert whole["steps"][name] == pytest.approx([getattr(step, field) for step in taken], rel=1e-6)
    model, card = desk.network(ANNA, run)
    assert_same_weights(model, ready.model)
    assert card.classes == ["above", "below"] and card.epochs == 3
    loss, accuracy = evaluate(ready.model, *ready.validation)
    last = whole["epochs"][-1]
    assert [line["epoch"] for line in whole["epochs"]] == [1, 2, 3]
    assert [line["loss"] for line in whole["epochs"]] == [epoch.loss for epoch in epochs]
    assert last["validation_accuracy"] == accuracy and last["validation_loss"] == pytest.approx(loss)
    assert whole["validated"][-1] == [24, last["validation_loss"], accuracy]
    assert whole["progress"]["steps"] == 24 and whole["progress"]["epoch"] == 3
    assert [name for name, _ in whole["layers"]] == [
        name for name, layer in ready.model.named_modules() if isinstance(layer, torch.nn.Linear)
    ]
    norms = [norm for _, norm in whole["layers"]]
    biases = [p.grad.norm().item() for p in ready.model.parameters() if p.ndim == 1]
    together = sum(norm**2 for norm in [*norms, *biases]) ** 0.5
    assert together == pytest.approx(taken[-1].gradient_norm, rel=1e-5)

    report = desk.report(ANNA, run)
    initial = prepare(RECIPE, OWN).model
    assert report["before"]["accuracy"] == evaluate(initial, *ready.test)[1]
    assert report["after"]["accuracy"] == accuracy == desk.runs(ANNA)[-1]["accuracy"]
    assert report["train"]["accuracy"] == evaluate(ready.model, normalised(OWN.train[0]), OWN.train[1])[1]
    epoch = desk.epoch(ANNA, run, 3)
    assert epoch["epoch"] == 3 and sum(map(sum, epoch["confusion"])) == 40
    assert desk.pictures(ANNA, run, [3], "train")[0]["label"] == int(OWN.train[1][3])


def test_a_follower_gets_each_step_once_and_can_return(desk):
    run = desk.start(ANNA, RECIPE, OWN)
    received, cursor = [], 0
    while True:
        status = desk.follow(ANNA, run, cursor, wait=0.2)
        received += status["steps"]["step"]
        cursor = status["cursor"]
        if status["state"].has_ended:
            break
    assert received == list(range(24))
    answers = []
    thread = threading.Thread(target=lambda: answers.append(desk.follow(ANNA, run, 20)))
    thread.start()
    thread.join()
    assert answers[0]["steps"]["step"] == [20, 21, 22, 23]
    curve = desk.curve(ANNA, run)
    assert curve["step"] == received and len(curve["validated"]) == 3


def test_fifty_stops_at_random_moments_leave_a_desk_that_works(desk):
    chance = random.Random(0)
    first = {}
    for number in range(50):
        run = desk.start(ANNA, ENDLESS, OWN)
        time.sleep(chance.random() * 0.06 * (number % 3))
        desk.stop(ANNA, run)
        status = until(desk, ANNA, run)
        assert status["state"] == "stopped" and status["cursor"] < 32_000, status
        whole = desk.follow(ANNA, run)["steps"]
        losses = dict(zip(whole["step"], whole["loss"], strict=True))
        assert all(losses[step] == first[step] for step in losses.keys() & first.keys())
        first = losses | first
        if status["cursor"]:
            assert desk.report(ANNA, run)["samples"] == 40
    assert len(desk.processes) == 1
    assert len(desk.runs(ANNA)) == TRAIN_RUNS
    run = desk.start(ANNA, RECIPE, OWN)
    assert until(desk, ANNA, run)["state"] == "done"


def test_a_stopped_run_keeps_the_weights_of_its_last_step(desk):
    run = desk.start(ANNA, ENDLESS, OWN)
    steps(desk, ANNA, run, 5)
    desk.stop(ANNA, run, reason=language._("The settings of {name}").format(name="Anna"))
    status = until(desk, ANNA, run)
    taken = status["cursor"]
    assert status["message"] == "The settings of Anna"
    assert_same_weights(desk.network(ANNA, run)[0], after(taken))


def test_a_continued_run_equals_a_longer_one(desk):
    run = desk.start(ANNA, RECIPE, OWN)
    until(desk, ANNA, run)
    desk.go_on(ANNA, run, 2)
    status = until(desk, ANNA, run)
    assert status["state"] == "done" and status["cursor"] == 40
    longer = dataclasses.replace(RECIPE, config=dataclasses.replace(RECIPE.config, epochs=5))
    taken, _, ready = alone(longer)
    assert_same_weights(desk.network(ANNA, run)[0], ready.model)
    whole = desk.follow(ANNA, run)
    assert whole["steps"]["loss"] == pytest.approx([step.loss for step in taken], rel=1e-6)
    assert [line["epoch"] for line in whole["epochs"]] == [1, 2, 3, 4, 5]
    assert whole["recipe"] == longer.as_dict() and not desk.runs(ANNA)[-1]["changed"]
    card = desk.network(ANNA, run)[1]
    assert "--epochs 5" in card.command and card.epochs == 5
    with pytest.raises(JobError, match="complete: say for how many more"):
        desk.go_on(ANNA, run)


def test_a_stopped_run_continues_to_its_planned_end_with_its_schedule(desk, limits):
    planned = dataclasses.replace(
        RECIPE, config=dataclasses.replace(RECIPE.config, schedule="cosine", epochs=50)
    )
    limits(budget=0.02)
    run = desk.start(ANNA, planned, OWN)
    assert until(desk, ANNA, run)["cursor"] < 400
    limits(budget=60.0)
    desk.go_on(ANNA, run)
    assert until(desk, ANNA, run)["state"] == "done"
    assert_same_weights(desk.network(ANNA, run)[0], alone(planned)[2].model)
    assert not desk.runs(ANNA)[-1]["changed"]
    desk.go_on(ANNA, run, 1)
    until(desk, ANNA, run)
    assert desk.runs(ANNA)[-1]["changes"] == ["schedule restarted at step 401"]


def test_a_pause_takes_no_step_and_changes_nothing(desk):
    run = desk.start(ANNA, ENDLESS, OWN)
    steps(desk, ANNA, run, 1)
    desk.pause(ANNA, run)
    paused = until(desk, ANNA, run, ("paused",))
    time.sleep(0.2)
    still = desk.follow(ANNA, run)
    assert still["cursor"] == paused["cursor"]
    assert still["progress"]["seconds"] == paused["progress"]["seconds"]
    desk.resume(ANNA, run)
    steps(desk, ANNA, run, paused["cursor"] + 3)
    desk.stop(ANNA, run)
    status = until(desk, ANNA, run)
    assert status["state"] == "stopped" and status["cursor"] >= paused["cursor"] + 3
    assert_same_weights(desk.network(ANNA, run)[0], after(status["cursor"]))


def test_a_paused_run_can_be_stopped(desk):
    run = desk.start(ANNA, ENDLESS, OWN)
    steps(desk, ANNA, run, 1)
    desk.pause(ANNA, run)
    until(desk, ANNA, run, ("paused",))
    desk.stop(ANNA, run)
    assert until(desk, ANNA, run)["state"] == "stopped"
    with pytest.raises(JobError, match="not going on"):
        desk.pause(ANNA, run)


def test_the_learning_rate_changes_from_the_next_step_on(desk):
    run = desk.start(ANNA, ENDLESS, OWN)
    steps(desk, ANNA, run, 2)
    desk.pause(ANNA, run)
    changed_at = until(desk, ANNA, run, ("paused",))["cursor"]
    assert desk.follow(ANNA, run)["lr"] == 0.05
    desk.set_lr(ANNA, run, 0.001)
    assert desk.follow(ANNA, run)["lr"] == 0.001  # at once, though no step has used it yet
    desk.resume(ANNA, run)
    steps(desk, ANNA, run, changed_at + 5)
    desk.stop(ANNA, run)
    status = until(desk, ANNA, run)
    whole = desk.follow(ANNA, run)["steps"]
    for step, lr in zip(whole["step"], whole["lr"], strict=True):
        assert lr == (0.05 if step < changed_at else 0.001), step
    line = desk.runs(ANNA)[-1]
    assert line["changed"] and status["changes"] == [f"learning rate 0.001 from step {changed_at + 1} on"]
    assert desk.network(ANNA, run)[1].config["changed"] == status["changes"]
    assert_same_weights(desk.network(ANNA, run)[0], after(status["cursor"], changed_at, 0.001))


@pytest.mark.parametrize("lr", [0, -1, float("nan"), float("inf"), 11, True, None, "0.1", [0.1]])
def test_a_learning_rate_out_of_range_is_refused(desk, lr):
    with pytest.raises(JobError, match="learning rate must be a number above 0 and at most 10, not "):
        desk.set_lr(ANNA, "any", lr)


def test_a_diverged_run_says_so_in_any_language_and_offers_no_weights(desk, polish):
    wild = dataclasses.replace(
        RECIPE, network="mlp", depth=3, config=TrainConfig(epochs=50, batch_size=16, lr=10.0)
    )
    run = desk.start(ANNA, wild, OWN)
    status = until(desk, ANNA, run)
    assert status["state"] == "diverged"
    assert "In step" in status["message"] and "lr 1 instead of 10" in status["message"]
    with language.use("pl"):
        assert language.resolve(status)["message"].endswith(" Zmniejsz krok: lr 1 zamiast 10.")
    assert all(map(torch.isfinite, torch.tensor(desk.follow(ANNA, run)["steps"]["loss"])))
    for ask in (desk.network, desk.weights, desk.report):
        with pytest.raises(JobError, match="diverged"):
            ask(ANNA, run)
    with pytest.raises(JobError, match="smaller learning"):
        desk.go_on(ANNA, run, 1)
    run = desk.start(ANNA, RECIPE, OWN)
    assert until(desk, ANNA, run)["state"] == "done"


def test_each_visitor_has_one_run_and_the_others_wait_in_order(desk):
    first = desk.start(ANNA, ENDLESS, OWN)
    steps(desk, ANNA, first, 1)
    with pytest.raises(JobError, match="One run at a time"):
        desk.start(ANNA, RECIPE, OWN)
    second, third = desk.start(BERT, RECIPE, OWN), desk.start(CARL, RECIPE, OWN)
    waiting = [desk.follow(visitor, run) for visitor, run in ((BERT, second), (CARL, third))]
    assert [(status["state"], status["place"]) for status in waiting] == [("queued", 1), ("queued", 2)]
    with pytest.raises(JobError, match="not going on"):
        desk.pause(CARL, third)
    desk.stop(BERT, second)
    status = desk.follow(BERT, second)
    assert status["state"] == "stopped" and "before it began" in status["message"]
    assert desk.follow(CARL, third)["place"] == 1
    with desk._lock:  # so that it has not ended by the next line
        desk.stop(ANNA, first)
        with pytest.raises(JobError, match="still being measured and kept"):
            desk.start(ANNA, RECIPE, OWN)
    assert until(desk, CARL, third)["state"] == "done"
    assert desk.follow(CARL, third)["place"] == 0


def test_visitors_see_nothing_of_one_another(desk):
    run = desk.start(ANNA, RECIPE, OWN)
    until(desk, ANNA, run)
    stranger = "d" * 20
    assert desk.runs(stranger) == [] and desk.active(stranger) is None
    asks = [
        lambda: desk.follow(stranger, run), lambda: desk.stop(stranger, run),
        lambda: desk.pause(stranger, run), lambda: desk.resume(stranger, run),
        lambda: desk.set_lr(stranger, run, 0.1), lambda: desk.go_on(stranger, run, 1),
        lambda: desk.epoch(stranger, run, 1),
        lambda: desk.report(stranger, run), lambda: desk.pictures(stranger, run, [0]),
        lambda: desk.rename(stranger, run, "mine"), lambda: desk.remove(stranger, run),
        lambda: desk.network(stranger, run), lambda: desk.weights(stranger, run),
        lambda: desk.curve(stranger, run),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(JobError, match="no longer here"):
            ask()


@pytest.mark.parametrize(
    "visitor", ["", "short", "a" * 65, "../../../../etc/passwd", "ä" * 20, None, 7, True, ["a" * 20]]
)
def test_an_invalid_secret_is_refused(desk, visitor):
    for ask in (desk.runs, desk.active, lambda v: desk.start(v, RECIPE, OWN), lambda v: desk.follow(v, "x")):
        with pytest.raises(JobError, match="16 to 64"):
            ask(visitor)


@pytest.mark.parametrize("run", ["", "../..", None, 3, ["x"], {"run": 1}])
def test_an_invalid_run_is_refused(desk, run):
    desk.runs(ANNA)
    with pytest.raises(JobError, match="no longer here"):
        desk.follow(ANNA, run)


@pytest.mark.parametrize("since", [-1, 1.5, True, None, "0", float("nan")])
def test_an_invalid_step_to_follow_from_is_refused(desk, since):
    with pytest.raises(JobError, match="must be a whole number from 0 up, not "):
        desk.follow(ANNA, "any", since)


def test_runs_are_named_and_removed(desk):
    run = desk.start(BERT, RECIPE, OWN)
    with pytest.raises(JobError, match="Stop this run"):
        desk.remove(BERT, run)
    until(desk, BERT, run)
    desk.rename(BERT, run, "  larger steps ")
    assert desk.runs(BERT)[-1]["name"] == "larger steps"
    for name in ("", " ", "a" * 41, "two\nlines", None, 5):
        with pytest.raises(JobError, match="1 to 40 characters"):
            desk.rename(BERT, run, name)
    folder = desk._shelf.find(BERT, run).folder
    assert folder.is_dir()
    desk.remove(BERT, run)
    assert not folder.exists() and run not in [line["id"] for line in desk.runs(BERT)]


def test_the_thirteenth_run_takes_the_place_of_the_oldest_without_a_name(desk):
    visitor = "emil" * 5
    weights = packed(desk)
    runs = [desk.adopt(visitor, f"number {i}", weights) for i in range(TRAIN_RUNS)]
    with pytest.raises(JobError, match="12 runs with names"):
        desk.adopt(visitor, "one more", weights)
    for run in runs[1:3]:
        desk._shelf.find(visitor, run).is_named = False
    last = desk.adopt(visitor, "one more", weights)
    assert [line["id"] for line in desk.runs(visitor)] == [runs[0], *runs[2:], last]


def packed(desk):
    run = desk.start(CARL, RECIPE, OWN)
    until(desk, CARL, run)
    return desk.weights(CARL, run)


def test_weights_survive_download_and_upload(desk):
    data = packed(desk)
    run = desk.adopt(BERT, "from home", data)
    line = desk.runs(BERT)[-1]
    assert line["id"] == run and line["adopted"] and line["usable"] and line["accuracy"] is None
    model, card = desk.network(BERT, run)
    run_of_carl = desk.runs(CARL)[-1]["id"]
    original, original_card = desk.network(CARL, run_of_carl)
    assert_same_weights(model, original)
    assert card.classes == original_card.classes and card.config["lr"] == 0.05
    assert line["parameters"] == sum(p.numel() for p in model.parameters())
    state = torch.load(desk._shelf.find(CARL, run_of_carl).folder / "run.pt", weights_only=True)
    fresh = build("mlp", classes=2, hidden=16)
    fresh.load_state_dict(state)
    assert desk.weights(CARL, run_of_carl, "pt")[:2] == b"PK"
    with pytest.raises(JobError, match="no report"):
        desk.report(BERT, run)
    with pytest.raises(JobError, match="without pictures"):
        desk.pictures(BERT, run, [0])
    with pytest.raises(JobError, match="start a new one"):
        desk.go_on(BERT, run, 1)
    with pytest.raises(JobError, match="must be one of safetensors, pt, not 'pickle'"):
        desk.weights(BERT, run, "pickle")


def test_a_bad_request_gets_a_sentence(desk):
    with pytest.raises(JobError, match="needs a recipe"):
        desk.start(ANNA, {"network": "mlp"}, OWN)
    with pytest.raises(JobError, match="pictures of your own"):
        desk.start(ANNA, RECIPE)
    with pytest.raises(JobError, match="search must be one of range, sweep, not 'dance'"):
        desk.start(ANNA, RECIPE, OWN, kind="dance")
    run = desk.start(ANNA, RECIPE, OWN)
    until(desk, ANNA, run)
    for epochs in (-1, 1001, 1.5, True, None, "3"):
        with pytest.raises(JobError, match="further epochs must be a whole number from 0 to 1,000, not "):
            desk.go_on(ANNA, run, epochs)
    with pytest.raises(JobError, match="at most 1,000 epochs"):
        desk.go_on(ANNA, run, 998)
    for indices in ([40], [0, -1], [True], ["0"], [0.5], [float("nan")]):
        with pytest.raises(JobError, match="index of a picture must be a whole number from 0 to 39, not "):
            desk.pictures(ANNA, run, indices)
    for indices in (None, 3, [0] * 65):
        with pytest.raises(JobError, match="up to 64"):
            desk.pictures(ANNA, run, indices)
    for part in ("__class__", ["test"], None):
        with pytest.raises(JobError, match="part must be one of validation, test, train, not "):
            desk.pictures(ANNA, run, [0], part)
    for epoch in (None, True, -1, 0, 1.5, "1", [1], 1001, 10**9):
        with pytest.raises(JobError, match="epoch must be a whole number from 1 to 1,000, not "):
            desk.epoch(ANNA, run, epoch)
    assert desk.epoch(ANNA, run, 1000.0)["epoch"] == 3


def test_a_search_runs_as_a_job(desk):
    run = desk.start(ANNA, RECIPE, OWN, kind="range", spec={"low": 1e-4, "high": 1.0, "steps": 20})
    status = until(desk, ANNA, run)
    assert status["state"] == "done", status["message"]
    records = desk.follow(ANNA, run)["records"]
    kinds = [record["record"] for record in records]
    assert kinds[0] == "RangeStart" and kinds[-1] == "RangeEnd" and set(kinds[1:-1]) == {"RangeStep"}
    assert desk.follow(ANNA, run, len(records) - 1)["records"] == records[-1:]
    with pytest.raises(JobError, match="keeps no weights"):
        desk.network(ANNA, run)


def test_settings_that_cannot_work_with_own_pictures_begin_no_run(desk):
    for changes in ({"samples": 129}, {"network": "fast_cnn", "batch_size": 127}):
        with pytest.raises(JobError, match="at most 128|128 pictures in batches of 127"):
            desk.start(ANNA, Recipe.from_dict(RECIPE.as_dict() | changes), OWN)
    assert desk.active(ANNA) is None
