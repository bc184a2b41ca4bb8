"""The plan in force as dispatchers look at it: everybody's shifts and routes, as planned and as
expected, with every job that they refer to, and what waits without a place."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session, select

from dispatch.jobs.links import JobLinkOut, links_by_job
from dispatch.local_time import ONE_DAY, start_of
from dispatch.models import Depot, Job, JobStatus, Part, Priority, Site, Skill, Tool, now
from dispatch.output import Output
from dispatch.planning.expected import Missed, Surroundings, expected_times, surroundings
from dispatch.planning.facts import JobFacts, job_facts
from dispatch.planning.lending import LentTwice, lent_twice_in_force
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.service_windows import PlanningHorizon, attendance
from dispatch.planning.shifts import WorkingShift
from dispatch.planning.snapshot import live_routes
from dispatch.planning.unable import BrokenVisit, CauseOut
from dispatch.plans.contents import Reason
from dispatch.plans.queries import newest_reasons, versions_of
from dispatch.plans.versions import highest_version
from dispatch.settings import Settings
from dispatch.store import sites_of, waits_for_place
from dispatch.views.board_people import (
    BoardAbsence,
    BoardPosition,
    BoardShift,
    BoardTechnician,
    people_of,
    seconds_of,
    shift_out,
    technician_out,
)
from solver.solution import StopKind

MOST_DAYS = 14
NOTHING: Mapping[str, BrokenVisit] = {}


class BoardStop(Output):
    """A visit, depot call or break, as planned and as expected."""

    kind: StopKind
    job_id: str | None
    depot_id: str | None
    arrival_at: datetime
    start_at: datetime
    departure_at: datetime
    expected_arrival_at: datetime
    expected_start_at: datetime
    expected_departure_at: datetime
    will_miss: list[Missed]
    conflict: CauseOut | None
    """Why the technician cannot attend the visit; it is among ``GET /issues`` too."""
    parts: dict[str, int]
    """What the visit uses, or what to pick up at the depot."""
    tools: list[str]


class BoardFigures(Output):
    """What a day can be judged by; the figures of several routes add up."""

    visits: int = 0
    done: int = 0
    not_done: int = 0
    """Attended, but it could not be completed."""
    under_way: int = 0
    late: int = 0
    """Visits that will miss their time window or due time, as things stand."""
    shift_seconds: int = 0
    working_seconds: int = 0
    """From leaving home to being back, as expected."""
    service_seconds: int = 0
    travel_seconds: int = 0
    overtime_seconds: int = 0
    """After the shift's end, as expected."""
    distance_metres: int = 0


class BoardRoute(Output):
    """A route in force."""

    technician_id: str
    shift_starts_at: datetime
    shift_ends_at: datetime
    plan_version: int
    start_at: datetime
    end_at: datetime
    expected_end_at: datetime
    figures: BoardFigures
    stops: list[BoardStop]


class BoardWindow(Output):
    """Service may start in it."""

    starts_at: datetime
    ends_at: datetime
    price: int
    """For starting in it, in units of the currency."""


class BoardJob(Output):
    """A job, with what it requires."""

    title: str
    status: JobStatus
    priority: Priority
    duration_minutes: int
    site_id: str
    site: str
    address: str
    phone: str | None
    latitude: float | None
    longitude: float | None
    territory: str | None
    access_minutes: int
    """From the road to the door."""
    skills: dict[str, int]
    """The level needed of each."""
    parts: dict[str, int]
    tools: list[str]
    windows: list[BoardWindow]
    due_at: datetime | None
    told_at: datetime | None
    pinned_technician_id: str | None
    pinned_start_at: datetime | None
    not_before_at: datetime | None
    """Where a dispatcher has put it: it begins no earlier."""
    en_route_at: datetime | None
    arrived_at: datetime | None
    departed_at: datetime | None
    links: list[JobLinkOut]
    """What it has to do with other jobs, which may be on other days."""
    revision: int


class WaitingJob(Output):
    """A job without a place that could be attended in these days, or never again."""

    job_id: str
    reasons: list[Reason]
    """What the last plan that could not place it says; empty if none has tried."""


class BoardDepot(Output):
    id: str
    name: str
    latitude: float
    longitude: float


class Board(Output):
    """Some days of everybody, or of some technicians."""

    day: date
    days: int
    taken_at: datetime
    starts_at: datetime
    """When the first of the local days begins."""
    ends_at: datetime
    time_zone: str
    version: int
    """The newest published version of the plan (0: none)."""
    freeze_minutes: float
    """What starts so soon stays where it is."""
    technicians: list[BoardTechnician]
    shifts: list[BoardShift]
    absences: list[BoardAbsence]
    routes: list[BoardRoute]
    jobs: dict[str, BoardJob]
    """All that the routes and the waiting jobs refer to."""
    unassigned: list[WaitingJob]
    lent_twice: list[LentTwice]
    """Tools of which technicians, whoever they are, have too many at once in these days."""
    depots: list[BoardDepot]
    positions: list[BoardPosition]
    skills: dict[str, str]
    """The names of all; so are the next two."""
    parts: dict[str, str]
    tools: dict[str, str]
    figures: BoardFigures


def read_board(
    session: Session,
    first: date,
    days: int,
    settings: Settings,
    *,
    technician_ids: Iterable[str] | None = None,
    at: datetime | None = None,
    broken: Mapping[str, BrokenVisit] = NOTHING,
) -> Board:
    """The local days from ``first`` on, as expected at the moment ``at`` (None: now); ``broken`` is
    what ``conflicts`` has found.

    With ``technician_ids``, technicians, shifts, absences, routes, positions and figures are those
    of these only. What waits is told in any case.
    """
    at = at or now()
    last = first + (days - 1) * ONE_DAY
    chosen = None if technician_ids is None else frozenset(technician_ids)
    live = live_routes(session, first, last, chosen)
    people = people_of(session, chosen, {found.route.technician_id for found in live})
    rows = [RouteRows(found.route, list(found.stops)) for found in live]
    known = surroundings(session, rows, settings)
    begin, end = start_of(first, settings.zone), start_of(last + ONE_DAY, settings.zone)
    waiting = _waiting(session, PlanningHorizon(now=at, begin=begin, end=end, reach=end), settings)
    facts = [*job_facts(session, list(known.jobs.values())), *waiting]
    sites = {**known.sites, **sites_of(session, [one.job for one in waiting])}
    links = links_by_job(session, {one.job.id for one in facts})
    versions = versions_of(session, {found.route.plan_id for found in live})
    routes = [
        _route(one, known, versions.get(one.route.plan_id, 0), settings, at, broken) for one in rows
    ]
    shifts = [shift for one in people for shift in one.shifts(first, last, settings)]
    return Board(
        day=first,
        days=days,
        taken_at=at,
        starts_at=begin,
        ends_at=end,
        time_zone=settings.time_zone,
        version=highest_version(session),
        freeze_minutes=settings.freeze_minutes,
        technicians=[technician_out(one) for one in people],
        shifts=[shift_out(shift) for shift in shifts],
        absences=[
            BoardAbsence.model_validate(absence)
            for one in people
            for absence in one.absences
            if absence.starts_at < end and absence.ends_at > begin
        ],
        routes=routes,
        jobs={one.job.id: _job(one, sites[one.job.site_id], links[one.job.id]) for one in facts},
        unassigned=_with_reasons(session, waiting),
        lent_twice=lent_twice_in_force(session, begin, end),
        depots=[
            BoardDepot.model_validate(depot)
            for depot in session.exec(select(Depot).order_by(Depot.id))
        ],
        positions=[
            BoardPosition.model_validate(one.position) for one in people if one.position is not None
        ],
        skills=dict(session.exec(select(Skill.id, Skill.name)).all()),
        parts=dict(session.exec(select(Part.id, Part.name)).all()),
        tools=dict(session.exec(select(Tool.id, Tool.name)).all()),
        figures=_sum(routes, shifts),
    )


def _waiting(session: Session, horizon: PlanningHorizon, settings: Settings) -> list[JobFacts]:
    """Jobs that are on no route in force and could be attended in these days, or never again."""
    jobs = session.exec(select(Job).where(waits_for_place()).order_by(Job.id)).all()
    return [
        one
        for one in job_facts(session, jobs)
        # Without opening hours: whether the site is open then, a plan will tell.
        if attendance(one.job, one.windows, (), horizon, settings.zone) is not None
    ]


def _with_reasons(session: Session, waiting: Sequence[JobFacts]) -> list[WaitingJob]:
    ids = [one.job.id for one in waiting]
    reasons = newest_reasons(session, ids)
    return [
        WaitingJob(
            job_id=job_id,
            reasons=[Reason.model_validate(reason) for reason in reasons.get(job_id, ())],
        )
        for job_id in ids
    ]


def _route(
    rows: RouteRows,
    known: Surroundings,
    version: int,
    settings: Settings,
    at: datetime,
    broken: Mapping[str, BrokenVisit],
) -> BoardRoute:
    route = rows.route
    expected = expected_times(rows, known, at, settings)
    stops = [
        BoardStop(
            **stop.model_dump(
                include={"job_id", "depot_id", "arrival_at", "start_at", "departure_at", "parts"}
            ),
            kind=StopKind(stop.kind),
            tools=sorted(stop.tools),
            expected_arrival_at=times.arrival_at,
            expected_start_at=times.start_at,
            expected_departure_at=times.departure_at,
            will_miss=list(times.misses),
            conflict=conflict.cause.out if (conflict := broken.get(stop.job_id or "")) else None,
        )
        for stop, times in zip(rows.stops, expected, strict=True)
    ]
    # The way home takes as long as planned, whenever it begins.
    way_home = route.end_at - rows.stops[-1].departure_at if rows.stops else timedelta()
    ends_at = expected[-1].departure_at + way_home if expected else route.end_at
    statuses = [known.jobs[stop.job_id].status for stop in rows.stops if stop.job_id]
    visits = [stop for stop in stops if stop.kind is StopKind.VISIT]
    return BoardRoute(
        technician_id=route.technician_id,
        shift_starts_at=route.shift_starts_at,
        shift_ends_at=route.shift_ends_at,
        plan_version=version,
        start_at=route.start_at,
        end_at=route.end_at,
        expected_end_at=ends_at,
        figures=BoardFigures(
            visits=len(visits),
            done=statuses.count(JobStatus.COMPLETED),
            not_done=statuses.count(JobStatus.CANNOT_COMPLETE),
            under_way=sum(one in (JobStatus.EN_ROUTE, JobStatus.ON_SITE) for one in statuses),
            late=sum(bool(stop.will_miss) for stop in visits),
            shift_seconds=seconds_of(route.shift_ends_at - route.shift_starts_at),
            working_seconds=seconds_of(ends_at - route.start_at) if stops else 0,
            service_seconds=sum(
                seconds_of(stop.expected_departure_at - stop.expected_start_at) for stop in visits
            ),
            travel_seconds=route.travel_seconds,
            overtime_seconds=max(0, seconds_of(ends_at - route.shift_ends_at)) if stops else 0,
            distance_metres=route.distance_metres,
        ),
        stops=stops,
    )


_OF_SITE = {"address", "phone", "latitude", "longitude", "territory", "access_minutes"}


def _job(facts: JobFacts, site: Site, links: list[JobLinkOut]) -> BoardJob:
    job = facts.job
    return BoardJob(
        **job.model_dump(include=_JOB_COLUMNS),
        site=site.name,
        **site.model_dump(include=_OF_SITE),
        skills=dict(facts.skills),
        parts=dict(facts.parts),
        tools=sorted(facts.tools),
        windows=[BoardWindow.model_validate(row) for row in facts.windows],
        links=links,
    )


_JOB_COLUMNS = set(BoardJob.model_fields) & set(Job.model_fields)


def _sum(routes: Sequence[BoardRoute], shifts: Sequence[WorkingShift]) -> BoardFigures:
    total = {
        name: sum(getattr(route.figures, name) for route in routes)
        for name in BoardFigures.model_fields
    }
    # Whoever has nothing to do works as well.
    total["shift_seconds"] = sum(seconds_of(shift.ends_at - shift.starts_at) for shift in shifts)
    return BoardFigures(**total)
