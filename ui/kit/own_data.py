"""The data that visitors bring, kept for a while: a secret known to its owner alone finds each set.

The visitor's tab of the browser keeps the secret, see `ui.kit.own_secret`: neither a lost connection nor a
reload loses the data.
"""

from __future__ import annotations

import ctypes
import math
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from data.own.custom import DataError
from data.own.uploads import Upload
from data.sources import Source
from language import _
from settings import MAX_OWN_BYTES, MAX_OWN_BYTES_CLIENT, OWN_LEFT_SECONDS, OWN_SECONDS, duration

EXPIRED = _(
    "Your own data is no longer here: it is kept for {time}, until you leave the page, or less when others "
    "behind your network address or other visitors need the room. Please upload it again."
).format(time=duration(OWN_SECONDS))
NOT_READ = _('Your file could not be read yet: "Your own data" says why, and what can be chosen.')
TOO_LARGE = _("Your own data needs more memory than one visitor may use. Please upload less.")
MAX_VISITS = 100
"""Most pages of one data set that are told apart."""
RETURNED_BYTES = 4 * 2**20
"""Freed bytes that justify returning memory to the system."""


@dataclass(eq=False)
class Entry:
    """What one visitor brought."""

    source: Source | None
    """None while it cannot be read."""
    upload: Upload | None
    """The visitor's last one."""
    address: str
    since: float
    visits: set[str]
    """The open pages that use it."""
    left: float = math.inf
    """When the visitor left the last of them."""
    size: int = field(init=False)
    """Bytes of memory."""

    def __post_init__(self) -> None:
        dataset = 0 if self.source is None else _bytes(self.source.dataset)
        files = () if self.upload is None else self.upload.files
        self.size = dataset + sum(len(data) for _name, data in files)

    @property
    def until(self) -> float:
        return min(self.since + OWN_SECONDS, self.left + OWN_LEFT_SECONDS)


class OwnData:
    """Visitors' data sets, in memory for at most OWN_SECONDS: up to MAX_OWN_BYTES in all, and up to
    MAX_OWN_BYTES_CLIENT for each network address. Old ones make room for new ones.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        """By secret, the oldest first."""
        self._freed = 0
        self._timer: threading.Timer | None = None
        self._due = math.inf
        """When the timer ends."""
        self._lock = threading.Lock()

    def keep(
        self,
        source: Source,
        visit: str = "",
        address: str = "",
        replaces: Any = None,
        upload: Upload | None = None,
    ) -> str:
        """Keep a data set, and the upload it was read from, in place of the one with the secret `replaces`.

        visit: the name of the page. When room is needed, the address with the most bytes loses its oldest
        set. Returns the secret. Raises DataError for a set larger than one address may have.
        """
        return self._keep(Entry(source, upload, address, time.monotonic(), {visit}), replaces)

    def hold(self, upload: Upload, visit: str = "", address: str = "", beside: Any = None) -> str:
        """Keep an upload that cannot be read as it is, until the visitor says how, and the data set with the
        secret `beside`, if there is one. Otherwise as `keep`.
        """
        with self._current() as entries:
            before = entries.get(beside) if isinstance(beside, str) else None
        if before is None or before.source is None:
            return self._keep(Entry(None, upload, address, time.monotonic(), {visit}), beside)
        return self._keep(Entry(before.source, upload, address, before.since, {visit}), beside)

    def get(self, token: Any) -> Source:
        """The data set with that secret. Raises DataError when it is no longer here."""
        source = self._entry(token).source
        if source is None:
            raise DataError(NOT_READ)
        return source

    def upload(self, token: Any) -> Upload | None:
        """The last upload with that secret. Raises DataError as `get`."""
        return self._entry(token).upload

    def drop(self, token: Any) -> None:
        """Forget a data set, if it is here."""
        with self._current():
            self._remove(token)

    def join(self, token: Any, visit: str) -> None:
        """A page of the visitor uses the data, perhaps after a reload. Raises DataError as `get`."""
        entry = self._entry(token)
        with self._lock:
            if len(entry.visits) >= MAX_VISITS:
                entry.visits.clear()
            entry.visits.add(visit)
            entry.left = math.inf

    def leave(self, token: Any, visit: Any) -> None:
        """The visitor left a page by their own act. Unless they come back, as in a reload, or use the data in
        another page, it is forgotten after OWN_LEFT_SECONDS.
        """
        with self._current() as entries:
            entry = entries.get(token) if isinstance(token, str) else None
            if entry is not None and isinstance(visit, str):
                entry.visits.discard(visit)
                if not entry.visits:
                    entry.left = min(entry.left, time.monotonic())

    def _entry(self, token: Any) -> Entry:
        with self._current() as entries:
            if not isinstance(token, str) or token not in entries:
                raise DataError(EXPIRED)
            return entries[token]

    def _keep(self, entry: Entry, replaces: Any) -> str:
        if entry.size > MAX_OWN_BYTES_CLIENT:
            raise DataError(TOO_LARGE)
        token = secrets.token_urlsafe(16)
        with self._current() as entries:
            self._remove(replaces)
            while self._bytes_by_address()[entry.address] + entry.size > MAX_OWN_BYTES_CLIENT:
                self._remove_oldest(entry.address)
            while (totals := self._bytes_by_address()).total() + entry.size > MAX_OWN_BYTES:
                self._remove_oldest(totals.most_common(1)[0][0])
            entries[token] = entry
        return token

    @contextmanager
    def _current(self) -> Iterator[dict[str, Entry]]:
        """Give one thread at a time the entries that have not expired."""
        try:
            with self._lock:
                self._remove_old()
                yield self._entries
                self._set_timer()
        finally:
            if self._freed >= RETURNED_BYTES:
                self._freed = 0
                return_memory()

    def _bytes_by_address(self) -> Counter[str]:
        totals = Counter[str]()
        for entry in self._entries.values():
            totals[entry.address] += entry.size
        return totals

    def _remove(self, token: Any) -> None:
        if isinstance(token, str) and token in self._entries:
            self._freed += self._entries.pop(token).size

    def _remove_oldest(self, address: str) -> None:
        self._remove(next(token for token, entry in self._entries.items() if entry.address == address))

    def _remove_old(self) -> None:
        now = time.monotonic()
        for token in [token for token, entry in self._entries.items() if entry.until <= now]:
            self._remove(token)

    def _set_timer(self) -> None:
        """Make the data expire on time even without a further call."""
        first = min((entry.until for entry in self._entries.values()), default=math.inf)
        if self._timer is not None and (not self._entries or first < self._due):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and self._entries:
            self._due = first
            self._timer = threading.Timer(max(first - time.monotonic(), 0) + 0.01, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        with self._lock:
            if self._timer is threading.current_thread():
                self._timer = None
        with self._current():
            pass


def return_memory() -> None:
    """Return freed memory to the system: glibc keeps small blocks, such as pictures, for itself.

    Does nothing except on Linux with glibc.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _bytes(dataset: Any) -> int:
    """Approximate bytes of memory that a TableDataset or a PictureDataset takes, at least a few KB."""
    tensors = [value for value in vars(dataset).values() if isinstance(value, Tensor)]
    # Pillow stores an RGB pixel in 4 bytes, and needs half a KB more for each picture
    images = [4 * image.width * image.height + 512 for image in getattr(dataset, "images", [])]
    return 4096 + sum(tensor.nbytes for tensor in tensors) + sum(images)
