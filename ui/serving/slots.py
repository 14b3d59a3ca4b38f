"""A limited number of places for simultaneous work, shared fairly between clients."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from language import _, ngettext


class BusyError(Exception):
    """No place is free; the message is a sentence for the visitor."""


class Slots:
    """`total` places, at most `per_client` of them for one client. A free place goes to the client with the
    fewest. `waiting` requests of a client may wait, for `patience` seconds each.

    Belongs to one event loop.
    """

    def __init__(self, total: int, per_client: int, waiting: int, patience: float):
        self.total, self.per_client, self.waiting, self.patience = total, per_client, waiting, patience
        self._places: Counter[str] = Counter()
        """How many each client holds."""
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[None]:
        """Hold a place. Raises BusyError when too many requests of the client wait, or it waits too long."""
        await self._acquire(client)
        try:
            yield
        finally:
            self._release(client)

    async def _acquire(self, client: str) -> None:
        queue = self._queues.setdefault(client, deque())
        if len(queue) >= self.waiting:
            text = ngettext(
                "{n} request from your network address is waiting: please try again in a moment.",
                "{n} requests from your network address are waiting: please try again in a moment.",
                len(queue),
            )
            raise BusyError(text.format(n=len(queue)))
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._hand_out()
        try:
            async with asyncio.timeout(self.patience):
                await turn
        except BaseException as error:
            if turn.cancelled():
                self._hand_out()  # which forgets it
            else:  # the place came just when the request was given up
                self._release(client)
            if isinstance(error, TimeoutError):
                raise BusyError(_("The page is very busy. Please try again in a minute.")) from None
            raise

    def _release(self, client: str) -> None:
        self._places[client] -= 1
        if not self._places[client]:
            del self._places[client]
        self._hand_out()

    def _hand_out(self) -> None:
        """Give free places to waiting requests, and forget those that were given up."""
        for client, queue in list(self._queues.items()):
            if any(turn.done() for turn in queue):
                queue = self._queues[client] = deque(turn for turn in queue if not turn.done())
            if not queue:
                del self._queues[client]
        while self._places.total() < self.total:
            ready = [client for client in self._queues if self._places[client] < self.per_client]
            if not ready:
                return
            client = min(ready, key=self._places.__getitem__)
            self._places[client] += 1
            self._queues[client].popleft().set_result(None)
            if not self._queues[client]:
                del self._queues[client]
