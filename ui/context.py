"""What every tab receives: the device, the folder of checkpoints, and the networks loaded from it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from data.download import Download
from inference.pictures import Pictures
from inference.predictor import Predictor
from settings import CHECKPOINTS, pick_device
from training.desk.desk import Desk
from ui.kit.own_data import OwnData
from ui.kit.second_network import Rivals


@dataclass
class Context:
    """One for the whole page, shared by all visitors; what belongs to one visitor needs their secret."""

    device: torch.device = field(default_factory=pick_device)
    checkpoints: Path = CHECKPOINTS
    own: OwnData = field(default_factory=OwnData)
    desk: Desk = field(default_factory=Desk)
    pictures: Pictures = field(default_factory=Pictures)
    download: Download = field(default_factory=Download)
    _predictors: dict[str, Predictor] = field(default_factory=dict, init=False, repr=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @cached_property
    def rivals(self) -> Rivals:
        """Runs of visitors that answer beside the shipped network."""
        return Rivals(self.desk)

    def predictor(self, name: str = "fashion") -> Predictor:
        """The network `name`, loaded once and shared.

        Raises CheckpointError, a sentence with the command to run, when it is missing or damaged. A failure
        is not stored: a checkpoint made meanwhile is used at the next call.
        """
        with self._loading:
            if name not in self._predictors:
                self._predictors[name] = Predictor.load(name, self.device, self.checkpoints)
            return self._predictors[name]
