"""Classify: the visitor draws or brings a garment and sees the answer, the 28x28 picture behind it, and why.

The paper and the other sources are on the left, the answer and what the network saw beside it. Below follow
the steps from the picture to the 28x28, the heat map, and the lines of PyTorch that give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from data.drawn import garments
from data.fashion import CLASSES, MEAN, STD
from data.own.picture import PictureError
from inference.pictures import MissingPictureError
from inference.predictor import Answer, Predictor
from language import _, sentences
from models.checkpoint import CheckpointError
from settings import NETWORK_CALLS
from training.desk.states import page_constants
from ui.classify import words
from ui.classify.api import endpoints, explain_picture, look
from ui.context import Context
from ui.kit import second_network as rival
from ui.kit.events import MISSING
from ui.kit.images import as_base64, as_data_url, as_png
from ui.kit.numbers import percent
from ui.kit.picture_input import PictureInput, PictureRequest
from ui.kit.run_choice import RunChoice, RunKey
from ui.kit.view import View

HERE = Path(__file__).parent
TITLE = _("Classify")
TAB = "classify"

EXAMPLE_SIDE = 168
OPENING, OPENING_SEED = "Ankle boot", 1
"""The class and the seed of the sketch that the tab opens with."""
_NUMBERS = count(1)


# --- handlers -----------------------------------------------------------------------------------------------


def on_picture(
    context: Context, request: PictureRequest | None, second: RunKey | None = None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What the page shows for a picture: the values of the answer (`answer.js`) and the stages (`stages.js`).

    second: a run of the visitor's own that answers, too.

    Raises nothing: what is wrong with the picture or the checkpoint is a sentence in the answer. Both are
    MISSING if the file must be sent again.
    """
    if request is None:
        return {**words.IDLE, "message": words.BLANK}, None
    try:
        predictor = context.predictor()
        picture, prepared = look(context, request)
    except MissingPictureError:
        return MISSING, MISSING
    except CheckpointError as error:
        return _problem(_("No network to ask"), str(error)), None
    except PictureError as error:
        return _problem(_("No answer"), str(error)), None
    stages = [
        {"name": stage.name, "caption": stage.caption, "image": as_data_url(stage.image)}
        for stage in prepared.stages
    ]
    answer = predictor.predict(prepared.pixels)
    # while the pen moves, every drawing begins as a line
    unlike = "" if request.is_draft else prepared.unlike
    payload = _answer(predictor, answer, unlike, picture.notes(prepared))
    payload["pixels"] = as_base64(prepared.pixels)
    payload["naive"] = _naive(predictor.predict(picture.naive), answer, picture.naive)
    payload["digest"] = "" if request.is_draft else picture.digest
    other = rival.second_answer(context.rivals, second, prepared.pixels, answer)
    return _with_second(payload, other), {"stages": stages}


def on_why(
    context: Context,
    request: PictureRequest | None,
    method: str,
    label: str,
    second: RunKey | None = None,
    network: str = "shipped",
) -> dict[str, Any]:
    """The heat map for a picture as the value of `heat.js`: {image, words}, or MISSING.

    method: a key of words.METHODS. label: a class of the network, or words.TOP for its own answer. network: a
    key of words.NETWORKS, "run" for the run `second`.
    """
    if request is None:
        return {"words": _("There is no picture yet to explain.")}
    if network == "run" and second is None:
        return {"words": words.NO_RUN}
    try:
        run = context.rivals.find(second) if network == "run" and second is not None else None
        predictor = run.predictor if run else context.predictor()
        if label != words.TOP and label not in predictor.classes:
            classes = ", ".join(predictor.classes)
            return {"words": _("Choose one of the classes: {classes}.").format(classes=classes)}
        index = None if label == words.TOP else predictor.classes.index(label)
        picture, numbers = explain_picture(context, predictor, request, method, index)
    except MissingPictureError:
        return MISSING
    except ValueError as error:
        return {"words": str(error)}
    values = {
        "method": words.METHODS[method],
        "name": numbers["name"],
        "share": percent(numbers["probability"]),
    }
    if run:
        caption = _("Your “{run}”: {method} for {name}, probability {share}.").format(run=run.name, **values)
    else:
        caption = _("{method} for {name}, probability {share}.").format(**values)
    return {"image": as_data_url(picture), "words": caption}


def on_rival(context: Context, second: RunKey | None, network: Any) -> tuple[Any, Any]:
    """Second run, network whose answer is explained -> the choice of that network, and its classes."""
    classes: Sequence[str] = CLASSES
    if second is None:
        network = "shipped"
    elif network == "run":
        with suppress(rival.RivalError):
            classes = context.rivals.find(second).predictor.classes
    return gr.update(visible=second is not None, value=network), gr.update(
        choices=class_choices(classes), value=words.TOP
    )


def class_choices(classes: Sequence[str]) -> list[tuple[str, str]]:
    """What can be explained: the answer of the network, or one of the classes."""
    return [(str(words.TOP_TITLE), words.TOP), *((name, name) for name in classes)]


def on_method(method: str) -> str:
    """One sentence about a method, Markdown."""
    return str(words.METHOD_WORDS.get(method, words.METHOD_WORDS["occlusion"]))


def on_examples(seed: int) -> list[dict[str, Any]]:
    """Ten example pictures, each class once, about half of them sketches: what `picture_input.js` shows."""
    rng = np.random.default_rng(seed)
    examples = []
    for place, label in enumerate(rng.permutation(len(CLASSES)).tolist()):
        sketched = (place + seed) % 2 == 0
        draw = garments.sketch if sketched else garments.picture
        data = as_png(draw(label, rng, EXAMPLE_SIDE))
        kind = "drawing" if sketched else "auto"
        examples.append({"label": label, "name": CLASSES[label], "kind": kind, "data": as_base64(data)})
    return examples


def opening_example() -> bytes:
    """The sketch that the tab opens with, a PNG: whoever comes sees at once what the page does."""
    return as_png(garments.sketch(CLASSES.index(OPENING), np.random.default_rng(OPENING_SEED), EXAMPLE_SIDE))


# --- what they are made of ----------------------------------------------------------------------------------


def _answer(predictor: Predictor, answer: Answer, unlike: str, note: str) -> dict[str, Any]:
    """What `answer.js` shows. unlike: why this cannot be a garment, whatever the network says, or ""."""
    first, second = sorted(range(len(CLASSES)), key=lambda i: -answer.probabilities[i])[:2]
    share, next_share = (percent(answer.probabilities[i]) for i in (first, second))
    sure = answer.probabilities[first] >= words.SURE
    lead = _("This looks like") if sure else _("Not sure: perhaps")
    spoken = _("{name}, {share}.") if sure else _("Perhaps {name}, {share}.")
    if unlike:
        lead = _("Not a garment. The network says")
    elif answer.unlike:
        unlike = words.unlike_sentence(predictor.card.metrics)
    message = sentences(unlike, note)
    spoken = spoken.format(name=CLASSES[first], share=share)
    runner_up = _("Next comes {name} with {share}.") if sure else _("or {name}, {share}.")
    return {
        "state": "answer",
        "lead": lead,
        "name": CLASSES[first],
        "percent": share,
        "second": runner_up.format(name=CLASSES[second], share=next_share),
        "message": message,
        "tone": "warning" if unlike else "",
        "spoken": sentences(spoken, message) if unlike else spoken,
        "top": first,
        "probabilities": [round(p, 4) for p in answer.probabilities],
    }


def _with_second(payload: dict[str, Any], second: dict[str, Any] | None) -> dict[str, Any]:
    """The answer with that of a second network at its side, see `ui.kit.second_network.second_answer`."""
    if second is None:
        return payload
    problem = second.get("problem", "")
    if "agreement" in second:
        own_answer = _("Your run: {answer}, {share}.").format(
            answer=second["answer"], share=second["percent"]
        )
        spoken = sentences(own_answer, second["agreement"])
        if payload["tone"]:
            payload["message"] = _("The shipped network: {message}").format(message=payload["message"])
    else:
        spoken = problem
    return {
        **payload,
        "rival": second,
        "message": sentences(problem, payload["message"]),
        "tone": "warning" if problem else payload["tone"],
        "spoken": sentences(payload["spoken"], spoken),
    }


def _naive(naive: Answer, answer: Answer, pixels: np.ndarray) -> dict[str, Any]:
    name, share = CLASSES[naive.best], percent(naive.probabilities[naive.best])
    if naive.best == answer.best:
        text = _("Just grey and squeezed to 28 × 28: the same network says {name}, too ({share}).")
    else:
        text = _("Just grey and squeezed to 28 × 28: the same network says {name} ({share}).")
    return {
        "probabilities": [round(p, 4) for p in naive.probabilities],
        "pixels": as_base64(pixels),
        "text": text.format(name=name, share=share),
    }


def _numbered(payload: dict[str, Any], request: PictureRequest | None) -> dict[str, Any]:
    """The answer with the turn of its picture, which tells the page whether a newer one waits, and with a
    number of its own: the page does not notice a value equal to the last one.
    """
    turn = {} if request is None else {"turn": request.turn}
    return {**payload, **turn, "number": next(_NUMBERS)}


def _problem(name: str, sentence: str) -> dict[str, Any]:
    return {
        "state": "problem",
        "lead": "",
        "name": name,
        "message": sentence,
        "tone": "warning",
        "spoken": sentence,
    }


# --- layout -------------------------------------------------------------------------------------------------


def warm(context: Context) -> None:
    """Answer once: the first answer of a process takes seconds."""
    on_picture(context, PictureRequest("drawing", opening_example()))


@dataclass(frozen=True)
class Parts:
    """What other tabs may touch."""

    use: Callable[[Any, RunChoice, gr.Tabs], None]
    """Takes an event, the component whose value then is a run, and the tabs of the page. The event opens this
    tab, and from then on the run answers here.
    """


def build(context: Context) -> Parts:
    """Lay out the tab and wire its events."""
    limit = {"concurrency_limit": NETWORK_CALLS, "concurrency_id": "network"}
    quiet = {"show_progress": "hidden", "api_visibility": "private", **limit}
    mean, std = _constants(context)

    with gr.Row(elem_classes="tp-first"):
        with gr.Column(elem_classes="tp-card", scale=10, min_width=320):
            picture = PictureInput(on_examples, opening_example(), elem_id="picture-input")
        with gr.Column(elem_classes="tp-card", scale=12, min_width=320):
            second = RunChoice(
                HERE / "run_choice",
                answers={"runs": partial(rival.on_runs, context.rivals)},
                constants={"states": page_constants()},
                elem_id="rival",
            )
            constants = {"classes": list(CLASSES), "mean": mean, "std": std}
            answer = View(HERE / "answer", on_picture(context, None)[0], constants=constants)
    with gr.Column(elem_classes=["tp-card", "tp-section"]):
        gr.Markdown(words.STAGES)
        stages = View(HERE / "stages", constants={"steps": [list(step) for step in words.STEPS]})
    with gr.Column(elem_classes=["tp-card", "tp-section", "tp-why"], elem_id="why"):
        gr.Markdown(words.WHY)
        with gr.Row():
            with gr.Column(scale=5, min_width=280):
                network = gr.Radio(
                    [(title, name) for name, title in words.NETWORKS.items()],
                    value="shipped",
                    label=_("Which network?"),
                    visible=False,
                )
                method = gr.Radio(
                    [(title, name) for name, title in words.METHODS.items()],
                    value="occlusion",
                    label=_("Method"),
                )
                about = gr.Markdown(on_method("occlusion"))
                label = gr.Dropdown(
                    class_choices(CLASSES),
                    value=words.TOP,
                    label=_("Explain which class?"),
                    filterable=False,
                )
                ask = gr.Button(_("Show why"), variant="primary")
            with gr.Column(scale=7, min_width=280):
                heat = View(HERE / "heat")
    with gr.Accordion(_("The same numbers in PyTorch"), open=False, elem_classes=["tp-card", "tp-section"]):
        for paragraph in words.PROGRAMS:
            gr.Markdown(paragraph)

    def show_answer(
        request: PictureRequest | None, run: RunKey | None
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        payload, steps = on_picture(context, request, run)
        return _numbered(payload, request), steps

    def show_reason(request: PictureRequest | None, *how: Any) -> dict[str, Any]:
        return _numbered(on_why(context, request, *how), request)

    def use_run(run: RunKey | None, request: PictureRequest | None) -> tuple[Any, ...]:
        return gr.Tabs(selected=TAB), run, *show_answer(request, run)

    def use(event: Any, wish: RunChoice, tabs: gr.Tabs) -> None:
        event(use_run, [wish, picture], [tabs, second, answer, stages], **quiet)

    gr.on(
        [picture.input, second.input],
        show_answer,
        [picture, second],
        [answer, stages],
        trigger_mode="always_last",
        **quiet,
    )
    gr.on(
        [second.change, network.input],
        partial(on_rival, context),
        [second, network],
        [network, label],
        **quiet,
    )
    gr.on(
        [answer.submit, heat.submit, ask.click, method.input, label.input, network.input],
        show_reason,
        [picture, method, label, second, network],
        heat,
        trigger_mode="always_last",
        **quiet,
    )
    answer.submit(
        None,
        js="() => { document.getElementById('why').scrollIntoView({behavior: 'smooth', block: 'start'}); }",
    )
    method.change(on_method, method, about, **quiet)
    endpoints(context, limit)
    return Parts(use)


def _constants(context: Context) -> tuple[float, float]:
    """Mean and standard deviation from the training of the network; without one, those of the data set."""
    try:
        card = context.predictor().card
    except CheckpointError:
        return MEAN, STD
    return float(card.mean), float(card.std)
