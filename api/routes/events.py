"""Events over HTTP, as a stream that never ends (server-sent events)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.sse import format_sse_event
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive, Scope, Send

from api.http.access import GivenCaller
from api.http.connections import disconnected
from api.http.limits import WAS_HEAD
from api.http.problems import SECONDS_TO_RETRY, documented, problem
from dispatch.access.callers import Caller
from dispatch.events.events import EventOut, EventTypes, is_among
from dispatch.events.feed import Feed, Listener

RETRY_MILLISECONDS = 2_000
BEGIN_SECONDS = 10.0
"""So long, at most, it may take to find where the stream begins; usually it takes milliseconds."""
KEEP_ALIVE_SECONDS = 15.0
SEND_SECONDS = 30.0
"""Who takes nothing for so long is disconnected, and goes on from there when it returns."""

router = APIRouter(tags=["events"])
logger = logging.getLogger(__name__)

EXAMPLE = """\
retry: 2000
id: 4711

event: plan.published
data: {"id":4712,"type":"plan.published","at":"2026-11-23T01:02:03Z","actor":"scheduler",\
"entity":"plan","entity_id":"7","after":{"version":5,"jobs":118,"left_out":[]},"after_omitted":false}
id: 4712

"""
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events as they happen, until either side closes the connection. `event` is "
        "the type and `data` an event as JSON, as they go to webhooks.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
    }
}


UNKNOWN_BEGINNING = (
    "It takes too long to find where the stream begins: the database is busy, or somebody has been "
    "writing to it for long. Try again."
)
RETRY = {"Retry-After": str(SECONDS_TO_RETRY)}


class EventStream(Response):
    """Sends what a listener of the feed takes, and ends with the feed, or when its caller may not
    listen any more.

    The framework's own stream would not end with the service, and would wait for ever for a client
    that takes nothing.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        feed: Feed,
        after: int | None,
        is_for_them: Callable[[EventOut], bool],
        caller: Caller | None,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._after = after
        self._is_for_them = is_for_them
        self._caller = caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get(WAS_HEAD):
            await self._send_headers(send)
            await send({"type": "http.response.body"})
            return
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # its loop has ended
                loop.call_soon_threadsafe(news.set)

        with self._feed.listen(self._after, wake, self._caller) as one:
            # The headers say that from now on everything is told, so first it has to be known from
            # where on.
            if not await self._has_begun(one, news):
                await problem(503, UNKNOWN_BEGINNING, headers=RETRY)(scope, receive, send)
                return
            await self._send_headers(send)
            talking = asyncio.create_task(self._talk(one, news, send))
            leaving = asyncio.create_task(disconnected(receive))
            try:
                await asyncio.wait((talking, leaving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                talking.cancel()
                leaving.cancel()
                await asyncio.wait((talking, leaving))
        if not talking.cancelled():
            talking.result()

    async def _send_headers(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

    async def _has_begun(self, listener: Listener, news: asyncio.Event) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(BEGIN_SECONDS):
                while not (listener.has_begun or listener.is_over):
                    news.clear()
                    if not (listener.has_begun or listener.is_over):
                        await news.wait()
        return listener.has_begun or listener.is_over

    async def _talk(self, listener: Listener, news: asyncio.Event, send: Send) -> None:
        async def tell(chunk: bytes, more: bool = True) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": chunk, "more_body": more})

        try:
            await tell(format_sse_event(retry=RETRY_MILLISECONDS))
            await self._tell_all(listener, news, tell)
            await tell(b"", False)
        except TimeoutError:
            logger.info("A listener takes nothing and is left")
        except SQLAlchemyError:
            logger.warning("A listener is left, who will ask again", exc_info=True)

    async def _tell_all(
        self, listener: Listener, news: asyncio.Event, tell: Callable[[bytes], Awaitable[None]]
    ) -> None:
        is_told_where_it_begins = self._after is not None
        while not listener.is_over:
            news.clear()
            events = listener.take()
            is_behind = events is None
            if events is None:
                events = await asyncio.wrap_future(listener.catch_up())
            chunk = b"".join(_block(event) for event in events if self._is_for_them(event))
            if not is_told_where_it_begins and listener.last is not None:
                # An id alone: it is what the client will ask for when it is cut off.
                chunk = format_sse_event(id=str(listener.last)) + chunk
                is_told_where_it_begins = True
            if chunk:
                await tell(chunk)
            elif not is_behind:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                        await news.wait()
                except TimeoutError:
                    last = None if listener.last is None else str(listener.last)
                    await tell(format_sse_event(comment="keep-alive", id=last))


@router.get(
    "/events",
    summary="Watch what happens",
    status_code=200,
    response_class=EventStream,
    responses={**STREAM, **documented(422)},
)
async def watch_events(
    request: Request,
    caller: GivenCaller,
    types: Annotated[
        EventTypes,
        Query(description="Types of events, or what they begin with: `job`, `plan.published`."),
    ] = [],  # noqa: B006 - never changed
    after: Annotated[
        int | None,
        Query(ge=0, lt=2**53, description="As `Last-Event-ID`, for clients that cannot send it."),
    ] = None,
    last_event_id: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID",
            ge=0,
            lt=2**53,
            description="The last event that the client has got; all that follow it come first. "
            "Without it, the stream begins with what happens next.",
        ),
    ] = None,
) -> Response:
    """Changes to plans, runs, jobs, placements and alerts, each once and in order: everything that
    is stored once the headers are there.

    Whoever is cut off connects again with the id of the last event and misses none. The stream ends
    with the credentials that opened it, and when they come to stand for another role.
    """

    def is_for_them(event: EventOut) -> bool:
        return event.type == "feed.reset" or is_among(event, types)

    feed: Feed = request.app.state.feed
    begin = last_event_id if last_event_id is not None else after
    return EventStream(feed, begin, is_for_them, caller)


def _block(event: EventOut) -> bytes:
    id_ = None if event.id is None else str(event.id)
    return format_sse_event(data_str=event.wire, event=event.type, id=id_)
