"""The part of the DataLoader tab where loaders with 0, 1, 2 and 4 workers race: real processes, measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr

from checks import choice
from data.loader.race import (
    STARTS,
    WORKERS,
    RaceError,
    RaceResult,
    RaceSettings,
    cores,
    expected,
    race,
    usual_start,
    workers_text,
)
from language import _
from settings import RACES
from ui.kit.events import INTERNAL, UNQUEUED, visitor_error
from ui.kit.view import View

HERE = Path(__file__).parent
TITLE = """\
## Workers
`DataLoader(num_workers=2)` starts two processes. They call `dataset[i]` and `collate_fn` for the next batches
while your loop trains on this one. Does it help? That depends on what `dataset[i]` does, so **measure it**:
the race below starts real DataLoaders on this computer, one after the other.
"""
IDLE = "Choose, look at what is expected, then press Race."
QUEUED = "Your race starts as soon as no other one is running."
STARTING = "A new Python starts and imports torch …"
STOPPED = "Stopped. All its processes have ended."
KIND_CHOICES = [("waits, like for a disk or the network", "wait"), ("computes, like augmenting", "compute")]
START_TEXT = {
    "fork": "fork: copies the running process",
    "spawn": "spawn: starts a new Python",
}
PRESET_TITLES = {
    "disk": "Slow disk",
    "augmentation": "Heavy augmentation",
    "memory": "Small pictures in memory",
}
# kind, milliseconds for a sample and a step, batches, batch size, numbers of workers
PRESETS: dict[str, tuple[str, float, float, int, int, list[int]]] = {
    "disk": ("wait", 5, 40, 16, 16, [0, 1, 2]),
    "augmentation": ("compute", 4, 30, 16, 16, [0, 1, 2]),
    "memory": ("wait", 0, 2, 40, 64, [0, 1, 2]),
}
FIRST = "disk"
COLUMNS = (
    "Workers",
    "Expected",
    "Measured",
    "To fetch a batch",
    "First batch after",
    "Loop waited",
    "Against none",
)
SAME = 0.05
"""Ratios nearer to 1 than this count as the same."""
BUSY = 0.2
"""Share by which work that is as large as always may take longer before we say that others use the cores."""


def settings_of(
    kind: Any, sample_ms: Any, step_ms: Any, batches: Any, batch_size: Any, workers: Any, start: Any
) -> RaceSettings:
    """The visitor's choices, checked. Raises RaceError with a sentence."""
    return RaceSettings(workers, batches, batch_size, sample_ms, step_ms, kind, start)


def seconds(value: float) -> str:
    """ "0.86 s", "86 ms", "8.6 ms"."""
    if value >= 0.0995:
        return f"{value:.2f} s"
    return f"{1000 * value:.{0 if value >= 0.01 else 1}f} ms"


def times(ratio: float) -> str:
    """ "2.4 times", "1.0 times", "0.37 times"."""
    return f"{ratio:.1f} times" if ratio >= 1 - SAME else f"{ratio:.2g} times"


def title(workers: int) -> str:
    text = workers_text(workers)
    return text[0].upper() + text[1:]


def lanes(result: RaceResult) -> list[dict[str, Any]]:
    """A lane for each worker, and the loop's: bars [kind, from, to, batch or None, received or None]."""
    ready = dict(result.ready)
    drawn = []
    for worker in range(result.workers):
        bars: list[list[Any]] = [["start", 0.0, ready[worker], None, None]] if worker in ready else []
        bars += [["fetch", *b.fetch, b.number, b.received] for b in result.batches if b.worker == worker]
        drawn.append({"name": f"Worker {worker}", "loop": False, "bars": bars})
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
    drawn.append({"name": "Loop", "loop": True, "bars": loop})
    # microseconds are enough to draw, and shorter to send
    for lane in drawn:
        lane["bars"] = [
            [value if i in (0, 3) or value is None else round(value, 6) for i, value in enumerate(bar)]
            for bar in lane["bars"]
        ]
    return drawn


def axis_of(longest: float) -> tuple[float, float]:
    """(end of the axis, distance of its marks) in seconds, for times up to `longest`."""
    rough = max(longest, 0.001) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    tick = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)
    return max(longest, 0.001) * 1.02, tick


def row(settings: RaceSettings, result: RaceResult, none: float | None) -> list[dict[str, Any]]:
    """The cells of one line of the table; `none`: the total without workers."""
    hoped = expected(settings, result.workers, cores())
    start = " + start" if result.workers else ""
    cells: list[dict[str, Any]] = [
        {"text": title(result.workers)},
        {"text": seconds(hoped.seconds) + start, "small": hoped.formula},
    ]
    if result.total is None:
        return cells + [{"text": "…"}] + [{"text": ""}] * 4
    plain = settings.batch_size * settings.sample_ms / 1000
    against = "" if none is None else f"{times(none / result.total)} as fast" if result.workers else "1"
    ready = max((moment for _, moment in result.ready), default=None)
    cells += [
        {"text": seconds(result.total), "best": True},
        {"text": seconds(result.fetching), "small": f"asked for: {seconds(plain)}" if plain else ""},
        {
            "text": seconds(result.batches[0].received),
            "small": f"workers ready: {seconds(ready)}" if ready is not None else "",
        },
        {"text": seconds(result.waited), "small": f"{result.waited / result.total:.0%} of the time"},
        {"text": against},
    ]
    return cells


def verdict(results: list[RaceResult]) -> str:
    """One sentence for each number of workers against none, with the measured ratio."""
    totals = {result.workers: result.total for result in results if result.total is not None}
    if 0 not in totals:
        return "Choose 0 workers too, to see whether workers help." if totals else ""
    sentences = []
    for workers, total in totals.items():
        if workers:
            ratio = totals[0] / total
            if abs(ratio - 1) < SAME:
                sentences.append(f"{title(workers)}: no faster and no slower than none ({ratio:.2f} times).")
            elif ratio > 1:
                sentences.append(f"{title(workers)}: {times(ratio)} as fast as none.")
            else:
                pronoun = "it" if workers == 1 else "they"
                sentences.append(
                    f"{title(workers)} cost more than {pronoun} gave: {times(ratio)} as fast as none."
                )
    return "\n".join(sentences)


def carrying(result: RaceResult) -> float | None:
    """Seconds from "collated in the worker" to "here in the loop": the median of the batches that the loop
    was waiting for, None when it waited for none."""
    trips = sorted(b.received - b.fetch[1] for b in result.batches if b.request <= b.fetch[1])
    return trips[len(trips) // 2] if trips and result.workers else None


def notes(settings: RaceSettings, results: list[RaceResult]) -> list[str]:
    """Why the measured times are what they are; each sentence only when the race shows it."""
    done = [result for result in results if result.total is not None and result.ready]
    sentences = []
    if done:
        last, none = done[-1], results[0] if results[0].workers == 0 else None
        who, ready = workers_text(last.workers), max(moment for _, moment in last.ready)
        how = (
            "a fork copies the running process, with torch already imported"
            if settings.start == "fork"
            else "spawn starts a new Python for each, and each imports torch again"
        )
        sentences.append(f"Starting {who} took {seconds(ready)}: {how}.")
        trip = carrying(last)
        if none and none.total and trip and none.fetching < trip:
            sentences.append(
                f"Without workers a batch was there after {seconds(none.fetching)}. "
                f"Carrying one from a worker to the loop took {seconds(trip)}."
            )
        if none and none.total and last.total and none.total > (1 + SAME) * last.total:
            slow = expected(settings, last.workers, cores()).limit
            sentences.append(
                f"With {who} training is the slow side: more workers would not make the loop faster."
                if slow == "training"
                else f"With {who} fetching is still the slow side: the loop waits for its workers."
            )
        if settings.kind == "compute" and settings.sample_ms and last.workers > cores():
            sentences.append(f"{title(last.workers)} share {cores()} cores: each computes more slowly.")
    nominal = settings.batch_size * settings.sample_ms / 1000
    alone = next((r for r in results if r.workers == 0 and r.total is not None), None)
    if settings.kind == "compute" and alone and alone.fetching > (1 + BUSY) * nominal > 0:
        sentences.append(
            f"The computer seems busy: without workers a batch took {seconds(alone.fetching)}, not "
            f"{seconds(nominal)}. Race again for a fairer result."
        )
    sentences += [f"torch warned: {result.advice}" for result in done if result.advice]
    return sentences


def race_value(settings: RaceSettings, results: list[RaceResult]) -> dict[str, Any]:
    """The value of the view for what has been measured so far."""
    none = next((r.total for r in results if r.workers == 0), None)
    hopes = [expected(settings, w, cores()).seconds for w in settings.workers]
    measured = [result.total or (result.batches[-1].step[1] if result.batches else 0) for result in results]
    axis, tick = axis_of(max(hopes + measured))
    races = [
        {
            "title": title(result.workers),
            "note": f"{seconds(result.total)}" if result.total is not None else "not finished",
            "goal": hope,
            "lanes": lanes(result),
        }
        for result, hope in zip(results, hopes, strict=False)
    ]
    return {
        "axis": axis,
        "tick": tick,
        "races": races,
        "verdict": verdict(results),
        "columns": COLUMNS,
        "rows": [row(settings, result, none) for result in results],
        "notes": notes(settings, results),
    }


def on_click(*chosen: Any) -> str:
    """The choices -> the status until the race begins, or why it cannot."""
    try:
        settings_of(*chosen)
    except RaceError as error:
        return str(error)
    return QUEUED


def on_race(*chosen: Any) -> Iterator[tuple[Any, Any]]:
    """The choices -> the view's value and a status, at least every 0.25 s.

    The race's processes end when this generator is closed: at Stop, and when the visitor leaves. Whatever
    prevents the race or breaks it off is the last status, where the visitor looks; what was measured stays.
    """
    try:
        settings = settings_of(*chosen)
    except RaceError as error:
        yield gr.skip(), str(error)
        return
    yield None, STARTING
    results: dict[int, RaceResult] = {}
    try:
        with closing(race(settings)) as news:
            for result in news:
                if result == results.get(result.workers):
                    yield gr.skip(), gr.skip()
                    continue
                results[result.workers] = result
                has_begun = any(each.batches for each in results.values())
                status = f"Racing: {workers_text(result.workers)} …" if has_begun else STARTING
                yield race_value(settings, list(results.values())), status
    except RaceError as error:
        yield gr.skip(), str(error)
    else:
        yield gr.skip(), f"Done: {summary(settings)}"


def summary(settings: RaceSettings) -> str:
    """The settings in a sentence."""
    does = "waiting" if settings.kind == "wait" else "computing"
    return (
        f"{settings.batches} batches of {settings.batch_size}, {settings.sample_ms:g} ms of {does} a sample, "
        f"{settings.step_ms:g} ms a step."
    )


def on_settings(*chosen: Any) -> tuple[str, Any]:
    """The choices -> what the arithmetic expects, or why they cannot be raced; and their code."""
    try:
        settings = settings_of(*chosen)
    except RaceError as error:
        return str(error), gr.skip()
    hopes = [(w, expected(settings, w, cores())) for w in settings.workers]
    expectations = "; ".join(f"{workers_text(w)} **{seconds(hope.seconds)}**" for w, hope in hopes)
    return f"Expected: {expectations}, and the workers' start.", code(settings)


def on_preset(name: Any) -> list[Any]:
    """Name of a preset -> kind, sample ms, step ms, batches, batch size, workers."""
    try:
        return list(PRESETS[choice(name, _("The example"), PRESETS)])
    except ValueError as error:
        raise visitor_error(error) from None


def code(settings: RaceSettings) -> str:
    """A program that races the same DataLoaders, as Markdown."""
    if settings.kind == "wait":
        work = f"        time.sleep({settings.sample_ms / 1000:g})  # like a disk\n"
        more = ""
    else:
        work = f"        picture = blur(picture, {settings.sample_ms / 1000:g})\n"
        more = '''

def blur(picture, seconds):
    """Compute for so many seconds of this process's own processor time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        picture = torch.nn.functional.avg_pool2d(picture, 3, stride=1, padding=1)
    return picture
'''
    context = "None" if settings.start == usual_start() else f'"{settings.start}" if workers else None'
    extra = "" if context == "None" else f",\n                            multiprocessing_context={context}"
    listed = ", ".join(map(str, settings.workers)) + ("," if len(settings.workers) == 1 else "")
    return f"""```python
import time

import torch
from torch.utils.data import DataLoader, Dataset

{more}

class Pictures(Dataset):
    def __len__(self):
        return {settings.batches * settings.batch_size}

    def __getitem__(self, index):
        picture = torch.rand(1, 28, 28)
{work}        return picture, index % 10


if __name__ == "__main__":  # a spawned worker imports this file, and must not race
    torch.set_num_threads(1)  # as in each worker
    for workers in ({listed}):
        loader = DataLoader(Pictures(), batch_size={settings.batch_size}, num_workers=workers{extra})
        begun = time.perf_counter()
        for x, y in loader:
            time.sleep({settings.step_ms / 1000:g})  # like a training step on a GPU
        print(workers, "workers:", round(time.perf_counter() - begun, 2), "s")
```"""


def workers_part() -> None:
    """Lay out and wire "Workers"."""
    kind, sample_ms, step_ms, batches, batch_size, workers = PRESETS[FIRST]
    gr.Markdown(TITLE)
    preset = gr.Radio(
        [(title, name) for name, title in PRESET_TITLES.items()],
        value=FIRST,
        label="Example",
        elem_id="race-preset",
    )
    with gr.Row(equal_height=False):
        with gr.Column(min_width=280):
            inputs: list[Any] = [
                gr.Radio(KIND_CHOICES, value=kind, label="dataset[i]", elem_id="race-kind"),
                gr.Slider(0, 50, sample_ms, step=0.5, label="Time for a sample (ms)", elem_id="race-sample"),
                gr.Slider(0, 200, step_ms, step=1, label="Time for a step (ms)", elem_id="race-step"),
            ]
        with gr.Column(min_width=280):
            inputs += [
                gr.Slider(4, 40, batches, step=1, label="Batches", elem_id="race-batches"),
                gr.Slider(1, 64, batch_size, step=1, label="Batch size", elem_id="race-size"),
                gr.CheckboxGroup(list(WORKERS), value=workers, label="num_workers", elem_id="race-workers"),
                gr.Radio(
                    [(START_TEXT[how], how) for how in STARTS if how == "spawn" or usual_start() == how],
                    value=usual_start(),
                    label="Workers start by",
                    elem_id="race-start",
                ),
            ]
    first = settings_of(*PRESETS[FIRST], usual_start())
    hope = gr.Markdown(on_settings(*PRESETS[FIRST], usual_start())[0], elem_id="race-expected")
    with gr.Row():
        go = gr.Button("Race", variant="primary", elem_id="race-go")
        stop = gr.Button("Stop", elem_id="race-stop")
    status = gr.Markdown(IDLE, elem_id="race-status")
    view = View(HERE / "race", elem_id="race-view")
    with gr.Accordion("The same in PyTorch", open=False):
        same = gr.Markdown(code(first), elem_id="race-code")

    preset.input(on_preset, preset, inputs[:6], **UNQUEUED)
    changes = [each.change for each in inputs]
    gr.on(changes, on_settings, inputs, [hope, same], trigger_mode="always_last", **UNQUEUED)
    went = go.click(on_click, inputs, status, **UNQUEUED).then(
        on_race, inputs, [view, status], concurrency_id="workers", concurrency_limit=RACES, **INTERNAL
    )
    stop.click(lambda: STOPPED, None, status, cancels=[went], **UNQUEUED)
