"""Fashion-MNIST as a data set of torchvision. Nothing is downloaded unless requested."""

from __future__ import annotations

from pathlib import Path

from torchvision import datasets
from tqdm import tqdm

from data import fashion
from data.download import fetch


class FashionMNIST(datasets.FashionMNIST):
    """`root`, `train`, `transform`, `target_transform` and `download` mean what they mean in torchvision.

    `data` is a (N, 28, 28) uint8 tensor, `targets` a (N,) int64 tensor. Raises RuntimeError when the files
    are not in `root`, or damaged, and `download` is False, `data.download.DownloadError` when downloading
    fails.
    """

    def _check_exists(self) -> bool:
        return fashion.available(self.root)

    def download(self) -> None:
        """Fetch the files that are missing or damaged."""
        with tqdm(unit="B", unit_scale=True, desc="Fashion-MNIST") as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            fetch(Path(self.root), show)
