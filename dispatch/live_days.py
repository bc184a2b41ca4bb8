"""The plans in force of days, kept in memory, so that a look at one need not read it all again.

The log of changes says what has changed since the last look; only that is read. What is kept serves
to look for places and to judge changes; whatever is published is checked against the database.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from dispatch.live_day import LiveDay, live_day_of
from dispatch.models import LogEntry, Plan, Position
from dispatch.settings import Settings
from dispatch.snapshot import LONGEST_ROUTE, Scope, Snapshot, load_snapshot, reload_snapshot

DAYS_KEPT = 4
OLDEST = timedelta(seconds=15)
"""What was worked out so long ago is still right for looking at, if nothing has changed."""
MOST_CHANGES = 500
"""After more changes than these, everything is read anew."""
OVERLAP = 500
"""A transaction that began before others may commit after them: so many entries before the last
one seen are looked at again."""
OF_A_DAY = frozenset({"job", "plan"})
"""Changes of these are read one by one."""
APART = frozenset(
    {
        "account",
        "alert",
        "alert_rule",
        "alert_source",
        "asset",
        "dead_letter",
        "device",
        "job_template",
        "key",
        "placement",
        "run",
        "webhook",
    }
)
"""Changes of these do not change any day; those of anything else have everything read anew."""


@dataclass(frozen=True, slots=True)
class _Seen:
    last_id: int
    ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Kept:
    snapshot: Snapshot
    live: LiveDay
    seen: _Seen


class LiveDays:
    """Gives the plan in force of any day, as it is now; for several threads at once."""

    def __init__(self, reading: Engine, settings: Settings) -> None:
        self._reading = reading
        self._settings = settings
        self._kept: OrderedDict[date, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, day: date, at: datetime) -> LiveDay:
        """The day's plan as of the moment ``at``, for the caller to try changes on.

        Raises ``InvalidProblem`` if the rows contradict each other.
        """
        with self._lock, Session(self._reading) as session:
            kept = self._kept.pop(day, None)
            kept = self._fresh(session, day, at, kept)
            self._kept[day] = kept
            while len(self._kept) > DAYS_KEPT:
                self._kept.popitem(last=False)
        return kept.live.copy()

    def _fresh(self, session: Session, day: date, at: datetime, kept: _Kept | None) -> _Kept:
        if kept is None or not timedelta() <= at - kept.snapshot.taken_at <= LONGEST_ROUTE:
            return self._anew(session, day, at)
        changes = self._changes(session, kept.seen)
        if changes is None:
            return self._anew(session, day, at)
        seen, jobs = changes
        is_old = at - kept.snapshot.taken_at > OLDEST
        if not jobs and not is_old and self._is_unmoved(session, kept.snapshot):
            return replace(kept, seen=seen)
        snapshot = reload_snapshot(session, kept.snapshot, jobs, at, self._settings.freeze)
        if snapshot is None:
            return self._anew(session, day, at)
        return self._kept_of(snapshot, seen)

    def _anew(self, session: Session, day: date, at: datetime) -> _Kept:
        last_id = session.exec(select(func.max(LogEntry.id))).one() or 0
        recent = session.exec(select(LogEntry.id).where(col(LogEntry.id) > last_id - OVERLAP))
        seen = _Seen(last_id, frozenset(id_ or 0 for id_ in recent))
        snapshot = load_snapshot(session, Scope(day, day), at, self._settings.freeze)
        return self._kept_of(snapshot, seen)

    def _kept_of(self, snapshot: Snapshot, seen: _Seen) -> _Kept:
        return _Kept(snapshot, live_day_of(snapshot, self._settings), seen)

    def _changes(self, session: Session, seen: _Seen) -> tuple[_Seen, frozenset[str]] | None:
        """What has been seen now, and the jobs that have changed; None if too much has."""
        entries = session.exec(
            select(LogEntry.id, LogEntry.entity, LogEntry.entity_id).where(
                col(LogEntry.id) > seen.last_id - OVERLAP
            )
        ).all()
        new = [(entity, id_) for log_id, entity, id_ in entries if log_id not in seen.ids]
        entities = {entity for entity, _ in new}
        if len(new) > MOST_CHANGES or entities - OF_A_DAY - APART:
            return None
        last_id = max((log_id or 0 for log_id, *_ in entries), default=seen.last_id)
        ids = frozenset(
            log_id for log_id, *_ in entries if log_id is not None and log_id > last_id - OVERLAP
        )
        return _Seen(last_id, ids), frozenset(id_ for entity, id_ in new if entity == "job")

    def _is_unmoved(self, session: Session, snapshot: Snapshot) -> bool:
        """Whether routes and technicians are where they were."""
        version = session.exec(select(func.max(Plan.version))).one() or 0
        seen_at = max(
            (facts.position.at for facts in snapshot.technicians if facts.position), default=None
        )
        newest = session.exec(select(func.max(Position.at))).one()
        return version == snapshot.based_on_version and newest == seen_at
