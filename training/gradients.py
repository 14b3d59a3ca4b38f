"""How strongly each layer is told to change, and whether that is healthy: vanishing and exploding gradients.

norms = layer_gradients(model)      # right after loss.backward() or after a Step of the training loop
verdict = judge(norms)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

VANISHING = 1e-3
"""A layer learns when its share is at least this part of the largest layer's share."""
EXPLODING = 10.0
"""A layer's share above this is exploding: at a learning rate of 0.1 one step is as large as the weights."""
RISEN = 10.0
"""A loss above this many times the first one has exploded: weights that grow along with their gradients
leave the shares as they were."""


@dataclass(frozen=True)
class LayerGradient:
    """One weight matrix or kernel: the length of its gradient and of the weights themselves, as vectors."""

    name: str
    """Of the layer, as in `model.named_modules()`."""
    gradient: float
    weights: float

    @property
    def share(self) -> float:
        """Gradient over weights: how large a step with learning rate 1 would be, the weights being 1."""
        if self.gradient == 0:
            return 0.0
        return self.gradient / self.weights if self.weights else math.inf


@dataclass(frozen=True)
class Verdict:
    """What the gradients look like, and a sentence that says why."""

    kind: Literal["healthy", "vanishing", "exploding"]
    said: str


@torch.no_grad()
def layer_gradients(model: nn.Module) -> list[LayerGradient]:
    """The layers with a weight matrix or kernel, in the order of the network; one without a gradient has 0.

    Biases and normalisation layers are left out: their weights may be 0, and then a share says nothing.
    """
    named = [(name, p) for name, p in model.named_parameters() if p.ndim > 1]
    if not named:
        return []
    lengths = [torch.linalg.vector_norm(p) for _, p in named]
    lengths += [torch.zeros_like(n) if p.grad is None else torch.linalg.vector_norm(p.grad)
                for (_, p), n in zip(named, lengths, strict=True)]  # fmt: skip
    numbers = torch.stack(lengths).float().tolist()  # one wait for the device, not one a layer
    return [
        LayerGradient(name.rpartition(".")[0] or name, gradient, weights)
        for (name, _), weights, gradient in zip(named, numbers, numbers[len(named) :], strict=False)
    ]


def judge(layers: list[LayerGradient], first: float | None = None, loss: float | None = None) -> Verdict:
    """Exploding: a gradient is no finite number, a layer's share is above EXPLODING, or the loss above RISEN
    times that of the `first` step. Vanishing: all gradients are 0, or a layer's share is below VANISHING
    times the largest one. Healthy: neither.

    Raises ValueError without layers.
    """
    if not layers:
        raise ValueError("There is no layer with weights to judge.")
    largest = max(layers, key=lambda layer: layer.share if math.isfinite(layer.share) else math.inf)
    if not all(math.isfinite(layer.gradient) for layer in layers):
        broken = next(layer.name for layer in layers if not math.isfinite(layer.gradient))
        return Verdict("exploding", f"The gradient of {broken} is no finite number any more.")
    if largest.share > EXPLODING:
        return Verdict(
            "exploding",
            f"The gradient of {largest.name} is {largest.share:.3g} times as long as its weights: a step"
            " with it throws away what they have learned. Try a smaller learning rate.",
        )
    if first is not None and loss is not None and loss > RISEN * first > 0:
        return Verdict(
            "exploding",
            f"The loss is {loss:.3g}, at the first step it was {first:.3g}: gradients and weights grow"
            " together.",
        )
    if largest.gradient == 0:
        return Verdict("vanishing", "All gradients are 0: no weight is told to change.")
    smallest = min(layers, key=lambda layer: layer.share)
    if smallest.share < VANISHING * largest.share:
        how = "not at all"
        if smallest.share:
            how = f"{rounded(largest.share / smallest.share)} times slower than {largest.name}"
        return Verdict(
            "vanishing",
            f"Measured by its weights, {smallest.name} learns {how}: its gradient vanishes on the way back"
            " through the layers.",
        )
    return Verdict("healthy", "The gradient reaches every layer, and none is larger than its weights bear.")


def rounded(times: float) -> str:
    """A large number in words that are quickly read: "2,300", "96 million", "more than a billion"."""
    if times >= 1e9:
        return "more than a billion"
    if times >= 1e6:
        return f"{times / 1e6:.2g} million" if times < 1e8 else f"{times / 1e6:.0f} million"
    return f"{float(f'{times:.2g}'):,.0f}"
