"""What was done at a job's place before: when, by whom, with what result, notes and parts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, union
from sqlmodel import Session, and_, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from dispatch.jobs.jobs import no_such_job
from dispatch.models import (
    OVER,
    Asset,
    Device,
    Job,
    JobStatus,
    JobTask,
    Obstacle,
    Part,
    Report,
    ReportKind,
    Technician,
)
from dispatch.output import Output
from dispatch.paging import cut
from dispatch.views.itinerary import PartCount

ENDS = (ReportKind.COMPLETED, ReportKind.CANNOT_COMPLETE)


class EarlierVisit(Output):
    """A job at the same site, or on the same machine, that is over."""

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
    signed_by: str | None
    assets: list[str]
    """Names of the machines that alerts had told of."""
    same_asset: bool
    """Whether one of them is a machine of the job that was asked about."""


def job_history(
    session: Session, job_id: str, *, after: str | None = None, limit: int = 50
) -> tuple[list[EarlierVisit], str | None]:
    """A page of what was over before the job was, the newest first, and ``after`` for the next
    (None: last). Raises ``NotFound``."""
    job = session.get(Job, job_id)
    if job is None:
        raise no_such_job(job_id)
    assets = _assets(session, [job_id]).get(job_id, {})
    query = (
        select(Job)
        .where(
            Job.id != job_id,
            col(Job.status).in_(OVER),
            # Not "at the site or on the machines": no index answers both at once.
            col(Job.id).in_(
                union(select(Job.id).where(Job.site_id == job.site_id), _jobs_on(list(assets)))
            ),
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


def _jobs_on(assets: Sequence[str]) -> SelectOfScalar[str]:
    return (
        select(JobTask.job_id)
        .join(Device, col(JobTask.device_id) == Device.id)
        .where(func.coalesce(JobTask.asset_id, Device.asset_id).in_(assets))
    )


def _assets(session: Session, job_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The names of the machines that the jobs' tasks are about, by job and id."""
    found: dict[str, dict[str, str]] = {}
    for job_id, asset, name in session.exec(
        select(JobTask.job_id, Asset.id, Asset.name)
        .join(Device, col(JobTask.device_id) == Device.id)
        .join(Asset, col(Asset.id) == func.coalesce(JobTask.asset_id, Device.asset_id))
        .where(col(JobTask.job_id).in_(job_ids))
        .order_by(JobTask.job_id, Asset.id)
    ):
        found.setdefault(job_id, {})[asset] = name
    return found


def _visits(session: Session, jobs: Sequence[Job], assets: set[str]) -> list[EarlierVisit]:
    ids = [job.id for job in jobs]
    there = _assets(session, ids)
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
    return [
        _visit(job, ends.get(job.id), names, parts, there.get(job.id, {}), assets) for job in jobs
    ]


def _visit(
    job: Job,
    end: Report | None,
    names: dict[str, str],
    parts: dict[str, str],
    there: dict[str, str],
    assets: set[str],
) -> EarlierVisit:
    return EarlierVisit(
        job_id=job.id,
        title=job.title,
        status=job.status,
        ended_at=job.departed_at or job.updated_at,
        technician_id=end.technician_id if end else None,
        technician=names.get(end.technician_id) if end else None,
        reason=end.reason if end else None,
        note=end.note if end else None,
        parts_used=[
            PartCount(id=part, name=parts.get(part, part), quantity=quantity)
            for part, quantity in sorted((job.parts_used or {}).items())
        ],
        readings=end.readings if end else {},
        signed_by=end.signed_by if end else None,
        assets=list(there.values()),
        same_asset=not assets.isdisjoint(there),
    )
