"""What does not hold any more of all that is in force, whole days at a time.

To what ``unable`` finds this adds what only all routes of a day tell together: parts and tools that
are not in the van any more, nor at the depot, and visits that a route has no room for since a
place, a depot or somebody's hours have changed.
"""

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from dispatch.models import OVER, PLANNABLE
from dispatch.planning.facts import JobFacts, job_facts
from dispatch.planning.grounds import Grounds, RoutesInForce, grounds_of, still_standing
from dispatch.planning.limits import OverLimit
from dispatch.planning.live_day import LiveDay
from dispatch.planning.outgrown import outgrown
from dispatch.planning.plan_rows import in_force, shift_key
from dispatch.planning.snapshot import Scope, Snapshot, jobs_on, load_snapshot
from dispatch.planning.torn import torn
from dispatch.planning.translate import to_problem
from dispatch.planning.translation import Translation
from dispatch.planning.unable import BrokenVisit, Cause, Why, unable
from dispatch.planning.van import Shortfall
from dispatch.settings import Settings
from dispatch.store import let_go, only_reads
from solver.judge.check import check
from solver.problem import InvalidProblem
from solver.solution import Route as SolvedRoute
from solver.solution import Rule, Solution, StopKind, Violation

MOST_CHANGES = 2_000
"""After more changes than these, everything is looked at again, whatever they are about."""

logger = logging.getLogger(__name__)


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
            found |= _look_at(session, settings, at, day, chosen)[1]
    return found


def _look_at(
    session: Session,
    settings: Settings,
    at: datetime,
    day: date,
    technician_ids: Iterable[str],
) -> tuple[Snapshot, dict[str, BrokenVisit]]:
    scope = Scope(day, day, None, frozenset(technician_ids), frozenset())
    snapshot = load_snapshot(session, scope, at)
    theirs = jobs_on(snapshot.live)
    begun = [
        job
        for name in sorted(theirs)
        for job in [snapshot.live_jobs[name]]
        if job.status not in {*PLANNABLE, *OVER}
    ]
    facts = [*snapshot.jobs, *job_facts(session, begun)]
    by_job = {one.job.id: one for one in facts}
    try:
        return snapshot, broken_on(snapshot, settings, by_job)
    except InvalidProblem as error:
        # The other days are to be looked at all the same.
        logger.error("The routes in force on %s cannot be looked at: %s", day, error)
        return snapshot, {}


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
        let_go(session)  # what it sees is to be as new as the look
        upto = self._news.upto()
        seen = seen_now(session, upto)
        theirs = RoutesInForce(session, at).technicians.get(day)
        grounds, found = Grounds(day, frozenset()), dict[str, BrokenVisit]()
        if theirs:
            snapshot, found = _look_at(session, self._settings, at, day, theirs)
            grounds = grounds_of(snapshot, self._settings.zone)
        kept = _KeptDay(seen, at, number, found, grounds)
        with self._keeping:
            self._forget_before(at)
            self._days.setdefault(day, _WatchedDay()).kept = kept

    def _forget_before(self, at: datetime) -> None:
        for day, one in list(self._days.items()):
            if one.kept is not None and one.kept.at < at and not one.looking.locked():
                del self._days[day]

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


@dataclass(slots=True)
class _WatchedDay:
    """One day, and whoever looks at it."""

    kept: _KeptDay | None = None
    looking: threading.Lock = field(default_factory=threading.Lock)


def broken_on(
    snapshot: Snapshot, settings: Settings, facts: Mapping[str, JobFacts]
) -> dict[str, BrokenVisit]:
    """As ``broken_visits``, on the routes of the snapshot, which freezes nothing; ``facts`` are
    those of all jobs on them that are not over."""
    found = unable(snapshot, settings, facts)
    leaving = {name for name, one in found.items() if one.leaves}
    waiting = {one.job.id for one in snapshot.jobs}
    snapshot = replace(snapshot, unable=frozenset(leaving & waiting))
    translation = to_problem(snapshot, settings)
    free = waiting - translation.begun
    if found:
        found = {
            name: one if name in free else replace(one, leaves=False, has_begun=True)
            for name, one in found.items()
        }
    where = {
        stop.job_id: (live.route, stop)
        for live in snapshot.live
        for stop in live.stops
        if stop.job_id is not None
    }

    def broken(name: str, cause: Cause, *, leaves: bool) -> BrokenVisit:
        route, stop = where[name]
        return BrokenVisit(
            name,
            route.technician_id,
            route.day,
            route.shift_starts_at,
            stop.start_at,
            cause,
            leaves,
        )

    for name in where.keys() & facts.keys() - found.keys():
        # Also on routes under way, from which nothing else can be told of it.
        job = facts[name].job
        if job.status in PLANNABLE and snapshot.sites[job.site_id].latitude is None:
            found[name] = broken(name, NOWHERE, leaves=False)
    for name, short in translation.shares.lacking.items():
        if name in free and not (name in found and found[name].leaves):
            found[name] = broken(name, lack_of(short), leaves=not short.calls)
    for name, over in translation.over.items():
        if name in free and not (name in found and found[name].leaves):
            found[name] = broken(name, _too_much(over), leaves=True)
    for name, message in outgrown(translation).items():
        if name in free and name not in found:
            found[name] = broken(name, Cause(Why.NO_TIME, message), leaves=False)
    for name, cause in torn(snapshot, free, settings.late_after).items():
        if name not in found:
            found[name] = broken(name, cause, leaves=False)
    solution = in_force(translation)
    if solution is None:
        return found
    routes = [_without(route, found) for route in solution.routes]
    violations = check(translation.problem, Solution(tuple(routes), (), {}))
    for name in _without_room(translation, routes, violations) - found.keys():
        found[name] = broken(name, NO_ROOM, leaves=False)
    return found


OF_TIME = frozenset({Rule.TRAVEL, Rule.SHIFT, Rule.TIME_WINDOWS, Rule.BREAKS})
"""What these find may be visits that do not fit in any more."""
NO_ROOM = Cause(Why.NO_TIME, "It does not fit into the route any more as things are.")
NOWHERE = Cause(Why.NOWHERE, "Its site has no coordinates.")


def _without_room(
    translation: Translation, routes: Sequence[SolvedRoute], violations: Iterable[Violation]
) -> set[str]:
    """Visits on routes that are not under way yet that their routes cannot keep: what has become of
    the others was lost to the time of day."""
    histories = {shift_key(history.route) for history in translation.histories}
    live = {
        shift_key(one.route): one.job_ids
        for one in translation.snapshot.live
        if one.route.start_at >= translation.snapshot.taken_at
    }
    to_come = {key: names for key, names in live.items() if key not in histories}
    of_shifts = translation.shift_names
    names = {name for theirs in to_come.values() for name in theirs}
    is_suspect = not to_come.keys() <= of_shifts.keys()
    is_suspect = is_suspect or bool(names & translation.left_out.keys())
    if not is_suspect and any(one.rule in OF_TIME for one in violations):
        shifts = {of_shifts[key] for key in to_come}
        theirs = tuple(route for route in routes if route.shift in shifts)
        found = check(translation.problem, Solution(theirs, (), {}))
        is_suspect = any(one.rule in OF_TIME for one in found)
    return names & LiveDay(translation).lost if is_suspect else set()


def _without(route: SolvedRoute, names: Collection[str]) -> SolvedRoute:
    stops = (s for s in route.stops if s.kind is not StopKind.VISIT or s.id not in names)
    return replace(route, stops=tuple(stops))


WHAT = {
    "max_visits": "visits",
    "max_travel_minutes": "minutes of travel",
    "max_distance_km": "kilometres",
}


def _too_much(over: OverLimit) -> Cause:
    """That the route has more than its technician may have."""
    who, what = over.technician_id, WHAT[over.limit]
    message = f"{who} may have {over.most} {what} at most, and the route has {over.has}."
    values = {"limit": over.limit, "most": over.most, "has": over.has}
    return Cause(Why.OVER_LIMIT, message, values)


def lack_of(short: Shortfall) -> Cause:
    """That a visit cannot have what it needs."""
    if short.tools:
        names = sorted(short.tools)
        message = f"There is no {' and no '.join(names)} for it."
        return Cause(Why.TOOL, message, {"tool_ids": names})
    names, number = sorted(short.parts), sum(short.parts.values())
    message = f"The van is {number} × {', '.join(names)} short."
    return Cause(Why.PART, message, {"part_ids": names, "missing": number})
