"""Runs that are worth seeing, each with one sentence on what to expect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from data import sources
from language import _
from training.config import TrainConfig
from training.recipe import Recipe


@dataclass(frozen=True)
class Preset:
    title: str
    expect: str
    """One sentence: what will be seen."""
    recipe: Recipe = field(repr=False)


PRESETS = {
    "first": Preset(
        _("First run"),
        _(
            "A small network learns: the loss falls quickly, then slowly, and in the end more than four "
            "out of five new pictures are classified correctly."
        ),
        Recipe(network="mlp", config=TrainConfig(epochs=5, batch_size=64, lr=0.02)),
    ),
    "fast": Preset(
        _("Fast 90 %"),
        _(
            "A small network, large batches and a learning rate that rises and falls once: after a few "
            "seconds nine out of ten new pictures are classified correctly."
        ),
        Recipe(
            network="fast_cnn",
            samples=45_000,
            config=TrainConfig(
                epochs=2,
                batch_size=256,
                optimizer="nesterov",
                lr=0.8,
                weight_decay=5e-4,
                schedule="one-cycle",
                label_smoothing=0.05,
                average=0.97,
            ),
        ),
    ),
    "too-high": Preset(
        _("Learning rate too high"),
        _(
            "Each step jumps across the valley and lands higher up: the loss grows instead of falling, "
            "until it is too large a number for the computer, and the run stops."
        ),
        # its loss is a bowl, so any seed and any pictures diverge; a network of ReLUs may die instead
        Recipe(network="softmax_regression", config=TrainConfig(epochs=3, batch_size=64, lr=0.1, loss="mse")),
    ),
    "vanishing": Preset(
        _("Vanishing gradients"),
        _(
            "Ten layers of sigmoids: the gradient of the first layer is millions of times smaller than "
            "that of the last, so the network keeps guessing and is right one time in ten."
        ),
        Recipe(
            network="mlp",
            width=64,
            depth=10,
            activation="sigmoid",
            config=TrainConfig(epochs=3, batch_size=64, lr=0.05),
        ),
    ),
    "no-zero-grad": Preset(
        _("No zero_grad"),
        _(
            "The gradients are never set to zero, so each step adds the new one to all the old ones: the "
            "steps grow longer and longer, and the loss rises."
        ),
        Recipe(network="mlp", config=TrainConfig(epochs=3, batch_size=64, lr=0.05, zero_grad=False)),
    ),
    "overfit": Preset(
        _("Overfit 200 samples"),
        _(
            "The network learns its 200 pictures by heart, 100 % of them, but classifies far fewer new "
            "pictures correctly: the gap between the two curves is overfitting."
        ),
        Recipe(network="mlp", samples=200, config=TrainConfig(epochs=40, batch_size=32, lr=0.05)),
    ),
}


def ready(recipe: Recipe) -> Recipe:
    """A recipe that can run here: if its data set is missing, the usual one of the page takes its place. If
    that has fewer pictures, more epochs make about as many steps.
    """
    if sources.is_here(recipe.data):
        return recipe
    other = sources.default()
    pictures = sources.learnable()[other].pictures or 0
    if recipe.samples <= pictures:
        return replace(recipe, data=other)
    epochs = round(recipe.config.epochs * recipe.samples / pictures)
    return replace(recipe, data=other, samples=0, config=replace(recipe.config, epochs=epochs))
