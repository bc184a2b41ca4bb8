"""Events as they happen, for any number of listeners in this process.

One thread looks for new events, as long as anybody listens, and keeps the latest. Each listener
reads them at its own pace and is told when there are more; one that has fallen behind what is kept
reads on from the database. So nobody waits for anybody, and a listener costs neither a thread nor a
connection.

Before it hands on what it has found, it asks whether those who listen may still do so, and turns
away who may not. It asks the database, since another service may have signed them out, and after
the events were found: whatever was stored after a listener's door had been closed does not reach
that listener.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from time import monotonic

from sqlmodel import Session

from dispatch.access.callers import Caller, turned_away
from dispatch.engines import connect
from dispatch.events.events import (
    EventOut,
    events_between,
    newest_entry,
    progress_of,
    removed_upto,
    running,
)
from dispatch.events.horizon import LogHorizon
from dispatch.models import now
from dispatch.settings import Settings
from dispatch.store import reading

LOOK_EVERY_SECONDS = 0.1
LOOK_UNHEARD_SECONDS = 1.0
"""While nobody listens: then it is known how far the log goes when somebody comes while others are
writing."""
ASK_EVERY_SECONDS = 1.0
"""Whether listeners may stay, while nothing happens."""
PROGRESS_EVERY_SECONDS = 1.0
AFTER_FAILURE_SECONDS = 2.0
KEPT = 2_000
AT_ONCE = 500
"""Events read from the database in one go."""

logger = logging.getLogger(__name__)


class Feed:
    """Looks for events from start to stop, while there are listeners."""

    def __init__(self, settings: Settings) -> None:
        self._engine = connect(settings.database_url)
        self._horizon = LogHorizon(self._engine)
        self._lock = threading.Lock()
        self._wakers: dict[Listener, Callable[[], None]] = {}
        self._kept: deque[EventOut] = deque(maxlen=KEPT)
        self._count = 0
        """How many events have ever been kept."""
        self._upto: int | None = None
        """The log entry up to which the kept ones go; None while nobody listens."""
        self._progress: dict[str, tuple[float, int | None]] = {}
        self._progress_due = 0.0
        self._asking_due = 0.0
        self._closed = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._work, name="feed", daemon=True)
        self._catching_up = ThreadPoolExecutor(2, thread_name_prefix="catching up")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Let all listeners find that it is over, at once."""
        self._closed.set()
        self._hurry.set()
        self._wake_all()

    def stop(self) -> None:
        """Close, and end after the look under way."""
        self.close()
        if self._thread.ident is not None:
            self._thread.join()
        self._catching_up.shutdown(cancel_futures=True)
        self._engine.dispose()

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._wakers)

    def tell(self, event: EventOut) -> None:
        """Hand on what is in no log, to all who listen now."""
        self._keep([event], None)

    @contextmanager
    def listen(
        self, after: int | None, wake: Callable[[], None], caller: Caller | None = None
    ) -> Iterator["Listener"]:
        """A listener to all events behind the one with the id ``after`` (None: from now on), for as
        long as what ``caller`` has shown holds.

        ``wake`` is called, in any thread, when it has begun, when there is something to take, and
        when it is over.
        """
        listener = Listener(self, after, caller)
        with self._lock:
            self._wakers[listener] = wake
        self._hurry.set()
        try:
            yield listener
        finally:
            with self._lock:
                del self._wakers[listener]
                if not self._wakers and not self.is_closed:
                    self._upto = None
                    self._kept.clear()

    def _wake_all(self) -> None:
        with self._lock:
            wakers = list(self._wakers.values())
        for wake in wakers:
            wake()

    def _work(self) -> None:
        while True:
            self._hurry.clear()
            if self.is_closed:
                return
            try:
                self._look()
            except Exception:
                # A database that is busy or away; where to go on is known.
                if self._wakers:
                    logger.warning("Could not look for events", exc_info=True)
                self._closed.wait(AFTER_FAILURE_SECONDS)
            self._hurry.wait(LOOK_EVERY_SECONDS if self._wakers else LOOK_UNHEARD_SECONDS)

    def _look(self) -> None:
        with self._lock:
            # Whoever comes later begins with the next look: this one may have found less than was
            # stored before they came.
            listeners = list(self._wakers)
        settled = self._horizon.find()
        if not listeners:
            return
        self._turn_away(listeners, settled)
        if settled is None:
            return
        with self._lock:
            if self._upto is None and self._wakers:
                self._upto = settled
            upto = self._upto
        while upto is not None and upto < settled and not self.is_closed:
            with Session(reading(self._engine)) as session:
                events, upto = events_between(session, upto, settled, AT_ONCE)
            self._keep(events, upto)
        self._let_begin(listeners)
        if monotonic() >= self._progress_due:
            self._progress_due = monotonic() + PROGRESS_EVERY_SECONDS
            self._keep(self._new_progress(), None)

    def _turn_away(self, listeners: list["Listener"], settled: int | None) -> None:
        """Let those find that it is over who may not listen any more."""
        if settled == self._upto and monotonic() < self._asking_due:
            return
        self._asking_due = monotonic() + ASK_EVERY_SECONDS
        callers = {one.caller for one in listeners if one.caller is not None}
        with Session(reading(self._engine)) as session:
            gone = turned_away(session, callers, now())
        for listener in listeners:
            if listener.caller in gone:
                listener.is_turned_away = True
                self._wake(listener)

    def _let_begin(self, listeners: list["Listener"]) -> None:
        new = [one for one in listeners if not one.has_begun]
        with self._lock:
            for listener in new:
                listener._begin()
        for listener in new:
            self._wake(listener)

    def _wake(self, listener: "Listener") -> None:
        with self._lock:
            wake = self._wakers.get(listener)
        if wake is not None:
            wake()

    def _keep(self, events: list[EventOut], upto: int | None) -> None:
        with self._lock:
            if self._upto is None:
                # The last listener has left meanwhile.
                return
            self._upto = self._upto if upto is None else upto
            self._kept.extend(events)
            self._count += len(events)
        if events:
            self._wake_all()

    def _new_progress(self) -> list[EventOut]:
        with Session(reading(self._engine)) as session:
            runs = running(session)
        before = self._progress
        self._progress = {run.id: (run.progress, run.objective) for run in runs}
        return [progress_of(run) for run in runs if self._progress[run.id] != before.get(run.id)]


class Listener:
    """Takes the events of a feed, each once and in order. ``last`` is the id of what was taken."""

    def __init__(self, feed: Feed, after: int | None, caller: Caller | None) -> None:
        self._feed = feed
        self._place: int | None = None
        """How many of the events ever kept it has behind it; None: it reads from the database."""
        self._is_new = True
        self.last = after
        self.caller = caller
        self.has_begun = False
        """From then on it is told whatever is stored."""
        self.is_turned_away = False
        """Whether its caller may listen no more."""

    @property
    def is_over(self) -> bool:
        return self._feed.is_closed or self.is_turned_away

    def _begin(self) -> None:
        """Without an id to go on from: behind all that was found, in a look that began later."""
        feed = self._feed
        if self.last is None:
            self.last, self._place = feed._upto, feed._count
        self.has_begun = self.last is not None

    def take(self) -> list[EventOut] | None:
        """What has happened since, which may be nothing; None: ``catch_up`` first."""
        feed = self._feed
        with feed._lock:
            if feed._upto is None or self.last is None or self.is_turned_away:
                return []
            first = feed._count - len(feed._kept)
            if self._place is None or self._place < first:
                return None
            events = list(islice(feed._kept, self._place - first, None))
            self._place = feed._count
            upto = feed._upto
        # One that was taken from another service may be ahead of what this one has seen.
        behind = self.last
        self.last = max(self.last, upto)
        return [event for event in events if event.id is None or event.id > behind]

    def catch_up(self) -> Future[list[EventOut]]:
        """The next events from the database, in another thread; not all if there are many."""
        return self._feed._catching_up.submit(self._catch_up)

    def _catch_up(self) -> list[EventOut]:
        feed = self._feed
        with feed._lock:
            upto, count = feed._upto, feed._count
        if upto is None or self.last is None:
            return []
        with Session(reading(feed._engine)) as session:
            if self._is_new and self.last > upto and self.last > newest_entry(session):
                return [self._begin_anew(upto, count)]
            removed = removed_upto(session) if self._is_new else 0
            if self.last < removed:
                return [self._begin_anew(removed, None)]
            self._is_new = False
            events, reached = events_between(session, self.last, upto, AT_ONCE)
        if reached >= upto:
            self._place = count
        self.last = max(self.last, reached)
        return events

    def _begin_anew(self, upto: int, count: int | None) -> EventOut:
        """Say that the id to go on from is none, as when a backup of the database was restored, or
        is none any more, because the log does not go back so far."""
        asked, self.last, self._place, self._is_new = self.last, upto, count, False
        return EventOut(
            id=upto,
            type="feed.reset",
            at=now(),
            actor="service",
            entity="feed",
            entity_id="events",
            after={"asked_for": asked, "continues_behind": upto},
        )
