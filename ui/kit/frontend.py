"""The browser's side of the page as files: modules, one stylesheet, and the start of each control.

Their addresses have a digest of their content, so that browsers keep them for good and never mix two versions
of the page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import language
from ui.kit.markup import translate

UI = Path(__file__).resolve().parent.parent
THEME = UI / "theme.css"
CONTROLS = UI / "kit" / "controls.css"
"""It applies to every control."""
FOLDER = "modules"
"""Below the page's own address."""
_starts: dict[str, tuple[str, Mapping[str, Any]]] = {}


@cache
def files() -> dict[str, bytes]:
    """Every script by its path below `ui`, as in "kit/dom.js", and "styles.css": all stylesheets in one."""
    contents = {path.relative_to(UI).as_posix(): path.read_bytes() for path in sorted(UI.rglob("*.js"))}
    sheets = sorted(UI.rglob("*.css"), key=lambda path: (path not in (THEME, CONTROLS), path))
    contents["styles.css"] = "\n".join(_scoped(path) for path in sheets).encode()
    return contents


def _scoped(path: Path) -> str:
    """The text of a stylesheet; that of a control applies only inside the control's element."""
    text = path.read_text(encoding="utf-8")
    if path == THEME:
        return text
    name = path.relative_to(UI).with_suffix("").as_posix()
    scope = "[data-control]" if path == CONTROLS else f'[data-control="{name}"]'
    # the id, which no element has, gives the rules enough weight to overrule Gradio's
    return f":is(#tp, {scope}) {{\n{text}\n}}"


@cache
def root() -> str:
    """The folder of `files` below the page's address."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(f"{name}\n{len(content)}\n".encode() + content)
    for path in sorted(language.locale_folder().glob("*.po")):
        digest.update(path.read_bytes())
    return f"{FOLDER}/{digest.hexdigest()[:16]}"


def start(control_path: Path, constants: Mapping[str, Any]) -> str:
    """The line of JavaScript that starts a control: it fetches the module, the template and the constants.

    control_path: the files, without suffix. constants: the `constants` of the module, JSON; a function is
    called for its value in each language.
    """
    name = control_path.resolve().relative_to(UI).as_posix()
    template = control_path.with_suffix(".html")
    html = template.read_text(encoding="utf-8") if template.exists() else ""
    key = hashlib.sha256(_start(html, constants)).hexdigest()[:16]
    _starts[key] = html, constants
    return (
        f"import(new URL('{root()}/kit/control.js', document.baseURI)).then(({{ start }}) => "
        f"start('{name}', '{key}', {{ element, props, server, upload, watch, trigger }}));"
    )


def _start(html: str, constants: Mapping[str, Any]) -> bytes:
    """The template and the constants of a control, in the language of the moment."""
    values = {name: value() if callable(value) else value for name, value in constants.items()}
    start = {"template": translate(html, language._), "constants": language.resolve(values)}
    return json.dumps(start, ensure_ascii=False, allow_nan=False).encode()


def _texts(code: str) -> bytes:
    """The catalogue of a language for the scripts, see `kit/language.js`."""
    catalogue = language.catalogue(code, language.locale_folder())
    texts = {
        message.id if isinstance(message.id, str) else message.id[0]: message.string
        for message in catalogue
        if message.id and not message.fuzzy and any(place.endswith(".js") for place, _ in message.locations)
    }
    return json.dumps({"texts": texts, "plural": catalogue.plural_expr}, ensure_ascii=False).encode()


def content(path: str) -> tuple[str, bytes] | None:
    """Media type and bytes of a file by its path below the page's address; None if there is no such file."""
    below, _, name = path.lstrip("/").removeprefix(f"{FOLDER}/").partition("/")
    if f"{FOLDER}/{below}" != root():
        return None
    match name.removesuffix(".json").split("/"):
        case ["starts", code, key] if key in _starts and code in language.languages():
            with language.use(code):
                return "application/json", _start(*_starts[key])
        case ["texts", code] if code in language.languages()[1:]:
            return "application/json", _texts(code)
    body = files().get(name)
    return None if body is None else ("text/css" if name.endswith(".css") else "text/javascript", body)
