"""Lines of JSON between the page and its training processes. Messages keep their template and values, so the
page can show them in the language of each visitor.
"""

from __future__ import annotations

import json
import math
from typing import Any

from language import from_plain, to_plain


def encode(payload: dict[str, Any]) -> bytes:
    """One line. Numbers that are not finite become null: JSON has none."""
    text = json.dumps(finite(to_plain(payload)), allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """What `encode` was given. Raises ValueError for an incomplete line."""
    return from_plain(json.loads(line))


def finite(value: Any) -> Any:
    """`value` with None in place of numbers that are not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
