"""One layer of the Conv tab as a visitor uses it: shapes and formulas, the window, errors, a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import PHONE
from tests.browser.conv import INSIDE, KERNEL, LAYER, NUMBER, computed, equation, number, opened, part
from ui.conv.tab import SECTIONS

pytestmark = pytest.mark.browser


@pytest.fixture
def page(guarded) -> Page:
    return opened(guarded)


def layer(page: Page, selector: str) -> Locator:
    return page.locator(f"#conv-layer {selector}")


def shape(page: Page, *sizes: int) -> None:
    """Wait until the output has this shape."""
    label = f"Output shape {', '.join(map(str, sizes))}"
    expect(layer(page, ".shape.out")).to_have_attribute("aria-label", label)


def press(page: Page, slider: str, key: str, times: int = 1) -> None:
    control = page.get_by_role("slider", name=slider, exact=True)
    control.focus()
    for _ in range(times):
        page.keyboard.press(key)


def kind(page: Page, name: str) -> None:
    layer(page, ".kinds").get_by_text(name, exact=True).click()


def cells(page: Page, name: str) -> list[list[float]]:
    """Numbers of a grid, row by row."""
    view = layer(page, f".grid.{name}")
    columns = view.evaluate("view => getComputedStyle(view).gridTemplateColumns.split(' ').length")
    numbers = view.evaluate("view => [...view.children].map((cell) => cell.firstChild.textContent)")
    flat = [number(text) for text in numbers]
    return [flat[i : i + columns] for i in range(0, len(flat), columns)]


def correlation(patch: list[list[float]], kernel: list[list[float]]) -> float:
    pairs = zip(patch, kernel, strict=True)
    return sum(a * b for row, weights in pairs for a, b in zip(row, weights, strict=True))


def test_a_stride_is_set_with_the_keyboard_and_stays(page: Page):
    shape(page, 1, 10, 98, 98)
    press(page, "stride", "ArrowRight")
    shape(page, 1, 10, 49, 49)
    expect(layer(page, ".formula .symbols")).to_contain_text("H_out = ⌊(H + 2·padding")
    expect(layer(page, ".formula")).to_contain_text("= ⌊(100 + 2·0 − 1·(3 − 1) − 1) / 2⌋ + 1")
    expect(layer(page, ".formula .last")).to_have_text("= 49")
    expect(layer(page, ".code pre")).to_contain_text("nn.Conv2d(5, 10, kernel_size=3, stride=2)")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "stride"
    # the part comes back as it was
    part(page, INSIDE)
    page.locator("#feature-maps .cell h4:visible").first.wait_for()
    expect(layer(page, ".form")).to_be_hidden()
    part(page, LAYER)
    expect(page.locator("#feature-maps .cell")).to_be_hidden()
    expect(layer(page, ".form")).to_be_visible()
    shape(page, 1, 10, 49, 49)


def test_no_change_is_lost_while_the_server_is_slow(page: Page):
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)
        if len(routes) > 1:
            route.fallback()

    page.route("**/component_server/**", hold)
    press(page, "stride", "ArrowRight")
    press(page, "padding", "ArrowRight", 2)
    layer(page, ".bias").uncheck()
    press(page, "H", "ArrowLeft", 10)
    assert len(routes) == 1  # after the first answer only the newest request is sent
    routes[0].fallback()
    expect(layer(page, ".through")).to_have_text(
        "Conv2d(5, 10, kernel_size=3, stride=2, padding=2, bias=False)"
    )
    shape(page, 1, 10, 46, 51)  # (90 + 4 - 3) // 2 + 1, (100 + 4 - 3) // 2 + 1


def test_pointing_shows_products_without_a_request(page: Page):
    source, weights, output = (cells(page, name) for name in ("input", "kernel", "output"))
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    total = layer(page, ".sum")
    for row, column in ((1, 2), (4, 4)):
        layer(page, ".grid.output i").nth(5 * row + column).hover()
        expect(total).to_contain_text(f"output[{row}, {column}] = ")
        arithmetic, result = equation(total)
        patch = [line[column : column + 3] for line in source[row : row + 3]]
        bias = number(re.findall(rf"bias \(?({NUMBER})", arithmetic)[0])
        assert computed(arithmetic) == result == output[row][column] == correlation(patch, weights) + bias
        expect(layer(page, ".grid.input .read")).to_have_count(9)
    layer(page, ".grid.input i").nth(7 * 3 + 1).hover()  # row 3 is in output rows 1 to 3, column 1 in 0 and 1
    expect(total).to_contain_text("reaches 6 output cells")
    expect(layer(page, ".grid.output .reached")).to_have_count(6)
    layer(page, ".grid.input i").first.hover()
    expect(total).to_contain_text("reaches 1 output cell,")
    layer(page, ".grid.output").focus()
    for key, place in (("Right", (4, 4)), ("Left", (4, 3)), ("Up", (3, 3))):
        page.keyboard.press(f"Arrow{key}")
        expect(total).to_contain_text(f"output[{place[0]}, {place[1]}] = ")
        assert computed(equation(total)[0]) == output[place[0]][place[1]]
    layer(page, ".forth").click()
    expect(total).to_contain_text("output[3, 4]")
    assert addresses == []


def test_playing_and_pausing(guarded):
    page = opened(guarded, new_profile=True)
    page.clock.install()
    play, total = layer(page, ".play"), layer(page, ".sum")
    play.click()
    expect(play).to_have_text("Pause")
    page.clock.run_for(1100)  # four cells a second: at once and each 250 ms, and the clock goes on beside it
    expect(total).not_to_contain_text(re.compile(r"output\[0, [012]\]"))
    play.click()
    expect(play).to_have_text("Play")
    reached = total.inner_text()
    page.clock.run_for(10_000)
    expect(total).to_have_text(reached)


def test_an_error_is_provoked_read_and_mended(page: Page):
    expect(page.get_by_role("slider", name="in_channels")).to_have_count(0)
    layer(page, ".errors").check()
    press(page, "in_channels", "ArrowRight", 2)
    message, meaning = layer(page, ".message"), layer(page, ".meaning")
    expect(message).to_contain_text("RuntimeError: Given groups=1, weight of size [10, 7, 3, 3]")
    expect(message).to_contain_text(
        "expected input[1, 5, 100, 100] to have 7 channels, but got 5 channels instead"
    )
    expect(meaning).to_contain_text("expect 7 channels, but the input has 5")
    expect(layer(page, ".shape.out")).to_have_count(0)
    expect(layer(page, ".window")).to_be_hidden()
    layer(page, ".mend").click()
    shape(page, 1, 10, 98, 98)
    expect(message).to_be_hidden()
    expect(page.get_by_role("slider", name="in_channels")).to_have_attribute("aria-valuetext", "5")
    # switching errors off brings back a layer that works
    press(page, "in_channels", "ArrowRight")
    expect(message).to_contain_text("to have 6 channels")
    layer(page, ".errors").uncheck()
    expect(message).to_be_hidden()
    shape(page, 1, 10, 98, 98)
    # beyond the limits of the page
    layer(page, ".errors").check()
    for name in ("H", "W", "kernel_size", "out_channels"):
        press(page, name, "End")
    expect(meaning).to_contain_text("GFLOP")
    expect(layer(page, ".mend")).to_have_text("Fix it: Set H = 114.")  # 64·5·121·246·104 is below a billion
    layer(page, ".mend").click()
    shape(page, 1, 64, 104, 246)


def test_other_kinds_of_layers(page: Page):
    kind(page, "ConvTranspose2d")
    shape(page, 1, 10, 102, 102)
    press(page, "stride", "ArrowRight")
    shape(page, 1, 10, 201, 201)  # (100 - 1) * 2 + 3
    press(page, "output_padding", "ArrowRight")
    shape(page, 1, 10, 202, 202)
    expect(layer(page, ".through")).to_have_text(
        "ConvTranspose2d(5, 10, kernel_size=3, stride=2, output_padding=1)"
    )
    assert computed(equation(layer(page, ".sum"))[0]) == cells(page, "output")[0][0]
    kind(page, "MaxPool2d")
    shape(page, 1, 5, 49, 49)
    expect(page.get_by_role("slider", name="out_channels")).to_have_count(0)
    layer(page, ".grid.output i").last.hover()
    block = [value for line in cells(page, "input")[4:7] for value in line[4:7]]
    expect(layer(page, ".sum")).to_have_text(
        f"output[2, 2] = max({', '.join(f'{value:g}' for value in block)}) = {max(block):g}"
    )
    kind(page, "AvgPool2d")
    expect(layer(page, ".through")).to_have_text("AvgPool2d(kernel_size=3, stride=2)")
    shape(page, 1, 5, 49, 49)
    layer(page, ".grid.output i").last.hover()
    arithmetic, result = equation(layer(page, ".sum"))
    ((terms, divisor),) = re.findall(r"^\((.*)\) / (\d+)$", arithmetic)
    assert divisor == "9" and result == round(computed(terms) / 9, 4) == round(sum(block) / 9, 4)
    # numbers that no longer fit together are mended unless errors are allowed
    press(page, "C", "ArrowRight", 1)
    shape(page, 1, 6, 49, 49)
    kind(page, "Conv2d")
    shape(page, 1, 10, 49, 49)
    expect(layer(page, ".trouble")).to_be_hidden()


def test_the_focus_stays_where_a_key_changes_the_sliders(page: Page):
    words = page.get_by_label("padding as numbers")
    words.focus()
    page.keyboard.press("ArrowDown")
    expect(layer(page, ".through")).to_have_text('Conv2d(5, 10, kernel_size=3, padding="same")')
    expect(page.get_by_role("slider", name="padding", exact=True)).to_have_count(0)
    shape(page, 1, 10, 100, 100)
    expect(words).to_be_focused()
    layer(page, ".square").uncheck()
    press(page, "kernel_size →", "ArrowRight", 2)
    expect(layer(page, ".through")).to_have_text('Conv2d(5, 10, kernel_size=(3, 5), padding="same")')
    expect(page.get_by_role("slider", name="kernel_size →", exact=True)).to_be_focused()
    layer(page, ".square").check()
    expect(layer(page, ".through")).to_have_text('Conv2d(5, 10, kernel_size=3, padding="same")')


def test_nothing_is_wider_than_a_phone(guarded):
    page = opened(guarded, viewport=PHONE)
    contents = {
        LAYER: "#conv-layer .grid.output i",
        KERNEL: "#conv-kernel .terms b",
        INSIDE: "#feature-maps .cell h4",
    }
    for name in SECTIONS.values():
        part(page, name)
        if name in contents:
            page.locator(f"{contents[name]}:visible").first.wait_for()
        else:
            expect(page.locator("#conv-part").get_by_label(name, exact=True)).to_be_checked()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{name} is {width} wide"
    part(page, LAYER)
    press(page, "kernel_size", "End")
    shape(page, 1, 10, 90, 90)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
