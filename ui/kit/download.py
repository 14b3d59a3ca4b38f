"""The line under the title while Fashion-MNIST is not on this machine: the page fetches it meanwhile."""

from __future__ import annotations

from pathlib import Path

from data.download import Download
from ui.kit.view import View

HERE = Path(__file__).parent


class DownloadLine(View):
    """Fires `submit` when Fashion-MNIST has come, on every page that was opened before."""

    EVENTS = ["submit"]

    def __init__(self, download: Download):
        super().__init__(
            HERE / "download",
            answers={"status": lambda request: download.status(), "retry": lambda request: _retry(download)},
            elem_id="download",
        )

    def get_block_name(self) -> str:
        return "html"


def _retry(download: Download) -> dict[str, object]:
    download.start()
    return download.status()
