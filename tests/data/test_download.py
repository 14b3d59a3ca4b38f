"""Fashion-MNIST is downloaded: from servers that behave and servers that do not."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
import torchvision

from data import download, fashion
from data.download import Download, DownloadError
from data.fashion_mnist import FashionMNIST

SAMPLES = {"train": 6, "t10k": 4}


def idx(values: torch.Tensor) -> bytes:
    """`values` uint8 in the IDX format: zero, zero, type 8, dimensions, then the sizes, big-endian."""
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return head + bytes(values.flatten().tolist())


def images(half: str) -> torch.Tensor:
    values = torch.arange(SAMPLES[half] * 28 * 28) % 251
    return values.reshape(-1, 28, 28).to(torch.uint8)


@pytest.fixture
def files(monkeypatch) -> dict[str, bytes]:
    """Four tiny archives, which the program takes for the real ones."""
    archives = {}
    for half, count in SAMPLES.items():
        archives[f"{half}-images-idx3-ubyte.gz"] = gzip.compress(idx(images(half)))
        archives[f"{half}-labels-idx1-ubyte.gz"] = gzip.compress(idx(torch.arange(count)))
    table = {}
    for name, packed in archives.items():
        content = gzip.decompress(packed)
        digest = hashlib.sha256(content).hexdigest()
        table[name.removesuffix(".gz")] = fashion.File(len(content), digest, len(packed))
    monkeypatch.setattr(fashion, "FILES", table)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return archives


@pytest.fixture
def served(files, monkeypatch) -> Iterator[list[str]]:
    """A server on loopback that has `files`; gives the list of the requested paths."""
    requests: list[str] = []
    # a test that shortens a file afterwards gets a connection that ends too early
    announced = {name: len(content) for name, content in files.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            content = files.get(self.path.lstrip("/"))
            if content is None:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Length", str(announced[self.path.lstrip("/")]))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("TORCH_PLAYGROUND_MIRROR", f"http://127.0.0.1:{server.server_port}")
    yield requests
    server.shutdown()
    thread.join()
    server.server_close()


def left(folder) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def fails(tmp_path) -> str:
    """Downloading fails; returns its sentence, which is on one line."""
    with pytest.raises(DownloadError) as caught:
        FashionMNIST(tmp_path, download=True)
    message = str(caught.value)
    assert message.startswith("Fashion-MNIST ") and message.endswith(".") and len(message.splitlines()) == 1
    assert not fashion.available(tmp_path)
    return message


def test_download(tmp_path, served, files, capsys):
    data = FashionMNIST(tmp_path, download=True)
    assert torch.equal(data.data, images("train"))
    assert data.targets.tolist() == [0, 1, 2, 3, 4, 5]
    assert data.data.dtype == torch.uint8 and data.targets.dtype == torch.int64
    assert "Fashion-MNIST: 100%" in capsys.readouterr().err, "no progress was shown"
    assert fashion.available(tmp_path)
    assert left(tmp_path) == {name.removesuffix(".gz") for name in files}

    requests = len(served)
    assert len(FashionMNIST(tmp_path, train=False, download=True)) == 4
    assert len(served) == requests, "what is there was downloaded again"


def test_torchvision_reads_what_was_downloaded(tmp_path, served):
    dataset = FashionMNIST(tmp_path, train=False, download=True)
    reference = torchvision.datasets.FashionMNIST(tmp_path, train=False)
    assert torch.equal(dataset.data, reference.data) and torch.equal(dataset.targets, reference.targets)


def test_a_download_continues_with_the_missing_files(tmp_path, served, files):
    names = list(files)
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / names[0]).write_bytes(files[names[0]])
    (raw / names[1]).write_bytes(files[names[1]][:10])
    FashionMNIST(tmp_path, download=True)
    assert served == [f"/{name}" for name in names[1:]]


def test_without_files_and_without_download(tmp_path, served):
    with pytest.raises(RuntimeError, match="not found"):
        FashionMNIST(tmp_path)
    assert served == [] and not fashion.available(tmp_path)


def test_transforms_work_as_in_torchvision(tmp_path, served):
    def sizes(image):
        return image.mode, image.size

    FashionMNIST(tmp_path, download=True)
    data = FashionMNIST(str(tmp_path), train=True, transform=sizes, target_transform=lambda label: -label)
    assert data[3] == (("L", (28, 28)), -3)
    to_tensor = FashionMNIST(tmp_path, transform=torchvision.transforms.ToTensor())
    assert torch.equal(to_tensor[1][0], images("train")[1:2].float() / 255)


@pytest.mark.parametrize("change", ["another byte", "longer", "not gzip", "a bomb"])
def test_a_damaged_file_is_refused(tmp_path, served, files, change):
    name = next(iter(files))
    content = gzip.decompress(files[name])
    files[name] = {
        "another byte": gzip.compress(content[:-1] + b"!"),
        "longer": gzip.compress(content + b"!"),
        "not gzip": content,
        "a bomb": gzip.compress(bytes(10**8)),
    }[change]
    assert "damaged" in fails(tmp_path) or change == "not gzip"
    assert left(tmp_path) == set()


def test_nothing_is_read_behind_the_end_of_a_file(tmp_path, files):
    name = next(iter(files))

    def endless():
        yield files[name]
        yield pytest.fail("more was read")

    download._unpack(endless(), tmp_path / name.removesuffix(".gz"))
    assert left(tmp_path) == {name.removesuffix(".gz")}


def test_half_a_file(tmp_path, served, files):
    """The connection ends in the middle of the third file; the complete files before it may stay."""
    name = list(files)[2]
    files[name] = files[name][: len(files[name]) // 2]
    assert "could not be downloaded" in fails(tmp_path)
    assert left(tmp_path) == {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"}


def test_file_not_on_the_server(tmp_path, served, files):
    files.clear()
    assert "Not Found" in fails(tmp_path)
    assert left(tmp_path) == set()


def test_connection_refused(tmp_path, files, monkeypatch):
    with socket.socket() as busy:
        # bound but not listening, so that no other program can take the port meanwhile
        busy.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TORCH_PLAYGROUND_MIRROR", f"http://127.0.0.1:{busy.getsockname()[1]}")
        message = fails(tmp_path)
    assert "refused" in message and str(tmp_path) in message
    assert left(tmp_path) == set()


def test_server_that_never_answers(tmp_path, files, monkeypatch):
    monkeypatch.setattr(download, "DOWNLOAD_READ_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("TORCH_PLAYGROUND_MIRROR", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "timed out" in fails(tmp_path)
    assert left(tmp_path) == set()


def answering(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(answer)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="hangs up"),
        pytest.param(b"220 this is not a web server\r\n", id="speaks something else"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nshort", id="breaks off"),
    ],
)
def test_server_that_talks_nonsense(tmp_path, files, monkeypatch, answer):
    with socket.create_server(("127.0.0.1", 0)) as odd:
        monkeypatch.setenv("TORCH_PLAYGROUND_MIRROR", f"http://127.0.0.1:{odd.getsockname()[1]}")
        thread = threading.Thread(target=answering, args=(odd, answer))
        thread.start()
        assert "could not be downloaded" in fails(tmp_path)
        thread.join()
    assert left(tmp_path) == set()


def test_folder_that_cannot_be_made(tmp_path, served):
    (tmp_path / "FashionMNIST").write_text("a file where a folder should be")
    assert "could not be downloaded" in fails(tmp_path)


def test_interrupted_unpacking_leaves_no_file_that_looks_complete(tmp_path, served, monkeypatch):
    def interrupt(done, total):
        assert 0 < done <= total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.fetch(tmp_path, interrupt)
    assert left(tmp_path) == set()


def test_a_file_that_a_killed_process_left_behind_is_removed(tmp_path, served, files):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, age in {"old.part": 2 * download.ABANDONED_SECONDS, "new.part": 0.0}.items():
        (raw / name).write_bytes(b"half")
        os.utime(raw / name, (time.time() - age,) * 2)
    download.fetch(tmp_path)
    assert left(tmp_path) == {"new.part"} | {name.removesuffix(".gz") for name in files}


def test_the_second_server_is_asked_when_the_first_fails(tmp_path, served, monkeypatch):
    there = os.environ["TORCH_PLAYGROUND_MIRROR"]
    monkeypatch.delenv("TORCH_PLAYGROUND_MIRROR")
    monkeypatch.setattr(download, "MIRRORS", (f"{there}/nowhere/", f"{there}/"))
    download.fetch(tmp_path)
    assert fashion.available(tmp_path)
    assert served[:2] == ["/nowhere/train-images-idx3-ubyte.gz", "/train-images-idx3-ubyte.gz"]


def ended(background: Download) -> dict[str, object]:
    """The status once it is no longer "fetching"."""
    until = time.monotonic() + 20
    while (status := background.status())["state"] == "fetching" and time.monotonic() < until:
        time.sleep(0.01)
    return status


def test_the_page_fetches_it_in_the_background(tmp_path, served, files, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    background = Download()
    background.start()
    assert background.status()["state"] == "missing" and served == []  # the tests are offline
    monkeypatch.setenv("TORCH_PLAYGROUND_OFFLINE", "0")
    removed = files.popitem()
    background.start()
    status = ended(background)
    assert status["state"] == "failed" and "Not Found" in str(status["problem"])
    assert str(tmp_path) not in str(status["problem"]), "strangers read it"
    files.update([removed])
    background.start()
    status = ended(background)
    assert status["state"] == "here" and status["done"] == status["total"] == len(removed[1])
    assert fashion.available(tmp_path)
    requests = len(served)
    background.start()
    assert len(served) == requests and background.status()["state"] == "here"


def test_a_page_that_closes_leaves_nothing_half_written(tmp_path, files, monkeypatch):
    monkeypatch.setenv("TORCH_PLAYGROUND_DATA", str(tmp_path))
    monkeypatch.setenv("TORCH_PLAYGROUND_OFFLINE", "0")
    with socket.create_server(("127.0.0.1", 0)) as slow:
        monkeypatch.setenv("TORCH_PLAYGROUND_MIRROR", f"http://127.0.0.1:{slow.getsockname()[1]}")
        background = Download()
        background.start()
        connection = slow.accept()[0]
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            sending = threading.Thread(target=trickle, args=(connection,), daemon=True)
            sending.start()
            until = time.monotonic() + 20
            while not left(tmp_path) and time.monotonic() < until:
                time.sleep(0.01)
            assert len(left(tmp_path)) == 1
            background.close()
            assert left(tmp_path) == set()


def trickle(connection: socket.socket) -> None:
    """Send a gzip file that takes a minute."""
    content = gzip.compress(os.urandom(3000))
    with contextlib.suppress(OSError):
        for start in range(len(content)):
            connection.sendall(b"1\r\n" + content[start : start + 1] + b"\r\n")
            time.sleep(0.02)


@pytest.mark.parametrize("name", list(fashion.FILES))
@pytest.mark.parametrize("how", ["half", "longer", "empty", "one byte", "a folder"])
def test_a_damaged_file_counts_as_missing_until_it_is_fetched_again(tmp_path, served, name, how):
    whole = FashionMNIST(tmp_path, download=True).data
    path = tmp_path / "FashionMNIST" / "raw" / name
    content = path.read_bytes()
    if how == "a folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(
            {
                "half": content[: len(content) // 2],
                "longer": content + b"!",
                "empty": b"",
                "one byte": content[:-1] + bytes([content[-1] ^ 1]),
            }[how]
        )
    assert not fashion.available(tmp_path)
    problem = (
        "is not on this machine." if how == "a folder" else f"is damaged on this machine (the file {name})."
    )
    assert fashion.problem(tmp_path) == f"Fashion-MNIST {problem}"
    with pytest.raises(RuntimeError, match="not found"):
        FashionMNIST(tmp_path)
    if how == "a folder":
        path.rmdir()
    assert torch.equal(FashionMNIST(tmp_path, download=True).data, whole)
    assert path.read_bytes() == content and fashion.available(tmp_path)


def test_a_file_that_is_repaired_in_place_is_found(tmp_path, served):
    FashionMNIST(tmp_path, download=True)
    path = tmp_path / "FashionMNIST" / "raw" / "t10k-labels-idx1-ubyte"
    content, before = path.read_bytes(), path.stat()
    for damaged in (True, False, True):
        path.write_bytes(bytes(len(content)) if damaged else content)
        # even if a program restores its size and its time
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert fashion.available(tmp_path) is not damaged


def test_an_intact_file_is_read_once(tmp_path, served, monkeypatch):
    FashionMNIST(tmp_path, download=True)
    assert fashion.available(tmp_path)
    monkeypatch.setattr(fashion.hashlib, "file_digest", None)
    assert fashion.available(tmp_path)


def test_a_file_that_cannot_be_read_counts_as_damaged(tmp_path, served, monkeypatch):
    FashionMNIST(tmp_path, download=True)

    def fail(*_):
        raise PermissionError("not for you")

    monkeypatch.setattr(fashion, "_digest", fail)
    assert "is damaged" in fashion.problem(tmp_path)


def test_only_what_is_damaged_is_unpacked_again(tmp_path, served, files):
    FashionMNIST(tmp_path, download=True)
    raw = tmp_path / "FashionMNIST" / "raw"
    untouched = (raw / "train-images-idx3-ubyte").stat().st_mtime_ns
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"half")
    (raw / "t10k-images-idx3-ubyte.gz").write_bytes(files["t10k-images-idx3-ubyte.gz"])
    requests = len(served)
    FashionMNIST(tmp_path, download=True)
    assert (raw / "train-images-idx3-ubyte").stat().st_mtime_ns == untouched
    assert len(served) == requests, "the compressed file was there and whole"
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"half")
    (raw / "t10k-images-idx3-ubyte.gz").write_bytes(b"half")
    FashionMNIST(tmp_path, download=True)
    assert served[requests:] == ["/t10k-images-idx3-ubyte.gz"]
