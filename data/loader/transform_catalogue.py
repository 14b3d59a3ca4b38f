"""The steps a pipeline of transforms may have: classes of `torchvision.transforms.v2`, their parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from checks import number, whole_number

MAX_SIDE = 64
"""Of a size that a step may ask for, in pixels."""
MAX_PADDING = 6
"""Of one Pad step, in pixels: a pipeline may have several, and each makes the picture grow."""

_Numbers = dict[str, Any]


class TransformError(ValueError):
    """A pipeline that cannot be built; the message is a sentence that says what is wrong and what fits."""


@dataclass(frozen=True)
class Parameter:
    """One number of a step."""

    name: str
    kind: str
    """ "int" or "float"."""
    low: float
    high: float
    default: float
    meaning: str
    step: float = 1
    """Of an "int": allowed are low, low + step, ... For a "float" it is what one press of an arrow adds."""

    def allowed(self) -> str:
        """The range in words."""
        if self.kind == "float":
            return f"a number from {self.low:g} to {self.high:g}"
        if self.step == 1:
            return f"a whole number from {self.low:g} to {self.high:g}"
        values = [f"{value:g}" for value in range(int(self.low), int(self.high) + 1, int(self.step))]
        return " or ".join([", ".join(values[:-1]), values[-1]])

    def check(self, value: Any, step: str) -> float:
        """`value` as an int or a float within the range. Raises TransformError."""
        name = f"{self.name} of {step}"
        if self.kind == "float":
            return round(number(value, name, self.low, self.high, TransformError), 6) + 0.0  # no -0.0
        count = whole_number(value, name, int(self.low), int(self.high), TransformError)
        if (count - self.low) % self.step:
            raise TransformError(f"{name} must be {self.allowed()}, not {count}.")
        return count


def _nothing(numbers: _Numbers) -> tuple[tuple[Any, ...], _Numbers]:
    return (), {}


@dataclass(frozen=True)
class Kind:
    """One class of `torchvision.transforms.v2` as a step of a pipeline."""

    name: str
    """Of the class in `v2`."""
    meaning: str
    parameters: tuple[Parameter, ...] = ()
    random: bool = False
    """Whether it draws from the random generator at each call."""
    arguments: Callable[[_Numbers], tuple[tuple[Any, ...], _Numbers]] = field(default=_nothing, repr=False)
    """The parameters as (positional, by name) arguments of the class: both the object and the code come
    from it, so they cannot differ."""


def _size(meaning: str, name: str = "size") -> Parameter:
    return Parameter(name, "int", 1, MAX_SIDE, 28, meaning)


def _chance(meaning: str, default: float = 0.5) -> Parameter:
    return Parameter("p", "float", 0, 1, default, meaning, 0.1)


def _share(name: str, meaning: str, default: float, high: float = 1) -> Parameter:
    return Parameter(name, "float", 0, high, default, meaning, 0.05)


_KINDS = (
    Kind(
        "ToImage",
        "Turns a PIL picture into a tensor of shape (channels, height, width); its numbers stay 0 to 255.",
    ),
    Kind(
        "ToDtype",
        "Makes the numbers float32 and divides them by 255. ToImage and this do what ToTensor did, which is "
        "deprecated.",
        arguments=lambda n: ((torch.float32,), {"scale": True}),
    ),
    Kind(
        "Normalize",
        "Subtracts the mean and divides by the standard deviation. The values given are Fashion-MNIST's.",
        (
            Parameter("mean", "float", -10, 10, 0.2860, "is subtracted from each number", 0.01),
            Parameter("std", "float", 0.001, 10, 0.3530, "each number is then divided by it", 0.01),
            Parameter("channels", "int", 1, 3, 1, "how many means: 1 for grey, 3 for colour", 2),
        ),
        arguments=lambda n: (([n["mean"]] * n["channels"], [n["std"]] * n["channels"]), {}),
    ),
    Kind(
        "Resize",
        "Scales every picture to the same size, even if its proportions change.",
        (_size("of the result, in pixels", "height"), _size("of the result, in pixels", "width")),
        arguments=lambda n: (((n["height"], n["width"]),), {}),
    ),
    Kind(
        "CenterCrop",
        "Cuts out a square in the middle. Where the picture is smaller, 0 is put around it.",
        (_size("side of the square, in pixels"),),
        arguments=lambda n: ((n["size"],), {}),
    ),
    Kind(
        "Pad",
        "Puts a border of 0 around the picture, so that it grows on each side.",
        (Parameter("padding", "int", 0, MAX_PADDING, 2, "width of the border, in pixels"),),
        arguments=lambda n: ((n["padding"],), {}),
    ),
    Kind(
        "RandomCrop",
        "Puts a border of 0 around the picture, then cuts out a square at a random place.",
        (
            _size("side of the square, in pixels"),
            Parameter("padding", "int", 0, 16, 4, "width of the border, in pixels"),
        ),
        random=True,
        arguments=lambda n: ((n["size"],), {"padding": n["padding"]}),
    ),
    Kind(
        "RandomHorizontalFlip",
        "Swaps left and right in some of the pictures.",
        (_chance("probability that a picture is flipped"),),
        random=True,
        arguments=lambda n: ((), {"p": n["p"]}),
    ),
    Kind(
        "RandomVerticalFlip",
        "Turns some of the pictures upside down.",
        (_chance("probability that a picture is flipped"),),
        random=True,
        arguments=lambda n: ((), {"p": n["p"]}),
    ),
    Kind(
        "RandomRotation",
        "Turns each picture by a random angle; corners that become free are 0.",
        (Parameter("degrees", "float", 0, 180, 15, "largest angle, to the left or to the right", 5),),
        random=True,
        arguments=lambda n: ((n["degrees"],), {}),
    ),
    Kind(
        "RandomAffine",
        "Turns and shifts each picture at random; places that become free are 0.",
        (
            Parameter("degrees", "float", 0, 180, 0, "largest angle, to the left or to the right", 5),
            _share("translate", "largest shift, as a share of width and height", 0.1),
        ),
        random=True,
        arguments=lambda n: ((n["degrees"],), {"translate": (n["translate"], n["translate"])}),
    ),
    Kind(
        "RandomResizedCrop",
        "Cuts out a random part of the picture and scales it to a square.",
        (
            _size("side of the square, in pixels"),
            Parameter("scale", "float", 0.05, 1, 0.6, "smallest part, as a share of the area", 0.05),
        ),
        random=True,
        arguments=lambda n: ((n["size"],), {"scale": (n["scale"], 1.0)}),
    ),
    Kind(
        "ColorJitter",
        "Changes brightness and contrast of each picture at random.",
        (
            _share("brightness", "0.3 means a random factor from 0.7 to 1.3", 0.3),
            _share("contrast", "0.3 means a random factor from 0.7 to 1.3", 0.3),
        ),
        random=True,
        arguments=lambda n: ((), {"brightness": n["brightness"], "contrast": n["contrast"]}),
    ),
    Kind(
        "GaussianBlur",
        "Blurs each picture, by a random amount.",
        (
            Parameter("kernel_size", "int", 1, 15, 5, "side of the square that is averaged over, odd", 2),
            Parameter("sigma", "float", 0.1, 5, 2.0, "of the strongest blur, in pixels", 0.1),
        ),
        random=True,
        arguments=lambda n: ((n["kernel_size"],), {"sigma": (0.1, n["sigma"])}),
    ),
    Kind(
        "RandomErasing",
        "Sets a random rectangle to 0 in some of the pictures: the network must not rely on one part.",
        (_chance("probability that a picture loses a part"),),
        random=True,
        arguments=lambda n: ((), {"p": n["p"]}),
    ),
    Kind(
        "Grayscale",
        "Makes a colour picture grey.",
        (Parameter("channels", "int", 1, 3, 1, "of the result: 1, or 3 that are equal", 2),),
        arguments=lambda n: ((), {"num_output_channels": n["channels"]}),
    ),
)
CATALOGUE: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
"""Every step that a pipeline may have, by its name."""
