"""The secret of the visitor's own data, which their tab of the browser keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ui.kit.view import View


class OwnSecret(View):
    """Invisible. Its value in a handler is the secret, untrusted, or None; set it with `held`.

    A reloaded page finds the secret again and fires `input`, which should call `OwnData.join`. When the
    visitor leaves, the browser says so to `ui.serving.gate`.
    """

    def __init__(self, **options: Any):
        super().__init__(Path(__file__).parent / "own_secret", elem_id="own-secret", **options)

    def preprocess(self, payload: Any) -> Any:
        return payload.get("token") if isinstance(payload, dict) else None


def held(token: str | None, visit: str) -> dict[str, str | None]:
    """The value of an `OwnSecret`. visit: the name of the page, Gradio's session."""
    return {"token": token, "visit": visit}
