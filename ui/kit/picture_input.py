"""One input for pictures: draw, upload, drop, paste, photograph, or take an example.

The browser's side lies beside this file: `picture_input.html` and `.css`, `picture_pad.js` (paper and
history), `picture_sources.js` (files, clipboard, camera) and `picture_input.js`, which puts them together.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from checks import choice, whole_number
from inference.preprocess import KINDS
from language import _
from settings import MAX_PICTURE_BYTES
from ui.kit.events import visitor_error
from ui.kit.view import View

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Chosen:
    """What the visitor put in: the bytes of a picture file, untrusted, and what they say it is."""

    kind: str
    """One of KINDS."""
    data: bytes
    """At most MAX_PICTURE_BYTES of them."""
    turn: int = 0
    """The browser's number of this picture, which the answer repeats."""


class PictureInput(View):
    """Its value in a handler is a `Chosen`, or None when there is nothing on the paper.

    carries_files: for `ui.serving.gate`, the value may be as large as a picture.

    Parameters:
        examples: a function of a seed that returns the example pictures, each `{"label": int, "name": str,
            "kind": "drawing" | "auto", "data": base64 of a PNG}`; the browser calls it.
    """

    carries_files = True

    def __init__(self, examples: Callable[[int], list[dict[str, Any]]], **kwargs: Any):
        super().__init__(
            HERE / "picture_input",
            answers={"examples": lambda seed: examples(seed_of(seed))},
            constants={"most_bytes": MAX_PICTURE_BYTES},
            **kwargs,
        )

    def preprocess(self, payload: Any) -> Chosen | None:
        """Check what came from outside. Raises gr.Error with a sentence."""
        if payload in (None, ""):
            return None
        if not isinstance(payload, dict) or not {"kind", "data"} <= set(payload) <= {"kind", "data", "turn"}:
            raise gr.Error("A picture is sent as its kind and its data.", print_exception=False)
        try:
            kind = choice(payload["kind"], _("The kind of a picture"), KINDS)
            turn = whole_number(payload.get("turn", 0), _("The turn of a picture"), 0)
        except ValueError as error:
            raise visitor_error(error) from None
        text = payload["data"]
        if not isinstance(text, str):
            raise gr.Error("The data of a picture is base64 text.", print_exception=False)
        if len(text) > (MAX_PICTURE_BYTES + 2) // 3 * 4:
            most = MAX_PICTURE_BYTES // 2**20
            raise gr.Error(f"This picture is too large: at most {most} MB are read.", print_exception=False)
        try:
            return Chosen(kind, base64.b64decode(text, validate=True), turn)
        except (binascii.Error, ValueError) as error:
            raise gr.Error("The data of a picture is base64 text.", print_exception=False) from error

    def postprocess(self, value: Any) -> None:
        """The browser alone writes on the paper."""
        return None

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"kind": {"enum": list(KINDS)}, "data": {"type": "string", "format": "base64"}},
        }


def seed_of(value: Any) -> int:
    """Whatever a browser sends, as a seed that NumPy takes: 0 unless it is one."""
    try:
        return whole_number(value, "seed", 0) % 2**31
    except ValueError:
        return 0
