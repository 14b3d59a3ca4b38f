"""A stack of layers as a visitor builds it: fields, moves, branches, an error and its mend, keys, a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser


def opened(guarded, **options) -> Page:
    page = guarded.open("?tab=conv", **options)
    page.locator("#conv-part").get_by_text("A stack of layers", exact=True).click()
    expect(total(page)).to_contain_text("29,034")
    return page


def total(page: Page) -> Locator:
    return page.locator("#conv-stack .total")


def row(page: Page, number: int) -> Locator:
    return page.locator("#conv-stack .table > .layers > .row").nth(number - 1)


def button(page: Page, name: str) -> Locator:
    return page.locator("#conv-stack").get_by_role("button", name=name, exact=True)


def output(page: Page, number: int) -> Locator:
    return row(page, number).locator(".line .output b").last


def test_a_number_changes_what_follows_and_the_field_keeps_the_focus(guarded):
    page = opened(guarded)
    channels = page.get_by_label("out_channels of 1. Conv2d")
    channels.fill("24")
    expect(output(page, 4)).to_have_text("(1, 24, 14, 14)")
    expect(channels).to_be_focused()
    expect(row(page, 5).locator(".detail")).to_have_text("in_channels 24 inferred")
    expect(page.get_by_label("num_features of 2. BatchNorm2d")).to_have_attribute("placeholder", "24")
    channels.fill("0")
    expect(row(page, 1).locator(".hint")).to_have_text("out_channels must be a whole number from 1 to 2,048.")
    expect(output(page, 1)).to_have_text("(1, 24, 28, 28)")
    channels.fill("2")
    expect(row(page, 1).locator(".hint")).to_be_hidden()
    page.get_by_label("N of the input").fill("64")
    expect(output(page, 1)).to_have_text("(64, 2, 28, 28)")
    button(page, "More numbers of 1. Conv2d").click()
    page.get_by_label("bias of 1. Conv2d").uncheck()
    expect(row(page, 1).locator(".parameters b")).to_have_text("50")
    expect(page.locator("#conv-stack .code pre")).to_contain_text("nn.Conv2d(1, 2, 5, padding=2, bias=False)")


def test_a_stack_that_is_too_large_is_refused_until_it_is_smaller(guarded):
    page = opened(guarded)
    height, width = page.get_by_label("H of the input"), page.get_by_label("W of the input")
    height.fill("512")
    width.fill("512")
    page.get_by_label("N of the input").fill("64")
    problem = page.locator("#conv-stack .problem")
    expect(problem).to_contain_text("Choose a smaller input")
    page.get_by_label("N of the input").fill("1")
    expect(problem).to_be_hidden()
    expect(output(page, 1)).to_have_text("(1, 16, 512, 512)")


def test_layers_are_moved_added_and_removed_by_keys(guarded):
    page = opened(guarded)
    down = button(page, "Move 1. Conv2d down")
    down.focus()
    page.keyboard.press("Enter")
    expect(button(page, "Move 2. Conv2d down")).to_be_focused()
    expect(row(page, 1).locator(".name b")).to_have_text("1. BatchNorm2d")
    page.keyboard.press("Enter")
    expect(button(page, "Move 3. Conv2d down")).to_be_focused()
    button(page, "Add a layer after 1. BatchNorm2d").press("Enter")
    chooser = page.get_by_label("Layer to add after 1. BatchNorm2d")
    expect(chooser).to_be_focused()
    page.keyboard.press("Escape")
    expect(button(page, "Add a layer after 1. BatchNorm2d")).to_be_focused()
    page.keyboard.press("Enter")
    chooser.select_option("AvgPool2d")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, 2)).to_be_focused()
    expect(output(page, 2)).to_have_text("(1, 1, 14, 14)")
    button(page, "Remove 2. AvgPool2d").press("Enter")
    expect(button(page, "Remove 2. ReLU")).to_be_focused()
    expect(output(page, 2)).to_have_text("(1, 1, 28, 28)")


def test_undo_brings_back_what_a_preset_replaced(guarded):
    page = opened(guarded)
    undo = button(page, "Undo")
    expect(undo).to_have_attribute("aria-disabled", "true")
    page.get_by_label("out_channels of 1. Conv2d").fill("8")
    button(page, "Remove 2. BatchNorm2d").click()
    button(page, "LeNet-5").click()
    expect(total(page)).to_contain_text("61,706")
    undo.click()
    expect(row(page, 2).locator(".name b")).to_have_text("2. ReLU")
    expect(output(page, 1)).to_have_text("(1, 8, 28, 28)")
    undo.press("Enter")
    undo.press("Enter")
    expect(total(page)).to_contain_text("29,034")
    expect(undo).to_have_attribute("aria-disabled", "true")


def test_branches_are_built(guarded):
    page = opened(guarded)
    button(page, "An inception block").click()
    expect(total(page)).to_contain_text("10,240")
    expect(output(page, 2)).to_have_text("(1, 64, 28, 28)")
    page.get_by_label("out_channels of 3. Conv2d of branch 3").fill("20")
    expect(output(page, 2)).to_have_text("(1, 68, 28, 28)")
    button(page, "Remove branch 1 of layer 2").click()
    expect(output(page, 2)).to_have_text("(1, 52, 28, 28)")
    button(page, "Add a branch").click()
    expect(output(page, 2)).to_have_text("(1, 68, 28, 28)")
    page.get_by_label("How 2. Branches are joined").select_option("add")
    expect(row(page, 2).locator(".trouble pre")).to_contain_text("must match the size of tensor")
    button(page, "Add a layer at the start of branch 4").click()
    kinds = page.get_by_label("Layer to add at the start of branch 4").locator("option").all_inner_texts()
    assert "Linear" in kinds and "Branches" not in kinds
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, 2).locator(".branch").nth(3).locator(".row")).to_have_count(1)


def test_the_error_is_at_its_layer_and_one_press_mends_it(guarded):
    page = opened(guarded)
    button(page, "A wrong in_features").click()
    failing = row(page, 8)
    message = "mat1 and mat2 shapes cannot be multiplied (1x3136 and 1024x128)"
    expect(failing.locator(".trouble pre")).to_have_text(f"RuntimeError: {message}")
    expect(row(page, 9)).to_have_class(re.compile("unreached"))
    expect(row(page, 7)).not_to_have_class(re.compile("unreached"))
    button(page, "Fix it: in_features=3136").click()
    expect(page.locator("#conv-stack .trouble")).to_have_count(0)
    expect(page.get_by_label("in_features of 8. Linear")).to_have_value("3136")
    expect(output(page, 10)).to_have_text("(1, 10)")
    expect(failing).to_be_focused()


def test_a_visitor_looks_at_a_network_and_comes_back(guarded):
    page = opened(guarded)
    page.get_by_label("out_channels of 1. Conv2d").fill("8")
    chooser = page.get_by_label("Look at a network")
    chooser.select_option("fashion_cnn")
    expect(total(page)).to_contain_text("906,859")
    expect(page.locator("#conv-stack .tools:visible, #conv-stack .adder:visible")).to_have_count(0)
    expect(page.get_by_label("N of the input")).to_be_disabled()
    button(page, "Back to your own stack").click()
    expect(output(page, 1)).to_have_text("(1, 8, 28, 28)")
    chooser.select_option("pattern_conv")
    expect(output(page, 1)).to_have_text("(1, 4, 1, 1)")
    expect(button(page, "Build it yourself")).to_be_hidden()
    chooser.select_option("residual")
    button(page, "Build it yourself").click()
    expect(button(page, "Residual CNN")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("name", ["Inception CNN", "Branches that do not fit"])
def test_a_phone_needs_no_sideways_scrolling_and_its_buttons_are_large(guarded, name):
    page = opened(guarded, viewport=PHONE)
    button(page, name).click()
    expect(page.locator("#conv-stack .group").first).to_be_visible()
    nothing_sticks_out(page)
    small = page.locator("#conv-stack button:visible").evaluate_all(
        "(all) => all.filter((v) => v.getBoundingClientRect().height < 44).map((v) => v.ariaLabel)"
    )
    assert small == []
    page.get_by_label("Look at a network").select_option("inception")
    expect(page.locator("#conv-stack .group")).to_have_count(0)
    nothing_sticks_out(page)


def nothing_sticks_out(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.locator("#conv-stack .table").evaluate(
        """(table) => [...table.querySelectorAll('*')].filter((view) => view.offsetParent
        && view.getBoundingClientRect().right > table.getBoundingClientRect().right + 1).length"""
    )
    assert wide == 0
