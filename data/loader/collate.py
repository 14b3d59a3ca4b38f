"""From a list of samples to one batch: torch's own `default_collate`, and one that pads with zeros.

A DataLoader calls `dataset[i]` for each index of a batch and gives the list to its `collate_fn`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import default_collate

from language import _

Sample = tuple[Any, Any]
"""What `dataset[i]` returns: an input and its label."""
FEW = 8
"""A tensor of at most this many numbers is described with its numbers."""


def padded(samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """A `collate_fn` for inputs of different sizes: zeros fill each up to the largest size.

    Inputs are sequences, (L,) or (L, D), or pictures, (C, H, W); L, H and W may differ between samples.
    Returns (batch, lengths, labels): sequences give (N, L, ...) and lengths (N,); pictures give (N, C, H, W),
    padded on the right and at the bottom, and their own heights and widths as lengths (N, 2).

    Raises TypeError when an input is not a tensor, ValueError when the inputs are of different kinds.
    """
    inputs = [x for x, label in samples]
    if not inputs:
        raise ValueError("padded needs at least one sample")
    for number, x in enumerate(inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"padded needs tensors, but input {number} is a {type(x).__name__}")
        if x.ndim != inputs[0].ndim or x.ndim not in (1, 2, 3):
            raise ValueError("padded needs sequences (L,), (L, D) or pictures (C, H, W), all of one kind")
    batch, lengths = padded_pictures(inputs) if inputs[0].ndim == 3 else padded_sequences(inputs)
    return batch, lengths, torch.as_tensor([label for x, label in samples])


def padded_sequences(inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Sequences, each (L,) or (L, D) -> (N, longest L, ...) with zeros at the end, and lengths (N,)."""
    lengths = torch.tensor([len(x) for x in inputs])  # (N,)
    return pad_sequence(list(inputs), batch_first=True), lengths  # (N, max L, ...)


def padded_pictures(inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Pictures, each (C, H, W) -> (N, C, largest H, largest W) with zeros on the right and at the bottom,
    and their own heights and widths (N, 2).
    """
    sizes = torch.tensor([x.shape[-2:] for x in inputs])  # (N, 2)
    height, width = sizes.amax(dim=0).tolist()
    # F.pad takes the last dimension first: left, right, top, bottom
    filled = [F.pad(x, (0, width - x.shape[-1], 0, height - x.shape[-2])) for x in inputs]
    return torch.stack(filled), sizes  # (N, C, H, W)


@dataclass(frozen=True)
class Line:
    """A part of a batch."""

    depth: int
    """How deeply it is nested."""
    name: str
    """Its place in the part around it, as in "[0]" or "'name'"; "" for the whole batch."""
    text: str
    """What it is."""


@dataclass(frozen=True)
class Collated:
    """The result of a `collate_fn`: a batch, or the error that it raised."""

    batch: Any = None
    structure: tuple[Line, ...] = ()
    error: str = ""
    """Name of the exception; empty when there is a batch."""
    message: str = ""
    """The exception's own words."""
    meaning: str = ""
    """What that means, and what to do."""


def try_collate(samples: Sequence[Any], collate: Callable[[Any], Any] = default_collate) -> Collated:
    """Call `collate(samples)` and describe what comes of it."""
    try:
        batch = collate(list(samples))
    except (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        return Collated(error=type(error).__name__, message=str(error), meaning=meaning(error))
    return Collated(batch, tuple(describe(batch)))


def meaning(error: Exception) -> str:
    """What an exception of a `collate_fn` means, in plain words."""
    text = str(error)
    if "equal size" in text:
        return _(
            "torch.stack puts tensors of one shape on top of each other, but these have different shapes. "
            "Make them equal in the transforms (Resize, CenterCrop), or pad them in a collate_fn."
        )
    if "must match the size" in text:
        return _("Sequences may differ only in length: each step must have the same number of values.")
    if "PIL" in text or "Image" in text:
        return _("A picture must become a tensor first: add ToTensor to the transforms.")
    if "must contain tensors" in text:
        return _("default_collate knows tensors, arrays, numbers, strings, and lists and dicts of them.")
    if "too many dimensions" in text or "not a sequence" in text or "new(): invalid data type" in text:
        return _("The labels must be numbers to become a tensor: give each class a number.")
    return _("The collate_fn does not fit these samples.")


def describe(value: Any, name: str = "", depth: int = 0) -> list[Line]:
    """A printout of the structure of a batch or a sample, outer parts first: shapes, dtypes, lengths."""
    if isinstance(value, Mapping):
        parts = [(repr(key), part) for key, part in value.items()]
        text = f"dict of {len(parts)}"
    elif isinstance(value, (list, tuple)) and all(isinstance(part, (str, bytes)) for part in value):
        return [Line(depth, name, f"{type(value).__name__} of {len(value)} strings: {_short(list(value))}")]
    elif isinstance(value, (list, tuple)):
        parts = [(f"[{number}]", part) for number, part in enumerate(value)]
        text = f"{type(value).__name__} of {len(parts)}"
    else:
        return [Line(depth, name, text_of(value))]
    inner = [line for key, part in parts for line in describe(part, key, depth + 1)]
    return [Line(depth, name, text), *inner]


def text_of(value: Any, with_numbers: bool = True) -> str:
    """A printout of a tensor: its shape and dtype, and its numbers if they are few and `with_numbers`; of
    anything else: its type and value.
    """
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        has_numbers = with_numbers and value.ndim < 2 and 0 < value.numel() <= FEW
        return f"tensor {shape_text(value)} {dtype}" + (f": {_short(value.tolist())}" if has_numbers else "")
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"array {shape_text(value)} {value.dtype}"
    if hasattr(value, "mode") and hasattr(value, "size"):
        return f"PIL image {value.size[0]} × {value.size[1]}, mode {value.mode}"
    if isinstance(value, (bool, int, float, str)):
        return f"{type(value).__name__} {_short(value)}"
    return type(value).__name__


def shape_text(value: Any) -> str:
    """ "(4, 1, 28, 28)", "(4,)", "()"."""
    return str(tuple(value.shape))


def _short(value: Any) -> str:
    text = ", ".join(map(_written, value)) if isinstance(value, list) else _written(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _written(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


def habits() -> list[tuple[str, str, Collated]]:
    """What `default_collate` does with kinds of samples: (name, two samples as code, the result)."""
    picture = torch.zeros(1, 28, 28)
    return [
        (name, code, try_collate(samples))
        for name, code, samples in (
            ("int", "[3, 5]", [3, 5]),
            ("float", "[0.5, 1.5]", [0.5, 1.5]),
            ("str", "['shirt', 'bag']", ["shirt", "bag"]),
            ("tuple", "[(x0, 3), (x1, 5)]", [(picture, 3), (picture, 5)]),
            (
                "dict",
                "[{'picture': x0, 'name': 'a'}, {'picture': x1, 'name': 'b'}]",
                [{"picture": picture, "name": "a"}, {"picture": picture, "name": "b"}],
            ),
            ("None", "[(x0, None), (x1, None)]", [(picture, None), (picture, None)]),
        )
    ]
