"""The steps that a pipeline of transforms may have: classes of `torchvision.transforms.v2`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from checks import number, whole_number
from language import _

MAX_SIDE = 64
"""Of a size that a step may have, in pixels."""
MAX_PADDING = 6
"""Of a single Pad step, in pixels: a pipeline may have several, and each enlarges the picture."""

_Numbers = dict[str, Any]


class TransformError(ValueError):
    """A pipeline that cannot be built; the message is a sentence: what is wrong, and what is allowed."""


@dataclass(frozen=True)
class Parameter:
    """A number of a step."""

    name: str
    kind: str
    """ "int" or "float"."""
    low: float
    high: float
    default: float
    meaning: str
    step: float = 1
    """Of an "int": low, low + step, ... are allowed. Of a "float": what a press of an arrow key adds."""

    def values(self) -> str:
        """The values of an "int" with a `step` above 1."""
        return ", ".join(f"{value:g}" for value in range(int(self.low), int(self.high) + 1, int(self.step)))

    def requirement(self) -> str:
        """What a value must be, to be shown beside its field."""
        if self.kind == "int" and self.step > 1:
            return _("must be one of {values}").format(values=self.values())
        text = _("must be a number from {low} to {high}")
        if self.kind == "int":
            text = _("must be a whole number from {low} to {high}")
        return text.format(low=f"{self.low:g}", high=f"{self.high:g}")

    def check(self, value: Any, step: str) -> float:
        """`value` as an int or a float within the range. Raises TransformError."""
        name = _("{parameter} of {step}").format(parameter=self.name, step=step)
        if self.kind == "float":
            return round(number(value, name, self.low, self.high, TransformError), 6) + 0.0  # no -0.0
        count = whole_number(value, name, int(self.low), int(self.high), TransformError)
        if (count - self.low) % self.step:
            sentence = _("{name} must be one of {choices}, not {value}.")
            raise TransformError(sentence.format(name=name, choices=self.values(), value=count))
        return count


def _nothing(numbers: _Numbers) -> tuple[tuple[Any, ...], _Numbers]:
    return (), {}


@dataclass(frozen=True)
class Kind:
    """A class of `torchvision.transforms.v2` as a step of a pipeline."""

    name: str
    """Of the class in `v2`."""
    meaning: str
    parameters: tuple[Parameter, ...] = ()
    random: bool = False
    """Whether each call draws from the random generator."""
    arguments: Callable[[_Numbers], tuple[tuple[Any, ...], _Numbers]] = field(default=_nothing, repr=False)
    """The parameters as (positional, by name) arguments of the class. Both the object and the code come from
    this, so they cannot differ.
    """


def _size(meaning: str, name: str = "size") -> Parameter:
    return Parameter(name, "int", 1, MAX_SIDE, 28, meaning)


def _chance(meaning: str, default: float = 0.5) -> Parameter:
    return Parameter("p", "float", 0, 1, default, meaning, 0.1)


def _share(name: str, meaning: str, default: float, high: float = 1) -> Parameter:
    return Parameter(name, "float", 0, high, default, meaning, 0.05)


_KINDS = (
    Kind(
        "ToImage",
        _("Turns a PIL picture into a tensor of shape (channels, height, width); its numbers stay 0 to 255."),
    ),
    Kind(
        "ToDtype",
        _(
            "Makes the numbers float32 and divides them by 255. ToImage and this replace ToTensor, which is "
            "deprecated."
        ),
        arguments=lambda n: ((torch.float32,), {"scale": True}),
    ),
    Kind(
        "Normalize",
        _(
            "Subtracts the mean and divides by the standard deviation. The default values are those of "
            "Fashion-MNIST."
        ),
        (
            Parameter("mean", "float", -10, 10, 0.2860, _("is subtracted from each number"), 0.01),
            Parameter("std", "float", 0.001, 10, 0.3530, _("each number is then divided by it"), 0.01),
            Parameter("channels", "int", 1, 3, 1, _("how many means: 1 for grey, 3 for colour"), 2),
        ),
        arguments=lambda n: (([n["mean"]] * n["channels"], [n["std"]] * n["channels"]), {}),
    ),
    Kind(
        "Resize",
        _("Scales every picture to the same size, even if its proportions change."),
        (_size(_("of the result, in pixels"), "height"), _size(_("of the result, in pixels"), "width")),
        arguments=lambda n: (((n["height"], n["width"]),), {}),
    ),
    Kind(
        "CenterCrop",
        _("Cuts out a square in the middle. A smaller picture gets a border of 0."),
        (_size(_("side of the square, in pixels")),),
        arguments=lambda n: ((n["size"],), {}),
    ),
    Kind(
        "Pad",
        _("Puts a border of 0 around the picture, so that it grows on each side."),
        (Parameter("padding", "int", 0, MAX_PADDING, 2, _("width of the border, in pixels")),),
        arguments=lambda n: ((n["padding"],), {}),
    ),
    Kind(
        "RandomCrop",
        _("Puts a border of 0 around the picture, then cuts out a square at a random place."),
        (
            _size(_("side of the square, in pixels")),
            Parameter("padding", "int", 0, 16, 4, _("width of the border, in pixels")),
        ),
        random=True,
        arguments=lambda n: ((n["size"],), {"padding": n["padding"]}),
    ),
    Kind(
        "RandomHorizontalFlip",
        _("Swaps left and right in some of the pictures."),
        (_chance(_("probability that a picture is flipped")),),
        random=True,
        arguments=lambda n: ((), {"p": n["p"]}),
    ),
    Kind(
        "RandomVerticalFlip",
        _("Turns some of the pictures upside down."),
        (_chance(_("probability that a picture is flipped")),),
        random=True,
        arguments=lambda n: ((), {"p": n["p"]}),
    ),
    Kind(
        "RandomRotation",
        _("Rotates each picture by a random angle; the free corners are 0."),
        (Parameter("degrees", "float", 0, 180, 15, _("largest angle, to the left or to the right"), 5),),
        random=True,
        arguments=lambda n: ((n["degrees"],), {}),
    ),
    Kind(
        "RandomAffine",
        _("Rotates and shifts each picture at random; the free places are 0."),
        (
            Parameter("degrees", "float", 0, 180, 0, _("largest angle, to the left or to the right"), 5),
            _share("translate", _("largest shift, as a share of width and height"), 0.1),
        ),
        random=True,
        arguments=lambda n: ((n["degrees"],), {"translate": (n["translate"], n["translate"])}),
    ),
    Kind(
        "RandomResizedCrop",
        _("Cuts out a random part of the picture and scales it to a square."),
        (
            _size(_("side of the square, in pixels")),
            Parameter("scale", "float", 0.05, 1, 0.6, _("smallest part, as a share of the area"), 0.05),
        ),
        random=True,
        arguments=lambda n: ((n["size"],), {"scale": (n["scale"], 1.0)}),
    ),
    Kind(
        "ColorJitter",
        _("Changes the brightness and contrast of each picture at random."),
        (
            _share("brightness", _("0.3 means a random factor from 0.7 to 1.3"), 0.3),
            _share("contrast", _("0.3 means a random factor from 0.7 to 1.3"), 0.3),
        ),
        random=True,
        arguments=lambda n: ((), {"brightness": n["brightness"], "contrast": n["contrast"]}),
    ),
    Kind(
        "GaussianBlur",
        _("Blurs each picture by a random amount."),
        (
            Parameter("kernel_size", "int", 1, 15, 5, _("side of the square that is averaged over, odd"), 2),
            Parameter("sigma", "float", 0.1, 5, 2.0, _("of the strongest blur, in pixels"), 0.1),
        ),
        random=True,
        arguments=lambda n: ((n["kernel_size"],), {"sigma": (0.1, n["sigma"])}),
    ),
    Kind(
        "RandomErasing",
        _(
            "Sets a random rectangle to 0 in some of the pictures: the network must not rely on a single "
            "part."
        ),
        (_chance(_("probability that a picture loses a part")),),
        random=True,
        arguments=lambda n: ((), {"p": n["p"]}),
    ),
    Kind(
        "Grayscale",
        _("Makes a colour picture grey."),
        (Parameter("channels", "int", 1, 3, 1, _("of the result: 1, or 3 equal ones"), 2),),
        arguments=lambda n: ((), {"num_output_channels": n["channels"]}),
    ),
)
CATALOGUE: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
"""Every step that a pipeline may have, by its name."""
