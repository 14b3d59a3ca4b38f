"""How shapes become pictures: shaky outlines, pictograms, flat and patterned fills, cloth in the light."""

from dataclasses import dataclass

import cv2
import numpy as np

from data.drawn.shapes import Part, Shape, chance

SHIFT = 4
"""Fractional bits of the coordinates handed to OpenCV: a sixteenth of a pixel."""


@dataclass
class Hand:
    """How someone draws: every number is a share of the drawing's size unless noted otherwise.

    shake: error of every corner. bend: slow warp of the whole. tilt: degrees. margin: empty border, at least.
    rounding: how often corners are cut (0: polygons, 2: curves).
    """

    shake: float = 0.0
    bend: float = 0.0
    tilt: float = 0.0
    margin: float = 0.06
    rounding: int = 2
    stretch: float = 0.0

    @staticmethod
    def any(rng: np.random.Generator) -> "Hand":
        """Return the hand of a visitor, from careful to hurried."""
        hurry = rng.random() ** 1.5
        return Hand(
            shake=0.004 + 0.026 * hurry * rng.random(),
            bend=0.035 * hurry,
            tilt=float(rng.normal(0, 1 + 6 * hurry)),
            margin=float(rng.uniform(0.02, 0.2)),
            rounding=int(rng.integers(0, 3)),
            stretch=float(rng.uniform(0.02, 0.16)),
        )

    @staticmethod
    def sure(rng: np.random.Generator) -> "Hand":
        """Return the hand of a designer: symmetric, even, upright."""
        return Hand(
            0.0, 0.0, float(rng.normal(0, 1.0)), float(rng.uniform(0.03, 0.12)), int(rng.integers(0, 3)), 0.08
        )


def posed(shape: Shape, rng: np.random.Generator, size: int, hand: Hand) -> Shape:
    """Return the shape as this hand draws it: bent, tilted, and fitted into (size, size) pixels."""
    paths = [part.points for part in shape.parts] + shape.lines
    if shape.dots:
        paths.append(np.array([dot[:2] for dot in shape.dots]))
    ends = np.cumsum([len(path) for path in paths])
    points = np.concatenate(paths)  # (n, 2)
    low, high = points.min(0), points.max(0)
    span = float((high - low).max())
    points = (points - (low + high) / 2) / span
    if hand.bend > 0:
        waves = rng.uniform(-1, 1, (2, 2))
        points = points + hand.bend * np.sin(points[:, ::-1] * 5.0 + waves[0] * 3.0) * waves[1]
    if hand.shake > 0:
        points = points + rng.normal(0, hand.shake, points.shape)
    angle = np.radians(hand.tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag(np.exp(rng.uniform(-hand.stretch, hand.stretch, 2)))
    turn[0, 1] += rng.normal(0, hand.shake * 3)
    points = points @ turn.T
    low, high = points.min(0), points.max(0)
    room = size * (1 - 2 * hand.margin)
    scale = room / max(float((high - low).max()), 1e-6)
    slack = size - scale * (high - low)
    points = (points - low) * scale + slack * rng.uniform(0.3, 0.7, 2)
    scale /= span
    pieces = np.split(points, ends[:-1])
    count = len(shape.parts)
    parts = [
        Part(
            _rounded(piece, part.width == 0, hand.rounding if part.soft else 0), part.tone, part.width * scale
        )
        for part, piece in zip(shape.parts, pieces, strict=False)
    ]
    lines = [_rounded(piece, False, hand.rounding) for piece in pieces[count : count + len(shape.lines)]]
    dots = []
    if shape.dots:
        dots = [(x, y, dot[2] * scale) for (x, y), dot in zip(pieces[-1], shape.dots, strict=True)]
    return Shape(parts, lines, dots)


def _rounded(points: np.ndarray, closed: bool, times: int) -> np.ndarray:
    """Cut the corners of a path (n, 2) by Chaikin's rule, so that it curves."""
    if len(points) > 40:
        times = 0
    for _ in range(times):
        if closed:
            ahead = np.concatenate([points[1:], points[:1]])
            path = np.empty((2 * len(points), 2))
            path[0::2] = 0.77 * points + 0.23 * ahead
            path[1::2] = 0.23 * points + 0.77 * ahead
        elif len(points) > 2:
            path = np.empty((2 * len(points), 2))
            path[0], path[-1] = points[0], points[-1]
            path[1:-1:2] = 0.77 * points[:-1] + 0.23 * points[1:]
            path[2::2] = 0.23 * points[:-1] + 0.77 * points[1:]
        else:
            break
        points = path
    return points


def _fixed(points: np.ndarray) -> np.ndarray:
    """Return the points in OpenCV's fixed-point coordinates, (n, 1, 2) int32."""
    return np.rint(points * (1 << SHIFT)).astype(np.int32)[:, None]


def _stroke(
    canvas: np.ndarray, points: np.ndarray, closed: bool, colour, width: float, smooth: bool = True
) -> None:
    style = cv2.LINE_AA if smooth else cv2.LINE_8
    cv2.polylines(canvas, [_fixed(points)], closed, colour, max(1, round(width)), style, SHIFT)


def _fill(canvas: np.ndarray, points: np.ndarray, colour, smooth: bool = True) -> None:
    cv2.fillPoly(canvas, [_fixed(points)], colour, cv2.LINE_AA if smooth else cv2.LINE_8, SHIFT)


def _dot(canvas: np.ndarray, dot: tuple[float, float, float], colour, least: float = 1.0) -> None:
    centre = (round(dot[0] * 16), round(dot[1] * 16))
    cv2.circle(canvas, centre, round(max(dot[2], least) * 16), colour, -1, cv2.LINE_AA, SHIFT)


def outline(shape: Shape, rng: np.random.Generator, size: int, pen: float, hasty: bool) -> np.ndarray:
    """Draw lines on white paper, (size, size) uint8; a hasty hand leaves gaps and draws lines twice.

    shape: posed. pen: width of the pen in pixels.
    """
    canvas = np.full((size, size), 255, np.uint8)
    ink = int(rng.integers(0, 90)) if hasty else 0
    covering = chance(rng, 0.75)  # whether what lies behind is hidden, as a careful hand does
    twice = hasty and chance(rng, 0.1)
    bands = int(rng.integers(3))  # straps: one line, two lines, or solid
    for part in shape.parts:
        if part.width > 0:
            if bands == 1 and part.width > 1.6 * pen:
                _stroke(canvas, part.points, False, ink, part.width + pen)
                _stroke(canvas, part.points, False, 255, part.width - pen)
            else:
                _stroke(canvas, part.points, False, ink, pen if bands == 0 else max(pen, part.width))
            continue
        if covering:
            _fill(canvas, part.points, 255)
        for _ in range(1 + twice):
            path = part.points
            if twice:
                path = path + rng.normal(0, 0.008 * size, path.shape)
            if hasty:
                path = _unclosed(path, rng, size)
                _stroke(canvas, path, False, ink, pen)
            else:
                _stroke(canvas, path, True, ink, pen)
    for line in shape.lines:
        if not hasty or chance(rng, 0.92):
            _stroke(canvas, line, False, ink, pen)
    for dot in shape.dots:
        _dot(canvas, dot, ink, pen * 0.6)
    return canvas


def _unclosed(path: np.ndarray, rng: np.random.Generator, size: int) -> np.ndarray:
    """Start a closed path (n, 2) anywhere and miss that start at the end: too short, beside it, too far."""
    start = int(rng.integers(len(path)))
    path = np.concatenate([path[start:], path[: start + 1]])
    fate = rng.random()
    if fate < 0.12 and len(path) > 5:  # a piece is missing
        return path[: -max(1, int(len(path) * rng.uniform(0.04, 0.16)))]
    if fate < 0.45:
        path[-1] = path[-1] + rng.normal(0, 0.02 * size, 2)
    return path


def pictogram(shape: Shape, rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a solid dark sign with its details left white, (size, size) uint8. shape: posed."""
    canvas = np.full((size, size), 255, np.uint8)
    if not shape.parts:  # all lines, like a letter: nothing to be solid
        return outline(shape, rng, size, size * rng.uniform(0.04, 0.1), hasty=False)
    gap = size * rng.uniform(0.012, 0.035)
    split = chance(rng, 0.7)  # white seams between the parts
    for line in shape.lines:  # those that stick out, like arms and whiskers, would be lost in white
        _stroke(canvas, line, False, 0, 3 * gap)
    for part in shape.parts:
        paper_inside = part.tone == 2 and chance(rng, 0.6)
        colour = 255 if paper_inside else 0
        if part.width > 0:
            if split:
                _stroke(canvas, part.points, False, 255, part.width + 2 * gap)
            _stroke(canvas, part.points, False, 0, max(part.width, 0.02 * size))
        else:
            if split:
                _stroke(canvas, part.points, True, 255, 2 * gap)
            _fill(canvas, part.points, colour)
    if chance(rng, 0.75):
        for line in shape.lines:
            _stroke(canvas, line, False, 255, gap)
        for dot in shape.dots:
            _dot(canvas, dot, 255, gap * 0.7)
    return canvas


def pattern(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a cloth pattern, (size, size) uint8 from 0 (ground) to 255 (print)."""
    plane: np.ndarray
    kind = rng.integers(6)
    period = size * rng.uniform(0.06, 0.2)
    t = np.arange(size, dtype=np.float32) * np.float32(2 * np.pi / period)
    wave = np.sin(t + np.float32(rng.uniform(0, 6)))
    edge = np.float32(rng.uniform(-0.5, 0.7))
    if kind == 0:  # stripes across
        plane = np.broadcast_to((wave > edge)[:, None], (size, size)) * np.uint8(255)
    elif kind == 1:  # stripes down
        plane = np.broadcast_to((wave > edge)[None], (size, size)) * np.uint8(255)
    elif kind == 2:  # checks
        plane = ((wave[:, None] > 0) * np.uint8(127)) + ((wave[None] > 0) * np.uint8(127))
    elif kind == 3:  # dots
        plane = ((wave[:, None] + wave[None]) > 1.1) * np.uint8(255)
    else:  # flowers, camouflage, knitting
        cells = int(rng.integers(5, 20))
        noise = rng.integers(0, 256, (cells, cells), dtype=np.uint8)
        plane = cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)
        if kind == 4:
            plane = (plane > 140) * np.uint8(255)
    return plane.astype(np.uint8)


def coloured_in(shape: Shape, rng: np.random.Generator, size: int, pen: float) -> np.ndarray:
    """Draw dark outlines around flat, patterned or hatched greys, (size, size) uint8. shape: posed."""
    canvas = np.full((size, size), 255, np.uint8)
    ink = int(rng.integers(0, 60))
    tones = rng.integers(60, 235, 3)
    mask = np.zeros((size, size), np.uint8)
    for part in shape.parts:
        tone = int(tones[part.tone])
        if part.width > 0:
            _stroke(canvas, part.points, False, ink, max(part.width, pen))
        else:
            _fill(canvas, part.points, tone)
            _stroke(canvas, part.points, True, ink, pen)
            if part.tone == 0:
                _fill(mask, part.points, 255, smooth=False)
    style = rng.random()
    if style < 0.35:
        print_ = (pattern(rng, size) > 127) & (mask > 0) & (canvas > ink + 30)
        canvas[print_] = int(rng.integers(40, 256))
    elif style < 0.6:  # hatching with the pen
        slope, step = rng.uniform(-1.5, 1.5), size * rng.uniform(0.04, 0.1)
        hatch = np.zeros((size, size), np.uint8)
        for x in np.arange(-size, 2 * size, step):
            cv2.line(
                hatch,
                (round(x), 0),
                (round(x + slope * size), size),
                255,
                max(1, round(pen * 0.7)),
                cv2.LINE_AA,
            )
        canvas[(hatch > 100) & (mask > 0)] = ink
    for line in shape.lines:
        _stroke(canvas, line, False, ink, pen)
    for dot in shape.dots:
        _dot(canvas, dot, ink, pen * 0.6)
    return canvas


@dataclass
class Cloth:
    """A garment as layers, all (size, size): tone uint8 (0 none, else 1 + tone), seams and print uint8, light
    float32."""

    tone: np.ndarray
    seams: np.ndarray
    print: np.ndarray
    light: np.ndarray


def cloth(shape: Shape, rng: np.random.Generator, size: int, seam: float) -> Cloth:
    """Cut the garment from cloth with folds, seams and a pattern. shape: posed. seam: width in pixels."""
    tone = np.zeros((size, size), np.uint8)
    seams = np.zeros((size, size), np.uint8)
    for part in shape.parts:
        if part.width > 0:
            _stroke(tone, part.points, False, 1 + part.tone, max(part.width, size / 26), smooth=False)
        else:
            _fill(tone, part.points, 1 + part.tone, smooth=False)
            _stroke(seams, part.points, True, 160, seam)
    for line in shape.lines:
        _stroke(seams, line, False, 255, seam)
    for dot in shape.dots:
        _dot(seams, dot, 255, seam * 0.8)
    depth = rng.uniform(0.015, 0.07)
    rumples = rng.normal(1, depth, (4, int(rng.integers(5, 12)))).astype(
        np.float32
    )  # folds hang down: few rows
    folds = cv2.resize(rumples, (size, size), interpolation=cv2.INTER_CUBIC)
    across = np.linspace(-1, 1, size, dtype=np.float32)
    light = (
        folds
        * (1 - np.float32(rng.uniform(0, 0.22)) * across**2 + np.float32(rng.normal(0, 0.06)) * across)[None]
    )
    plain = chance(rng, 0.55)
    print_ = np.zeros((size, size), np.uint8) if plain else pattern(rng, size)
    return Cloth(tone, seams, print_, light)
