import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR

from models.registry import build
from training.config import TrainConfig
from training.optimizers import OPTIMIZERS, SCHEDULES, SimpleGD, make_optimizer, share


def after(make, steps=8):
    """The weights of a small network, in both kinds of parameter, after some steps of make(parameters)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(16, 1, 28, 28, generator=generator)
    y = torch.randint(0, 10, (16,), generator=generator)
    model = build("lenet5", seed=0)
    optimizer = make(model)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return [p.detach() for p in model.parameters()]


def equal(ours, expected):
    return all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_simple_gd_is_torchs_sgd_without_momentum_bit_for_bit(decay):
    ours = after(lambda m: SimpleGD(m.parameters(), lr=0.1, weight_decay=decay))
    assert equal(ours, after(lambda m: torch.optim.SGD(m.parameters(), lr=0.1, weight_decay=decay)))
    assert not equal(ours, after(lambda m: SimpleGD(m.parameters(), lr=0.1, weight_decay=decay), steps=7))


def test_simple_gd_by_hand():
    p, unused = nn.Parameter(torch.tensor([1.0, -2.0])), nn.Parameter(torch.ones(1))
    optimizer = SimpleGD([{"params": [p], "lr": 0.5, "weight_decay": 0.1}, {"params": [unused]}], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 5.0
    # 1 - 0.5 (2 + 0.1) and -2 - 0.5 (-4 - 0.2)
    assert p.tolist() == pytest.approx([-0.05, 0.1])
    assert unused.item() == 1.0


@pytest.mark.parametrize("bad", [{"lr": -1.0}, {"lr": math.nan}, {"lr": math.inf}, {"weight_decay": -0.1}])
def test_simple_gd_refuses_numbers_that_make_no_sense(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))} must be a number from 0 up"):
        SimpleGD([nn.Parameter(torch.ones(1))], **bad)


REFERENCES = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.8),
    "nesterov": lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.8, nesterov=True),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.01),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.01),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=0.01),
    "simple-gd": lambda groups: torch.optim.SGD(groups, lr=0.01),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_each_optimizer_makes_the_steps_of_torch(name):
    def reference(model):
        decayed = [p for p in model.parameters() if p.ndim > 1]
        spared = [p for p in model.parameters() if p.ndim == 1]
        groups = [{"params": decayed, "weight_decay": 0.1}, {"params": spared, "weight_decay": 0.0}]
        return REFERENCES[name](groups)

    config = TrainConfig(optimizer=name, lr=0.01, momentum=0.8, weight_decay=0.1)
    assert equal(after(lambda m: make_optimizer(m, config), 5), after(reference, 5))


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_the_printed_call_makes_the_steps_of_the_run(name, decay):
    kind = OPTIMIZERS[name]
    config = TrainConfig(optimizer=name, lr=0.01, momentum=0.8, weight_decay=decay)
    program = "import torch\n" + (f"from {kind.module} import {kind.code_name}\n" if kind.module else "")

    def printed(model):
        groups = [
            {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": decay},
            {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0},
        ]
        names = {"given": groups if decay else model.parameters()}
        exec(f"{program}optimizer = {kind.call('given', '0.01', kind.arguments(config))}", names)
        return names["optimizer"]

    assert equal(after(lambda m: make_optimizer(m, config), 5), after(printed, 5))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_entry_has_everything_that_the_form_needs(name):
    kind = OPTIMIZERS[name]
    assert kind.title and kind.sentence.endswith(".") and "{" not in kind.sentence
    TrainConfig(optimizer=name, lr=kind.usual_lr)
    assert set(kind.options) <= set(TrainConfig().as_dict())
    if kind.without_momentum:
        with pytest.raises(ValueError, match=f"^momentum must be above 0 for the optimizer {name}"):
            TrainConfig(optimizer=name, momentum=0)
        TrainConfig(optimizer=kind.without_momentum, momentum=0)


def test_no_two_optimizers_are_the_same():
    configs = [TrainConfig(optimizer=name, weight_decay=0.1) for name in OPTIMIZERS]
    ends = [after(lambda m, config=config: make_optimizer(m, config), 3) for config in configs]
    assert not any(equal(a, b) for k, a in enumerate(ends) for b in ends[:k])


def test_weight_decay_spares_biases_and_norms():
    model = build("fashion_cnn", seed=0, classes=2, widths=(4, 4, 4, 4))
    decayed, spared = make_optimizer(model, TrainConfig(weight_decay=1e-3)).param_groups
    assert {p.ndim for p in decayed["params"]} == {2, 4} and decayed["weight_decay"] == 1e-3
    assert {p.ndim for p in spared["params"]} == {1} and spared["weight_decay"] == 0


def rates(scheduler, steps):
    """The learning rates that one of torch's schedulers gives, from step 0 to `steps`."""
    rates = []
    for _ in range(steps + 1):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("steps", [1, 7, 8, 30])
def test_step_and_cosine_are_torchs_schedulers(steps):
    def optimizer():
        return torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)

    drops = [math.ceil(steps / 2), math.ceil(steps * 3 / 4)]
    expected = rates(MultiStepLR(optimizer(), drops, gamma=0.1), steps)
    assert [share("step", k, steps) for k in range(steps + 1)] == pytest.approx(expected)
    expected = rates(CosineAnnealingLR(optimizer(), steps), steps)
    assert [share("cosine", k, steps) for k in range(steps + 1)] == pytest.approx(expected, abs=1e-12)


def test_schedules_by_hand():
    assert [share("constant", k, 4) for k in range(5)] == [1.0] * 5
    assert [share("step", k, 8) for k in (0, 3, 4, 5, 6, 8)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert [share("cosine", k, 6) for k in (0, 2, 3, 4, 6)] == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    assert [share("one-cycle", k, 10) for k in (0, 1, 2, 6, 10)] == pytest.approx([0.04, 0.52, 1, 0.5, 0])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_share_is_never_outside_0_and_1(schedule):
    assert all(0 <= share(schedule, k, steps) <= 1 for steps in range(1, 12) for k in range(steps + 1))


def test_an_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="schedule must be one of constant, step, cosine, one-cycle"):
        share("linear", 0, 10)
