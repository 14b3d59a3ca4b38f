"""Files that the browser makes smaller or converts before they travel."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from data.drawn import garments
from tests.browser import conftest
from tests.browser.paper import answered, painted

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300" width="30" height="30">
<path fill="#fff" d="M60 60h180l40 60-50 20-10 130H80L70 140 20 120z"/></svg>"""


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(label: int) -> Image.Image:
    return Image.open(io.BytesIO(painted(label))).convert("RGB")


def test_large_pictures_and_other_kinds_are_changed_in_the_browser(page: Page):
    """24 million pixels, AVIF, white on transparent as SVG; and a picture of the data set is not changed."""

    def choose(data: bytes, kind: str) -> None:
        conftest.upload(page, "input[type=file]", "picture", data, f"image/{kind}")

    status = page.locator("#picture-input .status")
    photo = encoded(picture(3).resize((5712, 4284)), "JPEG", quality=60)
    assert len(photo) < 4 * 2**20
    choose(photo, "jpeg")
    expect(status).to_have_text("The picture was large and was made smaller here, in your browser.")
    assert answered(page) == "Dress"
    choose(encoded(picture(1), "AVIF"), "avif")
    expect(status).to_contain_text("was converted here, in your browser")
    expect(page.locator(".headline .name")).to_have_text("Trouser")
    choose(SVG, "svg+xml")
    expect(page.locator(".headline .name")).to_have_text("T-shirt/top")
    expect(page.locator(".stage")).to_have_count(5)
    choose(encoded(Image.fromarray(garments.Garments(10).draw(3)), "PNG"), "png")
    expect(page.locator(".stage")).to_have_count(2)
    expect(page.locator(".stage").first).to_contain_text("goes through unchanged")
    expect(status).to_be_empty()
