"""Jobs as clients and dispatchers handle them: create, read, list, change, cancel."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, time
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from dispatch import log, search_texts, store
from dispatch.coordinates import area_faults
from dispatch.errors import Conflict, InvalidInput, NotFound, refuse_if_stale
from dispatch.input_faults import faults_of
from dispatch.intake import JobChange, JobContent, NewJob, NewSite
from dispatch.jobs import idempotency
from dispatch.jobs.details import DETAILS, JobOut, asset_faults, detail_rows, outs_of
from dispatch.jobs.ids import add_new, free_id
from dispatch.jobs.placements import ask_for_place
from dispatch.local_time import as_said, local_span
from dispatch.models import (
    OVER,
    PLANNABLE,
    Job,
    JobStatus,
    LocatedBy,
    LogEntry,
    Priority,
    Site,
    now,
)
from dispatch.parts import movements
from dispatch.planning.plan_rows import RouteRows, copied
from dispatch.planning.snapshot import STARTED
from dispatch.planning.waivers import end_waivers
from dispatch.plans import queries, versions
from dispatch.references import references_of, unknown_references
from dispatch.settings import Settings
from solver.faults import Fault

CHANGEABLE = (*PLANNABLE, JobStatus.ON_HOLD)


COLUMNS = (
    "site_id",
    "title",
    "asset_id",
    "work_type_id",
    "contact_name",
    "contact_phone",
    "note",
    "hold_reason",
    "hold_until",
    "priority",
    "duration_minutes",
    "due_at",
    "told_at",
    "pinned_technician_id",
    "pinned_start_at",
)


SEARCHED = frozenset({"title", "site_id", "asset_id", "contact_name", "contact_phone"})
"""What of a job it is found by."""
CLOSE = "close"
"""What the log calls it when nothing more is to be done about a job."""
WISHES = ("allowed", "forbidden", "pinned_technician_id")
"""Of whom a new job may name nobody both ways."""
ELSEWHERE_NO_MATTER = frozenset(
    {"title", "told_at", "asset_id", "work_type_id", "contact_name", "contact_phone", "note"}
)
"""A change of these leaves a job where it is in the plan."""


def create_job(
    session: Session, new: NewJob, *, actor: str, settings: Settings, key: str | None = None
) -> tuple[JobOut, bool]:
    """The job made from ``new``, and whether it was made just now.

    With a ``key`` with which ``actor`` has made a job before, that job is returned again. Raises
    ``InvalidInput`` with every fault, or ``Conflict`` for an id that is taken or a key used for
    something else.
    """
    if key is not None:
        made = idempotency.job_made_before(session, actor, key, new)
        if made is not None:
            return read_job(session, made), False
    faults = new_faults(session, new, settings)
    if faults:
        raise InvalidInput(*faults)
    site_id = _store_site(session, new.site) if new.site else new.site_id
    if site_id is None:
        raise AssertionError("NewJob has a site")
    job = Job(
        **_columns(new) | {"site_id": site_id},
        id=new.id or free_id(session, Job, "J"),
        status=JobStatus.ON_HOLD if new.hold_reason else JobStatus.OPEN,
    )
    add_new(session, job)
    session.add_all(detail_rows(job.id, new))
    if key is not None:
        idempotency.note_key(session, actor, key, new, job.id)
    session.flush()
    search_texts.note(session, sites=[site_id] if new.site else [], jobs=[job.id])
    out = read_job(session, job.id)
    log.record(session, actor, "create", log.Entity.JOB, job.id, after=out.model_dump(mode="json"))
    if job.status == JobStatus.OPEN and job.priority.is_at_least(settings.place_at_once):
        ask_for_place(session, job.id, trigger="new_job", actor=actor)
    return out, True


def read_job(session: Session, job_id: str) -> JobOut:
    """The job. Raises ``NotFound``."""
    job = session.get(Job, job_id)
    if job is None:
        raise no_such_job(job_id)
    return outs_of(session, [job])[0]


def list_jobs(
    session: Session,
    *,
    settings: Settings,
    status: JobStatus | None = None,
    territory: str | None = None,
    priority: Priority | None = None,
    day: date | None = None,
    needs_location: bool | None = None,
    unassigned: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[JobOut], str | None]:
    """A page of jobs in the order of their ids, and the ``after`` of the next page (None: last).

    ``day`` keeps jobs with a window or a planned start on that local day; ``unassigned`` those
    that wait to be planned but are on no route in force.
    """
    page, following = store.page_of_jobs(
        session,
        status=status,
        territory=territory,
        priority=priority,
        needs_location=needs_location,
        unassigned=unassigned,
        span=local_span(day, time.min, time.min, settings.zone) if day else None,
        after=after,
        limit=limit,
    )
    return outs_of(session, page), following


def change_job(
    session: Session,
    job_id: str,
    change: JobChange,
    *,
    actor: str,
    settings: Settings,
    expected_tags: Collection[str] | None = None,
) -> JobOut:
    """The job with ``change`` applied; its revision grows if anything is different.

    Raises ``NotFound``; ``Conflict`` if the job is under way or over, or its tag is none of those
    expected; ``InvalidInput`` if the result would contradict itself or the past.
    """
    job = store.hold_job(session, job_id)
    if job is None:
        raise no_such_job(job_id)
    refuse_if_stale(f"job {job_id}", str(job.revision), expected_tags)
    if job.status not in CHANGEABLE:
        raise Conflict(
            Fault(
                "not_changeable",
                f"job {job_id}",
                f"it is {job.status}",
                "only jobs that are not yet under way can be changed",
            )
        )
    before = outs_of(session, [job])[0]
    given = change.model_dump(exclude_unset=True)
    if "hold_reason" in given and given["hold_reason"] is None:
        given.setdefault("hold_until", None)
    fields = {*COLUMNS, *DETAILS}
    wanted = _wanted(before, {**before.model_dump(include=fields), **given})
    different = {name for name in given if getattr(wanted, name) != getattr(before, name)}
    if not different:
        return before
    faults = [
        *(fault for fault in past_faults(wanted, settings) if fault.where in different),
        *unknown_references(session, references_of(wanted)),
        *(asset_faults(session, wanted) if different & {"asset_id", "site_id"} else ()),
    ]
    if faults:
        raise InvalidInput(*faults)
    _apply(session, job, wanted, different, actor)
    session.flush()
    if different & SEARCHED:
        search_texts.note(session, jobs=[job_id])
    after = _logged(session, job, "change", before, actor)
    if job.status in PLANNABLE and different - ELSEWHERE_NO_MATTER:
        is_urgent = job.priority.is_at_least(settings.place_at_once)
        if is_urgent or queries.live_visits(session, [job.id]):
            ask_for_place(session, job.id, trigger="changed_job", actor=actor)
    return after


def cancel_job(session: Session, job_id: str, *, actor: str) -> JobOut:
    """The job, cancelled and taken off the routes in force; again is as once.

    Raises ``NotFound``, or ``Conflict`` if the job is over.
    """
    # What is booked of its route may change, and reports, of which one may come in just now, hold
    # that first.
    versions.hold_publication(session)
    job = store.hold_job(session, job_id)
    if job is None:
        raise no_such_job(job_id)
    before = outs_of(session, [job])[0]
    if job.status == JobStatus.CANCELLED:
        return before
    if job.status in OVER:
        raise Conflict(
            Fault("job_is_over", f"job {job_id}", f"it is {job.status}", "leave it as it is")
        )
    route = queries.live_route_of(session, job_id) if job.status in STARTED else None
    routes = [] if route is None else [route]
    jobs = jobs_on(session, routes)
    fetched = movements.flows(routes, jobs)
    _cancel(session, job, actor)
    # A call that was known to be made by this job alone is booked again with the next one.
    left = [copied(rows, {job_id}) for rows in routes]
    movements.book(session, fetched, movements.flows(left, jobs), actor=actor, at=now())
    return _logged(session, job, "cancel", before, actor)


def reopen_job(
    session: Session, job_id: str, was: Mapping[str, str | None], *, actor: str
) -> JobOut:
    """The job, which was cancelled, as it ``was`` before: its ``status`` and ``hold_reason``. What
    is put on a route again is scheduled by that.

    Raises ``NotFound``, or ``Conflict`` if it is not cancelled.
    """
    job = store.hold_job(session, job_id)
    if job is None:
        raise no_such_job(job_id)
    if job.status != JobStatus.CANCELLED:
        cause, action = f"it is {job.status}, and not cancelled", "leave it as it is"
        raise Conflict(Fault("not_cancelled", f"job {job_id}", cause, action))
    before = outs_of(session, [job])[0]
    is_held = was["status"] == JobStatus.ON_HOLD.value
    job.status = JobStatus.ON_HOLD if is_held else JobStatus.OPEN
    job.hold_reason = was["hold_reason"]
    _touch(session, job)
    return _logged(session, job, "reopen", before, actor)


def close_job(session: Session, job_id: str, *, actor: str) -> JobOut:
    """Nothing more is to be done about a job that could not be completed; again is as once.

    Raises ``NotFound``, or ``Conflict`` if it is not such a job.
    """
    job = store.hold_job(session, job_id)
    if job is None:
        raise no_such_job(job_id)
    if job.status != JobStatus.CANNOT_COMPLETE:
        cause = f"it is {job.status}, and not cannot_complete"
        raise Conflict(Fault("not_failed", f"job {job_id}", cause, "leave it as it is"))
    if job_id not in closed_jobs(session, [job_id]):
        log.record(session, actor, CLOSE, log.Entity.JOB, job_id)
    return outs_of(session, [job])[0]


def closed_jobs(session: Session, job_ids: Collection[str]) -> set[str]:
    """Those about which nothing more is to be done although they could not be completed."""
    found: set[str] = set()
    for some in store.batches(job_ids):
        closed = select(LogEntry.entity_id).where(
            col(LogEntry.entity_id).in_(some),
            LogEntry.entity == log.Entity.JOB.value,
            LogEntry.action == CLOSE,
        )
        found.update(session.exec(closed))
    return found


def withdraw_job(session: Session, job: Job, *, actor: str) -> JobOut:
    """The job, which the caller holds and nobody has begun, cancelled and taken off its route.

    Nothing is booked of it yet. So this needs no hold on the publication, for which whoever holds a
    job must not wait.
    """
    before = outs_of(session, [job])[0]
    _cancel(session, job, actor)
    return _logged(session, job, "cancel", before, actor)


def _cancel(session: Session, job: Job, actor: str) -> None:
    job.status = JobStatus.CANCELLED
    job.hold_reason = job.hold_until = None
    _take_off(session, job.id, actor)
    _touch(session, job)


def jobs_on(session: Session, routes: Iterable[RouteRows]) -> dict[str, Job]:
    """The jobs that the routes visit, by id."""
    names = {stop.job_id for rows in routes for stop in rows.stops if stop.job_id is not None}
    return {job.id: job for job in store.rows_where(session, Job, "id", names)}


# What files and changes share with creation


def new_faults(session: Session, new: NewJob, settings: Settings) -> list[Fault]:
    """Why there can be no such job."""
    return [
        *past_faults(new, settings),
        *unknown_references(session, references_of(new)),
        *(_site_faults(new.site, settings) if new.site else []),
        *asset_faults(session, new),
    ]


def past_faults(new: JobContent, settings: Settings) -> list[Fault]:
    """Faults for a job that can no longer be done when it asks to be."""
    present = now()
    faults = []
    if new.windows and (ended := new.windows[-1].ends_at) < present:
        faults.append(("windows", f"the last window ended at {as_said(ended, settings.zone)}"))
    if new.pinned_start_at is not None and new.pinned_start_at < present:
        faults.append(("pinned_start_at", f"{as_said(new.pinned_start_at, settings.zone)} is over"))
    return [
        Fault("in_the_past", where, cause, "give a time that is still to come")
        for where, cause in faults
    ]


def _wanted(before: JobOut, content: Mapping[str, Any]) -> JobContent:
    """What a job becomes, having passed the checks of a new one; but it stays pinned to whom an
    override has given it, whomever it wants. Raises ``InvalidInput``."""
    try:
        return NewJob.model_validate(content)
    except ValidationError as error:
        faults = faults_of(error.errors())
    try:
        wanted = JobContent.model_validate(content)
    except ValidationError:
        raise InvalidInput(*faults) from None
    if any(getattr(wanted, name) != getattr(before, name) for name in WISHES):
        raise InvalidInput(*faults)
    return wanted


def pin_faults(job: JobContent) -> list[Fault]:
    """Faults of a pin to somebody whom the job does not want."""
    if job.pinned_technician_id is None:
        return []
    try:
        NewJob.model_validate(job.model_dump(include={*NewJob.model_fields}))
    except ValidationError as error:
        return faults_of(error.errors())
    return []


def _columns(new: JobContent) -> dict[str, Any]:
    return {name: getattr(new, name) for name in COLUMNS}


def _take_off(session: Session, job_id: str, actor: str) -> None:
    store.take_off_live_routes(session, [job_id])
    end_waivers(session, {job_id: None}, actor=actor)


def _apply(session: Session, job: Job, wanted: JobContent, different: set[str], actor: str) -> None:
    for name in different.intersection(COLUMNS):
        setattr(job, name, getattr(wanted, name))
    if "hold_reason" in different:
        if wanted.hold_reason is not None:
            job.status = JobStatus.ON_HOLD
            _take_off(session, job.id, actor)
        else:
            job.status = JobStatus.OPEN
    if different.intersection(DETAILS):
        store.remove_details(session, [job.id])
        session.add_all(detail_rows(job.id, wanted))
    _touch(session, job)


def _touch(session: Session, job: Job) -> None:
    job.revision += 1
    job.updated_at = now()
    session.add(job)


def _logged(session: Session, job: Job, action: str, before: JobOut, actor: str) -> JobOut:
    """The job as it is now; what became different is logged."""
    after = outs_of(session, [job])[0]
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    names = [name for name in old if old[name] != new[name] and name != "updated_at"]
    log.record(
        session,
        actor,
        action,
        log.Entity.JOB,
        job.id,
        before={name: old[name] for name in names},
        after={name: new[name] for name in names},
    )
    return after


# Ids


def _store_site(session: Session, new: NewSite) -> str:
    site = Site(
        **new.model_dump(exclude={"id"}),
        id=new.id or free_id(session, Site, "S"),
        located_by=None if new.latitude is None else LocatedBy.GIVEN,
    )
    add_new(session, site)
    return site.id


def _site_faults(site: NewSite, settings: Settings) -> list[Fault]:
    return area_faults(site.latitude, site.longitude, settings.service_area, "site")


def no_such_job(job_id: str) -> NotFound:
    return NotFound(
        Fault("unknown_job", f"job {job_id}", "there is no such job", "check the id, or list jobs")
    )
