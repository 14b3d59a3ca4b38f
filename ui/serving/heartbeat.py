"""The connection of an open page: when it ends, the server knows that the page was closed.

Gradio's own costs a FastAPI request and a session each: 500 at once held everybody up for a second. This one
sends the same lines; the caller handles its end.
"""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Send

from settings import HEARTBEAT_SECONDS

HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]


async def keep_contact(receive: Receive, send: Send, stopping: asyncio.Event) -> None:
    """Send a line now and then until the page is closed, or the server is `stopping`."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    ends = [asyncio.ensure_future(_closed(receive)), asyncio.ensure_future(stopping.wait())]
    try:
        while not any(end.done() for end in ends):
            await send({"type": "http.response.body", "body": b"data: ALIVE\n\n", "more_body": True})
            await asyncio.wait(ends, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
