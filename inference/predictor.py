"""From a checkpoint and a 28x28 picture to an answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from language import _
from models.checkpoint import Card, load
from models.fashion_cnn import strangeness
from settings import CHECKPOINTS, pick_device


@dataclass(frozen=True)
class Answer:
    """What the network says about one picture.

    probabilities: shares that add up to 1, in the order of the classes: softmax of their logits.
    logits: all numbers the network put out, the classes first.
    strangeness: 0 (a garment like those in training) to 1 (anything else); 0 if the network was not trained
        to tell.
    unlike: whether the strangeness is above the threshold on the checkpoint's card.
    """

    probabilities: tuple[float, ...]
    logits: tuple[float, ...]
    strangeness: float
    unlike: bool

    @property
    def best(self) -> int:
        """Label of the largest probability."""
        return int(np.argmax(self.probabilities))


class Predictor:
    """A trained network and the constants it was trained with. Safe to share between threads.

    A card with a threshold `strange_above` says that the last logit stands for "none of the classes".
    """

    def __init__(self, model: nn.Module, card: Card):
        self.model: Any = model  # of the class that the card names
        self.card = card
        self.tells_strange = "strange_above" in card.metrics
        self.classes = tuple(card.classes[:-1] if self.tells_strange else card.classes)
        self.device = next(model.parameters()).device
        self.threshold = float(card.metrics.get("strange_above", 1.0))

    @classmethod
    def load(
        cls, name: str = "fashion", device: torch.device | None = None, folder: Path = CHECKPOINTS
    ) -> Predictor:
        """The shipped network. Raises CheckpointError with a sentence when it is missing or damaged."""
        return cls(*load(folder, name, device or pick_device()))

    def normalised(self, pixels: np.ndarray) -> Tensor:
        """(28, 28) or (N, 28, 28) uint8 -> (N, 1, 28, 28) float32 on the network's device.

        Each value becomes (value / 255 - mean) / std.

        Raises ValueError for another shape or dtype.
        """
        pixels = np.asarray(pixels)
        if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[-2:] != (28, 28):
            sentence = _("The network reads 28x28 pictures of uint8, not {dtype} {shape}.")
            raise ValueError(sentence.format(dtype=pixels.dtype, shape=pixels.shape))
        x = torch.tensor(pixels, device=self.device).reshape(-1, 1, 28, 28).float() / 255
        return (x - self.card.mean) / self.card.std

    @torch.inference_mode()
    def predict(self, pixels: np.ndarray) -> Answer:
        """The answer for one (28, 28) uint8 picture with a bright garment on 0."""
        logits = self.model(self.normalised(pixels))[:1].float().cpu()  # (1, classes), or one more
        probabilities = torch.softmax(logits[0, : len(self.classes)], dim=0)
        strange = float(strangeness(logits)) if self.tells_strange else 0.0
        return Answer(
            tuple(probabilities.tolist()), tuple(logits[0].tolist()), strange, strange > self.threshold
        )

    @torch.inference_mode()
    def probabilities(self, x: Tensor) -> Tensor:
        """(N, 1, 28, 28) normalised -> (N, classes), each row adding up to 1."""
        return torch.softmax(self.model(x)[:, : len(self.classes)].float(), dim=1)
