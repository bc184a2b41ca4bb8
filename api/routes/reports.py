"""The day as it happens, over HTTP: what technicians report, and what the day will not keep."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response

from api.http.dependencies import (
    Actor,
    GivenSettings,
    Next,
    PageAfter,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from dispatch.field import positions, reports
from dispatch.field.positions import NewPosition, PositionOut
from dispatch.field.reports import NewReport, ReportOut
from dispatch.intake import Code, Day
from dispatch.models import JobStatus
from dispatch.output import Output
from dispatch.views import delays, history
from dispatch.views.board import MOST_DAYS
from dispatch.views.delays import LateVisit
from dispatch.views.history import EndedVisit

router = APIRouter(tags=["reports"])


class Reports(Output):
    reports: list[ReportOut]


class EndedVisits(Output):
    visits: list[EndedVisit]
    next: Next


class LateVisits(Output):
    late_visits: list[LateVisit]


REPORTS: dict[str, Any] = {
    "en_route": {
        "summary": "Set out",
        "value": {
            "id": "8f14e45f-ceea-467f-a9f1-3f1f6f5b9b01",
            "job_id": "J-1",
            "kind": "en_route",
            "at": "2026-11-20T07:55:00+07:00",
        },
    },
    "completed": {
        "summary": "Done, with what it took",
        "value": {
            "id": "8f14e45f-ceea-467f-a9f1-3f1f6f5b9b02",
            "job_id": "J-1",
            "kind": "completed",
            "at": "2026-11-20T08:00:00+07:00",
            "parts_used": [{"part_id": "CAP-35UF", "quantity": 1}],
            "readings": {"Áp suất gas": 8.5},
            "checked": ["Ngắt điện trước khi mở máy", "Vệ sinh dàn nóng"],
            "signed_by": "Nguyễn Thị Lan",
        },
    },
    "cannot_complete": {
        "summary": "In vain",
        "value": {
            "id": "8f14e45f-ceea-467f-a9f1-3f1f6f5b9b03",
            "job_id": "J-1",
            "kind": "cannot_complete",
            "at": "2026-11-20T08:00:00+07:00",
            "reason": "customer_absent",
            "note": "Rung twice, phoned; nobody there.",
        },
    },
}


POSITIONS: dict[str, Any] = {
    "here": {
        "summary": "At the Opera House",
        "value": {"latitude": 21.0245, "longitude": 105.8575, "at": "2026-11-20T07:58:00+07:00"},
    }
}


@router.post(
    "/technicians/{technician_id}/reports",
    status_code=201,
    summary="Report on a job",
    responses={
        200: {"model": ReportOut, "description": "The report that was taken in before."},
        201: {"description": "The report."},
        **documented(404, 409),
    },
)
def take_report(
    technician_id: Code,
    new: Annotated[NewReport, Body(openapi_examples=REPORTS)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    response: Response,
) -> ReportOut:
    """By a technician who has the job in the plan in force or had it in an earlier version; late,
    twice and out of order is fine.

    The job's status and times follow from all of its reports and their own times. If it is with
    somebody else by now, or with nobody, the plan in force follows in a new version.
    """
    report, is_new = reports.take_report(session, technician_id, new, settings, actor=actor)
    if not is_new:
        response.status_code = 200
    return report


@router.post(
    "/technicians/{technician_id}/position",
    summary="Say where a technician is",
    responses=documented(404),
)
def keep_position(
    technician_id: Code,
    new: Annotated[NewPosition, Body(openapi_examples=POSITIONS)],
    session: WritingSession,
    settings: GivenSettings,
) -> PositionOut:
    """For half an hour, the rest of the day begins there if the technician is not at a customer's.

    Answers with the newest position known, which a late one does not replace.
    """
    return positions.keep_position(session, technician_id, new, settings)


@router.get(
    "/jobs/{job_id}/reports",
    summary="Read all reports on a job, in the order of their times",
    responses=documented(404, 422),
)
def list_reports(job_id: Code, session: ReadingSession) -> Reports:
    return Reports(reports=reports.list_reports(session, job_id))


@router.get(
    "/ended-visits",
    summary="List the visits that ended on some days, the newest first",
    responses=documented(422),
)
def list_ended_visits(
    session: ReadingSession,
    settings: GivenSettings,
    day: Annotated[Day, Query(description="A local day.")],
    days: Annotated[
        int, Query(ge=1, le=MOST_DAYS, description="So many days, this one first.")
    ] = 1,
    status: Annotated[
        Literal["completed", "cannot_complete"] | None, Query(description="Only those.")
    ] = None,
    after: PageAfter = None,
    limit: PageLimit = 50,
) -> EndedVisits:
    """Done or in vain, with what technicians said of it; by the time at which that happened."""
    visits, following = history.ended_visits(
        session,
        day,
        days,
        settings,
        status=None if status is None else JobStatus(status),
        after=after,
        limit=limit,
    )
    return EndedVisits(visits=visits, next=following)


@router.get(
    "/late-visits", summary="List the visits that will be too late", responses=documented(422)
)
def list_late_visits(
    session: ReadingSession,
    settings: GivenSettings,
    day: Annotated[Day | None, Query(description="A local day; today if left out.")] = None,
) -> LateVisits:
    """Visits of routes in force that will miss their time window or due time, given what was
    reported so far; the soonest first."""
    return LateVisits(late_visits=delays.late_visits(session, day, settings))
