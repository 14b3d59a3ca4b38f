"""The training loop line by line, with the tensors that each line changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ui.controls.view import View


class SlowMotion(View):
    """Shows what `ui.train_slow.on_play` returns.

    Parameters:
        play: that function of a dictionary, which the browser calls for other settings.
    """

    def __init__(self, play: Callable[[Any], dict[str, Any]], value: dict[str, Any], **kwargs: Any):
        play.__name__ = "play"  # the name the browser calls it by
        super().__init__(
            "slow_motion", value, scripts=("slow_motion", "slow_tensors"), server_functions=[play], **kwargs
        )
