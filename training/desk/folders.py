"""Temporary folders owned by one process: removed when it closes, or by the next page if it was killed."""

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
            # it gets its name when the lock is held, or another page could take it for one that was left
            made = Path(tempfile.mkdtemp(prefix="torch-playground-", dir=self._parent))
            self._lock = _locked(made)
            self._path = made.rename(self._parent / (self._prefix + made.name.rpartition("-")[2]))
        folder = self._path / name
        folder.mkdir(mode=0o700)
        return folder

    def remove_left(self) -> None:
        """Remove the folders of pages that were killed: nobody holds their lock any more."""
        for folder in self._parent.glob(f"{self._prefix}*"):
            with contextlib.suppress(OSError):
                if not (folder / LOCK).is_file() or folder.is_symlink():
                    continue
                held = _locked(folder)
                if held is not None:
                    shutil.rmtree(folder, ignore_errors=True)
                    held.close()

    def drop(self, folder: Path) -> None:
        """Remove a folder that `new` made, as far as that is possible."""
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove all of it."""
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            self._path = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _locked(folder: Path) -> IO[bytes] | None:
    """Hold the lock file of `folder` as long as this process lives; None when another process holds it."""
    file = (folder / LOCK).open("wb")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows: a file that is open cannot be removed, which serves as well
        pass
    except OSError:
        file.close()
        return None
    return file
