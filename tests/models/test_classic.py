import pytest
import torch
from torch import nn

from models.classic import InceptionBlock, LeNet5, ResidualBlock
from models.registry import NETWORKS, build, parameters

CLASSIC = ("softmax_regression", "mlp", "lenet5", "tutorial_cnn", "inception", "residual", "fast_cnn")


def test_parameters_by_hand():
    assert parameters(build("softmax_regression")) == 28 * 28 * 10 + 10
    assert parameters(build("mlp", hidden=32, classes=3)) == 784 * 32 + 32 + 32 * 3 + 3
    # the paper's figure for fully connected maps: 156 + 2,416 + 48,120 + 10,164 + 850
    assert parameters(LeNet5()) == 61_706
    assert parameters(build("tutorial_cnn")) == (
        (25 * 1 * 16 + 16) + 2 * 16 + (25 * 16 * 32 + 32) + 2 * 32 + (32 * 7 * 7 * 10 + 10)
    )
    assert parameters(build("fast_cnn")) == (
        (9 * 16 + 2 * 16) + (9 * 16 * 16 + 2 * 16) + (16 * 7 * 7 * 128 + 2 * 128) + (128 * 10 + 10)
    )


@pytest.mark.parametrize("name", CLASSIC)
def test_small_and_any_number_of_classes(name):
    assert parameters(build(name)) < 150_000
    assert build(name, classes=3)(torch.rand(2, 1, 28, 28)).shape == (2, 3)


@pytest.mark.parametrize("name", ["tutorial_cnn", "inception", "residual", "fast_cnn"])
def test_width_batch_norm_and_dropout_do_what_they_say(name):
    x = torch.rand(2, 1, 28, 28)
    narrow = build(name, width=4, batch_norm=False, dropout=0.5, seed=0)
    assert parameters(narrow) < parameters(build(name)) / 3
    assert not any(isinstance(module, nn.BatchNorm2d) for module in narrow.modules())
    assert any(isinstance(module, nn.BatchNorm2d) for module in build(name).modules())
    assert not torch.equal(narrow(x), narrow(x))
    narrow.eval()
    assert torch.equal(narrow(x), narrow(x))
    # without batch normalisation one picture of a batch does not change the answer to another
    narrow.train()
    for module in narrow.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    assert torch.allclose(narrow(x)[:1], narrow(x[:1]), atol=1e-5)


def test_the_fast_network_sees_every_second_pixel_and_flattens_without_a_copy():
    model = build("fast_cnn", seed=0).eval().to(memory_format=torch.channels_last)
    assert model.conv1(torch.rand(2, 1, 28, 28)).shape == (2, 16, 14, 14)
    outputs = []
    model.norm2.register_forward_hook(lambda module, inputs, maps: outputs.append(maps))
    model.relu.register_forward_hook(lambda module, inputs, maps: outputs.append(maps))
    model.linear1.register_forward_pre_hook(lambda module, inputs: outputs.append(inputs[0]))
    model(torch.rand(2, 1, 28, 28))
    maps, numbers = outputs[2], outputs[3]
    assert maps.shape == (2, 16, 7, 7) and numbers.shape == (2, 784)
    assert numbers.data_ptr() == maps.data_ptr()
    assert torch.equal(numbers[1, 5 * 16 : 6 * 16], maps[1, :, 0, 5])


def test_inception_joins_the_branches_along_the_channels():
    block = InceptionBlock(5, 3)
    x = torch.rand(2, 5, 6, 7)
    y = block(x)
    assert y.shape == (2, 12, 6, 7)
    assert torch.allclose(y[:, :3], block.point(x), atol=1e-6)
    assert torch.allclose(y[:, 9:], block.pool(x), atol=1e-6)


def test_a_residual_block_whose_f_is_zero_is_the_relu_of_its_input():
    block = ResidualBlock(4, batch_norm=False)
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(block(x), x.relu())


def test_the_classic_networks_are_in_the_registry():
    assert set(CLASSIC) <= set(NETWORKS)
