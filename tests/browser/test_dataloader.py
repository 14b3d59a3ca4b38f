"""The DataLoader tab as a visitor uses it: keys and mouse, options, a sample's numbers, their own data."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from data.patterns import Patterns
from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser

PATTERNS, NUMBERS = "4×4 patterns", "Plain numbers"
NASTY = "<img src=x onerror=alert(1)>${7*6}"


def opened(guarded, name: str | None = None, **options) -> Page:
    page = guarded.open("?tab=dataloader", **options)
    page.locator("#batch-player .picture:visible").first.wait_for()
    if name:
        page.locator("#batch-dataset input").click()
        page.get_by_role("option", name=name).click()
        expect(page.locator("#batch-player .of")).to_have_text({PATTERNS: "of 2", NUMBERS: "of 4"}[name])
    return page


@pytest.fixture
def patterns(guarded) -> Page:
    """40 patterns in batches of 32."""
    return opened(guarded, PATTERNS)


def player(page: Page, part: str) -> Locator:
    return page.locator(f"#batch-player {part}")


def fact(page: Page, code: str) -> Locator:
    """What stands beside `code` under "What the loop gets"."""
    row = player(page, ".shapes tr").filter(has=page.get_by_text(code, exact=True))
    return row.locator("td").last


def closer(page: Page, part: str) -> None:
    page.locator("#batch-part").get_by_text(part, exact=True).click()


def indices(page: Page) -> list[int]:
    return [int(text[1:].replace(",", "")) for text in player(page, ".picture small").all_inner_texts()]


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Press `key` until the element with the focus matches `selector`."""
    for _ in range(60):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never reaches {selector}")


def upload(page: Page, name: str, text: str) -> None:
    closer(page, "Your own data")
    file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("#batch-files input[type=file]").set_input_files(file)


def test_an_epoch_with_the_keyboard_alone(guarded):
    page = opened(guarded)
    tab_to(page, "#batch-dataset input")
    page.keyboard.type("4×4")
    page.keyboard.press("Enter")
    expect(player(page, ".of")).to_have_text("of 2")
    expect(fact(page, "x.shape")).to_have_text("torch.Size([32, 1, 4, 4])")
    tab_to(page, "#batch-player .next")
    page.keyboard.press("Enter")
    expect(fact(page, "x.shape")).to_have_text("torch.Size([8, 1, 4, 4])")
    expect(fact(page, "y.shape")).to_have_text("torch.Size([8])")
    expect(player(page, ".caption")).to_contain_text("40 = 1 × 32 + 8")
    expect(player(page, ".live")).to_have_text("Batch 2 of 2, epoch 1, 8 samples.")
    assert page.evaluate("document.activeElement.matches('.next')")  # ready for the next press
    tab_to(page, "#batch-drop-last input", "Shift+Tab")
    page.keyboard.press("Space")
    expect(player(page, ".of")).to_have_text("of 1")
    expect(fact(page, "x.shape")).to_have_text("torch.Size([32, 1, 4, 4])")
    expect(player(page, ".block.dropped")).to_have_attribute("aria-label", re.compile("the last 8 samples"))
    page.keyboard.press("Space")
    expect(player(page, ".of")).to_have_text("of 2")
    expect(player(page, ".block.dropped")).to_have_count(0)


def test_each_epoch_has_an_order_of_its_own(patterns: Page):
    epochs = []
    for epoch in (0, 1):
        expect(player(patterns, ".live")).to_have_text(f"Batch 1 of 2, epoch {epoch + 1}, 32 samples.")
        order = indices(patterns)
        player(patterns, ".next").click()
        expect(player(patterns, ".picture")).to_have_count(8)
        epochs.append(order + indices(patterns))
        player(patterns, "[data-to=epoch]").click()
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(40)) and epochs[0] != epochs[1]
    # going back gives the same epoch again
    expect(player(patterns, ".epoch")).to_have_text("3")
    player(patterns, "[data-to=back]").click()
    expect(player(patterns, ".live")).to_have_text("Batch 1 of 2, epoch 2, 32 samples.")
    assert indices(patterns) == epochs[1][:32]


def test_playing_and_pausing(guarded):
    page = opened(guarded, NUMBERS, new_profile=True)
    page.clock.install()
    player(page, ".play").click()
    expect(player(page, ".play")).to_have_text("Pause")
    expect(player(page, ".number")).to_have_value("3")
    page.clock.fast_forward(5000)
    expect(player(page, ".number")).to_have_value("4")
    player(page, ".play").click()
    expect(player(page, ".play")).to_have_text("Play")
    epoch = player(page, ".epoch").inner_text()
    at = player(page, ".number").input_value()
    page.clock.fast_forward(60_000)  # if it were still playing, it would go on
    assert (player(page, ".epoch").inner_text(), player(page, ".number").input_value()) == (epoch, at)


def test_jumping_to_a_batch(guarded):
    page = opened(guarded, NUMBERS)
    place = player(page, ".number")
    for typed, expected, size in (
        ("4", "4", 4),
        ("2", "2", 32),
        ("999", "4", 4),
        ("0", "4", 4),
        ("", "4", 4),
        ("1,5", "1,5", 4),  # refused
    ):
        place.fill(typed)
        place.press("Enter")
        expect(place).to_have_value(expected)
        expect(fact(page, "x.shape")).to_have_text(f"torch.Size([{size}])")
    player(page, "[data-place='0']").click()
    expect(player(page, "[data-place='0']")).to_have_attribute("aria-current", "step")
    expect(place).to_have_value("1")


def test_a_sample_opens_and_its_numbers_are_read_with_the_arrows(patterns: Page):
    index = indices(patterns)[0]
    numbers = Patterns()[index][0][0].tolist()
    tile = player(patterns, ".picture").first
    tile.focus()
    patterns.keyboard.press("Enter")
    expect(player(patterns, ".sample h3")).to_contain_text(f"Sample {index}:")
    expect(player(patterns, ".call")).to_contain_text(f"dataset[{index}]")
    tab_to(patterns, ".cells")
    reading = player(patterns, ".reading")
    moves = (("Right", 0, 0), ("Right", 0, 1), ("Down", 1, 1), ("Right", 1, 2), ("Left", 1, 1))
    for key, row, column in moves:
        patterns.keyboard.press(f"Arrow{key}")
        expect(reading).to_have_text(f"Row {row}, column {column}: {numbers[row][column]:g}")
    expect(player(patterns, ".cells .on")).to_have_text(f"{numbers[1][1]:g}")
    patterns.keyboard.press("Escape")
    expect(player(patterns, ".sample")).to_be_hidden()
    expect(tile).to_be_focused()


def test_weighted_sampling_draws_what_has_a_weight(patterns: Page):
    closer(patterns, "Weights")
    weight = patterns.get_by_label("Weight of A")
    expect(weight).to_have_value("1")
    weight.fill("0")
    rows = patterns.locator("#batch-weights .rows li")
    draws = rows.locator(".bar:first-child > span:last-child")
    expect(draws).to_have_text(["0", "40"])
    patterns.locator("#batch-use-weights").click()
    expect(patterns.get_by_label("weighted")).to_be_checked()
    expect(player(patterns, ".counts .count")).to_have_text(["0", "32"])
    # an impossible weight gets a sentence, until it is changed
    patterns.get_by_label("Weight of B").fill("0")
    expect(player(patterns, ".error")).to_contain_text("At least one class needs a weight above 0")
    player(patterns, ".next").click()
    expect(player(patterns, ".error")).to_contain_text("At least one class needs a weight above 0")
    patterns.get_by_label("Weight of B").fill("2")
    expect(player(patterns, ".error")).to_be_hidden()


def test_wrong_options_get_a_sentence_in_sight(patterns: Page):
    patterns.locator("#batch-drop-last input").check()
    expect(player(patterns, ".of")).to_have_text("of 1")
    patterns.locator("#batch-size input").fill("64")
    expect(player(patterns, ".error")).to_contain_text("do not fill one batch of 64")
    expect(player(patterns, ".error")).to_be_visible()
    patterns.locator("#batch-size input").fill("2.000")
    sentence = "“2.000” could mean 2 or 2000: write one of these."
    expect(patterns.locator("#batch-size .hint")).to_have_text(sentence)
    expect(player(patterns, ".error")).to_contain_text("must be a whole number from 1 to 1,024, not '2.000'")
    patterns.locator("#batch-size input").fill("20")
    expect(patterns.locator("#batch-size .hint")).to_be_hidden()
    expect(player(patterns, ".error")).to_be_hidden()
    expect(player(patterns, ".of")).to_have_text("of 2")


def test_a_pipeline_changes_the_numbers(guarded):
    page = opened(guarded)
    expect(fact(page, "x.min(), x.max()")).to_have_text(re.compile(r"^0, "))
    closer(page, "Transforms")
    page.locator("#batch-pipeline").get_by_role("button", name="Normalised").click()
    # black: (0 - 0.2860) / 0.3530
    expect(fact(page, "x.min(), x.max()")).to_have_text(re.compile(r"^-0\.8102, "))
    page.locator("#batch-pipeline").get_by_role("button", name="A mistake").click()
    expect(player(page, ".error")).to_contain_text("These samples cannot become one tensor")
    page.locator("#batch-pipeline").get_by_role("button", name="ToTensor only").click()
    expect(player(page, ".error")).to_be_hidden()
    expect(fact(page, "x.min(), x.max()")).to_have_text(re.compile(r"^0, "))


def test_a_visitors_table_comes_and_goes(guarded):
    page = opened(guarded)
    before = page.locator("#batch-dataset input").input_value()
    lines = [f"{i},{i / 4},7,k{i % 3}" for i in range(37)]
    upload(page, "fish.csv", "\n".join(["weight,length,width,kind", *lines]))
    summary = "A table of 37 rows with 3 features. "
    summary += 'The label is the column "kind", with 3 classes: k0, k1, k2.'
    expect(page.locator("#batch-own textarea")).to_have_value(summary)
    expect(page.locator("#batch-dataset input")).to_have_value("Your own data")
    # another label is typed and taken at once; one that cannot be leaves the data as it is
    label = page.locator("#batch-label input")
    for typed, sentence in (("length", '"k0" is not a number'), ("kind", summary)):
        label.fill(typed)
        label.press("Enter")
        expect(page.locator("#batch-own textarea")).to_have_value(re.compile(re.escape(sentence)))
    # a reload is a farewell, too, but the page finds its data again
    page.evaluate("navigator.sendBeacon = (...words) => localStorage.setItem('farewell', words)")
    kept = page.evaluate("sessionStorage.getItem('tp-own')")
    page.reload()
    expect(page.locator("#batch-dataset input")).to_have_value("Your own data")
    assert page.evaluate("localStorage.getItem('farewell')") == f"/gradio_api/leave,{kept}"
    closer(page, "Your own data")
    expect(page.locator("#batch-own textarea")).to_have_value(summary)
    expect(label).to_have_value("kind")
    expect(fact(page, "x.shape")).to_have_text("torch.Size([32, 3])")
    expect(player(page, ".rows th")).to_have_text(["index", "weight", "length", "width", "label"])
    player(page, ".next").click()
    expect(fact(page, "x.shape")).to_have_text("torch.Size([5, 3])")
    for row in player(page, ".rows tr").all()[1:]:
        index, weight, length, width, kind = row.locator("td").all_inner_texts()
        i = int(index)
        assert [float(weight), float(length), float(width), kind] == [i, i / 4, 7, f"k{i % 3}"]
    page.locator("#batch-forget").click()
    expect(page.locator("#batch-own textarea")).to_have_value("Forgotten.")
    expect(page.locator("#batch-dataset input")).to_have_value(before)
    expect(player(page, ".picture canvas:visible").first).to_be_visible()
    expect(page.locator("#batch-forget")).to_be_hidden()
    expect(label).to_be_hidden()
    assert page.evaluate("sessionStorage.getItem('tp-own')") is None
    page.locator("#batch-dataset input").click()
    expect(page.get_by_role("option", name=PATTERNS)).to_be_visible()
    expect(page.get_by_role("option", name="Your own data")).to_have_count(0)


def test_the_content_of_a_file_is_shown_as_text(guarded):
    page = opened(guarded)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    classes = (NASTY[:36], "{{7*6}}</script><b>x")
    rows = "".join(f"{i},{i},{classes[i % 2]}\n" for i in range(6))
    upload(page, f"{NASTY}.csv", f"{NASTY},b,label\n{rows}")
    expect(player(page, ".rows th").nth(1)).to_have_text(NASTY)
    expect(player(page, ".counts .name")).to_have_text(sorted(classes))
    player(page, ".rows button").first.click()
    expect(player(page, ".sample h3")).to_contain_text("Sample")
    page.keyboard.press("Escape")
    for part, view, text in (
        ("The data set", "#batch-methods", "class TableDataset"),
        ("collate_fn", "#collate-view", "samples"),
        ("Weights", "#batch-weights", NASTY[:36]),
        ("The code", "#batch-program", "onerror=alert(1)"),
    ):
        closer(page, part)
        expect(page.locator(view)).to_contain_text(text)
    # the sentence names a table that is refused
    upload(page, f"{NASTY}.csv", "a,b\n1,x\ny,2\n")
    expect(page.locator("#batch-own textarea")).to_have_value(re.compile(re.escape("<img src=x onerror=")))
    assert alerts == [] and page.locator("img[src='x'], #batch-player script").count() == 0


def test_nothing_is_wider_than_a_phone(guarded):
    page = opened(guarded, viewport=PHONE)
    sections = {
        "The arithmetic": "#batch-arithmetic td", "The data set": "#batch-methods .cm-line",
        "Transforms": "#batch-stages img", "collate_fn": "#collate-view .samples li",
        "Weights": "#batch-weights li", "Workers": "#race-go", "The device": "#batch-device td",
        "The code": "#batch-program .cm-line", "Your own data": "#batch-files",
    }  # fmt: skip
    assert page.locator("#batch-part label").all_inner_texts() == list(sections)
    for part, inside in sections.items():
        closer(page, part)
        page.locator(f"{inside}:visible").first.wait_for()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{part} is {width} wide"
    player(page, ".picture").first.click()
    expect(player(page, ".sample")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_section_may_open_before_its_answer_arrives(guarded):
    page = opened(guarded)
    held: list[Route] = []

    def hold(route: Route) -> None:
        # the choice of a section sends one value, the question for its contents all options
        if len(json.loads(route.request.post_data or "")["data"]) == 1:
            route.continue_()
        else:
            held.append(route)

    page.route("**/gradio_api/run/**", hold)
    closer(page, "Transforms")
    expect(page.locator("#batch-stages .stages")).to_be_attached()
    while not held:
        page.wait_for_timeout(20)
    assert page.locator("#batch-stages img").count() == 0
    for route in held:
        route.continue_()
    expect(page.locator("#batch-stages img").first).to_be_visible()


def test_a_race_of_workers_shows_its_table(guarded):
    page = opened(guarded)
    closer(page, "Workers")
    page.locator("#race-preset").get_by_text("Small pictures in memory").click()
    expect(page.locator("#race-batches input[inputmode]")).to_have_value("40")
    page.locator("#race-workers").get_by_label("2", exact=True).uncheck()
    expect(page.locator("#race-expected")).not_to_contain_text("2 workers")
    page.locator("#race-go").click()
    # new Pythons import torch first, which takes a while on a busy machine
    expect(page.locator("#race-status")).to_contain_text("Done: 40 batches of 64", timeout=90_000)
    rows = page.locator("#race-view tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("No workers")
    expect(rows.nth(1)).to_contain_text("1 worker")
