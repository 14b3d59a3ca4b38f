"""The rules of the house: imports flow one way, Gradio stays in the page, importing a module does no work."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest

from tests.programs import Programs

ROOT = Path(__file__).resolve().parent.parent

# data <- models <- {training, inference} <- ui <- app; language, checks and settings serve them all
BESIDE = {"language", "checks", "settings"}
MAY_IMPORT = {
    "language": set[str](),
    "checks": {"language"},
    "settings": {"language", "checks"},
    "data": BESIDE | {"data"},
    "models": BESIDE | {"data", "models"},
    "training": BESIDE | {"data", "models", "training"},
    "inference": BESIDE | {"data", "models", "inference"},
    "ui": BESIDE | {"data", "models", "training", "inference", "ui"},
    "app": BESIDE | {"data", "models", "training", "inference", "ui"},
    "messages": {"language", "ui"},
}
FREE = {"benchmarks", "tests"}
SHARED_IN_UI = {"context", "kit", "language", "serving", "stubless", "theme"}
"""What every part of `ui` may import; any other folder there is a tab, which only its own files import."""
MAY_USE_GRADIO = {"ui", "app"}
LONGEST = 400
SCRIPTS = (".js", ".css", ".html")


def modules(root: Path) -> list[Path]:
    """Every Python file of the project, relative to `root`; hidden folders are not part of it."""
    files = (path.relative_to(root) for path in root.rglob("*.py"))
    return sorted(
        path
        for path in files
        if not any(part.startswith(".") or part == "node_modules" for part in path.parts)
    )


def room(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


def imported(source: str, module: Path) -> set[str]:
    """Full names of everything that `source` imports, also in functions: `a.b` for `from a import b`."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = module.parts[: -node.level] if node.level else ()
            base = [*package, *([node.module] if node.module else [])]
            names |= {".".join([*base, alias.name]) for alias in node.names}
    return names


def forbidden_imports(root: Path) -> list[str]:
    """One line for each import that the rules do not allow."""
    violations = []
    for module in modules(root):
        here = room(module)
        if here in FREE:
            continue
        if here not in MAY_IMPORT:
            violations.append(f"{module} belongs to no room")
            continue
        names = imported((root / module).read_text("utf-8"), module)
        for name in sorted({name.split(".")[0] for name in names}):
            if (name in MAY_IMPORT or name in FREE) and name not in MAY_IMPORT[here]:
                violations.append(f"{module} imports {name}")
            if name in ("gradio", "gradio_client") and here not in MAY_USE_GRADIO:
                violations.append(f"{module} imports {name}")
        if here == "ui":
            allowed = SHARED_IN_UI | {module.parts[1]}
            parts = {name.split(".")[1] for name in names if name.startswith("ui.")}
            violations += [f"{module} imports ui.{part}" for part in sorted(parts - allowed)]
    return violations


def test_imports_flow_one_way():
    rooms = {room(module) for module in modules(ROOT)}
    assert set(MAY_IMPORT) - rooms == set(), "a room is missing, so this test would check nothing there"
    assert forbidden_imports(ROOT) == []


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("data/a.py", "import models.registry", "data/a.py imports models"),
        ("models/a.py", "def f():\n    from training import loop", "models/a.py imports training"),
        ("training/a.py", "from inference.predictor import Predictor", "training/a.py imports inference"),
        ("inference/a.py", "import torch, training.loop as loop", "inference/a.py imports training"),
        ("inference/deep/a.py", "import ui", "inference/deep/a.py imports ui"),
        ("ui/a.py", "import app", "ui/a.py imports app"),
        ("settings.py", "import data.fashion", "settings.py imports data"),
        ("checks.py", "import settings", "checks.py imports settings"),
        ("models/a.py", "from tests.models import helpers", "models/a.py imports tests"),
        ("training/a.py", "import gradio as gr", "training/a.py imports gradio"),
        ("data/a.py", "if True:\n    from gradio.components import HTML", "data/a.py imports gradio"),
        ("ui/conv/a.py", "from ui.train.api import on_train", "ui/conv/a.py imports ui.train"),
        ("ui/conv/a.py", "def f():\n    from ui import kit, train", "ui/conv/a.py imports ui.train"),
        ("ui/conv/a.py", "import ui.train.tab as tab", "ui/conv/a.py imports ui.train"),
        ("ui/conv/a.py", "from ..train import tab", "ui/conv/a.py imports ui.train"),
        ("ui/conv/a.py", "from .. import train", "ui/conv/a.py imports ui.train"),
        ("ui/conv/a.py", "import app", "ui/conv/a.py imports app"),
        ("ui/kit/a.py", "from ui.conv import tab", "ui/kit/a.py imports ui.conv"),
        ("ui/kit/a.py", "from app import build", "ui/kit/a.py imports app"),
        ("ui/serving/a.py", "from ui.conv import tab", "ui/serving/a.py imports ui.conv"),
        ("ui/context.py", "from ui import conv", "ui/context.py imports ui.conv"),
        ("helpers.py", "", "helpers.py belongs to no room"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path, path, source, complaint):
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(source)
    assert forbidden_imports(tmp_path) == [complaint]


def test_allowed_imports_pass(tmp_path):
    for path, source in {
        "settings.py": "import os\nimport checks",
        "checks.py": "import math",
        "data/a.py": "import checks, settings\nfrom . import b",
        "training/a.py": "from data.a import x\nimport models.b",
        "ui/a.py": "import gradio as gr\nfrom inference import y",
        "ui/conv/a.py": "from ui import theme\nfrom ui.conv import b\nfrom . import c",
        "ui/conv/c.py": "from ui.context import Context\nfrom ui.serving.page import Page",
        "ui/conv/d.py": "from ui.kit.view import View\nfrom ..kit import events",
        "ui/serving/a.py": "from ui.kit.clients import address_of",
        "app.py": "import gradio as gr\nfrom ui import conv",
        "tests/test_a.py": "import gradio, app, training",
        ".venv/lib/other.py": "import training, inference, gradio",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source)
    assert forbidden_imports(tmp_path) == []


def test_no_file_is_too_long():
    scripts = [path.relative_to(ROOT) for path in (ROOT / "ui").rglob("*") if path.suffix in SCRIPTS]
    lengths = {
        str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in [*modules(ROOT), *scripts]
    }
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


# Imports the modules named in its arguments and prints what no import should do: opening files in the folders
# of weights and data, connecting, listening, starting threads.
WATCH = """
import importlib, json, os, sys, threading
folders = tuple(json.loads(sys.argv[1]))
did = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if path.startswith(folders):
            did.append(f"{module} opens {path}")
    elif event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        did.append(f"{module}: {event} {arguments[1:]}")
for module in json.loads(sys.argv[2]):  # what libraries do when they are loaded is not our concern
    importlib.import_module(module)
sys.addaudithook(watch)
threads = set(threading.enumerate())
for module in json.loads(sys.argv[3]):
    importlib.import_module(module)
did += [f"a thread was started: {thread.name}" for thread in set(threading.enumerate()) - threads]
print(json.dumps({"did": did, "gradio": "gradio" in sys.modules, "done": True}))
"""


def import_apart(
    programs: Programs, root: Path, names: list[str], data: Path, before: tuple[str, ...] = ()
) -> dict:
    """Import `names` in a separate process with `root` on its path; returns what they did."""
    folders = [str(root / "checkpoints") + os.sep, str(data) + os.sep]
    arguments = [json.dumps(folders), json.dumps(before), json.dumps(names)]
    environment = {**os.environ, "TORCH_PLAYGROUND_DATA": str(data)}
    process = programs.run("-c", WATCH, *arguments, cwd=root, env=environment)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


def names_in(rooms: set[str]) -> list[str]:
    selection = [module for module in modules(ROOT) if room(module) in rooms]
    return [".".join(module.with_suffix("").parts).removesuffix(".__init__") for module in selection]


def test_rooms_without_a_page_do_nothing_when_imported_and_load_no_gradio(programs, tmp_path):
    names = names_in(set(MAY_IMPORT) - MAY_USE_GRADIO)
    assert "data.fashion" in names and "settings" in names
    assert import_apart(programs, ROOT, names, tmp_path) == {"did": [], "gradio": False, "done": True}


def test_the_page_does_nothing_when_imported(programs, tmp_path):
    names = names_in(MAY_USE_GRADIO)
    assert "app" in names
    result = import_apart(programs, ROOT, names, tmp_path, before=("gradio",))
    assert result["did"] == [] and result["done"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("open('checkpoints/a.json').read()", "opens"),
        ("import os; open(os.path.join(os.environ['TORCH_PLAYGROUND_DATA'], 'a'), 'w')", "opens"),
        ("import socket; socket.socket().bind(('127.0.0.1', 0))", "socket.bind"),
        ("import socket; socket.socket().connect_ex(('127.0.0.1', 9))", "socket.connect"),
        ("import threading; threading.Timer(1, int).start()", "thread"),
    ],
)
def test_work_at_import_is_found(programs, tmp_path, source, complaint):
    for folder in ("checkpoints", "store"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.json").write_text("{}")
    (tmp_path / "planted.py").write_text(source)
    result = import_apart(programs, tmp_path, ["planted"], tmp_path / "store")
    assert any(complaint in line for line in result["did"]), result
    assert not result["gradio"]
