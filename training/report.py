"""What a trained network does with a set of labelled pictures, as numbers for the page.

`examine` runs the network once over a set. Everything else is arithmetic on its result: the confusion matrix,
the accuracy of each class, the mistakes, and the samples with the highest loss.
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
"""Most wrong samples that are listed for each cell of a confusion matrix, the most confident first."""
MOST_LISTED = 24
"""Most samples in the lists of confident mistakes and of high losses."""
GLANCES = 12
MOST_FILTERS = 32
SMALL = 11 * 11
"""Filters with at most so many weights are sent as numbers, too."""
SIDE = 28


@dataclass(frozen=True, eq=False)
class Examination:
    """One pass of a network over N labelled samples; tensors lie on the CPU.

    loss, accuracy: means over the samples. confusion: [true class][answer] -> number of samples.
    labels, predictions: (N,) int64. confidence: (N,) float32, probability of the answer. losses: (N,)
    float32, cross-entropy of each sample. If the network's numbers are not finite, neither are these.
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
) -> Examination:
    """Run `model` over all samples in evaluation mode; its former mode is restored.

    inputs: (N, ...) as the network takes them, or uint8, which become float in [0, 1]; labels: (N,) int64.
    loss_fn: (logits (n, C), labels (n,)) -> mean loss, for `Examination.loss`; default cross-entropy. Raises
    ValueError with a sentence when there are no samples, or not one label for each input.
    """
    if len(inputs) != len(labels) or not len(labels):
        raise ValueError(f"There must be a label for each input: {len(inputs)} inputs, {len(labels)} labels.")
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total, parts = 0.0, []
    try:
        for x, y in zip(inputs.split(batch_size), labels.split(batch_size), strict=True):
            x = x.float().div(255) if x.dtype == torch.uint8 else x
            logits, y = model(x.to(device)).float(), y.to(device)  # (n, C)
            confidence, answers = torch.softmax(logits, dim=1).max(dim=1)
            losses = F.cross_entropy(logits, y, reduction="none")
            mean = losses.mean() if loss_fn is None else loss_fn(logits, y)
            total += mean.item() * len(y)
            parts.append((answers.cpu(), confidence.cpu(), losses.cpu()))
    finally:
        model.train(was_training)
    predictions, confidence, losses = (torch.cat(part) for part in zip(*parts, strict=True))
    labels = labels.cpu()
    counts = confusion(labels, predictions, logits.shape[1])
    accuracy = int(counts.diagonal().sum()) / len(labels)
    return Examination(
        total / len(labels), accuracy, counts.tolist(), labels, predictions, confidence, losses
    )


def confusion(labels: Tensor, answers: Tensor, classes: int) -> Tensor:
    """(N,) true labels and (N,) answers -> (classes, classes) counts: row = true class, column = answer."""
    return torch.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)


def per_class(counts: list[list[int]]) -> list[dict[str, Any]]:
    """For each class of a confusion matrix {"samples", "right", "accuracy"}: the share of its samples
    that was answered correctly, None for a class without samples.
    """
    rows = [(sum(row), row[true]) for true, row in enumerate(counts)]
    return [
        {"samples": samples, "right": right, "accuracy": right / samples if samples else None}
        for samples, right in rows
    ]


def wrong_by_cell(examination: Examination, most: int = MOST_IN_CELL) -> list[dict[str, Any]]:
    """For each cell with mistakes {"label", "answer", "count", "indices", "confidence"}; at most the `most`
    most confident mistakes are listed.
    """
    cells: dict[tuple[int, int], list[int]] = {}
    for index in examination.wrong.tolist():
        place = int(examination.labels[index]), int(examination.predictions[index])
        cells.setdefault(place, []).append(index)
    return [
        {
            "label": label,
            "answer": answer,
            "count": len(indices),
            "indices": indices[:most],
            "confidence": [plain(examination.confidence[index]) for index in indices[:most]],
        }
        for (label, answer), indices in sorted(cells.items())
    ]


def describe(examination: Examination, indices: Tensor) -> list[dict[str, Any]]:
    """These samples as {"index", "label", "answer", "confidence", "loss"}."""
    return [
        {
            "index": index,
            "label": int(examination.labels[index]),
            "answer": int(examination.predictions[index]),
            "confidence": plain(examination.confidence[index]),
            "loss": plain(examination.losses[index]),
        }
        for index in indices.tolist()
    ]


def highest_losses(examination: Examination, most: int = MOST_LISTED) -> Tensor:
    """Indices of the samples with the highest loss, in descending order; NaN counts as the highest."""
    losses = examination.losses.nan_to_num(math.inf, posinf=math.inf)
    return losses.argsort(descending=True, stable=True)[:most]


def report(before: Examination, after: Examination, train: Examination | None = None) -> dict[str, Any]:
    """The results of a run, ready for JSON.

    before, after: the network with its initial and with its trained weights on the same test set. train: the
    trained network on the training samples without augmentation; indices under "highest" refer to these, all
    others to the test set.
    """
    return {
        "before": {"accuracy": before.accuracy, "loss": plain(before.loss)},
        "after": {"accuracy": after.accuracy, "loss": plain(after.loss)},
        "samples": len(after.labels),
        "confusion": after.confusion,
        "per_class": per_class(after.confusion),
        "wrong": wrong_by_cell(after),
        "confident": describe(after, after.wrong[:MOST_LISTED]),
        "train": None if train is None else {"accuracy": train.accuracy, "loss": plain(train.loss)},
        "train_samples": 0 if train is None else len(train.labels),
        "highest": [] if train is None else describe(train, highest_losses(train)),
    }


def snapshot(
    model: nn.Module, inputs: Tensor, labels: Tensor, examination: Examination | None = None
) -> dict[str, Any]:
    """What the page shows of one epoch, ready for JSON: {"loss", "accuracy", "confusion", "wrong", "filters",
    "glances"}, on the validation set `inputs`, `labels`; `examination` saves a pass over it.
    """
    examination = examination or examine(model, inputs, labels)
    return {
        "loss": plain(examination.loss),
        "accuracy": examination.accuracy,
        "samples": len(examination.labels),
        "confusion": examination.confusion,
        "wrong": wrong_by_cell(examination),
        "filters": filters(model),
        "glances": glances(model, inputs, labels),
    }


# --- filters and glances ------------------------------------------------------------------------------------


@torch.no_grad()
def filters(model: nn.Module, most: int = MOST_FILTERS) -> dict[str, Any] | None:
    """The first layer's weights as pictures, ready for JSON; None if they cannot be drawn so.

    A convolution of grey pictures has one kernel for each channel; a linear layer on 28x28 pixels has for
    each output one weight for each pixel. {"name", "code", "kind": "kernels" or "weights", "count", "total",
    "height", "width", "largest", "pixels", "values"}: `pixels` is the base64 of count * height * width bytes,
    128 for 0, 255 for `largest` and 1 for -largest; `values` the numbers of small ones, else None. If a
    weight is not finite, `largest` is None and every byte 128.
    """
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d) and layer.in_channels == 1:
            weights, kind = layer.weight.squeeze(1), "kernels"  # (C_out, k, k)
        elif isinstance(layer, nn.Linear) and layer.in_features == SIDE * SIDE:
            weights, kind = layer.weight.reshape(-1, SIDE, SIDE), "weights"  # (out, 28, 28)
        else:
            continue
        weights = weights.detach().float().cpu()
        total, weights = len(weights), weights[:most]
        largest = weights.abs().max().item()
        finite = math.isfinite(largest)
        scaled = weights / largest * 127 if finite and largest > 0 else torch.zeros_like(weights)
        small = finite and weights[0].numel() <= SMALL
        return {
            "name": name,
            "code": f"{type(layer).__name__}({layer.extra_repr()})",
            "kind": kind,
            "count": len(weights),
            "total": total,
            "height": weights.shape[1],
            "width": weights.shape[2],
            "largest": plain(largest),
            "pixels": _base64((scaled.round() + 128).to(torch.uint8)),
            "values": [[[plain(weight) for weight in row] for row in kernel] for kernel in weights.tolist()]
            if small
            else None,
        }
    return None


def choose_glances(labels: Tensor) -> Tensor:
    """(N,) labels -> the indices of GLANCES samples, always the same for a set: the first of each class, then
    the second of each, and so on.
    """
    turns: dict[int, int] = {}
    ranked = []
    for index, label in enumerate(labels[: 200 * GLANCES].tolist()):
        turns[label] = turn = turns.get(label, -1) + 1
        ranked.append((turn, label, index))
    return torch.tensor([index for *_, index in sorted(ranked)[:GLANCES]], dtype=torch.int64)


@torch.inference_mode()
def glances(model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
    """What the network answers for a few pictures, the same in every epoch: for each {"index", "label",
    "probabilities"}, ready for JSON.
    """
    indices = choose_glances(labels)
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
    """A number with four digits, ready for JSON: None for one that is not finite."""
    value = float(value)
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _base64(pixels: Tensor) -> str:
    return base64.b64encode(pixels.contiguous().numpy().tobytes()).decode("ascii")
