"""Connections of clients, none of which may be kept for nothing.

A connection without a request costs little, and so anybody can open very many, or say so little at
a time that nothing ever comes of it. The server's own protocol waits for ever.
"""

from __future__ import annotations

import asyncio
import logging

from starlette.types import Receive
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""For the head of a request, from the connection or its first byte on."""
TAKING_SECONDS = 60.0
"""For which a client may take nothing of what is sent to it."""
MOST_CONNECTIONS = 1_000
"""If there are more, those without a request make room, the longest so first."""

logger = logging.getLogger(__name__)


async def disconnected(receive: Receive) -> None:
    """Returns once the client of a request, whose body has been read, has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class ClientConnection(H11Protocol):
    """Ends when the client lets it wait for too long."""

    _until_head: asyncio.TimerHandle | None = None
    _until_taken: asyncio.TimerHandle | None = None
    _idle_since = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._until_head = self.loop.call_later(HEAD_SECONDS, self._end)
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting_for_head()
        self._stop_waiting_for_taking()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.is_idle:
            self._stop_waiting_for_head()
        elif self._until_head is None and not self.transport.is_closing():
            # Something has come, for which the time between two requests is over.
            self._until_head = self.loop.call_later(HEAD_SECONDS, self._end)

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        self._stop_waiting_for_head()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._until_taken is None:
            self._until_taken = self.loop.call_later(TAKING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_waiting_for_taking()
        super().resume_writing()

    def _make_room(self) -> None:
        connections = (one for one in self.connections if isinstance(one, ClientConnection))
        oldest = min(
            (one for one in connections if one.is_idle and not one.transport.is_closing()),
            key=lambda one: one._idle_since,
            default=self,
        )
        if oldest is self:
            logger.warning("%s connections are at work; another one is refused", MOST_CONNECTIONS)
        oldest._end()

    def _end(self) -> None:
        self._stop_waiting_for_head()
        self.transport.close()

    def _stop_waiting_for_head(self) -> None:
        if self._until_head is not None:
            self._until_head.cancel()
            self._until_head = None

    def _stop_waiting_for_taking(self) -> None:
        if self._until_taken is not None:
            self._until_taken.cancel()
            self._until_taken = None
