"""Calendars to subscribe to, over HTTP: links that a phone's calendar can follow by itself."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.http.access import count
from api.http.addresses import outside
from api.http.calendar_files import CalendarResponse, calendar_file, content_etag
from api.http.dependencies import (
    ETAG,
    NOT_MODIFIED,
    Actor,
    GivenSettings,
    IfNoneMatch,
    ReadingSession,
    WritingSession,
    unless_held,
)
from api.http.lines import address_of
from api.http.problems import documented
from dispatch.access.rates import RateLimit
from dispatch.calendar_texts import Language
from dispatch.intake import Code
from dispatch.views import calendar_links
from dispatch.views.calendar_links import CalendarLinkOut, MadeCalendarLink

router = APIRouter(tags=["technicians"])


@router.post(
    "/technicians/{technician_id}/calendar-link",
    status_code=201,
    summary="Make a technician's calendar link, or a new one",
    responses={201: {"description": "The link."}, **documented(404, 422)},
)
def make_calendar_link(
    technician_id: Code,
    session: WritingSession,
    actor: Actor,
    request: Request,
    settings: GivenSettings,
    language: Annotated[
        Language | None,
        Query(description="Of the calendar; the company's if left out."),
    ] = None,
) -> MadeCalendarLink:
    """The link is shown this once. One that was made before is void from now on."""
    link, token = calendar_links.make_link(session, technician_id, actor=actor, language=language)
    url = outside(f"/calendars/{token}.ics", request, settings)
    return MadeCalendarLink(**link.model_dump(), url=url)


@router.get(
    "/technicians/{technician_id}/calendar-link",
    summary="See whether a technician has a calendar link",
    responses=documented(404, 422),
)
def read_calendar_link(technician_id: Code, session: ReadingSession) -> CalendarLinkOut:
    return calendar_links.read_link(session, technician_id)


@router.delete(
    "/technicians/{technician_id}/calendar-link",
    status_code=204,
    summary="Revoke a technician's calendar link",
    responses=documented(404, 422),
)
def revoke_calendar_link(technician_id: Code, session: WritingSession, actor: Actor) -> None:
    calendar_links.revoke_link(session, technician_id, actor=actor)


def within_rate(request: Request, settings: GivenSettings) -> None:
    """Nobody has shown who they are here, so that addresses are counted, for guesses and all."""
    limit = RateLimit("calendars", settings.requests_per_minute)
    count(request.app.state.rates, limit, address_of(request))


@router.get(
    "/calendars/{token}.ics",
    summary="A technician's days as iCalendar, by a calendar link",
    dependencies=[Depends(within_rate)],
    response_class=CalendarResponse,
    responses={
        200: {"description": "One event for each stop (RFC 5545).", "headers": ETAG},
        **NOT_MODIFIED,
        **documented(404, 422, 429),
    },
)
def read_calendar(
    token: Annotated[str, Path(description="As in the link.", max_length=200)],
    session: ReadingSession,
    request: Request,
    settings: GivenSettings,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Yesterday and the next two weeks, for a calendar that can show no credentials."""
    found = calendar_links.linked_days(session, token, settings)
    answer = calendar_file(request, session, found.days, found.language, whole=True)
    return unless_held(if_none_match, content_etag(answer), answer)
