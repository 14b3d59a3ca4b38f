"""Seconds from a click on Train to a network that names 90 % of the 10,000 test pictures right, and how long
the textbook's loop takes for the same.

    python benchmarks/training_speed.py --data FOLDER        # FOLDER holds FashionMNIST/raw

Ours is the preset "Fast 90 %" as the page runs it: a training process waits, warm, the clock starts when it
is asked for the run, and what it tells is fetched as often as the page's script does. The textbook's loop is
a DataLoader with ToTensor, batches of 64, Adam at 1e-3 and float32, without a schedule; its clock starts at
the first batch, with everything loaded. Both have the same network with the same initial weights, the same
pictures and as many threads, and are asked for their accuracy after every 6,400 pictures. The time of asking
is not counted: the page's run is not disturbed, but repeated afterwards in this process, to the same losses.
What is asked is the network that a run keeps: with a moving average of the weights, as here, that average.
Ours goes first and last, and the mean counts.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision.transforms import ToTensor

from data import fashion
from data.samples import Pair
from models.registry import parameters
from settings import cores, data_folder
from training.desk.desk import Desk
from training.loop import State, Step, evaluate, train
from training.presets import PRESETS
from training.recipe import Recipe, load_samples, prepare

VISITOR = "benchmark-of-training"
ASKED = 6_400
"""Pictures between two looks at the test set."""
SOON, USUAL = 0.1, 0.18
"""Seconds between two questions of the page's script, in the first second of a run and after it."""


def ask(desk: Desk, recipe: Recipe) -> tuple[list[float], list[float], str]:
    """Run it as the page does: the loss of each step, the seconds at which it was known, how it ended."""
    losses: list[float] = []
    known: list[float] = []
    clicked = time.perf_counter()
    run = desk.start(VISITOR, recipe)
    cursor = 0
    while True:
        told = desk.follow(VISITOR, run, cursor)
        now = time.perf_counter() - clicked
        losses += told["steps"]["loss"]
        known += [now] * len(told["steps"]["loss"])
        cursor = told["cursor"]
        if told["state"].has_ended:
            return losses, known, told["said"] or told["state"]
        time.sleep(SOON if now < 1 else USUAL)


def repeated(recipe: Recipe, goal: float, test: Pair) -> tuple[int, float, list[float]]:
    """The same run here: after how many steps it reached `goal` (0: never), with what, and its losses."""
    ready = prepare(recipe, load_samples(recipe))
    every = max(1, ASKED // recipe.config.batch_size)
    reached, accuracy = 0, 0.0
    losses = []
    state = State(ready.model, recipe.config, len(ready.batches))
    for record in train(ready.model, ready.batches, recipe.config, state=state):
        if isinstance(record, Step):
            losses.append(record.loss)
            if not reached and (len(losses) % every == 0):
                accuracy = evaluate(state.trained, *test)[1]
                reached = len(losses) if accuracy >= goal else 0
    if not reached:
        accuracy = evaluate(state.trained, *test)[1]
        reached = len(losses) if accuracy >= goal else 0
    return reached, accuracy, losses


def same(told: list[float], losses: list[float]) -> bool:
    return len(told) == len(losses) and all(map(partial(math.isclose, rel_tol=1e-6), told, losses))


def textbook(data: Subset, model: nn.Module, epochs: int) -> Iterator[nn.Module]:
    """The network after each step."""
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


def seconds_to(goal: float, steps: Iterator[nn.Module], test: Pair) -> tuple[float, float, bool]:
    """Seconds of training until `goal` or the end, the best accuracy, whether it was reached."""
    spent, best = 0.0, 0.0
    begun = time.perf_counter()
    for number, model in enumerate(steps, 1):
        if number % (ASKED // 64) == 0:
            spent += time.perf_counter() - begun
            best = max(best, evaluate(model, *test)[1])
            if best >= goal:
                return spent, best, True
            begun = time.perf_counter()
    return spent + time.perf_counter() - begun, best, False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder that holds FashionMNIST/raw")
    parser.add_argument("--goal", type=float, default=0.90, help="accuracy to reach")
    parser.add_argument("--epochs", type=int, default=10, help="after so many the textbook's loop gives up")
    parser.add_argument("--samples", type=int, default=None, help="pictures to learn from, for a quick look")
    options = parser.parse_args()
    os.environ["TORCH_PLAYGROUND_DATA"] = str(options.data)
    recipe = PRESETS["fast"].recipe
    if options.samples is not None:
        recipe = dataclasses.replace(recipe, samples=options.samples)
    threads = cores()
    torch.set_num_threads(threads)
    try:
        samples = load_samples(recipe)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    ready = prepare(recipe, samples)
    print(f"{recipe.network}, {parameters(ready.model):,} parameters, {threads} threads", flush=True)

    desk = Desk(slots=1, threads=threads)
    try:
        # after it the process is warm and has the pictures in memory, as on a page that is open for a while
        ask(desk, Recipe(network="softmax_regression", samples=100))
        first = ask(desk, recipe)
        reached, accuracy, losses = repeated(recipe, options.goal, ready.test)
        whole = fashion.FashionMNIST(options.data, train=True, transform=ToTensor())
        kept = fashion.split(whole.targets, fashion.HELD_OUT)[0][: len(samples.train[1])]
        plain = prepare(recipe, samples).model.to(memory_format=torch.contiguous_format)
        test = samples.test  # the textbook's pictures are not normalised
        steps = textbook(Subset(whole, kept.tolist()), plain, options.epochs)
        spent, best, there = seconds_to(options.goal, steps, test)
        runs = [first, ask(desk, recipe)]
    finally:
        desk.close()

    # they come with seven digits
    if any(not same(run[0], losses) for run in runs):
        print(f"The page's run came to other losses: {runs[0][2]}", file=sys.stderr)
        return 1
    shown = ", ".join(f"{run[1][0]:.2f}" for run in runs)
    print(f"from the click to the first loss: {shown} s")
    if not reached:
        print(f"the page's run ended with {accuracy:.2%}")
    else:
        ours = [run[1][reached - 1] for run in runs]
        shown = ", ".join(f"{seconds:.1f}" for seconds in ours)
        print(f"from the click to {accuracy:.2%} of the test pictures: {shown} s (step {reached})")
        ends = "" if there else "more than "
        print(f"the textbook's loop: {spent:.1f} s to {best:.2%}")
        print(f"{ends}{spent * len(ours) / sum(ours):.1f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
