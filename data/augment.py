"""Training pictures that differ each time they are used, (N, 1, 28, 28) float in [0, 1].

`standard` is what benchmark networks are usually trained with. `as_found` makes a clean catalogue picture
look like a garment cut from a visitor's photograph: other colours, prints, shade, rough edges, pieces missing
or left over, stretched and rotated. Both draw from the generator they are given, so a seed always gives the
same pictures.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

GARMENT = 0.03
"""A pixel above this belongs to the garment: the data set's background is 0 with a little noise."""


def standard(images: Tensor, generator: Generator) -> Tensor:
    """Half of the pictures mirrored, all moved by up to 2 pixels, and a random box erased in half of them.

    Mirroring matters more than it looks: every shoe in Fashion-MNIST points to the left. Erasing follows
    Zhong et al., "Random Erasing Data Augmentation" (arXiv 1708.04896).
    """
    images = shifted(_mirrored(images, generator), generator)
    return _erased(images, 0.5, generator)


def shifted(images: Tensor, generator: Generator) -> Tensor:
    """Each picture moved by up to 2 pixels along each axis; the strip that opens at the edge is black."""
    n = len(images)
    shift = torch.randint(-2, 3, (n, 2), generator=generator)
    theta = torch.eye(2, 3).repeat(n, 1, 1)
    theta[:, :, 2] = shift * (2 / images.shape[-1])
    return F.grid_sample(images, _grid(theta, images), mode="nearest", align_corners=False)


def as_found(images: Tensor, generator: Generator) -> Tensor:
    """The garment as cut from a photograph or a drawing, again 28 pixels at its longest side."""
    images = _mirrored(images, generator)
    images = _revalued(images, generator)
    images = _bitten(images, generator)
    images = _warped(images, generator)
    return _erased(images, 0.2, generator)


def _uniform(generator: Generator, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    return torch.rand(shape, generator=generator) * (high - low) + low


def _some(generator: Generator, n: int, share: float) -> Tensor:
    """(N, 1, 1, 1) bool, true for about `share` of the pictures."""
    return torch.rand((n, 1, 1, 1), generator=generator) < share


def _mirrored(images: Tensor, generator: Generator) -> Tensor:
    return torch.where(_some(generator, len(images), 0.5), images.flip(3), images)


def _grid(theta: Tensor, images: Tensor) -> Tensor:
    return F.affine_grid(theta, list(images.shape), align_corners=False)


def _boxes(n: int, size: int, sides: tuple[float, float], generator: Generator) -> Tensor:
    """(N, 1, size, size) bool: a random box in each picture, or an ellipse in half of them."""
    half = _uniform(generator, (n, 2, 1, 1, 1), *sides) / 2
    centre = _uniform(generator, (n, 2, 1, 1, 1), 0, size)
    line = torch.arange(size) + 0.5
    y = (line.view(1, 1, size, 1) - centre[:, 0]) / half[:, 0]
    x = (line.view(1, 1, 1, size) - centre[:, 1]) / half[:, 1]
    box = (x.abs() < 1) & (y.abs() < 1)
    return torch.where(_some(generator, n, 0.5), x * x + y * y < 1, box)


def _erased(images: Tensor, share: float, generator: Generator) -> Tensor:
    n = len(images)
    box = _boxes(n, images.shape[-1], (4, 14), generator) & _some(generator, n, share)
    noise = torch.rand((n, 1, 1, 1), generator=generator)
    return torch.where(box, noise, images)


def _waves(n: int, size: int, generator: Generator) -> Tensor:
    """(N, 1, size, size) in [-1, 1]: stripes in any direction; multiplied, they give checks and dots."""
    line = torch.arange(size).float()
    waves = []
    for _ in range(2):
        angle = _uniform(generator, (n, 1, 1, 1), 0, math.pi)
        # mostly level or upright, as on clothes
        angle = torch.where(
            _some(generator, n, 0.7), (angle / (math.pi / 2)).round() * (math.pi / 2), angle
        )
        period = _uniform(generator, (n, 1, 1, 1), 2.5, 12)
        along = line.view(1, 1, 1, size) * angle.cos() + line.view(1, 1, size, 1) * angle.sin()
        waves.append(torch.sin(2 * math.pi * along / period + _uniform(generator, (n, 1, 1, 1), 0, 6.28)))
    both = torch.where(_some(generator, n, 0.35), waves[0] * waves[1], waves[0])
    return torch.where(_some(generator, n, 0.5), both.sign(), both)


def _revalued(images: Tensor, generator: Generator) -> Tensor:
    """Other colours and prints inside the garment; its outline stays."""
    n, size = len(images), images.shape[-1]
    inside = images > GARMENT
    values = images

    def some(share: float) -> Tensor:
        return _some(generator, n, share)

    def uniform(low: float, high: float) -> Tensor:
        return _uniform(generator, (n, 1, 1, 1), low, high)

    # negating a photograph on white makes a dark garment bright and a white one dark
    values = torch.where(some(0.35), 1.05 - values, values)
    values = torch.where(
        some(0.7), uniform(0.4, 1.0) * values.clamp(min=1e-3) ** uniform(0.4, 1.8) + uniform(0.0, 0.4), values
    )
    # a drawing: one tone inside, another for the outline
    core = -F.max_pool2d(-F.pad(inside.float(), (1, 1, 1, 1)), 3, stride=1) > 0
    lines = (values - F.avg_pool2d(values, 5, stride=1, padding=2)).abs() > 0.12
    flat = torch.where(core & ~(lines & some(0.5)), uniform(0.35, 0.95), uniform(0.35, 1.0))
    values = torch.where(some(0.25), flat, values)
    # stripes, checks, dots; a print on the chest or the side
    values = torch.where(some(0.25), values + uniform(0.1, 0.6) * _waves(n, size, generator), values)
    printed = _boxes(n, size, (4, 13), generator) & some(0.25)
    values = torch.where(printed, values * 0.5 + uniform(-0.3, 0.8), values)
    # light and folds: a smooth field; grain
    shade = F.interpolate(torch.randn((n, 1, 4, 4), generator=generator), size=(size, size), mode="bicubic")
    values = torch.where(some(0.5), values + uniform(0.03, 0.15) * shade, values)
    grain = torch.randn(images.shape, generator=generator)
    values = torch.where(some(0.4), values + uniform(0.02, 0.08) * grain, values)
    return torch.where(inside, values.clamp(0.06, 1.0), torch.zeros(()))


def _bitten(images: Tensor, generator: Generator) -> Tensor:
    """Pieces that the cut-out gaps, and pieces of floor or hanger that it includes."""
    n, size = len(images), images.shape[-1]
    gaps = _boxes(n, size, (2, 9), generator) & _some(generator, n, 0.3)
    images = torch.where(gaps, torch.zeros(()), images)
    extra = _boxes(n, size, (2, 9), generator) & _some(generator, n, 0.25) & (images <= GARMENT)
    # only what touches the garment: the cut-out keeps one piece
    near = F.max_pool2d((images > GARMENT).float(), 7, stride=1, padding=3) > 0
    return torch.where(extra & near, _uniform(generator, (n, 1, 1, 1), 0.1, 1.0), images)


def _warped(images: Tensor, generator: Generator) -> Tensor:
    """Rotated, sheared, stretched and bent, then fitted to the frame again."""
    n, size = len(images), images.shape[-1]
    few = _some(generator, n, 0.2).view(n)
    angle = _uniform(generator, (n,), -1, 1) * torch.where(few, 0.6, 0.2)
    shear = _uniform(generator, (n,), -0.2, 0.2)
    stretch = torch.exp(_uniform(generator, (n,), -0.25, 0.25))
    shrink = 1.3  # so that nothing leaves the frame before it is fitted again
    cos, sin = angle.cos(), angle.sin()
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * stretch, -sin + shear
    theta[:, 1, 0], theta[:, 1, 1] = sin, cos / stretch
    grid = _grid(theta * shrink, images)
    bend = torch.randn((n, 2, 5, 5), generator=generator) * _uniform(generator, (n, 1, 1, 1), 0.0, 0.09)
    grid = grid + F.interpolate(bend, size=(size, size), mode="bicubic").permute(0, 2, 3, 1)
    warped = F.grid_sample(images, grid, mode="bilinear", align_corners=False)
    return fitted(warped)


def fitted(images: Tensor) -> Tensor:
    """Each garment centred and scaled until its longer side fills the frame; an empty picture stays."""
    size = images.shape[-1]
    inside = images.squeeze(1) > GARMENT
    rows, columns = inside.any(2), inside.any(1)
    low = torch.stack([_first(columns), _first(rows)], 1)
    high = size - torch.stack([_first(columns.flip(1)), _first(rows.flip(1))], 1)
    side = (high - low).amax(1).clamp(min=4).float()
    theta = torch.zeros(len(images), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = side / size
    theta[:, :, 2] = (low + high) / size - 1
    grown = F.grid_sample(images, _grid(theta, images), mode="bilinear", align_corners=False)
    return torch.where(inside.any((1, 2)).view(-1, 1, 1, 1), grown, images)


def _first(hits: Tensor) -> Tensor:
    """Index of the first true value of each row of (N, size), 0 where there is none."""
    return hits.to(torch.uint8).argmax(1)
