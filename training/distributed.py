"""One run in several processes, as torchrun starts them: one machine with many devices, or many machines.

    torchrun --nproc-per-node 4 -m training.fashion --output mine

Every process has the whole network and the whole data set, and each cuts the same batches. Of the samples of
a batch it takes its share; DistributedDataParallel adds up the gradients, so all make the same step, the one
that a single process would make. Batch normalisation is the exception: each process normalises its share by
the statistics of that share, and those of the first process are kept (torch's SyncBatchNorm, which mends
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
"""Seconds after which a process that does not answer is given up."""
NAMES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


class Team:
    """The processes of this run, seen from one of them. Raises RuntimeError when the others do not answer."""

    def __init__(self, rank: int, world: int):
        self.rank = rank
        self.world = world
        self.weight = 1.0
        """Share of the samples of the batch that are this process's."""

    def wrap(self, model: nn.Module) -> nn.Module:
        """`model`, so that backward() leaves in each process the gradient of the mean loss over the batch."""
        wrapped = DistributedDataParallel(model)
        wrapped.register_comm_hook(self, _weighted_sum)
        return wrapped

    def share(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Every `world`-th sample of the batch (N, ...), (N,), from number `rank` on.

        A batch may have fewer samples than there are processes: then some take one that does not count.
        """
        mine = x[self.rank :: self.world], y[self.rank :: self.world]
        self.weight = len(mine[1]) / len(y)
        return mine if self.weight else (x[:1], y[:1])

    def mean(self, *figures: float) -> list[float]:
        """The means over the whole batch of figures that are means over each process's share."""
        device = torch.accelerator.current_accelerator() if dist.get_backend() == "nccl" else "cpu"
        # a sample that does not count may have an infinite loss
        weighted = [figure * self.weight if self.weight else 0.0 for figure in figures]
        total = torch.tensor(weighted, dtype=torch.float64, device=device)
        dist.all_reduce(total)
        return total.tolist()

    def leave(self) -> None:
        dist.destroy_process_group()


# without types: torch inspects them, and does not understand the strings that __future__ makes of them
def _weighted_sum(team, bucket):
    """What DistributedDataParallel does with a `dist.GradBucket` instead of taking the plain mean: the shares
    of a batch need not be of one size. Returns a Future of the gradients.
    """
    gradients = bucket.buffer().mul_(team.weight)
    work = dist.all_reduce(gradients, async_op=True)
    return work.get_future().then(lambda done: done.value()[0])


def join(environment: Mapping[str, str] = os.environ, patience: float = PATIENCE) -> Team | None:
    """Meet the other processes that torchrun started; None where WORLD_SIZE is not set.

    Raises ValueError with a sentence when torchrun's variables are incomplete, or there are more processes
    than devices; RuntimeError when the others do not come within `patience` seconds.
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


def explained(error: RuntimeError) -> str:
    """A sentence for an error of torch's: another one where it is about the other processes."""
    first = str(error).strip().split("\n")[0]
    if isinstance(error, dist.DistError) or "gloo" in first.lower():
        return (
            "another process of this run has ended or does not answer, so this one ends too; the same command"
            f" with --resume goes on from what was kept. ({first[:200]})"
        )
    return str(error)
