"""Inside the network: every number explained, against the network itself and torch's own functions."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from data.drawn import garments
from data.fashion import CLASSES, MEAN, STD
from inference import inside
from inference.inside import InsideError, explain_cell, feature_maps, filters, following, layers, visible
from inference.predictor import Predictor
from inference.preprocess import prepare
from models import checkpoint
from models.fashion_cnn import FashionCNN
from models.pattern_conv import PatternCNN
from models.registry import build

LAYERS = layers(FashionCNN(widths=(2, 2, 2, 2)).eval())
NAMES = [layer.name for layer in LAYERS]


def predictor_of(model: nn.Module) -> Predictor:
    card = checkpoint.Card(
        architecture="fashion_cnn", arguments={}, classes=[*CLASSES, "something else"],
        input_size=[1, 28, 28], mean=MEAN, std=STD, command="none", data="none", seed=0, epochs=0,
    )  # fmt: skip
    return Predictor(model.eval(), card)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """Random weights and, so that no BatchNorm2d is idle, random statistics and scales of both signs."""
    model = build("fashion_cnn", seed=1, classes=11, widths=(6, 8, 8, 12))
    generator = torch.Generator().manual_seed(2)
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        for values, low, high in (
            (norm.running_mean, -0.3, 0.3), (norm.running_var, 0.2, 2), (norm.weight.data, -0.5, 1.5),
            (norm.bias.data, -0.2, 0.4),
        ):  # fmt: skip
            assert values is not None
            values.uniform_(low, high, generator=generator)
    return predictor_of(model)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (28, 28), dtype=np.uint8)


@pytest.fixture(scope="module")
def maps(predictor, pixels) -> inside.Maps:
    return feature_maps(predictor, pixels)


def outputs_of(model: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """The outputs of all layers by plain hooks; that of a step without a layer is the input of the next."""
    model = copy.deepcopy(model)
    outputs: list[torch.Tensor] = []

    def hook(module, args, output):
        if isinstance(module, nn.Linear) or (isinstance(module, nn.ReLU) and args[0] is not outputs[-1]):
            outputs.append(args[0])
        outputs.append(output)

    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(hook)
    model(x)
    return outputs


def cells(values: torch.Tensor, count: int = 4) -> list[tuple[int, int, int]]:
    """The four corners of a random map, and `count` random cells."""
    draw = np.random.default_rng(4)
    height, width = values.shape[1:] if values.ndim == 3 else (1, 1)
    corners = [(int(draw.integers(len(values))), i, j) for i in (0, height - 1) for j in (0, width - 1)]
    return corners + [
        (int(draw.integers(len(values))), int(draw.integers(height)), int(draw.integers(width)))
        for _ in range(count)
    ]


def fashion_like(label: int) -> np.ndarray:
    """A garment of that class drawn by the program, as the network reads it."""
    return prepare(garments.picture(label, np.random.default_rng(0), 168)).pixels


# --- maps ---------------------------------------------------------------------------------------------------


def test_every_layer_is_there_with_its_shape(maps, predictor):
    assert len(NAMES) == len(set(NAMES)) == 38
    assert [layer.name for layer in maps.layers] == NAMES
    shapes = {layer.name: tuple(values.shape) for layer, values in zip(maps.layers, maps.values, strict=True)}
    assert shapes["stem.0"] == (6, 28, 28) and shapes["stages.0.conv1"] == (8, 28, 28)
    assert shapes["stages.0.pool"] == (8, 14, 14) and shapes["stages.2.add"] == (12, 3, 3)
    assert shapes["amax"] == (12,) and shapes["head"] == (11,)
    assert {layer.kind for layer in maps.layers} == {
        "Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Linear", "add", "amax"
    }  # fmt: skip
    assert list(dict.fromkeys(layer.part for layer in maps.layers)) == [
        "Stem", "Stage 1", "Stage 2", "Stage 3", "Head"
    ]  # fmt: skip
    counted = sum(layer.record.parameters for layer in maps.layers)
    assert counted == sum(p.numel() for p in predictor.model.parameters())


def test_maps_are_the_networks_own_activations(maps, predictor, pixels):
    with torch.no_grad():
        expected = outputs_of(predictor.model, predictor.normalised(pixels))
    assert len(expected) == len(maps.values)
    for layer, values, outputs in zip(maps.layers, maps.values, expected, strict=True):
        assert torch.equal(values, outputs[0]), layer.name
    assert maps.values[-1].tolist() == pytest.approx(predictor.predict(pixels).logits, abs=1e-6)


def test_each_layer_reads_what_it_says(maps):
    for layer, values in zip(maps.layers, maps.values, strict=True):
        inputs = [maps.values[at] if at >= 0 else maps.picture for at in layer.sources]
        if layer.kind == "add":
            assert torch.equal(inputs[0] + inputs[1], values)
        elif layer.kind == "amax":
            assert torch.equal(inputs[0].amax(dim=(1, 2)), values)
        else:
            with torch.no_grad():
                torch.testing.assert_close(layer.module(inputs[0][None])[0], values)


def test_nothing_is_left_on_the_shared_network_and_threads_do_not_meet(predictor):
    pictures = np.random.default_rng(5).integers(0, 256, (8, 28, 28), dtype=np.uint8)
    alone = [feature_maps(predictor, picture).values[-1] for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = [maps.values[-1] for maps in pool.map(lambda p: feature_maps(predictor, p), pictures)]
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(alone, together, strict=True))
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in predictor.model.modules())
    assert all(not values.requires_grad for values in feature_maps(predictor, pictures[0]).values)


def test_another_network_is_refused():
    with pytest.raises(InsideError, match="for a FashionCNN, not for a PatternCNN"):
        layers(PatternCNN())


# --- cells --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_arithmetic_gives_the_networks_number(maps, name):
    values = maps.values[maps.place(name)]
    for c, i, j in cells(values):
        cell = explain_cell(maps, name, c, i, j)
        assert cell.value == (values[c, i, j] if values.ndim == 3 else values[c]).item()
        assert cell.total == pytest.approx(cell.value, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", ["stem.0", "stages.0.conv1", "stages.1.conv3", "stages.2.conv2"])
def test_a_convolution_is_explained_part_by_part(maps, name):
    place = maps.place(name)
    layer, x = maps.layers[place], maps.before(place)
    width = x.shape[2]
    patches = F.unfold(x[None], 3, padding=1)[0].reshape(x.shape[0], 3, 3, -1)
    on = F.unfold(torch.ones(1, 1, *x.shape[1:]), 3, padding=1)[0].reshape(3, 3, -1)
    kernels = layer.module.weight.detach()  # (C_out, C_in, 3, 3)
    sums = [F.conv2d(plane[None, None], kernels[:, n : n + 1], padding=1)[0] for n, plane in enumerate(x)]
    parts = torch.stack(sums)  # (C_in, C_out, H, W)
    for c, i, j in cells(maps.values[place]):
        work = explain_cell(maps, name, c, i, j).work
        assert torch.equal(work.patch.float(), patches[..., i * width + j])
        assert torch.equal(work.padding, on[..., i * width + j] == 0)
        assert torch.equal(work.kernel.float(), layer.module.weight[c])
        torch.testing.assert_close(work.sums.float(), parts[:, c, i, j], rtol=1e-4, atol=1e-5)
        assert work.bias is None


def test_a_corner_reads_five_cells_of_padding(maps):
    work = explain_cell(maps, "stem.0", 0, 0, 0).work
    assert work.padding.tolist() == [[True, True, True], [True, False, False], [True, False, False]]
    assert not explain_cell(maps, "stem.0", 0, 5, 5).work.padding.any()


def test_the_other_layers_are_explained_with_their_numbers(maps):
    norm = explain_cell(maps, "stages.1.norm2", 3, 2, 4).work
    module = maps.layers[maps.place("stages.1.norm2")].module
    assert (norm.mean, norm.variance) == (module.running_mean[3].item(), module.running_var[3].item())
    assert (norm.weight, norm.bias, norm.eps) == (module.weight[3].item(), module.bias[3].item(), 1e-5)
    assert norm.x == maps.values[maps.place("stages.1.conv2")][3, 2, 4].item()
    pool = explain_cell(maps, "stages.0.pool", 2, 13, 5).work
    assert torch.equal(pool.patch.float(), maps.values[maps.place("stages.0.conv1")][2, 26:28, 10:12])
    added = explain_cell(maps, "stages.2.add", 1, 0, 2).work
    assert added.names == ("stages.2.relu.1", "stages.2.norm3")
    top = explain_cell(maps, "amax", 7).work
    assert torch.equal(top.values.float(), maps.values[-3][7])
    assert top.values[top.row, top.column] == top.values.max()
    linear = explain_cell(maps, "head", 4).work
    assert len(linear.largest) == 10 and linear.others == 2
    sizes = [abs(product) for *_, product in linear.largest]
    assert sizes == sorted(sizes, reverse=True)
    listed = {n for n, *_ in linear.largest}
    products = maps.values[-2] * maps.layers[-1].module.weight[4].detach()
    assert linear.rest == pytest.approx(
        sum(p for n, p in enumerate(products.tolist()) if n not in listed), abs=1e-5
    )


def test_a_cell_is_followed_to_the_next_convolution(maps):
    cell = explain_cell(maps, "stages.0.conv1", 5, 9, 4)
    after = list(following(maps, cell))
    assert [cell.layer.name for cell in after] == ["stages.0.pool", "stages.0.norm1", "stages.0.relu.1"]
    assert {(cell.channel, cell.row, cell.column) for cell in after} == {(5, 4, 2)}
    assert after[0].work.patch[1, 0] == pytest.approx(cell.value)
    assert after[1].work.x == after[0].value and after[2].work.x == after[1].value
    third = explain_cell(maps, "stages.2.conv3", 0, 1, 1)
    assert [cell.layer.kind for cell in following(maps, third)] == ["BatchNorm2d", "add", "ReLU"]
    # 7 rows are pooled to 3: nothing reads the last one
    assert list(following(maps, explain_cell(maps, "stages.2.conv1", 0, 6, 1))) == []
    assert list(following(maps, explain_cell(maps, "stages.2.relu.3", 0, 1, 1))) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_receptive_field_is_where_the_gradient_is(name):
    """In a network of positive weights every pixel that counts has a gradient, unless a pooling layer chose
    another one: some of several pictures show it.
    """
    model = build("fashion_cnn", seed=0, classes=3, widths=(4, 4, 4, 4)).double().eval()
    for parameter in model.parameters():
        parameter.data.abs_()
    place = NAMES.index(name)
    x = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(1)).double().requires_grad_()
    values = outputs_of(model, x)[place]
    for _, i, j in cells(values[0].detach(), 1):
        cell = values[:, :, i, j] if values.ndim == 4 else values
        (gradient,) = torch.autograd.grad(cell.sum(), x, retain_graph=True)
        rows, columns = torch.nonzero(gradient.abs().sum(dim=(0, 1)), as_tuple=True)
        window = (rows.min().item(), columns.min().item(), rows.max().item() + 1, columns.max().item() + 1)
        expected = visible(LAYERS[place], i, j)
        if name in ("amax", "head"):  # the maximum is taken by one cell: at most all is seen
            assert expected == (0, 0, 28, 28)
        else:
            assert window == expected


def test_the_shipped_network_is_explained_cell_by_cell():
    shipped = Predictor.load()
    pixels = fashion_like(9)
    maps = feature_maps(shipped, pixels)
    assert maps.values[-1].tolist() == pytest.approx(shipped.predict(pixels).logits, abs=1e-5)
    for layer, values in zip(maps.layers, maps.values, strict=True):
        for c, i, j in cells(values, 2):
            cell = explain_cell(maps, layer.name, c, i, j)
            assert cell.total == pytest.approx(cell.value, rel=1e-4, abs=1e-4), layer.name


# --- filters ------------------------------------------------------------------------------------------------


def test_filters_are_the_weights(predictor):
    weight = predictor.model.stages[1].conv2.weight.detach()
    assert torch.equal(filters(predictor.model, "stages.1.conv2", 5), weight[:, 5])
    norm = torch.linalg.vector_norm(weight, dim=1)
    torch.testing.assert_close(filters(predictor.model, "stages.1.conv2"), norm)
    assert filters(predictor.model, "stem.0", 0).shape == (6, 3, 3)


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stem", "", None, 0, True, ["stem.0"], float("nan"), "stem.0 "])
def test_a_layer_that_is_not_there_is_refused(maps, name):
    with pytest.raises(InsideError, match="The layer must be one of stem.0, "):
        explain_cell(maps, name, 0, 0, 0)


@pytest.mark.parametrize("value", [-1, 28, 10**30, 1.5, float("nan"), True, None, "3", [0]])
def test_a_cell_that_is_not_there_is_refused(maps, value):
    with pytest.raises(InsideError, match="The row of this layer must be a whole number from 0 to 27."):
        explain_cell(maps, "stem.0", 0, value, 0)
    with pytest.raises(InsideError, match="The column of this layer must be a whole number from 0 to 27."):
        explain_cell(maps, "stem.0", 0, 0, value)
    with pytest.raises(InsideError, match="The channel of this layer must be a whole number from 0 to 5."):
        explain_cell(maps, "stem.0", value, 0, 0)


def test_a_cell_as_browsers_may_send_it(maps):
    cell, same = explain_cell(maps, "stem.0", 1.0, 3.0, 2.0), explain_cell(maps, "stem.0", 1, 3, 2)
    assert repr((cell.channel, cell.row, cell.column, cell.value)) == repr((1, 3, 2, same.value))


def test_filters_that_are_not_there_are_refused(predictor):
    with pytest.raises(InsideError, match="The layer of filters must be one of stem.0, stages.0.conv1"):
        filters(predictor.model, "stages.0.pool")
    with pytest.raises(
        InsideError, match="The input channel of this layer must be a whole number from 0 to 0"
    ):
        filters(predictor.model, "stem.0", 1)
    with pytest.raises(ValueError, match="28x28"):
        feature_maps(predictor, np.zeros((27, 28), np.uint8))
