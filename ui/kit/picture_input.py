"""One input for pictures: draw, upload, drop, paste, photograph, or take an example.

The browser's side lies beside this file: `picture_input.html` and `.css`, `picture_pad.js` (paper and
history), `picture_sources.js` (files, clipboard, camera), `picture_convert.js` (files that the server does
not read) and `picture_input.js`, which puts them together.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks import choice, switch, whole_number
from inference.pictures import Pictures, VisitorPicture
from inference.preprocess import KINDS
from language import _
from settings import MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS, MAX_PICTURE_SIDE
from ui.kit.events import visitor_error
from ui.kit.uploads import picture_too_large
from ui.kit.view import View

HERE = Path(__file__).parent
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class PictureRequest:
    """The visitor's picture, untrusted, and what they say it is."""

    kind: str
    """One of KINDS."""
    data: bytes | None
    """The file, at most MAX_PICTURE_BYTES; None if it was sent before."""
    turn: int = 0
    """The browser's number of this picture, which the answer repeats."""
    digest: str = ""
    """Of a file that was sent before, see `inference.pictures`."""
    is_draft: bool = False
    """Whether the pen still moves: the next picture follows at once."""

    @classmethod
    def of(cls, payload: Any) -> PictureRequest:
        """From what a script sends: kind, data (base64 text) or digest, and optionally turn and draft.

        Raises ValueError with a sentence.
        """
        allowed = {"kind", "data", "digest", "turn", "draft"}
        if not isinstance(payload, dict) or not {"kind"} <= set(payload) <= allowed:
            raise ValueError("A picture is sent as its kind and its data.")
        kind = choice(payload["kind"], _("The kind of a picture"), KINDS)
        turn = whole_number(payload.get("turn", 0), _("The turn of a picture"), 0)
        draft = switch(payload.get("draft", False), _("The draft of a picture"))
        digest = payload.get("digest")
        if isinstance(digest, str) and _DIGEST.fullmatch(digest):
            return cls(kind, None, turn, digest)
        return cls(kind, _file(payload.get("data")), turn, is_draft=draft)

    def read(self, pictures: Pictures) -> VisitorPicture:
        """The picture, decoded. Raises PictureError, or MissingPictureError if the file is needed again."""
        if self.data is None:
            return pictures.find(self.digest)
        return pictures.read(self.data, keep=not self.is_draft)


class PictureInput(View):
    """Its value in a handler is a `PictureRequest`, or None when there is nothing on the paper.

    carries_files: for `ui.serving.gate`, the value may be as large as a picture.

    Parameters:
        examples: a function of a seed that returns the example pictures, each `{"label": int, "name": str,
            "kind": "drawing" | "auto", "data": base64 of a PNG}`; the browser calls it.
        example: a PNG of ink on white that is on the paper until the visitor draws.
    """

    carries_files = True

    def __init__(self, examples: Callable[[int], list[dict[str, Any]]], example: bytes, **kwargs: Any):
        super().__init__(
            HERE / "picture_input",
            answers={"examples": lambda seed: examples(seed_of(seed))},
            constants={
                "most": {"bytes": MAX_PICTURE_BYTES, "pixels": MAX_PICTURE_PIXELS, "side": MAX_PICTURE_SIDE},
                "example": base64.b64encode(example).decode(),
            },
            **kwargs,
        )

    def preprocess(self, payload: Any) -> PictureRequest | None:
        """Check what came from outside. Raises gr.Error with a sentence."""
        if payload in (None, ""):
            return None
        try:
            return PictureRequest.of(payload)
        except ValueError as error:
            raise visitor_error(error) from None

    def postprocess(self, value: Any) -> None:
        """The browser alone writes on the paper."""
        return None

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"kind": {"enum": list(KINDS)}, "data": {"type": "string", "format": "base64"}},
        }


def _file(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError("The data of a picture is base64 text.")
    if len(text) > (MAX_PICTURE_BYTES + 2) // 3 * 4:
        raise ValueError(picture_too_large())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The data of a picture is base64 text.") from None


def seed_of(value: Any) -> int:
    """What a browser sends as a seed for NumPy: 0 unless it is one."""
    try:
        return whole_number(value, "seed", 0) % 2**31
    except ValueError:
        return 0
