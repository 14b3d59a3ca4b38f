"""A garment on a person in front of a plain backdrop: leave out the head, the skin and what is worn below.

The search starts with the head, a narrow top of the figure with skin above wide shoulders. Without a head
nothing is left out, so that clothes on a floor or a hanger are never cut up for having the colour of skin.
"""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Head:
    """Where a head ends; rows and columns of the picture."""

    neck: int
    """Row of the narrowest place between the head and the shoulders."""
    shoulders: int
    """Row where the figure gets wide."""
    middle: int
    """Column of the head's middle."""
    width: int
    """Width of the shoulders."""


def skin_coloured(rgb: np.ndarray) -> np.ndarray:
    """(H, W) bool: True where `rgb` (H, W, 3) uint8 has a hue that human skin has, light or dark."""
    _, red, blue = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    # all skin has nearly one hue, whatever its lightness (the ranges of Chai and Ngan 1999, a little wider)
    return (red >= 134) & (red <= 178) & (blue >= 76) & (blue <= 128) & (rgb.max(axis=2) > 50)


def find_head(figure: np.ndarray, skin: np.ndarray) -> Head | None:
    """The head of `figure` (H, W) bool, by its outline and by `skin` (H, W) bool; None without a head."""
    rows = np.flatnonzero(figure.any(axis=1))
    if len(rows) < 60:
        return None
    top, height = rows[0], rows[-1] - rows[0] + 1
    widths = cv2.blur(figure.sum(axis=1).astype(np.float32)[:, None], (1, 5)).ravel()  # (H,)
    upper = widths[top : top + int(0.6 * height)]
    width = float(np.percentile(upper, 95))
    wide = np.flatnonzero(upper >= 0.72 * width)
    shoulders = top + int(wide[0])
    if not 0.05 * height < shoulders - top < 0.5 * height:
        return None
    between = widths[top + (shoulders - top) // 3 : shoulders]
    if len(between) < 2:
        return None
    neck = top + (shoulders - top) // 3 + int(between.argmin())
    head = np.zeros_like(figure)
    head[top : shoulders + 1] = figure[top : shoulders + 1]
    bare = head & skin
    if np.median(widths[top:shoulders]) > 0.66 * width or bare.sum() < 0.14 * head.sum() or bare.sum() < 25:
        return None
    columns = np.flatnonzero(figure[shoulders : shoulders + 8].any(axis=0))
    middle = int(np.median(np.nonzero(bare)[1]))
    if abs(middle - (columns[0] + columns[-1]) / 2) > 0.25 * width:
        return None
    return Head(neck, shoulders, middle, int(width))


def like_the_face(lab: np.ndarray, skin: np.ndarray, head: Head) -> np.ndarray:
    """(H, W) bool: True where `lab` (H, W, 3) float32 is close to this person's own skin."""
    face = skin.copy()
    face[head.shoulders + 1 :] = False
    tone = np.median(lab[face], axis=0)
    spread = np.maximum(np.percentile(np.abs(lab[face] - tone), 70, axis=0), [5, 2.5, 3.0])
    away = np.abs(lab - tone) / spread / [3.2, 2.6, 2.6]  # shadows change the lightness more than the hue
    return (away**2).sum(axis=2) < 1.6


def waist(lab: np.ndarray, cloth: np.ndarray, head: Head) -> int | None:
    """Row below which `cloth` (H, W) bool has another colour than on the chest; None if it has one colour.

    It is the row that best divides the colours of the middle of the figure, as Otsu's threshold does.
    """
    middle = slice(max(0, head.middle - head.width // 4), head.middle + head.width // 4)
    first = head.shoulders + head.width // 4
    rows, colours = [], []
    for row in range(first, cloth.shape[0]):
        there = cloth[row, middle]
        if there.sum() >= 6:
            rows.append(row)
            colours.append(np.median(lab[row, middle][there], axis=0))
    if len(rows) < head.width // 2:
        return None
    values = np.array(colours)  # (R, 3)
    best, gain, apart = 0, 0.0, 0.0
    for cut in range(head.width // 3, len(rows) - 4):
        above, below = values[:cut], values[cut:]
        step = float(np.linalg.norm(above.mean(axis=0) - below.mean(axis=0)))
        parted = cut * (len(rows) - cut) * step**2
        if parted > gain:
            within = float(
                np.sqrt(
                    (above.var(axis=0).sum() * len(above) + below.var(axis=0).sum() * len(below)) / len(rows)
                )
            )
            best, gain, apart = cut, parted, step / (within + 4)
    return rows[best] if apart > 2.0 else None


def garment_of(rgb: np.ndarray, lab: np.ndarray, figure: np.ndarray) -> np.ndarray | None:
    """The (H, W) bool mask of what the person in `figure` (H, W) bool wears on the upper body; None without a
    head.

    rgb: (H, W, 3) uint8; lab: the same in Lab, float32.
    """
    hue = skin_coloured(rgb) & figure
    head = find_head(figure, hue)
    if head is None:
        return None
    bare = like_the_face(lab, hue, head) & figure
    bare = cv2.morphologyEx(bare.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(bool)

    height, width = figure.shape
    trimap = np.full((height, width), cv2.GC_BGD, np.uint8)
    end = waist(lab, figure & ~bare, head) or min(height, head.shoulders + int(1.35 * head.width))
    trimap[head.neck : end][figure[head.neck : end]] = cv2.GC_PR_FGD
    trimap[end:][figure[end:]] = cv2.GC_PR_BGD
    trimap[end + head.width // 4 :] = cv2.GC_BGD
    chest = np.zeros_like(figure)
    rows = slice(head.shoulders + int(0.12 * head.width), min(height, head.shoulders + int(0.7 * head.width)))
    chest[rows, max(0, head.middle - head.width // 5) : head.middle + head.width // 5] = True
    chest &= figure
    if not chest.any():
        return None
    if (bare & chest).sum() > 0.5 * chest.sum():
        return None  # beige cloth throughout, with a narrow top taken for a head
    trimap[bare] = cv2.GC_BGD
    chest &= ~bare
    trimap[chest] = cv2.GC_FGD
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    cv2.grabCut(bgr, trimap, (0, 0, 1, 1), background, foreground, 4, cv2.GC_INIT_WITH_MASK)
    mask = (trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)
    return mask if mask.sum() > 0.08 * figure.sum() else None
