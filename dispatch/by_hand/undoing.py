"""Undoing changes by hand."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from dispatch import log, models
from dispatch.by_hand.versions import ChangeMade, ManualVersion, ground_of, made, verify
from dispatch.errors import Conflict, NotFound
from dispatch.jobs.jobs import CHANGEABLE, cancel_job, reopen_job
from dispatch.local_time import as_said
from dispatch.models import SET_ASIDE, Job, JobStatus, ManualChange, ManualChangeJob, Plan, now
from dispatch.planning.live_day import LiveDay
from dispatch.planning.plan_rows import RouteRows, copied, shift_key
from dispatch.planning.snapshot import LiveRoute, Scope
from dispatch.plans import queries, versions
from dispatch.plans.taking_back import moved_visits
from dispatch.settings import Settings
from solver.faults import Fault


def undo_change(
    session: Session,
    plan_version: int,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> ChangeMade:
    """Have the routes that the change, or the draft, replaced as they were, with pins and waivers,
    as a new version; again is as once, and an undone change can be had back by undoing that.

    Raises ``NotFound``, or ``Conflict`` if anything on these routes has begun since, or been
    changed, or is too late.
    """
    at = at or now()
    versions.hold_publication(session)
    plan, change = _change_of(session, plan_version)
    undone = session.exec(
        select(Plan)
        .join(ManualChange, col(ManualChange.plan_id) == Plan.id)
        .where(ManualChange.undoes_plan_id == plan.id)
    ).one_or_none()
    if undone is not None:
        return made(undone, change.job_id, undoes=plan.version)
    before = [_as_before(session, one) for one in change.replaced]
    since = queries.routes_of(session, plan.id or 0)
    changed = moved_visits(before, since) if change.is_acceptance else _jobs_of(session, change)
    reopened = {
        name for name, was in change.statuses.items() if was["status"] != JobStatus.CANCELLED.value
    }
    names = {rows.route.technician_id for rows in (*before, *since)}
    there = {stop.job_id for rows in (*before, *since) for stop in rows.stops if stop.job_id}
    ids = {*there, *changed, *change.pins, *change.statuses}
    scope = Scope(
        plan.starts_on,
        plan.ends_on,
        technician_ids=frozenset(names),
        waiting_job_ids=frozenset(ids),
        by_hand=frozenset(ids),
    )
    ground = ground_of(session, scope, settings, at, ids, about_to_begin=False)
    keys = {shift_key(rows.route) for rows in (*before, *since)}
    replaced = [found for found in ground.routes if shift_key(found.route) in keys]
    off = {name for name in ids if ground.jobs[name].status in SET_ASIDE and name not in reopened}
    routes = [copied(rows, off) for rows in before]
    faults = [
        *_changed_since(session, plan, since, replaced, there),
        *_begun_since(plan, routes, keys, ground.live, settings, at),
        *_otherwise_since(plan, change, ground.jobs),
    ]
    if faults:
        raise Conflict(*faults)
    version = ManualVersion(session, ground, actor, at)
    statuses = {
        name: {"status": job.status.value, "hold_reason": job.hold_reason}
        for name in change.statuses
        for job in [ground.jobs[name]]
    }
    new = version.stored(routes, [], {})
    for name, was in sorted(change.statuses.items()):
        if name in reopened:
            reopen_job(session, name, was, actor=actor)
        else:
            cancel_job(session, name, actor=actor)
    version.take_back(change)
    for name in changed:
        log.record(
            session,
            actor,
            "undo",
            log.Entity.JOB,
            name,
            after={"plan_id": new.id, "undoes_version": plan.version},
        )
    version.put_in_force(new, routes, replaced, changed, undoes=plan, statuses=statuses)
    verify(session, ground, settings, at, change.broken)
    return made(new, change.job_id, undoes=plan.version)


def _change_of(session: Session, plan_version: int) -> tuple[Plan, ManualChange]:
    plan = session.exec(select(Plan).where(Plan.version == plan_version)).one_or_none()
    change = None if plan is None else session.get(ManualChange, plan.id)
    if plan is None or change is None:
        raise NotFound(
            Fault(
                "not_found",
                f"version {plan_version}",
                "no change by hand and no draft that moves a visit made this version",
                "give the plan_version that the change was answered with",
            )
        )
    return plan, change


def _jobs_of(session: Session, change: ManualChange) -> list[str]:
    """The jobs that were changed, that which the change is named after first."""
    others = session.exec(
        select(ManualChangeJob.job_id)
        .where(ManualChangeJob.plan_id == change.plan_id)
        .order_by(ManualChangeJob.job_id)
    )
    return [change.job_id, *others]


def _otherwise_since(plan: Plan, change: ManualChange, jobs: Mapping[str, Job]) -> Iterable[Fault]:
    """Jobs that are not as the change left them: cancelled, or taken up again."""
    for name, was in sorted(change.statuses.items()):
        status = jobs[name].status
        was_cancelled = was["status"] == JobStatus.CANCELLED.value
        if was_cancelled and status not in CHANGEABLE:
            yield _fault(plan, "changed_since", f"job {name} is {status}")
        if not was_cancelled and status != JobStatus.CANCELLED:
            yield _fault(plan, "changed_since", f"job {name} is {status}")


def _as_before(session: Session, replaced: Mapping[str, Any]) -> RouteRows:
    route = session.get_one(models.Route, replaced["route_id"])
    stops = session.exec(
        select(models.Stop)
        .where(models.Stop.route_id == route.id)
        .order_by(col(models.Stop.position))
    ).all()
    return RouteRows(route, [stop for stop in stops if stop.position in replaced["positions"]])


def _changed_since(
    session: Session,
    plan: Plan,
    since: Sequence[RouteRows],
    in_force_now: Sequence[LiveRoute],
    ids: Collection[str],
) -> Iterable[Fault]:
    """What has happened to these routes, or to jobs on them, since the change made them."""
    then = {shift_key(rows.route): _made_by(session, rows.route) for rows in since if rows.stops}
    now_there = {shift_key(found.route): _made_by(session, found.route) for found in in_force_now}
    different = {
        key for key in then.keys() | now_there.keys() if then.get(key) != now_there.get(key)
    }
    versions = queries.versions_of(session, {found.route.plan_id for found in in_force_now})
    newest = max(versions.values(), default=0)
    for technician in sorted({technician for technician, _ in different}):
        cause = f"the route of {technician} has changed since, up to version {newest}"
        yield _fault(plan, "changed_since", cause)
    shifts = set(now_there)
    for job_id, route in sorted(queries.live_visits(session, ids).items()):
        if shift_key(route) not in shifts:
            cause = f"job {job_id} is with {route.technician_id} on {route.day}"
            yield _fault(plan, "changed_since", cause)


def _made_by(session: Session, route: models.Route) -> int:
    """The version that first had the route as it is: an undone change put it back only."""
    while True:
        change = session.get(ManualChange, route.plan_id)
        if change is None or change.undoes_plan_id is None:
            return route.plan_id
        undone = session.get_one(ManualChange, change.undoes_plan_id)
        earlier = [session.get_one(models.Route, one["route_id"]) for one in undone.replaced]
        route = next(one for one in earlier if shift_key(one) == shift_key(route))


def _begun_since(
    plan: Plan,
    routes: Sequence[RouteRows],
    shifts: Container[tuple[str, datetime]],
    live: LiveDay,
    settings: Settings,
    at: datetime,
) -> Iterable[Fault]:
    """What has begun on the ``shifts`` that are put back, and would be elsewhere or at another
    time."""
    there = {
        (shift_key(rows.route), stop.job_id): stop.start_at
        for rows in routes
        for stop in rows.stops
    }
    for history in live.translation.histories:
        # The same technicians may be out on days that the change left alone.
        if shift_key(history.route) not in shifts:
            continue
        for stop in history.stops:
            if stop.job_id is None or stop.job_id in history.held:
                continue
            if there.get((shift_key(history.route), stop.job_id)) != stop.start_at:
                yield _fault(plan, "begun", f"job {stop.job_id} has begun")
    begun = live.translation.begun
    for rows in routes:
        for stop in rows.stops:
            if stop.job_id is not None and stop.job_id not in begun and stop.start_at < at:
                then = as_said(stop.start_at, settings.zone)
                cause = f"job {stop.job_id} should have begun at {then} then"
                yield _fault(plan, "too_late", cause)


def _fault(plan: Plan, code: str, cause: str) -> Fault:
    action = "make the change that you want now instead"
    return Fault(code, f"version {plan.version}", cause, action)
