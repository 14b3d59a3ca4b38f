"""Answers that are the same for everybody: compressed, cached, and still those of Gradio."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import re

import brotli
import httpx
import pytest
from gradio import route_utils
from starlette.responses import FileResponse

from ui.serving.shared import ADDRESS_HEADERS, AN_HOUR, FOR_EVER, SharedAnswers


def get(served, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{served.address}{path}", headers=headers, timeout=60)


@pytest.mark.parametrize("path", ["", "config", "gradio_api/info", "theme.css"])
@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
def test_the_page_travels_compressed_and_is_the_same(served, path, coding):
    answer = get(served, path, **{"Accept-Encoding": coding})
    assert answer.headers.get("content-encoding", "identity") == coding
    assert answer.content == get(served, path, **{"Accept-Encoding": "identity"}).content
    assert answer.headers["cache-control"] == "no-cache" and "Accept-Encoding" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) <= len(answer.content)


def test_a_browser_with_the_same_content_gets_none(served):
    first = get(served, "config")
    again = get(served, "config", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert get(served, "config", **{"If-None-Match": '"other"'}).status_code == 200


def test_files_that_carry_a_version_are_kept_for_ever(served):
    scripts = re.findall(r"assets/[\w.-]+\.js", get(served, "").text)
    answer = get(served, scripts[0])
    assert answer.headers["cache-control"] == FOR_EVER and answer.headers["content-encoding"] == "br"
    assert get(served, "static/img/logo.svg").headers["cache-control"] == AN_HOUR


def test_a_missing_file_is_not_cached(served):
    for _ in range(2):
        answer = get(served, "assets/nothing-12345678.js")
        assert answer.status_code in (403, 404) and "immutable" not in answer.headers.get("cache-control", "")


def test_head_has_no_body(served):
    answer = httpx.head(served.address, timeout=60)
    assert answer.status_code == 200 and answer.content == b""


def test_each_host_finds_its_own_address(served):
    for host in ("one.example", "two.example", "one.example"):
        assert get(served, "config", **{"X-Forwarded-Host": host}).json()["root"] == f"http://{host}"


@pytest.mark.parametrize("header", ["X-Gradio-Server", "X-Original-Host", "Forwarded", "Referer", "Origin"])
def test_no_other_header_affects_the_shared_answer(served, header):
    host = f"{header.lower()}.example"
    poisoned = {header: "http://evil.example", "X-Forwarded-Host": host}
    assert get(served, "config", **poisoned).json()["root"] == f"http://{host}"
    assert "evil" not in get(served, "config", **{header: "http://evil.example"}).json()["root"]
    assert "evil" not in get(served, "").text


def test_every_header_that_gradio_reads_for_its_address_is_known():
    """A new header would have to become part of the key."""
    source = inspect.getsource(route_utils.get_request_origin)
    assert set(re.findall(r'"(x-[\w-]+)"', source)) == {*ADDRESS_HEADERS, "x-gradio-server"} - {"host"}


# --- without a page -----------------------------------------------------------------------------------------


class App:
    """Answers with 1,000 letters and the number of the call."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, scope, receive, send) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"a" * 1000, "more_body": True})
        await send({"type": "http.response.body", "body": str(self.calls).encode()})


async def leave():
    """The message of the server about a client that has left."""
    return {"type": "http.disconnect"}


async def fetch(app, path="/", query=b"", **headers):
    messages = []

    async def send(message):
        messages.append(message)

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": pairs}
    scope |= {"language": "en"}
    await app(scope, leave, send)
    return b"".join(message.get("body", b"") for message in messages[1:])


def test_simultaneous_visitors_share_one_answer():
    async def run():
        inner = App()
        app = SharedAnswers(inner)
        answers = await asyncio.gather(*(fetch(app, accept_encoding="br") for _ in range(20)))
        assert inner.calls == 1 and {brotli.decompress(answer) for answer in answers} == {b"a" * 1000 + b"1"}
        body = await fetch(app, accept_encoding="gzip")
        assert inner.calls == 2 and gzip.decompress(body) == b"a" * 1000 + b"2"

    asyncio.run(run())


def test_a_visitor_who_leaves_does_not_cut_the_answer_short_for_the_others(tmp_path):
    (tmp_path / "a.js").write_bytes(b"a" * 3_000_000)

    async def run():
        app = SharedAnswers(FileResponse(tmp_path / "a.js"))
        assert [len(await fetch(app, "/assets/a.js")) for _ in range(2)] == [3_000_000, 3_000_000]

    asyncio.run(run())


def test_the_query_of_the_page_makes_no_new_answer():
    async def run():
        inner = App()
        app = SharedAnswers(inner)
        assert await fetch(app, query=b"tab=patterns") == await fetch(app, query=b"deep_link=x")
        assert inner.calls == 1
        await fetch(app, "/assets/a.js", b"1"), await fetch(app, "/assets/a.js", b"2")
        assert inner.calls == 2 and len(app._answers) == 2

    asyncio.run(run())


def test_answers_to_odd_requests_are_not_stored():
    async def run():
        app = SharedAnswers(App())
        requests = [("/config", b"page=a"), ("/static/./a", b""), ("/static//a", b""), ("/other", b"")]
        for path, query in requests:
            await fetch(app, path, query)
        assert not app._answers

    asyncio.run(run())


def test_the_store_is_bounded(monkeypatch):
    monkeypatch.setattr("settings.SHARED_BYTES", 5000)

    async def run():
        app = SharedAnswers(App())
        for number in range(100):
            await fetch(app, host=f"{number}.example")
        assert len(app._answers) == 4
        monkeypatch.setattr("settings.SHARED_ANSWERS", 3)
        await fetch(app, host="one.more.example")
        assert len(app._answers) == 3

    asyncio.run(run())
