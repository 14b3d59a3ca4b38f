"""A frame round a drawing, or the sheet that it was drawn on: what lies outside is no part of the drawing."""

from dataclasses import dataclass

import cv2
import numpy as np

SMALLEST, LARGEST = 0.3, 0.985
"""Share of the picture that lies inside a frame."""
EDGE = 14
"""Grey levels within three pixels that part one region from another."""
STRAIGHT, RECTANGULAR = 0.95, 0.84
"""Least share of the inside in its convex hull, and in the smallest rectangle around it, however turned."""
CONTENT = 0.3
"""Least extent of what is drawn inside, as a share of that of the inside."""


@dataclass(frozen=True)
class Inside:
    """The part of a picture inside a frame."""

    mask: np.ndarray
    """(h, w) uint8 0/1 of the picture that was searched."""

    def cut_from(self, picture: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
        """The rectangle around the inside of `picture` (H, W, ...), the same picture at any size, with paper
        where it is outside the frame; and the (x, y) in `picture` of its upper left pixel.
        """
        mask = cv2.resize(self.mask, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        x, y, width, height = cv2.boundingRect(mask)
        box = (slice(y, y + height), slice(x, x + width))
        part, is_inside = picture[box].copy(), mask[box] > 0
        if not is_inside.all():
            part[~is_inside] = np.median(part[is_inside], axis=0)
        return part, (x, y)


def find_inside(gray: np.ndarray, sheet: bool) -> Inside | None:
    """The inside of a frame in `gray` (H, W) uint8 of about 224 pixels, if it has content.

    sheet: whether to look for a sheet that is brighter than what is around it, too.
    """
    smooth = cv2.GaussianBlur(gray, (3, 3), 0.6)
    block = np.ones((3, 3), np.uint8)
    edges = (cv2.subtract(cv2.dilate(smooth, block), cv2.erode(smooth, block)) >= EDGE).astype(np.uint8)
    mask = _framed(1 - edges, edges)
    if mask is None and sheet:
        even = cv2.GaussianBlur(gray, (5, 5), 0)
        _, bright = cv2.threshold(even, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        mask = _framed(bright, edges)
    return None if mask is None else Inside(mask)


def _framed(regions: np.ndarray, edges: np.ndarray) -> np.ndarray | None:
    """The smallest region, with all that it encloses, that is a rectangle, perhaps in perspective, and has
    edges within. All are (h, w) uint8 0/1.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(regions, connectivity=4)
    boxes = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
    for number in np.argsort(boxes):
        if number == 0 or not SMALLEST * regions.size < boxes[number] < regions.size:
            continue
        outline, _ = cv2.findContours(
            (labels == number).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        contour = max(outline, key=len)
        area = cv2.contourArea(contour)
        hull = cv2.contourArea(cv2.convexHull(contour))
        _, (width, height), _ = cv2.minAreaRect(contour)
        if not SMALLEST * regions.size < area < LARGEST * regions.size:
            continue
        if area < STRAIGHT * hull or area < RECTANGULAR * width * height:
            continue
        filled = cv2.drawContours(np.zeros_like(regions), [contour], -1, 1, cv2.FILLED)
        inside = cv2.erode(filled, np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
        content = cv2.boundingRect(cv2.erode(inside, np.ones((5, 5), np.uint8)) & edges)
        _, _, inner_width, inner_height = cv2.boundingRect(inside)
        if content[2] > CONTENT * inner_width and content[3] > CONTENT * inner_height:
            return inside
    return None
