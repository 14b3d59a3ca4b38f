"""The folder of uploaded files: bounded in bytes and in time, and nothing in it is half a file."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gradio_client.utils import strip_invalid_filename_characters

from settings import FILES_SECONDS, UPLOADS_BYTES


@dataclass(frozen=True)
class Upload:
    """A file that a visitor sent."""

    path: Path
    address: str
    """The network address it came from."""
    size: int
    """In bytes."""


class Uploads:
    """Files in `folder`, which answers of the page are written to as well. Safe for threads.

    known: the set in which Gradio keeps the paths of uploads. most_bytes: for all uploads together; when they
    take more, the oldest of the address with the most bytes goes first.
    """

    def __init__(self, folder: Path, known: set[str], most_bytes: int = UPLOADS_BYTES):
        self.folder, self._known, self._most_bytes = folder.resolve(), known, most_bytes
        self._uploads: list[Upload] = []
        self._lock = threading.Lock()

    def keep(self, name: str, data: bytes, address: str) -> Path:
        """Write one file under the name it had on the visitor's machine. Raises OSError, and leaves nothing
        then.
        """
        safe = strip_invalid_filename_characters(Path(name.replace("\\", "/")).name).strip(". ") or "file"
        folder = self.folder / secrets.token_hex(16)
        folder.mkdir(parents=True)
        path = folder / safe
        try:
            path.write_bytes(data)
        except OSError:
            self._remove(path)
            raise
        with self._lock:
            self._uploads.append(Upload(path, address, len(data)))
            self._known.add(str(path))
            self._make_room()
        return path

    def keep_tidy(self) -> None:
        """Sweep once a minute, without an end."""
        while True:
            time.sleep(60)
            self.sweep()

    def sweep(self, age: float = FILES_SECONDS) -> None:
        """Remove every file in the folder that is older than `age` seconds, whoever wrote it."""
        oldest = time.time() - age
        for path in [*self.folder.rglob("*")]:
            with contextlib.suppress(OSError):
                if path.is_file() and path.stat().st_mtime <= oldest:
                    self._remove(path)
                elif path.is_dir() and path.stat().st_mtime <= oldest:
                    path.rmdir()  # an empty one; any other stays
        with self._lock:
            self._forget_removed()

    def _make_room(self) -> None:
        if sum(upload.size for upload in self._uploads) <= self._most_bytes:
            return
        self._forget_removed()
        while len(self._uploads) > 1 and sum(upload.size for upload in self._uploads) > self._most_bytes:
            held: Counter[str] = Counter()
            for upload in self._uploads:
                held[upload.address] += upload.size
            most = held.most_common(1)[0][0]
            oldest = next(upload for upload in self._uploads if upload.address == most)
            self._remove(oldest.path)
            self._uploads.remove(oldest)
            self._known.discard(str(oldest.path))

    def _forget_removed(self) -> None:
        """Uploads are deleted where they are read."""
        self._known -= {str(upload.path) for upload in self._uploads if not upload.path.is_file()}
        self._uploads = [upload for upload in self._uploads if upload.path.is_file()]

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            path.parent.rmdir()
