"""A complete training run: everything that decides its numbers, from the network to the seed.

    recipe = Recipe(network="mlp", samples=10_000)
    ready = prepare(recipe, load_samples(recipe))
    for record in train(ready.model, ready.batches, recipe.config, ready.validation):
        print(record)

The page, the command line (`training.fashion`) and the program shown on the page (`training.recipe_code`)
all run a Recipe and arrive at the same numbers.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn

from checks import about, choice, number, set_fields, shorten, switch, whole_number
from data import fashion, sources
from data.augment import as_found, shifted, standard
from data.batches import Augment, TensorBatches
from data.samples import SIDE, Pair, Progress, Samples
from language import _, ngettext, sentences
from models import registry
from models.checkpoint import Card
from models.classic import ACTIVATIONS
from models.registry import build
from settings import pick_device
from training.config import TrainConfig
from training.samples import load


def networks(option: str = "garments") -> tuple[str, ...]:
    """Names of the networks that read garments and have `option`, a field of `models.registry.Network`, the
    simplest first.
    """
    ranked = sorted(registry.NETWORKS.items(), key=lambda item: item[1].level)
    return tuple(name for name, network in ranked if network.garments and getattr(network, option))


SHIPPED = "fashion_cnn"
"""The network of Classify, which the command line trains by default."""
DEEPEST = 12
MOST_SAMPLES = 60_000
"""Most of a visitor's own pictures that a run learns from."""
DEFAULTS = TrainConfig(
    epochs=40,
    batch_size=256,
    lr=0.25,
    weight_decay=5e-4,
    schedule="one-cycle",
    label_smoothing=0.1,
    average=0.998,
)
"""The defaults of `python -m training.fashion` for SHIPPED."""
CLASSIC = dataclasses.replace(DEFAULTS, epochs=20, lr=0.05)
"""The same for the other networks: without batch normalisation that learning rate is too large."""


def defaults(network: str) -> TrainConfig:
    """The default hyperparameters of `network` on the command line."""
    return DEFAULTS if network == SHIPPED else CLASSIC


# --- the pictures of a batch --------------------------------------------------------------------------------


def normalised(images: Tensor) -> Tensor:
    """Images (N, 1, 28, 28), uint8 or float in [0, 1], as the network wants them."""
    images = images.float().div(255) if images.dtype == torch.uint8 else images
    return (images - fashion.MEAN) / fashion.STD


def mixed(images: Tensor, generator: Generator) -> Tensor:
    """Three quarters of a batch as in benchmarks, the rest as visitors' pictures look."""
    clean = len(images) * 3 // 4
    return torch.cat([standard(images[:clean], generator), as_found(images[clean:], generator)])


CHANGES: dict[str, Callable[[Tensor, Generator], Tensor] | None] = {
    "none": None,
    "shift": shifted,
    "standard": standard,
    "as-found": as_found,
    "mixed": mixed,
}
"""Augmentations, see `data.augment`."""
AUGMENTS = tuple(CHANGES)


def augmentation(name: str) -> Augment:
    """Turns samples into a batch: the augmentation `name`, then the normalisation."""
    return partial(_changed, CHANGES[name])


def _changed(
    change: Callable[[Tensor, Generator], Tensor] | None, images: Tensor, labels: Tensor, generator: Generator
) -> tuple[Tensor, Tensor]:
    return normalised(images if change is None else change(images, generator)), labels


# --- the run ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the numbers of a run. Raises ValueError with a sentence naming the field."""

    network: str = "tutorial_cnn"
    """One of `networks()`."""
    width: int = 0
    """Hidden numbers of the mlp, channels of the first convolution of the others, within the range of
    `models.registry`; 0 is the network's own.
    """
    depth: int = 1
    """Hidden layers of the mlp, 1 to DEEPEST."""
    activation: str = "relu"
    """Of the mlp: one of models.classic.ACTIVATIONS."""
    batch_norm: bool = True
    """False for networks that can do without it: `networks("batch_norm")`."""
    dropout: float = 0.0
    """Share of the numbers before the last layer that each step sets to 0, 0 up to 1, see `networks`."""
    data: str = "fashion"
    """One of data.sources.learnable()."""
    samples: int = 10_000
    """Pictures to learn from, from 1 up; 0 is all."""
    augment: str = "none"
    """One of AUGMENTS."""
    device: str = "cpu"
    """One of `devices()`."""
    config: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        network = choice(self.network, "network", networks())
        data = choice(self.data, "data", sources.learnable())
        pictures = sources.learnable()[data].pictures
        own, low, high = registry.NETWORKS[network].width or (0, 0, 0)
        if not own and self.width != 0:
            sentence = _(
                "width must be 0 for the network {network}, not {value}: its layers have fixed sizes."
            )
            values = {"network": network, "value": shorten(self.width)}
            raise about("width", ValueError(sentence.format(**values)))
        width = whole_number(self.width, "width", 0, high)
        set_fields(
            self,
            network=network,
            width=width and whole_number(width, "width", low, high),
            depth=whole_number(self.depth, "depth", 1, DEEPEST),
            activation=choice(self.activation, "activation", ACTIVATIONS),
            batch_norm=switch(self.batch_norm, "batch_norm"),
            data=data,
            samples=whole_number(self.samples, "samples", 0, pictures or MOST_SAMPLES),
            augment=choice(self.augment, "augment", AUGMENTS),
            device=choice(self.device, "device", devices()),
        )
        number(self.dropout, "dropout", 0, 1, below=True)  # as it is, like the numbers of TrainConfig
        if self.network not in networks("depth") and (self.depth != 1 or self.activation != "relu"):
            sentence = _(
                "depth must be 1 and activation relu for the network {network}: only {networks} can be"
                " deeper or have another activation."
            )
            raise about("depth", ValueError(sentence.format(network=network, networks=_names("depth"))))
        if self.dropout and self.network not in networks("dropout"):
            sentence = _("{network} has no dropout: leave dropout at 0, or choose one of {networks}.")
            raise about("dropout", ValueError(sentence.format(network=network, networks=_names("dropout"))))
        if not self.batch_norm and self.network not in networks("batch_norm"):
            sentence = _(
                "{network} has no batch normalisation: leave batch_norm true, or choose one of {networks}."
            )
            if self.network == SHIPPED:
                sentence = _(
                    "{network} cannot do without its batch normalisation: leave batch_norm true, or choose"
                    " one of {networks}."
                )
            values = {"network": network, "networks": _names("batch_norm")}
            raise about("batch_norm", ValueError(sentence.format(**values)))
        if not isinstance(self.config, TrainConfig):
            raise ValueError(f"config must be a TrainConfig, not {shorten(self.config)}.")
        if pictures is not None:
            check_last_batch(self, self.samples or pictures)

    def as_dict(self) -> dict[str, Any]:
        """All fields, with those of the config among them."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "config"}
        return values | self.config.as_dict()

    @classmethod
    def from_dict(cls, values: Any) -> Recipe:
        """The recipe of a JSON object from anybody; missing fields have their defaults.

        Raises ValueError with a sentence.
        """
        fields = ", ".join(FIELDS)
        if not isinstance(values, dict):
            sentence = _("A run is an object with the fields {fields}, not {value}.")
            raise ValueError(sentence.format(fields=fields, value=shorten(values)))
        for name in values:
            if name not in FIELDS:
                sentence = _("There is no field {name}: the fields are {fields}.")
                raise ValueError(sentence.format(name=shorten(name), fields=fields))
        own = {f.name for f in dataclasses.fields(TrainConfig)}
        config = TrainConfig(**{name: value for name, value in values.items() if name in own})
        return cls(config=config, **{name: value for name, value in values.items() if name not in own})


def _names(option: str) -> str:
    return ", ".join(networks(option))


def count_pictures(recipe: Recipe, available: int) -> int:
    """How many of the pictures that there are a run learns from. Raises ValueError with a sentence where it
    wants more.
    """
    if recipe.samples > available:
        sentence = _(
            "samples must be at most {limit}, not {count}: there are no more pictures to learn from."
        )
        values = {"limit": f"{available:,}", "count": f"{recipe.samples:,}"}
        raise about("samples", ValueError(sentence.format(**values)))
    return recipe.samples or available


def check_last_batch(recipe: Recipe, count: int) -> None:
    """Raise ValueError with a sentence where the last batch of an epoch of `count` pictures would be a single
    one and the network normalises each number over the batch: one picture has no spread.
    """
    size = recipe.config.batch_size
    last = count % size or size
    if not registry.NETWORKS[recipe.network].flat_norm or not recipe.batch_norm or last > 1:
        return
    why = _(
        "Batch normalisation compares the pictures of a batch with one another, which takes two or more."
    )
    if count == 1:
        sentence = _("samples must be at least 2 for the network {network}.").format(network=recipe.network)
        raise about("samples", ValueError(sentences(sentence, why)))
    if size == 1:
        larger = next(size for size in range(2, count + 1) if count % size != 1)
        sentence = _("batch_size must be at least 2 for the network {network}, for example {size}.")
        sentence = sentence.format(network=recipe.network, size=larger)
        raise about("batch_size", ValueError(sentences(sentence, why)))
    sentence = ngettext(
        "batch_size must not leave a single picture for the last batch ({count} picture in batches of"
        " {size}).",
        "batch_size must not leave a single picture for the last batch ({count} pictures in batches of"
        " {size}).",
        count,
    ).format(count=f"{count:,}", size=size)
    advice = _("Take another batch_size, or {fewer} as samples.").format(fewer=f"{count - 1:,}")
    raise about("batch_size", ValueError(sentences(sentence, why, advice)))


def devices() -> tuple[str, ...]:
    """Names of the devices of this machine that a run can use, the CPU first."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is None:
        return ("cpu",)
    count, name = torch.accelerator.device_count(), accelerator.type
    return ("cpu", *([f"{name}:{i}" for i in range(count)] if count > 1 else [name]))


FIELDS: dict[str, Any] = Recipe(device="cpu").as_dict()
"""Every field of a run with its default."""


def load_samples(recipe: Recipe, own: Path | None = None, progress: Progress | None = None) -> Samples:
    """The pictures of the run; own: the file with a visitor's, see `training.samples.write_own`.

    Fashion-MNIST and the drawn garments are kept for the next call. progress: called with how many garments
    have been drawn, and how many there will be. Raises ValueError with a sentence.
    """
    return load(recipe.data, recipe.samples, own, progress)


@dataclass(frozen=True, eq=False)
class RunSetup:
    """What `training.loop.train` needs to run a Recipe."""

    model: nn.Module
    """On its device, with the initial weights of the seed."""
    batches: TensorBatches
    validation: Pair
    """Normalised inputs (N, 1, 28, 28) float32 and labels (N,), as `evaluate` takes them."""
    card: Card
    """Without metrics."""
    samples: Samples

    @property
    def test(self) -> Pair:
        """Like `validation`; normalised at each use, because it is large and rarely used."""
        return normalised(self.samples.test[0]), self.samples.test[1]


def arguments(recipe: Recipe, classes: int) -> dict[str, Any]:
    """The arguments of the network's constructor: `classes`, and what differs from the defaults."""
    values: dict[str, Any] = {"classes": classes}
    if recipe.width:
        values |= registry.NETWORKS[recipe.network].width_arguments(recipe.width)
    for name, default in (("depth", 1), ("activation", "relu"), ("batch_norm", True), ("dropout", 0.0)):
        if getattr(recipe, name) != default:
            values[name] = getattr(recipe, name)
    return values


def prepare(
    recipe: Recipe, samples: Samples, device: torch.device | None = None, extra: int = 0, rounds: int = 1
) -> RunSetup:
    """The network and the batches of a run. Raises ValueError with a sentence.

    device: instead of the recipe's. extra and rounds: see TensorBatches.
    """
    config = recipe.config
    check_last_batch(recipe, len(samples.train[1]))
    options = arguments(recipe, len(samples.classes))
    model = build(recipe.network, seed=config.seed, **options)
    model = model.to(device or recipe.device).to(memory_format=torch.channels_last)
    change = augmentation(recipe.augment)
    batches = TensorBatches(*samples.train, config.batch_size, config.shuffle, change, extra, rounds)
    validation = normalised(samples.validation[0]), samples.validation[1]
    card = Card(
        architecture=recipe.network,
        arguments=options,
        classes=list(samples.classes),
        input_size=[1, SIDE, SIDE],
        mean=fashion.MEAN,
        std=fashion.STD,
        command=command(recipe),
        data=samples.description,
        seed=config.seed,
        epochs=0,
        config=recipe.as_dict(),
    )
    return RunSetup(model, batches, validation, card, samples)


def command(recipe: Recipe, threads: int | None = None, own: Sequence[str] = ("pictures.zip",)) -> str:
    """The command of this run, with only those options that differ from its defaults.

    threads: the number that the run had, for equal bits. own: the names of the files with a visitor's
    pictures.
    """
    words = ["python", "-m", "training.fashion", "--data-set", recipe.data]
    if recipe.data == sources.OWN:
        words += ["--own", *own]
    usual = FIELDS | {"samples": 0, "device": str(pick_device())} | defaults(recipe.network).as_dict()
    for name, value in recipe.as_dict().items():
        if name == "data" or (name != "network" and value == usual[name]):
            continue
        option = name.replace("_", "-")
        if name == "network" and value == SHIPPED:
            continue
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", str(value)]
    if threads is not None:
        words += ["--threads", str(threads)]
    return shlex.join(words)
