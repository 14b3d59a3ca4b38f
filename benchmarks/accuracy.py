"""The shipped network on the 10,000 real test pictures: overall accuracy, accuracy of each class, parameters.

python benchmarks/accuracy.py --data FOLDER        # FOLDER holds FashionMNIST/raw
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from data.fashion import CLASSES
from data.fashion_mnist import FashionMNIST
from inference.predictor import Predictor
from models.checkpoint import CheckpointError
from settings import CHECKPOINTS, data_folder, pick_device


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder that holds FashionMNIST/raw")
    parser.add_argument("--checkpoint", default="fashion", help="name of the checkpoint in --folder")
    parser.add_argument("--folder", type=Path, default=CHECKPOINTS, help="folder of the checkpoint")
    options = parser.parse_args()
    try:
        predictor = Predictor.load(options.checkpoint, pick_device(), options.folder)
        test = FashionMNIST(options.data, train=False)
    except (CheckpointError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2

    answers = torch.cat(
        [
            predictor.probabilities(predictor.normalised(part.numpy())).argmax(1).cpu()
            for part in test.data.split(1000)
        ]
    )
    right = answers == test.targets
    print(
        f"{options.checkpoint}: {predictor.card.parameters:,} parameters, made by: {predictor.card.command}"
    )
    print(f"accuracy on {len(right):,} test pictures: {right.float().mean():.2%}")
    for label, name in enumerate(CLASSES):
        of_class = test.targets == label
        wrong = answers[of_class & ~right]
        often = f", most often taken for {CLASSES[int(wrong.mode().values)]}" if len(wrong) else ""
        print(f"  {name:12} {right[of_class].float().mean():7.2%}{often}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
