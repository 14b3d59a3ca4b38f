"""The Transforms part of the DataLoader tab: a pipeline, and what it does to the batch on screen."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from PIL import Image

from data.loader.transform_catalogue import TransformError
from data.loader.transform_trace import Problem, StackedBatch, TransformStage, TransformTrace, trace
from data.loader.transforms import DEFAULT, checked, code
from language import _, ngettext, sentences
from ui.dataloader.pipeline import Pipeline, plain
from ui.kit.events import UNQUEUED, visitor_error
from ui.kit.images import as_base64, as_png
from ui.kit.number_field import NumberField
from ui.kit.view import View

HERE = Path(__file__).parent
MAX_TRACED = 64
"""Samples of a batch that go through the pipeline."""
FIRST_SEED = 0

INTRODUCTION = _("""\
## Transforms

A Dataset holds pictures, a network needs tensors of one shape. The `transform` of a Dataset turns one into
the other whenever the DataLoader requests a sample. So a random step shows the network a different picture
in every epoch, from the same file: that is augmentation. Switch steps on and off, and move them: their order
matters.
""")
NO_PICTURES = _(
    "These samples are numbers, not pictures: there is nothing to crop or to flip. Choose a data set of "
    "pictures above to see what transforms do."
)


def on_transforms(samples: list[Image.Image] | None, steps: Any, seed: Any) -> tuple[dict[str, Any], str]:
    """PIL pictures of a batch or None, steps, a seed -> the value of the stages, and the pipeline's code.

    Raises gr.Error with a sentence for invalid steps or an invalid seed.
    """
    try:
        pipeline = checked(plain(steps))
        if not samples:
            return _instead(str(NO_PICTURES)), code(pipeline)
        return trace_value(trace(pipeline, samples[:MAX_TRACED], seed), len(samples)), code(pipeline)
    except TransformError as error:
        raise visitor_error(error) from None


def _instead(sentence: str) -> dict[str, Any]:
    """A sentence in place of the stages."""
    return {"nothing": sentence, "stages": [], "end": None, "announcement": sentence}


def trace_value(record: TransformTrace, size: int) -> dict[str, Any]:
    """A trace of the first samples of a batch of `size` as the value of `transform_stages`."""
    stages = [
        _stage(stage, record.stages[k - 1] if k else None, size) for k, stage in enumerate(record.stages)
    ]
    if record.problem:
        end = _problem(record.problem)
    else:
        assert record.batch is not None
        end = _batch(record.batch, size)
    announcement = sentences(end["title"], end["error"], end["sentence"])
    return {"nothing": "", "stages": stages, "end": end, "announcement": announcement}


def _stage(stage: TransformStage, before: TransformStage | None, size: int) -> dict[str, Any]:
    facts = [_facts(stage), _facts(before) if before else ()]
    entries = [{"text": text, "fresh": before is not None and text not in facts[1]} for text in facts[0]]
    if stage.random:
        text = _("random: changed {n} of {count}").format(n=stage.changed, count=stage.count)
        entries.append({"text": text, "fresh": False})
    hints = []
    if before is None and size > len(stage.pictures):
        hints.append(_("The first {n} of {size} samples.").format(n=len(stage.pictures), size=size))
    if stage.rescaled:
        text = _("Shown with {low} as black and {high} as white.")
        hints.append(text.format(low=_number(stage.low), high=_number(stage.high)))
    return {
        "number": "" if stage.position is None else str(stage.position + 1),
        "code": _("As the Dataset returns them") if stage.position is None else stage.code,
        "facts": entries,
        "hint": sentences(*hints),
        "note": stage.note,
        "pictures": [f"data:image/png;base64,{as_base64(as_png(picture))}" for picture in stage.pictures],
    }


def _facts(stage: TransformStage) -> tuple[str, ...]:
    """Type, shape, dtype and range as texts; a PIL picture has a size and a mode instead of a shape."""
    numbers = _("{dtype}, {low} to {high}").format(
        dtype=stage.dtype, low=_number(stage.low), high=_number(stage.high)
    )
    if stage.type != "PIL.Image":
        return stage.type, _shape(stage.shape) if stage.shape else _("different shapes"), numbers
    if not stage.shape:
        return stage.type, _("different sizes"), numbers
    channels, height, width = stage.shape
    size = _("{width} × {height} pixels, grey") if channels == 1 else _("{width} × {height} pixels, RGB")
    return stage.type, size.format(width=width, height=height), numbers


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _number(value: float) -> str:
    text = f"{value:.0f}" if value == int(value) else f"{value:.2f}"
    return text.replace("-", "−")


def _problem(problem: Problem) -> dict[str, Any]:
    if problem.position is None:
        title = _("The DataLoader cannot make a batch of these samples")
    else:
        title = _("Step {n}, {code}, fails at sample {sample}").format(
            n=problem.position + 1, code=problem.code, sample=problem.sample
        )
    return {"failed": True, "title": title, "error": problem.error, "sentence": problem.mend}


def _batch(batch: StackedBatch, size: int) -> dict[str, Any]:
    count = batch.shape[0]
    sentence = ngettext(
        "The DataLoader stacks the {n} sample: (N, C, H, W) is what a network takes.",
        "The DataLoader stacks the {n} samples: (N, C, H, W) is what a network takes.",
        count,
    ).format(n=count)
    if size > count:
        part = _("These are the first {n} of the {size} samples.").format(n=count, size=size)
        sentence = sentences(part, sentence)
    return {
        "failed": bool(batch.note),
        "title": _("Batch: {shape}, {dtype}").format(shape=_shape(batch.shape), dtype=batch.dtype),
        "error": "",
        "sentence": batch.note or sentence,
    }


def on_another_seed(seed: Any) -> int:
    """A seed -> a different one, from 0 to 999."""
    return random.choice([other for other in random.sample(range(1000), 2) if other != seed])


class TransformsPart(NamedTuple):
    """The components of the part."""

    pipeline: Pipeline
    seed: NumberField
    stages: View
    code: gr.Code


def transforms_part() -> TransformsPart:
    """Lay out the part; the caller puts the two values of `on_transforms` into `stages` and `code`."""
    gr.Markdown(INTRODUCTION)
    with gr.Row(equal_height=False):
        with gr.Column(scale=9, min_width=300):
            pipeline = Pipeline(elem_id="batch-pipeline")
            with gr.Row(equal_height=False, elem_classes="tp-seed"):
                seed = NumberField(
                    FIRST_SEED, label=_("Random seed"), min_width=140, elem_id="batch-transform-seed"
                )
                another = gr.Button(_("Another seed"), min_width=120, elem_id="batch-another-seed")
        with gr.Column(scale=12, min_width=300):
            stages = View(HERE / "transform_stages", elem_id="batch-stages")
    text = gr.Code(
        code(DEFAULT),
        language="python",
        interactive=False,
        wrap_lines=True,
        show_line_numbers=False,
        label=_("The same in PyTorch"),
        elem_id="batch-transform-code",
    )
    another.click(on_another_seed, seed, seed, **UNQUEUED)
    return TransformsPart(pipeline, seed, stages, text)
