"""The one door through which plans get in: stored as drafts, and put in force as versions.

No other module makes a ``Plan`` or says which routes are in force, and nothing is put in force
except while the publication is held.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, func, select, update

from dispatch import log, store
from dispatch.local_time import days
from dispatch.models import (
    PLANNABLE,
    Job,
    JobStatus,
    LogEntry,
    Plan,
    PlanStatus,
    PlanUnassigned,
    Route,
    Stop,
)
from dispatch.planning.plan_rows import PlanRows, RouteRows
from dispatch.planning.snapshot import LiveRoute, Scope
from dispatch.planning.waivers import end_waivers

_HELD_IN = "publication held in"
PUBLISH = "publish"
"""What the log calls it; it says whose routes a version has changed."""


def highest_version(session: Session) -> int:
    """0 if nothing was ever published."""
    return session.exec(select(func.max(Plan.version))).one() or 0


def newest_emptying_since(
    session: Session, version: int, scope: Scope, in_force: Collection[LiveRoute]
) -> int:
    """The newest version after this one that may have left nothing of a route of the scope's
    technicians, of which none is ``in_force``: it was for the day, and has changed a route of
    theirs. 0 if there is none."""
    there = {(found.route.technician_id, found.route.day) for found in in_force}
    plans = session.exec(
        select(Plan).where(
            col(Plan.version) > version,
            col(Plan.starts_on) <= scope.ends_on,
            col(Plan.ends_on) >= scope.starts_on,
        )
    )
    by_id = {str(plan.id): plan for plan in plans}
    newest = 0
    for some in store.batches(by_id):
        entries = select(LogEntry).where(
            col(LogEntry.entity_id).in_(some),
            LogEntry.entity == log.Entity.PLAN.value,
            LogEntry.action == PUBLISH,
        )
        for entry in session.exec(entries):
            plan = by_id[entry.entity_id]
            common = days(max(plan.starts_on, scope.starts_on), min(plan.ends_on, scope.ends_on))
            changed = scope.technician_ids or frozenset()
            changed = changed.intersection((entry.after or {}).get("technician_ids", ()))
            if any((name, day) not in there for day in common for name in changed):
                newest = max(newest, plan.version or 0)
    return newest


def hold_publication(session: Session) -> None:
    """Wait until no other transaction publishes, and keep others waiting until the end.

    What the session has read before may be out of date by then and is read again. Held within a
    savepoint it is only held as long as that is kept.
    """
    session.flush()
    # A SQLite transaction has the whole database to itself, once it has begun.
    session.connection()
    if session.get_bind().dialect.name == "postgresql":
        session.exec(select(func.pg_advisory_xact_lock(func.hashtext("publish a plan")))).all()
    session.expire_all()
    session.info[_HELD_IN] = session.get_transaction()


def _held(session: Session) -> None:
    held_in = session.info.get(_HELD_IN)
    if held_in is None or held_in is not session.get_transaction():
        raise AssertionError("A plan is put in force without holding the publication.")


def hold_jobs(session: Session, ids: Collection[str]) -> dict[str, Job]:
    """The jobs as they are now, which others cannot change until this transaction ends."""
    found: dict[str, Job] = {}
    for some in store.batches(ids):
        query = select(Job).where(col(Job.id).in_(some)).order_by(Job.id).with_for_update()
        # What was read before may have been changed until the lock was there.
        now_held = session.exec(query.execution_options(populate_existing=True))
        found.update((job.id, job) for job in now_held)
    return found


def store_draft(session: Session, rows: PlanRows) -> Plan:
    """Store a plan that is not in force."""
    plan = Plan(
        status=PlanStatus.DRAFT,
        run_id=rows.run_id,
        starts_on=rows.starts_on,
        ends_on=rows.ends_on,
        territory=rows.territory,
        **_summed_up(session, rows),
    )
    session.add(plan)
    _store_content(session, plan, rows)
    return plan


def replace_draft(session: Session, plan: Plan, rows: PlanRows) -> None:
    """Give a stored draft what the rows hold instead of what it has.

    Whoever calls it holds the publication since before it saw that the plan is a draft: the routes
    of any other may be in force.
    """
    _held(session)
    assert plan.status == PlanStatus.DRAFT, f"plan {plan.id} is {plan.status}"  # noqa: S101
    routes = select(Route.id).where(Route.plan_id == plan.id)
    session.exec(delete(Stop).where(col(Stop.route_id).in_(routes)))
    session.exec(delete(Route).where(col(Route.plan_id) == plan.id))
    session.exec(delete(PlanUnassigned).where(col(PlanUnassigned.plan_id) == plan.id))
    session.expire_all()
    for name, value in _summed_up(session, rows).items():
        setattr(plan, name, value)
    _store_content(session, plan, rows)


def _summed_up(session: Session, rows: PlanRows) -> dict[str, Any]:
    """What a plan says of what it was made of and of what it costs."""
    version = rows.based_on_version
    return {
        "based_on_version": highest_version(session) if version is None else version,
        "begins_at": rows.begins_at,
        "objective": sum(rows.cost.values()),
        "cost": dict(rows.cost),
    }


def _store_content(session: Session, plan: Plan, rows: PlanRows) -> None:
    _share_jobs(session, rows)
    session.flush()
    plan_id = plan.id
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


def _share_jobs(session: Session, rows: PlanRows) -> None:
    """Take the locks that references to jobs will need, in the order in which ``hold_jobs`` takes
    its own: in any other, two transactions could wait for each other."""
    names = {stop.job_id for found in rows.routes for stop in found.stops if stop.job_id}
    for some in store.batches(names | {row.job_id for row in rows.unassigned}):
        query = select(Job.id).where(col(Job.id).in_(some)).order_by(Job.id)
        session.exec(query.with_for_update(read=True, key_share=True)).all()


def put_in_force(
    session: Session,
    plan: Plan,
    routes: Iterable[RouteRows],
    replaced: Collection[LiveRoute],
    jobs: Mapping[str, Job],
    gone: Collection[str] = (),
    *,
    actor: str,
    at: datetime,
) -> None:
    """Make the stored plan the next version: its routes are in force instead of those ``replaced``.

    Whoever calls it holds the publication and the ``jobs``, and has checked the plan; jobs that are
    ``gone`` are left out.
    """
    _held(session)
    retire(session, [found.route.id or 0 for found in replaced])
    plan.version = highest_version(session) + 1
    plan.status = PlanStatus.PUBLISHED
    plan.published_at = at
    placed: dict[str, str] = {}
    concerned = {found.route.technician_id for found in replaced}
    for rows in routes:
        concerned.add(rows.route.technician_id)
        here = {stop.job_id for stop in rows.stops if stop.job_id is not None} - set(gone)
        rows.route.live = bool(here)
        for stop in rows.stops:
            stop.live = rows.route.live and stop.job_id not in gone
        placed.update(dict.fromkeys(here, rows.route.technician_id))
    session.flush()
    _move_jobs(session, jobs, replaced, placed, plan, actor, at)
    log.record(
        session,
        actor,
        PUBLISH,
        log.Entity.PLAN,
        str(plan.id),
        after={
            "version": plan.version,
            "jobs": len(placed),
            "left_out": sorted(gone),
            "technician_ids": sorted(concerned),
        },
    )
    session.flush()


def retire(session: Session, route_ids: Collection[int]) -> None:
    """These routes and all of their stops are not in force any more."""
    session.exec(update(Stop).where(col(Stop.route_id).in_(route_ids)).values(live=False))
    session.exec(update(Route).where(col(Route.id).in_(route_ids)).values(live=False))


def _move_jobs(
    session: Session,
    jobs: Mapping[str, Job],
    before: Iterable[LiveRoute],
    placed: dict[str, str],
    plan: Plan,
    actor: str,
    at: datetime,
) -> None:
    """What is placed is scheduled; what was in force and is not any more is open again."""
    technicians = {
        stop.job_id: found.route.technician_id
        for found in before
        for stop in found.stops
        if stop.job_id is not None
    }
    concerned = sorted({*placed, *technicians})
    end_waivers(session, {job_id: placed.get(job_id) for job_id in concerned}, actor=actor)
    for job_id in concerned:
        job = jobs[job_id]
        if job.status not in PLANNABLE:
            continue
        status = JobStatus.OPEN
        if job_id in placed:
            told = job.status == JobStatus.DISPATCHED
            same = technicians.get(job_id) == placed[job_id]
            status = JobStatus.DISPATCHED if told and same else JobStatus.SCHEDULED
        if status == job.status:
            continue
        log.record(
            session,
            actor,
            "schedule" if job_id in placed else "unschedule",
            log.Entity.JOB,
            job_id,
            before={"status": job.status.value},
            after={"status": status.value, "plan_id": plan.id, "version": plan.version},
        )
        job.status = status
        job.revision += 1
        job.updated_at = at
