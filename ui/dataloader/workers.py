"""The part of the DataLoader tab in which loaders with 0, 1, 2 and 4 workers race: real processes."""

from __future__ import annotations

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
)
from data.loader.race_code import program
from language import _, sentences
from settings import RACES
from ui.dataloader.race import race_value, seconds, workers_text
from ui.kit.events import INTERNAL, UNQUEUED, visitor_error
from ui.kit.number_field import NumberField
from ui.kit.view import View

HERE = Path(__file__).parent
TITLE = _("""\
## Workers
`DataLoader(num_workers=2)` starts two processes. They call `dataset[i]` and `collate_fn` for the next batches
while your loop trains on this one. Does that help? It depends on what `dataset[i]` does, so **measure it**:
the race below starts real DataLoaders on this computer, one after the other.
""")
IDLE = _("Choose, look at the expected times, then press Race.")
QUEUED = _("Your race starts as soon as no other one is running.")
STARTING = _("A new Python starts and imports torch …")
STOPPED = _("Stopped. All its processes have ended.")
KIND_CHOICES = [
    (_("waits, as for a disk or the network"), "wait"),
    (_("computes, as in augmentation"), "compute"),
]
START_TEXT = {
    "fork": _("fork: copies the running process"),
    "spawn": _("spawn: starts a new Python"),
}
PRESET_TITLES = {
    "disk": _("Slow disk"),
    "augmentation": _("Heavy augmentation"),
    "memory": _("Small pictures in memory"),
}
# kind, milliseconds for a sample and a step, batches, batch size, numbers of workers
PRESETS: dict[str, tuple[str, float, float, int, int, list[int]]] = {
    "disk": ("wait", 5, 40, 16, 16, [0, 1, 2]),
    "augmentation": ("compute", 4, 30, 16, 16, [0, 1, 2]),
    "memory": ("wait", 0, 2, 40, 64, [0, 1, 2]),
}
FIRST = "disk"


def settings_of(
    kind: Any, sample_ms: Any, step_ms: Any, batches: Any, batch_size: Any, workers: Any, start: Any
) -> RaceSettings:
    """The visitor's choices, checked. Raises RaceError with a sentence."""
    return RaceSettings(workers, batches, batch_size, sample_ms, step_ms, kind, start)


def on_click(*choices: Any) -> str:
    """The choices -> the status until the race begins, or why it cannot begin."""
    try:
        settings_of(*choices)
    except RaceError as error:
        return str(error)
    return str(QUEUED)


def on_race(*choices: Any) -> Iterator[tuple[Any, Any]]:
    """The choices -> the view's value and a status, at least every 0.25 s.

    Closing this generator ends the processes of the race: at Stop, and when the visitor leaves. If a race
    cannot run or breaks off, the last status says why, and the results so far stay.
    """
    try:
        settings = settings_of(*choices)
    except RaceError as error:
        yield gr.skip(), str(error)
        return
    yield None, str(STARTING)
    results: dict[int, RaceResult] = {}
    try:
        with closing(race(settings)) as running:
            for result in running:
                if result == results.get(result.workers):
                    yield gr.skip(), gr.skip()
                    continue
                results[result.workers] = result
                has_begun = any(each.batches for each in results.values())
                racing = _("Racing: {workers} …").format(workers=workers_text(result.workers))
                status = racing if has_begun else str(STARTING)
                yield race_value(settings, list(results.values())), status
    except RaceError as error:
        yield gr.skip(), str(error)
    else:
        yield gr.skip(), summary(settings)


def summary(settings: RaceSettings) -> str:
    """The settings of a finished race in a sentence."""
    text = _("Done: {batches} batches of {size}, {sample} ms of waiting per sample, {step} ms per step.")
    if settings.kind == "compute":
        text = _(
            "Done: {batches} batches of {size}, {sample} ms of computing per sample, {step} ms per step."
        )
    return text.format(
        batches=settings.batches,
        size=settings.batch_size,
        sample=f"{settings.sample_ms:g}",
        step=f"{settings.step_ms:g}",
    )


def on_settings(*choices: Any) -> tuple[str, Any]:
    """The choices -> the expected times, or why they cannot be raced; and their code."""
    try:
        settings = settings_of(*choices)
    except RaceError as error:
        return str(error), gr.skip()
    times = []
    for workers in settings.workers:
        time = seconds(expected(settings, workers, cores()).seconds)
        times.append(_("{workers} **{time}**").format(workers=workers_text(workers), time=time))
    text = _("Expected: {times}, and the start of the workers.")
    return text.format(times=sentences(*times, between="; ")), code(settings)


def on_preset(name: Any) -> list[Any]:
    """Name of a preset -> kind, sample ms, step ms, batches, batch size, workers."""
    try:
        return list(PRESETS[choice(name, _("The example"), PRESETS)])
    except ValueError as error:
        raise visitor_error(error) from None


def code(settings: RaceSettings) -> str:
    """The program that races the same DataLoaders, as Markdown."""
    return f"```python\n{program(settings)}```"


def slider(low: int, high: int, value: float, label: str, elem_id: str, **options: Any) -> NumberField:
    """One number of the race."""
    return NumberField(value, low=low, high=high, slider=True, label=label, elem_id=elem_id, **options)


def workers_part() -> None:
    """Lay out and wire "Workers"."""
    kind, sample_ms, step_ms, batches, batch_size, workers = PRESETS[FIRST]
    gr.Markdown(TITLE)
    preset = gr.Radio(
        [(text, name) for name, text in PRESET_TITLES.items()],
        value=FIRST,
        label=_("Example"),
        elem_id="race-preset",
    )
    with gr.Row(equal_height=False):
        with gr.Column(min_width=280):
            inputs: list[Any] = [
                gr.Radio(KIND_CHOICES, value=kind, label="dataset[i]", elem_id="race-kind"),
                slider(0, 50, sample_ms, _("Time for a sample (ms)"), "race-sample", step=0.5, whole=False),
                slider(0, 200, step_ms, _("Time for a step (ms)"), "race-step", whole=False),
            ]
        with gr.Column(min_width=280):
            inputs += [
                slider(4, 40, batches, _("Batches"), "race-batches"),
                slider(1, 64, batch_size, _("Batch size"), "race-size"),
                gr.CheckboxGroup(list(WORKERS), value=workers, label="num_workers", elem_id="race-workers"),
                gr.Radio(
                    [(START_TEXT[how], how) for how in STARTS if how == "spawn" or usual_start() == how],
                    value=usual_start(),
                    label=_("Workers start by"),
                    elem_id="race-start",
                ),
            ]
    first = settings_of(*PRESETS[FIRST], usual_start())
    goals = gr.Markdown(on_settings(*PRESETS[FIRST], usual_start())[0], elem_id="race-expected")
    with gr.Row():
        go = gr.Button(_("Race"), variant="primary", elem_id="race-go")
        stop = gr.Button(_("Stop"), elem_id="race-stop")
    status = gr.Markdown(IDLE, elem_id="race-status")
    view = View(HERE / "race", elem_id="race-view")
    with gr.Accordion(_("The same in PyTorch"), open=False):
        same = gr.Markdown(code(first), elem_id="race-code")

    preset.input(on_preset, preset, inputs[:6], **UNQUEUED)
    changes = [component.change for component in inputs]
    gr.on(changes, on_settings, inputs, [goals, same], trigger_mode="always_last", **UNQUEUED)
    running = go.click(on_click, inputs, status, **UNQUEUED).then(
        on_race, inputs, [view, status], concurrency_id="workers", concurrency_limit=RACES, **INTERNAL
    )
    stop.click(lambda: str(STOPPED), None, status, cancels=[running], **UNQUEUED)
