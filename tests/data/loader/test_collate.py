"""From samples to a batch: torch's default_collate as it is, and the padding one."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, default_collate

from data.loader.collate import Collated, Line, describe, habits, padded, text_of, try_collate

SEQUENCES = [(torch.tensor([4, 9]), 0), (torch.tensor([7, 1, 3]), 1), (torch.tensor([6]), 1)]


def test_sequences_are_filled_up_with_zeros_at_the_end():
    batch, lengths, labels = padded(SEQUENCES)
    assert batch.tolist() == [[4, 9, 0], [7, 1, 3], [6, 0, 0]]
    assert lengths.tolist() == [2, 3, 1]
    assert labels.tolist() == [0, 1, 1] and labels.dtype == torch.int64


def test_sequences_of_vectors_are_padded_whole_steps_at_a_time():
    batch, lengths, _ = padded([(torch.ones(2, 3), 0), (torch.ones(4, 3), 1)])
    assert batch.shape == (2, 4, 3) and lengths.tolist() == [2, 4]
    assert batch.sum().item() == 18 and batch[0, 2:].eq(0).all()


def test_pictures_are_padded_on_the_right_and_at_the_bottom():
    first, second = torch.rand(3, 5, 4) + 1, torch.rand(3, 2, 6) + 1
    batch, sizes, _ = padded([(first, 0), (second, 1)])
    assert batch.shape == (2, 3, 5, 6) and sizes.tolist() == [[5, 4], [2, 6]]
    # by hand, without F.pad
    by_hand = torch.zeros(2, 3, 5, 6)
    by_hand[0, :, :5, :4], by_hand[1, :, :2, :6] = first, second
    assert batch.equal(by_hand)


def test_equal_pictures_are_what_default_collate_makes_of_them():
    samples = [(torch.rand(1, 4, 4), n) for n in range(3)]
    batch, _, labels = padded(samples)
    expected, expected_labels = default_collate(samples)
    assert batch.equal(expected) and labels.equal(expected_labels)


def test_a_data_loader_takes_it():
    batches = list(DataLoader(SEQUENCES, batch_size=2, collate_fn=padded))
    assert [tuple(x.shape) for x, _, _ in batches] == [(2, 3), (1, 1)]


@pytest.mark.parametrize(
    ("samples", "error", "words"),
    [
        ([], ValueError, "at least one"),
        ([(Image.new("L", (3, 3)), 0)], TypeError, "input 0 is a Image"),
        ([(torch.ones(3), 0), ([1, 2], 0)], TypeError, "input 1 is a list"),
        ([(torch.ones(3), 0), (torch.ones(1, 3, 3), 0)], ValueError, "all of one kind"),
        ([(torch.tensor(1.0), 0)], ValueError, "all of one kind"),
    ],
)
def test_what_cannot_be_padded_gives_an_error(samples, error, words):
    with pytest.raises(error, match=words):
        padded(samples)
    result = try_collate(samples, padded)
    assert (
        result.error == error.__name__ and words in result.message and result.meaning and result.batch is None
    )


def test_the_error_of_stack_is_torchs_own():
    samples = [(torch.ones(1, 5, 4), 1), (torch.ones(1, 3, 6), 0)]
    with pytest.raises(RuntimeError) as raised:
        torch.stack([x for x, _ in samples])
    result = try_collate(samples)
    assert (result.error, result.message) == ("RuntimeError", str(raised.value))
    assert "different shapes" in result.meaning


@pytest.mark.parametrize(
    ("samples", "collate", "meaning"),
    [
        ([(Image.new("L", (3, 3)), 0)], default_collate, "ToTensor"),
        ([(torch.ones(2), None)], default_collate, "knows tensors, arrays"),
        ([(torch.ones(2), "shirt")], padded, "labels must be numbers"),
        ([(torch.ones(2, 3), 0), (torch.ones(2, 4), 0)], padded, "only in length"),
        ([(torch.ones(1),)], padded, "does not fit"),
    ],
)
def test_each_error_is_explained(samples, collate, meaning):
    result = try_collate(samples, collate)
    assert result.error and result.message and meaning in result.meaning and result.structure == ()


def test_the_structure_of_a_batch_has_shapes_and_types():
    samples = [({"x": torch.zeros(1, 28, 28), "name": "a"}, n, 0.5) for n in range(9)]
    result = try_collate(samples)
    names = ", ".join(["'a'"] * 9)
    assert result.structure == (
        Line(0, "", "list of 3"),
        Line(1, "[0]", "dict of 2"),
        Line(2, "'x'", "tensor (9, 1, 28, 28) float32"),
        Line(2, "'name'", f"list of 9 strings: {names}"),
        Line(1, "[1]", "tensor (9,) int64"),
        Line(1, "[2]", "tensor (9,) float64"),
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.tensor([1.0, 2.5]), "tensor (2,) float32: 1, 2.5"),
        (torch.tensor(3), "tensor () int64: 3"),
        (torch.zeros(0), "tensor (0,) float32"),
        (np.zeros((2, 3), np.uint8), "array (2, 3) uint8"),
        (Image.new("RGB", (5, 3)), "PIL image 5 × 3, mode RGB"),
        (True, "bool True"),
        ("x" * 100, "str '" + "x" * 58 + "…"),
        (object(), "object"),
    ],
)
def test_values_are_printed_briefly(value, text):
    assert text_of(value) == text
    assert describe(value) == [Line(0, "", text)]


def test_the_habits_of_default_collate_are_those_of_their_code():
    for name, code, result in habits():
        x0 = x1 = torch.zeros(1, 28, 28)
        again = try_collate(eval(code, {"x0": x0, "x1": x1}))
        assert isinstance(result, Collated) and again.structure == result.structure, name
        assert again.message == result.message and bool(result.error) == (name == "None")
