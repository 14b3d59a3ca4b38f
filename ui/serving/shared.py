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
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import settings
from ui.kit.clients import address_of
from ui.serving.gate import API, RefusedError, path_of
from ui.serving.slots import BusyError, Slots

FILE = re.compile(r"(?!.*(//|/\.))/(assets|static|svelte|modules)/.+")
PAGE = re.compile(rf"/|/config/?|/theme\.css|{API}/(info/?|theme\.css)")
VERSIONED = re.compile(r"/assets/.*-(?=[\w-]*[A-Z0-9_])[\w-]{8}\.\w+|/modules/.+")
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
ADDRESS_HEADERS = ("host", "x-forwarded-host", "x-forwarded-proto")
"""Headers that decide the address of the page, which is written into it. The page sees no others."""
LONGEST_HEADER = 300


@dataclass(frozen=True)
class Answer:
    """A whole response."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    tag: bytes
    """Of the content: the browser sends it back to ask whether it is still the same."""


class SharedAnswers:
    """ASGI middleware: a file is the same for everybody, and so is the page at one address."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self._kept: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._making = Slots(
            settings.PAGES, settings.PAGES_CLIENT, settings.PAGES_WAITING_CLIENT, settings.WAITING_SECONDS
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope) if scope["type"] == "http" else ""
        headers = Headers(scope=scope)
        is_file = bool(FILE.fullmatch(path))
        if not (is_file or PAGE.fullmatch(path)) or "range" in headers:
            await self.app(scope, receive, send)
            return
        coding = next((name for name in ("br", "gzip") if name in headers.get("accept-encoding", "")), "")
        # a file has no query, and that of the page is read by the browser
        query = b"" if is_file or path == "/" else scope["query_string"]
        named = [(name, headers.get(name, "")[:LONGEST_HEADER]) for name in ADDRESS_HEADERS]
        # what does not decide the answer must not reach whoever makes it
        inner = {
            **scope,
            "method": "GET",
            "query_string": query,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in named if value],
        }
        spoken = "" if is_file else scope["language"]
        key = (
            path,
            coding,
            spoken,
            *(() if is_file else (scope.get("scheme", ""), *(value for _, value in named))),
        )
        answer = None if query else self._kept.get(key)
        if answer is None:
            try:
                async with self._making.place(address_of(Request(scope))):
                    answer = self._kept.get(key) if not query else None  # somebody else may have made it
                    answer = answer or await self._make(inner, coding)
            except BusyError as error:
                raise RefusedError(429, str(error)) from None
            if not query and answer.status == 200:
                self._keep(key, answer)
        else:
            self._kept.move_to_end(key)
        is_known = answer.status == 200 and answer.tag in headers.get("if-none-match", "").encode("latin-1")
        length = [] if is_known else [(b"content-length", str(len(answer.body)).encode())]
        status = 304 if is_known else answer.status
        await send({"type": "http.response.start", "status": status, "headers": answer.headers + length})
        omits_body = is_known or scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if omits_body else answer.body})

    async def _make(self, scope: Scope, coding: str) -> Answer:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        # The answer is everybody's: the visitor who asked first may leave, and it must still become whole
        await self.app(scope, _connected(), collect)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        if path_of(scope) == "/":
            body = body.replace(b'lang="en"', f'lang="{scope["language"]}"'.encode(), 1)
        return await asyncio.to_thread(_packed, messages[0], body, coding, path_of(scope))

    def _keep(self, key: tuple[str, ...], answer: Answer) -> None:
        self._kept[key] = answer
        while self._is_full():
            self._kept.popitem(last=False)

    def _is_full(self) -> bool:
        held = sum(len(answer.body) for answer in self._kept.values())
        return len(self._kept) > settings.SHARED_ANSWERS or held > settings.SHARED_BYTES


def _connected() -> Receive:
    """A `receive` of a request without a body, whose client stays."""
    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(requests, None) or await asyncio.Future()

    return receive


def _packed(start: Message, body: bytes, coding: str, path: str) -> Answer:
    """The response compressed, with the headers that let browsers keep it."""
    dropped = (b"content-length", b"etag", b"last-modified", b"cache-control")
    kept = [(name, value) for name, value in start["headers"] if name.lower() not in dropped]
    kind = Headers(raw=start["headers"]).get("content-type", "")
    tag = b'"' + hashlib.sha256(body + coding.encode()).hexdigest()[:32].encode() + b'"'
    if coding and len(body) > SMALL and PACKED.fullmatch(kind):
        body = brotli.compress(body, quality=QUALITY) if coding == "br" else gzip(body)
        kept.append((b"content-encoding", coding.encode()))
    if start["status"] == 200:
        rules = (VERSIONED, FOR_EVER), (FILE, AN_HOUR), (PAGE, ASK_AGAIN)
        rule = next(rule for paths, rule in rules if paths.fullmatch(path))
        kept += [(b"cache-control", rule.encode()), (b"etag", tag), (b"vary", b"Accept-Encoding")]
    return Answer(start["status"], kept, body, tag)
