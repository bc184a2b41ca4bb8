"""Plans: drafts that are held against what is in force, published or thrown away.

Publishing swaps routes in force for new ones in one transaction. It succeeds only if what it
replaces is what the plan was made from, and if the plan still keeps every rule; otherwise it is a
``Conflict`` and the plan stays a draft.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from dispatch import log
from dispatch.errors import Conflict
from dispatch.models import SET_ASIDE, Job, Plan, PlanStatus, Run, now
from dispatch.planning.live_day import LiveDay
from dispatch.planning.loading import live_day_of
from dispatch.planning.plan_rows import RouteRows, to_solution
from dispatch.planning.snapshot import LiveRoute, Scope, jobs_on, live_routes, load_snapshot
from dispatch.planning.translation import Translation
from dispatch.plans import queries, versions
from dispatch.plans.contents import PlanSummary, find_plan, summary_of
from dispatch.plans.queries import routes_of
from dispatch.plans.taking_back import remember_accepted
from dispatch.settings import Settings
from solver.faults import Fault
from solver.judge.check import check
from solver.solution import Rule
from solver.wording import counted

STALE = timedelta(minutes=10)
"""A plan that puts a visit further than this into the past is too old to be published."""

PLAN_AGAIN = "plan again"


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
) -> PlanSummary:
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
    remember_accepted(session, plan, routes, found.gone, replaced, found.live)
    versions.put_in_force(session, plan, routes, replaced, jobs, found.gone, actor=actor, at=at)


def hold_jobs_of(session: Session, plan: Plan, routes: Iterable[RouteRows]) -> dict[str, Job]:
    """The jobs on the plan's routes and on those that they would replace. Nobody may change them
    from here on: what a snapshot says of them holds."""
    before = live_routes(session, plan.starts_on, plan.ends_on)
    return versions.hold_jobs(session, _visits_of(routes) | jobs_on(before))


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
    return job.status in SET_ASIDE


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
    problem = translation.problem.among(served)
    for violation in check(problem, replace(solution, unassigned=())):
        if violation.rule != Rule.COST:
            yield _fault(
                f"breaks_{violation.rule}",
                plan,
                f"things have changed since it was made; {violation.where}: {violation.message}",
                PLAN_AGAIN,
            )


def discard_plan(session: Session, plan_id: int, *, actor: str) -> PlanSummary:
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


def _fault(code: str, plan: Plan, cause: str, action: str) -> Fault:
    return Fault(code, f"plan {plan.id}", cause, action)


def _conflict(code: str, plan: Plan, cause: str, action: str) -> Conflict:
    return Conflict(_fault(code, plan, cause, action))
