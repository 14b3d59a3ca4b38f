"""Pictures from every source: files, the clipboard, the camera, examples."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from tests.browser.paper import answered, painted, upload

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_an_uploaded_picture_is_classified(page: Page):
    upload(page, "a <img src=x onerror=alert(1)> ${7*6}.png", painted(3))
    expect(page.locator(".headline .name")).to_have_text("Dress")
    expect(page.locator(".picture")).to_be_visible()
    assert "alert(1)" not in page.content()  # the name of a file goes nowhere

    page.get_by_text("Drawing", exact=True).click()  # the visitor overrules the program
    expect(page.locator(".stage").nth(2)).to_contain_text("Silhouette")
    page.get_by_text("Photo", exact=True).click()
    expect(page.locator(".stage").nth(2)).to_contain_text("Cut out")
    page.get_by_text("Automatic", exact=True).click()
    assert answered(page) == "Dress"  # the same answer again is an answer, too
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".picture")).to_be_hidden()
    page.get_by_role("button", name="Redo").click()
    expect(page.locator(".picture")).to_be_visible()


def test_a_real_photo_is_classified(page: Page, real_input: Path):
    photo = sorted((real_input / "photo").glob("trouser*.jpg")) or sorted(
        (real_input / "photo").glob("*.jpg")
    )
    page.set_input_files("input[type=file]", photo[0])
    assert answered(page)
    expect(page.locator(".stage").nth(2)).to_contain_text("Cut out")


def test_a_picture_is_pasted_and_one_is_dropped(page: Page):
    page.evaluate(
        """(data) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([bytes], 'image.png', {type: 'image/png'}));
        document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}));
        }""",
        base64.b64encode(painted(1)).decode(),
    )
    expect(page.locator(".headline .name")).to_have_text("Trouser")
    drop = """(data) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], 'image.png', {type: 'image/png'}));
        for (const name of ['dragenter', 'dragover', 'drop'])
          document.querySelector('.saw').dispatchEvent(
            new DragEvent(name, {dataTransfer, bubbles: true, cancelable: true}));
        }"""
    page.evaluate(drop, base64.b64encode(painted(8)).decode())
    expect(page.locator(".headline .name")).to_have_text("Bag")


def test_the_camera_takes_a_picture(page: Page):
    page.get_by_role("button", name="Camera", exact=True).click()
    page.get_by_role("button", name="Take picture").click()
    expect(page.locator(".picture")).to_be_visible()
    expect(page.locator(".camera")).to_be_hidden()
    # Chromium's fake camera shows no garment: an answer or a sentence will do
    expect(page.locator(".answer:is([data-state=answer], [data-state=problem])")).to_have_count(1)


def test_a_refused_camera_gets_a_sentence(page: Page):
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia =
        () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"""
    )
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator("#picture-input .status")).to_contain_text("The camera was refused")


def test_examples_are_classified_and_drawn_anew(page: Page):
    for kind in ("drawing", "auto"):
        page.locator(f".thumbs button[data-kind={kind}]").first.click()
        assert answered(page)
        expect(page.locator(".picture")).to_be_visible(visible=kind == "auto")
    sources = "() => [...document.querySelectorAll('.thumbs img')].map((image) => image.src).join()"
    before = page.evaluate(sources)
    page.get_by_role("button", name="Draw ten new examples").click()
    page.wait_for_function(f"(before) => ({sources})() !== before", arg=before)


def posts(page: Page) -> list[str]:
    """Collects the bodies that the page sends from now on."""
    bodies: list[str] = []
    page.on(
        "request",
        lambda request: bodies.append(request.post_data or "") if request.method == "POST" else None,
    )
    return bodies


def test_a_picture_travels_once(page: Page):
    data = painted(8)
    text = base64.b64encode(data).decode()
    bodies = posts(page)
    upload(page, "bag.png", data)
    answer = answered(page)
    page.get_by_role("button", name="Why this answer?").click()
    expect(page.locator(".words")).to_contain_text(f"Occlusion for {answer}")
    page.get_by_role("radio", name="Grad-CAM").check()
    expect(page.locator(".words")).to_contain_text(f"Grad-CAM for {answer}")
    page.get_by_role("tab", name="Conv shapes").click()
    for name in ("A picture through one kernel", "Inside the real network"):
        page.locator("#conv-part:visible").get_by_text(name, exact=True).click()
        page.locator("#conv-kernel .terms b:visible, #feature-maps .cell h4:visible").first.wait_for()
    expect(page.locator("#feature-maps .softmax .best th")).to_have_text(answer)
    assert sum(text in body for body in bodies) == 1


def test_a_picture_that_the_server_no_longer_has_is_sent_again(page: Page):
    data = painted(8)
    text = base64.b64encode(data).decode()
    digest = hashlib.sha256(data).hexdigest()
    upload(page, "bag.png", data)
    answered(page)
    # an unknown digest is what any digest is to a server without the picture
    page.route(
        "**/gradio_api/**",
        lambda route: route.fallback(
            post_data=(route.request.post_data or "").replace(digest, "0" * 64) or None
        ),
    )
    bodies = posts(page)
    page.get_by_role("button", name="Why this answer?").click()
    expect(page.locator(".heat img")).to_be_visible()
    assert any(text in body for body in bodies)
    bodies.clear()
    page.get_by_role("tab", name="Conv shapes").click()
    page.locator("#conv-part:visible").get_by_text("A picture through one kernel", exact=True).click()
    own = page.get_by_role("button", name="Your picture from Classify")
    expect(own).to_have_attribute("aria-pressed", "true")
    page.locator("#conv-kernel .preset").select_option("Identity")
    expect(page.locator("#conv-kernel .total")).to_contain_text("add up to 1")
    page.locator("#conv-part:visible").get_by_text("Inside the real network", exact=True).click()
    expect(page.locator("#feature-maps .tile[aria-pressed=true]")).to_have_text("Yours")
    page.locator("#feature-maps .cell h4:visible").first.wait_for()
    assert sum(text in body for body in bodies) == 2
