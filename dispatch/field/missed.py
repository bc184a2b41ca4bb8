"""Visits of days that are over that nobody came to: their jobs wait for a place again.

Technicians who report say what they did. Once their shift is over and what they sent late has had
time to come in, the rest has not happened. It would be forgotten on a route of the past, which no
plan looks at any more. Where nobody has reported anything from a route, nothing can be told, and
it stays as it is.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch import log, plans_store
from dispatch.expected import surroundings
from dispatch.models import PLANNABLE, Job, Plan, PlanUnassigned, Stop
from dispatch.pins import set_pin
from dispatch.placements import ask_for_place
from dispatch.plan_rows import UNKNOWN, RouteRows, copied
from dispatch.plans import put_in_force
from dispatch.settings import Settings
from dispatch.snapshot import LiveRoute, jobs_by_id
from dispatch.taking_over import follow_stops
from dispatch.translate import is_reported

ACTOR = "scheduler"
MISSED = {
    "code": "missed",
    "rule": None,
    "message": "It was planned, but nobody came in the time of the shift.",
}


def reopen_missed(session: Session, settings: Settings, at: datetime) -> list[str]:
    """Take visits off routes in force whose shifts ended ``settings.missed_after_hours`` ago, if
    others on them were reported and they were not, as a new version; the ids of their jobs.

    A late report still counts: whoever says that they were there has the job again.
    """
    if settings.missed_after_hours is None:
        return []
    over = at - timedelta(hours=settings.missed_after_hours)
    if not _missed(session, over):
        return []
    plans_store.hold_publication(session)
    on_routes = {stop.job_id for rows in _missed(session, over) for stop in rows.stops}
    jobs = plans_store.hold_jobs(session, [name for name in on_routes if name is not None])
    session.expire_all()
    routes = _missed(session, over)
    missed = {
        stop.job_id: (rows.route.technician_id, stop)
        for rows in routes
        for stop in rows.stops
        if stop.job_id is not None and jobs[stop.job_id].status in PLANNABLE
    }
    if missed:
        plan = _without(session, routes, jobs, missed, settings, at)
        for job_id, (technician_id, stop) in missed.items():
            _let_wait(session, jobs[job_id], technician_id, stop, plan, settings)
    return sorted(missed)


def _missed(session: Session, over: datetime) -> list[RouteRows]:
    """Routes in force that ended before that, with reports, and with visits that have none."""
    found = plans_store.overdue_routes(session, over)
    jobs = jobs_by_id(session, (s.job_id for rows in found for s in rows.stops if s.job_id))
    return [
        rows
        for rows in found
        if any(is_reported(jobs[stop.job_id]) for stop in rows.stops if stop.job_id is not None)
    ]


def _without(
    session: Session,
    routes: Sequence[RouteRows],
    jobs: Mapping[str, Job],
    missed: Collection[str],
    settings: Settings,
    at: datetime,
) -> Plan:
    """The routes without these jobs, put in force."""
    kept = [copied(rows, missed) for rows in routes]
    known = surroundings(session, kept, settings)
    for rows, before in zip(kept, routes, strict=True):
        follow_stops(rows, before.stops, known)
    days = [rows.route.day for rows in routes]
    unassigned = [
        PlanUnassigned(plan_id=UNKNOWN, job_id=name, reasons=[MISSED]) for name in sorted(missed)
    ]
    plan = plans_store.store_changed_routes(
        session, kept, unassigned, (min(days), max(days)), {}, at
    )
    replaced = [LiveRoute(rows.route, tuple(rows.stops)) for rows in routes]
    put_in_force(session, plan, kept, replaced, jobs, actor=ACTOR, at=at)
    return plan


def _let_wait(
    session: Session, job: Job, technician_id: str, stop: Stop, plan: Plan, settings: Settings
) -> None:
    planned = {"technician_id": technician_id, "start_at": stop.start_at.isoformat()}
    after = {"plan_id": plan.id}
    log.record(session, ACTOR, "miss", "job", job.id, before=planned, after=after)
    # What was promised has not been kept; it would hold the job on a day that is over.
    set_pin(session, job, None, None, actor=ACTOR)
    if job.priority.is_at_least(settings.place_at_once):
        ask_for_place(session, job.id, trigger="missed", actor=ACTOR)
