"""Milliseconds from a picture to its answer on the server, median of many: preprocess, forward, whole call.

    python benchmarks/latency.py

The pictures are drawn by the program: a 280x280 sketch, as the page's pad sends it while the pen moves, and a
640x640 coloured picture as a JPEG file. The whole call also decodes the file and runs the naive pipeline.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image

from data import garments
from data.picture import read_picture
from inference.explain import METHODS
from inference.predictor import Predictor
from inference.preprocess import Kind, naive, prepare


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    """Median over `repeats` calls, after two that are not counted."""
    call(), call()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times)


def file_of(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def whole(predictor: Predictor, content: bytes, kind: Kind) -> None:
    """What the page does for a picture: decode, both pipelines, both answers."""
    rgb = read_picture(content).rgb
    predictor.predict(prepare(rgb, kind).pixels)
    predictor.predict(naive(rgb))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=50, help="calls measured")
    repeats = parser.parse_args().repeats
    predictor = Predictor.load()
    random = np.random.default_rng(0)
    files: dict[Kind, bytes] = {
        "drawing": file_of(garments.sketch(0, random, 280), "PNG"),
        "photo": file_of(garments.picture(0, random, 640), "JPEG"),
    }

    print(f"milliseconds, median of {repeats}")
    print(f"{'':10}{'decode':>10}{'preprocess':>12}{'forward':>10}{'whole call':>12}")
    for kind, content in files.items():
        rgb = read_picture(content).rgb
        pixels = prepare(rgb, kind).pixels
        steps = [
            milliseconds(partial(read_picture, content), repeats),
            milliseconds(partial(prepare, rgb, kind), repeats),
            milliseconds(partial(predictor.predict, pixels), repeats),
            milliseconds(partial(whole, predictor, content, kind), repeats),
        ]
        print(f"{kind:10}{steps[0]:10.1f}{steps[1]:12.1f}{steps[2]:10.1f}{steps[3]:12.1f}")
    for name, method in METHODS.items():
        spent = milliseconds(partial(method, predictor, pixels, 0), repeats)
        print(f"heat map by {name}: {spent:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
