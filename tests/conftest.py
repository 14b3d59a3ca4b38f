"""What all tests share: no outside network, few threads, the real data set if there is one."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from tests.programs import Programs

# Set before torch and Gradio are imported, and inherited by the processes that tests start.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TORCH_PLAYGROUND_OFFLINE"] = "1"
# One thread where several processes share the tests: more threads than cores slow each other down. A process
# of xdist inherits the number of the one that started it, so it is overwritten there.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
else:
    os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
# On a busy machine, a thread that spins while it waits may hold the very core that it waits for.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run, and no time limit for one: machines differ.
hypothesis_settings.register_profile("playground", derandomize=True, deadline=None)
hypothesis_settings.load_profile("playground")


def pytest_collectstart() -> None:
    """Before a test imports Gradio, in the processes that run tests."""
    importlib.import_module("ui.stubless")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the real data sets: `TORCH_PLAYGROUND_DATA`, else `../shared/data` beside the project."""
    folder = os.environ.get("TORCH_PLAYGROUND_DATA")
    return Path(folder) if folder else ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def fashion_root(data_root: Path) -> Path:
    """A folder with the unpacked Fashion-MNIST; without one the test is skipped."""
    from data import fashion

    if not fashion.available(data_root):
        pytest.skip(f"no real Fashion-MNIST in {data_root}: set TORCH_PLAYGROUND_DATA to another folder")
    return data_root


@pytest.fixture(scope="session")
def real_input(data_root: Path) -> Path:
    """The folder of real pictures with its `manifest.csv`; without one the test is skipped."""
    folder = data_root / "real_input"
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"no real pictures in {folder}: set TORCH_PLAYGROUND_DATA to another folder")
    return folder


POLISH = """
msgid ""
msgstr "Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && n%100/10!=1 ? 1 : 2);\\n"

msgid "Stop"
msgstr "Zatrzymaj"

msgid "at most {n} MB"
msgstr "najwyżej {n} MB"

msgid "not yet translated"
msgstr ""

#, fuzzy
msgid "a guess"
msgstr "nie to"

msgid "Try a smaller learning rate, lr {lr} instead of {old_lr}."
msgstr "Zmniejsz krok: lr {lr} zamiast {old_lr}."

msgid "{n} step"
msgid_plural "{n} steps"
msgstr[0] "{n} krok"
msgstr[1] "{n} kroki"
msgstr[2] "{n} kroków"
"""


@pytest.fixture
def polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A language with a few texts: `language.use("pl")`."""
    (tmp_path / "pl.po").write_text(POLISH, encoding="utf-8")
    monkeypatch.setenv("TORCH_PLAYGROUND_LOCALE", str(tmp_path))


@pytest.fixture(scope="session")
def pseudo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the catalogue of the pseudo-language alone."""
    import messages

    folder = tmp_path_factory.mktemp("pseudo")
    messages.write(messages.pseudo_catalogue(messages.extract()), folder / f"{messages.PSEUDO}.po")
    return folder


@pytest.fixture
def pseudo(pseudo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The visitor reads the pseudo-language: texts of the program come in ⟦brackets⟧."""
    import language
    import messages

    monkeypatch.setenv("TORCH_PLAYGROUND_LOCALE", str(pseudo_folder))
    with language.use(messages.PSEUDO):
        yield


@pytest.fixture(scope="session")
def programs() -> Iterator[Programs]:
    """Runs Python programs as new processes would, but sooner."""
    runner = Programs()
    yield runner
    runner.close()


LONG = ("test_benchmarks", "test_restart", "test_languages", "test_download")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves an event loop running, and quick tests should fail first.

    Of them, and of the others, the longest come first: a process that has run out of tests would have to wait
    for one that another process began last.
    """
    items.sort(key=lambda item: (bool(item.get_closest_marker("browser")), item.path.stem not in LONG))
