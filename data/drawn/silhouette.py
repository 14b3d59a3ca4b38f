"""From a drawing to what Fashion-MNIST looks like: a bright filled garment, 28x28, on a background of 0.

A sketch is lines on paper; the network knows filled cloth. `from_drawing` finds the ink, fills what its
outline encloses (bridging the gaps people leave), and `place` scales the result the way the data set was
made. The page and the drawn training data go through this one path, so the network sees what it was trained
on.
"""

from dataclasses import dataclass

import cv2
import numpy as np

SIZE = 28
"""Side of the pictures in Fashion-MNIST, in pixels."""

WORK = 128
"""Longest side at which outlines are filled: finer than any gap that matters, fast enough to follow a pen."""

INSIDE, STROKE = 165, 225
"""Brightness of the cloth inside an outline and of the strokes, in a line drawing."""

SOLID, DETAIL = 205, 85
"""Brightness of the ink and of the paper-coloured details inside it, in a solid pictogram."""

FAINTEST = 20
"""Grey levels by which ink must differ from paper; below it lies the noise of JPEG and of scanners."""

THINNEST = 0.036
"""Strokes are at least this share of the longest side wide, one pixel of 28, or straps would fade away."""

RADII = (0.0, 0.012, 0.025, 0.04, 0.055, 0.075, 0.1, 0.13, 0.165, 0.21, 0.27)
"""Radii of the ball that must not enter through a gap of the outline, as shares of the longest side, tried in
turn.
"""


@dataclass(frozen=True)
class Placed:
    """A garment brought to the network's size.

    pixels: (28, 28) uint8, background exactly 0.
    matrix: (2, 3) float64, takes pixel centres (x, y) of the picture to pixel centres (x, y) of `pixels`
        (the convention of cv2.warpAffine).
    """

    pixels: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True)
class Drawing:
    """A drawing with every stage on the way to the network.

    ink: (H, W) bool, where the pen was. silhouette: (H, W) bool, the filled garment.
    values: (H, W) uint8, its brightness, 0 outside. placed: the same at 28x28.
    """

    ink: np.ndarray
    silhouette: np.ndarray
    values: np.ndarray
    placed: Placed


def place(values: np.ndarray, mask: np.ndarray) -> Placed:
    """Scale the masked part so that its longest side is 28, centre it, and put exact 0 around it.

    values: (H, W) uint8. mask: (H, W) bool. Raises ValueError if the mask is empty or the shapes differ.
    """
    if values.shape != mask.shape or values.ndim != 2:
        raise ValueError(f"values {values.shape} and mask {mask.shape} must be two pictures of one size.")
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    if width == 0:
        raise ValueError("There is nothing inside the mask to place.")
    scale = SIZE / max(width, height)
    new_width, new_height = max(1, round(width * scale)), max(1, round(height * scale))
    box = (slice(y, y + height), slice(x, x + width))
    cut = np.where(mask[box], values[box], np.uint8(0))  # (height, width)
    smooth = cv2.INTER_AREA if scale <= 1 else cv2.INTER_LINEAR
    small = cv2.resize(cut, (new_width, new_height), interpolation=smooth)
    left, top = (SIZE - new_width) // 2, (SIZE - new_height) // 2
    pixels = np.zeros((SIZE, SIZE), np.uint8)
    pixels[top : top + new_height, left : left + new_width] = small
    scale_x, scale_y = new_width / width, new_height / height
    # Half a pixel in and out again: areas scale about pixel edges, coordinates name pixel centres.
    matrix = np.array(
        [
            [scale_x, 0.0, left - 0.5 - (x - 0.5) * scale_x],
            [0.0, scale_y, top - 0.5 - (y - 0.5) * scale_y],
        ]
    )
    return Placed(pixels, matrix)


def from_drawing(gray: np.ndarray) -> Drawing:
    """Take a drawing (dark on light or light on dark) to a filled garment at 28x28.

    gray: (H, W) uint8. The paper is the commonest grey along the border.
    Raises ValueError, with a sentence for the visitor, when there is no ink.
    """
    if gray.ndim != 2 or gray.dtype != np.uint8 or gray.size == 0:
        raise ValueError(f"A drawing is a (H, W) picture of uint8, not {gray.dtype} {gray.shape}.")
    contrast = cv2.absdiff(gray, np.full_like(gray, paper_of(gray)))
    ink, peak = _ink(contrast)
    x, y, width, height = cv2.boundingRect(ink.astype(np.uint8))
    box = (slice(y, y + height), slice(x, x + width))

    scale = min(1.0, WORK / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # A line thinner than a working pixel must stay a line, so a quarter of coverage counts as ink.
    coverage = cv2.resize(ink[box].astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    longest = max(size)
    margin = int(THINNEST * longest) + 3
    work = cv2.copyMakeBorder(
        (coverage > 63).astype(np.uint8), margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0
    )
    darkness = cv2.resize(contrast[box], size, interpolation=cv2.INTER_AREA)
    darkness = np.minimum(darkness.astype(np.float32) / peak, 1.0)
    darkness = cv2.copyMakeBorder(darkness, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)

    filled, solid = _fill(work, longest)
    thin, brush = _thin(work, longest)
    if brush > 1:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (brush, brush))
        darkness = np.maximum(darkness, cv2.dilate(darkness * thin, kernel))
        filled |= cv2.dilate(thin, kernel)
    filled = _without_specks(filled)
    brightness = _brightness(darkness, work, filled, solid)

    inner = (slice(margin, margin + size[1]), slice(margin, margin + size[0]))
    silhouette = np.zeros(gray.shape, bool)
    values = np.zeros(gray.shape, np.uint8)
    if scale < 1:
        part = cv2.resize(filled[inner] * 255, (width, height), interpolation=cv2.INTER_LINEAR) > 127
        level = cv2.resize(brightness[inner], (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        part, level = filled[inner] > 0, brightness[inner]
    silhouette[box] = part
    values[box] = np.where(part, level, 0)
    return Drawing(ink, silhouette, values, place(values, silhouette))


def paper_of(gray: np.ndarray) -> int:
    """Return the commonest grey along the border, noise allowed for: the drawing may touch the border too."""
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    counts = np.bincount(border, minlength=256)
    near = np.convolve(counts, np.ones(9, np.int64), mode="same")
    peak = int(near.argmax())
    return int(np.median(border[np.abs(border.astype(np.int16) - peak) <= 6]))


def _ink(contrast: np.ndarray) -> tuple[np.ndarray, float]:
    """Split paper from ink by contrast; return the ink (H, W) bool and the contrast of its darkest parts."""
    counts = np.bincount(contrast.ravel(), minlength=256)
    inked = np.cumsum(counts[::-1])[::-1]  # inked[c]: how many pixels differ from the paper by c or more
    few = max(4, contrast.size // 20000)
    peak = int(np.flatnonzero(inked >= few)[-1]) if inked[0] >= few else 0
    if peak < FAINTEST:
        raise ValueError("There is no drawing on this picture: draw something, or choose another picture.")
    # A third of the way up: light fills and anti-aliased edges count, JPEG noise around strokes does not.
    ink = contrast >= max(FAINTEST, round(0.33 * peak))
    return ink, float(peak)


def _fill(work: np.ndarray, longest: int) -> tuple[np.ndarray, float]:
    """Fill what the ink encloses: all that a growing ball, rolled around the drawing, cannot reach.

    work: (h, w) uint8 0/1 with an empty margin. Returns (h, w) uint8 0/1, and how solid the ink is:
    0 for lines, however bold, to 1 for filled areas.
    """
    hull = cv2.contourArea(cv2.convexHull(cv2.findNonZero(work))) + 1.0
    inked = cv2.countNonZero(work)
    depth = cv2.distanceTransform(work, cv2.DIST_L2, 3)
    thickest = float(depth.max()) / longest
    is_solid = thickest > 0.07 and inked > 0.3 * hull
    best, best_area = work, 0
    for radius in RADII:
        filled = _unreached(work, radius * longest) | work
        area = cv2.countNonZero(filled)
        # Heels, straps and spread legs never fill half of their hull: what is closed already gives way to
        # a wider ball only if that finds much more, as it does where the outline had a gap.
        closed = best_area - inked > 0.27 * hull
        if is_solid or best_area == 0 or area > (1.3 if closed else 1.1) * best_area:
            best, best_area = filled, area
        enough = radius > 0.02 if is_solid else best_area >= 0.5 * hull or (closed and radius > 0.16)
        if enough:
            break
    return best.copy(), float(np.clip((thickest - 0.055) / 0.03, 0.0, 1.0))


def _unreached(work: np.ndarray, radius: float) -> np.ndarray:
    """Return (h, w) uint8: 1 where a ball of this radius in pixels, coming from outside, cannot get past the
    ink.
    """
    if radius < 1:
        free = 1 - work
        cv2.floodFill(free, None, (0, 0), 2)
        return (free != 2).astype(np.uint8)
    pad = int(radius) + 1  # room for the ball to go around
    wide = cv2.copyMakeBorder(1 - work, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=1)
    free = (cv2.distanceTransform(wide, cv2.DIST_L2, 3) > radius).astype(np.uint8)
    cv2.floodFill(free, None, (0, 0), 2)
    to_ball = cv2.distanceTransform((free != 2).astype(np.uint8), cv2.DIST_L2, 3)
    return (to_ball[pad:-pad, pad:-pad] >= radius).astype(np.uint8)


def _thin(work: np.ndarray, longest: int) -> tuple[np.ndarray, int]:
    """Find the strokes that would fade away at 28x28, (h, w) uint8 0/1, and the odd brush to widen them."""
    least = THINNEST * longest
    size = 2 * round(least / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    thin = work & (1 - cv2.morphologyEx(work, cv2.MORPH_OPEN, kernel))
    depth = cv2.distanceTransform(thin, cv2.DIST_L2, 3)
    width = (
        4.0 * float(depth.sum()) / max(cv2.countNonZero(thin), 1) - 1.0
    )  # a strip's mean depth is width / 4
    missing = least - max(width, 1.0)
    return thin, 2 * round(missing / 2) + 1 if missing > 0 else 1


def _without_specks(filled: np.ndarray) -> np.ndarray:
    """Drop pieces far smaller than the drawing, which would spoil its bounding box."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(filled, connectivity=8)
    if count <= 2:
        return filled
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= 0.012 * areas[1:].max()
    keep[0] = False
    return keep[labels].astype(np.uint8)


def _brightness(darkness: np.ndarray, work: np.ndarray, filled: np.ndarray, solid: float) -> np.ndarray:
    """Return (h, w) uint8: strokes brighter than cloth, or, in a solid drawing, details darker than ink.

    The two blend by how much of the garment is ink, so that the answer does not jump while one colours in.
    """
    share = cv2.countNonZero(work & filled) / max(cv2.countNonZero(filled), 1)
    solid *= float(np.clip((share - 0.5) / 0.2, 0.0, 1.0))
    low = INSIDE + (DETAIL - INSIDE) * solid
    high = STROKE + (SOLID - STROKE) * solid
    return np.where(filled > 0, low + (high - low) * darkness, 0).astype(np.uint8)
