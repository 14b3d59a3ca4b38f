"""Classify for programs: its endpoints, and the way from an untrusted file to an answer and a heat map."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from checks import choice, read_number, whole_number
from data.fashion import CLASSES
from inference.explain import METHODS, explain, over_picture
from inference.pictures import VisitorPicture
from inference.predictor import Predictor
from inference.preprocess import PreparedPicture
from language import _, sentences
from models.checkpoint import CheckpointError
from ui.context import Context
from ui.kit.events import visitor_error
from ui.kit.picture_input import PictureRequest
from ui.kit.uploads import UploadedPicture


def on_classify(context: Context, picture: bytes | None, kind: str) -> dict[str, Any]:
    """The answer for a picture file as plain values. Raises gr.Error with a sentence."""
    try:
        predictor = context.predictor()
        visitor_picture, prepared = look(context, PictureRequest(kind, _file(picture)))
    except (CheckpointError, ValueError) as error:
        raise visitor_error(error) from error
    answer = predictor.predict(prepared.pixels)
    return {
        "label": answer.best,
        "name": CLASSES[answer.best],
        "probability": answer.probabilities[answer.best],
        "probabilities": dict(zip(CLASSES, answer.probabilities, strict=True)),
        "unlike": answer.unlike or bool(prepared.unlike),
        "strangeness": answer.strangeness,
        "kind": prepared.kind,
        "note": sentences(prepared.unlike, visitor_picture.notes(prepared)),
        "pixels": prepared.pixels.tolist(),
    }


def on_explain(
    context: Context, picture: bytes | None, kind: str, method: str, label: Any
) -> tuple[np.ndarray, dict[str, Any]]:
    """The heat map over a picture file, (H, W, 3) uint8, and its numbers. Raises gr.Error with a sentence."""
    try:
        request = PictureRequest(kind, _file(picture))
        return explain_picture(context, context.predictor(), request, method, _label(label))
    except (CheckpointError, ValueError) as error:
        raise visitor_error(error) from error


def look(context: Context, request: PictureRequest) -> tuple[VisitorPicture, PreparedPicture]:
    """A picture, and what the network gets of it. Raises ValueError with a sentence."""
    picture = request.read(context.pictures)
    return picture, picture.prepare(request.kind)


def _file(picture: bytes | None) -> bytes:
    if picture is None:
        raise ValueError(_("There is no picture. Send one as a file."))
    return picture


def _label(label: Any) -> int | None:
    """0..9 from a number, also one as text, or a class name; None for the network's own answer. Raises
    ValueError.
    """
    if label is None or label == "":
        return None
    if isinstance(label, str):
        label = read_number(label, whole=True)
    if isinstance(label, str):
        return CLASSES.index(choice(label, "label", CLASSES))
    return whole_number(label, "label", 0, len(CLASSES) - 1)


def explain_picture(
    context: Context, predictor: Predictor, request: PictureRequest, method: str, label: int | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """A picture, and a class or None for the network's own answer -> the heat map over the picture, (H, W, 3)
    uint8, and its numbers. Raises ValueError or PictureError with a sentence.
    """
    method = choice(method, "method", METHODS)
    picture, prepared = look(context, request)
    answer = predictor.predict(prepared.pixels)
    label = answer.best if label is None else label
    heat = explain(predictor, prepared.pixels, label, method)
    numbers = {
        "label": label,
        "name": predictor.classes[label],
        "probability": answer.probabilities[label],
        "method": method,
        "heat": np.round(heat.astype(float), 5).tolist(),
    }
    return over_picture(heat, prepared.matrix, picture.rgb), numbers


def endpoints(context: Context, limit: dict[str, Any]) -> None:
    """The named endpoints for programs: hidden components give their types."""
    with gr.Column(visible=False):
        file = UploadedPicture(label="picture")
        kind = gr.Textbox("auto", label="kind")
        method = gr.Textbox("occlusion", label="method")
        label = gr.JSON(label="label")
        numbers, heat_numbers = gr.JSON(label="answer"), gr.JSON(label="numbers")
        heat = gr.Image(format="png", label="heat map", type="numpy")
        for_classify, for_explain = gr.Button(), gr.Button()

    def classify(picture: Any, kind: Any = "auto") -> dict[str, Any]:
        """Classify one picture of a garment.

        Args:
            picture: a PNG, JPEG, WebP, GIF or BMP file. If it is too large, the error says the limit.
            kind: "photo", "drawing", or "auto" to let the program decide.

        Returns:
            label (0..9), name and probability of the answer; probabilities of all ten classes by name; unlike
            (whether it looks unlike anything the network was trained on, or is a plain shape) and strangeness
            (0..1, the network's own measure); kind, what
            the picture was taken for; note, a sentence or ""; pixels, the 28 rows of 28 numbers from 0 to
            255 that the network was given.
        """
        return on_classify(context, picture, kind)

    def explain(
        picture: Any, kind: Any = "auto", method: Any = "occlusion", label: Any = None
    ) -> tuple[Any, Any]:
        """Show which parts of a picture speak for a class.

        Args:
            picture: a picture file, as for classify.
            kind: "photo", "drawing" or "auto".
            method: "occlusion" or "grad-cam".
            label: the class to explain, its number or name; none for the network's own answer.

        Returns:
            A PNG file, the heat map over the picture; and a dictionary of label, name, probability and
            method with heat, 28 rows of 28 numbers over the network's 28x28.
        """
        return on_explain(context, picture, kind, method, label)

    for_classify.click(classify, [file, kind], numbers, api_name="classify", **limit)
    for_explain.click(explain, [file, kind, method, label], [heat, heat_numbers], api_name="explain", **limit)
