"""The Patterns tab as a visitor uses it: mouse, keys, intensities, training."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(guarded) -> Page:
    page = guarded.open("?tab=patterns")
    cell(page, 3, 3).wait_for()
    return page


def cell(page: Page, row: int, column: int, grid: str = "pattern-grid") -> Locator:
    return page.locator(f"#{grid} .cell[data-row='{row}'][data-column='{column}']")


def middle(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def numbers(page: Page) -> str:
    return " ".join(page.locator("#pattern-grid .cell").all_inner_texts())


def verdict(page: Page) -> Locator:
    return page.locator("#pattern-answer .verdict")


def closer(page: Page, part: str) -> None:
    page.locator("#pattern-part").get_by_text(part).click()


def test_painting_b_with_the_mouse(tab: Page):
    tab.locator("#pattern-grid-clear").click()
    expect(verdict(tab)).to_contain_text("Nothing to classify")
    for row in (0, 3):
        tab.mouse.move(*middle(cell(tab, row, 0)))
        tab.mouse.down()
        tab.mouse.move(*middle(cell(tab, row, 3)), steps=12)
        tab.mouse.up()
    for row in (1, 2):
        for column in (1, 3):
            cell(tab, row, column).click()
    expect(verdict(tab)).to_have_text(re.compile(r"^B\s*with probability"))
    assert numbers(tab) == "10 10 10 10 0 10 0 10 0 10 0 10 10 10 10 10"


def test_painting_a_with_the_keyboard(tab: Page):
    tab.locator("#pattern-grid-clear").click()
    expect(verdict(tab)).to_contain_text("Nothing to classify")
    cell(tab, 0, 0).focus()
    for _ in range(4):
        for key in ("ArrowRight", "Space", "ArrowRight", "ArrowRight", "1", "9", "Home", "ArrowDown"):
            tab.keyboard.press(key)
    expect(verdict(tab)).to_have_text(re.compile(r"^A\s*with probability"))
    assert numbers(tab) == " ".join(["0 10 0 19"] * 4)
    assert tab.evaluate("document.activeElement.ariaLabel").startswith("row 4, column 1")
    for number in ("2.5", "2,25", "1e1", "0"):  # the last row
        for key in (*number, "ArrowRight"):
            tab.keyboard.press(key)
    assert numbers(tab).endswith(" 2.5 2.25 10 0")
    refused = {
        "2..5": "“2..5” is not a number.",
        "1,234": "“1,234” could mean 1.234 or 1234: write one of these.",
        "1e99": "“1e99” is more than a cell takes: at most 1,000,000,000,000.",
    }
    for typed, sentence in refused.items():
        for key in (*typed, "Home"):
            tab.keyboard.press(key)
        expect(tab.locator("#pattern-grid .problem")).to_have_text(sentence)
        tab.keyboard.press("End")
    assert numbers(tab).endswith(" 2.5 2.25 10 0")  # as before


def test_the_intensity_of_the_tutorials(tab: Page):
    tab.locator("#pattern-grid-intensity input").fill("999999999")
    tab.locator("#pattern-grid-B").click()
    expect(verdict(tab)).to_have_text(re.compile(r"^B\s*with probability 100 %"))
    # the new brush paints, too: it clears a cell that has its number and fills a dark one
    cell(tab, 0, 0).click()
    expect(cell(tab, 0, 0)).to_have_text("0")
    cell(tab, 1, 0).click()
    expect(cell(tab, 1, 0)).to_have_text("999999999")


def test_the_other_network_says_neither(tab: Page):
    tab.get_by_text("with ReLU: A, B or neither").click()
    expect(verdict(tab)).to_have_text(re.compile(r"^A\s*with"))
    cell(tab, 0, 0).click()
    cell(tab, 2, 2).click()
    expect(verdict(tab)).to_have_text(re.compile(r"^neither\s*with"))


def test_the_visitors_own_network_answers_the_grid(tab: Page):
    closer(tab, "Train it")
    tab.locator("#pattern-train").click()
    expect(tab.locator("#pattern-result table")).to_contain_text("100 %")
    expect(tab.locator("#pattern-weights").get_by_label("yours")).to_be_checked()
    closer(tab, "Compare two")
    expect(tab.locator("#pattern-difference")).to_contain_text("Yours")


def test_many_trainings_show_why_one_shuffles(tab: Page):
    closer(tab, "Why shuffle?")
    tab.locator("#pattern-many").click()
    expect(tab.locator("#pattern-seeds .step").last).to_have_text("after step 80 of 80")
    expect(tab.locator("#pattern-seeds .seeds").last).to_contain_text("0 of 20")
    assert tab.locator("#pattern-seeds .seeds").first.locator(".wrong").count() > 0


def test_nothing_moves_while_painting(tab: Page):
    def places() -> list[FloatRect | None]:
        return [
            tab.locator(part).bounding_box() for part in ("#pattern-grid", "#pattern-answer", "#pattern-part")
        ]

    before = places()
    tab.locator("#pattern-grid-clear").click()
    expect(verdict(tab)).to_contain_text("Nothing to classify")
    cell(tab, 1, 1).click()
    expect(verdict(tab)).to_contain_text("with probability")
    assert places() == before


def test_a_finger_paints_on_a_phone(guarded):
    page = guarded.open("?tab=patterns", viewport=PHONE, has_touch=True)
    cell(page, 3, 3).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("#pattern-grid-clear").tap()
    expect(verdict(page)).to_contain_text("Nothing to classify")
    points = [middle(cell(page, row, 1)) for row in range(4)]
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *places: tuple[float, float]) -> None:
        touch.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in places]}
        )

    send("touchStart", points[0])
    for point in points[1:]:
        send("touchMove", point)
    send("touchEnd")
    expect(cell(page, 3, 1)).to_have_text("10")
    assert numbers(page) == " ".join(["0 10 0 0"] * 4)
