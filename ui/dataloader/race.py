"""A race of DataLoaders as the dictionary that `race.js` shows."""

from __future__ import annotations

import math
from typing import Any

from data.loader.race import RaceResult, RaceSettings, cores, expected
from language import _, ngettext

COLUMNS = (
    _("Workers"),
    _("Expected"),
    _("Measured"),
    _("To fetch a batch"),
    _("First batch after"),
    _("Loop waited"),
    _("Against none"),
)
SAME = 0.05
"""Ratios closer to 1 than this count as equal."""
BUSY = 0.2
"""Share by which constant work may take longer before the computer counts as busy."""


def race_value(settings: RaceSettings, results: list[RaceResult]) -> dict[str, Any]:
    """The value of the view for the results so far."""
    alone = next((result.total for result in results if result.workers == 0), None)
    goals = [expected(settings, workers, cores()).seconds for workers in settings.workers]
    ends = [result.total or (result.batches[-1].step[1] if result.batches else 0) for result in results]
    axis, tick = axis_of(max(goals + ends))
    races = [
        {
            "title": title(result.workers),
            "note": _("not finished") if result.total is None else seconds(result.total),
            "goal": goal,
            "lanes": lanes(result),
        }
        for result, goal in zip(results, goals, strict=False)
    ]
    return {
        "axis": axis,
        "tick": tick,
        "races": races,
        "verdict": verdict(results),
        "columns": COLUMNS,
        "rows": [row(settings, result, alone) for result in results],
        "notes": notes(settings, results),
    }


# --- numbers and names --------------------------------------------------------------------------------------


def seconds(value: float) -> str:
    """ "0.86 s", "86 ms", "8.6 ms"."""
    if value >= 0.0995:
        return f"{value:.2f} s"
    return f"{1000 * value:.{0 if value >= 0.01 else 1}f} ms"


def ratio_text(ratio: float) -> str:
    """ "2.4", "1.0", "0.37"."""
    return f"{ratio:.1f}" if ratio >= 1 - SAME else f"{ratio:.2g}"


def workers_text(workers: int) -> str:
    """ "no workers", "1 worker", "2 workers"."""
    return ngettext("{n} worker", "{n} workers", workers).format(n=workers) if workers else _("no workers")


def title(workers: int) -> str:
    """The same as a heading."""
    return workers_text(workers) if workers else _("No workers")


def axis_of(longest: float) -> tuple[float, float]:
    """(end of the axis, distance between its marks) in seconds, for times up to `longest`."""
    rough = max(longest, 0.001) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    tick = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)
    return max(longest, 0.001) * 1.02, tick


# --- the parts ----------------------------------------------------------------------------------------------


def lanes(result: RaceResult) -> list[dict[str, Any]]:
    """A lane for each worker, and one for the loop: bars [kind, from, to, batch, received]."""
    ready = dict(result.ready)
    rows: list[tuple[str, bool, list[list[Any]]]] = []
    for worker in range(result.workers):
        bars: list[list[Any]] = [["start", 0.0, ready[worker], None, None]] if worker in ready else []
        bars += [["fetch", *b.fetch, b.number, b.received] for b in result.batches if b.worker == worker]
        rows.append((_("Worker {n}").format(n=worker), False, bars))
    loop: list[list[Any]] = []
    if result.workers and result.batches:
        loop.append(["start", 0.0, result.batches[0].request, None, None])
    for b in result.batches:
        if b.worker is None:
            loop.append(["fetch", *b.fetch, b.number, b.received])
        else:
            loop.append(["wait", b.request, b.received, b.number, None])
        loop.append(["step", *b.step, b.number, None])
    if result.workers and result.total is not None:
        loop.append(["end", result.batches[-1].step[1], result.total, None, None])
    rows.append((_("Loop"), True, loop))
    return [
        {"name": name, "loop": is_loop, "bars": [_rounded(bar) for bar in bars]}
        for name, is_loop, bars in rows
    ]


def _rounded(bar: list[Any]) -> list[Any]:
    """To microseconds, which is enough to draw and shorter to send."""
    kind, start, end, batch, received = bar
    return [kind, round(start, 6), round(end, 6), batch, None if received is None else round(received, 6)]


def row(settings: RaceSettings, result: RaceResult, alone: float | None) -> list[dict[str, Any]]:
    """The cells of a row of the table. alone: the total without workers."""
    goal = expected(settings, result.workers, cores())
    time = seconds(goal.seconds)
    if result.workers:
        time = _("{time} + start").format(time=time)
    cells: list[dict[str, Any]] = [{"text": title(result.workers)}, {"text": time, "small": goal.formula}]
    if result.total is None:
        return cells + [{"text": "…"}] + [{"text": ""}] * 4
    nominal = settings.batch_size * settings.sample_ms / 1000
    against = "1"
    if alone is None:
        against = ""
    elif result.workers:
        against = _("{ratio} times as fast").format(ratio=ratio_text(alone / result.total))
    ready = max((moment for worker, moment in result.ready), default=None)
    return [
        *cells,
        {"text": seconds(result.total), "best": True},
        {
            "text": seconds(result.fetching),
            "small": _("requested: {time}").format(time=seconds(nominal)) if nominal else "",
        },
        {
            "text": seconds(result.batches[0].received),
            "small": "" if ready is None else _("workers ready: {time}").format(time=seconds(ready)),
        },
        {
            "text": seconds(result.waited),
            "small": _("{share} of the time").format(share=f"{result.waited / result.total:.0%}"),
        },
        {"text": against},
    ]


def verdict(results: list[RaceResult]) -> str:
    """A sentence for each number of workers against none, with the measured ratio."""
    totals = {result.workers: result.total for result in results if result.total is not None}
    if 0 not in totals:
        return _("Choose 0 workers too, to see whether workers help.") if totals else ""
    sentences = []
    for workers, total in totals.items():
        if workers:
            ratio = totals[0] / total
            text = ngettext(
                "{n} worker cost more than it gained: {ratio} times as fast as none.",
                "{n} workers cost more than they gained: {ratio} times as fast as none.",
                workers,
            )
            if abs(ratio - 1) < SAME:
                text = ngettext(
                    "{n} worker: no faster and no slower than none ({ratio} times).",
                    "{n} workers: no faster and no slower than none ({ratio} times).",
                    workers,
                )
            elif ratio > 1:
                text = ngettext(
                    "{n} worker: {ratio} times as fast as none.",
                    "{n} workers: {ratio} times as fast as none.",
                    workers,
                )
            written = f"{ratio:.2f}" if abs(ratio - 1) < SAME else ratio_text(ratio)
            sentences.append(text.format(n=workers, ratio=written))
    return "\n".join(sentences)


def notes(settings: RaceSettings, results: list[RaceResult]) -> list[str]:
    """Why the measured times are what they are; each sentence only if the race shows it."""
    finished = [result for result in results if result.total is not None and result.ready]
    alone = next((result for result in results if result.workers == 0 and result.total is not None), None)
    texts = _about_workers(settings, finished[-1], alone) if finished else []
    nominal = settings.batch_size * settings.sample_ms / 1000
    if settings.kind == "compute" and alone and alone.fetching > (1 + BUSY) * nominal > 0:
        text = _(
            "The computer seems busy: without workers a batch took {time}, not {nominal}. Race again for a "
            "fairer result."
        )
        texts.append(text.format(time=seconds(alone.fetching), nominal=seconds(nominal)))
    warnings = [result.advice for result in finished if result.advice]
    return texts + [_("torch warned: {warning}").format(warning=warning) for warning in warnings]


def _about_workers(settings: RaceSettings, result: RaceResult, alone: RaceResult | None) -> list[str]:
    """The start, the transfer, the slow side and the shared cores of the largest number of workers."""
    n = result.workers
    start = ngettext(
        "Starting {n} worker took {time}: spawn starts a new Python, which imports torch again.",
        "Starting {n} workers took {time}: spawn starts a new Python for each, and each imports torch again.",
        n,
    )
    if settings.start == "fork":
        start = ngettext(
            "Starting {n} worker took {time}: fork copies the running process, with torch imported already.",
            "Starting {n} workers took {time}: fork copies the running process, with torch imported already.",
            n,
        )
    texts = [start.format(n=n, time=seconds(max(moment for worker, moment in result.ready)))]
    transfer = result.transfer
    if alone and transfer and alone.fetching < transfer:
        text = _(
            "Without workers a batch was there after {time}. Transferring one from a worker to the loop took "
            "{transfer}."
        )
        texts.append(text.format(time=seconds(alone.fetching), transfer=seconds(transfer)))
    if alone and alone.total and result.total and alone.total > (1 + SAME) * result.total:
        text = ngettext(
            "With {n} worker, fetching is still the slow side: the loop waits for it.",
            "With {n} workers, fetching is still the slow side: the loop waits for them.",
            n,
        )
        if expected(settings, n, cores()).limit == "training":
            text = ngettext(
                "With {n} worker, training is the slow side: more workers would not make the loop faster.",
                "With {n} workers, training is the slow side: more workers would not make the loop faster.",
                n,
            )
        texts.append(text.format(n=n))
    if settings.kind == "compute" and settings.sample_ms and n > cores():
        text = ngettext(
            "{n} worker shares {cores} cores: it computes more slowly.",
            "{n} workers share {cores} cores: each computes more slowly.",
            n,
        )
        texts.append(text.format(n=n, cores=cores()))
    return texts
