"""The Classify tab: a picture, its answer, and why."""

from ui.classify.tab import TITLE, Parts, build, on_picture, on_why, warm

__all__ = ["TITLE", "Parts", "build", "on_picture", "on_why", "warm"]
