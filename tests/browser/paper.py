"""The drawing paper of Classify: strokes of the mouse, and their results."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Page, expect

from data.drawn import garments
from tests.browser import conftest
from ui.kit.images import as_png

TSHIRT = [
    (0.36, 0.25), (0.20, 0.32), (0.08, 0.50), (0.20, 0.57), (0.27, 0.48), (0.27, 0.85), (0.73, 0.85),
    (0.73, 0.48), (0.80, 0.57), (0.92, 0.50), (0.80, 0.32), (0.64, 0.25), (0.50, 0.31), (0.36, 0.25),
]  # fmt: skip


def stroke(page: Page, points: list[tuple[float, float]], steps: int = 4) -> None:
    """A stroke of the mouse through `points`, shares of the paper's side."""
    box = conftest.area(page.locator(".paper"))
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=steps)
    page.mouse.up()


def answered(page: Page) -> str:
    """Wait for the answer to the picture on the paper, and return its class."""
    expect(page.locator(".answer")).to_have_attribute("data-state", "answer")
    expect(page.locator(".answer.waiting")).to_have_count(0)
    return page.locator(".headline .name").inner_text()


def ink(page: Page) -> int:
    """How many pixels of the paper have ink."""
    return page.evaluate(
        """() => { const c = document.querySelector('.paper');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 128; return n; }"""
    )


def painted(label: int) -> bytes:
    return as_png(garments.picture(label, np.random.default_rng(1), 320))


def upload(page: Page, name: str, data: bytes) -> None:
    """Returns when the picture has taken the place of the example, which has an answer of its own."""
    conftest.upload(page, "input[type=file]", name, data, "image/png")
    expect(page.locator(".badge")).to_be_hidden()
