"""The 4x4 patterns A and B at any intensity, and grids that are neither.

    A      0 i 0 i        B      i i i i
           0 i 0 i               0 i 0 i
           0 i 0 i               0 i 0 i
           0 i 0 i               i i i i

Two data sets: the forty grids of the tutorials (A, then B, each at the intensities 0 to 19), and an endless,
seeded mixture of noisy A, noisy B and neither: random, shifted, inverted, pieces of A or B, near misses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Generator, Tensor
from torch.utils.data import Dataset

from data.batches import random_source

SIDE = 4
CLASSES = ("A", "B", "neither")
A, B, NEITHER = range(3)

PATTERNS = (
    ((0, 1, 0, 1), (0, 1, 0, 1), (0, 1, 0, 1), (0, 1, 0, 1)),
    ((1, 1, 1, 1), (0, 1, 0, 1), (0, 1, 0, 1), (1, 1, 1, 1)),
)
"""A and B at intensity 1, row by row."""

INTENSITIES = range(20)
"""The intensities of the tutorials' training set; at 0, A and B are the same dark grid."""

STRONGEST = 1e9
"""The highest intensity in the mixture; the lowest is 1."""


def pattern(label: int, intensity: float = 1.0) -> list[list[float]]:
    """Pattern A (label 0) or B (label 1), 4 rows of 4 numbers, 0 or `intensity`."""
    return [[float(intensity) if lit else 0.0 for lit in row] for row in PATTERNS[label]]


def tutorial_set(intensities: Iterable[float] = INTENSITIES) -> tuple[Tensor, Tensor]:
    """All of A, then all of B, each at `intensities`: inputs (N, 1, 4, 4) float32, labels (N,) int64."""
    levels = torch.tensor([float(i) for i in intensities])
    shapes = torch.tensor(PATTERNS, dtype=torch.float32)  # (2, 4, 4)
    inputs = levels.view(1, -1, 1, 1) * shapes.unsqueeze(1)  # (2, levels, 4, 4)
    labels = torch.tensor([A, B]).repeat_interleave(len(levels))
    return inputs.reshape(-1, 1, SIDE, SIDE), labels


class Patterns(Dataset):
    """The tutorials' forty grids, all of A and then all of B: `dataset[3]` is `(tensor (1, 4, 4), 0)`.

    `data` is (40, 1, 4, 4) float32, `targets` (40,) int64.
    """

    classes = CLASSES[:2]

    def __init__(self, transform=None, target_transform=None):
        self.data, self.targets = tutorial_set()
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int):
        grid = self.data[index]
        label = int(self.targets[index])
        if self.transform:
            grid = self.transform(grid)
        if self.target_transform:
            label = self.target_transform(label)
        return grid, label


# Everything below draws grids at intensity 1, (count, 4, 4) float32, from 0 to about 1.


def random_grids(count: int, source: Generator) -> Tensor:
    """A third with cells on or off, a third with cells of any intensity, a third with few cells lit."""
    anything = torch.rand(count, SIDE, SIDE, generator=source)
    share = torch.rand(count, 1, 1, generator=source)
    lit = (torch.rand(count, SIDE, SIDE, generator=source) < share).float()
    kind = torch.arange(count).view(-1, 1, 1) % 3
    grids = torch.where(kind == 0, lit, torch.where(kind == 1, anything, lit * anything))
    return _neither(grids)


def shifted_grids(count: int, source: Generator) -> Tensor:
    """A or B moved by up to 3 cells across and down; cells that leave the grid are lost, others are dark."""
    moves = [(y, x) for y in range(-3, 4) for x in range(-3, 4) if (y, x) != (0, 0)]
    views = [_moved(torch.tensor(shape, dtype=torch.float32), y, x) for shape in PATTERNS for y, x in moves]
    lit = torch.stack([view for view in views if view.any()])
    return lit[torch.randint(len(lit), (count,), generator=source)]


def inverted_grids(count: int, source: Generator) -> Tensor:
    """A or B with lit and dark cells swapped."""
    return (1 - _either(count, source)).float()


def line_grids(count: int, source: Generator) -> Tensor:
    """A piece of A or B: one to three of its rows, or of its columns."""
    grids = _either(count, source)
    lines = torch.rand(count, SIDE, generator=source).argsort(1) < torch.randint(
        1, SIDE, (count, 1), generator=source
    )
    rows = torch.rand(count, 1, 1, generator=source) < 0.5
    mask = torch.where(rows, lines.unsqueeze(2), lines.unsqueeze(1))  # (count, 4, 4)
    return _neither(grids * mask)


def near_grids(count: int, source: Generator) -> Tensor:
    """A or B with one to three of the sixteen cells flipped."""
    grids = _either(count, source)
    cells = torch.rand(count, SIDE * SIDE, generator=source).argsort(1)
    wrong = cells < torch.randint(1, 4, (count, 1), generator=source)
    return _neither((grids - wrong.view(-1, SIDE, SIDE).float()).abs())


NEITHERS: dict[str, Callable[[int, Generator], Tensor]] = {
    "random": random_grids,
    "shifted": shifted_grids,
    "inverted": inverted_grids,
    "lines": line_grids,
    "near": near_grids,
}
"""Kinds of grids that are neither A nor B."""


def noisy(grids: Tensor, noise: float | Tensor, source: Generator) -> Tensor:
    """`grids` (N, 4, 4) plus normal noise of standard deviation `noise` on every cell; none falls below 0."""
    return (grids + noise * torch.randn(grids.shape, generator=source)).clamp_min(0)


def at_any_intensity(grids: Tensor, source: Generator) -> Tensor:
    """`grids` (N, 4, 4), each times an intensity from 1 to STRONGEST, every order of magnitude as often."""
    powers = torch.rand(len(grids), 1, 1, generator=source)
    return grids * STRONGEST**powers


def mixture(count: int, seed: int, noise: float = 0.2) -> tuple[Tensor, Tensor]:
    """`count` grids at any intensity, a third each A, B, neither: (N, 1, 4, 4) float32, labels (N,) int64.

    Each grid gets noise with a standard deviation of its own, from 0 to `noise` times its intensity.
    """
    source = random_source(seed)
    labels = torch.arange(count) % 3
    grids = torch.tensor(PATTERNS, dtype=torch.float32)[labels % 2]  # (N, 4, 4); the third class is replaced
    for number, draw in enumerate(NEITHERS.values()):
        of_kind = (labels == NEITHER) & (torch.arange(count) // 3 % len(NEITHERS) == number)
        grids[of_kind] = draw(int(of_kind.sum()), source)
    levels = noise * torch.rand(count, 1, 1, generator=source)
    grids = at_any_intensity(noisy(grids, levels, source), source)
    return grids.unsqueeze(1), labels


def _either(count: int, source: Generator) -> Tensor:
    return torch.tensor(PATTERNS, dtype=torch.float32)[torch.randint(2, (count,), generator=source)]


def _moved(grid: Tensor, down: int, across: int) -> Tensor:
    """`grid` (4, 4) moved by `down` rows and `across` columns, dark where it came from."""
    moved = torch.zeros_like(grid)
    rows, columns = SIDE - abs(down), SIDE - abs(across)
    y, x, y0, x0 = max(down, 0), max(across, 0), max(-down, 0), max(-across, 0)
    moved[y : y + rows, x : x + columns] = grid[y0 : y0 + rows, x0 : x0 + columns]
    return moved


def _neither(grids: Tensor) -> Tensor:
    """`grids`, with any that happens to be A, B or dark replaced by a grid with one lit corner."""
    shapes = torch.tensor(PATTERNS, dtype=torch.float32)
    scaled = grids / grids.amax(dim=(1, 2), keepdim=True).clamp_min(1e-6)
    same = ((scaled.unsqueeze(1) - shapes).abs().amax(dim=(2, 3)) < 0.35).any(1)
    dark = grids.amax(dim=(1, 2)) < 0.05
    corner = torch.zeros(SIDE, SIDE)
    corner[0, 0] = 1
    return torch.where((same | dark).view(-1, 1, 1), corner, grids)
