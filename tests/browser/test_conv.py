"""The Conv shapes tab as a visitor uses it: shapes and formulas, the window, a kernel, the real network."""

from __future__ import annotations

import re
from math import prod

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from data.drawn import garments
from ui.conv.tab import SECTIONS
from ui.kit.images import as_png

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
LAYER, KERNEL, STACK, INSIDE = SECTIONS.values()
NUMBER = r"−?\d+(?:\.\d+)?(?:e[+−]?\d+)?"


@pytest.fixture
def page(guarded) -> Page:
    return opened(guarded)


def opened(guarded, **options) -> Page:
    page = guarded.open("?tab=conv", **options)
    page.locator("#conv-layer .shape.out:visible").wait_for()
    return page


def part(page: Page, name: str) -> None:
    page.locator("#conv-part:visible").get_by_text(name, exact=True).click()


def layer(page: Page, selector: str) -> Locator:
    return page.locator(f"#conv-layer {selector}")


def shape(page: Page, *sizes: int) -> None:
    """Wait until the output has this shape."""
    told = f"Output shape {', '.join(map(str, sizes))}"
    expect(layer(page, ".shape.out")).to_have_attribute("aria-label", told)


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
    numbers = view.evaluate("view => [...view.children].map((one) => one.firstChild.textContent)")
    flat = [number(one) for one in numbers]
    return [flat[i : i + columns] for i in range(0, len(flat), columns)]


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def computed(terms: str) -> float:
    """Value of sums and products of numbers as the page writes them, such as "4·(−1) + 3·2 + bias 1"."""
    terms = terms.replace("bias ", "").replace("(", "").replace(")", "")
    return sum(prod(number(factor) for factor in term.split("·")) for term in terms.split(" + "))


def told(view: Locator) -> tuple[str, float]:
    """The arithmetic and the number behind the last = sign of a line."""
    _, arithmetic, result = re.split(r" = ", view.inner_text().replace("\n", " "))
    return arithmetic.strip(), number(re.match(NUMBER, result.strip())[0])


def correlation(patch: list[list[float]], kernel: list[list[float]]) -> float:
    pairs = zip(patch, kernel, strict=True)
    return sum(a * b for row, weights in pairs for a, b in zip(row, weights, strict=True))


# --- one layer --------------------------------------------------------------------------------------------


def test_a_stride_is_set_with_the_keyboard_and_stays(page: Page):
    shape(page, 1, 10, 98, 98)
    press(page, "stride", "ArrowRight")
    shape(page, 1, 10, 49, 49)
    expect(layer(page, ".formula .symbols")).to_contain_text("H_out = ⌊(H + 2·padding")
    expect(layer(page, ".formula")).to_contain_text("= ⌊(100 + 2·0 − 1·(3 − 1) − 1) / 2⌋ + 1")
    expect(layer(page, ".formula .last")).to_have_text("= 49")
    expect(layer(page, ".code pre")).to_contain_text("nn.Conv2d(5, 10, kernel_size=3, stride=2)")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "stride"
    # and the part comes back as it was
    part(page, INSIDE)
    page.locator("#feature-maps .cell h4:visible").first.wait_for()
    expect(layer(page, ".form")).to_be_hidden()
    part(page, LAYER)
    expect(page.locator("#feature-maps .cell")).to_be_hidden()
    expect(layer(page, ".form")).to_be_visible()
    shape(page, 1, 10, 49, 49)


def test_no_change_is_lost_while_the_server_is_slow(page: Page):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)
        if len(held) > 1:
            route.fallback()

    page.route("**/component_server/**", hold)
    press(page, "stride", "ArrowRight")
    press(page, "padding", "ArrowRight", 2)
    layer(page, ".bias").uncheck()
    press(page, "H", "ArrowLeft", 10)
    assert len(held) == 1  # only the newest wish is sent once the first is answered
    held[0].fallback()
    expect(layer(page, ".through")).to_have_text(
        "Conv2d(5, 10, kernel_size=3, stride=2, padding=2, bias=False)"
    )
    shape(page, 1, 10, 46, 51)  # (90 + 4 - 3) // 2 + 1, (100 + 4 - 3) // 2 + 1


def test_pointing_shows_products_and_asks_nobody(page: Page):
    source, weights, output = (cells(page, name) for name in ("input", "kernel", "output"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    total = layer(page, ".sum")
    for row, column in ((1, 2), (4, 4)):
        layer(page, ".grid.output i").nth(5 * row + column).hover()
        expect(total).to_contain_text(f"output[{row}, {column}] = ")
        arithmetic, result = told(total)
        patch = [line[column : column + 3] for line in source[row : row + 3]]
        bias = number(re.search(rf"bias \(?({NUMBER})", arithmetic)[1])
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
        assert computed(told(total)[0]) == output[place[0]][place[1]]
    layer(page, ".forth").click()
    expect(total).to_contain_text("output[3, 4]")
    assert asked == []


def test_playing_and_pausing(guarded):
    page = opened(guarded)
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
    said, meaning = layer(page, ".message"), layer(page, ".meaning")
    expect(said).to_contain_text("RuntimeError: Given groups=1, weight of size [10, 7, 3, 3]")
    expect(said).to_contain_text(
        "expected input[1, 5, 100, 100] to have 7 channels, but got 5 channels instead"
    )
    expect(meaning).to_contain_text("expect 7 channels, but the input has 5")
    expect(layer(page, ".shape.out")).to_have_count(0)
    expect(layer(page, ".window")).to_be_hidden()
    layer(page, ".mend").click()
    shape(page, 1, 10, 98, 98)
    expect(said).to_be_hidden()
    expect(page.get_by_role("slider", name="in_channels")).to_have_attribute("aria-valuetext", "5")
    # and what is broken does not stay when errors are switched off
    press(page, "in_channels", "ArrowRight")
    expect(said).to_contain_text("to have 6 channels")
    layer(page, ".errors").uncheck()
    expect(said).to_be_hidden()
    shape(page, 1, 10, 98, 98)


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
    assert computed(told(layer(page, ".sum"))[0]) == cells(page, "output")[0][0]
    kind(page, "MaxPool2d")
    shape(page, 1, 5, 49, 49)
    expect(page.get_by_role("slider", name="out_channels")).to_have_count(0)
    layer(page, ".grid.output i").last.hover()
    block = [value for line in cells(page, "input")[4:7] for value in line[4:7]]
    expect(layer(page, ".sum")).to_have_text(
        f"output[2, 2] = max({', '.join(f'{one:g}' for one in block)}) = {max(block):g}"
    )
    kind(page, "AvgPool2d")
    expect(layer(page, ".through")).to_have_text("AvgPool2d(kernel_size=3, stride=2)")
    shape(page, 1, 5, 49, 49)
    layer(page, ".grid.output i").last.hover()
    arithmetic, result = told(layer(page, ".sum"))
    terms, divisor = re.fullmatch(r"\((.*)\) / (\d+)", arithmetic).groups()
    assert divisor == "9" and result == round(computed(terms) / 9, 4) == round(sum(block) / 9, 4)
    # numbers that do not fit together any more are mended where nobody asked for errors
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


# --- a picture through one kernel -------------------------------------------------------------------------


def sum_of_products(page: Page) -> None:
    """The sum below the kernel holds, but for what is rounded to four decimals."""
    terms = page.locator("#conv-kernel .terms")
    arithmetic, result = told(terms)
    assert computed(arithmetic) == pytest.approx(result, abs=1e-3)
    expect(page.locator("#conv-kernel .result")).to_have_text(terms.locator("b").inner_text())


def test_a_kernel_is_chosen_and_a_weight_typed(page: Page):
    part(page, KERNEL)
    view = page.locator("#conv-kernel")
    expect(view.locator(".terms b:visible")).to_be_visible()
    view.locator(".preset").select_option("Identity")
    expect(view.locator(".total")).to_contain_text("add up to 1")
    view.locator("canvas.output").focus()
    place = [int(one) for one in re.findall(r"\d+", view.locator(".where").inner_text())]
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
    expect(view.locator(".problem")).to_be_visible()
    middle.fill("2")
    expect(view.locator(".problem")).to_be_hidden()
    expect(view.locator(".total")).to_contain_text("add up to 2")


# --- the visitor's picture --------------------------------------------------------------------------------


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
    place = [int(one) for one in re.findall(r"\d+", inside.locator(".reading").inner_text().split("row")[1])]
    expect(inside.locator(".cell h4").first).to_contain_text(f"Map 3, row {place[0]}, column {place[1]}: ")
    shown = number(inside.locator(".cell h4:first-child b").inner_text())
    patch, kernel, products = ([number(one) for one in view.locator("i").all_inner_texts()]
                               for view in inside.locator(".cell .grid").all())  # fmt: skip
    assert sum(a * b for a, b in zip(patch, kernel, strict=True)) == pytest.approx(shown, abs=2e-3)
    assert sum(products) == pytest.approx(shown, abs=5e-4)
    # BatchNorm, ReLU behind it
    after = inside.locator(".after li")
    expect(after).to_have_count(2)
    x, mean, variance, eps, weight, bias, normed = (
        number(one) for one in re.findall(NUMBER, after.first.locator(".line").inner_text())
    )
    assert x == shown
    assert (x - mean) / (variance + eps) ** 0.5 * weight + bias == pytest.approx(normed, abs=2e-3)
    assert number(after.last.locator("b").last.inner_text()) == max(0, normed)
    # a pool: the largest of four
    inside.locator(".layer").filter(has_text="MaxPool2d").first.click()
    expect(inside.locator(".title")).to_contain_text("MaxPool2d")
    line = inside.locator(".cell > .line")
    expect(line).to_contain_text("max(")
    *block, largest = (number(one) for one in re.findall(NUMBER, line.inner_text()))
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
    held: list[Route] = []

    def hold(route: Route) -> None:  # the first question about the picture; there may be others on their way
        if not held and '"fn_name":"look"' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.fallback()

    page.route("**/component_server/**", hold)
    inside.locator(".tile").nth(3).click()
    inside.locator(".layer").filter(has_text="MaxPool2d").first.click()
    inside.locator("canvas.map").hover()
    inside.locator(".maps button").first.click()
    (look,) = held
    look.fallback()
    expect(title).to_contain_text("MaxPool2d")
    expect(inside.locator(".map-name")).to_contain_text("14 × 14")
    expect(shares).to_have_text(dress, use_inner_text=True)
    # the pool's own arithmetic: the largest of its block is its result, which the title tells
    expect(inside.locator(".cell > .line").first).to_contain_text("max(")
    *block, largest = (
        number(one) for one in re.findall(NUMBER, inside.locator(".cell > .line").inner_text())
    )
    assert largest == max(block) == number(inside.locator(".cell h4:first-child b").inner_text())
    expect(inside.locator(".problem")).to_be_hidden()


# --- a phone ----------------------------------------------------------------------------------------------


def test_nothing_is_wider_than_a_phone(guarded):
    page = opened(guarded, viewport=PHONE)
    seen = {
        LAYER: "#conv-layer .grid.output i",
        KERNEL: "#conv-kernel .terms b",
        INSIDE: "#feature-maps .cell h4",
    }
    for name in SECTIONS.values():
        part(page, name)
        if name in seen:
            page.locator(f"{seen[name]}:visible").first.wait_for()
        else:
            expect(page.locator("#conv-part").get_by_label(name, exact=True)).to_be_checked()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{name} is {width} wide"
    part(page, LAYER)
    press(page, "kernel_size", "End")
    shape(page, 1, 10, 90, 90)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
