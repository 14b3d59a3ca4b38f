"""Files of visitors and of API calls: nothing but a file that was uploaded is ever read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.data_classes import FileData, ListFiles
from gradio.utils import get_upload_folder

from settings import MAX_ARCHIVE_BYTES, MAX_FILES, MAX_PICTURE_BYTES

REFUSED = "Send the picture as a file: with gradio_client, handle_file(path)."
REFUSED_FILES = "Send a list of files: with gradio_client, [handle_file(path), ...]."
GONE = "This file is no longer on the server: files are deleted once they are read. Please upload it again."


class UploadedPicture(gr.File):
    """Its value in a handler is the bytes of the uploaded file, untrusted, or None."""

    refused = REFUSED

    def __init__(self, **kwargs: Any):
        super().__init__(**{"file_count": "single", "type": "binary", **kwargs})
        # the dictionary comes to `preprocess` as it was sent, so that what is wrong with it gets a sentence
        self.data_model = None

    def preprocess(self, payload: Any) -> Any:
        """Read the file. Raises gr.Error with a sentence for everything but an upload of an allowed size."""
        if payload is None:
            return None
        file = self._uploaded(payload)
        if file.stat().st_size > MAX_PICTURE_BYTES:
            most = MAX_PICTURE_BYTES // 2**20
            raise gr.Error(f"This picture is too large: at most {most} MB are read.", print_exception=False)
        return file.read_bytes()

    def _uploaded(self, payload: Any, gone: str = "") -> Path:
        """The file that `payload` names, if it lies in the folder of uploads. `gone`: what is said otherwise
        when it lay there, if that is another sentence.
        """
        path = payload.get("path") if isinstance(payload, dict) else None
        if not isinstance(path, str) or "\0" in path:
            raise gr.Error(self.refused, print_exception=False)
        # links are followed before the question is asked where the file lies
        file = Path(path).resolve()
        if not file.is_relative_to(Path(get_upload_folder()).resolve()):
            raise gr.Error(self.refused, print_exception=False)
        if not file.is_file():
            raise gr.Error(gone or self.refused, print_exception=False)
        return file

    def api_info(self) -> dict[str, Any]:
        return FileData.model_json_schema()

    def get_block_name(self) -> str:
        return "file"

    def get_config(self, cls: type | None = None) -> dict[str, Any]:
        """What the browser is told: all that gr.File has, whose arguments come here as **kwargs."""
        return super().get_config(cls or gr.File)


class UploadedFiles(UploadedPicture):
    """Several files; the value in a handler is a list of (name on the visitor's machine, bytes), untrusted.

    Each file is deleted from the server as soon as it is read, so read the component in one event alone (its
    `upload`) and keep what was made of the files. An empty component gives []. `most_bytes` is the limit for
    all files together.
    """

    refused = REFUSED_FILES
    carries_files = True  # for `ui.serving.gate`: two thousand names make a large request

    def __init__(self, *, most_bytes: int = MAX_ARCHIVE_BYTES, **kwargs: Any):
        super().__init__(**{"file_count": "multiple", **kwargs})
        self.most_bytes = most_bytes

    def preprocess(self, payload: Any) -> list[tuple[str, bytes]]:
        """Read and delete the files. Raises gr.Error with a sentence, and deletes them then, too."""
        if payload is None:
            return []
        sent = payload if isinstance(payload, list) else [payload]
        try:
            if len(sent) > MAX_FILES:
                raise gr.Error(f"These are too many files: at most {MAX_FILES:,}.", print_exception=False)
            files = [self._uploaded(one, GONE) for one in sent]
            try:
                if sum(file.stat().st_size for file in files) > self.most_bytes:
                    most = self.most_bytes // 2**20
                    raise gr.Error(f"This is too large: at most {most} MB are read.", print_exception=False)
                return [(_name(one, file), file.read_bytes()) for one, file in zip(sent, files, strict=True)]
            except FileNotFoundError as error:  # another call with the same file came first
                raise gr.Error(GONE, print_exception=False) from error
        finally:
            for file in self._deletable(sent):
                file.unlink(missing_ok=True)

    def _deletable(self, sent: list[Any]) -> Iterator[Path]:
        """Of the files named in `sent` those that came by an upload: the folder holds the page's own, too."""
        page = LocalContext.blocks.get(None)
        for one in sent[:MAX_FILES]:
            path = one.get("path") if isinstance(one, dict) else None
            if page is not None and isinstance(path, str) and path in page.upload_file_set:
                yield Path(path)

    def api_info(self) -> dict[str, Any]:
        return ListFiles.model_json_schema()


def _name(payload: dict[str, Any], file: Path) -> str:
    """The name the file had on the visitor's machine, without folders; the server's when none was sent."""
    name = payload.get("orig_name")
    return (name.replace("\\", "/").rpartition("/")[2] if isinstance(name, str) else "") or file.name
