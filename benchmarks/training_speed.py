"""Seconds of training until a network reads 90 % of the validation pictures: our loop and the textbook's,
in one run.

    python benchmarks/training_speed.py --data FOLDER        # FOLDER holds FashionMNIST/raw

Both train a network of one architecture from the same initial weights on the same 55,000 pictures, and are
asked for their accuracy on the same 5,000 others after every half epoch; the time of asking is not counted.
The textbook's loop is a DataLoader with ToTensor, batches of 64, Adam at 1e-3 and float32, without a
schedule.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset
from torchvision.transforms import ToTensor

from data import fashion
from data.batches import TensorBatches
from models.registry import build, parameters
from settings import data_folder
from training.command import keep_freed_memory
from training.config import TrainConfig
from training.loop import Step, evaluate, train

WIDTHS = (16, 32, 64, 96)


def ours(images: Tensor, labels: Tensor, epochs: int) -> Iterator[nn.Module]:
    config = TrainConfig(
        epochs=epochs, batch_size=256, lr=0.1, weight_decay=5e-4, schedule="one-cycle", average=0.9
    )
    model = build("fashion_cnn", seed=0, widths=WIDTHS).to(memory_format=torch.channels_last)
    batches = TensorBatches(images, labels, config.batch_size)
    for record in train(model, batches, config):
        if isinstance(record, Step):
            yield model


def textbook(data: Subset, epochs: int) -> Iterator[nn.Module]:
    model = build("fashion_cnn", seed=0, widths=WIDTHS)
    loader = DataLoader(data, batch_size=64, shuffle=True, generator=torch.Generator().manual_seed(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        for x, y in loader:
            model.train()
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            yield model


def seconds_to(goal: float, steps: Iterator[nn.Module], every: int, validation: tuple[Tensor, Tensor]) -> str:
    """Run `steps`, asking every so many of them; says after how much training time `goal` was reached."""
    spent, best = 0.0, 0.0
    begun = time.perf_counter()
    for number, model in enumerate(steps, 1):
        if number % every == 0:
            spent += time.perf_counter() - begun
            best = max(best, accuracy := evaluate(model, *validation)[1])
            if accuracy >= goal:
                return f"{spent:6.1f} s to {accuracy:.2%}"
            begun = time.perf_counter()
    return f"{spent:6.1f} s, and only {best:.2%}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder that holds FashionMNIST/raw")
    parser.add_argument("--goal", type=float, default=0.90, help="accuracy to reach")
    parser.add_argument("--epochs", type=int, default=2, help="length of our one-cycle schedule")
    options = parser.parse_args()
    try:
        whole = fashion.FashionMNIST(options.data, train=True, transform=ToTensor())
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    keep_freed_memory()
    images = whole.data.unsqueeze(1)
    kept, held = fashion.split(whole.targets, 5000)
    validation = (images[held].float() / 255, whole.targets[held])

    print(
        f"{parameters(build('fashion_cnn', widths=WIDTHS)):,} parameters, {torch.get_num_threads()} threads"
    )
    rivals = {
        "our loop": (ours(images[kept], whole.targets[kept], options.epochs), len(kept) // 256 // 2),
        "textbook loop": (textbook(Subset(whole, kept.tolist()), 5), len(kept) // 64 // 2),
    }
    for name, (steps, every) in rivals.items():
        print(f"{name:14} {seconds_to(options.goal, steps, every, validation)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
