"""Weights as a file: what leaves comes back the same, and what strangers send is refused in a sentence."""

import io
import json
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save

from settings import MAX_WEIGHTS_BYTES
from tests.training.desk.desks import OWN
from training.config import TrainConfig
from training.desk.exchange import WeightsError, pack, unpack
from training.recipe import Recipe, prepare

RECIPE = Recipe(network="tutorial_cnn", width=2, data="own", samples=0, config=TrainConfig(epochs=3, lr=0.02))


def trained(recipe=RECIPE):
    ready = prepare(recipe, OWN)
    return ready.model, ready.card


MODEL, CARD = trained()
GOOD = pack(MODEL, CARD)


def file(change_card=None, change=None, **tensors):
    """A safetensors file with other tensors, or another card."""
    length = int.from_bytes(GOOD[:8], "little")
    metadata = json.loads(GOOD[8 : 8 + length])["__metadata__"]
    if change_card is not None:
        metadata["card"] = json.dumps(json.loads(metadata["card"]) | change_card)
    if change is not None:
        change(metadata)
    state = {name: value.contiguous() for name, value in MODEL.state_dict().items()} | tensors
    return save({name: value for name, value in state.items() if value is not None}, metadata=metadata)


@pytest.mark.parametrize("network", ["softmax_regression", "lenet5", "residual", "fashion_cnn"])
def test_every_network_survives_the_file(network, tmp_path):
    model, card = trained(Recipe(network=network, data="own", samples=0))
    data = pack(model, card)
    back, its_card, recipe = unpack(data)
    for (name, value), expected in zip(model.state_dict().items(), back.state_dict().values(), strict=True):
        assert torch.equal(value, expected), name
    assert recipe.network == network == its_card.architecture and not back.training
    assert (its_card.mean, its_card.std, its_card.classes) == (card.mean, card.std, card.classes)
    assert its_card.arguments == card.arguments and its_card.config == card.config
    (tmp_path / "mine.safetensors").write_bytes(data)
    with safe_open(tmp_path / "mine.safetensors", "pt") as opened:  # the file alone says what it is
        assert json.loads(opened.metadata()["card"])["architecture"] == network


def pickled():
    buffer = io.BytesIO()
    torch.save(MODEL.state_dict(), buffer)
    return buffer.getvalue()


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('opened')",)


WEIGHT = "linear.weight"
BAD = {
    "nothing": (b"", "not a safetensors file"),
    "None": (None, "no file"),
    "text": ("safetensors", "no file"),
    "a .pt file": (pickled(), "stays closed"),
    "a pickle": (pickle.dumps(Bomb()), "stays closed"),
    "random bytes": (bytes(range(256)) * 40, "not a safetensors file"),
    "a huge header": ((2**40).to_bytes(8, "little") + b"{}" * 50, "not a safetensors file"),
    "a header longer than the file": ((5000).to_bytes(8, "little") + b"{}", "not a safetensors file"),
    "a header that is no JSON": ((2).to_bytes(8, "little") + b"{]" + b"0" * 9, "header of this file"),
    "a header that is a list": ((2).to_bytes(8, "little") + b"[]" + b"0" * 9, "no card"),
    "a nested header": ((9000).to_bytes(8, "little") + b"[" * 9000, "header of this file"),
    "cut off": (GOOD[:-50], "damaged"),
    "too long": (GOOD + b"more", "damaged"),
    "too large": (bytes(MAX_WEIGHTS_BYTES + 1), "more than 10 MB"),
    "no card": (save({"a": torch.ones(1)}), "no card"),
    "a card of text": (file(change=lambda m: m.update(card='"hello"')), "card in this file cannot be read"),
    "a card that is no JSON": (file(change=lambda m: m.update(card="{")), "header of this file"),
    "NaN": (file(**{WEIGHT: MODEL.linear.weight * torch.nan}), "not finite"),
    "infinity": (file(**{WEIGHT: MODEL.linear.weight / 0}), "not finite"),
    "another shape": (
        file(**{WEIGHT: torch.ones(2, 3)}),
        r"is \(2, 3\) float32, and the network tutorial_cnn",
    ),
    "another type": (file(**{WEIGHT: MODEL.linear.weight.double()}), "float64"),
    "one lacks": (file(**{WEIGHT: None}), "lacks 'linear.weight'"),
    "one more": (file(zebra=torch.ones(1)), "has 'zebra'"),
    "no classes": (file({"classes": []}), "2 to 50 class names"),
    "classes of numbers": (
        file({"classes": [1, 2]}),
        "class in this file must be one line of 1 to 60 characters, not 1",
    ),
    "a class of lines": (file({"classes": ["a", "b\nc"]}), "class in this file must be one line"),
    "more classes": (file({"classes": ["a", "b", "c"]}), "and the network"),
    "no scale": (
        file({"std": 0}),
        "std in the card of this file must be a number from 0.001 to 1,000, not 0",
    ),
    "a scale of text": (
        file({"mean": "0.3"}),
        "mean in the card of this file must be a number from -10 to 10, not '0.3'",
    ),
    "a scale too large": (file({"std": 10**400}), "std in the card of this file must be a number"),
    "no recipe": (file({"config": None}), "how the network was trained"),
    "no network": (file({"config": {"lr": 1}}), "does not name its network"),
    "a network too wide": (file({"config": {"network": "mlp", "width": 10**9}}), "width must be"),
    "a network too deep": (file({"config": {"network": "mlp", "depth": 10**9}}), "depth must be"),
    "an unknown network": (file({"config": {"network": "os.system"}}), "network must be one of"),
    "a network of lists": (file({"config": {"network": ["mlp"]}}), "network must be one of"),
}


@pytest.mark.parametrize("name", BAD)
def test_invalid_files_are_refused_in_a_sentence(name):
    data, sentence = BAD[name]
    with pytest.raises(WeightsError, match=sentence) as refused:
        unpack(data)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_only_checked_fields_of_a_card_are_kept():
    data = file({
        "command": "rm -rf /", "data": "x" * 999, "metrics": {"test_accuracy": 1.0},
        "arguments": {"width": 64}, "architecture": "fashion_cnn", "seed": "today",
    })  # fmt: skip
    _, card, _ = unpack(data)
    assert card.command.startswith("python -m training.fashion") and card.data == "uploaded weights"
    assert card.metrics == {} and card.arguments == CARD.arguments and card.seed == 0
    assert card.architecture == "tutorial_cnn"


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data):
    with pytest.raises(WeightsError):
        unpack(data)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_changed_byte_is_refused_or_harmless(place, change):
    data = bytearray(GOOD)
    data[place] ^= change
    try:
        model, _, _ = unpack(bytes(data))
    except WeightsError:
        return
    assert all(value.isfinite().all() for value in model.state_dict().values())
