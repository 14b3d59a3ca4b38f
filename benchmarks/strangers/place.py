"""The input and the result of an attack."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from benchmarks.strangers.page import Refused, ServedPage

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """The result of an attack."""

    figure: str
    """The measure of this item, in words."""
    worst: str = "–"
    """Longest answer to the honest visitor meanwhile, in seconds; "–" if there was none."""


class Site:
    """The pages of one source tree, one at a time. folder: for everything that they write."""

    def __init__(self, tree: Path, folder: Path):
        self.tree, self.folder = tree, folder
        self.data = folder / "data"
        self.data.mkdir()
        self._page: ServedPage | None = None

    def page(self, fresh: bool = False, wish: str = "") -> ServedPage:
        """An open page; a new one if `fresh`, or if none with that `wish` is open."""
        page = self._page
        if page is None or fresh or page.wish != wish or page.process.poll() is not None:
            page = self.start(wish).wait()
        return page

    def start(self, wish: str = "", temp: Path | None = None, data: Path | None = None) -> ServedPage:
        """A page that starts to open; the one before it is stopped."""
        self.close()
        folder = self.new_folder()
        self._page = ServedPage(self.tree, folder, data or self.data, wish, temp)
        return self._page

    def new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))

    def close(self) -> None:
        """Stop the page."""
        if self._page is not None:
            self._page.stop()
            self._page = None


@dataclass(frozen=True)
class Attack:
    """One item of the table."""

    number: int
    done: str
    """What is done to the page."""
    call: Callable[[Site], Outcome] = dataclasses.field(repr=False)


def at_once(call: Callable[[Any], T], items: Iterable[Any], threads: int) -> list[T | str]:
    """`call` for each item, so many at a time: its result, or the text of a refusal."""

    def attempt(item: Any) -> T | str:
        try:
            return call(item)
        except Refused as error:
            return f"refused: {error}"
        except httpx.HTTPError as error:
            return f"refused: {type(error).__name__}"

    pool = ThreadPoolExecutor(threads)
    try:
        return list(pool.map(attempt, items))
    finally:
        # after a Ctrl-C the running ones end with their page
        pool.shutdown(wait=False, cancel_futures=True)


def refused(answer: object) -> bool:
    """Whether an answer of `at_once` is the text of a refusal."""
    return isinstance(answer, str) and answer.startswith("refused: ")


def short(text: object, most: int = 70) -> str:
    """A text in one line."""
    line = " ".join(str(text).removeprefix("refused: ").split())
    return line if len(line) <= most else line[: most - 1] + "…"
