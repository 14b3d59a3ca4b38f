"""The Conv shapes tab: the arithmetic of convolutions, alone and inside the shipped network."""

from ui.conv.tab import TITLE, Parts, build, on_taken

__all__ = ["TITLE", "Parts", "build", "on_taken"]
