"""A drawing on paper that was photographed, in uneven light, perhaps pale, perhaps on ruled or squared paper:
from there to black ink on pure white.

The light on a sheet varies slowly: it is a smooth surface, a polynomial of the second degree. What is darker
than it is ink or ruled lines; those are long, straight, parallel and many, and are taken away.
"""

import cv2
import numpy as np

SIDE = 448
"""Longest side of a searched picture, in pixels: a line of a pencil still is about a pixel wide."""
PAPER = 0.8
"""Least share of the picture that is bare paper or ruled lines."""
THICKEST = 0.045
"""Thickest ink as a share of the longest side: what is thicker is cloth, not a line."""
ROUGHEST = 0.025
"""Most noise of paper, as a share of the light: cloth has folds, a floor has grain."""
PARTED = 2.2
"""How many times darker than ruled lines the ink must be to be told from them by that alone."""
FAINTEST = 0.03
"""Least share of the light that ink takes away."""
DARKEST_LIGHT, LEAST_LIGHT = 60, 0.35
"""Least grey value of the paper, and the same as a share of the brightest."""


def find_drawing(gray: np.ndarray) -> np.ndarray | None:
    """Black ink on white, (H, W) uint8, from `gray` (H, W) uint8 of about SIDE pixels; None unless that shows
    thin ink on a sheet of paper.
    """
    dark = _on_sheet(gray)
    if dark is None:
        return None
    ruled = ruled_lines(dark)
    bare = np.where(ruled > 0, dark - 1.4 * ruled, dark)
    faint = max(FAINTEST, 5 * _spread(bare[ruled == 0]))
    faint = max(faint, _pale_residue(bare[bare > faint]))
    ink = bare > faint
    if not 0.0005 < ink.mean() < 1 - PAPER:
        return None
    size = 2 * round(THICKEST * max(gray.shape) / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    thick = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    if thick.sum() > 0.15 * ink.sum():
        return None
    # a pen that is pressed unevenly must not lose its lighter strokes: most of the ink becomes black
    level = float(np.percentile(bare[ink], 60))
    return (255 - 255 * np.clip(np.where(ink, bare, 0) / level, 0, 1)).astype(np.uint8)


def may_be_sheet(gray: np.ndarray) -> bool:
    """A quick look at `gray` (H, W) uint8: whether most of it is as even as paper in smooth light."""
    size = (max(8, gray.shape[1] // 2), max(8, gray.shape[0] // 2))
    return _on_sheet(cv2.resize(gray, size, interpolation=cv2.INTER_AREA)) is not None


def _on_sheet(gray: np.ndarray) -> np.ndarray | None:
    """Which share of the light is missing at each place of a sheet, (H, W) float32; None without a sheet."""
    light = light_on(gray)
    if light.min() < max(DARKEST_LIGHT, LEAST_LIGHT * light.max()):
        return None
    dark = 1 - gray / light
    dark -= np.median(dark)
    dark = cv2.GaussianBlur(dark, (0, 0), 0.8)
    spread = _spread(dark)
    faint = max(FAINTEST, 5 * spread)
    is_sheet = spread < ROUGHEST and (dark < -faint).mean() < 0.02 and (dark > faint).mean() < 0.6
    return dark if is_sheet else None


def _pale_residue(ink: np.ndarray) -> float:
    """The level that parts `ink` (P,) float32 from much paler traces, such as pieces of ruled lines, or 0."""
    if len(ink) < 50:
        return 0.0
    levels = np.clip(ink * 255, 0, 255).astype(np.uint8)
    cut, _ = cv2.threshold(levels[:, None], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    pale, deep = levels[levels <= cut], levels[levels > cut]
    parted = len(pale) and len(deep) > 0.08 * len(levels) and np.median(deep) > PARTED * np.median(pale)
    return float(cut) / 255 if parted else 0.0


def light_on(gray: np.ndarray) -> np.ndarray:
    """The smooth surface, (H, W) float32, that fits most of `gray` (H, W) uint8."""
    height, width = gray.shape
    # a few hundred places are enough for six coefficients; thin lines vanish in a median
    step = max(1, max(height, width) // 32)
    places = cv2.medianBlur(gray, 9)[step // 2 :: step, step // 2 :: step].astype(np.float32)
    y, x = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    x, y = x.ravel() / width, y.ravel() / height
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)  # (P, 6)
    values = places.ravel()  # (P,)
    kept = np.ones(len(values), bool)
    surface = np.zeros(6)
    for _ in range(6):
        near = terms[kept]  # least squares by the normal equations, ten times as fast as lstsq
        surface = np.linalg.solve(near.T @ near + 1e-6 * np.eye(6), near.T @ values[kept])
        rest = values - terms @ surface
        spread = 0.5 + 1.4826 * float(np.median(np.abs(rest[kept])))
        kept = (rest > -2 * spread) & (rest < 3 * spread)  # darker places are more often no paper
    x, y = np.arange(width)[None] / width, np.arange(height)[:, None] / height
    a, b, c, d, e, f = surface
    return (a + b * x + c * y + d * x * x + e * x * y + f * y * y).astype(np.float32)


def ruled_lines(dark: np.ndarray) -> np.ndarray:
    """How dark the ruled lines on a sheet are, (H, W) float32, 0 between them, from `dark` (H, W) float32."""
    half = cv2.resize(dark, (dark.shape[1] // 2, dark.shape[0] // 2), interpolation=cv2.INTER_AREA)
    ruled = np.maximum(_across(half), _across(half.T).T)
    return cv2.resize(ruled, dark.shape[::-1], interpolation=cv2.INTER_NEAREST)


STRIPS = 4
"""A sheet is seen at an angle, so its lines are not quite parallel: each strip has its own direction."""
SLOPES = np.linspace(-0.14, 0.14, 29)


def _across(dark: np.ndarray) -> np.ndarray:
    """The nearly horizontal lines, (H, W) float32, if most strips have five or more at equal distances."""
    height, width = dark.shape
    edges = np.linspace(0, width, STRIPS + 1).astype(int)
    layer = np.zeros_like(dark)
    found = 0
    for left, right in zip(edges, edges[1:], strict=False):
        strip = np.ascontiguousarray(np.clip(dark[:, left:right], -0.5, 0.5))
        slope, profile = max(
            ((slope, _peaks(strip, slope)) for slope in SLOPES), key=lambda pair: float((pair[1] ** 2).sum())
        )
        rows = _regular(profile)
        if not len(rows):
            continue
        found += 1
        levels = np.zeros((height, 1), np.float32)
        levels[rows] = np.median(profile[rows])
        level_strip = np.repeat(cv2.dilate(levels, np.ones((3, 1), np.uint8)), right - left, axis=1)
        layer[:, left:right] = _sheared(level_strip, slope, cv2.INTER_NEAREST)
    return layer if found > STRIPS / 2 else np.zeros_like(dark)


def _sheared(strip: np.ndarray, slope: float, way: int) -> np.ndarray:
    """`strip` with each column moved down by its distance from the middle times `slope`."""
    middle = strip.shape[1] / 2
    matrix = np.array([[1, 0, 0], [slope, 1, -slope * middle]])
    return cv2.warpAffine(strip, matrix, strip.shape[::-1], flags=way, borderMode=cv2.BORDER_REPLICATE)


def _peaks(strip: np.ndarray, slope: float) -> np.ndarray:
    """(H,) float32: how much darker each row is than those around it, where the lines have that slope."""
    rows = _sheared(strip, -slope, cv2.INTER_LINEAR).mean(axis=1)  # (H,)
    around = cv2.blur(rows[:, None], (1, 9)).ravel()
    return np.maximum(rows - around, 0)


def _regular(profile: np.ndarray) -> np.ndarray:
    """The rows of peaks of nearly one height at equal distances; none if there are fewer than five."""
    none = np.zeros(0, int)
    top = cv2.dilate(profile[:, None], np.ones((5, 1), np.uint8)).ravel()
    rows = np.flatnonzero((profile == top) & (profile > 0.012) & (profile > 0.35 * np.percentile(top, 80)))
    if len(rows) < 5:
        return none
    gaps = np.diff(rows)
    usual = float(np.median(gaps))
    return rows if (np.abs(gaps - usual) <= 0.15 * usual + 1).mean() > 0.6 else none


def _spread(values: np.ndarray) -> float:
    """Standard deviation of the noise in `values`, most of which are near 0."""
    return 1.4826 * float(np.median(np.abs(values)))
