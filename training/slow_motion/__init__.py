"""The training loop taken apart, line by line."""
