"""Grids, and the text of the HTML about them."""

import re
from html import unescape

from data.patterns import pattern

DARK = [[0.0] * 4] * 4
A, B = pattern(0, 10), pattern(1, 10)


def text(html: str) -> str:
    """What a reader sees of `html`, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html.replace("<sup>", "^"))).split())
