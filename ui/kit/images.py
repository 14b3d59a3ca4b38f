"""Arrays as small picture files for the page."""

from __future__ import annotations

import base64

import cv2
import numpy as np


def as_png(image: np.ndarray) -> bytes:
    """(H, W) or (H, W, 3) RGB uint8 -> a PNG file."""
    return _encoded(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 4])


def as_data_url(image: np.ndarray) -> str:
    """Grey (H, W) as an exact PNG; colour (H, W, 3) RGB as a JPEG, which has a tenth of the size."""
    if image.ndim == 2:
        return f"data:image/png;base64,{as_base64(as_png(image))}"
    return f"data:image/jpeg;base64,{as_base64(_encoded('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 88]))}"


def as_base64(data: bytes | np.ndarray) -> str:
    """Base64 text of bytes, or of an array's bytes in row-major order."""
    return base64.b64encode(data if isinstance(data, bytes) else data.tobytes()).decode("ascii")


def _encoded(kind: str, image: np.ndarray, options: list[int]) -> bytes:
    stored = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    is_encoded, data = cv2.imencode(kind, stored, options)
    if not is_encoded:
        raise ValueError(f"An array {image.dtype} {image.shape} cannot be stored as {kind}.")
    return data.tobytes()
