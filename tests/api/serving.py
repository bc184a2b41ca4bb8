"""The service behind a real server, and clients that listen to it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi import FastAPI

from api.server import Server
from tests.dispatch.waiting import until


@contextmanager
def served(app: FastAPI) -> Iterator[tuple[str, Server]]:
    """The address of the service, on a free port, and its server."""
    server = Server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    try:
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}", server
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Block:
    """What came between two empty lines of a stream."""

    id: str | None = None
    event: str | None = None
    data: Any = None
    comment: str | None = None
    retry: str | None = None


class Stream:
    """A client that reads a stream of events as it is told to."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def ends(self) -> bool:
        """Whether nothing comes any more but the end, for which it waits."""
        return next(self._lines, None) is None

    def block(self) -> Block:
        """The next block."""
        block = Block()
        while line := next(self._lines):
            name, _, value = line.partition(": ")
            setattr(block, name or "comment", json.loads(value) if name == "data" else value)
        return block

    def events(self, number: int) -> list[Block]:
        """The next so many events."""
        found: list[Block] = []
        while len(found) < number:
            block = self.block()
            if block.event is not None:
                found.append(block)
        return found


@contextmanager
def listening(
    address: str, last: str | None = None, key: str | None = None, **query: Any
) -> Iterator[Stream]:
    """A stream that has begun: whatever happens from now on is on it."""
    headers = {} if last is None else {"Last-Event-ID": last}
    headers |= {} if key is None else {"X-API-Key": key}
    with (
        httpx2.Client(timeout=30, trust_env=False, verify=False) as client,
        client.stream("GET", f"{address}/events", params=query, headers=headers) as response,
    ):
        assert response.status_code == 200
        stream = Stream(response)
        assert stream.block().retry
        if last is None and "after" not in query:
            # Until the service knows where the stream begins it may have to keep it alive.
            while stream.block().id is None:
                pass
        yield stream
