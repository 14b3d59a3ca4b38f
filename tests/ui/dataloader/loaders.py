"""Batches as the DataLoader tab and as torch itself give them."""

import torch
from torch.utils.data import DataLoader, WeightedRandomSampler

from ui.dataloader.steps import PLAIN, on_step
from ui.kit.own_data import OwnData

NUMBERS = {**PLAIN, "dataset": "numbers"}
TABLE_FILE = ("t.csv", b"a,b,label\n1,2,x\n3,4.5,y\n5,0.00002,x\n7,1234567,y\n")


def step(**asked) -> dict:
    return on_step(OwnData(), {**NUMBERS, **asked})


def real_orders(samples: int, asked: dict, epochs: int, **options) -> list[list[list[int]]]:
    """The indices of every batch of some epochs, as a DataLoader over the indices themselves gives them."""
    generator = torch.Generator().manual_seed(asked.get("seed", 0))
    options = options or {"shuffle": asked.get("sampler", "random") == "random"}
    if "sampler" in options:
        options["sampler"] = WeightedRandomSampler(options["sampler"], samples, generator=generator)
    loader = DataLoader(
        range(samples), asked["batch_size"], drop_last=asked.get("drop_last", False), generator=generator,
        **options,
    )  # fmt: skip
    return [[batch.tolist() for batch in loader] for _ in range(epochs)]
