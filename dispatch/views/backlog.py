"""The jobs that have no day: nobody goes there yet, whether no plan has tried, none has found a
place, or they wait for something."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, case, exists, type_coerce
from sqlmodel import Session, col, select

from dispatch.intake import Window
from dispatch.jobs.details import windows_shown
from dispatch.local_time import ONE_DAY, start_of
from dispatch.models import (
    Job,
    JobStatus,
    JobWindow,
    PlanUnassigned,
    Priority,
    Site,
    is_one_of,
)
from dispatch.output import Output
from dispatch.plans.contents import Reason
from dispatch.plans.queries import newest_reasons
from dispatch.settings import Settings
from dispatch.store import details_by_job, rows_where, waits_for_place


class BacklogState(StrEnum):
    """Why a job has no day."""

    OPEN = "open"
    """No plan has tried it."""
    UNASSIGNED = "unassigned"
    """A plan has tried it, and found no place."""
    ON_HOLD = "on_hold"


class BacklogSort(StrEnum):
    """What comes first: the oldest, the most urgent, the first due, and so on; what has none of it
    comes last."""

    AGE = "age"
    PRIORITY = "priority"
    DUE = "due"
    HOLD_UNTIL = "hold_until"
    TERRITORY = "territory"
    TITLE = "title"


class BacklogJob(Output):
    """A job that has no day."""

    job_id: str
    title: str
    state: BacklogState
    status: JobStatus
    hold_reason: str | None
    hold_until: date | None
    priority: Priority
    duration_minutes: int
    created_at: datetime
    due_at: datetime | None
    windows: list[Window]
    work_type_id: str | None
    site_id: str
    site: str
    address: str
    phone: str | None
    """Of the contact, or else of the site."""
    territory: str | None
    needs_location: bool
    reasons: list[Reason]
    """What the last plan that could not place it says."""
    revision: int


def read_backlog(
    session: Session,
    settings: Settings,
    *,
    state: BacklogState | None = None,
    priority: Priority | None = None,
    territory: str | None = None,
    work_type_id: str | None = None,
    due_by: date | None = None,
    sort: BacklogSort = BacklogSort.AGE,
    descending: bool = False,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[BacklogJob], int, int | None]:
    """A page of them, how many there are, and ``after`` for the next page (None: last)."""
    tried = exists().where(col(PlanUnassigned.job_id) == col(Job.id))
    waiting, on_hold = waits_for_place(), is_one_of(Job.status, (JobStatus.ON_HOLD,))
    kinds: dict[BacklogState | None, list[tuple[ColumnElement[bool], ...]]] = {
        BacklogState.OPEN: [(waiting, ~tried)],
        BacklogState.UNASSIGNED: [(waiting, tried)],
        BacklogState.ON_HOLD: [(on_hold,)],
        None: [(waiting,), (on_hold,)],
    }
    conditions: list[ColumnElement[bool]] = []
    if priority is not None:
        conditions.append(_read(Job.priority) == priority.value)
    if territory is not None:
        conditions.append(_read(Site.territory) == territory)
    if work_type_id is not None:
        conditions.append(_read(Job.work_type_id) == work_type_id)
    if due_by is not None:
        conditions.append(col(Job.due_at) < start_of(due_by + ONE_DAY, settings.zone))
    # Each by the index on the few that wait: a database that may choose goes through all jobs, or
    # through all of the priority, the territory or the work type.
    keys = [
        (key, id_)
        for kind in kinds[state]
        for id_, key in session.exec(
            select(Job.id, _ORDER[sort])
            .join(Site, col(Job.site_id) == col(Site.id))
            .where(*kind, *conditions)
            .order_by(col(Job.id))
        )
    ]
    keys.sort(key=lambda one: one[1])
    known = [one for one in keys if one[0] is not None]
    known.sort(key=lambda one: one[0], reverse=descending)
    keys = known + [one for one in keys if one[0] is None]
    count, skipped = len(keys), after or 0
    ids = [id_ for _, id_ in keys[skipped : skipped + limit]]
    by_id = {job.id: job for job in rows_where(session, Job, "id", ids)}
    jobs = [by_id[id_] for id_ in ids]
    sites = {one.id: one for one in rows_where(session, Site, "id", {job.site_id for job in jobs})}
    windows = details_by_job(session, JobWindow, jobs)
    reasons = newest_reasons(session, [job.id for job in jobs])
    page = [_out(job, sites[job.site_id], windows[job.id], reasons.get(job.id)) for job in jobs]
    return page, count, skipped + limit if skipped + limit < count else None


_ORDER: dict[BacklogSort, Any] = {
    BacklogSort.AGE: col(Job.created_at),
    BacklogSort.PRIORITY: case({one.value: -one.rank for one in Priority}, value=col(Job.priority)),
    BacklogSort.DUE: col(Job.due_at),
    BacklogSort.HOLD_UNTIL: col(Job.hold_until),
    BacklogSort.TERRITORY: col(Site.territory),
    BacklogSort.TITLE: col(Job.title),
}


def _read(column: Any) -> ColumnElement[str]:
    """The text in the column, looked at in each row that was found: no index has it."""
    return type_coerce(column, String).concat("")


def _out(
    job: Job, site: Site, windows: list[JobWindow], reasons: list[dict[str, Any]] | None
) -> BacklogJob:
    state = BacklogState.OPEN if reasons is None else BacklogState.UNASSIGNED
    return BacklogJob(
        **job.model_dump(include=_OF_JOB),
        job_id=job.id,
        state=BacklogState.ON_HOLD if job.status == JobStatus.ON_HOLD else state,
        windows=windows_shown(windows),
        site=site.name,
        address=site.address,
        phone=job.contact_phone or site.phone,
        territory=site.territory,
        needs_location=site.latitude is None,
        reasons=[Reason.model_validate(reason) for reason in reasons or ()],
    )


_OF_JOB = set(BacklogJob.model_fields) & set(Job.model_fields)
