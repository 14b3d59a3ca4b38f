"""The page as a whole: without storage, its first screen, the keyboard, a phone."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE
from tests.browser.paper import TSHIRT, answered, stroke

pytest.importorskip("playwright")
from playwright.sync_api import FloatRect, Page, expect

pytestmark = pytest.mark.browser


def test_a_browser_without_storage_still_answers(guarded):
    page = guarded.open()
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('forbidden'); } })"
    )
    page.goto(page.url)
    page.locator(".thumbs button").nth(9).wait_for()
    stroke(page, TSHIRT)
    assert answered(page) == "T-shirt/top"
    page.goto(page.url + "?tab=train")
    expect(page.locator("#train-run .facts b").first).to_be_visible()


def test_the_first_screen_holds_all_parts_and_none_moves_as_an_answer_arrives(page: Page):
    for part in (".surface", ".sources", ".verdict", ".bars", "canvas.ours", ".why"):
        box = page.locator(part).first.bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= 800, part

    def places() -> list[FloatRect | None]:
        return [
            page.locator(part).first.bounding_box()
            for part in (".surface", ".bars", "canvas.ours", ".stages")
        ]

    before = places()
    stroke(page, TSHIRT)
    answered(page)
    assert places() == before


@pytest.mark.parametrize(
    ("query", "title"), [("?tab=patterns", "Patterns"), ("?tab=../x", "Classify"), ("?tab", "Classify")]
)
def test_the_address_opens_a_tab(guarded, query: str, title: str):
    page = guarded.open(query)
    expect(page.get_by_role("tab", selected=True)).to_have_text(title)
    first = {"Patterns": "#pattern-grid .cell", "Classify": ".thumbs button"}[title]
    expect(page.locator(first).first).to_be_visible()
    # the other tab is not laid out before it is opened
    assert page.locator("#picture-input").count() == (title == "Classify")


def test_the_address_follows_the_tab(guarded):
    page = guarded.open()
    expect(page.locator(".thumbs button").nth(9)).to_be_visible()
    assert "?" not in page.url
    page.get_by_role("tab", name="Conv shapes").click()
    expect(page).to_have_url(re.compile(r"\?tab=conv$"))
    page.reload()
    expect(page.get_by_role("tab", selected=True)).to_have_text("Conv shapes")
    page.get_by_role("tab", name="Classify").click()
    expect(page).to_have_url(re.compile(r"\?tab=classify$"))


def test_a_page_that_nobody_uses_draws_no_frames(guarded):
    page = guarded.open("?tab=conv", new_profile=True)
    page.add_init_script(
        """window.drawn = 0;
        const request = window.requestAnimationFrame;
        window.requestAnimationFrame = (draw) => { window.drawn += 1; return request(draw); };"""
    )
    page.reload()
    page.locator("#conv-layer .shape.out:visible").wait_for()
    for _ in range(10):
        before = page.evaluate("drawn")
        page.wait_for_timeout(1000)
        if page.evaluate("drawn") == before:
            return
    pytest.fail("frames are drawn all the time")


def test_the_keyboard_reaches_everything_in_reading_order(page: Page):
    reached = []
    page.keyboard.press("Tab")
    for _ in range(40):
        reached.append(
            page.evaluate(
                """() => { const e = document.activeElement;
                return e.getAttribute('aria-label') || e.title || e.innerText || e.className; }"""
            )
        )
        page.keyboard.press("Tab")
    order = [
        reached.index(name) for name in ("Pen", "Eraser", "Medium line", "Upload", "Draw ten new examples")
    ]
    assert order == sorted(order)
    assert page.evaluate("document.activeElement !== document.body")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_has_large_buttons_and_never_scrolls_sideways(guarded, theme: str):
    page = guarded.open(f"?__theme={theme}", viewport=PHONE)
    page.locator(".thumbs button").nth(9).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for box in page.locator("#picture-input button:visible, button.why").all():
        size = box.bounding_box()
        assert size["height"] >= 44 and size["width"] >= 44, box.inner_text()
