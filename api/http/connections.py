"""Connections of clients, none of which may be kept for nothing.

A connection without a request costs little, and so anybody can open very many, or say so little at
a time that nothing ever comes of it. The server's own protocol waits for ever, and its parser takes
a head of any size, and any number of requests before the first of them is answered.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from api.http.problems import problem

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

HEAD_SECONDS = 10.0
"""For the head of a request, from the connection or its first byte on."""
TAKING_SECONDS = 60.0
"""For which a client may take nothing of what is sent to it."""
MOST_CONNECTIONS = 1_000
"""If there are more, those without a request make room, the longest so first."""
MOST_HEAD_BYTES = 65_536
"""Of a head, and beside a body in chunks; there it is counted from one reading to the next."""
EMPTY_LINE = b"\r\n\r\n"

logger = logging.getLogger(__name__)


async def disconnected(receive: Receive) -> None:
    """Returns once the client of a request, whose body has been read, has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class UnreadableError(Exception):
    """A head that the parser takes, and the service does not."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class ClientConnection(HttpToolsProtocol):
    """Ends when the client lets it wait for too long, and reads one request at a time."""

    _until_head: asyncio.TimerHandle | None = None
    _until_taken: asyncio.TimerHandle | None = None
    _idle_since = 0.0
    _held = b""
    """What has come after a request that is not answered yet."""
    _last_bytes = b""
    """The three before those that are read next: an empty line may have begun in them."""
    _unused_bytes = 0
    """Taken since something could last be made of them."""
    _is_in_body = False
    _body_left = 0
    """Bytes, if the client has said how many there are."""

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
        self._held += data
        self._read_on()

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        self._stop_waiting_for_head()
        super().on_response_complete()
        if self._held:
            self._read_on()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._until_taken is None:
            self._until_taken = self.loop.call_later(TAKING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_waiting_for_taking()
        super().resume_writing()

    def _read_on(self) -> None:
        """Read what is held, up to the end of a request."""
        self._unset_keepalive_if_required()
        data, self._held = self._held, b""
        begin = 0
        while begin < len(data) and not self.transport.is_closing():
            if not self.is_idle and not self.cycle.more_body:
                self._held = data[begin:]
                self.flow.pause_reading()
                break
            end = self._end_of_part(data, begin)
            self._read(data[begin:end])
            begin = end
        if not self.is_idle:
            self._stop_waiting_for_head()
        elif self._until_head is None and not self.transport.is_closing():
            # Something has come, for which the time between two requests is over.
            self._until_head = self.loop.call_later(HEAD_SECONDS, self._end)

    def _end_of_part(self, data: bytes, begin: int) -> int:
        """So far at least the request goes on that is being read; behind this, another may begin:
        a request ends with its last byte, if it has said how many there are, or an empty line."""
        if self._body_left:
            return min(begin + self._body_left, len(data))
        known = len(self._last_bytes)
        end = (self._last_bytes + data[begin : begin + 3]).find(EMPTY_LINE)
        if end >= 0:
            return begin + end + len(EMPTY_LINE) - known
        end = data.find(EMPTY_LINE, begin)
        return len(data) if end < 0 else end + len(EMPTY_LINE)

    def _read(self, part: bytes) -> None:
        self._last_bytes = (self._last_bytes + part[-3:])[-3:]
        if not self._body_left:
            self._unused_bytes += len(part)
        try:
            if not self._is_in_body:
                self._limit_head()
            self.parser.feed_data(part)
            self._limit_head()
        except HttpParserUpgrade:
            pass  # No other protocol is spoken here: it is answered like any other request.
        except UnreadableError as error:
            self._refuse(error)
        except HttpParserError as error:
            cause = error.__context__
            if not isinstance(cause, UnreadableError):
                cause = UnreadableError(400, "This is not HTTP.")
            self._refuse(cause)

    def _limit_head(self) -> None:
        if self._unused_bytes > MOST_HEAD_BYTES:
            raise UnreadableError(431, f"A head has {MOST_HEAD_BYTES:,} bytes at most.")

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after a body stands for nothing here, and must not pass for what came before.
        if not self._is_in_body:
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Raises ``UnreadableError`` for what others on the way could read in another way."""
        self._unused_bytes = 0
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise UnreadableError(505, "Only HTTP/1.0 and HTTP/1.1 are read.")
        hosts = 0
        length = 0
        has_body = False
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                length = int(value)
                has_body = length > 0
            elif name == b"transfer-encoding":
                has_body = True
                if value.lower() != b"chunked" or version == "1.0":
                    raise UnreadableError(501, "The only transfer coding that is read is chunked.")
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            raise UnreadableError(400, "A request has one Host.")
        if has_body and self.parser.should_upgrade():
            # The parser would take it for the other protocol, and us for the next request.
            raise UnreadableError(400, "A request with a body cannot ask for another protocol.")
        super().on_headers_complete()
        self._is_in_body = True
        self._body_left = length

    def on_body(self, body: bytes) -> None:
        self._unused_bytes = 0
        self._body_left = max(0, self._body_left - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unused_bytes = 0
        self._is_in_body = False
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = _without_chunks(app, cycle)
        super()._start_asgi_task(cycle, app)

    def _refuse(self, error: UnreadableError) -> None:
        logger.warning("A request cannot be read: %s", error.detail)
        if not self.is_idle:
            # Whoever works on it is told that nobody waits for the answer any more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.is_idle or not self.cycle.response_started:
            answer = problem(error.status, error.detail, headers={"Connection": "close"})
            headers = [b"%s: %s\r\n" % header for header in answer.raw_headers]
            head = [STATUS_LINE[error.status], *headers, b"\r\n"]
            self.transport.write(b"".join([*head, bytes(answer.body)]))
        self.transport.close()

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


def _without_chunks(app: ASGI3Application, cycle: RequestResponseCycle) -> ASGI3Application:
    """For HTTP/1.0, which knows none: what has no length ends with its connection."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        has_length = True

        async def send_whole(message: Message) -> None:
            nonlocal has_length
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message.get("headers", ())}
                has_length = b"content-length" in names
                if not has_length:
                    cycle.chunked_encoding = False
            elif not has_length:
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, send_whole)  # type: ignore[arg-type]

    return answer  # type: ignore[return-value]
