"""One kernel over a grey picture: kernels with a meaning, and what a real convolution makes of the picture.

PyTorch's Conv2d computes the cross-correlation: it lays the kernel on the picture as written, multiplies and
adds. The convolution of mathematics turns the kernel by 180 degrees first, which `flip` does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from checks import number, switch, whole_number
from inference.predictor import Predictor
from language import _

MAX_SIDE = 112
"""Of a picture, in pixels."""
SIDES = (1, 3, 5, 7)
"""Rows or columns that a kernel may have: odd, so that there is a middle."""
MAX_WEIGHT = 1e6
MAX_STRIDE = 4
MAX_PADDING = 3
MAX_SEED = 2**31 - 1

Rows = tuple[tuple[float, ...], ...]
"""The weights of a kernel, row by row."""


class FilterError(ValueError):
    """An unusable kernel, picture or other number; the message is a sentence for the visitor."""


@dataclass(frozen=True)
class Filter:
    """A kernel that has a name."""

    name: str
    group: str
    meaning: str
    """One sentence."""
    rows: Rows


def _over(divisor: int, rows: list[list[int]]) -> Rows:
    return tuple(tuple(weight / divisor for weight in row) for row in rows)


def _single(side: int, row: int, column: int) -> Rows:
    """All 0 except a 1 at one place."""
    return tuple(tuple(float((y, x) == (row, column)) for x in range(side)) for y in range(side))


COPY = _("Copy and move")
EDGES = _("Edges")
BLUR = _("Blur")
SHARPEN = _("Sharpen and emboss")
"""Groups of kernels, on the page."""

CATALOGUE: dict[str, Filter] = {
    "identity": Filter(
        _("Identity"),
        COPY,
        _("The 1 in the middle takes each pixel as it is: the picture does not change."),
        _single(3, 1, 1),
    ),
    "shift": Filter(
        _("Shift by 3 pixels"),
        COPY,
        _("Each output pixel takes the pixel 3 to its right, so the picture moves 3 pixels to the left."),
        _single(7, 3, 6),
    ),
    "horizontal_edges": Filter(
        _("Horizontal edges"),
        EDGES,
        _(
            "The row below minus the row above: positive where it gets brighter downwards, 0 where nothing "
            "changes (the Prewitt kernel)."
        ),
        _over(1, [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]),
    ),
    "vertical_edges": Filter(
        _("Vertical edges"),
        EDGES,
        _(
            "The column on the right minus the column on the left: positive where it gets brighter to the "
            "right (the Prewitt kernel)."
        ),
        _over(1, [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
    ),
    "all_edges": Filter(
        _("All edges"),
        EDGES,
        _(
            "Eight times the middle minus its eight neighbours: 0 on a flat area, large at an edge of any "
            "direction."
        ),
        _over(1, [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    ),
    "sobel_horizontal": Filter(
        _("Sobel, horizontal edges"),
        EDGES,
        _(
            "Like horizontal edges, but the column in the middle counts twice, which makes it less sensitive "
            "to noise."
        ),
        _over(1, [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
    ),
    "sobel_vertical": Filter(
        _("Sobel, vertical edges"),
        EDGES,
        _(
            "Like vertical edges, but the row in the middle counts twice, which makes it less sensitive to "
            "noise."
        ),
        _over(1, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    ),
    "laplacian": Filter(
        _("Laplacian"),
        EDGES,
        _(
            "The four neighbours minus four times the middle: the second derivative, which changes its sign "
            "at an edge."
        ),
        _over(1, [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    ),
    "laplacian_of_gaussian": Filter(
        _("Laplacian of Gaussian"),
        EDGES,
        _("Blurs a little and then looks for edges: the middle minus what is around it, on 5 by 5 pixels."),
        _over(
            1,
            [
                [0, 0, -1, 0, 0],
                [0, -1, -2, -1, 0],
                [-1, -2, 16, -2, -1],
                [0, -1, -2, -1, 0],
                [0, 0, -1, 0, 0],
            ],
        ),
    ),
    "box_blur_3": Filter(
        _("Box blur, 3 × 3"),
        BLUR,
        _("The mean of nine pixels: every weight is 1/9."),
        _over(9, [[1] * 3] * 3),
    ),
    "box_blur_7": Filter(
        _("Box blur, 7 × 7"),
        BLUR,
        _("The mean of 49 pixels: a larger kernel blurs more."),
        _over(49, [[1] * 7] * 7),
    ),
    "gaussian_blur_3": Filter(
        _("Gaussian blur, 3 × 3"),
        BLUR,
        _("A mean in which near pixels count more: the weights 1, 2, 4 are divided by their sum, 16."),
        _over(16, [[a * b for b in (1, 2, 1)] for a in (1, 2, 1)]),
    ),
    "gaussian_blur_5": Filter(
        _("Gaussian blur, 5 × 5"),
        BLUR,
        _("A wider mean in which near pixels count more: products of 1, 4, 6, 4, 1, divided by 256."),
        _over(256, [[a * b for b in (1, 4, 6, 4, 1)] for a in (1, 4, 6, 4, 1)]),
    ),
    "motion_blur": Filter(
        _("Motion blur"),
        BLUR,
        _("The mean along a diagonal, as if the camera had moved."),
        _over(7, [[int(x == y) for x in range(7)] for y in range(7)]),
    ),
    "sharpen": Filter(
        _("Sharpen"),
        SHARPEN,
        _("The picture plus its edges: five times the middle minus the four neighbours."),
        _over(1, [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    ),
    "emboss": Filter(
        _("Emboss"),
        SHARPEN,
        _(
            "What changes from the upper left to the lower right is added to the picture: it looks lit from "
            "one side."
        ),
        _over(1, [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
    ),
}
"""By key, in the order of the page."""


def learned(predictor: Predictor) -> tuple[Filter, ...]:
    """The kernels of a network's first layer, in its order; none if they are larger than 7x7 or read colours.

    The decimals name the float32 weights exactly.
    """
    layers = (layer for layer in predictor.model.modules() if isinstance(layer, nn.Conv2d))
    first = next(layers, None)
    if first is None or first.in_channels != 1 or any(side not in SIDES for side in first.kernel_size):
        return ()
    weights = first.weight.detach().float().cpu().numpy()  # (out, 1, rows, columns)
    count = len(weights)
    return tuple(
        Filter(
            _("Learned {number} of {count}").format(number=number, count=count),
            _("Learned by the network"),
            _(
                "Kernel {number} of the {count} in the first layer of the network that answers in Classify: "
                "training found these weights, nobody typed them in."
            ).format(number=number, count=count),
            tuple(tuple(_shortest(weight) for weight in row) for row in kernel[0]),
        )
        for number, kernel in enumerate(weights, 1)
    )


def random_kernel(height: object, width: object, seed: object) -> Rows:
    """The weights that nn.Conv2d(1, 1, (height, width)) starts with: uniform from -b to b with
    b = 1 / sqrt(height * width), from a generator with that seed.

    Raises FilterError for a size that is not in `SIDES` and for a seed that is not from 0 to MAX_SEED.
    """
    rows = whole_number(height, _("The rows of a kernel"), SIDES[0], SIDES[-1], FilterError)
    columns = whole_number(width, _("The columns of a kernel"), SIDES[0], SIDES[-1], FilterError)
    if rows not in SIDES or columns not in SIDES:
        raise FilterError(_("A kernel has 1, 3, 5 or 7 rows and 1, 3, 5 or 7 columns."))
    generator = torch.Generator().manual_seed(whole_number(seed, _("The seed"), 0, MAX_SEED, FilterError))
    weight = torch.empty(1, 1, rows, columns)
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
    return tuple(tuple(_shortest(value) for value in row) for row in weight[0, 0].numpy())


def _shortest(value: Any) -> float:
    """The float with the fewest decimals that is the same float32."""
    return float(str(np.float32(value)))


def checked_kernel(rows: Any) -> Rows:
    """A kernel from untrusted rows of numbers. Raises FilterError with a sentence.

    It has 1, 3, 5 or 7 rows of 1, 3, 5 or 7 numbers, each from -1e6 to 1e6.
    """
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in rows):
        raise FilterError(_("A kernel is a list of rows, and each row is a list of numbers."))
    height, width = len(rows), len(rows[0]) if rows else 0
    if height not in SIDES or width not in SIDES:
        raise FilterError(
            _("A kernel has 1, 3, 5 or 7 rows and 1, 3, 5 or 7 columns: please choose another size.")
        )
    if any(len(row) != width for row in rows):
        raise FilterError(_("All rows of a kernel have the same length: please fill the missing cells."))
    return tuple(
        tuple(
            number(
                weight,
                _("Row {row}, column {column} of the kernel").format(row=y, column=x),
                -MAX_WEIGHT,
                MAX_WEIGHT,
                FilterError,
            )
            for x, weight in enumerate(row, 1)
        )
        for y, row in enumerate(rows, 1)
    )


def checked_steps(stride: Any, padding: Any) -> tuple[int, int]:
    """Untrusted stride and padding, checked. Raises FilterError with a sentence."""
    return (
        whole_number(stride, _("The stride"), 1, MAX_STRIDE, FilterError),
        whole_number(padding, _("The padding"), 0, MAX_PADDING, FilterError),
    )


def flipped(kernel: Rows) -> Rows:
    """The kernel turned by 180 degrees: upside down and left to right."""
    return tuple(tuple(reversed(row)) for row in reversed(kernel))


def apply(image: Tensor, kernel: Any, stride: Any = 1, padding: Any = 0, flip: bool = False) -> Tensor:
    """torch's conv2d over a grey picture.

    image (H, W), any float in [0, 1], each side 1 to MAX_SIDE -> (H', W') float64 with
    H' = floor((H + 2 * padding - rows) / stride) + 1, W' likewise. The padding is zeros; float64,
    because weights of a million leave float32 no decimals. flip: turn the kernel first, as in mathematics.

    Raises FilterError with a sentence for anything that does not fit.
    """
    rows = checked_kernel(kernel)
    stride, padding = checked_steps(stride, padding)
    switch(flip, "flip", FilterError)
    if not isinstance(image, Tensor) or image.ndim != 2 or not image.is_floating_point():
        raise FilterError(_("A picture is a tensor (H, W) of floats."))
    height, width = image.shape
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise FilterError(_("A picture has 1 to {most} pixels on each side.").format(most=MAX_SIDE))
    if not bool(((image >= 0) & (image <= 1)).all()):  # a NaN is in no range
        raise FilterError(_("The numbers of a picture lie between 0 and 1."))
    if len(rows) > height + 2 * padding or len(rows[0]) > width + 2 * padding:
        sentence = _(
            "The kernel, {kernel}, is larger than the picture with its padding, {picture}: "
            "take a smaller kernel or more padding."
        )
        raise FilterError(
            sentence.format(
                kernel=f"{len(rows)} × {len(rows[0])}",
                picture=f"{height + 2 * padding} × {width + 2 * padding}",
            )
        )
    x = image.detach().to("cpu", torch.float64)[None, None]  # (1, 1, H, W)
    weight = torch.tensor(flipped(rows) if flip else rows, dtype=torch.float64)[None, None]
    return F.conv2d(x, weight, stride=stride, padding=padding)[0, 0]  # (H', W')


def code(kernel: Any, stride: int, padding: int, flip: bool) -> str:
    """A complete program that computes the same from a file picture.png. Raises FilterError like `apply`."""
    rows = checked_kernel(kernel)
    stride, padding = checked_steps(stride, padding)
    written = ",\n    ".join("[" + ", ".join(_written(weight) for weight in row) + "]" for row in rows)
    turn = (
        "kernel = kernel.flip(0, 1)  # turned by 180 degrees: the convolution of mathematics\n"
        if flip
        else ""
    )
    return f"""import numpy as np
import torch
from PIL import Image
from torch import nn

picture = Image.open("picture.png").convert("L")  # grey
x = torch.tensor(np.asarray(picture), dtype=torch.float64) / 255  # (H, W), 0 is black, 1 is white
x = x[None, None]  # (N, C, H, W) with N = C = 1

kernel = torch.tensor([
    {written},
], dtype=torch.float64)
{turn}conv = nn.Conv2d(1, 1, kernel_size={(len(rows), len(rows[0]))}, stride={stride}, padding={padding},
                 bias=False, dtype=torch.float64)
with torch.no_grad():
    conv.weight.copy_(kernel)  # (1, 1, rows, columns)
    y = conv(x)[0, 0]  # (H', W')
print(tuple(y.shape), "from", y.min().item(), "to", y.max().item())
"""


def _written(weight: float) -> str:
    """A weight as Python code: a whole number with a single decimal."""
    return f"{weight:.1f}" if weight == int(weight) else repr(weight)
