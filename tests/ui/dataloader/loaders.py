"""Batches from the DataLoader tab and from torch itself."""

from typing import Any

import torch
from torch.utils.data import DataLoader, WeightedRandomSampler

from ui.dataloader.steps import PLAIN, on_step
from ui.kit.own_data import OwnData

NUMBERS = {**PLAIN, "dataset": "numbers"}
TABLE_FILE = ("t.csv", b"a,b,label\n1,2,x\n3,4.5,y\n5,0.00002,x\n7,1234567,y\n")


def step(**options: Any) -> dict[str, Any]:
    return on_step(OwnData(), {**NUMBERS, **options})


def real_orders(
    samples: int, settings: dict[str, Any], epochs: int, weights: list[float] | None = None
) -> list[list[list[int]]]:
    """The indices of every batch of some epochs, as a DataLoader over the indices themselves gives them."""
    generator = torch.Generator().manual_seed(settings.get("seed", 0))
    options: dict[str, Any] = {"shuffle": settings.get("sampler", "random") == "random"}
    if weights is not None:
        options = {"sampler": WeightedRandomSampler(weights, samples, generator=generator)}
    indices: Any = range(samples)
    loader: DataLoader[int] = DataLoader(
        indices, settings["batch_size"], drop_last=settings.get("drop_last", False), generator=generator,
        **options,
    )  # fmt: skip
    return [[batch.tolist() for batch in loader] for _ in range(epochs)]
