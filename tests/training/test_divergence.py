import math

import pytest
import torch

from data.batches import TensorBatches
from models.registry import build
from training.config import TrainConfig
from training.divergence import PATIENCE, DivergenceWatch, remedy
from training.loop import Diverged, Done, Step, train

CEILING = 2.3 + 10 * math.log(10)


def watch(**settings):
    begun = DivergenceWatch(TrainConfig(**settings))
    assert problem(begun, 2.3, 0.1) is None
    return begun


def problem(watch, loss, accuracy, norm=1.0):
    return watch.problem(0, 2, loss, accuracy, norm, 10)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_ends_a_run_at_once(bad):
    assert problem(watch(lr=0.05), bad, 0.9) == (
        f"In step 3 of epoch 1 the loss became {bad} (gradient norm 1)."
        " Try a smaller learning rate, lr 0.005 instead of 0.05."
    )
    assert f"the gradient norm became {bad} at a loss of 0.5" in problem(watch(), 0.5, 0.9, bad)


def test_gradients_that_add_up_are_named_first():
    assert problem(watch(lr=0.05, zero_grad=False), math.inf, 0.1).endswith(
        "set them to zero before each step (zero_grad)."
    )


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"lr": 0.3}, {"lr": 0.03}),
        ({"lr": 0.3, "momentum": 0.99}, {"lr": 0.03, "momentum": 0.9}),
        ({"lr": 1e-3, "optimizer": "adam", "momentum": 0.99}, {"lr": 1e-4}),
        ({"zero_grad": False}, {"zero_grad": True}),
    ],
)
def test_what_to_change(settings, changes):
    assert remedy(TrainConfig(**settings)) == changes


def steps_until_lost(watch, loss, accuracy, most=1000):
    return next((k for k in range(1, most) if problem(watch, loss, accuracy, 5.0)), None)


def test_an_exploded_loss_ends_a_run_after_some_patience():
    assert steps_until_lost(watch(), CEILING + 0.01, 0.1) == PATIENCE
    lost = watch(momentum=0.99)
    steps_until_lost(lost, 1e6, 0.1)
    sentences = problem(lost, 1e6, 0.1, 5.0)
    assert "exploded, from 2.3 to 1e+06 (gradient norm 5)" in sentences
    assert sentences.endswith("lr 0.005 instead of 0.05, or momentum 0.9 instead of 0.99.")


@pytest.mark.parametrize(("loss", "accuracy"), [(CEILING - 0.01, 0.1), (1e6, 0.15), (2.3, 0.0)])
def test_a_high_loss_alone_or_wrong_answers_alone_end_no_run(loss, accuracy):
    assert steps_until_lost(watch(), loss, accuracy) is None


def test_a_spike_passes():
    patient = watch()
    for _ in range(20):
        assert all(problem(patient, 1e6, 0.0) is None for _ in range(PATIENCE - 1))
        assert all(problem(patient, 1.0, 0.5) is None for _ in range(PATIENCE - 1))


def test_its_state_can_be_kept():
    strained, restored = watch(), watch()
    for _ in range(60):
        problem(strained, 1e6, 0.0)
    restored.load_state_dict(strained.state_dict())
    assert steps_until_lost(restored, 1e6, 0.0) == PATIENCE - 60


def run(inputs, labels, epochs, **settings):
    config = TrainConfig(epochs=epochs, batch_size=16, **settings)
    model = build("softmax_regression", seed=0)
    return list(train(model, TensorBatches(inputs, labels, 16), config))


def test_a_hopeless_run_is_stopped_and_a_wild_one_that_learns_is_not():
    inputs = torch.randn(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(64) % 10
    # the same picture with every label: there is nothing to learn
    hopeless = run(inputs[:1].expand(64, -1, -1, -1), labels, 100, lr=10.0)
    assert isinstance(hopeless[-1], Diverged) and "exploded" in hopeless[-1].reason
    wild = run(inputs, labels, 20, lr=10.0, momentum=0.0)
    assert isinstance(wild[-1], Done)
    losses = [record.loss for record in wild if isinstance(record, Step)]
    assert max(losses) > losses[0] + 10 * math.log(10) and losses[-1] < 0.01
