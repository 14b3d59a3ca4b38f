"""A chart of the loss of each training step, drawn as SVG from numbers alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from language import _

WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, BOTTOM = 54, 10, 14, 50


def ticks(highest: float, most: int = 5) -> list[float]:
    """Round numbers from 0 to at least `highest`, at most `most` steps of 1, 2 or 5 times a power of ten."""
    if not highest > 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(highest / most))
    step = next(power * k for k in (1, 2, 5, 10, 20) if power * k * most >= highest)
    # the small share keeps a rounding error from adding a step
    return [step * k for k in range(math.ceil(highest / step - 1e-9) + 1)]


def attribute(text: str) -> str:
    """`text` as the value of an attribute in double quotes."""
    return str(text).replace('"', "&quot;")


def loss_chart(
    losses: Sequence[float], labels: Sequence[int], names: Sequence[str], steps: int, steps_per_epoch: int
) -> str:
    """SVG of `losses` (at most `steps` of them), each a dot whose shape shows its label: 0 round, 1 square.

    The horizontal axis has room for all `steps` from the start, so the picture does not move while it grows;
    a line marks the end of each epoch.
    """
    marks = ticks(max(losses, default=1.0))
    highest = marks[-1]

    def across(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (step + 0.5) / steps

    def up(loss: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * loss / highest

    grid = "".join(
        f'<path class="rule" d="M{LEFT} {up(mark):.1f}H{WIDTH - RIGHT}"/>'
        f'<text x="{LEFT - 7}" y="{up(mark) + 5:.1f}" text-anchor="end">{mark:g}</text>'
        for mark in marks
    )
    ends = "".join(
        f'<path class="end" d="M{across(end - 0.5):.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        for end in range(steps_per_epoch, steps, steps_per_epoch)
    )
    stride = max(1, -(-steps // 8 // 10) * 10)
    numbers = "".join(
        f'<text x="{across(step):.1f}" y="{HEIGHT - BOTTOM + 22}" text-anchor="middle">{step}</text>'
        for step in range(0, steps, stride)
    )
    points = [(across(step), up(loss)) for step, loss in enumerate(losses)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        # a line of length zero is a dot in the shape of its ends: one path for all of a kind
        f'<path class="dot kind{kind}" d="'
        + "".join(
            f"M{x:.1f} {y:.1f}h.01" for (x, y), label in zip(points, labels, strict=False) if label == kind
        )
        + '"/>'
        for kind in range(len(names))
    )
    description = _("Loss of each step: {count} of {steps} steps")
    figures = {}
    if losses:
        description = _(
            "Loss of each step: {count} of {steps} steps, the first {first}, the highest {highest}, "
            "the last {last}"
        )
        figures = {"first": f"{losses[0]:.3g}", "highest": f"{max(losses):.3g}", "last": f"{losses[-1]:.3g}"}
    description = description.format(count=len(losses), steps=steps, **figures)
    title, unit = _("Loss of each step"), _("step")
    key = "".join(f'<span class="key kind{kind}">{name}</span>' for kind, name in enumerate(names))
    return (
        f'<figure class="chart"><figcaption>{title} {key}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{attribute(description)}">'
        f'{grid}{ends}{numbers}<text x="{WIDTH - RIGHT}" y="{HEIGHT - 5}" text-anchor="end">{unit}</text>'
        f'<polyline class="line" points="{line}"/>{dots}</svg></figure>'
    )
