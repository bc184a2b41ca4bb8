"""What does not hold any more of all that is in force, kept by day for all who ask."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.events.news import (
    News,
    SeenEntries,
    changed_jobs,
    is_apart,
    news_since,
    seen_now,
)
from dispatch.planning.grounds import Grounds, RoutesInForce, grounds_of, still_standing
from dispatch.planning.looks import DayLook, look_again, look_at
from dispatch.planning.unable import BrokenVisit
from dispatch.settings import Settings
from dispatch.store import let_go, only_reads

MOST_CHANGES = 2_000
"""After more changes than these, everything is looked at again, whatever they are about."""
LOOKS_KEPT = 4
"""Of the days that were looked at last the rows are kept as well, to look at them again with."""


def broken_visits(
    session: Session,
    settings: Settings,
    at: datetime,
    *,
    technician_ids: Collection[str] | None = None,
    days: Collection[date] | None = None,
) -> dict[str, BrokenVisit]:
    """By job, the visits on routes in force that are not over, of these technicians (None: of all)
    on these days (None: on all), that their technicians are not there for, or cannot attend.

    A day whose rows contradict each other is passed over, and logged with its faults.
    """
    found: dict[str, BrokenVisit] = {}
    for day, theirs in sorted(RoutesInForce(session, at).technicians.items()):
        chosen = theirs if technician_ids is None else theirs & {*technician_ids}
        if chosen and (days is None or day in days):
            found |= look_at(session, settings, at, day, chosen).found
    return found


class Conflicts:
    """What ``broken_visits`` finds, kept by day until something has changed that concerns the day:
    many ask for the same, and of a year's changes most concern one day.

    Whoever asks while somebody looks at a day waits for what that look finds, and takes it if it
    began after they came, or nothing has changed since that concerns the day. Nobody waits while
    holding a connection (``store.let_go``); a session that writes cannot give its own back, and
    looks by itself.
    """

    def __init__(self, reading: Engine, settings: Settings) -> None:
        self._settings = settings
        self._news = News(reading)
        self._days: dict[date, _WatchedDay] = {}
        self._keeping = threading.Lock()
        self._begun = 0
        """How many looks have begun; each has its number."""

    def at(
        self, session: Session, at: datetime, days: Collection[date] | None = None
    ) -> Mapping[str, BrokenVisit]:
        """Of these days (None: of all), as the session sees it in that minute: as time goes by,
        routes end and visits begin."""
        # As the board, so that asking again soon finds the same.
        at = at.replace(second=0, microsecond=0)
        came = self._begun
        mine: dict[date, _KeptDay] = {}
        """Looks that began after they came: these need not be asked about again."""
        while True:
            wanted = RoutesInForce(session, at).technicians if days is None else days
            found = mine | self._kept(session, at, set(wanted) - mine.keys())
            missing = sorted(set(wanted) - found.keys())
            if not missing:
                return {name: one for day in wanted for name, one in found[day].found.items()}
            if not only_reads(session):
                return broken_visits(session, self._settings, at, days=days)
            self._look_or_wait(session, at, missing)
            for day in missing:
                with self._keeping:
                    kept = self._days[day].kept if day in self._days else None
                if kept is not None and kept.at == at and kept.number > came:
                    mine[day] = kept

    def _look_or_wait(self, session: Session, at: datetime, days: Sequence[date]) -> None:
        """Look at the first of the days that nobody is looking at, or wait for one of them."""
        with self._keeping:
            watched = [(day, self._days.setdefault(day, _WatchedDay())) for day in days]
        for day, one in watched:
            if one.looking.acquire(blocking=False):
                try:
                    self._look(session, at, day)
                finally:
                    one.looking.release()
                return
        let_go(session)
        with watched[0][1].looking:
            pass

    def _look(self, session: Session, at: datetime, day: date) -> None:
        with self._keeping:
            self._begun += 1
            number = self._begun
            before = self._days[day].kept if day in self._days else None
        let_go(session)  # what it sees is to be as new as the look
        upto = self._news.upto()
        seen = seen_now(session, upto)
        theirs = RoutesInForce(session, at).technicians.get(day)
        grounds, look = Grounds(day, frozenset()), None
        if theirs:
            look = self._look_at(session, at, day, theirs, None if before is None else before.rows)
            grounds = grounds_of(look.snapshot, self._settings.zone)
        found = {} if look is None else look.found
        rows = None if look is None else _Rows(look, seen)
        kept = _KeptDay(seen, at, number, found, grounds, rows)
        with self._keeping:
            self._days.setdefault(day, _WatchedDay()).kept = kept
            self._forget(at)

    def _look_at(
        self,
        session: Session,
        at: datetime,
        day: date,
        technician_ids: Collection[str],
        before: "_Rows | None",
    ) -> DayLook:
        # Each minute everything is looked at once, whatever the log says.
        if before is not None and before.look.snapshot.taken_at == at:
            _, news = news_since(session, before.seen, None, MOST_CHANGES)
            changed = None if news is None else changed_jobs(session, news)
            if changed is not None:
                look = before.look
                return look_again(session, self._settings, look, changed, technician_ids)
        return look_at(session, self._settings, at, day, technician_ids)

    def _forget(self, at: datetime) -> None:
        """What was found before that moment, and the rows of days looked at before others."""
        for day, one in list(self._days.items()):
            if one.kept is not None and one.kept.at < at and not one.looking.locked():
                del self._days[day]
        kept = [one.kept.number for one in self._days.values() if one.kept and one.kept.rows]
        oldest = min(sorted(kept)[-LOOKS_KEPT:], default=0)
        for one in self._days.values():
            if one.kept is not None and one.kept.number < oldest:
                one.kept = replace(one.kept, rows=None)

    def _kept(
        self, session: Session, at: datetime, days: Collection[date]
    ) -> dict[date, "_KeptDay"]:
        """Those of the days that are known, and are still as they were for all that the session
        sees."""
        with self._keeping:
            kept = {
                day: one.kept
                for day, one in self._days.items()
                if day in days and one.kept is not None and one.kept.at == at
            }
        by_seen: dict[SeenEntries, dict[date, _KeptDay]] = {}
        for day, one in kept.items():
            by_seen.setdefault(one.seen, {})[day] = one
        found: dict[date, _KeptDay] = {}
        newest: SeenEntries | None = None
        for before, some in by_seen.items():
            seen, news = news_since(session, before, None, MOST_CHANGES)
            if news is None:
                continue
            if not is_apart(news):
                jobs = changed_jobs(session, news)
                if jobs is None:
                    continue
                looks = [one.grounds for one in some.values()]
                same = still_standing(session, looks, jobs, at, self._settings.zone)
                some = {day: some[day] for day in same}
            found |= some
            if newest is None or seen.upto > newest.upto:
                newest = seen
        if newest is not None and only_reads(session):
            # Who writes may take back what they have logged. All have seen the same by now.
            self._keep_seen(found, newest)
        return found

    def _keep_seen(self, same: Mapping[date, "_KeptDay"], seen: SeenEntries) -> None:
        """Nobody has to go through these news again."""
        with self._keeping:
            for day, one in same.items():
                watched = self._days.get(day)
                if watched is not None and watched.kept is one and one.seen != seen:
                    watched.kept = replace(one, seen=seen)


@dataclass(frozen=True, slots=True)
class _KeptDay:
    seen: SeenEntries
    at: datetime
    number: int
    found: Mapping[str, BrokenVisit]
    grounds: Grounds
    rows: "_Rows | None"
    """To look at it again with; None where there is nothing to look at, and where several others
    were looked at since."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """What was read for a look, when so much of the log had been seen. What has changed since, but
    left what was found as it was, is not in it."""

    look: DayLook
    seen: SeenEntries


@dataclass(slots=True)
class _WatchedDay:
    """One day, and whoever looks at it."""

    kept: _KeptDay | None = None
    looking: threading.Lock = field(default_factory=threading.Lock)
