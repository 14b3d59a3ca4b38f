"""The report on a trained network: each number against a count by hand or another computation."""

from __future__ import annotations

import base64
import json
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from models.registry import build
from training import report as room


class Told(nn.Module):
    """A network that answers what its inputs say: inputs (N, C) are the logits."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return x * self.scale


LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 2])
LOGITS = torch.tensor(
    [[3, 0, 0], [2.0, 1, 0], [0, 0, 4], [0, 5, 0], [0, 2, 0], [0.5, 0, 0], [0, 0, 1]], dtype=torch.float32
)


@pytest.fixture
def examination() -> room.Examination:
    return room.examine(Told(), LOGITS, LABELS, batch_size=3)


def test_a_confusion_matrix_is_a_count_by_hand(examination):
    assert examination.confusion == [[1, 1, 0], [1, 1, 0], [1, 0, 2]]
    assert examination.accuracy == 4 / 7
    assert examination.predictions.tolist() == [0, 0, 2, 1, 1, 0, 2]


def test_losses_and_confidence_are_those_of_the_formulas(examination):
    for n, (row, label) in enumerate(zip(LOGITS.tolist(), LABELS.tolist(), strict=True)):
        shares = [math.exp(value) / sum(map(math.exp, row)) for value in row]
        assert examination.losses[n].item() == pytest.approx(-math.log(shares[label]), rel=1e-5)
        assert examination.confidence[n].item() == pytest.approx(max(shares), rel=1e-5)
    assert examination.loss == pytest.approx(F.cross_entropy(LOGITS, LABELS).item(), rel=1e-6)


def test_another_loss_is_averaged_over_samples_and_not_over_batches():
    def squares(logits, labels):
        return (logits - F.one_hot(labels, 3)).square().mean()

    result = room.examine(Told(), LOGITS, LABELS, squares, batch_size=3)
    assert result.loss == pytest.approx(squares(LOGITS, LABELS).item(), rel=1e-6)


def test_confusion_agrees_with_loops_on_many_labels():
    generator = torch.Generator().manual_seed(0)
    labels, answers = torch.randint(0, 10, (2, 3000), generator=generator)
    by_hand = [[0] * 10 for _ in range(10)]
    for label, answer in zip(labels.tolist(), answers.tolist(), strict=True):
        by_hand[label][answer] += 1
    assert room.confusion(labels, answers, 10).tolist() == by_hand


def test_each_class_has_its_share_and_an_absent_one_none():
    assert room.per_class([[3, 1, 0], [0, 0, 0], [1, 1, 6]]) == [
        {"samples": 4, "right": 3, "accuracy": 0.75},
        {"samples": 0, "right": 0, "accuracy": None},
        {"samples": 8, "right": 6, "accuracy": 0.75},
    ]


def test_mistakes_are_named_the_most_confident_first(examination):
    assert examination.wrong.tolist() == [3, 1, 5]
    cells = room.wrong_by_cell(examination)
    assert [(cell["label"], cell["answer"], cell["indices"]) for cell in cells] == [
        (0, 1, [3]), (1, 0, [1]), (2, 0, [5]),
    ]  # fmt: skip
    assert sum(cell["count"] for cell in cells) == sum(map(sum, examination.confusion)) - 4


def test_a_cell_with_many_mistakes_names_some_and_counts_all():
    logits = torch.stack([torch.arange(40.0), torch.zeros(40)], dim=1) + torch.tensor([0.5, 0.0])
    result = room.examine(Told(), logits, torch.ones(40, dtype=torch.int64))
    (cell,) = room.wrong_by_cell(result, most=5)
    # where the logits are far apart float32 has the same confidence, 1, for all, and the index decides
    assert cell["count"] == 40 and len(cell["indices"]) == 5 and set(cell["confidence"]) == {1.0}


def test_the_highest_losses_come_first_and_nan_counts_as_highest(examination):
    order = sorted(range(7), key=lambda n: -examination.losses[n].item())
    assert room.highest_losses(examination, 4).tolist() == order[:4]
    broken = room.examine(Told(), torch.tensor([[9.0, 0], [math.nan, 0], [0, 3.0]]), torch.tensor([1, 0, 1]))
    assert room.highest_losses(broken, 2).tolist() == [1, 0]


def test_a_report_of_a_diverged_network_is_valid_json():
    lost = room.examine(Told(), torch.full((4, 3), math.nan), torch.tensor([0, 1, 2, 2]))
    payload = room.report(lost, lost, lost)
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload
    assert payload["after"]["loss"] is None and payload["highest"][0]["loss"] is None


def test_a_report_has_the_accuracy_before_and_after(examination):
    before = room.examine(Told(), -LOGITS, LABELS)
    payload = room.report(before, examination, examination)
    assert payload["before"]["accuracy"] == before.accuracy and payload["after"]["accuracy"] == 4 / 7
    assert payload["samples"] == payload["train_samples"] == 7
    assert [entry["index"] for entry in payload["confident"]] == [3, 1, 5]
    assert [entry["index"] for entry in payload["highest"]] == room.highest_losses(examination).tolist()
    assert payload["confident"][0] == {
        "index": 3, "label": 0, "answer": 1, "confidence": 0.9867, "loss": 5.013,
    }  # fmt: skip
    without = room.report(before, examination)
    assert without["train"] is None and without["highest"] == []


@pytest.mark.parametrize("inputs, labels", [(LOGITS, LABELS[:3]), (LOGITS[:0], LABELS[:0])])
def test_no_samples_or_missing_labels_are_refused(inputs, labels):
    with pytest.raises(ValueError, match="a label for each input"):
        room.examine(Told(), inputs, labels)


def test_examining_uses_evaluation_mode_and_restores_the_old_one():
    model = build("mlp", seed=0, dropout=0.5).train()
    x, y = torch.rand(50, 1, 28, 28, generator=torch.Generator().manual_seed(0)), torch.arange(50) % 10
    first, second = room.examine(model, x, y), room.examine(model, x, y)
    assert torch.equal(first.losses, second.losses) and model.training
    model.eval()
    assert first.predictions.tolist() == model(x).argmax(1).tolist()
    room.glances(model, x, y)
    room.examine(model, x, y)
    assert not model.training


def test_bytes_are_scaled_to_one():
    x = torch.randint(0, 256, (6, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    model = build("softmax_regression", seed=0)
    y = torch.arange(6)
    assert torch.equal(room.examine(model, x, y).losses, room.examine(model, x.float() / 255, y).losses)


# --- filters and glances ------------------------------------------------------------------------------------


def decoded(result: dict) -> torch.Tensor:
    """The weights that the picture's bytes stand for."""
    data = torch.frombuffer(bytearray(base64.b64decode(result["pixels"])), dtype=torch.uint8).float()
    return (data.reshape(result["count"], result["height"], result["width"]) - 128) / 127 * result["largest"]


@pytest.mark.parametrize(
    "name, layer, kind",
    [
        ("tutorial_cnn", "block1.0", "kernels"),
        ("lenet5", "conv1", "kernels"),
        ("fashion_cnn", "stem.0", "kernels"),
        ("inception", "conv", "kernels"),
        ("residual", "conv1", "kernels"),
        ("softmax_regression", "linear", "weights"),
        ("mlp", "hidden", "weights"),
    ],
)
def test_filters_are_the_weights_of_the_first_layer(name, layer, kind):
    model = build(name, seed=0)
    result = room.filters(model)
    assert result["name"] == layer and result["kind"] == kind
    weights = model.get_submodule(layer).weight.detach()
    expected_weights = weights.reshape(len(weights), result["height"], result["width"])[: result["count"]]
    assert result["total"] == len(weights) and result["count"] == min(len(weights), room.MOST_FILTERS)
    assert result["largest"] == pytest.approx(expected_weights.abs().max().item(), rel=1e-3)
    assert torch.allclose(decoded(result), expected_weights, atol=result["largest"] / 127 * 0.6)
    if kind == "kernels":
        assert torch.allclose(torch.tensor(result["values"]), expected_weights, rtol=1e-3)
    else:
        assert result["values"] is None and (result["height"], result["width"]) == (28, 28)
    assert len(json.dumps(result, allow_nan=False)) < 60_000


def test_filters_of_nan_or_zeros_are_flat():
    model = build("softmax_regression", seed=0)
    for value, largest in ((math.nan, None), (0.0, 0.0)):
        nn.init.constant_(model.linear.weight, value)
        result = room.filters(model)
        assert result["largest"] == largest
        assert set(base64.b64decode(result["pixels"])) == {128}


def test_a_network_without_pictures_has_no_filters():
    assert room.filters(nn.Linear(4, 2)) is None


def test_glances_are_a_fixed_dozen_with_every_class_in_it():
    labels = torch.tensor([5, 5, 5, *range(10), 0, 1, 2])
    indices = room.choose_glances(labels)
    assert indices.tolist() == [3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14]
    model = build("softmax_regression", seed=0)
    x = torch.rand(len(labels), 1, 28, 28, generator=torch.Generator().manual_seed(2))
    glances = room.glances(model, x, labels)
    assert [entry["index"] for entry in glances] == indices.tolist()
    assert [entry["label"] for entry in glances] == labels[indices].tolist()
    expected = torch.softmax(model(x[indices]), dim=1)
    assert torch.allclose(torch.tensor([entry["probabilities"] for entry in glances]), expected, atol=1e-4)


def test_of_few_pictures_all_are_glances():
    assert sorted(room.choose_glances(torch.tensor([3, 3, 1])).tolist()) == [0, 1, 2]


def test_a_snapshot_is_json_and_agrees_with_one_pass():
    model = build("lenet5", seed=0)
    x = torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    y = torch.arange(60) % 10
    payload = room.snapshot(model, x, y)
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload
    result = room.examine(model, x, y)
    assert payload["confusion"] == result.confusion and payload["accuracy"] == result.accuracy
    assert payload == room.snapshot(model, x, y, result)
