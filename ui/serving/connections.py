"""Closes connections without a request: uvicorn has no time limit for the headers."""

from __future__ import annotations

import asyncio
from typing import Any

import settings


def impatient(protocol: type) -> type:
    """uvicorn's `protocol` with a limit: a client has READ_SECONDS to send the headers of a request."""

    class Impatient(protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, error: Exception | None) -> None:
            self._forget()
            super().connection_lost(error)

        def _watch(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self._forget()  # a request has begun: the gate watches its body
            elif self._deadline is None:
                self._deadline = self.loop.call_later(settings.READ_SECONDS, self._give_up)

        def _give_up(self) -> None:
            self._deadline = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

        def _forget(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Impatient
