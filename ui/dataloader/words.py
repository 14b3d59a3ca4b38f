"""The longer texts of the DataLoader tab."""

from typing import Any

from language import _
from settings import OWN_SECONDS, duration

PYTHON: dict[str, Any] = {"language": "python", "interactive": False, "wrap_lines": True}
"""Of a gr.Code: long lines are wrapped, or a phone would scroll sideways."""

INTRODUCTION = _("""\
**A DataLoader cuts a data set into batches**: a network learns from one batch at a time. Press *Next batch*
and watch which samples it takes.
""")

ARITHMETIC = _("""\
## How many batches, how many updates
One *iteration* takes one batch and ends with one update of the weights. One *epoch* is all batches once.
""")

DATASET = _("""\
## What a Dataset is
Three methods: `__init__` gets the samples ready, `__len__` counts them, `__getitem__` returns a sample and
its label. The DataLoader does the rest: it calls `dataset[i]` for each index of the batch. This is the code
that runs here:
""")

WEIGHTS = _("""\
## Weighted sampling
If a class is rare, a network hardly sees it. `WeightedRandomSampler` draws each sample with a probability
proportional to its weight, **with replacement**: some samples come several times in an epoch, others not at
all. Change a weight and see what the next epoch would draw.
""")

DEVICE = _("""\
## To the device
A DataLoader makes its batches in the memory of the CPU. A network on another device needs them there:
`.to(device)` copies them.
""")

CODE = _("""\
## The program that gives this batch
A complete program: run it in the project's folder, and it prints the batch on the screen. Python counts from
0: batch 1 of the page is `number == 0`. Files of your own must be in that folder, too.
""")

CALL = """\
from gradio_client import Client

client = Client("http://127.0.0.1:7860")  # the address of this page
batch = client.predict(dataset="numbers", count=100, batch_size=32, sampler="random", seed=0, drop_last=False,
                       epoch=0, number=3, api_name="/batch")
print(batch["indices"], batch["x.shape"])
"""

OWN = _("""\
## Your own data
**Pictures**: several files, or one zip, with folders as labels (`cats/1.png`) or with a CSV of `file
name,label`. **A table**: one CSV with a column of numbers for each feature, and a label column. Only you can
see what you upload. It is still here after a reload or a lost connection; it is forgotten when you leave the
page or press *Forget my data*, and after {time} at the latest.
""").format(time=duration(OWN_SECONDS))
