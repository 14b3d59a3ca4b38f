"""Garments drawn by the program: all ten classes of Fashion-MNIST, endless and seeded.

They are the data set when there is no other, they teach the network to read sketches, and they are the page's
example pictures. Each drawing is a shape (`tops`, `trousers`, `footwear`, `bags`, `others`) put on paper by a
pen (`pen`); the 28x28 pictures go through `silhouette`, as a visitor's drawing does.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from checks import choice, whole_number
from data.drawn import bags, footwear, pen, silhouette, tops, trousers
from data.drawn.others import other as other_shape
from data.drawn.shapes import Shape, chance
from data.fashion import CLASSES
from language import _

SHAPES: tuple[Callable[[np.random.Generator, bool], Shape], ...] = (
    tops.tshirt,
    trousers.trousers,
    tops.pullover,
    tops.dress,
    tops.coat,
    footwear.sandal,
    tops.shirt,
    footwear.sneaker,
    bags.bag,
    footwear.boot,
)
"""What makes the shapes of each class, in the order of CLASSES."""

PAPER = 112
"""Side of the paper that training sketches are drawn on, in pixels: four for each pixel of the network."""

SKETCHED = 0.6
"""Share of the data set that is drawn with a pen and read by the drawing path; the rest is cut from cloth."""

STREAMS = {"train": 0, "test": 1, "other": 2}


def _shape(label: int, rng: np.random.Generator, neat: bool = False) -> Shape:
    """Return a random garment of this class, facing left or right; neat: as in a shop, without oddities."""
    label = whole_number(label, _("A label"), 0, len(SHAPES) - 1)
    return _turned(SHAPES[label](rng, neat), rng)


def _turned(shape: Shape, rng: np.random.Generator) -> Shape:
    """Mirror the shape half of the time."""
    if chance(rng, 0.5):
        for part in shape.parts:
            part.points = part.points * (-1.0, 1.0)
        shape.lines = [line * (-1.0, 1.0) for line in shape.lines]
        shape.dots = [(-x, y, r) for x, y, r in shape.dots]
    return shape


def sketch(label: int, rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a garment as someone would: (size, size) uint8, dark on white paper.

    label: 0..9, see CLASSES. Raises ValueError for another.
    """
    return _drawn(_shape(label, rng), rng, size)


def other(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw something outside the ten classes, in the same ways: (size, size) uint8, dark on white."""
    return _drawn(_turned(other_shape(rng), rng), rng, size)


def _drawn(shape: Shape, rng: np.random.Generator, size: int) -> np.ndarray:
    """Put a shape on white paper: mostly outlines in pen, else bold outlines, pictograms, or coloured in."""
    style = rng.random()
    if style < 0.58:
        posed = pen.posed(shape, rng, size, pen.Hand.any(rng))
        return pen.outline(posed, rng, size, size * rng.uniform(0.01, 0.04), hasty=True)
    if style < 0.7:
        posed = pen.posed(shape, rng, size, pen.Hand.sure(rng))
        return pen.outline(posed, rng, size, size * rng.uniform(0.02, 0.08), hasty=False)
    if style < 0.87:
        return pen.pictogram(pen.posed(shape, rng, size, pen.Hand.sure(rng)), rng, size)
    posed = pen.posed(shape, rng, size, pen.Hand.any(rng))
    return pen.coloured_in(posed, rng, size, size * rng.uniform(0.01, 0.035))


def picture(label: int, rng: np.random.Generator, size: int) -> np.ndarray:
    """Paint a garment in colour, as an example for the page: (size, size, 3) uint8 RGB.

    label: 0..9, see CLASSES. Raises ValueError for another.
    """
    big = 2 * size  # painted at twice the size, so that edges come out smooth
    hand = pen.Hand(0.0, 0.006, float(rng.normal(0, 2)), 0.12, 3, 0.05)
    posed = pen.posed(_shape(label, rng, neat=True), rng, big, hand)
    layers = pen.cloth(posed, rng, big, big / 130)
    hue, saturation = rng.uniform(0, 180), rng.uniform(30, 160)
    palette = np.zeros((1, 5, 3), np.uint8)  # HSV: nothing, the three tones, the print
    palette[0, 1] = hue, saturation, rng.uniform(110, 235)
    palette[0, 2] = (hue + rng.choice([0, 8, 90])) % 180, saturation * 0.7, rng.uniform(90, 240)
    palette[0, 3] = hue, saturation * 0.8, 60
    palette[0, 4] = (
        (hue + rng.uniform(-30, 30)) % 180,
        saturation * rng.uniform(0, 0.9),
        rng.choice([60, 245]),
    )
    colours = cv2.cvtColor(palette, cv2.COLOR_HSV2RGB)[0].astype(np.float32)
    mask = layers.tone > 0
    paint = colours[layers.tone]  # (big, big, 3)
    printed = ((layers.tone == 1) * (layers.print.astype(np.float32) / 255 * 0.8))[..., None]
    paint += (colours[4] - paint) * printed
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    rim = np.clip(depth / (0.03 * big), 0, 1) * 0.22 + 0.78  # cloth turns away from the light at its edges
    shade = layers.light * rim * (1 - 0.45 * layers.seams.astype(np.float32) / 255)
    paint *= shade[..., None]
    ground = _ground(rng, big, mask)
    result = np.where(mask[..., None], paint, ground)
    return cv2.resize(np.clip(result, 0, 255).astype(np.uint8), (size, size), interpolation=cv2.INTER_AREA)


def _ground(rng: np.random.Generator, size: int, mask: np.ndarray) -> np.ndarray:
    """Return a softly lit background with the garment's shadow, (size, size, 3) float32."""
    tint = np.array([250, 248, 244], np.float32) - rng.uniform(0, 22, 3).astype(np.float32)
    fall = np.linspace(1.0, rng.uniform(0.9, 1.0), size, dtype=np.float32)[:, None, None]
    offset = round(size * 0.012)
    shadow = cv2.GaussianBlur(
        np.roll(mask.astype(np.float32), (offset, offset), (0, 1)), (0, 0), size * 0.015
    )
    return tint * fall * (1 - 0.3 * shadow[..., None])


def _cloth28(label: int, rng: np.random.Generator) -> np.ndarray:
    """Return a garment of cloth as Fashion-MNIST shows it, (28, 28) uint8 on exact 0."""
    size = 84
    shape = _shape(label, rng)
    for part in shape.parts:
        part.points = part.points * (0.86 if label in (0, 2, 3, 4, 6) else 1.0, 1.0)
    posed = pen.posed(shape, rng, size, pen.Hand(0.008, 0.015, float(rng.normal(0, 2)), 0.01, 2, 0.1))
    layers = pen.cloth(posed, rng, size, 2.0)
    base = rng.uniform(60, 245)
    tones = np.array(
        [0, base, base * rng.uniform(0.6, 1.3), base * rng.uniform(0.4, 0.9), rng.uniform(20, 255)]
    )
    tones = tones.astype(np.float32)
    values = tones[layers.tone]
    values += (tones[4] - values) * ((layers.tone == 1) * layers.print.astype(np.float32)) * (1 / 255)
    seam = np.float32(rng.uniform(-0.45, 0.3) / 255)
    values *= layers.light * (1 + seam * layers.seams)
    values = np.clip(values, 12, 255).astype(np.uint8)
    return silhouette.place(values, layers.tone > 0).pixels


def _item(label: int, rng: np.random.Generator) -> np.ndarray:
    """Return one picture of the data set, (28, 28) uint8."""
    if chance(rng, SKETCHED):
        return _drawn28(partial(sketch, label, rng, PAPER))
    return _cloth28(label, rng)


def _drawn28(draw: Callable[[], np.ndarray]) -> np.ndarray:
    """Return a drawing as the drawing path hands it to the network, (28, 28) uint8."""
    while True:
        # once in hundreds of drawings the pen misses the paper and leaves it empty: draw again
        with contextlib.suppress(ValueError):
            return silhouette.from_drawing(draw()).placed.pixels


def others(count: int, seed: int = 0) -> torch.Tensor:
    """Draw things outside the ten classes: (count, 28, 28) uint8, through the drawing path."""
    pictures = np.zeros((count, silhouette.SIZE, silhouette.SIZE), np.uint8)
    for i in range(count):
        rng = np.random.default_rng([seed, STREAMS["other"], i])
        pictures[i] = _drawn28(partial(other, rng, PAPER))
    return torch.from_numpy(pictures)


class Garments(Dataset[tuple[Any, Any]]):
    """Drawn garments with the interface of torchvision's FashionMNIST.

    Item i depends on (seed, split, i) alone: any order, any number of workers, any `count` give the same
    picture. Each run of ten items holds every class once. count: how many items. split: "train" or "test",
    which never share an item. transform, target_transform: called on the PIL picture (28x28, mode "L") and on
    the int label. Raises ValueError for a negative count or another split.
    """

    classes = CLASSES

    def __init__(
        self,
        count: int,
        seed: int = 0,
        split: str = "train",
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.count, self.seed = whole_number(count, "count", 0), seed
        self.split = choice(split, "split", ("train", "test"))
        self.transform, self.target_transform = transform, target_transform
        self._data: torch.Tensor | None = None
        self._targets: torch.Tensor | None = None

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not -self.count <= index < self.count:
            raise IndexError(f"index {index} is outside of {self.count} garments.")
        index %= self.count
        image: Any = Image.fromarray(self.draw(index) if self._data is None else self._data[index].numpy())
        target: Any = self.label(index)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def label(self, index: int) -> int:
        """Return the label of item `index`, 0..9."""
        block = np.random.default_rng([self.seed, STREAMS[self.split], 1, index // 10])
        return int(block.permutation(10)[index % 10])

    def draw(self, index: int) -> np.ndarray:
        """Draw item `index` anew: (28, 28) uint8, background exactly 0."""
        return _item(self.label(index), np.random.default_rng([self.seed, STREAMS[self.split], 0, index]))

    @property
    def data(self) -> torch.Tensor:
        """All pictures, (N, 28, 28) uint8; drawn on first use (about 2 ms each)."""
        if self._data is None:
            pictures = np.zeros((self.count, silhouette.SIZE, silhouette.SIZE), np.uint8)
            for i in range(self.count):
                pictures[i] = self.draw(i)
            self._data = torch.from_numpy(pictures)
        return self._data

    @property
    def targets(self) -> torch.Tensor:
        """All labels, (N,) int64."""
        if self._targets is None:
            self._targets = torch.tensor([self.label(i) for i in range(self.count)], dtype=torch.int64)
        return self._targets
