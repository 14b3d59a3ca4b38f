"""A server killed under the open page and started again: what stays, and what the page says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from tests.browser.conftest import Guarded, Program
from tests.browser.paper import TSHIRT, ink, stroke
from tests.browser.test_train import choose, endless, part, small, state, train, wait_for_steps

pytestmark = pytest.mark.browser

RESTARTED = "The server was restarted: the runs of your last visit, and their weights, are gone."


@pytest.fixture
def program() -> Iterator[Program]:
    program = Program()
    program.start()
    yield program
    program.stop()


@pytest.fixture
def guard(chromium, program) -> Iterator[Guarded]:
    """Opens pages of a server that may be killed: browser and Gradio complain, but no script breaks."""
    guard = Guarded(chromium, f"http://127.0.0.1:{program.port}/")
    yield guard
    guard.close()
    assert guard.outside == []
    assert [complaint for complaint in guard.complaints if complaint.startswith("uncaught")] == []


def opened(guard: Guarded) -> Page:
    """The Train tab."""
    page = guard.open("?tab=train")
    part(page, ".facts b").first.wait_for()
    return page


def test_picture_and_choices_outlast_the_server_and_runs_do_not(guard: Guarded, program: Program):
    """One visitor draws, another follows a run, as the server is killed and started again."""
    page, other = opened(guard), opened(guard)
    small(page)
    train(page)
    state(page, "done")
    choose(page, network="lenet5", epochs=7, optimizer="adam")
    page.get_by_role("button", name="Use in Classify").click()
    expect(page.locator("#rival .remove")).to_be_visible()
    endless(other)
    train(other)
    wait_for_steps(other, 20)

    program.kill()
    stroke(page, TSHIRT)
    drawn = ink(page)
    message = page.locator(".message")
    expect(message).to_have_text(
        "The server does not answer. Your picture is kept: it is classified as soon as the server is back."
    )
    expect(page.locator(".headline .name")).to_have_text("No answer")
    expect(part(other, ".detail")).to_contain_text("The server did not answer")
    choose(other, epochs=9)
    expect(part(other, ".foot .problem")).to_contain_text("The server did not answer")

    program.start()
    # the page loads itself again: a new answer to the same drawing
    expect(page.locator(".headline .name")).to_have_text("T-shirt/top")
    assert abs(ink(page) - drawn) < 0.02 * drawn
    expect(message).not_to_contain_text("The server does not answer")
    expect(page.locator("#rival .status")).to_have_text(
        "The server was restarted: the run that answered here is gone. The shipped network answers alone."
    )

    page.get_by_role("tab", name="Train").click()
    expect(part(page, ".notice")).to_contain_text(RESTARTED)
    expect(page.locator("#train-runs .empty")).to_contain_text(RESTARTED)
    expect(part(page, "#train-network")).to_have_value("lenet5")
    expect(part(page, "#train-epochs")).to_have_value("7")
    expect(part(page, "#train-lr")).to_have_value("0.001")
    small(page)
    train(page)
    state(page, "done")
    expect(part(page, ".notice")).to_be_hidden()
    expect(page.locator("#train-runs tbody tr")).to_have_count(1)
    page.reload()
    state(page, "done")
    expect(part(page, ".notice")).to_be_hidden()

    # the loss of the followed run is noticed at once
    expect(part(other, ".notice")).to_contain_text(RESTARTED)
    state(other, "idle")
    expect(other.locator("#train-runs .empty")).to_contain_text(RESTARTED)
    expect(part(other, ".facts")).to_contain_text("steps per epoch")
    expect(part(other, "#train-epochs")).to_have_value("9")
