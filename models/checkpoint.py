"""A checkpoint: `<name>.pt`, the weights, and `<name>.json`, the card that says what they are.

The card has everything inference needs and the SHA-256 of the weights: a flipped bit often loads silently,
and a network used with other constants than those of its training answers confidently and wrongly.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from checks import number
from data.files import write_whole
from language import _
from models.registry import build, parameters


class CheckpointError(ValueError):
    """The checkpoint cannot be used; the message says why, and which command makes a new one."""


@dataclass
class Card:
    """What a network is, how it was trained and how good it is."""

    architecture: str
    """Name in `models.registry`."""
    arguments: dict[str, Any]
    """Arguments of its constructor."""
    classes: list[str]
    """Name of each logit, in order."""
    input_size: list[int]
    """Shape of one input, (C, H, W)."""
    mean: float
    std: float
    """Inputs in [0, 1] become (x - mean) / std before the first layer."""
    command: str
    """The command that trained it."""
    data: str
    """What it was trained on."""
    seed: int
    epochs: int
    metrics: dict[str, Any] = field(default_factory=dict)
    """Measurements, each a share in [0, 1] unless its name says otherwise."""
    config: dict[str, Any] = field(default_factory=dict)
    """Hyperparameters of the run."""
    parameters: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    sha256: str = ""


MAKERS = {
    "fashion": "python -m training.fashion",
    "pattern_conv": "python -m training.patterns --network pattern_conv",
    "pattern_cnn": "python -m training.patterns --network pattern_cnn",
}


def save(folder: Path, name: str, model: nn.Module, card: Card) -> Path:
    """Write the weights, and the card with parameters, versions and hash filled in; returns the `.pt`."""
    buffer = io.BytesIO()
    torch.save({key: value.cpu().contiguous() for key, value in model.state_dict().items()}, buffer)
    weights = buffer.getvalue()
    card = dataclasses.replace(
        card,
        parameters=parameters(model),
        # importing torchvision takes seconds
        versions={"torch": str(torch.__version__), "torchvision": version("torchvision")},
        sha256=hashlib.sha256(weights).hexdigest(),
    )
    path = folder / f"{name}.pt"
    write_whole(path, weights)
    _write_card(path.with_suffix(".json"), card)
    return path


def add_metrics(folder: Path, name: str, metrics: dict[str, Any]) -> None:
    """Add later measurements to the card. Raises CheckpointError like `load`."""
    card = load(folder, name)[1]
    card.metrics |= metrics
    _write_card(folder / f"{name}.json", card)


def _write_card(path: Path, card: Card) -> None:
    write_whole(path, (json.dumps(dataclasses.asdict(card), indent=1) + "\n").encode())


def available(folder: Path) -> list[str]:
    """Names of the checkpoints in `folder` that are there with both files."""
    return sorted(path.stem for path in folder.glob("*.pt") if path.with_suffix(".json").is_file())


def load(folder: Path, name: str, device: torch.device | None = None) -> tuple[nn.Module, Card]:
    """The network in evaluation mode on `device` (default: CPU) and its card.

    Raises CheckpointError when a file is missing, damaged, of another architecture, or has a NaN.
    """
    path = folder / f"{name}.pt"
    remedy = _("Train it again.")
    if name in MAKERS:
        remedy = _("Make a new one with: {command}").format(command=MAKERS[name])

    def refusal(sentence: str, **values: object) -> CheckpointError:
        return CheckpointError(sentence.format(name=name, remedy=remedy, **values))

    if not path.is_file() or not path.with_suffix(".json").is_file():
        sentence = _("There is no checkpoint {name} in {folder}/, which has none. {remedy}")
        if names := available(folder):
            sentence = _("There is no checkpoint {name} in {folder}/, which has: {names}. {remedy}")
        raise refusal(sentence, folder=folder.name, names=", ".join(names))
    try:
        card = _read_card(path.with_suffix(".json"))
    except (ValueError, TypeError, OSError) as error:
        sentence = _("The card {name}.json cannot be read: {reason}. {remedy}")
        raise refusal(sentence, reason=str(error).rstrip(".")) from error
    weights = path.read_bytes()
    if hashlib.sha256(weights).hexdigest() != card.sha256:
        raise refusal(_("{name}.pt is damaged or does not belong to its card: its SHA-256 differs. {remedy}"))
    try:
        state = torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a file that is no checkpoint
        sentence = _("{name}.pt is not a file of weights: {reason}. {remedy}")
        raise refusal(sentence, reason=_one_line(error)) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise refusal(_("{name}.pt does not contain named tensors. {remedy}"))
    broken = [key for key, value in state.items() if value.is_floating_point() and not value.isfinite().all()]
    if broken:
        sentence = _("{name}.pt has numbers that are not finite, in {tensors}. {remedy}")
        raise refusal(sentence, tensors=", ".join(broken[:3]))
    try:
        model = build(card.architecture, **card.arguments)
        model.load_state_dict(state)
    except (ValueError, RuntimeError) as error:
        sentence = _("{name}.pt does not fit the network {network}: {reason} {remedy}")
        raise refusal(sentence, network=card.architecture, reason=_one_line(error)) from error
    return model.to(device or torch.device("cpu")).eval(), card


def _read_card(path: Path) -> Card:
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(_("it is not a JSON object"))
    card = Card(**values)
    number(card.mean, "mean")
    number(card.std, "std")
    if card.std <= 0:
        raise ValueError(_("std is not above 0"))
    if not isinstance(card.arguments, dict) or not isinstance(card.classes, list):
        raise ValueError(_("arguments must be an object and classes a list"))
    return card


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
