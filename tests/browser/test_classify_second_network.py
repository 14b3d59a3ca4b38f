"""A run of the visitor's own beside the shipped network, in a real Chromium. Waits on states alone."""

from __future__ import annotations

import re

import pytest

from data import fashion
from models.checkpoint import Card
from models.registry import build
from tests.browser.conftest import upload
from training.desk.exchange import pack
from training.recipe import Recipe

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def weights(classes: list[str]) -> bytes:
    """A file of weights as it is downloaded from the page; nothing was learned."""
    recipe = Recipe(network="tutorial_cnn")
    card = Card(
        architecture="tutorial_cnn", arguments={"classes": len(classes)}, classes=classes,
        input_size=[1, 28, 28], mean=fashion.MEAN, std=fashion.STD, command="none", data="none", seed=0,
        epochs=1, config=recipe.as_dict(),
    )  # fmt: skip
    return pack(build("tutorial_cnn", seed=0, classes=len(classes)), card)


def use(page: Page, name: str, classes: list[str]) -> None:
    """Bring weights to the Train tab, and take them to Classify."""
    expect(page.locator(".empty", has_text="No runs yet")).to_be_visible()
    upload(page, "input[accept='.safetensors']", f"{name}.safetensors", weights(classes))
    page.get_by_role("button", name=f"Use in Classify: {name}").click()
    expect(page.locator(".rival select")).to_be_visible()


def test_a_run_answers_beside_the_shipped_network_until_it_is_removed(guarded):
    page = guarded.open("?tab=train")
    use(page, "mine", list(fashion.CLASSES))
    expect(page.get_by_role("tab", name="Classify")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".rival option:checked")).to_have_text("mine (Two-block CNN)")

    page.locator(".thumbs button").first.click()
    expect(page.locator(".versus")).to_be_visible()
    expect(page.locator(".run-title")).to_have_text("Your “mine”")
    expect(page.locator(".agreement")).to_have_text(re.compile(r"^(Both networks say|They disagree:) "))
    expect(page.locator(".bars li.run-top .label")).to_have_text(page.locator(".run-name").inner_text())
    expect(page.locator(".headline")).to_be_hidden()

    page.get_by_role("radio", name="Your run").check()
    expect(page.locator(".words")).to_have_text(re.compile("^Your “mine”: Occlusion for "))

    page.get_by_role("button", name="Ask the shipped network alone").click()
    expect(page.locator(".versus")).to_be_hidden()
    expect(page.locator(".headline")).to_be_visible()
    expect(page.get_by_role("radio", name="Your run")).to_have_count(0)

    page.locator(".rival select").select_option(label="mine (Two-block CNN)")
    expect(page.locator(".versus")).to_be_visible()
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="More: rename, download or remove mine").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove for good?").click()
    page.get_by_role("tab", name="Classify").click()
    expect(page.locator(".rival .status")).to_contain_text("the shipped network answers alone")
    expect(page.locator(".headline")).to_be_visible()
    expect(page.locator(".versus")).to_be_hidden()


def test_other_classes_are_text_in_a_list_of_their_own(guarded):
    page = guarded.open("?tab=train")
    hostile = "<img src=x onerror=alert(1)>${7*6}"
    use(page, "animals", ["cat", hostile, "elephant"])
    page.locator(".thumbs button").first.click()
    expect(page.locator(".own-bars li")).to_have_count(3)
    assert sorted(page.locator(".own-bars .label").all_inner_texts()) == sorted(["cat", hostile, "elephant"])
    expect(page.locator(".paired")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.get_by_role("radio", name="Your run").check()
    expect(page.locator(".words")).to_contain_text("Your “animals”")  # its classes are in the list by now
    page.get_by_role("combobox", name="Explain which class?").click()
    page.get_by_role("option", name=hostile).click()
    expect(page.locator(".words")).to_contain_text(f"Occlusion for {hostile}")


def test_without_runs_nothing_is_added_to_the_answer(guarded):
    page = guarded.open()
    expect(page.locator(".bars li")).to_have_count(10)
    expect(page.locator(".rival")).to_be_hidden()
    expect(page.get_by_text("Which network?")).to_have_count(0)
