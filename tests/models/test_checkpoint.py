import dataclasses
import json
import os
import subprocess
import sys
import time

import pytest
import torch

from models import checkpoint
from models.checkpoint import Card, CheckpointError, add_metrics, load, save
from models.registry import build
from settings import CHECKPOINTS


def card(**changes):
    values = dict(
        architecture="fashion_cnn", arguments={"classes": 10, "widths": [4, 4, 4, 4]}, classes=["a"] * 10,
        input_size=[1, 28, 28], mean=0.286, std=0.353, command="made here", data="none", seed=0, epochs=1,
    )  # fmt: skip
    return Card(**(values | changes))


@pytest.fixture
def saved(tmp_path):
    model = build("fashion_cnn", seed=0, widths=(4, 4, 4, 4))
    save(tmp_path, "fashion", model, card())
    return tmp_path, model


def rewrite(folder, change):
    """Let `change` edit the weights, and correct their hash."""
    state = torch.load(folder / "fashion.pt", weights_only=True)
    change(state)
    torch.save(state, folder / "fashion.pt")
    hashed = checkpoint.hashlib.sha256((folder / "fashion.pt").read_bytes()).hexdigest()
    edit_card(folder, sha256=hashed)


def edit_card(folder, **changes):
    path = folder / "fashion.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def refusal(folder, name="fashion"):
    with pytest.raises(CheckpointError) as caught:
        load(folder, name)
    message = str(caught.value)
    assert "\n" not in message
    assert "python -m training.fashion" in message or name != "fashion"
    return message


def test_round_trip(saved):
    folder, model = saved
    loaded, its_card = load(folder, "fashion")
    x = torch.rand(2, 1, 28, 28)
    assert torch.equal(loaded(x), model.eval()(x))
    assert not loaded.training
    assert its_card.parameters == sum(p.numel() for p in model.parameters())
    assert its_card.versions["torch"] == torch.__version__
    assert dataclasses.replace(its_card, parameters=0, versions={}, sha256="") == card()
    assert sorted(path.name for path in folder.iterdir()) == ["fashion.json", "fashion.pt"]


def test_truncated(saved):
    folder, _ = saved
    whole = (folder / "fashion.pt").read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        (folder / "fashion.pt").write_bytes(whole[:length])
        assert "SHA-256" in refusal(folder)


def test_any_flipped_bit(saved):
    folder, _ = saved
    whole = (folder / "fashion.pt").read_bytes()
    for position in range(0, len(whole), len(whole) // 40):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        (folder / "fashion.pt").write_bytes(flipped)
        assert "SHA-256" in refusal(folder)


def test_not_a_file_of_weights(saved):
    folder, _ = saved
    (folder / "fashion.pt").write_bytes(b"PK not really")
    edit_card(folder, sha256=checkpoint.hashlib.sha256(b"PK not really").hexdigest())
    assert "not a file of weights" in refusal(folder)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


def test_code_in_a_pickle_is_not_run(saved, monkeypatch):
    folder, _ = saved
    monkeypatch.chdir(folder)
    torch.save({"stem.0.weight": Evil()}, folder / "fashion.pt")
    edit_card(folder, sha256=checkpoint.hashlib.sha256((folder / "fashion.pt").read_bytes()).hexdigest())
    assert "not a file of weights" in refusal(folder)
    assert not (folder / "evil").exists()


def test_wrong_keys_shapes_and_numbers(saved):
    folder, _ = saved
    whole = (folder / "fashion.pt").read_bytes()
    rewrite(folder, lambda state: state.pop("head.bias"))
    assert "does not fit" in (message := refusal(folder)) and "head.bias" in message
    (folder / "fashion.pt").write_bytes(whole)
    rewrite(folder, lambda state: state.update({"extra": torch.zeros(1)}))
    assert "extra" in refusal(folder)
    (folder / "fashion.pt").write_bytes(whole)
    rewrite(folder, lambda state: state.update({"head.bias": torch.zeros(11)}))
    assert "size mismatch" in refusal(folder)
    (folder / "fashion.pt").write_bytes(whole)
    rewrite(folder, lambda state: state["head.weight"].view(-1)[7].fill_(float("nan")))
    assert "not finite, in head.weight" in refusal(folder)
    (folder / "fashion.pt").write_bytes(whole)
    rewrite(folder, lambda state: state["stem.1.running_var"][0].fill_(float("inf")))
    assert "stem.1.running_var" in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"architecture": "resnet"}, "no network 'resnet'"),
        ({"arguments": {"depth": 1}}, "cannot be built"),
        ({"arguments": [1]}, "arguments must be"),
        ({"mean": None}, "mean"),
        ({"mean": float("nan")}, "mean"),
        ({"std": 0}, "std"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_wrong_cards(saved, changes, reason):
    folder, _ = saved
    edit_card(folder, **changes)
    assert reason in refusal(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"architecture": "fashion_cnn"}'])
def test_unreadable_cards(saved, text):
    folder, _ = saved
    (folder / "fashion.json").write_text(text)
    assert "card fashion.json cannot be read" in refusal(folder)


def test_the_refusal_of_a_missing_checkpoint_names_the_others(saved):
    folder, _ = saved
    message = refusal(folder, "other")
    assert "no checkpoint other" in message and "has: fashion" in message
    assert str(folder) not in message  # visitors read it, too
    (folder / "fashion.json").unlink()
    assert "which has none" in refusal(folder)


def test_later_measurements_are_added_to_the_card(saved):
    folder, model = saved
    add_metrics(folder, "fashion", {"one": 0.5})
    add_metrics(folder, "fashion", {"two": 0.25})
    loaded, its_card = load(folder, "fashion")
    assert its_card.metrics == {"one": 0.5, "two": 0.25}
    assert torch.equal(loaded.head.weight, model.head.weight)


def test_failed_write_leaves_the_old_file(saved, monkeypatch):
    folder, _ = saved
    before = (folder / "fashion.pt").read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(folder, "fashion", build("fashion_cnn", widths=(4, 4, 4, 4)), card())
    assert (folder / "fashion.pt").read_bytes() == before
    assert len(list(folder.iterdir())) == 2


def test_killed_while_saving_leaves_whole_files(saved):
    folder, _ = saved
    script = (
        "import sys\nfrom pathlib import Path\nfrom data.files import write_whole\n"
        "while True:\n    for byte in (b'a', b'b'):\n        write_whole(Path(sys.argv[1]), byte * 2**20)\n"
    )
    target = folder / "big"
    child = subprocess.Popen([sys.executable, "-c", script, str(target)])
    while not target.exists():
        time.sleep(0.01)
    time.sleep(0.05)
    child.kill()
    child.wait()
    assert target.read_bytes() in (b"a" * 2**20, b"b" * 2**20)


@pytest.mark.parametrize("name", ["fashion", "pattern_conv", "pattern_cnn"])
def test_shipped_checkpoints_match_the_code(name):
    model, its_card = load(CHECKPOINTS, name)
    logits = model(torch.rand(2, *its_card.input_size))
    assert logits.shape == (2, len(its_card.classes))
    assert its_card.parameters == sum(p.numel() for p in model.parameters())
    assert its_card.command.startswith("python -m training.")
