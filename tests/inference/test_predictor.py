import dataclasses

import numpy as np
import pytest
import torch

from inference.predictor import Predictor
from models.checkpoint import Card
from models.registry import build


@pytest.fixture
def predictor():
    model = build("fashion_cnn", seed=0, classes=11, widths=(4, 4, 4, 4)).eval()
    card = Card(
        architecture="fashion_cnn", arguments={}, classes=[f"class {n}" for n in range(11)],
        input_size=[1, 28, 28], mean=0.25, std=0.5, command="", data="", seed=0, epochs=0,
        metrics={"strange_above": 0.2},
    )  # fmt: skip
    return Predictor(model, card)


@pytest.fixture
def pixels():
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 8:20] = np.arange(12) * 10 + 100
    return picture


def test_probabilities_are_the_softmax_of_the_ten_garment_logits(predictor, pixels):
    answer = predictor.predict(pixels)
    x = (torch.from_numpy(pixels).float() / 255 - 0.25) / 0.5
    logits = predictor.model(x.view(1, 1, 28, 28))[0].detach()
    exponents = np.exp(logits.double().numpy())
    assert answer.logits == pytest.approx(logits.tolist(), abs=1e-5)
    assert answer.probabilities == pytest.approx(exponents[:10] / exponents[:10].sum(), abs=1e-6)
    assert answer.strangeness == pytest.approx(exponents[10] / exponents.sum(), abs=1e-6)
    assert answer.best == int(exponents[:10].argmax())
    assert len(predictor.classes) == 10


def test_the_warning_comes_above_the_threshold_of_the_card(predictor, pixels):
    with torch.no_grad():
        predictor.model.head.weight[10] = 0
        for bias, unlike in ((-20.0, False), (20.0, True)):
            predictor.model.head.bias[10] = bias
            assert predictor.predict(pixels).unlike is unlike


def test_without_a_threshold_every_logit_is_a_class(predictor, pixels):
    card = dataclasses.replace(predictor.card, metrics={})
    every = Predictor(predictor.model, card)
    answer = every.predict(pixels)
    assert len(every.classes) == len(answer.probabilities) == 11
    exponents = np.exp(np.array(answer.logits))
    assert answer.probabilities == pytest.approx(exponents / exponents.sum(), abs=1e-6)
    assert answer.strangeness == 0 and not answer.unlike
    both = every.probabilities(every.normalised(np.stack([pixels, pixels])))
    assert both.shape == (2, 11) and both[0].tolist() == pytest.approx(answer.probabilities, abs=1e-6)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((28, 28)), np.zeros((28, 27), np.uint8), np.zeros((1, 1, 28, 28), np.uint8),
        np.zeros(784, np.uint8), [[0]], None,
    ],
)  # fmt: skip
def test_anything_but_28x28_bytes_is_refused(predictor, bad):
    with pytest.raises(ValueError, match="28x28 pictures of uint8"):
        predictor.predict(bad)
