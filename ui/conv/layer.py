"""One layer of the Conv shapes tab: what follows from its numbers, or PyTorch's own error and the mend."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

import language
from language import _, sentences
from models.arithmetic import (
    Input,
    LayerError,
    LayerSpec,
    allowed,
    bytes_of,
    limits,
    numbers_of,
    output_shape,
    reach,
    weight_shape,
)
from models.formulas import Formula, parameters_formula, size_formulas, work_formula
from models.layer_code import call, code
from models.layer_fields import INPUT_FIELDS, LAYER_FIELDS
from models.layer_kinds import LAYER_KINDS, panel_kinds
from models.layer_run import LayerRun, checked, run
from models.window import LARGEST, window
from settings import CALLS
from ui.conv import words
from ui.kit.events import visitor_error
from ui.kit.view import View

HERE = Path(__file__).parent
SMALL = 7
"""Rows and columns of the small input under the sliding window, if the layer fits into it."""
KB, MB = 1e3, 1e6
MEMORY = {
    "input": _("input {size}"),
    "weights": _("weights {size}"),
    "output": _("output {size}"),
    "working": _("working {size}"),
    "total": _("total {size}"),
}
"""By key of `models.arithmetic.bytes_of`."""


def on_layer(request: Any) -> dict[str, Any]:
    """Numbers of a layer and its input as `models.layer_run.checked` reads them -> what the page shows.

    A problem comes as {"error": {"message", "meaning", "mend", "mend_text"}}; nothing is raised.
    """
    try:
        layer, in_shape = checked(request)
    except LayerError as error:
        return {"error": {"message": "", "meaning": str(error), "mend": None}}
    result = run(layer, in_shape)
    answer: dict[str, Any] = {
        "spec": {**asdict(layer), **asdict(in_shape)},
        "allowed": allowed(layer, in_shape),
        "limits": {name: list(range(limits(name)[0], limits(name)[1] + 1)) for name in numbers_of(layer)},
        "call": call(layer),
        "error": _error(result),
        "output": list(result.shape) or None,
        "formulas": [],
        "facts": [],
        "program": code(layer, in_shape),
        "window": None,
    }
    if not answer["error"]:
        assert result.shape == output_shape(layer, in_shape)  # the formula and the real layer agree
        answer["formulas"] = formula_lines(size_formulas(layer, in_shape))
        answer["facts"] = facts(layer, in_shape, result)
        answer["window"] = small_window(layer, in_shape)
    return answer


@cache
def opening(code: str) -> dict[str, Any]:
    """What the panel shows first, in the language of this code."""
    with language.use(code):
        return on_layer({})


def _error(result: LayerRun) -> dict[str, Any] | None:
    if not result.mend:
        return None
    without_numbers = _("No error, but an output without numbers: {shape}").format(shape=result.shape)
    return {
        "message": "" if result.refusal else result.error or without_numbers,
        "meaning": result.mend.sentence,
        "mend": result.mend.changes or None,
        "mend_text": result.mend.advice,
    }


def formula_lines(formulas: dict[str, tuple[Formula, ...]]) -> list[dict[str, Any]]:
    """The formulas of height and width as titled lists of lines; one list where their numbers are equal."""
    height, width = ([_lines(formula) for formula in formulas[axis]] for axis in "HW")
    numbers = [[(f.numbers, f.steps, f.result) for f in formulas[axis]] for axis in "HW"]
    titled = [(_("Height, and likewise the width"), height)]
    if numbers[0] != numbers[1]:
        titled = [(_("Height"), height), (_("Width"), width)]
    return [
        {"name": name if not place else "", "lines": lines, "note": note}
        for name, all_lines in titled
        for place, (lines, note) in enumerate(all_lines)
    ]


def _lines(formula: Formula) -> tuple[list[str], str]:
    """The lines of a formula (symbols, numbers, each step, result), and its note."""
    numbers = [part for part in (formula.numbers, *formula.steps) if part]
    parts = [formula.symbols, *numbers, str(formula.result)]
    return [f"{formula.name} = {parts[0]}", *(f"= {part}" for part in parts[1:])], formula.note


def facts(layer: LayerSpec, in_shape: Input, result: LayerRun) -> list[tuple[str, str, str]]:
    """(name, arithmetic, code) for weight, parameters, work and memory of a layer that ran."""
    rows: list[tuple[str, str, str]] = []
    if layer.sliding.weights:
        first, second = layer.sliding.weights
        shape = _("({first}, {second} / groups, kernel height, kernel width) = {shape}")
        shape = shape.format(first=first, second=second, shape=weight_shape(layer))
        rows.append(("weight", shape, "layer.weight.shape"))
        rows.append(("groups", groups_text(layer), "layer.groups"))
        rows.append(("bias", str(tuple(result.bias_shape)) if layer.bias else _("none"), "layer.bias"))
    sum_of = "sum(p.numel() for p in layer.parameters())"
    for formula, source in ((parameters_formula(layer), sum_of), (work_formula(layer, in_shape), "")):
        rows.append((formula.name, _sum(formula), source))
    sizes = [MEMORY[key].format(size=_bytes(size)) for key, size in bytes_of(layer, in_shape).items() if size]
    rows.append((_("memory"), ", ".join(sizes), "x.nbytes, layer(x).nbytes"))
    rows.append((_("time now"), f"{result.seconds * 1e3:.2f} ms", "layer(x)"))
    return rows


def _bytes(value: int) -> str:
    """A number of bytes in kB below 0.1 MB, else in MB."""
    return f"{value / KB:,.2f} kB" if value < MB / 10 else f"{value / MB:,.2f} MB"


def groups_text(layer: LayerSpec) -> str:
    """What `groups` of a convolution means: which input channels each output channel reads."""
    groups, channels = layer.groups, layer.in_channels
    if groups == 1:
        return _("1, a standard convolution: each output channel reads all input channels")
    sentence = _(
        "{groups}, a grouped convolution: each output channel reads {channels} / {groups} = {share} of the "
        "{channels} input channels"
    )
    if groups == channels:
        sentence = _(
            "{groups}, a depthwise convolution: each output channel reads {channels} / {groups} = {share} of "
            "the {channels} input channels"
        )
    return sentence.format(groups=groups, channels=channels, share=channels // groups)


def _sum(formula: Formula) -> str:
    """The numbers of a formula and its result on one line."""
    parts = [part for part in (formula.numbers, *formula.steps) if part]
    result = f"{formula.result:,}"
    return " = ".join([*parts, result] if parts[-1:] != [result] else parts)


def small_window(layer: LayerSpec, in_shape: Input) -> dict[str, Any]:
    """The layer on a small input of one channel, or {"note": why it cannot be drawn}."""
    sizes = [
        min(LARGEST, size, max(SMALL, reach(layer, axis)))
        for axis, size in enumerate((in_shape.h, in_shape.w))
    ]
    try:
        return {**window(layer, *sizes).as_dict(), "lead": layer.sliding.lead}
    except LayerError as error:
        return {"note": str(error)}


def conv_shape(
    kind: str = "Conv2d",
    input_shape: list[int] | None = None,
    out_channels: int = 10,
    kernel: list[int] | None = None,
    stride: list[int] | None = None,
    padding: list[int] | str | None = None,
    dilation: list[int] | None = None,
    output_padding: list[int] | None = None,
    groups: int = 1,
    bias: bool = True,
) -> dict[str, Any]:
    """The output shape of one layer, from a real run and from the formula.

    Args:
        kind: "Conv2d", "ConvTranspose2d", "MaxPool2d" or "AvgPool2d".
        input_shape: [N, C, H, W]; [1, 5, 100, 100] when left out.
        out_channels: 1 to 64; pools keep the channels.
        kernel: [height, width], 1 to 11; [3, 3] when left out.
        stride: [height, width], 1 to 8.
        padding: [height, width], 0 to 10; for Conv2d also "same" or "valid".
        dilation: [height, width], 1 to 6; not for AvgPool2d.
        output_padding: [height, width]; for ConvTranspose2d alone.
        groups: divides both numbers of channels.
        bias: whether the layer has one.

    Returns:
        {"output": [N, C, H, W] or null, "weight": shape, "parameters", "formulas": {"H": text, "W": text},
        "error": PyTorch's own words or "", "meaning": what they mean and what mends it, "program": Python}.
    """
    shape = list(Input().shape) if input_shape is None else input_shape
    if not isinstance(shape, list) or len(shape) != 4:
        sentence = _("The shape of the input is a list of four numbers: [N, C, H, W].")
        raise visitor_error(LayerError(sentence))
    values = {
        "kind": kind, "in_channels": shape[1], "out_channels": out_channels, "kernel": kernel,
        "stride": stride, "padding": padding, "dilation": dilation, "output_padding": output_padding,
        "groups": groups, "bias": bias, **dict(zip(INPUT_FIELDS, shape, strict=True)),
    }  # fmt: skip
    try:
        layer, in_shape = checked({name: value for name, value in values.items() if value is not None})
    except LayerError as refusal:
        raise visitor_error(refusal) from None
    result = run(layer, in_shape)
    error = _error(result)
    formulas = {} if error else size_formulas(layer, in_shape)
    return {
        "output": list(result.shape) or None,
        "weight": list(result.weight_shape),
        "parameters": result.parameters,
        "formulas": {axis: " ".join(formula.text for formula in lines) for axis, lines in formulas.items()},
        "error": error["message"] if error else "",
        "meaning": sentences(error["meaning"], error["mend_text"]) if error else "",
        "program": code(layer, in_shape),
    }


def panel_constants() -> dict[str, Any]:
    """What the script reads from the table: the numbers of the input and of each kind of layer.

    opening: the answer of `on_layer` for the first layer. inputs, fields: by key of the "spec" its label and,
    for a layer's number, whether it is a pair and its value in a layer that lacks it. kinds: by name its
    fields in order, the words that its padding takes, whether it has weights and a bias, whether its padding
    is at most half the kernel, and how to write out one output cell.
    """
    return {
        "opening": lambda: opening(language.current()),
        "inputs": {key: {"label": field.label} for key, field in INPUT_FIELDS.items()},
        "fields": {
            key: {"label": field.label, "pair": field.is_pair, "neutral": field.neutral}
            for key, field in LAYER_FIELDS.items()
        },
        "kinds": {
            name: {
                "fields": LAYER_KINDS[name].fields,
                "padding_words": sliding.padding_words,
                "has_weights": sliding.weights is not None,
                "pads_half_a_kernel": sliding.pads_half_a_kernel,
                "cell": asdict(sliding.cell),
            }
            for name, sliding in panel_kinds().items()
        },
    }


def layer_part() -> None:
    """Lay the part out."""
    gr.Markdown(words.LAYER)
    View(
        HERE / "layer",
        answers={"layer": on_layer},
        constants=panel_constants(),
        elem_id="conv-layer",
    )
    gr.api(conv_shape, api_name="conv_shape", concurrency_limit=CALLS)
