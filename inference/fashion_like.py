"""Pictures that already are like those of Fashion-MNIST: saved from it, perhaps as JPEG or inverted.

They must not be cut out and scaled again: their garment already is bright on 0 and fills the 28x28 pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from data.drawn.silhouette import SIZE

FAINT = 12
"""Grey levels up to which a pixel is background, unless the picture is exact: JPEG leaves such traces."""
LEAST_BACKGROUND = 0.04
"""Share of background: of 10,000 test pictures each has more."""
LEAST_CLOTH = 30
"""Pixels of a garment: of the 70,000 pictures each has more. Fewer are a dot, or nothing at all."""
MOST_DETAIL = 12.0
"""Grey levels, root mean square, by which an enlarged picture may differ from its own 28x28 pixels."""


@dataclass(frozen=True)
class FashionLike:
    """A picture of Fashion-MNIST, or nearly one."""

    pixels: np.ndarray
    """(28, 28) uint8."""
    is_exact: bool
    """Whether each of the pixels is unchanged."""
    is_inverted: bool
    """Whether the picture is dark on white."""


def recognise(rgb: np.ndarray) -> FashionLike | None:
    """What `rgb` (H, W, 3) uint8 is if it is grey, square and has no more detail than 28x28 pixels, with a
    garment that fills them on a background of 0; else None.
    """
    if rgb.shape[0] != rgb.shape[1] or len(rgb) < SIZE:
        return None
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    # the quickest test comes first: hardly any other picture passes it
    is_inverted = bool(np.median(np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])) > 127)
    if is_inverted:
        gray, small = 255 - gray, 255 - small
    if not _has_background(small, FAINT) or (small > FAINT).sum() <= LEAST_CLOTH:
        return None
    if not is_inverted and _has_background(small, 0) and _consists_of(rgb, small):
        return FashionLike(small, True, False)
    levels = rgb.reshape(-1, 3)[:: max(1, len(gray) // SIZE)]  # (P, 3)
    if np.percentile(levels.max(axis=1) - levels.min(axis=1), 99) > FAINT:
        return None
    if not _fills(small) or _detail(gray, small) > MOST_DETAIL:
        return None
    return FashionLike(np.where(small > FAINT, small, 0).astype(np.uint8), False, is_inverted)


def _consists_of(rgb: np.ndarray, pixels: np.ndarray) -> bool:
    """Whether `rgb` (H, H, 3) is the grey `pixels` (28, 28), each enlarged to a square of the same size."""
    factor, rest = divmod(len(rgb), SIZE)
    squares = np.kron(pixels, np.ones((factor, factor), np.uint8))
    return not rest and bool((rgb == squares[..., None]).all())


def _has_background(pixels: np.ndarray, most: int) -> bool:
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    return bool((corners <= most).sum() >= 2 and (pixels <= most).mean() >= LEAST_BACKGROUND)


def _fills(pixels: np.ndarray) -> bool:
    """Whether the garment is as long as the picture, and cloth rather than lines."""
    mask = (pixels > 2 * FAINT).astype(np.uint8)
    _, _, width, height = cv2.boundingRect(mask)
    outside = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(outside, None, (0, 0), 2)
    return max(width, height) >= SIZE - 2 and mask.sum() > 0.6 * (outside != 2).sum()


def _detail(gray: np.ndarray, small: np.ndarray) -> float:
    """How far `gray` is from its (28, 28) pixels, enlarged smoothly or to squares."""
    size = gray.shape[::-1]
    return min(
        float(np.sqrt(np.mean((gray.astype(np.float32) - cv2.resize(small, size, interpolation=way)) ** 2)))
        for way in (cv2.INTER_NEAREST_EXACT, cv2.INTER_CUBIC, cv2.INTER_LINEAR)
    )
