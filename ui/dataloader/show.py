"""A batch and a sample as the dictionaries that `player.js` shows."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from data.loader import loading
from data.loader.loading import MAX_EPOCHS, Batch, Counts, LoaderSettings
from data.sources import Source
from language import _, ngettext, sentences
from ui.kit.images import as_base64, as_data_url

MOST = 96
"""Samples of a batch in a message; the page requests the others when a visitor wants to see them."""
SIDE = 32
"""Longest side of a picture that is sent."""
MAX_SIDE = 64
"""Rows and columns of numbers of an open sample."""


def number(value: float) -> str:
    """A number with four digits after the point, more if it is near 0; a whole number without a point.

    Whole numbers are exact up to 2**24, as in float32; above that they have seven digits.
    """
    if abs(value) <= 2**24 and value == int(value):
        return str(int(value))
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.4f}"
    return f"{value:.4g}" if abs(value) < 1 else f"{value:.7g}"


def batch_value(
    source: Source, settings: LoaderSettings, request: dict[str, Any], epoch: int, place: int, first: int
) -> dict[str, Any]:
    """Everything the page shows of batch `place` of `epoch`, with its samples from number `first` on.

    request: what the browser sends back to get another batch.
    """
    order = loading.order(source, settings)
    indices = order.batch(epoch, place)
    batch = loading.batch(source, settings, indices)
    before = order.epoch(epoch)[: place * settings.batch_size]
    earlier = np.zeros(len(source), np.uint8)
    earlier[before.numpy()] = 1
    dropped = order.epoch(epoch)[len(order) * settings.batch_size :] if settings.drop_last else before[:0]
    part = slice(first, first + MOST)
    sprite, side = _sprite(source, batch, part)
    return {
        "settings": request,
        "epoch": epoch,
        "epochs": MAX_EPOCHS,
        "number": place,
        "batches": len(order),
        "samples": len(source),
        "batch_size": settings.batch_size,
        "kind": source.kind,
        "indices": indices.tolist(),
        "labels": [label_text(source, int(index)) for index in indices[part]],
        "words": _words(source, batch, part),
        "columns": list(getattr(source.dataset, "columns", ())),
        "first": first,
        "sprite": sprite,
        "height": side[0],
        "width": side[1],
        "classes": list(source.classes),
        "counts": torch.bincount(batch.labels, minlength=len(source.classes)).tolist(),
        "facts": facts(source, batch),
        "earlier_bits": as_bits(earlier),
        "earlier": int(earlier.sum()),
        "dropped": dropped.tolist(),
        "caption": _caption(source, settings, len(indices), place, len(order)),
        "error": _error(batch),
    }


def _error(batch: Batch) -> str:
    """PyTorch's message if there is no batch, and what to do; else ""."""
    if not batch.error:
        return ""
    text = _(
        "These samples cannot become one tensor. PyTorch says:\n{error}\nUnder Transforms you see which step "
        "causes it."
    )
    if "equal size" in batch.error:
        text = _(
            "These samples cannot become one tensor. PyTorch says:\n{error}\nThey are of different sizes: "
            "under Transforms, add Resize, so that all get one size."
        )
    return text.format(error=batch.error)


def as_bits(flags: np.ndarray) -> str:
    """(N,) of 0 and 1 -> base64 of its bits, the first of them in the highest bit of the first byte."""
    return as_base64(np.packbits(flags))


def label_text(source: Source, index: int) -> str:
    """The label of a sample as text: the name of its class, or the number to be learned."""
    if source.classes:
        return source.classes[int(source.targets[index])]
    return number(float(source.dataset.labels[index]))


def facts(source: Source, batch: Batch) -> list[tuple[str, str]]:
    """Pairs (code, its result) for `x, y` of a batch."""
    rows = []
    if batch.x is None:
        rows.append(("x", _("no tensor: see the error")))
    else:
        x = batch.x.float()
        real = "x" if batch.x.is_floating_point() else "x.float()"  # torch has no mean of whole numbers
        spread = number(x.std().item()) if x.numel() > 1 else _("nan (of one number)")
        rows += [
            ("x.shape", str(batch.x.shape)),
            ("x.dtype", str(batch.x.dtype)),
            ("x.min(), x.max()", f"{number(x.min().item())}, {number(x.max().item())}"),
            (f"{real}.mean()", number(x.mean().item())),
            (f"{real}.std()", spread),
        ]
    rows += [("y.shape", str(batch.y.shape)), ("y.dtype", str(batch.y.dtype))]
    head = batch.y[:1].tolist() if batch.y.ndim > 1 else batch.y[:5].tolist()
    first = "y[:1]" if batch.y.ndim > 1 else "y[:5]"
    rows.append((first, str(head)))
    return rows


def _caption(source: Source, settings: LoaderSettings, size: int, place: int, batches: int) -> str:
    counts = Counts(len(source), settings.batch_size)
    start = place * settings.batch_size
    text = ngettext(
        "{n} sample: number {first} in this epoch's order.",
        "{n} samples: number {first} to {last} in this epoch's order.",
        size,
    )
    texts = [text.format(n=size, first=f"{start + 1:,}", last=f"{start + size:,}")]
    if place == batches - 1 and size < settings.batch_size:
        text = _("The whole data set is smaller than one batch of {size}.")
        if counts.full:
            text = _("The last batch is smaller, because {samples} = {full} × {size} + {rest}.")
        texts.append(
            text.format(
                samples=f"{len(source):,}",
                full=f"{counts.full:,}",
                size=f"{settings.batch_size:,}",
                rest=f"{counts.rest:,}",
            )
        )
    if settings.drop_last and counts.rest:
        text = _("drop_last throws away the last {n}: other samples in each epoch.")
        if settings.sampler == "sequential":
            text = _("drop_last throws away the last {n}.")
        texts.append(text.format(n=f"{counts.rest:,}"))
    if settings.one_hot and not loading.can_be_one_hot(source):
        texts.append(_("One-hot labels are for class numbers: the labels of a table stay as they are."))
    return sentences(*texts)


def _words(source: Source, batch: Batch, part: slice) -> list[Any]:
    """What is shown in place of a picture: the numbers of a row, a number, or "" if there is a picture."""
    if source.kind == "row":
        return [
            [f"{value:.7g}" for value in row] for row in source.dataset.data[batch.indices[part]].tolist()
        ]
    if source.kind == "number":
        return [f"{value:g}" for value in source.dataset.data[batch.indices[part]].tolist()]
    return [""] * len(batch.indices[part])


def _sprite(source: Source, batch: Batch, part: slice) -> tuple[str, tuple[int, int]]:
    """The pictures of a batch below each other as one data URL, and (height, width) of each."""
    if source.kind not in ("picture", "pattern"):
        return "", (0, 0)
    if batch.x is None or batch.x.ndim != 4:
        pictures = [_thumbnail(source.dataset[int(index)][0]) for index in batch.indices[part]]
    else:
        x = batch.x[part]
        pictures = [_small(picture) for picture in displayed(x, each=source.kind == "pattern")]
    return as_data_url(np.concatenate(pictures)), pictures[0].shape[:2]


def displayed(x: Tensor, each: bool = False) -> np.ndarray:
    """Pictures (B, C, H, W) as uint8 (B, H, W) or, with three channels, (B, H, W, 3).

    0 to 1 becomes 0 to 255; other ranges are scaled from the smallest to the largest number of the batch, or
    with `each` from 0 to the largest number of each picture.
    """
    if x.dtype != torch.uint8:
        values = x.float().nan_to_num()
        if each:
            values = values / values.amax((1, 2, 3), keepdim=True).clamp_min(1e-12)
        elif values.min() < 0 or values.max() > 1:
            values = (values - values.min()) / (values.max() - values.min()).clamp_min(1e-12)
        x = (values * 255).round().to(torch.uint8)
    channels = x if x.shape[1] == 3 else x[:, :1]
    return channels.permute(0, 2, 3, 1).squeeze(-1).contiguous().numpy()


def _small(picture: np.ndarray) -> np.ndarray:
    """`picture` with its longest side at most SIDE."""
    longest = max(picture.shape[:2])
    if longest <= SIDE:
        return picture
    height, width = (max(1, round(side * SIDE / longest)) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _thumbnail(image: Any) -> np.ndarray:
    """A PIL picture of any size, centred on a square of SIDE, grey as RGB."""
    small = _small(np.asarray(image.convert("RGB")))
    canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
    top, left = (SIDE - small.shape[0]) // 2, (SIDE - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def sample_value(source: Source, settings: LoaderSettings, index: int) -> dict[str, Any]:
    """Sample `index` as the page shows it: the call, the raw numbers, the label, and what the loop gets."""
    x, label = source.dataset[index]
    raw, hint, brightest = _numbers(source, x)
    batch = loading.batch(source, settings, torch.tensor([index]))
    y = batch.y[0]
    code = f"dataset[{index}]  ->  ({shape_text(x)}, {label})"
    if batch.x is None:
        after = _("With its transforms: {error}").format(error=batch.error)
    else:
        text = _(
            "With its transforms x is a {dtype} tensor of shape {shape}, from {low} to {high}; y is {label}."
        )
        after = text.format(
            dtype=batch.x.dtype,
            shape=tuple(batch.x.shape[1:]),
            low=number(batch.x.float().min().item()),
            high=number(batch.x.float().max().item()),
            label=y.tolist(),
        )
    return {
        "label": label_text(source, index),
        "code": code,
        "numbers": raw,
        "hint": hint,
        "brightest": brightest,
        "after": after,
    }


def shape_text(x: Any) -> str:
    """A printout of a sample's x."""
    if isinstance(x, Tensor):
        return str(x) if x.ndim == 0 else f"tensor of shape {tuple(x.shape)}, {x.dtype}"
    return f"PIL picture {x.width}×{x.height}, mode {x.mode!r}"


def _numbers(source: Source, x: Any) -> tuple[list[list[float]], str, float]:
    """The raw numbers of a sample row by row, a sentence about them, and the number shown as white."""
    if source.kind == "picture":
        pixels = np.asarray(x)[:MAX_SIDE, :MAX_SIDE]
        if pixels.ndim == 3:
            return pixels[..., 0].tolist(), _("The red numbers of its pixels, 0 to 255. Point at one."), 255
        return pixels.tolist(), _("The raw numbers of its pixels, 0 to 255. Point at one."), 255
    rows = x.reshape(1, -1) if x.ndim < 2 else x.reshape(-1, x.shape[-1])
    values = [[float(number(value)) for value in row] for row in rows.tolist()]
    return values, _("The numbers of this sample. Point at one."), max(1e-12, float(rows.abs().max()))
