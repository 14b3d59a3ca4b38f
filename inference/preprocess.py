"""From a visitor's picture to the 28x28 pixels that the network expects, with every stage for the page.

One function for the page, the API, the tests and the benchmarks. A photo goes through `segment` (where is
the garment?), a drawing through `data.drawn.silhouette` (what does its outline enclose?), before that through
`frame` and `paper` (what of the picture is the drawing?). Both end like the garments of Fashion-MNIST: bright
on exactly 0, the longest side 28, centred. What already is like that stays as it is (`fashion_like`).
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import cv2
import numpy as np

from checks import choice
from data.drawn import silhouette
from data.own.picture import LONGEST_SIDE, PictureError, is_even
from inference import paper, plain_shapes, segment
from inference.fashion_like import FashionLike, recognise
from inference.frame import find_inside
from language import _, sentences

Kind = Literal["auto", "photo", "drawing"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Rgb = np.ndarray

SMALLEST_SIDE = 8
STAGE_SIDE = 320
"""Longest side of the stages that show the visitor's own picture."""
PALE, BLACK = 60, 200
"""Contrast in grey levels below which the ink of a drawing is lifted, and what it is lifted to."""
DARKEST = 50
"""Grey value of the whitest cloth cut from a photo: in Fashion-MNIST one garment pixel in twenty is darker.
"""
NOTHING = _(
    "There is nothing to classify: the picture is one even colour. Draw a garment or choose another picture."
)
NARROW = _("This picture is too narrow for its length. Please crop it to the garment.")
NO_GARMENT = _(
    "There is nothing to classify: nothing stands out from the background. Try another background."
)


@dataclass(frozen=True)
class PictureStage:
    """One step on the way from the visitor's picture to the network."""

    name: str
    caption: str
    """One sentence for a beginner."""
    image: np.ndarray
    """(h, w) or (h, w, 3) uint8."""


@dataclass(frozen=True)
class PreparedPicture:
    """A picture ready for the network."""

    pixels: np.ndarray
    """(28, 28) uint8: a bright garment on exactly 0."""
    kind: Literal["photo", "drawing"]
    """How it was prepared; with kind="auto", what the picture was taken for."""
    stages: tuple[PictureStage, ...]
    matrix: np.ndarray
    """(2, 3): maps pixel centres (x, y) of the picture to pixel centres (x, y) of `pixels`, as cv2.warpAffine
    does.
    """
    note: str
    """Something the visitor should know, or ""."""
    unlike: str = ""
    """Why this cannot be a garment, whatever the network says, or ""."""


@dataclass(frozen=True)
class FoundDrawing:
    """A drawing in a picture."""

    rgb: Rgb
    """(h, w, 3) uint8: the part of the picture that shows it."""
    gray: np.ndarray
    """(h, w) uint8: its ink and its paper."""
    matrix: np.ndarray
    """(3, 3): maps pixel centres of the picture to those of this part."""
    caption: str
    """What was left out, or ""."""


def prepare(rgb: Rgb, kind: Kind = "auto", opaque: np.ndarray | None = None) -> PreparedPicture:
    """Find the garment in `rgb` (H, W, 3) uint8 and bring it to 28x28.

    opaque: (H, W) bool, what is not transparent, where some of the picture is.
    Raises PictureError, a sentence for the visitor, when there is nothing to classify, and ValueError for a
    wrong array or kind.
    """
    kind = choice(kind, "kind", KINDS)
    _check(rgb)
    if kind != "drawing" and (found := recognise(rgb)) is not None:
        return _unchanged(rgb, found)
    work, to_work = _resized(rgb, segment.WORK_SIDE)
    if is_even(work):
        raise PictureError(NOTHING)
    drawing = None if kind == "photo" else find_drawing(rgb, work, is_drawn=kind == "drawing")
    return _from_drawing(drawing) if drawing else _from_photo(work, to_work, _cut_out(opaque, work))


def naive(rgb: Rgb) -> np.ndarray:
    """What most demos do: `rgb` (H, W, 3) uint8 to grey, then squeezed to (28, 28) uint8. For contrast."""
    _check(rgb)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, (silhouette.SIZE, silhouette.SIZE), interpolation=cv2.INTER_AREA)


def looks_drawn(rgb: Rgb) -> bool:
    """Tell a drawing or an icon from a photo; `rgb` (H, W, 3) uint8 of about segment.WORK_SIDE pixels.

    A drawing is even paper and even ink. A mostly white picture proves nothing, as a shop's photos are white
    too; but cloth is never as even inside as ink, so the ink away from edges must be even, or thin lines.
    """
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    frame = lab[segment.border(lab.shape[:2], 3)]  # (P, 3)
    paper = np.median(frame, axis=0)
    distance = np.linalg.norm(lab - paper, axis=2)  # (H, W)
    is_paper = distance < 6
    if (np.linalg.norm(frame - paper, axis=1) < 6).mean() < 0.8 or is_paper.mean() < 0.3:
        return False
    far = distance > 0.5 * np.percentile(distance[~is_paper], 95) if not is_paper.all() else ~is_paper
    if far.sum() < 12:
        return True
    ink = np.median(lab[far], axis=0)
    if np.linalg.norm(ink - paper) < 25:
        return False
    # every pixel of a drawing lies on the line from paper to ink, and most of them at one of its ends
    towards = (ink - paper) / np.linalg.norm(ink - paper)
    along = (lab - paper) @ towards  # (H, W)
    aside = np.linalg.norm((lab - paper) - along[..., None] * towards, axis=2)
    if np.percentile(aside[~is_paper], 90) > 12:
        return False
    inner = cv2.erode(far.astype(np.uint8), segment.ellipse(5)).astype(bool)
    depth = cv2.distanceTransform(far.astype(np.uint8), cv2.DIST_L2, 3)
    thin = depth[far].mean() < 3.0 and inner.mean() < 0.12
    if inner.sum() < 40:
        return bool(thin)
    evenness = float(lab[inner][:, 0].std())
    return bool(evenness < 1.5 or (thin and evenness < 8))


def find_drawing(rgb: Rgb, work: Rgb, is_drawn: bool) -> FoundDrawing | None:
    """The drawing in `rgb`, None if it is no drawing; `work` is the same picture at the working size.

    It may lie inside a frame, or on a sheet that was photographed. is_drawn: whether the visitor says so.
    """
    found = _drawing_alone(rgb, work, np.eye(3), is_drawn)
    gray = cv2.cvtColor(work, cv2.COLOR_RGB2GRAY)
    if found is not None:
        gray = cv2.resize(found.gray, gray.shape[::-1], interpolation=cv2.INTER_AREA)
    inside = find_inside(gray, sheet=not _is_flat(gray))
    if inside is None:
        return found
    part, (left, top) = inside.cut_from(rgb)
    to_part = np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]])
    framed = _drawing_alone(part, _resized(part, segment.WORK_SIDE)[0], to_part, is_drawn)
    if framed is None:
        return found
    caption = _("What is outside the frame was left out.")
    return replace(framed, caption=sentences(caption, framed.caption))


def _is_flat(gray: np.ndarray) -> bool:
    """Whether most of `gray` (H, W) uint8 is one grey: no camera leaves paper like that."""
    return bool(np.bincount(gray.ravel()).max() > gray.size / 2)


def _drawing_alone(rgb: Rgb, work: Rgb, to_rgb: np.ndarray, is_drawn: bool) -> FoundDrawing | None:
    """The drawing in `rgb`, a part of the picture that `to_rgb` (3, 3) leads to; None if it is no drawing."""
    gray = cv2.cvtColor(work, cv2.COLOR_RGB2GRAY)
    if _is_flat(gray):
        if (lifted := _lifted(gray)) is not gray:
            work = cv2.cvtColor(lifted, cv2.COLOR_GRAY2RGB)
    elif paper.may_be_sheet(gray):
        small, to_small = _resized(rgb, min(paper.SIDE, max(rgb.shape)))
        ink = paper.find_drawing(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        if ink is not None:
            caption = _("The paper was made white and the ink dark, and ruled lines were left out.")
            return FoundDrawing(small, ink, to_small @ to_rgb, caption)
    if not is_drawn and not looks_drawn(work):
        return None
    return FoundDrawing(rgb, _lifted(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), to_rgb, "")


def _lifted(gray: np.ndarray) -> np.ndarray:
    """`gray` (H, W) uint8, but pale ink as dark as other ink."""
    contrast = cv2.absdiff(gray, np.full_like(gray, silhouette.paper_of(gray)))
    peak = float(np.partition(contrast.ravel(), -4)[-4]) if contrast.size > 4 else 0.0
    if not 0 < peak < PALE:
        return gray
    return 255 - cv2.convertScaleAbs(contrast, alpha=BLACK / peak)


def _cut_out(opaque: np.ndarray | None, work: Rgb) -> np.ndarray | None:
    """`opaque` at the working size if it is the shape of something: not next to nothing, nor a rectangle."""
    if opaque is None:
        return None
    mask = cv2.resize(opaque.astype(np.uint8), work.shape[1::-1], interpolation=cv2.INTER_AREA)
    _, _, width, height = cv2.boundingRect(mask)
    return mask > 0 if 30 < mask.sum() < 0.97 * width * height else None


def _check(rgb: Rgb) -> None:
    if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError("A picture is an array (H, W, 3) of uint8.")
    if min(rgb.shape[:2]) < SMALLEST_SIDE:
        if max(rgb.shape[:2]) >= LONGEST_SIDE:  # it was made smaller
            raise PictureError(NARROW)
        sentence = _("This picture is too small: it needs at least {pixels} pixels on each side.")
        raise PictureError(sentence.format(pixels=SMALLEST_SIDE))


def _resized(rgb: Rgb, side: int) -> tuple[Rgb, np.ndarray]:
    """`rgb` with its longest side `side`, and the (3, 3) affine matrix that maps its pixel centres there."""
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    size = (max(SMALLEST_SIDE, round(width * scale)), max(SMALLEST_SIDE, round(height * scale)))
    work = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    x, y = size[0] / width, size[1] / height
    # half a pixel in and out again: areas scale about pixel edges, coordinates are those of pixel centres
    return work, np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]])


def _unchanged(rgb: Rgb, found: FashionLike) -> PreparedPicture:
    """A picture of Fashion-MNIST as it is."""
    if found.is_exact:
        caption = _("This already is a picture like those of Fashion-MNIST: it goes through unchanged.")
    elif found.is_inverted:
        caption = _("This is like a picture of Fashion-MNIST, but dark on white: it is only inverted.")
    else:
        caption = _("This is like a picture of Fashion-MNIST: it is only brought to 28 x 28 pixels.")
    scale = silhouette.SIZE / len(rgb)
    matrix = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]])
    enlarged = rgb
    if len(rgb) < STAGE_SIDE:  # enlarged here, so that its pixels stay squares
        factor = STAGE_SIDE // len(rgb)
        enlarged = np.repeat(np.repeat(rgb, factor, axis=0), factor, axis=1)
    stages = (PictureStage(_("Your picture"), caption, _shrunk(enlarged)), _last_stage(found.pixels))
    return PreparedPicture(found.pixels, "photo", stages, matrix, "")


def _from_drawing(found: FoundDrawing) -> PreparedPicture:
    try:
        drawing = silhouette.from_drawing(found.gray)
    except ValueError as error:
        raise PictureError(*error.args) from error
    caption = sentences(_("The part with ink on it lies inside the box."), found.caption)
    stages = (
        _boxed(found.rgb, drawing.silhouette, caption),
        PictureStage(
            _("Ink"),
            _("White is where the program sees ink; a gap in an outline shows here."),
            _gray(drawing.ink),
        ),
        PictureStage(
            _("Silhouette"),
            _("The garments of Fashion-MNIST are filled, so what the outline encloses is filled."),
            _shrunk(drawing.values),
        ),
        *_last_stages(drawing.values, drawing.silhouette, drawing.placed),
    )
    matrix = drawing.placed.matrix @ found.matrix  # (2, 3) @ (3, 3)
    small, _to_small = _resized(found.gray, segment.WORK_SIDE)
    unlike = plain_shapes.warning(small, drawing.silhouette)
    return PreparedPicture(drawing.placed.pixels, "drawing", stages, matrix, "", unlike)


def _from_photo(work: Rgb, to_work: np.ndarray, opaque: np.ndarray | None) -> PreparedPicture:
    garment = segment.find_garment(work, opaque)
    if garment.mask.sum() < 30:
        raise PictureError(NO_GARMENT)
    values = garment_values(work, garment)
    placed = silhouette.place(values, garment.mask)
    dimmed = work.copy()
    dimmed[~garment.mask] = dimmed[~garment.mask] // 5
    caption = _("Everything outside the garment goes dark; a part missing here is lost.")
    if garment.worn:
        caption = sentences(caption, _("The head above it was cut off."))
    if opaque is None:
        difference = _(
            "Bright is what differs in colour from the border of the picture, which is taken for the "
            "background."
        )
    else:
        difference = _("Bright is what is not transparent.")
    stages = (
        _boxed(work, garment.mask, _("The program thinks the garment is inside the box.")),
        PictureStage(_("Unlike the background"), difference, garment.difference),
        PictureStage(_("Cut out"), caption, dimmed),
        *_last_stages(values, garment.mask, placed),
    )
    share = garment.mask.mean()
    note = ""
    if share > 0.9:
        note = _("The garment seems to fill the whole picture: leave some background around it.")
    elif share < 0.02:
        note = _("The garment is very small: come closer, or crop the picture.")
    matrix = placed.matrix @ to_work  # (2, 3) @ (3, 3)
    unlike = plain_shapes.warning(cv2.cvtColor(work, cv2.COLOR_RGB2GRAY), garment.mask)
    return PreparedPicture(placed.pixels, "photo", stages, matrix, note, unlike)


def garment_values(work: Rgb, garment: segment.GarmentSearch) -> np.ndarray:
    """Grey values (H, W) uint8 like those of Fashion-MNIST, 0 outside the mask.

    The data set's makers negated photos on white: dark cloth is bright, white cloth is dark grey with
    visible edges.
    """
    negated = 255 - cv2.cvtColor(work, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if garment.backdrop == "mixed":
        # White cloth on a red carpet must not vanish in the black around it.
        negated = DARKEST + negated * ((255 - DARKEST) / 255)
    return np.where(garment.mask, np.maximum(negated, 1), 0).astype(np.uint8)


def _gray(mask: np.ndarray) -> np.ndarray:
    return _shrunk(mask.astype(np.uint8) * 255)


def _shrunk(image: np.ndarray) -> np.ndarray:
    """`image` with its longest side at most STAGE_SIDE."""
    scale = STAGE_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _boxed(rgb: Rgb, mask: np.ndarray, caption: str) -> PictureStage:
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    scale = min(1.0, STAGE_SIDE / max(mask.shape))
    image = _shrunk(rgb).copy()
    top_left = (int(x * scale), int(y * scale))
    bottom_right = (int((x + width) * scale) - 1, int((y + height) * scale) - 1)
    cv2.rectangle(image, top_left, bottom_right, (230, 60, 30), max(1, round(max(image.shape) / 110)))
    return PictureStage(_("Your picture"), caption, image)


def _last_stages(
    values: np.ndarray, mask: np.ndarray, placed: silhouette.Placed
) -> tuple[PictureStage, PictureStage]:
    finer = 8  # the same placement, with 8 x 8 pixels for each of the network's
    matrix = placed.matrix * finer
    matrix[:, 2] += 0.5 * finer - 0.5
    side = silhouette.SIZE * finer
    cut = np.where(mask, values, 0).astype(np.uint8)
    large = cv2.warpAffine(cut, matrix, (side, side), flags=cv2.INTER_LINEAR)
    return (
        PictureStage(
            _("Scaled and centred"),
            _(
                "Grey on black, the longest side filling the frame, like every garment that the network "
                "learned from."
            ),
            large,
        ),
        _last_stage(placed.pixels),
    )


def _last_stage(pixels: np.ndarray) -> PictureStage:
    caption = _(
        "28 x 28 numbers, normalised as in training: what you cannot recognise here, it cannot recognise "
        "either."
    )
    return PictureStage(_("What the network saw"), caption, pixels)
