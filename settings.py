"""Where things lie, what is allowed, and which device computes. Environment variables override; nothing
runs at import.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent
CHECKPOINTS = ROOT / "checkpoints"

MAX_PICTURE_BYTES = 8 * 2**20
"""Largest picture file that is read."""
MAX_PICTURE_PIXELS = 16_000_000
"""Largest width x height that is decoded: a 48 kB file can ask for gigabytes."""
MAX_PICTURE_SIDE = 8192
MAX_TABLE_BYTES = 5 * 2**20
"""Largest CSV file that is read."""
MAX_ARCHIVE_BYTES = 10 * 2**20
"""Largest zip archive that is read, and the most that several pictures may have together."""
MAX_REQUEST_BYTES = 12 * 2**20
"""Largest request body: a picture of the largest size as base64, or the largest archive, with room for the
envelope."""

MAX_OWN_BYTES = 512 * 2**20
"""Memory for the data sets of all visitors together."""
OWN_SECONDS = 3600
"""How long a visitor's data is kept."""

TRAIN_FOLLOW_SECONDS = 60.0
"""A run on the page that nobody looks at for so long is ended."""
TRAIN_PAUSE_SECONDS = 300.0
"""Longest pause of a run: it keeps its place on the machine meanwhile."""
TRAIN_PAUSE_WAITED_SECONDS = 30.0
"""Longest pause while another visitor's run waits for that place."""
TRAIN_WAITING = 8
"""Runs that may wait for their turn."""
TRAIN_RUNS = 12
"""Runs that are kept for each visitor."""
TRAIN_RUNS_ALL = 96
"""Runs that are kept for all visitors together; each takes up to 20 MB of disk."""
TRAIN_KEPT_SECONDS = 3600.0
"""How long the runs of a visitor who is gone are kept."""
TRAIN_NICE = 5
"""How far a training process steps back behind the page, 0 (not) to 19: far enough that answers stay quick,
and not so far that a run starves on a computer with other work.
"""
MAX_WEIGHTS_BYTES = 10 * 2**20
"""Largest file of weights that is read."""


def data_folder() -> Path:
    """The folder of the data sets: `TORCH_PLAYGROUND_DATA`, else a cache folder of the user's."""
    named = os.environ.get("TORCH_PLAYGROUND_DATA")
    if named:
        return Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "torch-playground"


def train_seconds() -> float:
    """Time budget of a run on the page: `TORCH_PLAYGROUND_TRAIN_SECONDS`, 5 to 86,400, else ten minutes.

    Raises ValueError with a sentence for anything else.
    """
    named = os.environ.get("TORCH_PLAYGROUND_TRAIN_SECONDS", "").strip() or "600"
    try:
        seconds = float(named)
    except ValueError:
        seconds = math.nan
    if not 5 <= seconds <= 86_400:
        raise ValueError(
            f"TORCH_PLAYGROUND_TRAIN_SECONDS must be a number of seconds from 5 to 86400, not {named!r:.40}."
        )
    return seconds


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pick_device() -> torch.device:
    """The accelerator if there is one, else the CPU. `TORCH_PLAYGROUND_DEVICE` ("cpu", "cuda:1", "mps")
    forces one.

    Raises ValueError with a sentence when the forced device is not there.
    """
    named = os.environ.get("TORCH_PLAYGROUND_DEVICE")
    if not named:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(named)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"The device {named!r} cannot be used here ({reason}). Try cpu.") from error
    return device


def fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 matrix products are faster than float32 on `device`: AMX on a CPU, tensor cores on
    CUDA.

    On a CPU without AMX or AVX-512 bfloat16 is emulated and slower than float32.
    """
    if device.type == "cpu":
        return torch.cpu._is_amx_tile_supported()
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
