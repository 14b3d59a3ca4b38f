"""Several processes together make the same run as one."""

import json
import os
import socket
from pathlib import Path

import pytest
import torch

from data.batches import TensorBatches
from models.checkpoint import Card, load
from models.registry import build
from training import command
from training.command import Job
from training.config import TrainConfig
from training.distributed import join
from training.loop import Epoch, State, Step, train

CONFIG = TrainConfig(epochs=2, batch_size=9, lr=0.05, schedule="cosine", weight_decay=1e-3, average=0.5)


def go(team=None, network="lenet5"):
    """Each record's loss and accuracy, and the weights, of a run whose last batch has but one sample."""
    images = torch.rand(28, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(28) % 10
    model = build(network, seed=0, **({"batch_norm": False} if network == "tutorial_cnn" else {}))
    batches = TensorBatches(images, labels, 9, augment=lambda x, y, g: (x + torch.rand(1, generator=g), y))
    state = State(model, CONFIG, len(batches))
    records = [
        [record.loss, record.accuracy] + ([record.gradient_norm] if isinstance(record, Step) else [])
        for record in train(model, batches, CONFIG, None, state, team)
        if isinstance(record, Step | Epoch)
    ]
    return records, {name: value.tolist() for name, value in state.trained.state_dict().items()}


def keep(team, folder):
    """The exit code of a run on the command line's way, in which only the first process may write."""
    card = Card(
        architecture="lenet5", arguments={}, classes=list("0123456789"), input_size=[1, 28, 28],
        mean=0.0, std=1.0, command="here", data="made", seed=0, epochs=0,
    )  # fmt: skip
    x, y = torch.rand(28, 1, 28, 28, generator=torch.Generator().manual_seed(0)), torch.arange(28) % 10

    def finish(trained, card):
        assert team is None or team.rank == 0
        card.metrics["finished"] = True
        return "done"

    if team is not None and team.rank > 0:
        command.save = command.write_whole = None
    model = build("lenet5", seed=0)
    job = Job("tiny", model, TensorBatches(x, y, 9), (x, y), CONFIG, card, finish)
    return command.run(job, Path(folder), save_every=1, team=team)


# torch is loaded once: each rank is a fork. What a rank returns from `work` it writes into <rank>.json.
RANKS = """
import json, os, signal, sys
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
import test_distributed as here
from training.distributed import explain, join
def work(rank):
    names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1"}
    names["MASTER_PORT"] = sys.argv[2]
    team = join({name: str(value) for name, value in names.items()}, patience=float(sys.argv[3]))
    told = WORK
    team.leave()
    return told
children = []
for rank in range(2):
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)
        try:
            told = work(rank)
        except RuntimeError as error:
            told = explain(error)
        with open(f"{sys.argv[4]}/{rank}.json", "w") as file:
            json.dump(told, file)
        os._exit(0)
    children.append(child)
AFTER
"""


def ranks(programs, folder, work, after="[os.waitpid(child, 0) for child in children]", patience=60):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = RANKS.replace("WORK", work).replace("AFTER", after)
    arguments = [os.path.dirname(__file__), str(port), str(patience), str(folder)]
    done = programs.run("-c", program, *arguments, env=os.environ | {"TORCH_PLAYGROUND_DEVICE": "cpu"})
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return {int(path.stem): json.loads(path.read_text()) for path in folder.glob("?.json")}


def flat(numbers):
    return [x for n in numbers for x in flat(n)] if isinstance(numbers, list) else [numbers]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_two_processes_make_the_steps_of_one(programs, tmp_path):
    result = ranks(programs, tmp_path, "[here.go(team, name) for name in ('lenet5', 'tutorial_cnn')]")
    assert sorted(result) == [0, 1] and result[0] == result[1]
    for network, (records, weights) in zip(("lenet5", "tutorial_cnn"), result[0], strict=True):
        expected, expected_weights = go(network=network)
        assert len(expected) == 2 * (4 + 1) and weights.keys() == expected_weights.keys()
        assert flat(records) == pytest.approx(flat(expected), rel=2e-4), network
        for name, value in expected_weights.items():
            assert torch.allclose(torch.tensor(weights[name]), torch.tensor(value), atol=1e-5), name


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_the_first_process_writes_the_checkpoint(programs, tmp_path):
    assert ranks(programs, tmp_path, "here.keep(team, sys.argv[4] + '/kept')") == {0: 0, 1: 0}
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["tiny.json", "tiny.pt"]
    model, card = load(tmp_path / "kept", "tiny")
    assert card.metrics == {"finished": True} and card.epochs == CONFIG.epochs
    assert keep(None, tmp_path / "alone") == 0
    for name, value in load(tmp_path / "alone", "tiny")[0].state_dict().items():
        assert torch.allclose(model.state_dict()[name], value, atol=1e-5), name


DIES = "[os._exit(0) if rank == 1 and k == 2 else team.mean(1.0) for k in range(9)]"
STOPS = "[os.kill(os.getpid(), signal.SIGSTOP) if rank == 1 and k == 2 else team.mean(1.0) for k in range(9)]"
STOPPED = "os.waitpid(children[0], 0); os.kill(children[1], signal.SIGKILL); os.waitpid(children[1], 0)"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize(("work", "after"), [(DIES, None), (STOPS, STOPPED)], ids=["dies", "hangs"])
def test_when_one_process_is_lost_the_others_end_with_a_sentence(programs, tmp_path, work, after):
    result = ranks(programs, tmp_path, work, **({"after": after, "patience": 3} if after else {}))
    assert list(result) == [0]
    assert "another process of this run has ended or does not answer" in result[0]
    assert "--resume continues" in result[0]


def test_without_torchrun_there_is_no_team():
    assert join({}) is None


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"WORLD_SIZE": "2"}, "RANK, LOCAL_RANK, MASTER_ADDR, MASTER_PORT not: start with torchrun"),
        (
            dict.fromkeys(("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"), "x"),
            "must be whole numbers",
        ),
    ],
)
def test_half_a_torchrun_is_refused(environment, message):
    with pytest.raises(ValueError, match=message):
        join(environment)
