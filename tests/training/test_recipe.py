import math
from dataclasses import fields, replace

import pytest
import torch

from checks import field_of
from data import fashion
from data.augment import shifted, standard
from data.batches import random_source
from data.samples import Samples
from models.registry import NETWORKS, build
from training import recipe as recipes
from training.config import TrainConfig
from training.recipe import FIELDS, Recipe, arguments, devices, networks, prepare


def samples(count=40, classes=2):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 1, 28, 28), generator=generator, dtype=torch.uint8)
    pair = images, torch.arange(count) % classes
    return Samples(pair, pair, pair, tuple("abcdefghij"[:classes]), "made")


def same(model, other):
    """Whether two networks have the same weights, bit for bit."""
    others = other.state_dict()
    return all(torch.equal(value, others[name]) for name, value in model.state_dict().items())


HUGE = 10**5000
NESTED: list = []
NESTED.append(NESTED)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network", "pattern_conv"), ("network", None), ("network", ["mlp"]), ("network", 3),
        ("width", -1), ("width", 65), ("width", True), ("width", 1.5), ("width", math.nan), ("width", HUGE),
        ("width", False), ("depth", 0), ("depth", 13), ("depth", True), ("depth", None), ("depth", "3"),
        ("activation", "gelu"), ("activation", {}), ("batch_norm", 1), ("batch_norm", None),
        ("dropout", 1.0), ("dropout", -0.1), ("dropout", math.nan), ("dropout", math.inf), ("dropout", HUGE),
        ("dropout", True), ("data", "mnist"), ("data", True), ("samples", -1), ("samples", 58_001),
        ("samples", math.inf), ("samples", NESTED), ("augment", "mirror"), ("augment", None),
        ("device", "cuda:99"), ("device", "cpu; rm"), ("device", None),
        ("epochs", 0), ("epochs", HUGE), ("lr", math.nan), ("lr", HUGE), ("lr", True), ("lr", None),
        ("batch_size", [1]), ("seed", 2**31), ("shuffle", 1), ("shuffle", "yes"), ("zero_grad", None),
        ("loss", "hinge"), ("loss", ["mse"]), ("optimizer", {}), ("momentum", 1.0), ("average", math.nan),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_any_bad_value_of_any_field_gets_a_sentence_that_names_it(field, value):
    with pytest.raises(ValueError, match=f"^{field} must be ") as caught:
        Recipe.from_dict({field: value})
    assert len(str(caught.value)) < 250 and str(caught.value).endswith(".")


@pytest.mark.parametrize("values", [None, [], "mlp", 3, True, {"epoch": 3}, {3: 4}, {"config": {}}])
def test_an_invalid_recipe_is_refused(values):
    with pytest.raises(ValueError, match="^(A run is an object|There is no field)"):
        Recipe.from_dict(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"network": "lenet5", "dropout": 0.5}, "lenet5 has no dropout"),
        ({"network": "fashion_cnn", "dropout": 0.5}, "fashion_cnn has no dropout"),
        ({"network": "mlp", "batch_norm": False}, "mlp has no batch normalisation"),
        ({"network": "fashion_cnn", "batch_norm": False}, "cannot do without its batch normalisation"),
        ({"network": "softmax_regression", "width": 16}, "width must be 0 for the network softmax"),
        ({"network": "mlp", "width": 1025}, "width must be a whole number from 0 to 1,024, not 1025"),
        ({"network": "residual", "depth": 3}, "depth must be 1 and activation relu for the network residual"),
        ({"network": "residual", "activation": "tanh"}, "depth must be 1 and activation relu"),
        ({"data": "garments", "samples": 5_001}, "samples must be a whole number from 0 to 5,000, not 5001"),
        ({"loss": "mse", "label_smoothing": 0.1}, "label_smoothing must be 0 for the loss mse"),
    ],
)
def test_incompatible_values_get_a_sentence(values, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict(values)


def test_a_single_picture_cannot_be_normalised_over_its_batch():
    alone = TrainConfig(batch_size=13)
    why = "Batch normalisation compares the pictures of a batch with one another, which takes two or more."
    least = "batch_size must be at least 2 for the network fast_cnn, for example"
    for size, count, field, sentence in (
        (
            *(3_333, 10_000, "batch_size"),
            "batch_size must not leave a single picture for the last batch (10,000 pictures in batches of"
            f" 3333). {why} Take another batch_size, or 9,999 as samples.",
        ),
        (1, 10_000, "batch_size", f"{least} 2. {why}"),
        (1, 3, "batch_size", f"{least} 3. {why}"),
        (64, 1, "samples", f"samples must be at least 2 for the network fast_cnn. {why}"),
    ):
        with pytest.raises(ValueError) as caught:
            Recipe(network="fast_cnn", samples=count, config=TrainConfig(batch_size=size))
        assert (str(caught.value), field_of(caught.value)) == (sentence, field)
    own = Recipe(network="fast_cnn", data="own", config=alone)
    with pytest.raises(ValueError, match="^batch_size must not leave a single picture"):
        prepare(own, samples(40))
    prepare(own, samples(41))
    prepare(replace(own, batch_norm=False), samples(40))


def test_a_recipe_survives_json():
    recipe = Recipe(
        network="mlp", width=32, depth=3, activation="tanh", dropout=0.25, samples=0, augment="shift",
        config=TrainConfig(epochs=3, loss="focal", zero_grad=False, lr=0.3),
    )  # fmt: skip
    values = recipe.as_dict()
    assert Recipe.from_dict(values) == recipe
    assert (
        set(values)
        == set(FIELDS)
        == {f.name for f in fields(Recipe)} - {"config"} | {f.name for f in fields(TrainConfig)}
    )
    assert Recipe.from_dict({}) == Recipe()
    # what a browser sends
    assert Recipe.from_dict({"epochs": 3.0, "lr": 1}) == Recipe(config=TrainConfig(epochs=3, lr=1))
    sizes = {"width": 64.0, "depth": 2.0, "samples": 500.0, "batch_size": 32.0}
    same = {"network": "mlp", **{name: int(value) for name, value in sizes.items()}}
    explicit = Recipe.from_dict({"network": "mlp", **sizes})
    assert recipes.command(explicit) == recipes.command(Recipe.from_dict(same))


@pytest.mark.parametrize("network", networks())
def test_options_reach_the_network(network):
    plain = Recipe(network=network)
    ready = prepare(plain, samples())
    assert arguments(plain, 2) == {"classes": 2} == ready.card.arguments
    own = build(network, seed=0, classes=2)
    assert same(ready.model, own)
    if network in networks("width"):
        usual = NETWORKS[network].width[0]
        wide = prepare(replace(plain, width=usual), samples()).model
        assert [p.shape for p in wide.parameters()] == [p.shape for p in own.parameters()]
        narrow = prepare(replace(plain, width=4), samples()).model
        assert next(narrow.parameters()).shape[0] == 4
    if network in networks("batch_norm"):
        bare = prepare(replace(plain, batch_norm=False), samples()).model
        assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in bare.modules())
    if network in networks("dropout"):
        assert prepare(replace(plain, dropout=0.25), samples()).model.dropout.p == 0.25


def test_the_seed_makes_the_network_and_the_order():
    prepared = [
        prepare(Recipe(network="mlp", config=TrainConfig(seed=s, batch_size=8)), samples()) for s in (1, 1, 2)
    ]
    first, again, other = (ready.model for ready in prepared)
    assert same(first, again) and not same(first, other)


@pytest.mark.parametrize(("name", "change"), [("none", None), ("shift", shifted), ("standard", standard)])
def test_a_batch_is_augmented_then_normalised(name, change):
    recipe = samples(16)
    config = TrainConfig(batch_size=8, shuffle=False, seed=3)
    ready = prepare(Recipe(network="mlp", augment=name, config=config), recipe)
    (x, y), *_ = ready.batches.epoch(3, 1)
    expected = recipe.train[0][:8].float() / 255
    if change is not None:
        expected = change(expected, random_source(3, 1, 1))
    assert torch.equal(x, (expected - fashion.MEAN) / fashion.STD) and torch.equal(y, recipe.train[1][:8])
    validation, test = ready.validation[0], ready.test[0]
    assert torch.allclose(validation * fashion.STD + fashion.MEAN, recipe.validation[0] / 255, atol=1e-6)
    assert torch.equal(validation, test)


def test_every_network_of_the_page_is_in_the_registry_and_the_processor_is_a_device():
    assert devices()[0] == "cpu"


def test_the_command_has_only_what_differs():
    usual = recipes.defaults("mlp")
    plain = Recipe(network="mlp", samples=0, device=str(recipes.pick_device()), config=usual)
    start = "python -m training.fashion --data-set fashion"
    assert recipes.command(plain) == start + " --network mlp"
    other = replace(plain, samples=300, config=replace(usual, lr=0.1, zero_grad=False, shuffle=False))
    assert recipes.command(other, threads=2) == (
        start + " --network mlp --samples 300 --lr 0.1 --no-shuffle --no-zero-grad --threads 2"
    )
    shipped = replace(plain, network="fashion_cnn", config=recipes.DEFAULTS)
    assert recipes.command(shipped) == start
    own = replace(plain, data="own")
    assert recipes.command(own, own=("my cats.zip", "a;b.csv")) == (
        "python -m training.fashion --data-set own --own 'my cats.zip' 'a;b.csv' --network mlp"
    )
