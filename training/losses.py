"""The losses by name: how wrong the answers of a batch are, as one number."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import LOSSES, TrainConfig

Loss = Callable[[Tensor, Tensor], Tensor]
"""(logits (N, C) float, labels (N,) int64) -> mean loss, a scalar."""
FOCUS = 2.0
"""The exponent of the focal loss."""


def loss_function(config: TrainConfig) -> Loss:
    """The loss named in `config`, which training minimises.

    - cross-entropy: -log of the probability that softmax gives to the right class.
    - bce: each logit answers yes or no for its class, through a sigmoid; the mean over the classes.
    - mse: the mean square of logits less the target, which is 1 for the right class and 0 for the others.
    - multi-margin: how far each wrong logit is above the right one less 1, summed over the wrong ones and
      divided by the number of classes.
    - focal: cross-entropy times (1 - p)**2, p the probability of the right class (Lin et al., "Focal Loss
      for Dense Object Detection", arXiv 1708.02002).
    """
    if config.loss == "cross-entropy":
        smoothing = config.label_smoothing
        return lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=smoothing)
    return _named(config.loss)


def measured_loss(config: TrainConfig) -> Loss:
    """The same for measuring: without label smoothing."""
    return F.cross_entropy if config.loss == "cross-entropy" else _named(config.loss)


def _named(name: str) -> Loss:
    match name:
        case "bce":
            return lambda logits, labels: F.binary_cross_entropy_with_logits(logits, _one_hot(logits, labels))
        case "mse":
            return lambda logits, labels: F.mse_loss(logits, _one_hot(logits, labels))
        case "multi-margin":
            return F.multi_margin_loss
        case "focal":
            return focal_loss
    raise ValueError(f"loss must be one of {', '.join(LOSSES)}, not {name!r}.")


def _one_hot(logits: Tensor, labels: Tensor) -> Tensor:
    """(N,) -> (N, C): 1 for the right class, 0 for the others."""
    return F.one_hot(labels, logits.shape[1]).to(logits.dtype)


def focal_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy in which samples with the right answer count less: the mean of -(1 - p)**2 log p."""
    log_p = -F.cross_entropy(logits, labels, reduction="none")  # (N,)
    return (-((1 - torch.exp(log_p)) ** FOCUS) * log_p).mean()
