"""The Classify tab: a picture, its answer, and why."""

from ui.classify.tab import TITLE, Parts, build, on_picture, on_why

__all__ = ["TITLE", "Parts", "build", "on_picture", "on_why"]
