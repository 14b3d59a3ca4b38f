"""The classic networks, small: each maps grey pictures (N, 1, 28, 28) to logits (N, classes)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SoftmaxRegression(nn.Module):
    """One linear layer: each class has one weight for every pixel. The softmax is part of the loss."""

    def __init__(self, classes: int = 10):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(28 * 28, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.flatten(x)  # (N, 784)
        return self.linear(x)  # (N, classes)


ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


class MLP(nn.Module):
    """Linear layers with an activation after each but the last: a multilayer perceptron.

    `depth` is how many hidden layers of `hidden` numbers there are, 1 or more; `activation` is one of
    ACTIVATIONS; `dropout` is the share of the last hidden numbers set to 0 in training.
    """

    def __init__(
        self,
        classes: int = 10,
        hidden: int = 128,
        dropout: float = 0.0,
        depth: int = 1,
        activation: str = "relu",
    ):
        super().__init__()
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(28 * 28, hidden)
        self.deeper = nn.ModuleList([nn.Linear(hidden, hidden) for _ in range(depth - 1)])
        self.activation = ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.flatten(x)  # (N, 784)
        x = self.activation(self.hidden(x))  # (N, hidden)
        for layer in self.deeper:
            x = self.activation(layer(x))  # (N, hidden)
        return self.output(self.dropout(x))  # (N, classes)


class LeNet5(nn.Module):
    """LeNet-5 of 1998 (http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf) in today's parts.

    ReLU replaces tanh, and plain average pooling replaces averages with a weight and a bias; every map of the
    second convolution sees all six of the first, and the output is linear. The paper's pictures were 32x32:
    the padding of 2 adds the border that 28x28 pictures lack.
    """

    def __init__(self, classes: int = 10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.AvgPool2d(2)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.linear1 = nn.Linear(16 * 5 * 5, 120)
        self.linear2 = nn.Linear(120, 84)
        self.linear3 = nn.Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv1(x))  # (N, 6, 28, 28)
        x = self.pool(x)  # (N, 6, 14, 14)
        x = self.relu(self.conv2(x))  # (N, 16, 10, 10)
        x = self.pool(x)  # (N, 16, 5, 5)
        x = self.flatten(x)  # (N, 400)
        x = self.relu(self.linear1(x))  # (N, 120)
        x = self.relu(self.linear2(x))  # (N, 84)
        return self.linear3(x)  # (N, classes)


def normalisation(channels: int, batch_norm: bool) -> nn.Module:
    """What follows a convolution: (N, channels, H, W) -> the same shape."""
    return nn.BatchNorm2d(channels) if batch_norm else nn.Identity()


class TwoBlockCNN(nn.Module):
    """Two blocks of convolution, batch normalisation, ReLU and max-pooling, then one linear layer.

    This is the first CNN of many tutorials. `width` is the channels of the first block, the second has twice
    as many; `dropout` is the share of numbers before the linear layer set to 0 in training.
    """

    def __init__(self, classes: int = 10, width: int = 16, batch_norm: bool = True, dropout: float = 0.0):
        super().__init__()
        self.block1 = nn.Sequential(
            nn.Conv2d(1, width, 5, padding=2),  # (N, width, 28, 28)
            normalisation(width, batch_norm),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (N, width, 14, 14)
        )
        self.block2 = nn.Sequential(
            nn.Conv2d(width, 2 * width, 5, padding=2),  # (N, 2 * width, 14, 14)
            normalisation(2 * width, batch_norm),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (N, 2 * width, 7, 7)
        )
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * width * 7 * 7, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.block1(x)  # (N, width, 14, 14)
        x = self.block2(x)  # (N, 2 * width, 7, 7)
        x = self.flatten(x)  # (N, 2 * width * 49)
        return self.linear(self.dropout(x))  # (N, classes)


class InceptionBlock(nn.Module):
    """Four branches see the same input at several scales; their maps are joined along the channels.

    (N, channels, H, W) -> (N, 4 * width, H, W). The padding keeps H and W, or the maps could not be joined;
    the 1x1 convolutions keep the larger ones cheap.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.point = nn.Conv2d(channels, width, 1)
        self.three = nn.Sequential(
            nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
        )
        self.five = nn.Sequential(
            nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, width, 5, padding=2)
        )
        self.pool = nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), nn.Conv2d(channels, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.point(x), self.three(x), self.five(x), self.pool(x)]  # each (N, width, H, W)
        return torch.cat(maps, dim=1)  # (N, 4 * width, H, W)


class InceptionCNN(nn.Module):
    """A convolution and two inception blocks, each followed by max-pooling, then one linear layer.

    `width` is the channels of the first convolution and of each branch.
    """

    def __init__(self, classes: int = 10, width: int = 16, batch_norm: bool = True, dropout: float = 0.0):
        super().__init__()
        self.conv = nn.Conv2d(1, width, 5, padding=2)
        self.norm1 = normalisation(width, batch_norm)
        self.inception1 = InceptionBlock(width, width)
        self.norm2 = normalisation(4 * width, batch_norm)
        self.inception2 = InceptionBlock(4 * width, width)
        self.norm3 = normalisation(4 * width, batch_norm)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(4 * width * 3 * 3, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm1(self.conv(x)))  # (N, width, 28, 28)
        x = self.pool(x)  # (N, width, 14, 14)
        x = self.relu(self.norm2(self.inception1(x)))  # (N, 4 * width, 14, 14)
        x = self.pool(x)  # (N, 4 * width, 7, 7)
        x = self.relu(self.norm3(self.inception2(x)))  # (N, 4 * width, 7, 7)
        x = self.pool(x)  # (N, 4 * width, 3, 3)
        x = self.flatten(x)  # (N, 4 * width * 9)
        return self.linear(self.dropout(x))  # (N, classes)


class ResidualBlock(nn.Module):
    """relu(x + f(x)), where f is two convolutions: (N, channels, H, W) -> the same shape.

    The sum lets the gradient reach `x` undisturbed, and f has only to learn what to change.
    """

    def __init__(self, channels: int, batch_norm: bool):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=not batch_norm)
        self.norm1 = normalisation(channels, batch_norm)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=not batch_norm)
        self.norm2 = normalisation(channels, batch_norm)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return self.relu(x + y)


class ResidualCNN(nn.Module):
    """Two stages of convolution, max-pooling and a residual block, then one linear layer.

    `width` is the channels of the first stage, the second has twice as many.
    """

    def __init__(self, classes: int = 10, width: int = 16, batch_norm: bool = True, dropout: float = 0.0):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1, bias=not batch_norm)
        self.norm1 = normalisation(width, batch_norm)
        self.block1 = ResidualBlock(width, batch_norm)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1, bias=not batch_norm)
        self.norm2 = normalisation(2 * width, batch_norm)
        self.block2 = ResidualBlock(2 * width, batch_norm)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * width * 7 * 7, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm1(self.conv1(x)))  # (N, width, 28, 28)
        x = self.block1(self.pool(x))  # (N, width, 14, 14)
        x = self.relu(self.norm2(self.conv2(x)))  # (N, 2 * width, 14, 14)
        x = self.block2(self.pool(x))  # (N, 2 * width, 7, 7)
        x = self.flatten(x)  # (N, 2 * width * 49)
        return self.linear(self.dropout(x))  # (N, classes)
