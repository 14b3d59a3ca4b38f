"""Gradio's Blocks for this page: an unexpected error becomes a sentence and one line of the log."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ui.serving import internals

NOT_ANSWERED = "The page could not answer this request. Please reload the page and try again."
MOST_LOGGED = 300


class Page(gr.Blocks):
    """gr.Blocks, with the parts of Gradio replaced that `ui.serving.internals` names.

    leave: called with the name of a session when its last open page is closed.
    """

    def __init__(self, leave: Callable[[str], object] = lambda session: None, **options: Any):
        internals.install()
        self.leave = leave
        super().__init__(**options)

    async def process_api(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """As Gradio's, but an unexpected error is logged in one line, and the visitor gets a sentence. Gradio
        would log a traceback with everything the visitor sent.
        """
        try:
            return await super().process_api(*arguments, **options)
        except gr.Error:
            raise
        except Exception as error:
            log(error)
            raise gr.Error(NOT_ANSWERED, print_exception=False) from None


def log(error: BaseException) -> None:
    """One line about an error, with the place where it happened."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    text = " ".join(f"{type(error).__name__}: {error}"[: 4 * MOST_LOGGED].split())
    print(f"{place}: {text[:MOST_LOGGED]}", file=sys.stderr, flush=True)
