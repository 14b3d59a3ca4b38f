"""The Conv shapes tab: the arithmetic of convolutions, alone and inside the shipped network."""

from ui.conv.tab import TITLE, build, warm

__all__ = ["TITLE", "build", "warm"]
