"""Temporary folders owned by one process: it removes them, or the next page does if it was killed."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import IO

LOCK = "lock"


class OwnedFolder:
    """A folder that is created on first use.

    kind: what it holds, part of its name. parent: by default the system's folder for temporary files.
    """

    def __init__(self, kind: str, parent: Path | str | None = None):
        self._prefix = f"torch-playground-{kind}-"
        self._parent = Path(parent or tempfile.gettempdir())
        self._path: Path | None = None
        self._lock: IO[bytes] | None = None

    def new(self, name: str) -> Path:
        """An empty folder in it. Raises OSError."""
        if self._path is None:
            # it gets its name when it is locked, or another page could take it for an abandoned one
            unnamed = Path(tempfile.mkdtemp(prefix="torch-playground-", dir=self._parent))
            self._lock = _locked(unnamed)
            self._path = unnamed.rename(self._parent / (self._prefix + unnamed.name.rpartition("-")[2]))
        folder = self._path / name
        folder.mkdir(mode=0o700)
        return folder

    def remove_left(self) -> None:
        """Remove the folders of pages that were killed, whose locks nobody holds any more."""
        for folder in self._parent.glob(f"{self._prefix}*"):
            with contextlib.suppress(OSError):
                if not (folder / LOCK).is_file() or folder.is_symlink():
                    continue
                lock = _locked(folder)
                if lock is not None:
                    shutil.rmtree(folder, ignore_errors=True)
                    lock.close()

    def drop(self, folder: Path) -> None:
        """Remove a folder created by `new`, as far as that is possible."""
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove it with everything in it."""
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            self._path = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _locked(folder: Path) -> IO[bytes] | None:
    """Lock `folder` as long as this process lives; None when another process has locked it."""
    file = (folder / LOCK).open("wb")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows: an open file cannot be removed, which serves as well
        pass
    except OSError:
        file.close()
        return None
    return file
