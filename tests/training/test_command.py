import dataclasses
import os
import signal
from functools import cache
from inspect import signature

import pytest
import torch

from data.batches import TensorBatches
from models.checkpoint import Card, load
from models.registry import NETWORKS, build
from tests.data.test_sources import write_half
from training import command, fashion
from training.command import Job, run
from training.config import TrainConfig
from training.recipe import SHIPPED, networks

CONFIG = TrainConfig(epochs=3, batch_size=8, lr=0.05, schedule="one-cycle")


def job(augment=None, config=CONFIG):
    images = torch.rand(32, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    labels = (images[:, 0, 5, 5] > 0.5).long()
    arguments = {"classes": 2, "widths": [4, 4, 4, 4]}
    card = Card(
        architecture="fashion_cnn", arguments=arguments, classes=["dark", "light"], input_size=[1, 28, 28],
        mean=0.0, std=1.0, command="here", data="made", seed=0, epochs=0,
    )  # fmt: skip

    def finish(trained, card):
        card.metrics["finished"] = True
        return "accuracy 12.34%"

    model = build("fashion_cnn", seed=0, **arguments)
    batches = TensorBatches(images, labels, config.batch_size, augment=augment)
    return Job("tiny", model, batches, (images, labels), config, card, finish)


def ctrl_c_at(step):
    count = 0

    def augment(x, y, generator):
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGINT)
        return x, y

    return augment


def test_a_run_leaves_a_checkpoint_and_one_line(tmp_path, capsys):
    assert run(job(), tmp_path) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.json", "tiny.pt"]
    _, card = load(tmp_path, "tiny")
    assert card.epochs == 3 and card.metrics == {"finished": True}
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert "accuracy 12.34%" in lines[0] and " s " in lines[0] and str(tmp_path / "tiny.pt") in lines[0]


@pytest.mark.parametrize("step", [1, 4, 6])
def test_ctrl_c_leaves_a_loadable_file_and_resuming_gives_the_same_weights(tmp_path, capsys, step):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(job(), whole) == 0
    handler = signal.getsignal(signal.SIGINT)
    assert run(job(ctrl_c_at(step)), parts) == 130
    assert signal.getsignal(signal.SIGINT) is handler
    model, card = load(parts, "tiny")
    assert model(torch.zeros(1, 1, 28, 28)).isfinite().all() and card.epochs == (step - 1) // 4
    assert "--resume" in capsys.readouterr().out
    assert run(job(), parts, resume=True) == 0
    expected, again = load(whole, "tiny")[0].state_dict(), load(parts, "tiny")[0].state_dict()
    assert all(torch.equal(expected[key], again[key]) for key in expected)
    assert not (parts / "tiny.state").exists()


def test_there_is_a_checkpoint_after_every_epoch(tmp_path):
    epochs = []

    def augment(x, y, generator):
        if (tmp_path / "tiny.pt").exists():
            epochs.append(load(tmp_path, "tiny")[1].epochs)
        return x, y

    run(job(augment), tmp_path)
    assert epochs == [1] * 4 + [2] * 4


def test_a_dry_run_keeps_nothing(tmp_path, capsys):
    assert run(job(), tmp_path, keep=False) == 0
    assert list(tmp_path.iterdir()) == []
    assert "nothing kept" in capsys.readouterr().out


def test_resuming_needs_a_state_and_the_same_options(tmp_path):
    with pytest.raises(ValueError, match="nothing to resume"):
        run(job(), tmp_path, resume=True)
    assert run(job(ctrl_c_at(2)), tmp_path) == 130
    with pytest.raises(ValueError, match="other values of batch_size, lr"):
        run(
            job(config=TrainConfig(epochs=3, batch_size=4, lr=0.1, schedule="one-cycle")),
            tmp_path,
            resume=True,
        )
    (tmp_path / "tiny.state").write_bytes(b"not a state")
    with pytest.raises(ValueError, match="cannot be resumed"):
        run(job(), tmp_path, resume=True)


def test_a_run_that_diverges_fails_and_keeps_no_broken_weights(tmp_path, capsys):
    broken = job()
    with torch.no_grad():
        broken.model.head.weight.fill_(float("nan"))
    assert run(broken, tmp_path) == 1
    assert "Stopped. In step 1 of epoch 1 the loss became nan" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def trained(arguments):
    """The exit code of `python -m training.fashion` with these arguments, in this process."""
    return command.main(fashion.options(arguments), fashion.prepare, arguments)


@pytest.fixture(scope="module")
def drawn_once():
    """The drawings of a dry run, which are the same for every network, are drawn for the first one."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("Garments", "others"):
            patch.setattr(fashion, name, cache(getattr(fashion, name)))
        yield


# that of the network that is shipped is a command of the README
@pytest.mark.parametrize("network", sorted(set(networks()) - {SHIPPED}))
def test_every_network_dry_runs_without_the_data_set(capsys, tmp_path, drawn_once, network):
    arguments = ["--dry-run", "--network", network, "--data", str(tmp_path), "--output", str(tmp_path)]
    assert trained(arguments) == 0
    printed = capsys.readouterr().out
    assert "validation accuracy" in printed and "nothing kept" in printed
    assert list(tmp_path.iterdir()) == []


def test_the_networks_are_those_of_the_registry_that_take_28x28_pictures():
    def takes(name):
        try:
            return build(name).eval()(torch.zeros(1, 1, 28, 28)).shape == (1, 10)
        except (RuntimeError, ValueError):
            return False

    assert sorted(filter(takes, NETWORKS)) == sorted(networks())
    assert {name for name in networks() if "dropout" in signature(NETWORKS[name].make).parameters} == set(
        networks("dropout")
    )


def test_the_card_names_the_network_and_the_file_is_its_own(tmp_path, drawn_once):
    arguments = ["--dry-run", "--network", "mlp", "--dropout", "0.25", "--data", str(tmp_path)]
    options = fashion.options(arguments).parse_args(arguments)
    job = fashion.prepare(options)
    job.config = dataclasses.replace(job.config, batch_size=512)
    assert run(job, tmp_path) == 0
    model, card = load(tmp_path, "mlp")
    assert (card.architecture, card.arguments) == ("mlp", {"classes": 11, "dropout": 0.25})
    assert model.dropout.p == 0.25 and len(card.classes) == 11
    assert card.command == "python -m training.fashion " + " ".join(arguments)
    assert fashion.options([]).get_default("name") == "fashion"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lr", "0"], "lr must be a number above 0"),
        (["--epochs", "0"], "epochs must be a whole number from 1 to 1,000, not 0"),
        (["--held-out", "60001"], "held-out must be"),
        (["--drawn", "-1"], "drawn must be"),
        (["--threads", "0"], "threads must be a whole number from 1 up, not 0"),
        (["--data", "/nowhere"], "Fashion-MNIST"),
        (["--dropout", "0.5"], "fashion_cnn has no dropout"),
        (["--network", "mlp", "--dropout", "1"], "dropout must be a number from 0 to below 1, not 1"),
        (["--network", "mlp", "--dropout", "nan"], "dropout must be a number from 0"),
        (["--network", "lenet5", "--no-batch-norm"], "lenet5 has no batch normalisation"),
        (["--samples", "-1"], "samples must be a whole number from 0"),
        (["--data-set", "own"], "--own with their files"),
        (["--data-set", "own", "--own", "nowhere.zip"], "No such file"),
        (["--own", "nowhere.zip"], "--data-set own"),
        (["--optimizer", "nesterov", "--momentum", "0"], "momentum must be above 0"),
    ],
)
def test_bad_options_of_the_trainer_get_a_sentence(capsys, arguments, message):
    assert trained(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error


def test_a_damaged_data_set_is_named_with_its_remedy(capsys, tmp_path):
    write_half(tmp_path)
    assert trained(["--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "is damaged" in error and "add --download to fetch it again" in error and str(tmp_path) in error


def test_the_command_named_on_the_page_fetches_the_missing_files(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("data.download.httpx.stream", no_network)
    arguments = fashion.fashion.FETCH.split()[3:]
    assert trained([*arguments, "--data", str(tmp_path)]) == 2
    assert "could not be downloaded (no network)" in capsys.readouterr().err


def no_network(*_, **__):
    raise OSError("no network")


def test_several_processes_do_not_download_together(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(command, "join", lambda: None)
    assert trained(["--download", "--data", str(tmp_path)]) == 2
    assert "--download without torchrun first" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_word_in_place_of_a_number_is_refused_by_name(programs):
    done = programs.run("-m", "training.fashion", "--lr", "fast")
    assert done.returncode == 2 and "--lr" in done.stderr and "Traceback" not in done.stderr
