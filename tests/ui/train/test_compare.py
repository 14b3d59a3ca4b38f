"""What differs between runs, and whether the sentences about it are true."""

from __future__ import annotations

import pytest
import torch

from data.samples import Samples
from training.recipe import Recipe, prepare
from ui.train import compare as room
from ui.train.words import LABELS

RECIPE = Recipe(samples=40, network="mlp").as_dict() | {"batch_size": 16}


def samples(count: int, classes: int = 10) -> Samples:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8, generator=generator)
    pair = x, torch.arange(count) % classes
    return Samples(pair, pair, pair, tuple(map(str, range(classes))), "noise")


def test_only_fields_that_differ_are_columns():
    assert room.differing([RECIPE]) == [] and room.differing([]) == []
    assert room.differing([RECIPE, RECIPE]) == []
    assert room.differing([RECIPE, RECIPE | {"lr": 0.5}, RECIPE | {"seed": 3}]) == ["lr", "seed"]
    assert room.differing([RECIPE, RECIPE | {"batch_norm": 1}]) == ["batch_norm"]


def test_every_field_of_a_recipe_has_a_label():
    assert set(LABELS) >= set(RECIPE)
    assert set(RECIPE) >= (room.WEIGHTS | room.BATCHES)


@pytest.mark.parametrize(
    "field, value, text",
    [
        ("lr", 0.05, "0.05"),
        ("samples", 0, "all"),
        ("samples", 10_000, "10,000"),
        ("width", 0, "its own"),
        ("seed", 12345, "12345"),
        ("zero_grad", False, "off"),
        ("network", "mlp", "MLP"),
        ("network", "unheard-of", "unheard-of"),
        ("weight_decay", 0.0, "0"),
    ],
)
def test_values_are_written_plainly(field, value, text):
    assert room.value_text(field, value) == text


def test_one_difference_comes_with_what_stays_the_same():
    text = room.sentence(RECIPE | {"lr": 0.05}, RECIPE | {"lr": 0.5})
    assert text == "Only “Learning rate” differs (0.05 and 0.5): same initial weights, same batches."
    assert room.sentence(RECIPE, RECIPE | {"seed": 1}).endswith(
        "(0 and 1): other initial weights, other batches."
    )


def test_several_differences_are_listed():
    text = room.sentence(RECIPE, RECIPE | {"lr": 0.5, "seed": 1, "epochs": 9})
    assert text.startswith("3 choices differ: Epochs, Learning rate, Seed. ")


def test_runs_without_a_difference_or_with_an_early_end():
    assert room.sentence(RECIPE, RECIPE) == "Both runs have the same choices."
    text = room.sentence(RECIPE, RECIPE, ["Run 2"])
    assert "left alone, they give the same numbers. Run 2 was changed while it ran." in text
    text = room.sentence(RECIPE, RECIPE | {"lr": 0.5}, early=["Run 1"])
    assert text.startswith("Only “Learning rate” differs")
    assert text.endswith(". Run 1 ended early: compare both at the same step.")
    text = room.sentence(RECIPE, RECIPE, lost=["Run 1", "Run 2"])
    assert text.endswith(" Run 1, Run 2 did not reach the end: see the training loss.")


OTHERS = {
    "width": 32, "depth": 2, "activation": "tanh", "dropout": 0.5, "samples": 30, "augment": "shift",
    "epochs": 3, "batch_size": 8, "optimizer": "adam", "lr": 0.5, "momentum": 0.5, "weight_decay": 0.1,
    "schedule": "cosine", "loss": "mse", "label_smoothing": 0.2, "zero_grad": False, "average": 0.9,
    "shuffle": False, "seed": 1, "network": "softmax_regression",
}  # fmt: skip


@pytest.mark.parametrize("field", [*OTHERS, "batch_norm"])
def test_the_sentence_about_weights_and_batches_is_true(field):
    """Weights and batches of two recipes that differ in one field, made by the code that trains."""
    first = RECIPE | ({"network": "tutorial_cnn"} if field == "batch_norm" else {})
    second = first | ({"batch_norm": False} if field == "batch_norm" else {field: OTHERS[field]})
    runs = []
    for values in (first, second):
        recipe = Recipe.from_dict(values)
        prepared = prepare(recipe, samples(recipe.samples))
        batches = list(prepared.batches.epoch(recipe.config.seed, 0))
        runs.append((list(prepared.model.parameters()), batches))
    (weights, batches), (other_weights, other_batches) = runs

    def equal(some, others):
        return len(some) == len(others) and all(
            a.shape == b.shape and torch.equal(a, b) for a, b in zip(some, others, strict=True)
        )

    same_batches = equal([x for x, _ in batches], [x for x, _ in other_batches])
    if field not in room.WEIGHTS:
        assert equal(weights, other_weights)
    if field not in room.BATCHES:
        assert same_batches
    if field in room.WEIGHTS - {"data"}:
        assert not equal(weights, other_weights)
    if field in room.BATCHES - {"data"}:
        assert not same_batches


def test_points_are_means_of_their_neighbours():
    assert room.averaged([1.0, 3.0, 5.0, 7.0, 20.0], most=3) == ([2.0, 6.0, 20.0], 2)
    assert room.averaged([1.0, 2.0], most=5) == ([1.0, 2.0], 1)
    assert room.averaged([None, 4.0, None, None], most=2) == ([4.0, None], 2)
    assert room.averaged([]) == ([], 1)
    means, size = room.averaged([float(n) for n in range(600)])
    assert size == 4 and len(means) == 150 and means[0] == 1.5
