"""A Recipe as a Python program: the textbook loop with only the lines that this run needs.

It takes the samples and the network from this project and writes out the rest. Run in the project's folder,
it prints the loss and the accuracy of each epoch of exactly this run.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from data import sources
from models.registry import NETWORKS, build
from models.registry import parameters as count_parameters
from settings import fast_bfloat16
from training.optimizers import OPTIMIZERS
from training.recipe import Recipe, arguments

AUGMENTS = {
    "shift": ("data.augment", "shifted"),
    "standard": ("data.augment", "standard"),
    "as-found": ("data.augment", "as_found"),
    "mixed": ("training.recipe", "mixed"),
}
"""The modules and functions of the augmentations."""
SCHEDULES = {
    "step": """\
def share(step):
    # of the learning rate: a tenth after half of the steps, a hundredth after three quarters
    return 0.1 ** ((step >= steps / 2) + (step >= steps * 3 / 4))""",
    "cosine": """\
def share(step):
    # of the learning rate: half a cosine, from all of it to nothing
    return 0.5 * (1 + math.cos(math.pi * step / steps))""",
    "one-cycle": """\
def share(step):
    # of the learning rate: up for a fifth of the steps, then half a cosine down
    peak = steps / 5
    if step < peak:
        return 0.04 + 0.96 * step / peak
    return 0.5 * (1 + math.cos(math.pi * (step - peak) / (steps - peak)))""",
}


def code(
    recipe: Recipe,
    classes: int | None = None,
    threads: int | None = None,
    own: Sequence[str] = ("pictures.zip",),
) -> str:
    """The program of this run.

    classes: of a visitor's pictures, by default the fewest; any other data set has its own number. threads:
    the number that the run had, for equal bits. own: the names of the files with a visitor's pictures.
    """
    data = sources.learnable()[recipe.data]
    classes = classes or data.classes
    blocks = [
        f'"""{recipe.network} learns {data.noun}. Run this in the folder of Torch Playground."""',
        *_imports(recipe, classes),
        _samples(recipe, threads, own),
        _augmentation(recipe),
        _network(recipe, classes),
        SCHEDULES.get(recipe.config.schedule, ""),
        _optimizer(recipe),
        _validation(recipe, classes),
        _loop(recipe, classes),
    ]
    blocks = [block for block in blocks if block]
    text = blocks[0]
    for before, block in zip(blocks, blocks[1:], strict=False):
        wide = any(b.startswith(("def ", "@")) for b in (before, block))
        text += ("\n\n\n" if wide else "\n\n") + block
    return text + "\n"


def _half(recipe: Recipe, classes: int) -> bool:
    """Whether the run computes in bfloat16 on this machine, see `training.loop`."""
    large = count_parameters(build(recipe.network, **arguments(recipe, classes))) > 10_000
    return large and fast_bfloat16(torch.device(recipe.device))


def _imports(recipe: Recipe, classes: int) -> list[str]:
    config = recipe.config
    names: dict[str, set[str]] = {
        "data.batches": {"TensorBatches"},
        "data.fashion": {"MEAN", "STD"},
        "models.registry": {"build"},
    }

    def needs(module: str, *members: str) -> None:
        names.setdefault(module, set()).update(members)

    if recipe.data == sources.OWN:
        needs("data.own.archives", "read_pictures")
        needs("training.samples", "own_samples", *(["first"] if recipe.samples else []))
    else:
        needs("training.samples", "load")
    if recipe.augment != "none":
        needs(*AUGMENTS[recipe.augment])
    if recipe.dropout:
        needs("data.batches", "random_source")
    kind = OPTIMIZERS[config.optimizer]
    if kind.module:
        needs(kind.module, kind.code_name)
    if config.loss == "focal":
        needs("training.losses", "focal_loss")
    standard = ["import math"] if config.schedule in ("cosine", "one-cycle") else []
    standard += ["from pathlib import Path"] if recipe.data == sources.OWN else []
    torches = ["import torch"]
    if config.loss in ("cross-entropy", "bce", "mse", "multi-margin"):
        torches.append("import torch.nn.functional as F")
    if config.schedule != "constant":
        torches.append("from torch.optim.lr_scheduler import LambdaLR")
    if config.average:
        torches.append("from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn")
    local = [
        f"from {module} import {', '.join(sorted(members))}" for module, members in sorted(names.items())
    ]
    return ["\n".join(standard), "\n".join(torches), "\n".join(local)]


def _samples(recipe: Recipe, threads: int | None, own: Sequence[str]) -> str:
    lines = [f"torch.set_num_threads({threads})"] if threads is not None else []
    if recipe.data == sources.OWN:
        lines.append(f"files = {list(own)!r}")
        lines.append("pictures, _ = read_pictures([(Path(f).name, Path(f).read_bytes()) for f in files])")
        call = "own_samples(pictures)"
        lines.append(f"samples = first({call}, {recipe.samples})" if recipe.samples else f"samples = {call}")
    else:
        count = f", {recipe.samples}" if recipe.samples else ""
        lines.append(f'samples = load("{recipe.data}"{count})')
    return "\n".join(lines)


def _augmentation(recipe: Recipe) -> str:
    if recipe.augment == "none":
        return ""
    function = AUGMENTS[recipe.augment][1]
    return (
        "def augment(images, labels, generator):\n"
        f"    return {function}(images, generator), labels  # other pictures in each epoch"
    )


def _network(recipe: Recipe, classes: int) -> str:
    config = recipe.config
    keywords = ", ".join(f"{name}={value!r}" for name, value in arguments(recipe, classes).items())
    lines = [f'model = build("{recipe.network}", seed={config.seed}, {keywords})']
    if NETWORKS[recipe.network].convolutions:
        lines.append("model = model.to(memory_format=torch.channels_last)  # faster convolutions")
    if recipe.device != "cpu":
        lines.append(f'model = model.to("{recipe.device}")')
    options = f"batch_size={config.batch_size}"
    options += "" if config.shuffle else ", shuffle=False"
    options += "" if recipe.augment == "none" else ", augment=augment"
    lines.append(f"batches = TensorBatches(*samples.train, {options})  # pictures as float in [0, 1]")
    if config.schedule != "constant":
        lines.append(f"steps = {config.epochs} * len(batches)")
    return "\n".join(lines)


def _optimizer(recipe: Recipe) -> str:
    config = recipe.config
    lines = []
    parameters = "model.parameters()"
    if config.weight_decay:
        parameters = "groups"
        lines += [
            "groups = [  # weight decay spares biases and normalisation",
            '    {"params": [p for p in model.parameters() if p.ndim > 1],'
            f' "weight_decay": {config.weight_decay}}},',
            '    {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},',
            "]",
        ]
    kind = OPTIMIZERS[config.optimizer]
    lines.append(f"optimizer = {kind.call(parameters, str(config.lr), kind.arguments(config))}")
    if config.schedule != "constant":
        lines.append("schedule = LambdaLR(optimizer, share)")
    if config.average:
        rule = f"get_ema_multi_avg_fn({config.average})"
        lines.append(f"average = AveragedModel(model, multi_avg_fn={rule}, use_buffers=True)")
    return "\n".join(lines)


def _loss(recipe: Recipe, classes: int, logits: str, y: str, smoothing: float = 0.0) -> str:
    match recipe.config.loss:
        case "bce":
            one_hot = f"F.one_hot({y}, {classes}).float()"
            return f"F.binary_cross_entropy_with_logits({logits}, {one_hot})"
        case "mse":
            return f"F.mse_loss({logits}, F.one_hot({y}, {classes}).float())"
        case "multi-margin":
            return f"F.multi_margin_loss({logits}, {y})"
        case "focal":
            return f"focal_loss({logits}, {y})"
    smooth = f", label_smoothing={smoothing}" if smoothing else ""
    return f"F.cross_entropy({logits}, {y}{smooth})"


def _validation(recipe: Recipe, classes: int) -> str:
    move = "" if recipe.device == "cpu" else f'.to("{recipe.device}")'
    return f"""\
@torch.no_grad()
def validate(model):
    model.eval()
    x, y = (samples.validation[0].float() / 255 - MEAN) / STD, samples.validation[1]{move}
    logits = torch.cat([model(part{move}) for part in x.split(1000)])
    loss = {_loss(recipe, classes, "logits", "y")}
    return loss.item(), (logits.argmax(1) == y).float().mean().item()"""


def _loop(recipe: Recipe, classes: int) -> str:
    config = recipe.config
    move = "" if recipe.device == "cpu" else f'.to("{recipe.device}")'
    half = _half(recipe, classes)
    lines = [
        f"for epoch in range({config.epochs}):",
        "    model.train()",
        "    seen, total, right = 0, 0.0, 0",
    ]
    batch = f"batches.epoch({config.seed}, epoch)"
    if recipe.dropout:
        lines += [
            f"    for step, (x, y) in enumerate({batch}):",
            "        # decides what dropout sets to 0",
            f"        torch.manual_seed(random_source({config.seed}, epoch, step, 1).initial_seed())",
        ]
    else:
        lines.append(f"    for x, y in {batch}:")
    lines.append(f"        x = (x{move} - MEAN) / STD" if move else "        x = (x - MEAN) / STD")
    if move:
        lines.append(f"        y = y{move}")
    if config.zero_grad:
        lines.append("        optimizer.zero_grad()")
    else:
        lines.append("        # without optimizer.zero_grad() the gradients of all steps add up")
    if half:
        kind = torch.device(recipe.device).type
        lines += [f'        with torch.autocast("{kind}", torch.bfloat16):', "            logits = model(x)"]
    else:
        lines.append("        logits = model(x)")
    logits = "logits.float()" if half else "logits"
    lines += [
        f"        loss = {_loss(recipe, classes, logits, 'y', config.label_smoothing)}",
        "        loss.backward()",
        "        optimizer.step()",
    ]
    if config.schedule != "constant":
        lines.append("        schedule.step()")
    if config.average:
        lines.append("        average.update_parameters(model)")
    lines += [
        "        seen += len(y)",
        "        total += len(y) * loss.item()",
        "        right += (logits.argmax(1) == y).sum().item()",
        f"    held_loss, held_accuracy = validate({'average.module' if config.average else 'model'})",
        '    print(f"epoch {epoch + 1}: loss {total / seen:.5f}, accuracy {right / seen:.4f}, "',
        '          f"validation loss {held_loss:.5f}, accuracy {held_accuracy:.4f}")',
    ]
    return "\n".join(lines)
