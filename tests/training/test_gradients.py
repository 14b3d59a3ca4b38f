"""Which layers learn: lengths against torch, and the rule that judges them against invented cases."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from models.registry import build
from training.gradients import EXPLODING, VANISHING, LayerGradient, judge, layer_gradients


def learned_once(model, scale=1.0):
    torch.manual_seed(0)
    x, y = torch.randn(64, 1, 28, 28) * scale, torch.arange(64) % 10
    F.cross_entropy(model(x), y).backward()
    return model


@pytest.mark.parametrize("network", ["softmax_regression", "mlp", "lenet5", "tutorial_cnn", "residual"])
def test_lengths_are_those_of_torch_and_the_networks_are_healthy(network):
    model = learned_once(build(network, seed=0))
    layers = layer_gradients(model)
    modules = dict(model.named_modules())
    kinds = (nn.Linear, nn.Conv2d)
    assert [layer.name for layer in layers] == [n for n, m in modules.items() if isinstance(m, kinds)]
    for layer in layers:
        weight = modules[layer.name].weight
        assert layer.gradient == pytest.approx(weight.grad.flatten().norm().item(), rel=1e-5)
        assert layer.weights == pytest.approx(weight.flatten().norm().item(), rel=1e-5)
    assert judge(layers).kind == "healthy"


def test_a_deep_network_of_sigmoids_vanishes_and_one_of_relus_does_not():
    def deep(activation):
        torch.manual_seed(0)
        sizes = [784] + [64] * 8
        hidden = [[nn.Linear(a, b), activation()] for a, b in zip(sizes, sizes[1:], strict=False)]
        return nn.Sequential(nn.Flatten(), *[layer for pair in hidden for layer in pair], nn.Linear(64, 10))

    verdict = judge(layer_gradients(learned_once(deep(nn.Sigmoid))))
    assert verdict.kind == "vanishing" and "than 17" in verdict.sentence
    assert judge(layer_gradients(learned_once(deep(nn.ReLU)))).kind == "healthy"


def test_gradients_of_far_too_large_inputs_explode():
    verdict = judge(layer_gradients(learned_once(build("softmax_regression", seed=0), scale=1e4)))
    assert verdict.kind == "exploding" and "linear" in verdict.sentence


def layers(*shares, weights=2.0):
    return [LayerGradient(f"layer{i}", share * weights, weights) for i, share in enumerate(shares)]


@pytest.mark.parametrize(
    ("shares", "kind"),
    [
        ((1.0,), "healthy"),
        ((EXPLODING, 1.0), "healthy"),
        ((EXPLODING * 1.01, 1.0), "exploding"),
        ((1.0, VANISHING * 1.01), "healthy"),
        ((1.0, VANISHING * 0.99), "vanishing"),
        ((1e-9, 1e-9), "healthy"),  # all small alike: the loss is nearly 0, no layer is left out
        ((0.0, 0.0), "vanishing"),
        ((0.0, 1.0), "vanishing"),
        ((math.inf, 1.0), "exploding"),
        ((math.nan, 1.0), "exploding"),
    ],
)
def test_the_rule_at_its_borders(shares, kind):
    assert judge(layers(*shares)).kind == kind


def test_the_verdict_names_the_layer_and_the_number():
    words = {0.0005: "2,000", 1.04e-8: "96 million", 1.1e-7: "9.1 million", 1e-10: "more than a billion"}
    for share, times in words.items():
        assert f"layer0 learns {times}" in judge(layers(share, 1.0)).sentence
    assert "layer0 learns 2,000 times slower than layer1" in judge(layers(0.0005, 1.0)).sentence
    assert "layer1 is 25 times" in judge(layers(1.0, 25.0)).sentence
    assert judge(layers(0.0, 1.0)).sentence.startswith(
        "Measured by its weights, layer0 does not learn at all"
    )


@pytest.mark.parametrize("loss, kind", [(None, "healthy"), (23.0, "healthy"), (23.1, "exploding")])
def test_a_loss_that_has_exploded_is_not_called_healthy(loss, kind):
    verdict = judge(layers(1.0, 0.5), first=2.3, loss=loss)
    assert verdict.kind == kind
    assert kind == "healthy" or verdict.sentence.startswith(
        "The loss is 23.1, and at the first step it was 2.3"
    )


def test_weights_and_gradients_of_zero():
    model = nn.Linear(2, 2)
    assert [dataclasses.astuple(layer)[1] for layer in layer_gradients(model)] == [0.0]
    assert judge(layer_gradients(model)).kind == "vanishing"
    assert LayerGradient("new", 1.0, 0.0).share == math.inf
    assert layer_gradients(nn.BatchNorm1d(3)) == []
    with pytest.raises(ValueError, match="no layer"):
        judge([])
