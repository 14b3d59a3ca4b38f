"""The part of the DataLoader tab that shows `collate_fn`: how a list of samples becomes a batch."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from torch import Tensor
from torch.utils.data import default_collate

from checks import choice
from data.drawn.garments import Garments
from data.loader.collate import Collated, Line, habits, padded, text_of, try_collate
from language import _, sentences
from ui.kit.events import UNQUEUED, visitor_error
from ui.kit.view import View

HERE = Path(__file__).parent
WORDS = _("""\
## From samples to a batch: collate_fn
`dataset[i]` gives a sample. A DataLoader collects the samples of a batch in a list and calls its *collate_fn*
with it. The default, `default_collate`, stacks tensors of one shape. If the shapes differ it cannot, and you
write your own.
""")
HABITS = _("""\
What `default_collate` makes of two samples, computed by torch right now. `x0` and `x1` are tensors of shape
(1, 28, 28).
""")
SCREEN, SEQUENCES, PICTURES = "screen", "sequences", "pictures"
EXAMPLES = [
    (_("the batch on screen"), SCREEN),
    (_("sequences of different lengths"), SEQUENCES),
    (_("pictures of different sizes"), PICTURES),
]
COLLATES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "default": ("default_collate", default_collate),
    "padded": ("padded", padded),
}
HOWS = [("default_collate", "default"), (_("one that pads with zeros"), "padded")]
MOST = 4
"""How many samples are shown."""
LONGEST = 8
"""How many numbers of a sequence are shown."""
SIDE = 96
"""Pictures with a longer side are not shown."""
SIZES = ((28, 20), (20, 28), (24, 24), (28, 28))
"""Heights and widths of the pictures of different sizes."""
CODE = '''\
```python
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def pad_sequences(samples):
    """[(x (L,), y), ...] with any L -> (N, longest L), lengths (N,), labels (N,)"""
    inputs, labels = zip(*samples)
    lengths = torch.tensor([len(x) for x in inputs])
    return pad_sequence(inputs, batch_first=True), lengths, torch.tensor(labels)


def pad_pictures(samples):
    """[(x (C, H, W), y), ...] with any H and W -> (N, C, largest H, largest W), sizes (N, 2), labels (N,)"""
    inputs, labels = zip(*samples)
    sizes = torch.tensor([x.shape[1:] for x in inputs])
    height, width = sizes.amax(dim=0).tolist()
    # F.pad takes the last dimension first: left, right, top, bottom
    filled = [F.pad(x, (0, width - x.shape[2], 0, height - x.shape[1])) for x in inputs]
    return torch.stack(filled), sizes, torch.tensor(labels)


sequences = [(torch.tensor([4, 9, 2]), 0), (torch.tensor([7, 1, 3, 8, 5]), 1), (torch.tensor([6]), 0)]
for batch, lengths, labels in DataLoader(sequences, batch_size=3, collate_fn=pad_sequences):
    print(batch, lengths, labels, sep="\\n")

pictures = [(torch.rand(1, 28, 20), 0), (torch.rand(1, 20, 28), 1)]
for batch, sizes, labels in DataLoader(pictures, batch_size=2, collate_fn=pad_pictures):
    print(batch.shape, sizes, labels, sep="\\n")
```'''


def sequences() -> list[tuple[Tensor, int]]:
    """Sentences as the numbers of their words, (L,) int64 with L from 1 to 5, and a label."""
    rows = ([4, 9, 2], [7, 1, 3, 8, 5], [6], [2, 2, 9, 4])
    return [(torch.tensor(words), number % 2) for number, words in enumerate(rows)]


@lru_cache(maxsize=1)
def _pictures() -> tuple[tuple[Tensor, int], ...]:
    garments = Garments(len(SIZES), seed=3)
    pairs = []
    for index, (height, width) in enumerate(SIZES):
        picture = torch.from_numpy(garments.draw(index)).float().div(255)  # (28, 28)
        top, left = (28 - height) // 2, (28 - width) // 2
        pairs.append((picture[None, top : top + height, left : left + width], garments.label(index)))
    return tuple(pairs)


def pictures() -> list[tuple[Tensor, int]]:
    """Drawn garments, cut to different sizes: (1, H, W) float in [0, 1], and their class."""
    return list(_pictures())


def pixels(picture: Any) -> dict[str, Any] | None:
    """A (C, H, W) picture or a PIL image as grey bytes for the view, or None if it cannot be shown.

    Numbers outside [0, 1], as after Normalize, are scaled so that the smallest is black and the largest is
    white.
    """
    if hasattr(picture, "convert") and hasattr(picture, "size"):
        if max(picture.size) > SIDE:
            return None
        width, height = picture.size
        return _grey(picture.convert("L").tobytes(), height, width)
    if not isinstance(picture, Tensor) or picture.ndim != 3 or picture.shape[0] not in (1, 3):
        return None
    if picture.numel() == 0 or max(picture.shape[1:]) > SIDE or not picture.isfinite().all():
        return None
    grey = picture.detach().float() / (255 if picture.dtype == torch.uint8 else 1)
    grey = grey.mean(dim=0)  # (H, W)
    low, high = grey.min().item(), grey.max().item()
    if low < 0 or high > 1:
        grey = (grey - low) / max(high - low, 1e-12)
    raw = (255 * grey).round().to(torch.uint8).contiguous().numpy().tobytes()
    return _grey(raw, *picture.shape[1:])


def _grey(raw: bytes, height: int, width: int) -> dict[str, Any]:
    return {"height": height, "width": width, "pixels": base64.b64encode(raw).decode()}


def numbers(sequence: Any) -> dict[str, Any] | None:
    """A tensor (L,) as texts, shortened to `LONGEST`, or None for anything else."""
    if not isinstance(sequence, Tensor) or sequence.ndim != 1:
        return None
    texts = [f"{value:.3g}" for value in sequence[:LONGEST].tolist()]
    return {"cells": texts + ["…"] * (len(sequence) > LONGEST)}


def samples_of(samples: Any, example: Any) -> Sequence[Any]:
    """The samples of an example. Raises ValueError with a sentence."""
    example = choice(example, _("The example"), (SEQUENCES, PICTURES, SCREEN))
    if example == SEQUENCES:
        return sequences()
    if example == PICTURES:
        return pictures()
    if not isinstance(samples, (list, tuple)) or not samples:
        raise ValueError(_("There is no batch on screen yet."))
    return samples


def on_collate(samples: Any, example: Any, how: Any) -> dict[str, Any]:
    """The samples of the batch on screen [(x, y), ...], the example, "default" or "padded" -> the view."""
    try:
        inputs = samples_of(samples, example)
        name, collate = COLLATES[choice(how, _("The collate function"), COLLATES)]
    except ValueError as error:
        raise visitor_error(error) from None
    rows = []
    for index, sample in enumerate(inputs[:MOST]):
        x, y = sample if isinstance(sample, (list, tuple)) and len(sample) == 2 else (sample, None)
        rows.append(
            {
                "code": f"samples[{index}]: {text_of(x, with_numbers=False)}",
                "label": None if y is None else text_of(y),
                "input": pixels(x) or numbers(x),
            }
        )
    return {
        "samples": rows,
        "more": len(inputs) - len(rows),
        "collate": f"{name}(samples)",
        "result": result(try_collate(inputs, collate), how),
    }


def result(collated: Collated, how: str) -> dict[str, Any]:
    """A result of a `collate_fn`, as the right half of the view."""
    if collated.error:
        return {
            "title": _("No batch: an error"),
            "about": "",
            "structure": [],
            "parts": [],
            "error": collated.error,
            "message": collated.message,
            "meaning": collated.meaning,
            "filled": False,
        }
    batch = collated.batch
    inputs, filled = parts(batch, how)
    size = 0 if not isinstance(batch, (list, tuple)) or not batch else len(batch[0])
    about = []
    if 0 < len(inputs) < size:
        about.append(_("The first {n} of its {size} inputs.").format(n=len(inputs), size=size))
    if how == "padded" and not filled:
        about.append(_("All have the same size: no padding was needed."))
    return {
        "title": _("The batch"),
        "about": sentences(*about),
        "structure": [_printed(line, how) for line in collated.structure],
        "parts": inputs,
        "error": "",
        "message": "",
        "meaning": "",
        "filled": filled,
    }


def _printed(line: Line, how: str) -> str:
    """A line of the structure of a batch, with the names of its parts."""
    parts = {"padded": ("batch", "lengths", "labels"), "default": ("batch", "labels")}[how]
    names = {f"[{number}]": part for number, part in enumerate(parts)} if line.depth == 1 else {}
    name = names.get(line.name, line.name)
    return "  " * line.depth + (f"{name}: {line.text}" if name else line.text)


def parts(batch: Any, how: str) -> tuple[list[dict[str, Any]], bool]:
    """The first inputs of a batch for the view, and whether any were padded."""
    if not isinstance(batch, (list, tuple)) or not batch or not isinstance(batch[0], Tensor):
        return [], False
    inputs = batch[0]
    lengths = batch[1].tolist() if how == "padded" else [None] * len(inputs)
    filled = how == "padded" and not (batch[1] == torch.as_tensor(_full(inputs))).all().item()
    views: list[dict[str, Any]] = []
    for x, length in zip(inputs[:MOST], lengths, strict=False):
        if x.ndim == 1:
            own = len(x) if length is None else length
            views.append({**(numbers(x) or {}), "own": min(own, LONGEST)})
        elif x.ndim == 3:
            height, width = length or x.shape[1:]
            grey = pixels(x[:, :height, :width])
            if grey and max(x.shape[1:]) <= SIDE:
                own = [height, width]
                views.append({**grey, "height": x.shape[1], "width": x.shape[2], "own": own})
    return views, filled


def _full(inputs: Tensor) -> list[int] | int:
    """The length of an input without padding: (H, W) for pictures, L for sequences."""
    return list(inputs.shape[2:]) if inputs.ndim == 4 else inputs.shape[1]


def habits_list() -> str:
    """What default_collate does with each kind of sample, as Markdown."""
    lines = []
    for _kind, code, collated in habits():
        printed = (f"{line.name}: {line.text}" if line.name else line.text for line in collated.structure)
        lines.append(f"- `{code}` → `{'; '.join(printed) or f'{collated.error}: {collated.message}'}`")
    return "\n".join(lines)


def collate_part(inputs: list[Any], fetch: Callable[..., Any]) -> tuple[list[Any], View]:
    """Lay out and wire "collate_fn".

    inputs: components whose values `fetch` takes; it returns the samples [(x, y), ...] of the batch on
    screen.
    Returns the two choices (example, how) and the view, for a caller that refreshes it with `on_collate`.
    """
    gr.Markdown(WORDS)
    with gr.Row(equal_height=False):
        with gr.Column(min_width=280, scale=3):
            example = gr.Radio(EXAMPLES, value=SEQUENCES, label=_("Samples"), elem_id="collate-example")
        with gr.Column(min_width=280, scale=2):
            how = gr.Radio(HOWS, value="default", label="collate_fn", elem_id="collate-how")
    view = View(HERE / "collate", on_collate(None, SEQUENCES, "default"), elem_id="collate-view")

    def refresh(example: Any, how: Any, *values: Any) -> dict[str, Any]:
        return on_collate(fetch(*values) if example == SCREEN else None, example, how)

    gr.on([example.input, how.input], refresh, [example, how, *inputs], view, **UNQUEUED)
    with gr.Accordion(_("A collate_fn that pads, in PyTorch"), open=False):
        gr.Markdown(CODE)
    with gr.Accordion(_("default_collate and other types"), open=False):
        gr.Markdown(sentences(HABITS, habits_list(), between="\n"))
    return [example, how], view
