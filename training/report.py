"""What a trained network does with a set of labelled pictures, in numbers that a page can show.

`examine` runs the network once over a set. Everything else is arithmetic on what it found: the confusion
matrix, the accuracy of each class, the mistakes, and the samples with the highest loss.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOST_IN_CELL = 24
"""Wrong samples that are named for each cell of a confusion matrix, the most confident first."""
MOST_NAMED = 24
"""Samples in the lists of confident mistakes and of high losses."""
GLANCES = 12
MOST_FILTERS = 32
SMALL = 11 * 11
"""Filters of at most so many weights are told as numbers, too."""
SIDE = 28


@dataclass(frozen=True, eq=False)
class Examined:
    """One pass of a network over N labelled samples; tensors lie on the CPU.

    loss, accuracy: means over the samples. confusion: [true class][answer] -> number of samples.
    labels, predictions: (N,) int64. confidence: (N,) float32, probability of the answer. losses: (N,)
    float32, cross-entropy of each sample. Where a network gives numbers that are not finite, so are these.
    """

    loss: float
    accuracy: float
    confusion: list[list[int]]
    labels: Tensor
    predictions: Tensor
    confidence: Tensor
    losses: Tensor

    @property
    def wrong(self) -> Tensor:
        """Indices of the samples answered wrongly, the most confident first; ties by index."""
        wrong = (self.predictions != self.labels).nonzero().flatten()
        confidence = self.confidence[wrong].nan_to_num(0.0)
        return wrong[confidence.argsort(descending=True, stable=True)]


@torch.inference_mode()
def examine(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    loss_fn: Callable[[Tensor, Tensor], Tensor] | None = None,
    batch_size: int = 1000,
) -> Examined:
    """Run `model` over all samples in evaluation mode, which is put back after.

    inputs: (N, ...) as the network wants them, or uint8, which become float in [0, 1]; labels: (N,) int64.
    loss_fn: (logits (n, C), labels (n,)) -> mean loss, for `Examined.loss`; default cross-entropy. Raises
    ValueError with a sentence when there are no samples or as many labels as there are not inputs.
    """
    if len(inputs) != len(labels) or not len(labels):
        raise ValueError(f"There must be a label for each input: {len(inputs)} inputs, {len(labels)} labels.")
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total, found = 0.0, []
    try:
        for x, y in zip(inputs.split(batch_size), labels.split(batch_size), strict=True):
            x = x.float().div(255) if x.dtype == torch.uint8 else x
            logits, y = model(x.to(device)).float(), y.to(device)  # (n, C)
            confidence, answers = torch.softmax(logits, dim=1).max(dim=1)
            losses = F.cross_entropy(logits, y, reduction="none")
            mean = losses.mean() if loss_fn is None else loss_fn(logits, y)
            total += mean.item() * len(y)
            found.append((answers.cpu(), confidence.cpu(), losses.cpu()))
    finally:
        model.train(was_training)
    predictions, confidence, losses = (torch.cat(part) for part in zip(*found, strict=True))
    labels = labels.cpu()
    counts = confusion(labels, predictions, logits.shape[1])
    accuracy = int(counts.diagonal().sum()) / len(labels)
    return Examined(total / len(labels), accuracy, counts.tolist(), labels, predictions, confidence, losses)


def confusion(labels: Tensor, answers: Tensor, classes: int) -> Tensor:
    """(N,) true labels and (N,) answers -> (classes, classes) counts: row = true class, column = answer."""
    return torch.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)


def per_class(counts: list[list[int]]) -> list[dict[str, Any]]:
    """For each class of a confusion matrix {"samples", "right", "accuracy"}: the share of its samples that
    was answered rightly, None for a class without samples.
    """
    rows = [(sum(row), row[true]) for true, row in enumerate(counts)]
    return [
        {"samples": samples, "right": right, "accuracy": right / samples if samples else None}
        for samples, right in rows
    ]


def wrong_by_cell(examined: Examined, most: int = MOST_IN_CELL) -> list[dict[str, Any]]:
    """For each cell with mistakes {"label", "answer", "count", "indices", "confidence"}; of many mistakes the
    `most` most confident ones are named.
    """
    cells: dict[tuple[int, int], list[int]] = {}
    for index in examined.wrong.tolist():
        place = int(examined.labels[index]), int(examined.predictions[index])
        cells.setdefault(place, []).append(index)
    return [
        {
            "label": label,
            "answer": answer,
            "count": len(indices),
            "indices": indices[:most],
            "confidence": [plain(examined.confidence[index]) for index in indices[:most]],
        }
        for (label, answer), indices in sorted(cells.items())
    ]


def told(examined: Examined, indices: Tensor) -> list[dict[str, Any]]:
    """Those samples as {"index", "label", "answer", "confidence", "loss"}."""
    return [
        {
            "index": index,
            "label": int(examined.labels[index]),
            "answer": int(examined.predictions[index]),
            "confidence": plain(examined.confidence[index]),
            "loss": plain(examined.losses[index]),
        }
        for index in indices.tolist()
    ]


def highest_losses(examined: Examined, most: int = MOST_NAMED) -> Tensor:
    """Indices of the samples with the highest loss, in falling order; no number counts as the highest."""
    losses = examined.losses.nan_to_num(math.inf, posinf=math.inf)
    return losses.argsort(descending=True, stable=True)[:most]


def report(before: Examined, after: Examined, train: Examined | None = None) -> dict[str, Any]:
    """What a run has reached, ready for JSON.

    before, after: the network with its initial and with its trained weights on the same test set. train: the
    trained network on the training samples as they are, without augmentation; indices under "highest" count
    in these, all others in the test set.
    """
    return {
        "before": {"accuracy": before.accuracy, "loss": plain(before.loss)},
        "after": {"accuracy": after.accuracy, "loss": plain(after.loss)},
        "samples": len(after.labels),
        "confusion": after.confusion,
        "per_class": per_class(after.confusion),
        "wrong": wrong_by_cell(after),
        "confident": told(after, after.wrong[:MOST_NAMED]),
        "train": None if train is None else {"accuracy": train.accuracy, "loss": plain(train.loss)},
        "train_samples": 0 if train is None else len(train.labels),
        "highest": [] if train is None else told(train, highest_losses(train)),
    }


def snapshot(
    model: nn.Module, inputs: Tensor, labels: Tensor, examined: Examined | None = None
) -> dict[str, Any]:
    """What the page shows of one epoch, ready for JSON: {"loss", "accuracy", "confusion", "wrong", "filters",
    "glances"}, on the validation set `inputs`, `labels`; `examined` saves the pass when it is known already.
    """
    examined = examined or examine(model, inputs, labels)
    return {
        "loss": plain(examined.loss),
        "accuracy": examined.accuracy,
        "samples": len(examined.labels),
        "confusion": examined.confusion,
        "wrong": wrong_by_cell(examined),
        "filters": filters(model),
        "glances": glances(model, inputs, labels),
    }


# --- filters and glances ------------------------------------------------------------------------------------


@torch.no_grad()
def filters(model: nn.Module, most: int = MOST_FILTERS) -> dict[str, Any] | None:
    """The first layer's weights as pictures, ready for JSON; None for a network that has none to show.

    A convolution of grey pictures has one kernel a channel; a linear layer on 28x28 pixels has for each
    output one weight a pixel. {"name", "code", "kind": "kernels" or "weights", "count", "total", "height",
    "width", "largest", "pixels", "values"}: `pixels` is the base64 of count * height * width bytes, 128 for
    0, 255 for `largest` and 1 for -largest; `values` the numbers of small ones, else None. Largest is None
    and all is 128 when a weight is not finite.
    """
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d) and layer.in_channels == 1:
            weights, kind = layer.weight.squeeze(1), "kernels"  # (C_out, k, k)
        elif isinstance(layer, nn.Linear) and layer.in_features == SIDE * SIDE:
            weights, kind = layer.weight.reshape(-1, SIDE, SIDE), "weights"  # (out, 28, 28)
        else:
            continue
        weights = weights.detach().float().cpu()
        total, shown = len(weights), weights[:most]
        largest = shown.abs().max().item()
        finite = math.isfinite(largest)
        scaled = shown / largest * 127 if finite and largest > 0 else torch.zeros_like(shown)
        small = finite and shown[0].numel() <= SMALL
        return {
            "name": name,
            "code": f"{type(layer).__name__}({layer.extra_repr()})",
            "kind": kind,
            "count": len(shown),
            "total": total,
            "height": shown.shape[1],
            "width": shown.shape[2],
            "largest": plain(largest),
            "pixels": _base64((scaled.round() + 128).to(torch.uint8)),
            "values": [[[plain(one) for one in row] for row in kernel] for kernel in shown.tolist()]
            if small
            else None,
        }
    return None


def chosen(labels: Tensor) -> Tensor:
    """(N,) labels -> the indices of GLANCES samples, fixed for a set: the first of each class, then the
    second of each, and so on.
    """
    seen: dict[int, int] = {}
    ranked = []
    for index, label in enumerate(labels[: 200 * GLANCES].tolist()):
        seen[label] = turn = seen.get(label, -1) + 1
        ranked.append((turn, label, index))
    return torch.tensor([index for *_, index in sorted(ranked)[:GLANCES]], dtype=torch.int64)


@torch.inference_mode()
def glances(model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
    """What the network says about a few pictures that are the same in every epoch: for each {"index",
    "label", "probabilities"}, ready for JSON.
    """
    indices = chosen(labels)
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    x = inputs[indices.to(inputs.device)]
    x = x.float().div(255) if x.dtype == torch.uint8 else x
    shares = torch.softmax(model(x.to(device)).float(), dim=1).cpu()  # (GLANCES, C)
    model.train(was_training)
    return [
        {"index": index, "label": label, "probabilities": [plain(share) for share in row]}
        for index, label, row in zip(
            indices.tolist(), labels[indices.to(labels.device)].tolist(), shares.tolist(), strict=True
        )
    ]


def plain(value: float | Tensor) -> float | None:
    """A number with four digits, as JSON can hold it: None for what is not finite."""
    value = float(value)
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _base64(pixels: Tensor) -> str:
    return base64.b64encode(pixels.contiguous().numpy().tobytes()).decode("ascii")
