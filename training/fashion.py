"""Train a network that reads garments: `python -m training.fashion`.

With Fashion-MNIST in the data folder, `python -m training.fashion --test` reached 94.66 % of the 10,000
test pictures with 906,859 parameters (seed 0, 40 epochs, 64 minutes on two busy cores with AMX); with the
ten garments as the only answers, as on the page, it is 94.69 %. The same network reads visitors' pictures: a
quarter of each batch looks as if cut from a photograph, and drawings are mixed in.

`--network` trains one of the classic networks on the same pictures instead, `--data-set` any of them on other
pictures. These are the runs of the Train tab, see `training.recipe`.
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
from training.recipe import prepare as prepare_run
from training.samples import first, load, own_samples

__all__ = ["CLASSIC", "DEFAULTS", "normalised", "options", "prepare"]

FASHION = "fashion"
"""The data set of `--data`, `--download` and `--held-out`."""
MIXTURE = "mixture"
"""Fashion-MNIST mixed with drawings, and an eleventh answer."""
SOMETHING_ELSE = len(fashion.CLASSES)
"""Label of the eleventh answer: not one of the ten kinds of garment."""
ROUNDS = 3
"""The drawings of an epoch return after so many epochs."""
NETWORK_OPTIONS = ("network", "width", "depth", "activation", "batch_norm", "dropout")
STRANGE_ABOVE = 0.25
"""The page warns when the eleventh answer has more than this probability."""


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
    ready = prepare_run(recipe, samples, device, extra, ROUNDS if mixture else 1)
    ready.card.command = " ".join(["python -m training.fashion", *options.words])

    def finish(trained: nn.Module, card: Card) -> str:
        loss, accuracy = evaluate(trained, *ready.validation, loss=measured_loss(config))
        card.metrics = {"validation_accuracy": accuracy, "validation_loss": loss}
        if mixture:
            card.metrics["strange_above"] = STRANGE_ABOVE
        result = f"validation accuracy {accuracy:.2%}"
        if options.test and not options.dry_run:
            card.metrics["test_accuracy"] = evaluate(trained, *ready.test)[1]
            result += f", test accuracy {card.metrics['test_accuracy']:.2%}"
        return result

    return Job(options.name, ready.model, ready.batches, ready.validation, recipe.config, ready.card, finish)


def _with_drawings(options: argparse.Namespace, samples: Samples) -> tuple[Samples, int]:
    """The samples with drawings added to the training set and an eleventh answer, and how many drawings."""
    drawn, odd = (300, 90) if options.dry_run else (ROUNDS * options.drawn, ROUNDS * options.others)
    drawings = Garments(drawn, seed=options.seed)
    strange = others(odd, options.seed)
    images, labels = samples.train
    images = torch.cat([images, drawings.data.unsqueeze(1), strange.unsqueeze(1)])
    labels = torch.cat([labels, drawings.targets, torch.full((odd,), SOMETHING_ELSE)])
    description = f"{samples.description}, {drawn:,} drawn garments, {odd:,} drawings of other things"
    classes = (*samples.classes, "something else")
    mixture = dataclasses.replace(samples, train=(images, labels), classes=classes, description=description)
    return mixture, drawn + odd


def _samples(options: argparse.Namespace, recipe: Recipe) -> Samples:
    """The training, validation and test pictures; a dry run takes only a few, or drawings."""
    if recipe.data == sources.OWN:
        pictures, notes = read_pictures([(path.name, path.read_bytes()) for path in options.own])
        own = own_samples(pictures)
        return first(dataclasses.replace(own, warnings=(*notes, *own.warnings)), recipe.samples)
    missing = sources.DATA_SETS[recipe.data].problem(options.data) and not options.download
    if options.dry_run and (missing or sources.learnable()[recipe.data].is_drawn):
        parts = [Garments(400, seed=1), Garments(100, seed=1, split="test")]
        train, test = [(part.data.unsqueeze(1), part.targets) for part in parts]
        return Samples(train, test, test, fashion.CLASSES, "drawings")
    if recipe.data == FASHION:
        samples = first(_fashion(options), recipe.samples)
    else:
        with tqdm(unit="drawing", delay=1) as bar:
            samples = load(recipe.data, recipe.samples, progress=partial(_update, bar))
    if options.dry_run:
        samples = first(samples, min(1000, len(samples.train[1])))
        images, labels = samples.validation
        samples = dataclasses.replace(samples, validation=(images[:500], labels[:500]))
    return samples


def _fashion(options: argparse.Namespace) -> Samples:
    """Fashion-MNIST from the folder in the options."""
    if options.download and "WORLD_SIZE" in os.environ:
        raise ValueError("Several processes would fetch one file at once: --download without torchrun first.")
    if options.download:
        from data.fashion_mnist import FashionMNIST  # importing torchvision takes seconds

        FashionMNIST(options.data, train=True, download=True)
    elif problem := fashion.problem(options.data):
        raise ValueError(
            f"{problem} Its folder is {options.data}: name another one with --data, or add --download to"
            " fetch it again."
        )
    return fashion.samples(options.data, options.held_out)


def _update(bar: tqdm, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


def options(arguments: list[str]) -> argparse.ArgumentParser:
    """The parser; the hyperparameters have the defaults of the network in `arguments`."""
    early = argparse.ArgumentParser(add_help=False)
    early.add_argument("--network")
    early.add_argument("--data-set")
    early_options = early.parse_known_args(arguments)[0]
    network = early_options.network if early_options.network in networks() else SHIPPED
    mixture = early_options.data_set in (None, MIXTURE)
    result = parser("Train a network that reads garments.", defaults(network))
    # the page reads the checkpoint "fashion": another network must not replace it by default
    shipped = mixture and network == SHIPPED
    result.set_defaults(name="fashion" if shipped else network, words=arguments)

    group = result.add_argument_group("network")
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

    group = result.add_argument_group("data")
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
    return result


if __name__ == "__main__":
    sys.exit(main(options(sys.argv[1:]), prepare, sys.argv[1:]))
