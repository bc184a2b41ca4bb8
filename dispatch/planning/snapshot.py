"""Everything that a plan is made from, read at one moment, so that no session stays open."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, SelectBase, union
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from dispatch.models import (
    PLANNABLE,
    Job,
    JobStatus,
    JobWindow,
    OpeningHours,
    Plan,
    Position,
    Route,
    Site,
    Stop,
    Technician,
    Waiver,
)
from dispatch.planning.facts import (
    DepotFacts,
    JobFacts,
    TechnicianFacts,
    depot_facts,
    grouped,
    job_facts,
    technician_facts,
    territories_of,
    van_stock,
)
from dispatch.planning.job_links import LinkFacts, Partner, binding_links_of, partners_of
from dispatch.planning.legs import measured_legs
from dispatch.planning.loans import ToolLoan, loans_in_force
from dispatch.store import details_by_job, rows_where, sites_of, waits_for_place

STARTED = (
    JobStatus.EN_ROUTE,
    JobStatus.ON_SITE,
    JobStatus.COMPLETED,
    JobStatus.CANNOT_COMPLETE,
)
"""Jobs in these states are under way or were attended: where and when is history."""

LONGEST_ROUTE = timedelta(days=2)
"""Routes that ended longer ago than this have nothing left to pick up or to use."""


@dataclass(frozen=True, slots=True)
class LiveRoute:
    """A route in force with its live stops in order."""

    route: Route
    stops: tuple[Stop, ...]
    job_ids: frozenset[str] = field(init=False, compare=False)
    """The jobs of its visits."""
    calls: tuple[Stop, ...] = field(init=False, compare=False)
    """Those of its stops that are at depots."""

    def __post_init__(self) -> None:
        # Once for all who ask: an attribute of a row takes its time, and a day has many.
        jobs = frozenset(stop.job_id for stop in self.stops if stop.job_id is not None)
        object.__setattr__(self, "job_ids", jobs)
        calls = tuple(stop for stop in self.stops if stop.depot_id is not None)
        object.__setattr__(self, "calls", calls)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which shifts a plan is for: those on these local days of some technicians, all of whom serve
    the territory (None: any)."""

    starts_on: date
    ends_on: date
    territory: str | None = None
    technician_ids: frozenset[str] | None = None
    """None: everyone who serves the territory."""
    waiting_job_ids: frozenset[str] | None = None
    """Which jobs it may place that are on no route in force; None: all of the territory."""
    moved_job_id: str | None = None
    """A job that is to go from one of the days to another: windows that are over say by how much it
    comes later."""
    released: frozenset[str] = frozenset()
    """Jobs that are to be moved or taken off: they are not held where they, or what comes after
    them, come too late."""
    by_hand: frozenset[str] = frozenset()
    """Jobs that somebody moves who is told what becomes of their links: these bind nobody here."""

    def has(self, route: Route | ToolLoan, serving: Collection[str]) -> bool:
        """Whether the route, or the loan's, is one of a technician of the scope on its days."""
        return route.technician_id in serving and self.starts_on <= route.day <= self.ends_on


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known at ``taken_at`` about a scope.

    ``jobs`` are those that a plan of this scope may place: what is live outside the scope is not
    among them. ``live_jobs`` are those on routes in force of the scope's technicians, whatever
    their status.
    """

    taken_at: datetime
    frozen_until: datetime
    """What should start up to this moment stays where it is, begun or not."""
    scope: Scope
    based_on_version: int
    technicians: tuple[TechnicianFacts, ...]
    depots: tuple[DepotFacts, ...]
    jobs: tuple[JobFacts, ...]
    live_jobs: dict[str, Job]
    sites: dict[str, Site]
    opening_hours: dict[str, tuple[OpeningHours, ...]]
    legs: dict[tuple[str, str], tuple[int, int]]
    live: tuple[LiveRoute, ...]
    """Routes inside the scope."""
    live_elsewhere: tuple[LiveRoute, ...]
    """Routes of its technicians outside the scope that are not over."""
    called_elsewhere: tuple[Stop, ...]
    """Depot calls on routes in force outside the scope that are not known to have been made."""
    waivers: dict[str, tuple[Waiver, ...]]
    """Rules that were set aside for one of the jobs, by job."""
    links: tuple[LinkFacts, ...] = ()
    """Those that any of its jobs is in …"""
    partners: Mapping[str, Partner] = field(default_factory=dict)
    """… with all of their jobs, inside the scope or not."""
    doomed: frozenset[str] = frozenset()
    """Jobs on routes in force that nobody can attend in time any more: better late than never,
    they stay where they are, as does what comes before them."""
    unable: frozenset[str] = frozenset()
    """Jobs on routes in force whose technicians are not there for them any more, or cannot do them:
    unless they have begun, nothing holds them where they are."""
    windows: Mapping[str, Sequence[JobWindow]] = field(default_factory=dict)
    """Of jobs for which somebody has set out who has not arrived yet."""
    lent_elsewhere: tuple[ToolLoan, ...] = ()
    """Tools that routes in force outside the scope have, or will have."""


def load_snapshot(
    session: Session, scope: Scope, taken_at: datetime, freeze: timedelta = timedelta()
) -> Snapshot:
    """Read the scope; the rows stay usable after the session is closed without a commit."""
    serving = technicians_of(session, scope)
    theirs = live_routes(session, scope.starts_on, scope.ends_on, serving, taken_at)
    live = tuple(found for found in theirs if scope.has(found.route, serving))
    live_jobs = jobs_by_id(session, jobs_on(theirs))
    placed = (live_jobs[name] for name in jobs_on(live))
    jobs = _candidates(session, scope, placed, scope.waiting_job_ids)
    sites = sites_of(session, [*live_jobs.values(), *(facts.job for facts in jobs)])
    depots = depot_facts(session)
    places = {*serving, *sites, *(facts.depot.id for facts in depots)}
    links = binding_links_of(session, {*live_jobs, *(facts.job.id for facts in jobs)})
    return Snapshot(
        taken_at=taken_at,
        frozen_until=taken_at + freeze,
        scope=scope,
        based_on_version=session.exec(select(func.max(Plan.version))).one() or 0,
        technicians=technician_facts(session, serving),
        depots=depots,
        jobs=jobs,
        live_jobs=live_jobs,
        sites=sites,
        opening_hours=_opening_hours(session, sites),
        legs=measured_legs(session, places),
        live=live,
        live_elsewhere=tuple(found for found in theirs if not scope.has(found.route, serving)),
        called_elsewhere=tuple(
            stop
            for stop, route in calls_to_come(session, taken_at - LONGEST_ROUTE)
            if not scope.has(route, serving)
        ),
        waivers=waivers_by_job(session, {*live_jobs, *(facts.job.id for facts in jobs)}),
        links=links,
        partners=partners_of(session, links),
        windows=_windows_set_out_for(session, live_jobs),
        lent_elsewhere=_lent_elsewhere(session, scope, serving, depots, taken_at),
    )


def reload_snapshot(
    session: Session, old: Snapshot, changed: Collection[str], at: datetime, freeze: timedelta
) -> Snapshot | None:
    """The snapshot of a scope without a territory as it is ``at`` a later moment, reading only what
    is not the same: these jobs, routes, the stock of depots, and the vans and positions of
    technicians. None if more than that has changed, and it has to be loaded."""
    scope, everybody = old.scope, frozenset(facts.technician.id for facts in old.technicians)
    before = [*old.live, *(found for found in old.live_elsewhere if found.route.end_at > at)]
    in_force = dict(_route_ids(session, scope, at))
    moved = moved_technicians(before, in_force, changed)
    if not moved <= everybody:
        return None
    theirs = live_routes(session, scope.starts_on, scope.ends_on, moved, at)
    stale = {*changed, *jobs_on(theirs)}
    stale |= jobs_on(found for found in before if found.route.technician_id in moved)
    same = [
        found
        for found in before
        if found.route.technician_id not in moved and found.route.id in in_force
    ]
    routes = sorted([*same, *theirs], key=_by_technician_and_time)
    on_routes = jobs_on(routes)
    unchanged = on_routes - stale
    live_jobs = {id_: job for id_, job in old.live_jobs.items() if id_ in unchanged}
    live_jobs |= jobs_by_id(session, on_routes - live_jobs.keys())
    placed = jobs_on(found for found in theirs if scope.has(found.route, everybody))
    may_wait = stale if scope.waiting_job_ids is None else stale & scope.waiting_job_ids
    fresh = _candidates(session, scope, (live_jobs[name] for name in placed), may_wait)
    same_jobs = [facts for facts in old.jobs if facts.job.id not in stale]
    jobs_now = tuple(sorted([*same_jobs, *fresh], key=lambda facts: facts.job.id))
    there = {*live_jobs, *(facts.job.id for facts in jobs_now)}
    unchanged = there - stale
    waivers = {id_: rows for id_, rows in old.waivers.items() if id_ in unchanged}
    needed = {job.site_id for job in [*live_jobs.values(), *(facts.job for facts in fresh)]}
    unknown = needed - old.sites.keys()
    if unknown and old.legs:
        return None
    sites = {site.id: site for site in rows_where(session, Site, "id", unknown)}
    seen = {row.technician_id: row for row in session.exec(select(Position))}
    # Also of those who report from routes that are over.
    vans = van_stock(session, everybody)
    # Also those of jobs that are the same: a partner elsewhere may have moved.
    links = binding_links_of(session, there)
    depots = depot_facts(session)
    return replace(
        old,
        taken_at=at,
        frozen_until=at + freeze,
        based_on_version=session.exec(select(func.max(Plan.version))).one() or 0,
        technicians=tuple(
            replace(
                facts,
                position=seen.get(facts.technician.id),
                stock=vans.get(facts.technician.id, {}),
            )
            for facts in old.technicians
        ),
        depots=depots,
        jobs=jobs_now,
        live_jobs=live_jobs,
        sites=old.sites | sites,
        opening_hours=old.opening_hours | _opening_hours(session, unknown),
        live=tuple(found for found in routes if scope.has(found.route, everybody)),
        live_elsewhere=tuple(found for found in routes if not scope.has(found.route, everybody)),
        called_elsewhere=tuple(
            stop
            for stop, route in calls_to_come(session, at - LONGEST_ROUTE)
            if not scope.has(route, everybody)
        ),
        waivers=waivers | waivers_by_job(session, stale & there),
        links=links,
        partners=partners_of(session, links),
        windows=_windows_set_out_for(session, live_jobs),
        lent_elsewhere=_lent_elsewhere(session, scope, everybody, depots, at),
    )


def _lent_elsewhere(
    session: Session,
    scope: Scope,
    serving: Collection[str],
    depots: Iterable[DepotFacts],
    at: datetime,
) -> tuple[ToolLoan, ...]:
    if not any(facts.tool_counts for facts in depots):
        return ()
    end = datetime.combine(scope.ends_on, time.max, UTC) + LONGEST_ROUTE
    return tuple(loan for loan in loans_in_force(session, at, end) if not scope.has(loan, serving))


def _windows_set_out_for(
    session: Session, live_jobs: Mapping[str, Job]
) -> Mapping[str, Sequence[JobWindow]]:
    ahead = [job for job in live_jobs.values() if is_under_way(job)]
    return details_by_job(session, JobWindow, ahead) if ahead else {}


def is_under_way(job: Job) -> bool:
    """Whether somebody has set out for it who has not arrived yet."""
    return job.en_route_at is not None and job.arrived_at is None and job.departed_at is None


def _route_ids(session: Session, scope: Scope, since: datetime) -> Sequence[tuple[int | None, str]]:
    """The routes in force that the scope's snapshot has, with their technicians."""
    wanted = _in_force(scope.starts_on, scope.ends_on, scope.technician_ids, since)
    return session.exec(
        select(Route.id, Route.technician_id).where(col(Route.id).in_(wanted))
    ).all()


def moved_technicians(
    before: Iterable[LiveRoute], in_force: Mapping[int | None, str], changed: Collection[str]
) -> set[str]:
    """Technicians whose routes are others than before, or have one of the changed jobs."""
    known = {found.route.id: found for found in before}
    gone = {found.route.technician_id for id_, found in known.items() if id_ not in in_force}
    new = {technician for id_, technician in in_force.items() if id_ not in known}
    touched = {
        found.route.technician_id
        for found in known.values()
        if not found.job_ids.isdisjoint(changed)
    }
    return gone | new | touched


def jobs_on(routes: Iterable[LiveRoute]) -> set[str]:
    """The jobs of the routes' visits."""
    return {job_id for found in routes for job_id in found.job_ids}


def _by_technician_and_time(found: LiveRoute) -> tuple[str, datetime]:
    return found.route.technician_id, found.route.shift_starts_at


def technicians_of(session: Session, scope: Scope) -> frozenset[str]:
    """Ids of the scope's technicians, active or not."""
    everyone = session.exec(select(Technician.id)).all()
    bound = territories_of(session) if scope.territory is not None else {}
    return frozenset(
        technician
        for technician in everyone
        if (scope.technician_ids is None or technician in scope.technician_ids)
        and (technician not in bound or scope.territory in bound[technician])
    )


def live_routes(
    session: Session,
    starts_on: date,
    ends_on: date,
    technicians: Collection[str] | None = None,
    ending_after: datetime | None = None,
) -> list[LiveRoute]:
    """Routes in force on these days, and those that end after a moment, by technician and time;
    of these technicians (None: of all)."""
    wanted = _in_force(starts_on, ends_on, technicians, ending_after)
    routes = session.exec(
        select(Route)
        .where(col(Route.id).in_(wanted))
        .order_by(Route.technician_id, col(Route.shift_starts_at))
    ).all()
    stops = grouped(
        session.exec(
            select(Stop)
            .where(col(Stop.live), col(Stop.route_id).in_(wanted))
            .order_by(col(Stop.position))
        ),
        lambda stop: stop.route_id,
    )
    return [LiveRoute(route, stops.get(route.id or 0, ())) for route in routes]


def live_route_ids(session: Session, starts_on: date, ends_on: date) -> dict[int, str]:
    """The ids of the routes in force on these days, with whose they are."""
    rows = session.exec(
        select(Route.id, Route.technician_id).where(
            col(Route.live), Route.day >= starts_on, Route.day <= ends_on
        )
    )
    return {id_ or 0: technician_id for id_, technician_id in rows}


def _in_force(
    starts_on: date,
    ends_on: date,
    technicians: Collection[str] | None,
    ending_after: datetime | None,
) -> SelectBase:
    """The ids of routes as ``live_routes`` has them."""
    live = select(Route.id).where(col(Route.live))
    if technicians is not None:
        live = live.where(col(Route.technician_id).in_(technicians))
    on_the_days = live.where(Route.day >= starts_on, Route.day <= ends_on)
    if ending_after is None:
        return on_the_days
    # Not "on the days or ending after": no index answers both at once.
    return union(on_the_days, live.where(Route.end_at > ending_after))


def waivers_by_job(session: Session, job_ids: Collection[str]) -> dict[str, tuple[Waiver, ...]]:
    """What was set aside for each of the jobs, in the order in which that was decided."""
    rows = rows_where(session, Waiver, "job_id", job_ids)
    return grouped(sorted(rows, key=lambda row: row.id or 0), lambda row: row.job_id)


def _opening_hours(session: Session, sites: Collection[str]) -> dict[str, tuple[OpeningHours, ...]]:
    rows = rows_where(session, OpeningHours, "site_id", sites)
    return grouped(sorted(rows, key=lambda row: row.opens), lambda row: row.site_id)


def calls_to_come(session: Session, ending_after: datetime) -> Iterable[tuple[Stop, Route]]:
    """On routes in force, unless it is known that they were made: that is booked."""
    to_come = select(Route.id).where(col(Route.live), Route.end_at > ending_after)
    return session.exec(
        select(Stop, Route)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(
            col(Stop.live),
            col(Stop.depot_id).is_not(None),
            col(Route.id).in_(to_come),
            ~_is_made(),
        )
    )


def _is_made() -> ColumnElement[bool]:
    """Whether a depot call is known to have been made, as ``van.calls_made`` has it."""
    later = aliased(Stop)
    return (
        select(later.position)
        .join(Job, col(Job.id) == later.job_id)
        .where(
            later.route_id == Stop.route_id,
            later.position > Stop.position,
            col(later.live),
            col(Job.status).in_(STARTED),
        )
        .exists()
    )


def jobs_by_id(session: Session, ids: Iterable[str]) -> dict[str, Job]:
    """Those of the jobs that are stored."""
    rest = sorted(set(ids))
    found: dict[str, Job] = {}
    while rest:
        # Databases limit the number of values in one statement.
        some, rest = rest[:1_000], rest[1_000:]
        rows = session.exec(select(Job).where(col(Job.id).in_(some)))
        found.update((job.id, job) for job in rows)
    return found


def _candidates(
    session: Session, scope: Scope, placed: Iterable[Job], waiting_ids: Collection[str] | None
) -> tuple[JobFacts, ...]:
    """Those that a plan of the scope may place, of these that are on its routes in force, and of
    these (None: all of the territory) that are on none."""
    jobs = [job for job in placed if job.status in PLANNABLE]
    waiting = select(Job).where(waits_for_place()).order_by(col(Job.id))
    if scope.territory is not None:
        waiting = waiting.join(Site).where(Site.territory == scope.territory)
    if waiting_ids is not None:
        waiting = waiting.where(col(Job.id).in_(waiting_ids))
    if waiting_ids is None or waiting_ids:
        jobs += session.exec(waiting)
    return job_facts(session, sorted(jobs, key=lambda job: job.id))
