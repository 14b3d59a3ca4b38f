"""Find good settings as a visitor uses it: test the range, use its rate, sweep, use a cell, reload."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser
LONG = 180_000
"""Milliseconds a search may take to end."""
SLOW_START = """() => {
    const quick = window.fetch;
    window.fetch = async (...options) => {
        if (String(options[1]?.body).includes('"start"')) await new Promise((done) => setTimeout(done, 1000));
        return quick(...options);
    };
}"""
"""The request that begins a search takes a second longer, as on a busy machine."""


def opened(guarded, **options) -> Page:
    page = guarded.open("?tab=train", **options)
    page.locator("#train-run .facts b:visible").first.wait_for()
    page.locator("#train-network").select_option("softmax_regression")
    page.locator("#train-samples").fill("500")
    page.locator("#train-samples").press("Tab")
    search(page)
    return page


def search(page: Page) -> None:
    page.locator("#train-part").get_by_text("Find good settings").click()
    page.locator("#train-sweep .plan").wait_for()


def value_of(page: Page, name: str) -> str:
    return page.locator(f"#train-{name}").input_value()


def values(page: Page, side: str, *texts: str) -> None:
    for i in range(3):
        page.locator(f"#train-sweep .{side} .values > *").nth(i).fill(texts[i] if i < len(texts) else "")


def test_a_suggested_learning_rate_is_used_and_a_reload_keeps_the_curve(guarded):
    page = opened(guarded)
    view = page.locator("#train-range")
    expect(view.locator(".with")).to_contain_text("Softmax regression, SGD")
    view.locator(".go").click()
    view.locator(".rules").wait_for(timeout=LONG)
    conclusion = view.locator(".conclusion").inner_text()
    tenth = re.search(r"a tenth of that is ([\d.e-]+)\.$", conclusion)[1]
    steps = int(re.match(r"(\d+) steps", view.locator(".state").inner_text())[1])
    # the keyboard reads the chart, the table says the same
    view.locator(".plot").focus()
    page.keyboard.press("End")
    expect(view.locator(".plot")).to_have_attribute("aria-valuenow", str(steps))
    reading = view.locator(".reading").inner_text()
    view.locator(".numbers summary").click()
    last = view.locator(".numbers tbody tr").last
    assert last.locator("th").inner_text() == str(steps)
    rate, loss, average = last.locator("td").all_inner_texts()
    assert reading == f"Step {steps}: learning rate {rate}, loss {loss}, running average {average}."
    view.locator(".use.primary").click()
    expect(view.locator(".use.primary")).to_have_text("Chosen now")
    assert float(value_of(page, "lr")) == float(tenth)

    page.reload()
    search(page)
    expect(view.locator(".conclusion")).to_have_text(conclusion, timeout=LONG)


def test_a_sweep_fills_its_grid_and_a_cell_becomes_the_choices(guarded):
    page = opened(guarded, viewport=PHONE)
    view = page.locator("#train-sweep")
    values(page, "rows", "0.1", "0.001")
    values(page, "columns", "50", "500")
    plan = "4 runs of 2 epochs (2 to 20 steps), each at most 15 s of training."
    expect(view.locator(".plan")).to_have_text(plan)
    view.locator(".go").click()
    expect(view.locator(".summary")).to_contain_text("Best:", timeout=LONG)
    cells = view.locator(".cell")
    accuracies = [float(text.removesuffix(" %")) for text in cells.locator("b").all_inner_texts()]
    assert len(accuracies) == 4
    # ten large steps learn more than one small one
    assert accuracies[0] > accuracies[3]
    best = view.locator(".cell.best")
    assert float(best.locator("b").inner_text().removesuffix(" %")) == max(accuracies)
    cells.nth(3).click()
    expect(cells.nth(3)).to_have_attribute("aria-pressed", "true")
    expect(view.locator(".picked pre")).to_contain_text("--epochs 2 --batch-size 500 --lr 0.001")
    assert (float(value_of(page, "lr")), value_of(page, "batch_size")) == (0.001, "500")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_impossible_values_are_reported_before_the_sweep(guarded):
    page = opened(guarded)
    view = page.locator("#train-sweep")
    values(page, "rows", "much", "0,1")
    expect(view.locator(".problem")).to_have_text("“much” is not a number.")
    expect(view.locator(".values [aria-invalid=true]")).to_have_value("much")
    view.locator(".go").click()
    expect(view.locator(".problem")).to_have_text("“much” is not a number.")
    values(page, "rows", "20", "0,1")
    expect(view.locator(".problem")).to_be_hidden()
    expect(view.locator(".plan")).to_contain_text("3 of the 6 cells cannot be run: lr must be")
    values(page, "rows", "20")
    values(page, "columns", "0")
    expect(view.locator(".problem")).to_be_visible()
    # the network has no dropout: the form does not offer it
    assert view.locator(".rows .which option[value=dropout]").is_disabled()


def test_a_sweep_is_stopped_from_the_keyboard(guarded):
    page = opened(guarded)
    view = page.locator("#train-sweep")
    page.locator("#train-sweep .epochs").select_option("10")
    values(page, "columns", "1", "2")
    page.evaluate(SLOW_START)
    view.locator(".go").focus()
    page.keyboard.press("Enter")
    view.locator(".stop").focus()  # there before the server has confirmed the start
    page.keyboard.press("Enter")
    expect(view.locator(".stop")).to_be_hidden(timeout=LONG)
    stopped = re.compile("Stopped (after \\d of 6 runs|before its first run)")
    expect(view.locator(".state")).to_contain_text(stopped)
    expect(view.locator(".go")).to_be_enabled()
