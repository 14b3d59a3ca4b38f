"""An epoch of Fashion-MNIST in batches: data/batches.py against torch's DataLoader with ToTensor.

    python benchmarks/loader_speed.py --data FOLDER

Both give float batches (64, 1, 28, 28) of the 60,000 training pictures in a shuffled order. They take turns,
and the best epoch of each counts, the one that other work disturbed least. Also measured: one step of the
DataLoader tab on the server, with the size of its message.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from torchvision.transforms import ToTensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data import sources
from data.batches import TensorBatches
from data.fashion_mnist import FashionMNIST
from settings import data_folder
from ui.dataloader.steps import PLAIN, on_step
from ui.kit.own_data import OwnData

BATCH = 64
STEPS = 60


def seconds(batches: Callable[[], Iterable[object]]) -> float:
    """Seconds of an epoch."""
    begun = time.perf_counter()
    for _ in batches():
        pass
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder that holds FashionMNIST/raw")
    parser.add_argument("--epochs", type=int, default=3, help="of each (default: 3)")
    options = parser.parse_args()

    dataset = FashionMNIST(options.data, train=True, transform=ToTensor())
    loader: DataLoader[tuple[torch.Tensor, torch.Tensor]] = DataLoader(
        dataset, BATCH, shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    tensor_batches = TensorBatches(dataset.data.unsqueeze(1), dataset.targets, BATCH)
    times: dict[str, list[float]] = {"DataLoader": [], "data/batches.py": []}
    for epoch in range(options.epochs):
        times["DataLoader"].append(seconds(lambda: loader))
        times["data/batches.py"].append(seconds(lambda: tensor_batches.epoch(0, epoch)))  # noqa: B023  called at once
    for name, durations in times.items():
        print(f"{name:16} {min(durations):7.3f} s an epoch of {len(tensor_batches)} batches")
    print(f"{'':16} {min(times['DataLoader']) / min(times['data/batches.py']):7.1f} times as fast")

    os.environ["TORCH_PLAYGROUND_DATA"] = str(options.data)
    request = {**PLAIN, "dataset": sources.default(), "batch_size": BATCH}
    own = OwnData()
    on_step(own, {**request, "epoch": 0, "number": 0})
    durations, sizes = [], []
    for number in range(STEPS):
        begun = time.perf_counter()
        answer = on_step(own, {**request, "epoch": 0, "number": number})
        durations.append(time.perf_counter() - begun)
        sizes.append(len(json.dumps(answer)))
    middle, longest = statistics.median(durations) * 1e3, max(durations) * 1e3
    print(f"a step of the page: median {middle:.1f} ms, longest {longest:.1f} ms")
    print(f"its message: at most {max(sizes) / 1024:.0f} KB ({sources.default()}, batches of {BATCH})")


if __name__ == "__main__":
    main()
