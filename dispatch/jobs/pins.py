"""Pinning a visit where it is in the plan in force, so that no plan moves it, and letting go."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from dispatch import log, store
from dispatch.errors import Conflict
from dispatch.intake import Input
from dispatch.jobs.details import JobOut
from dispatch.jobs.jobs import CHANGEABLE, no_such_job, read_job
from dispatch.local_time import as_said
from dispatch.models import PLANNABLE, Job, JobStatus, now
from dispatch.planning.expected import Missed, expected_times, surroundings
from dispatch.planning.plan_rows import RouteRows
from dispatch.plans import queries, versions
from dispatch.settings import Settings
from solver.faults import Fault


class PinTo(StrEnum):
    TECHNICIAN = "technician"
    """Whenever that technician has time."""
    TIME = "time"
    """With that technician, at the very time; at the minute by which it can begin if the day is
    late, since a time that cannot be kept would hold up all that comes before it."""


class PinRequest(Input):
    """What of a visit's place to hold on to."""

    to: PinTo = PinTo.TECHNICIAN


def pin_job(
    session: Session,
    job_id: str,
    request: PinRequest,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> JobOut:
    """Pin the job to whom it is with in the plan in force, and to its time if that is asked for.

    Raises ``NotFound``, or ``Conflict`` if it is on no route, or under way, or its time is over or
    cannot be kept.
    """
    versions.hold_publication(session)
    job = _held(session, job_id, PLANNABLE)
    found = queries.live_route_of(session, job_id)
    if found is None:
        raise _conflict("not_in_plan", job_id, "it is on no route", "place it first")
    start_at = None
    if request.to is PinTo.TIME:
        start_at = _time_to_keep(session, found, job_id, settings, at or now())
    not_before_at = job.not_before_at if start_at is None else None
    technician = found.route.technician_id
    set_pin(session, job, technician, start_at, actor=actor, not_before_at=not_before_at)
    return read_job(session, job_id)


def _time_to_keep(
    session: Session, rows: RouteRows, job_id: str, settings: Settings, at: datetime
) -> datetime:
    position = next(i for i, stop in enumerate(rows.stops) if stop.job_id == job_id)
    planned = rows.stops[position].start_at
    if planned < at:
        cause = f"its time, {as_said(planned, settings.zone)}, is over"
        raise _conflict("in_the_past", job_id, cause, "pin it to the technician")
    known = surroundings(session, [rows], settings)
    # What is held in time has to keep its window to the second.
    exact = settings.model_copy(update={"late_after_minutes": 0})
    expected = expected_times(rows, known, at, exact)[position]
    if expected.start_at <= planned:
        return planned
    if Missed.TIME_WINDOW in expected.misses:
        cause = "it will be later than its time window allows"
        raise _conflict("late", job_id, cause, "pin it to the technician, or move it")
    return expected.start_at + timedelta(seconds=-expected.start_at.timestamp() % 60)


def unpin_job(session: Session, job_id: str, *, actor: str) -> JobOut:
    """Let plans move the job again, to an earlier time too; it stays where it is until one does.
    Again is as once.

    Raises ``NotFound``, or ``Conflict`` if it is under way or over.
    """
    set_pin(session, _held(session, job_id, CHANGEABLE), None, None, actor=actor)
    return read_job(session, job_id)


def set_pin(
    session: Session,
    job: Job,
    technician_id: str | None,
    start_at: datetime | None,
    *,
    actor: str,
    not_before_at: datetime | None = None,
) -> None:
    """Give the job, which the caller holds, this pin or none, and have it begin no earlier than
    where somebody has put it; what becomes different is logged."""
    before = _pin_of(job)
    earliest = job.not_before_at
    job.pinned_technician_id, job.pinned_start_at = technician_id, start_at
    job.not_before_at = not_before_at
    after = _pin_of(job)
    if earliest != not_before_at:
        before |= {"not_before_at": _said(earliest)}
        after |= {"not_before_at": _said(not_before_at)}
    if before == after:
        return
    job.revision += 1
    job.updated_at = now()
    log.record(session, actor, "change", log.Entity.JOB, job.id, before=before, after=after)
    session.flush()


def _pin_of(job: Job) -> dict[str, str | None]:
    return {
        "pinned_technician_id": job.pinned_technician_id,
        "pinned_start_at": _said(job.pinned_start_at),
    }


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _held(session: Session, job_id: str, states: tuple[JobStatus, ...]) -> Job:
    job = store.hold_job(session, job_id)
    if job is None:
        raise no_such_job(job_id)
    if job.status not in states:
        action = "only jobs that are not yet under way can be pinned or unpinned"
        raise _conflict("not_changeable", job_id, f"it is {job.status}", action)
    return job


def _conflict(code: str, job_id: str, cause: str, action: str) -> Conflict:
    return Conflict(Fault(code, f"job {job_id}", cause, action))
