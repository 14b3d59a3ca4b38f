"""The page as a program: its options, its tabs, and what a launch guarantees."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, SimpleNamespace

import gradio as gr
import httpx
import pytest
import safehttpx
from gradio import http_server

import app
from language import Message
from ui.context import Context
from ui.serving import internals

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def context(tmp_path_factory) -> Context:
    """No checkpoint at all: the page has to open nevertheless."""
    return Context(checkpoints=tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def blocks(context) -> gr.Blocks:
    return app.build(context)


@pytest.fixture(scope="module")
def address(blocks) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    yield app.launch(blocks, port=port)
    blocks.close()


def test_help_lists_every_option():
    text = app.options().format_help()
    for option in ("--host", "--port", "--device", "--data"):
        assert option in text


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "7860.5"])
def test_a_wrong_port_is_refused(port, capsys):
    with pytest.raises(SystemExit):
        app.main([f"--port={port}"])
    assert "a port is a number from 1 to 65535" in capsys.readouterr().err


def test_a_missing_device_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("TORCH_PLAYGROUND_DEVICE", "")  # so that what main() sets is undone afterwards
    with pytest.raises(SystemExit):
        app.main(["--device", "abacus"])
    assert "'abacus' cannot be used here" in capsys.readouterr().err


@pytest.fixture
def main(monkeypatch, tmp_path):
    """app.main with the given page, and whether the desk of runs was closed."""

    def run(page, *arguments):
        closed, before = [], signal.signal(signal.SIGTERM, signal.SIG_IGN)
        desk = SimpleNamespace(warm=lambda: None, close=lambda: closed.append(True))
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
        download = SimpleNamespace(start=lambda: None, close=lambda: None)
        monkeypatch.setattr(app, "Context", lambda: SimpleNamespace(desk=desk, download=download))
        monkeypatch.setattr(app, "TABS", ())
        monkeypatch.setattr(app, "build", lambda context: page)
        monkeypatch.setattr(app.Uploads, "keep_tidy", lambda _: None)
        monkeypatch.setattr(app.torch, "set_num_threads", lambda _: None)
        try:
            return app.main([*arguments]), closed
        except SystemExit as error:
            return error.code, closed
        finally:
            signal.signal(signal.SIGTERM, before)

    return run


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_busy_port_gets_a_sentence(main, monkeypatch, capsys, by):
    with app.Page(analytics_enabled=False) as page:
        pass
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        if by == "variable":
            monkeypatch.setenv("GRADIO_SERVER_PORT", port)
            monkeypatch.setattr(http_server, "INITIAL_PORT_VALUE", int(port))  # Gradio has read the variable
            monkeypatch.setattr(http_server, "TRY_NUM_PORTS", 1)  # it would try the next ones
        assert main(page, *(["--port", port] if by == "option" else [])) == (1, [True])
    error = capsys.readouterr().err
    assert f"Port {port} cannot be used" in error and "--port" in error


def test_the_tabs_stand_in_order(blocks):
    tabs = [block for block in blocks.blocks.values() if isinstance(block, gr.Tab)]
    assert [tab.label for tab in tabs][: len(app.TABS)] == [tab.TITLE for tab in app.TABS]
    assert app.tab_ids()[:2] == ["classify", "patterns"]


@pytest.mark.parametrize("tab", app.TABS, ids=app.tab_ids())
def test_every_tab_keeps_the_contract(tab):
    assert tab.__doc__ and tab.TITLE and callable(tab.build)


def test_the_queue_sleeps_between_two_polls(blocks, address):
    """By default it polls a thousand times a second, on a processor that trains."""
    assert blocks._queue.sleep_when_free >= app.QUEUE_SECONDS >= 0.01


def test_the_page_answers_when_launch_returns(address):
    assert httpx.get(address, timeout=30).status_code == 200


def test_without_a_checkpoint_the_page_says_what_to_do(address):
    config = httpx.get(f"{address}config", timeout=30).text
    assert "Torch Playground" in config and "Traceback" not in config


def test_nothing_is_reported_about_visitors(blocks, address):
    config = httpx.get(f"{address}config", timeout=30).json()
    assert blocks.analytics_enabled is False and config["analytics_enabled"] is False
    assert blocks.share is False and not blocks.run_history
    assert httpx.get(f"{address}monitoring/summary", timeout=30).status_code != 200
    assert httpx.get(f"{address}gradio_api/monitoring/summary", timeout=30).status_code != 200


def test_the_configuration_holds_nothing_that_grows(blocks, address):
    """Gradio copies it deeply: a method in it would take its object along, with the files of all visitors."""

    def kinds(value: object) -> set[type]:
        if isinstance(value, (dict, list, tuple)):
            return set().union(*map(kinds, value.values() if isinstance(value, dict) else value))
        return {type(value)}

    plain = {str, Message, int, float, bool, type(None), FunctionType}
    assert kinds(blocks.config) <= plain


def test_the_page_links_no_outside_font_or_script(address):
    html = httpx.get(address, timeout=30).text
    links = re.findall(r"<(?:script|link)[^>]+(?:src|href)=[\"'](https?://[^\"']+)", html)
    assert [url for url in links if not url.startswith(address)] == []


def test_files_of_the_server_are_not_served(address):
    for path in (f"{ROOT}/app.py", "/etc/passwd", f"{ROOT}/checkpoints/fashion.pt"):
        assert httpx.get(f"{address}gradio_api/file={path}", timeout=30).status_code in (403, 404)


def test_no_function_fetches_an_address(blocks, address, monkeypatch):
    """Every input of every function gets a file at an address of this machine, which Gradio's own check would
    let pass.
    """
    monkeypatch.setattr(safehttpx, "is_public_ip", lambda _: True)
    with socket.socket() as listener, httpx.Client(base_url=f"{address}gradio_api", timeout=60) as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.csv"
        file = {"path": url, "url": url, "meta": {"_type": "gradio.FileData"}}
        config = client.get(f"{address}config").json()["components"]
        values = {block["id"]: block["props"].get("value") for block in config}
        count = 0
        for index, fn in blocks.fns.items():
            for place, block in enumerate(fn.inputs):
                if block.stateful:
                    continue
                data = [values[block._id] for block in fn.inputs]
                data[place] = file
                body = {"data": data, "fn_index": index, "session_hash": f"s{index}-{place}"}
                if fn.queue:
                    assert client.post("/queue/join", json=body).status_code == 200
                    answer = client.get("/queue/data", params={"session_hash": body["session_hash"]}).text
                else:
                    answer = client.post("/run/predict", json=body).text
                assert internals.NO_ADDRESSES in answer, (index, place, answer)
                count += 1
        assert count > 50
        with pytest.raises(TimeoutError):
            listener.accept()


def test_the_endpoints_have_names(blocks):
    names = {fn.api_name for fn in blocks.fns.values() if fn.api_visibility == "public"}
    assert {"classify", "explain", "classify_pattern"} <= names


def test_a_page_that_ends_stops_its_runs(main, monkeypatch):
    page = SimpleNamespace(block_thread=lambda: signal.raise_signal(signal.SIGTERM))
    monkeypatch.setattr(app, "launch", lambda *_: "http://here")
    assert main(page) == (128 + signal.SIGTERM, [True])
