"""Answers that are the same for everybody: made and compressed once, kept here, and cached by browsers."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from gzip import compress as gzip

import brotli
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.serving.gate import API, path_of

FILE = re.compile(r"/(assets|static|svelte)/.+")
SHARED = re.compile(rf"/|/config/?|/theme\.css|{FILE.pattern}|{API}/(info/?|theme\.css)")
VERSIONED = re.compile(r"/assets/.*-[\w-]{8}\.\w+")
"""File names that change with their content."""
FOR_EVER = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"
ASK_AGAIN = "no-cache"
"""The browser keeps it and asks whether it is still the same."""
PACKED = re.compile(r"(text/|image/svg|application/(javascript|json|manifest)).*")
"""Types of content that become smaller."""
SMALL = 400
QUALITY = 6
"""Of brotli: 0 to 11. Higher ones take many times as long for a few per cent."""
MOST_BYTES = 64 * 2**20
"""Of all that is kept."""
WHERE = ("host", "x-forwarded-host", "x-forwarded-proto")
"""Headers that decide the address of the page, which is written into it."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    tag: bytes


class SharedAnswers:
    """ASGI middleware around the page, whose answers to SHARED depend on the request's address alone."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self._kept: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._making = {"file": asyncio.Lock(), "page": asyncio.Lock()}
        """Of each kind one is made at a time: visitors who come at once wait for the same one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope) if scope["type"] == "http" else ""
        headers = Headers(scope=scope)
        if not SHARED.fullmatch(path) or scope["method"] not in ("GET", "HEAD") or "range" in headers:
            await self.app(scope, receive, send)
            return
        accepted = headers.get("accept-encoding", "")
        coding = next((name for name in ("br", "gzip") if name in accepted), "")
        if path == "/":  # what is asked for in the address is read in the browser
            scope["query_string"] = b""
        where = [headers.get(name, "") for name in WHERE]
        key = path, scope["query_string"].decode("latin-1"), scope.get("scheme", ""), coding, *where
        answer = self._kept.get(key)
        if answer is None:
            async with self._making["file" if FILE.fullmatch(path) else "page"]:
                answer = self._kept.get(key) or await self._make(scope, receive, coding)
                self._keep(key, answer)
        else:
            self._kept.move_to_end(key)
        same = answer.tag in headers.get("if-none-match", "").encode("latin-1")
        status = 304 if same and answer.status == 200 else answer.status
        length = [] if status == 304 else [(b"content-length", str(len(answer.body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": answer.headers + length})
        without = status == 304 or scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if without else answer.body})

    async def _make(self, scope: Scope, receive: Receive, coding: str) -> Answer:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.app({**scope, "method": "GET"}, receive, collect)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        return await asyncio.to_thread(_packed, messages[0], body, coding, path_of(scope))

    def _keep(self, key: tuple[str, ...], answer: Answer) -> None:
        if answer.status != 200:
            return
        self._kept[key] = answer
        while sum(len(kept.body) for kept in self._kept.values()) > MOST_BYTES:
            self._kept.popitem(last=False)


def _packed(start: Message, body: bytes, coding: str, path: str) -> Answer:
    kept = [
        (name, value)
        for name, value in start["headers"]
        if name.lower() not in (b"content-length", b"etag", b"last-modified", b"cache-control")
    ]
    kind = Headers(raw=start["headers"]).get("content-type", "")
    tag = b'"' + hashlib.sha256(body + coding.encode()).hexdigest()[:32].encode() + b'"'
    if coding and len(body) > SMALL and PACKED.fullmatch(kind):
        body = brotli.compress(body, quality=QUALITY) if coding == "br" else gzip(body)
        kept.append((b"content-encoding", coding.encode()))
    if start["status"] == 200:
        rules = (VERSIONED, FOR_EVER), (FILE, AN_HOUR), (SHARED, ASK_AGAIN)
        rule = next(rule for paths, rule in rules if paths.fullmatch(path))
        kept += [(b"cache-control", rule.encode()), (b"etag", tag), (b"vary", b"Accept-Encoding")]
    return Answer(start["status"], kept, body, tag)
