"""Train a network that reads garments: `python -m training.fashion`.

With Fashion-MNIST in the data folder, `python -m training.fashion --test` reached 94.66 % of the 10,000
test pictures with 906,859 parameters (seed 0, 40 epochs, 64 minutes on two busy cores with AMX); where only
the ten garments are asked, as on the page, it is 94.69 %. The same network reads visitors' pictures: a
quarter of each batch looks as if cut from a photograph, and drawings are mixed in.

`--network` trains one of the classic networks on the same pictures instead, `--data-set` any of them on other
pictures: those runs are what the Train tab of the page does, see `training.recipe`.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from functools import partial
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from checks import whole_number
from data import fashion, sources
from data.drawn.garments import Garments, others
from data.own.archives import read_pictures
from data.samples import Samples
from models.checkpoint import Card
from models.classic import ACTIVATIONS
from settings import data_folder, pick_device
from training.command import Job, config_from, main, parser
from training.loop import evaluate
from training.losses import measured_loss
from training.recipe import (
    AUGMENTS,
    CLASSIC,
    DEEPEST,
    DEFAULTS,
    SHIPPED,
    Recipe,
    defaults,
    devices,
    networks,
    normalised,
)
from training.recipe import prepare as prepared
from training.samples import first, load, own_samples

__all__ = ["CLASSIC", "DEFAULTS", "normalised", "options", "prepare"]

FASHION = "fashion"
"""The data set that `--data`, `--download` and `--held-out` are about."""
MIXTURE = "mixture"
"""Fashion-MNIST with drawings among it, and an eleventh answer."""
SOMETHING_ELSE = len(fashion.CLASSES)
"""Label of the eleventh answer: what is none of the ten kinds of garment."""
ROUNDS = 3
"""Each epoch shows other drawings than the two before it."""
NETWORK_OPTIONS = ("network", "width", "depth", "activation", "batch_norm", "dropout")
STRANGE_ABOVE = 0.25
"""The warning comes when the eleventh answer has more than this share of the probability."""


def prepare(options: argparse.Namespace) -> Job:
    """The run that the options describe. Raises ValueError with a sentence for a bad one or missing data."""
    config = config_from(options)
    for name, low, high in (("held_out", 10, 59_000), ("drawn", 0, 100_000), ("others", 0, 100_000)):
        whole_number(getattr(options, name), name.replace("_", "-"), low, high)
    if bool(options.own) != (options.data_set == sources.OWN):
        raise ValueError("Pictures of your own need both: --data-set own, and --own with their files.")
    mixture = options.data_set == MIXTURE
    device = torch.device(options.device) if options.device else pick_device()
    recipe = Recipe(
        **{name: getattr(options, name) for name in NETWORK_OPTIONS},
        data=FASHION if mixture else options.data_set,
        samples=options.samples,
        augment=options.augment,
        device=str(device) if str(device) in devices() else "cpu",
        config=dataclasses.replace(config, epochs=1) if options.dry_run else config,
    )
    samples = _samples(options, recipe)
    for sentence in samples.warnings:
        print(sentence, file=sys.stderr)
    extra = 0
    if mixture:
        samples, extra = _with_drawings(options, samples)
    ready = prepared(recipe, samples, device, extra, ROUNDS if mixture else 1)
    ready.card.command = " ".join(["python -m training.fashion", *options.said])

    def finish(trained: nn.Module, card: Card) -> str:
        loss, accuracy = evaluate(trained, *ready.validation, loss=measured_loss(config))
        card.metrics = {"validation_accuracy": accuracy, "validation_loss": loss}
        if mixture:
            card.metrics["strange_above"] = STRANGE_ABOVE
        said = f"validation accuracy {accuracy:.2%}"
        if options.test and not options.dry_run:
            card.metrics["test_accuracy"] = evaluate(trained, *ready.test)[1]
            said += f", test accuracy {card.metrics['test_accuracy']:.2%}"
        return said

    return Job(options.name, ready.model, ready.batches, ready.validation, recipe.config, ready.card, finish)


def _with_drawings(options: argparse.Namespace, samples: Samples) -> tuple[Samples, int]:
    """The samples with drawings added to those that are learned, and how many; an eleventh answer."""
    drawn, odd = (300, 90) if options.dry_run else (ROUNDS * options.drawn, ROUNDS * options.others)
    drawings = Garments(drawn, seed=options.seed)
    strange = others(odd, options.seed)
    images, labels = samples.train
    images = torch.cat([images, drawings.data.unsqueeze(1), strange.unsqueeze(1)])
    labels = torch.cat([labels, drawings.targets, torch.full((odd,), SOMETHING_ELSE)])
    description = f"{samples.description}, {drawn:,} drawn garments, {odd:,} drawings of other things"
    classes = (*samples.classes, "something else")
    made = dataclasses.replace(samples, train=(images, labels), classes=classes, description=description)
    return made, drawn + odd


def _samples(options: argparse.Namespace, recipe: Recipe) -> Samples:
    """What is learned, held out and asked at the end; a dry run makes do with little, or with drawings."""
    if recipe.data == sources.OWN:
        pictures, notes = read_pictures([(path.name, path.read_bytes()) for path in options.own])
        made = own_samples(pictures)
        return first(dataclasses.replace(made, warnings=(*notes, *made.warnings)), recipe.samples)
    missing = sources.DATA_SETS[recipe.data].problem(options.data) and not options.download
    if options.dry_run and (missing or sources.learnable()[recipe.data].is_drawn):
        parts = [Garments(400, seed=1), Garments(100, seed=1, split="test")]
        train, held = [(part.data.unsqueeze(1), part.targets) for part in parts]
        return Samples(train, held, held, fashion.CLASSES, "drawings")
    if recipe.data == FASHION:
        made = first(_fashion(options), recipe.samples)
    else:
        with tqdm(unit="drawing", delay=1) as bar:
            made = load(recipe.data, recipe.samples, progress=partial(_drawn, bar))
    if options.dry_run:
        made = first(made, min(1000, len(made.train[1])))
        images, labels = made.validation
        made = dataclasses.replace(made, validation=(images[:500], labels[:500]))
    return made


def _fashion(options: argparse.Namespace) -> Samples:
    """Fashion-MNIST from the folder that the options name."""
    if options.download and "WORLD_SIZE" in os.environ:
        raise ValueError("Several processes would fetch one file at once: --download without torchrun first.")
    if options.download:
        fashion.FashionMNIST(options.data, train=True, download=True)
    elif problem := fashion.problem(options.data):
        raise ValueError(
            f"{problem} Its folder is {options.data}: name another one with --data, or add --download to"
            " fetch it again."
        )
    return fashion.samples(options.data, options.held_out)


def _drawn(bar: tqdm, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


def options(arguments: list[str]) -> argparse.ArgumentParser:
    """The parser; the defaults of the hyperparameters are those of the network that `arguments` name."""
    early = argparse.ArgumentParser(add_help=False)
    early.add_argument("--network")
    early.add_argument("--data-set")
    known = early.parse_known_args(arguments)[0]
    network = known.network if known.network in networks() else SHIPPED
    mixture = known.data_set in (None, MIXTURE)
    made = parser("Train a network that reads garments.", defaults(network))
    # the page reads the checkpoint "fashion": another network must not take its place unasked
    shipped = mixture and network == SHIPPED
    made.set_defaults(name="fashion" if shipped else network, said=arguments)

    group = made.add_argument_group("network")
    group.add_argument(
        "--network", choices=networks(), default=network, help="which one; the other defaults follow it"
    )
    group.add_argument(
        "--width", type=int, default=0, help="channels, or hidden numbers of the mlp; 0: its own"
    )
    group.add_argument("--depth", type=int, default=1, help=f"hidden layers of the mlp, 1 to {DEEPEST}")
    group.add_argument("--activation", choices=tuple(ACTIVATIONS), default="relu", help="of the mlp")
    group.add_argument(
        "--batch-norm",
        action=argparse.BooleanOptionalAction,
        default=True,
        help=f"normalise each channel ({', '.join(networks('batch_norm'))} can do without)",
    )
    dropping = ", ".join(networks("dropout"))
    group.add_argument(
        "--dropout", type=float, default=0.0, help=f"share of numbers set to 0, for {dropping}"
    )
    group.add_argument("--device", choices=devices(), help="what computes; otherwise the fastest there is")

    group = made.add_argument_group("data")
    group.add_argument(
        "--data-set",
        choices=(MIXTURE, *sources.learnable()),
        default=MIXTURE,
        help="mixture: fashion with drawings among it and an eleventh answer; the others have none",
    )
    group.add_argument("--data", type=Path, default=data_folder(), help="folder that holds FashionMNIST/raw")
    group.add_argument(
        "--download", action="store_true", help="fetch the missing or damaged files of Fashion-MNIST"
    )
    group.add_argument("--own", type=Path, nargs="+", help="files with pictures and labels of your own")
    group.add_argument("--samples", type=int, default=0, help="pictures to learn from, 0: all")
    group.add_argument(
        "--augment", choices=AUGMENTS, default="mixed" if mixture else "none", help="change to the pictures"
    )
    group.add_argument(
        "--held-out", type=int, default=fashion.HELD_OUT, help="training pictures kept for validation"
    )
    group.add_argument("--drawn", type=int, default=9_000, help="drawn garments in each epoch of the mixture")
    group.add_argument(
        "--others", type=int, default=4_000, help="drawings of other things in each epoch of the mixture"
    )
    group.add_argument("--test", action="store_true", help="at the end, measure the test pictures once")
    return made


if __name__ == "__main__":
    sys.exit(main(options(sys.argv[1:]), prepare, sys.argv[1:]))
