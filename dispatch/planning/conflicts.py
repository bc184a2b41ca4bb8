"""What does not hold any more of all that is in force, whole days at a time.

To what ``unable`` finds this adds what only all routes of a day tell together: parts and tools that
are not in the van any more, nor at the depot, and visits that a route has no room for since a
place, a depot or somebody's hours have changed.
"""

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from dispatch.events.news import News, SeenEntries, news_since, seen_now
from dispatch.log import APART
from dispatch.models import OVER, PLANNABLE, Route
from dispatch.planning.live_day import LiveDay
from dispatch.planning.outgrown import outgrown
from dispatch.planning.plan_rows import in_force, shift_key
from dispatch.planning.snapshot import JobFacts, Scope, Snapshot, job_facts, load_snapshot
from dispatch.planning.translate import Translation, to_problem
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
    for day, theirs in sorted(_technicians_by_day(session, at).items()):
        chosen = theirs if technician_ids is None else theirs & {*technician_ids}
        if not chosen or (days is not None and day not in days):
            continue
        scope = Scope(day, day, None, frozenset(chosen), frozenset())
        snapshot = load_snapshot(session, scope, at)
        begun = [
            job for job in snapshot.live_jobs.values() if job.status not in {*PLANNABLE, *OVER}
        ]
        facts = [*snapshot.jobs, *job_facts(session, begun)]
        by_job = {one.job.id: one for one in facts}
        try:
            found |= broken_on(snapshot, settings, by_job)
        except InvalidProblem as error:
            # The other days are to be looked at all the same.
            logger.error("The routes in force on %s cannot be looked at: %s", day, error)
    return found


class Conflicts:
    """What ``broken_visits`` finds, kept until something has changed: many ask for the same.

    Whoever asks while somebody looks waits for what that look finds, and takes it if it began after
    they came, or nothing has changed since. Nobody waits while holding a connection
    (``store.let_go``); a session that writes cannot give its own back, and looks by itself.
    """

    def __init__(self, reading: Engine, settings: Settings) -> None:
        self._settings = settings
        self._news = News(reading)
        self._kept: _KeptConflicts | None = None
        self._looking = threading.Lock()
        self._begun = 0
        """How many looks have begun; each has its number."""

    def at(self, session: Session, at: datetime) -> Mapping[str, BrokenVisit]:
        """As the session sees it in that minute: as time goes by, routes end and visits begin."""
        # As the board, so that asking again soon finds the same.
        at = at.replace(second=0, microsecond=0)
        came = self._begun
        while True:
            kept = self._kept
            if kept is not None and kept.at == at:
                # With a connection in hand, what is found has to be what that one sees.
                if kept.number > came and only_reads(session):
                    return kept.found
                if _is_unchanged(session, kept.seen):
                    return kept.found
            if not only_reads(session):
                return broken_visits(session, self._settings, at)
            if self._looking.acquire(blocking=False):
                try:
                    return self._look(session, at)
                finally:
                    self._looking.release()
            let_go(session)
            with self._looking:
                pass

    def _look(self, session: Session, at: datetime) -> Mapping[str, BrokenVisit]:
        self._begun += 1
        number = self._begun
        let_go(session)  # what it sees is to be as new as the look
        upto = self._news.upto()
        seen = seen_now(session, upto)
        found = broken_visits(session, self._settings, at)
        self._kept = _KeptConflicts(seen, at, number, found)
        return found


@dataclass(frozen=True, slots=True)
class _KeptConflicts:
    seen: SeenEntries
    at: datetime
    number: int
    found: Mapping[str, BrokenVisit]


def _is_unchanged(session: Session, seen: SeenEntries) -> bool:
    """Whether nothing was logged since that concerns the plans in force."""
    _, news = news_since(session, seen, None, MOST_CHANGES)
    return news is not None and all(entry.entity in APART for entry in news)


def _technicians_by_day(session: Session, at: datetime) -> Mapping[date, set[str]]:
    rows = session.exec(
        select(col(Route.day), col(Route.technician_id))
        # No shift is so long; an index has the ends of routes, and not those of shifts.
        .where(col(Route.live), col(Route.end_at) > at - timedelta(days=2))
        .where((col(Route.end_at) > at) | (col(Route.shift_ends_at) > at))
    )
    found: dict[date, set[str]] = {}
    for day, technician in rows:
        found.setdefault(day, set()).add(technician)
    return found


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
    for name, message in outgrown(translation).items():
        if name in free and name not in found:
            found[name] = broken(name, Cause(Why.NO_TIME, message), leaves=False)
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
        shift_key(one.route): {stop.job_id for stop in one.stops if stop.job_id}
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


def lack_of(short: Shortfall) -> Cause:
    """That a visit cannot have what it needs."""
    if short.tools:
        names = sorted(short.tools)
        message = f"There is no {' and no '.join(names)} for it."
        return Cause(Why.TOOL, message, {"tool_ids": names})
    names, number = sorted(short.parts), sum(short.parts.values())
    message = f"The van is {number} × {', '.join(names)} short."
    return Cause(Why.PART, message, {"part_ids": names, "missing": number})
