"""Everything that a plan is made from, read at one moment, so that no session stays open."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlmodel import Session, and_, col, func, or_, select

from dispatch.models import (
    PLANNABLE,
    Absence,
    Depot,
    DepotStock,
    DepotTool,
    Job,
    JobPart,
    JobSkill,
    JobStatus,
    JobTechnician,
    JobTool,
    JobWindow,
    OpeningHours,
    Plan,
    Position,
    Route,
    Site,
    Stop,
    Technician,
    TechnicianSkill,
    TechnicianTerritory,
    TravelLeg,
    VanStock,
    VanTool,
    WeeklyBreak,
    WorkingHours,
)
from dispatch.store import details_by_job, sites_of

Row = TypeVar("Row")
Key = TypeVar("Key", str, int)

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
class JobFacts:
    """A job with what it requires."""

    job: Job
    windows: Sequence[JobWindow]
    skills: Sequence[JobSkill]
    parts: Sequence[JobPart]
    tools: Sequence[JobTool]
    wishes: Sequence[JobTechnician]


@dataclass(frozen=True, slots=True)
class TechnicianFacts:
    """A technician with working hours, abilities, van, and where that was last seen."""

    technician: Technician
    skills: tuple[TechnicianSkill, ...]
    territories: frozenset[str]
    hours: tuple[WorkingHours, ...]
    breaks: tuple[WeeklyBreak, ...]
    absences: tuple[Absence, ...]
    stock: dict[str, int]
    tools: frozenset[str]
    position: Position | None


@dataclass(frozen=True, slots=True)
class DepotFacts:
    """A depot with what it has."""

    depot: Depot
    stock: dict[str, int]
    tools: frozenset[str]


@dataclass(frozen=True, slots=True)
class LiveRoute:
    """A route in force with its live stops in order."""

    route: Route
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known at ``taken_at`` about one territory (None: all) and a span of local days.

    The scope is every shift, on these days, of the technicians who serve the territory. ``jobs``
    are those that a plan of this scope may place: what is live outside the scope is not among
    them. ``live_jobs`` are those on live routes, whatever their status.
    """

    taken_at: datetime
    starts_on: date
    ends_on: date
    territory: str | None
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
    """Routes outside the scope that are still to be driven, or just were."""


def load_snapshot(
    session: Session,
    starts_on: date,
    ends_on: date,
    territory: str | None,
    taken_at: datetime,
) -> Snapshot:
    """Read the scope; the rows stay usable after the session is closed without a commit."""
    serving = technicians_serving(session, territory)
    in_force = live_routes(session, starts_on, ends_on, ending_after=taken_at - LONGEST_ROUTE)
    live: list[LiveRoute] = []
    live_elsewhere: list[LiveRoute] = []
    for found in in_force:
        inside = found.route.technician_id in serving and starts_on <= found.route.day <= ends_on
        (live if inside else live_elsewhere).append(found)
    jobs = _candidates(session, starts_on, ends_on, territory, serving)
    live_jobs = jobs_by_id(
        session, (stop.job_id for found in in_force for stop in found.stops if stop.job_id)
    )
    return Snapshot(
        taken_at=taken_at,
        starts_on=starts_on,
        ends_on=ends_on,
        territory=territory,
        based_on_version=session.exec(select(func.max(Plan.version))).one() or 0,
        technicians=_technicians(session, serving),
        depots=_depots(session),
        jobs=jobs,
        live_jobs=live_jobs,
        sites=sites_of(session, [*live_jobs.values(), *(facts.job for facts in jobs)]),
        opening_hours=_grouped(
            session.exec(select(OpeningHours).order_by(col(OpeningHours.opens))),
            lambda row: row.site_id,
        ),
        legs={
            (leg.from_place, leg.to_place): (leg.seconds, leg.metres)
            for leg in session.exec(select(TravelLeg))
        },
        live=tuple(live),
        live_elsewhere=tuple(live_elsewhere),
    )


def technicians_serving(session: Session, territory: str | None) -> frozenset[str]:
    """Ids of all technicians, active or not, who serve the territory (None: any)."""
    everyone = session.exec(select(Technician.id)).all()
    if territory is None:
        return frozenset(everyone)
    bound = _territories(session)
    return frozenset(
        technician
        for technician in everyone
        if technician not in bound or territory in bound[technician]
    )


def live_routes(
    session: Session, starts_on: date, ends_on: date, *, ending_after: datetime | None = None
) -> list[LiveRoute]:
    """Routes in force on these days, and those that end after a moment, by technician and time."""
    wanted = and_(col(Route.day) >= starts_on, col(Route.day) <= ends_on)
    if ending_after is not None:
        wanted = or_(wanted, col(Route.end_at) > ending_after)
    routes = session.exec(
        select(Route)
        .where(col(Route.live), wanted)
        .order_by(Route.technician_id, col(Route.shift_starts_at))
    ).all()
    stops = _grouped(
        session.exec(
            select(Stop)
            .join(Route, col(Route.id) == Stop.route_id)
            .where(col(Stop.live), col(Route.live), wanted)
            .order_by(col(Stop.position))
        ),
        lambda stop: stop.route_id,
    )
    return [LiveRoute(route, stops.get(route.id or 0, ())) for route in routes]


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
    session: Session,
    starts_on: date,
    ends_on: date,
    territory: str | None,
    serving: Collection[str],
) -> tuple[JobFacts, ...]:
    rows = session.exec(
        select(Job, Site, Route)
        .join(Site, col(Site.id) == Job.site_id)
        .outerjoin(Stop, and_(col(Stop.job_id) == Job.id, col(Stop.live)))
        .outerjoin(Route, col(Route.id) == Stop.route_id)
        .where(col(Job.status).in_(PLANNABLE))
        .order_by(Job.id)
    )
    jobs = []
    for job, site, route in rows:
        if route is None:
            inside = territory is None or site.territory == territory
        else:
            inside = route.technician_id in serving and starts_on <= route.day <= ends_on
        if inside:
            jobs.append(job)
    windows = details_by_job(session, JobWindow, jobs)
    skills = details_by_job(session, JobSkill, jobs)
    parts = details_by_job(session, JobPart, jobs)
    tools = details_by_job(session, JobTool, jobs)
    wishes = details_by_job(session, JobTechnician, jobs)
    return tuple(
        JobFacts(job, windows[job.id], skills[job.id], parts[job.id], tools[job.id], wishes[job.id])
        for job in jobs
    )


def _technicians(session: Session, serving: Collection[str]) -> tuple[TechnicianFacts, ...]:
    active = session.exec(
        select(Technician).where(col(Technician.active)).order_by(Technician.id)
    ).all()
    skills = _grouped(session.exec(select(TechnicianSkill)), lambda row: row.technician_id)
    hours = _grouped(session.exec(select(WorkingHours)), lambda row: row.technician_id)
    breaks = _grouped(session.exec(select(WeeklyBreak)), lambda row: row.technician_id)
    absences = _grouped(session.exec(select(Absence)), lambda row: row.technician_id)
    stock = _grouped(session.exec(select(VanStock)), lambda row: row.technician_id)
    tools = _grouped(session.exec(select(VanTool)), lambda row: row.technician_id)
    territories = _territories(session)
    positions = {row.technician_id: row for row in session.exec(select(Position))}
    return tuple(
        TechnicianFacts(
            technician,
            skills.get(technician.id, ()),
            territories.get(technician.id, frozenset()),
            hours.get(technician.id, ()),
            breaks.get(technician.id, ()),
            absences.get(technician.id, ()),
            {row.part_id: row.quantity for row in stock.get(technician.id, ())},
            frozenset(row.tool_id for row in tools.get(technician.id, ())),
            positions.get(technician.id),
        )
        for technician in active
        if technician.id in serving
    )


def _territories(session: Session) -> dict[str, frozenset[str]]:
    rows = _grouped(session.exec(select(TechnicianTerritory)), lambda row: row.technician_id)
    return {
        technician: frozenset(row.territory for row in theirs)
        for technician, theirs in rows.items()
    }


def _depots(session: Session) -> tuple[DepotFacts, ...]:
    stock = _grouped(session.exec(select(DepotStock)), lambda row: row.depot_id)
    tools = _grouped(session.exec(select(DepotTool)), lambda row: row.depot_id)
    return tuple(
        DepotFacts(
            depot,
            {row.part_id: row.quantity for row in stock.get(depot.id, ())},
            frozenset(row.tool_id for row in tools.get(depot.id, ())),
        )
        for depot in session.exec(select(Depot).order_by(Depot.id))
    )


def _grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, tuple[Row, ...]]:
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {group: tuple(found) for group, found in groups.items()}
