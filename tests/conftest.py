"""What every test shares: no outside network, few threads, the real data set where it lies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from tests.programs import Programs

# Before torch and Gradio are imported, and inherited by the processes that tests start.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
# One thread where several processes share the tests: more than cores slow each other down. A process of
# xdist inherits the number of the one that started it, so it is overwritten there.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
else:
    os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
# Where others compute, too, a thread that spins while it waits may hold just the core that it waits for.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run, and no time limit an example: machines differ.
hypothesis_settings.register_profile("playground", derandomize=True, deadline=None)
hypothesis_settings.load_profile("playground")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the real data sets: `TORCH_PLAYGROUND_DATA`, else `../shared/data` beside the project."""
    named = os.environ.get("TORCH_PLAYGROUND_DATA")
    return Path(named) if named else ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def fashion_root(data_root: Path) -> Path:
    """A folder in which the real Fashion-MNIST lies unpacked; the test is skipped where there is none."""
    from data import fashion

    if not fashion.available(data_root):
        pytest.skip(f"no real Fashion-MNIST in {data_root}: TORCH_PLAYGROUND_DATA names another folder")
    return data_root


@pytest.fixture(scope="session")
def real_input(data_root: Path) -> Path:
    """The folder of real pictures with its `manifest.csv`; the test is skipped where there is none."""
    folder = data_root / "real_input"
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"no real pictures in {folder}: TORCH_PLAYGROUND_DATA names another folder")
    return folder


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
    made = Programs()
    yield made
    made.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser comes last: Playwright leaves an event loop running, and the quick should fail first."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
