"""The line that chooses which run of the visitor's own answers beside the shipped network."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ui.controls.view import View

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")
_RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Asked:
    """A run, and the secret of the visitor who says that it is theirs: well formed, and not yet believed."""

    use: str
    visitor: str


def asked(value: Any) -> Asked | None:
    """{"use": id of a run, "visitor": secret} as a browser sends it; None for anything else."""
    if isinstance(value, Asked) or not isinstance(value, dict):
        return value if isinstance(value, Asked) else None
    use, visitor = value.get("use"), value.get("visitor")
    if not (isinstance(use, str) and _RUN.fullmatch(use)):
        return None
    return Asked(use, visitor) if isinstance(visitor, str) and _SECRET.fullmatch(visitor) else None


class RivalChoice(View):
    """Its value in a handler is `Asked`, or None when the shipped network answers alone.

    Parameters:
        runs: a function of {"visitor": secret} that the browser calls; it returns {"runs": [{"run", "text"}]}
            or a sentence under "problem".
    """

    def __init__(self, runs: Callable[[Any], dict[str, Any]], **kwargs: Any):
        runs.__name__ = "runs"  # the name the browser calls it by
        super().__init__(
            "rival_choice", scripts=("visitor", "rival_choice"), server_functions=[runs], **kwargs
        )

    def preprocess(self, payload: Any) -> Asked | None:
        return asked(payload)

    def postprocess(self, value: Any) -> dict[str, Any] | None:
        return {"use": value.use, "visitor": value.visitor} if isinstance(value, Asked) else None
