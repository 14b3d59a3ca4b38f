"""The two networks for 4x4 patterns: one convolution, and one with ReLU that can say "neither"."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PatternConv(nn.Module):
    """One bias-free convolution whose kernel covers the whole grid: (N, 1, 4, 4) -> logits (N, 4).

    Each logit is the sum of the sixteen products of a kernel with the grid, so the network is linear:
    f(c * x) = c * f(x) and f(x + y) = f(x) + f(y).
    """

    def __init__(self, classes: int = 4):
        super().__init__()
        self.conv = nn.Conv2d(1, classes, kernel_size=4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)  # (N, 4, 1, 1)
        return x.flatten(1)  # (N, 4)


class PatternCNN(nn.Module):
    """Convolution, ReLU, linear: (N, 1, 4, 4), not negative, -> logits (N, classes) for A, B and neither.

    Each grid is first divided by its largest number, so the answer does not depend on the intensity.
    """

    def __init__(self, classes: int = 3, kernels: int = 16):
        super().__init__()
        self.conv = nn.Conv2d(1, kernels, kernel_size=4)
        self.relu = nn.ReLU()
        self.linear = nn.Linear(kernels, classes)

    def normalise(self, x: Tensor) -> Tensor:
        """Each grid of `x` divided by its largest number; a dark grid stays dark."""
        largest = torch.amax(x, dim=(1, 2, 3), keepdim=True)  # (N, 1, 1, 1)
        return x / torch.where(largest > 0, largest, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.normalise(x))  # (N, kernels, 1, 1)
        x = self.relu(x).flatten(1)  # (N, kernels)
        return self.linear(x)  # (N, classes)
