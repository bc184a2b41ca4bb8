"""The plans in force of days, kept in memory, so that a look at one need not read it all again.

The log of changes says what has changed since the last look; only that is read, and if the day is
as it was, nothing is worked out anew. What is kept serves to look for places and to judge changes;
whatever is published is checked against the database.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, func, select

from dispatch.events.news import News, SeenEntries, changed_jobs, news_since, seen_now
from dispatch.models import Plan, Position
from dispatch.planning.live_day import LiveDay
from dispatch.planning.loading import live_day_of
from dispatch.planning.snapshot import (
    LONGEST_ROUTE,
    Scope,
    Snapshot,
    load_snapshot,
    reload_snapshot,
)
from dispatch.settings import Settings

DAYS_KEPT = 4
OLDEST = timedelta(seconds=15)
"""What was worked out so long ago is still right for looking at, if nothing has changed."""
MOST_CHANGES = 500
"""After more changes than these, everything is read anew."""


@dataclass(frozen=True, slots=True)
class _KeptDay:
    snapshot: Snapshot
    live: LiveDay
    seen: SeenEntries


@dataclass(slots=True)
class _Day:
    """One day, and whoever asks for it."""

    kept: _KeptDay | None = None
    asked: int = 0
    """How many have asked so far; each has the next number."""
    answered: int = 0
    """What is kept was read after so many had asked."""
    is_being_read: bool = False


class LiveDays:
    """Gives the plan in force of any day, as it is now; for several threads at once.

    Whoever asks while the day is being read waits for the next reading, since this one may have
    begun too early to see all that they have to see; one reading then serves all who have come
    meanwhile. Nobody waits while holding a connection (see ``store.let_go``).
    """

    def __init__(self, reading: Engine, settings: Settings) -> None:
        self._reading = reading
        self._settings = settings
        self._news = News(reading)
        self._days: OrderedDict[date, _Day] = OrderedDict()
        self._changed = threading.Condition()

    def at(self, day: date, at: datetime) -> LiveDay:
        """The day's plan as of the moment ``at``, for the caller to try changes on.

        Raises ``InvalidProblem`` if the rows contradict each other.
        """
        with self._changed:
            one = self._days.setdefault(day, _Day())
            self._days.move_to_end(day)
            one.asked += 1
            number = one.asked
            while one.is_being_read:
                self._changed.wait()
                if one.answered >= number and one.kept is not None and _is_near(one.kept, at):
                    return one.kept.live.copy()
            one.is_being_read = True
            served, kept = one.asked, one.kept
        try:
            upto = self._news.upto()
            with Session(self._reading) as session:
                kept = self._fresh(session, day, at, kept, upto)
        except BaseException:
            kept = None
            raise
        finally:
            with self._changed:
                one.kept, one.is_being_read = kept, False
                if kept is not None:
                    one.answered = served
                self._forget_oldest()
                self._changed.notify_all()
        return kept.live.copy()

    def _forget_oldest(self) -> None:
        for day in list(self._days)[:-DAYS_KEPT]:
            if not self._days[day].is_being_read:
                del self._days[day]

    def _fresh(
        self, session: Session, day: date, at: datetime, kept: _KeptDay | None, upto: int | None
    ) -> _KeptDay:
        if kept is None or not -OLDEST <= at - kept.snapshot.taken_at <= LONGEST_ROUTE:
            return self._anew(session, day, at, upto)
        # Who came first is not always who reads first.
        at = max(at, kept.snapshot.taken_at)
        changes = self._changes(session, kept.seen, upto)
        if changes is None:
            return self._anew(session, day, at, upto, kept)
        seen, jobs = changes
        is_old = at - kept.snapshot.taken_at > OLDEST
        if not jobs and not is_old and self._is_unmoved(session, kept.snapshot):
            return replace(kept, seen=seen)
        snapshot = reload_snapshot(session, kept.snapshot, jobs, at, self._settings.freeze)
        if snapshot is None:
            return self._anew(session, day, at, upto, kept)
        return self._kept_of(snapshot, seen, kept)

    def _anew(
        self,
        session: Session,
        day: date,
        at: datetime,
        upto: int | None,
        kept: _KeptDay | None = None,
    ) -> _KeptDay:
        seen = seen_now(session, upto)
        snapshot = load_snapshot(session, Scope(day, day), at, self._settings.freeze)
        return self._kept_of(snapshot, seen, kept)

    def _kept_of(self, snapshot: Snapshot, seen: SeenEntries, kept: _KeptDay | None) -> _KeptDay:
        if kept is not None and _is_same(kept.snapshot, snapshot):
            same = replace(kept.snapshot, based_on_version=snapshot.based_on_version)
            return _KeptDay(same, kept.live, seen)
        before = None if kept is None else kept.live
        return _KeptDay(snapshot, live_day_of(snapshot, self._settings, before), seen)

    def _changes(
        self, session: Session, seen: SeenEntries, upto: int | None
    ) -> tuple[SeenEntries, frozenset[str]] | None:
        """What has been seen now, and the jobs that have changed; None if too much has."""
        seen, news = news_since(session, seen, upto, MOST_CHANGES)
        jobs = None if news is None else changed_jobs(session, news)
        return None if jobs is None else (seen, jobs)

    def _is_unmoved(self, session: Session, snapshot: Snapshot) -> bool:
        """Whether routes and technicians are where they were."""
        version = session.exec(select(func.max(Plan.version))).one() or 0
        seen_at = max(
            (facts.position.at for facts in snapshot.technicians if facts.position), default=None
        )
        newest = session.exec(select(func.max(Position.at))).one()
        return version == snapshot.based_on_version and newest == seen_at


def _is_same(before: Snapshot, after: Snapshot) -> bool:
    """Whether nothing of what has changed since concerns the day, so soon after that what was
    worked out for then is still right."""
    if after.taken_at - before.taken_at > OLDEST:
        return False
    same = replace(
        after,
        taken_at=before.taken_at,
        frozen_until=before.frozen_until,
        based_on_version=before.based_on_version,
    )
    return same == before


def _is_near(kept: _KeptDay, at: datetime) -> bool:
    """Whether what was worked out for one moment is right for the other, if nothing has changed."""
    return abs(at - kept.snapshot.taken_at) <= OLDEST
