"""The words of the Train tab: a name and a sentence for each choice, and what it says about own pictures."""

from __future__ import annotations

from data import sources
from data.sources import DATA_SETS
from language import _
from models.registry import NETWORKS
from training.optimizers import OPTIMIZERS
from training.recipe import networks

INTRODUCTION = _(
    "Training finds the weights: forward, loss, backward, step, thousands of times. Choose, press Train and "
    "watch; then change one thing and compare."
)

SENTENCES = {
    "samples": _("Training pictures: fewer is faster, more is better."),
    "epochs": _("How often the network sees every picture."),
    "batch_size": _("Pictures in one step: small batches make it noisy."),
    "lr": _("How far each step goes; too far breaks the run."),
    "momentum": _("Share of the last step that the next one keeps, like a rolling ball."),
    "weight_decay": _("Pulls the weights slightly towards 0 in each step, against learning by heart."),
    "label_smoothing": _("The target is not 100 % sure: this share goes to the other classes."),
    "width": _("Channels of the first layer, or numbers in a hidden layer."),
    "depth": _("Hidden layers between the picture and the answer."),
    "batch_norm": _("Keeps the numbers between layers at mean 0 and deviation 1, so larger steps work."),
    "dropout": _("Share of the hidden numbers set to 0 at random, in training only."),
    "average": _("Keeps a slow average of the weights with this decay; 0 is none, 0.99 is usual."),
    "seed": _("The same seed gives the same first weights and the same batches."),
    "shuffle": _("A new order in each epoch; otherwise the order of the data set."),
    "zero_grad": _("Sets the gradients to 0 before each step; otherwise they add up."),
}
"""For each field that is a number or a switch."""

LABELS = {
    "network": _("Network"),
    "data": _("Data"),
    "samples": _("Samples"),
    "epochs": _("Epochs"),
    "batch_size": _("Batch size"),
    "optimizer": _("Optimizer"),
    "lr": _("Learning rate"),
    "momentum": _("Momentum"),
    "weight_decay": _("Weight decay"),
    "schedule": _("Schedule"),
    "loss": _("Loss"),
    "label_smoothing": _("Label smoothing"),
    "width": _("Width"),
    "depth": _("Depth"),
    "activation": _("Activation"),
    "batch_norm": _("Batch norm"),
    "dropout": _("Dropout"),
    "augment": _("Augmentation"),
    "average": _("Moving average"),
    "seed": _("Seed"),
    "shuffle": _("Shuffle"),
    "zero_grad": "zero_grad",
    "device": _("Device"),
}

CHOICES: dict[str, dict[str, tuple[str, str]]] = {
    "schedule": {
        "constant": (_("constant"), _("The learning rate stays as it is.")),
        "step": (_("step"), _("A tenth after half of the steps, a hundredth after three quarters.")),
        "cosine": (_("cosine"), _("Falls to 0 in half a cosine wave.")),
        "one-cycle": (_("one-cycle"), _("Rises for a fifth of the steps, then falls to 0.")),
    },
    "loss": {
        "cross-entropy": (
            _("cross-entropy"),
            _("Minus the logarithm of the right class's probability."),
        ),
        "bce": (_("binary cross-entropy"), _("Asks each class alone: yes or no?")),
        "mse": (
            _("mean squared error"),
            _("Wants the logit 1 for the right class, 0 for all others."),
        ),
        "multi-margin": (_("multi-margin"), _("Wants the right logit to lead all others by 1.")),
        "focal": (_("focal"), _("Cross-entropy that gives little weight to what is right already.")),
    },
    "activation": {
        "relu": ("ReLU", _("Negative numbers become 0: gradients pass unharmed.")),
        "sigmoid": (_("sigmoid"), _("Squeezes numbers into 0 to 1: in deep networks gradients vanish.")),
        "tanh": ("tanh", _("Squeezes numbers into −1 to 1: gentler than the sigmoid.")),
    },
    "augment": {
        "none": (_("none"), _("The pictures as they are.")),
        "shift": (_("shift"), _("Moves each picture by a few pixels, anew in each epoch.")),
        "standard": (_("standard"), _("Moves, mirrors and covers, as benchmarks do.")),
        "as-found": (_("as found"), _("As if cut from a photograph: turned, scaled, dark.")),
        "mixed": (_("mixed"), _("Three quarters as in benchmarks, one quarter as found.")),
    },
}
"""For each field with named values and no table of its own: value -> its name, and one sentence."""
NAMED = ("network", "data", "optimizer", *CHOICES)
"""The fields with named values."""
ZERO = {"samples": _("all"), "width": _("its own")}
"""What 0 means, where it stands for something else than nothing."""

VERDICTS = {
    "healthy": _("Healthy gradients."),
    "vanishing": _("Vanishing gradients."),
    "exploding": _("Exploding gradients."),
}
"""By the kind of `training.gradients.Verdict`."""
DEVICE = _("Where the numbers are computed.")
REPLACED = _(
    "It ended because you started another training, in this tab of the browser or in another one: they run"
    " one at a time."
)
"""What a run that made room for another one says, above all in the other tab."""
NEEDS_PICTURES = _("Upload pictures in the DataLoader tab, under “Your own data”.")
GONE = _("Your own pictures are no longer here. Please upload them again in the DataLoader tab.")
OWN = _("Pictures to learn from: {learned}. Classes: {classes}. All are resized to 28 × 28 in grey.")


def named_values(field: str) -> dict[str, tuple[str, str]]:
    """Each value of a field -> its name and one sentence; {} for a field without named values."""
    if field == "network":
        return {name: (NETWORKS[name].title, NETWORKS[name].sentence) for name in networks()}
    if field == "data":
        return {
            name: (learnable.title or DATA_SETS[name].title, learnable.sentence)
            for name, learnable in sources.learnable().items()
        }
    if field == "optimizer":
        return {name: (kind.title, kind.sentence) for name, kind in OPTIMIZERS.items()}
    return CHOICES.get(field, {})
