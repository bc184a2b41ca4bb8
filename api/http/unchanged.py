"""Answers that clients ask for again and again, known to be unchanged without being made anew.

What is kept of an answer is its ETag, how far the database was when it was made, and what it is
about. It still holds if nothing of that has changed since, and while the minute is the same, on
which expected times depend: then a client that has it is told so (304), and nothing was read.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from sqlmodel import Session

from api.http.dependencies import is_held, unless_held
from api.http.lines import who_asks
from api.http.polls import note_unchanged
from dispatch.models import now
from dispatch.service.watch import ChangedEntity, Seen, Watch

MOST_ANSWERS = 5_000
APART = frozenset(
    {
        "account",
        "alert_rule",
        "alert_source",
        "attachment",
        "calendar_link",
        "dead_letter",
        "key",
        "placement",
        "run",
        "webhook",
    }
)
"""Changes of these change no route and no board."""


@dataclass(frozen=True, slots=True)
class Made:
    """An answer, and what it is about."""

    answer: Response
    etag: str
    concerns: Callable[[ChangedEntity], bool]
    """Whether it may be another one after a change that is not ``APART``."""


@dataclass(frozen=True, slots=True)
class _KeptAnswer:
    etag: str
    minute: datetime
    seen: Seen
    concerns: Callable[[ChangedEntity], bool]


class Looks:
    """One look at the database for all requests that have come meanwhile. For one event loop."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._under_way: asyncio.Future[Seen] | None = None
        self._next: asyncio.Future[Seen] | None = None

    async def now(self) -> Seen:
        """How far the database is, at least as of the moment of the call."""
        seen = self._watch.still()
        if seen is not None:
            return seen
        if self._next is None:
            # The one under way may have begun too early to see all that has to be seen.
            self._next = asyncio.ensure_future(self._look_after(self._under_way))
        return await asyncio.shield(self._next)

    async def _look_after(self, before: "asyncio.Future[Seen] | None") -> Seen:
        if before is not None and not before.done():
            await asyncio.wait([before])
        self._under_way, self._next = self._next, None
        seen = await self._asked()
        if seen is not None:
            return seen
        return await to_thread.run_sync(self._watch.look, limiter=CapacityLimiter(1))

    async def _asked(self) -> Seen | None:
        """What was seen last, if the database says that nothing has come since: mostly it does, and
        sending a thread to hear it would cost several times as much. None: that is not known."""
        socket = self._watch.ask()
        if socket is None:
            return None
        loop, has_come = asyncio.get_running_loop(), asyncio.Event()
        try:
            loop.add_reader(socket, has_come.set)
        except NotImplementedError:  # as event loops of Windows are
            return None
        try:
            while not self._watch.is_told():
                has_come.clear()
                await has_come.wait()
        finally:
            loop.remove_reader(socket)
        return self._watch.told()


class Answers:
    """What is kept of answers, those that were asked for last."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._kept: OrderedDict[Hashable, _KeptAnswer] = OrderedDict()

    def etag_of(self, what: Hashable, minute: datetime, seen: Seen) -> str | None:
        """The ETag that the answer would have now; None: not known."""
        kept = self._kept.get(what)
        if kept is None or kept.minute != minute:
            return None
        if kept.seen != seen:
            changes = self._watch.since(kept.seen)
            if changes is None or any(
                one.entity not in APART and kept.concerns(one) for one in changes
            ):
                return None
            self._kept[what] = replace(kept, seen=seen)
        self._kept.move_to_end(what)
        return kept.etag

    def keep(self, what: Hashable, minute: datetime, seen: Seen, made: Made) -> None:
        """``seen`` is from before the answer was begun."""
        self._kept[what] = _KeptAnswer(made.etag, minute, seen, made.concerns)
        self._kept.move_to_end(what)
        if len(self._kept) > MOST_ANSWERS:
            self._kept.popitem(last=False)


async def answered(
    request: Request,
    what: Hashable,
    if_none_match: str | None,
    make: Callable[[Session, datetime], Made],
) -> Response:
    """The answer to a request for ``what``, or 304; ``make`` makes it as of the moment given."""
    state = request.app.state
    # As it was looked at when the caller was let in, if it was.
    seen: Seen = getattr(request.state, "seen", None) or await state.looks.now()
    # By the minute, so that asking again soon finds the same.
    minute = now().replace(second=0, microsecond=0)
    etag = state.answers.etag_of(what, minute, seen)
    if etag is not None and is_held(if_none_match, etag):
        note_unchanged(request, seen, minute)
        return unless_held(if_none_match, etag, Response())

    def work() -> Made:
        with Session(state.reading_engine) as session:
            return make(session, minute)

    made = await state.lines.reading.run(who_asks(request), work)
    state.answers.keep(what, minute, seen, made)
    if is_held(if_none_match, made.etag):
        note_unchanged(request, seen, minute)
    return unless_held(if_none_match, made.etag, made.answer)
