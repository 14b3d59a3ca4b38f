"""Files of visitors and of API calls. Only uploaded files are ever read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.data_classes import FileData, ListFiles
from gradio.utils import get_upload_folder

from language import _
from settings import MAX_ARCHIVE_BYTES, MAX_FILES, MAX_PICTURE_BYTES
from ui.kit.events import visitor_error

NOT_A_FILE = _("Send the picture as a file: with gradio_client, handle_file(path).")
NOT_FILES = _("Send a list of files: with gradio_client, [handle_file(path), ...].")
NOT_THERE = _(
    "This file is no longer on the server: files are deleted once they are read. Please upload it again."
)


def picture_too_large() -> str:
    """The refusal of a picture above the limit."""
    return _("This picture is too large: at most {most} MB are read.").format(most=MAX_PICTURE_BYTES // 2**20)


class UploadedPicture(gr.File):
    """Its value in a handler is the bytes of the uploaded file, untrusted, or None."""

    refusal = NOT_A_FILE

    def __init__(self, **kwargs: Any):
        super().__init__(**{"file_count": "single", "type": "binary", **kwargs})
        # `preprocess` gets the dictionary as it was sent, and answers mistakes in it with a sentence
        self.data_model = None

    def preprocess(self, payload: Any) -> Any:
        """Read the file. Raises gr.Error with a sentence unless it is an upload of an allowed size."""
        if payload is None:
            return None
        file = self._path(payload)
        if file.stat().st_size > MAX_PICTURE_BYTES:
            raise visitor_error(picture_too_large())
        return file.read_bytes()

    def _path(self, payload: Any, not_there: str = "") -> Path:
        """The file that `payload` names, if it is in the folder of uploads. not_there: the refusal of a file
        that is no longer in it, if it is another sentence.
        """
        path = payload.get("path") if isinstance(payload, dict) else None
        if not isinstance(path, str) or "\0" in path:
            raise visitor_error(self.refusal)
        # follow links first: what counts is the place of the file itself
        file = Path(path).resolve()
        if not file.is_relative_to(Path(get_upload_folder()).resolve()):
            raise visitor_error(self.refusal)
        if not file.is_file():
            raise visitor_error(not_there or self.refusal)
        return file

    def api_info(self) -> dict[str, Any]:
        return FileData.model_json_schema()

    def get_block_name(self) -> str:
        return "file"

    def get_config(self, cls: type | None = None) -> dict[str, Any]:
        """As of a gr.File, whose arguments come to this class as **kwargs."""
        return super().get_config(cls or gr.File)


class UploadedFiles(UploadedPicture):
    """Several files; the value in a handler is a list of (name on the visitor's machine, bytes), untrusted.

    Each file is deleted from the server as soon as it is read: read the component in one event only, its
    `upload`, and keep what the handler makes of the files. An empty component gives []. `most_bytes` is the
    limit for all files together.
    """

    refusal = NOT_FILES
    carries_files = True  # for `ui.serving.gate`: two thousand names make a large request

    def __init__(self, *, most_bytes: int = MAX_ARCHIVE_BYTES, **kwargs: Any):
        super().__init__(**{"file_count": "multiple", **kwargs})
        self.most_bytes = most_bytes

    def preprocess(self, payload: Any) -> list[tuple[str, bytes]]:
        """Read and delete the files. Raises gr.Error with a sentence, having deleted them all the same."""
        if payload is None:
            return []
        entries = payload if isinstance(payload, list) else [payload]
        try:
            if len(entries) > MAX_FILES:
                raise visitor_error(
                    _("These are too many files: at most {most}.").format(most=f"{MAX_FILES:,}")
                )
            files = [self._path(entry, NOT_THERE) for entry in entries]
            try:
                if sum(file.stat().st_size for file in files) > self.most_bytes:
                    most = self.most_bytes // 2**20
                    raise visitor_error(_("This is too large: at most {most} MB are read.").format(most=most))
                names = [_name(entry, file) for entry, file in zip(entries, files, strict=True)]
                return [(name, file.read_bytes()) for name, file in zip(names, files, strict=True)]
            except FileNotFoundError as error:  # another call with the same file came first
                raise visitor_error(NOT_THERE) from error
        finally:
            for file in self._deletable(entries):
                file.unlink(missing_ok=True)

    def _deletable(self, entries: list[Any]) -> Iterator[Path]:
        """Those of the files that were uploaded: the folder has files of the page itself, too."""
        page = LocalContext.blocks.get(None)
        for entry in entries[:MAX_FILES]:
            path = entry.get("path") if isinstance(entry, dict) else None
            if page is not None and isinstance(path, str) and path in page.upload_file_set:
                yield Path(path)

    def api_info(self) -> dict[str, Any]:
        return ListFiles.model_json_schema()


def _name(payload: dict[str, Any], file: Path) -> str:
    """The name of the file on the visitor's machine, without folders; else its name on the server."""
    name = payload.get("orig_name")
    return (name.replace("\\", "/").rpartition("/")[2] if isinstance(name, str) else "") or file.name
