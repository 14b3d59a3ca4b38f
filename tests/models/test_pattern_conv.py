"""The two pattern networks against torch's own layers and hand arithmetic."""

import pytest
import torch

from data.patterns import pattern
from models.registry import build, parameters


def test_pattern_conv_is_one_bias_free_convolution_of_64_weights():
    model = build("pattern_conv", seed=0)
    assert {name: tuple(p.shape) for name, p in model.named_parameters()} == {"conv.weight": (4, 1, 4, 4)}
    assert parameters(model) == 64


def test_pattern_conv_logits_by_hand():
    model = build("pattern_conv")
    with torch.no_grad():
        for k in range(4):
            model.conv.weight[k, 0] = torch.arange(16.0).view(4, 4) * (k + 1)
    # A at 2 lights columns 1 and 3: 2 * (1+3 + 5+7 + 9+11 + 13+15) = 128
    logits = model(torch.tensor(pattern(0, 2)).view(1, 1, 4, 4))
    assert logits.tolist() == [[128.0, 256.0, 384.0, 512.0]]


def test_pattern_conv_is_linear():
    model = build("pattern_conv", seed=3).double()
    x, y = torch.rand(2, 5, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(3 * x + y), 3 * model(x) + model(y))
    assert torch.equal(model(-x), -model(x))
    assert torch.equal(model(torch.zeros(1, 1, 4, 4, dtype=torch.float64)), torch.zeros(1, 4).double())


def test_pattern_cnn_is_torchs_own_layers_after_dividing():
    model = build("pattern_cnn", seed=1)
    x = 50 * torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    scaled = torch.stack([grid / grid.max() for grid in x])
    hidden = torch.relu(scaled.flatten(1) @ model.conv.weight.flatten(1).T + model.conv.bias)
    torch.testing.assert_close(model(x), hidden @ model.linear.weight.T + model.linear.bias)


@pytest.mark.parametrize("scale", [1e-300, 1e-3, 19.0, 999999999.0, 1e12])
def test_pattern_cnn_answers_alike_at_every_intensity(scale):
    model = build("pattern_cnn", seed=2).double()
    x = torch.rand(4, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(model(scale * x), model(x))


def test_pattern_cnn_survives_a_dark_grid_beside_a_lit_one():
    model = build("pattern_cnn", seed=2)
    x = torch.zeros(2, 1, 4, 4)
    x[1, 0, 0, 0] = 3.0
    assert model(x).isfinite().all()
    assert model.normalise(x)[0].abs().sum() == 0
    assert model.normalise(x)[1, 0, 0, 0] == 1


@pytest.mark.parametrize("name, classes", [("pattern_conv", 4), ("pattern_cnn", 3)])
def test_every_weight_gets_a_gradient(name, classes):
    model = build(name, seed=0)
    x = torch.rand(64, 1, 4, 4, generator=torch.Generator().manual_seed(3))
    logits = model(x)
    assert logits.shape == (64, classes) and logits.isfinite().all()
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
