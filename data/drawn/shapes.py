"""What a drawing is made of: closed parts, straps and detail lines, in coordinates without a unit, y down.

Shapes know nothing of pens or pixels; `pen.py` draws them.
"""

from dataclasses import dataclass, field

import numpy as np

MAIN, ACCENT, DARK = 0, 1, 2
"""Tones of a part: the cloth, a second colour (soles, cuffs, collars), and shadow (inside a hood)."""


@dataclass
class Part:
    """A closed outline (n, 2), or, where `width` > 0, an open strap of that width."""

    points: np.ndarray
    tone: int = MAIN
    width: float = 0.0
    soft: bool = True


@dataclass
class Shape:
    """Parts from back to front, then open detail lines, and dots (x, y, radius) such as buttons."""

    parts: list[Part] = field(default_factory=list)
    lines: list[np.ndarray] = field(default_factory=list)
    dots: list[tuple[float, float, float]] = field(default_factory=list)

    def part(self, points, tone: int = MAIN, width: float = 0.0, soft: bool = True) -> None:
        """Add a part in front of those already there."""
        self.parts.append(Part(np.asarray(points, np.float64), tone, width, soft))

    def line(self, *points) -> None:
        """Add an open detail line through the points (an array of them, or several)."""
        self.lines.append(np.asarray(points[0] if len(points) == 1 else points, np.float64))


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float, n: int = 9) -> np.ndarray:
    """Return (n, 2) points of an ellipse from one angle to another (degrees, 0 right, 90 up)."""
    t = np.radians(np.linspace(start, end, n))
    return np.stack([cx + rx * np.cos(t), cy - ry * np.sin(t)], 1)


def both_sides(half) -> np.ndarray:
    """Close a right half (n, 2), listed from the top of the axis to its bottom, with its mirror image."""
    right = np.asarray(half, np.float64)
    return np.concatenate([right, right[::-1] * (-1.0, 1.0)])


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Return the four corners (4, 2) of a rectangle."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def mirror(points) -> np.ndarray:
    """Return the points (n, 2) on the other side of x = 0."""
    return np.asarray(points, np.float64) * (-1.0, 1.0)


def chance(rng: np.random.Generator, p: float) -> bool:
    """Return True with probability p."""
    return bool(rng.random() < p)


def turn(shape: Shape, degrees: float) -> None:
    """Turn the whole shape about the origin, in place."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for part in shape.parts:
        part.points = part.points @ matrix
    shape.lines = [line @ matrix for line in shape.lines]
    shape.dots = [(*(np.array([x, y]) @ matrix), r) for x, y, r in shape.dots]
