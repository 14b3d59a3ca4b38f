"""Where things lie, what is allowed, and which device computes. Environment variables override; nothing
runs at import.
"""

from __future__ import annotations

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


def data_folder() -> Path:
    """The folder of the data sets: `TORCH_PLAYGROUND_DATA`, else a cache folder of the user's."""
    named = os.environ.get("TORCH_PLAYGROUND_DATA")
    if named:
        return Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "torch-playground"


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
