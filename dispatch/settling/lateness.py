"""Visits in force that will be late, and since when that was to be foreseen.

Lateness comes with a report, or with the clock alone. Since when, no row says; but what was known
at any earlier moment can be told from the times of reports, and so can what followed from it.
Between two reports a visit is only ever expected later, so that the moment is found by halving.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from sqlmodel import Session, col, select

from dispatch.local_time import ONE_DAY
from dispatch.log import APART, Entity
from dispatch.models import OVER, Job, JobStatus, LogEntry, Plan
from dispatch.planning.expected import (
    Expected,
    Missed,
    Surroundings,
    expected_times,
    surroundings,
)
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.progress import FRESH, is_reported
from dispatch.planning.service_windows import window_of
from dispatch.planning.snapshot import LiveRoute, live_route_ids, live_routes
from dispatch.planning.travel import Place, TravelTimes
from dispatch.settings import Settings
from dispatch.settling.facts import JobAtStake, LateInForce
from dispatch.store import batches
from solver.travel import Matrix

ONE_SECOND = timedelta(seconds=1)
TIMED = frozenset({"due_at", "windows", "duration_minutes"})
"""What a change of a job may make late."""


OF_ROUTES = frozenset({Entity.JOB, Entity.PLAN})
"""Changes of these concern the routes that the jobs are on, and routes that are new …"""
POSITION = "position"
"""… and where a technician is, that technician's; anything else that is not ``APART``, all."""


class Lateness:
    """Visits that will be late, kept by route: most changes concern few of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._at: datetime | None = None
        self._routes: dict[int, _KeptRoute] = {}

    def at(
        self, session: Session, at: datetime, changes: Iterable[tuple[str, str]] | None
    ) -> list[LateInForce]:
        """As expected at the moment ``at``; ``changes`` are all entities, with their ids, that may
        have changed since the last call (None: any)."""
        stale = None if changes is None or at != self._at else self._stale(changes)
        today = at.astimezone(self._settings.zone).date()
        # Who began yesterday may be at work past midnight.
        days = today - ONE_DAY, today
        if stale is None:
            # Day by day: of a span, a database may rather go through all that were ever in force.
            live = [found for day in days for found in live_routes(session, day, day)]
            self._routes = {}
        else:
            in_force = live_route_ids(session, *days)
            self._routes = {
                id_: one
                for id_, one in self._routes.items()
                if id_ in in_force and id_ not in stale
            }
            new = {id_: who for id_, who in in_force.items() if id_ not in self._routes}
            live = [
                found
                for found in (live_routes(session, *days, {*new.values()}) if new else ())
                if found.route.id in new
            ]
        # Not before it has worked.
        self._at = None
        self._routes |= _kept(session, live, self._settings, at)
        self._at = at
        return [late for one in self._routes.values() for late in one.late]

    def _stale(self, changes: Iterable[tuple[str, str]]) -> set[int] | None:
        """The routes that these changes concern; None: any."""
        jobs, technicians = set(), set()
        for entity, id_ in changes:
            if entity == Entity.JOB:
                jobs.add(id_)
            elif entity == POSITION:
                technicians.add(id_)
            elif entity not in APART | OF_ROUTES:
                return None
        return {
            id_
            for id_, one in self._routes.items()
            if one.technician_id in technicians or one.job_ids & jobs
        }


@dataclass(frozen=True, slots=True)
class _KeptRoute:
    technician_id: str
    job_ids: frozenset[str]
    late: Sequence[LateInForce]


def late_in_force(session: Session, settings: Settings, at: datetime) -> list[LateInForce]:
    """Of the routes in force that began on the local day or the one before, visits that are not
    over, and miss something as is expected at the moment ``at``."""
    return Lateness(settings).at(session, at, None)


def _kept(
    session: Session, live: Sequence[LiveRoute], settings: Settings, at: datetime
) -> dict[int, _KeptRoute]:
    routes = [RouteRows(found.route, list(found.stops)) for found in live]
    late: dict[int, list[LateInForce]] = {}
    for id_, one in _late(session, routes, settings, at) if routes else ():
        late.setdefault(id_, []).append(one)
    return {
        rows.route.id or 0: _KeptRoute(
            rows.route.technician_id,
            frozenset(stop.job_id for stop in rows.stops if stop.job_id is not None),
            late.get(rows.route.id or 0, ()),
        )
        for rows in routes
    }


def _late(
    session: Session, routes: Sequence[RouteRows], settings: Settings, at: datetime
) -> Iterable[tuple[int, LateInForce]]:
    """With the ids of their routes."""
    known = surroundings(session, routes, settings)
    late = [
        (rows, position, expected)
        for rows in routes
        for position, expected in _late_on(rows, known, at, settings)
    ]
    if not late:
        return
    in_force = _in_force_since(session, {rows.route.plan_id for rows, *_ in late})
    names = [rows.stops[position].job_id or "" for rows, position, _ in late]
    changed = _changed_at(session, names, min(in_force.values()))
    for (rows, position, expected), name in zip(late, names, strict=True):
        job, stop = known.jobs[name], rows.stops[position]
        published = in_force[rows.route.plan_id]
        first = max(published, changed.get(name, published))
        yield (
            rows.route.id or 0,
            LateInForce(
                job=JobAtStake(job.id, job.priority, job.told_at),
                technician_id=rows.route.technician_id,
                day=rows.route.day,
                planned_start_at=stop.start_at,
                start_at=expected.start_at,
                departure_at=expected.departure_at,
                due_at=job.due_at,
                misses=_to_decide(expected, job),
                late_by=_late_by(rows, position, expected, known, settings),
                since=_since(rows, position, known, first, at, settings),
                has_begun=is_reported(job),
            ),
        )


def _late_on(
    rows: RouteRows, known: Surroundings, at: datetime, settings: Settings
) -> Iterable[tuple[int, Expected]]:
    for position, expected in enumerate(expected_times(rows, known, at, settings)):
        job = known.jobs.get(rows.stops[position].job_id or "")
        if job is not None and job.status not in OVER and _to_decide(expected, job):
            yield position, expected


def _to_decide(expected: Expected, job: Job) -> tuple[Missed, ...]:
    """Whoever has arrived too late has done so; the end may still be in time."""
    is_there = job.arrived_at is not None
    return tuple(one for one in expected.misses if not (is_there and one is Missed.TIME_WINDOW))


def _late_by(
    rows: RouteRows, position: int, expected: Expected, known: Surroundings, settings: Settings
) -> timedelta:
    stop = rows.stops[position]
    job = known.jobs[stop.job_id or ""]
    spans = []
    for missed in _to_decide(expected, job):
        if missed is Missed.DUE and job.due_at is not None:
            spans.append(expected.departure_at - job.due_at)
        elif missed is Missed.TIME_WINDOW:
            windows, hours = known.windows[job.id], known.opening_hours[job.site_id]
            span = window_of(stop, job, windows, hours, rows.route, settings.zone)
            spans.append(expected.start_at - span[1])
    return max(spans)


def _since(
    rows: RouteRows,
    position: int,
    known: Surroundings,
    first: datetime,
    at: datetime,
    settings: Settings,
) -> datetime:
    """The moment, to the second and not before ``first``, from which on the visit was late."""

    if first >= at:
        # In the minute that has just begun.
        return first
    seen_of = replace(known, travel=_Remembered(known.travel))

    def is_late(moment: datetime) -> bool:
        seen = _as_known(rows, seen_of, moment)
        return any(late == position for late, _ in _late_on(rows, seen, moment, settings))

    since = at
    for moment in sorted(_events(rows, known, first, at), reverse=True):
        if is_late(moment):
            since = moment
            continue
        # Not late at the moment, and late at ``since``: in between it has become so.
        seconds = range(1, ceil((since - moment).total_seconds()) + 1)
        found = bisect_left(seconds, True, key=lambda s: is_late(moment + timedelta(seconds=s)))
        return min(since, moment + timedelta(seconds=found + 1))
    return since


class _Remembered:
    """Travel times of the same places, which are asked for again and again."""

    def __init__(self, travel: TravelTimes) -> None:
        self._travel = travel
        self._known: dict[tuple[Place, ...], tuple[Matrix, Matrix]] = {}

    def matrices(self, places: Sequence[Place]) -> tuple[Matrix, Matrix]:
        key = tuple(places)
        if key not in self._known:
            self._known[key] = self._travel.matrices(places)
        return self._known[key]

    def seconds(self, start: Place, end: Place) -> int:
        return self._travel.seconds(start, end)


def _events(rows: RouteRows, known: Surroundings, first: datetime, at: datetime) -> set[datetime]:
    """When something else than the clock has changed what is expected of the route."""
    jobs = (known.jobs[stop.job_id] for stop in rows.stops if stop.job_id is not None)
    moments = {
        moment
        for job in jobs
        for moment in (job.en_route_at, job.arrived_at, job.departed_at)
        if moment is not None
    }
    position = known.positions.get(rows.route.technician_id)
    if position is not None:
        moments |= {position.at, position.at + FRESH + ONE_SECOND}
    return {first} | {moment for moment in moments if first < moment <= at}


def _as_known(rows: RouteRows, known: Surroundings, moment: datetime) -> Surroundings:
    """With what technicians had reported of the route up to the moment."""
    names = {stop.job_id for stop in rows.stops if stop.job_id is not None}
    jobs = {name: _job_then(known.jobs[name], moment) for name in names}
    positions = {
        name: position for name, position in known.positions.items() if position.at <= moment
    }
    return replace(known, jobs=jobs, positions=positions)


_REPORTED: Sequence[tuple[str, JobStatus]] = (
    ("departed_at", JobStatus.COMPLETED),
    ("arrived_at", JobStatus.ON_SITE),
    ("en_route_at", JobStatus.EN_ROUTE),
)


def _job_then(job: Job, moment: datetime) -> Job:
    reported = {name: getattr(job, name) for name, _ in _REPORTED}
    then = {name: at for name, at in reported.items() if at is not None and at <= moment}
    if len(then) == sum(at is not None for at in reported.values()):
        return job
    status = next((status for name, status in _REPORTED if name in then), JobStatus.DISPATCHED)
    columns = job.model_dump() | dict.fromkeys(reported) | then | {"status": status}
    return Job(**columns)


def _in_force_since(session: Session, plan_ids: Iterable[int]) -> Mapping[int, datetime]:
    rows = session.exec(
        select(Plan.id, Plan.published_at, Plan.created_at).where(col(Plan.id).in_({*plan_ids}))
    )
    return {id_ or 0: published or created for id_, published, created in rows}


def _changed_at(
    session: Session, job_ids: Sequence[str], since: datetime
) -> Mapping[str, datetime]:
    """When it was last changed when each job is to be done, or how long it takes."""
    found: dict[str, datetime] = {}
    for some in batches(job_ids):
        entries = session.exec(
            select(LogEntry).where(
                col(LogEntry.entity_id).in_(some),
                LogEntry.entity == Entity.JOB.value,
                LogEntry.at >= since,
                col(LogEntry.action).in_(("change", "import")),
            )
        )
        for entry in entries:
            if TIMED & (entry.after or {}).keys():
                found[entry.entity_id] = max(entry.at, found.get(entry.entity_id, entry.at))
    return found
