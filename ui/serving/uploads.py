"""The folder of uploaded files: bounded in bytes and in time, and nothing in it is half a file."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections import Counter, deque
from pathlib import Path

from gradio_client.utils import strip_invalid_filename_characters

from settings import FILES_SECONDS, UPLOADS_BYTES

LEAST_BYTES = 4096
"""An empty file takes space, too: a block of the disk, and its folder."""


class Uploads:
    """Files in `folder`, which answers of the page are written to as well. Safe for threads.

    known: the set in which Gradio keeps the paths of uploads. most_bytes: for all uploads together; when they
    take more, the oldest of the address with the most bytes goes first.
    """

    def __init__(self, folder: Path, known: set[str], most_bytes: int = UPLOADS_BYTES):
        self.folder, self._known, self._most_bytes = folder.resolve(), known, most_bytes
        self._files: dict[str, deque[tuple[Path, int]]] = {}
        """Path and bytes of the uploads of each address, the oldest first."""
        self._held: Counter[str] = Counter()
        """Bytes of each address."""
        self._lock = threading.Lock()

    def keep(self, name: str, data: bytes, address: str) -> Path:
        """Write one file under the name it had on the visitor's machine. address: the network address it came
        from. Raises OSError, and leaves nothing then.
        """
        safe = strip_invalid_filename_characters(Path(name.replace("\\", "/")).name).strip(". ") or "file"
        folder = self.folder / secrets.token_hex(16)
        folder.mkdir(parents=True)
        path = folder / safe
        try:
            path.write_bytes(data)
        except OSError:
            _remove(path)
            raise
        size = max(len(data), LEAST_BYTES)
        with self._lock:
            self._files.setdefault(address, deque()).append((path, size))
            self._held[address] += size
            self._known.add(str(path))
            while self._held.total() > self._most_bytes and len(self._known) > 1:
                (most, _), *_ = self._held.most_common(1)
                self._forget(most, self._files[most][0])
        return path

    def keep_tidy(self) -> None:
        """Sweep once a minute, without an end."""
        while True:
            time.sleep(60)
            self.sweep()

    def sweep(self, age: float = FILES_SECONDS) -> None:
        """Remove every file in the folder that is older than `age` seconds, whoever wrote it."""
        oldest = time.time() - age
        for folder, folders, names in os.walk(self.folder, topdown=False):
            for name in names:
                with contextlib.suppress(OSError):
                    path = Path(folder, name)
                    if path.stat().st_mtime <= oldest:
                        _remove(path)
            for name in folders:
                with contextlib.suppress(OSError):
                    path = Path(folder, name)
                    if path.stat().st_mtime <= oldest:
                        path.rmdir()  # an empty one; any other stays
        with self._lock:
            for address, files in list(self._files.items()):
                # others were deleted where they were read
                for file in [file for file in files if not file[0].is_file()]:
                    self._forget(address, file)

    def _forget(self, address: str, file: tuple[Path, int]) -> None:
        path, size = file
        self._files[address].remove(file)
        _remove(path)
        self._known.discard(str(path))
        self._held[address] -= size
        if not self._files[address]:
            del self._files[address], self._held[address]


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()
