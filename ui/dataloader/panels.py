"""What the parts of the DataLoader tab show: arithmetic, the data set, class weights, the device."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import torch

from data.loader import loading
from data.loader.loading import Counts, LoaderSettings
from data.sources import Source
from language import _, ngettext
from ui.dataloader.show import number, shape_text

MAX_RUN = 100
"""Most epochs in the arithmetic of updates."""
KINDS = {
    "batch": (
        _("batch"),
        _("all {n} samples"),
        _("one exact step per epoch; needs all samples in memory at once"),
    ),
    "mini-batch": (
        _("mini-batch"),
        _("some of them"),
        _("many steps per epoch, each a good estimate; fits in memory, fast"),
    ),
    "stochastic": (
        _("stochastic"),
        _("one sample"),
        _("{n} steps per epoch, cheap and noisy: the noise can also help"),
    ),
}
"""Title, batch size, what it costs and gives, by `Counts.name`."""


def arithmetic(source: Source, settings: LoaderSettings, epochs: int) -> str:
    """The arithmetic of `epochs` epochs with the numbers filled in, as Markdown. epochs: 1 to MAX_RUN."""
    counts = Counts(len(source), settings.batch_size)
    n, b = counts.samples, counts.batch_size
    batches = counts.full if settings.drop_last else counts.all
    # four digits distinguish n / b from a whole number: b is at most 1024
    quotient = f"{n / b:,.4f}".rstrip("0").rstrip(".")
    rest = f"N mod B = {n:,} − {counts.full:,} × {b:,} = **{counts.rest:,}**"
    if not counts.rest:
        rest = _("{formula} (none is short)").format(formula=rest)
    here = _("batches here, drop_last on") if settings.drop_last else _("batches here, drop_last off")
    updates = ngettext("updates in {n} epoch", "updates in {n} epochs", epochs).format(n=epochs)
    rows = [
        (_("samples"), f"N = **{n:,}**", "len(dataset)"),
        (_("batch size"), f"B = **{b:,}**", "loader.batch_size"),
        (
            _("iterations per epoch"),
            f"⌈N / B⌉ = ⌈{n:,} / {b:,}⌉ = ⌈{quotient}⌉ = **{counts.all:,}**",
            "math.ceil(N / B)",
        ),
        (_("the same with drop_last"), f"⌊N / B⌋ = ⌊{n:,} / {b:,}⌋ = **{counts.full:,}**", "N // B"),
        (_("size of a short last batch"), rest, "N % B"),
        (here, f"**{batches:,}**", "len(loader)"),
        (updates, f"{epochs} × {batches:,} = **{epochs * batches:,}**", f"{epochs} * len(loader)"),
    ]
    header = (_("what"), _("formula with the numbers in it"), _("code"))
    table = [header, ("---",) * 3, *((what, formula, f"`{code}`") for what, formula, code in rows)]
    kinds = [(_("gradient descent"), "B", _("what it costs and gives")), ("---",) * 3]
    for name, (title, size, effect) in KINDS.items():
        marked = _("**{name}** ← here").format(name=title) if name == counts.name else str(title)
        kinds.append((marked, size.format(n=f"{n:,}"), effect.format(n=f"{n:,}")))
    return "\n\n".join(
        "\n".join(f"| {' | '.join(map(str, row))} |" for row in part) for part in (table, kinds)
    )


def dataset_call(source: Source, index: int) -> str:
    """The call that fetches a sample, and its result."""
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
    draws = source.targets[loading.order(source, weighted).epoch(epoch)]
    return {
        "classes": list(source.classes) or [str(_("every sample"))],
        "weights": list(loading.class_weights(source, weighted)),
        "draws": torch.bincount(draws, minlength=classes).tolist(),
        "uniform": torch.bincount(source.targets, minlength=classes).tolist(),
        "epoch": epoch,
    }


def device_text(batch: loading.Batch, device: torch.device) -> str:
    """The batch moved to `device` and what that did, measured now, as Markdown."""
    if batch.x is None:
        return _("There is no batch to move: its samples cannot become one tensor.")
    x = batch.x
    start = time.perf_counter()
    moved = x.to(device)
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    elapsed = number((time.perf_counter() - start) * 1e3)
    size = " × ".join(str(side) for side in x.shape)
    rows = [
        (_("what"), _("before"), _("after {call}").format(call="`.to(device)`")),
        ("---",) * 3,
        ("`x.device`", f"`{x.device}`", f"`{moved.device}`"),
        (_("the same tensor?"), "", f"`{moved is x}`"),
        (_("bytes"), f"{size} × {x.element_size()} = **{x.nbytes:,}**", f"{moved.nbytes:,}"),
        (_("time"), "", f"{elapsed} ms"),
    ]
    code = (
        f"device = torch.accelerator.current_accelerator() or torch.device('cpu')  # {device}\n"
        "x, y = x.to(device), y.to(device)"
    )
    if moved is x:
        verdict = _("**The same tensor**: it was on this device already, so nothing was copied.")
    else:
        verdict = _("**A copy**: {n} bytes went to `{device}`.").format(n=f"{x.nbytes:,}", device=device)
    parts = [f"```python\n{code}\n```", "\n".join(f"| {' | '.join(row)} |" for row in rows), verdict]
    if device.type == "cpu":
        parts.append(
            _(
                "This machine has no accelerator that PyTorch can use, so `device` is the CPU. The code is "
                "the same with one."
            )
        )
    return "\n\n".join(parts)
