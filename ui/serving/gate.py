"""What every request must pass before Gradio sees it.

Routes the page does not use do not exist. A body is read here, within the time and size limits of its
purpose, and its parts are counted before it is parsed. Each network address has a limited number of places,
so that one client cannot hold up the others.
"""

from __future__ import annotations

import asyncio
import errno
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from gradio.queueing import Event
from gradio.routes import file_upload_statuses
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import settings
from language import _, ngettext
from ui.kit.clients import address_of
from ui.serving.heartbeat import keep_contact
from ui.serving.internals import Sessions
from ui.serving.page import NOT_ANSWERED, Page, log
from ui.serving.slots import BusyError, Slots
from ui.serving.uploads import Uploads

API = "/gradio_api"
HEARTBEAT = re.compile(rf"{API}/heartbeat/([^/]+)")
PROGRESS = re.compile(rf"{API}/upload_progress")
LISTENING = re.compile(rf"{API}/(queue/data|call/.+/[^/]+)")
READABLE = re.compile(
    rf"/?|/config/?|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/(assets|static|svelte|modules)/.+"
    rf"|{API}/(info/?|app_id/?|startup-events|theme\.css|file=(?!https?:).+)"
)
CALLS = re.compile(rf"{API}/(queue/join|component_server/?|cancel|reset/?|(run|api|call|call/v2)/[^/]+/?)")
LEAVING = re.compile(rf"{API}/leave")
UPLOAD = re.compile(rf"{API}/upload/?")
TICK = 0.05
"""Seconds between two checks for the end of a large request's event."""
UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RefusedError(Exception):
    """A request that is not passed on. The message is a sentence for the visitor, `status` that of HTTP."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


class Gate:
    """ASGI middleware around the page."""

    def __init__(self, app: ASGIApp, page: Page, uploads: Uploads):
        self.app, self.page, self.uploads = app, page, uploads
        waiting = settings.WAITING_CLIENT, settings.WAITING_SECONDS
        self._places = Slots(settings.REQUESTS, settings.REQUESTS_CLIENT, *waiting)
        self._large = Slots(settings.LARGE_REQUESTS, settings.LARGE_REQUESTS_CLIENT, *waiting)
        self._streams: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._pass(scope, receive, sending)
        except RefusedError as refusal:
            await _refusal(scope, refusal)(scope, receive, send)
        except ClientDisconnect:
            return
        except Exception as error:
            log(error)
            if not has_begun:
                await _refusal(scope, RefusedError(500, str(NOT_ANSWERED)))(scope, receive, send)
            # otherwise the server closes the connection, so that half an answer does not look complete

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], path_of(scope)
        address = address_of(Request(scope))
        match method:
            case "GET" if session := HEARTBEAT.fullmatch(path):
                with self._stream(address), self._page_of(session[1]):
                    await keep_contact(receive, send, scope["app"].stop_event)
            case "GET" if LISTENING.fullmatch(path):
                with self._stream(address):
                    await self.app(scope, receive, send)
            case "GET" if PROGRESS.fullmatch(path) and (upload := _upload_id(scope)):
                with self._stream(address):
                    try:
                        await self.app(scope, receive, send)
                    finally:
                        _forget_upload(upload)
            case "GET" | "HEAD" if READABLE.fullmatch(path):
                await self.app(scope, receive, send)
            case "POST" if UPLOAD.fullmatch(path):
                try:
                    await self._upload(scope, receive, send, address)
                except OSError as error:
                    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                        full = _("The disk of the server is full. Please try again later.")
                        raise RefusedError(507, full) from None
                    raise
            case "POST" if LEAVING.fullmatch(path):
                await self._leave(Request(scope, receive), address)
                await Response(status_code=204)(scope, receive, send)
            case "POST" if CALLS.fullmatch(path):
                await self._call(scope, receive, send, address)
            case _:
                raise RefusedError(404, _("There is nothing at this address."))

    @contextmanager
    def _stream(self, address: str) -> Iterator[None]:
        """Count a connection that only receives."""
        if self._streams[address] >= settings.STREAMS_CLIENT or self._streams.total() >= settings.STREAMS:
            raise RefusedError(429, _("Too many pages are open at the moment. Please try again later."))
        self._streams[address] += 1
        try:
            yield
        finally:
            self._streams[address] -= 1
            if not self._streams[address]:
                del self._streams[address]

    @contextmanager
    def _page_of(self, session: str) -> Iterator[None]:
        """Count an open page of a session, and end the session with the last one."""
        sessions: Sessions = self.page.state_holder
        sessions.open[session] += 1
        try:
            yield
        finally:
            sessions.open[session] -= 1
            if not sessions.open[session]:
                del sessions.open[session]
                if session in sessions:  # an unknown name has no effect
                    sessions.session_data[session].is_closed = True

    async def _leave(self, request: Request, address: str) -> None:
        """Pass on that a visitor left the page, as `ui/kit/own_secret.js` says."""
        async with AsyncExitStack() as stack:
            body = await self._read(stack, request, address)
        if len(body) > settings.MAX_PLAIN_BYTES:
            raise RefusedError(413, _("This request is too large: no picture or file is expected here."))
        content = _content(body)
        async with _place(self._places, address):
            await asyncio.to_thread(self.page.leave, content.get("token"), content.get("visit"))

    async def _upload(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        """Read the files into memory and keep them only when they are complete."""
        paths = []
        async with AsyncExitStack() as stack:
            stack.callback(_track(_upload_id(scope)))
            body = await self._read(stack, Request(scope, receive), address)
            replayed = Request(scope, _replay(body, receive))
            try:
                limits = {"max_files": settings.MAX_FILES, "max_part_size": settings.MAX_REQUEST_BYTES}
                form = await stack.enter_async_context(replayed.form(max_fields=10, **limits))
            except HTTPException as error:
                raise RefusedError(
                    400, _("The files could not be read: {reason}").format(reason=error.detail)
                ) from None
            for file in form.getlist("files"):
                if isinstance(file, str):
                    raise RefusedError(400, _("Files are sent as files, not as text."))
                if (file.size or 0) > settings.MAX_ARCHIVE_BYTES:
                    limit = settings.MAX_ARCHIVE_BYTES // 2**20
                    text = _("This file is too large: the limit is {limit} MB.")
                    raise RefusedError(413, text.format(limit=limit))
                data = await file.read()
                path = await asyncio.to_thread(self.uploads.keep, file.filename or "", data, address)
                paths.append(str(path))
        # outside: a client who reads slowly holds no place
        await JSONResponse(paths)(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        async with AsyncExitStack() as stack:
            body = await self._read(stack, Request(scope, receive), address)
            content = _content(body)
            if len(body) > settings.MAX_PLAIN_BYTES and not self._expects_files(path_of(scope), content):
                raise RefusedError(413, _("This request is too large: no picture or file is expected here."))
            if path_of(scope).startswith((f"{API}/queue/", f"{API}/call/")):
                self._admit(address, content.get("session_hash"))
            answer: list[Message] = []
            async with _place(self._places, address):
                # collected, so that a client who reads slowly holds no place
                await self.app(scope, _replay(body, receive), _into(answer))
            for message in answer:
                await send(message)
            if len(body) > settings.MAX_PLAIN_BYTES:
                # the queue keeps the body in memory until its event is over
                task = asyncio.create_task(self._hold(stack.pop_all(), scope))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _hold(self, stack: AsyncExitStack, scope: Scope) -> None:
        async with stack:
            while any(event.request.scope is scope for event in self._events()):
                await asyncio.sleep(TICK)

    def _events(self) -> list[Event]:
        """All events in the queue, and those in progress."""
        return list(self.page._queue.event_ids_to_events.values())

    async def _read(self, stack: AsyncExitStack, request: Request, address: str) -> bytes:
        """The whole body. A large one holds a place for large requests as long as `stack` is open."""
        declared = request.headers.get("content-length", "")
        size = int(declared) if declared.isdecimal() else settings.MAX_REQUEST_BYTES
        if size > settings.MAX_REQUEST_BYTES:
            limit = settings.MAX_REQUEST_BYTES // 2**20
            text = _("This is too large: the limit of a request is {limit} MB.")
            raise RefusedError(413, text.format(limit=limit))
        if size > settings.MAX_PLAIN_BYTES:
            await stack.enter_async_context(_place(self._large, address))
        parts: list[bytes] = []
        received, start = 0, time.monotonic()
        chunks = request.stream()
        try:
            while True:
                left = settings.READ_SECONDS + received / settings.READ_RATE - (time.monotonic() - start)
                async with asyncio.timeout(min(left, settings.READ_SECONDS)):
                    part = await anext(chunks, None)
                if part is None:
                    return b"".join(parts)
                parts.append(part)
                received += len(part)
                if received > size:
                    raise RefusedError(413, _("This request is larger than announced."))
        except TimeoutError:
            raise RefusedError(408, _("Sending this request took too long. Please try again.")) from None

    def _expects_files(self, path: str, content: dict[str, Any]) -> bool:
        """Whether the function of this call takes a picture or a file."""
        if path.startswith(f"{API}/component_server"):
            block = self.page.blocks.get(content.get("component_id"))
            return content.get("fn_name") in getattr(block, "file_functions", ())
        index = None if path.startswith(f"{API}/call/") else content.get("fn_index")
        name = path.rstrip("/").rpartition("/")[2]
        functions = [
            fn for key, fn in self.page.fns.items() if key == index or (index is None and fn.api_name == name)
        ]
        return any(getattr(block, "carries_files", False) for fn in functions for block in fn.inputs)

    def _admit(self, address: str, session: Any) -> None:
        """Refuse an event when too many are waiting already."""
        events = self._events()
        waiting = sum(event.session_hash == session for event in events)
        if waiting >= settings.EVENTS_SESSION:
            text = ngettext(
                "{n} of your requests is waiting: please wait for its answer.",
                "{n} of your requests are waiting: please wait for their answers.",
                waiting,
            )
            raise RefusedError(429, text.format(n=waiting))
        from_address = sum(address_of(event.request) == address for event in events)
        if from_address >= settings.EVENTS_CLIENT or len(events) >= settings.EVENTS:
            text = _(
                "The page is busy: your request would be number {place} in the queue. "
                "Please try again in a minute."
            )
            raise RefusedError(429, text.format(place=len(events) + 1))


def _upload_id(scope: Scope) -> str:
    """The name by which the browser follows an upload, "" without a usable one."""
    name = Request(scope).query_params.get("upload_id", "")
    return name if UPLOAD_ID.fullmatch(name) else ""


def _track(upload: str) -> Callable[[], None]:
    """Let the browser follow its upload; returns a callback that marks the upload as complete."""
    if not upload:
        return lambda: None
    file_upload_statuses.track(upload)

    def done() -> None:
        file_upload_statuses.set_done(upload)
        asyncio.get_running_loop().call_later(settings.PROGRESS_SECONDS, _forget_upload, upload)

    return done


def _forget_upload(upload: str) -> None:
    file_upload_statuses.stop_tracking(upload)
    file_upload_statuses._signals.pop(upload, None)  # Gradio would keep one for each name for ever


def path_of(scope: Scope) -> str:
    """The path of a request within the page, which may be served below a path of a proxy."""
    return scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))


@asynccontextmanager
async def _place(slots: Slots, address: str) -> AsyncIterator[None]:
    try:
        async with slots.place(address):
            yield
    except BusyError as error:
        raise RefusedError(429, str(error)) from None


def _content(body: bytes) -> dict[str, Any]:
    if sum(map(body.count, (b",", b"[", b"{"))) > settings.MAX_JSON_PARTS:
        raise RefusedError(413, _("This request has too many parts."))
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise RefusedError(400, _("A request is a JSON object."))
    return content


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that replays the body, then continues with the original."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replayed() -> Message:
        return next(messages, None) or await receive()

    return replayed


def _into(answer: list[Message]) -> Send:
    async def collect(message: Message) -> None:
        answer.append(message)

    return collect


def _refusal(scope: Scope, refusal: RefusedError) -> Response:
    """The sentence in the form in which Gradio's client shows it."""
    path, sentence = path_of(scope), str(refusal)
    if path.startswith(f"{API}/component_server") and refusal.status != 404:
        return JSONResponse({"problem": sentence})  # in the form of an answer, see ui/kit/view.py
    if UPLOAD.fullmatch(path):
        return PlainTextResponse(sentence, refusal.status)
    return JSONResponse({"detail": sentence, "error": sentence}, refusal.status)
