"""The multilayer perceptron: its depth and its activation, against the same layers written out."""

import pytest
import torch
import torch.nn.functional as F

from models.classic import ACTIVATIONS
from models.registry import build, parameters


def test_with_one_hidden_layer_it_is_what_it_always_was():
    model = build("mlp", seed=0)
    names = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
    assert list(model.state_dict()) == names
    torch.manual_seed(0)
    hidden, output = torch.nn.Linear(784, 128), torch.nn.Linear(128, 10)
    assert torch.equal(model.hidden.weight, hidden.weight) and torch.equal(model.output.weight, output.weight)
    x = torch.rand(3, 1, 28, 28)
    assert torch.equal(model(x), output(F.relu(hidden(x.flatten(1)))))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_hidden_layer_is_followed_by_the_activation(activation):
    model = build("mlp", seed=0, hidden=16, depth=3, activation=activation, classes=4)
    bend = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}[activation]
    x = torch.rand(3, 1, 28, 28)
    y = x.flatten(1)
    for layer in (model.hidden, *model.deeper):
        y = bend(y @ layer.weight.T + layer.bias)
    assert len(model.deeper) == 2
    assert torch.allclose(model(x), y @ model.output.weight.T + model.output.bias, atol=1e-6)
    assert parameters(model) == (784 * 16 + 16) + 2 * (16 * 16 + 16) + (16 * 4 + 4)
