"""Gradio's Blocks for this page: an unexpected error becomes a sentence and one line of the log."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

import language
from language import _
from ui.kit import markup
from ui.language import of_request
from ui.serving import internals

NOT_ANSWERED = _("The page could not answer this request. Please reload the page and try again.")
MOST_LOGGED = 300


class Page(gr.Blocks):
    """gr.Blocks, with the parts of Gradio that `ui.serving.internals` replaces.

    leave: called with the secret of a visitor's data and the name of a session when the visitor leaves a page
    by their own act; both are untrusted. A connection that ends says nothing: it may come back.
    """

    def __init__(self, leave: Callable[[Any, Any], object] = lambda secret, session: None, **options: Any):
        internals.install()
        self.leave = leave
        self._configs: dict[str, Any] = {}
        super().__init__(**options)

    @property
    def config(self) -> Any:
        """The components, as Gradio sends them to the browser, in the language of the moment."""
        code = language.current()
        if code not in self._configs:
            self._configs[code] = _translated(self.get_config_file())
        return self._configs[code]

    @config.setter
    def config(self, config: Any) -> None:
        self._configs = {language.SOURCE: _translated(config)}

    async def process_api(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Gradio's, in the visitor's language. An unexpected error becomes one line of the log and a sentence
        for the visitor: Gradio would log a traceback with everything the visitor sent.
        """
        try:
            with language.use(_language(options.get("request"))):
                return await super().process_api(*arguments, **options)
        except gr.Error:
            raise
        except Exception as error:
            log(error)
            raise gr.Error(str(NOT_ANSWERED), print_exception=False) from None


def _language(request: Any) -> str:
    """The language of an event's request; English for a batch of requests."""
    headers = getattr(request, "headers", None)
    return language.SOURCE if headers is None else of_request(headers)


class Fixed(dict[str, Any]):
    """A dictionary that nobody changes: Gradio, which copies its configuration for each page, shares it."""

    def __deepcopy__(self, copies: dict[int, Any]) -> Fixed:
        return self


def _translated(config: dict[str, Any]) -> dict[str, Any]:
    """Gradio's configuration with the texts of its components in the language of the moment."""
    components = []
    for component in config["components"]:
        props = dict(component["props"])
        for name in ("label", "info", "placeholder"):
            if isinstance(props.get(name), str):
                props[name] = language.translate(props[name])
        if props.get("choices"):
            props["choices"] = [[language.translate(label), value] for label, value in props["choices"]]
        if isinstance(value := props.get("value"), dict | list):
            props["value"] = language.resolve(value)
        elif component["type"] in ("button", "markdown") and isinstance(value, str):
            props["value"] = language.translate(value).strip()
        elif component["type"] == "html" and isinstance(value, str):
            props["value"] = markup.translate(value, language.translate)
        components.append(Fixed({**component, "props": props}))
    pages = {name: Fixed(page, layout=Fixed(page["layout"])) for name, page in config["page"].items()}
    return {
        **config,
        "components": components,
        "dependencies": [Fixed(dependency) for dependency in config["dependencies"]],
        "page": Fixed(pages),
        "language": language.current(),
    }


def log(error: BaseException) -> None:
    """One line about an error, with its place in the code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    text = " ".join(f"{type(error).__name__}: {error}"[: 4 * MOST_LOGGED].split())
    print(f"{place}: {text[:MOST_LOGGED]}", file=sys.stderr, flush=True)
