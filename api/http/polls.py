"""The very same request again, answered before the framework has anything to do with it.

A page that asks whether something has changed sends the same bytes again and again. If that was
answered with 304 before, it is so again, as long as nothing at all has been committed since and the
minute is the same: neither the answer nor who may have it can have changed. Finding the operation,
its parameters and who is calling takes several times as long as that does.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatch.access.callers import Caller
from dispatch.access.rates import RateLimit, Rates
from dispatch.models import now
from dispatch.service.watch import Seen

MOST_POLLS = 5_000


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Why a request was answered with 304, and to whom."""

    seen: Seen
    minute: datetime
    caller: Caller

    def holds(self, seen: Seen, at: datetime) -> bool:
        return (
            seen == self.seen
            and at.replace(second=0, microsecond=0) == self.minute
            and not self.caller.is_over(at)
        )


class Polls:
    """Goes around all the others: what it repeats, they have made."""

    def __init__(self, app: ASGIApp, service: FastAPI) -> None:
        self.app = app
        self._service = service
        self._kept: OrderedDict[bytes, tuple[Unchanged, Message]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _asks_again(scope):
            await self.app(scope, receive, send)
            return
        key = _digest(scope)
        kept = self._kept.get(key)
        if kept is not None and await self._still_holds(kept[0]):
            await send(kept[1])
            await send({"type": "http.response.body", "body": b""})
            return
        heads: list[Message] = []

        async def send_and_look(message: Message) -> None:
            if message["type"] == "http.response.start":
                heads.append(message)
            await send(message)

        await self.app(scope, receive, send_and_look)
        unchanged: Unchanged | None = scope.get("state", {}).get("unchanged")
        if unchanged is None:
            self._kept.pop(key, None)
            return
        self._kept[key] = unchanged, heads[0]
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_POLLS:
            self._kept.popitem(last=False)

    async def _still_holds(self, unchanged: Unchanged) -> bool:
        state, caller = self._service.state, unchanged.caller
        seen: Seen = state.watch.still() or await state.looks.now()
        if not unchanged.holds(seen, now()):
            return False
        rates: Rates = state.rates
        # One too many is for the door to refuse, in its own words.
        return rates.take(RateLimit("requests", caller.requests_per_minute), caller.actor)


def note_unchanged(request: Request, seen: Seen, minute: datetime) -> None:
    """Say of a request, which is about to be answered with 304, as of when that is right."""
    caller: Caller | None = getattr(request.state, "admitted", None)
    if caller is not None:
        request.state.unchanged = Unchanged(seen, minute, caller)


def _asks_again(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and any(name == b"if-none-match" for name, _ in scope["headers"])
    )


def _digest(scope: Scope) -> bytes:
    """All that the request says. Credentials are in it, which are kept nowhere as they are."""
    said: Any = (scope["scheme"], scope["path"], scope["query_string"], list(scope["headers"]))
    return hashlib.sha256(repr(said).encode()).digest()
