"""What the Patterns tab shows, as HTML of numbers and of words written here.

gr.HTML runs a template in its value as code, so nothing a visitor typed may reach these functions: they take
numbers, and names of classes that the program itself chose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from inference.patterns import Difference, Hidden, PatternAnswer, Response, RowAnswers, Softmax
from language import _, ngettext, sentences
from ui.patterns.loss_chart import attribute


class Panel(gr.HTML):
    """A part of the tab that shows what one of the functions below returns.

    Parameters:
        opening: returns what it shows first; called for each language.
    """

    def __init__(self, opening: Callable[[], str], **kwargs: Any):
        self.opening = opening
        super().__init__(
            value="",
            js_on_load="element.dataset.control = 'patterns/views'",  # views.css holds here
            apply_default_css=False,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        """What travels inside the page, in the language of the moment."""
        config = super().get_config()
        config.pop("opening", None)
        return {**config, "value": self.opening()}

    def preprocess(self, payload: Any) -> None:
        """Whatever a browser sends for it is not read."""
        return None

    def get_block_name(self) -> str:
        return "html"


def show(value: float, digits: int = 3, decimals: int = 4) -> str:
    """`value` with about `digits` digits, at most `decimals` after the point; 1.2e8 is 1.2 * 10^8."""
    size = abs(value)
    if not math.isfinite(size):
        return "∞" if value > 0 else "−∞" if value < 0 else "NaN"
    if size >= 10 ** max(digits + 2, 5) and not (value == int(value) and size < 1e9):
        mantissa, _, power = f"{size:.{digits - 1}e}".partition("e")
        text = f"{mantissa}e{int(power)}"
    elif value == int(value):
        text = f"{size:.0f}"
    elif size < 0.5 * 10**-decimals:
        mantissa, _, power = f"{size:.{digits - 2}e}".partition("e")
        text = f"{mantissa}e−{-int(power)}"
    else:
        text = f"{size:.{min(decimals, max(0, digits - 1 - math.floor(math.log10(size))))}f}"
    return f"−{text}" if value < 0 and text.strip("0.") else text


def in_cell(value: float) -> str:
    """`value` in at most seven signs, for the cells of a matrix."""
    size = abs(value)
    if size >= 1e5:
        mantissa, _, power = f"{value:.1e}".partition("e")
        return f"{mantissa}e{int(power)}".replace("-", "−")
    return show(value, 3, 2) if size >= 0.0095 else show(value, 2, 3)


def percent(share: float) -> str:
    """A probability as HTML, never rounded to certainty."""
    if share in (0.0, 1.0):
        return f"{share:.0%}".replace("%", " %")
    if share > 0.9999:
        return "&gt; 99.99 %"
    return "&lt; 0.01 %" if share < 0.0001 else f"{share:.2%}".replace("%", " %")


def square(rows: Sequence[Sequence[float]], scale: float, kind: str = "") -> str:
    """A matrix as a picture with its numbers: green above zero, violet below, stronger towards ± `scale`.

    `kind` "lit" is for a grid, which has nothing below zero; "small" has no numbers.
    """
    cells = "".join(
        f'<span class="{"plus" if cell >= 0 else "minus"}" style="--part:{_part(cell, scale)}">'
        f"{'' if kind == 'small' else in_cell(cell)}</span>"
        for row in rows
        for cell in row
    )
    return f'<div class="square {kind}">{cells}</div>'


def tiny(rows: Sequence[Sequence[float]]) -> str:
    """A grid as a picture without numbers."""
    brightest = max((cell for row in rows for cell in row), default=0.0) or 1.0
    cells = "".join(f'<i style="--part:{cell / brightest:.3f}"></i>' for row in rows for cell in row)
    return f'<div class="tiny">{cells}</div>'


def _largest(matrices: Sequence[Sequence[Sequence[float]]]) -> float:
    return max((abs(cell) for rows in matrices for row in rows for cell in row), default=0.0)


def answer_view(answer: PatternAnswer, classes: Sequence[str]) -> str:
    """The answer, and the probability of each class as a bar."""
    probabilities = answer.softmax.probabilities
    if answer.label is None:
        sentence = _("Nothing to classify: every cell is 0.")
        verdict = f"<strong>–</strong><span>{sentence}</span>"
    else:
        word = classes[answer.label]
        size = ' class="word"' if len(word) > 1 else ""
        sentence = _("with probability {percent}").format(percent=percent(probabilities[answer.label]))
        verdict = f"<strong{size}>{word}</strong><span>{sentence}</span>"
    bars = "".join(
        f'<li class="{"best" if k == answer.label else ""}"><span>{name}</span><span class="track">'
        f'<i style="width:{0 if answer.label is None else 100 * share:.2f}%"></i></span>'
        f"<span>{'–' if answer.label is None else percent(share)}</span></li>"
        for k, (name, share) in enumerate(zip(classes, probabilities, strict=True))
    )
    return f'<p class="verdict" role="status">{verdict}</p><ul class="bars">{bars}</ul>'


def conv_view(
    grid: Sequence[Sequence[float]], responses: Sequence[Response], softmax: Softmax, classes: Sequence[str]
) -> str:
    """PatternConv at work: each kernel's sixteen products with the grid and their sum; then the softmax."""
    kernels, products = _largest([r.kernel for r in responses]), _largest([r.products for r in responses])
    title, total = _("Kernel {number} → logit of <b>{name}</b>"), _("sum of the 16 products = <b>{total}</b>")
    captions = [f"<figcaption>{text}</figcaption>" for text in (_("grid"), _("kernel"), _("grid × kernel"))]
    cards = "".join(
        f'<section class="card"><h4>{title.format(number=k, name=classes[k])}</h4><div class="equation">'
        f'<figure class="grid">{square(grid, _largest([grid]), "lit")}{captions[0]}</figure>'
        f'<span class="sign grid">×</span><figure>{square(r.kernel, kernels)}{captions[1]}</figure>'
        f'<span class="sign">=</span><figure>{square(r.products, products)}{captions[2]}</figure></div>'
        f'<p class="total">{total.format(total=show(r.total, 4))}</p></section>'
        for k, r in enumerate(responses)
    )
    return f'<div class="cards">{cards}</div>{softmax_view(softmax, classes)}'


def cnn_view(inside: Hidden, softmax: Softmax, classes: Sequence[str]) -> str:
    """PatternCNN at work: the scaled grid, each kernel's response and share in each logit, the softmax."""
    scale = _largest([r.kernel for r in inside.responses])
    cards = "".join(
        f'<section class="card{"" if passed else " silent"}">{square(r.kernel, scale, "small")}<div>'
        f"<p>{show(r.total - r.bias, 3, 2)} {_signed(r.bias)} = {show(r.total, 3, 2)}</p>"
        f'<p>ReLU → <b>{show(passed, 3, 2)}</b></p></div><p class="adds">'
        + "".join(
            f"<span>{name} {_signed(share)}</span>" for name, share in zip(classes, shares, strict=True)
        )
        + "</p></section>"
        for r, passed, shares in zip(inside.responses, inside.after_relu, inside.shares, strict=True)
    )
    sums = "".join(
        f"<li><b>{name}</b><span>{show(math.fsum(s[k] for s in inside.shares), 4, 3)} "
        f"{_signed(bias, 4, 3)} = <b>{show(softmax.logits[k], 4, 3)}</b></span></li>"
        for k, (name, bias) in enumerate(zip(classes, inside.biases, strict=True))
    )
    divide = _("1. Divide the grid by its largest number, {largest}").format(largest=show(inside.largest))
    same = _(
        "So the intensity no longer matters: the same pattern at 1, at 10 and at 999999999 becomes the same "
        "grid."
    )
    multiply = _(
        "2. Sixteen kernels: the sum of their 16 products, plus a bias; then ReLU: what is below 0 becomes "
        "0. Below: what this adds to each logit."
    )
    add = _("3. For each class, add up what the kernels give and a bias: these sums are the logits")
    return (
        f'<section class="card scaled"><h4>{divide}</h4>{square(inside.scaled, 1.0, "lit")}<p>{same}</p>'
        "</section>"
        f'<section class="card"><h4>{multiply}</h4><div class="many">{cards}</div></section>'
        f'<section class="card"><h4>{add}</h4><ul class="sums">{sums}</ul></section>'
        f"{softmax_view(softmax, classes)}"
    )


def softmax_view(softmax: Softmax, classes: Sequence[str]) -> str:
    """Softmax with the real numbers put in."""
    largest = show(softmax.largest, 4)
    rows = "".join(
        f"<li><b>{name}</b><span>e<sup>{show(logit, 4)} − {_bracket(softmax.largest, largest)}</sup> = "
        f"{show(power, 4)}</span>"
        f"<span>{show(power, 4)} / {show(softmax.total, 5)} = <b>{percent(share)}</b></span></li>"
        for name, logit, power, share in zip(
            classes, softmax.logits, softmax.exponentials, softmax.probabilities, strict=True
        )
    )
    total = _(
        "total = {sum} = <b>{total}</b>. Subtracting the largest logit, {largest}, changes no probability; "
        "it keeps e<sup>x</sup> from growing too large for the computer."
    ).format(
        sum=" + ".join(show(power, 4) for power in softmax.exponentials),
        total=show(softmax.total, 5),
        largest=largest,
    )
    title = _("Softmax: from logits to probabilities")
    formula = _("probability = e<sup>logit − largest logit</sup> / total")
    return (
        f'<section class="card softmax"><h4>{title}</h4><p class="formula">{formula}</p>'
        f"<ul>{rows}</ul><p>{total}</p></section>"
    )


def result_view(rows: Sequence[tuple[str, str, str]]) -> str:
    """Lines of (title, figure before training, figure after training)."""
    body = "".join(
        f"<tr><th>{title}</th><td>{before}</td><td>{after}</td></tr>" for title, before, after in rows
    )
    titles = "".join(f"<th>{column}</th>" for column in (_("before"), _("after")))
    head = f"<thead><tr><td></td>{titles}</tr></thead>"
    return f'<table class="result">{head}<tbody>{body}</tbody></table>'


def seeds_view(
    title: str, first: int, answers: Sequence[tuple[int, int]], classes: Sequence[str], step: int, steps: int
) -> str:
    """One mark for each network: its `answers` to A and to B, at `step` of `steps`."""
    as_b = sum(a == 1 for a, b in answers)
    others = sum((a, b) != (0, 1) for a, b in answers) - as_b
    tip = _("seed {seed}: A is called {a}, B is called {b}")
    marks = "".join(
        f'<li class="{"right" if (a, b) == (0, 1) else "wrong"}" '
        f'title="{attribute(tip.format(seed=seed, a=classes[a], b=classes[b]))}">'
        f"<small>{seed}</small>{'✓' if (a, b) == (0, 1) else '✗'}</li>"
        for seed, (a, b) in enumerate(answers, start=first)
    )
    mistakes = ngettext(
        "<strong>{n} of {total}</strong> calls an A a B.",
        "<strong>{n} of {total}</strong> call an A a B.",
        as_b,
    ).format(n=as_b, total=len(answers))
    if others:
        more = ngettext("{n} makes another mistake.", "{n} make another mistake.", others).format(n=others)
        mistakes = sentences(mistakes, more)
    progress = _("after step {step} of {steps}").format(step=step, steps=steps)
    return (
        f'<section class="card seeds"><h4>{title}</h4><p>{mistakes}</p><ul>{marks}</ul>'
        f'<p class="step">{progress}</p></section>'
    )


def difference_view(title: str, difference: Difference, classes: Sequence[str]) -> str:
    """The mean squared error between two grids' logits, with the real numbers put in."""
    rows = "".join(
        f"<tr><th>{name}</th><td>{show(a, 4)}</td><td>{show(b, 4)}</td><td>{show(squared, 4)}</td></tr>"
        for name, a, b, squared in zip(
            classes, difference.first, difference.second, difference.squares, strict=True
        )
    )
    total = " + ".join(show(squared, 4) for squared in difference.squares)
    titles = (_("logit"), _("first"), _("second"), _("(first − second)²"))
    head = "".join(f"<th>{column}</th>" for column in titles)
    return (
        f'<section class="card mse"><h4>{title}</h4><p class="big">MSE = <b>{show(difference.mse, 4)}</b></p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>({total}) / {len(classes)} = {show(difference.mse, 4)}</p></section>"
    )


def parts_view(parts: RowAnswers, whole: Sequence[Sequence[float]], classes: Sequence[str]) -> str:
    """The four rows of A alone, each with its logits, and A with their sum."""
    dark = [0.0] * len(whole)
    columns = [
        (tiny([row if r == k else dark for r, row in enumerate(whole)]), answer.softmax.logits)
        for k, answer in enumerate(parts.rows)
    ]
    columns.append((tiny(whole), parts.whole.softmax.logits))
    head = "".join(
        f'<td>{picture}<span class="sign">{sign}</span></td>'
        for (picture, _), sign in zip(columns, ("+", "+", "+", "=", ""), strict=True)
    )
    body = "".join(
        f"<tr><th>{name}</th>{''.join(f'<td>{show(logits[k], 3, 2)}</td>' for _, logits in columns)}</tr>"
        for k, name in enumerate(classes)
    )
    table = f"<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table class="parts">{table}</table></div>'


def notice(sentence: str) -> str:
    """A sentence of the program in place of a result."""
    return f'<p class="notice">{sentence}</p>'


def _part(value: float, scale: float) -> str:
    return f"{min(1.0, abs(value) / (scale or 1.0)):.3f}"


def _signed(value: float, digits: int = 3, decimals: int = 2) -> str:
    return f"{'−' if value < 0 else '+'} {show(abs(value), digits, decimals)}"


def _bracket(value: float, text: str) -> str:
    return f"({text})" if value < 0 else text
