"""One run in several processes, as torchrun starts them: one machine with many devices, or many machines.

    torchrun --nproc-per-node 4 -m training.fashion --output mine

Every process has the whole network and the whole data set, and cuts the same batches. It takes its share of
the samples of each batch; DistributedDataParallel adds up the gradients, so that all make the same step, the
one that a single process would make. Batch normalisation is the exception: each process normalises its share
by the statistics of that share, and those of the first process are kept (torch's SyncBatchNorm, which solves
this, works on accelerators only).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

PATIENCE = 300
"""Seconds to wait for an answer of another process."""
NAMES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


class Team:
    """The processes of this run, seen from one of them. Raises RuntimeError when the others do not answer."""

    def __init__(self, rank: int, world: int):
        self.rank = rank
        self.world = world
        self.weight = 1.0
        """This process's share of the samples of the batch."""

    def wrap(self, model: nn.Module) -> nn.Module:
        """`model`, changed so that backward() gives each process the gradient of the batch's mean loss."""
        parallel = DistributedDataParallel(model)
        parallel.register_comm_hook(self, _weighted_sum)
        return parallel

    def share(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Every `world`-th sample of the batch (N, ...), (N,), from number `rank` on.

        If a batch has fewer samples than there are processes, some take one that does not count.
        """
        inputs, labels = x[self.rank :: self.world], y[self.rank :: self.world]
        self.weight = len(labels) / len(y)
        return (inputs, labels) if self.weight else (x[:1], y[:1])

    def mean(self, *figures: float) -> list[float]:
        """The means over the whole batch of figures that are means over the share of each process."""
        device = torch.accelerator.current_accelerator() if dist.get_backend() == "nccl" else "cpu"
        # a sample that does not count may have an infinite loss
        weighted = [figure * self.weight if self.weight else 0.0 for figure in figures]
        total = torch.tensor(weighted, dtype=torch.float64, device=device)
        dist.all_reduce(total)
        return total.tolist()

    def leave(self) -> None:
        dist.destroy_process_group()


# no annotations: torch inspects them, and __future__ turns them into strings that it does not understand
def _weighted_sum(team, bucket):
    """Sum a `dist.GradBucket` with weights, in place of the mean of DistributedDataParallel, because the
    shares of a batch may differ in size. Returns a Future of the gradients.
    """
    gradients = bucket.buffer().mul_(team.weight)
    work = dist.all_reduce(gradients, async_op=True)
    return work.get_future().then(lambda done: done.value()[0])


def join(environment: Mapping[str, str] = os.environ, patience: float = PATIENCE) -> Team | None:
    """Connect to the other processes started by torchrun; None if WORLD_SIZE is not set.

    Raises ValueError with a sentence when torchrun's variables are incomplete, or there are more processes
    than devices; RuntimeError when the others do not connect within `patience` seconds.
    """
    if "WORLD_SIZE" not in environment:
        return None
    missing = [name for name in NAMES if not environment.get(name)]
    if missing:
        raise ValueError(
            f"WORLD_SIZE is set, but {', '.join(missing)} not: start with torchrun, or unset WORLD_SIZE."
        )
    try:
        rank, local, world = (int(environment[name]) for name in NAMES[:3])
    except ValueError:
        raise ValueError("RANK, LOCAL_RANK and WORLD_SIZE must be whole numbers: use torchrun.") from None
    cuda = torch.cuda.is_available() and environment.get("TORCH_PLAYGROUND_DEVICE", "cuda") == "cuda"
    if cuda:
        if local >= torch.cuda.device_count():
            raise ValueError(
                f"This machine has {torch.cuda.device_count()} devices: give torchrun --nproc-per-node that"
                " number, or set TORCH_PLAYGROUND_DEVICE=cpu."
            )
        torch.cuda.set_device(local)
    address = f"tcp://{environment['MASTER_ADDR']}:{environment['MASTER_PORT']}"
    agent = environment.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    dist.init_process_group(
        "nccl" if cuda else "gloo",
        init_method="env://" if agent else address,
        rank=rank,
        world_size=world,
        timeout=timedelta(seconds=patience),
    )
    return Team(rank, world)


def explain(error: RuntimeError) -> str:
    """A sentence for an error of torch: its own, or ours if it is about the other processes."""
    first = str(error).strip().split("\n")[0]
    if isinstance(error, dist.DistError) or "gloo" in first.lower():
        return (
            "another process of this run has ended or does not answer, so this one ends too; the same command"
            f" with --resume continues from what was kept. ({first[:200]})"
        )
    return str(error)
