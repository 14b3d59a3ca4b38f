"""What a run has learned, and the runs of a visit: in Chromium, with real training."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")
expect = playwright_api.expect

pytestmark = pytest.mark.browser
LONG = 120_000
"""Milliseconds a run may take: it may wait for drawn garments and for other tests."""


def trained(page, rate: str) -> None:
    """Train a softmax regression on few samples for three epochs, and wait for its results."""
    for name, value in (("samples", "300"), ("epochs", "3"), ("lr", rate)):
        page.locator(f"#train-{name}").fill(value)
        page.locator(f"#train-{name}").press("Tab")
    done = page.locator("#train-runs .state.done")
    before = done.count()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(done).to_have_count(before + 1, timeout=LONG)
    expect(page.locator("#train-results .final")).to_be_visible(timeout=LONG)


@pytest.fixture
def tab(guarded):
    page = guarded.open("?tab=train")
    page.locator("#train-network").select_option("softmax_regression")
    return page


def number(text: str) -> int:
    return int(re.findall(r"\d[\d,]*", text)[0].replace(",", ""))


def test_a_run_is_read_epoch_by_epoch(tab):
    expect(tab.locator("#train-results .empty")).to_contain_text("Press Train")
    trained(tab, "0.05")
    results = tab.locator("#train-results")
    facts = results.locator(".facts")
    expect(facts).to_contain_text("Epoch 3 of 3")
    # ten pictures of weights, one for each class, and a dozen glances, all painted
    expect(results.locator(".kernels canvas")).to_have_count(10)
    expect(results.locator(".glances li")).to_have_count(12)

    cells = results.locator(".matrix tbody td")
    expect(cells).to_have_count(100)
    right, samples = re.search(
        r"([\d,]+) of ([\d,]+) pictures", results.locator(".set").inner_text()
    ).groups()
    counts = [0 if text == "·" else int(text) for text in cells.all_inner_texts()]
    assert sum(counts) == number(samples) and sum(counts[::11]) == number(right)
    expect(results.locator(".set")).to_contain_text("Test set")
    shares = results.locator(".classes b").all_inner_texts()
    assert len(shares) == 10
    for row, share in enumerate(shares):
        assert share == f"{100 * counts[11 * row] / sum(counts[10 * row : 10 * row + 10]):.1f} %"

    # the keyboard alone: back one epoch, then along the matrix to a cell
    results.locator(".slider").focus()
    tab.keyboard.press("ArrowLeft")
    expect(facts).to_contain_text("Epoch 2 of 3")
    expect(results.locator(".set")).to_contain_text("Validation set after epoch 2")
    tab.keyboard.press("ArrowRight")
    expect(results.locator(".set")).to_contain_text("Test set")
    most = max((n for n in range(100) if n % 11), key=lambda n: counts[n])
    cells.nth(0).focus()
    for key, times in (("ArrowDown", most // 10), ("ArrowRight", most % 10)):
        for _ in range(times):
            tab.keyboard.press(key)
    tab.keyboard.press("Enter")
    expect(results.locator(".opened")).to_contain_text(f": {counts[most]}")
    expect(results.locator(".opened")).to_be_focused()
    pictures = results.locator(".of-cell canvas")
    expect(pictures).to_have_count(min(24, counts[most]))
    is_painted = (
        "node => node.getContext('2d').getImageData(0, 0, 28, 28)"
        ".data.some((value, i) => i % 4 < 3 && value > 60)"
    )
    for view in (".of-cell", ".confident", ".highest", ".glances"):
        last = results.locator(f"{view} canvas").last
        tab.wait_for_function(is_painted, arg=last.element_handle())
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_runs_are_compared_renamed_saved_and_used(tab, tmp_path: Path):
    trained(tab, "0.05")
    trained(tab, "0.5")
    runs = tab.locator("#train-runs")
    rows = runs.locator("tbody tr")
    expect(rows).to_have_count(2)
    heads = runs.locator("thead th").all_inner_texts()
    assert heads[:5] == ["Curve", "Run", "Learning rate", "Validation", "Test"]
    expect(runs.locator(".sentence")).to_have_text(
        "Only “Learning rate” differs (0.05 and 0.5): same initial weights, same batches."
    )
    dashes = runs.locator("tbody .swatch path").evaluate_all(
        "paths => paths.map(path => path.style.stroke + path.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == 2
    plot = runs.locator(".plot canvas")
    plot.focus()
    tab.keyboard.press("Home")
    expect(runs.locator(".reading")).to_contain_text("Near step 0")
    expect(plot).to_have_attribute("aria-valuetext", re.compile(r"Near step 0.*1\. Run 1 \d+\.\d % step \d+"))

    # a name is text, whatever it looks like
    runs.locator("[data-do=more]").first.click()
    runs.locator("[data-do=name]").fill("<img src=x> ${7*6}")
    tab.keyboard.press("Enter")
    expect(rows.first.locator("th b")).to_have_text("<img src=x> ${7*6}")

    runs.locator("[data-do=more]").first.click()
    with tab.expect_download() as download:
        runs.locator("[data-do=safetensors]").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "img-src-x-7-6.safetensors"
    runs.locator(".file").set_input_files({"name": "x.pt", "mimeType": "", "buffer": b"PK"})
    expect(runs.locator(".problem")).to_contain_text("can run any code")
    runs.locator(".file").set_input_files(file)
    expect(runs.locator(".state", has_text="uploaded")).to_have_count(1)
    expect(runs.locator(".problem")).to_be_hidden()

    # the first press asks, the second removes
    runs.locator("[data-do=more]").last.click()
    runs.locator("[data-do=remove]").click()
    expect(runs.locator("[data-do=remove]")).to_have_text("Remove for good?")
    runs.locator("[data-do=remove]").click()
    expect(runs.locator("tbody tr[data-run]:not(.tools)")).to_have_count(2)

    runs.locator("[data-do=use]").first.click()
    expect(tab.get_by_role("tab", name="Classify")).to_have_attribute("aria-selected", "true")
    expect(tab.locator("#rival select")).to_be_visible()
