"""The HTTP server, which stops although there are streams that never end, and long searches."""

import logging
import sys
from contextlib import suppress
from socket import socket

import uvicorn
from fastapi import FastAPI

from api.http.connections import ClientConnection

GRACE_SECONDS = 10
"""For requests that are under way when the server stops; then they are cut off."""

IDLE_SECONDS = 10
"""For which a connection is kept without a request, after one."""


class Server(uvicorn.Server):
    """Ends the event streams first: the framework would wait for listeners to leave, and tells the
    service that it stops only after that."""

    def __init__(self, service: FastAPI, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                service,
                host=host,
                port=port,
                timeout_graceful_shutdown=GRACE_SECONDS,
                # Its own form would say neither when nor, for most lines, who speaks.
                log_config=None,
                log_level=logging.INFO,
                http=ClientConnection,
                ws="none",
                loop="asyncio",
                timeout_keep_alive=IDLE_SECONDS,
            )
        )
        self._service = service

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        # A service that is not ready yet has none.
        if hasattr(self._service.state, "feed"):
            self._service.state.feed.close()
        # Nobody waits until the end of a search.
        self._service.state.solvers.stop()
        await super().shutdown(sockets)


def run(service: FastAPI, host: str, port: int) -> None:
    """Serve until a signal. Raises ``SystemExit`` if the service could not be started."""
    server = Server(service, host, port)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)
