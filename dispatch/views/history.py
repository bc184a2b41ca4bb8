"""What was done: on some days, or at a job's place before. When, by whom, with what result, notes
and parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, union
from sqlmodel import Session, and_, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from dispatch import store
from dispatch.checklists import WantedReadingOut
from dispatch.jobs.jobs import closed_jobs, no_such_job
from dispatch.jobs.links import followers
from dispatch.local_time import ONE_DAY, start_of
from dispatch.models import (
    ENDS,
    OVER,
    Asset,
    Device,
    Job,
    JobStatus,
    JobTask,
    Obstacle,
    Part,
    Report,
    Technician,
)
from dispatch.output import Output
from dispatch.paging import cut
from dispatch.settings import Settings
from dispatch.views.itinerary import PartCount


class VisitEnd(Output):
    """What is told of a job that is over."""

    job_id: str
    title: str
    status: JobStatus
    ended_at: datetime
    technician_id: str | None
    """Who reported the end; null if nobody did, as with jobs that came from files."""
    technician: str | None
    reason: Obstacle | None
    """Why it could not be completed."""
    note: str | None
    parts_used: list[PartCount]
    readings: dict[str, float]
    checked: list[str]
    """Which lines were ticked off."""
    checklist: list[str]
    """What was to be ticked off."""
    readings_wanted: list[WantedReadingOut]
    """What was to be measured, and its limits."""
    signed_by: str | None


class EarlierVisit(VisitEnd):
    """A job at the same site, or on the same machine, that is over."""

    assets: list[str]
    """Names of the machines that it was about."""
    same_asset: bool
    """Whether one of them is a machine of the job that was asked about."""


class EndedVisit(VisitEnd):
    """A job that ended on one of the days asked about."""

    site_id: str
    site: str
    followed_by: list[str]
    """Jobs that take it up."""
    is_closed: bool
    """Whether somebody has said that nothing more is to be done about it."""


def ended_visits(
    session: Session,
    day: date,
    days: int,
    settings: Settings,
    *,
    status: JobStatus | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[EndedVisit], str | None]:
    """A page of what technicians said had ended on these local days, the newest first, and
    ``after`` for the next (None: last)."""
    begin, end = start_of(day, settings.zone), start_of(day + days * ONE_DAY, settings.zone)
    query = (
        select(Job)
        .where(
            col(Job.departed_at) >= begin,
            col(Job.departed_at) < end,
            col(Job.status).in_(OVER if status is None else (status,)),
        )
        .order_by(col(Job.departed_at).desc(), col(Job.id).desc())
        .limit(limit + 1)
    )
    last = None if after is None else session.get(Job, after)
    if last is not None and last.departed_at is not None:
        same_moment = and_(col(Job.departed_at) == last.departed_at, col(Job.id) < last.id)
        query = query.where(or_(col(Job.departed_at) < last.departed_at, same_moment))
    page, following = cut(session.exec(query).all(), limit)
    ids = [job.id for job in page]
    sites = store.sites_of(session, page)
    taken_up, closed = followers(session, ids), closed_jobs(session, ids)
    return [
        EndedVisit(
            **_end_of(job, told).model_dump(),
            site_id=job.site_id,
            site=sites[job.site_id].name,
            followed_by=taken_up.get(job.id, []),
            is_closed=job.id in closed,
        )
        for job, told in zip(page, _told(session, page), strict=True)
    ], following


def job_history(
    session: Session,
    job_id: str,
    *,
    same_asset: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[EarlierVisit], str | None]:
    """A page of what was over before the job was, the newest first, and ``after`` for the next
    (None: last); ``same_asset``: only what was on one of its machines. Raises ``NotFound``."""
    job = session.get(Job, job_id)
    if job is None:
        raise no_such_job(job_id)
    assets = _assets(session, [job_id]).get(job_id, {})
    # Not "at the site or on the machines": no index answers both at once.
    found = [] if same_asset else [select(Job.id).where(Job.site_id == job.site_id)]
    found += _jobs_on(list(assets)) if assets else ()
    if not found:
        return [], None
    query = (
        select(Job)
        .where(
            Job.id != job_id,
            col(Job.status).in_(OVER),
            col(Job.id).in_(union(*found)),
        )
        .order_by(_ended_at().desc(), col(Job.id).desc())
        .limit(limit + 1)
    )
    if job.status in OVER:
        query = query.where(_is_before(job))
    last = None if after is None else session.get(Job, after)
    if last is not None:
        query = query.where(_is_before(last))
    page, following = cut(session.exec(query).all(), limit)
    return _visits(session, page, set(assets)), following


def _ended_at() -> ColumnElement[datetime]:
    # What came from files as done has no reports, and so no moment of its own.
    return func.coalesce(col(Job.departed_at), col(Job.updated_at))


def _is_before(job: Job) -> ColumnElement[bool]:
    ended_at = job.departed_at or job.updated_at
    return or_(_ended_at() < ended_at, and_(_ended_at() == ended_at, col(Job.id) < job.id))


def _jobs_on(assets: Sequence[str]) -> Sequence[SelectOfScalar[str]]:
    told_of = (
        select(JobTask.job_id)
        .join(Device, col(JobTask.device_id) == Device.id)
        .where(func.coalesce(JobTask.asset_id, Device.asset_id).in_(assets))
    )
    return told_of, select(Job.id).where(col(Job.asset_id).in_(assets))


def _assets(session: Session, job_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The names of the machines that the jobs and their tasks are about, by job and id."""
    found: dict[str, dict[str, str]] = {}
    for job_id, asset, name in session.exec(
        select(JobTask.job_id, Asset.id, Asset.name)
        .join(Device, col(JobTask.device_id) == Device.id)
        .join(Asset, col(Asset.id) == func.coalesce(JobTask.asset_id, Device.asset_id))
        .where(col(JobTask.job_id).in_(job_ids))
        .order_by(JobTask.job_id, Asset.id)
    ):
        found.setdefault(job_id, {})[asset] = name
    for job_id, asset, name in session.exec(
        select(Job.id, Asset.id, Asset.name)
        .join(Asset, col(Job.asset_id) == Asset.id)
        .where(col(Job.id).in_(job_ids))
    ):
        found.setdefault(job_id, {})[asset] = name
    return found


@dataclass(frozen=True, slots=True)
class _Told:
    """How a job ended, with the names of what the report names."""

    report: Report | None
    technicians: Mapping[str, str]
    parts: Mapping[str, str]


def _told(session: Session, jobs: Sequence[Job]) -> list[_Told]:
    """Of each of the jobs, in their order."""
    ids = [job.id for job in jobs]
    ends: dict[str, Report] = {}
    for report in session.exec(
        select(Report)
        .where(col(Report.job_id).in_(ids), col(Report.kind).in_(ENDS))
        .order_by(col(Report.at), col(Report.id))
    ):
        ends.setdefault(report.job_id, report)  # the first one that ends a job counts
    who = {report.technician_id for report in ends.values()}
    names = dict(
        session.exec(
            select(Technician.id, Technician.name).where(col(Technician.id).in_(who))
        ).all()
    )
    used = {part for job in jobs for part in job.parts_used or ()}
    parts = dict(session.exec(select(Part.id, Part.name).where(col(Part.id).in_(used))).all())
    return [_Told(ends.get(job.id), names, parts) for job in jobs]


def _visits(session: Session, jobs: Sequence[Job], assets: set[str]) -> list[EarlierVisit]:
    there = _assets(session, [job.id for job in jobs])
    return [
        EarlierVisit(
            **_end_of(job, told).model_dump(),
            assets=list(there.get(job.id, {}).values()),
            same_asset=not assets.isdisjoint(there.get(job.id, {})),
        )
        for job, told in zip(jobs, _told(session, jobs), strict=True)
    ]


def _end_of(job: Job, told: _Told) -> VisitEnd:
    end = told.report
    return VisitEnd(
        job_id=job.id,
        title=job.title,
        status=job.status,
        ended_at=job.departed_at or job.updated_at,
        technician_id=end.technician_id if end else None,
        technician=told.technicians.get(end.technician_id) if end else None,
        reason=end.reason if end else None,
        note=end.note if end else None,
        parts_used=[
            PartCount(id=part, name=told.parts.get(part, part), quantity=quantity)
            for part, quantity in sorted((job.parts_used or {}).items())
        ],
        readings=end.readings if end else {},
        checked=end.checked if end else [],
        checklist=end.checklist if end else [],
        readings_wanted=[WantedReadingOut(**one) for one in (end.readings_wanted if end else ())],
        signed_by=end.signed_by if end else None,
    )
