"""What the gate lets through, requested over the network as a stranger would."""

from __future__ import annotations

import errno
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from gradio.routes import file_upload_statuses
from starlette.requests import Request

import settings
from tests.ui.serving.conftest import PICTURE
from ui.serving.page import NOT_ANSWERED
from ui.serving.uploads import Uploads


@pytest.fixture
def client(served):
    with httpx.Client(base_url=f"{served.address}gradio_api", timeout=60) as client:
        yield client


@pytest.fixture(autouse=True)
def answering(served):
    """Functions wait only where a test wants it."""
    served.may_answer.set()
    yield
    served.may_answer.set()


def until(condition) -> None:
    """Wait for another thread or the server."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def join(client, served, name: str, *data: object, session: str = "anna") -> httpx.Response:
    """An event as the browser sends it."""
    index = next(index for index, fn in served.page.fns.items() if fn.api_name == name)
    return client.post("/queue/join", json={"data": data, "fn_index": index, "session_hash": session})


def ask(client, served, name: str, *data: object, session: str = "anna") -> dict:
    """An event and its answer."""
    assert join(client, served, name, *data, session=session).status_code == 200
    lines = client.get("/queue/data", params={"session_hash": session}).text.splitlines()
    messages = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return next(message for message in messages if message["msg"] == "process_completed")["output"]


def server(client, served, name: str, data: object) -> dict:
    """A server function of the view and its answer."""
    view = next(index for index, block in served.page.blocks.items() if block.elem_id == "view")
    body = {"data": data, "component_id": view, "fn_name": name, "session_hash": "anna"}
    return client.post("/component_server/", json=body).json()


def raw(served, head: str, body: bytes = b"") -> socket.socket:
    """A connection with the beginning of a request."""
    connection = socket.create_connection(("127.0.0.1", httpx.URL(served.address).port), 60)
    connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
    return connection


# --- routes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "gradio_api/deep_link?session_hash=anna"),
        ("POST", "gradio_api/process_recording"),
        ("POST", "gradio_api/vibe-edit"),
        ("GET", "gradio_api/vibe-code"),
        ("GET", "gradio_api/file=http://127.0.0.1:1/x"),
        ("GET", "gradio_api/proxy=http://127.0.0.1:1/x"),
        ("GET", "gradio_api/custom_component/x/client/y/z"),
        ("GET", "gradio_api/openapi.json"),
        ("GET", "gradio_api/dev/reload"),
        ("POST", "gradio_api/stream/x"),
        ("GET", "monitoring"),
        ("GET", "monitoring/summary"),
        ("POST", "login"),
        ("GET", "logout"),
        ("GET", "docs"),
        ("PUT", "gradio_api/queue/join"),
        ("DELETE", ""),
    ],
)
def test_routes_that_the_page_does_not_use_do_not_exist(served, method, path):
    answer = httpx.request(method, served.address + path, timeout=60)
    assert answer.status_code == 404 and answer.json()["detail"] == "There is nothing at this address."


def test_the_page_answers(client, served):
    assert ask(client, served, "echo", "hello")["data"] == ["hello"]
    assert client.post("/run/echo", json={"data": ["hello"]}).json()["data"] == ["hello"]
    assert server(client, served, "small", {"a": 1}) == {"a": 1}


# --- bodies -------------------------------------------------------------------------------------------------


def test_a_large_body_is_accepted_where_a_picture_travels(client, served):
    assert ask(client, served, "picture", PICTURE)["data"] == [300_000]
    large = "x" * (settings.MAX_PLAIN_BYTES + 1)
    refused = join(client, served, "echo", large)
    assert refused.status_code == 413 and "no picture or file is expected" in refused.json()["detail"]
    for path in ("/run/echo", "/call/echo", "/call/v2/echo", "/cancel", "/reset"):
        assert client.post(path, json={"data": [large]}).status_code == 413, path


def test_a_large_body_is_accepted_where_a_file_travels(client, served):
    large = "x" * (settings.MAX_PLAIN_BYTES + 1)
    assert server(client, served, "large", large) == {"size": len(large)}
    assert "no picture or file is expected" in server(client, served, "small", large)["problem"]


@pytest.mark.parametrize("path", ["/queue/join", "/run/picture", "/call/picture", "/component_server"])
def test_many_small_parts_are_counted_before_they_are_parsed(client, monkeypatch, path):
    monkeypatch.setattr(json, "loads", None)  # parsing would fail
    answer = client.post(path, content=b'{"data":[' + b"[]," * 1_000_000 + b"[]]}")
    assert "too many parts" in answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff", b"[" * 15_000, b"nul\0"], ids=repr)
def test_anything_but_an_object_is_refused(client, content):
    answer = client.post("/queue/join", content=content)
    assert answer.status_code == 400 and answer.json()["detail"] == "A request is a JSON object."


@pytest.mark.parametrize("path", ["queue/join", "run/echo", "call/echo", "upload"])
def test_a_body_above_the_limit_is_not_read(served, path):
    head = f"POST /gradio_api/{path} HTTP/1.1\nHost: x\nContent-Length: {settings.MAX_REQUEST_BYTES + 1}"
    with raw(served, head) as connection:
        assert b" 413 " in connection.recv(1000)


@pytest.mark.parametrize("path", ["/call/echo", "/call/conv_shape"])
def test_a_call_by_name_cannot_borrow_another_function(client, served, path):
    picture = next(index for index, fn in served.page.fns.items() if fn.api_name == "picture")
    large = {"data": ["x" * settings.MAX_PLAIN_BYTES], "fn_index": picture}
    assert client.post(path, json=large).status_code == 413


def test_the_names_of_two_thousand_files_pass(client, served):
    meta = {"_type": "gradio.FileData"}
    files = [
        {"path": f"/{'a' * 60}/{i}.png", "url": f"{served.address}{'a' * 99}/{i}.png",
         "orig_name": f"{i}.png", "size": i, "mime_type": "image/png", "is_stream": False, "meta": meta}
        for i in range(settings.MAX_FILES)
    ]  # fmt: skip
    assert join(client, served, "files", files, session="files").status_code == 200


@pytest.mark.parametrize("head", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "])
def test_a_connection_without_a_request_is_closed(served, monkeypatch, head):
    monkeypatch.setattr(settings, "READ_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", httpx.URL(served.address).port), 60) as connection:
        connection.sendall(head)
        assert connection.recv(1000) == b""


def test_a_slow_answer_keeps_its_connection(client, served, monkeypatch):
    monkeypatch.setattr(settings, "READ_SECONDS", 0.2)
    with client.stream("GET", "/heartbeat/slow") as answer:
        lines = answer.iter_text()
        assert "ALIVE" in next(lines)
        until(lambda: served.page.state_holder.open["slow"] == 1)
        time.sleep(0.5)
        assert served.page.state_holder.open["slow"] == 1


@pytest.mark.parametrize("path", ["queue/join", "run/echo", "upload"])
def test_a_body_that_stops_arriving_is_given_up(served, monkeypatch, path):
    monkeypatch.setattr(settings, "READ_SECONDS", 0.2)
    with raw(served, f"POST /gradio_api/{path} HTTP/1.1\nHost: x\nContent-Length: 1000", b"{") as connection:
        assert b" 408 " in connection.recv(1000)


@pytest.mark.parametrize("size", [100_000, 10_000_000])
def test_a_body_that_trickles_in_is_given_up(served, monkeypatch, size):
    monkeypatch.setattr(settings, "READ_SECONDS", 0.5)
    with raw(served, f"POST /gradio_api/run/echo HTTP/1.1\nHost: x\nContent-Length: {size}") as connection:
        answers = []
        reader = threading.Thread(target=lambda: answers.append(connection.recv(1000)))
        reader.start()
        while reader.is_alive():
            connection.sendall(b" ")
            reader.join(0.1)
        assert b" 408 " in answers[0]


# --- uploads ------------------------------------------------------------------------------------------------


def files_in(served) -> list:
    return [path for path in served.folder.rglob("*") if path.is_file()]


def upload(client, *sizes: int) -> httpx.Response:
    return client.post("/upload", files=[("files", (f"{size}.bin", b"x" * size)) for size in sizes])


def test_an_upload_is_kept_whole(client, served):
    answer = upload(client, 10, 300_000)
    assert sorted(map(str, files_in(served))) == sorted(answer.json())
    assert {str(path) for path in files_in(served)} <= served.page.upload_file_set
    for path in files_in(served):
        path.unlink()


def test_a_browser_can_follow_its_upload(client, served):
    files = {"files": ("a.bin", b"x")}
    assert client.post("/upload", params={"upload_id": "u1"}, files=files).status_code == 200
    progress = client.get("/upload_progress", params={"upload_id": "u1"})
    assert progress.status_code == 200 and '"done"' in progress.text
    for path in files_in(served):
        path.unlink()


def test_an_interrupted_upload_leaves_nothing(served):
    boundary = "--b\r\nContent-Disposition: form-data; name=files; filename=a\r\n\r\n"
    head = (
        "POST /gradio_api/upload HTTP/1.1\nHost: x\nContent-Length: 500000\n"
        "Content-Type: multipart/form-data; boundary=b"
    )
    for size in (0, 1000, 400_000):
        with raw(served, head, boundary.encode() + b"x" * size):
            for _ in range(20):  # even while it arrives
                assert files_in(served) == []
                time.sleep(0.02)
    with raw(served, "GET /gradio_api/app_id HTTP/1.1\nHost: x") as connection:
        assert b" 200 " in connection.recv(1000)
    assert files_in(served) == []


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "ü", "../x"])
def test_odd_names_of_uploads_are_not_followed(client, served, name):
    assert client.get("/upload_progress", params={"upload_id": name}).status_code == 404
    count = len(file_upload_statuses._signals)
    answer = client.post("/upload", params={"upload_id": name}, files={"files": b"x"})
    assert answer.status_code == 200 and len(file_upload_statuses._signals) == count
    for path in files_in(served):
        path.unlink()


def test_uploads_are_not_remembered(client):
    client.get("/upload_progress", params={"upload_id": "nobody"})
    until(lambda: "nobody" not in file_upload_statuses._signals)


@pytest.mark.parametrize("content", [b"", b"--b\r\n", b"x" * 100, b"--b\r\nContent-Disposition: x\r\n\r\n"])
def test_a_broken_form_gets_a_sentence(client, content):
    answer = client.post(
        "/upload", content=content, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    # a form without parts is an upload without files
    assert (answer.status_code, answer.text) == (200, "[]") or (
        answer.status_code == 400 and answer.text.startswith("The files could not be read: ")
    )


@pytest.mark.parametrize(("owner", "name"), [(Uploads, "keep"), (Request, "form")])
def test_a_full_disk_gets_a_sentence(client, served, monkeypatch, owner, name):
    """Where the files are written, or where Starlette writes large ones while it reads the form."""

    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/a/secret/place")

    monkeypatch.setattr(owner, name, full)
    answer = upload(client, 10)
    assert answer.status_code == 507
    assert answer.text == "The disk of the server is full. Please try again later."


# --- how much at once ---------------------------------------------------------------------------------------


def test_one_page_cannot_fill_the_queue(client, served, monkeypatch):
    monkeypatch.setattr(settings, "EVENTS_SESSION", 3)
    served.may_answer.clear()
    for _ in range(3):
        assert join(client, served, "wait", "x", session="flood").status_code == 200
    refused = join(client, served, "wait", "x", session="flood")
    assert refused.status_code == 429 and "3 of your requests are waiting" in refused.json()["detail"]
    assert join(client, served, "wait", "x", session="other").status_code == 200
    served.may_answer.set()
    until(lambda: not served.page._queue.event_ids_to_events)


@pytest.mark.parametrize("limit", ["EVENTS", "EVENTS_CLIENT"])
def test_a_full_queue_says_the_place(client, served, monkeypatch, limit):
    monkeypatch.setattr(settings, limit, 2)
    served.may_answer.clear()
    for name in "ab":
        assert client.post("/call/wait", json={"data": [name]}).status_code == 200
    refused = client.post("/call/wait", json={"data": ["c"]})
    assert refused.status_code == 429 and "number 3 in the queue" in refused.json()["detail"]
    served.may_answer.set()
    until(lambda: not served.page._queue.event_ids_to_events)


def test_few_large_requests_are_in_memory_at_once(client, served):
    def pictures() -> int:
        events = list(served.page._queue.event_ids_to_events.values())
        return sum(event.fn.api_name == "picture" for event in events)

    served.may_answer.clear()
    with ThreadPoolExecutor(6) as pool:
        requests = [
            pool.submit(join, client, served, "picture", PICTURE, session=f"large{i}") for i in range(6)
        ]
        until(lambda: pictures() == 2)
        # a request without a picture passes meanwhile, and by then no further picture has arrived
        answer, count = ask(client, served, "echo", "hello")["data"], pictures()
        served.may_answer.set()
        assert answer == ["hello"] and count == 2
        assert [future.result().status_code for future in requests] == [200] * 6


def test_open_connections_are_counted(client, monkeypatch):
    monkeypatch.setattr(settings, "STREAMS_CLIENT", 2)
    with client.stream("GET", "/heartbeat/a") as first, client.stream("GET", "/heartbeat/b") as second:
        assert (first.status_code, second.status_code) == (200, 200)
        assert client.get("/heartbeat/c").status_code == 429

    def is_accepted() -> bool:
        with client.stream("GET", "/heartbeat/c") as third:
            return third.status_code == 200

    until(is_accepted)


# --- sessions -----------------------------------------------------------------------------------------------


def test_a_session_ends_with_its_last_page(client, served):
    ask(client, served, "echo", "hello", session="bert")
    with client.stream("GET", "/heartbeat/bert"):
        with client.stream("GET", "/heartbeat/bert"):
            until(lambda: served.page.state_holder.open["bert"] == 2)
        until(lambda: served.page.state_holder.open["bert"] == 1)
        assert not served.page.state_holder["bert"].is_closed
    until(lambda: served.page.state_holder["bert"].is_closed)
    # a connection that ended may be a closed laptop: only the visitor's own act is a farewell
    assert served.left == []


def test_a_visitor_who_leaves_says_so(client, served):
    """As `navigator.sendBeacon` sends it: text without a type of JSON."""
    served.left.clear()
    body = json.dumps({"token": "the secret", "visit": "anna"})
    assert client.post("/leave", content=body).status_code == 204
    assert client.post("/leave", content="{}").status_code == 204
    assert served.left == [("the secret", "anna"), (None, None)]
    for wrong in ("", "[]", "no"):
        assert client.post("/leave", content=wrong).status_code == 400
    assert client.post("/leave", content=" " * 200_000 + "{}").status_code == 413
    assert len(served.left) == 2


def test_a_heartbeat_of_an_unknown_session_has_no_effect(client, served):
    before = len(served.page.state_holder.session_data)
    with client.stream("GET", "/heartbeat/stranger"):
        until(lambda: served.page.state_holder.open["stranger"] == 1)
    until(lambda: "stranger" not in served.page.state_holder.open)
    assert len(served.page.state_holder.session_data) == before


# --- errors -------------------------------------------------------------------------------------------------


def test_an_error_is_a_sentence_and_one_short_line_of_the_log(client, served, capfd):
    secret = "secret " * 10_000
    assert ask(client, served, "fail", secret)["error"] == NOT_ANSWERED
    assert client.post("/run/fail", json={"data": [secret]}).json()["error"] == NOT_ANSWERED
    assert client.post("/run/echo", json={"data": []}).status_code == 500
    assert client.post("/run/nowhere", json={"data": [secret]}).status_code == 500
    assert client.post("/queue/join", json={"data": [secret], "fn_index": 999, "session_hash": "x"}).json()
    assert client.post("/component_server", json={"fn_name": "x", "component_id": 10**9}).status_code < 500
    lines = capfd.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 6 and max(map(len, lines)) < 400 and "Traceback" not in str(lines)
