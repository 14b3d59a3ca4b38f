"""Sentences about the training loop in slow motion: one for each line that ran, one for the whole program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from training.slow_motion.program import CLASSES, LINES, MAX_LR, OPTIMIZERS, PARAMETERS, Settings

LUCKY = (
    " That is luck: gradients that add up are a momentum that never fades, and it may help for a few passes."
    " In a whole run it goes too far: see “No zero_grad” in the Train part."
)
Remark = tuple[str, bool]
"""A sentence, and whether it is about a mistake."""


def textbook(settings: Settings) -> Settings:
    """The same with the five lines in order, and all parameters trained."""
    return replace(settings, order=tuple(LINES), left_out=(), not_given=(), frozen=())


def listed(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def passes(numbers: list[int]) -> str:
    """The passes of these numbers, counted from 1: "pass 2", "passes 1 and 2", "passes 1 to 5"."""
    counted = [number + 1 for number in numbers]
    if len(counted) == 1:
        return f"pass {counted[0]}"
    if len(counted) == 2:
        return f"passes {counted[0]} and {counted[1]}"
    return f"passes {counted[0]} to {counted[-1]}"


def error_meaning(error: str, settings: Settings) -> str:
    """What Python's or PyTorch's message means here."""
    if error.startswith("NameError"):
        name = error.split("'")[1]
        maker = {"logits": "forward", "loss": "loss"}[name]
        if maker in settings.left_out:
            return f"Nothing has made `{name}`: the line `{LINES[maker]}` is left out. Switch it on again."
        return f"Python runs line after line, and `{LINES[maker]}` has not run yet. Move it up."
    if "inplace" in error:
        return (
            "step() has changed the weights between forward and backward(). backward() goes back through the "
            "network with the weights of the forward, and they are gone. Move step() below backward()."
        )
    if "does not require grad" in error:
        return (
            "Every parameter is frozen (requires_grad=False): PyTorch has recorded nothing to go back "
            "through. Let at least one parameter have a gradient."
        )
    if "empty parameter list" in error:
        return "An optimizer needs at least one parameter to move. Give it one."
    return f"The program stops here. A learning rate of at most {MAX_LR:g} and the textbook's order work."


class Story:
    """Tells each line, and remembers what the verdict needs."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.error = ""
        self.moved = False
        self.summed: list[int] = []
        """The most passes that a gradient used by step() was the sum of."""
        self.late = False

    def tell(
        self,
        number: int,
        line: str,
        sums: Mapping[str, list[int]],
        moved: Mapping[str, bool],
        seen: Mapping[str, Mapping[str, Any]],
        error: str | None,
    ) -> Remark:
        """One line that ran (or failed with `error`) in pass `number`. sums: for each parameter the passes
        whose gradients are in its .grad; moved: whether its values have changed; seen: logits and loss.
        """
        if error:
            where = "before the loop" if line == "start" else f"in pass {number + 1}, at {LINES[line]}"
            self.error = f"The program stops with an error {where}."
            return error_meaning(error, self.settings), True
        match line:
            case "zero_grad":
                return self._zero_grad(number, sums)
            case "forward":
                logits = seen["logits"]
                size = self.settings.batch_size
                count = f"{size} pictures go" if size > 1 else "One picture goes"
                return (
                    f"{count} through the network: {len(CLASSES)} logits each. softmax turns them into "
                    f"shares. {logits['right']} of {size} {'is' if logits['right'] == 1 else 'are'} right.",
                    False,
                )
            case "loss":
                return self._loss(seen["loss"])
            case "backward":
                return self._backward(number, sums)
            case "step":
                return self._step(number, sums, moved)
        return (
            f"The network has random weights, made with seed {self.settings.seed}. No picture has gone "
            "through it, and every .grad is None.",
            False,
        )

    def _zero_grad(self, number: int, sums: Mapping[str, list[int]]) -> Remark:
        left = {name: past for name, past in sums.items() if past}
        if left:
            # whatever is still there belongs to a parameter that this optimizer does not know
            names = listed(list(left))
            return (
                f"Every .grad that the optimizer knows of is None again. {names} "
                f"{'was' if len(left) == 1 else 'were'} not given to it: that gradient stays, and the next "
                "one will be added to it.",
                True,
            )
        order = self.settings.running
        between = "backward" in order and "step" in order and _between(order, "backward", "zero_grad", "step")
        if between and (number or order.index("backward") < order.index("zero_grad")):
            return "Every .grad is None: what backward() made is gone before step() could use it.", True
        if number == 0:
            return "There is nothing to clear yet: before the first backward() every .grad is None.", False
        return "Every .grad is None again: the next backward() starts from nothing.", False

    def _loss(self, loss: Mapping[str, Any]) -> Remark:
        value = loss["loss"]
        if isinstance(value, str):
            return f"The loss is {value}: the numbers have grown beyond what a float can hold.", True
        return (
            f"One number says how wrong the network is: {value:.4f}, the mean of −ln(share of the right "
            f"class). Equal shares would give ln {len(CLASSES)} = {math.log(len(CLASSES)):.4f}.",
            False,
        )

    def _backward(self, number: int, sums: Mapping[str, list[int]]) -> Remark:
        longest = max(sums.values(), key=len, default=[])
        if len(longest) > 1:
            names = [name for name, past in sums.items() if len(past) == len(longest)]
            whose = "Every .grad" if len(names) == len(sums) else f"The .grad of {listed(names)}"
            return (
                f"backward() adds to what is there. {whose} is now the sum of {passes(longest)}, not the "
                "gradient of this loss.",
                True,
            )
        frozen = [name for name in PARAMETERS[self.settings.network] if name in self.settings.frozen]
        sentence = (
            "backward() writes into .grad how the loss changes when a weight grows. No weight has moved."
        )
        if frozen:
            sentence += f" {listed(frozen)} {'is' if len(frozen) == 1 else 'are'} frozen: no gradient there."
        return sentence, False

    def _step(self, number: int, sums: Mapping[str, list[int]], moved: Mapping[str, bool]) -> Remark:
        self.moved |= any(moved.values())
        used = [sums[name] for name in self.settings.given if sums[name]]
        if not used:
            return (
                "Nothing moves: every .grad that the optimizer knows of is None, and step() passes over it.",
                True,
            )
        longest = max(used, key=len)
        if len(longest) > 1:
            self.summed = max(self.summed, longest, key=len)
            return (
                f"The weights move by the summed gradients of {passes(longest)}: too far, and partly in old "
                "directions.",
                True,
            )
        if longest[-1] != number:
            self.late = True
            return (
                f"The weights move by the gradient of {passes(longest)}: backward() of pass {number + 1} has "
                "not run yet.",
                True,
            )
        still = [name for name in sums if name not in self.settings.given]
        movement = OPTIMIZERS[self.settings.optimizer].movement.format(rate=f"{self.settings.lr:g}")
        if still:
            return (
                f"{movement} {listed(still)} {'was' if len(still) == 1 else 'were'} not given to the"
                f" optimizer and {'stays' if len(still) == 1 else 'stay'}.",
                False,
            )
        return movement, False

    def verdict(self, curve: list[float | str], reference: list[float | str]) -> dict[str, str]:
        """{kind, sentence} of the program; curve, reference: its losses and those of the textbook's loop."""
        same = curve == reference
        kind, sentence = self._verdict(same)
        if kind in ("sums", "late", "partly") and len(curve) == len(reference) and not same:
            last, usual = curve[-1], reference[-1]
            ends = [f"{loss:.4f}" if isinstance(loss, float) else loss for loss in (last, usual)]
            sentence += f" The loss of the last pass is {ends[0]}; with the textbook's loop it is {ends[1]}."
            if kind == "sums" and isinstance(last, float) and isinstance(usual, float) and last < usual:
                sentence += LUCKY
        return {"kind": kind, "sentence": sentence}

    def _verdict(self, same: bool) -> tuple[str, str]:
        settings = self.settings
        order = settings.running
        if self.error:
            return "error", self.error
        if not order:
            return "still", "Every line is left out: the loop goes round and does nothing."
        if not self.moved:
            return "still", self._still(order)
        if self.summed:
            return (
                "sums",
                "No zero_grad() clears .grad between two calls of backward(): the gradients add up, in the "
                f"end over {passes(self.summed)}. Old gradients keep their full weight for ever.",
            )
        if settings.not_given or settings.frozen:
            return "partly", self._partly()
        if same and order == tuple(LINES):
            return "textbook", "The textbook's order. Step through it, then leave a line out or move one."
        if same:
            return (
                "same",
                "Another order with the same losses: between two calls of backward() there is one step() and "
                "then one zero_grad(), as in the textbook.",
            )
        return "late", "step() comes before backward(): it always moves the weights by the gradient before."

    def _still(self, order: tuple[str, ...]) -> str:
        ends = (
            "The loss stays what it is."
            if self.settings.batches == "same"
            else "The loss changes only because each batch is another one."
        )
        if "step" not in order:
            return f"Without step() no weight moves, whatever the gradients say. {ends}"
        if "backward" not in order:
            return f"Without backward() every .grad stays None, and step() has nothing to move by. {ends}"
        if "zero_grad" in order and _between(order, "backward", "zero_grad", "step"):
            return (
                "zero_grad() comes between backward() and step(): the gradients are gone before they are "
                f"used, and no weight moves. {ends}"
            )
        return f"No parameter that the optimizer was given has a gradient: nothing moves. {ends}"

    def _partly(self) -> str:
        frozen = [name for name in PARAMETERS[self.settings.network] if name in self.settings.frozen]
        apart = [name for name in self.settings.not_given if name not in frozen]
        sentences = []
        if apart:
            if len(apart) == 1:
                sentences.append(
                    f"{apart[0]} gets a gradient, but the optimizer was not given it: no step() moves it, "
                    "and no zero_grad() clears its .grad."
                )
            else:
                sentences.append(
                    f"{listed(apart)} get gradients, but the optimizer was not given them: no step() moves "
                    "them, and no zero_grad() clears their .grad."
                )
        if frozen:
            stays = "it stays" if len(frozen) == 1 else "they stay"
            sentences.append(
                f"{listed(frozen)} {'has' if len(frozen) == 1 else 'have'} requires_grad=False: no gradient "
                f"is computed, and {stays}. This is how a trained part of a network is kept."
            )
        return " ".join(sentences)


def _between(order: tuple[str, ...], first: str, middle: str, last: str) -> bool:
    """Whether going round `order` from `first` one meets `middle` before `last`."""
    start = order.index(first)
    turned = order[start:] + order[:start]
    return turned.index(middle) < turned.index(last)
