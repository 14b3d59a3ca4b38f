"""The visitor's picture on its ways through the page: sent, decoded and prepared once."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import torch

from data.drawn import garments
from data.own.picture import read_picture
from inference import pictures
from inference.pictures import Pictures
from inference.preprocess import prepare
from ui import classify
from ui.classify.api import on_classify, on_explain
from ui.classify.words import TOP
from ui.context import Context
from ui.conv import inside, kernel
from ui.kit.events import MISSING
from ui.kit.images import as_png
from ui.kit.picture_input import PictureRequest

PHOTO = as_png(garments.picture(8, np.random.default_rng(1), 320))


@pytest.fixture
def context() -> Context:
    return Context(device=torch.device("cpu"))


@pytest.fixture
def counts(monkeypatch) -> dict[str, int]:
    """How often a picture was decoded and prepared."""
    numbers = {"decoded": 0, "prepared": 0}

    def counting(name, function):
        def call(*arguments):
            numbers[name] += 1
            return function(*arguments)

        return call

    monkeypatch.setattr(pictures, "read_picture", counting("decoded", read_picture))
    monkeypatch.setattr(pictures, "prepare", counting("prepared", prepare))
    return numbers


def test_one_photo_is_decoded_and_prepared_once_on_all_its_ways(context, counts):
    answer, stages = classify.on_picture(context, PictureRequest("auto", PHOTO, turn=1))
    assert answer["state"] == "answer" and stages is not None
    by_digest = PictureRequest.of({"kind": "auto", "digest": answer["digest"], "turn": 1})
    again = classify.on_picture(context, by_digest)
    assert again == (answer, stages)
    why = classify.on_why(context, by_digest, "occlusion", TOP)
    assert why == classify.on_why(context, PictureRequest("auto", PHOTO), "occlusion", TOP) and "image" in why
    request = {"kind": "auto", "digest": answer["digest"]}
    picture = kernel.on_picture(context, request)
    assert kernel.on_kernel(context, {"picture": {"digest": picture["digest"]}, "kernel": [[1]]})["pixels"]
    assert inside.on_picture(context, request)["pixels"] == answer["pixels"]
    # programs send the file, and it is known by then
    assert on_classify(context, PHOTO, "auto")["label"] == answer["top"]
    on_explain(context, PHOTO, "auto", "occlusion", None)
    assert inside.on_feature_maps(context, PHOTO, "auto", "")["layers"]
    assert counts == {"decoded": 1, "prepared": 1}
    # another kind of the same file
    classify.on_picture(context, PictureRequest("drawing", PHOTO, turn=2))
    assert counts == {"decoded": 1, "prepared": 2}


def test_a_missing_picture_is_requested_again(context):
    answer, _ = classify.on_picture(context, PictureRequest("auto", PHOTO))
    by_digest = PictureRequest("auto", None, 1, answer["digest"])
    context.pictures = Pictures()  # as after a restart, or in another copy of the page
    assert classify.on_picture(context, by_digest) == (MISSING, MISSING)
    assert classify.on_why(context, by_digest, "occlusion", TOP) == MISSING
    assert classify.on_picture(context, PictureRequest("auto", PHOTO))[0] == answer
    assert classify.on_picture(context, by_digest)[0] == answer


def test_a_draft_is_answered_and_not_kept(context):
    payload = {"kind": "drawing", "data": base64.b64encode(PHOTO).decode(), "turn": 3, "draft": True}
    answer, _ = classify.on_picture(context, PictureRequest.of(payload))
    assert answer["state"] == "answer" and answer["digest"] == ""
    final, _ = classify.on_picture(context, PictureRequest.of({**payload, "draft": False}))
    assert {**final, "digest": ""} == answer and len(final["digest"]) == 64
