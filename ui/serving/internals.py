"""Replaces the parts of Gradio that let one visitor harm the others, or keep every page busy.

Written for Gradio 6.31; tests/ui/serving/test_internals.py fails when a new Gradio changes the replaced
parts.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from itertools import count
from typing import Any, NoReturn

import gradio as gr
from gradio import blocks, processing_utils, queueing, route_utils, routes, state_holder

from language import Message, _, resolve
from settings import EVENTS, SESSIONS
from ui.kit.clients import address_of

NO_ADDRESSES = _("This page fetches nothing from an address: upload the file itself.")

SCRIPTS = {"/assets/statustracker-": (b"W&&ze()", b"W&&U&&ze()")}
"""Start of a script's path: what it says, and what it should say.

The clock beside "Loading..." runs 60 times a second for as long as the page is open, even when its element
(`U`) is gone: 5 % of a core.
"""


class Session(state_holder.SessionState):
    """A session without its own copy of every component's configuration.

    Gradio makes that copy for deep links, which this page does not have. It blocked the event loop for 0.1 s
    and kept the last value of every input in memory.
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
    """At most SESSIONS sessions. Those without an open page are forgotten first, starting with the least
    recently used one; the state of a forgotten session is cleaned up.
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
                oldest = next(closed, next(iter(self.session_data)))
                self.delete_state(oldest)
                del self.session_data[oldest]
                self.time_last_used.pop(oldest, None)


class Queue(queueing.Queue):
    """The waiting events. The next one comes from the address served least recently, and of its sessions
    from the one served least recently.
    """

    def __init__(self, **options: Any):
        super().__init__(**{**options, "max_size": EVENTS})
        self._turns = count(1)
        self._last_turns: dict[str, int] = {}
        """When each address and each session was served last."""

    def get_events(self) -> Any:
        for waiting in self.event_queue_per_concurrency_id.values():
            if len(waiting.queue) > 1:
                first = min(waiting.queue, key=self._rank)
                waiting.queue.remove(first)
                waiting.queue.insert(0, first)
        batch = super().get_events()
        if batch is not None:
            if len(self._last_turns) > 4 * SESSIONS:
                self._last_turns.clear()
            turn = next(self._turns)
            for event in batch[0]:
                self._last_turns[address_of(event.request)] = self._last_turns[event.session_hash] = turn
        return batch

    def _rank(self, event: queueing.Event) -> tuple[int, int, float]:
        last_turn = self._last_turns.get
        address = address_of(event.request)
        return last_turn(address, 0), last_turn(event.session_hash, 0), event.enqueue_time

    def compute_analytics_summary(self, records: Any) -> dict[str, Any]:
        """Computes nothing: Gradio would tabulate the last ten thousand events after each one, for a
        monitoring page that this page does not have.
        """
        return self.cached_event_analytics_summary


async def _refuse_download(url: str, cache_dir: str) -> NoReturn:
    raise gr.Error(str(NO_ADDRESSES), print_exception=False)


def _refuse_download_now(url: str, cache_dir: str) -> NoReturn:
    raise gr.Error(str(NO_ADDRESSES), print_exception=False)


def _set_root(config: dict[str, Any], root: str) -> dict[str, Any]:
    """Gradio would walk through the whole configuration in search of files; it holds none."""
    config["root"] = root
    return config


_unindented = gr.Markdown.postprocess


def _markdown(markdown: gr.Markdown, value: Any) -> Any:
    """Lets a text wait for its reader: Gradio would make it English."""
    return resolve(value) if isinstance(value, Message) else _unindented(markdown, value)


def install() -> None:
    """Patch Gradio before the page is built; a second call has no effect."""
    for module in (state_holder, blocks, route_utils):
        module.SessionState = Session
    routes.StateHolder = Sessions
    queueing.Queue = Queue
    # no address in an input or output of the page is fetched
    processing_utils.async_ssrf_protected_download = _refuse_download
    processing_utils.ssrf_protected_download = _refuse_download_now
    processing_utils.save_url_to_cache = _refuse_download_now
    route_utils.update_root_in_config = _set_root
    gr.Markdown.postprocess = _markdown
