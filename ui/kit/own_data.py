"""The data that visitors bring, kept for a while: a secret known to its owner alone finds each set."""

from __future__ import annotations

import ctypes
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from data.own.archives import read_pictures
from data.own.custom import DataError
from data.own.tables import read_table
from data.sources import OWN, Source
from language import _, ngettext, sentences
from settings import MAX_OWN_BYTES, MAX_OWN_BYTES_CLIENT, OWN_SECONDS, duration

EXPIRED = _(
    "Your own data is no longer here: it is kept for {time}, or less when others behind your network address "
    "or other visitors need the room. Please upload it again."
).format(time=duration(OWN_SECONDS))
TOO_LARGE = _("Your own data needs more memory than one visitor may use. Please upload less.")
RETURNED_BYTES = 4 * 2**20
"""Freed bytes that justify returning memory to the system."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A data set in memory, and who brought it."""

    source: Source
    size: int
    since: float
    visit: str
    address: str


class OwnData:
    """Visitors' data sets, in memory for at most OWN_SECONDS: up to MAX_OWN_BYTES in all, and up to
    MAX_OWN_BYTES_CLIENT for each network address. Old ones make room for new ones.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        """By secret, the oldest first."""
        self._freed = 0
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def keep(self, source: Source, visit: str = "", address: str = "", replaces: Any = None) -> str:
        """Keep a data set until that visit ends, in place of the one with the secret `replaces`.

        When room is needed, the address with the most bytes loses its oldest set. Returns the secret. Raises
        DataError for a set larger than one address may have.
        """
        size = _bytes(source.dataset)
        if size > MAX_OWN_BYTES_CLIENT:
            raise DataError(TOO_LARGE)
        token = secrets.token_urlsafe(16)
        with self._current() as entries:
            self._remove(replaces)
            while self._bytes_by_address()[address] + size > MAX_OWN_BYTES_CLIENT:
                self._remove_oldest(address)
            while (totals := self._bytes_by_address()).total() + size > MAX_OWN_BYTES:
                self._remove_oldest(totals.most_common(1)[0][0])
            entries[token] = Entry(source, size, time.monotonic(), visit, address)
        return token

    def get(self, token: Any) -> Source:
        """The data set with that secret. Raises DataError when it is no longer here."""
        with self._current() as entries:
            if not isinstance(token, str) or token not in entries:
                raise DataError(EXPIRED)
            return entries[token].source

    def drop(self, token: Any) -> None:
        """Forget a data set, if it is here."""
        with self._current():
            self._remove(token)

    def leave(self, visit: str) -> None:
        """Forget the data of a visitor who has closed the page."""
        with self._current() as entries:
            for token in [token for token, entry in entries.items() if visit and entry.visit == visit]:
                self._remove(token)

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
        oldest = time.monotonic() - OWN_SECONDS
        for token in [token for token, entry in self._entries.items() if entry.since < oldest]:
            self._remove(token)

    def _set_timer(self) -> None:
        """Make the data expire on time even without a further call."""
        if self._timer is not None and not self._entries:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and self._entries:
            first = next(iter(self._entries.values()))
            wait = first.since + OWN_SECONDS - time.monotonic()
            self._timer = threading.Timer(max(wait, 0) + 0.01, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        with self._lock:
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


def read_own(files: list[tuple[str, bytes]], label: str) -> tuple[Source, str]:
    """Uploaded files -> their data set, and a sentence about it. Raises DataError with a sentence."""
    if len(files) == 1 and files[0][0].lower().endswith((".csv", ".tsv", ".txt")):
        name, data = files[0]
        table = read_table(data, name, label.strip() or None)
        count = len(table.columns)
        rows = f"{len(table):,}"
        summary = ngettext(
            "A table of {rows} rows with {count} feature.",
            "A table of {rows} rows with {count} features.",
            count,
        ).format(rows=rows, count=count)
        call = f"read_table(open({name!r}, 'rb').read(), {name!r}, {label.strip() or None!r})"
        return Source(OWN, "row", table, "from data.own.tables import read_table", call), summary
    pictures, notes = read_pictures(files)
    content = _("{n} pictures in {classes} classes.").format(
        n=f"{len(pictures):,}", classes=len(pictures.classes)
    )
    summary = sentences(content, *notes)
    call = (
        f"read_pictures([(name, open(name, 'rb').read()) for name in {[name for name, _data in files]!r}])[0]"
    )
    return Source(OWN, "picture", pictures, "from data.own.archives import read_pictures", call), summary
