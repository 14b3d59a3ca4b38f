"""What a pipeline of transforms does to the samples of a batch, step by step, its mistakes included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import default_collate

from data.loader.transform_catalogue import TransformError
from data.loader.transforms import TransformStep, seeded
from data.vision import torchvision
from language import _

MAX_PICTURES = 8
"""How many pictures of a stage are shown."""
_BORDERS = ("CenterCrop", "Pad", "RandomCrop", "RandomRotation", "RandomAffine")
"""Steps that put 0 where there is no picture. So does RandomErasing, but there 0 is meant to be grey."""


@dataclass(frozen=True)
class TransformStage:
    """All samples after one step; the first stage is the samples as the Dataset gives them."""

    position: int | None
    """Of the step in the pipeline, counting steps that are off; None for the samples of the Dataset."""
    code: str
    """Of the step; "" for the samples of the Dataset."""
    type: str
    """ "PIL.Image", "tv_tensors.Image" or "torch.Tensor"."""
    shape: tuple[int, ...] | None
    """(C, H, W) of each sample; None if they differ."""
    dtype: str
    """ "uint8" or "float32"; the numbers of a PIL picture are uint8."""
    low: float
    """Smallest number of all samples."""
    high: float
    """Largest number of all samples."""
    pictures: tuple[np.ndarray, ...]
    """The first samples, to be shown: (H, W) or (H, W, 3) uint8."""
    rescaled: bool
    """Whether `low` is shown as black and `high` as white, because the numbers leave the range 0 to 1."""
    random: bool
    changed: int
    """How many samples the step changed."""
    count: int
    """How many samples came through it."""
    note: str
    """What the step did without an error although it may not be intended, or ""."""


@dataclass(frozen=True)
class Problem:
    """The first exception, which would end the loop over the DataLoader."""

    position: int | None
    """Of the failing step in the pipeline; None if stacking the samples into a batch failed."""
    code: str
    sample: int | None
    """Number of the sample in the batch, from 0; None for the stacking."""
    error: str
    """The exception as Python prints it: its class and its message."""
    mend: str
    """What to do about it."""


@dataclass(frozen=True)
class StackedBatch:
    """What `default_collate` makes of the samples."""

    shape: tuple[int, ...]
    dtype: str
    note: str


@dataclass(frozen=True)
class TransformTrace:
    stages: tuple[TransformStage, ...]
    """Those before the failing step, if there is one."""
    problem: Problem | None
    batch: StackedBatch | None
    """None if there is a problem."""


@dataclass
class _Column:
    """The samples of a stage, collected as they come: only the first few are stored."""

    samples: list[Any] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    low: float = float("inf")
    high: float = float("-inf")
    changed: int = 0

    def add(self, sample: Any, before: Any) -> None:
        if len(self.samples) < MAX_PICTURES:
            self.samples.append(sample)
        self.shapes.append(_shape(sample))
        numbers = np.asarray(sample)
        self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
        earlier = np.asarray(before)
        self.changed += numbers.dtype != earlier.dtype or not np.array_equal(numbers, earlier)

    @property
    def is_pil(self) -> bool:
        return isinstance(self.samples[0], Image.Image)

    def stage(
        self, position: int | None, step: TransformStep | None, before: _Column | None
    ) -> TransformStage:
        rescaled = not self.is_pil and self.dtype != "uint8" and (self.low < 0 or self.high > 1)
        span = (self.low, self.high) if rescaled else (0.0, 255.0 if self.dtype == "uint8" else 1.0)
        return TransformStage(
            position=position,
            code=step.code() if step else "",
            type=_type(self.samples[0]),
            shape=self.shapes[0] if len(set(self.shapes)) == 1 else None,
            dtype=self.dtype,
            low=self.low,
            high=self.high,
            pictures=tuple(_picture(sample, *span) for sample in self.samples),
            rescaled=rescaled,
            random=step is not None and step.kind.random,
            changed=self.changed,
            count=len(self.shapes),
            note=_note(step, before, self) if step and before else "",
        )

    @property
    def dtype(self) -> str:
        return "uint8" if self.is_pil else str(self.samples[0].dtype).removeprefix("torch.")


def _type(sample: Any) -> str:
    if isinstance(sample, Image.Image):
        return "PIL.Image"
    return "tv_tensors.Image" if isinstance(sample, torchvision().tv_tensors.Image) else "torch.Tensor"


def _shape(sample: Any) -> tuple[int, ...]:
    if isinstance(sample, Image.Image):
        return (len(sample.getbands()), sample.height, sample.width)
    return tuple(sample.shape)


def _picture(sample: Any, low: float, high: float) -> np.ndarray:
    """One sample with `low` as black and `high` as white: (H, W) or (H, W, 3) uint8."""
    numbers = np.asarray(sample)
    if not isinstance(sample, Image.Image):
        numbers = numbers[0] if len(numbers) == 1 else numbers.transpose(1, 2, 0)  # (H, W) or (H, W, 3)
    if numbers.dtype == np.uint8:
        return numbers
    scaled = (numbers.astype(np.float64) - low) * (255 / (high - low) if high > low else 0)
    return np.rint(scaled.clip(0, 255)).astype(np.uint8)


def trace(steps: Sequence[TransformStep], samples: Sequence[Any], seed: int) -> TransformTrace:
    """Take each PIL picture of `samples` ("L" or "RGB") in turn through all the steps that are on.

    The random choices are those of `replayed(compose(steps), samples, seed)`, so the last stage equals it. A
    step that fails is not raised but described in `problem`, with the stages before it. Raises TransformError
    without samples or for an invalid seed.
    """
    if not samples:
        raise TransformError(_("There is no picture to transform."))
    active = [(position, step, step.build()) for position, step in enumerate(steps) if step.on]
    columns = [_Column() for _ in range(len(active) + 1)]
    problem: Problem | None = None
    reached, results = len(active), []
    with seeded(seed):
        for number, sample in enumerate(samples):
            columns[0].add(sample, sample)
            for k, (position, step, transform) in enumerate(active[:reached]):
                try:
                    after = transform(sample)
                except Exception as error:  # torchvision raises many kinds
                    # the loader would stop here; the other samples are still shown up to this step
                    if problem is None:
                        mend = _mend_step(step, sample)
                        problem = Problem(position, step.code(), number, _printed(error), mend)
                        reached = k
                    break
                columns[k + 1].add(after, sample)
                sample = after
            else:
                results.append(sample)
    batch = None
    if problem is None:
        batch, problem = _stacked(results)
    stage_steps = [(None, None), *((position, step) for position, step, transform in active[:reached])]
    stages = tuple(
        column.stage(position, step, columns[k - 1] if k else None)
        for k, ((position, step), column) in enumerate(zip(stage_steps, columns, strict=False))
    )
    return TransformTrace(stages, problem, batch)


def _printed(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _stacked(samples: list[Any]) -> tuple[StackedBatch | None, Problem | None]:
    try:
        batch = default_collate(samples)
    except (TypeError, RuntimeError) as error:
        return None, Problem(None, "default_collate(samples)", None, _printed(error), _mend_stack(samples))
    note = ""
    if batch.dtype == torch.uint8:
        note = _(
            "The numbers are still 0 to 255 and uint8; a network needs float32: add ToDtype after ToImage."
        )
    return StackedBatch(tuple(batch.shape), str(batch.dtype).removeprefix("torch."), note), None


def _mend_stack(samples: list[Any]) -> str:
    if isinstance(samples[0], Image.Image):
        return _("A DataLoader stacks tensors, not PIL pictures: switch on ToImage, and ToDtype after it.")
    if len({len(sample) for sample in samples}) > 1:
        return _("Some pictures are grey, others have colours: add Grayscale, with 1 channel or with 3.")
    return _("The pictures differ in size, but a batch is one tensor: add Resize, CenterCrop or RandomCrop.")


def _mend_step(step: TransformStep, sample: Any) -> str:
    """What to do about the exception of `step` at `sample`."""
    params, side = dict(step.params), min(_shape(sample)[1:])
    if step.name == "Normalize" and isinstance(sample, Image.Image):
        return _("Normalize calculates with float tensors: move it below ToImage and ToDtype.")
    if step.name == "Normalize":
        return _("Normalize calculates with floats, but these are whole numbers: move it below ToDtype.")
    if step.name == "RandomCrop":
        sentence = _(
            "With its padding the picture has only {side} pixels: make size at most that, or add Resize "
            "above."
        )
        return sentence.format(side=side + 2 * int(params["padding"]))
    if step.name == "GaussianBlur":
        sentence = _(
            "The picture has only {side} pixels: make kernel_size at most {most}, or add Resize above."
        )
        return sentence.format(side=side, most=2 * side - 1)
    return _("Look at type and shape after the previous step: they are the input of this step.")


def _note(step: TransformStep, before: _Column, after: _Column) -> str:
    """What `step` did without an error although something else may be intended."""
    params, channels = dict(step.params), before.shapes[0][0]
    if step.name == "ToDtype" and before.is_pil:
        return _("ToDtype does nothing to PIL pictures, without an error: put ToImage above it.")
    if step.name in ("ToImage", "ToDtype") and not before.is_pil and not after.changed:
        return _("Nothing changed: the samples were in this form already.")
    if step.name == "Normalize" and params["channels"] == 3 and channels == 1:
        return _("Three means for one channel: torch repeats the channel, each picture now has three.")
    if step.name == "Normalize" and params["channels"] == 1 and channels == 3:
        return _("One mean for three channels: torch uses it for each of them.")
    if step.name == "ColorJitter" and before.low < 0:
        return _("ColorJitter cuts off everything below 0 or above 1: put it above Normalize.")
    smaller = any(min(shape[1:]) < params.get("size", 0) for shape in before.shapes)
    if step.name in _BORDERS and before.low < 0 and (step.name != "CenterCrop" or smaller):
        return _("It fills with 0, which is no longer black after Normalize: put it above Normalize.")
    if step.name == "CenterCrop" and smaller:
        return _("Some pictures are smaller than the square: they got a border of 0.")
    return ""
