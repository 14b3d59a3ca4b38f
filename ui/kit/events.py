"""How events of the page are wired and how their handlers answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from inference.pictures import MissingPictureError
from models.checkpoint import CheckpointError

if TYPE_CHECKING:
    from ui.context import Context

MISSING = {"missing": True}
"""Tells a script that the server no longer has the file of a picture: it sends the file again."""
INTERNAL: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""For events of the page itself: no endpoint for programs, and nothing flickers while they run."""
UNQUEUED: dict[str, Any] = {"queue": False, **INTERNAL}
"""For internal events that take milliseconds: they skip the queue."""


def visitor_error(error: Exception | str) -> gr.Error:
    """A sentence, or that of an exception, as a message to the visitor, without a traceback in the log."""
    return gr.Error(str(error), print_exception=False)


def request_fields(request: object) -> dict[Any, Any]:
    """The fields that a script sends; a missing one reads as None. Raises ValueError for anything but a
    dictionary.
    """
    if not isinstance(request, dict):
        raise ValueError("A request is a dictionary.")
    return defaultdict(lambda: None, request)


def server_function(
    handler: Callable[[Context, Any], dict[str, Any]], context: Context
) -> Callable[[Any], dict[str, Any]]:
    """`handler` as a function that a script may call: an error becomes a sentence under "problem", a missing
    picture becomes MISSING.
    """

    def answer(request: Any = None) -> dict[str, Any]:
        try:
            return handler(context, request)
        except MissingPictureError:
            return MISSING
        except (CheckpointError, ValueError) as error:
            return {"problem": str(error)}

    return answer
