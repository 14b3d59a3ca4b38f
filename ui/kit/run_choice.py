"""Views in which the visitor chooses one of their own runs, to answer in Classify."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ui.kit.view import View

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")
_RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class RunKey:
    """A run and the secret of the visitor who claims it: well formed, but not checked yet."""

    use: str
    visitor: str


class RunChoice(View):
    """Its value in a handler is a `RunKey`, or None without a run."""

    def preprocess(self, payload: Any) -> RunKey | None:
        """{"use": id of a run, "visitor": secret} as the page writes them; None for anything else."""
        if not isinstance(payload, dict):
            return None
        use, visitor = payload.get("use"), payload.get("visitor")
        if not (isinstance(use, str) and _RUN.fullmatch(use)):
            return None
        return RunKey(use, visitor) if isinstance(visitor, str) and _SECRET.fullmatch(visitor) else None

    def postprocess(self, value: Any) -> dict[str, Any] | None:
        return {"use": value.use, "visitor": value.visitor} if isinstance(value, RunKey) else None
