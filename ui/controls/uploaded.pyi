"""The picture file of an API call: nothing but a file that the caller has uploaded is ever read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder
from gradio_client.utils import is_http_url_like

from settings import MAX_PICTURE_BYTES

REFUSED = "Send the picture as a file: with gradio_client, handle_file(path)."

from gradio.events import Dependency

class UploadedPicture(gr.File):
    """Its value in a handler is the bytes of the uploaded file, untrusted, or None."""

    def __init__(self, **kwargs: Any):
        super().__init__(file_count="single", type="binary", **kwargs)
        # the dictionary comes to `preprocess` as it was sent, so that what is wrong with it gets a sentence
        self.data_model = None

    def preprocess(self, payload: Any) -> bytes | None:
        """Read the file. Raises gr.Error with a sentence for everything but an upload of an allowed size."""
        if payload is None:
            return None
        path = payload.get("path") if isinstance(payload, dict) else None
        if not isinstance(path, str):
            raise gr.Error(REFUSED, print_exception=False)
        # links are followed before the question is asked where the file lies
        file = Path(path).resolve()
        if not file.is_relative_to(Path(get_upload_folder()).resolve()) or not file.is_file():
            raise gr.Error(REFUSED, print_exception=False)
        if file.stat().st_size > MAX_PICTURE_BYTES:
            most = MAX_PICTURE_BYTES // 2**20
            raise gr.Error(f"This picture is too large: at most {most} MB are read.", print_exception=False)
        return file.read_bytes()

    async def async_move_resource_to_block_cache(self, url_or_file_path: Any) -> str | None:
        """Addresses are refused: the server fetches nothing on behalf of a caller."""
        if is_http_url_like(str(url_or_file_path)):
            raise gr.Error(REFUSED, print_exception=False)
        return await super().async_move_resource_to_block_cache(url_or_file_path)

    def api_info(self) -> dict[str, Any]:
        return FileData.model_json_schema()

    def get_block_name(self) -> str:
        return "file"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component