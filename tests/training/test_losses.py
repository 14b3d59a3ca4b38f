import math

import pytest
import torch
import torch.nn.functional as F

from training.config import LOSSES, TrainConfig
from training.losses import focal_loss, loss_function, measured_loss

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]])
LABELS = torch.tensor([0, 2])


def of_one(name, logits, right):
    """The loss of one sample in plain arithmetic."""
    p = math.exp(logits[right]) / sum(math.exp(z) for z in logits)
    pairs = [(z, float(c == right)) for c, z in enumerate(logits)]
    match name:
        case "cross-entropy":
            return -math.log(p)
        case "bce":
            return sum(math.log1p(math.exp(-z if target else z)) for z, target in pairs) / 3
        case "mse":
            return sum((z - target) ** 2 for z, target in pairs) / 3
        case "multi-margin":
            return sum(max(0.0, 1 - logits[right] + z) for z, target in pairs if not target) / 3
        case "focal":
            return -((1 - p) ** 2) * math.log(p)


def by_hand(name):
    """The mean loss of the two samples above."""
    return sum(map(of_one, [name] * 2, LOGITS.tolist(), LABELS.tolist())) / 2


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_is_that_of_its_formula(name):
    config = TrainConfig(loss=name)
    assert loss_function(config)(LOGITS, LABELS).item() == pytest.approx(by_hand(name), rel=1e-5)
    assert measured_loss(config)(LOGITS, LABELS).item() == pytest.approx(by_hand(name), rel=1e-5)


def test_label_smoothing_is_for_training_only():
    config = TrainConfig(label_smoothing=0.1)
    assert loss_function(config)(LOGITS, LABELS).item() == pytest.approx(
        F.cross_entropy(LOGITS, LABELS, label_smoothing=0.1).item()
    )
    assert measured_loss(config)(LOGITS, LABELS).item() == pytest.approx(by_hand("cross-entropy"))


def test_the_gradient_of_the_focal_loss_stays_finite_for_any_certainty():
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0, 0])).backward()
    assert logits.grad.isfinite().all()
