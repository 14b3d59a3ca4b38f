"""The loop in slow motion as a visitor steps through it: the arithmetic on the page, moved lines, a phone."""

from __future__ import annotations

import math
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def opened(guarded, **options) -> Page:
    page = guarded.open("?tab=train", **options)
    page.get_by_text("The loop in slow motion", exact=True).first.click()
    expect(part(page, ".line")).to_have_count(5)
    return page


def part(page: Page, selector: str):
    return page.locator(f"#slow-motion {selector}")


def press(page: Page, name: str, times: int = 1) -> None:
    for _ in range(times):
        page.locator("#slow-motion").get_by_role("button", name=name, exact=True).click()


def number(text: str) -> float:
    """A number as the page writes it."""
    text = text.strip().strip("()").replace("−", "-")
    if match := re.fullmatch(r"(.+)·10(\S+)", text):
        return float(match[1]) * 10 ** int(match[2].translate(RAISED))
    return float(text)


def weight(page: Page) -> dict[str, float | None]:
    """The numbers of the chosen weight."""
    rows = part(page, ".numbers tr").all()
    cells = [(row.locator("th").inner_text(), row.locator("td").first.inner_text()) for row in rows]
    return {name: None if value == "None" else number(value) for name, value in cells}


def sums(page: Page) -> list[str]:
    return part(page, ".weight .sums p").all_inner_texts()


def close(value: float, expected: float) -> bool:
    """The page writes four digits: results computed from them can be no closer."""
    return math.isclose(value, expected, rel_tol=4e-3, abs_tol=2e-4)


def test_the_arithmetic_of_one_weight(guarded):
    page = opened(guarded)
    expect(part(page, ".line.now")).to_have_count(0)
    start = weight(page)
    assert start[".grad"] is None
    press(page, "Next line")
    expect(part(page, ".line.now code")).to_have_text("optimizer.zero_grad()")
    press(page, "Next line", 3)
    expect(part(page, ".line.now code")).to_have_text("loss.backward()")
    gradient = weight(page)[".grad"]
    _, terms, result = sums(page)
    assert number(result.removeprefix("=")) == gradient
    # the mean of (share - target) * pixel, with the page's own numbers
    products = re.findall(r"\((\S+) − ([01])\)·(\S+?)(?=[ )])", terms)
    assert len(products) == 4
    assert close(sum((number(s) - int(t)) * number(x) for s, t, x in products) / 4, gradient)
    press(page, "Next line")
    after = weight(page)
    assert after[".grad"] == gradient
    assert close(after["value"], start["value"] - 0.5 * gradient)
    assert number(sums(page)[-1].removeprefix("=")) == after["value"]
    losses = [number(text.split("=")[1]) for text in part(page, ".each").all_inner_texts()]
    assert close(number(part(page, ".loss-line b").inner_text()), sum(losses) / 4)


def test_the_arithmetic_of_adam(guarded):
    page = opened(guarded)
    part(page, "[name=optimizer]").select_option("adam")
    expect(part(page, ".setup")).to_contain_text("torch.optim.Adam(model.parameters(), lr=0.02)")
    m = v = 0.0
    for t in (1, 2, 3):
        before = weight(page)["value"]
        press(page, "To the end of the next pass")
        expect(part(page, ".where")).to_contain_text(f"pass {t} of 10")
        now = weight(page)
        m, v = 0.9 * m + 0.1 * now[".grad"], 0.999 * v + 0.001 * now[".grad"] ** 2
        assert close(now["exp_avg"], m) and math.isclose(now["exp_avg_sq"], v, rel_tol=4e-3)
        step = 0.02 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert close(now["value"], before - step)
        hats = re.fullmatch(r"m̂ = (\S+), v̂ = (\S+)", sums(page)[5])
        assert close(number(hats[1]), m / (1 - 0.9**t))
        assert math.isclose(number(hats[2]), v / (1 - 0.999**t), rel_tol=4e-3)
        m, v = now["exp_avg"], now["exp_avg_sq"]


def test_lines_are_left_out_moved_and_restored_with_the_keyboard_alone(guarded):
    page = opened(guarded)
    view = page.locator("#slow-motion")
    tick = view.get_by_role("checkbox", name="run optimizer.zero_grad()")
    tick.focus()
    page.keyboard.press("Space")
    expect(part(page, ".verdict")).to_contain_text("gradients add up")
    expect(tick).to_be_focused()
    view.get_by_role("button", name="Next line").focus()
    page.keyboard.press("End")
    expect(part(page, ".where")).to_contain_text("pass 10 of 10")
    expect(part(page, ".state .note.wrong").first).to_have_text("sum of 10 passes")
    page.keyboard.press("Home")
    expect(part(page, ".where")).to_contain_text("before the loop")
    page.keyboard.press("ArrowRight")
    expect(part(page, ".line.now code")).to_have_text("logits = model(x)")
    up = view.get_by_role("button", name="Move loss = criterion(logits, y) up")
    up.focus()
    page.keyboard.press("Enter")
    expect(part(page, ".error")).to_have_text("NameError: name 'logits' is not defined")
    expect(part(page, ".line.failed code")).to_have_text("loss = criterion(logits, y)")
    expect(up).to_be_focused()
    press(page, "The textbook")
    expect(part(page, ".trouble")).to_be_hidden()
    expect(part(page, ".verdict")).to_contain_text("The textbook's order")
    assert part(page, ".line code").all_inner_texts()[0] == "optimizer.zero_grad()"


def test_a_parameter_kept_from_the_optimizer_and_a_weight_chosen_by_keys(guarded):
    page = opened(guarded)
    view = page.locator("#slow-motion")
    view.get_by_role("checkbox", name="bias: given to the optimizer").uncheck()
    expect(part(page, ".setup")).to_contain_text("SimpleGD([model.weight], lr=0.5)")
    group = view.get_by_role("group", name="bias: the arrow keys choose a weight")
    group.focus()
    page.keyboard.press("ArrowRight")
    expect(part(page, ".weight-name")).to_contain_text("bias[1]")
    before = weight(page)["value"]
    press(page, "To the end of the next pass", 2)
    assert weight(page)["value"] == before
    expect(part(page, ".weight .sums")).to_contain_text("does not have bias: the weight stays")
    expect(part(page, ".block").nth(1).locator(".note.wrong")).to_have_text("sum of 2 passes")


def test_wrong_numbers_are_reported_and_the_page_plays_on(guarded):
    page = opened(guarded)
    rate = part(page, "[name=lr]")
    rate.fill("0")
    rate.press("Tab")
    expect(part(page, ".problem")).to_contain_text("must be a number above 0 and at most 10, not 0.")
    rate.fill("1O")
    rate.press("Tab")
    expect(part(page, ".problem")).to_have_text("“1O” is not a number.")
    rate.fill("0,1")
    rate.press("Tab")
    expect(part(page, ".problem")).to_be_hidden()
    expect(part(page, ".setup")).to_contain_text("lr=0.1")
    press(page, "Play")
    expect(part(page, ".line.now code")).to_have_text("logits = model(x)")
    press(page, "Pause")


def test_on_a_phone_the_buttons_stay_in_reach_and_nothing_scrolls_sideways(guarded):
    page = opened(guarded, viewport=PHONE, has_touch=True)
    press(page, "Next line", 4)
    part(page, ".curve").scroll_into_view_if_needed()
    expect(part(page, ".where-line")).to_have_text("loss.backward()")
    box = part(page, ".forth").bounding_box()
    assert box["height"] >= 44 and box["y"] + box["height"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
