"""What the parts of the DataLoader tab say: its arithmetic, the data set, class weights, the device."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import torch

from data.loader import loading
from data.loader.loading import Counts, LoaderSettings
from data.sources import Source
from ui.dataloader import words
from ui.dataloader.show import number, shape_text

MAX_RUN = 100
"""Most epochs that the arithmetic of updates takes."""


def arithmetic(source: Source, settings: LoaderSettings, epochs: int) -> str:
    """The arithmetic of `epochs` epochs with the numbers put in, as Markdown. epochs: 1 to MAX_RUN."""
    counts = Counts(len(source), settings.batch_size)
    n, b = counts.samples, counts.batch_size
    kept = counts.full if settings.drop_last else counts.all
    # four digits tell n / b from a whole number: b is at most 1024
    quotient = f"{n / b:,.4f}".rstrip("0").rstrip(".")
    lines = [
        "| what | formula with the numbers in it | code |",
        "|---|---|---|",
        f"| samples | N = **{n:,}** | `len(dataset)` |",
        f"| batch size | B = **{b:,}** | `loader.batch_size` |",
        f"| iterations an epoch | ⌈N / B⌉ = ⌈{n:,} / {b:,}⌉ = ⌈{quotient}⌉ = **{counts.all:,}** | "
        "`math.ceil(N / B)` |",
        f"| the same with drop_last | ⌊N / B⌋ = ⌊{n:,} / {b:,}⌋ = **{counts.full:,}** | `N // B` |",
        f"| size of a short last batch | N mod B = {n:,} − {counts.full:,} × {b:,} = **{counts.rest:,}**"
        f"{' (none is short)' if not counts.rest else ''} | `N % B` |",
        f"| batches here, drop_last {'on' if settings.drop_last else 'off'} | **{kept:,}** | `len(loader)` |",
        f"| updates in {epochs} epoch{'s' if epochs > 1 else ''} | "
        f"{epochs} × {kept:,} = **{epochs * kept:,}** | `{epochs} * len(loader)` |",
    ]
    rows = []
    for name, size, effect in words.KINDS:
        here = name == counts.name
        mark = "**" if here else ""
        rows.append(
            f"| {mark}{name}{mark}{' ← here' if here else ''} | {size.format(n=n)} | {effect.format(n=n)} |"
        )
    kinds = ["| gradient descent | B | what it costs and gives |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n\n" + "\n".join(kinds)


def dataset_call(source: Source, index: int) -> str:
    """The call that fetches a sample, and what it gives."""
    x, label = source.dataset[index]
    return (
        f">>> len(dataset)\n{len(source)}\n"
        f">>> x, label = dataset[{index}]\n"
        f">>> x\n{shape_text(x)}\n"
        f">>> label\n{label!r}\n"
    )


def weights_value(source: Source, settings: LoaderSettings, epoch: int) -> dict[str, Any]:
    """The value of `class_weights.js`: weights, and how often each class is drawn in `epoch` with them."""
    weighted = dataclasses.replace(settings, sampler="weighted")
    classes = max(1, len(source.classes))
    drawn = source.targets[loading.order(source, weighted).epoch(epoch)]
    return {
        "classes": list(source.classes) or ["every sample"],
        "weights": list(loading.class_weights(source, weighted)),
        "drawn": torch.bincount(drawn, minlength=classes).tolist(),
        "uniform": torch.bincount(source.targets, minlength=classes).tolist(),
        "epoch": epoch,
    }


def device_text(batch: loading.Batch, device: torch.device) -> str:
    """The batch moved to `device` and what that did, measured now, as Markdown."""
    if batch.x is None:
        return "There is no batch to move: its samples cannot become one tensor."
    x = batch.x
    start = time.perf_counter()
    moved = x.to(device)
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    took = (time.perf_counter() - start) * 1e3
    size = " × ".join(str(side) for side in x.shape)
    same = moved is x
    verdict = (
        "**The same tensor**: it was on this device already, so nothing was copied."
        if same
        else f"**A copy**: {x.nbytes:,} bytes went to `{device}`."
    )
    missing = (
        "\n\nThis machine has no accelerator that PyTorch can use, so `device` is the CPU. "
        "The code is the same with one."
        if device.type == "cpu"
        else ""
    )
    return (
        f"```python\ndevice = torch.accelerator.current_accelerator() or torch.device('cpu')  # {device}\n"
        f"x, y = x.to(device), y.to(device)\n```\n\n"
        f"| what | before | after `.to(device)` |\n|---|---|---|\n"
        f"| `x.device` | `{x.device}` | `{moved.device}` |\n"
        f"| the same tensor? | | `{same}` |\n"
        f"| bytes | {size} × {x.element_size()} = **{x.nbytes:,}** | {moved.nbytes:,} |\n"
        f"| time | | {number(took)} ms |\n\n{verdict}{missing}"
    )
