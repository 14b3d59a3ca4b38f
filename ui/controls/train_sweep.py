"""A sweep over two hyperparameters: the form, and the grid that fills while it goes on."""

from __future__ import annotations

from typing import Any

from ui.controls.train_range import Answer, named
from ui.controls.view import View


class TrainSweep(View):
    """Its value stays None: the script asks for everything.

    Parameters:
        start, follow, stop, found, plan: functions of what the browser sends, as `ui.train_search` has them;
            each returns a dictionary, with a sentence under "problem" when something is wrong.
        recipe: the choices until the Train part says its own.
        labels: field of a recipe -> what it is called.
        axes: the hyperparameters to choose from, as `ui.train_search.axes` has them.
        most: values of each. epochs, seconds: what can be chosen.
    """

    def __init__(
        self, start: Answer, follow: Answer, stop: Answer, found: Answer, plan: Answer, **kwargs: Any
    ):
        super().__init__(
            "train_sweep",
            scripts=("visitor", "train_search", "train_sweep"),
            server_functions=named(start=start, follow=follow, stop=stop, found=found, plan=plan),
            **kwargs,
        )
