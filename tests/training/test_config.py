import math
import re

import pytest

from training.config import TrainConfig


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0), ("epochs", 1001), ("epochs", 1.5), ("epochs", True), ("epochs", "3"),
        ("batch_size", 0), ("batch_size", 8193), ("seed", -1), ("seed", 2**31),
        ("lr", 0.0), ("lr", 10.1), ("lr", math.nan), ("lr", math.inf), ("lr", "0.1"), ("lr", None),
        ("momentum", 1.0), ("momentum", -0.1), ("weight_decay", 1.1), ("label_smoothing", 1.0),
        ("average", 1.0),
        ("optimizer", "lbfgs"), ("optimizer", None), ("schedule", "linear"), ("schedule", ["step"]),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_its_range(field, value):
    written = "left empty" if value is None else re.escape(repr(value))
    with pytest.raises(ValueError, match=f"^{field} must be .*not {written}"):
        TrainConfig(**{field: value})


def test_the_ends_of_the_ranges_are_allowed():
    TrainConfig(
        epochs=1000, batch_size=8192, seed=2**31 - 1, lr=10.0, momentum=0, weight_decay=1.0, average=0.999
    )


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="^momentum must be above 0 for the optimizer nesterov"):
        TrainConfig(optimizer="nesterov", momentum=0)
    TrainConfig(optimizer="nesterov", momentum=0.5)


def test_a_whole_number_that_came_as_a_float_is_the_same_config():
    config = TrainConfig(epochs=2.0, batch_size=128.0, seed=3.0)
    assert config == TrainConfig(epochs=2, batch_size=128, seed=3)
    assert repr(config) == repr(TrainConfig(epochs=2, batch_size=128, seed=3))
