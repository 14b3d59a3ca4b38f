"""Milliseconds on the server: from a picture to its answer, a slider of Conv shapes, all feature maps.

    python benchmarks/latency.py

The program draws the pictures: a 280x280 sketch, as the page's pad sends it while the pen moves, and a
640x640 coloured picture as a JPEG file. The whole call also decodes the file and runs the naive pipeline. The
sliders move at random, starting from the tutorials' layer, each to a value that the page offers.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image

from data.drawn import garments
from data.own.picture import read_picture
from inference.explain import METHODS
from inference.predictor import Predictor
from inference.preprocess import Kind, naive, prepare
from models.arithmetic import PAIRS
from ui.context import Context
from ui.conv.inside import on_look
from ui.conv.layer import on_layer
from ui.kit.images import as_base64


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
        duration = milliseconds(partial(method, predictor, pixels, 0), repeats)
        print(f"heat map by {name}: {duration:.0f}")

    times, sizes = slider_moves(4 * repeats)
    spread = (
        f"median {statistics.median(times):.0f}, nine in ten under {statistics.quantiles(times, n=10)[8]:.0f}"
    )
    print(f"a slider of Conv shapes: {spread}, message at most {max(sizes) / 1024:.0f} KB")
    times, sizes = new_pictures(repeats)
    spread = f"median {statistics.median(times):.0f}, longest {max(times):.0f}"
    print(f"all feature maps of a picture: {spread}, message at most {max(sizes) / 1024:.0f} KB")
    return 0


def slider_moves(moves: int) -> tuple[list[float], list[int]]:
    """Milliseconds and bytes of each of `moves` random changes of the one-layer part."""
    random = np.random.default_rng(0)
    times, sizes = [], []
    layer = on_layer({})
    for move in range(moves):
        if move % 20 == 0:  # or the numbers would drift to where nobody goes
            layer = on_layer({})
        sliders = {
            n: v
            for n, v in layer["allowed"].items()
            if len(v) > 1 and n not in ("padding", "c", "in_channels")
        }
        name = str(random.choice(list(sliders)))
        value = int(random.choice(sliders[name]))
        spec = dict(layer["spec"])
        key, _, axis = name.rpartition("_")
        if name == "channels":
            spec |= {"c": value, "in_channels": value}
        elif key in PAIRS:
            spec[key] = [value if axis == side else old for side, old in zip("hw", spec[key], strict=True)]
        else:
            spec[name] = value
        begun = time.perf_counter()
        layer = on_layer(spec)
        times.append(1000 * (time.perf_counter() - begun))
        sizes.append(len(json.dumps(layer)))
    return times, sizes


def new_pictures(count: int) -> tuple[list[float], list[int]]:
    """Milliseconds and bytes of the feature maps of `count` new drawn garments."""
    context = Context()
    times, sizes = [], []
    for picture in garments.Garments(count + 1).data.numpy():
        request = {"pixels": as_base64(picture)}
        begun = time.perf_counter()
        answer = on_look(context, request)
        times.append(1000 * (time.perf_counter() - begun))
        sizes.append(len(json.dumps(answer)))
    return times[1:], sizes[1:]


if __name__ == "__main__":
    sys.exit(main())
