"""Parts of the page with their own script, which shows a dictionary and asks the server for others.

The scripts write every text with `textContent`: a template of gr.HTML would run what is in it as code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

import language
from ui.kit import frontend

Handler = Callable[[Any], Any]
"""A function of what the browser sends, whatever that is; it returns JSON, as a rule a dictionary with a
sentence under "problem" when something is wrong.
"""


class View(gr.HTML):
    """A control with a .js, .html and .css file, around a value that is a dictionary or None.

    The script is a module with `mount({ element, props, server, upload, watch, trigger, constants })`, which
    `control.js` calls when the template is in the element.

    Parameters:
        control_path: the files without their suffix.
        answers: what the script may ask, as `server.<name>(one argument)`.
        file_functions: names of those of `answers` that get a whole file, for `ui.serving.gate`.
        constants: what the script reads as `constants.<name>`; a function is called for its value in each
            language. It does not travel inside the page.
    """

    def __init__(
        self,
        control_path: Path,
        value: Any = None,
        answers: Mapping[str, Handler] | None = None,
        file_functions: Sequence[str] = (),
        constants: Mapping[str, Any] | None = None,
        **options: Any,
    ):
        self.file_functions = tuple(file_functions)
        self.constants = dict(constants or {})
        # Gradio builds the component anew from its arguments when an event sets one
        options = {"apply_default_css": False, **options}
        super().__init__(
            value=value,
            html_template="",
            js_on_load=frontend.start(control_path, self.constants),
            server_functions=[_named(name, answer) for name, answer in (answers or {}).items()],
            **options,
        )

    def get_config(self) -> dict[str, Any]:
        """What travels inside the page: everything but the arguments that only the server needs."""
        config = super().get_config()
        for name in ("control_path", "answers", "file_functions", "constants"):
            config.pop(name, None)
        return config

    def preprocess(self, payload: Any) -> Any:
        """Ignore what a browser sends for it."""
        return None

    def postprocess(self, value: Any) -> Any:
        return language.resolve(value)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}

    def example_payload(self) -> Any:
        return None

    def example_value(self) -> Any:
        return None

    def get_block_name(self) -> str:
        return "html"


def _named(name: str, answer: Handler) -> Handler:
    """`answer` as a function with the name by which the browser calls it."""

    def call(request: Any = None) -> Any:
        return language.resolve(answer(request))

    call.__name__ = name
    return call
