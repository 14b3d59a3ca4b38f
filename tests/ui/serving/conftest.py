"""A small page on loopback, served as the whole page is."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

import app
import settings
from ui.classify import tab as classify
from ui.kit.picture_input import PictureInput
from ui.kit.uploads import UploadedFiles
from ui.kit.view import View
from ui.serving.page import Page

PICTURE = {"kind": "photo", "data": base64.b64encode(b"x" * 300_000).decode()}
"""A value of the picture input so large that the request is."""


@dataclass
class Served:
    """The page, its address, and what happened in it."""

    page: Page
    address: str
    folder: Path
    left: list[tuple[Any, Any]] = field(default_factory=list)
    """Secret and session of each visitor who left a page."""
    may_answer: threading.Event = field(default_factory=threading.Event)
    """Set while the functions `wait` and `picture` may answer."""


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("files")
    left: list[tuple[Any, Any]] = []
    may_answer = threading.Event()

    def fail(text: str) -> str:
        raise KeyError(text)

    def wait(text: str) -> str:
        may_answer.wait(60)
        return text

    def wait_for(picture: Any) -> int:
        may_answer.wait(60)
        return 0 if picture is None else len(picture.data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        patch.setattr(settings, "LARGE_REQUESTS_CLIENT", 2)
        with Page(lambda secret, session: left.append((secret, session)), analytics_enabled=False) as page:
            text, number, picture = gr.Textbox(), gr.Number(), PictureInput(lambda seed: [], b"")
            state = gr.State(0)
            heat = Path(classify.__file__).with_name("heat")
            view = View(heat, answers={"small": dict, "large": lambda data: {"size": len(data)}},
                        file_functions=["large"], elem_id="view")  # fmt: skip
            gr.Button().click(lambda words: words, text, text, api_name="echo")
            gr.Button().click(fail, text, text, api_name="fail")
            gr.Button().click(wait, text, text, api_name="wait", concurrency_limit=1)
            gr.Button().click(wait_for, picture, number, api_name="picture", concurrency_limit=8)
            gr.Button().click(len, UploadedFiles(), number, api_name="files")
            gr.Button().click(lambda count: count + 1, state, state, api_name="count")
            gr.Button().click(lambda: None, None, view, api_name="clear")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        yield Served(page, app.launch(page, port=port), folder, left, may_answer)
        page.close()
