"""Classify as a visitor uses it: drawing, answers, reasons. Waits on states, never on time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.conftest import PHONE, area
from tests.browser.paper import TSHIRT, answered, ink, painted, stroke, upload
from ui.classify import words as classify_words
from ui.kit.images import as_png

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_drawn_tshirt_takes_the_place_of_the_example(page: Page):
    expect(page.locator(".badge")).to_be_visible()
    assert answered(page) == "Ankle boot"
    example = ink(page)
    stroke(page, [(0.4, 0.4), (0.6, 0.4)])
    expect(page.locator(".badge")).to_be_hidden()
    assert 0 < ink(page) < example / 2
    stroke(page, TSHIRT)
    expect(page.locator(".headline .name")).to_have_text("T-shirt/top")
    expect(page.locator(".bars li.top .label")).to_have_text("T-shirt/top")
    expect(page.locator(".stage img[src]")).to_have_count(len(classify_words.STEPS))
    expect(page.locator(".answer + .saw canvas.ours")).to_have_attribute(
        "aria-label", "The 28 by 28 grey picture the network was given"
    )
    expect(page.locator(".live")).to_contain_text("T-shirt/top")


def test_the_answer_follows_the_pen_before_it_is_lifted(page: Page):
    box = area(page.locator(".paper"))
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 300, steps=12)
    assert answered(page)  # the button is still down
    page.mouse.up()


def test_undo_redo_clear_and_eraser(page: Page):
    undo, redo, clear = (
        page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo", "Clear")
    )
    expect(undo).to_be_disabled()
    stroke(page, [(0.2, 0.2), (0.8, 0.2)])
    first = ink(page)
    stroke(page, [(0.2, 0.6), (0.8, 0.6)])
    both = ink(page)
    assert both > first > 0

    undo.click()
    assert ink(page) == first
    page.keyboard.press("Control+z")
    assert ink(page) == 0
    expect(page.locator(".message")).to_have_text(classify_words.BLANK)
    redo.click()
    page.keyboard.press("Control+y")
    assert ink(page) == both

    page.get_by_role("button", name="Eraser").click()
    stroke(page, [(0.1, 0.6), (0.9, 0.6)])
    erased = ink(page)
    assert first <= erased < both
    clear.click()
    assert ink(page) == 0
    undo.click()  # even a cleared sheet comes back
    assert ink(page) == erased


def test_thickness_changes_the_line(page: Page):
    amounts = []
    for name in ("Thin line", "Medium line", "Thick line"):
        page.get_by_role("button", name=name).click()
        stroke(page, [(0.2, 0.5), (0.8, 0.5)])
        amounts.append(ink(page))
        page.get_by_role("button", name="Clear", exact=True).click()
    assert amounts == sorted(amounts) and amounts[0] < amounts[1] < amounts[2]


def test_erasing_everything_asks_for_a_drawing(page: Page):
    page.locator(".paper").click()
    assert ink(page) > 0  # a tap leaves a dot
    page.get_by_role("button", name="Eraser").click()
    page.get_by_role("button", name="Thick line").click()
    page.locator(".paper").click()
    expect(page.locator(".message")).to_have_text(classify_words.BLANK)
    expect(page.locator(".answer")).to_have_attribute("data-state", "idle")


def test_a_reload_brings_the_drawing_back(guarded, page: Page):
    stroke(page, TSHIRT)
    name = answered(page)
    page.reload()
    # Gradio complains in the console when a page is left while its event stream is open
    guarded.complaints.clear()
    expect(page.locator(".headline .name")).to_have_text(name)
    assert ink(page) > 0


def test_a_reload_brings_a_picture_back_until_it_is_closed_or_cleared(guarded, page: Page):
    upload(page, "bag.png", painted(8))
    name = answered(page)
    page.get_by_role("radio", name="Photo").check(force=True)
    page.reload()
    guarded.complaints.clear()
    expect(page.locator(".picture")).to_be_visible()
    expect(page.get_by_role("radio", name="Photo")).to_be_checked()
    expect(page.locator(".headline .name")).to_have_text(name)

    # a picture too large for the browser's store is not mistaken for the one before it
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    upload(page, "noise.png", as_png(noise))
    page.wait_for_function("() => sessionStorage.getItem('playground.paper') === null")
    page.reload()
    guarded.complaints.clear()
    expect(page.locator(".badge")).to_be_visible()

    page.locator(".thumbs button[data-kind=auto]").first.click()
    answered(page)
    page.get_by_role("button", name="Close", exact=True).click()
    stroke(page, TSHIRT)
    page.get_by_role("button", name="Clear", exact=True).click()
    assert page.evaluate("sessionStorage.getItem('playground.paper')") is None
    page.reload()
    guarded.complaints.clear()
    page.locator(".thumbs button").nth(9).wait_for()
    expect(page.locator(".picture")).to_be_hidden()
    expect(page.locator(".badge")).to_be_visible()


def test_a_finger_draws_without_scrolling(guarded):
    page = guarded.open(viewport=PHONE, has_touch=True, is_mobile=True)
    page.locator(".thumbs button").nth(9).wait_for()
    box = area(page.locator(".paper"))
    touch = page.context.new_cdp_session(page)
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in TSHIRT]
    for i, (x, y) in enumerate(places):
        kind = "touchStart" if i == 0 else "touchMove"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    name = answered(page)
    assert page.evaluate("scrollY") == 0
    expect(page.locator(".mini")).to_be_visible()  # the answer itself is below the paper
    assert page.locator(".mini strong").inner_text() == name


def test_bad_files_get_a_sentence_and_the_drawing_comes_back(page: Page):
    stroke(page, TSHIRT)
    name = answered(page)
    upload(page, "photo.heic", b"\x00\x00\x00\x18ftypheic" + bytes(64))
    expect(page.locator(".message")).to_contain_text("HEIC")
    expect(page.locator(".answer")).to_have_attribute("data-state", "problem")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".headline .name")).to_have_text(name)
    upload(page, "white.png", as_png(np.full((200, 200, 3), 255, np.uint8)))
    expect(page.locator(".message")).to_contain_text("nothing to classify")
    expect(page.locator(".bars li.top")).to_have_count(0)


def test_the_naive_way_is_shown_beside_ours(page: Page):
    upload(page, "dress.png", painted(3))
    answered(page)
    page.get_by_text("Show the naive way").click()
    expect(page.locator(".naive-text")).to_contain_text("the same network says")
    expect(page.locator("canvas.theirs")).to_be_visible()
    expect(page.locator(".answer")).to_have_class("answer comparing")


def test_pixels_tell_their_numbers(page: Page):
    stroke(page, TSHIRT)
    answered(page)
    page.locator("canvas.ours").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".reading")).to_contain_text("Row 14, column 15:")
    page.locator("canvas.ours").hover(position={"x": 4, "y": 4})
    expect(page.locator(".reading")).to_contain_text("Row 0, column 0:\n0 of 255, normalised −0.81")


def test_why_shows_a_heat_map_for_any_class_and_method(page: Page):
    stroke(page, TSHIRT)
    name = answered(page)
    page.get_by_role("button", name="Why this answer?").click()
    expect(page.locator(".words")).to_contain_text(f"Occlusion for {name}")
    expect(page.locator(".heat img")).to_be_visible()
    page.get_by_role("radio", name="Grad-CAM").check()
    expect(page.locator(".words")).to_contain_text(f"Grad-CAM for {name}")
    page.get_by_role("combobox", name="Explain which class?").click()
    page.get_by_role("option", name="Bag").click()
    expect(page.locator(".words")).to_contain_text("Grad-CAM for Bag")

    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".words")).to_contain_text("The picture has changed")
