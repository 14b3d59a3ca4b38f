"""The steps of a pipeline of transforms, which visitors switch on and off, order and set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.loader.transform_catalogue import CATALOGUE, TransformError
from data.loader.transforms import DEFAULT, MAX_STEPS, TransformStep, checked
from data.loader.transforms import step as new_step
from language import _
from ui.kit.events import visitor_error
from ui.kit.view import View

HERE = Path(__file__).parent
SUGGESTION = "RandomHorizontalFlip"
"""The step that is offered first."""


def presets() -> dict[str, tuple[TransformStep, ...]]:
    """The pipelines of the buttons."""
    return {
        _("ToTensor only"): DEFAULT,
        _("Normalised"): (*DEFAULT, new_step("Normalize")),
        _("Augmented for training"): (
            new_step("RandomCrop"),
            new_step("RandomHorizontalFlip"),
            *DEFAULT,
            new_step("Normalize"),
            new_step("RandomErasing"),
        ),
        _("A mistake: Normalize first"): (new_step("Normalize"), *DEFAULT),
    }


def plain(steps: Any) -> list[dict[str, Any]]:
    """Steps, or what `checked` reads, in the form of the browser. Raises TransformError."""
    if isinstance(steps, (list, tuple)):
        steps = [step.plain() if isinstance(step, TransformStep) else step for step in steps]
    return [step.plain() for step in checked(steps)]


class Pipeline(View):
    """Its value in a handler is a tuple of checked `TransformStep`; the browser sends it as
    [{"name", "on", "params"}]. `change` fires at every change.

    Parameters:
        value: the steps at the start, None for `DEFAULT`.
    """

    def __init__(self, value: Any = None, **kwargs: Any):
        super().__init__(
            HERE / "pipeline",
            plain(DEFAULT if value is None else value),
            constants={
                "catalogue": [
                    {
                        "name": kind.name,
                        "meaning": kind.meaning,
                        "random": kind.random,
                        "parameters": [
                            {
                                "name": parameter.name,
                                "whole": parameter.kind == "int",
                                "low": parameter.low,
                                "high": parameter.high,
                                "step": parameter.step,
                                "default": parameter.default,
                                "meaning": parameter.meaning,
                                "requirement": parameter.requirement(),
                            }
                            for parameter in kind.parameters
                        ],
                    }
                    for kind in CATALOGUE.values()
                ],
                "presets": [{"name": name, "steps": plain(steps)} for name, steps in presets().items()],
                "most": MAX_STEPS,
                "suggestion": SUGGESTION,
            },
            **kwargs,
        )

    def preprocess(self, payload: Any) -> tuple[TransformStep, ...]:
        """The steps, checked. Raises gr.Error with a sentence."""
        try:
            return checked(payload)
        except TransformError as error:
            raise visitor_error(error) from None

    def postprocess(self, value: Any) -> list[dict[str, Any]] | None:
        return None if value is None else plain(value)

    def api_info(self) -> dict[str, Any]:
        step_info = {
            "type": "object",
            "properties": {
                "name": {"enum": list(CATALOGUE)},
                "on": {"type": "boolean"},
                "params": {"type": "object", "additionalProperties": {"type": "number"}},
            },
        }
        return {"type": "array", "maxItems": MAX_STEPS, "items": step_info}

    def example_payload(self) -> Any:
        return plain(DEFAULT)

    def example_value(self) -> Any:
        return self.example_payload()
