"""Every query on runs and plans. Functions take a session and never commit."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, delete, func, or_, select, update

from dispatch.models import (
    PLANNABLE,
    Job,
    ManualChange,
    Plan,
    PlanStatus,
    PlanUnassigned,
    Route,
    Run,
    RunStatus,
    Stop,
)
from dispatch.plan_rows import PlanRows, RouteRows
from solver.solution import Rule, StopKind

# Runs


def queued_runs(session: Session) -> Sequence[Run]:
    """The runs that wait, the oldest first."""
    return session.exec(
        select(Run).where(Run.status == RunStatus.QUEUED).order_by(col(Run.created_at), col(Run.id))
    ).all()


def silent_runs(session: Session, since: datetime) -> Sequence[Run]:
    """Runs that are said to be running but have not been heard of for so long."""
    return session.exec(
        select(Run)
        .where(Run.status == RunStatus.RUNNING, col(Run.heartbeat_at) < since)
        .order_by(col(Run.id))
    ).all()


def page_of_runs(
    session: Session, *, status: RunStatus | None, after: str | None, limit: int
) -> Sequence[Run]:
    """Up to ``limit`` runs, the newest first, beginning behind the run ``after``."""
    query = select(Run).order_by(col(Run.created_at).desc(), col(Run.id).desc()).limit(limit)
    if status is not None:
        query = query.where(Run.status == status)
    last = None if after is None else session.get(Run, after)
    if last is not None:
        query = query.where(
            or_(
                col(Run.created_at) < last.created_at,
                and_(col(Run.created_at) == last.created_at, col(Run.id) < last.id),
            )
        )
    return session.exec(query).all()


def change_run(
    session: Session, run_id: str, condition: ColumnElement[bool], **values: Any
) -> bool:
    """Compare and swap: change the run if the condition holds, and say whether it did."""
    changed = session.exec(update(Run).where(col(Run.id) == run_id, condition).values(**values))
    return changed.rowcount == 1


def is_queued() -> ColumnElement[bool]:
    return col(Run.status) == RunStatus.QUEUED


def is_running() -> ColumnElement[bool]:
    return col(Run.status) == RunStatus.RUNNING


def is_run_by(owner: str) -> ColumnElement[bool]:
    return and_(is_running(), col(Run.owner) == owner)


# Plans


def hold_publication(session: Session) -> None:
    """Wait until no other transaction publishes, and keep others waiting until the end.

    What the session has read before may be out of date by then and is read again.
    """
    session.flush()
    # A SQLite transaction has the whole database to itself anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.exec(select(func.pg_advisory_xact_lock(func.hashtext("publish a plan")))).all()
    session.expire_all()


def hold_jobs(session: Session, ids: Collection[str]) -> dict[str, Job]:
    """The jobs, which others cannot change until this transaction ends."""
    rest = sorted(set(ids))
    found: dict[str, Job] = {}
    while rest:
        some, rest = rest[:1_000], rest[1_000:]
        query = select(Job).where(col(Job.id).in_(some)).order_by(Job.id).with_for_update()
        found.update((job.id, job) for job in session.exec(query))
    return found


def store_plan(session: Session, rows: PlanRows) -> Plan:
    """Store the plan with everything in it."""
    _share_jobs(session, rows)
    session.add(rows.plan)
    session.flush()
    plan_id = rows.plan.id
    assert plan_id is not None  # noqa: S101 - the flush has given it one
    for found in rows.routes:
        found.route.plan_id = plan_id
        session.add(found.route)
    session.flush()
    for found in rows.routes:
        for stop in found.stops:
            stop.route_id = found.route.id or 0
        session.add_all(found.stops)
    for row in rows.unassigned:
        row.plan_id = plan_id
    session.add_all(rows.unassigned)
    session.flush()
    return rows.plan


def store_changed_routes(
    session: Session,
    routes: Sequence[RouteRows],
    unassigned: Sequence[PlanUnassigned],
    days: tuple[date, date],
    costs: Mapping[Rule, int],
    at: datetime,
) -> Plan:
    """Store what was made of a few routes in force, from the first of these ``days`` to the last,
    as a plan that begins at that moment and is not in force yet."""
    first, last = days
    plan = Plan(
        status=PlanStatus.DRAFT,
        starts_on=first,
        ends_on=last,
        based_on_version=highest_version(session),
        begins_at=at,
        objective=sum(costs.values()),
        cost={rule.value: cents for rule, cents in costs.items() if cents},
    )
    return store_plan(session, PlanRows(plan, list(routes), list(unassigned)))


def _share_jobs(session: Session, rows: PlanRows) -> None:
    """Take the locks that references to jobs will need, in the order in which ``hold_jobs`` takes
    its own: in any other, two transactions could wait for each other."""
    rest = sorted(
        {stop.job_id for found in rows.routes for stop in found.stops if stop.job_id}
        | {row.job_id for row in rows.unassigned}
    )
    while rest:
        some, rest = rest[:1_000], rest[1_000:]
        query = select(Job.id).where(col(Job.id).in_(some)).order_by(Job.id)
        session.exec(query.with_for_update(read=True, key_share=True)).all()


def replace_draft(session: Session, plan: Plan, rows: PlanRows) -> None:
    """Give the stored draft what the rows hold instead of what it has."""
    for route_id in session.exec(select(Route.id).where(Route.plan_id == plan.id)).all():
        session.exec(delete(Stop).where(col(Stop.route_id) == route_id))
    session.exec(delete(Route).where(col(Route.plan_id) == plan.id))
    session.exec(delete(PlanUnassigned).where(col(PlanUnassigned.plan_id) == plan.id))
    session.expire_all()
    for name in ("based_on_version", "begins_at", "objective", "cost"):
        setattr(plan, name, getattr(rows.plan, name))
    store_plan(session, PlanRows(plan, rows.routes, rows.unassigned))


def routes_of(session: Session, plan_id: int) -> list[RouteRows]:
    """The plan's routes with their stops, by technician and time."""
    routes = session.exec(
        select(Route)
        .where(Route.plan_id == plan_id)
        .order_by(Route.technician_id, col(Route.shift_starts_at))
    ).all()
    stops: dict[int, list[Stop]] = {}
    for stop in session.exec(
        select(Stop)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(Route.plan_id == plan_id)
        .order_by(col(Stop.position))
    ):
        stops.setdefault(stop.route_id, []).append(stop)
    return [RouteRows(route, stops.get(route.id or 0, [])) for route in routes]


def unassigned_of(session: Session, plan_id: int) -> Sequence[PlanUnassigned]:
    return session.exec(
        select(PlanUnassigned)
        .where(PlanUnassigned.plan_id == plan_id)
        .order_by(PlanUnassigned.job_id)
    ).all()


def page_of_plans(session: Session, *, after: int | None, limit: int) -> Sequence[Plan]:
    """Up to ``limit`` plans, the newest first, beginning behind the plan ``after``."""
    query = select(Plan).order_by(col(Plan.id).desc()).limit(limit)
    if after is not None:
        query = query.where(col(Plan.id) < after)
    return session.exec(query).all()


def plan_of_run(session: Session, run_id: str) -> Plan | None:
    return session.exec(select(Plan).where(Plan.run_id == run_id)).one_or_none()


def counts_of_plans(session: Session, ids: Collection[int]) -> dict[int, tuple[int, int, int, int]]:
    """Jobs placed, jobs unassigned, seconds and metres of travel of each plan."""
    placed = dict(
        session.exec(
            select(Route.plan_id, func.count())
            .join(Stop, col(Stop.route_id) == Route.id)
            .where(col(Route.plan_id).in_(ids), Stop.kind == StopKind.VISIT.value)
            .group_by(col(Route.plan_id))
        ).all()
    )
    unassigned = dict(
        session.exec(
            select(PlanUnassigned.plan_id, func.count())
            .where(col(PlanUnassigned.plan_id).in_(ids))
            .group_by(col(PlanUnassigned.plan_id))
        ).all()
    )
    travel = {
        plan_id: (int(seconds), int(metres))
        for plan_id, seconds, metres in session.exec(
            select(Route.plan_id, func.sum(Route.travel_seconds), func.sum(Route.distance_metres))
            .where(col(Route.plan_id).in_(ids))
            .group_by(col(Route.plan_id))
        )
    }
    return {
        plan_id: (
            placed.get(plan_id, 0),
            unassigned.get(plan_id, 0),
            *travel.get(plan_id, (0, 0)),
        )
        for plan_id in ids
    }


def versions_of(session: Session, plan_ids: Collection[int]) -> dict[int, int]:
    """The versions of those plans that were published."""
    return {
        plan_id: version
        for plan_id, version in session.exec(
            select(Plan.id, Plan.version).where(
                col(Plan.id).in_(plan_ids), col(Plan.version).is_not(None)
            )
        )
        if plan_id is not None and version is not None
    }


def highest_version(session: Session) -> int:
    """0 if nothing was ever published."""
    return session.exec(select(func.max(Plan.version))).one() or 0


def placed_by_hand_since(session: Session, version: int) -> set[str]:
    """Jobs that dispatchers, or what places single jobs, have put somewhere else, or taken off, in
    versions after this one."""
    changed = session.exec(
        select(ManualChange.job_id)
        .join(Plan, col(Plan.id) == ManualChange.plan_id)
        .where(col(Plan.version) > version)
    ).all()
    single = (
        select(Stop.job_id, Route.technician_id)
        .join(Route, col(Route.id) == Stop.route_id)
        .join(Plan, col(Plan.id) == Route.plan_id)
        .where(col(Stop.job_id).is_not(None))
    )
    since = dict(
        session.exec(
            single.where(col(Stop.live), col(Plan.run_id).is_(None), col(Plan.version) > version)
        ).all()
    )
    before = dict(
        session.exec(
            single.where(col(Stop.job_id).in_(since), col(Plan.version) <= version).order_by(
                col(Plan.version)
            )
        ).all()
    )
    return {*changed, *(job_id or "" for job_id, who in since.items() if before.get(job_id) != who)}


def retire(session: Session, route_ids: Collection[int]) -> None:
    """These routes and all of their stops are not in force any more."""
    session.exec(update(Stop).where(col(Stop.route_id).in_(route_ids)).values(live=False))
    session.exec(update(Route).where(col(Route.id).in_(route_ids)).values(live=False))


def live_route_on(session: Session, technician_id: str, day: date) -> list[RouteRows]:
    """The technician's routes in force that belong to the local day, with their live stops."""
    routes = session.exec(
        select(Route)
        .where(col(Route.live), Route.technician_id == technician_id, Route.day == day)
        .order_by(col(Route.shift_starts_at))
    ).all()
    return [RouteRows(route, _live_stops(session, route)) for route in routes]


def told_visits(session: Session, job_id: str, technician_id: str) -> list[RouteRows]:
    """Where published versions had the technician attend the job, the newest first: routes with
    that one stop."""
    rows = session.exec(
        select(Route, Stop)
        .join(Stop, col(Stop.route_id) == Route.id)
        .join(Plan, col(Plan.id) == Route.plan_id)
        .where(
            Route.technician_id == technician_id,
            Stop.job_id == job_id,
            col(Plan.version).is_not(None),
        )
        .order_by(col(Plan.version).desc())
    )
    return [RouteRows(route, [stop]) for route, stop in rows]


def live_route_for(session: Session, technician_id: str, starts_at: datetime) -> RouteRows | None:
    """The technician's route in force for the shift that starts then, with its live stops."""
    route = session.exec(
        select(Route).where(
            col(Route.live),
            Route.technician_id == technician_id,
            Route.shift_starts_at == starts_at,
        )
    ).one_or_none()
    return None if route is None else RouteRows(route, _live_stops(session, route))


def overdue_routes(session: Session, at: datetime) -> list[RouteRows]:
    """Routes in force whose shifts were over at that moment, and which have visits that have not
    begun, as far as was reported."""
    left = (
        select(Stop.route_id)
        .join(Job, col(Job.id) == Stop.job_id)
        .where(col(Stop.live), col(Job.status).in_(PLANNABLE))
    )
    routes = session.exec(
        select(Route)
        .where(
            col(Route.live),
            col(Route.shift_ends_at) <= at,
            col(Route.end_at) <= at,
            col(Route.id).in_(left),
        )
        .order_by(col(Route.id))
    ).all()
    return [RouteRows(route, _live_stops(session, route)) for route in routes]


def live_route_of(session: Session, job_id: str) -> RouteRows | None:
    """The route in force with the job, and its live stops; None if it is on none."""
    route = session.exec(
        select(Route)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(col(Stop.live), Stop.job_id == job_id)
    ).one_or_none()
    return None if route is None else RouteRows(route, _live_stops(session, route))


def _live_stops(session: Session, route: Route) -> list[Stop]:
    return list(
        session.exec(
            select(Stop)
            .where(Stop.route_id == route.id, col(Stop.live))
            .order_by(col(Stop.position))
        )
    )


def live_visits(session: Session, job_ids: Collection[str]) -> dict[str, Route]:
    """The routes on which those of the jobs that are on any are live."""
    rest = sorted(set(job_ids))
    found: dict[str, Route] = {}
    while rest:
        some, rest = rest[:1_000], rest[1_000:]
        rows = session.exec(
            select(Stop, Route)
            .join(Route, col(Route.id) == Stop.route_id)
            .where(col(Stop.live), col(Stop.job_id).in_(some))
        )
        found.update((stop.job_id or "", route) for stop, route in rows)
    return found
