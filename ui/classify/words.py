"""The sentences, names and programs of the Classify tab."""

from __future__ import annotations

from typing import Any

from ui.kit.numbers import percent

SURE = 0.6
"""From this probability on the answer is given without a "perhaps"."""
NETWORKS = {"shipped": "The shipped network", "run": "Your run"}
"""Whose answer is explained."""
TOP = ""
"""In place of a class: the answer of the network. No class has an empty name."""
TOP_TITLE = "The network's answer"
NO_RUN = "No run is asked at the moment: choose one above the answer."
METHODS = {"occlusion": "Occlusion", "grad-cam": "Grad-CAM"}
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
from data.own.picture import read_picture
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
STAGES = (
    "## From your picture to 28\u00a0×\u00a028\n"
    "The network never sees your picture, only the last of these. "
    "A wrong answer often shows its reason here. It learned from single garments seen from the front "
    "and single shoes seen from the side: a pair of shoes seen from above is new to it."
)
WHY = "## Why this answer?\nA heat map over your own picture: which parts speak for a class?"
PROGRAMS = f"""\
Run this in the project's folder with your own picture: it prints the probabilities above.

```python
{SNIPPET}```

From another program, while this page is running:

```python
{CALL}```"""


def unlike_sentence(metrics: dict[str, Any]) -> str:
    """The warning, with how often it is right when the checkpoint's card says so."""
    words = "This looks unlike anything I was trained on."
    right, wrong = metrics.get("unlike_right"), metrics.get("unlike_wrong")
    if isinstance(right, (int, float)) and isinstance(wrong, (int, float)):
        words += (
            f" This warning comes for {percent(right)} of the pictures that show something else, "
            f"and wrongly for {percent(wrong)} of those that show a garment."
        )
    return words
