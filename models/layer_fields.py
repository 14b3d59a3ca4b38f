"""The numbers of the Layer panel: their names in torch, limits and defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LayerField:
    """One number of the Layer panel, a slider on the page."""

    label: str
    """torch's name."""
    low: int
    high: int
    default: int
    neutral: int | None = None
    """What a layer without this number computes with, for height and width; None for a single number."""

    @property
    def is_pair(self) -> bool:
        """Whether height and width have a number each."""
        return self.neutral is not None


INPUT_FIELDS: dict[str, LayerField] = {
    "n": LayerField("N", 1, 64, 1),
    "c": LayerField("C", 1, 64, 5),
    "h": LayerField("H", 1, 256, 100),
    "w": LayerField("W", 1, 256, 100),
}
"""By attribute of `models.arithmetic.Input`."""

LAYER_FIELDS: dict[str, LayerField] = {
    "in_channels": LayerField("in_channels", 1, 64, 5),
    "out_channels": LayerField("out_channels", 1, 64, 10),
    "kernel": LayerField("kernel_size", 1, 11, 3, neutral=1),
    "stride": LayerField("stride", 1, 8, 1, neutral=1),
    "padding": LayerField("padding", 0, 10, 0, neutral=0),
    "dilation": LayerField("dilation", 1, 6, 1, neutral=1),
    "output_padding": LayerField("output_padding", 0, 7, 0, neutral=0),
    "groups": LayerField("groups", 1, 64, 1),
}
"""By attribute of `models.arithmetic.LayerSpec`, in the order of the page."""
