"""What has to be decided, kept until something changes, and told to listeners when it does.

Most looks find that nothing was committed (see ``watch``), and then the list is the one before. It
is made anew when something was, and each minute, since lateness comes with the clock alone.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.events.events import EventOut
from dispatch.events.feed import Feed
from dispatch.models import now
from dispatch.planning.conflicts import Conflicts
from dispatch.service.watch import ChangedEntity, Seen, Watch
from dispatch.settings import Settings
from dispatch.settling.issues import Issue
from dispatch.settling.lateness import Lateness
from dispatch.settling.listing import list_issues

LOOK_EVERY_SECONDS = 0.5
AFTER_FAILURE_SECONDS = 2.0
APART = frozenset(
    {
        "account",
        "alert",
        "alert_rule",
        "asset",
        "calendar_link",
        "device",
        "job_template",
        "key",
        "webhook",
    }
)
"""Changes of these alone open no issue and end none."""
CHANGED = "issue.changed"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IssuesAtMoment:
    """What has to be decided, as it was found."""

    issues: Sequence[Issue]
    """The weightiest first."""
    taken_at: datetime
    """The full minute as of which times are expected."""
    is_current: bool = True
    """Whether nothing is known to have changed since that may open an issue or end one."""

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(issue.id for issue in self.issues)


class CurrentIssues:
    """Gives the list as it is now; for several threads at once.

    One thread makes it, for all who have come before it begins. After a change of many routes that
    may take a second or more, for which nobody has to wait. ``tell`` is told when issues have come
    or gone.
    """

    def __init__(
        self,
        reading: Engine,
        settings: Settings,
        conflicts: Conflicts,
        watch: Watch,
        tell: Callable[[EventOut], object],
    ) -> None:
        self._tell = tell
        self._reading, self._settings = reading, settings
        self._conflicts, self._watch = conflicts, watch
        self._lateness = Lateness(settings)
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="issues")
        self._keeping = threading.Lock()
        self._kept: tuple[IssuesAtMoment, Seen] | None = None
        self._next: Future[IssuesAtMoment] | None = None

    def as_of(self, seen: Seen, patience: float | None = None) -> IssuesAtMoment:
        """With all that was stored when the caller had ``seen`` so far; after ``patience`` seconds
        (None: however long it takes) the last that was made, if there is any, which then is said
        not to be current."""
        minute = _this_minute()
        with self._keeping:
            found = self._fresh(minute, seen)
            if found is not None:
                return found
            if self._next is None or self._next.running() or self._next.done():
                # The one under way may have begun too early.
                self._next = self._maker.submit(self._make)
            making, kept = self._next, self._kept
        try:
            return making.result(None if kept is None else patience)
        except TimeoutError:
            if kept is None or making.done():
                raise
        return replace(kept[0], is_current=False)

    def start(self) -> None:
        """Make the first list at once: it takes longest."""
        with self._keeping:
            self._next = self._maker.submit(self._make)

    def stop(self) -> None:
        """Make no more, and end after the one under way."""
        self._maker.shutdown(cancel_futures=True)

    def _fresh(self, minute: datetime, seen: Seen) -> IssuesAtMoment | None:
        """What is kept, if that is what would be made now."""
        if self._kept is None or self._kept[0].taken_at != minute:
            return None
        found, before = self._kept
        changes = self._changes(before, seen)
        if changes is None or any(one.entity not in APART for one in changes):
            return None
        self._kept = found, max(before, seen)
        return found

    def _make(self) -> IssuesAtMoment:
        # What is committed from here on may be in it, and is looked for again.
        minute, seen = _this_minute(), self._watch.look()
        kept = self._kept
        changes = None if kept is None else self._changes(kept[1], seen)
        with Session(self._reading) as session:
            late = self._lateness.at(session, minute, changes)
            broken = self._conflicts.at(session, minute)
            found = list_issues(session, self._settings, minute, broken, late)
        made = IssuesAtMoment(found, minute)
        with self._keeping:
            self._kept = made, seen
        # Whoever has read the list before it was another one is told, whoever had this one made.
        if kept is not None and kept[0].ids != made.ids:
            self._tell(changed(kept[0].ids, made.ids))
        return made

    def _changes(self, before: Seen, seen: Seen) -> Sequence[ChangedEntity] | None:
        """What may be different now; None: too much to tell."""
        return () if seen.commits <= before.commits else self._watch.since(before)


def _this_minute() -> datetime:
    return now().replace(second=0, microsecond=0)


class IssueWatcher:
    """Has the list made whenever it may have changed, while a feed has listeners, from start to
    stop; these are told by who makes it."""

    def __init__(self, current: CurrentIssues, watch: Watch, feed: Feed) -> None:
        self._current, self._watch, self._feed = current, watch, feed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="issue watcher", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look under way."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            try:
                self.look()
            except Exception:
                # A database that is busy or away: what has changed is found by the next look.
                logger.warning("Could not look for issues", exc_info=True)
                self._stopping.wait(AFTER_FAILURE_SECONDS)

    def look(self) -> None:
        """Have it made, if anybody listens and it is not as it was."""
        if self._feed.is_heard:
            self._current.as_of(self._watch.look())


def changed(before: frozenset[str], after: frozenset[str]) -> EventOut:
    """That issues have come (``opened``) and gone (``ended``)."""
    return EventOut(
        id=None,
        type=CHANGED,
        at=now(),
        actor="service",
        entity="issue",
        entity_id="all",
        after={
            "opened": sorted(after - before),
            "ended": sorted(before - after),
            "count": len(after),
        },
    )
