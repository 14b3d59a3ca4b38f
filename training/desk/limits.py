"""The limits of the desk: time, places in the queue, disk space."""

from __future__ import annotations

from dataclasses import dataclass, field

import settings


@dataclass(frozen=True)
class Limits:
    """Seconds, counts and bytes. Each is described at the constant of `settings` that is its default.

    Raises ValueError with a sentence when the environment sets a time out of range.
    """

    budget: float = field(default_factory=settings.train_seconds)
    budget_waited: float = field(default_factory=settings.train_seconds_waited)
    follow: float = settings.TRAIN_FOLLOW_SECONDS
    pause: float = settings.TRAIN_PAUSE_SECONDS
    pause_waited: float = settings.TRAIN_PAUSE_WAITED_SECONDS
    waiting: int = settings.TRAIN_WAITING
    waiting_address: int = settings.TRAIN_WAITING_ADDRESS
    keep_seconds: float = settings.TRAIN_KEPT_SECONDS
    run_bytes: int = settings.TRAIN_BYTES
