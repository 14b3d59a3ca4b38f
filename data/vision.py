"""torchvision, imported when it is first needed: that takes seconds, and the page starts without it."""

from __future__ import annotations

import threading
from typing import Any

_importing = threading.Lock()


def torchvision() -> Any:
    """The package with all that the program uses of it.

    Its modules import each other: a thread that imports one of them while another thread does the same may
    find it half initialised.
    """
    with _importing:
        import torchvision.datasets
        import torchvision.transforms.v2

        return torchvision
