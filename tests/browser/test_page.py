"""The page in a real Chromium, used as a visitor uses it. Waits on states, never on time."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from data.drawn import garments
from ui.classify import words as classify_words
from ui.kit.images import as_png

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TSHIRT = [
    (0.36, 0.25), (0.20, 0.32), (0.08, 0.50), (0.20, 0.57), (0.27, 0.48), (0.27, 0.85), (0.73, 0.85),
    (0.73, 0.48), (0.80, 0.57), (0.92, 0.50), (0.80, 0.32), (0.64, 0.25), (0.50, 0.31), (0.36, 0.25),
]  # fmt: skip


def stroke(page: Page, points: list[tuple[float, float]], steps: int = 4) -> None:
    """One line of the mouse through `points`, shares of the paper's side."""
    box = page.locator(".paper").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=steps)
    page.mouse.up()


def answered(page: Page) -> str:
    """Wait for an answer to the picture as it is; its class."""
    expect(page.locator(".answer")).to_have_attribute("data-state", "answer")
    expect(page.locator(".answer.waiting")).to_have_count(0)
    return page.locator(".headline .name").inner_text()


def ink(page: Page) -> int:
    """How many pixels of the paper carry ink."""
    return page.evaluate(
        """() => { const c = document.querySelector('.paper');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 128; return n; }"""
    )


def painted(label: int) -> bytes:
    return as_png(garments.picture(label, np.random.default_rng(1), 320))


def upload(page: Page, name: str, data: bytes) -> None:
    page.set_input_files("input[type=file]", [{"name": name, "mimeType": "image/png", "buffer": data}])


# --- drawing ----------------------------------------------------------------------------------------------


def test_a_drawn_tshirt_is_a_tshirt(page: Page):
    stroke(page, TSHIRT)
    expect(page.locator(".headline .name")).to_have_text("T-shirt/top")
    expect(page.locator(".bars li.top .label")).to_have_text("T-shirt/top")
    expect(page.locator(".stage img[src]")).to_have_count(len(classify_words.STEPS))
    expect(page.locator(".answer + .saw canvas.ours")).to_have_attribute(
        "aria-label", "The 28 by 28 grey picture the network was given"
    )
    expect(page.locator(".live")).to_contain_text("T-shirt/top")


def test_the_answer_follows_the_pen_before_it_is_lifted(page: Page):
    box = page.locator(".paper").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 300, steps=12)
    assert answered(page)  # the button is still down
    page.mouse.up()


def test_undo_redo_clear_and_eraser(page: Page):
    undo, redo, clear = (
        page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo", "Clear")
    )
    expect(undo).to_be_disabled()
    stroke(page, [(0.2, 0.2), (0.8, 0.2)])
    first = ink(page)
    stroke(page, [(0.2, 0.6), (0.8, 0.6)])
    both = ink(page)
    assert both > first > 0

    undo.click()
    assert ink(page) == first
    page.keyboard.press("Control+z")
    assert ink(page) == 0
    expect(page.locator(".message")).to_have_text(classify_words.BLANK)
    redo.click()
    page.keyboard.press("Control+y")
    assert ink(page) == both

    page.get_by_role("button", name="Eraser").click()
    stroke(page, [(0.1, 0.6), (0.9, 0.6)])
    erased = ink(page)
    assert first <= erased < both
    clear.click()
    assert ink(page) == 0
    undo.click()  # even a cleared sheet comes back
    assert ink(page) == erased


def test_thickness_changes_the_line(page: Page):
    amounts = []
    for name in ("Thin line", "Medium line", "Thick line"):
        page.get_by_role("button", name=name).click()
        stroke(page, [(0.2, 0.5), (0.8, 0.5)])
        amounts.append(ink(page))
        page.get_by_role("button", name="Clear", exact=True).click()
    assert amounts == sorted(amounts) and amounts[0] < amounts[1] < amounts[2]


def test_a_tap_leaves_a_dot(page: Page):
    page.locator(".paper").click()
    assert ink(page) > 0


def test_erasing_everything_asks_for_a_drawing(page: Page):
    page.locator(".paper").click()
    page.get_by_role("button", name="Eraser").click()
    page.get_by_role("button", name="Thick line").click()
    page.locator(".paper").click()
    expect(page.locator(".message")).to_have_text(classify_words.BLANK)
    expect(page.locator(".answer")).to_have_attribute("data-state", "idle")


def test_a_reload_brings_the_drawing_back(guarded, page: Page):
    stroke(page, TSHIRT)
    name = answered(page)
    page.reload()
    # Gradio complains in the console when a page is left while its event stream is open
    guarded.complaints.clear()
    expect(page.locator(".headline .name")).to_have_text(name)
    assert ink(page) > 0


def test_a_reload_brings_a_picture_back_until_it_is_closed_or_cleared(guarded, page: Page):
    upload(page, "bag.png", painted(8))
    name = answered(page)
    page.get_by_role("radio", name="Photo").check(force=True)
    page.reload()
    guarded.complaints.clear()
    expect(page.locator(".picture")).to_be_visible()
    expect(page.get_by_role("radio", name="Photo")).to_be_checked()
    expect(page.locator(".headline .name")).to_have_text(name)

    # one that is too large for the browser's store is not mistaken for the one before it
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    upload(page, "noise.png", as_png(noise))
    page.wait_for_function("() => sessionStorage.getItem('playground.paper') === null")
    page.reload()
    guarded.complaints.clear()
    expect(page.locator(".hint")).to_be_visible()

    page.locator(".thumbs button[data-kind=auto]").first.click()
    answered(page)
    page.get_by_role("button", name="Close", exact=True).click()
    stroke(page, TSHIRT)
    page.get_by_role("button", name="Clear", exact=True).click()
    assert page.evaluate("sessionStorage.getItem('playground.paper')") is None
    page.reload()
    guarded.complaints.clear()
    page.locator(".thumbs button").nth(9).wait_for()
    expect(page.locator(".picture")).to_be_hidden()
    assert ink(page) == 0


def test_a_browser_without_storage_still_answers(guarded):
    page = guarded.open()
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('forbidden'); } })"
    )
    page.goto(page.url)
    page.locator(".thumbs button").nth(9).wait_for()
    stroke(page, TSHIRT)
    assert answered(page) == "T-shirt/top"
    page.goto(page.url + "?tab=train")
    expect(page.locator("#train-run .facts b").first).to_be_visible()


def test_a_finger_draws_without_scrolling(guarded):
    page = guarded.open(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.locator(".thumbs button").nth(9).wait_for()
    box = page.locator(".paper").bounding_box()
    touch = page.context.new_cdp_session(page)
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in TSHIRT]
    for i, (x, y) in enumerate(places):
        kind = "touchStart" if i == 0 else "touchMove"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    name = answered(page)
    assert page.evaluate("scrollY") == 0
    expect(page.locator(".mini")).to_be_visible()  # the answer itself lies below the paper
    assert page.locator(".mini strong").inner_text() == name


# --- other sources ----------------------------------------------------------------------------------------


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
    assert answered(page) == "Dress"  # the same answer once more is an answer, too
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


def test_a_pasted_picture_is_classified(page: Page):
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


def test_a_dropped_picture_is_classified(page: Page):
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
    # the made-up picture of Chromium's camera is no garment: an answer or a sentence will do
    expect(page.locator(".answer:is([data-state=answer], [data-state=problem])")).to_have_count(1)


def test_a_refused_camera_gets_a_sentence(page: Page):
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia =
        () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"""
    )
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator("#picture-input .status")).to_contain_text("The camera was refused")


@pytest.mark.parametrize("kind", ["drawing", "auto"])
def test_an_example_is_classified(page: Page, kind: str):
    page.locator(f".thumbs button[data-kind={kind}]").first.click()
    assert answered(page)
    expect(page.locator(".picture")).to_be_visible(visible=kind == "auto")


def test_new_examples_are_drawn_on_demand(page: Page):
    sources = "() => [...document.querySelectorAll('.thumbs img')].map((image) => image.src).join()"
    before = page.evaluate(sources)
    page.get_by_role("button", name="Draw ten new examples").click()
    page.wait_for_function(f"(before) => ({sources})() !== before", arg=before)


# --- answers and sentences --------------------------------------------------------------------------------


def test_a_bad_file_gets_a_sentence_and_the_drawing_comes_back(page: Page):
    stroke(page, TSHIRT)
    name = answered(page)
    upload(page, "photo.heic", b"\x00\x00\x00\x18ftypheic" + bytes(64))
    expect(page.locator(".message")).to_contain_text("HEIC")
    expect(page.locator(".answer")).to_have_attribute("data-state", "problem")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".headline .name")).to_have_text(name)


def test_a_blank_picture_gets_a_sentence(page: Page):
    upload(page, "white.png", as_png(np.full((200, 200, 3), 255, np.uint8)))
    expect(page.locator(".message")).to_contain_text("nothing to classify")
    expect(page.locator(".bars li.top")).to_have_count(0)


def test_the_naive_way_is_shown_beside_ours(page: Page):
    upload(page, "dress.png", painted(3))
    answered(page)
    page.get_by_text("Show the naive way").click()
    expect(page.locator(".naive-text")).to_contain_text("the same network says")
    expect(page.locator("canvas.theirs")).to_be_visible()
    expect(page.locator(".answer")).to_have_class("answer comparing")


def test_pixels_tell_their_numbers(page: Page):
    stroke(page, TSHIRT)
    answered(page)
    page.locator("canvas.ours").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".reading")).to_contain_text("Row 14, column 15:")
    page.locator("canvas.ours").hover(position={"x": 4, "y": 4})
    expect(page.locator(".reading")).to_contain_text("Row 0, column 0:\n0 of 255, normalised −0.81")


def test_why_shows_a_heat_map_for_any_class_and_method(page: Page):
    stroke(page, TSHIRT)
    name = answered(page)
    page.get_by_role("button", name="Why this answer?").click()
    expect(page.locator(".words")).to_contain_text(f"Occlusion for {name}")
    expect(page.locator(".heat img")).to_be_visible()
    page.get_by_role("radio", name="Grad-CAM").check()
    expect(page.locator(".words")).to_contain_text(f"Grad-CAM for {name}")
    page.get_by_role("combobox", name="Explain which class?").click()
    page.get_by_role("option", name="Bag").click()
    expect(page.locator(".words")).to_contain_text("Grad-CAM for Bag")

    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".words")).to_contain_text("The picture has changed")


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
    # a digest that no picture has is what any digest is to a server without the picture
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


# --- the page as a whole ----------------------------------------------------------------------------------


def test_the_address_opens_a_tab_and_pattern_b_is_read(guarded):
    page = guarded.open("?tab=patterns")
    cells = page.locator("[role=gridcell]:visible")
    cells.nth(15).wait_for()
    page.get_by_role("button", name="Clear", exact=True).click()
    for i, lit in enumerate("1111010101011111"):
        if lit == "1":
            cells.nth(i).click()
    expect(page.locator("#pattern-answer .verdict")).to_have_text(re.compile(r"^B\s*with probability"))


@pytest.mark.parametrize("tab", ["classify", "patterns"])
def test_a_phone_never_scrolls_sideways(guarded, tab: str):
    page = guarded.open(f"?tab={tab}", viewport={"width": 390, "height": 844})
    # the tab that opens first leaves hidden controls behind when the address names another one
    page.locator(".thumbs button:visible, [role=gridcell]:visible").nth(9).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_first_screen_holds_paper_answer_and_what_the_network_saw(page: Page):
    for part in (".surface", ".sources", ".verdict", ".bars", "canvas.ours", ".why"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 800, part


def test_nothing_jumps_while_an_answer_arrives(page: Page):
    def places() -> list[dict[str, float]]:
        return [
            page.locator(part).first.bounding_box()
            for part in (".surface", ".bars", "canvas.ours", ".stages")
        ]

    before = places()
    stroke(page, TSHIRT)
    answered(page)
    assert places() == before


def test_the_keyboard_reaches_everything_in_reading_order(page: Page):
    reached = []
    page.keyboard.press("Tab")
    for _ in range(40):
        reached.append(
            page.evaluate(
                """() => { const e = document.activeElement;
                return e.getAttribute('aria-label') || e.title || e.innerText || e.className; }"""
            )
        )
        page.keyboard.press("Tab")
    order = [
        reached.index(name) for name in ("Pen", "Eraser", "Medium line", "Upload", "Draw ten new examples")
    ]
    assert order == sorted(order)
    assert page.evaluate("document.activeElement !== document.body")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_buttons_are_large_enough_for_a_finger(guarded, theme: str):
    page = guarded.open(f"?__theme={theme}", viewport={"width": 390, "height": 844})
    page.locator(".thumbs button").nth(9).wait_for()
    for box in page.locator("#picture-input button:visible, button.why").all():
        size = box.bounding_box()
        assert size["height"] >= 44 and size["width"] >= 44, box.inner_text()
