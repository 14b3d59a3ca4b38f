"""Seconds from a click on Train to a network that is right on 90 % of the 10,000 test pictures, and how long
the textbook's loop takes for the same.

    python benchmarks/training_speed.py --data FOLDER        # FOLDER holds FashionMNIST/raw

The page's run is the preset "Fast 90 %": a training process waits, warm, the clock starts with the order, and
the status is fetched as often as by the page's script. The textbook's loop is a DataLoader with ToTensor,
batches of 64, Adam at 1e-3 and float32, without a schedule; its clock starts at the first batch, with
everything loaded. Both have the same network with the same initial weights, the same pictures and as many
threads, and their accuracy is measured after every 6,400 pictures. The time for that is not counted: the
page's run is not disturbed, but repeated afterwards in this process, with the same losses. The network that
is measured is the one that a run keeps: with a moving average of the weights, as here, that average. The page
goes first and last, and the mean counts.
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
from data.fashion_mnist import FashionMNIST
from data.samples import Pair
from models.registry import parameters
from settings import cores, data_folder
from training.desk.desk import Desk
from training.loop import State, Step, evaluate, train
from training.presets import PRESETS
from training.recipe import Recipe, load_samples, prepare

VISITOR = "benchmark-of-training"
PICTURES = 6_400
"""Pictures between two measurements on the test set."""
SOON, USUAL = 0.1, 0.18
"""Seconds between two requests of the page's script, in the first second of a run and after it."""


def ask(desk: Desk, recipe: Recipe) -> tuple[list[float], list[float], str]:
    """Run it as the page does: the loss of each step, the seconds at which it arrived, how the run ended."""
    losses: list[float] = []
    times: list[float] = []
    clicked = time.perf_counter()
    run = desk.start(VISITOR, recipe)
    cursor = 0
    while True:
        status = desk.follow(VISITOR, run, cursor)
        now = time.perf_counter() - clicked
        losses += status["steps"]["loss"]
        times += [now] * len(status["steps"]["loss"])
        cursor = status["cursor"]
        if status["state"].has_ended:
            return losses, times, status["message"] or status["state"]
        time.sleep(SOON if now < 1 else USUAL)


def repeat(recipe: Recipe, goal: float, test: Pair) -> tuple[int, float, list[float]]:
    """The same run here: the steps until it reached `goal` (0: never), its accuracy then, and its losses."""
    ready = prepare(recipe, load_samples(recipe))
    every = max(1, PICTURES // recipe.config.batch_size)
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


def is_same(status: list[float], losses: list[float]) -> bool:
    return len(status) == len(losses) and all(map(partial(math.isclose, rel_tol=1e-6), status, losses))


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
    seconds, best = 0.0, 0.0
    begun = time.perf_counter()
    for number, model in enumerate(steps, 1):
        if number % (PICTURES // 64) == 0:
            seconds += time.perf_counter() - begun
            best = max(best, evaluate(model, *test)[1])
            if best >= goal:
                return seconds, best, True
            begun = time.perf_counter()
    return seconds + time.perf_counter() - begun, best, False


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
        # this warms the process up and loads the pictures, as on a page that has been open for a while
        ask(desk, Recipe(network="softmax_regression", samples=100))
        first = ask(desk, recipe)
        reached, accuracy, losses = repeat(recipe, options.goal, ready.test)
        whole = FashionMNIST(options.data, train=True, transform=ToTensor())
        indices = fashion.split(whole.targets, fashion.HELD_OUT)[0][: len(samples.train[1])]
        plain = prepare(recipe, samples).model.to(memory_format=torch.contiguous_format)
        test = samples.test  # the textbook's pictures are not normalised
        steps = textbook(Subset(whole, indices.tolist()), plain, options.epochs)
        seconds, best, is_reached = seconds_to(options.goal, steps, test)
        runs = [first, ask(desk, recipe)]
    finally:
        desk.close()

    # the page has them with seven digits
    if any(not is_same(run[0], losses) for run in runs):
        print(f"The page's run came to other losses: {runs[0][2]}", file=sys.stderr)
        return 1
    text = ", ".join(f"{run[1][0]:.2f}" for run in runs)
    print(f"from the click to the first loss: {text} s")
    if not reached:
        print(f"the page's run ended with {accuracy:.2%}")
    else:
        page_seconds = [run[1][reached - 1] for run in runs]
        text = ", ".join(f"{seconds:.1f}" for seconds in page_seconds)
        print(f"from the click to {accuracy:.2%} of the test pictures: {text} s (step {reached})")
        ends = "" if is_reached else "more than "
        print(f"the textbook's loop: {seconds:.1f} s to {best:.2%}")
        print(f"{ends}{seconds * len(page_seconds) / sum(page_seconds):.1f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
