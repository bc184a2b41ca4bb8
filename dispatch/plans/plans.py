"""Plans: drafts that are published, compared, read or thrown away.

Publishing swaps routes in force for new ones in one transaction. It succeeds only if what it
replaces is what the plan was made from, and if the plan still keeps every rule; otherwise it is a
``Conflict`` and the plan stays a draft.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from dispatch import log
from dispatch.errors import Conflict, existing
from dispatch.models import (
    Depot,
    Job,
    JobStatus,
    Plan,
    PlanStatus,
    Priority,
    Run,
    Stop,
    Technician,
    now,
)
from dispatch.output import Output
from dispatch.paging import page_of
from dispatch.planning.lending import LentTwice, lent_twice_with
from dispatch.planning.live_day import LiveDay, live_day_of
from dispatch.planning.plan_rows import RouteRows, to_solution
from dispatch.planning.snapshot import LiveRoute, Scope, jobs_by_id, live_routes, load_snapshot
from dispatch.planning.translate import Translation
from dispatch.plans import queries, versions
from dispatch.plans.queries import routes_of
from dispatch.settings import Settings
from dispatch.store import sites_of
from solver.faults import Fault
from solver.judge.check import check
from solver.solution import Rule
from solver.wording import counted

STALE = timedelta(minutes=10)
"""A plan that puts a visit further than this into the past is too old to be published."""

PLAN_AGAIN = "plan again"

GONE = (JobStatus.CANCELLED, JobStatus.ON_HOLD)
"""Nobody is sent to such jobs."""


def planned_from(run: Run) -> datetime:
    """From when on a run plans: what starts while it is still solving stays as it is."""
    if run.plans_from_at is not None:
        return run.plans_from_at
    return (run.started_at or run.created_at) + timedelta(seconds=run.seconds)


def freeze_of(run: Run | None) -> timedelta:
    """How long before its start a stop is left where it is."""
    return timedelta(minutes=0 if run is None else run.freeze_minutes)


def scope_of(plan: Run | Plan, run: Run | None) -> Scope:
    """What the plan of this run, or the run itself, is for."""
    chosen = None if run is None or run.technician_ids is None else frozenset(run.technician_ids)
    return Scope(plan.starts_on, plan.ends_on, plan.territory, chosen)


def publish_plan(
    session: Session,
    plan_id: int,
    *,
    actor: str,
    settings: Settings,
    at: datetime | None = None,
) -> "PlanSummary":
    """Put a draft's routes in force as a new version, all of them at once; again is as once.

    Jobs that were cancelled or put on hold since are left out. ``at`` is the moment of publication
    (None: now). Raises ``NotFound``, or ``Conflict`` with everything that stands in the way, having
    changed nothing.
    """
    at = at or now()
    versions.hold_publication(session)
    plan = find_plan(session, plan_id)
    if plan.status == PlanStatus.PUBLISHED:
        return summary_of(session, plan)
    if plan.status == PlanStatus.DISCARDED:
        raise _conflict("discarded", plan, "it was discarded", PLAN_AGAIN)
    try:
        with session.begin_nested():
            _publish(session, plan, actor, settings, at)
    except IntegrityError as error:
        # The last line of defence, should the checks before it ever let something through.
        raise _conflict(
            "overtaken", plan, f"another plan has taken its place ({error.orig})", PLAN_AGAIN
        ) from error
    return summary_of(session, plan)


def _publish(session: Session, plan: Plan, actor: str, settings: Settings, at: datetime) -> None:
    assert plan.id is not None  # noqa: S101 - it was read by its id
    routes = routes_of(session, plan.id)
    jobs = hold_jobs_of(session, plan, routes)
    found = review(session, plan, routes, jobs, settings, at)
    if found.faults:
        raise Conflict(*found.faults)
    replaced = found.live.translation.snapshot.live
    versions.put_in_force(session, plan, routes, replaced, jobs, found.gone, actor=actor, at=at)


def hold_jobs_of(session: Session, plan: Plan, routes: Iterable[RouteRows]) -> dict[str, Job]:
    """The jobs on the plan's routes and on those that they would replace. Nobody may change them
    from here on: what a snapshot says of them holds."""
    before = live_routes(session, plan.starts_on, plan.ends_on)
    affected = {stop.job_id for found in before for stop in found.stops if stop.job_id is not None}
    return versions.hold_jobs(session, _visits_of(routes) | affected)


@dataclass(frozen=True, slots=True)
class Review:
    """A draft's routes held against what is in force."""

    live: LiveDay
    """What is in force, seen from where the draft begins."""
    gone: frozenset[str]
    """Jobs of the draft that were cancelled or put on hold since."""
    faults: tuple[Fault, ...]
    """What keeps the routes from being published as they are."""


def review(
    session: Session,
    plan: Plan,
    routes: Sequence[RouteRows],
    jobs: Mapping[str, Job],
    settings: Settings,
    at: datetime,
) -> Review:
    """Look at the draft's routes; ``jobs`` has at least those on them."""
    run = session.get(Run, plan.run_id)
    visits = _visits_of(routes)
    begins_at = plan.begins_at or plan.created_at
    snapshot = load_snapshot(session, scope_of(plan, run), begins_at, freeze_of(run))
    gone = frozenset(job_id for job_id in visits if _is_gone(jobs[job_id]))
    live = live_day_of(snapshot, settings)
    faults = [
        *_overtaken(session, plan, snapshot.live, visits),
        *_too_late(plan, routes, live.translation, (run and run.plans_from_at) or at),
    ]
    faults = faults or list(_broken(plan, routes, live.translation, gone))
    return Review(live, gone, tuple(faults))


def _visits_of(routes: Iterable[RouteRows]) -> set[str]:
    return {stop.job_id for rows in routes for stop in rows.stops if stop.job_id is not None}


def _is_gone(job: Job) -> bool:
    return job.status in GONE


def _overtaken(
    session: Session, plan: Plan, live: Iterable[LiveRoute], visits: Collection[str]
) -> list[Fault]:
    """Compare and swap: everything that the plan would replace must be older than it."""
    in_scope = {found.route.id: found.route for found in live}
    placed = queries.live_visits(session, visits)
    elsewhere = {job_id: r for job_id, r in placed.items() if r.id not in in_scope}
    routes = [*in_scope.values(), *elsewhere.values()]
    versions = queries.versions_of(session, {route.plan_id for route in routes})
    newer = sorted({versions.get(route.plan_id, 0) for route in routes})
    newer = [version for version in newer if version > plan.based_on_version]
    # A route that lost its last visit so is in force no more, and would not show.
    by_hand = queries.placed_by_hand_since(session, plan.based_on_version)
    taken_off = sorted(by_hand.intersection(visits) - placed.keys())
    return [
        *(
            _fault(
                "overtaken",
                plan,
                f"version {version}, published since, has changed the same routes or jobs",
                f"compare it with version {version}, or {PLAN_AGAIN}",
            )
            for version in newer
        ),
        *(
            _fault(
                "overtaken",
                plan,
                f"job {job_id} was taken off the plan since",
                f"compare it with what is in force, or {PLAN_AGAIN}",
            )
            for job_id in taken_off
        ),
        *(
            _fault(
                "planned_elsewhere",
                plan,
                f"job {job_id} is with technician {route.technician_id} on {route.day}",
                PLAN_AGAIN,
            )
            for job_id, route in sorted(elsewhere.items())
            if versions.get(route.plan_id, 0) <= plan.based_on_version
        ),
    ]


def _too_late(
    plan: Plan, routes: Iterable[RouteRows], translation: Translation, at: datetime
) -> list[Fault]:
    begun = translation.begun
    late = [
        stop.job_id
        for rows in routes
        for stop in rows.stops
        if stop.job_id is not None and stop.job_id not in begun and stop.start_at < at - STALE
    ]
    if not late:
        return []
    return [
        _fault(
            "too_late",
            plan,
            f"it puts {counted(len(late), 'visit')} into the past, such as {late[0]}",
            PLAN_AGAIN,
        )
    ]


def _broken(
    plan: Plan, routes: Sequence[RouteRows], translation: Translation, gone: Collection[str]
) -> Iterable[Fault]:
    """What the plan would break if it came into force as things are now."""
    solution = to_solution(translation, routes, without=gone)
    if solution is None:
        yield _fault("overtaken", plan, "work on its routes has begun since", PLAN_AGAIN)
        return
    served = {stop.id for route in solution.routes for stop in route.stops}
    visits = tuple(visit for visit in translation.problem.visits if visit.id in served)
    problem = replace(translation.problem, visits=visits)
    for violation in check(problem, replace(solution, unassigned=())):
        if violation.rule != Rule.COST:
            yield _fault(
                f"breaks_{violation.rule}",
                plan,
                f"things have changed since it was made; {violation.where}: {violation.message}",
                PLAN_AGAIN,
            )


def discard_plan(session: Session, plan_id: int, *, actor: str) -> "PlanSummary":
    """Rule a draft out for good; again is as once. Raises ``NotFound`` and ``Conflict``."""
    versions.hold_publication(session)
    plan = find_plan(session, plan_id)
    if plan.status == PlanStatus.PUBLISHED:
        raise _conflict("published", plan, "it is published", "publish another plan instead")
    if plan.status == PlanStatus.DRAFT:
        plan.status = PlanStatus.DISCARDED
        log.record(session, actor, "discard", log.Entity.PLAN, str(plan.id))
        session.flush()
    return summary_of(session, plan)


def find_plan(session: Session, plan_id: int) -> Plan:
    """Raises ``NotFound``."""
    return existing(session.get(Plan, plan_id), "plan", plan_id)


def _fault(code: str, plan: Plan, cause: str, action: str) -> Fault:
    return Fault(code, f"plan {plan.id}", cause, action)


def _conflict(code: str, plan: Plan, cause: str, action: str) -> Conflict:
    return Conflict(_fault(code, plan, cause, action))


# Reading


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
    """Tools that its routes borrow while somebody else has them, on this plan or on routes in force
    beside it."""


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
