"""Jobs on no route that cannot wait for the next plan, and jobs that could not be completed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from dispatch.jobs.details import JobOut, outs_of
from dispatch.jobs.jobs import closed_jobs
from dispatch.jobs.links import followers
from dispatch.local_time import start_of
from dispatch.log import Entity
from dispatch.models import (
    Job,
    JobStatus,
    JobWindow,
    LogEntry,
    Placement,
    PlacementStatus,
    Plan,
    PlanUnassigned,
    Report,
    ReportKind,
    Route,
    Stop,
)
from dispatch.planning.unable import Why
from dispatch.settings import Settings
from dispatch.settling.facts import FailedVisit, Unplaced, UnplacedJob
from dispatch.settling.visits import job_at_stake
from dispatch.store import batches, rows_where, waits_for_place

LEAVING = frozenset({"unschedule", "take_off", "miss", "move", "undo", "override"})
"""What the log calls it when a job comes off its route."""
REMEMBERED = timedelta(days=30)
"""What could not be completed longer ago is nothing to decide now."""
AGAIN = {
    *("site_id", "title", "priority", "duration_minutes", "skills", "parts", "tools"),
    *("preferred", "allowed", "forbidden"),
}
"""What a job that takes up another one has from it; when it is to be done is to be agreed anew."""
TAKEN_OFF = frozenset(why.value for why in Why)


def again(job: JobOut) -> dict[str, Any]:
    """A job that takes up this one, as ``POST /jobs`` takes one, with the parts that it still
    lacks."""
    used = job.parts_used or {}
    left = [(part, part.quantity - used.get(part.part_id, 0)) for part in job.parts]
    return job.model_dump(mode="json", include=AGAIN) | {
        "parts": [{"part_id": part.part_id, "quantity": n} for part, n in left if n > 0]
    }


def unplaced(session: Session, settings: Settings, at: datetime) -> list[UnplacedJob]:
    """Jobs on no route for which a place was looked for in vain; those that are urgent, or whose
    customers were told a time, and that were on a route once; and those whose time ends with the
    local day, or has ended. A job for which a place is being looked for is none of them."""
    waiting = {
        job.id: job for job in session.exec(select(Job).where(waits_for_place()).order_by(Job.id))
    }
    wishes = _wishes(session, waiting)
    in_vain = {name for name, wish in wishes.items() if wish.status is PlacementStatus.NO_PLACE}
    nobody_looks = {
        name
        for name, job in waiting.items()
        if job.status is JobStatus.OPEN
        and (name not in wishes or wishes[name].status is not PlacementStatus.WAITING)
    }
    ends = _ends(session, waiting)
    last_days = {name: end.astimezone(settings.zone).date() for name, end in ends.items()}
    today = at.astimezone(settings.zone).date()
    hurried = {name for name in nobody_looks & last_days.keys() if last_days[name] <= today}
    dear = {
        name
        for name in nobody_looks
        for job in [waiting[name]]
        if job.priority.is_at_least(settings.place_at_once) or job.told_at is not None
    }
    opens = _opens(session, waiting, at)
    past = _past(session, in_vain | hurried | dear)
    found = []
    for name in sorted(past):
        job, before, message = waiting[name], past[name], None
        placement_id = None
        if name in in_vain:
            wish = wishes[name]
            code = before.taken_off or Unplaced.NO_PLACE.value
            since, message, placement_id = wish.since, wish.cause, wish.placement_id
        elif before.in_force_at is not None and (name in dear or before.left_out_at is None):
            code, since = Unplaced.LOST_PLACE.value, before.lost_at or before.in_force_at
        elif name not in hurried:
            continue
        elif before.left_out_at is not None:
            code, since = Unplaced.LEFT_OUT.value, before.left_out_at
            message = before.reason["message"]
        else:
            code, since = Unplaced.NOT_PLANNED.value, job.created_at
        if name not in in_vain | dear:
            since = max(since, start_of(last_days[name], settings.zone))
        values = {
            "message": message,
            "reason_code": before.reason.get("code"),
            "rule": before.reason.get("rule"),
            "placement_id": placement_id,
        }
        day = max(at, opens.get(name, at)).astimezone(settings.zone).date()
        found.append(UnplacedJob(job_at_stake(job), code, since, ends.get(name), day, values))
    return found


@dataclass(frozen=True, slots=True)
class _LastWish:
    """What became of the last wish for a place."""

    placement_id: int
    status: PlacementStatus
    since: datetime
    """When the first of the wishes was settled that all ended like this one."""
    cause: str | None


def _wishes(session: Session, job_ids: Collection[str]) -> dict[str, _LastWish]:
    rows: dict[str, list[Placement]] = {}
    for row in rows_where(session, Placement, "job_id", job_ids):
        rows.setdefault(row.job_id, []).append(row)
    found = {}
    for name, theirs in rows.items():
        theirs.sort(key=lambda row: row.id or 0, reverse=True)
        last = theirs[0]
        differs = (at for at, row in enumerate(theirs) if row.status != last.status)
        first = theirs[next(differs, len(theirs)) - 1]
        since = first.settled_at or first.asked_at
        found[name] = _LastWish(last.id or 0, last.status, since, last.cause)
    return found


def _ends(session: Session, waiting: Mapping[str, Job]) -> dict[str, datetime]:
    """When each has to be done: by the end of its last window, and by when it is due."""
    ends = {name: job.due_at for name, job in waiting.items() if job.due_at is not None}
    for some in batches(waiting):
        rows = session.exec(
            select(JobWindow.job_id, func.max(JobWindow.ends_at))
            .where(col(JobWindow.job_id).in_(some))
            .group_by(JobWindow.job_id)
        )
        for name, last in rows:
            ends[name] = min(last, ends.get(name, last))
    return ends


def _opens(session: Session, waiting: Collection[str], at: datetime) -> dict[str, datetime]:
    """When the first window begins of each that has any that is not over."""
    opens: dict[str, datetime] = {}
    for some in batches(waiting):
        rows = session.exec(
            select(JobWindow.job_id, func.min(JobWindow.starts_at))
            .where(col(JobWindow.job_id).in_(some), JobWindow.ends_at > at)
            .group_by(JobWindow.job_id)
        )
        opens.update(dict(rows.all()))
    return opens


@dataclass(slots=True)
class _PastOfJob:
    """What plans have had to do with a job that is on no route."""

    in_force_at: datetime | None = None
    """When the last version that had it was published."""
    lost_at: datetime | None = None
    left_out_at: datetime | None = None
    """When the first version after that was published that left it out."""
    reason: Mapping[str, Any] = field(default_factory=dict)
    """Of those that it gave, the first: ``code``, ``rule`` and ``message``."""
    taken_off: str | None = None
    """Why it was taken off its route, if that is how it left it."""


def _past(session: Session, job_ids: Collection[str]) -> dict[str, _PastOfJob]:
    found = {name: _PastOfJob() for name in job_ids}
    newest: dict[str, int] = {}
    for some in batches(job_ids):
        had = session.exec(
            select(Stop.job_id, Plan.version, Plan.published_at)
            .join(Route, col(Route.id) == Stop.route_id)
            .join(Plan, col(Plan.id) == Route.plan_id)
            .where(col(Stop.job_id).in_(some), col(Plan.version).is_not(None))
            .order_by(col(Plan.version))
        )
        for name, version, published_at in had:
            newest[name or ""], found[name or ""].in_force_at = version or 0, published_at
        left_out = session.exec(
            select(PlanUnassigned, Plan.version, Plan.published_at)
            .join(Plan, col(Plan.id) == PlanUnassigned.plan_id)
            .where(col(PlanUnassigned.job_id).in_(some), col(Plan.version).is_not(None))
            .order_by(col(Plan.version))
        )
        for row, version, published_at in left_out:
            if (version or 0) < newest.get(row.job_id, 0) or not row.reasons:
                continue
            one, reason = found[row.job_id], row.reasons[0]
            one.left_out_at = one.left_out_at or published_at
            one.reason = reason
            one.taken_off = reason["code"] if reason["code"] in TAKEN_OFF else None
        entries = session.exec(
            select(LogEntry.entity_id, func.max(LogEntry.at))
            .where(
                col(LogEntry.entity_id).in_(set(some) & newest.keys()),
                LogEntry.entity == Entity.JOB.value,
                col(LogEntry.action).in_(LEAVING),
            )
            .group_by(LogEntry.entity_id)
        )
        for name, lost_at in entries:
            found[name].lost_at = lost_at
    return found


def failed(session: Session, settings: Settings, at: datetime) -> list[FailedVisit]:
    """Jobs that could not be completed in the last 30 days, unless a job follows that was not
    cancelled, or somebody has said that nothing more is to be done."""
    jobs = session.exec(
        select(Job).where(
            Job.status == JobStatus.CANNOT_COMPLETE, col(Job.departed_at) > at - REMEMBERED
        )
    ).all()
    if not jobs:
        return []
    names = {job.id for job in jobs}
    done = followers(session, names).keys() | closed_jobs(session, names)
    left = [job for job in jobs if job.id not in done]
    like = {job.id: job for job in outs_of(session, left)}
    reports: dict[str, Report] = {}
    for row in rows_where(session, Report, "job_id", {job.id for job in left}):
        known = reports.get(row.job_id)
        if row.kind is ReportKind.CANNOT_COMPLETE and (known is None or row.at < known.at):
            reports[row.job_id] = row
    found = []
    for job in left:
        report = reports.get(job.id)
        ended_at = job.departed_at or job.updated_at
        found.append(
            FailedVisit(
                job=job_at_stake(job),
                technician_id=None if report is None else report.technician_id,
                day=ended_at.astimezone(settings.zone).date(),
                reason=None if report is None else report.reason,
                note=None if report is None else report.note,
                since=ended_at if report is None else report.received_at,
                again=again(like[job.id]),
            )
        )
    return found
