"""Why the network gave its answer: heat maps over its 28x28 input, and over the visitor's own picture.

Every map is (28, 28) float32: above 0 where the picture speaks for the class, below 0 where it speaks
against it.
"""

from __future__ import annotations

import copy

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from checks import choice, whole_number
from inference.predictor import Predictor
from language import _
from models.fashion_cnn import FashionCNN

PATCH, STRIDE = 6, 2
"""Side and step, in pixels, of the patch that occlusion moves over the picture."""
LEAST_MAP = 7
"""Smallest side of the feature maps that Grad-CAM uses."""


def occlusion(predictor: Predictor, pixels: np.ndarray, label: int) -> np.ndarray:
    """How much the probability of `label` falls when a 6x6 patch around each pixel is painted black.

    pixels (28, 28) uint8, label the number of a class. The value at a pixel is the mean over all patches
    that cover it, in probability, -1 to 1. Zeiler and Fergus, arXiv 1311.2901, section 4.2.
    """
    label = _check(predictor, label)
    x = predictor.normalised(pixels)
    starts = range(-PATCH + STRIDE, 28, STRIDE)
    patches = [(max(0, r), r + PATCH, max(0, c), c + PATCH) for r in starts for c in starts]
    hidden = x.repeat(len(patches), 1, 1, 1)  # (N, 1, 28, 28)
    black = -predictor.card.mean / predictor.card.std
    for picture, (top, bottom, left, right) in zip(hidden, patches, strict=True):
        picture[:, top:bottom, left:right] = black
    whole = predictor.probabilities(x)[0, label]
    drops = (whole - predictor.probabilities(hidden)[:, label]).cpu()  # (N,)
    total, count = torch.zeros(28, 28), torch.zeros(28, 28)
    for drop, (top, bottom, left, right) in zip(drops, patches, strict=True):
        total[top:bottom, left:right] += drop
        count[top:bottom, left:right] += 1
    return (total / count).numpy()


def grad_cam(predictor: Predictor, pixels: np.ndarray, label: int) -> np.ndarray:
    """Where the feature maps that raise the logit of `label` are active, 0 to 1.

    The maps (see `_maps`), weighted by the mean gradient of the logit with respect to each, summed, negative
    parts cut, enlarged to 28x28 and divided by their maximum. Selvaraju et al., arXiv 1610.02391, eq. 1-2.

    Raises ValueError for a network that has no feature maps.
    """
    label = _check(predictor, label)
    with torch.enable_grad():
        maps, logits = _maps(predictor.model, predictor.normalised(pixels))
        (gradient,) = torch.autograd.grad(logits[0, label], maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (1, C, 1, 1)
    heat = F.relu((weights * maps.detach()).sum(dim=1, keepdim=True))  # (1, 1, H, W)
    heat = F.interpolate(heat, size=(28, 28), mode="bilinear", align_corners=False)[0, 0]
    return (heat / heat.max().clamp(min=1e-12)).cpu().numpy()


def _maps(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """The feature maps that Grad-CAM uses, (1, C, H, W), and the logits computed from them.

    For the shipped architecture these are the 7x7 maps of the second stage, for any other network the last
    maps of at least 7x7: smaller ones say too little about the place.
    """
    if isinstance(model, FashionCNN):
        maps = model.stages[:2](model.stem(x)).detach().requires_grad_()  # (1, C, 7, 7)
        return maps, model.classify(model.stages[2:](maps))
    outputs: list[Tensor] = []

    def keep(module: nn.Module, inputs: object, output: Tensor) -> None:
        if output.dim() == 4 and min(output.shape[2:]) >= LEAST_MAP:
            outputs.append(output)

    # threads share the network: a hook on it would catch the maps of other pictures
    twin = copy.deepcopy(model)
    if any(isinstance(layer, nn.Conv2d) for layer in twin.modules()):
        for layer in twin.modules():
            layer.register_forward_hook(keep)
    logits = twin(x.requires_grad_())
    if not outputs:
        raise ValueError(_("Grad-CAM needs feature maps, but this network has none: choose Occlusion."))
    return outputs[-1], logits


METHODS = {"occlusion": occlusion, "grad-cam": grad_cam}


def explain(predictor: Predictor, pixels: np.ndarray, label: int, method: str) -> np.ndarray:
    """The heat map by the method of that name. Raises ValueError for an unknown method or label."""
    return METHODS[choice(method, "method", METHODS)](predictor, pixels, label)


def over_picture(heat: np.ndarray, matrix: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """The heat map laid over the visitor's own picture.

    heat (28, 28) float; matrix (2, 3) takes (x, y) of the picture to (x, y) of the 28x28; rgb (H, W, 3)
    uint8. Returns (H, W, 3) uint8: orange where the picture speaks for the class, blue where it speaks
    against it, pale elsewhere.
    """
    height, width = rgb.shape[:2]
    # linear: a smoother curve overshoots at the frame's edge and shows blue where nothing speaks against
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    spread = cv2.warpAffine(heat.astype(np.float32), np.asarray(matrix, float), (width, height), flags=flags)
    strength = spread / max(float(np.abs(heat).max()), 1e-12)
    pale = 0.55 * cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) + 0.45 * 255
    colour = np.where(strength[..., None] > 0, np.array([234.0, 88.0, 12.0]), np.array([37.0, 99.0, 235.0]))
    share = np.clip(np.abs(strength), 0, 1)[..., None] ** 0.8 * 0.85
    return np.clip(pale * (1 - share) + colour * share, 0, 255).astype(np.uint8)


def _check(predictor: Predictor, label: int) -> int:
    return whole_number(label, "label", 0, len(predictor.classes) - 1)
