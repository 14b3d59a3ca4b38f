"""The training loop as a short program whose lines may be in any order: its settings and its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from checks import choice, number, set_fields, whole_number
from language import _
from training import optimizers

LINES = {
    "zero_grad": "optimizer.zero_grad()",
    "forward": "logits = model(x)",
    "loss": "loss = criterion(logits, y)",
    "backward": "loss.backward()",
    "step": "optimizer.step()",
}
"""The five lines of the loop, in the order of the textbook."""
CLASSES = ("T-shirt/top", "Trouser", "Ankle boot")
SIDE, HIDDEN, PASSES = 8, 4, 10
"""Rows of a picture, hidden units of the larger network, and how often the loop goes round."""
MAX_LR, MAX_BATCH, MAX_SEED = 10.0, 16, 999_999


class SlowError(ValueError):
    """A setting is wrong; the message is a sentence for the visitor."""


@dataclass(frozen=True)
class SlowNetwork:
    """A network small enough to be seen whole."""

    title: str
    parameters: tuple[str, ...]
    """The names in `model.named_parameters()`."""
    code: str
    """Python that makes it."""
    imports: tuple[str, ...] = ()
    """What `code` needs besides torch and nn, one statement each."""


NETWORKS = {
    "softmax": SlowNetwork(
        _("softmax regression"), ("weight", "bias"), f"nn.Linear({SIDE * SIDE}, {len(CLASSES)})"
    ),
    "two-layers": SlowNetwork(
        _("two layers"),
        ("hidden.weight", "hidden.bias", "out.weight", "out.bias"),
        "nn.Sequential(OrderedDict(\n"
        f"    hidden=nn.Linear({SIDE * SIDE}, {HIDDEN}), relu=nn.ReLU(),\n"
        f"    out=nn.Linear({HIDDEN}, {len(CLASSES)})))",
        ("from collections import OrderedDict",),
    ),
}


@dataclass(frozen=True)
class Batches:
    """Which batches the passes take, as the program writes it."""

    title: str
    head: str
    """The line that the loop begins with."""
    still: str
    """What happens to the loss while no weight moves."""
    before: str = ""
    """A statement before the loop, "" for none."""


BATCHES = {
    "same": Batches(
        _("the same batch"),
        f"for number in range({PASSES}):",
        _("The loss stays what it is."),
        "x, y = next(iter(loader))",
    ),
    "next": Batches(
        _("the next batch"),
        "for x, y in loader:",
        _("The loss changes only because each batch is different."),
    ),
}


@dataclass(frozen=True)
class SlowOptimizer:
    """An optimizer whose state is small enough to be seen whole."""

    title: str
    name: str
    """A key of `training.optimizers.OPTIMIZERS`."""
    usual_lr: float
    """The learning rate that suits these small networks."""
    movement: str
    """How step() moves a weight, in one sentence; {rate} is the learning rate."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The arguments of the class besides the parameters and `lr`."""
    buffers: tuple[str, ...] = ()
    """Names of the tensors that it keeps for each parameter."""

    @property
    def kind(self) -> optimizers.OptimizerKind:
        return optimizers.OPTIMIZERS[self.name]


OPTIMIZERS = {
    "simple-gd": SlowOptimizer(
        "SimpleGD",
        "simple-gd",
        0.5,
        _("Each weight moves against its gradient, scaled by the learning rate {rate}."),
    ),
    "momentum": SlowOptimizer(
        _("SGD, momentum"),
        "sgd",
        0.5,
        _("Each weight moves against its momentum, scaled by the learning rate {rate}."),
        {"momentum": 0.9},
        ("momentum_buffer",),
    ),
    "adam": SlowOptimizer(
        "Adam",
        "adam",
        0.02,
        _("Adam divides by the usual size of a gradient: each weight moves by {rate} or so."),
        buffers=("exp_avg", "exp_avg_sq"),
    ),
}


@dataclass(frozen=True)
class SlowSettings:
    """Everything that decides what the program does. Raises SlowError with a sentence."""

    network: str = "softmax"
    """One of NETWORKS: 64 pixels to 3 logits, or 64 to 4 hidden units with ReLU to 3 logits."""
    optimizer: str = "simple-gd"
    """One of OPTIMIZERS."""
    lr: float = 0.5
    """Learning rate, above 0 and at most 10."""
    batch_size: int = 4
    """1 to 16."""
    seed: int = 20
    """0 to 999,999; decides the first weights, the pictures and their order."""
    batches: str = "same"
    """One of BATCHES: every pass takes the first batch, or each pass takes the next one."""
    order: tuple[str, ...] = tuple(LINES)
    """The five keys of LINES in the order of the program."""
    left_out: tuple[str, ...] = ()
    """Keys of the lines that do not run."""
    not_given: tuple[str, ...] = ()
    """Names of the parameters that the optimizer is not given."""
    frozen: tuple[str, ...] = ()
    """Names of the parameters with requires_grad=False."""

    def __post_init__(self) -> None:
        set_fields(
            self,
            network=choice(self.network, _("The network"), NETWORKS, SlowError),
            optimizer=choice(self.optimizer, _("The optimizer"), OPTIMIZERS, SlowError),
            lr=number(self.lr, _("The learning rate"), 0, MAX_LR, SlowError, above=True),
            batch_size=whole_number(self.batch_size, _("The batch size"), 1, MAX_BATCH, SlowError),
            seed=whole_number(self.seed, _("The seed"), 0, MAX_SEED, SlowError),
            batches=choice(self.batches, _("The choice of batches"), BATCHES, SlowError),
        )
        if not isinstance(self.order, tuple) or sorted(map(str, self.order)) != sorted(LINES):
            raise SlowError(
                _("The order must name each of these lines once: {lines}.").format(lines=", ".join(LINES))
            )
        _some_of(self.left_out, LINES, _("The lines left out"))
        names = NETWORKS[self.network].parameters
        _some_of(self.not_given, names, _("The parameters that the optimizer is not given"))
        _some_of(self.frozen, names, _("The frozen parameters"))

    @classmethod
    def from_dict(cls, values: Any) -> SlowSettings:
        """The settings that a browser sent; missing ones have their defaults. Raises SlowError."""
        if not isinstance(values, Mapping):
            raise SlowError(_("The settings must be names with values."))
        unknown = [name for name in values if name not in cls.__dataclass_fields__]
        if unknown:
            names = ", ".join(cls.__dataclass_fields__)
            raise SlowError(_("There is no such setting. There are: {names}.").format(names=names))
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**fields)

    def as_dict(self) -> dict[str, Any]:
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @property
    def running_lines(self) -> tuple[str, ...]:
        """Keys of the lines that run, in their order."""
        return tuple(key for key in self.order if key not in self.left_out)

    @property
    def all_parameters(self) -> tuple[str, ...]:
        """Names of the parameters of the network."""
        return NETWORKS[self.network].parameters

    @property
    def optimizer_parameters(self) -> tuple[str, ...]:
        """Names of the parameters that the optimizer is given."""
        return tuple(name for name in self.all_parameters if name not in self.not_given)

    @property
    def frozen_parameters(self) -> tuple[str, ...]:
        """`frozen` in the order of the network."""
        return tuple(name for name in self.all_parameters if name in self.frozen)


def _some_of(values: object, choices: Iterable[str], name: str) -> None:
    members = tuple(choices)
    if not isinstance(values, tuple) or any(not isinstance(v, str) or v not in members for v in values):
        sentence = _("{name} must be among these: {choices}.")
        raise SlowError(sentence.format(name=name, choices=", ".join(members)))


# --- the text -----------------------------------------------------------------------------------------------


def setup(settings: SlowSettings) -> list[tuple[str, str]]:
    """(key, Python) of each statement before the loop."""
    names = ", ".join(f"model.{name}" for name in settings.optimizer_parameters)
    parameters = f"[{names}]" if settings.not_given else "model.parameters()"
    optimizer = OPTIMIZERS[settings.optimizer]
    call = optimizer.kind.call(parameters, f"{settings.lr:g}", optimizer.arguments)
    count = PASSES * settings.batch_size
    statements = [
        ("seed", f"torch.manual_seed({settings.seed})"),
        ("model", f"model = {NETWORKS[settings.network].code}"),
        *(("frozen", f"model.{name}.requires_grad = False") for name in settings.frozen_parameters),
        ("optimizer", f"optimizer = {call}"),
        ("criterion", "criterion = nn.CrossEntropyLoss()"),
        (
            "loader",
            "loader = DataLoader(\n"
            f"    pictures({count}, seed={settings.seed}), {settings.batch_size}, shuffle=True,\n"
            f"    generator=torch.Generator().manual_seed({settings.seed}))",
        ),
    ]
    if statement := BATCHES[settings.batches].before:
        statements.append(("batch", statement))
    return statements


def imports(settings: SlowSettings) -> str:
    """What the program needs, one statement a line."""
    lines = ["import torch", "from torch import nn", "from torch.utils.data import DataLoader"]
    lines = [*NETWORKS[settings.network].imports, *lines]
    kind = OPTIMIZERS[settings.optimizer].kind
    if kind.module:
        lines.append(f"from {kind.module} import {kind.code_name}")
    return "\n".join([*lines, "from training.slow_motion.play import pictures"])


def program(settings: SlowSettings) -> str:
    """The whole program. Run in the project's folder, it computes the numbers of `play`."""
    body = [LINES[key] for key in settings.running_lines] or ["pass"]
    statements = "\n".join(text for _key, text in setup(settings))
    loop = "\n".join(f"    {line}" for line in body)
    return f"{imports(settings)}\n\n{statements}\n\n{BATCHES[settings.batches].head}\n{loop}\n"
