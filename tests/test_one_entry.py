"""A new network, optimizer or data set is one entry of its table: it then appears in the form, on the command
line, in the printed programs, and in the tests that sweep over the table.
"""

from __future__ import annotations

import os
import re
import shlex

import pytest
import torch

from data.loader.loader_code import program as loader_program
from data.loader.loading import LoaderSettings
from data.sources import source
from models.checkpoint import load
from tests import made_up
from tests.made_up import CLASSES, NAME
from training import fashion
from training.command import main
from training.loop import Epoch, train
from training.recipe import Recipe, command, load_samples, prepare
from training.recipe_code import code
from training.search.lr_range import RangeSpec, RangeStep, range_test
from training.search.program import code as range_code
from ui.dataloader import tab
from ui.train import choices, compare, search

SHORT = {"samples": 100, "epochs": 2, "batch_size": 20, "seed": 3, "data": NAME}
RECIPES = {
    "network": SHORT | {"network": NAME, "width": 4},
    "optimizer": SHORT | {"network": "softmax_regression", "optimizer": NAME, "lr": 0.003},
    "data": SHORT | {"network": "mlp", "width": 8},
    "all": SHORT | {"network": NAME, "optimizer": NAME, "lr": 0.003, "momentum": 0.5, "weight_decay": 0.01},
}


@pytest.fixture(autouse=True)
def entries(monkeypatch):
    made_up.add(monkeypatch)
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # sums over several threads may be rounded in another order
    yield
    torch.set_num_threads(before)


def fields():
    return {field["key"]: field for field in choices.form()["fields"]}


@pytest.mark.parametrize("key", ["network", "optimizer", "data"])
def test_the_form_offers_it_and_a_sweep_may_vary_it(key):
    title = {"network": "Made-up network", "optimizer": "Made-up optimizer", "data": "Made-up pictures"}[key]
    sentences = ("It glances at a picture.", "It follows signs.", "Bars in three places.")
    (option,) = [option for option in fields()[key]["options"] if option["value"] == NAME]
    assert option["label"] == title and option["help"] in sentences
    assert compare.value_text(key, NAME) == title
    if key != "data":
        (axis,) = [axis for axis in search.axes() if axis["key"] == key]
        assert [NAME, title] in axis["options"]


def test_the_form_knows_the_other_facts_of_the_entries():
    form = choices.form()
    assert form["rates"]["usual"][NAME] == 0.004 and form["available"][NAME] == 120
    assert NAME in fields()["momentum"]["only_for"]["optimizer"]
    assert NAME in fields()["width"]["only_for"]["network"]
    assert NAME not in fields()["depth"]["only_for"]["network"]
    facts = choices.summary(RECIPES["all"])["facts"]
    # 5 kernels of 5 x 5 with a bias, and 45 numbers with one for each of 3 classes
    assert facts == {"parameters": 5 * 26 + 3 * 46, "pictures": 100, "steps_per_epoch": 5, "steps": 10}


def test_the_dataloader_tab_offers_the_data_set_and_prints_its_construction():
    assert ("Made-up pictures", NAME) in tab.choices_of_data()
    assert [update["visible"] for update in tab.on_dataset(NAME)] == [True, False]
    text = loader_program(source(NAME, "test"), LoaderSettings(10, "sequential"), 0, 2)
    assert "from tests.made_up import Bars\n" in text and 'Bars(split="test", transform=transform)' in text


def test_the_help_of_the_command_line_names_all_three():
    arguments = ["--network", NAME]
    text = " ".join(fashion.options(arguments).format_help().split())
    assert f"--optimizer {{sgd,nesterov,adam,adamw,rmsprop,simple-gd,{NAME}}}" in text
    assert f"--data-set {{mixture,fashion,garments,own,{NAME}}}" in text
    assert re.search(rf"--network {{[^}}]*,{NAME}}}", text)
    assert f"is kept (sgd, nesterov, {NAME})" in text


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_run_the_command_and_the_program_give_the_same_numbers(recipe, tmp_path, capsys):
    recipe = Recipe.from_dict(recipe)
    ready = prepare(recipe, load_samples(recipe))
    epochs = [
        record
        for record in train(ready.model, ready.batches, recipe.config, ready.validation)
        if isinstance(record, Epoch)
    ]
    weights = ready.model.state_dict()
    assert ready.card.classes == list(CLASSES) and len(epochs) == 2
    assert epochs[1].loss < epochs[0].loss
    capsys.readouterr()

    names = {"__name__": "__main__"}
    exec(compile(code(recipe), "the program", "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    rows = [[float(n) for n in re.findall(r"\d+\.\d+", line)] for line in lines]
    expected = [[e.loss, e.accuracy, e.validation_loss, e.validation_accuracy] for e in epochs]
    assert rows == [pytest.approx(row, abs=6e-5) for row in expected]
    assert all(torch.equal(value, weights[key]) for key, value in names["model"].state_dict().items())

    arguments = [*shlex.split(command(recipe))[3:], "--output", str(tmp_path)]
    assert main(fashion.options(arguments), fashion.prepare, arguments) == 0
    trained, card = load(tmp_path, recipe.network)
    assert all(torch.equal(value, weights[key]) for key, value in trained.state_dict().items())
    assert card.metrics["validation_loss"] == epochs[1].validation_loss


def test_the_printed_range_test_gives_the_same_losses(capsys):
    recipe, spec = Recipe.from_dict(RECIPES["all"]), RangeSpec(low=1e-4, high=1e-2, steps=20)
    steps = [step for step in range_test(recipe, load_samples(recipe), spec) if isinstance(step, RangeStep)]
    exec(compile(range_code(recipe, spec), "the program", "exec"), {"__name__": "__main__"})
    losses = [float(loss) for loss in re.findall(r"loss (\S+),", capsys.readouterr().out)]
    assert losses == pytest.approx([step.loss for step in steps], abs=6e-4) and len(losses) == 20


SWEEPS = {
    "tests/models/test_registry.py": 2,
    "tests/training/test_recipe.py": 1,
    "tests/training/test_optimizers.py": 3,
    "tests/training/test_recipe_code.py": 3,
    "tests/data/test_sources.py": 1,
    "tests/data/loader/test_loading.py": 4,
}
"""Files with tests that sweep over a table: the number of tests with the made-up entry."""


def test_the_sweeps_of_other_tests_cover_it(programs):
    run = "import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"
    words = ["-q", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", made_up.__name__, "-k", NAME]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    process = programs.run("-c", run, *words, *SWEEPS, env=environment)
    assert process.returncode == 0, process.stdout + process.stderr
    passed = re.findall(r"^PASSED ([^:]+)::", process.stdout, re.M)
    assert {file: passed.count(file) for file in SWEEPS} == SWEEPS
