"""Runs of the page's visitors: the queue, the processes that train, and what they leave."""
