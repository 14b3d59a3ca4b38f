"""A picture through one kernel, a part of the Conv shapes tab: input, kernel and output side by side.

The browser has the picture and the kernel, and asks `on_kernel` for the output whenever one of them changes.
Pointing at an output pixel needs no request: the browser has all its numbers.
"""

from __future__ import annotations

import base64
import binascii
import functools
import math
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
import torch
from torch import Tensor

from checks import whole_number
from data.drawn import garments
from inference import filters
from inference.filters import CATALOGUE, MAX_SIDE, Filter, FilterError, Rows
from language import _, ngettext
from models.checkpoint import CheckpointError
from ui.context import Context
from ui.kit.events import request_fields, server_function
from ui.kit.images import as_base64, as_data_url
from ui.kit.picture_input import PictureRequest
from ui.kit.view import View

HERE = Path(__file__).parent
INTRODUCTION = _(
    """\
## A picture through one kernel

The kernel slides over the picture. At each place its weights are multiplied by the pixels below them, and
the products are added: that sum is one output pixel. Change a weight and see what the picture becomes, or
point at an output pixel to see its numbers.
"""
)
NO_NETWORK = _("The learned kernels are missing: {error}")

EXAMPLES = (
    _("Sneaker"), _("Bag"), _("Coat"), _("Boot, drawn"), _("Dress, drawn"), _("Pullover, 28 × 28"),
    _("Shapes, 28 × 28"),
)  # fmt: skip
"""Titles of the pictures that come with the page."""
FIRST = 0
"""Number of the first example."""
THUMBNAIL = 56
OPENING = "sobel_vertical"
"""Key in CATALOGUE of the first kernel."""


# --- pictures -----------------------------------------------------------------------------------------------


@functools.cache
def example(number: int) -> np.ndarray:
    """One of EXAMPLES as (H, W) uint8, no side over MAX_SIDE."""
    rng = np.random.default_rng([7, number])
    if number < 3:
        return _grey(garments.picture((7, 8, 4)[number], rng, MAX_SIDE))
    if number < 5:
        return garments.sketch((9, 3)[number - 3], rng, MAX_SIDE)
    if number == 5:
        drawn = garments.Garments(10, seed=4)
        return drawn.draw(next(i for i in range(10) if drawn.label(i) == 2))
    return _shapes()


def _shapes() -> np.ndarray:
    """Edges of every direction on few pixels: a frame, a disc, a ramp."""
    picture = np.zeros((28, 28), np.uint8)
    picture[3:13, 3:13] = 255
    picture[6:10, 6:10] = 96
    y, x = np.mgrid[:28, :28]
    picture[(y - 8) ** 2 + (x - 20) ** 2 <= 26] = 200
    picture[17:25, 3:25] = np.linspace(0, 255, 22).astype(np.uint8)
    return picture


def _grey(rgb: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> (H', W') uint8, shrunk so that no side is over MAX_SIDE."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    scale = MAX_SIDE / max(grey.shape)
    if scale >= 1:
        return grey
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    return cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)


def on_picture(context: Context, request: Any) -> dict[str, Any]:
    """The visitor's picture as `PictureRequest.of` reads it -> {"height", "width", "pixels", "digest"}."""
    picture = PictureRequest.of(request).read(context.pictures)
    return {**_fields(_grey(picture.rgb)), "digest": picture.digest}


def _fields(grey: np.ndarray) -> dict[str, Any]:
    return {"height": grey.shape[0], "width": grey.shape[1], "pixels": as_base64(grey)}


def _picture(context: Context, request: Any) -> np.ndarray:
    """{"example": number}, {"digest": of a visitor's picture} or what `_fields` makes -> (H, W) uint8.

    Raises FilterError with a sentence, MissingPictureError if the browser must send the pixels.
    """
    if not isinstance(request, dict):
        raise FilterError(_("Choose a picture first."))
    if "example" in request:
        name, last = _("The number of the example"), len(EXAMPLES) - 1
        return example(whole_number(request["example"], name, 0, last, FilterError))
    if "digest" in request:
        return _grey(context.pictures.find(str(request["digest"])).rgb)
    height = whole_number(request.get("height"), _("The height of the picture"), 1, MAX_SIDE, FilterError)
    width = whole_number(request.get("width"), _("The width of the picture"), 1, MAX_SIDE, FilterError)
    text = request.get("pixels")
    try:
        if not isinstance(text, str) or len(text) > MAX_SIDE**2 * 2:
            raise ValueError
        pixels = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
        return pixels.reshape(height, width)
    except (binascii.Error, ValueError):
        raise FilterError(
            _("The pixels of a picture are base64 text of height × width bytes: please choose it again.")
        ) from None


# --- the answer ---------------------------------------------------------------------------------------------


def on_kernel(context: Context, request: object) -> dict[str, Any]:
    """A picture and a kernel -> what `kernel.js` shows. Raises ValueError with a sentence.

    request: picture (see `_picture`); kernel (rows of numbers, or {"seed", "height", "width"} for a random
    one); stride, padding, flip.

    Returns the picture (height, width, pixels), kernel, used (the kernel as it lies on the picture), output
    (height, width, values: base64 of little-endian float32, low, high, below: how many are below 0, above:
    how many are above 1), other (the output of the kernel turned the other way, as a picture: pixels, low,
    high; none when it is the same), sentences, and the program.
    """
    fields = request_fields(request)
    grey = _picture(context, fields.get("picture"))
    kernel = _kernel(fields.get("kernel"))
    stride, padding = filters.checked_steps(fields.get("stride", 1), fields.get("padding", 0))
    flip = fields.get("flip", False)
    image = torch.from_numpy(grey.copy()).double() / 255
    output = _clean(filters.apply(image, kernel, stride, padding, flip), kernel)
    turned = _clean(filters.apply(image, kernel, stride, padding, not flip), kernel)
    return {
        **_fields(grey),
        "kernel": kernel,
        "used": filters.flipped(kernel) if flip else kernel,
        "stride": stride,
        "padding": padding,
        "flip": flip,
        "output": _numbers(output),
        "other": None if torch.equal(output, turned) else _as_picture(turned),
        "sum": sum_words(kernel),
        "size": size_words(image, kernel, stride, padding, output),
        "turn": turn_words(kernel, output, turned),
        "code": filters.code(kernel, stride, padding, flip),
    }


def _kernel(request: Any) -> Rows:
    if isinstance(request, dict):
        return filters.random_kernel(request.get("height"), request.get("width"), request.get("seed"))
    return filters.checked_kernel(request)


def _clean(output: Tensor, kernel: Rows) -> Tensor:
    """With zeros where only the rounding of the last bits remains: 0.1 + 0.2 - 0.3 is 5.6e-17 in float64."""
    most = math.fsum(abs(weight) for row in kernel for weight in row)
    return torch.where(output.abs() <= 1e-14 * most, torch.zeros_like(output), output)


def _numbers(output: Tensor) -> dict[str, Any]:
    return {
        "height": output.shape[0],
        "width": output.shape[1],
        "values": as_base64(output.numpy().astype("<f4")),
        "low": output.min().item(),
        "high": output.max().item(),
        "below": int((output < 0).sum()),
        "above": int((output > 1 + 1e-12).sum()),
    }


def _as_picture(output: Tensor) -> dict[str, Any]:
    """A byte for each value, 0 for the lowest and 255 for the highest: a picture, not numbers to read."""
    low, high = output.min().item(), output.max().item()
    share = (output - low) / (high - low) if high > low else torch.zeros_like(output)
    return {"pixels": as_base64((share * 255).round().byte().numpy()), "low": low, "high": high}


# --- sentences ----------------------------------------------------------------------------------------------


def sum_words(kernel: Rows) -> str:
    """What the weights make of a flat area."""
    total = math.fsum(weight for row in kernel for weight in row)
    most = max(abs(weight) for row in kernel for weight in row)
    if abs(total) <= 1e-12 * most:
        return _("The weights add up to 0: a flat area becomes 0.")
    if abs(total - 1) <= 1e-12 * max(1.0, most):
        return _("The weights add up to 1: a flat area keeps its grey.")
    sentence = _("The weights add up to {total}: a flat area of value v becomes {total} · v.")
    return sentence.format(total=number(total))


def size_words(image: Tensor, kernel: Rows, stride: int, padding: int, output: Tensor) -> str:
    """The arithmetic of the output's height and width."""
    sizes = zip(("H", "W"), image.shape, (len(kernel), len(kernel[0])), output.shape, strict=True)
    return ", ".join(
        f"{name} = ⌊({side} + 2·{padding} − {rows}) / {stride}⌋ + 1 = {result}"
        for name, side, rows, result in sizes
    )


def turn_words(kernel: Rows, output: Tensor, turned: Tensor) -> str:
    """What turning the kernel by 180 degrees changes in the output."""
    other = filters.flipped(kernel)
    if other == kernel:
        return _("This kernel looks the same after the turn, so both give the same output.")
    if all(a == -b for row, back in zip(kernel, other, strict=True) for a, b in zip(row, back, strict=True)):
        return _("The turn changes the sign of every weight, so every output value changes its sign.")
    change = (output - turned).abs()
    count = int((change > 1e-12 * max(1.0, change.max().item())).sum())
    if not count:
        return _("The turned kernel differs, but on this picture both give the same output.")
    total = output.numel()
    sentence = ngettext(
        "The turn changes {count} of {total} output value, by up to {most}.",
        "The turn changes {count} of {total} output values, by up to {most}.",
        total,
    )
    most = number(change.max().item())
    return sentence.format(count=f"{count:,}", total=f"{total:,}", most=most)


def number(value: float) -> str:
    """At most four decimals; with a power of ten where these would not be enough."""
    if value != 0 and not 1e-3 <= abs(value) < 1e9:
        return f"{value:.3g}".replace("-", "−")
    text = f"{value + 0.0:,.4f}".rstrip("0").rstrip(".")  # + 0.0: there is no minus zero
    return text.replace("-", "−")


# --- layout -------------------------------------------------------------------------------------------------


def learned_filters(context: Context) -> tuple[tuple[Filter, ...], str]:
    """The kernels that the network learned, and a sentence when they are missing."""
    try:
        return filters.learned(context.predictor()), ""
    except CheckpointError as error:
        return (), NO_NETWORK.format(error=error)


def _thumbnail(picture: np.ndarray) -> str:
    small = picture.shape[0] > THUMBNAIL
    return as_data_url(
        cv2.resize(picture, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA) if small else picture
    )


def kernel_part(context: Context) -> View:
    """Lay the part out."""
    learned, missing = learned_filters(context)
    gr.Markdown(INTRODUCTION)
    return View(
        HERE / "kernel",
        answers={
            "picture": server_function(on_picture, context),
            "kernel": server_function(on_kernel, context),
        },
        file_functions=("picture",),
        constants={
            "opening": {
                "picture": {"example": FIRST},
                "filter": list(CATALOGUE).index(OPENING),
            },
            "examples": [{"name": name, "image": _thumbnail(example(i))} for i, name in enumerate(EXAMPLES)],
            "filters": [
                {
                    "name": kernel.name,
                    "group": kernel.group,
                    "meaning": kernel.meaning,
                    "rows": kernel.rows,
                    "learned": kernel in learned,
                }
                for kernel in (*CATALOGUE.values(), *learned)
            ],
            "missing": missing,
            "most_stride": filters.MAX_STRIDE,
            "most_padding": filters.MAX_PADDING,
            "sides": list(filters.SIDES),
        },
        elem_id="conv-kernel",
    )
