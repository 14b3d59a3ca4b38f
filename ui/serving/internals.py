"""Replaces the parts of Gradio that let one visitor harm the others.

Written against Gradio 6.31; tests/ui/serving/test_internals.py fails when a new Gradio changes what is
replaced here.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from itertools import count
from typing import Any, NoReturn

import gradio as gr
from gradio import blocks, processing_utils, queueing, route_utils, routes, state_holder

from language import Message, _
from settings import EVENTS, SESSIONS
from ui.kit.clients import address_of

NO_ADDRESSES = _("This page fetches nothing from an address: upload the file itself.")


class Session(state_holder.SessionState):
    """A session without its own copy of every component's configuration.

    Gradio makes that copy for deep links, which this page does not have. Making it blocked the event loop for
    0.1 s, and it kept the last value of every input in memory.
    """

    def __init__(self, page: gr.Blocks):
        self.blocks_config = copy(page.default_config)
        self.blocks_config.config_for_block = _no_config
        self.config_values: dict[int, dict[str, Any]] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600


def _no_config(*block: Any) -> dict[str, Any]:
    return {}


class Sessions(state_holder.StateHolder):
    """At most SESSIONS sessions. Those without an open page are forgotten first, the least recently used one
    of them before the others; the state of a forgotten session is cleaned up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open: Counter[str] = Counter()
        """How many open pages each session has; `ui.serving.gate` counts them."""

    def set_blocks(self, blocks: gr.Blocks) -> None:
        super().set_blocks(blocks)
        self.capacity = SESSIONS

    def update(self, session_id: str) -> None:
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            while len(self.session_data) > self.capacity:
                closed = (name for name in self.session_data if not self.open[name] and name != session_id)
                evicted = next(closed, next(iter(self.session_data)))
                self.delete_state(evicted)
                del self.session_data[evicted]
                self.time_last_used.pop(evicted, None)


class Queue(queueing.Queue):
    """The events that wait. The next one comes from the address served least recently, and there from the
    session served least recently.
    """

    def __init__(self, **options: Any):
        super().__init__(**{**options, "max_size": EVENTS})
        self._turns = count(1)
        self._served: dict[str, int] = {}

    def get_events(self) -> Any:
        for waiting in self.event_queue_per_concurrency_id.values():
            if len(waiting.queue) > 1:
                first = min(waiting.queue, key=self._rank)
                waiting.queue.remove(first)
                waiting.queue.insert(0, first)
        chosen = super().get_events()
        if chosen is not None:
            if len(self._served) > 4 * SESSIONS:
                self._served.clear()
            turn = next(self._turns)
            for event in chosen[0]:
                self._served[address_of(event.request)] = self._served[event.session_hash] = turn
        return chosen

    def _rank(self, event: queueing.Event) -> tuple[int, int, float]:
        served = self._served.get
        return served(address_of(event.request), 0), served(event.session_hash, 0), event.enqueue_time

    def compute_analytics_summary(self, records: Any) -> dict[str, Any]:
        """Nothing is computed: Gradio would tabulate the last ten thousand events after each one, for a
        monitoring page that is closed here.
        """
        return self.cached_event_analytics_summary


async def _refuse_download(url: str, cache_dir: str) -> NoReturn:
    raise gr.Error(str(NO_ADDRESSES), print_exception=False)


def _refuse_download_now(url: str, cache_dir: str) -> NoReturn:
    raise gr.Error(str(NO_ADDRESSES), print_exception=False)


_unindented = gr.Markdown.postprocess


def _markdown(markdown: gr.Markdown, value: Any) -> Any:
    """A text that waits for its reader is left alone: Gradio would make an English one of it."""
    return value if isinstance(value, Message) else _unindented(markdown, value)


def install() -> None:
    """Patch Gradio. Call this before the page is built; calling it again has no effect."""
    for module in (state_holder, blocks, route_utils):
        module.SessionState = Session
    routes.StateHolder = Sessions
    queueing.Queue = Queue
    # no address in an input or output of the page is ever fetched
    processing_utils.async_ssrf_protected_download = _refuse_download
    processing_utils.ssrf_protected_download = _refuse_download_now
    processing_utils.save_url_to_cache = _refuse_download_now
    gr.Markdown.postprocess = _markdown  # type: ignore[method-assign]
