import dataclasses
import io
import math

import pytest
import torch
import torch.nn.functional as F

from data.batches import TensorBatches
from models.registry import build
from training.config import TrainConfig
from training.loop import Diverged, Done, Epoch, State, Step, evaluate, train
from training.losses import loss_function
from training.optimizers import share


def pictures(count=64, seed=0):
    """Bright top or bright bottom half: learnable in a few steps."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    images = torch.rand(count, 1, 28, 28, generator=generator) * 0.3
    images[labels == 0, :, :14] += 0.6
    images[labels == 1, :, 14:] += 0.6
    return images, labels


def noisy(x, y, generator):
    return x + 0.05 * torch.randn(x.shape, generator=generator), y


CONFIG = TrainConfig(epochs=3, batch_size=20, lr=0.05, schedule="one-cycle", average=0.5, weight_decay=1e-3)


def started(config=CONFIG, augment=noisy):
    model = build("fashion_cnn", seed=config.seed, classes=2, widths=(4, 4, 4, 4))
    batches = TensorBatches(*pictures(), config.batch_size, config.shuffle, augment)
    return model, batches, State(model, config, len(batches))


def test_records_come_in_order_and_the_network_learns():
    model, batches, state = started()
    validation = pictures(seed=1)
    records = list(train(model, batches, CONFIG, validation, state))
    kinds = [type(record) for record in records]
    assert kinds == ([Step] * 4 + [Epoch]) * 3 + [Done]
    assert [(r.epoch, r.step) for r in records if isinstance(r, Step)] == [
        (e, s) for e in range(3) for s in range(4)
    ]
    epochs = [r for r in records if isinstance(r, Epoch)]
    assert (epochs[-1].validation_loss, epochs[-1].validation_accuracy) == evaluate(
        state.trained, *validation
    )
    assert epochs[-1].accuracy == 1.0
    assert epochs[-1].loss < epochs[0].loss
    assert records[-1].steps == 12


def test_epoch_is_the_mean_over_samples_not_over_batches():
    model, batches, state = started()
    records = list(train(model, batches, CONFIG, None, state))
    steps, epoch = records[:4], records[4]
    assert epoch.loss == pytest.approx(
        sum(s.loss * n for s, n in zip(steps, (20, 20, 20, 4), strict=True)) / 64
    )
    assert epoch.accuracy == pytest.approx(
        sum(s.accuracy * n for s, n in zip(steps, (20, 20, 20, 4), strict=True)) / 64
    )
    assert epoch.validation_accuracy is None


def test_two_runs_with_one_seed_are_equal_and_another_seed_differs():
    def losses(seed):
        config = TrainConfig(**{**CONFIG.as_dict(), "seed": seed})
        model, batches, state = started(config)
        return [r.loss for r in train(model, batches, config, None, state) if isinstance(r, Step)]

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


@pytest.mark.parametrize("stop_after", [1, 4, 5, 7, 10])
def test_resumes_to_the_same_weights(stop_after):
    model, batches, state = started()
    uncut = list(train(model, batches, CONFIG, None, state))
    expected = state.trained.state_dict()

    model, batches, state = started()
    for number, _ in enumerate(train(model, batches, CONFIG, None, state), 1):
        if number == stop_after:
            break
    saved = state.state_dict()
    fresh, batches, resumed = started()
    resumed.load_state_dict(saved)
    rest = list(train(fresh, batches, CONFIG, None, resumed))
    last, again = uncut[-2], rest[-2]
    assert (again.epoch, again.loss, again.accuracy) == (last.epoch, last.loss, last.accuracy)
    assert len(rest) == len(uncut) - stop_after
    for key, value in resumed.trained.state_dict().items():
        assert torch.equal(value, expected[key]), key


def test_a_step_is_that_of_the_textbook():
    config = TrainConfig(epochs=1, batch_size=64, lr=0.1, momentum=0.9, shuffle=False)
    model, batches, _ = started(config, augment=None)
    by_hand = build("fashion_cnn", seed=0, classes=2, widths=(4, 4, 4, 4))
    x, y = pictures()
    loss = F.cross_entropy(by_hand(x), y)
    loss.backward()
    with torch.no_grad():
        for parameter in by_hand.parameters():
            parameter -= 0.1 * parameter.grad
    step = next(iter(train(model, batches, config)))
    assert step.loss == pytest.approx(loss.item(), rel=1e-5)
    assert step.lr == 0.1
    for parameter, other in zip(model.parameters(), by_hand.parameters(), strict=True):
        assert torch.allclose(parameter, other, atol=1e-6)


def test_the_learning_rate_follows_the_schedule():
    model, batches, state = started()
    rates = [r.lr for r in train(model, batches, CONFIG, None, state) if isinstance(r, Step)]
    assert rates == pytest.approx([CONFIG.lr * share("one-cycle", step, 12) for step in range(12)])


def test_the_average_follows_the_weights():
    model, batches, state = started()
    run = train(model, batches, CONFIG, None, state)
    next(run)
    first = model.head.weight.detach().clone()
    assert torch.equal(state.trained.head.weight, first)
    next(run)
    assert torch.allclose(state.trained.head.weight, 0.5 * first + 0.5 * model.head.weight, atol=1e-6)


def test_the_gradient_norm_is_that_of_all_weights_together():
    config = TrainConfig(epochs=1, batch_size=64, shuffle=False, weight_decay=0.5)
    model, batches, _ = started(config, augment=None)
    by_hand = build("fashion_cnn", seed=0, classes=2, widths=(4, 4, 4, 4))
    x, y = pictures()
    F.cross_entropy(by_hand(x), y).backward()
    squares = sum(p.grad.double().square().sum().item() for p in by_hand.parameters())
    step = next(iter(train(model, batches, config)))
    assert step.gradient_norm == pytest.approx(math.sqrt(squares), rel=1e-4)


def test_a_run_that_diverges_says_where_and_what_to_change():
    config = TrainConfig(epochs=5, batch_size=8, lr=10.0, momentum=0.99)
    model = build("mlp", seed=0, classes=2)
    x, y = pictures()
    *before, last = train(model, TensorBatches(x * 1e18, y, 8, shuffle=False), config)
    assert isinstance(last, Diverged) and not math.isfinite(last.gradient_norm)
    steps = [record for record in before if isinstance(record, Step)]
    assert steps and (last.epoch, last.step) == (len(steps) // 8, len(steps) % 8)
    assert f"In step {last.step + 1} of epoch {last.epoch + 1} the " in last.reason
    assert f"gradient norm {last.gradient_norm}" in last.reason.replace("norm became", "norm")
    assert "lr 1 instead of 10, or momentum 0.9 instead of 0.99" in last.reason


def test_weights_that_were_broken_at_the_start_are_not_blamed_on_the_learning_rate():
    model, batches, _ = started(augment=None)
    with torch.no_grad():
        model.head.weight.fill_(math.inf)
    (record,) = train(model, batches, CONFIG)
    assert isinstance(record, Diverged) and "initial weights" in record.reason


def test_evaluation_agrees_with_torch_and_keeps_the_mode():
    model, _, _ = started()
    x, y = pictures()
    model.train()
    loss, accuracy = evaluate(model, x, y, batch_size=17)
    assert model.training
    logits = model.eval()(x)
    assert loss == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-4)
    assert accuracy == (logits.argmax(1) == y).float().mean().item()
    as_bytes = (x.clamp(0, 1) * 255).to(torch.uint8)
    assert evaluate(model, as_bytes, y) == pytest.approx(evaluate(model, as_bytes.float() / 255, y))


@pytest.mark.parametrize("loss", ["bce", "mse", "multi-margin", "focal"])
def test_the_loop_minimises_the_chosen_loss_and_validates_with_it(loss):
    config = dataclasses.replace(CONFIG, loss=loss, average=0.0)
    model, batches, state = started(config)
    validation = pictures(seed=1)
    *_, last, _ = records = list(train(model, batches, config, validation, state))
    assert last.accuracy > 0.9 and last.loss < records[0].loss
    logits = model.eval()(validation[0])
    assert last.validation_loss == pytest.approx(
        loss_function(config)(logits, validation[1]).item(), rel=1e-4
    )


def test_without_zero_grad_each_step_adds_to_the_gradients_of_all_before():
    config = TrainConfig(epochs=1, batch_size=32, lr=0.01, momentum=0, shuffle=False, zero_grad=False)
    model, batches, _ = started(config, augment=None)
    by_hand = build("fashion_cnn", seed=0, classes=2, widths=(4, 4, 4, 4))
    summed = [torch.zeros_like(p) for p in by_hand.parameters()]
    for record, (x, y) in zip(train(model, batches, config), batches.epoch(0, 0), strict=False):
        gradients = torch.autograd.grad(F.cross_entropy(by_hand(x), y), list(by_hand.parameters()))
        with torch.no_grad():
            for p, total, gradient in zip(by_hand.parameters(), summed, gradients, strict=True):
                total += gradient
                p -= 0.01 * total
        squares = sum(total.double().square().sum().item() for total in summed)
        assert record.gradient_norm == pytest.approx(math.sqrt(squares), rel=1e-4)
    for parameter, other in zip(model.parameters(), by_hand.parameters(), strict=True):
        assert torch.allclose(parameter, other, atol=1e-5)


def steps_of(run):
    return [record for record in run if isinstance(record, Step)]


def test_the_learning_rate_can_be_changed_while_it_runs():
    config = dataclasses.replace(CONFIG, schedule="constant")
    model, batches, state = started(config)
    rates = []
    for record in steps_of_lazily(train(model, batches, config, None, state)):
        rates.append(record.lr)
        if len(rates) == 3:
            state.set_lr(0.001)
    assert rates == [0.05] * 3 + [0.001] * 9


def steps_of_lazily(run):
    return (record for record in run if isinstance(record, Step))


def test_a_schedule_keeps_its_shape_when_the_learning_rate_is_changed():
    model, batches, state = started()
    rates = []
    for record in steps_of_lazily(train(model, batches, CONFIG, None, state)):
        rates.append(record.lr)
        if len(rates) == 3:
            state.set_lr(0.5)
    by_hand = [(0.05 if step < 3 else 0.5) * share("one-cycle", step, 12) for step in range(12)]
    assert rates == pytest.approx(by_hand)


@pytest.mark.parametrize("lr", [0.0, -1.0, 11.0, math.nan, None, True, "0.1", [0.1]])
def test_a_learning_rate_out_of_range_changes_nothing(lr):
    _, _, state = started()
    before = state.state_dict()
    with pytest.raises(ValueError, match="^lr must be a number above 0 and at most 10"):
        state.set_lr(lr)
    assert state.optimizer.param_groups[0]["lr"] == pytest.approx(0.05 * 0.04)
    assert state.state_dict()["lr"] == before["lr"] == 0.05


def test_a_complete_run_continues_with_a_new_schedule():
    model, batches, state = started()
    assert len(steps_of(train(model, batches, CONFIG, None, state))) == 12
    state.extend(2)
    more = list(train(model, batches, CONFIG, None, state))
    assert [r.epoch for r in more if isinstance(r, Epoch)] == [3, 4]
    rates = [r.lr for r in steps_of(more)]
    assert rates == pytest.approx([0.05 * share("one-cycle", step, 8) for step in range(8)])
    assert isinstance(more[-1], Done) and more[-1].steps == 20


def test_a_run_stopped_within_an_epoch_continues_there():
    model, batches, state = started()
    for number, _ in enumerate(steps_of_lazily(train(model, batches, CONFIG, None, state)), 1):
        if number == 6:
            break
    state.extend(1)  # after the epoch it is in, the second
    more = steps_of(train(model, batches, CONFIG, None, state))
    assert [(r.epoch, r.step) for r in more] == [(1, 2), (1, 3), (2, 0), (2, 1), (2, 2), (2, 3)]
    assert [r.lr for r in more] == pytest.approx([0.05 * share("one-cycle", step, 6) for step in range(6)])


@pytest.mark.parametrize("epochs", [0, 1001, True, 1.5, None, "3", [1]])
def test_a_run_is_not_extended_by_nonsense(epochs):
    _, _, state = started()
    with pytest.raises(ValueError, match="^epochs must be a whole number from 1 to 1,000, not "):
        state.extend(epochs)
    assert state.epochs == 3


@pytest.mark.parametrize("zero_grad", [True, False])
def test_changes_are_kept_with_the_state(zero_grad):
    config = dataclasses.replace(CONFIG, zero_grad=zero_grad, lr=0.001)

    def begun():
        model, batches, state = started(config)
        for number, _ in enumerate(steps_of_lazily(train(model, batches, config, None, state)), 1):
            if number == 5:
                break
        state.set_lr(0.004)
        state.extend(2)
        return model, batches, state

    model, batches, state = begun()
    expected = steps_of(train(model, batches, config, None, state))
    _, _, stopped = begun()
    buffer = io.BytesIO()
    torch.save(stopped.state_dict(), buffer)
    buffer.seek(0)
    model, batches, fresh = started(config)
    fresh.load_state_dict(torch.load(buffer, weights_only=True))
    assert steps_of(train(model, batches, config, None, fresh)) == expected
    assert max(record.lr for record in expected) == pytest.approx(0.004, rel=0.2)
