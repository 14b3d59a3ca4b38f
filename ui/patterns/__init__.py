"""The Patterns tab: a 4x4 grid and every number of the network that reads it."""

from ui.patterns.tab import TITLE, Parts, build, on_grid

__all__ = ["TITLE", "Parts", "build", "on_grid"]
