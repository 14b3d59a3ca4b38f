"""Every preset shows what it promises; in fewer epochs where that is enough to see it."""

import math
from dataclasses import replace

import pytest
import torch

from training.loop import Diverged, Done, Epoch, Step, evaluate, train
from training.presets import PRESETS
from training.recipe import load_samples, prepare


@pytest.fixture(autouse=True)
def real_pictures(fashion_root, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(fashion_root))


def run(recipe, epochs=None):
    """The network after the run, with its last gradients, and the records."""
    if epochs:
        recipe = replace(recipe, config=replace(recipe.config, epochs=epochs))
    ready = prepare(recipe, load_samples(recipe))
    held = ready.validation[0][::2], ready.validation[1][::2]  # they lie class by class
    return ready.model, list(train(ready.model, ready.batches, recipe.config, held))


def epochs_of(records):
    return [record for record in records if isinstance(record, Epoch)]


def test_each_says_in_one_sentence_what_to_expect():
    for preset in PRESETS.values():
        assert preset.expect.endswith(".") and preset.expect.count(". ") == 0
        assert 60 < len(preset.expect) < 260 and len(preset.title) < 30


def test_the_first_run_learns():
    _, records = run(PRESETS["first"].recipe)
    epochs = epochs_of(records)
    assert len(epochs) == 5 and isinstance(records[-1], Done)
    assert epochs[-1].validation_accuracy > 0.8
    falls = [before.loss - after.loss for before, after in zip(epochs, epochs[1:], strict=False)]
    assert min(falls) > 0 and falls[0] > 3 * falls[-1]


def test_the_fast_one_names_nine_of_ten_new_pictures_right():
    model, records = run(PRESETS["fast"].recipe)
    ready = prepare(PRESETS["fast"].recipe, load_samples(PRESETS["fast"].recipe))
    assert len(epochs_of(records)) == 2 and isinstance(records[-1], Done)
    assert len(ready.test[1]) == 10_000 and evaluate(model, *ready.test)[1] >= 0.9


def test_too_high_a_learning_rate_ends_the_run_within_some_steps():
    _, records = run(PRESETS["too-high"].recipe)
    losses = [record.loss for record in records if isinstance(record, Step)]
    assert isinstance(records[-1], Diverged) and len(losses) < 50
    assert losses[-1] > 1000 * losses[0] and "smaller learning rate" in records[-1].reason


def test_gradients_vanish_on_their_way_through_ten_sigmoids():
    model, records = run(PRESETS["vanishing"].recipe, epochs=1)
    first, last = (model.get_submodule(name).weight.grad.norm().item() for name in ("hidden", "output"))
    assert 0 < first < last / 10_000
    assert epochs_of(records)[-1].validation_accuracy < 0.15
    # the same network with another activation has no such trouble
    other = replace(PRESETS["vanishing"].recipe, activation="relu", depth=3)
    assert epochs_of(run(other, epochs=1)[1])[-1].validation_accuracy > 0.6


def test_without_zero_grad_the_loss_rises_and_with_it_it_falls():
    recipe = PRESETS["no-zero-grad"].recipe
    records = run(recipe, epochs=1)[1]
    losses = [record.loss for record in records if isinstance(record, Step)]
    assert min(losses[:10]) < losses[0] < losses[-1] / 1000
    mended = replace(recipe, config=replace(recipe.config, zero_grad=True))
    assert epochs_of(run(mended, epochs=1)[1])[-1].validation_accuracy > 0.75


def test_two_hundred_pictures_are_learned_by_heart():
    model, records = run(PRESETS["overfit"].recipe)
    last = epochs_of(records)[-1]
    assert last.accuracy == 1.0 and last.validation_accuracy < 0.8
    assert last.validation_loss > 100 * last.loss and math.isfinite(last.validation_loss)
    images, labels = load_samples(PRESETS["overfit"].recipe).train
    ready = prepare(PRESETS["overfit"].recipe, load_samples(PRESETS["overfit"].recipe))
    assert len(labels) == len(ready.batches.labels) == 200
    assert sum(p.numel() for p in model.parameters()) > 100 * 200 and torch.equal(
        images, ready.batches.inputs
    )
