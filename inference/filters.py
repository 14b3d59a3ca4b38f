"""One kernel over a grey picture: kernels with a meaning, and what a real convolution makes of the picture.

PyTorch's Conv2d computes the cross-correlation: it lays the kernel on the picture as it is written,
multiplies and adds. The convolution of mathematics turns the kernel by 180 degrees first; `flip` asks for
that one.
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
    """The kernel, the picture or the numbers beside them cannot be used; the message is a sentence for the
    visitor.
    """


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
    """All 0 but for a 1 at one place."""
    return tuple(tuple(float((y, x) == (row, column)) for x in range(side)) for y in range(side))


CATALOGUE: dict[str, Filter] = {
    "identity": Filter(
        "Identity",
        "Copy and move",
        "The 1 in the middle takes each pixel as it is: the picture does not change.",
        _single(3, 1, 1),
    ),
    "shift": Filter(
        "Shift by 3 pixels",
        "Copy and move",
        "Each output pixel takes the pixel 3 to its right, so the picture moves 3 pixels to the left.",
        _single(7, 3, 6),
    ),
    "horizontal_edges": Filter(
        "Horizontal edges",
        "Edges",
        "The row below minus the row above: positive where it gets brighter downwards, 0 where nothing "
        "changes (the Prewitt kernel).",
        _over(1, [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]),
    ),
    "vertical_edges": Filter(
        "Vertical edges",
        "Edges",
        "The column on the right minus the column on the left: positive where it gets brighter to the right "
        "(the Prewitt kernel).",
        _over(1, [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
    ),
    "all_edges": Filter(
        "All edges",
        "Edges",
        "Eight times the middle minus its eight neighbours: 0 on a flat area, large at an edge of any "
        "direction.",
        _over(1, [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    ),
    "sobel_horizontal": Filter(
        "Sobel, horizontal edges",
        "Edges",
        "As horizontal edges, but the column in the middle counts twice, which makes it less sensitive to "
        "noise.",
        _over(1, [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
    ),
    "sobel_vertical": Filter(
        "Sobel, vertical edges",
        "Edges",
        "As vertical edges, but the row in the middle counts twice, which makes it less sensitive to noise.",
        _over(1, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    ),
    "laplacian": Filter(
        "Laplacian",
        "Edges",
        "The four neighbours minus four times the middle: the second derivative, which changes its sign at "
        "an edge.",
        _over(1, [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    ),
    "laplacian_of_gaussian": Filter(
        "Laplacian of Gaussian",
        "Edges",
        "Blurs a little and then looks for edges: the middle minus what is around it, on 5 by 5 pixels.",
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
        "Box blur, 3 × 3",
        "Blur",
        "The mean of nine pixels: every weight is 1/9.",
        _over(9, [[1] * 3] * 3),
    ),
    "box_blur_7": Filter(
        "Box blur, 7 × 7",
        "Blur",
        "The mean of 49 pixels: a larger kernel blurs more.",
        _over(49, [[1] * 7] * 7),
    ),
    "gaussian_blur_3": Filter(
        "Gaussian blur, 3 × 3",
        "Blur",
        "A mean in which near pixels count more: the weights 1, 2, 4 are divided by their sum, 16.",
        _over(16, [[a * b for b in (1, 2, 1)] for a in (1, 2, 1)]),
    ),
    "gaussian_blur_5": Filter(
        "Gaussian blur, 5 × 5",
        "Blur",
        "A wider mean in which near pixels count more: products of 1, 4, 6, 4, 1, divided by 256.",
        _over(256, [[a * b for b in (1, 4, 6, 4, 1)] for a in (1, 4, 6, 4, 1)]),
    ),
    "motion_blur": Filter(
        "Motion blur",
        "Blur",
        "The mean along a diagonal, as if the camera had moved.",
        _over(7, [[int(x == y) for x in range(7)] for y in range(7)]),
    ),
    "sharpen": Filter(
        "Sharpen",
        "Sharpen and emboss",
        "The picture plus its edges: five times the middle minus the four neighbours.",
        _over(1, [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    ),
    "emboss": Filter(
        "Emboss",
        "Sharpen and emboss",
        "What changes from the upper left to the lower right is added to the picture: it looks lit from one "
        "side.",
        _over(1, [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
    ),
}
"""By key, in the order of the page."""


def learned(predictor: Predictor) -> tuple[Filter, ...]:
    """The kernels of a network's first layer that read one grey channel, in its order.

    The decimals name the float32 weights exactly. A network whose first layer is larger than 7x7 or reads
    colours gives none.
    """
    layers = (layer for layer in predictor.model.modules() if isinstance(layer, nn.Conv2d))
    first = next(layers, None)
    if first is None or first.in_channels != 1 or any(side not in SIDES for side in first.kernel_size):
        return ()
    weights = first.weight.detach().float().cpu().numpy()  # (out, 1, rows, columns)
    count = len(weights)
    return tuple(
        Filter(
            f"Learned {number} of {count}",
            "Learned by the network",
            f"Kernel {number} of the {count} in the first layer of the network that answers in Classify: "
            "training found these weights, nobody typed them in.",
            tuple(tuple(_shortest(weight) for weight in row) for row in kernel[0]),
        )
        for number, kernel in enumerate(weights, 1)
    )


def random_kernel(height: int, width: int, seed: int) -> Rows:
    """The weights that nn.Conv2d(1, 1, (height, width)) starts with: uniform from -b to b with
    b = 1 / sqrt(height * width), drawn by a generator with that seed.

    Raises FilterError for another size than `SIDES` allow and for another seed than 0 to MAX_SEED.
    """
    height = whole_number(height, _("The rows of a kernel"), SIDES[0], SIDES[-1], FilterError)
    width = whole_number(width, _("The columns of a kernel"), SIDES[0], SIDES[-1], FilterError)
    if height not in SIDES or width not in SIDES:
        raise FilterError("A kernel has 1, 3, 5 or 7 rows and 1, 3, 5 or 7 columns.")
    seed = whole_number(seed, _("The seed"), 0, MAX_SEED, FilterError)
    weight = torch.empty(1, 1, height, width)
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=torch.Generator().manual_seed(seed))
    return tuple(tuple(_shortest(value) for value in row) for row in weight[0, 0].numpy())


def _shortest(value: Any) -> float:
    """The float of the fewest decimals that is the same float32."""
    return float(str(np.float32(value)))


def checked_kernel(rows: Any) -> Rows:
    """A kernel from anywhere: a list of rows of numbers. Raises FilterError with a sentence.

    It has 1, 3, 5 or 7 rows of 1, 3, 5 or 7 numbers, all from -1e6 to 1e6.
    """
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in rows):
        raise FilterError("A kernel is a list of rows, and each row a list of numbers.")
    height, width = len(rows), len(rows[0]) if rows else 0
    if height not in SIDES or width not in SIDES:
        raise FilterError(
            "A kernel has 1, 3, 5 or 7 rows and 1, 3, 5 or 7 columns: please choose another size."
        )
    if any(len(row) != width for row in rows):
        raise FilterError("All rows of a kernel have the same length: please fill the missing cells.")
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
    """Stride and padding from anywhere. Raises FilterError with a sentence."""
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
    H' = floor((H + 2 * padding - rows) / stride) + 1, W' likewise. Padding is zeros. float64, because weights
    of a million leave float32 no decimals. flip: turn the kernel first, the convolution of mathematics.

    Raises FilterError with a sentence for everything that does not fit.
    """
    rows = checked_kernel(kernel)
    stride, padding = checked_steps(stride, padding)
    switch(flip, "flip", FilterError)
    if not isinstance(image, Tensor) or image.ndim != 2 or not image.is_floating_point():
        raise FilterError("A picture is a tensor (H, W) of floats.")
    height, width = image.shape
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise FilterError(f"A picture has 1 to {MAX_SIDE} pixels on each side.")
    if not bool(((image >= 0) & (image <= 1)).all()):  # a NaN is in no range
        raise FilterError("The numbers of a picture lie between 0 and 1.")
    if len(rows) > height + 2 * padding or len(rows[0]) > width + 2 * padding:
        raise FilterError(
            f"The kernel, {len(rows)} × {len(rows[0])}, is larger than the picture with its padding, "
            f"{height + 2 * padding} × {width + 2 * padding}: take a smaller kernel or more padding."
        )
    x = image.detach().to("cpu", torch.float64)[None, None]  # (1, 1, H, W)
    weight = torch.tensor(flipped(rows) if flip else rows, dtype=torch.float64)[None, None]
    return F.conv2d(x, weight, stride=stride, padding=padding)[0, 0]  # (H', W')


def code(kernel: Any, stride: int, padding: int, flip: bool) -> str:
    """A whole program that computes the same from a file picture.png. Raises FilterError as `apply` does."""
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
    """A weight as Python reads it back: whole numbers without what follows the point."""
    return f"{weight:.1f}" if weight == int(weight) else repr(weight)
