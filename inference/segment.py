"""Where is the garment in a photo? Classic computer vision, no learned weights, about 0.1 s on one core.

Whatever touches the border of a photo is mostly background: its colours are grouped (k-means in Lab), every
pixel gets its distance to the nearest group, and GrabCut sharpens the border between near and far. A picture
on plain white needs none of that: there, a difference from white is enough, and the garment's soft edges
survive.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from inference.worn import garment_of

WORK_SIDE = 224
"""Longest side, in pixels, of the picture in which the garment is searched."""
WHITE_CLOTH = 90
"""Lightness in Lab, 0 to 100, above which cloth is white."""

Mask = np.ndarray
Backdrop = Literal["white", "mixed"]


@dataclass(frozen=True)
class GarmentSearch:
    """The result of the search for the garment, all at one resolution (H, W)."""

    mask: Mask
    """(H, W) bool: True on the garment."""
    difference: np.ndarray
    """(H, W) uint8: how unlike the border's colours each pixel is; 255 = not at all like them."""
    backdrop: Backdrop
    """"white" for a product photo on plain white, else "mixed"."""
    worn: bool
    """Whether a head above the garment was cut off."""


def find_garment(rgb: np.ndarray, opaque: Mask | None = None) -> GarmentSearch:
    """Find the garment in `rgb` (H, W, 3) uint8; call it with a picture of about WORK_SIDE pixels.

    opaque: (H, W) bool, what is not transparent, where some of the picture is.
    The mask is empty when nothing stands out from the border.
    """
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)  # L 0..100, a and b about -100..100
    if opaque is not None:
        mask = keep_main_parts(opaque, near=0.12)
        worn = garment_of(rgb, lab, mask)
        # white cloth, negated, would be black
        backdrop: Backdrop = "mixed" if np.median(lab[mask][:, 0]) > WHITE_CLOTH else "white"
        difference = opaque.astype(np.uint8) * 255
        return GarmentSearch(mask if worn is None else tidied(worn), difference, backdrop, worn is not None)
    if is_white(rgb):
        difference, mask = on_white(lab)
        if mask.any():
            worn = garment_of(rgb, lab, mask)
            if worn is None:
                return GarmentSearch(mask, difference, "white", False)
            return GarmentSearch(tidied(worn), difference, "white", True)
    difference, mask = on_anything(rgb, lab)
    if mask.any() and is_plain(lab):
        worn = garment_of(rgb, lab, mask)
        if worn is not None:
            return GarmentSearch(tidied(worn), difference, "mixed", True)
    return GarmentSearch(mask, difference, "mixed", False)


def tidied(mask: Mask) -> Mask:
    """`mask` without specks and small holes."""
    return keep_main_parts(fill_holes(closed(opened(mask, 3), 5)), near=0.2)


def border(shape: tuple[int, int], width: int) -> Mask:
    """(H, W) bool, True on a frame `width` pixels wide."""
    frame = np.ones(shape, bool)
    frame[width:-width, width:-width] = False
    return frame


def is_white(rgb: np.ndarray) -> bool:
    """True when nearly all of the frame around the picture is white, as in a shop's product photo."""
    frame = rgb[border(rgb.shape[:2], 3)].astype(np.int16)  # (P, 3)
    darkest = frame.min(axis=1)
    return bool((darkest >= 232).mean() > 0.6 and np.median(darkest) >= 240)


def is_plain(lab: np.ndarray) -> bool:
    """True when the frame around the picture is one light colour, as before a studio's backdrop."""
    frame = lab[border(lab.shape[:2], 3)]  # (P, 3)
    away = np.linalg.norm((frame - np.median(frame, axis=0)) * [0.5, 1, 1], axis=1)
    if np.median(frame[:, 0]) < 70 or (away < 4).mean() < 0.6:
        return False
    # A wall or a sheet at home has grain and folds, a studio's backdrop has none.
    grain = np.abs(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 2))[border(lab.shape[:2], 6)]
    return bool(np.median(grain) < 0.2)


def on_white(lab: np.ndarray) -> tuple[np.ndarray, Mask]:
    """The difference map and the mask of a garment on plain white."""
    frame = border(lab.shape[:2], 3)
    lightness = np.median(lab[frame][:, 0])
    distance = np.maximum(lightness - lab[..., 0], 0) + 0.7 * np.hypot(lab[..., 1], lab[..., 2])  # (H, W)
    noise = float(np.percentile(distance[frame], 70))
    mask = distance > max(3.0, 2.5 * noise)
    mask = keep_main_parts(fill_holes(mask), near=0.12)
    return np.clip(distance * 4, 0, 255).astype(np.uint8), mask


def border_colours(lab: np.ndarray, groups: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Group the frame's colours: centres (K, 3) and spreads (K, 3) of the groups that are background.

    A garment that reaches beyond the picture colours a part of the frame, too. Such a group is rarer on the
    frame than in the middle of the picture, and is left out.
    """
    height, width = lab.shape[:2]
    frame = lab[border((height, width), max(3, round(0.04 * min(height, width))))]  # (P, 3)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    cv2.setRNGSeed(0)  # k-means starts at random; one picture must always give one answer
    none = np.empty((0, 1), np.int32)
    _, labels, centres = cv2.kmeans(frame, groups, none, criteria, 2, cv2.KMEANS_PP_CENTERS)
    labels = labels.ravel()
    spread = np.stack(
        [frame[labels == k].std(axis=0) if (labels == k).any() else np.ones(3) for k in range(groups)]
    )
    share = np.bincount(labels, minlength=groups) / len(labels)

    middle = lab[height // 4 : height - height // 4, width // 4 : width - width // 4].reshape(-1, 3)  # (Q, 3)
    to_centres = np.linalg.norm(middle[:, None] - centres[None], axis=2)  # (Q, K)
    near = to_centres.min(axis=1) < 12
    share_middle = np.bincount(to_centres.argmin(axis=1)[near], minlength=groups) / len(middle)
    keep = (share > 0.18) | (share_middle < 1.3 * share)
    if not keep.any():
        keep = share == share.max()
    return centres[keep].astype(np.float32), spread[keep].astype(np.float32)


def difference_from_border(lab: np.ndarray) -> np.ndarray:
    """(H, W) float32: distance in colour of each pixel to the nearest group of border colours, in spreads."""
    centres, spreads = border_colours(lab)
    floor = np.array([5.0, 2.5, 2.5], np.float32)  # lightness varies with shadows and folds: it counts half
    distances = [
        np.sqrt((((lab - centre) / np.hypot(spread, floor)) ** 2).sum(axis=2))
        for centre, spread in zip(centres, spreads, strict=True)
    ]
    return np.min(distances, axis=0)


def on_anything(rgb: np.ndarray, lab: np.ndarray) -> tuple[np.ndarray, Mask]:
    """The difference map and the mask of a garment on a floor, a bed, a wall or a hanger."""
    smooth = cv2.bilateralFilter(lab, 5, 12, 3)
    distance = cv2.GaussianBlur(difference_from_border(smooth), (0, 0), 1.0)
    largest = float(np.percentile(distance, 99))
    frame = distance[border(distance.shape, max(3, round(0.04 * min(distance.shape))))]
    usual = max(1.0, float(np.percentile(frame, 80)))
    # in proportion, narrow gaps stay open; saturated, plain cloth beside a bright print does not look like
    # floor
    plain = first_guess(np.minimum(distance / max(largest, 1.0), 1))
    saturated = first_guess(1 - np.exp(-((distance / (SATURATION * usual)) ** 2)))
    guess = saturated if saturated.likely.sum() > WIDER * plain.likely.sum() else plain
    score = np.clip(guess.score * 255, 0, 255).astype(np.uint8)
    if guess.likely.mean() < 0.005 or guess.likely.all():
        return score, np.zeros(guess.likely.shape, bool)
    return score, sharpened(rgb, guess)


SATURATION, WIDER = 2.0, 1.2


@dataclass(frozen=True)
class Guess:
    score: np.ndarray
    """(H, W) float32, 0..1: how unlike the border."""
    likely: Mask
    """(H, W): what stands out, in one or a few central pieces."""
    sure: Mask
    """(H, W): what stands out most, in the middle of the picture."""


def first_guess(score: np.ndarray) -> Guess:
    """Threshold `score` (H, W) float 0..1 by Otsu's method, preferring pixels near the middle."""
    height, width = score.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    centre = np.exp(-(x**2 + y**2) / 0.9)
    scaled = np.clip(score * (0.4 + 0.6 * centre) * 255, 0, 255).astype(np.uint8)
    cut, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    likely = keep_main_parts(fill_cloth(closed(opened(scaled > cut, 3), 5), score), near=0.3)
    return Guess(score, likely, (scaled > 0.5 * (cut + 255)) & likely & (centre > 0.35))


def sharpened(rgb: np.ndarray, guess: Guess) -> Mask:
    """Move the outline of the guess to where colours change (GrabCut, Rother et al. 2004)."""
    height, width = guess.likely.shape
    trimap = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    trimap[guess.likely & ~opened(guess.score < 0.2, 5)] = cv2.GC_PR_FGD
    trimap[guess.sure] = cv2.GC_FGD
    edge = border((height, width), max(2, round(0.012 * min(height, width))))
    trimap[edge & ~guess.likely] = cv2.GC_BGD
    is_foreground = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if is_foreground.all() or not is_foreground.any():
        return guess.likely  # GrabCut needs some of both
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # its mixtures start with k-means too
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    cv2.grabCut(bgr, trimap, (0, 0, 1, 1), background, foreground, 4, cv2.GC_INIT_WITH_MASK)
    mask = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
    mask = keep_main_parts(fill_cloth(closed(opened(mask, 3), 5), guess.score), near=0.3)
    return mask if mask.mean() > 0.02 else guess.likely


def ellipse(size: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))


def opened(mask: Mask, size: int) -> Mask:
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, ellipse(size)).astype(bool)


def closed(mask: Mask, size: int) -> Mask:
    padded = np.pad(mask.astype(np.uint8), size)
    return cv2.morphologyEx(padded, cv2.MORPH_CLOSE, ellipse(size))[size:-size, size:-size].astype(bool)


def fill_holes(mask: Mask) -> Mask:
    """Fill everything that cannot be reached from outside the picture without crossing the mask."""
    outside = np.pad(mask.astype(np.uint8), 1)
    cv2.floodFill(outside, None, (0, 0), 2)
    return outside[1:-1, 1:-1] != 2


def fill_cloth(mask: Mask, score: np.ndarray) -> Mask:
    """Fill the holes that are cloth: small ones, and large ones unlike the background.

    Light prints leave holes in a mask; but a large hole with the background's colours is floor between two
    legs.
    """
    filled = fill_holes(mask)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (filled & ~mask).astype(np.uint8), connectivity=4
    )
    large = 0.02 * filled.sum()
    for k in range(1, count):
        if stats[k, cv2.CC_STAT_AREA] > large and score[labels == k].mean() < 0.3:
            filled[labels == k] = False
    return filled


def keep_main_parts(mask: Mask, near: float) -> Mask:
    """Keep the most important component (large and central) and those at least `near` times as important."""
    count, labels, stats, centroids = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return mask
    height, width = mask.shape
    away = (centroids[1:] - [width / 2, height / 2]) / [width, height]  # (K, 2), half a picture = 0.5
    weight = stats[1:, cv2.CC_STAT_AREA] * np.exp(-(away**2).sum(axis=1) / 0.12)
    main = 1 + np.flatnonzero(weight >= near * weight.max())
    return np.isin(labels, main)
