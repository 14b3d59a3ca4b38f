"""The Python that races the same DataLoaders as a race on the page."""

from __future__ import annotations

from data.loader.race import RaceSettings, usual_start

BLUR = '''

def blur(picture, seconds):
    """Compute for this many seconds of this process's own processor time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        picture = torch.nn.functional.avg_pool2d(picture, 3, stride=1, padding=1)
    return picture
'''


def program(settings: RaceSettings) -> str:
    """A complete program that prints the seconds of each number of workers."""
    if settings.kind == "wait":
        work = f"        time.sleep({settings.sample_ms / 1000:g})  # like a disk\n"
    else:
        work = f"        picture = blur(picture, {settings.sample_ms / 1000:g})\n"
    context = f'"{settings.start}" if workers else None'
    options = f",\n                            multiprocessing_context={context}"
    if settings.start == usual_start():
        options = ""
    workers = ", ".join(map(str, settings.workers)) + ("," if len(settings.workers) == 1 else "")
    return f"""\
import time

import torch
from torch.utils.data import DataLoader, Dataset

{BLUR if settings.kind == "compute" else ""}

class Pictures(Dataset):
    def __len__(self):
        return {settings.batches * settings.batch_size}

    def __getitem__(self, index):
        picture = torch.rand(1, 28, 28)
{work}        return picture, index % 10


if __name__ == "__main__":  # a spawned worker imports this file, and must not race
    torch.set_num_threads(1)  # as in each worker
    for workers in ({workers}):
        loader = DataLoader(Pictures(), batch_size={settings.batch_size}, num_workers=workers{options})
        start = time.perf_counter()
        for x, y in loader:
            time.sleep({settings.step_ms / 1000:g})  # like a training step on a GPU
        print(workers, "workers:", round(time.perf_counter() - start, 2), "s")
"""
