"""The kinds of layers of the Conv shapes tab: one entry of `LAYER_KINDS` holds every fact about one kind.

The Layer panel, the formulas, the stack, the printed programs and the page's script read this table, so a new
kind is one new entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from models.layer_sizes import DENSE_WINDOWS, SPREAD_KERNELS, WINDOWS, Pair, SizeFormula

Shape = tuple[int, ...]

REQUIRED: Any = ...
"""The default of an argument that torch wants to be given."""


# --- the numbers of the Layer panel -------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerField:
    """One number of the Layer panel, a slider of its page."""

    label: str
    """torch's name."""
    low: int
    high: int
    default: int
    neutral: int | None = None
    """What a layer without this number computes with, for height and width; None for a single number."""

    @property
    def is_pair(self) -> bool:
        """Whether height and width have a number each."""
        return self.neutral is not None


INPUT_FIELDS: dict[str, LayerField] = {
    "n": LayerField("N", 1, 64, 1),
    "c": LayerField("C", 1, 64, 5),
    "h": LayerField("H", 1, 256, 100),
    "w": LayerField("W", 1, 256, 100),
}
"""By attribute of `models.arithmetic.Input`."""

LAYER_FIELDS: dict[str, LayerField] = {
    "in_channels": LayerField("in_channels", 1, 64, 5),
    "out_channels": LayerField("out_channels", 1, 64, 10),
    "kernel": LayerField("kernel_size", 1, 11, 3, neutral=1),
    "stride": LayerField("stride", 1, 8, 1, neutral=1),
    "padding": LayerField("padding", 0, 10, 0, neutral=0),
    "dilation": LayerField("dilation", 1, 6, 1, neutral=1),
    "output_padding": LayerField("output_padding", 0, 7, 0, neutral=0),
    "groups": LayerField("groups", 1, 64, 1),
}
"""By attribute of `models.arithmetic.LayerSpec`, in the order of the page."""


# --- one kind -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Argument:
    """One argument of a layer's constructor in `torch.nn`."""

    name: str
    """torch's name."""
    limits: tuple[float, float] | None = None
    """Smallest and largest value in a stack; None where a stack does not offer the argument."""
    default: Any = REQUIRED
    """torch's; None where another value takes its place, see `inferred` and `same_as`."""
    type: type = int
    constant: Any = None
    """The value it always has; None where a visitor chooses it."""
    inferred: int | None = None
    """The dimension of the input whose size it must have, and gets when it is left out of a stack."""
    same_as: str = ""
    """The argument whose value it gets when it is left out."""
    start: Any = None
    """Its value in a layer that is new in the stack; None leaves it out."""
    is_main: bool = True
    """Whether a row of the stack shows it without a click."""
    is_always_written: bool = False
    """Whether printed code names its value even where it is torch's default, and by position."""

    @property
    def is_optional(self) -> bool:
        """Whether a stack may leave it out."""
        return self.default is not REQUIRED or self.inferred is not None


@dataclass(frozen=True)
class CellSum:
    """How the page writes out one output cell with the numbers of its window."""

    term: str = "{value}"
    """One cell of the window, with {value} and, where the layer has weights, {weight}."""
    between: str = " + "
    whole: str = "{terms}"
    """With {terms} and {divisor}."""
    has_padding: bool = True
    """Whether cells of the padding are terms: zeros."""


@dataclass(frozen=True)
class Sliding:
    """How the windows of a layer move over its input. A kind with one is a choice of the Layer panel."""

    size: SizeFormula
    lead: str
    """The sentence above the small window."""
    work: str
    """What `models.arithmetic.multiply_adds` counts."""
    cell: CellSum = CellSum()
    weights: tuple[str, str] | None = None
    """The arguments that give the first two dimensions of the weight, the second of them divided by `groups`;
    None for a layer without weights, which works on each channel alone."""
    padding_words: tuple[str, ...] = ()
    """What `padding` may be instead of numbers."""
    pads_half_a_kernel: bool = False
    """Whether the padding is at most half the kernel."""
    keeps_largest: bool = False
    """Whether each output is one of the inputs, the largest."""
    takes_mean: bool = False
    """Whether the sum of the window is divided by the number of its cells."""
    bytes_per_output: int = 0
    """What torch keeps beside each output while it computes."""

    @cached_property
    def is_transposed(self) -> bool:
        """Whether each input is spread over a kernel's worth of outputs, instead of the other way round."""
        return self.weights is not None and self.weights[0] == "in_channels"


@dataclass(frozen=True)
class LayerKind:
    """One kind of layer."""

    name: str
    """Its class in `torch.nn`, and its title on the page."""
    arguments: tuple[Argument, ...] = ()
    """In the order in which printed code names them."""
    sliding: Sliding | None = None
    is_in_stack: bool = True
    """Whether it is a choice of the stack."""
    is_elementwise: bool = False
    """Whether each output depends on the input at the same place alone."""
    note: Callable[[Shape, Shape], str] | None = None
    """Shapes of input and output -> what a beginner should know about this row of a stack, or ""."""
    note_has_numbers: bool = False
    """Whether the note differs from row to row, so that each row shows it."""

    @cached_property
    def stack_arguments(self) -> tuple[Argument, ...]:
        """Those that a stack offers."""
        return tuple(argument for argument in self.arguments if argument.limits)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Keys of LAYER_FIELDS: the numbers that the Layer panel offers, in the order of the page."""
        names = {argument.name for argument in self.arguments}
        return tuple(key for key, known in LAYER_FIELDS.items() if known.label in names)

    @cached_property
    def neutral_pairs(self) -> dict[str, Pair]:
        """By key of LAYER_FIELDS the value of each pair that this kind lacks."""
        lacking = {key: known.neutral for key, known in LAYER_FIELDS.items() if key not in self.fields}
        return {key: (neutral, neutral) for key, neutral in lacking.items() if neutral is not None}

    @cached_property
    def channels(self) -> str:
        """The argument that must be the number of channels that come in, or ""."""
        return next((argument.name for argument in self.arguments if argument.inferred == 1), "")

    @cached_property
    def features(self) -> str:
        """The argument that must be the size of the last dimension, or ""."""
        return next((argument.name for argument in self.arguments if argument.inferred == -1), "")


# --- the table ----------------------------------------------------------------------------------------------


def _batch_norm_note(given: Shape, _: Shape) -> str:
    return (
        f"{given[1]} is the number of channels, not the batch size: each of the {given[1]} maps has a "
        "mean and a variance of its own, taken over the whole batch and all its places."
    )


def _flatten_note(given: Shape, output: Shape) -> str:
    if len(given) != 4:
        return ""
    product = " · ".join(str(size) for size in given[1:])
    return f"{product} = {output[1]:,} numbers in a row for each picture; the batch stays."


def _linear_note(given: Shape, _: Shape) -> str:
    if len(given) != 4:
        return ""
    return (
        "Linear works on the last dimension alone, here each row of each map. A Flatten before it would "
        "give it all numbers of a picture."
    )


def _dropout_note(_: Shape, __: Shape) -> str:
    return "It works in training only; in evaluation mode it passes everything on."


_BIAS = Argument("bias", (0, 1), True, bool, is_main=False)
_CONVOLUTION = (
    Argument("in_channels", (1, 8192), inferred=1, is_main=False),
    Argument("out_channels", (1, 2048), start=16),
    Argument("kernel_size", (1, 31), start=3),
    Argument("stride", (1, 16), 1),
    Argument("padding", (0, 32), 0, start=1),
    Argument("dilation", (1, 8), 1, is_main=False),
)
_GROUPS = Argument("groups", (1, 2048), 1, is_main=False)
_POOL = (
    Argument("kernel_size", (1, 31), start=2),
    Argument("stride", (1, 16), None, same_as="kernel_size"),
    Argument("padding", (0, 15), 0),
)
_PRODUCTS = CellSum("{value}·{weight}")

_ENTRIES = (
    LayerKind(
        "Conv2d",
        (*_CONVOLUTION, _GROUPS, _BIAS),
        sliding=Sliding(
            WINDOWS,
            "Each output cell is the sum of the products under the kernel. Point at a cell of the output, "
            "or of the input. What Conv2d computes is called cross-correlation: the kernel is not turned "
            "round.",
            "multiply-adds",
            _PRODUCTS,
            weights=("out_channels", "in_channels"),
            padding_words=("same", "valid"),
        ),
    ),
    LayerKind(
        "ConvTranspose2d",
        (*_CONVOLUTION, Argument("output_padding", default=0), _GROUPS, _BIAS),
        sliding=Sliding(
            SPREAD_KERNELS,
            "Each input cell is multiplied with the whole kernel and added into the output. Point at an "
            "output cell to see which inputs reach it.",
            "multiply-adds",
            _PRODUCTS,
            weights=("in_channels", "out_channels"),
        ),
        is_in_stack=False,
    ),
    LayerKind(
        "BatchNorm2d",
        (Argument("num_features", (1, 8192), inferred=1),),
        is_elementwise=True,
        note=_batch_norm_note,
    ),
    LayerKind("ReLU", is_elementwise=True),
    LayerKind(
        "MaxPool2d",
        (*_POOL, Argument("dilation", default=1)),
        sliding=Sliding(
            WINDOWS,
            "Each output cell is the largest number in its window. Padding never wins: it counts as −∞.",
            "comparisons",
            CellSum(between=", ", whole="max({terms})", has_padding=False),
            pads_half_a_kernel=True,
            keeps_largest=True,
            bytes_per_output=8,  # the int64 place of the largest
        ),
    ),
    LayerKind(
        "AvgPool2d",
        _POOL,
        sliding=Sliding(
            DENSE_WINDOWS,
            "Each output cell is the mean of its window; the zeros of the padding count, too.",
            "additions",
            CellSum(whole="({terms}) / {divisor}"),
            pads_half_a_kernel=True,
            takes_mean=True,
        ),
    ),
    LayerKind("AdaptiveMaxPool2d", (Argument("output_size", (1, 16), start=1),)),
    LayerKind("Flatten", note=_flatten_note, note_has_numbers=True),
    LayerKind(
        "Linear",
        (
            Argument("in_features", (1, 100_000_000), inferred=-1),
            Argument("out_features", (1, 4096), start=10),
            _BIAS,
        ),
        note=_linear_note,
        note_has_numbers=True,
    ),
    LayerKind(
        "Dropout",
        (Argument("p", (0, 1), 0.5, float, is_always_written=True),),
        is_elementwise=True,
        note=_dropout_note,
    ),
)

LAYER_KINDS: dict[str, LayerKind] = {kind.name: kind for kind in _ENTRIES}
"""By name, in the order of the page. AdaptiveMaxPool2d(1) is the maximum of a map."""


def panel_kinds() -> dict[str, Sliding]:
    """The kinds that the Layer panel offers, by name, and how their windows move."""
    return {name: kind.sliding for name, kind in LAYER_KINDS.items() if kind.sliding}


def stack_kinds() -> dict[str, LayerKind]:
    """The kinds that a stack may have, by name."""
    return {name: kind for name, kind in LAYER_KINDS.items() if kind.is_in_stack}


def kind_of(module: Any) -> LayerKind | None:
    """The kind that a module of torch is, or is derived from; None for any other."""
    classes = [cls.__name__ for cls in type(module).__mro__ if cls.__module__.startswith("torch.nn.")]
    return next((LAYER_KINDS[name] for name in classes if name in LAYER_KINDS), None)
