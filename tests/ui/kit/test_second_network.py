"""A run of the visitor's own that answers beside the shipped network in the Classify tab."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from data import fashion
from data.drawn import garments
from inference.preprocess import prepare
from models import checkpoint
from models.registry import build
from training.desk.desk import Desk, JobError
from training.desk.exchange import pack
from training.recipe import Recipe
from ui.classify import tab as classify
from ui.classify import words as classify_words
from ui.context import Context
from ui.kit import second_network as rival
from ui.kit.images import as_png
from ui.kit.picture_input import PictureRequest
from ui.kit.run_choice import RunChoice, RunKey

ME, OTHER = "a-visitor-of-this-test", "another-visitor-of-this-test"
SHIRT = as_png(garments.sketch(0, np.random.default_rng(3), 280))
PICTURE = PictureRequest("drawing", SHIRT)
ANIMALS = ["cat", "${7*6}<img src=x onerror=alert(1)>", "elephant"]


def card_of(architecture: str, names=fashion.CLASSES, mean=fashion.MEAN, std=fashion.STD, **arguments):
    return checkpoint.Card(
        architecture=architecture, arguments=arguments, classes=list(names), input_size=[1, 28, 28],
        mean=mean, std=std, command="none", data="none", seed=5, epochs=1,
    )  # fmt: skip


class Shelf:
    """What `Rivals` needs of a desk: finished runs, each of one visitor."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, tuple]] = {ME: {}, OTHER: {}}
        self.fetched: list[str] = []

    def add(self, run, model, card, visitor=ME, **changes):
        entry = {
            "id": run, "name": f"Run {run}", "recipe": {"network": card.architecture}, "state": "done",
            "accuracy": 0.8834, "seconds": 3.0, "steps": 100, "usable": True,
        }  # fmt: skip
        self.entries[visitor][run] = ({**entry, **changes}, model.eval(), card)

    def runs(self, visitor):
        if visitor not in self.entries:
            raise JobError("A visitor is a secret of 16 to 64 letters, digits, _ and -.")
        return [fields for fields, _, _ in self.entries[visitor].values()]

    def network(self, visitor, run):
        self.fetched.append(run)
        fields, model, card = self.entries[visitor][run]
        if not fields["usable"]:
            raise JobError("This run diverged: its weights are of no use.")
        return model, card


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A shipped network with random weights: these tests check only that the page shows its answers."""
    folder = tmp_path_factory.mktemp("checkpoints")
    arguments = {"classes": 11, "widths": [4, 4, 8, 8]}
    card = card_of("fashion_cnn", [*fashion.CLASSES, "something else"], **arguments)
    card.metrics["strange_above"] = 1.0
    checkpoint.save(folder, "fashion", build("fashion_cnn", seed=5, **arguments), card)
    return folder


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def context(folder, shelf) -> Context:
    return Context(device=torch.device("cpu"), checkpoints=folder, desk=shelf)


def by_hand(model, card) -> np.ndarray:
    """Probabilities of the picture, (classes,), computed from the weights and the card's constants alone."""
    pixels = prepare(np.asarray(Image.open(io.BytesIO(SHIRT)).convert("RGB")), "drawing").pixels
    x = (torch.from_numpy(pixels.astype(np.float32)) / 255 - card.mean) / card.std
    with torch.no_grad():
        exponents = np.exp(model(x.view(1, 1, 28, 28))[0].double().numpy())
    return exponents / exponents.sum()


# --- side by side -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["lenet5", "mlp", "residual", "softmax_regression"])
def test_both_networks_answer_each_with_its_own_constants(context, shelf, architecture):
    card = card_of(architecture, mean=0.5, std=0.25)
    model = build(architecture, seed=2).eval()
    shelf.add("r", model, card)
    alone, stages = classify.on_picture(context, PICTURE)
    payload, same_stages = classify.on_picture(context, PICTURE, RunKey("r", ME))
    expected = by_hand(model, card)

    assert payload["rival"]["probabilities"] == pytest.approx(expected, abs=1e-4)
    assert payload["rival"]["top"] == expected.argmax()
    assert payload["rival"]["answer"] == fashion.CLASSES[expected.argmax()]
    assert payload["rival"]["percent"] == classify_words.percent(float(expected.max()))
    assert "own" not in payload["rival"] and same_stages == stages and "rival" not in alone
    for name in ("name", "percent", "probabilities", "naive", "pixels", "message", "tone"):
        assert payload[name] == alone[name]


def test_agreement_is_put_into_words_and_read_out(context, shelf):
    ours = classify.on_picture(context, PICTURE)[0]
    for label in (ours["top"], (ours["top"] + 1) % 10):
        model = build("softmax_regression", seed=0)
        with torch.no_grad():
            model.linear.weight.zero_()
            model.linear.bias.copy_(5.0 * torch.nn.functional.one_hot(torch.tensor(label), 10))
        shelf.add(f"r{label}", model, card_of("softmax_regression"))
        payload = classify.on_picture(context, PICTURE, RunKey(f"r{label}", ME))[0]
        name = fashion.CLASSES[label]
        agrees = label == ours["top"]
        sentence = f"Both networks say {name}." if agrees else f"They disagree: {ours['name']} or {name}?"
        assert (payload["rival"]["agreement"], payload["rival"]["agrees"]) == (sentence, agrees)
        assert payload["spoken"].startswith(ours["spoken"]) and payload["spoken"].endswith(sentence)
        assert f"Your run: {name}, 94 %." in payload["spoken"]  # e^5 / (e^5 + 9)


def test_bars_are_paired_by_name_not_by_place(context, shelf):
    order = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]
    card = card_of("lenet5", [fashion.CLASSES[i] for i in order])
    model = build("lenet5", seed=2).eval()
    shelf.add("r", model, card)
    payload = classify.on_picture(context, PICTURE, RunKey("r", ME))[0]["rival"]
    expected = by_hand(model, card)
    for place, label in enumerate(order):
        assert payload["probabilities"][label] == pytest.approx(expected[place], abs=1e-4)
    assert payload["answer"] == fashion.CLASSES[payload["top"]] == card.classes[expected.argmax()]


def test_other_classes_get_a_list_of_their_own(context, shelf):
    card = card_of("tutorial_cnn", ANIMALS, classes=3)
    model = build("tutorial_cnn", seed=3, classes=3).eval()
    shelf.add("r", model, card)
    payload = classify.on_picture(context, PICTURE, RunKey("r", ME))[0]
    expected = sorted(zip(by_hand(model, card), ANIMALS, strict=True), reverse=True)
    assert [name for name, _ in payload["rival"]["own"]] == [name for _, name in expected]
    assert [share for _, share in payload["rival"]["own"]] == pytest.approx(
        [s for s, _ in expected], abs=1e-4
    )
    assert "probabilities" not in payload["rival"] and "top" not in payload["rival"]
    assert payload["rival"]["answer"] == expected[0][1] and not payload["rival"]["agrees"]
    assert "classes" in payload["rival"]["agreement"]


def test_eleven_other_classes_give_eleven_answers(context, shelf):
    names = [f"kind {i}" for i in range(11)]
    model = build("mlp", seed=3, classes=11)
    with torch.no_grad():
        model.output.bias[10] += 100  # the last one is no "something else"
    shelf.add("r", model, card_of("mlp", names, classes=11))
    payload = classify.on_picture(context, PICTURE, RunKey("r", ME))[0]["rival"]
    assert payload["answer"] == "kind 10" and len(payload["own"]) == rival.MOST_CLASSES


def test_the_warning_of_the_shipped_network_names_it(context, shelf, monkeypatch):
    shelf.add("r", build("mlp", seed=1), card_of("mlp"))
    monkeypatch.setattr(context.predictor(), "threshold", -1.0)
    payload = classify.on_picture(context, PICTURE, RunKey("r", ME))[0]
    assert payload["message"].startswith("The shipped network: This looks unlike anything")
    assert payload["tone"] == "warning"


# --- no second answer ---------------------------------------------------------------------------------------


def without(payload, *names):
    return {name: value for name, value in payload.items() if name not in names}


@pytest.mark.parametrize("key", [RunKey("r", OTHER), RunKey("nobody", ME), RunKey("r", "x" * 20)])
def test_a_run_of_another_visitor_is_not_there(context, shelf, key):
    shelf.add("r", build("mlp", seed=1), card_of("mlp"))
    payload, stages = classify.on_picture(context, PICTURE, key)
    assert payload["rival"] == {"missing": rival.EXPIRED} and not shelf.fetched
    alone, same = classify.on_picture(context, PICTURE)
    assert without(payload, "rival", "spoken") == without(alone, "spoken") and stages == same
    why = classify.on_why(context, PICTURE, "occlusion", classify_words.TOP, key, "run")
    assert why == {"words": rival.EXPIRED}


def test_a_removed_run_leaves_the_cache_too(context, shelf):
    shelf.add("r", build("mlp", seed=1), card_of("mlp"))
    assert "answer" in classify.on_picture(context, PICTURE, RunKey("r", ME))[0]["rival"]
    entry = shelf.entries[ME].pop("r")
    assert classify.on_picture(context, PICTURE, RunKey("r", ME))[0]["rival"] == {"missing": rival.EXPIRED}
    shelf.entries[ME]["r"] = entry
    classify.on_picture(context, PICTURE, RunKey("r", ME))
    assert shelf.fetched == ["r", "r"]


def test_weights_that_are_not_numbers_get_a_sentence(context, shelf):
    broken, huge = build("mlp", seed=1), build("mlp", seed=1)
    with torch.no_grad():
        broken.output.weight[0, 0] = float("nan")
        huge.hidden.weight.fill_(3e38)  # finite, but what is computed with them is not
    for name, model in (("broken", broken), ("huge", huge)):
        shelf.add(name, model, card_of("mlp"), name="too fast")
        payload = classify.on_picture(context, PICTURE, RunKey(name, ME))[0]
        assert "“too fast” has no answer." in payload["message"] and "NaN" in payload["message"]
        assert (
            "answer" not in payload["rival"] and payload["state"] == "answer" and payload["tone"] == "warning"
        )
        assert payload["message"] in payload["spoken"]


@pytest.mark.parametrize(
    ("model", "card"),
    [
        (build("pattern_conv", seed=0), card_of("pattern_conv", ["A", "B"])),
        (build("mlp", seed=0, classes=4), card_of("mlp", classes=4)),  # ten names
        (build("mlp", seed=0), card_of("mlp", std=0.0)),
    ],
)
def test_a_network_that_does_not_fit_gets_a_sentence(context, shelf, model, card):
    shelf.add("r", model, card)
    payload = classify.on_picture(context, PICTURE, RunKey("r", ME))[0]
    assert "has no answer." in payload["message"] and payload["message"].endswith(".")
    assert "answer" not in payload["rival"] and payload["state"] == "answer"


def test_what_the_desk_says_is_passed_on(context, shelf):
    shelf.add("r", build("mlp", seed=1), card_of("mlp"), usable=False, state="diverged")
    payload = classify.on_picture(context, PICTURE, RunKey("r", ME))[0]
    assert payload["rival"] == {
        "problem": "“Run r” has no answer. This run diverged: its weights are of no use."
    }


def test_without_a_picture_the_run_is_not_asked(context, shelf):
    shelf.add("r", build("mlp", seed=1), card_of("mlp"))
    assert classify.on_picture(context, None, RunKey("r", ME)) == classify.on_picture(context, None)
    assert not shelf.fetched


# --- networks that are kept ready ---------------------------------------------------------------------------


def test_a_network_is_fetched_once_until_it_has_learned_more(context, shelf):
    shelf.add("r", build("mlp", seed=1), card_of("mlp"))
    first = classify.on_picture(context, PICTURE, RunKey("r", ME))[0]["rival"]
    shelf.add("r", build("mlp", seed=1), card_of("mlp"), name="renamed")
    assert classify.on_picture(context, PICTURE, RunKey("r", ME))[0]["rival"] == {
        **first,
        "name": "renamed",
    }
    # while it trains on, the old weights answer
    shelf.add("r", build("mlp", seed=2), card_of("mlp"), state="running", usable=False, steps=150)
    choices = classify.on_picture(context, PICTURE, RunKey("r", ME))[0]["rival"]
    assert choices["probabilities"] == first["probabilities"] and shelf.fetched == ["r"]
    shelf.add("r", build("mlp", seed=2), card_of("mlp"), steps=200)
    assert classify.on_picture(context, PICTURE, RunKey("r", ME))[0]["rival"] != first
    assert shelf.fetched == ["r", "r"]


def test_only_some_networks_are_kept(context, shelf, monkeypatch):
    monkeypatch.setattr(rival, "READY_NETWORKS", 2)
    for name in "abc":
        shelf.add(name, build("softmax_regression", seed=1), card_of("softmax_regression"))
    for name in "abaca":
        context.rivals.find(RunKey(name, ME))
    assert shelf.fetched == ["a", "b", "c"]  # b, unused for the longest time, made room
    context.rivals.find(RunKey("b", ME))
    assert shelf.fetched[-1] == "b"


# --- the choice ---------------------------------------------------------------------------------------------


def test_the_list_holds_usable_runs_the_latest_first(context, shelf):
    model = build("mlp", seed=1)
    shelf.add("one", model, card_of("lenet5"), name="first run")
    shelf.add("two", model, card_of("mlp"), usable=False, state="running")
    shelf.add("three", model, card_of("mlp"), accuracy=None, name="<b>")
    shelf.add("not mine", model, card_of("mlp"), visitor=OTHER)
    runs = [{"run": "three", "text": "<b> (MLP)"}, {"run": "one", "text": "first run (LeNet-5, 88.3 %)"}]
    assert rival.on_runs(context.rivals, {"visitor": ME}) == {"runs": runs}
    # the chosen run stays in the list while it trains on
    choices = rival.on_runs(context.rivals, {"visitor": ME, "use": "two"})["runs"]
    assert [run["run"] for run in choices] == ["three", "two", "one"]


@pytest.mark.parametrize("value", [None, 3, [], {}, {"visitor": None}, {"visitor": "short"}, "x" * 10**5])
def test_an_unknown_visitor_gets_a_sentence(context, value):
    answer = rival.on_runs(context.rivals, value)
    assert list(answer) == ["problem"] and answer["problem"].endswith(".")


@pytest.mark.parametrize(
    "value",
    [
        None, 3, "r", [], {}, {"use": "r"}, {"visitor": ME}, {"use": "../r", "visitor": ME},
        {"use": "", "visitor": ME}, {"use": "r", "visitor": "short"}, {"use": ["r"], "visitor": ME},
        {"use": "r", "visitor": ME + "\n"}, {"use": True, "visitor": float("nan")},
        {"use": "r" * 65, "visitor": ME}, {"use": "r\n", "visitor": ME},
    ],
)  # fmt: skip
def test_anything_else_is_no_run(context, value):
    assert RunChoice(Path(classify.__file__).with_name("run_choice"), render=False).preprocess(value) is None


def test_a_run_goes_to_the_page_and_comes_back():
    control = RunChoice(Path(classify.__file__).with_name("run_choice"), render=False)
    wish, run = {"use": "r", "visitor": ME}, RunKey("r", ME)
    assert control.preprocess(wish | {"more": "x" * 1000}) == run and control.postprocess(run) == wish
    assert control.postprocess(None) is None


# --- why ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "title"), classify_words.METHODS.items())
def test_either_network_explains_its_answer(context, shelf, method, title):
    shelf.add("r", build("lenet5", seed=2), card_of("lenet5"), name="first run")
    key = RunKey("r", ME)
    payload = classify.on_picture(context, PICTURE, key)[0]

    def why(which):
        return classify.on_why(context, PICTURE, method, classify_words.TOP, key, which)

    ours, theirs, title = why("shipped"), why("run"), classify_words.METHODS[method]
    assert ours["words"] == f"{title} for {payload['name']}, probability {payload['percent']}."
    name, share = payload["rival"]["answer"], payload["rival"]["percent"]
    assert theirs["words"] == f"Your “first run”: {title} for {name}, probability {share}."
    assert theirs["image"].startswith("data:image/jpeg;base64,") and theirs["image"] != ours["image"]


def test_other_classes_can_be_explained(context, shelf):
    shelf.add("r", build("tutorial_cnn", seed=3, classes=3), card_of("tutorial_cnn", ANIMALS, classes=3))
    why = classify.on_why(context, PICTURE, "occlusion", "elephant", RunKey("r", ME), "run")
    assert "Occlusion for elephant" in why["words"] and "image" in why
    refusal = classify.on_why(context, PICTURE, "occlusion", "Bag", RunKey("r", ME), "run")
    assert refusal["words"].startswith("Choose one of the classes: cat, ") and "image" not in refusal
    radio, classes = classify.on_rival(context, RunKey("r", ME), "run")
    assert radio["visible"] and radio["value"] == "run"
    assert classes["choices"] == classify.class_choices(ANIMALS)


def test_without_a_run_the_shipped_network_is_explained(context):
    radio, classes = classify.on_rival(context, None, "run")
    assert not radio["visible"] and radio["value"] == "shipped"
    assert classes["choices"] == classify.class_choices(fashion.CLASSES)
    answer = classify.on_why(context, PICTURE, "occlusion", classify_words.TOP, None, "run")
    assert answer == {"words": classify_words.NO_RUN}


def test_grad_cam_of_a_network_without_maps_says_what_to_choose(context, shelf):
    shelf.add("r", build("mlp", seed=1), card_of("mlp"))
    answer = classify.on_why(context, PICTURE, "grad-cam", classify_words.TOP, RunKey("r", ME), "run")
    assert "image" not in answer and "choose Occlusion" in answer["words"]


# --- with the real desk -------------------------------------------------------------------------------------


def test_weights_that_were_uploaded_answer_until_they_are_removed(folder, tmp_path):
    desk = Desk(folder=tmp_path)
    context = Context(device=torch.device("cpu"), checkpoints=folder, desk=desk)
    card, model = card_of("lenet5"), build("lenet5", seed=2).eval()
    card.config = Recipe(network="lenet5").as_dict()
    try:
        run = desk.adopt(ME, "mine", pack(model, card))
        assert rival.on_runs(context.rivals, {"visitor": ME}) == {
            "runs": [{"run": run, "text": "mine (LeNet-5)"}]
        }
        payload = classify.on_picture(context, PICTURE, RunKey(run, ME))[0]["rival"]
        assert payload["probabilities"] == pytest.approx(by_hand(model, card), abs=1e-4)
        assert classify.on_picture(context, PICTURE, RunKey(run, OTHER))[0]["rival"] == {
            "missing": rival.EXPIRED
        }
        desk.remove(ME, run)
        assert classify.on_picture(context, PICTURE, RunKey(run, ME))[0]["rival"] == {
            "missing": rival.EXPIRED
        }
    finally:
        desk.close()
