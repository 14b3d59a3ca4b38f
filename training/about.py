"""What each field of a run does, in one sentence for someone who meets it for the first time."""

from __future__ import annotations

ABOUT = {
    "network": (
        "The layers that turn a picture into ten numbers, one for each class; larger ones see more and take "
        "longer."
    ),
    "width": (
        "How many channels a convolution has, or how many numbers a hidden layer of the mlp: wider networks "
        "can learn finer differences."
    ),
    "depth": ("How many hidden layers the mlp has; gradients must find their way back through all of them."),
    "activation": (
        "The bend after each hidden layer, without which all layers together could do no more than one."
    ),
    "batch_norm": (
        "Brings the numbers of each channel to mean 0 and spread 1 in every batch, so that larger learning "
        "rates work."
    ),
    "dropout": (
        "The share of numbers before the last layer that each step sets to 0 at random, so that the network "
        "does not rely on single ones."
    ),
    "data": "Where the pictures and their labels come from.",
    "samples": (
        "How many pictures the network learns from: with few, it learns them by heart and fails on new ones."
    ),
    "augment": (
        "Changes the pictures a little each time they are shown, which works like having more of them."
    ),
    "device": "What does the computing: the processor, or an accelerator if this machine has one.",
    "epochs": "How many times the network sees all of its training pictures.",
    "batch_size": (
        "How many pictures are looked at before the weights move once: larger batches give fewer, surer "
        "steps."
    ),
    "optimizer": "The rule that turns gradients into new weights.",
    "lr": (
        "How far each step moves the weights: too small and nothing happens, too large and the loss explodes."
    ),
    "momentum": (
        "How much of the last step's direction the next step keeps, like a ball that rolls on (sgd and "
        "nesterov only)."
    ),
    "weight_decay": (
        "Pulls every weight a little towards zero in each step, so that none grows without need."
    ),
    "schedule": (
        "How the learning rate changes during the run: large steps first, small ones to settle at the end."
    ),
    "label_smoothing": (
        "Asks for slightly less than 100 % certainty, so that the network does not become too sure of itself."
    ),
    "average": (
        "Keeps a moving average of the weights beside them, which is steadier than any single step; 0 for "
        "none."
    ),
    "shuffle": "Shows the pictures in a new order each epoch, so that no batch is always the same.",
    "seed": (
        "Decides all that is random, first weights and order among it: the same seed gives the same run."
    ),
    "loss": "The number that says how wrong the answers are, and that training makes small.",
    "zero_grad": (
        "Clears the gradients before each step; without it each new one is added to all the old ones."
    ),
}
"""A sentence for each of training.recipe.FIELDS."""
