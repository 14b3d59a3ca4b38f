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
"""Even an empty file takes space: a block of the disk, and its folder."""


class Uploads:
    """Files in `folder`, to which the answers of the page are written as well. Safe for threads.

    paths: Gradio's set of the paths of uploads. most_bytes: for all uploads together; when they take more,
    the oldest one of the address with the most bytes is removed first.
    """

    def __init__(self, folder: Path, paths: set[str], most_bytes: int = UPLOADS_BYTES):
        self.folder, self._paths, self._most_bytes = folder.resolve(), paths, most_bytes
        self._files: dict[str, deque[tuple[Path, int]]] = {}
        """Path and bytes of each upload, by address, the oldest first."""
        self._bytes: Counter[str] = Counter()
        """Of all uploads of an address."""
        self._lock = threading.Lock()

    def keep(self, name: str, data: bytes, address: str) -> Path:
        """Write one file under its name on the visitor's machine. address: the network address it came from.
        Raises OSError and then leaves nothing.
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
            self._bytes[address] += size
            self._paths.add(str(path))
            while self._bytes.total() > self._most_bytes and len(self._paths) > 1:
                largest = max(self._bytes, key=self._bytes.__getitem__)
                self._forget(largest, self._files[largest][0])
        return path

    def keep_tidy(self) -> None:
        """Sweep once a minute, for ever."""
        while True:
            time.sleep(60)
            self.sweep()

    def sweep(self, age: float = FILES_SECONDS) -> None:
        """Remove every file in the folder older than `age` seconds, whoever wrote it."""
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
                        path.rmdir()  # fails unless it is empty
        with self._lock:
            for address, files in list(self._files.items()):
                # their readers have deleted some
                for file in [file for file in files if not file[0].is_file()]:
                    self._forget(address, file)

    def _forget(self, address: str, file: tuple[Path, int]) -> None:
        path, size = file
        self._files[address].remove(file)
        _remove(path)
        self._paths.discard(str(path))
        self._bytes[address] -= size
        if not self._files[address]:
            del self._files[address], self._bytes[address]


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()
