"""One layer of the Conv shapes tab: what its numbers give, or PyTorch's own error and the mend."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from models.arithmetic import (
    Input,
    Layer,
    LayerError,
    allowed,
    bytes_of,
    limits,
    numbers_of,
    output_shape,
    weight_shape,
    work_name,
)
from models.formulas import Formula, parameters_formula, size_formulas, work_formula
from models.layer_code import code
from models.layer_run import Run, checked, run
from models.window import LARGEST, window
from settings import CALLS
from ui.conv import words
from ui.kit.events import visitor_error
from ui.kit.view import View

HERE = Path(__file__).parent
SMALL = 7
"""Rows and columns of the input that the window slides over, if the layer fits into it."""
KB, MB = 1e3, 1e6


def on_layer(asked: Any) -> dict[str, Any]:
    """Numbers of a layer and its input as `models.layer_run.checked` reads them -> the value of the page.

    What is wrong with them comes as {"error": {"said", "meaning", "mend", "mend_text"}}; nothing is raised.
    """
    try:
        layer, given = checked(asked)
    except LayerError as error:
        return {"error": {"said": "", "meaning": str(error), "mend": None}}
    done = run(layer, given)
    shown: dict[str, Any] = {
        "spec": {**asdict(layer), **asdict(given)},
        "allowed": allowed(layer, given),
        "limits": {name: list(range(limits(name)[0], limits(name)[1] + 1)) for name in numbers_of(layer)},
        "call": _call(layer, given),
        "error": _error(done),
        "output": list(done.shape) or None,
        "formulas": [],
        "facts": [],
        "program": code(layer, given),
        "window": None,
    }
    if not shown["error"]:
        assert done.shape == output_shape(layer, given)  # the formula and the real layer agree
        shown["formulas"] = formula_lines(size_formulas(layer, given))
        shown["facts"] = facts(layer, given, done)
        shown["window"] = small_window(layer, given)
    return shown


def _call(layer: Layer, given: Input) -> str:
    """The layer as Python, without the module's name."""
    line = next(line for line in code(layer, given).splitlines() if f"{layer.kind}(" in line)
    return line[line.index(layer.kind) :]


def _error(done: Run) -> dict[str, Any] | None:
    if done.refused:
        return {"said": "", "meaning": done.refused, "mend": None, "mend_text": ""}
    if not done.mend:
        return None
    return {
        "said": done.error or f"No error, but an output without numbers: {done.shape}",
        "meaning": done.mend.sentence,
        "mend": done.mend.changes or None,
        "mend_text": done.mend.advice,
    }


def formula_lines(formulas: dict[str, tuple[Formula, ...]]) -> list[dict[str, Any]]:
    """The formulas of height and width as titled lists of lines; one where their numbers are the same."""
    height, width = ([_lines(one) for one in formulas[axis]] for axis in "HW")
    numbers = [[(one.numbers, one.steps, one.result) for one in formulas[axis]] for axis in "HW"]
    told = [("Height, and with the same numbers the width", height)]
    if numbers[0] != numbers[1]:
        told = [("Height", height), ("Width", width)]
    return [
        {"name": name if not place else "", "lines": lines, "note": note}
        for name, all_lines in told
        for place, (lines, note) in enumerate(all_lines)
    ]


def _lines(formula: Formula) -> tuple[list[str], str]:
    """A formula line by line (symbols, the numbers put in, each step, the result), and its note."""
    numbers = [part for part in (formula.numbers, *formula.steps) if part]
    parts = [formula.symbols, *numbers, str(formula.result)]
    return [f"{formula.name} = {parts[0]}", *(f"= {part}" for part in parts[1:])], formula.note


def facts(layer: Layer, given: Input, done: Run) -> list[tuple[str, str, str]]:
    """(what, arithmetic, code) for weight, parameters, work and memory of a layer that ran."""
    rows = []
    if not layer.pools:
        first, second = ("out_channels", "in_channels")
        if layer.kind == "ConvTranspose2d":
            first, second = second, first
        meaning = f"({first}, {second} / groups, kernel height, kernel width)"
        rows.append(("weight", f"{meaning} = {weight_shape(layer)}", "layer.weight.shape"))
        rows.append(("groups", groups_text(layer), "layer.groups"))
        rows.append(("bias", str(tuple(done.bias_shape)) if layer.bias else "none", "layer.bias"))
    sum_of = "sum(p.numel() for p in layer.parameters())"
    rows.append(("parameters", _sum(parameters_formula(layer)), sum_of))
    rows.append((work_name(layer), _sum(work_formula(layer, given)), ""))
    size = bytes_of(layer, given)
    told = ", ".join(f"{name} {_bytes(value)}" for name, value in size.items() if value)
    rows.append(("memory", told, "x.nbytes, layer(x).nbytes"))
    rows.append(("time now", f"{done.seconds * 1e3:.2f} ms", "layer(x)"))
    return rows


def _bytes(value: int) -> str:
    """A number of bytes in kB under 0.1 MB, else in MB."""
    return f"{value / KB:,.2f} kB" if value < MB / 10 else f"{value / MB:,.2f} MB"


def groups_text(layer: Layer) -> str:
    """What `groups` of a convolution means: who reads whom."""
    g, channels = layer.groups, layer.in_channels
    if g == 1:
        return "1, a standard convolution: each output channel reads all input channels"
    each = f"each output channel reads {channels} / {g} = {channels // g} of the {channels} input channels"
    return f"{g}, a {'depthwise' if g == channels else 'grouped'} convolution: {each}"


def _sum(formula: Formula) -> str:
    """The numbers of a formula and its result on one line."""
    parts = [part for part in (formula.numbers, *formula.steps) if part]
    result = f"{formula.result:,}"
    return " = ".join([*parts, result] if parts[-1:] != [result] else parts)


def small_window(layer: Layer, given: Input) -> dict[str, Any]:
    """The layer on a small input of one channel, or {"note": why it cannot be drawn}."""
    sizes = [
        min(LARGEST, size, max(SMALL, spread))
        for size, spread in zip(
            (given.h, given.w),
            (d * (k - 1) + 1 for d, k in zip(layer.dilation, layer.kernel, strict=True)),
            strict=True,
        )
    ]
    try:
        return {**window(layer, *sizes).as_dict(), "lead": words.LEADS[layer.kind]}
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
    shape = [1, 5, 100, 100] if input_shape is None else input_shape
    if not isinstance(shape, list) or len(shape) != 4:
        raise visitor_error(LayerError("The shape of the input is a list of four numbers: [N, C, H, W]."))
    asked = {
        "kind": kind, "in_channels": shape[1], "out_channels": out_channels, "kernel": kernel,
        "stride": stride, "padding": padding, "dilation": dilation, "output_padding": output_padding,
        "groups": groups, "bias": bias, **dict(zip("nchw", shape, strict=True)),
    }  # fmt: skip
    try:
        layer, given = checked({name: value for name, value in asked.items() if value is not None})
    except LayerError as error:
        raise visitor_error(error) from None
    done = run(layer, given)
    error = _error(done)
    formulas = {} if error else size_formulas(layer, given)
    return {
        "output": list(done.shape) or None,
        "weight": list(done.weight_shape),
        "parameters": done.parameters,
        "formulas": {axis: " ".join(one.text for one in lines) for axis, lines in formulas.items()},
        "error": error["said"] if error else "",
        "meaning": f"{error['meaning']} {error['mend_text']}".strip() if error else "",
        "program": code(layer, given),
    }


def layer_part() -> None:
    """Lay the part out."""
    gr.Markdown(words.LAYER)
    View(
        HERE / "layer",
        on_layer({}),
        answers={"layer": on_layer},
        elem_id="conv-layer",
    )
    gr.api(conv_shape, api_name="conv_shape", concurrency_limit=CALLS)
