"""What an attack is given, and what it brings back."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from benchmarks.strangers.page import Page, Refused

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What came of an attack."""

    figure: str
    """The item's own measure."""
    worst: str = "–"
    """Longest answer to the honest visitor meanwhile, in seconds; "–" where none could ask."""


class Site:
    """The pages of one source tree, one at a time. folder: for all that they write."""

    def __init__(self, tree: Path, folder: Path):
        self.tree, self.folder = tree, folder
        self.data = folder / "data"
        self.data.mkdir()
        self._page: Page | None = None

    def page(self, fresh: bool = False, wish: str = "") -> Page:
        """An open page; a new one where `fresh`, or where none with that `wish` is open."""
        page = self._page
        if page is None or fresh or page.wish != wish or page.process.poll() is not None:
            page = self.start(wish).wait()
        return page

    def start(self, wish: str = "", temp: Path | None = None, data: Path | None = None) -> Page:
        """A page that begins to open; the one before it ends."""
        self.close()
        folder = self.new_folder()
        self._page = Page(self.tree, folder, data or self.data, wish, temp)
        return self._page

    def new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))

    def close(self) -> None:
        """End the page."""
        if self._page is not None:
            self._page.stop()
            self._page = None


@dataclass(frozen=True)
class Attack:
    """One item."""

    number: int
    done: str
    """What is done to the page."""
    call: Callable[[Site], Outcome] = dataclasses.field(repr=False)


def at_once(call: Callable[[Any], T], things: Iterable[Any], threads: int) -> list[T | str]:
    """`call` of each thing, so many at a time: what it returned, or the text of a refusal."""

    def tried(thing: Any) -> T | str:
        try:
            return call(thing)
        except Refused as error:
            return f"refused: {error}"
        except httpx.HTTPError as error:
            return f"refused: {type(error).__name__}"

    pool = ThreadPoolExecutor(threads)
    try:
        return list(pool.map(tried, things))
    finally:
        # after a Ctrl-C those that have begun end with their page
        pool.shutdown(wait=False, cancel_futures=True)


def refused(answer: object) -> bool:
    """Whether an answer of `at_once` is the text of a refusal."""
    return isinstance(answer, str) and answer.startswith("refused: ")


def short(text: object, most: int = 70) -> str:
    """A text in one line."""
    line = " ".join(str(text).removeprefix("refused: ").split())
    return line if len(line) <= most else line[: most - 1] + "…"
