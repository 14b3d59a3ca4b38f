"""The Train tab as a visitor uses it: train, stop, continue, break, compare, reload, over the network."""

from __future__ import annotations

import re

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.conftest import PHONE
from training.recipe import Recipe

pytestmark = pytest.mark.browser

LONG = 180_000
"""Milliseconds a run may take to end."""


@pytest.fixture
def page(guarded) -> Page:
    return opened(guarded)


def opened(guarded, **options) -> Page:
    page = guarded.open("?tab=train", **options)
    page.locator("#train-run .facts b:visible").first.wait_for()
    return page


def part(page: Page, selector: str) -> Locator:
    return page.locator(f"#train-run {selector}")


def choose(page: Page, **values: object) -> None:
    """Set fields of the form; each change goes to the server."""
    for name, value in values.items():
        control = part(page, f"#train-{name}")
        if not control.is_visible():
            part(page, ".more summary").click()
        if control.evaluate("node => node.tagName") == "SELECT":
            control.select_option(str(value))
        elif isinstance(value, bool):
            control.set_checked(value)
        else:
            control.fill(str(value))
            control.press("Tab")


def small(page: Page, **values: object) -> None:
    """A run of a moment."""
    choose(page, **{"network": "softmax_regression", "samples": 500, "epochs": 1} | values)


def endless(page: Page) -> None:
    """A run that lasts until somebody stops it."""
    choose(page, network="softmax_regression", samples=2000, batch_size=8, epochs=1000, lr=0.001)


def train(page: Page) -> None:
    part(page, ".train").click()
    # an earlier run is not mistaken for this one
    state(page, "queued", "starting", "running", "done", "diverged")


def state(page: Page, *names: str, timeout: float = LONG) -> None:
    expect(part(page, ".run")).to_have_attribute("data-state", re.compile("|".join(names)), timeout=timeout)


def number(page: Page, name: str) -> float:
    """The large number of a tile, without the small one beside it."""
    text = part(page, f".n-{name}").evaluate("node => node.firstChild.textContent")
    return float(re.sub(r"[ %,]", "", text).replace("−", "-"))


def wait_for_steps(page: Page, beyond: float = 0) -> None:
    page.wait_for_function(
        "beyond => Number(document.querySelector('#train-run .n-step').firstChild.textContent"
        ".replace(/\\D/g, '')) > beyond",
        arg=beyond,
        timeout=LONG,
    )


def drawn(page: Page, name: str) -> int:
    """Pixels of a chart that are neither empty nor the grey of its grid."""
    return part(page, f".c-{name}").evaluate(
        """canvas => {
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4) {
            const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
            if (data[i + 3] > 128 && Math.max(r, g, b) - Math.min(r, g, b) > 60) count += 1;
          }
          return count;
        }"""
    )


# --- training -----------------------------------------------------------------------------------------------


def test_a_network_learns_to_classify_garments(page: Page):
    choose(page, optimizer="adam")
    expect(part(page, "#train-lr")).to_have_value("0.001")  # it went along with the optimizer
    expect(part(page, ".facts")).to_contain_text("101,770 parameters")
    assert drawn(page, "loss") == 0
    train(page)
    wait_for_steps(page)
    expect(part(page, ".idle")).to_be_hidden()
    expect(part(page, ".verdict")).to_contain_text("gradients.")
    state(page, "done")
    assert number(page, "accuracy") >= 82
    assert number(page, "loss") < 0.6
    for chart in ("loss", "accuracy", "lr", "layers"):
        assert drawn(page, chart) > 100, chart
    expect(part(page, ".live")).to_contain_text(re.compile(r"Done\. Validation accuracy [89]\d\.\d %"))
    # the results and the run are listed below
    expect(page.locator("#train-results")).to_contain_text("Confusion matrix")
    expect(page.locator("#train-runs tbody tr")).to_have_count(1)


def test_stop_keeps_the_weights_and_training_continues_from_there(page: Page):
    endless(page)
    train(page)
    wait_for_steps(page, 20)
    part(page, ".pause").click()
    state(page, "paused")
    expect(part(page, ".pause")).to_have_text("Resume")
    expect(part(page, ".altered")).to_be_hidden()
    # twice before the next step: the second click starts from the first
    part(page, ".down").click()
    part(page, ".down").click()
    expect(part(page, ".now")).to_have_text("0.001 → 1.00e−5")
    part(page, ".up").click()
    part(page, ".pause").click()
    state(page, "running")
    expect(part(page, ".now")).to_have_text("0.0001")
    expect(part(page, ".altered")).to_be_visible()  # the program below does not know of the change
    part(page, ".lr-now").fill("O,01")
    part(page, ".lr-now").press("Enter")
    expect(part(page, ".notice")).to_have_text("“O,01” is not a number.")
    part(page, ".lr-now").fill("0,0004")
    part(page, ".lr-now").press("Enter")
    expect(part(page, ".now")).to_have_text("0.0004")
    part(page, ".lr-now").fill("20")
    part(page, ".lr-now").press("Enter")
    expect(part(page, ".notice")).to_contain_text("above 0 and at most 10")
    part(page, ".stop").click()
    state(page, "stopped")
    reached = number(page, "step")
    expect(part(page, ".train")).to_have_text("Train")
    part(page, ".epochs-more").fill("two")
    part(page, ".go-on").click()
    expect(part(page, ".notice")).to_have_text("“two” is not a number.")
    part(page, ".epochs-more").fill("1")
    part(page, ".go-on").click()
    state(page, "queued", "starting", "running", "done")
    wait_for_steps(page, reached)
    part(page, ".stop").click()
    state(page, "stopped", "done")


def test_a_reloaded_page_finds_its_run_and_its_choices(page: Page):
    endless(page)
    train(page)
    wait_for_steps(page, 20)
    page.reload()
    part(page, ".facts b").first.wait_for()
    state(page, "running")
    wait_for_steps(page, 20)
    expect(part(page, "#train-epochs")).to_have_value("1000")
    assert drawn(page, "loss") > 50
    part(page, ".train").click()  # and it gives way to a new one
    expect(page.locator("#train-runs tbody tr")).to_have_count(2)
    other = page.context.new_page()  # another tab of the browser
    other.goto(page.url)
    state(other, "starting", "running")  # it follows the same run
    part(other, ".train").click()
    state(page, "stopped")
    expect(part(page, ".detail")).to_contain_text("you started another training, in this tab")
    part(other, ".stop").click()
    state(other, "stopped")
    other.close()


def test_choices_are_kept_over_a_reload_for_each_tab_of_the_browser(page: Page):
    choose(page, network="mlp", depth=3, optimizer="adam", shuffle=False)
    choose(page, lr=0.5)
    other = page.context.new_page()
    other.goto(page.url)
    part(other, ".facts b").first.wait_for()
    expect(part(other, "#train-lr")).not_to_have_value("0.5")
    choose(other, lr=0.25)
    other.close()
    page.reload()
    expect(part(page, "#train-network")).to_have_value("mlp")
    expect(part(page, "#train-depth")).to_have_value("3")
    expect(part(page, "#train-lr")).to_have_value("0.5")
    expect(part(page, "#train-shuffle")).not_to_be_checked()
    choose(page, optimizer="sgd")  # a rate that was chosen stays
    expect(part(page, "#train-lr")).to_have_value("0.5")


def test_choices_the_page_does_not_know_are_ignored(page: Page):
    network, seed = (part(page, f"#train-{name}").input_value() for name in ("network", "seed"))
    partly = '{"values": {"network": "no such", "epochs": 7, "seed": "x", "shuffle": 1}}'
    for stored in ("{", "7", "null", partly):
        page.evaluate("text => sessionStorage.setItem('tp-form', text)", stored)
        page.reload()
        expect(part(page, ".facts b").first).to_be_visible()
        expect(part(page, "#train-network")).to_have_value(network)
        expect(part(page, "#train-seed")).to_have_value(seed)
    expect(part(page, "#train-epochs")).to_have_value("7")


def test_an_open_page_keeps_contact_with_its_runs_once_a_minute(guarded):
    page = guarded.open(new_profile=True)
    page.clock.install()
    page.goto(page.url + "?tab=train")
    part(page, ".facts b").first.wait_for()
    contacts = []
    page.on(
        "request", lambda request: contacts.append(request.post_data or "") if is_contact(request) else None
    )
    page.clock.run_for(61_000)
    assert contacts == []  # there is no run yet
    small(page)
    train(page)
    state(page, "done")
    for minutes in (1, 2):
        with page.expect_request(is_contact):
            page.clock.run_for(60_000)
        assert len(contacts) == minutes


def is_contact(request: Request) -> bool:
    return '"fn_name":"active"' in (request.post_data or "")


def test_the_place_in_the_queue_is_shown_and_changes(page: Page):
    place = 4  # of the run itself, the runs before it included

    def wait(route: Route) -> None:
        if '"fn_name":"follow"' not in (route.request.post_data or "") or not place:
            return route.continue_()
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "state": "queued", "place": place})

    page.route("**/component_server/**", wait)
    endless(page)
    train(page)
    expect(part(page, ".state")).to_have_text("Waiting 3 runs before yours")
    place = 2
    expect(part(page, ".state")).to_have_text("Waiting 1 run before yours")
    place = 1
    expect(part(page, ".state")).to_have_text("Waiting Yours is next")
    place = 0
    state(page, "running")
    part(page, ".stop").click()
    state(page, "stopped")


def test_a_server_that_does_not_answer_is_reported_and_reached_again(page: Page):
    endless(page)
    train(page)
    wait_for_steps(page, 20)
    page.route("**/component_server/**", lambda route: route.fulfill(body="no answer of this page"))
    expect(page.locator("#train-run")).to_contain_text("The server did not answer")
    page.unroute("**/component_server/**")
    state(page, "running")
    expect(page.locator("#train-run")).not_to_contain_text("The server did not answer")
    part(page, ".stop").click()
    state(page, "stopped")


def test_a_run_that_diverges_suggests_a_change_and_applies_it(page: Page):
    page.get_by_role("button", name="Learning rate too high").click()
    train(page)
    state(page, "diverged")
    expect(part(page, ".trouble .reason")).to_contain_text(
        re.compile(r"In step \d+ of epoch \d+ .*gradient norm")
    )
    before = float(part(page, "#train-lr").input_value())
    part(page, ".mend").click()
    expect(part(page, "#train-lr")).to_have_value(f"{before / 10:g}")
    expect(part(page, ".train")).to_be_focused()


# --- choices ------------------------------------------------------------------------------------------------


def test_fields_that_do_not_apply_are_hidden_and_the_program_follows(page: Page):
    part(page, ".more summary").click()
    choose(page, network="lenet5")
    for name in ("width", "depth", "activation", "batch_norm", "dropout"):
        expect(part(page, f"#train-{name}")).to_be_hidden()
    choose(page, network="mlp", depth=3, activation="tanh")
    expect(part(page, ".command pre")).to_contain_text("--network mlp --depth 3 --activation tanh")
    choose(page, network="softmax_regression", zero_grad=False)
    expect(part(page, ".command pre")).to_contain_text("--no-zero-grad")
    expect(part(page, ".command pre")).not_to_contain_text("--depth")
    expect(part(page, ".departed")).to_contain_text("zero_grad: off")
    choose(page, lr="0,02", samples="2 000")
    as_chosen = re.compile("--samples 2000 .*--lr 0.02")
    expect(part(page, ".command pre")).to_contain_text(as_chosen)
    expect(part(page, "#train-samples")).to_have_value("2,000")
    choose(page, lr="20")
    expect(part(page, ".foot .problem")).to_contain_text("lr must be a number above 0 and at most 10, not 20")
    choose(page, lr="0.02")
    expect(part(page, ".foot .problem")).to_be_hidden()
    for name, text, sentence in (
        ("lr", "nonsense", "“nonsense” is not a number."),
        ("samples", "10.000", "“10.000” could mean 10 or 10000: write one of these."),
    ):
        choose(page, **{name: text})
        expect(part(page, f"[data-key={name}] .problem-here")).to_have_text(sentence)
        expect(part(page, f"#train-{name}")).to_have_attribute("aria-invalid", "true")
        part(page, ".train").click()
        expect(part(page, f"#train-{name}")).to_be_focused()
        expect(part(page, ".run")).to_have_attribute("data-state", "idle")
        expect(part(page, ".command pre")).to_contain_text(as_chosen)
        choose(page, lr="0.02")


def test_everything_works_with_the_keyboard(page: Page):
    part(page, "#train-batch_size").focus()
    page.keyboard.press("ArrowUp")
    expect(part(page, "#train-batch_size")).to_have_value("128")
    part(page, "[type=range]:visible").focus()
    page.keyboard.press("End")
    expect(part(page, "#train-lr")).to_have_value("10")
    small(page, lr=0.1)
    part(page, "#train-lr").press("Enter")
    state(page, "done")
    part(page, ".c-loss").focus()
    page.keyboard.press("Home")
    expect(part(page, ".f-loss .reading")).to_contain_text("step 1: ")
    page.keyboard.press("End")
    expect(part(page, ".c-loss")).to_have_attribute("aria-valuetext", re.compile(r"step 4: [\d.]+, smoothed"))
    part(page, ".c-layers").focus()
    page.keyboard.press("ArrowRight")
    expect(part(page, ".f-layers .reading")).to_have_text(re.compile(r"linear: [\d.e−]+"))


def test_a_phone_needs_no_sideways_scrolling(guarded):
    page = opened(guarded, viewport=PHONE, has_touch=True)
    small(page)
    train(page)
    for theme in ("light", "dark"):
        state(page, "done")
        for more in part(page, "summary").all():
            if more.is_visible() and not more.evaluate("node => node.parentElement.open"):
                more.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        sizes = part(page, ".button:visible").evaluate_all(
            "buttons => buttons.map(button => button.getBoundingClientRect().height)"
        )
        assert sizes and min(sizes) >= 44
        if theme == "light":
            page.emulate_media(color_scheme="dark")
            page.reload()
            guarded.complaints.clear()  # the page was left while its event stream was open


# --- over the network ---------------------------------------------------------------------------------------


def test_a_program_trains_over_the_network(address):
    client = Client(address, verbose=False)
    settings = {"network": "softmax_regression", "batch_size": 100}
    answer = client.predict(settings=settings, epochs=2, samples=1000, lr=0.1, seed=3, api_name="/train")
    assert (answer["state"], answer["step"], answer["steps"]) == ("done", 20, 20)
    assert len(answer["history"]) == 2 and len(answer["curve"]["loss"]) == 20
    assert 0.5 < answer["validation_accuracy"] < 1 and 0.5 < answer["accuracy"] < 1
    assert answer["parameters"] == 7850
    assert answer["settings"] == Recipe.from_dict(answer["settings"]).as_dict()
    assert (answer["settings"]["seed"], answer["settings"]["batch_size"]) == (3, 100)
    with pytest.raises(AppError, match="lr must be a number above 0 and at most 10"):
        client.predict(lr=-1, api_name="/train")
