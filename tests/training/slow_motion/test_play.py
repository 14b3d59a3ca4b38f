"""The training loop in slow motion, against handwritten loops and against torch."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from data import sources
from tests.training.slow_motion.by_hand import (
    TEXTBOOK,
    batches,
    first_weights,
    forward,
    gradients,
    ordered,
    tensor,
    values,
)
from training.slow_motion.play import _single_thread, draw, losses, pictures, play, shrink
from training.slow_motion.program import NETWORKS, OPTIMIZERS, PASSES, SlowSettings, program


@pytest.fixture(scope="module", autouse=True)
def drawn(tmp_path_factory):
    """A few dozen drawn garments are enough here, and for small matrices one thread is the fastest."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    empty = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "GARMENTS", {"train": 120, "test": 20})
        patch.setattr(sources, "data_folder", lambda: empty)
        sources._source.cache_clear()
        yield
    sources._source.cache_clear()
    torch.set_num_threads(threads)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("which", ["same", "next"])
def test_every_number_is_that_of_a_handwritten_loop(network, optimizer, which):
    settings = SlowSettings(network, optimizer, lr=0.03, batch_size=5, seed=7, batches=which)
    recording = play(settings)
    weights = first_weights(settings)
    m = {name: torch.zeros_like(value) for name, value in weights.items()}
    v = {name: torch.zeros_like(value) for name, value in weights.items()}
    frames = iter(recording["frames"])
    start = next(frames)
    assert start["line"] == "start" and values(recording, start, "g") == dict.fromkeys(weights)
    for number, (x, y) in enumerate(batches(settings)):
        loss, slopes = gradients(weights, x, y)
        logits = forward(weights, x)
        cleared, forwarded, measured, gone_back, stepped = (next(frames) for _ in range(5))
        assert [f["line"] for f in (cleared, forwarded, measured, gone_back, stepped)] == list(TEXTBOOK)
        assert {f["pass"] for f in (cleared, forwarded, measured, gone_back, stepped)} == {number}
        assert values(recording, cleared, "g") == dict.fromkeys(weights)
        torch.testing.assert_close(tensor(recording, forwarded["logits"]["logits"]).view(5, 3), logits)
        shares = logits.exp() / logits.exp().sum(1, keepdim=True)
        torch.testing.assert_close(tensor(recording, forwarded["logits"]["shares"]).view(5, 3), shares)
        assert forwarded["logits"]["right"] == sum(
            int(row.argmax()) == c for row, c in zip(logits, y, strict=True)
        )
        assert measured["loss"]["loss"] == pytest.approx(loss, abs=1e-6)
        each = tensor(recording, measured["loss"]["each"])
        torch.testing.assert_close(each, -shares[torch.arange(5), y].log(), atol=1e-5, rtol=1e-5)
        assert recording["curve"][number] == measured["loss"]["loss"]
        for name, gradient in values(recording, gone_back, "g").items():
            torch.testing.assert_close(gradient, slopes[name], atol=1e-6, rtol=1e-4)
            torch.testing.assert_close(
                values(recording, gone_back, "w")[name], weights[name], atol=1e-5, rtol=1e-4
            )
        for name, g in slopes.items():
            if optimizer == "simple-gd":
                weights[name] = weights[name] - 0.03 * g
            elif optimizer == "momentum":
                m[name] = 0.9 * m[name] + g
                weights[name] = weights[name] - 0.03 * m[name]
            else:
                m[name] = 0.9 * m[name] + 0.1 * g
                v[name] = 0.999 * v[name] + 0.001 * g * g
                mean, square = m[name] / (1 - 0.9 ** (number + 1)), v[name] / (1 - 0.999 ** (number + 1))
                weights[name] = weights[name] - 0.03 * mean / (square.sqrt() + 1e-8)
        buffers = {"momentum": {"momentum_buffer": m}, "adam": {"exp_avg": m, "exp_avg_sq": v}}.get(
            optimizer, {}
        )
        assert set(stepped["buffers"]) == set(buffers)
        for buffer, expected in buffers.items():
            for place, value in zip(stepped["buffers"][buffer], expected.values(), strict=True):
                torch.testing.assert_close(tensor(recording, place), value.flatten(), atol=1e-6, rtol=1e-3)
        # a gradient of almost nothing may have either sign, and Adam makes a whole step of it
        for name, fresh in values(recording, stepped, "w").items():
            torch.testing.assert_close(fresh, weights[name], atol=2e-5, rtol=1e-3)
            weights[name] = fresh
    assert next(frames, None) is None
    assert (recording["verdict"]["kind"], recording["textbook"]) == ("textbook", None)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"network": "two-layers", "optimizer": "adam", "lr": 0.02, "batches": "next"},
        {"order": ordered("f l s b z"), "optimizer": "momentum"},
        {"left_out": ("zero_grad",), "not_given": ("bias",)},
        {
            "network": "two-layers",
            "frozen": ("hidden.weight", "out.bias"),
            "batches": "next",
            "batch_size": 3,
        },
        {"left_out": TEXTBOOK},
    ],
)
def test_the_program_shown_is_the_program_run(changes):
    settings = SlowSettings(**changes)
    recording = play(settings)
    assert recording["program"]["text"] == program(settings)
    names = {}
    with torch.random.fork_rng():
        exec(recording["program"]["text"], names)
    last = values(recording, recording["frames"][-1], "w")
    for name, p in names["model"].named_parameters():
        torch.testing.assert_close(last[name], p.detach())
    if recording["curve"]:
        assert recording["curve"][-1] == pytest.approx(names["loss"].item(), abs=1e-6)
    for line in [text for _, text in recording["program"]["setup"]] + [recording["program"]["head"]]:
        assert line in recording["program"]["text"]


def test_without_zero_grad_the_gradients_add_up():
    settings = SlowSettings(left_out=("zero_grad",), batches="next", lr=0.1)
    recording = play(settings)
    sums = {name: 0 for name in NETWORKS["softmax"].parameters}
    weights = values(recording, recording["frames"][0], "w")
    data = batches(settings)
    for frame in recording["frames"]:
        if frame["line"] == "backward":
            _, slopes = gradients(weights, *data[frame["pass"]])
            for name, gradient in values(recording, frame, "g").items():
                sums[name] = sums[name] + slopes[name]
                torch.testing.assert_close(gradient, sums[name], atol=1e-6, rtol=1e-4)
            assert frame["sums"] == [list(range(frame["pass"] + 1))] * 2
            assert frame["wrong"] == (frame["pass"] > 0)
        if frame["line"] == "step":
            for name, old in weights.items():
                weights[name] = old - 0.1 * sums[name]
                torch.testing.assert_close(
                    values(recording, frame, "w")[name], weights[name], atol=1e-5, rtol=1e-4
                )
    assert recording["verdict"]["kind"] == "sums" and "passes 1 to 10" in recording["verdict"]["sentence"]
    assert recording["textbook"] == losses(replace(settings, left_out=()))
    ends = f"{recording['curve'][-1]:.4f}; with the textbook's loop it is {recording['textbook'][-1]:.4f}."
    assert ends in recording["verdict"]["sentence"]
    assert ("That is luck" in recording["verdict"]["sentence"]) == (
        recording["curve"][-1] < recording["textbook"][-1]
    )
    sentences = [f["sentence"] for f in recording["frames"] if f["line"] == "backward"]
    assert "the sum of passes 1 and 2," in sentences[1]
    assert "the sum of passes 1 to 3," in sentences[2]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    ("order", "left_out"),
    [
        ("z f l b s", ("backward",)),
        ("z f l b s", ("step",)),
        ("f l b z s", ()),
        ("z f l s b", ()),
        ("z f l b s", ("backward", "step")),
    ],
)
def test_programs_in_which_no_weight_moves(order, left_out, optimizer):
    recording = play(SlowSettings(optimizer=optimizer, order=ordered(order), left_out=left_out))
    assert len({tuple(frame["w"]) for frame in recording["frames"]}) == 1
    assert (
        recording["verdict"]["kind"] == "still"
        and len(set(recording["curve"])) == 1
        and len(recording["curve"]) == PASSES
    )
    steps = [frame for frame in recording["frames"] if frame["line"] == "step"]
    assert all(frame["wrong"] and frame["g"] == [None, None] for frame in steps)


def test_step_before_backward_uses_the_gradient_of_the_pass_before():
    recording = play(SlowSettings(order=ordered("f l s z b"), batches="next"))
    data = batches(SlowSettings(batches="next"))
    before = values(recording, recording["frames"][0], "w")
    old = {}
    weights = before
    for frame in recording["frames"]:
        number = frame["pass"]
        if frame["line"] == "forward":
            before = weights
        if frame["line"] == "step":
            assert frame["wrong"]
            assert frame["sums"] == ([[number - 1]] * 2 if number else [[], []])
            for name, fresh in values(recording, frame, "w").items():
                torch.testing.assert_close(fresh, weights[name] - (0.5 * old[name] if old else 0))
            weights = values(recording, frame, "w")
        if frame["line"] == "backward":
            old = gradients(before, *data[number])[1]
    assert recording["verdict"]["kind"] == "late"


def test_other_orders_with_the_losses_of_the_textbook():
    for order in ("f l b s z", "f z l b s", "f l z b s", "s z f l b"):
        recording = play(SlowSettings(order=ordered(order), optimizer="adam", lr=0.05, batches="next"))
        assert (recording["verdict"]["kind"], recording["textbook"]) == ("same", None)
        assert recording["curve"] == losses(SlowSettings(optimizer="adam", lr=0.05, batches="next"))


@pytest.mark.parametrize(
    ("changes", "error", "meaning", "frames", "line"),
    [
        ({"order": ordered("z l f b s")}, "NameError: name 'logits' is not defined", "Move it up", 3, "loss"),
        ({"order": ordered("z f b l s")}, "NameError: name 'loss' is not", "Move it up", 4, "backward"),
        ({"left_out": ("forward",)}, "NameError: name 'logits' is not", "Switch it on", 3, "loss"),
        ({"left_out": ("loss",)}, "NameError: name 'loss' is not", "Switch it on", 4, "backward"),
        (
            {"network": "two-layers", "order": ordered("f l s b z"), "left_out": ("zero_grad",)},
            "RuntimeError: one of the variables needed for gradient computation has been modified by an",
            "Move step() below backward()", 9, "backward",
        ),
        (
            {"frozen": ("weight", "bias")},
            "RuntimeError: element 0 of tensors does not require grad", "Let at least one", 5, "backward",
        ),
        (
            {"not_given": ("weight", "bias")},
            "ValueError: optimizer got an empty parameter list", "Give it one", 1, "start",
        ),
    ],
)  # fmt: skip
def test_programs_that_fail_show_pythons_message(changes, error, meaning, frames, line):
    recording = play(SlowSettings(**changes))
    last = recording["frames"][-1]
    assert last["error"].startswith(error) and meaning in last["sentence"] and last["wrong"]
    assert (len(recording["frames"]), last["line"], recording["verdict"]["kind"]) == (frames, line, "error")
    assert all(frame["error"] is None for frame in recording["frames"][:-1])
    with torch.random.fork_rng(), pytest.raises(Exception, match=last["error"].split(": ", 1)[1][:40]):
        exec(recording["program"]["text"], {})


def test_an_order_fails_unless_forward_loss_and_backward_come_in_turn():
    chain = ["forward", "loss", "backward"]
    works = {order: [key for key in order if key in chain] == chain for order in permutations(TEXTBOOK)}
    kinds = set()
    for order in [*(value for value, good in works.items() if good), *list(works)[5::11]]:
        recording = play(SlowSettings(order=order))
        kinds.add(recording["verdict"]["kind"])
        assert (recording["verdict"]["kind"] == "error") != works[order]
        assert recording["frames"][-1]["sentence"] and recording["verdict"]["sentence"]
    assert kinds == {"textbook", "same", "still", "late", "error"}


def test_a_parameter_without_optimizer_gets_gradients_and_does_not_move():
    recording = play(SlowSettings(not_given=("bias",), batches="next"))
    data, start = batches(SlowSettings(batches="next")), values(recording, recording["frames"][0], "w")
    sums = torch.zeros(3)
    weights = start
    for frame in recording["frames"]:
        assert torch.equal(values(recording, frame, "w")["bias"], start["bias"])
        if frame["line"] == "backward":
            sums = sums + gradients(weights, *data[frame["pass"]])[1]["bias"]
            torch.testing.assert_close(values(recording, frame, "g")["bias"], sums, atol=1e-6, rtol=1e-4)
            assert frame["sums"] == [[frame["pass"]], list(range(frame["pass"] + 1))]
        if frame["line"] == "zero_grad":
            assert values(recording, frame, "g")["weight"] is None
            assert frame["wrong"] == (frame["pass"] > 0)
        weights = values(recording, frame, "w")
    assert [parameter["given"] for parameter in recording["parameters"]] == [True, False]
    assert "bias gets a gradient, but the optimizer was not given it" in recording["verdict"]["sentence"]


def test_a_frozen_parameter_has_no_gradient_and_does_not_move():
    recording = play(SlowSettings(network="two-layers", frozen=("hidden.weight", "hidden.bias")))
    for frame in recording["frames"]:
        assert frame["g"][:2] == [None, None] and frame["w"][:2] == recording["frames"][0]["w"][:2]
    assert recording["frames"][-1]["w"][2] != recording["frames"][0]["w"][2]
    assert recording["frames"][4]["g"][2] is not None
    assert "hidden.weight and hidden.bias have requires_grad=False" in recording["verdict"]["sentence"]


def test_pictures_are_those_of_the_data_set_averaged():
    large, labels = draw(30, seed=5)
    data = sources.source("garments")
    names = ("T-shirt/top", "Trouser", "Ankle boot")
    for picture, label in zip(large, labels, strict=True):
        places = [i for i in range(len(data)) if data.classes[data.targets[i]] == names[label]]
        assert any(torch.equal(picture, data.stored[i]) for i in places)
    assert labels.tolist() == [0, 1, 2] * 10
    whole = np.zeros((30, 32, 32))
    whole[:, 2:30, 2:30] = large.numpy()
    means = whole.reshape(30, 8, 4, 8, 4).mean((2, 4))
    assert np.abs(shrink(large).numpy() - means).max() <= 0.5 + 1e-4
    x, y = pictures(30, seed=5).tensors
    assert (x.shape, x.dtype, y.tolist()) == ((30, 64), torch.float32, labels.tolist())
    assert torch.equal((x * 255).round().byte(), shrink(large).flatten(1))
    assert not torch.equal(large, draw(30, seed=6)[0])


def test_the_pictures_sent_are_those_of_the_batches():
    settings = SlowSettings(batches="next", batch_size=6)
    recording = play(settings)
    for told_batch, (x, y) in zip(recording["batches"], batches(settings), strict=True):
        assert (told_batch["size"], told_batch["labels"]) == (6, y[:4].tolist())
        for place, row in zip(told_batch["pictures"], x[:4], strict=True):
            small = np.frombuffer(base64.b64decode(recording["pictures"][place]["small"]), np.uint8)
            large = np.frombuffer(base64.b64decode(recording["pictures"][place]["large"]), np.uint8)
            assert np.array_equal(small, (row * 255).round().byte().numpy())
            assert np.array_equal(shrink(torch.tensor(large.reshape(1, 28, 28))).numpy().ravel(), small)


def test_the_weight_chosen_first_has_the_largest_gradient():
    recording = play(SlowSettings())
    parameter, place = recording["chosen"]
    gradient = tensor(recording, recording["frames"][4]["g"][parameter])
    assert gradient.abs().argmax() == place


def test_the_recording_is_small_and_plain_json():
    largest = SlowSettings("two-layers", "adam", lr=0.02, batch_size=16, batches="next")
    assert len(json.dumps(play(largest), allow_nan=False)) < 150_000
    for seed in range(4):
        lost = play(SlowSettings("two-layers", lr=10.0, left_out=("zero_grad",), batches="next", seed=seed))
        text = json.dumps(lost, allow_nan=False)  # where the numbers leave what a float can hold, too
        assert json.loads(text)["frames"][-1]["line"] == "step"


def test_the_same_settings_give_the_same_numbers_in_threads_and_leave_nothing_behind():
    settings = SlowSettings("two-layers", "adam", lr=0.02)
    torch.set_num_threads(2)
    _single_thread.cache_clear()
    first = play(settings)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    recording = []
    workers = [threading.Thread(target=lambda: recording.append(play(settings))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert recording == [first] * 4
    assert torch.equal(torch.rand(2), expected)
    counts = []
    later = threading.Thread(target=lambda: counts.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert [torch.get_num_threads(), *counts] == [2, 2]


def test_softmax_losses_agree_with_torchs_cross_entropy():
    recording = play(SlowSettings(batch_size=1))
    logits = tensor(recording, recording["frames"][2]["logits"]["logits"]).view(1, 3)
    label = torch.tensor(recording["batches"][0]["labels"])
    assert recording["curve"][0] == pytest.approx(F.cross_entropy(logits, label).item(), abs=1e-6)
