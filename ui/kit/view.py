"""Parts of the page with a script of our own, which shows a dictionary and asks the server for others.

The page's own script writes every text with `textContent`: a template of gr.HTML would run what is in it
as code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

KIT = Path(__file__).parent
"""The scripts that the tabs share lie here, too."""
Answer = Callable[[Any], dict[str, Any]]
"""A function of what the browser sends, which is anything; its dictionary has a sentence under "problem" when
something is wrong.
"""


class View(gr.HTML):
    """The .html, .css and .js file of one control around a value that is a dictionary or None.

    `view.js` runs before the script and holds what all of them use.

    Parameters:
        control_path: the three files without their suffix. Gradio takes a parameter for an event when the
            script quotes its name, and scripts that draw quote 'path'.
        scripts: the scripts that run one after the other, where one is not enough; without suffix, too.
        answers: what the script may ask, as `server.<name>(one argument)`.
        file_functions: names of those of `answers` that are asked with a whole file, for `ui.serving.gate`.
        props: constants of the page that the script reads as `props.<name>`.
    """

    def __init__(
        self,
        control_path: Path,
        value: dict[str, Any] | None = None,
        scripts: Sequence[Path] = (),
        answers: Mapping[str, Answer] | None = None,
        file_functions: Sequence[str] = (),
        **props: Any,
    ):
        self.file_functions = tuple(file_functions)
        super().__init__(
            value=value,
            html_template=control_path.with_suffix(".html").read_text(encoding="utf-8"),
            css_template=control_path.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load="\n".join(
                script.with_suffix(".js").read_text(encoding="utf-8")
                for script in (KIT / "view", *(scripts or [control_path]))
            ),
            apply_default_css=False,
            server_functions=[_named(name, answer) for name, answer in (answers or {}).items()],
            **props,
        )

    def preprocess(self, payload: Any) -> Any:
        """Whatever a browser sends for it is not read."""
        return None

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}

    def example_payload(self) -> Any:
        return None

    def example_value(self) -> Any:
        return None

    def get_block_name(self) -> str:
        return "html"


def _named(name: str, answer: Answer) -> Answer:
    """`answer` as a function of that name, by which the browser calls it."""

    def asked(question: Any = None) -> dict[str, Any]:
        return answer(question)

    asked.__name__ = name
    return asked
