"""Fetches the files of Fashion-MNIST. Each gets its name once it is whole and its hash is right."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from data import fashion
from language import _
from settings import DOWNLOAD_CONNECT_SECONDS, DOWNLOAD_READ_SECONDS, data_folder, is_offline

MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
"""Where the four compressed files are; the hashes make up for the missing encryption of the first."""
FAILURES = (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, zlib.error)
"""What can go wrong with a server, or with the disk."""
CHUNK = 2**16
ABANDONED_SECONDS = 3600.0
"""After so many seconds without a change, an unfinished file is one that a process left behind."""


class DownloadError(RuntimeError):
    """The files could not be fetched; the message is one sentence that says why and what to do.

    reason: why, in a few words that name no folder.
    """

    def __init__(self, reason: str, folder: Path):
        self.reason = reason
        super().__init__(
            f"Fashion-MNIST could not be downloaded ({reason}): "
            f"check the network, or copy its four files into {folder}."
        )


def mirrors() -> tuple[str, ...]:
    """The addresses to try, each with a slash at its end: `TORCH_PLAYGROUND_MIRROR`, else `MIRRORS`."""
    own = os.environ.get("TORCH_PLAYGROUND_MIRROR", "").strip()
    return (own.rstrip("/") + "/",) if own else MIRRORS


def fetch(root: Path, progress: Callable[[int, int], object] = lambda done, total: None) -> None:
    """Fetch what is missing or damaged of Fashion-MNIST in `root`. A compressed file that lies there, as
    `train-images-idx3-ubyte.gz`, is unpacked and not fetched.

    progress: called with the compressed bytes that have arrived, and with how many there will be; what it
    raises ends the download. Raises DownloadError.
    """
    raw = fashion.folder(root)
    missing = [name for name in fashion.FILES if not fashion.is_intact(raw / name)]
    total = sum(fashion.FILES[name].packed for name in missing)
    done = 0

    def count(chunks: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal done
        for chunk in chunks:
            done += len(chunk)
            progress(done, total)
            yield chunk

    try:
        raw.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(raw)
        for name in missing:
            before = done
            packed = raw / f"{name}.gz"
            if packed.is_file():
                try:
                    _unpack(count(_of_file(packed)), raw / name)
                    continue
                except (ValueError, zlib.error):
                    done = before
            for place in mirrors():
                try:
                    _unpack(count(_of_network(place + packed.name)), raw / name)
                    break
                except FAILURES:
                    done = before
                    if place == mirrors()[-1]:
                        raise
    except FAILURES as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DownloadError(" ".join(reason.split()), raw) from error


def _of_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _of_network(address: str) -> Iterator[bytes]:
    timeout = httpx.Timeout(DOWNLOAD_READ_SECONDS, connect=DOWNLOAD_CONNECT_SECONDS)
    with httpx.stream("GET", address, timeout=timeout, follow_redirects=True) as response:
        if response.status_code != 200:
            raise OSError(f"{response.status_code} {response.reason_phrase}")
        # not iter_bytes: a server may declare the file's own compression as that of the transfer
        yield from response.iter_raw()


def _unpack(chunks: Iterator[bytes], target: Path) -> None:
    """Write the content of a gzip file to `target` when its size and hash are right; ValueError otherwise."""
    size, digest = fashion.FILES[target.name].size, hashlib.sha256()
    gzip = zlib.decompressobj(wbits=31)
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                content = gzip.decompress(chunk)
                digest.update(content)
                file.write(content)
                if gzip.eof or file.tell() > size:
                    break  # whatever a server sends after the end
            if file.tell() != size or digest.hexdigest() != fashion.FILES[target.name].sha256:
                raise ValueError(f"{target.name} arrived damaged")
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)  # the files of mkstemp are for their owner alone
        os.replace(part, target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _remove_abandoned(raw: Path) -> None:
    for part in raw.glob("*.part"):
        if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
            part.unlink(missing_ok=True)


class Download:
    """Fetches Fashion-MNIST in the background of the page, into `settings.data_folder()`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._received = (0, 0)
        self._problem = ""

    def start(self) -> None:
        """Begin to fetch, unless it is under way, there is nothing to fetch, or the page is offline."""
        with self._lock:
            is_busy = self._thread is not None and self._thread.is_alive()
            if is_busy or is_offline() or fashion.available(data_folder()):
                return
            self._received, self._problem = (0, 0), ""
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            fetch(data_folder(), self._note)
        except DownloadError as error:
            sentence = _("Fashion-MNIST could not be downloaded ({reason}). The page draws garments instead.")
            self._problem = sentence.format(reason=error.reason)
        except _ClosingError:
            pass

    def _note(self, done: int, total: int) -> None:
        self._received = done, total
        if self._closing:
            raise _ClosingError

    def status(self) -> dict[str, object]:
        """{"state", "done", "total", "problem"}: "here"; "fetching" with bytes, 0 before the first; "failed"
        with a sentence; or "missing", where the page may not use the network.
        """
        thread, (done, total) = self._thread, self._received
        if thread is not None and thread.is_alive():
            state = "fetching"
        elif fashion.available(data_folder()):
            state = "here"
        else:
            state = "failed" if self._problem else "missing"
        return {"state": state, "done": done, "total": total, "problem": self._problem}

    def close(self) -> None:
        """Stop, and leave nothing half written."""
        self._closing = True
        if self._thread is not None:
            self._thread.join(timeout=1.0)


class _ClosingError(Exception):
    """The page is closing."""
