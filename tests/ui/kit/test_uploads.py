"""Files of visitors: read once, deleted at once, and nothing but an upload is ever read or deleted."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file

import app
import settings
from settings import MAX_FILES
from ui.kit.uploads import NOT_FILES, NOT_THERE, UploadedFiles, UploadedPicture
from ui.serving.page import Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    """The folder of uploads, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("uploads")
        patch.setenv("GRADIO_TEMP_DIR", str(path))
        yield path


@pytest.fixture(scope="module")
def page(folder) -> gr.Blocks:
    with Page(analytics_enabled=False) as blocks:
        files = UploadedFiles(label="Your files", most_bytes=1000, file_types=[".csv"], elem_id="own")
        output = gr.JSON()
        files.upload(
            lambda read: [[name, data.decode()] for name, data in read], files, output, api_name="read"
        )
    return blocks


@pytest.fixture(scope="module")
def address(page) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    yield app.launch(page, port=port)
    page.close()


@pytest.fixture(scope="module")
def client(address) -> Client:
    return Client(address, verbose=False)


@pytest.fixture(autouse=True)
def nothing_is_left(folder):
    """After each test, whatever came of it, no file of a visitor's lies on the server."""
    yield
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def write(where: Path, **files: str) -> list:
    paths = []
    for name, text in files.items():
        path = where / name
        path.write_text(text)
        paths.append(handle_file(path))
    return paths


def upload(address: str, name: str, text: str) -> dict:
    """The value that the browser makes of an uploaded file."""
    response = httpx.post(f"{address}gradio_api/upload", files={"files": (name, text.encode())}, timeout=30)
    return {"path": response.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def call(address: str, value: object) -> str:
    """The stream of /read for a hand-made value, as a caller without gradio_client sends it."""
    response = httpx.post(f"{address}gradio_api/call/read", json={"data": [value]}, timeout=30)
    response.raise_for_status()
    return httpx.get(f"{address}gradio_api/call/read/{response.json()['event_id']}", timeout=60).text


def test_a_program_sends_several_files(client, tmp_path):
    files = write(tmp_path, **{"b.csv": "two", "a b é.csv": "one"})
    assert client.predict(files, api_name="/read") == [["b.csv", "two"], ["a b é.csv", "one"]]


def test_the_same_file_can_be_sent_again(client, tmp_path):
    for _ in range(2):
        assert client.predict(write(tmp_path, **{"a.csv": "x"}), api_name="/read") == [["a.csv", "x"]]


def test_one_file_and_none(client, address, tmp_path):
    assert '[["a.csv", "x"]]' in call(address, upload(address, "a.csv", "x"))
    assert client.predict([], api_name="/read") == client.predict(None, api_name="/read") == []


def test_a_file_is_read_once(address):
    value = [upload(address, "a.csv", "secret")]
    assert "secret" in call(address, value)
    stream = call(address, value)
    assert "event: error" in stream and "secret" not in stream and NOT_THERE in stream


@pytest.mark.parametrize("sizes", [(1001,), (600, 401)])
def test_too_much_is_refused_and_deleted(address, sizes):
    value = [upload(address, f"{i}.csv", str(i) * size) for i, size in enumerate(sizes)]
    assert "This is too large" in call(address, value)


def test_as_much_as_is_allowed_is_read(address):
    value = [upload(address, "0.csv", "0" * 600), upload(address, "1.csv", "1" * 400)]
    assert "1" * 400 in call(address, value)


def test_a_good_file_is_deleted_with_a_bad_one(address):
    stream = call(address, [upload(address, "a.csv", "secret"), {"path": "/etc/hostname"}])
    assert NOT_FILES in stream and "secret" not in stream


def test_no_path_of_the_server_is_read_or_deleted(address, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("secret")
    for meta in ({"_type": "gradio.FileData"}, {"_type": "other"}, {}):
        for path in (str(own), f"{own.parent}/../{own.parent.name}/{own.name}", f"file://{own}"):
            stream = call(address, [{"path": path, "meta": meta}])
            assert "event: error" in stream and "secret" not in stream
    assert own.read_text() == "secret"


def test_a_file_of_the_page_in_the_folder_of_uploads_is_not_deleted(address, folder):
    shared = folder / "shared.csv"
    shared.write_text("for everybody")
    call(address, [{"path": str(shared), "meta": {"_type": "gradio.FileData"}}])
    assert shared.read_text() == "for everybody"
    shared.unlink()


def test_a_link_in_the_folder_of_uploads_leads_nowhere(address, folder, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("secret")
    link = folder / "link.csv"
    link.symlink_to(own)
    stream = call(address, [{"path": str(link), "meta": {"_type": "gradio.FileData"}}])
    assert "event: error" in stream and "secret" not in stream
    link.unlink()


def test_no_address_is_fetched(address):
    """A listener of our own stands for a service of the internal network: nobody may knock."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.csv"
        for field in ({"path": url}, {"path": "", "url": url}, {"path": "x.csv", "url": url}):
            stream = call(address, [{**field, "meta": {"_type": "gradio.FileData"}}])
            assert "event: error" in stream
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize(
    "value",
    [
        "/etc/hostname",
        3,
        True,
        {},
        {"path": 3},
        {"path": None},
        {"path": ""},
        {"path": "\0"},
        [None],
        [[]],
        ["x"],
    ],
    ids=repr,
)
def test_anything_else_gets_a_sentence(address, value):
    stream = call(address, value)
    assert "event: error" in stream and NOT_FILES in stream


def test_too_many_files_get_a_sentence(folder):
    with pytest.raises(gr.Error, match="too many files"):
        UploadedFiles(render=False).preprocess([{"path": "x"}] * (MAX_FILES + 1))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("C:\\Users\\me\\a.csv", "a.csv"),
        ("../../a.csv", "a.csv"),
        ("a <i>${1}&é.csv", "a <i>${1}&é.csv"),
        ("", "b.csv"),
        ("x/", "b.csv"),
    ],
)
def test_names_come_without_folders(address, path, name):
    stream = call(address, [{**upload(address, "b.csv", "x"), "orig_name": path}])
    assert json.loads(stream.partition("data: ")[2]) == [[[name, "x"]]]


def test_the_browser_gets_its_properties(address):
    config = httpx.get(f"{address}config", timeout=30).json()
    props = next(c["props"] for c in config["components"] if c["props"].get("elem_id") == "own")
    assert (
        props["label"] == "Your files"
        and props["file_count"] == "multiple"
        and props["file_types"] == [".csv"]
    )
    described = httpx.get(f"{address}gradio_api/info", timeout=30).json()["named_endpoints"]["/read"]
    assert described["parameters"][0]["type"]["type"] == "array"


def test_the_largest_archive_passes_the_door(address, page):
    assert page.max_file_size == settings.MAX_ARCHIVE_BYTES < settings.MAX_REQUEST_BYTES
    value = upload(address, "big.zip", "x" * settings.MAX_ARCHIVE_BYTES)
    assert "too large" in call(address, [value])  # for this component, which then deletes it
    over = {"files": ("big.zip", b"x" * (settings.MAX_ARCHIVE_BYTES + 1))}
    assert httpx.post(f"{address}gradio_api/upload", files=over, timeout=30).status_code == 413


def test_a_picture_is_still_one_file_of_bytes(folder):
    path = folder / "a.png"
    path.write_bytes(b"png")
    assert UploadedPicture(render=False).preprocess({"path": str(path)}) == b"png"
    path.unlink()
    with pytest.raises(gr.Error, match="handle_file"):
        UploadedPicture(render=False).preprocess([{"path": str(path)}])
