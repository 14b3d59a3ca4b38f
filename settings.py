"""Paths, limits and the choice of the device. Environment variables override them; nothing runs at import."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from checks import number, read_number
from language import _, ngettext

ROOT = Path(__file__).resolve().parent
CHECKPOINTS = ROOT / "checkpoints"

MAX_PICTURE_BYTES = 8 * 2**20
"""Largest picture file that is read."""
MAX_PICTURE_PIXELS = 16_000_000
"""Largest width x height that is decoded: a 48 kB file can ask for gigabytes."""
MAX_PICTURE_SIDE = 8192
"""Longest side of a picture, in pixels."""
MAX_DECODE_WORK = 48 * MAX_PICTURE_PIXELS
"""Most work that decoding one picture may take, in units of about a nanosecond on one core: a progressive
photo of the largest size with a dozen scans needs 42 a pixel, a crafted file of 200 KB a hundred times more.
"""
MODEST_DECODE_WORK = 8 * MAX_PICTURE_PIXELS
"""Pictures with more work than this, that of an ordinary photo of the largest size, are decoded one by one.
"""
DECODE_WAIT_SECONDS = 10.0
"""Longest time that such a picture waits for its turn before it is refused."""
PICTURES = 512
"""Most decoded pictures of visitors that are kept. A picture that was dropped is uploaded again."""
PICTURES_BYTES = 128 * 2**20
"""Memory for these pictures: 40 large photos, or 300 drawings."""
MAX_ARCHIVE_WORK = 4_000_000_000
"""Most work that decoding all pictures of one upload may take."""
MAX_PICTURES = 2_000
"""Most pictures of a visitor's data set."""
MAX_TABLE_BYTES = 5 * 2**20
"""Largest CSV file that is read."""
MAX_TABLE_ROWS = 50_000
"""Most rows of a CSV file, without its header."""
MAX_TABLE_COLUMNS = 256
"""Most columns of a CSV file."""
MAX_ARCHIVE_BYTES = 10 * 2**20
"""Largest zip archive that is read, and largest total size of several pictures."""
MAX_UNPACKED_BYTES = 50 * 2**20
"""Largest total size of the unpacked files of an archive."""
MAX_REQUEST_BYTES = 12 * 2**20
"""Largest request body: the largest picture as base64, or the largest archive, with room for the envelope."""

MAX_PLAIN_BYTES = 100 * 2**10
"""Largest request body that carries neither a picture nor a file."""
MAX_FILES = MAX_PICTURES + 1
"""Most files in one upload or archive: the pictures of a data set, and the CSV with their labels."""
MAX_JSON_PARTS = 20 * MAX_FILES
"""Most lists, objects and commas in a request. The names of MAX_FILES files need half of them; parsing
millions would delay every visitor.
"""
LARGE_REQUESTS = 24
"""Most large requests that are read or answered at the same time; others wait before they are read."""
LARGE_REQUESTS_CLIENT = 4
"""The same for one network address."""
REQUESTS = 32
"""Most requests that are handled at the same time, not counting streams."""
REQUESTS_CLIENT = 16
"""The same for one network address."""
WAITING_CLIENT = 128
"""Most requests from one network address that may wait to be handled: a whole class shares an address."""
WAITING_SECONDS = 60.0
"""Longest time that a request waits to be read or handled."""
STREAMS = 4_000
"""Most open event streams; an open page has one or two."""
STREAMS_CLIENT = 400
"""The same for one network address."""
HEARTBEAT_SECONDS = 15.0
"""Time between two lines on such a connection: proxies close idle ones."""
READ_SECONDS = 10.0
"""Longest time for the headers of a request, and longest pause within its body."""
READ_RATE = 64 * 2**10
"""Bytes of a body that must arrive each second after READ_SECONDS: half a megabit."""
EVENTS = 400
"""Most events that may wait in the queue of the page."""
EVENTS_CLIENT = 200
"""The same for one network address."""
EVENTS_SESSION = 16
"""The same for one open page."""
CALLS = 4
"""Most calls of one public endpoint that are answered at the same time."""
NETWORK_CALLS = 4
"""Most answers and heat maps of the network of Classify that are computed at the same time, including those
for the page."""
PATTERN_TRAININGS = 2
"""Most trainings of the Patterns tab that run at the same time, in the process of the page."""
RACES = 1
"""Most races of DataLoaders that run at the same time: each would slow the others down."""
RACE_WORK_SECONDS = 6.0
"""Longest race without workers, as calculated."""
RACE_SECONDS = 30.0
"""Longest race for one number of workers: four spawned workers that import torch take 8 s on two cores."""
READY_NETWORKS = 16
"""Most networks of runs that are kept ready for Classify, of all visitors together."""
SESSIONS = 2_000
"""Most sessions that are kept; those without an open page are dropped first."""

PAGES = 2
"""Most pages that are built at the same time when none is cached; one takes a tenth of a second."""
PAGES_CLIENT = 1
"""The same for one network address."""
PAGES_WAITING_CLIENT = 1_000
"""Most requests from one network address that may wait for their page, for at most WAITING_SECONDS."""
SHARED_BYTES = 64 * 2**20
"""Memory for pages and files that are the same for everybody."""
SHARED_ANSWERS = 1_000
"""Most such pages and files."""

UPLOADS_BYTES = 256 * 2**20
"""Disk space for uploaded files; when it is full, the address that uses most loses its oldest file first."""
FILES_SECONDS = 600
"""How long a file is kept that was uploaded or created for an answer."""
PROGRESS_SECONDS = 10.0
"""How long after an upload the browser can still ask for its progress."""

MAX_OWN_BYTES = 512 * 2**20
"""Memory for the data sets of all visitors together."""
MAX_OWN_BYTES_CLIENT = MAX_OWN_BYTES // 2
"""The same for one network address: a whole class shares an address."""
OWN_SECONDS = 3600
"""How long a visitor's data is kept."""
OWN_LEFT_SECONDS = 60.0
"""How long it is kept after the visitor left the page: a reload comes back sooner."""

TRAIN_FOLLOW_SECONDS = 60.0
"""A run nobody has followed for this long is stopped."""
TRAIN_PAUSE_SECONDS = 300.0
"""Longest pause of a run, during which it keeps its process."""
TRAIN_PAUSE_WAITED_SECONDS = 30.0
"""Longest pause while another visitor's run waits for a process."""
TRAIN_WAITING = 128
"""Most runs that may wait for their turn."""
TRAIN_WAITING_ADDRESS = 48
"""Most runs from one network address that may wait: a whole class shares an address."""
TRAIN_RESTARTS = 2
"""How often a run gets another process because its process exited before the run began."""
TRAIN_RUNS = 12
"""Runs that are kept for each visitor."""
TRAIN_BYTES = 2 * 2**30
"""Disk space for the runs of all visitors; the network address that uses most of it loses runs first."""
TRAIN_RUN_BYTES = 2**20
"""Each run counts as at least this many bytes, which limits their number: their curves are in memory."""
TRAIN_KEPT_SECONDS = 3600.0
"""How long the runs of a visitor are kept after the last contact."""
TRAIN_HERE_SECONDS = 150.0
"""A visitor counts as away after this many seconds without contact; an open page makes contact every 60 s."""
TRAIN_STOP_SECONDS = 10.0
"""Longest time that a new run waits for the visitor's last one to stop."""
TRAIN_GRACE_SECONDS = 3.0
"""Time in which a process must obey an order to stop; longer if its steps take longer."""
TRAIN_FIRST_STEP_SECONDS = 12.0
"""The same before its first step."""
TRAIN_BEGINNING_SECONDS = 120.0
"""Time that a process may take beyond the budget of its run, for example to draw its data first."""
TRAIN_ENDING_SECONDS = 120.0
"""Time in which a process must measure and keep what the run learned."""
TRAIN_ACCEPTING_SECONDS = 15.0
"""Time in which a process must confirm that it received a run."""
TRAIN_WARMING_SECONDS = 120.0
"""The same while the process is still warming up."""
TRAIN_FAILURES = 3
"""After so many processes in a row that exited before they were warm, there is a pause before the next."""
TRAIN_RETRY_SECONDS = 20.0
"""Length of that pause."""
TRAIN_MEMORY_BYTES = 3 * 2**30
"""A process that uses more memory than this after a run is replaced."""
TRAIN_NICE = 5
"""Niceness of a training process, 0 to 19: enough that the page answers quickly, and not so much that a run
starves on a busy computer.
"""
MAX_WEIGHTS_BYTES = 10 * 2**20
"""Largest file of weights that is read."""

DOWNLOAD_CONNECT_SECONDS = 5.0
"""Longest time to wait for a connection when the page fetches Fashion-MNIST."""
DOWNLOAD_READ_SECONDS = 20.0
"""Longest pause within that download."""


def duration(seconds: float) -> str:
    """A time within a sentence: "90 seconds", "10 minutes", "an hour", "2 hours"."""
    if seconds == 3600:
        return _("an hour")
    if seconds >= 7200 and seconds % 3600 == 0:
        hours = int(seconds // 3600)
        return ngettext("{n} hour", "{n} hours", hours).format(n=hours)
    if seconds >= 120 and seconds % 60 == 0:
        minutes = int(seconds // 60)
        return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
    if seconds != int(seconds):
        return _("{n} seconds").format(n=f"{seconds:g}")
    return ngettext("{n} second", "{n} seconds", int(seconds)).format(n=f"{seconds:g}")


def data_folder() -> Path:
    """The folder of the data sets: `TORCH_PLAYGROUND_DATA`, else a cache folder of the user's."""
    folder = os.environ.get("TORCH_PLAYGROUND_DATA")
    if folder:
        return Path(folder).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "torch-playground"


def is_offline() -> bool:
    """Whether the page must not use the network: `TORCH_PLAYGROUND_OFFLINE` is 1."""
    return os.environ.get("TORCH_PLAYGROUND_OFFLINE", "").strip() not in ("", "0")


def train_seconds() -> float:
    """Time budget of a run on the page: `TORCH_PLAYGROUND_TRAIN_SECONDS`, 5 to 86,400, else ten minutes.

    Raises ValueError with a sentence for anything else.
    """
    return _seconds("TORCH_PLAYGROUND_TRAIN_SECONDS", 600.0)


def train_seconds_waited() -> float:
    """Time budget of a run while another visitor's run waits: `TORCH_PLAYGROUND_TRAIN_SECONDS_WAITED`,
    5 to 86,400, else two minutes; never more than `train_seconds`.

    Raises ValueError with a sentence for anything else.
    """
    return min(train_seconds(), _seconds("TORCH_PLAYGROUND_TRAIN_SECONDS_WAITED", 120.0))


def _seconds(variable: str, default: float) -> float:
    """The seconds in an environment variable, 5 to 86,400."""
    value = os.environ.get(variable, "").strip()
    return number(read_number(value) if value else default, variable, 5, 86_400)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pick_device() -> torch.device:
    """The accelerator if there is one, else the CPU. `TORCH_PLAYGROUND_DEVICE` ("cpu", "cuda:1", "mps")
    overrides this.

    Raises ValueError with a sentence when that device cannot be used.
    """
    name = os.environ.get("TORCH_PLAYGROUND_DEVICE")
    if not name:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"The device {name!r} cannot be used here ({reason}). Try cpu.") from error
    return device


def fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 matrix products are faster than float32 on `device`: AMX on a CPU, tensor cores on
    CUDA.

    On a CPU without AMX or AVX-512 bfloat16 is emulated and slower than float32.
    """
    if device.type == "cpu":
        return torch.cpu._is_amx_tile_supported()
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
