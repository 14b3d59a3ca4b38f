"""Train a network that reads 4x4 patterns. With seed 0, on one core:

    python -m training.patterns --network pattern_conv    # 0.2 s
    python -m training.patterns --network pattern_cnn     # 17 s

The first is right on A and B at every intensity from 1 to 19 and at 999999999. The second, at intensities
from 1 to 1,000,000,000 and on 10,000 new grids for each figure, is right on 100.0 % of A and B with noise of
10 %, on 99.9 % with noise of 20 %, and rejects 99.6 % of random, 100.0 % of shifted and 100.0 % of inverted
patterns.

`--no-shuffle` trains on all of A, then all of B, as the tutorials do: with 40 of the seeds 0 to 199 the
network ends up calling an A a B. Shuffled, with none.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from checks import whole_number
from data import patterns
from data.batches import TensorBatches, random_source
from models.checkpoint import Card
from models.registry import build
from settings import pick_device
from training.command import Job, config_from, main, parser
from training.config import TrainConfig
from training.loop import Record, evaluate, train

NETWORKS = ("pattern_conv", "pattern_cnn")
DEFAULTS = {
    "pattern_conv": TrainConfig(epochs=2, batch_size=1, optimizer="sgd", lr=0.001, momentum=0.9),
    "pattern_cnn": TrainConfig(
        epochs=20, batch_size=256, optimizer="adam", lr=0.03, schedule="one-cycle", average=0.99
    ),
}
CONV_CLASSES = ("A", "B", "class 2", "class 3")
"""The four logits of PatternConv; only the first two occur in training."""
VISIBLE = range(1, 20)
"""Intensities at which accuracy is measured: at 0 the patterns A and B are the same dark grid."""
KERNELS = 16
"""Of PatternCNN: with 8 it missed one in fifty A and B under 20 % noise."""
NOISE = 0.3
"""Largest noise in the training set of PatternCNN, as a share of the intensity."""


def start(config: TrainConfig) -> tuple[nn.Module, TensorBatches]:
    """An untrained PatternConv and its training set, as described by `config`."""
    inputs, labels = patterns.tutorial_set()
    batches = TensorBatches(inputs, labels, config.batch_size, config.shuffle)
    return build("pattern_conv", seed=config.seed), batches


def replay(config: TrainConfig) -> Iterator[tuple[nn.Module, Record]]:
    """Train a new PatternConv on the tutorials' set; yields the network with each record of the loop."""
    model, batches = start(config)
    for record in train(model, batches, config):
        yield model, record


def labels_in_order(config: TrainConfig) -> list[int]:
    """The label of the sample in each step of `replay`, for a batch size of 1."""
    _, batches = start(config)
    return [int(y) for epoch in range(config.epochs) for _, y in batches.epoch(config.seed, epoch)]


def accuracy(model: nn.Module) -> float:
    """The share of A and B at the intensities 1 to 19 that `model` gets right."""
    return evaluate(model, *patterns.tutorial_set(VISIBLE))[1]


@dataclass(frozen=True)
class SeedAnswers:
    """What many networks, trained alike but for their seeds, answer after `step` steps."""

    step: int
    steps: int
    answer_a: tuple[int, ...]
    """For each seed the answer to A: 0 is right."""
    answer_b: tuple[int, ...]
    """For each seed the answer to B: 1 is right."""


def many_seeds(config: TrainConfig, seeds: int, every: int = 0) -> Iterator[SeedAnswers]:
    """Train `seeds` PatternConvs at once, from the seeds config.seed, config.seed + 1, ...

    Yields SeedAnswers every `every` steps and at the end. The networks are the groups of one convolution.
    They share no weight, so each gets its own part of the gradient of the summed loss, and takes the steps
    that `replay` takes with its seed.
    """
    configs = [dataclasses.replace(config, seed=config.seed + k, batch_size=1) for k in range(seeds)]
    starts = [build("pattern_conv", seed=c.seed).get_parameter("conv.weight").detach() for c in configs]
    kernels = torch.cat(starts)  # (seeds * 4, 1, 4, 4)
    kernels.requires_grad_()
    optimizer = torch.optim.SGD([kernels], lr=config.lr, momentum=config.momentum)
    inputs, labels = patterns.tutorial_set()
    batches = TensorBatches(inputs, labels, 1, config.shuffle)
    step, steps = 0, config.epochs * len(batches)

    for epoch in range(config.epochs):
        for samples in zip(*[batches.epoch(c.seed, epoch) for c in configs], strict=True):
            x = torch.cat([x for x, _ in samples], dim=1)  # (1, seeds, 4, 4)
            y = torch.cat([y for _, y in samples])  # (seeds,)
            optimizer.zero_grad()
            logits = F.conv2d(x, kernels, groups=seeds).view(seeds, -1)  # (seeds, 4)
            F.cross_entropy(logits, y, reduction="sum").backward()
            optimizer.step()
            step += 1
            if (every and step % every == 0) or step == steps:
                yield SeedAnswers(step, steps, *_answers(kernels.detach(), seeds))


def _answers(kernels: Tensor, seeds: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """For A and for B the class with the largest logit of each network."""
    both = torch.tensor(patterns.PATTERNS, dtype=torch.float32).unsqueeze(1)  # (2, 1, 4, 4)
    answers = F.conv2d(both, kernels).view(2, seeds, -1).argmax(2)  # (2, seeds)
    return tuple(answers[0].tolist()), tuple(answers[1].tolist())


def measure(model: nn.Module, seed: int = 1_000_000, count: int = 10_000) -> dict[str, float]:
    """Shares that PatternCNN gets right, each on `count` new grids of any intensity.

    `noise_10`: A and B with noise of 10 % of the intensity; `reject_random`: random grids, where neither is
    right.
    """
    source = random_source(seed)
    shapes = torch.tensor(patterns.PATTERNS, dtype=torch.float32)
    labels = torch.arange(count) % 2
    shares = {}
    for percent in (0, 10, 20):
        grids = patterns.noisy(shapes[labels], percent / 100, source)
        shares[f"noise_{percent}"] = _share(model, grids, labels, source)
    for name, draw in patterns.NEITHERS.items():
        shares[f"reject_{name}"] = _share(
            model, draw(count, source), torch.full((count,), patterns.NEITHER), source
        )
    return shares


def _share(model: nn.Module, grids: Tensor, labels: Tensor, source: torch.Generator) -> float:
    grids = patterns.at_any_intensity(grids, source)
    return evaluate(model, grids.unsqueeze(1), labels)[1]


def prepare(options: argparse.Namespace) -> Job:
    """The run that the options describe."""
    config = config_from(options)
    if options.dry_run:
        config = dataclasses.replace(config, epochs=1)
    job = _conv_job if options.network == "pattern_conv" else _cnn_job
    return job(options, config)


def _conv_job(options: argparse.Namespace, config: TrainConfig) -> Job:
    model, batches = start(config)
    before = accuracy(model)

    def finish(trained: nn.Module, card: Card) -> str:
        after = accuracy(trained)
        card.metrics = {"accuracy_before": before, "accuracy": after}
        return f"accuracy {after:.2%} (before training {before:.2%})"

    order = "shuffled" if config.shuffle else "in this order"
    data = f"A at the intensities 0 to 19, then B at the intensities 0 to 19, {order}"
    card = _card("pattern_conv", {"classes": len(CONV_CLASSES)}, CONV_CLASSES, data, config)
    validation = patterns.tutorial_set(VISIBLE)
    return Job(options.name, model.to(pick_device()), batches, validation, config, card, finish)


def _cnn_job(options: argparse.Namespace, config: TrainConfig) -> Job:
    grids = whole_number(options.grids, "grids", 3)  # one of each class
    count = min(grids, 6000) if options.dry_run else grids
    inputs, labels = patterns.mixture(count, config.seed, NOISE)
    # another seed, so that no grid is in both
    validation = patterns.mixture(6000, config.seed + 1_000_000, NOISE)
    batches = TensorBatches(inputs, labels, config.batch_size, config.shuffle)

    def finish(trained: nn.Module, card: Card) -> str:
        card.metrics = {"accuracy": evaluate(trained, *validation)[1], **measure(trained)}
        rejected = min(share for name, share in card.metrics.items() if name.startswith("reject"))
        noise = card.metrics["noise_10"]
        right = card.metrics["accuracy"]
        return f"accuracy {right:.2%}, A and B under 10 % noise {noise:.2%}, rejects {rejected:.2%}"

    data = f"{count:,} grids with noise up to {NOISE:.0%}: a third each of A, B, and neither"
    arguments = {"classes": len(patterns.CLASSES), "kernels": KERNELS}
    card = _card("pattern_cnn", arguments, patterns.CLASSES, data, config)
    model = build("pattern_cnn", seed=config.seed, **arguments).to(pick_device())
    return Job(options.name, model, batches, validation, config, card, finish)


def _card(
    network: str, arguments: dict[str, int], classes: tuple[str, ...], data: str, config: TrainConfig
) -> Card:
    return Card(
        architecture=network,
        arguments=arguments,
        classes=list(classes),
        input_size=[1, patterns.SIDE, patterns.SIDE],
        mean=0.0,
        std=1.0,
        command=" ".join(["python -m training.patterns", *sys.argv[1:]]),
        data=data,
        seed=config.seed,
        epochs=0,
        config=config.as_dict(),
    )


def options(arguments: list[str]) -> argparse.ArgumentParser:
    """The parser; the hyperparameters have the defaults of the network in `arguments`."""
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--network")
    network = first.parse_known_args(arguments)[0].network
    network = network if network in NETWORKS else NETWORKS[0]
    arguments_parser = parser("Train a network that reads 4x4 patterns.", DEFAULTS[network])
    arguments_parser.add_argument(
        "--network", choices=NETWORKS, default=network, help="which one; the other defaults follow it"
    )
    arguments_parser.add_argument(
        "--grids", type=int, default=60_000, help="size of the training set of pattern_cnn"
    )
    arguments_parser.set_defaults(name=network)
    return arguments_parser


if __name__ == "__main__":
    sys.exit(main(options(sys.argv[1:]), prepare, sys.argv[1:]))
