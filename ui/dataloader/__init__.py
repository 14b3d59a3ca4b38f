"""The DataLoader tab: batches of a data set, step by step."""

from ui.dataloader.tab import TITLE, Parts, build, on_look, warm

__all__ = ["TITLE", "Parts", "build", "on_look", "warm"]
