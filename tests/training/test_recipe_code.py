"""The printed command and the printed program do the run: both are started as a visitor would."""

import ast
import builtins
import os
import re
import shlex
from dataclasses import replace

import pytest
import torch
from PIL import Image

from data.own.archives import read_pictures
from data.sources import learnable
from models.checkpoint import load as load_checkpoint
from settings import ROOT
from training.config import LOSSES, TrainConfig
from training.loop import Epoch, State, train
from training.optimizers import OPTIMIZERS, SCHEDULES
from training.recipe import AUGMENTS, Recipe, command, load_samples, networks, prepare
from training.recipe_code import code
from training.samples import own_samples, write_own

STEADY = Recipe(
    network="lenet5", data="own", samples=0, config=TrainConfig(epochs=2, batch_size=10, lr=0.02, seed=3)
)
ONE_CYCLE = Recipe(
    network="tutorial_cnn", width=4, dropout=0.3, data="own", samples=20, augment="standard",
    config=TrainConfig(
        epochs=3, batch_size=8, optimizer="adam", lr=0.01, schedule="one-cycle", average=0.9,
        weight_decay=1e-3,
    ),
)  # fmt: skip
ADDED_UP = Recipe(
    network="mlp", width=16, depth=2, activation="tanh", samples=100,
    config=TrainConfig(
        epochs=2, batch_size=32, optimizer="simple-gd", lr=0.01, schedule="step", loss="mse", zero_grad=False
    ),
)  # fmt: skip


@pytest.fixture
def one_thread():
    """Sums over several threads may be rounded in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def own_files(folder):
    """Thirty pictures of 20x20, bright at the left or at the right, and the CSV with their labels."""
    generator = torch.Generator().manual_seed(0)
    paths = []
    for i in range(30):
        pixels = torch.randint(0, 100, (20, 20), generator=generator, dtype=torch.uint8)
        pixels[:, 4 + 8 * (i % 2) : 8 + 8 * (i % 2)] += 120
        paths.append(folder / f"{i}.png")
        Image.fromarray(pixels.numpy()).save(paths[-1])
    paths.append(folder / "labels.csv")
    paths[-1].write_text("\n".join(f"{i}.png,{('left', 'right')[i % 2]}" for i in range(30)))
    return paths


@pytest.mark.parametrize("recipe", [STEADY, ONE_CYCLE, ADDED_UP], ids=["steady", "one-cycle", "added-up"])
def test_the_command_and_the_program_give_the_numbers_of_the_run(
    recipe, tmp_path, one_thread, programs, request
):
    root = tmp_path if recipe.data == "own" else request.getfixturevalue("fashion_root")
    files, own = [], None
    if recipe.data == "own":
        files = own_files(tmp_path)
        own = tmp_path / "own"
        write_own(own, own_samples(read_pictures([(path.name, path.read_bytes()) for path in files])[0]))
    names = [str(path) for path in files]
    environment = os.environ | {"TORCH_PLAYGROUND_DATA": str(root), "TORCH_PLAYGROUND_DEVICE": "cpu"}
    environment["PYTHONPATH"] = str(ROOT)
    kept_model = "average.module" if recipe.config.average else "model"
    program = code(recipe, 10 if recipe.data == "fashion" else 2, 1, names)
    program += f"torch.save({kept_model}.state_dict(), {str(tmp_path / 'weights')!r})\n"
    words = shlex.split(command(recipe, 1, names))
    assert words[:3] == ["python", "-m", "training.fashion"]
    printed = programs.run("-c", program, env=environment)
    assert printed.returncode == 0, printed.stderr
    done = programs.run(*words[1:], "--output", str(tmp_path / "out"), env=environment)
    assert done.returncode == 0, done.stderr

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_PLAYGROUND_DATA", str(root))
        ready = prepare(recipe, load_samples(recipe, own))
    state = State(ready.model, recipe.config, len(ready.batches))
    records = list(train(ready.model, ready.batches, recipe.config, ready.validation, state))
    epochs = [record for record in records if isinstance(record, Epoch)]
    expected = state.trained.state_dict()

    numbers = [[float(n) for n in re.findall(r"-?\d+\.\d+", line)] for line in printed.stdout.splitlines()]
    rows = [[e.loss, e.accuracy, e.validation_loss, e.validation_accuracy] for e in epochs]
    assert numbers == [pytest.approx(row, abs=6e-5) for row in rows] and len(numbers) == len(epochs)
    weights = torch.load(tmp_path / "weights", weights_only=True)
    assert all(torch.equal(value, weights[name]) for name, value in expected.items())

    trained, card = load_checkpoint(tmp_path / "out", recipe.network)
    assert all(torch.equal(value, expected[name]) for name, value in trained.state_dict().items())
    assert card.metrics == {
        "validation_accuracy": epochs[-1].validation_accuracy,
        "validation_loss": epochs[-1].validation_loss,
    }
    assert Recipe.from_dict(card.config) == recipe


def variations():
    """Every choice of every field with named values once, by a name, and some others."""
    base = Recipe(network="mlp", config=TrainConfig(momentum=0.5))
    for field, names in {"network": networks(), "data": learnable(), "augment": AUGMENTS}.items():
        yield from ((f"{field}={name}", replace(base, samples=0, **{field: name})) for name in names)
    for field, names in {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "loss": LOSSES}.items():
        for name in names:
            yield f"{field}={name}", replace(base, config=replace(base.config, **{field: name}))
    yield "width", replace(base, network="fashion_cnn", width=8, data="garments", samples=0)
    unlike = replace(base.config, shuffle=False, label_smoothing=0.1)
    yield "unshuffled, own", replace(base, data="own", config=unlike)
    yield "decay", replace(base, config=replace(base.config, optimizer="adamw", weight_decay=0.01))


VARIATIONS = dict(variations())


@pytest.mark.parametrize("recipe", VARIATIONS.values(), ids=VARIATIONS)
def test_every_program_imports_exactly_what_it_uses(recipe):
    program = code(recipe)
    tree = ast.parse(program)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    defined = {a.arg for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for a in node.args.args}
    defined |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    defined |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {name.asname or name.name for node in imports for name in node.names}
    assert imported <= used and used <= defined | imported | set(dir(builtins))
    assert max(map(len, program.splitlines())) <= 110


def test_a_program_has_only_the_lines_it_needs():
    plain = code(Recipe(network="mlp", config=TrainConfig()))
    for absent in (
        "average",
        "schedule",
        "dropout",
        "augment",
        "weight_decay",
        "autocast",
        "threads",
        "math",
    ):
        assert absent not in plain
    assert len(plain.splitlines()) < 45
    textbook = ["optimizer.zero_grad()", "logits = model(x)", "loss = F.cross_entropy(logits, y)"]
    textbook += ["loss.backward()", "optimizer.step()"]
    lines = [line.strip() for line in plain.splitlines()]
    start = lines.index(textbook[0])
    assert lines[start : start + 5] == textbook
    without = code(Recipe(network="mlp", config=TrainConfig(zero_grad=False)))
    assert "        optimizer.zero_grad()" not in without and "gradients of all steps add up" in without
