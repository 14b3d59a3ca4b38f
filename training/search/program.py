"""The learning-rate range test as a program: the lines of PyTorch that do it, written out for one recipe."""

from __future__ import annotations

from data.sources import OWN
from language import _
from training.optimizers import OPTIMIZERS
from training.recipe import FIELDS, Recipe
from training.search.lr_range import BETA, EXPLODED, RangeSpec

PLAIN = "        yield from ready.batches.epoch(recipe.config.seed, epoch)"
WITH_DROPOUT = """\
        for number, batch in enumerate(ready.batches.epoch(recipe.config.seed, epoch)):
            # decides what dropout sets to 0
            torch.manual_seed(random_source(recipe.config.seed, epoch, number, 1).initial_seed())
            yield batch"""

PROGRAM = """\
import math

import torch
{imports}
recipe = Recipe.from_dict({recipe})
ready = prepare(recipe, load_samples(recipe))  # fresh weights, batches
model = ready.model

low, high, steps = {low}, {high}, {steps}
{optimizer}
# each step multiplies the learning rate by the same number
growth = (high / low) ** (1 / (steps - 1))
schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=growth)


def batches():
    for epoch in range(steps):  # more than enough
{each}


mean, lowest = 0.0, math.inf
for step, (x, y) in zip(range(steps), batches()):
    lr = schedule.get_last_lr()[0]
{zero}    loss = {loss}
    loss.backward()
    optimizer.step()
    schedule.step()

    mean = {beta:g} * mean + {rest:g} * loss.item()
    average = mean / (1 - {beta:g} ** (step + 1))  # corrected for its start at 0
    lowest = min(lowest, average)
    print(f"step {{step}}: lr {{lr:.2e}}, loss {{loss.item():.3f}}, average {{average:.3f}}")
    if not average <= {exploded} * lowest:  # exploded, or no number any more
        break
"""


def code(recipe: Recipe, spec: RangeSpec | None = None) -> str:
    """A program that prints what `range_test` yields, apart from rounding.

    Raises ValueError with a sentence for a visitor's own pictures, which the program does not have.
    """
    spec = spec or RangeSpec()
    config = recipe.config
    if recipe.data == OWN:
        raise ValueError(_("The program cannot read your own pictures, which only this page has."))
    imports, groups = [], "model.parameters()"
    if recipe.dropout:
        imports.append("from data.batches import random_source")
    loss = "F.cross_entropy({}, y)"
    if config.loss != "cross-entropy":
        loss = "loss_function(recipe.config)({}, y)"
        imports.append("from training.losses import loss_function")
    elif config.label_smoothing:
        loss = f"F.cross_entropy({{}}, y, label_smoothing={config.label_smoothing})"
    kind = OPTIMIZERS[config.optimizer]
    if kind.module:
        imports.append(f"from {kind.module} import {kind.code_name}")
    lines = ""
    if config.weight_decay:
        lines = (
            "# weight decay for matrices and kernels, none for biases and normalisation layers\n"
            "large = [p for p in model.parameters() if p.ndim > 1]\n"
            "small = [p for p in model.parameters() if p.ndim <= 1]\n"
            f'groups = [{{"params": large, "weight_decay": {config.weight_decay}}},'
            ' {"params": small, "weight_decay": 0}]\n'
        )
        groups = "groups"
    move = "" if recipe.device == "cpu" else f'.to("{recipe.device}")'
    if move:
        loss = loss.replace(", y", f", y{move}")
    imports.append("from training.recipe import Recipe, load_samples, prepare")
    optimizer = kind.call(groups, "low", kind.arguments(config))
    return PROGRAM.format(
        imports="\n".join(["import torch.nn.functional as F\n"] * loss.startswith("F.") + imports) + "\n",
        recipe=_arguments(recipe),
        low=spec.low,
        high=spec.high,
        steps=spec.steps,
        each=WITH_DROPOUT if recipe.dropout else PLAIN,
        optimizer=f"{lines}optimizer = {optimizer}",
        zero="    optimizer.zero_grad()\n" if config.zero_grad else "",
        loss=loss.format(f"model(x{move})"),
        beta=BETA,
        rest=round(1 - BETA, 12),
        exploded=EXPLODED,
    )


def _arguments(recipe: Recipe) -> str:
    """The network, and what differs from a Recipe's defaults and matters for the test."""
    unused = ("epochs", "lr", "schedule", "average")
    fields = {
        name: value
        for name, value in recipe.as_dict().items()
        if name == "network" or (name not in unused and value != FIELDS[name])
    }
    return "{" + ", ".join(f'"{name}": {_literal(value)}' for name, value in fields.items()) + "}"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
