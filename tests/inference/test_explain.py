import cv2
import numpy as np
import pytest
import torch
from torch import nn

from inference import explain
from inference.predictor import Predictor
from models.checkpoint import Card
from models.registry import build

BLANK = dict(
    architecture="fashion_cnn", arguments={}, classes=["c"] * 11, input_size=[1, 28, 28], mean=0.0, std=1.0,
    command="", data="", seed=0, epochs=0, metrics={"strange_above": 0.5},
)  # fmt: skip


class Spot(nn.Module):
    """Logit 3 is ten times the value of one pixel, the other nine are 0."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(10.0))

    def forward(self, x):
        logits = torch.zeros(len(x), 11)
        logits[:, 3] = self.weight * x[:, 0, 10, 20]
        return logits


@pytest.fixture
def network():
    return Predictor(build("fashion_cnn", seed=0, classes=11).eval(), Card(**BLANK))


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)


def test_occlusion_finds_the_only_pixel_that_matters():
    pixels = np.full((28, 28), 255, np.uint8)
    heat = explain.occlusion(Predictor(Spot(), Card(**BLANK)), pixels, 3)
    assert heat.shape == (28, 28)
    # the probability falls from e^10 / (e^10 + 9) to 1/10 exactly where a patch covers the pixel
    drop = np.exp(10) / (np.exp(10) + 9) - 0.1
    assert heat[10, 20] == pytest.approx(drop, abs=1e-5)
    assert heat.max() == pytest.approx(drop, abs=1e-5)
    reach = explain.PATCH - 1
    far = np.ones((28, 28), bool)
    far[10 - reach : 10 + reach + 1, 20 - reach : 20 + reach + 1] = False
    assert np.abs(heat[far]).max() == 0
    # for another class the same pixel speaks against it
    assert explain.occlusion(Predictor(Spot(), Card(**BLANK)), pixels, 4)[10, 20] < 0


def test_occlusion_covers_every_pixel_and_matches_one_patch_by_hand(network, pixels):
    heat = explain.occlusion(network, pixels, 2)
    assert np.isfinite(heat).all()
    # the first patch is the 2x2 corner; only patches (0..2, 0..2) of the offsets -4, -2, 0 cover pixel (0, 0)
    whole = network.predict(pixels).probabilities[2]
    drops = []
    for bottom in (2, 4, 6):
        for right in (2, 4, 6):
            hidden = pixels.copy()
            hidden[:bottom, :right] = 0
            drops.append(whole - network.predict(hidden).probabilities[2])
    assert heat[0, 0] == pytest.approx(np.mean(drops), abs=1e-5)


def test_grad_cam_against_hooks_and_plain_arithmetic(network, pixels):
    maps, gradients = [], []
    stage = network.model.stages[1]
    handles = [
        stage.register_forward_hook(lambda module, inputs, output: maps.append(output)),
        stage.register_full_backward_hook(lambda module, before, after: gradients.append(after[0])),
    ]
    network.model(network.normalised(pixels))[0, 5].backward()
    for handle in handles:
        handle.remove()
    activation, gradient = maps[0][0].detach().numpy(), gradients[0][0].numpy()
    expected = np.zeros((7, 7))
    for channel in range(activation.shape[0]):
        expected += gradient[channel].mean() * activation[channel]
    expected = np.maximum(expected, 0)
    heat = explain.grad_cam(network, pixels, 5)
    assert heat.shape == (28, 28) and heat.min() >= 0 and heat.max() == pytest.approx(1)
    # bilinear enlargement by 4: the mean of the four pixels in the middle of a cell is the cell's own value
    centres = heat.reshape(7, 4, 7, 4)[:, 1:3, :, 1:3].mean(axis=(1, 3))
    inner = (slice(1, 6), slice(1, 6))
    ratio = centres[inner].sum() / expected[inner].sum()
    assert np.corrcoef(centres.ravel(), expected.ravel())[0, 1] > 0.97
    assert ratio == pytest.approx(1 / expected.max(), rel=0.25)


# of each network the layer that takes the last maps of at least 7x7, and their side
LAST_MAPS = {"lenet5": ("pool", 10), "tutorial_cnn": ("flatten", 7), "inception": ("pool", 7)}


@pytest.mark.parametrize("name", LAST_MAPS)
def test_grad_cam_of_any_network_with_maps(name, pixels):
    layer, side = LAST_MAPS[name]
    card = Card(**{**BLANK, "metrics": {}, "classes": ["c"] * 10})
    model = build(name, seed=0).eval()
    maps = []
    handle = getattr(model, layer).register_forward_pre_hook(lambda module, inputs: maps.append(inputs[0]))
    logits = model(Predictor(model, card).normalised(pixels))
    handle.remove()
    activation = maps[-1][0].detach().numpy()  # (C, side, side)
    assert activation.shape[1:] == (side, side)
    warm = 0
    for label in range(10):
        (gradient,) = torch.autograd.grad(logits[0, label], maps[-1], retain_graph=True)
        weights = gradient[0].numpy().mean(axis=(1, 2))
        cells = np.maximum(np.tensordot(weights, activation, axes=1), 0)
        expected = cv2.resize(cells, (28, 28), interpolation=cv2.INTER_LINEAR)
        heat = explain.grad_cam(Predictor(model, card), pixels, label)
        assert heat == pytest.approx(expected / max(expected.max(), 1e-12), abs=1e-4)
        warm += heat.max() > 0.99
    assert warm >= 3  # random weights leave some classes without any positive cell
    assert not model._forward_hooks and not any(layer._forward_hooks for layer in model.modules())


@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_grad_cam_needs_maps(name, pixels):
    card = Card(**{**BLANK, "metrics": {}, "classes": ["c"] * 10})
    with pytest.raises(ValueError, match="this network has none: choose Occlusion"):
        explain.grad_cam(Predictor(build(name, seed=0).eval(), card), pixels, 0)


def test_labels_are_those_of_the_network(pixels):
    card = Card(**{**BLANK, "metrics": {}, "classes": ["a", "b", "c"]})
    predictor = Predictor(build("tutorial_cnn", seed=0, classes=3).eval(), card)
    for method in explain.METHODS:
        assert explain.explain(predictor, pixels, 2, method).shape == (28, 28)
        with pytest.raises(ValueError, match="from 0 to 2, not 3"):
            explain.explain(predictor, pixels, 3, method)


def test_grad_cam_leaves_no_gradient_behind(network, pixels):
    explain.grad_cam(network, pixels, 0)
    assert all(parameter.grad is None for parameter in network.model.parameters())


def test_over_picture_puts_the_heat_where_the_matrix_says():
    heat = np.zeros((28, 28), np.float32)
    heat[10:18, 4:12] = 1.0
    heat[10:18, 18:26] = -1.0
    rgb = np.full((100, 200, 3), 128, np.uint8)
    # the 28x28 was taken from the square with its corner at (x, y) = (60, 20), 56 wide: 2 picture pixels each
    matrix = np.array([[0.5, 0.0, -30.25], [0.0, 0.5, -10.25]])
    overlay = explain.over_picture(heat, matrix, rgb).astype(int)
    assert overlay.shape == rgb.shape
    plain = overlay[0, 0]
    warm, cold = overlay[20 + 28, 60 + 16], overlay[20 + 28, 60 + 44]
    assert warm[0] > plain[0] and warm[2] < plain[2]
    assert cold[2] > cold[0] and cold[0] < plain[0]
    assert (overlay[:, :50] == plain).all() and (overlay[:, 125:] == plain).all()


def test_heat_above_zero_never_shows_blue():
    heat = np.ones((28, 28), np.float32)
    rgb = np.full((90, 90, 3), 128, np.uint8)
    overlay = explain.over_picture(heat, np.array([[0.5, 0.0, -8.0], [0.0, 0.5, -8.0]]), rgb).astype(int)
    assert (overlay[..., 0] >= overlay[..., 2]).all()
    assert (overlay[45, 45] != overlay[0, 0]).any()


@pytest.mark.parametrize("label", [-1, 10, True, "3", None, 2.5])
@pytest.mark.parametrize("method", ["occlusion", "grad-cam"])
def test_bad_labels(network, pixels, method, label):
    with pytest.raises(ValueError, match="label must be a whole number from 0 to 9, not "):
        explain.explain(network, pixels, label, method)


def test_a_label_as_browsers_may_send_it(network, pixels):
    for method in explain.METHODS:
        same = explain.explain(network, pixels, 2.0, method) == explain.explain(network, pixels, 2, method)
        assert same.all()


def test_unknown_method(network, pixels):
    with pytest.raises(ValueError, match="method must be one of occlusion, grad-cam, not 'magic'"):
        explain.explain(network, pixels, 0, "magic")
