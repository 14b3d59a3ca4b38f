"""Labels of tables: what is missing, what differs, what is a class and what is a number to predict."""

from __future__ import annotations

import pytest

from data.own.labels import in_order
from tests.data.own.test_tables import refused, table


def test_classes_that_are_numbers_are_ordered_by_value():
    result = table("a,digit\n0,10\n0,9\n0,-1\n0,9.0\n0,+10\n")
    assert result.classes == ("-1", "9", "10") and result.labels.tolist() == [2, 1, 0, 1, 2]


def test_two_numbers_are_binary_whatever_they_are():
    result = table("a,b\n1,2.5\n2,-1\n3,2.50\n")
    assert result.classes == ("-1", "2.5") and result.labels.tolist() == [[1], [0], [1]]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ("007 7 007", ("007", "7")),
        ("89111702272002019550 89111702272002019551", ("89111702272002019550", "89111702272002019551")),
        ("10000000000000000001 2 3", ("2", "3", "10000000000000000001")),
        ("1e-400 0 1e-99999999999999999999", ("0", "1e-400", "1e-99999999999999999999")),
        ("0.1 0.10 0.2", ("0.1", "0.2")),
        ("+ - +", ("+", "-")),
        ("None unknown None", ("None", "unknown")),
    ],
)
def test_different_labels_stay_different(labels, classes):
    result = table("a,y\n" + "".join(f"1,{label}\n" for label in labels.split()))
    assert result.classes == classes
    assert len(set(result.targets.tolist())) == len(classes)


@pytest.mark.parametrize("mark", ["NA", "NaN", "nan", "?", "n/a", "#N/A", "<NA>", "NULL", "null", "-"])
def test_a_missing_label_is_refused_by_row_and_column(mark):
    for other in ("0", "b"):
        sentence = refused(f"h,y\n1,{other}\n2,1\n3,{mark}\n4,{other}\n")
        assert f'row 4, column "y": "{mark}" means that the label is missing' in sentence


def test_minus_zero_is_zero():
    result = table("a,y\n1,-0\n2,1\n3,0\n")
    assert result.classes == ("0", "1") and result.labels.tolist() == [[0], [1], [0]]


def test_numbers_with_decimals_are_predicted():
    result = table("a,price\n1,2.5\n2,-1\n3,4\n")
    assert result.labels.tolist() == [[2.5], [-1], [4]] and result.classes == ()
    assert result.targets.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("count", "classes"), [(50, 50), (51, 0)])
def test_many_whole_numbers_are_predicted(count, classes):
    result = table("a,y\n" + "".join(f"1,{i}\n" for i in range(count)))
    assert len(result.classes) == classes
    expected = list(range(count)) if classes else [[i] for i in range(count)]
    assert result.labels.tolist() == expected


def test_order_of_classes():
    assert in_order(["10", "9", "1"]) == ["1", "9", "10"]
    assert in_order(["b", "A", "c", "10"]) == ["10", "A", "b", "c"]
