"""How many requests are at work at the same time, and how the others wait.

Whoever works holds a thread and a connection to the database. If more could begin than there are
of either, they would come to wait for each other, and nobody would be answered any more. So each
kind of work has a line: few are let in, as many as the machine has use for, and the others wait
without holding anything. Callers take turns, so that many requests of one keep no other waiting,
and nobody waits for long: then they are told to come again.
"""

import asyncio
import ipaddress
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.exceptions import HTTPException

from dispatch.engines import MOST_CONNECTIONS

Result = TypeVar("Result")

MOST_SECONDS = 6.5
"""In a line; work itself takes a second or so, and clients have an answer within eight."""
LONGEST = 1_000
SECONDS_TO_RETRY = 3


@dataclass(slots=True)
class Line:
    """A way in for so many at a time, ``share`` of them for one caller. For one event loop."""

    size: int
    connections: int = 1
    """That one of them holds at most."""
    share: int = 0
    """At most so many for one caller (0: all)."""
    seconds: float = MOST_SECONDS
    """For which anybody waits."""
    longest: int = LONGEST
    """If more would wait, whoever has most waiting loses one."""
    _inside: Counter[str] = field(default_factory=Counter)
    _waiting: OrderedDict[str, deque[asyncio.Future[None]]] = field(default_factory=OrderedDict)
    """By caller; whose turn is next comes first."""

    async def run(self, who: str, job: Callable[[], Result]) -> Result:
        """Do the job in a thread of its own, when it is its turn.

        Raises the 503 problem if that would take too long.
        """
        async with self.place(who):
            # Let in already: there is nothing more to wait for.
            return await to_thread.run_sync(job, limiter=CapacityLimiter(1))

    @asynccontextmanager
    async def place(self, who: str) -> AsyncIterator[None]:
        await self._enter(who)
        try:
            yield
        finally:
            self._leave(who)

    @property
    def length(self) -> int:
        return sum(map(len, self._waiting.values()))

    def _has_room_for(self, who: str) -> bool:
        return self._inside.total() < self.size and self._inside[who] < (self.share or self.size)

    async def _enter(self, who: str) -> None:
        if self._has_room_for(who):
            self._inside[who] += 1
            return
        if self.length >= self.longest:
            self._make_room_for(who)
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(called)
        try:
            await asyncio.wait([called], timeout=self.seconds)
        except asyncio.CancelledError:
            if not called.done():
                self._forget(who, called)
            elif called.exception() is None:
                self._leave(who)
            raise
        if not called.done():
            self._forget(who, called)
            raise come_again()
        called.result()  # or it had to make room

    def is_full_for(self, who: str) -> bool:
        """Whether it is too long, and nobody else has more waiting."""
        if self.length < self.longest:
            return False
        most = max(map(len, self._waiting.values()), default=0)
        return most <= len(self._waiting.get(who, ())) + 1

    def _make_room_for(self, who: str) -> None:
        if self.is_full_for(who):
            raise come_again()
        other = max(self._waiting, key=lambda one: len(self._waiting[one]))
        called = self._waiting[other][-1]
        self._forget(other, called)
        called.set_exception(come_again())

    def _forget(self, who: str, called: asyncio.Future[None]) -> None:
        self._waiting[who].remove(called)
        if not self._waiting[who]:
            del self._waiting[who]

    def _leave(self, who: str) -> None:
        self._inside[who] -= 1
        if not self._inside[who]:
            del self._inside[who]
        for other in self._waiting:
            if self._has_room_for(other):
                called = self._waiting[other].popleft()
                if self._waiting[other]:
                    self._waiting.move_to_end(other)
                else:
                    del self._waiting[other]
                self._inside[other] += 1
                called.set_result(None)
                return


def come_again() -> HTTPException:
    return HTTPException(
        503,
        "Too many requests are being worked on. Nothing was changed; try again.",
        headers={"Retry-After": str(SECONDS_TO_RETRY)},
    )


def address_of(request: Request) -> str:
    """Where the request comes from; a household's or office's IPv6 addresses are one."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


def who_asks(request: Request) -> str:
    """Whose turn it is: the caller, as far as it is known."""
    return getattr(request.state, "caller", "")


class Lines:
    """One line for each kind of work. Together they hold fewer connections than there are."""

    def __init__(self, *, writers: int, solvers: int) -> None:
        self.asking = Line(3)
        """To find out who is calling, and other looks before the work."""
        self.reading = Line(6, share=4)
        self.writing = Line(writers)
        self.judging = Line(2, seconds=6)
        """What takes the processor for a while, and reads."""
        self.hashing = Line(2, connections=2, seconds=4, longest=20)
        """One looks up or stores while the password of the other is compared."""
        self.looking = Line(2)
        """Whether the service can work, which has to be known however much it has to do."""
        self.files = Line(4, connections=0)
        self.pictures = Line(2, connections=0)
        """To read pictures to their end and write them anew, each with much memory."""
        self.solving = Line(solvers, connections=0)
        """To have problems solved, each in a process of its own."""
        assert self.most_connections < MOST_CONNECTIONS  # noqa: S101 - the placer needs one too

    @property
    def most_connections(self) -> int:
        return sum(line.size * line.connections for line in vars(self).values())


WRITERS = {"sqlite": 2, "postgresql": 6}
"""SQLite lets one write at a time, while another one gets ready."""
