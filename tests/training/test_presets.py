"""Every preset shows what it promises; in fewer epochs where that is enough to see it."""

import math
from dataclasses import replace
from statistics import median

import pytest
import torch

from training.divergence import remedy
from training.loop import Diverged, Done, Epoch, Step, evaluate, train
from training.presets import PRESETS, ready
from training.recipe import load_samples, prepare


@pytest.fixture(autouse=True, params=["fashion", "garments"])
def pictures(request, monkeypatch, tmp_path_factory):
    """With Fashion-MNIST, and on a machine that has none."""
    empty = tmp_path_factory.getbasetemp() / "no-fashion"
    folder = request.getfixturevalue("fashion_root") if request.param == "fashion" else empty
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(folder))
    return request.param


def run(recipe, epochs=None):
    """The network after the run, with its last gradients, and the records."""
    if epochs:
        recipe = replace(recipe, config=replace(recipe.config, epochs=epochs))
    recipe = ready(recipe)
    prepared = prepare(recipe, load_samples(recipe))
    validation = prepared.validation[0][::2], prepared.validation[1][::2]  # they lie class by class
    return prepared.model, list(train(prepared.model, prepared.batches, recipe.config, validation))


def epochs_of(records):
    return [record for record in records if isinstance(record, Epoch)]


def test_each_preset_says_in_one_sentence_what_to_expect():
    for preset in PRESETS.values():
        assert preset.expect.endswith(".") and preset.expect.count(". ") == 0
        assert 60 < len(preset.expect) < 260 and len(preset.title) < 30


def test_the_first_run_learns():
    _, records = run(PRESETS["first"].recipe)
    epochs = epochs_of(records)
    assert len(epochs) >= 5 and isinstance(records[-1], Done)
    assert epochs[-1].validation_accuracy > 0.8
    falls = [before.loss - after.loss for before, after in zip(epochs, epochs[1:], strict=False)]
    assert min(falls) > 0 and falls[0] > 3 * falls[-1]


def test_the_fast_preset_is_right_on_nine_of_ten_new_pictures():
    model, records = run(PRESETS["fast"].recipe)
    recipe = ready(PRESETS["fast"].recipe)
    prepared = prepare(recipe, load_samples(recipe))
    assert len(prepared.test[1]) >= 1000 and isinstance(records[-1], Done)
    assert evaluate(model, *prepared.test)[1] >= 0.9


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_too_high_a_learning_rate_ends_the_run_and_the_advice_lets_it_learn(seed):
    recipe = PRESETS["too-high"].recipe
    recipe = replace(recipe, config=replace(recipe.config, seed=seed))
    _, records = run(recipe)
    losses = [record.loss for record in records if isinstance(record, Step)]
    assert isinstance(records[-1], Diverged) and 10 < len(losses) < 100
    # from the third step on each is worse than the one before
    assert losses[2:] == sorted(losses[2:]) and losses[-1] > 1e20 * losses[0]
    assert "smaller learning rate" in records[-1].reason
    mended = replace(recipe, config=replace(recipe.config, **remedy(recipe.config)))
    assert epochs_of(run(mended)[1])[-1].validation_accuracy > 0.5


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
    # one step may be lucky, and which one it is depends on the processor's rounding
    assert min(losses[:10]) < losses[0] < median(losses[-20:]) / 100_000
    mended = replace(recipe, config=replace(recipe.config, zero_grad=True))
    assert epochs_of(run(mended, epochs=1)[1])[-1].validation_accuracy > 0.75


def test_two_hundred_pictures_are_learned_by_heart():
    model, records = run(PRESETS["overfit"].recipe)
    last = epochs_of(records)[-1]
    assert last.accuracy == 1.0 and last.validation_accuracy < 0.8
    assert last.validation_loss > 100 * last.loss and math.isfinite(last.validation_loss)
    recipe = ready(PRESETS["overfit"].recipe)
    samples = load_samples(recipe)
    batches = prepare(recipe, samples).batches
    assert len(samples.train[1]) == len(batches.labels) == 200
    assert torch.equal(samples.train[0], batches.inputs)
    assert sum(p.numel() for p in model.parameters()) > 100 * 200
