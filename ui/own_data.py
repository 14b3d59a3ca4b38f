"""The data that visitors bring: each set is found by a secret that its owner alone is told, for a while."""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any

from torch import Tensor

from data.archives import read_pictures
from data.custom import DataError
from data.sources import Source
from data.tables import read_table
from settings import MAX_OWN_BYTES, OWN_SECONDS

OWN = "own"
"""What the page calls a data set of the visitor's own."""
GONE = "Your own data is no longer here: it is kept for an hour. Please upload it again."
FULL = "Too many visitors have data of their own here at the moment. Please try again later."


class OwnData:
    """Data sets of visitors in memory, at most MAX_OWN_BYTES of them, each for at most OWN_SECONDS."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Source, int, float]] = {}
        self._visits: dict[str, str] = {}
        """The secret that a visit of the page holds."""
        self._lock = threading.Lock()

    def keep(self, source: Source, visit: str = "") -> str:
        """Keep a data set until the end of that visit; returns its secret. Raises DataError without room."""
        size = _bytes(source.dataset)
        with self._lock:
            self._forget_old()
            if size + sum(other for _, other, _ in self._kept.values()) > MAX_OWN_BYTES:
                raise DataError(FULL)
            token = secrets.token_urlsafe(16)
            self._kept[token] = (source, size, time.monotonic())
            self._visits[visit] = token
        return token

    def get(self, token: Any) -> Source:
        """The data set of that secret. Raises DataError when it is gone."""
        with self._lock:
            self._forget_old()
            if not isinstance(token, str) or token not in self._kept:
                raise DataError(GONE)
            return self._kept[token][0]

    def drop(self, token: Any) -> None:
        """Forget a data set; one that is not here is no mistake."""
        with self._lock:
            self._kept.pop(token if isinstance(token, str) else "", None)

    def leave(self, visit: str) -> None:
        """Forget what a visitor who has closed the page brought."""
        with self._lock:
            self._kept.pop(self._visits.pop(visit, ""), None)

    def _forget_old(self) -> None:
        oldest = time.monotonic() - OWN_SECONDS
        for token in [token for token, (_, _, since) in self._kept.items() if since < oldest]:
            del self._kept[token]
        self._visits = {visit: token for visit, token in self._visits.items() if token in self._kept}


def _bytes(dataset: Any) -> int:
    """About how much memory the samples of a Table or of Pictures take."""
    tensors = [value for value in vars(dataset).values() if isinstance(value, Tensor)]
    images = [3 * image.width * image.height for image in getattr(dataset, "images", [])]
    return sum(tensor.nbytes for tensor in tensors) + sum(images)


def read_own(files: list[tuple[str, bytes]], label: str) -> tuple[Source, str]:
    """Uploaded files -> their data set, and a sentence on it. Raises DataError with a sentence."""
    if len(files) == 1 and files[0][0].lower().endswith((".csv", ".tsv", ".txt")):
        name, data = files[0]
        table = read_table(data, name, label.strip() or None)
        count = len(table.columns)
        told = f"A table of {len(table):,} rows with {count} feature{'s' if count != 1 else ''}."
        call = f"read_table(open({name!r}, 'rb').read(), {name!r}, {label.strip() or None!r})"
        return Source(OWN, "row", table, "from data.tables import read_table", call), told
    pictures, notes = read_pictures(files)
    told = " ".join([f"{len(pictures):,} pictures in {len(pictures.classes)} classes.", *notes])
    call = f"read_pictures([(name, open(name, 'rb').read()) for name in {[name for name, _ in files]!r}])[0]"
    return Source(OWN, "picture", pictures, "from data.archives import read_pictures", call), told
