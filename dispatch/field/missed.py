"""Visits of days that are over that nobody came to: their jobs wait for a place again.

Technicians who report say what they did. Once their shift is over and what they sent late has had
time to come in, the rest has not happened. It would be forgotten on a route of the past, which no
plan looks at any more. Where nobody has reported anything from a route, nothing can be told, and
it stays as it is; and so does what is longer ago than anybody sends reports late.
"""

from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch import log
from dispatch.jobs.pins import set_pin
from dispatch.jobs.placements import ask_for_place
from dispatch.models import PLANNABLE, Job, Plan, Stop
from dispatch.placing.taking_off import put_without
from dispatch.planning.plan_rows import RouteRows
from dispatch.plans import queries, versions
from dispatch.settings import Settings

ACTOR = "scheduler"
LONG_AGO = timedelta(days=30)
"""Routes that were over for so long are left alone: to look at all there ever were, once a minute,
would take longer every day."""
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
    versions.hold_publication(session)
    on_routes = {stop.job_id for rows in _missed(session, over) for stop in rows.stops}
    jobs = versions.hold_jobs(session, [name for name in on_routes if name is not None])
    session.expire_all()
    routes = _missed(session, over)
    missed = {
        stop.job_id: (rows.route.technician_id, stop)
        for rows in routes
        for stop in rows.stops
        if stop.job_id is not None and jobs[stop.job_id].status in PLANNABLE
    }
    if missed:
        reasons = dict.fromkeys(missed, MISSED)
        plan = put_without(session, routes, jobs, reasons, settings, actor=ACTOR, at=at)
        for job_id, (technician_id, stop) in missed.items():
            _let_wait(session, jobs[job_id], technician_id, stop, plan, settings)
    return sorted(missed)


def _missed(session: Session, over: datetime) -> list[RouteRows]:
    """Routes in force that ended before that, with reports, and with visits that have none."""
    return queries.overdue_routes(session, over - LONG_AGO, over)


def _let_wait(
    session: Session, job: Job, technician_id: str, stop: Stop, plan: Plan, settings: Settings
) -> None:
    planned = {"technician_id": technician_id, "start_at": stop.start_at.isoformat()}
    after = {"plan_id": plan.id}
    log.record(session, ACTOR, "miss", log.Entity.JOB, job.id, before=planned, after=after)
    # What was promised has not been kept; it would hold the job on a day that is over.
    set_pin(session, job, None, None, actor=ACTOR)
    if job.priority.is_at_least(settings.place_at_once):
        ask_for_place(session, job.id, trigger="missed", actor=ACTOR)
