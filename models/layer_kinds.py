"""The kinds of layers of the Conv shapes tab: one entry of `LAYER_KINDS` holds every fact about one kind.

The Layer panel, the formulas, the stack, the printed programs and the page's script read this table, so a new
kind is one new entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from language import _
from models.layer_fields import LAYER_FIELDS
from models.layer_sizes import DENSE_WINDOWS, SPREAD_KERNELS, WINDOWS, Pair, SizeFormula

Shape = tuple[int, ...]

REQUIRED: Any = ...
"""The default of an argument that torch requires."""


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
    """The dimension of the input that it must equal, and that a stack fills in where it is left out."""
    same_as: str = ""
    """The argument whose value it takes where it is left out."""
    start: Any = None
    """Its value in a layer just added to the stack; None leaves it out."""
    is_main: bool = True
    """Whether a row of the stack shows it without a click."""
    is_always_written: bool = False
    """Whether printed code always has its value, by position, even where it is torch's default."""

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
class WorkUnit:
    """What `models.arithmetic.multiply_adds` counts for a layer."""

    name: str
    too_much: str
    """The refusal of a layer that needs more of them than this page allows, with {count} and {most} in
    billions and, for multiply-adds, the floating-point operations {flops} and {most_flops}."""


MULTIPLY_ADDS = WorkUnit(
    _("multiply-adds"),
    _(
        "This layer needs {count} billion multiply-adds, {flops} billion floating-point operations (GFLOP): "
        "over the {most_flops} GFLOP that this page allows. Choose a smaller input, kernel or fewer channels."
    ),
)
COMPARISONS = WorkUnit(
    _("comparisons"),
    _(
        "This layer needs {count} billion comparisons: over the {most} billion that this page allows. "
        "Choose a smaller input, kernel or fewer channels."
    ),
)
ADDITIONS = WorkUnit(
    _("additions"),
    _(
        "This layer needs {count} billion additions: over the {most} billion that this page allows. "
        "Choose a smaller input, kernel or fewer channels."
    ),
)


@dataclass(frozen=True)
class Sliding:
    """How the windows of a layer move over its input. A kind that has this is a choice of the Layer panel."""

    size: SizeFormula
    lead: str
    """The sentence above the small window."""
    work: WorkUnit
    cell: CellSum = CellSum()
    weights: tuple[str, str] | None = None
    """The arguments that give the first two dimensions of the weight, the second of them divided by `groups`;
    None for a layer without weights, which works on each channel alone."""
    padding_words: tuple[str, ...] = ()
    """The words that `padding` takes besides numbers."""
    pads_half_a_kernel: bool = False
    """Whether the padding is at most half the kernel."""
    keeps_largest: bool = False
    """Whether each output is one of the inputs, the largest."""
    takes_mean: bool = False
    """Whether the sum of the window is divided by the number of its cells."""
    bytes_per_output: int = 0
    """What torch keeps with each output while it computes."""

    @cached_property
    def is_transposed(self) -> bool:
        """Whether each input is spread over a kernel's worth of outputs, instead of the other way round."""
        return self.weights is not None and self.weights[0] == "in_channels"


@dataclass(frozen=True)
class LayerKind:
    """One kind of layer."""

    name: str
    """Its class in `torch.nn`."""
    arguments: tuple[Argument, ...] = ()
    """In the order in which printed code names them."""
    sliding: Sliding | None = None
    title: str = ""
    """What the page calls it, where that is not its name."""
    about: str = ""
    """What it does, for a beginner."""
    formula: str = ""
    """How one of its numbers comes about, where one line can say it."""
    is_in_stack: bool = True
    """Whether a stack offers it."""
    is_elementwise: bool = False
    """Whether each output depends only on the input at the same place."""
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
        return tuple(key for key, field in LAYER_FIELDS.items() if field.label in names)

    @cached_property
    def neutral_pairs(self) -> dict[str, Pair]:
        """By key of LAYER_FIELDS the value of each pair that this kind lacks."""
        lacking = {key: field.neutral for key, field in LAYER_FIELDS.items() if key not in self.fields}
        return {key: (neutral, neutral) for key, neutral in lacking.items() if neutral is not None}

    @cached_property
    def channels(self) -> str:
        """The argument that must equal the number of input channels, or ""."""
        return next((argument.name for argument in self.arguments if argument.inferred == 1), "")

    @cached_property
    def features(self) -> str:
        """The argument that must equal the size of the last dimension, or ""."""
        return next((argument.name for argument in self.arguments if argument.inferred == -1), "")


# --- the table ----------------------------------------------------------------------------------------------


def _batch_norm_note(in_shape: Shape, out_shape: Shape) -> str:
    return _(
        "{channels} is the number of channels, not the batch size: each of the {channels} maps has its own "
        "mean and variance, taken over the whole batch and all places."
    ).format(channels=in_shape[1])


def _flatten_note(in_shape: Shape, out_shape: Shape) -> str:
    if len(in_shape) != 4:
        return ""
    product = " · ".join(str(size) for size in in_shape[1:])
    return _("{product} = {count} numbers in a row for each picture; the batch stays.").format(
        product=product, count=f"{out_shape[1]:,}"
    )


def _linear_note(in_shape: Shape, out_shape: Shape) -> str:
    if len(in_shape) != 4:
        return ""
    return _(
        "Linear works on the last dimension only, here each row of each map. A Flatten before it would "
        "give it all numbers of a picture."
    )


def _dropout_note(in_shape: Shape, out_shape: Shape) -> str:
    return _("Dropout acts in training only; in evaluation mode it passes everything on.")


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
        about=_(
            "A convolution. Each cell is a sum of products: a small patch of every map before it, times the "
            "weights of a kernel. Each map has its own kernel."
        ),
        arguments=(*_CONVOLUTION, _GROUPS, _BIAS),
        sliding=Sliding(
            WINDOWS,
            _(
                "Each output cell is the sum of the products under the kernel. Point at a cell of the output "
                "or of the input. What Conv2d computes is called cross-correlation: the kernel is not "
                "turned round."
            ),
            MULTIPLY_ADDS,
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
            _(
                "Each input cell is multiplied by the whole kernel and added into the output. Point at an "
                "output cell to see which inputs reach it."
            ),
            MULTIPLY_ADDS,
            _PRODUCTS,
            weights=("in_channels", "out_channels"),
        ),
        is_in_stack=False,
    ),
    LayerKind(
        "BatchNorm2d",
        about=_(
            "Puts the numbers of every map on a common scale, with the mean and the variance found in "
            "training. Then a trained weight and a trained bias are applied."
        ),
        formula=_("(x − mean) / √(variance + eps) × weight + bias"),
        arguments=(Argument("num_features", (1, 8192), inferred=1),),
        is_elementwise=True,
        note=_batch_norm_note,
    ),
    LayerKind(
        "ReLU",
        about=_("Keeps the numbers above 0. All others become 0."),
        formula="max(0, x)",
        is_elementwise=True,
    ),
    LayerKind(
        "MaxPool2d",
        about=_("Keeps the largest number of every 2 × 2 block. Height and width are halved."),
        formula=_("the largest of the block"),
        arguments=(*_POOL, Argument("dilation", default=1)),
        sliding=Sliding(
            WINDOWS,
            _("Each output cell is the largest number in its window. Padding never wins: it counts as −∞."),
            COMPARISONS,
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
            _("Each output cell is the mean of its window; the zeros of the padding count, too."),
            ADDITIONS,
            CellSum(whole="({terms}) / {divisor}"),
            pads_half_a_kernel=True,
            takes_mean=True,
        ),
    ),
    LayerKind("AdaptiveMaxPool2d", (Argument("output_size", (1, 16), start=1),)),
    LayerKind("Flatten", note=_flatten_note, note_has_numbers=True),
    LayerKind(
        "Linear",
        about=_(
            "A weighted sum of all numbers before it, one for each class. The results are called logits."
        ),
        arguments=(
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

STEPS: dict[str, LayerKind] = {
    "add": LayerKind(
        "add",
        title=_("Addition"),
        about=_(
            "Adds two layers, cell by cell: what went into the last two convolutions and what came out of "
            "them. This is called a residual connection."
        ),
        formula="x + y",
    ),
    "amax": LayerKind(
        "amax",
        title=_("Maximum"),
        about=_(
            "Keeps one number of each map, the largest. It says how strongly a feature was found anywhere."
        ),
    ),
}
"""What the shipped network computes without a layer, by function of torch."""


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
