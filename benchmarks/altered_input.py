"""How many answers stay right when pictures are altered before they are uploaded: pictures of Fashion-MNIST
that are saved, enlarged or inverted, and sketches that are framed, pale or photographed.

python benchmarks/altered_input.py --data FOLDER          # FOLDER/FashionMNIST/raw, 1,000 pictures: a minute
python benchmarks/altered_input.py --sketches PICTURES    # as for benchmarks/real_input.py: two minutes
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
from PIL import Image, ImageOps

from benchmarks.real_input import percent, read_manifest
from data import fashion
from data.own.picture import PictureError, read_picture
from inference.predictor import Predictor
from inference.preprocess import prepare
from models.checkpoint import CheckpointError
from settings import data_folder

Rgb = np.ndarray


def enlarged(image: Image.Image, side: int, way: Image.Resampling) -> Image.Image:
    return image.resize((side, side), way)


NEAREST, BILINEAR, BICUBIC, LANCZOS = (
    Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS
)  # fmt: skip
UNCHANGED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda image: image,
    "10 times as large": partial(enlarged, side=280, way=NEAREST),
    "40 times as large": partial(enlarged, side=1120, way=NEAREST),
}
"""These must go through without a change."""
NEARLY: dict[str, tuple[str, Callable[[Image.Image], Image.Image]]] = {
    "JPEG": ("JPEG", lambda image: image),
    "10 times as large, JPEG": ("JPEG", partial(enlarged, side=280, way=NEAREST)),
    "bilinear, 280": ("PNG", partial(enlarged, side=280, way=BILINEAR)),
    "bicubic, 280": ("PNG", partial(enlarged, side=280, way=BICUBIC)),
    "Lanczos, 400, JPEG": ("JPEG", partial(enlarged, side=400, way=LANCZOS)),
    "squares, 256": ("PNG", partial(enlarged, side=256, way=NEAREST)),
    "inverted": ("PNG", ImageOps.invert),
    "inverted, bicubic, JPEG": ("JPEG", lambda image: ImageOps.invert(enlarged(image, 280, BICUBIC))),
}
"""These may lose two points: how the picture is saved, and what is done to it before."""


def saved(image: Image.Image, kind: str = "PNG") -> Rgb:
    """What the page gets of `image` that was saved as a file of that kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return read_picture(buffer.getvalue()).rgb


def framed(gray: np.ndarray, inset: int, width: int) -> Rgb:
    """A drawing, (H, W) uint8, with a margin and a black frame in it."""
    picture = cv2.copyMakeBorder(gray, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255)
    bottom, right = (side - 1 - inset for side in picture.shape)
    for step in range(width):
        cv2.rectangle(picture, (inset + step, inset + step), (right - step, bottom - step), 0, 1)
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)


def photographed(
    gray: np.ndarray, rng: np.random.Generator, paper: str, ink: tuple[float, float], zoom: float
) -> Rgb:
    """A drawing, (H, W) uint8, as a phone sees it on a sheet: turned, in perspective, in uneven light.

    paper: "plain", "ruled" or "squared". ink: least and most share of the light that it takes away. zoom:
    above 1 the sheet fills the picture, below 1 there is table around it.
    """
    side = 900
    sheet = np.full((side, side, 3), rng.uniform(0.9, 1), np.float32)
    if paper != "plain":
        gap, thickness, dark = int(rng.uniform(28, 60)), int(rng.integers(1, 3)), rng.uniform(0.12, 0.4)
        lines = np.zeros((side, side, 1), np.float32)
        for place in range(gap // 2, side, gap):
            lines[place : place + thickness] = 1
            if paper == "squared":
                lines[:, place : place + thickness] = 1
        tint = [1, 0.7, 0.45] if rng.random() < 0.6 else [1, 1, 1]  # blue or grey
        sheet *= 1 - lines * dark * np.array(tint, np.float32)
    scale = rng.uniform(0.55, 0.8) * side / max(gray.shape)
    drawing = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = drawing.shape
    top, left = (int((side - length) * rng.uniform(0.3, 0.7)) for length in (height, width))
    darkness = (1 - drawing[..., None].astype(np.float32) / 255) * rng.uniform(*ink)
    sheet[top : top + height, left : left + width] *= 1 - darkness
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-4, 4), zoom)
    seen = cv2.transform(corners[None], turn)[0] + rng.uniform(-0.02, 0.02, (4, 2)) * side
    view = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    table = rng.uniform(0.15, 0.6, 3).tolist()
    picture = cv2.warpPerspective(sheet, view, (side, side), flags=cv2.INTER_AREA, borderValue=table)
    y, x = np.mgrid[-0.5 : 0.5 : side * 1j, -0.5 : 0.5 : side * 1j]
    way = rng.uniform(0, 2 * np.pi)
    light = 1 + (np.cos(way) * x + np.sin(way) * y) * rng.uniform(0.1, 0.5)
    light -= rng.uniform(0, 0.3) * (x**2 + y**2)
    colour = np.array([1, rng.uniform(0.95, 1), rng.uniform(0.85, 1)]) * rng.uniform(0.75, 0.98)
    picture = picture * light[..., None] * colour
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 1.2)) * 255
    picture += rng.normal(0, rng.uniform(1.5, 4), picture.shape)
    return saved(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)), "JPEG")


PEN, PENCIL, FAINT = (0.55, 0.9), (0.3, 0.5), (0.06, 0.2)
SKETCHES: dict[str, Callable[[np.ndarray, np.random.Generator], Rgb]] = {
    "as they are": lambda gray, _: cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB),
    "frame with a margin": lambda gray, _: framed(gray, 12, 4),
    "thin frame": lambda gray, _: framed(gray, 5, 2),
    "frame at the edge": lambda gray, _: framed(gray, 0, 6),
    "pale, grey 236": lambda gray, _: framed(255 - (255 - gray) // 13, 0, 0),
    "photo, pen, plain paper": lambda gray, rng: photographed(gray, rng, "plain", PEN, 1.12),
    "photo, pencil, plain": lambda gray, rng: photographed(gray, rng, "plain", PENCIL, 1.12),
    "photo, faint, plain": lambda gray, rng: photographed(gray, rng, "plain", FAINT, 1.12),
    "photo, pen, ruled": lambda gray, rng: photographed(gray, rng, "ruled", PEN, 1.12),
    "photo, pencil, ruled": lambda gray, rng: photographed(gray, rng, "ruled", PENCIL, 1.12),
    "photo, pen, squared": lambda gray, rng: photographed(gray, rng, "squared", PEN, 1.12),
    "photo, pencil, squared": lambda gray, rng: photographed(gray, rng, "squared", PENCIL, 1.12),
    "photo with table, pen": lambda gray, rng: photographed(gray, rng, "plain", PEN, 0.85),
    "photo with table, squared": lambda gray, rng: photographed(gray, rng, "squared", PEN, 0.85),
}


def is_right(predictor: Predictor, rgb: Rgb, accepted: tuple[int, ...]) -> bool:
    try:
        return predictor.predict(prepare(rgb).pixels).best in accepted
    except PictureError:
        return False


def measure_fashion(predictor: Predictor, root: Path, count: int) -> None:
    """Print the share of right answers for the first `count` test pictures in `root`, for each change."""
    images, labels = fashion.samples(root).test
    pictures = [Image.fromarray(pixels) for pixels in images[:count, 0].numpy()]
    accepted = [(label,) for label in labels[:count].tolist()]
    answers = [predictor.predict(np.array(image)).best for image in pictures]
    right = [answer in label for answer, label in zip(answers, accepted, strict=True)]
    print(f"{count:,} test pictures of Fashion-MNIST: {percent(right):.1f} % right without any upload")
    for name, change in UNCHANGED.items():
        uploads = [saved(change(image)) for image in pictures]
        pixels = [prepare(rgb).pixels for rgb in uploads]
        same = [bool((a == np.asarray(b)).all()) for a, b in zip(pixels, pictures, strict=True)]
        print(f"{name:28}{percent(same):6.1f} % go through unchanged")
    for name, (kind, change) in NEARLY.items():
        uploads = [saved(change(image), kind) for image in pictures]
        right = [is_right(predictor, rgb, label) for rgb, label in zip(uploads, accepted, strict=True)]
        print(f"{name:28}{percent(right):6.1f} % right")


def measure_sketches(predictor: Predictor, folder: Path) -> None:
    """Print the share of right answers for the sketches in `folder`, for each change."""
    rows = [row for row in read_manifest(folder) if row.accepted and row.name_of_set == "sketch"]
    drawings = [cv2.cvtColor(read_picture(row.path).rgb, cv2.COLOR_RGB2GRAY) for row in rows]
    print(f"{len(rows)} sketches")
    for name, change in SKETCHES.items():
        right = [
            is_right(predictor, change(gray, np.random.default_rng(number)), row.accepted)
            for number, (gray, row) in enumerate(zip(drawings, rows, strict=True))
        ]
        print(f"{name:28}{percent(right):6.1f} % right")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=data_folder(), help="the folder of Fashion-MNIST")
    parser.add_argument("--count", type=int, default=1000, help="test pictures of it")
    parser.add_argument("--sketches", type=Path, metavar="PICTURES", help="measure the sketches there")
    options = parser.parse_args()
    try:
        predictor = Predictor.load()
        if options.sketches:
            measure_sketches(predictor, options.sketches)
        elif problem := fashion.problem(options.data):
            raise ValueError(f"{problem} {fashion.FETCH}")
        else:
            measure_fashion(predictor, options.data, options.count)
    except (CheckpointError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
