"""What the Train tab says: one sentence for each choice, and the programs that ask it over the network."""

from __future__ import annotations

from data import sources
from data.sources import DATA_SETS
from models.registry import NETWORKS
from training.optimizers import OPTIMIZERS
from training.recipe import networks

INTRODUCTION = (
    "Training finds the weights: forward, loss, backward, step, thousands of times. Choose, press Train and "
    "watch; then change one thing and compare."
)

SENTENCES = {
    "samples": "Training pictures: fewer is faster, more is better.",
    "epochs": "How often the network sees every picture.",
    "batch_size": "Pictures in one step: few make it noisy.",
    "lr": "How far each step goes; too far breaks the run.",
    "momentum": "Share of the last step that the next one keeps, like a ball that rolls.",
    "weight_decay": "Pulls the weights a little towards 0 in each step, against learning by heart.",
    "label_smoothing": "The target is not 100 % sure: this share goes to the other classes.",
    "width": "Channels of the first layer, or numbers in a hidden layer.",
    "depth": "Hidden layers between the picture and the answer.",
    "batch_norm": "Keeps the numbers between the layers at mean 0 and deviation 1: larger steps go well.",
    "dropout": "Share of the hidden numbers that are set to 0 at random, only in training.",
    "average": "Keeps a slow average of the weights, with this decay; 0 is none, 0.99 is usual.",
    "seed": "The same seed gives the same first weights and the same batches.",
    "shuffle": "A new order in each epoch; without it the order of the data set.",
    "zero_grad": "Sets the gradients to 0 before each step; without it they add up.",
}
"""Of each field that is a number or a switch."""

LABELS = {
    "network": "Network",
    "data": "Data",
    "samples": "Samples",
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "optimizer": "Optimizer",
    "lr": "Learning rate",
    "momentum": "Momentum",
    "weight_decay": "Weight decay",
    "schedule": "Schedule",
    "loss": "Loss",
    "label_smoothing": "Label smoothing",
    "width": "Width",
    "depth": "Depth",
    "activation": "Activation",
    "batch_norm": "Batch norm",
    "dropout": "Dropout",
    "augment": "Augmentation",
    "average": "Moving average",
    "seed": "Seed",
    "shuffle": "Shuffle",
    "zero_grad": "zero_grad",
    "device": "Device",
}

CHOICES: dict[str, dict[str, tuple[str, str]]] = {
    "schedule": {
        "constant": ("constant", "The learning rate stays as it is."),
        "step": ("step", "A tenth after half of the steps, a hundredth after three quarters."),
        "cosine": ("cosine", "Falls in half a cosine wave to 0."),
        "one-cycle": ("one-cycle", "Rises for a fifth of the steps, then falls to 0."),
    },
    "loss": {
        "cross-entropy": ("cross-entropy", "Minus the logarithm of the right class's probability."),
        "bce": ("binary cross-entropy", "Asks each class alone: yes or no?"),
        "mse": ("mean squared error", "Wants the logit 1 for the right class, 0 for all others."),
        "multi-margin": ("multi-margin", "Wants the right logit to lead all others by 1."),
        "focal": ("focal", "Cross-entropy that hardly counts what is right already."),
    },
    "activation": {
        "relu": ("ReLU", "Negative numbers become 0: gradients pass unharmed."),
        "sigmoid": ("sigmoid", "Squeezes into 0 to 1: in deep networks gradients vanish."),
        "tanh": ("tanh", "Squeezes into −1 to 1: gentler than the sigmoid."),
    },
    "augment": {
        "none": ("none", "The pictures as they are."),
        "shift": ("shift", "Moves each picture by a few pixels, anew in each epoch."),
        "standard": ("standard", "Moves, mirrors and covers, as benchmarks do."),
        "as-found": ("as found", "As if each were cut from a photograph: turned, scaled, dark."),
        "mixed": ("mixed", "Three quarters as benchmarks do, one quarter as found."),
    },
}
"""Of each field with named values that has no table: value -> what it is called, and one sentence."""
NAMED = ("network", "data", "optimizer", *CHOICES)
"""The fields with named values."""

VERDICTS = {
    "healthy": "Healthy gradients.",
    "vanishing": "Vanishing gradients.",
    "exploding": "Exploding gradients.",
}
"""By the kind of `training.gradients.Verdict`."""
DEVICE = "Where the numbers are computed."
NEEDS_PICTURES = "Bring pictures in the DataLoader tab, under “Your own data”."
GONE = "Your own pictures are no longer here. Please upload them again in the DataLoader tab."
OWN = "{learned:,} to learn from, {classes} classes; made 28 × 28 and grey."


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
