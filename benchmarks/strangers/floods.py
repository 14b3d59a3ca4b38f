"""Attacks with requests: addresses, bombs, crowds, large bodies, files (items 1 to 6 and 12)."""

from __future__ import annotations

import base64
import contextlib
import http.server
import io
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image

from benchmarks.strangers.page import CLASS, STRANGER, Client, Refused, ServedPage, Watch
from benchmarks.strangers.place import Outcome, Site, at_once, refused, short

GRID = [[5, 0, 0, 0], [0, 5, 0, 0], [0, 0, 5, 0], [0, 0, 0, 5]]
DECODING = 60.0
"""Seconds after which a page that still decodes bombs is killed."""
SETTLED = 3.0
"""Seconds after which the files of a request should be removed."""


# --- 1: the server fetches addresses ------------------------------------------------------------------------


@contextlib.contextmanager
def outside() -> Iterator[tuple[str, set[str]]]:
    """A server that stands for any other on the network; yields its address and the paths it has served."""
    fetched: set[str] = set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fetched.add(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *words: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", fetched
    finally:
        server.shutdown()
        server.server_close()


def addresses(site: Site) -> Outcome:
    page = site.page(wish="loopback")
    with outside() as (address, fetched), Client(page.address, timeout=20.0) as client:
        calls = [
            (fn["id"], place)
            for fn in client.config["dependencies"]
            for place, key in enumerate(fn["inputs"])
            if client.parts[key]["type"] != "state"
        ]

        def send(call: tuple[int, int]) -> None:
            fn, place = call
            data = client.values(fn)
            data[place] = {"path": f"{address}/{fn}/{place}", "meta": {"_type": "gradio.FileData"}}
            if client.run(fn, data).status_code == 404:  # it can only be called through the queue
                with Client(page.address, timeout=20.0) as other:
                    other.ask(fn, data)

        with Watch(page) as watch:
            at_once(send, calls, 4)
    return Outcome(f"{len(fetched)} of {len(calls)} addresses fetched", watch.worst)


# --- 2: pictures that are expensive to decode ---------------------------------------------------------------


def bomb(side: int = 4000, scans: int = 6000) -> bytes:
    """A progressive JPEG of so many scans, all of them empty."""
    blocks = ((side + 7) // 8) ** 2

    def segment(marker: int, content: bytes) -> bytes:
        return struct.pack(">HH", marker, len(content) + 2) + content

    def one_code(table: int, symbol: int) -> bytes:  # a Huffman table with one code: 0
        return segment(0xFFC4, bytes([table, 1, *[0] * 15, symbol]))

    def pack(bits: str) -> bytes:
        bits += "1" * (-len(bits) % 8)
        plain = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        return plain.replace(b"\xff", b"\xff\x00")

    frame = struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0])
    first = segment(0xFFDA, bytes([1, 1, 0, 0, 0, 0])) + pack("0" * blocks)
    # the code 0 means "skip the next 2^14 + 14 bits blocks", as often as it takes to skip them all
    runs, left = "", blocks
    while left:
        length = max(2**14, min(left, 2**15 - 1))
        runs += "0" + format(length - 2**14, "014b")
        left = max(0, left - length)
    empty = segment(0xFFDA, bytes([1, 1, 0, 1, 63, 0])) + pack(runs)
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xFFDB, bytes([0, *[1] * 64])),
            segment(0xFFC2, frame),
            one_code(0x00, 0x00),
            one_code(0x10, 0xE0),
            first,
            empty * scans,
            b"\xff\xd9",
        ]
    )


def drawing() -> dict[str, Any]:
    """A small picture as the drawing pad sends it."""
    content = io.BytesIO()
    picture = Image.new("RGB", (280, 280), "white")
    picture.paste((40, 40, 40), (90, 60, 190, 230))
    picture.save(content, "PNG")
    return as_request(content.getvalue())


def as_request(content: bytes) -> dict[str, Any]:
    return {"kind": "auto", "data": base64.b64encode(content).decode(), "turn": 1}


def classify(client: Client, picture: dict[str, Any]) -> list[Any]:
    """The answer of Classify."""
    return client.ask(client.listener("picture-input", "input"), [picture, None])


def bombs(site: Site) -> Outcome:
    page = site.page()
    content = as_request(bomb())

    def send(number: int) -> str:
        with Client(page.address) as client:
            return classify(client, content)[0]["message"]

    with Client(page.address, CLASS, timeout=DECODING) as other, Watch(page) as watch:
        classify(other, drawing())
        attack = threading.Thread(target=at_once, args=(send, range(4), 4))
        attack.start()
        time.sleep(0.5)
        longest, until = 0.0, time.monotonic() + DECODING
        while attack.is_alive() and time.monotonic() < until:
            started = time.perf_counter()
            with contextlib.suppress(Refused, httpx.TimeoutException):
                classify(other, drawing())
            longest = max(longest, time.perf_counter() - started)
            time.sleep(0.2)
        is_decoding = attack.is_alive()
    if is_decoding:
        site.close()
    attack.join()
    return Outcome(
        f"another's drawing waits up to {longest:.1f} s"
        + (f", bombs take over {DECODING:.0f} s" if is_decoding else ""),
        watch.worst,
    )


# --- 3: many sessions ---------------------------------------------------------------------------------------


def raw(page: ServedPage, head: str, source: str = STRANGER) -> socket.socket:
    """A connection with the beginning of a request."""
    to = urlsplit(page.address)
    local = (source if sys.platform == "linux" else "", 0)
    connection = socket.create_connection((to.hostname or "", to.port or 80), 30, local)
    connection.sendall((head + f"Host: {to.netloc}\r\n").encode())
    return connection


def heartbeats(site: Site) -> Outcome:
    page = site.page()
    with Watch(page) as watch:
        connections = []
        for number in range(500):
            head = f"GET /gradio_api/heartbeat/invented{number:06} HTTP/1.1\r\n"
            connections.append(raw(page, head))
            connections[-1].sendall(b"\r\n")
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.recv(100)
            connection.close()
        started = time.perf_counter()
        with Client(page.address, CLASS) as client:
            client.open()
        seconds = time.perf_counter() - started

        def arrive(number: int) -> float:
            started = time.perf_counter()
            with Client(page.address, CLASS) as client:
                client.open()
                return time.perf_counter() - started

        waits = at_once(arrive, range(30), 30)
    slowest = max((answer for answer in waits if isinstance(answer, float)), default=float("nan"))
    lost = sum(map(refused, waits))
    return Outcome(
        f"next visitor in after {seconds:.1f} s; 30 at once in after {slowest:.1f} s"
        + (f", {lost} refused" if lost else ""),
        watch.worst,
    )


# --- 4, 5 and 12: bodies ------------------------------------------------------------------------------------


def short_lists(site: Site) -> Outcome:
    page = site.page()
    lists = b"[" + b"[]," * (10_000_000 // 3) + b"[]]"
    answers = []
    with Client(page.address) as client, Watch(page) as watch:
        fn, part = client.endpoint("classify_pattern"), client.part("train-run")
        session = client.session.encode()
        called = b'{"data":%b,"fn_index":%d,"session_hash":"%b"}' % (lists, fn, session)
        served = b'{"data":%b,"component_id":%d,"fn_name":"choices","session_hash":"%b"}'
        for path, body in (
            ("queue/join", called),
            ("run/classify_pattern", called),
            ("component_server", served % (lists, part, session)),
        ):
            answer = at_once(
                lambda call: (
                    client.http.post(
                        f"gradio_api/{call[0]}",
                        content=call[1],
                        headers={"Content-Type": "application/json"},
                    ).status_code
                ),
                [(path, body)],
                1,
            )
            answers.append(short(answer[0], 12))
            time.sleep(0.5)
    return Outcome(f"answered {', '.join(answers)}", watch.worst)


def large_bodies(site: Site) -> Outcome:
    page = site.page(fresh=True)
    content = as_request(bomb())
    with Client(page.address) as client:
        fn = client.listener("picture-input", "input")
    start = (
        b'{"fn_index":%d,"trigger_id":null,"session_hash":"' % fn,
        b'","data":[{"kind":"auto","turn":1,"data":"' + b"A" * 11_000_000 + b'"},null]}',
    )

    def throw(number: int) -> None:
        with Client(page.address) as client:
            classify(client, content)

    def send(number: int) -> int:
        with Client(page.address, timeout=60.0) as client:
            body = start[0] + client.session.encode() + start[1]
            headers = {"Content-Type": "application/json"}
            return client.http.post("gradio_api/queue/join", content=body, headers=headers).status_code

    with Watch(page) as watch:
        before = page.memory()
        page.reset_peak()
        attack = threading.Thread(target=at_once, args=(throw, range(4), 4))
        attack.start()
        time.sleep(1.0)
        answers = at_once(send, range(60), 6)
        attack.join(DECODING / 2)
        growth = page.peak() - before
    site.close()
    attack.join()
    accepted = sum(answer == 200 for answer in answers)
    return Outcome(f"{accepted} of 60 accepted, +{growth:,.0f} MB", watch.worst)


def cheap_calls(site: Site) -> Outcome:
    page = site.page()
    with Client(page.address) as client, Watch(page) as watch:
        head = "POST /gradio_api/queue/join HTTP/1.1\r\nContent-Type: application/json\r\n"
        slow = [raw(page, head) for _ in range(20)]
        started = time.monotonic()
        for connection in slow:
            connection.sendall(b'Content-Length: 900\r\n\r\n{"data":')
        fn = client.endpoint("batch")
        data = ["garments", "train", 100, 64, "random", 0, False, None, 0, 0]

        def call(number: int) -> int:
            return client.run(fn, data).status_code

        for _ in range(3):
            answers = at_once(call, range(60), 60)
        open_connections = slow
        while open_connections and time.monotonic() - started < 35:
            for connection in list(open_connections):
                with contextlib.suppress(OSError):
                    connection.sendall(b" ")
            time.sleep(1.0)
            readable, _, _ = select.select(open_connections, [], [], 0)
            open_connections = [answer for answer in open_connections if answer not in readable]
        for connection in slow:
            connection.close()
    answered = sum(answer in (200, 500) for answer in answers)
    return Outcome(
        f"{answered} of 60 answered; {len(open_connections)} of 20 slow bodies open after 35 s", watch.worst
    )


# --- 6: abandoned files -------------------------------------------------------------------------------------


def multipart(name: str, length: int) -> tuple[bytes, str]:
    """Content and type of a form with one file."""
    head = f'--xx\r\nContent-Disposition: form-data; name="{name}"; filename="clip.mp4"\r\n\r\n'.encode()
    return head + b"\0" * length + b"\r\n--xx--\r\n", "multipart/form-data; boundary=xx"


def abort(page: ServedPage) -> None:
    """Abort an upload of 5 MB after 2 MB."""
    content, kind = multipart("files", 5_000_000)
    connection = raw(page, f"POST /gradio_api/upload HTTP/1.1\r\nContent-Type: {kind}\r\n")
    connection.sendall(f"Content-Length: {len(content)}\r\n\r\n".encode() + content[:2_000_000])
    time.sleep(0.1)
    connection.close()


def new_files(page: ServedPage, since: tuple[int, float]) -> tuple[str, tuple[int, float]]:
    """The new files in the page's temporary folder since a count, in words, and the count now."""
    time.sleep(SETTLED)
    files, size = page.files()
    return f"{files - since[0]} ({size - since[1]:.0f} MB)", (files, size)


def files(site: Site) -> Outcome:
    page = site.page(fresh=True)
    with Client(page.address) as client, Watch(page) as watch:
        since = page.files()
        for _ in range(9):
            abort(page)
        broken, since = new_files(page, since)
        content, kind = multipart("video", 1_000_000)
        for _ in range(5):
            headers = {"Content-Type": kind}
            client.http.post("gradio_api/process_recording", content=content, headers=headers)
        recorded, since = new_files(page, since)
        for number in range(5):
            part = client.part("pattern-grid-intensity")  # each link leads to a different state of the page
            fill = next(fn["id"] for fn in client.config["dependencies"] if fn["inputs"] == [part])
            client.run(fill, [number + 1])
            client.http.get("gradio_api/deep_link", params={"session_hash": client.session})
        linked, since = new_files(page, since)
        at_once(lambda n: client.upload(f"{n}.png", bytes([n]) * 10_000_000), range(20), 2)
        whole, since = new_files(page, since)
    left = []
    for how in (signal.SIGTERM, signal.SIGKILL):
        page.stop(how)
        if how == signal.SIGKILL:  # the next page tidies up
            page = site.start(temp=page.temp).wait()
            time.sleep(SETTLED)
        left.append(f"{page.files()[1]:.0f} MB")
        if how == signal.SIGTERM:
            page = site.start(temp=page.temp).wait()
            with Client(page.address) as client:
                at_once(lambda n: client.upload(f"{n}.png", bytes([n]) * 1_000_000), range(5), 1)
    return Outcome(
        f"files left: aborted {broken}, recordings {recorded}, deep links {linked}, 20 uploads {whole}; "
        f"after SIGTERM {left[0]}, after kill -9 and a restart {left[1]}",
        watch.worst,
    )
