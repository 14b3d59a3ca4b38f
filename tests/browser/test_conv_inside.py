"""A kernel and the real network in the Conv tab, as a visitor uses them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from data.drawn import garments
from tests.browser.conv import INSIDE, KERNEL, NUMBER, computed, equation, number, opened, part
from ui.kit.images import as_png

pytestmark = pytest.mark.browser


@pytest.fixture
def page(guarded) -> Page:
    return opened(guarded)


def sum_of_products(page: Page) -> None:
    """The sum below the kernel holds, but for what is rounded to four decimals."""
    terms = page.locator("#conv-kernel .terms")
    arithmetic, result = equation(terms)
    assert computed(arithmetic) == pytest.approx(result, abs=1e-3)
    expect(page.locator("#conv-kernel .result")).to_have_text(terms.locator("b").inner_text())


def test_a_kernel_is_chosen_and_a_weight_typed(page: Page):
    part(page, KERNEL)
    view = page.locator("#conv-kernel")
    expect(view.locator(".terms b:visible")).to_be_visible()
    view.locator(".preset").select_option("Identity")
    expect(view.locator(".total")).to_contain_text("add up to 1")
    view.locator("canvas.output").focus()
    place = [int(text) for text in re.findall(r"\d+", view.locator(".where").inner_text())]
    page.keyboard.press("ArrowLeft")
    expect(view.locator(".where")).to_have_text(f"Output pixel in row {place[0]}, column {place[1] - 1}")
    sum_of_products(page)
    pixel = number(view.locator(".result").inner_text())  # what lies below the middle
    middle = view.get_by_label("Weight in row 2, column 2", exact=True)
    middle.fill("-1/4")
    expect(view.locator(".total")).to_contain_text("add up to −0.25")
    expect(view.locator(".preset")).to_have_value("own")
    sum_of_products(page)
    assert number(view.locator(".result").inner_text()) == pytest.approx(-pixel / 4, abs=1e-4)
    expect(view.locator(".program pre")).to_contain_text("[0.0, -0.25, 0.0],")
    middle.fill("abc")
    expect(view.locator(".problem")).to_have_text("Row 2, column 2 of the kernel: “abc” is not a number.")
    middle.fill("0,5")
    expect(view.locator(".total")).to_contain_text("add up to 0.5")
    middle.fill("2")
    expect(view.locator(".problem")).to_be_hidden()
    expect(view.locator(".total")).to_contain_text("add up to 2")


def test_a_garment_from_classify_goes_through_the_network(guarded):
    page = guarded.open()
    page.locator(".thumbs button").nth(9).wait_for()
    data = as_png(garments.picture(8, np.random.default_rng(1), 320))
    page.set_input_files("input[type=file]", [{"name": "bag.png", "mimeType": "image/png", "buffer": data}])
    expect(page.locator(".answer")).to_have_attribute("data-state", "answer")
    expect(page.locator(".answer.waiting")).to_have_count(0)
    answer = page.locator(".headline .name").inner_text()
    page.get_by_role("tab", name="Conv shapes").click()
    part(page, INSIDE)
    inside = page.locator("#feature-maps")
    expect(inside.locator(".tile[aria-pressed=true]")).to_have_text("Yours")
    expect(inside.locator(".softmax .best th, .softmax .best td").first).to_have_text(answer)
    part(page, KERNEL)
    expect(page.get_by_role("button", name="Your picture from Classify")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator("#conv-kernel .in-size")).to_contain_text("112 × 112")
    sum_of_products(page)


def test_a_layer_a_map_and_a_cell_are_opened(page: Page):
    part(page, INSIDE)
    inside = page.locator("#feature-maps")
    inside.locator(".cell h4:visible").first.wait_for()
    # a convolution of one input map: nine products
    inside.locator(".maps button").nth(3).click()
    expect(inside.locator(".map-name")).to_have_text("Map 3, 28 × 28")
    inside.locator("canvas.map").focus()
    page.keyboard.press("ArrowLeft")
    place = [
        int(text) for text in re.findall(r"\d+", inside.locator(".reading").inner_text().split("row")[1])
    ]
    expect(inside.locator(".cell h4").first).to_contain_text(f"Map 3, row {place[0]}, column {place[1]}: ")
    result = number(inside.locator(".cell h4:first-child b").inner_text())
    patch, kernel, products = ([number(text) for text in view.locator("i").all_inner_texts()]
                               for view in inside.locator(".cell .grid").all())  # fmt: skip
    assert sum(a * b for a, b in zip(patch, kernel, strict=True)) == pytest.approx(result, abs=2e-3)
    assert sum(products) == pytest.approx(result, abs=5e-4)
    # BatchNorm, ReLU behind it
    after = inside.locator(".after li")
    expect(after).to_have_count(2)
    x, mean, variance, eps, weight, bias, normed = (
        number(text) for text in re.findall(NUMBER, after.first.locator(".line").inner_text())
    )
    assert x == result
    assert (x - mean) / (variance + eps) ** 0.5 * weight + bias == pytest.approx(normed, abs=2e-3)
    assert number(after.last.locator("b").last.inner_text()) == max(0, normed)
    # a pool: the largest of four
    inside.locator(".layer").filter(has_text="MaxPool2d").first.click()
    expect(inside.locator(".title")).to_contain_text("MaxPool2d")
    line = inside.locator(".cell > .line")
    expect(line).to_contain_text("max(")
    *block, largest = (number(text) for text in re.findall(NUMBER, line.inner_text()))
    assert len(block) == 4 and largest == max(block) == number(
        inside.locator(".cell h4:first-child b").inner_text()
    )


def test_a_picture_and_a_layer_at_once_on_a_slow_line(page: Page):
    part(page, INSIDE)
    inside = page.locator("#feature-maps")
    shares, title = inside.locator(".softmax tbody"), inside.locator(".title")
    inside.locator(".cell h4:visible").first.wait_for()
    before = shares.inner_text()
    inside.locator(".tile").nth(3).click()
    expect(shares).not_to_have_text(before, use_inner_text=True)
    dress = shares.inner_text()
    inside.locator(".tile").nth(0).click()
    expect(shares).not_to_have_text(dress, use_inner_text=True)
    looks: list[Route] = []

    def hold(route: Route) -> None:  # the first request about the picture; others may be on their way
        if not looks and '"fn_name":"look"' in (route.request.post_data or ""):
            looks.append(route)
        else:
            route.fallback()

    page.route("**/component_server/**", hold)
    inside.locator(".tile").nth(3).click()
    inside.locator(".layer").filter(has_text="MaxPool2d").first.click()
    inside.locator("canvas.map").hover()
    inside.locator(".maps button").first.click()
    (look,) = looks
    look.fallback()
    expect(title).to_contain_text("MaxPool2d")
    expect(inside.locator(".map-name")).to_contain_text("14 × 14")
    expect(shares).to_have_text(dress, use_inner_text=True)
    # the pool's own arithmetic: the largest of its block is its result, as the title says
    expect(inside.locator(".cell > .line").first).to_contain_text("max(")
    *block, largest = (
        number(text) for text in re.findall(NUMBER, inside.locator(".cell > .line").inner_text())
    )
    assert largest == max(block) == number(inside.locator(".cell h4:first-child b").inner_text())
    expect(inside.locator(".problem")).to_be_hidden()
