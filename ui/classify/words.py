"""The sentences, names and programs of the Classify tab."""

from __future__ import annotations

from typing import Any

from language import _, sentences
from ui.kit.numbers import percent

SURE = 0.6
"""From this probability on an answer comes without a "perhaps"."""
NETWORKS = {"shipped": _("The shipped network"), "run": _("Your run")}
"""The networks whose answers can be explained."""
TOP = ""
"""Stands for the network's answer in place of a class. No class has an empty name."""
TOP_TITLE = _("The network's answer")
NO_RUN = _("No run is chosen: choose one above the answer.")
METHODS = {"occlusion": _("Occlusion"), "grad-cam": "Grad-CAM"}
METHOD_WORDS = {
    "occlusion": _(
        "**Occlusion** paints a black patch over each place in turn and measures how much the probability of "
        "the class falls: orange places are needed for it, blue ones speak against it."
    ),
    "grad-cam": _(
        "**Grad-CAM** shows where the feature maps that raise the number (logit) of the class are active: "
        "it uses the gradient once instead of trying every place."
    ),
}
IDLE = {
    "state": "idle",
    "lead": _("Ten kinds of garments, one network"),
    "name": _("Draw something"),
    "second": _("The answer follows your pen."),
    "spoken": "",
}
BLANK = _(
    "There is nothing to classify yet: draw a garment, upload or paste a picture, or pick an example. "
    "A drawing needs only its outline."
)
STEPS = (
    (_("Your picture"), _("A box marks where the garment was found.")),
    (_("What stands out"), _("Ink on paper, or the colours that differ from the background.")),
    (_("The garment alone"), _("A drawing is filled, a photo is cut out.")),
    (_("Scaled and centred"), _("Grey on black, as large as the frame allows.")),
    (_("What the network saw"), _("28 × 28 numbers: all that the network is given.")),
)
SNIPPET = """import torch
from data.own.picture import read_picture
from inference.preprocess import prepare
from models.checkpoint import load
from settings import CHECKPOINTS

model, card = load(CHECKPOINTS, "fashion")              # an nn.Module in evaluation mode, and its constants
picture = read_picture("garment.png")                   # any PNG, JPEG, WebP, GIF or BMP
pixels = prepare(picture.rgb, opaque=picture.opaque).pixels     # (28, 28) uint8, the garment bright on 0
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
STAGES = _(
    "## From your picture to 28\u00a0×\u00a028\n"
    "The network never sees your picture, only the last of these. "
    "A wrong answer often shows its reason here. It learned from single garments seen from the front "
    "and single shoes seen from the side: a pair of shoes seen from above is new to it."
)
WHY = _("## Why this answer?\nA heat map over your own picture: which parts speak for a class?")
PROGRAMS = (
    _("Run this in the project's folder with your own picture: it prints the probabilities above."),
    f"```python\n{SNIPPET}```",
    _("From another program, while this page is running:"),
    f"```python\n{CALL}```",
)
"""Paragraphs, Markdown."""


def unlike_sentence(metrics: dict[str, Any]) -> str:
    """The warning, with how often it is right when the checkpoint's card says so."""
    warning = _("This looks unlike anything I was trained on.")
    right, wrong = metrics.get("unlike_right"), metrics.get("unlike_wrong")
    if not isinstance(right, (int, float)) or not isinstance(wrong, (int, float)):
        return warning
    frequency = _(
        "This warning comes for {right} of the pictures that show something else, and wrongly for {wrong} of "
        "those that show a garment."
    )
    return sentences(warning, frequency.format(right=percent(right), wrong=percent(wrong)))
