"""Every query on runs and plans. Functions take a session and never commit."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, exists, func, or_, select, update

from dispatch.models import (
    AT_WORK,
    PLANNABLE,
    Job,
    ManualChange,
    ManualChangeJob,
    Plan,
    PlanUnassigned,
    Route,
    Run,
    RunStatus,
    Stop,
    is_one_of,
)
from dispatch.planning.plan_rows import RouteRows
from dispatch.store import batches
from solver.solution import StopKind

# Runs


def queued_runs(session: Session) -> Sequence[Run]:
    """The runs that wait, the oldest first."""
    return session.exec(
        select(Run)
        .where(is_one_of(Run.status, AT_WORK), Run.status == RunStatus.QUEUED)
        .order_by(col(Run.created_at), col(Run.id))
    ).all()


def silent_runs(session: Session, since: datetime) -> Sequence[Run]:
    """Runs that are said to be running but have not been heard of for so long."""
    return session.exec(
        select(Run)
        .where(
            is_one_of(Run.status, AT_WORK),
            Run.status == RunStatus.RUNNING,
            col(Run.heartbeat_at) < since,
        )
        .order_by(col(Run.id))
    ).all()


def page_of_runs(
    session: Session, *, status: RunStatus | None, after: Run | None, limit: int
) -> Sequence[Run]:
    """Up to ``limit`` runs, the newest first, beginning behind the run ``after``."""
    query = select(Run).order_by(col(Run.created_at).desc(), col(Run.id).desc()).limit(limit)
    if status is not None:
        query = query.where(Run.status == status)
    if after is not None:
        query = query.where(
            or_(
                col(Run.created_at) < after.created_at,
                and_(col(Run.created_at) == after.created_at, col(Run.id) < after.id),
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
    """A condition of ``change_run``: nobody has taken up the run, or called it off."""
    return col(Run.status) == RunStatus.QUEUED


def is_running() -> ColumnElement[bool]:
    """A condition of ``change_run``: somebody is at it."""
    return col(Run.status) == RunStatus.RUNNING


def is_run_by(owner: str) -> ColumnElement[bool]:
    """A condition of ``change_run``: this owner is at it, and nobody has taken it away."""
    return and_(is_running(), col(Run.owner) == owner)


# Plans


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
    """What the plan leaves out, by job."""
    return session.exec(
        select(PlanUnassigned)
        .where(PlanUnassigned.plan_id == plan_id)
        .order_by(PlanUnassigned.job_id)
    ).all()


def newest_reasons(
    session: Session, job_ids: Collection[str], *, of_versions: bool = False
) -> dict[str, list[dict[str, Any]]]:
    """Why the jobs have no place, as the newest plan says that left each of them out; or the newest
    of those that have been in force (``of_versions``)."""
    found: dict[str, list[dict[str, Any]]] = {}
    for some in batches(job_ids):
        # A job that waits for long is left out of every plan made meanwhile.
        newest = (
            select(PlanUnassigned.job_id, func.max(PlanUnassigned.plan_id).label("plan_id"))
            .where(col(PlanUnassigned.job_id).in_(some))
            .group_by(PlanUnassigned.job_id)
        )
        if of_versions:
            newest = newest.join(Plan, col(Plan.id) == PlanUnassigned.plan_id)
            newest = newest.where(col(Plan.version).is_not(None))
        newest_of_each = newest.subquery()
        rows = session.exec(
            select(PlanUnassigned).join(
                newest_of_each,
                and_(
                    col(PlanUnassigned.plan_id) == newest_of_each.c.plan_id,
                    col(PlanUnassigned.job_id) == newest_of_each.c.job_id,
                ),
            )
        )
        found.update((row.job_id, row.reasons) for row in rows)
    return found


def plan_of_run(session: Session, run_id: str) -> Plan | None:
    """The plan that the run has made; None if it has made none (yet)."""
    return session.exec(select(Plan).where(Plan.run_id == run_id)).one_or_none()


def plans_of_runs(session: Session, run_ids: Collection[str]) -> dict[str, Plan]:
    """The plans of those runs that have one, by run."""
    plans = session.exec(select(Plan).where(col(Plan.run_id).in_(run_ids)))
    return {plan.run_id or "": plan for plan in plans}


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


def placed_by_hand_since(session: Session, version: int) -> set[str]:
    """Jobs that dispatchers, or what places single jobs, have put somewhere else, or taken off, in
    versions after this one."""
    changed = [
        job_id
        for table, decided in (
            # A draft that was accepted leaves what the solver has decided.
            (ManualChange, [~col(ManualChange.is_acceptance)]),
            (ManualChangeJob, []),
        )
        for job_id in session.exec(
            select(table.job_id)
            .join(Plan, col(Plan.id) == table.plan_id)
            .where(col(Plan.version) > version, *decided)
        )
    ]
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


def live_routes_on(
    session: Session, technician_ids: Collection[str], first: date, last: date
) -> list[RouteRows]:
    """The technicians' routes in force that belong to these local days, with their live stops, by
    time."""
    routes = session.exec(
        select(Route)
        .where(
            col(Route.live),
            col(Route.technician_id).in_(technician_ids),
            Route.day >= first,
            Route.day <= last,
        )
        .order_by(col(Route.shift_starts_at))
    ).all()
    return _with_live_stops(session, routes)


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
    return None if route is None else _with_live_stops(session, [route])[0]


def overdue_routes(session: Session, since: datetime, at: datetime) -> list[RouteRows]:
    """Routes in force that were over at that moment, but not ``since`` then, with visits that have
    begun and with others that have not, as far as was reported."""
    visit = (
        select(Stop.route_id)
        .join(Job, col(Job.id) == Stop.job_id)
        .where(Stop.route_id == Route.id, col(Stop.live))
        # Route by route: PostgreSQL would rather join all live stops that there are.
        .offset(0)
    )
    begun = or_(
        col(Job.en_route_at).is_not(None),
        col(Job.arrived_at).is_not(None),
        col(Job.departed_at).is_not(None),
    )
    routes = session.exec(
        select(Route)
        .where(
            col(Route.live),
            col(Route.shift_ends_at) <= at,
            col(Route.end_at) <= at,
            col(Route.end_at) > since,
            exists(visit.where(is_one_of(Job.status, PLANNABLE))),
            exists(visit.where(begun)),
        )
        .order_by(col(Route.id))
    ).all()
    return _with_live_stops(session, routes)


def live_route_of(session: Session, job_id: str) -> RouteRows | None:
    """The route in force with the job, and its live stops; None if it is on none."""
    route = session.exec(
        select(Route)
        .join(Stop, col(Stop.route_id) == Route.id)
        .where(col(Stop.live), Stop.job_id == job_id)
    ).one_or_none()
    return None if route is None else _with_live_stops(session, [route])[0]


def _with_live_stops(session: Session, routes: Sequence[Route]) -> list[RouteRows]:
    stops: dict[int | None, list[Stop]] = {route.id: [] for route in routes}
    if routes:
        for stop in session.exec(
            select(Stop)
            .where(col(Stop.route_id).in_(stops), col(Stop.live))
            .order_by(col(Stop.position))
        ):
            stops[stop.route_id].append(stop)
    return [RouteRows(route, stops[route.id]) for route in routes]


def live_visits(session: Session, job_ids: Collection[str]) -> dict[str, Route]:
    """The routes on which those of the jobs that are on any are live."""
    return {name: route for name, (_, route) in live_stops(session, job_ids).items()}


def live_stops(session: Session, job_ids: Collection[str]) -> dict[str, tuple[Stop, Route]]:
    """The visits in force of those of the jobs that have one, with their routes."""
    found: dict[str, tuple[Stop, Route]] = {}
    for some in batches(job_ids):
        rows = session.exec(
            select(Stop, Route)
            .join(Route, col(Route.id) == Stop.route_id)
            .where(col(Stop.live), col(Stop.job_id).in_(some))
        )
        found.update((stop.job_id or "", (stop, route)) for stop, route in rows)
    return found
