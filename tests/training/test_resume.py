"""A run that was killed at any step ends, after --resume, with the weights of a run that was not."""

import os
import signal

import pytest
import torch

from data.augment import standard
from data.batches import TensorBatches
from models.checkpoint import Card, load
from models.registry import build
from training.command import Job, run
from training.config import TrainConfig
from training.loop import Step, train

CONFIG = TrainConfig(
    epochs=3, batch_size=8, lr=0.01, optimizer="adam", schedule="cosine", average=0.9, weight_decay=1e-3
)
ARGUMENTS = {"classes": 2, "width": 4, "dropout": 0.5}


def job(die_at=None):
    """A run of 24 steps with dropout, augmentation and a weight average. In step `die_at` it is killed by
    a signal that nothing can catch.
    """
    images = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    labels = (images[:, 0, 5, 5] > 0.5).long()
    taken = 0

    def augment(x, y, generator):
        nonlocal taken
        taken += 1
        if taken == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return standard(x, generator), y

    card = Card(
        architecture="tutorial_cnn", arguments=ARGUMENTS, classes=["dark", "light"], input_size=[1, 28, 28],
        mean=0.0, std=1.0, command="here", data="made", seed=0, epochs=0,
    )  # fmt: skip
    batches = TensorBatches(images, labels, CONFIG.batch_size, augment=augment)
    model = build("tutorial_cnn", seed=0, **ARGUMENTS)
    return Job("tiny", model, batches, (images, labels), CONFIG, card, lambda trained, card: "done")


# Forks a process that dies for each pair of a folder and a batch: torch is loaded only once.
KILLED = """
import os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
from test_resume import job
from training.command import run
for folder, die_at in zip(sys.argv[2::2], sys.argv[3::2]):
    child = os.fork()
    if child == 0:
        run(job(int(die_at)), Path(folder), save_every=3)
        os._exit(0)
    print(os.WTERMSIG(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
def one_thread():
    """Sums over several threads may be rounded in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_killed_run_resumes_to_the_same_weights_bit_for_bit(programs, tmp_path, one_thread):
    assert run(job(), tmp_path / "whole") == 0
    expected = load(tmp_path / "whole", "tiny")[0].state_dict()
    # in the first, a middle and the last epoch; just before, after and between what is saved every 3 steps
    moments = [4, 6, 9, 10, 17, 24]
    pairs = [word for step in moments for word in (str(tmp_path / str(step)), str(step))]
    killed = programs.run("-c", KILLED, os.path.dirname(__file__), *pairs)
    assert killed.stdout.split() == [str(int(signal.SIGKILL))] * len(moments), killed.stderr
    for step in moments:
        folder = tmp_path / str(step)
        state = torch.load(folder / "tiny.state", weights_only=True)["state"]
        assert 0 <= step - 1 - (8 * state["epoch"] + state["step"]) < 3
        (folder / ".tiny.state.half").write_bytes(b"killed while it was written")
        torch.manual_seed(step)  # whatever else was drawn meanwhile
        assert run(job(), folder, resume=True) == 0
        again = load(folder, "tiny")[0].state_dict()
        assert all(torch.equal(value, again[key]) for key, value in expected.items()), step
        assert sorted(path.name for path in folder.iterdir()) == ["tiny.json", "tiny.pt"]


def losses(dropout, seed):
    config = TrainConfig(epochs=2, batch_size=16, seed=seed, shuffle=False, lr=1e-9)
    images = torch.rand(32, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    model = build("mlp", seed=0, dropout=dropout)
    batches = TensorBatches(images, torch.arange(32) % 10, 16, shuffle=False)
    return [record.loss for record in train(model, batches, config) if isinstance(record, Step)]


def test_dropout_follows_from_the_seed_and_differs_between_steps():
    first = losses(0.5, seed=0)
    torch.manual_seed(1)
    assert losses(0.5, seed=0) == first
    assert losses(0.5, seed=1) != first
    # the weights hardly move, so the second epoch differs from the first by its dropout alone
    assert first[:2] != pytest.approx(first[2:], abs=1e-3)
    assert losses(0.0, seed=0)[:2] == pytest.approx(losses(0.0, seed=1)[2:], abs=1e-5)


def test_without_dropout_the_process_wide_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    losses(0.0, seed=0)
    assert torch.equal(torch.rand(3), expected)


def test_saving_every_minus_one_steps_is_refused(tmp_path):
    with pytest.raises(ValueError, match="save-every must be a whole number from 0 up, not -"):
        run(job(), tmp_path, save_every=-1)
