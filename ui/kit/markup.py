"""The texts of HTML templates: finds them, and replaces them by their translations.

A text is the content of an element with words and only inline elements, markup included: a translator sees
whole sentences. In an element with other children, each run of its own words is a text. So are attributes
that people read or hear. Code is not a text, nor is anything marked translate="no".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

INLINE = {"a", "abbr", "b", "br", "code", "em", "i", "kbd", "small", "span", "strong", "sub", "sup", "var"}
VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}
READ = ("alt", "aria-label", "aria-valuetext", "placeholder", "title")
"""Attributes that people read or hear."""
CODE = {"code", "pre", "script", "style"}


@dataclass
class _Node:
    """An element: its tag is in the source from `start` to `inner`, its content from there to `end`."""

    tag: str
    attributes: dict[str, str | None]
    start: int
    inner: int
    end: int = 0
    children: list[_Node] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_untranslated(self) -> bool:
        return self.tag in CODE or self.attributes.get("translate") == "no"

    @property
    def is_inline(self) -> bool:
        return self.tag in INLINE and all(child.is_inline for child in self.children)


class _Tree(HTMLParser):
    def __init__(self, source: str):
        super().__init__(convert_charrefs=False)
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.root = _Node("", {}, 0, 0, len(source))
        self.open = [self.root]
        self.feed(source)
        self.close()

    def _offset(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._offset()
        inner = start + len(self.get_starttag_text() or "")
        node = _Node(tag, dict(attrs), start, inner, inner)
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if any(node.tag == tag for node in self.open[1:]):
            while (node := self.open.pop()).tag != tag:
                node.end = self._offset()
            node.end = self._offset()

    def handle_data(self, data: str) -> None:
        if any(letter.isalpha() for letter in data):
            start = self._offset()
            self.open[-1].words.append((start, start + len(data)))


def _spans(node: _Node) -> Iterator[tuple[int, int]]:
    """The place of each text of a template, as (start, end)."""
    if node.is_untranslated:
        return
    if node.words and node.tag and all(child.is_inline for child in node.children):
        yield node.inner, node.end
        return
    yield from node.words
    for child in node.children:
        yield from _spans(child)


def _elements(node: _Node) -> Iterator[_Node]:
    for child in node.children:
        yield child
        yield from _elements(child)


def _pieces(source: str) -> Iterator[tuple[int, int, str, bool]]:
    """(start, end, text, whether it is an attribute's) of every text, in the order of the source."""
    root = _Tree(source).root
    spans = sorted(_spans(root))
    pieces = [(start, end, " ".join(source[start:end].split()), False) for start, end in spans]
    for node in _elements(root):
        if any(start <= node.start < end for start, end in spans):
            continue  # a translator sees it as part of that text
        for name in READ:
            value = node.attributes.get(name)
            if value and any(letter.isalpha() for letter in value):
                quoted = f'{name}="'
                start = source.index(quoted, node.start) + len(quoted)
                pieces.append((start, source.index('"', start), value, True))
    yield from sorted(pieces)


def texts(source: str) -> list[str]:
    """The texts of a template, as their translations are looked up."""
    return [text for _, _, text, _ in _pieces(source)]


def translate(source: str, translation: Callable[[str], str]) -> str:
    """The template with every text replaced by its translation."""
    parts, at = [], 0
    for start, end, text, is_attribute in _pieces(source):
        raw = source[start:end]
        before = raw[: len(raw) - len(raw.lstrip())]
        after = raw[len(raw.rstrip()) :]
        new = translation(text).replace('"', "&quot;") if is_attribute else translation(text)
        parts += [source[at:start], before, new, after]
        at = end
    return "".join(parts) + source[at:]
