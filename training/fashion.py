"""Train a network that reads garments: `python -m training.fashion`.

With Fashion-MNIST in the data folder, `python -m training.fashion --test` reached 94.66 % of the 10,000
test pictures with 906,859 parameters (seed 0, 40 epochs, 64 minutes on two busy cores with AMX); where only
the ten garments are asked, as on the page, it is 94.69 %. The same network reads visitors' pictures: a
quarter of each batch looks as if cut from a photograph, and drawings are mixed in.

`--network` trains one of the classic networks on the same pictures instead.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from data import fashion
from data.augment import as_found, standard
from data.batches import TensorBatches
from data.garments import Garments, others
from models.checkpoint import Card
from models.registry import build
from settings import data_folder, pick_device
from training.command import Job, config_from, main, parser
from training.config import TrainConfig
from training.loop import evaluate

DEFAULTS = TrainConfig(
    epochs=40,
    batch_size=256,
    lr=0.25,
    weight_decay=5e-4,
    schedule="one-cycle",
    label_smoothing=0.1,
    average=0.998,
)
NETWORKS = ("fashion_cnn", "softmax_regression", "mlp", "lenet5", "tutorial_cnn", "inception", "residual")
"""Those of `models.registry` that take pictures (N, 1, 28, 28)."""
WITH_DROPOUT = ("mlp", "tutorial_cnn", "inception", "residual")
CLASSIC = dataclasses.replace(DEFAULTS, epochs=20, lr=0.05)
"""Defaults of all but the first: those without batch normalisation do not bear its learning rate."""
SOMETHING_ELSE = len(fashion.CLASSES)
"""Label of the eleventh answer: what is none of the ten kinds of garment."""
ROUNDS = 3
"""Each epoch shows other drawings than the two before it."""
STRANGE_ABOVE = 0.25
"""The warning comes when the eleventh answer has more than this share of the probability."""


def augment(images: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Three quarters of a batch as a benchmark shows them, the rest as visitors do; normalised."""
    clean = len(images) * 3 // 4
    images = torch.cat([standard(images[:clean], generator), as_found(images[clean:], generator)])
    return normalised(images), labels


def normalised(images: Tensor) -> Tensor:
    """Images (N, 1, 28, 28), uint8 or float in [0, 1], as the network wants them."""
    images = images.float().div(255) if images.dtype == torch.uint8 else images
    return (images - fashion.MEAN) / fashion.STD


def prepare(options: argparse.Namespace) -> Job:
    """The run that the options describe. Raises ValueError with a sentence for a bad one or missing data."""
    config = config_from(options)
    for name, low, high in (("held_out", 10, 59_000), ("drawn", 0, 100_000), ("others", 0, 100_000)):
        if not low <= getattr(options, name) <= high:
            said = name.replace("_", "-")
            raise ValueError(f"{said} must be from {low} to {high:,}, not {getattr(options, name)}.")
    if options.dropout and options.network not in WITH_DROPOUT:
        raise ValueError(f"{options.network} has no dropout: leave --dropout out, or choose another network.")
    if not 0 <= options.dropout < 1:
        raise ValueError(f"dropout must be from 0 up to, but not, 1, not {options.dropout}.")
    drawn, odd = ROUNDS * options.drawn, ROUNDS * options.others
    if options.dry_run:
        config = dataclasses.replace(config, epochs=1)
        drawn, odd = 300, 90
    train, held, described = _real(options)
    drawings = Garments(drawn, seed=config.seed)
    images = torch.cat([train[0], drawings.data.unsqueeze(1), others(odd, config.seed).unsqueeze(1)])
    labels = torch.cat([train[1], drawings.targets, torch.full((odd,), SOMETHING_ELSE)])
    batches = TensorBatches(images, labels, config.batch_size, config.shuffle, augment, drawn + odd, ROUNDS)

    arguments: dict[str, int | float] = {"classes": SOMETHING_ELSE + 1}
    if options.dropout:
        arguments["dropout"] = options.dropout
    model = build(options.network, seed=config.seed, **arguments)
    model = model.to(pick_device()).to(memory_format=torch.channels_last)
    card = Card(
        architecture=options.network,
        arguments=arguments,
        classes=[*fashion.CLASSES, "something else"],
        input_size=[1, 28, 28],
        mean=fashion.MEAN,
        std=fashion.STD,
        command=" ".join(["python -m training.fashion", *options.said]),
        data=f"{described}, {drawn:,} drawn garments, {odd:,} drawings of other things",
        seed=config.seed,
        epochs=0,
        config=config.as_dict(),
    )
    validation = (normalised(held[0]), held[1])

    def finish(trained: nn.Module, card: Card) -> str:
        loss, accuracy = evaluate(trained, *validation)
        card.metrics = {
            "validation_accuracy": accuracy,
            "validation_loss": loss,
            "strange_above": STRANGE_ABOVE,
        }
        said = f"validation accuracy {accuracy:.2%}"
        if options.test and not options.dry_run:
            test = fashion.FashionMNIST(options.data, train=False)
            card.metrics["test_accuracy"] = evaluate(
                trained, normalised(test.data.unsqueeze(1)), test.targets
            )[1]
            said += f", test accuracy {card.metrics['test_accuracy']:.2%}"
        return said

    return Job(options.name, model, batches, validation, config, card, finish)


def _real(options: argparse.Namespace) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], str]:
    """Training and validation set, each pictures (N, 1, 28, 28) uint8 and labels, and what they are.

    A dry run needs no data set: it makes do with drawings.
    """
    if options.dry_run and not fashion.available(options.data):
        train, held = Garments(400, seed=1), Garments(100, seed=1, split="test")
        return (train.data.unsqueeze(1), train.targets), (held.data.unsqueeze(1), held.targets), "drawings"
    if options.download and "WORLD_SIZE" in os.environ:
        raise ValueError("Several processes would fetch one file at once: --download without torchrun first.")
    if not options.download and not fashion.available(options.data):
        raise ValueError(
            f"Fashion-MNIST is not in {options.data}: name its folder with --data, or add --download."
        )
    whole = fashion.FashionMNIST(options.data, train=True, download=options.download)
    images, labels = whole.data.unsqueeze(1), whole.targets
    kept, chosen = fashion.split(labels, options.held_out)
    if options.dry_run:
        kept, chosen = kept[:1000], chosen[:500]
    described = f"Fashion-MNIST ({len(kept):,} of its training pictures)"
    return (images[kept], labels[kept]), (images[chosen], labels[chosen]), described


def options(arguments: list[str]) -> argparse.ArgumentParser:
    """The parser; the defaults of the hyperparameters are those of the network that `arguments` name."""
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--network")
    network = first.parse_known_args(arguments)[0].network
    network = network if network in NETWORKS else NETWORKS[0]
    shipped = network == NETWORKS[0]
    made = parser("Train a network that reads garments.", DEFAULTS if shipped else CLASSIC)
    # the page reads the checkpoint "fashion": another network must not take its place unasked
    made.set_defaults(name="fashion" if shipped else network, said=arguments)
    made.add_argument(
        "--network", choices=NETWORKS, default=network, help="which one; the other defaults follow it"
    )
    made.add_argument(
        "--dropout", type=float, default=0.0, help=f"share of numbers set to 0 ({', '.join(WITH_DROPOUT)})"
    )
    made.add_argument("--data", type=Path, default=data_folder(), help="folder that holds FashionMNIST/raw")
    made.add_argument(
        "--download", action="store_true", help="fetch Fashion-MNIST into it if it is not there"
    )
    made.add_argument("--held-out", type=int, default=2000, help="training pictures kept for validation")
    made.add_argument("--drawn", type=int, default=9_000, help="drawn garments in each epoch")
    made.add_argument("--others", type=int, default=4_000, help="drawings of other things in each epoch")
    made.add_argument("--test", action="store_true", help="at the end, measure the 10,000 test pictures once")
    return made


if __name__ == "__main__":
    sys.exit(main(options(sys.argv[1:]), prepare, sys.argv[1:]))
