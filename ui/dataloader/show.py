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
from ui.kit.images import as_base64, as_data_url

SHOWN = 96
"""Samples of a batch that one message holds; the page asks for the others when somebody wants to see them."""
SIDE = 32
"""Larger pictures are sent no larger than this."""
MAX_NUMBERS_SHOWN = 64


def number(value: float) -> str:
    """A number with four digits after the point, more of them where it is near 0; whole ones without a point.

    Whole numbers are exact up to 2**24, as float32 holds them; above that seven digits are written.
    """
    if abs(value) <= 2**24 and value == int(value):
        return str(int(value))
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.4f}"
    return f"{value:.4g}" if abs(value) < 1 else f"{value:.7g}"


def batch_value(
    source: Source, settings: LoaderSettings, request: dict[str, Any], epoch: int, place: int, first: int
) -> dict[str, Any]:
    """Everything the page shows of batch `place` of `epoch`; samples from number `first` of the batch on.

    request: what the browser sends back for another batch.
    """
    order = loading.order(source, settings)
    indices = order.batch(epoch, place)
    batch = loading.batch(source, settings, indices)
    before = order.epoch(epoch)[: place * settings.batch_size]
    taken = np.zeros(len(source), np.uint8)
    taken[before.numpy()] = 1
    dropped = order.epoch(epoch)[len(order) * settings.batch_size :] if settings.drop_last else before[:0]
    chosen = slice(first, first + SHOWN)
    sprite, side = _sprite(source, batch, chosen)
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
        "labels": [label_text(source, int(index)) for index in indices[chosen]],
        "words": _words(source, batch, chosen),
        "columns": list(getattr(source.dataset, "columns", ())),
        "first": first,
        "sprite": sprite,
        "height": side[0],
        "width": side[1],
        "classes": list(source.classes),
        "counts": torch.bincount(batch.labels, minlength=len(source.classes)).tolist(),
        "facts": facts(source, batch),
        "taken_bits": as_bits(taken),
        "taken": int(taken.sum()),
        "dropped": dropped.tolist(),
        "caption": _caption(source, settings, len(indices), place, len(order)),
        "error": _error(batch),
    }


def _error(batch: Batch) -> str:
    """PyTorch's message when there is no batch, and what to do; else ""."""
    if not batch.error:
        return ""
    sentence = f"These samples cannot become one tensor. PyTorch says:\n{batch.error}\n"
    if "equal size" in batch.error:
        return sentence + (
            "They are of different sizes: under Transforms, add Resize, so that all get one size."
        )
    return sentence + "Under Transforms you see which step it comes from."


def as_bits(flags: np.ndarray) -> str:
    """(N,) of 0 and 1 -> base64 of its bits, the first one in the highest bit of the first byte."""
    return as_base64(np.packbits(flags))


def label_text(source: Source, index: int) -> str:
    """The label of a sample in words: the name of its class, or the number that is to be learned."""
    if source.classes:
        return source.classes[int(source.targets[index])]
    return number(float(source.dataset.labels[index]))


def facts(source: Source, batch: Batch) -> list[tuple[str, str]]:
    """Pairs (code, what it gives) for `x, y` of a batch."""
    rows = []
    if batch.x is None:
        rows.append(("x", "no tensor: see the error"))
    else:
        x = batch.x.float()
        real = "x" if batch.x.is_floating_point() else "x.float()"  # torch has no mean of whole numbers
        spread = number(x.std().item()) if x.numel() > 1 else "nan (of one number)"
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
    sentence = f"{size} sample{'s' if size != 1 else ''}: "
    sentence += f"number {start + 1:,}{f' to {start + size:,}' if size > 1 else ''} in this epoch's order."
    if place == batches - 1 and size < settings.batch_size:
        full = f"{counts.full:,} × {settings.batch_size:,}"
        sentence += (
            f" The last batch is smaller, because {len(source):,} = {full} + {counts.rest:,}."
            if counts.full
            else f" The whole data set is smaller than one batch of {settings.batch_size:,}."
        )
    if settings.drop_last and counts.rest:
        sentence += f" drop_last throws away the last {counts.rest:,}"
        sentence += "." if settings.sampler == "sequential" else ": other samples in each epoch."
    if settings.one_hot and not loading.can_be_one_hot(source):
        sentence += " one-hot labels are for class numbers: the labels of a table stay as they are."
    return sentence


def _words(source: Source, batch: Batch, chosen: slice) -> list[Any]:
    """What stands in the place of a picture: the numbers of a row, a number, or "" beside a picture."""
    if source.kind == "row":
        return [
            [f"{value:.7g}" for value in row] for row in source.dataset.data[batch.indices[chosen]].tolist()
        ]
    if source.kind == "number":
        return [f"{value:g}" for value in source.dataset.data[batch.indices[chosen]].tolist()]
    return [""] * len(batch.indices[chosen])


def _sprite(source: Source, batch: Batch, chosen: slice) -> tuple[str, tuple[int, int]]:
    """The pictures of a batch below each other as one data URL, and (height, width) of each."""
    if source.kind not in ("picture", "pattern"):
        return "", (0, 0)
    if batch.x is None or batch.x.ndim != 4:
        pictures = [_thumbnail(source.dataset[int(index)][0]) for index in batch.indices[chosen]]
    else:
        x = batch.x[chosen]
        pictures = [_small(picture) for picture in displayed(x, each=source.kind == "pattern")]
    return as_data_url(np.concatenate(pictures)), pictures[0].shape[:2]


def displayed(x: Tensor, each: bool = False) -> np.ndarray:
    """Pictures (B, C, H, W) as uint8 (B, H, W) or, with three channels, (B, H, W, 3).

    0 to 1 becomes 0 to 255; other ranges are stretched from the smallest to the largest number of the batch,
    or of `each` picture from 0 to its own largest.
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
    """Sample `index` as the page shows it: the call, its raw numbers, its label, and what the loop gets."""
    x, label = source.dataset[index]
    raw, hint, brightest = _numbers(source, x)
    batch = loading.batch(source, settings, torch.tensor([index]))
    y = batch.y[0]
    code = f"dataset[{index}]  ->  ({shape_text(x)}, {label})"
    after = f"With its transforms: {batch.error}" if batch.x is None else (
        f"With its transforms x is a {batch.x.dtype} tensor of shape {tuple(batch.x.shape[1:])}, "
        f"from {number(batch.x.float().min().item())} to {number(batch.x.float().max().item())}; "
        f"y is {y.tolist()}."
    )  # fmt: skip
    return {
        "label": label_text(source, index),
        "code": code,
        "numbers": raw,
        "hint": hint,
        "brightest": brightest,
        "after": after,
    }


def shape_text(x: Any) -> str:
    """What a sample's x is, in the words of Python."""
    if isinstance(x, Tensor):
        return str(x) if x.ndim == 0 else f"tensor of shape {tuple(x.shape)}, {x.dtype}"
    return f"PIL picture {x.width}×{x.height}, mode {x.mode!r}"


def _numbers(source: Source, x: Any) -> tuple[list[list[float]], str, float]:
    """The raw numbers of a sample row by row, a sentence on them, and what is shown as white."""
    if source.kind == "picture":
        pixels = np.asarray(x)[:MAX_NUMBERS_SHOWN, :MAX_NUMBERS_SHOWN]
        if pixels.ndim == 3:
            return pixels[..., 0].tolist(), "The red numbers of its pixels, 0 to 255. Point at one.", 255
        return pixels.tolist(), "The raw numbers of its pixels, 0 to 255. Point at one.", 255
    rows = x.reshape(1, -1) if x.ndim < 2 else x.reshape(-1, x.shape[-1])
    values = [[float(number(value)) for value in row] for row in rows.tolist()]
    return values, "The numbers of this sample. Point at one.", max(1e-12, float(rows.abs().max()))
