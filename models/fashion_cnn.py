"""The network that classifies garments: three convolutional stages, each halving the picture, and a linear
layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Stage(nn.Module):
    """Convolution, 2x2 max-pooling, then a residual pair of convolutions: (N, C, H, W) -> (N, out, H // 2,
    W // 2).

    Pooling comes before the normalisation and the ReLU, which then touch a quarter of the numbers: on a CPU
    these two cost more time than the convolutions.
    """

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out)
        self.conv3 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(out)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.conv1(x))  # (N, out, H // 2, W // 2)
        x = self.relu(self.norm1(x))
        y = self.relu(self.norm2(self.conv2(x)))
        y = self.norm3(self.conv3(y))
        return self.relu(x + y)


class FashionCNN(nn.Module):
    """28x28 grey pictures, (N, 1, 28, 28), normalised, -> logits (N, classes).

    `widths` are the channels of the stem and of the three stages.
    """

    def __init__(self, classes: int = 10, widths: tuple[int, int, int, int] = (32, 64, 128, 128)):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.stages = nn.Sequential(*[Stage(a, b) for a, b in zip(widths, widths[1:], strict=False)])
        self.head = nn.Linear(widths[-1], classes)

    def features(self, x: Tensor) -> Tensor:
        """The last feature maps, (N, widths[-1], 3, 3)."""
        x = self.stem(x)  # (N, 32, 28, 28)
        return self.stages(x)  # (N, 64, 14, 14) -> (N, 128, 7, 7) -> (N, 128, 3, 3)

    def classify(self, maps: Tensor) -> Tensor:
        """Feature maps (N, widths[-1], 3, 3) -> logits (N, classes)."""
        x = torch.amax(maps, dim=(2, 3))  # (N, 128): the strongest response anywhere
        return self.head(x)  # (N, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.features(x))


def strangeness(logits: Tensor) -> Tensor:
    """How unlike the ten garments a picture is: the softmax share of the eleventh logit.

    logits (N, 11) -> (N,) in [0, 1].
    """
    return torch.softmax(logits.float(), dim=1)[:, -1]
