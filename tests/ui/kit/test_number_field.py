"""A field for a number: what arrives from the browser, whatever that is."""

from __future__ import annotations

import pytest

from ui.kit.number_field import NumberField


@pytest.mark.parametrize(
    ("whole", "sent", "received"),
    [
        (False, 0.05, 0.05), (False, "0,05", 0.05), (False, "−1,5", -1.5), (False, "1,234", "1,234"),
        (True, 3, 3), (True, "10,000", 10_000), (True, "10.000", "10.000"), (True, "abc", "abc"),
        (True, "1,5", "1,5"), (True, None, None), (True, "", ""), (True, [3], [3]),
    ],
)  # fmt: skip
def test_a_number_arrives_as_one_and_all_else_as_it_is(whole, sent, received):
    assert NumberField(1, label="Seed", whole=whole).preprocess(sent) == received
