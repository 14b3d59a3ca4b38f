"""The Train tab: a network learns while you watch."""

from ui.train.tab import TITLE, Parts, build, on_own, warm

__all__ = ["TITLE", "Parts", "build", "on_own", "warm"]
