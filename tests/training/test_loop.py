import math

import pytest
import torch
import torch.nn.functional as F

from data.batches import TensorBatches
from models.registry import build
from training.config import TrainConfig
from training.loop import Diverged, Done, Epoch, State, Step, evaluate, train
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


def test_records_come_in_order_and_it_learns():
    model, batches, state = started()
    held = pictures(seed=1)
    records = list(train(model, batches, CONFIG, held, state))
    kinds = [type(record) for record in records]
    assert kinds == ([Step] * 4 + [Epoch]) * 3 + [Done]
    assert [(r.epoch, r.step) for r in records if isinstance(r, Step)] == [
        (e, s) for e in range(3) for s in range(4)
    ]
    epochs = [r for r in records if isinstance(r, Epoch)]
    assert (epochs[-1].validation_loss, epochs[-1].validation_accuracy) == evaluate(state.trained, *held)
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


def test_a_step_is_the_textbooks_step():
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
    for mine, other in zip(model.parameters(), by_hand.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-6)


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


def test_a_run_that_diverges_says_where_and_what_to_turn():
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


def test_evaluate_against_torch_and_keeps_the_mode():
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
