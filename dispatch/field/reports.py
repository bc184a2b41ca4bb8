"""What technicians report of their jobs, and what the jobs' rows say because of it.

Reports come late, twice and out of order: a van was in a cellar. So a job's state is worked out
from all of its reports and their own times, whatever order they came in. The first report that ends
a job is the one that counts; what is said to have happened later is kept, and changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from dispatch import log, store
from dispatch.checklists import Checklist, WantedReadingOut
from dispatch.company.technicians import read_technician
from dispatch.errors import Conflict, InvalidInput
from dispatch.intake import Code, Input, LongText, Moment, PartQuantities, Readings, Text
from dispatch.jobs.jobs import no_such_job
from dispatch.local_time import as_said, start_of
from dispatch.models import (
    ENDS,
    OVER,
    SET_ASIDE,
    Job,
    JobStatus,
    JobTemplate,
    Obstacle,
    Report,
    ReportKind,
    Route,
    Stop,
    now,
)
from dispatch.output import Output
from dispatch.parts import movements
from dispatch.placing.taking_over import hold_whereabouts, take_over
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.snapshot import STARTED
from dispatch.plans import queries, versions
from dispatch.references import references_of, unknown_references
from dispatch.settings import Settings
from solver.faults import Fault

AHEAD = timedelta(minutes=5)
"""So far may a technician's clock be ahead of ours."""
EARLY = timedelta(hours=4)
"""Who begins a shift soon after midnight may set out on the day before, so much before it."""


class NewReport(Input):
    """What a technician says of a job: set out, arrived, completed it, or could not."""

    id: Code
    """Made by the technician's device, new for each report; sent again, it changes nothing."""
    job_id: Code
    kind: ReportKind
    at: Moment
    """When it happened, by the technician's clock."""
    reason: Annotated[Obstacle | None, Field(validate_default=True)] = None
    """Why it could not be completed."""
    note: LongText | None = None
    parts_used: PartQuantities | None = None
    """Absent: what was planned if it was completed, and nothing if it was not."""
    readings: Readings = Field(default_factory=dict)
    checked: Checklist = Field(default=[])
    """Which lines were ticked off; others than the work type has by now are kept too."""
    signed_by: Text | None = None
    """Who signed for the customer."""

    @field_validator("reason")
    @classmethod
    def _for_what_was_not_completed(
        cls, reason: Obstacle | None, info: ValidationInfo
    ) -> Obstacle | None:
        kind = info.data.get("kind")
        if kind is not None and (kind is ReportKind.CANNOT_COMPLETE) == (reason is None):
            raise PydanticCustomError(
                "reason",
                "a report has a reason if and only if the job could not be completed",
                {"action": "give both or none"},
            )
        return reason

    @field_validator("parts_used", "readings", "checked", "signed_by")
    @classmethod
    def _once_it_is_over(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("kind")
        if value and kind is not None and JobStatus(kind.value) not in OVER:
            raise PydanticCustomError(
                "too_early",
                "is known only when the work is over",
                {"action": "send it with completed or cannot_complete"},
            )
        return value


class ReportOut(Output):
    """A report as it was taken in."""

    id: str
    job_id: str
    technician_id: str
    kind: ReportKind
    at: datetime
    """When it happened, by the technician's clock."""
    received_at: datetime
    reason: Obstacle | None
    note: str | None
    parts_used: dict[str, int] | None
    readings: dict[str, float]
    checked: list[str]
    """Which lines were ticked off."""
    checklist: list[str]
    """What the job's work type had to be ticked off when the report came in. Empty if the job could
    not be completed and nothing was ticked."""
    readings_wanted: list[WantedReadingOut]
    """What the job's work type had to be measured then."""
    signed_by: str | None
    job_status: JobStatus
    """Of the job now, which may owe more to other reports."""


def take_report(
    session: Session,
    technician_id: str,
    new: NewReport,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> tuple[ReportOut, bool]:
    """Keep the report and bring the job up to date; also whether it is new: again is as once.

    If the plan in force has the job with somebody else by now, or with nobody, it follows. ``at``
    is the moment at which the report came in (None: now). Raises ``NotFound`` for the technician,
    ``InvalidInput`` (also for what is said to have happened before the day of the visit), or
    ``Conflict`` if the id was used for another report, or no published plan
    ever had this technician attend the job.
    """
    received_at = at or now()
    read_technician(session, technician_id)
    report = _row(technician_id, new, received_at)
    store.hold_idempotency_key(session, f"report {new.id}")
    known = session.get(Report, new.id)
    if known is not None:
        return _again(session, known, report), False
    # Whoever publishes holds the publication first, and then the jobs.
    versions.hold_publication(session)
    told = queries.told_visits(session, new.job_id, technician_id)
    faults = [*_faults(session, new, received_at, settings), *_day_faults(new.at, told, settings)]
    if faults:
        raise InvalidInput(*faults)
    if not told:
        raise _never_theirs(new.job_id)
    reports = sorted([*store.reports_of(session, new.job_id), report], key=_in_time)
    decisive = _decisive(reports)
    # Of what they were told of it at several times, they went by what was nearest.
    known_then = [rows for rows in told if decisive.at >= _earliest(rows.route, settings)]
    nearest = min(known_then or told, key=lambda rows: abs(rows.stops[0].start_at - decisive.at))
    found = hold_whereabouts(session, new.job_id, nearest)
    job, before = found.jobs[new.job_id], _state(found.jobs[new.job_id])
    _note_wanted(session, report, job)
    session.add(report)
    before_it = movements.flows(found.routes, found.jobs)
    is_moving = found.is_elsewhere and decisive.technician_id == technician_id
    planned = nearest if is_moving or found.live is None else found.live
    _follow(job, reports, decisive, planned.stops)
    job.revision += 1
    job.updated_at = received_at
    session.flush()
    after = _state(job) | {"report": report.id}
    log.record(
        session, actor, report.kind.value, log.Entity.JOB, job.id, before=before, after=after
    )
    routes = found.routes
    if is_moving and job.status in STARTED:
        routes = take_over(session, job, found, settings, actor=actor, at=received_at)
    after_it = movements.flows(routes, found.jobs)
    movements.book(session, before_it, after_it, actor=actor, at=received_at)
    return _out(report, job), True


def list_reports(session: Session, job_id: str) -> list[ReportOut]:
    """All reports of a job, in the order of their own times. Raises ``NotFound``."""
    job = session.get(Job, job_id)
    if job is None:
        raise no_such_job(job_id)
    return [_out(report, job) for report in store.reports_of(session, job_id)]


def _row(technician_id: str, new: NewReport, received_at: datetime) -> Report:
    parts = None
    if new.parts_used is not None and JobStatus(new.kind.value) in OVER:
        parts = {part.part_id: part.quantity for part in new.parts_used}
    return Report(
        **new.model_dump(exclude={"parts_used"}),
        technician_id=technician_id,
        received_at=received_at,
        parts_used=parts,
    )


def _note_wanted(session: Session, report: Report, job: Job) -> None:
    """Keep with an end what was to be ticked off and measured: the work type may change later, and
    what was within its limits stays so."""
    template = None if job.work_type_id is None else session.get(JobTemplate, job.work_type_id)
    if template is None or report.kind not in ENDS:
        return
    report.readings_wanted = template.readings
    if report.checked or report.kind is ReportKind.COMPLETED:
        report.checklist = template.checklist


def _again(session: Session, known: Report, report: Report) -> ReportOut:
    aside = {"received_at", "checklist", "readings_wanted"}
    if known.model_dump(exclude=aside) != report.model_dump(exclude=aside):
        raise Conflict(
            Fault(
                "report_id_reused",
                "id",
                f"the id {known.id!r} was used for another report",
                "make a new id for each report",
            )
        )
    return _out(known, session.get_one(Job, known.job_id))


def _faults(
    session: Session, new: NewReport, received_at: datetime, settings: Settings
) -> list[Fault]:
    unknown = unknown_references(session, references_of(new))
    return [*unknown, *clock_faults(new.at, received_at, settings)]


def clock_faults(at: datetime, received_at: datetime, settings: Settings) -> list[Fault]:
    """A fault if something is said to have happened after it was said."""
    if at <= received_at + AHEAD:
        return []
    said, came = as_said(at, settings.zone), as_said(received_at, settings.zone)
    cause = f"{said} is after {came}, when it came in"
    return [Fault("in_the_future", "at", cause, "set the device's clock")]


def _day_faults(at: datetime, told: Sequence[RouteRows], settings: Settings) -> list[Fault]:
    """A fault if something is said to have happened before any day for which they were told of it.
    How long ago that day was does not matter: phones are offline for days."""
    routes = sorted((rows.route for rows in told), key=lambda route: route.shift_starts_at)
    if not routes or at >= _earliest(first := routes[0], settings):
        return []
    said = as_said(at, settings.zone)
    cause = f"{said} is before {first.day}, the day that the visit was planned for"
    action = "set the device's clock; if it was done, have the dispatcher plan it for that day"
    return [Fault("before_its_day", "at", cause, action)]


def _earliest(route: Route, settings: Settings) -> datetime:
    """Nothing of the route can have happened earlier."""
    return min(start_of(route.day, settings.zone), route.shift_starts_at - EARLY)


def _never_theirs(job_id: str) -> Conflict:
    """The same whether others have it, nobody has, or there is no such job: none of that is a
    technician's business."""
    return Conflict(
        Fault(
            "not_on_your_route",
            f"job {job_id}",
            "no published plan ever had it on this technician's route",
            "fetch the route again; if you are there, call the dispatcher",
        )
    )


def _in_time(report: Report) -> tuple[datetime, str]:
    return report.at, report.id


def _decisive(reports: Sequence[Report]) -> Report:
    """The one that says how far the job is, and who does it: the first that ended it, or else the
    first from there, or else the first from the way there. ``reports`` are in their order."""
    for kinds in (ENDS, (ReportKind.ON_SITE,), (ReportKind.EN_ROUTE,)):
        for report in reports:
            if report.kind in kinds:
                return report
    raise AssertionError("a report is of one of these kinds")


def _follow(job: Job, reports: Sequence[Report], decisive: Report, planned: Sequence[Stop]) -> None:
    """Let the job's row say what follows from all of its reports; ``planned`` has its visit."""
    is_over = decisive.kind in ENDS
    count = [
        report
        for report in reports
        if report.technician_id == decisive.technician_id
        and (report.at <= decisive.at or not is_over)
    ]
    job.en_route_at = _first(count, ReportKind.EN_ROUTE)
    job.arrived_at = _first(count, ReportKind.ON_SITE)
    if is_over:
        job.departed_at, job.status = decisive.at, JobStatus(decisive.kind.value)
        job.parts_used = decisive.parts_used
        if job.parts_used is None:
            visit = next(stop for stop in planned if stop.job_id == job.id)
            is_done = decisive.kind is ReportKind.COMPLETED
            job.parts_used = dict(visit.parts) if is_done else {}
    elif job.status not in SET_ASIDE:
        job.status = JobStatus(decisive.kind.value)


def _first(reports: Sequence[Report], kind: ReportKind) -> datetime | None:
    return min((report.at for report in reports if report.kind is kind), default=None)


def _state(job: Job) -> dict[str, object]:
    names = {"status", "en_route_at", "arrived_at", "departed_at", "parts_used"}
    return job.model_dump(mode="json", include=names)


def _out(report: Report, job: Job) -> ReportOut:
    return ReportOut(**report.model_dump(), job_status=job.status)
