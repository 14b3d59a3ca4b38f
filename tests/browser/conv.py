"""The Conv tab: how to open it, and the arithmetic on it."""

from __future__ import annotations

import re
from math import prod

from playwright.sync_api import Locator, Page

from ui.conv.tab import SECTIONS

LAYER, KERNEL, STACK, INSIDE = SECTIONS.values()
NUMBER = r"−?\d+(?:\.\d+)?(?:e[+−]?\d+)?"


def opened(guarded, **options) -> Page:
    page = guarded.open("?tab=conv", **options)
    page.locator("#conv-layer .shape.out:visible").wait_for()
    return page


def part(page: Page, name: str) -> None:
    page.locator("#conv-part:visible").get_by_text(name, exact=True).click()


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def computed(terms: str) -> float:
    """Value of sums and products of numbers as the page writes them, such as "4·(−1) + 3·2 + bias 1"."""
    terms = terms.replace("bias ", "").replace("(", "").replace(")", "")
    return sum(prod(number(factor) for factor in term.split("·")) for term in terms.split(" + "))


def equation(view: Locator) -> tuple[str, float]:
    """The arithmetic of a line, and the number behind its last = sign."""
    _, arithmetic, result = re.split(r" = ", view.inner_text().replace("\n", " "))
    return arithmetic.strip(), number(re.findall(NUMBER, result)[0])
