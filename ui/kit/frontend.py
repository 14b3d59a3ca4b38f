"""The browser's side of the page as files: modules, one stylesheet, and what each control starts with.

Their addresses carry a digest of what is in them, so that browsers keep them for good and never mix two
versions of the page.
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
FOLDER = "modules"
"""Below the page's own address."""
_starts: dict[str, tuple[str, Mapping[str, Any]]] = {}
# scripts that are no modules yet
LEGACY = {
    "kit/picture_input": ["kit/picture_pad", "kit/picture_sources", "kit/picture_input"],
    "dataloader/pipeline": ["dataloader/pipeline"],
    "classify/run_choice": ["kit/view", "kit/legacy_visitor", "classify/run_choice"],
    "classify/answer": ["kit/view", "classify/answer"],
    "classify/stages": ["kit/view", "classify/stages"],
    "classify/heat": ["kit/view", "classify/heat"],
    "dataloader/player": ["kit/view", "dataloader/player"],
    "dataloader/class_weights": ["kit/view", "dataloader/class_weights"],
    "dataloader/transform_stages": ["kit/view", "dataloader/transform_stages"],
    "dataloader/race": ["kit/view", "dataloader/race"],
    "dataloader/collate": ["kit/view", "dataloader/collate"],
}
_BEFORE = """export function mount({ element, props, server, upload, watch, trigger, constants }) {
props = new Proxy(props, {
  get: (target, name) => (name in constants ? constants[name] : target[name]),
  set: (target, name, value) => { target[name] = value; return true; },
});"""


@cache
def files() -> dict[str, bytes]:
    """Every script by its path below `ui`, as in "kit/dom.js", and "styles.css": all stylesheets in one."""
    found = {path.relative_to(UI).as_posix(): path.read_bytes() for path in sorted(UI.rglob("*.js"))}
    for name, scripts in LEGACY.items():
        body = "\n".join((UI / f"{script}.js").read_text("utf-8") for script in scripts)
        found[f"{name}.js"] = f"{_BEFORE}\n{body}\n}}".encode()
    sheets = sorted(UI.rglob("*.css"), key=lambda path: (path.name != "theme.css", path))
    found["styles.css"] = "\n".join(_scoped(path) for path in sheets).encode()
    return found


def _scoped(path: Path) -> str:
    """The text of a stylesheet; that of a control holds inside the control's element alone."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(UI).with_suffix("").as_posix()
    # the id, which no element has, gives the rules the weight to overrule Gradio's own
    return text if "/" not in name else f':is(#tp, [data-control="{name}"]) {{\n{text}\n}}'


@cache
def root() -> str:
    """Where `files` lie below the page's address."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(f"{name}\n{len(content)}\n".encode() + content)
    for path in sorted(language.locale_folder().glob("*.po")):
        digest.update(path.read_bytes())
    return f"{FOLDER}/{digest.hexdigest()[:16]}"


def start(control_path: Path, constants: Mapping[str, Any]) -> str:
    """The line of JavaScript that starts a control: it fetches the module, the template and the constants.

    control_path: the control's files, without suffix. constants: what the module gets as `constants`, JSON.
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
    """What a control starts with, in the language of the moment."""
    start = {"template": translate(html, language._), "constants": language.resolve(dict(constants))}
    return json.dumps(start, ensure_ascii=False, allow_nan=False).encode()


def _texts(code: str) -> bytes:
    """The catalogue of a language for the scripts, see `kit/language.js`."""
    found = language.catalogue(code, language.locale_folder())
    texts = {
        message.id if isinstance(message.id, str) else message.id[0]: message.string
        for message in found
        if message.id and not message.fuzzy and any(place.endswith(".js") for place, _ in message.locations)
    }
    return json.dumps({"texts": texts, "plural": found.plural_expr}, ensure_ascii=False).encode()


def content(path: str) -> tuple[str, bytes] | None:
    """Media type and bytes of a file by its path below the page's address; None where there is none."""
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
