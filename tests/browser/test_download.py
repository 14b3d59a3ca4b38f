"""A page that starts without Fashion-MNIST and fetches it, here from a server on loopback."""

from __future__ import annotations

import gzip
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Locator, expect

from data import fashion
from tests.browser.conftest import Guarded, Program

pytestmark = pytest.mark.browser


class Mirror:
    """Answers "not found" until it has `files`, and holds the largest one back until it may `go_on`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.go_on = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                content = mirror.files.get(self.path.removeprefix("/"))
                if content is None:
                    return self.send_error(404)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(content[:1_000_000])
                mirror.go_on.wait(30)
                self.wfile.write(content[1_000_000:])

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    mirror = Mirror()
    monkeypatch.setenv("TORCH_PLAYGROUND_MIRROR", f"http://127.0.0.1:{mirror.server.server_port}")
    monkeypatch.setenv("TORCH_PLAYGROUND_OFFLINE", "0")
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()


def test_fashion_mnist_comes_by_itself_and_a_stopped_page_leaves_nothing(
    chromium: Browser, mirror: Mirror, data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Stopped while threads still prepare what the first visitors need: Python alone would abort."""
    data, temporary = tmp_path / "data", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(data))
    monkeypatch.setenv("TMPDIR", str(temporary))
    program = Program()
    address = program.start()
    guard = Guarded(chromium, address)
    try:
        answer = httpx.post(f"{address}gradio_api/upload", files={"files": b"x"}, timeout=60)
        assert Path(answer.json()[0]).is_file() and Path(answer.json()[0]).is_relative_to(temporary)
        page = guard.open("?tab=dataloader")
        line = page.locator("#download")
        expect(line).to_contain_text("Fashion-MNIST could not be downloaded (404 Not Found).")
        chosen = page.locator("#batch-dataset input")
        expect(chosen).to_have_value("Drawn garments")
        if fashion.available(data_root):
            whole_cycle(guard, mirror, data_root, line, chosen)
        assert guard.complaints == []
    finally:
        guard.close()
        program.stop()
    assert program.status == 128 + signal.SIGTERM
    assert [path for path in temporary.rglob("*") if path.is_file()] == []
    assert not list(data.rglob("*.part"))


def whole_cycle(guard: Guarded, mirror: Mirror, data_root: Path, line: Locator, chosen: Locator) -> None:
    """Try again, watch the megabytes, and find the data set in both tabs, on this page and on a new one."""
    raw = fashion.folder(data_root)
    mirror.files = {f"{name}.gz": gzip.compress((raw / name).read_bytes(), 1) for name in fashion.FILES}
    page = line.page
    page.get_by_role("tab", name="Train").click()
    learned = page.locator("#train-run #train-data")
    expect(learned).to_have_value("garments")
    line.get_by_role("button", name="Try again").click()
    expect(line).to_contain_text("1.0 of 30.9 MB")
    mirror.go_on.set()
    expect(line).to_contain_text("Fashion-MNIST is here: DataLoader and Train offer it now.")
    expect(learned).to_have_value("fashion")
    page.get_by_role("tab", name="DataLoader").click()
    expect(chosen).to_have_value("Fashion-MNIST")
    expect(page.locator("#batch-player")).to_contain_text("of 1,875")
    page.reload()
    expect(chosen).to_have_value("Fashion-MNIST")
    expect(line).to_be_hidden()
