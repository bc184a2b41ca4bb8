"""Plans as they are read: lists of them with totals, and one with everything in it."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session, select

from dispatch.errors import existing
from dispatch.models import Depot, Plan, PlanStatus, Priority, Stop, Technician
from dispatch.output import Output
from dispatch.paging import page_of
from dispatch.planning.lending import LentTwice, lent_twice_with
from dispatch.planning.snapshot import jobs_by_id
from dispatch.plans import queries
from dispatch.plans.queries import routes_of
from dispatch.store import sites_of


def find_plan(session: Session, plan_id: int) -> Plan:
    """Raises ``NotFound``."""
    return existing(session.get(Plan, plan_id), "plan", plan_id)


class Totals(Output):
    """What a plan amounts to. Costs are in cents of the company's money."""

    jobs_placed: int
    jobs_unassigned: int
    travel_seconds: int
    distance_metres: int
    travel_minutes_per_job: float | None
    """None if no job is placed."""
    objective: int
    cost: dict[str, int]
    """By soft rule."""


class PlanSummary(Output):
    """A plan without its routes."""

    id: int
    version: int | None
    """Set when it was published."""
    status: PlanStatus
    run_id: str | None
    starts_on: date
    ends_on: date
    territory: str | None
    based_on_version: int
    created_at: datetime
    published_at: datetime | None
    totals: Totals


class PlannedStop(Output):
    """A visit, depot call or break of a plan."""

    kind: str
    job_id: str | None
    title: str | None
    site_id: str | None
    depot_id: str | None
    place: str | None
    """Name of the site or depot."""
    latitude: float | None
    longitude: float | None
    arrival_at: datetime
    start_at: datetime
    departure_at: datetime
    parts: dict[str, int]
    """What a depot call picks up, or a visit uses."""
    tools: list[str]
    """What a depot call borrows, or a visit needs."""
    live: bool


class PlannedRoute(Output):
    """A technician's shift in a plan."""

    technician_id: str
    technician: str
    day: date
    shift_starts_at: datetime
    shift_ends_at: datetime
    start_at: datetime
    end_at: datetime
    travel_seconds: int
    distance_metres: int
    live: bool
    """Whether this is the route in force for its shift."""
    stops: list[PlannedStop]


class Reason(Output):
    """Why a job is not placed."""

    code: str
    rule: str | None
    message: str


class UnassignedJob(Output):
    """A job that a plan could not place."""

    job_id: str
    title: str
    priority: Priority
    reasons: list[Reason]


class PlanOut(PlanSummary):
    """A plan with everything in it."""

    routes: list[PlannedRoute]
    unassigned: list[UnassignedJob]
    lent_twice: list[LentTwice]
    """Tools that its routes borrow while others have all that the depot has, on this plan or on
    routes in force beside it."""


def read_plan(session: Session, plan_id: int) -> PlanOut:
    """Raises ``NotFound``."""
    plan = find_plan(session, plan_id)
    routes = routes_of(session, plan_id)
    unassigned = queries.unassigned_of(session, plan_id)
    ids = {stop.job_id for rows in routes for stop in rows.stops if stop.job_id is not None}
    jobs = jobs_by_id(session, ids | {row.job_id for row in unassigned})
    sites = sites_of(session, list(jobs.values()))
    depots = {depot.id: depot for depot in session.exec(select(Depot))}
    technicians = dict(session.exec(select(Technician.id, Technician.name)).all())

    def stop_out(stop: Stop) -> PlannedStop:
        job = None if stop.job_id is None else jobs[stop.job_id]
        place = depots.get(stop.depot_id or "") if job is None else sites[job.site_id]
        return PlannedStop(
            **stop.model_dump(exclude={"route_id", "position"}),
            title=job.title if job else None,
            site_id=job.site_id if job else None,
            place=place.name if place else None,
            latitude=place.latitude if place else None,
            longitude=place.longitude if place else None,
        )

    return PlanOut(
        **summary_of(session, plan).model_dump(),
        routes=[
            PlannedRoute(
                **rows.route.model_dump(exclude={"id", "plan_id"}),
                technician=technicians[rows.route.technician_id],
                stops=[stop_out(stop) for stop in rows.stops],
            )
            for rows in routes
        ],
        unassigned=[
            UnassignedJob(
                job_id=row.job_id,
                title=jobs[row.job_id].title,
                priority=jobs[row.job_id].priority,
                reasons=[Reason.model_validate(reason) for reason in row.reasons],
            )
            for row in unassigned
        ],
        lent_twice=lent_twice_with(session, routes),
    )


def list_plans(
    session: Session, *, after: int | None = None, limit: int = 50
) -> tuple[list[PlanSummary], int | None]:
    """Plans, the newest first, and where to go on (``after``) if there are more."""
    page, following = page_of(session, select(Plan), after, limit, newest_first=True)
    return _summaries(session, page), following


def summary_of(session: Session, plan: Plan) -> PlanSummary:
    """The plan as lists have it, with its totals counted anew from its rows."""
    return _summaries(session, [plan])[0]


def _summaries(session: Session, plans: Sequence[Plan]) -> list[PlanSummary]:
    counts = queries.counts_of_plans(session, [plan.id for plan in plans if plan.id])
    result = []
    for plan in plans:
        placed, unassigned, seconds, metres = counts[plan.id or 0]
        totals = Totals(
            jobs_placed=placed,
            jobs_unassigned=unassigned,
            travel_seconds=seconds,
            distance_metres=metres,
            travel_minutes_per_job=round(seconds / 60 / placed, 2) if placed else None,
            objective=plan.objective,
            cost=plan.cost,
        )
        result.append(PlanSummary.model_validate({**plan.model_dump(), "totals": totals}))
    return result
