"""The replaced parts of Gradio: what they do, and that Gradio has not changed beneath them."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio import blocks, processing_utils, queueing, route_utils, routes, state_holder

from ui.serving import internals
from ui.serving.internals import Queue, Session, Sessions
from ui.serving.page import Page

ORIGINALS = {
    # before the replacement: the classes are the bases of those of the page
    "SessionState": (Session.__base__, "cf7fe4610080"),
    "StateHolder": (Sessions.__base__, "7a180698da51"),
    "Queue.get_events": (Queue.__base__.get_events, "c35ce0aae034"),
    "Queue.push": (Queue.__base__.push, "c7b4091f41b8"),
    "Queue.process_events": (Queue.__base__.process_events, "29a5c8797463"),
    "Blocks.process_api": (blocks.Blocks.process_api, "cb2ef4a0ec0b"),
    "Block.async_move": (blocks.Block.async_move_resource_to_block_cache, "11fddfdc876e"),
}


@pytest.mark.parametrize(("part", "digest"), ORIGINALS.values(), ids=ORIGINALS)
def test_gradio_is_what_it_was(part, digest):
    """With a new Gradio: read what changed, adapt `ui.serving`, and update the digest above."""
    assert hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:12] == digest


@pytest.mark.parametrize(("start", "old"), [(start, old) for start, (old, _) in internals.SCRIPTS.items()])
def test_a_script_of_gradio_is_what_it_was(start, old):
    folder = Path(gr.__file__).parent / "templates" / "frontend"
    (script,) = folder.glob(f"{start[1:]}*.js")
    assert script.read_bytes().count(old) == 1


@pytest.fixture
def page() -> Page:
    with Page(analytics_enabled=False) as page:
        text, state = gr.Textbox("a"), gr.State([1])
        gr.Button().click(lambda words, value: (words, value), [text, state], [text, state], api_name="echo")
    return page


def test_gradio_uses_the_replacements(page):
    assert {state_holder.SessionState, blocks.SessionState, route_utils.SessionState} == {Session}
    assert routes.StateHolder is Sessions and type(page._queue) is Queue
    assert type(page.app.state_holder) is Sessions
    assert processing_utils.async_ssrf_protected_download is internals._refuse_download


def test_a_session_has_all_attributes_of_gradios(page):
    original, session = Session.__base__(page), Session(page)
    assert vars(session).keys() == vars(original).keys()
    assert session.STATE_TTL_WHEN_CLOSED == original.STATE_TTL_WHEN_CLOSED


def test_a_session_keeps_state_and_updates_but_no_configuration(page):
    text, state = next(iter(page.fns.values())).inputs
    session = Session(page)
    assert session[state._id] == [1] and session[state._id] is not state.value
    session[state._id] = [2]
    session[text._id] = changed = gr.Textbox("b", render=False)
    session._update_config(text._id)
    session._update_value_in_config(text._id, "a picture")
    assert (session[state._id], session[text._id]) == ([2], changed)
    assert "picture" not in str(session.config_values) and not any(session.config_values.values())
    assert Session(page)[text._id] is text


def test_sessions_without_an_open_page_are_forgotten_first_and_cleaned(page):
    cleaned = []
    state = next(block for block in page.blocks.values() if isinstance(block, gr.State))
    state.delete_callback = cleaned.append
    sessions = page.state_holder
    sessions.capacity = 3
    for name in "abc":
        sessions[name][state._id] = name
    sessions.open["a"] = 1
    sessions["d"], sessions["e"]
    assert [*sessions.session_data] == ["a", "d", "e"] and cleaned == ["b", "c"]
    for name in "de":
        sessions.open[name] = 1
    assert sessions["f"] is sessions["f"]  # where all have one, the newest stays
    assert [*sessions.session_data] == ["d", "e", "f"] and cleaned == ["b", "c", "a"]


def test_the_store_is_limited_by_the_setting(page):
    assert page.state_holder.capacity == internals.SESSIONS


# --- the queue ----------------------------------------------------------------------------------------------


def waiting(address: str, session: str, time: float) -> SimpleNamespace:
    request = SimpleNamespace(client=SimpleNamespace(host=address))
    fn = SimpleNamespace(batch=False)
    return SimpleNamespace(request=request, session_hash=session, enqueue_time=time, fn=fn)


def served_in_order(page: Page, events: list[SimpleNamespace]) -> list[SimpleNamespace]:
    queue = page._queue
    queue.event_queue_per_concurrency_id = {"x": queueing.EventQueue("x", None)}
    queue.event_queue_per_concurrency_id["x"].queue = list(events)
    order = []
    while (batch := queue.get_events()) is not None:
        order += batch[0]
    return order


def test_a_flood_from_one_address_does_not_hold_up_another(page):
    flood = [waiting("flood", f"s{i}", i) for i in range(50)]
    late = [waiting("other", "x", 100 + i) for i in range(3)]
    order = served_in_order(page, flood + late)
    assert [order.index(event) for event in late] == [1, 3, 5]
    assert [event for event in order if event in flood] == flood


def test_a_flood_from_one_session_does_not_hold_up_another_of_its_address(page):
    flood = [waiting("class", "flood", i) for i in range(50)]
    late = waiting("class", "other", 100)
    assert served_in_order(page, [*flood, late]).index(late) == 1


def test_events_of_one_session_keep_their_order(page):
    events = [waiting("a", "s", i) for i in range(10)]
    assert served_in_order(page, events) == events


def test_old_turns_are_forgotten(page, monkeypatch):
    monkeypatch.setattr(internals, "SESSIONS", 2)
    served_in_order(page, [waiting(f"a{i}", f"s{i}", i) for i in range(100)])
    assert len(page._queue._last_turns) <= 10
