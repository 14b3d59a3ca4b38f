"""A small network for a processor without a graphics card: it learns a lot in a few seconds."""

from __future__ import annotations

from torch import Tensor, nn

from models.classic import normalisation


class FastCNN(nn.Module):
    """Two convolutions and two linear layers: (N, 1, 28, 28) -> logits (N, classes).

    On a processor the number of pixels decides the time, so the first convolution skips every second pixel of
    each row and column, and pooling comes before the second normalisation. `width` is the channels of both
    convolutions, and 16 fits the registers of a processor; `hidden` is the numbers between the linear layers;
    `dropout` is the share of them set to 0 in training.
    """

    def __init__(
        self,
        classes: int = 10,
        width: int = 16,
        hidden: int = 128,
        batch_norm: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, stride=2, padding=1, bias=not batch_norm)
        self.norm1 = normalisation(width, batch_norm)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=not batch_norm)
        self.pool = nn.MaxPool2d(2)
        self.norm2 = normalisation(width, batch_norm)
        self.linear1 = nn.Linear(width * 7 * 7, hidden, bias=not batch_norm)
        self.norm3 = nn.BatchNorm1d(hidden) if batch_norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(hidden, classes)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm1(self.conv1(x)))  # (N, width, 14, 14)
        x = self.pool(self.conv2(x))  # (N, width, 7, 7)
        x = self.relu(self.norm2(x))
        # pixel by pixel, as channels_last has them in memory: nothing is copied, forward or backward
        x = x.permute(0, 2, 3, 1).flatten(1)  # (N, 49 * width)
        x = self.relu(self.norm3(self.linear1(x)))  # (N, hidden)
        return self.linear2(self.dropout(x))  # (N, classes)
