"""Answers that are the same for everybody: made and compressed once, stored here, and cached by browsers."""

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
from ui.serving.internals import SCRIPTS
from ui.serving.slots import BusyError, Slots

FILE = re.compile(r"(?!.*(//|/\.))/(assets|static|svelte|modules)/.+")
PAGE = re.compile(rf"/|/config/?|/theme\.css|{API}/(info/?|theme\.css)")
VERSIONED = re.compile(r"/assets/.*-(?=[\w-]*[A-Z0-9_])[\w-]{8}\.\w+|/modules/.+")
"""Paths that change with the content of the file."""
FOR_EVER = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"
ASK_AGAIN = "no-cache"
"""The browser keeps it and checks whether it is still the same."""
PACKED = re.compile(r"(text/|image/svg|application/(javascript|json|manifest)).*")
"""Types of content that compress well."""
SMALL = 400
QUALITY = 6
"""Of brotli, 0 to 11. A higher one takes many times as long for a few per cent."""
BEFORE = b"<script data-gradio-mode>"
"""Comes after the configuration in Gradio's page, and before the script that reads it."""
OPENING_TAB = b"""<script>
    {
        const { components } = window.gradio_config;
        const name = new URLSearchParams(location.search).get("tab");
        const isKnown = components.some(({ type, props }) => type === "tabitem" && props.id === name);
        if (isKnown) components.find(({ type }) => type === "tabs").props.selected = name;
    }
</script>"""
"""Opens the tab of `?tab=` at once: a load event would lay out the first tab before it."""
ADDRESS_HEADERS = ("host", "x-forwarded-host", "x-forwarded-proto")
"""Headers that decide the address of the page, which is part of it. The page sees no others."""
LONGEST_HEADER = 300


@dataclass(frozen=True)
class Answer:
    """A whole response."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    tag: bytes
    """A digest of the content: the browser sends it back to check whether it is still the same."""


class SharedAnswers:
    """ASGI middleware: a file is the same for everybody, and so is the page at one address."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self._answers: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._slots = Slots(
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
        # a file has no query, and the browser reads that of the page
        query = b"" if is_file or path == "/" else scope["query_string"]
        pairs = [(name, headers.get(name, "")[:LONGEST_HEADER]) for name in ADDRESS_HEADERS]
        # what is not part of the key must not reach the page
        inner = {
            **scope,
            "method": "GET",
            "query_string": query,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs if value],
        }
        code = "" if is_file else scope["language"]
        key = (
            path,
            coding,
            code,
            *(() if is_file else (scope.get("scheme", ""), *(value for _, value in pairs))),
        )
        answer = None if query else self._answers.get(key)
        if answer is None:
            try:
                async with self._slots.place(address_of(Request(scope))):
                    answer = self._answers.get(key) if not query else None  # perhaps made meanwhile
                    answer = answer or await self._make(inner, coding)
            except BusyError as error:
                raise RefusedError(429, str(error)) from None
            if not query and answer.status == 200:
                self._keep(key, answer)
        else:
            self._answers.move_to_end(key)
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

        # the answer is for everybody: it must be complete even if the first visitor leaves
        await self.app(scope, _connected(), collect)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        for start, (old, new) in SCRIPTS.items():
            if path_of(scope).startswith(start):
                body = body.replace(old, new)
        if path_of(scope) == "/":
            body = body.replace(b'lang="en"', f'lang="{scope["language"]}"'.encode(), 1)
            body = body.replace(BEFORE, OPENING_TAB + BEFORE, 1)
        return await asyncio.to_thread(_pack, messages[0], body, coding, path_of(scope))

    def _keep(self, key: tuple[str, ...], answer: Answer) -> None:
        self._answers[key] = answer
        while self._is_full():
            self._answers.popitem(last=False)

    def _is_full(self) -> bool:
        size = sum(len(answer.body) for answer in self._answers.values())
        return len(self._answers) > settings.SHARED_ANSWERS or size > settings.SHARED_BYTES


def _connected() -> Receive:
    """A `receive` of a request without a body, whose client stays."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await asyncio.Future()

    return receive


def _pack(start: Message, body: bytes, coding: str, path: str) -> Answer:
    """The response compressed, with the headers that let browsers keep it."""
    own = (b"content-length", b"etag", b"last-modified", b"cache-control")
    headers = [(name, value) for name, value in start["headers"] if name.lower() not in own]
    kind = Headers(raw=start["headers"]).get("content-type", "")
    tag = b'"' + hashlib.sha256(body + coding.encode()).hexdigest()[:32].encode() + b'"'
    if coding and len(body) > SMALL and PACKED.fullmatch(kind):
        body = brotli.compress(body, quality=QUALITY) if coding == "br" else gzip(body)
        headers.append((b"content-encoding", coding.encode()))
    if start["status"] == 200:
        rules = (VERSIONED, FOR_EVER), (FILE, AN_HOUR), (PAGE, ASK_AGAIN)
        rule = next(rule for paths, rule in rules if paths.fullmatch(path))
        headers += [(b"cache-control", rule.encode()), (b"etag", tag), (b"vary", b"Accept-Encoding")]
    return Answer(start["status"], headers, body, tag)
