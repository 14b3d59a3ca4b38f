"""Sentences about the training loop in slow motion: one for each line that ran, one for the whole program."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from language import _, ngettext, sentences
from training.slow_motion.program import BATCHES, CLASSES, LINES, MAX_LR, OPTIMIZERS, SlowSettings

Remark = tuple[str, bool]
"""A sentence, and whether it is about a mistake."""


def textbook(settings: SlowSettings) -> SlowSettings:
    """The same with the five lines in order and all parameters trained."""
    return replace(settings, order=tuple(LINES), left_out=(), not_given=(), frozen=())


def join_names(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def passes(numbers: Sequence[int]) -> str:
    """The passes of these numbers, counted from 1: "pass 2", "passes 1 and 2", "passes 1 to 5"."""
    first, last = numbers[0] + 1, numbers[-1] + 1
    if len(numbers) == 1:
        return _("pass {n}").format(n=first)
    if len(numbers) == 2:
        return _("passes {first} and {last}").format(first=first, last=last)
    return _("passes {first} to {last}").format(first=first, last=last)


def error_meaning(error: str, settings: SlowSettings) -> str:
    """What Python's or PyTorch's message means here."""
    if error.startswith("NameError"):
        name = error.split("'")[1]
        line = {"logits": "forward", "loss": "loss"}[name]
        if line in settings.left_out:
            text = _("There is no `{name}`: the line `{line}` is left out. Switch it on again.")
        else:
            text = _("Python runs one line after another, and `{line}` has not run yet. Move it up.")
        return text.format(name=name, line=LINES[line])
    if "inplace" in error:
        return _(
            "step() has changed the weights between forward and backward(). backward() goes back through the "
            "network with the weights of the forward pass, which are gone. Move step() below backward()."
        )
    if "does not require grad" in error:
        return _(
            "Every parameter is frozen (requires_grad=False): PyTorch has recorded nothing to go back "
            "through. Let at least one parameter have a gradient."
        )
    if "empty parameter list" in error:
        return _("An optimizer needs at least one parameter to move. Give it one.")
    return _(
        "The program stops here. A learning rate of at most {limit} and the textbook's order work."
    ).format(limit=f"{MAX_LR:g}")


class Story:
    """Comments on each line, and remembers what the verdict needs."""

    def __init__(self, settings: SlowSettings):
        self.settings = settings
        self.error = ""
        self.has_moved = False
        self.summed: Sequence[int] = []
        """The passes in the longest sum of gradients that step() has used."""
        self.is_late = False

    def comment(
        self,
        number: int,
        line: str,
        sums: Mapping[str, list[int]],
        moved: Mapping[str, bool],
        latest: Mapping[str, Mapping[str, Any]],
        error: str | None,
    ) -> Remark:
        """The comment on a line that ran (or failed with `error`) in pass `number`. sums: for each parameter
        the passes whose gradients are in its .grad; moved: whether its values have changed; latest: logits
        and loss.
        """
        if error:
            if line == "start":
                self.error = _("The program stops with an error before the loop.")
            else:
                self.error = _("The program stops with an error in pass {n}, at {line}.").format(
                    n=number + 1, line=LINES[line]
                )
            return error_meaning(error, self.settings), True
        match line:
            case "zero_grad":
                return self._zero_grad(number, sums)
            case "forward":
                return self._forward(latest["logits"])
            case "loss":
                return self._loss(latest["loss"])
            case "backward":
                return self._backward(number, sums)
            case "step":
                return self._step(number, sums, moved)
        return (
            _(
                "The network has random weights, made with seed {seed}. No picture has gone through it, and "
                "every .grad is None."
            ).format(seed=self.settings.seed),
            False,
        )

    def _zero_grad(self, number: int, sums: Mapping[str, list[int]]) -> Remark:
        # a gradient that is still there belongs to a parameter that this optimizer does not know
        left = [name for name, past in sums.items() if past]
        if left:
            return (
                ngettext(
                    "Every .grad that the optimizer knows of is None again. {names} was not given to it: "
                    "that gradient stays, and the next one will be added to it.",
                    "Every .grad that the optimizer knows of is None again. {names} were not given to it: "
                    "their gradients stay, and the next ones will be added to them.",
                    len(left),
                ).format(names=join_names(left)),
                True,
            )
        order = self.settings.running_lines
        between = "backward" in order and "step" in order and _between(order, "backward", "zero_grad", "step")
        if between and (number or order.index("backward") < order.index("zero_grad")):
            return _(
                "Every .grad is None: it was cleared after backward() and before step() could use it."
            ), True
        if number == 0:
            return _("There is nothing to clear yet: before the first backward() every .grad is None."), False
        return _("Every .grad is None again: the next backward() starts from nothing."), False

    def _forward(self, logits: Mapping[str, Any]) -> Remark:
        size = self.settings.batch_size
        forward = ngettext(
            "One picture goes through the network: {classes} logits. softmax turns them into shares.",
            "{n} pictures go through the network: {classes} logits each. softmax turns them into shares.",
            size,
        ).format(n=size, classes=len(CLASSES))
        right = ngettext("{n} of {all} is right.", "{n} of {all} are right.", logits["right"]).format(
            n=logits["right"], all=size
        )
        return sentences(forward, right), False

    def _loss(self, loss: Mapping[str, Any]) -> Remark:
        value = loss["loss"]
        if isinstance(value, str):
            return (
                _("The loss is {value}: the numbers have grown beyond what a float can hold.").format(
                    value=value
                ),
                True,
            )
        return (
            _(
                "One number says how wrong the network is: {value}, the mean of −ln(share of the right "
                "class). Equal shares would give ln {classes} = {equal}."
            ).format(value=f"{value:.4f}", classes=len(CLASSES), equal=f"{math.log(len(CLASSES)):.4f}"),
            False,
        )

    def _backward(self, number: int, sums: Mapping[str, list[int]]) -> Remark:
        longest = max(sums.values(), key=len, default=[])
        if len(longest) > 1:
            names = [name for name, past in sums.items() if len(past) == len(longest)]
            if len(names) == len(sums):
                text = _(
                    "backward() adds to what is there. Every .grad is now the sum of {passes}, not the "
                    "gradient of this loss."
                )
            else:
                text = _(
                    "backward() adds to what is there. The .grad of {names} is now the sum of {passes}, not "
                    "the gradient of this loss."
                )
            return text.format(names=join_names(names), passes=passes(longest)), True
        frozen = self.settings.frozen_parameters
        sentence = _(
            "backward() writes into .grad how the loss changes when a weight grows. No weight has moved."
        )
        if not frozen:
            return sentence, False
        still = ngettext(
            "{names} is frozen: no gradient there.", "{names} are frozen: no gradient there.", len(frozen)
        ).format(names=join_names(frozen))
        return sentences(sentence, still), False

    def _step(self, number: int, sums: Mapping[str, list[int]], moved: Mapping[str, bool]) -> Remark:
        self.has_moved |= any(moved.values())
        used = [sums[name] for name in self.settings.optimizer_parameters if sums[name]]
        if not used:
            return (
                _(
                    "Nothing moves: every .grad that the optimizer knows of is None, and step() passes over "
                    "it."
                ),
                True,
            )
        longest = max(used, key=len)
        if len(longest) > 1:
            self.summed = max(self.summed, longest, key=len)
            return (
                _(
                    "The weights move by the summed gradients of {passes}: too far, and partly in old "
                    "directions."
                ).format(passes=passes(longest)),
                True,
            )
        if longest[-1] != number:
            self.is_late = True
            return (
                _(
                    "The weights move by the gradient of {passes}: backward() of pass {n} has not run yet."
                ).format(passes=passes(longest), n=number + 1),
                True,
            )
        movement = OPTIMIZERS[self.settings.optimizer].movement.format(rate=f"{self.settings.lr:g}")
        others = [name for name in sums if name not in self.settings.optimizer_parameters]
        if not others:
            return movement, False
        remark = ngettext(
            "{names} was not given to the optimizer and stays.",
            "{names} were not given to the optimizer and stay.",
            len(others),
        ).format(names=join_names(others))
        return sentences(movement, remark), False

    def verdict(self, curve: list[float | str], reference: list[float | str]) -> dict[str, str]:
        """{kind, sentence} of the program; curve, reference: its losses and those of the textbook's loop."""
        same = curve == reference
        kind, sentence = self._verdict(same)
        comments = [sentence]
        if kind in ("sums", "late", "partly") and len(curve) == len(reference) and not same:
            last, usual = curve[-1], reference[-1]
            ends = [f"{loss:.4f}" if isinstance(loss, float) else loss for loss in (last, usual)]
            comments.append(
                _("The loss of the last pass is {loss}; with the textbook's loop it is {usual}.").format(
                    loss=ends[0], usual=ends[1]
                )
            )
            if kind == "sums" and isinstance(last, float) and isinstance(usual, float) and last < usual:
                comments.append(
                    _(
                        "That is luck: gradients that add up are a momentum that never fades, and it may "
                        "help for a few passes. In a whole run it goes too far: see “No zero_grad” in the "
                        "Train part."
                    )
                )
        return {"kind": kind, "sentence": sentences(*comments)}

    def _verdict(self, same: bool) -> tuple[str, str]:
        settings = self.settings
        order = settings.running_lines
        if self.error:
            return "error", self.error
        if not order:
            return "still", _("Every line is left out: the loop goes round and does nothing.")
        if not self.has_moved:
            return "still", self._still(order)
        if self.summed:
            return (
                "sums",
                _(
                    "No zero_grad() clears .grad between two calls of backward(): the gradients add up, in "
                    "the end over {passes}. Old gradients keep their full weight for ever."
                ).format(passes=passes(self.summed)),
            )
        if settings.not_given or settings.frozen:
            return "partly", self._partly()
        if same and order == tuple(LINES):
            return "textbook", _("The textbook's order. Step through it, then leave a line out or move one.")
        if same:
            return (
                "same",
                _(
                    "Another order with the same losses: between two calls of backward() there is one step() "
                    "and then one zero_grad(), as in the textbook."
                ),
            )
        return "late", _(
            "step() comes before backward(): it always moves the weights by the gradient before."
        )

    def _still(self, order: tuple[str, ...]) -> str:
        if "step" not in order:
            reason = _("Without step() no weight moves, whatever the gradients say.")
        elif "backward" not in order:
            reason = _("Without backward() every .grad stays None, and step() has nothing to move by.")
        elif "zero_grad" in order and _between(order, "backward", "zero_grad", "step"):
            reason = _(
                "zero_grad() comes between backward() and step(): the gradients are gone before they are "
                "used, and no weight moves."
            )
        else:
            reason = _("No parameter that the optimizer was given has a gradient: nothing moves.")
        return sentences(reason, BATCHES[self.settings.batches].still)

    def _partly(self) -> str:
        frozen = self.settings.frozen_parameters
        apart = [name for name in self.settings.not_given if name not in frozen]
        comments = []
        if apart:
            comments.append(
                ngettext(
                    "{names} gets a gradient, but the optimizer was not given it: no step() moves it, and no "
                    "zero_grad() clears its .grad.",
                    "{names} get gradients, but the optimizer was not given them: no step() moves them, and "
                    "no zero_grad() clears their .grad.",
                    len(apart),
                ).format(names=join_names(apart))
            )
        if frozen:
            comments.append(
                ngettext(
                    "{names} has requires_grad=False: no gradient is computed, and it stays. This is how a "
                    "trained part of a network is kept.",
                    "{names} have requires_grad=False: no gradient is computed, and they stay. This is how a "
                    "trained part of a network is kept.",
                    len(frozen),
                ).format(names=join_names(frozen))
            )
        return sentences(*comments)


def _between(order: tuple[str, ...], first: str, middle: str, last: str) -> bool:
    """Whether `middle` comes before `last` when going round `order` from `first`."""
    start = order.index(first)
    rotated = order[start:] + order[:start]
    return rotated.index(middle) < rotated.index(last)
