"""How strong the gradient of each layer is, and whether it vanishes or explodes.

norms = layer_gradients(model)      # right after loss.backward() or after a Step of the training loop
verdict = judge(norms)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from language import _

VANISHING = 1e-3
"""A layer learns when its share is at least this fraction of the largest share."""
EXPLODING = 10.0
"""A layer's share above this is exploding: at a learning rate of 0.1 one step is as large as the weights."""
RISEN = 10.0
"""A loss above this many times the first one has exploded: where the weights grow along with their gradients,
the shares do not show it."""


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
    """The condition of the gradients, and why."""

    kind: Literal["healthy", "vanishing", "exploding"]
    sentence: str


@torch.no_grad()
def layer_gradients(model: nn.Module) -> list[LayerGradient]:
    """The layers with a weight matrix or kernel, in the order of the network; 0 stands for no gradient.

    Biases and normalisation layers are left out: their weights may be 0, and then a share says nothing.
    """
    named = [(name, p) for name, p in model.named_parameters() if p.ndim > 1]
    if not named:
        return []
    lengths = [torch.linalg.vector_norm(p) for _name, p in named]
    lengths += [torch.zeros_like(n) if p.grad is None else torch.linalg.vector_norm(p.grad)
                for (_name, p), n in zip(named, lengths, strict=True)]  # fmt: skip
    numbers = torch.stack(lengths).float().tolist()  # one wait for the device, not one a layer
    return [
        LayerGradient(name.rpartition(".")[0] or name, gradient, weights)
        for (name, _p), weights, gradient in zip(named, numbers, numbers[len(named) :], strict=False)
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
        sentence = _("The gradient of {layer} is no longer a finite number.")
        return Verdict("exploding", sentence.format(layer=broken))
    if largest.share > EXPLODING:
        sentence = _(
            "The gradient of {layer} is {times} times as long as its weights: a step with it throws away what"
            " they have learned. Try a smaller learning rate."
        )
        return Verdict("exploding", sentence.format(layer=largest.name, times=f"{largest.share:.3g}"))
    if first is not None and loss is not None and loss > RISEN * first > 0:
        sentence = _(
            "The loss is {loss}, and at the first step it was {first}: gradients and weights grow together."
        )
        return Verdict("exploding", sentence.format(loss=f"{loss:.3g}", first=f"{first:.3g}"))
    if largest.gradient == 0:
        return Verdict("vanishing", _("All gradients are 0: no weight will change."))
    smallest = min(layers, key=lambda layer: layer.share)
    if smallest.share == 0:
        sentence = _(
            "Measured by its weights, {layer} does not learn at all: its gradient vanishes on the way back"
            " through the layers."
        )
        return Verdict("vanishing", sentence.format(layer=smallest.name))
    if smallest.share < VANISHING * largest.share:
        sentence = _(
            "Measured by its weights, {layer} learns {times} times slower than {other}: its gradient vanishes"
            " on the way back through the layers."
        )
        times = rounded(largest.share / smallest.share)
        return Verdict("vanishing", sentence.format(layer=smallest.name, times=times, other=largest.name))
    return Verdict("healthy", _("The gradient reaches every layer, and none is too large for its weights."))


def rounded(times: float) -> str:
    """A large number in words that are quickly read: "2,300", "96 million", "more than a billion"."""
    if times >= 1e9:
        return _("more than a billion")
    if times >= 1e6:
        millions = f"{times / 1e6:.2g}" if times < 1e8 else f"{times / 1e6:.0f}"
        return _("{n} million").format(n=millions)
    return f"{float(f'{times:.2g}'):,.0f}"
