"""Classify: the visitor draws or brings a garment and sees the answer, the 28x28 picture behind it, and why.

The paper and the other sources are on the left, the answer and what the network saw beside it, then the way
from the picture to the 28x28 step by step, the heat map, and the lines of PyTorch that give the same numbers.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import gradio as gr
import numpy as np

from data import garments
from data.fashion import CLASSES, MEAN, STD
from data.picture import PictureError, read_picture
from inference.explain import METHODS, explain, over_picture
from inference.predictor import Answer, Predictor
from inference.preprocess import Kind, Prepared, naive, prepare
from models.checkpoint import CheckpointError
from ui.context import Context
from ui.controls.picture_input import KINDS, Chosen, PictureInput
from ui.controls.uploaded import UploadedPicture
from ui.controls.view import View
from ui.pictures import as_base64, as_data_url, as_png

TITLE = "Classify"

SURE = 0.6
"""From this probability on the answer is given without a "perhaps"."""
EXAMPLE_SIDE = 168
HEAT_SIDE = 512
TOP = "The network's answer"
METHOD_NAMES = {"Occlusion": "occlusion", "Grad-CAM": "grad-cam"}
METHOD_WORDS = {
    "occlusion": "**Occlusion** paints a black patch over each place in turn and measures how much the "
    "probability of the class falls: orange places are needed for it, blue ones speak against it.",
    "grad-cam": "**Grad-CAM** shows where the feature maps that raise the number (logit) of the class are "
    "active: it asks the gradient once instead of trying every place.",
}
IDLE = {
    "state": "idle",
    "lead": "Ten kinds of garments, one network",
    "name": "Draw something",
    "second": "The answer follows your pen.",
    "spoken": "",
}
BLANK = (
    "There is nothing to classify yet: draw a garment, upload or paste a picture, or pick an example. "
    "A drawing needs its outline only."
)
STEPS = (
    ("Your picture", "A box marks where the garment was found."),
    ("What stands out", "Ink on paper, or the colours that differ from the background."),
    ("The garment alone", "A drawing is filled, a photo is cut out."),
    ("Scaled and centred", "Grey on black, as large as the frame allows."),
    ("What the network saw", "28 × 28 numbers: all that the network is given."),
)
SNIPPET = """import torch
from data.picture import read_picture
from inference.preprocess import prepare
from models.checkpoint import load
from settings import CHECKPOINTS

model, card = load(CHECKPOINTS, "fashion")              # an nn.Module in evaluation mode, and its constants
picture = read_picture("garment.png")                   # any PNG, JPEG, WebP, GIF or BMP
pixels = prepare(picture.rgb).pixels                    # (28, 28) uint8, the garment bright on 0
x = torch.from_numpy(pixels).reshape(1, 1, 28, 28) / 255
x = (x - card.mean) / card.std                          # normalised as in training
with torch.inference_mode():
    logits = model(x)[0, :10]                           # one number for each class
probabilities = torch.softmax(logits, dim=0)            # e^logit, divided by the sum of all ten
for name, p in zip(card.classes, probabilities):
    print(f"{name:12} {p:6.1%}")
"""
CALL = """from gradio_client import Client, handle_file

client = Client("http://127.0.0.1:7860")                # the address of this page
answer = client.predict(picture=handle_file("garment.png"), kind="auto", api_name="/classify")
print(answer["name"], answer["probability"])
heat_map, numbers = client.predict(picture=handle_file("garment.png"), method="grad-cam", api_name="/explain")
"""


# --- handlers -----------------------------------------------------------------------------------------------


def on_picture(context: Context, chosen: Chosen | None) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What the page shows for a picture: the values of the answer (`answer.js`) and the stages (`stages.js`).

    Nothing is raised: whatever is wrong with the picture or the checkpoint is a sentence in the answer.
    """
    if chosen is None:
        return {**IDLE, "message": BLANK}, None
    try:
        predictor = context.predictor()
        rgb, prepared, note = _look(chosen.data, chosen.kind)
    except CheckpointError as error:
        return _problem("No network to ask", str(error)), None
    except PictureError as error:
        return _problem("No answer", str(error)), None
    stages = [
        {"name": stage.name, "caption": stage.caption, "image": as_data_url(stage.image)}
        for stage in prepared.stages
    ]
    answer = predictor.predict(prepared.pixels)
    naive_pixels = naive(rgb)
    shown = _shown(predictor, answer, " ".join(filter(None, (note, prepared.note))))
    shown["pixels"] = as_base64(prepared.pixels)
    shown["naive"] = _naive(predictor, predictor.predict(naive_pixels), answer, naive_pixels)
    return shown, {"stages": stages}


def on_why(context: Context, chosen: Chosen | None, method: str, label: str) -> dict[str, Any]:
    """The heat map for a picture as the value of `heat.js`: {image, words}.

    method: a key of METHOD_NAMES. label: one of CLASSES, or TOP for the network's own answer.
    """
    if chosen is None:
        return {"words": "There is no picture yet to explain."}
    if label != TOP and label not in CLASSES:
        return {"words": "Choose one of the ten classes."}
    try:
        wanted = None if label == TOP else CLASSES.index(label)
        picture, numbers = _explained(
            context, chosen.data, chosen.kind, METHOD_NAMES.get(method, method), wanted
        )
    except (CheckpointError, ValueError) as error:
        return {"words": str(error)}
    share = _percent(numbers["probability"])
    return {"image": as_data_url(picture), "words": f"{method} for {numbers['name']}, probability {share}."}


def on_method(method: str) -> str:
    """One sentence about the method of that name, Markdown."""
    return METHOD_WORDS[METHOD_NAMES.get(method, "occlusion")]


def on_classify(context: Context, picture: bytes | None, kind: str) -> dict[str, Any]:
    """The answer for a picture file as plain values. Raises gr.Error with a sentence."""
    try:
        predictor = context.predictor()
        _, prepared, note = _look(_there(picture), kind)
    except (CheckpointError, ValueError) as error:
        raise gr.Error(str(error), print_exception=False) from error
    answer = predictor.predict(prepared.pixels)
    return {
        "label": answer.best,
        "name": CLASSES[answer.best],
        "probability": answer.probabilities[answer.best],
        "probabilities": dict(zip(CLASSES, answer.probabilities, strict=True)),
        "unlike": answer.unlike,
        "strangeness": answer.strangeness,
        "kind": prepared.kind,
        "note": " ".join(filter(None, (note, prepared.note))),
        "pixels": prepared.pixels.tolist(),
    }


def on_explain(
    context: Context, picture: bytes | None, kind: str, method: str, label: Any
) -> tuple[np.ndarray, dict[str, Any]]:
    """The heat map over a picture file, (H, W, 3) uint8, and its numbers. Raises gr.Error with a sentence."""
    try:
        return _explained(context, _there(picture), kind, method, _label(label))
    except (CheckpointError, ValueError) as error:
        raise gr.Error(str(error), print_exception=False) from error


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


# --- what they are made of ----------------------------------------------------------------------------------


def _look(data: bytes, kind: str) -> tuple[np.ndarray, Prepared, str]:
    """Untrusted bytes -> the picture (H, W, 3) uint8, what becomes of it, and a note. Raises PictureError."""
    checked: Kind = _kind(kind)
    picture = read_picture(data)
    return picture.rgb, prepare(picture.rgb, checked), picture.note


def _kind(kind: Any) -> Any:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind is one of: {', '.join(KINDS)}.")
    return kind


def _there(picture: bytes | None) -> bytes:
    if picture is None:
        raise ValueError("There is no picture. Send one as a file.")
    return picture


def _label(label: Any) -> int | None:
    """0..9 from a number or a class name; None for the network's own answer. Raises ValueError."""
    if label is None or label == "":
        return None
    if isinstance(label, str) and label in CLASSES:
        return CLASSES.index(label)
    if isinstance(label, int) and not isinstance(label, bool) and 0 <= label < len(CLASSES):
        return label
    raise ValueError(f"label is a number from 0 to {len(CLASSES) - 1} or one of: {', '.join(CLASSES)}.")


def _explained(
    context: Context, data: bytes, kind: str, method: str, label: int | None
) -> tuple[np.ndarray, dict[str, Any]]:
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method is one of: {', '.join(METHODS)}.")
    predictor = context.predictor()
    rgb, prepared, _ = _look(data, kind)
    answer = predictor.predict(prepared.pixels)
    label = answer.best if label is None else label
    heat = explain(predictor, prepared.pixels, label, method)
    numbers = {
        "label": label,
        "name": CLASSES[label],
        "probability": answer.probabilities[label],
        "method": method,
        "heat": np.round(heat.astype(float), 5).tolist(),
    }
    return over_picture(heat, prepared.matrix, rgb), numbers


def _percent(share: float) -> str:
    return "<1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")


def _shown(predictor: Predictor, answer: Answer, note: str) -> dict[str, Any]:
    first, second = sorted(range(len(CLASSES)), key=lambda i: -answer.probabilities[i])[:2]
    share, next_share = (_percent(answer.probabilities[i]) for i in (first, second))
    sure = answer.probabilities[first] >= SURE
    message = " ".join(filter(None, (unlike_sentence(predictor.card.metrics) if answer.unlike else "", note)))
    spoken = f"{'' if sure else 'Perhaps '}{CLASSES[first]}, {share}."
    return {
        "state": "answer",
        "lead": "This looks like" if sure else "Not sure: perhaps",
        "name": CLASSES[first],
        "percent": share,
        "second": f"Next comes {CLASSES[second]} with {next_share}."
        if sure
        else f"or {CLASSES[second]}, {next_share}.",
        "message": message,
        "tone": "warning" if answer.unlike else "",
        "spoken": f"{spoken} {message}" if answer.unlike else spoken,
        "top": first,
        "probabilities": [round(p, 4) for p in answer.probabilities],
    }


def unlike_sentence(metrics: dict[str, Any]) -> str:
    """The warning, with how often it is right when the checkpoint's card says so."""
    words = "This looks unlike anything I was trained on."
    right, wrong = metrics.get("unlike_right"), metrics.get("unlike_wrong")
    if isinstance(right, (int, float)) and isinstance(wrong, (int, float)):
        words += (
            f" This warning comes for {_percent(right)} of the pictures that show something else, "
            f"and wrongly for {_percent(wrong)} of those that show a garment."
        )
    return words


def _naive(predictor: Predictor, theirs: Answer, ours: Answer, pixels: np.ndarray) -> dict[str, Any]:
    name, share = CLASSES[theirs.best], _percent(theirs.probabilities[theirs.best])
    if theirs.best == ours.best:
        text = f"Grey, then squeezed to 28 × 28, the same network says {name}, too ({share})."
    else:
        text = f"Grey, then squeezed to 28 × 28, the same network says {name} ({share})."
    return {
        "probabilities": [round(p, 4) for p in theirs.probabilities],
        "pixels": as_base64(pixels),
        "text": text,
    }


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


def build(context: Context) -> PictureInput:
    """Lay out the tab and wire its events; returns the input that holds the visitor's picture."""
    limit = {"concurrency_limit": 4, "concurrency_id": "network"}
    quiet = {"show_progress": "hidden", "api_visibility": "private", **limit}
    mean, std = _constants(context)

    with gr.Row(elem_classes="tp-first"):
        with gr.Column(elem_classes="tp-card", scale=10, min_width=320):
            picture = PictureInput(on_examples, elem_id="picture-input")
        with gr.Column(elem_classes="tp-card", scale=12, min_width=320):
            answer = View("answer", on_picture(context, None)[0], classes=list(CLASSES), mean=mean, std=std)
    with gr.Column(elem_classes=["tp-card", "tp-section"]):
        gr.Markdown(
            "## From your picture to 28\u00a0×\u00a028\n"
            "The network never sees your picture, only the last of these. "
            "A wrong answer often shows its reason here. It learned from single garments seen from the front "
            "and single shoes seen from the side: a pair of shoes seen from above is new to it."
        )
        stages = View("stages", steps=[list(step) for step in STEPS])
    with gr.Column(elem_classes=["tp-card", "tp-section", "tp-why"], elem_id="why"):
        gr.Markdown("## Why this answer?\nA heat map over your own picture: which parts speak for a class?")
        with gr.Row():
            with gr.Column(scale=5, min_width=280):
                method = gr.Radio(list(METHOD_NAMES), value="Occlusion", label="Method")
                words = gr.Markdown(on_method("Occlusion"))
                label = gr.Dropdown(
                    [TOP, *CLASSES], value=TOP, label="Explain which class?", filterable=False
                )
                ask = gr.Button("Show why", variant="primary")
            with gr.Column(scale=7, min_width=280):
                heat = View("heat")
    with gr.Accordion("The same numbers in PyTorch", open=False, elem_classes=["tp-card", "tp-section"]):
        gr.Markdown(
            "Run this in the project's folder with your own picture: it prints the probabilities above.\n\n"
            f"```python\n{SNIPPET}```\n\nFrom another program, while this page is running:\n\n"
            f"```python\n{CALL}```"
        )

    # a value that equals the last one would not wake the page, which waits for the answer to its new picture
    turns = count(1)

    def answer_it(chosen: Chosen | None) -> tuple[dict[str, Any], dict[str, Any] | None]:
        shown, steps = on_picture(context, chosen)
        return {**shown, "turn": next(turns)}, steps

    def explain_it(chosen: Chosen | None, how: str, what: str) -> dict[str, Any]:
        return {**on_why(context, chosen, how, what), "turn": next(turns)}

    picture.input(answer_it, picture, [answer, stages], trigger_mode="always_last", **quiet)
    gr.on(
        [answer.submit, ask.click, method.input, label.input],
        explain_it,
        [picture, method, label],
        heat,
        trigger_mode="always_last",
        **quiet,
    )
    answer.submit(
        None,
        js="() => { document.getElementById('why').scrollIntoView({behavior: 'smooth', block: 'start'}); }",
    )
    method.change(on_method, method, words, **quiet)
    _endpoints(context, limit)
    return picture


def _constants(context: Context) -> tuple[float, float]:
    """Mean and standard deviation the network was trained with; the data set's own without a network."""
    try:
        card = context.predictor().card
    except CheckpointError:
        return MEAN, STD
    return float(card.mean), float(card.std)


def _endpoints(context: Context, limit: dict[str, Any]) -> None:
    """The named endpoints for programs: hidden components hold their types, nothing of them is shown."""
    with gr.Column(visible=False):
        file = UploadedPicture(label="picture")
        kind = gr.Textbox("auto", label="kind")
        method = gr.Textbox("occlusion", label="method")
        label = gr.JSON(label="label")
        numbers, heat_numbers = gr.JSON(label="answer"), gr.JSON(label="numbers")
        heat = gr.Image(format="png", label="heat map", type="numpy")
        for_classify, for_explain = gr.Button(), gr.Button()

    def classify(picture: Any, kind: Any = "auto") -> dict[str, Any]:
        """Classify one picture of a garment.

        Args:
            picture: a picture file (PNG, JPEG, WebP, GIF or BMP) of at most 8 MB and 16 million pixels.
            kind: "photo", "drawing", or "auto" to let the program decide.

        Returns:
            label (0..9), name and probability of the answer; probabilities of all ten classes by name; unlike
            (whether it looks unlike anything the network was trained on) and strangeness (0..1); kind, what
            the picture was taken for; note, a sentence or ""; pixels, the 28 rows of 28 numbers from 0 to
            255 that the network was given.
        """
        return on_classify(context, picture, kind)

    def explain(
        picture: Any, kind: Any = "auto", method: Any = "occlusion", label: Any = None
    ) -> tuple[Any, Any]:
        """Show which parts of a picture speak for a class.

        Args:
            picture: a picture file, as for classify.
            kind: "photo", "drawing" or "auto".
            method: "occlusion" or "grad-cam".
            label: the class to explain, its number or name; none for the network's own answer.

        Returns:
            A PNG file, the heat map over the picture; and a dictionary of label, name, probability and
            method with heat, 28 rows of 28 numbers over the network's 28x28.
        """
        return on_explain(context, picture, kind, method, label)

    for_classify.click(classify, [file, kind], numbers, api_name="classify", **limit)
    for_explain.click(explain, [file, kind, method, label], [heat, heat_numbers], api_name="explain", **limit)
