"""Shapes that are no garment, though the network would name one: a dot, a line, a regular pattern.

The network was not trained on them, so that its own sense of what is strange is no help here.
"""

import cv2
import numpy as np

from language import _

ROUND = _("This is a plain round shape and not a garment: the answer means nothing.")
LINE = _("This is a single line and not a garment: the answer means nothing.")
PATTERN = _("This is a regular pattern and not a garment: the answer means nothing.")

ROUND_SHARE = 0.94
"""Least share that a shape and the ellipse that fits it have in common."""
SLENDER = 7.0
"""A line is this many times as long as wide."""
ALTERNATIONS = 6
"""Least number of changes from light to dark across a pattern."""
ALIGNED = 0.5
"""How much of all edges lies along two directions at a right angle, 0 (any) to 1 (all)."""
UNEXPLAINED = 0.2
"""Most variance of a pattern that is not the product of one row and one column."""


def warning(gray: np.ndarray, mask: np.ndarray) -> str:
    """A sentence about `gray` (h, w) uint8 of about 224 pixels, or about the shape in it, `mask` (H, W) bool,
    which is not empty; "" if it may be a garment.
    """
    mask = cv2.resize(mask.astype(np.uint8), gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
    outlines, _hierarchy = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return ""
    points = np.concatenate(outlines)
    _middle, sides, _angle = cv2.minAreaRect(points)
    if max(sides) > SLENDER * max(min(sides), 1):
        return LINE
    if is_pattern(gray, mask):
        return PATTERN
    return ROUND if len(outlines) == 1 and len(points) >= 5 and _roundness(points, mask.shape) else ""


def _roundness(points: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether the outline `points` (P, 1, 2) is that of an ellipse."""
    filled = cv2.drawContours(np.zeros(shape, np.uint8), [points], -1, 1, cv2.FILLED) > 0
    ellipse = cv2.ellipse(np.zeros(shape, np.uint8), cv2.fitEllipse(points), 1, cv2.FILLED) > 0
    return bool((filled & ellipse).sum() > ROUND_SHARE * (filled | ellipse).sum())


def is_pattern(gray: np.ndarray, mask: np.ndarray) -> bool:
    """Whether `gray` (H, W) uint8, or what `mask` (H, W) uint8 covers, is a grid, a chessboard or stripes.
    All its rows are multiples of one row then, which makes it a matrix of rank one.
    """
    smooth = cv2.GaussianBlur(gray, (0, 0), 1.0)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = across**2 + down**2
    # four times the direction of each edge, so that right angles vanish: (x + iy)^4 / |x + iy|^2
    cosine, sine = across**2 - down**2, 2 * across * down
    weight = np.maximum(strength, 1.0)
    turn = complex(((cosine**2 - sine**2) / weight).sum(), (2 * cosine * sine / weight).sum())
    if abs(turn) < ALIGNED * max(float(strength.sum()), 1.0):
        return False
    angle = float(np.angle(turn)) / 4
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), np.degrees(angle), 1.0)
    upright, mask = (cv2.warpAffine(each, matrix, (width, height)) for each in (gray, mask))
    x, y, box_width, box_height = cv2.boundingRect(mask)
    kept = 1 / (np.cos(angle) + abs(np.sin(angle)))  # beyond it are the corners that were turned in
    size = (round(kept * width), round(kept * height))
    middle = cv2.getRectSubPix(upright, size, (width / 2 - 0.5, height / 2 - 0.5))
    return _is_product(upright[y : y + box_height, x : x + box_width]) or _is_product(middle)


def _is_product(part: np.ndarray) -> bool:
    """Whether `part` (h, w) uint8 alternates and is the product of one column and one row."""
    if min(part.shape) < 16:
        return False
    values = cv2.resize(part, (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = np.percentile(values, (2, 98))
    if high - low < 20:
        return False
    bright = np.clip((values - low) / (high - low), 0, 1)
    # squares alternate between 1 and -1; dark lines on light or light lines on dark are products of 1 and 0
    for matrix in (2 * bright - 1, bright, 1 - bright):
        row = matrix[np.abs(matrix).sum(axis=1).argmax()]
        for _step in range(4):  # the largest singular value, by power iteration
            column = matrix @ (row / np.linalg.norm(row))
            row = column @ matrix
        rest = float((matrix**2).sum() - column @ column) / (float(matrix.var()) * matrix.size)
        changes = sorted([_changes(column), _changes(row)])
        # cloth in folds comes close to stripes: they must be nearly perfect
        if rest < UNEXPLAINED and changes[0 if rest > UNEXPLAINED / 2 else 1] >= ALTERNATIONS:
            return True
    return False


def _changes(vector: np.ndarray) -> int:
    """How often `vector` crosses the middle between its extremes."""
    return int(np.count_nonzero(np.diff(vector > (vector.min() + vector.max()) / 2)))
