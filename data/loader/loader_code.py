"""The Python that gives exactly the batch on screen: a complete program for the project's folder."""

from __future__ import annotations

import inspect
import textwrap

from data.loader import transforms
from data.loader.loading import LoaderSettings, can_be_one_hot, class_weights
from data.sources import Source

METHODS = ("__init__", "__len__", "__getitem__")


def program(source: Source, settings: LoaderSettings, epoch: int, number: int) -> str:
    """A program that steps through the epochs with a DataLoader and prints batch `number` of `epoch`."""
    picture = source.kind == "picture"
    one_hot = settings.one_hot and can_be_one_hot(source)
    weighted = settings.sampler == "weighted"
    random = picture and transforms.is_random(settings.steps)
    imports = ["import torch"]
    imports.append(f"from torch.utils.data import DataLoader{', WeightedRandomSampler' if weighted else ''}")
    if picture:
        imports.append("from torchvision.transforms import v2")
    imports.append(source.imports)
    lines = ["\n".join(imports), ""]
    arguments = []
    if picture:
        lines.append("transform = " + transforms.code(settings.steps).partition("transform = ")[2])
        arguments.append("transform=transform")
    if one_hot:
        lines += [
            "",
            "def one_hot(label):  # 3 becomes [0, 0, 0, 1, 0, ...]",
            f"    return torch.zeros({len(source.classes)}).scatter_(0, torch.tensor(label), value=1)",
            "",
        ]
        arguments.append("target_transform=one_hot")
    lines += _dataset(source, arguments)
    lines.append(
        f"generator = torch.Generator().manual_seed({settings.seed})  # decides the order of all epochs"
    )
    if weighted:
        weights = ", ".join(repr(weight) for weight in class_weights(source, settings))
        lines += [
            f"weights = torch.tensor([{weights}])  # one for each class",
            "sampler = WeightedRandomSampler(weights[dataset.targets], len(dataset), generator=generator)",
        ]
    order = {"sequential": "", "random": "shuffle=True, ", "weighted": "sampler=sampler, "}[settings.sampler]
    drop = "drop_last=True, " if settings.drop_last else ""
    lines.append(
        f"loader = DataLoader(dataset, batch_size={settings.batch_size}, {order}{drop}generator=generator)"
    )
    lines += ["", f"for epoch in range({epoch + 1}):"]
    replay = f"torch.manual_seed({settings.replay_seed})"
    if random:
        lines.append(f"    {replay}  # replays what the random transforms draw")
    lines += [
        "    for number, (x, y) in enumerate(loader):",
        f"        if (epoch, number) == ({epoch}, {number}):  # the batch on the page",
        "            print(x.shape, x.dtype, y.shape, y.dtype)",
        "            print(x.float().mean(), y[:8])",
    ]
    if random:
        lines.append(f"        {replay}  # for the next batch")
    return "\n".join(lines) + "\n"


def _dataset(source: Source, arguments: list[str]) -> list[str]:
    if source.arguments is None:  # a function that reads files makes it: its transforms are set afterwards
        attributes = [f"dataset.{argument.replace('=', ' = ')}" for argument in arguments]
        return [f"dataset = {source.call}", *attributes]
    return [f"dataset = {source.call}({', '.join((*source.arguments, *arguments))})"]


def dataset_class(source: Source) -> str:
    """The code of the data set's three methods, as Python runs it."""
    kind = type(source.dataset)
    owner = inspect.getmodule(kind.__getitem__)
    note = "  # as written in torchvision" if owner and owner.__name__.startswith("torchvision") else ""
    parts = [f"class {kind.__name__}(Dataset):{note}"]
    for name in METHODS:
        body = textwrap.dedent(inspect.getsource(getattr(kind, name)))
        parts.append(textwrap.indent(body.rstrip(), "    "))
    return "\n\n".join(parts) + "\n"
