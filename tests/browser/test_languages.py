"""No visible English is left in the pseudo-language, which puts every text in ⟦brackets⟧.

One test a tab: it opens each panel, produces answers and refusals, and reads what a visitor sees or hears.
Texts drawn on a canvas cannot be read here.

    python -m pytest --runxfail tests/browser/test_languages.py -k train
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import messages
from data.drawn import garments
from tests.browser.conftest import Guarded, upload
from tests.browser.reader import Reader
from tests.browser.reader import __file__ as reader_file
from ui.kit.images import as_png

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Error, expect

pytestmark = pytest.mark.browser

LONG = 60_000
"""For a training of a few steps, in ms."""
PATIENCE = 10_000
"""For everything else, in ms."""

# --- the tabs -----------------------------------------------------------------------------------------------


def sections(reader: Reader, elem_id: str) -> Iterator[int]:
    """Open the sections of a tab one by one; yields their numbers."""
    labels = reader.page.locator(f"#{elem_id} label")
    for i in range(labels.count()):
        labels.nth(i).click()
        yield i


def classify(reader: Reader) -> None:
    page = reader.page
    page.locator(".thumbs button").nth(9).wait_for()
    reader.read("idle")
    page.locator(".thumbs button").first.click()
    expect(page.locator(".answer")).to_have_attribute("data-state", "answer")
    page.locator(".compare").evaluate("(box) => box.click()")
    page.locator("canvas.ours").focus()
    page.keyboard.press("ArrowRight")
    reader.read("answer")
    page.locator("button.why").click()
    page.locator(".heat img:visible").wait_for()
    reader.read("why")
    methods = page.locator("#why fieldset label")
    reader.press_each(methods, "method")
    upload(page, "input[accept='image/*']", "notes.png", b"no picture")
    reader.read("unreadable picture")
    upload(
        page, "input[accept='image/*']", "bag.png", as_png(garments.picture(8, np.random.default_rng(1), 320))
    )
    page.locator(".kinds:visible").wait_for()
    reader.press_each(page.locator(".kinds label"), "picture")
    page.locator("[data-do=leave]").click()
    page.locator("[data-do=camera]").click()
    page.locator("[data-do=shoot]").wait_for()
    reader.read("camera")
    page.locator("[data-do=stop]").click()
    page.locator(".paper").click()
    reader.read("a dot")
    page.locator("[data-do=undo]").click()
    reader.read("blank")


def patterns_tab(reader: Reader) -> None:
    page = reader.page
    page.locator("#pattern-grid .cell").first.wait_for()
    for i in sections(reader, "pattern-part"):
        reader.read(f"section {i + 1}")
    networks = page.locator("#pattern-network label")
    reader.press_each(networks, "network")
    networks.first.click()
    page.locator("#pattern-part label").nth(1).click()
    page.locator("#pattern-train").click()
    page.locator("#pattern-result table").wait_for(timeout=LONG)
    reader.read("trained")
    page.locator("#pattern-part label").nth(2).click()
    page.locator("#pattern-count input[inputmode]").fill("2")
    page.locator("#pattern-many").click()
    page.locator("#pattern-seeds .pair").wait_for(timeout=LONG)
    reader.read("seeds")
    page.locator("#pattern-grid-clear").click()
    reader.read("empty grid")
    page.locator("#pattern-part label").nth(1).click()
    page.locator("#pattern-lr input").fill("")
    page.locator("#pattern-train").click()
    reader.read("no learning rate")


def dataloader(reader: Reader) -> None:
    page = reader.page
    player = page.locator("#batch-player")
    player.locator(".picture:visible").first.wait_for()
    reader.read("player")
    for i in sections(reader, "batch-part"):
        reader.read(f"section {i + 1}")
        if i == 2:
            reader.press_each(page.locator("#batch-pipeline .presets button"), "transforms")
            page.locator("#batch-pipeline .presets button").first.click()
        if i == 3:
            reader.press_each(page.locator("#collate-how label, #collate-example label"), "collate")
    upload(page, "#batch-files input[type=file]", "broken.csv", b"a,b\n1,x\ny,2\n")
    expect(page.locator("#batch-own textarea")).to_have_value(re.compile("⟦"))
    reader.read("refused table")
    upload(page, "#batch-files input[type=file]", "fish.csv", b"length,kind\n1,a\n2,b\n3,a\n")
    player.locator(".rows:visible").wait_for()
    reader.read("table")
    player.locator(".rows button").first.click()
    reader.read("row")
    page.keyboard.press("Escape")
    page.locator("#batch-forget").click()
    player.locator(".picture:visible").first.click()
    player.locator(".cells").focus()
    page.keyboard.press("ArrowRight")
    reader.read("sample")
    page.keyboard.press("Escape")
    page.locator("#batch-part label").nth(5).click()
    workers = page.locator("#race-workers input:checked")
    while workers.count() > 1:
        workers.last.uncheck()
    page.locator("#race-go").click()
    page.locator("#race-view tbody tr").first.wait_for(timeout=LONG)
    reader.read("race")
    reader.press_each(page.locator("#batch-sampler label"), "order")
    page.locator("#batch-drop-last input").check()
    page.locator("#batch-one-hot input").check()
    reader.read("options")
    for size in ("", "1000000", "2048"):
        page.locator("#batch-size input").fill(size)
        reader.read(f"batches of {size or 'nothing'}")
    page.locator("#batch-size input").fill("20000")
    reader.read("batch too large")


def conv(reader: Reader) -> None:
    page = reader.page
    page.locator("#conv-layer .shape.out:visible").wait_for()
    labels = page.locator("#conv-part label")
    reader.press_each(page.locator("#conv-layer .kinds label"), "layer")
    page.locator("#conv-layer .kinds label").first.click()
    page.locator("#conv-layer .errors").check()
    sliders = page.locator("#conv-layer .sliders input[type=range]")
    for i in range(sliders.count()):
        sliders.nth(i).focus()
        page.keyboard.press("End" if i > 3 else "Home")
    page.locator("#conv-layer .trouble:visible").wait_for()
    reader.read("an error of a layer")
    labels.nth(1).click()
    kernel = page.locator("#conv-kernel")
    kernel.locator(".terms b:visible").wait_for()
    reader.choose_each(kernel.locator(".preset"), "kernel")
    reader.press_each(kernel.locator(".paddings label, .looks label"), "kernel option")
    kernel.locator(".flip").check()
    kernel.locator(".cells input").first.fill("?")
    reader.read("a weight that is no number")
    labels.nth(2).click()
    stack = page.locator("#conv-stack")
    stack.locator(".row:visible").first.wait_for()
    reader.read("stack")
    reader.press_each(stack.locator(".presets button"), "stack preset")
    reader.press_each(stack.locator(".mistakes button"), "stack mistake")
    reader.choose_each(stack.locator(".networks select"), "network of the stack")
    stack.locator("button.edit:visible, button.yours:visible").first.click()
    labels.nth(3).click()
    inside = page.locator("#feature-maps")
    inside.locator(".cell h4:visible").first.wait_for()
    reader.press_each(inside.locator("nav.list button"), "inside", most=8)


def train(reader: Reader) -> None:
    page = reader.page
    run = page.locator("#train-run")
    run.locator(".facts b:visible").first.wait_for()
    reader.read("form")
    page.locator("#train-samples").fill("")
    page.locator("#train-samples").press("Tab")
    reader.read("no number of samples")
    page.locator("#train-network").select_option("softmax_regression")
    for name, value in (("samples", "300"), ("epochs", "2")):
        page.locator(f"#train-{name}").fill(value)
        page.locator(f"#train-{name}").press("Tab")
    run.locator(".train").click()
    expect(run.locator(".run")).to_have_attribute("data-state", "done", timeout=LONG)
    page.locator("#train-results .all").wait_for()
    run.locator("canvas.c-loss").focus()
    page.keyboard.press("ArrowRight")
    reader.read("a run that is done")
    reader.press_each(page.locator("#train-runs .choice button"), "curves")
    for button in page.locator("#train-runs tbody button:visible").all():
        if button.get_attribute("aria-expanded") is not None:
            button.click()
    reader.read("more of a run")
    upload(page, "#train-runs input[accept='.safetensors']", "mine.safetensors", b"no weights")
    reader.read("unreadable weights")
    reader.press_each(run.locator(".presets button"), "preset")
    page.locator("#train-lr").fill("1000")
    page.locator("#train-lr").press("Tab")
    reader.read("a learning rate that is too large")
    run.locator(".presets button").nth(2).click()
    run.locator(".train").click()
    expect(run.locator(".run")).to_have_attribute("data-state", "diverged", timeout=LONG)
    reader.read("a run that diverged")
    run.locator(".mend").click()
    page.locator("#train-part label").nth(1).click()
    page.locator("#train-sweep .plan").wait_for()
    reader.read("search")
    page.locator("#train-range .go").click()
    page.locator("#train-range .rules").wait_for(timeout=LONG)
    reader.read("range test")
    page.locator("#train-sweep .go").click()
    expect(page.locator("#train-sweep .cell.best")).to_be_visible(timeout=LONG)
    expect(page.locator("#train-sweep .go")).to_be_enabled(timeout=LONG)
    reader.read("sweep")
    page.locator("#train-sweep .cell").last.click()
    reader.read("a cell of the sweep")
    labels = page.locator("#train-part label")
    labels.nth(2).click()
    motion = page.locator("#slow-motion")
    expect(motion.locator(".line")).to_have_count(5)
    for _line in range(6):
        motion.locator("button.forth").click()
        reader.read("slow motion")
    reader.press_each(motion.locator(".tries label"), "a broken loop")


TABS = {
    "classify": classify,
    "patterns": patterns_tab,
    "dataloader": dataloader,
    "conv": conv,
    "train": train,
}


# --- the tests ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pseudo_address(address: str, locale: Path) -> str:
    """The page, with the catalogue of the pseudo-language."""
    messages.write(messages.pseudo_catalogue(messages.extract()), locale / f"{messages.PSEUDO}.po")
    return address


@pytest.mark.parametrize("tab", TABS)
def test_no_english_is_left(tab: str, chromium: Browser, pseudo_address: str):
    guard = Guarded(chromium, pseudo_address)
    page = guard.open(f"?tab={tab}&lang={messages.PSEUDO}")
    reader = Reader(page)
    page.set_default_timeout(PATIENCE)
    problem = ""
    try:
        TABS[tab](reader)
        assert page.evaluate("document.documentElement.lang") == messages.PSEUDO
    except (Error, AssertionError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next(frame for frame in reversed(frames) if frame.filename in (__file__, reader_file))
        problem = f"\n\nThen line {line.lineno}, {line.line!r}, got no further:\n{error}"
    finally:
        guard.close()
    if reader.untranslated or problem:
        pytest.fail(reader.report() + problem, pytrace=False)
    assert not [complaint for complaint in guard.complaints if complaint.startswith("uncaught")]
