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

UI = Path(__file__).resolve().parent.parent
THEME = UI / "theme.css"
CONTROLS = UI / "kit" / "controls.css"
"""It holds in every control."""
FOLDER = "modules"
"""Below the page's own address."""
_starts: dict[str, bytes] = {}
# scripts that are no modules yet
LEGACY = {
    "conv/layer": ["kit/view", "conv/layer", "conv/window"],
    "conv/stack": ["kit/view", "conv/stack_rows", "conv/stack"],
    "conv/inside": ["kit/view", "kit/ramp", "conv/inside", "conv/cell"],
    "conv/kernel": ["kit/view", "conv/kernel"],
    "train/range": ["kit/view", "kit/legacy_visitor", "train/search", "train/range"],
    "train/sweep": ["kit/view", "kit/legacy_visitor", "train/search", "train/sweep"],
    "train/results": ["kit/view", "kit/legacy_visitor", "kit/ramp", "train/results", "train/confusion"],
    "train/runs": ["kit/view", "kit/legacy_visitor", "train/runs", "train/curves"],
    "train/run": ["kit/view", "kit/legacy_visitor", "train/run_charts", "train/form", "train/run"],
    "train/slow_motion": ["kit/view", "train/slow_motion", "train/slow_tensors"],
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
    sheets = sorted(UI.rglob("*.css"), key=lambda path: (path not in (THEME, CONTROLS), path))
    found["styles.css"] = "\n".join(_scoped(path) for path in sheets).encode()
    return found


def _scoped(path: Path) -> str:
    """The text of a stylesheet; that of a control holds inside the control's element alone."""
    text = path.read_text(encoding="utf-8")
    if path == THEME:
        return text
    name = path.relative_to(UI).with_suffix("").as_posix()
    scope = "[data-control]" if path == CONTROLS else f'[data-control="{name}"]'
    # the id, which no element has, gives the rules the weight to overrule Gradio's own
    return f":is(#tp, {scope}) {{\n{text}\n}}"


@cache
def root() -> str:
    """Where `files` lie below the page's address."""
    digest = hashlib.sha256()
    for name, content in files().items():
        digest.update(f"{name}\n{len(content)}\n".encode() + content)
    return f"{FOLDER}/{digest.hexdigest()[:16]}"


def start(control_path: Path, constants: Mapping[str, Any]) -> str:
    """The line of JavaScript that starts a control: it fetches the module, the template and the constants.

    control_path: the control's files, without suffix. constants: what the module gets as `constants`, JSON.
    """
    name = control_path.resolve().relative_to(UI).as_posix()
    template = control_path.with_suffix(".html")
    html = template.read_text(encoding="utf-8") if template.exists() else ""
    body = json.dumps({"template": html, "constants": constants}, ensure_ascii=False, allow_nan=False)
    key = hashlib.sha256(body.encode()).hexdigest()[:16]
    _starts[key] = body.encode()
    return (
        f"import(new URL('{root()}/kit/control.js', document.baseURI)).then(({{ start }}) => "
        f"start('{name}', '{key}', {{ element, props, server, upload, watch, trigger }}));"
    )


def content(path: str) -> tuple[str, bytes] | None:
    """Media type and bytes of a file by its path below the page's address; None where there is none."""
    below, _, name = path.lstrip("/").removeprefix(f"{FOLDER}/").partition("/")
    if f"{FOLDER}/{below}" != root():
        return None
    if name.startswith("starts/") and name.endswith(".json"):
        body = _starts.get(name.removeprefix("starts/").removesuffix(".json"))
        return None if body is None else ("application/json", body)
    body = files().get(name)
    return None if body is None else ("text/css" if name.endswith(".css") else "text/javascript", body)
