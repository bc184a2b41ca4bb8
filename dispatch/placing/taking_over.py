"""A job that was begun by somebody else than who has it in the plan in force, or at another time.

Whoever is out of reach goes by the plan as it was. What they report has happened, so the plan in
force follows: the visit goes to the route on which it was made. Nothing else moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch import log
from dispatch.jobs.pins import set_pin
from dispatch.models import Job, Stop
from dispatch.planning.expected import Surroundings, began_at, surroundings
from dispatch.planning.facts import access_of
from dispatch.planning.plan_rows import PlanRows, RouteRows, copied, shift_key
from dispatch.planning.snapshot import STARTED, LiveRoute
from dispatch.plans import queries, versions
from dispatch.settings import Settings


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a job is in the plan in force, and where a technician was told to attend it. Nobody
    else can change that any more, nor any job on these routes."""

    told: RouteRows
    """A route of the technician in some published version, with that visit only."""
    live: RouteRows | None
    """The route in force with the job, whoever's."""
    theirs: RouteRows | None
    """The technician's route in force for the shift in which the visit was to be."""
    jobs: Mapping[str, Job]

    @property
    def routes(self) -> list[RouteRows]:
        """Those in force."""
        found = {shift_key(rows.route): rows for rows in (self.live, self.theirs) if rows}
        return list(found.values())

    @property
    def is_elsewhere(self) -> bool:
        """Whether the plan in force has the job with anybody else, on another day, or nowhere."""
        told = self.told.route
        return self.live is None or (self.live.route.technician_id, self.live.route.day) != (
            told.technician_id,
            told.day,
        )


def hold_whereabouts(session: Session, job_id: str, told: RouteRows) -> Whereabouts:
    """Look where the job is; whoever calls it holds the publication."""
    technician, starts_at = shift_key(told.route)
    theirs = queries.live_route_for(session, technician, starts_at)
    live = queries.live_route_of(session, job_id)
    on_routes = {stop.job_id for rows in (live, theirs) if rows for stop in rows.stops}
    jobs = versions.hold_jobs(session, {job_id, *(name for name in on_routes if name)})
    # Those who cancel a job hold only that, and take it off its route.
    return Whereabouts(
        told,
        queries.live_route_of(session, job_id),
        queries.live_route_for(session, technician, starts_at),
        jobs,
    )


def take_over(
    session: Session,
    job: Job,
    found: Whereabouts,
    settings: Settings,
    *,
    actor: str,
    at: datetime,
) -> list[RouteRows]:
    """Put the job, which has begun, in force where the technician was told to attend it, in the
    order of time, as a new version that takes it off the route where it is.

    Returns the routes of ``found`` as they are then. A pin to anybody else ends.
    """
    assert job.status in STARTED  # noqa: S101 - what has not begun is for dispatchers to give away
    technician = found.told.route.technician_id
    theirs = found.theirs or RouteRows(found.told.route, [])
    given = _with(theirs, _visit(found.told.stops[0], job), found.jobs)
    routes = [given]
    if found.live is not None:
        routes.append(copied(found.live, {job.id}))
    known = surroundings(session, routes, settings)
    before = {shift_key(rows.route): rows.stops for rows in found.routes}
    for rows in routes:
        follow_stops(rows, before.get(shift_key(rows.route), ()), known)
    routes = [rows for rows in routes if any(stop.job_id for stop in rows.stops)]
    days = [rows.route.day for rows in routes]
    plan = versions.store_draft(session, PlanRows(min(days), max(days), at, routes, [], {}))
    holder = None if found.live is None else found.live.route.technician_id
    log.record(
        session,
        actor,
        "take_over",
        log.Entity.JOB,
        job.id,
        before={"technician_id": holder},
        after={"plan_id": plan.id, "technician_id": technician},
    )
    if job.pinned_technician_id not in (None, technician):
        set_pin(session, job, None, None, actor=actor)
    replaced = [LiveRoute(rows.route, tuple(rows.stops)) for rows in found.routes]
    versions.put_in_force(session, plan, routes, replaced, found.jobs, actor=actor, at=at)
    return routes


def _visit(told: Stop, job: Job) -> Stop:
    """The visit as they were told, at the time at which it was made as far as that is known."""
    work = told.departure_at - told.start_at
    arrival_at, start_at = told.arrival_at, told.start_at
    if job.arrived_at is not None:
        arrival_at = start_at = job.arrived_at
    elif job.departed_at is not None:
        latest = job.departed_at - work
        arrival_at = start_at = max(latest, job.en_route_at or latest)
    elif job.en_route_at is not None:
        arrival_at, start_at = max(arrival_at, job.en_route_at), max(start_at, job.en_route_at)
    times = {
        "arrival_at": arrival_at,
        "start_at": start_at,
        "departure_at": job.departed_at or start_at + work,
    }
    return Stop(**told.model_dump() | times)


def _with(rows: RouteRows, visit: Stop, jobs: Mapping[str, Job]) -> RouteRows:
    """A copy of the route on which the visit follows all that has begun, or should, before it."""
    begin = [began_at(stop, jobs.get(stop.job_id or "")) for stop in rows.stops]
    earlier = [place for place, moment in enumerate(begin, start=1) if moment < visit.start_at]
    place = max(earlier, default=0)
    return copied(RouteRows(rows.route, [*rows.stops[:place], visit, *rows.stops[place:]]))


def follow_stops(rows: RouteRows, before: Sequence[Stop], known: Surroundings) -> None:
    """Let the route's totals follow from its stops, and its ends if other stops are there now."""
    route, stops = rows.route, rows.stops
    home = known.home(route.technician_id)
    seconds, metres = known.travel.matrices(
        [home, *(place for stop in stops if (place := known.place(stop))), home]
    )
    legs = [(row, row + 1) for row in range(len(seconds) - 1)]
    route.travel_seconds = sum(int(seconds[leg]) for leg in legs)
    route.distance_metres = sum(int(metres[leg]) for leg in legs)
    if not stops:
        return
    if not before or stops[0].start_at != before[0].start_at:
        way = 0 if known.place(stops[0]) is None else int(seconds[0, 1])
        site = known.site(stops[0])
        way += 0 if site is None else access_of(site)
        route.start_at = stops[0].arrival_at - timedelta(seconds=way)
    if not before or stops[-1].departure_at != before[-1].departure_at:
        route.end_at = stops[-1].departure_at + timedelta(seconds=int(seconds[legs[-1]]))
