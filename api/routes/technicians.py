"""Technicians and their days over HTTP."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from api.http.calendar_files import CalendarResponse, calendar_file, content_etag
from api.http.dependencies import (
    ETAG,
    NOT_MODIFIED,
    Actor,
    GivenSettings,
    IfNoneMatch,
    Next,
    PageAfter,
    PageLimit,
    ReadingSession,
    WritingSession,
    unless_held,
)
from api.http.problems import documented
from api.http.unchanged import Made, answered
from dispatch.calendar_texts import Language
from dispatch.company import technicians
from dispatch.company.technicians import TechnicianChange, TechnicianOut
from dispatch.intake import Code, Day
from dispatch.output import Output, etag
from dispatch.placing import absences
from dispatch.placing.absences import AbsenceOut, NewAbsence
from dispatch.service.watch import ChangedEntity
from dispatch.settings import Settings
from dispatch.views import itinerary
from dispatch.views.itinerary import DailyRoute

router = APIRouter(prefix="/technicians", tags=["technicians"])


class TechnicianPage(Output):
    technicians: list[TechnicianOut]
    next: Next


class Absences(Output):
    absences: list[AbsenceOut]


CHANGES: dict[str, Any] = {
    "trainee": {
        "summary": "A trainee, with six visits a route at most",
        "value": {"pace_percent": 130, "max_visits": 6},
    },
    "unlimited": {"summary": "As many as there is time for", "value": {"max_visits": None}},
}
ABSENCES: dict[str, Any] = {
    "ill": {
        "summary": "Ill for the rest of the day",
        "value": {
            "starts_at": "2026-11-23T09:30:00+07:00",
            "ends_at": "2026-11-23T17:00:00+07:00",
            "reason": "ốm",
        },
    }
}


class GeoJSONResponse(JSONResponse):
    media_type = "application/geo+json"


def _geometry(kind: str, coordinates: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": kind,
        "properties": {"type": {"const": kind}, "coordinates": coordinates},
        "required": ["type", "coordinates"],
    }


POSITION = {
    "type": "array",
    "description": "Longitude, latitude: the order of GeoJSON.",
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 2,
}
FEATURE = {
    "type": "object",
    "title": "Feature",
    "properties": {
        "type": {"const": "Feature"},
        "geometry": {
            "oneOf": [
                _geometry("Point", POSITION),
                _geometry("LineString", {"type": "array", "items": POSITION, "minItems": 2}),
            ]
        },
        "properties": {"type": "object"},
    },
    "required": ["type", "geometry", "properties"],
}
GEOJSON = {
    "type": "object",
    "title": "FeatureCollection",
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": FEATURE},
    },
    "required": ["type", "features"],
}


@router.get("", summary="List technicians, in the order of their ids", responses=documented(422))
def list_technicians(
    session: ReadingSession, after: PageAfter = None, limit: PageLimit = 50
) -> TechnicianPage:
    page, following = technicians.list_technicians(session, after=after, limit=limit)
    return TechnicianPage(technicians=page, next=following)


@router.patch(
    "/{technician_id}",
    summary="Change how a technician works",
    responses=documented(404),
)
def change_technician(
    technician_id: Code,
    change: Annotated[TechnicianChange, Body(openapi_examples=CHANGES)],
    session: WritingSession,
    actor: Actor,
) -> TechnicianOut:
    """How quick they are, and how much each of their routes may have. Fields that are absent stay
    as they are, null takes a limit away. What is in force and does not hold by that is looked at
    anew at once."""
    return technicians.change_technician(session, technician_id, change, actor=actor)


async def _day(
    request: Request,
    technician_id: str,
    day: date,
    settings: Settings,
    if_none_match: str | None,
    written: Callable[[DailyRoute], Response],
) -> Response:
    """The technician's day, as ``written`` puts it, unless the client has it."""

    def make(session: Session, at: datetime) -> Made:
        route = itinerary.daily_route(session, technician_id, day, settings, at)
        jobs = {stop.job_id for shift in route.routes for stop in shift.stops}

        def concerns(change: ChangedEntity) -> bool:
            if change.entity == "job":
                return change.id in jobs
            return change.entity != "position" or change.id == technician_id

        return Made(written(route), etag(route), concerns)

    return await answered(request, ("route", technician_id, day), if_none_match, make)


def _answers(content: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"headers": ETAG, **content}, **NOT_MODIFIED, **documented(404, 422)}


# The paths with an ending come first: {day} would match them too.


@router.get(
    "/{technician_id}/routes/{day}.ics",
    summary="A technician's day as iCalendar",
    response_class=CalendarResponse,
    responses=_answers({"description": "One event for each stop (RFC 5545)."}),
)
def read_route_as_calendar(
    technician_id: Code,
    day: Day,
    session: ReadingSession,
    request: Request,
    settings: GivenSettings,
    language: Annotated[
        Language | None, Query(description="Of what is not the company's own words.")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Events keep their identity from version to version, so that a calendar moves them."""
    route = itinerary.daily_route(session, technician_id, day, settings)
    answer = calendar_file(request, session, [route], language or settings.language)
    return unless_held(if_none_match, content_etag(answer), answer)


@router.get(
    "/{technician_id}/routes/{day}.geojson",
    summary="A technician's day as GeoJSON",
    response_class=GeoJSONResponse,
    responses=_answers(
        {
            "description": "A line for each shift's route and a point for each stop (RFC 7946).",
            "content": {"application/geo+json": {"schema": GEOJSON}},
        }
    ),
)
async def read_route_as_geojson(
    technician_id: Code,
    day: Day,
    request: Request,
    settings: GivenSettings,
    if_none_match: IfNoneMatch = None,
) -> Response:
    def written(route: DailyRoute) -> Response:
        return GeoJSONResponse(itinerary.as_geojson(route))

    return await _day(request, technician_id, day, settings, if_none_match, written)


@router.get(
    "/{technician_id}/routes/{day}",
    summary="A technician's day",
    response_model=DailyRoute,
    responses=_answers({}),
)
async def read_route(
    technician_id: Code,
    day: Day,
    request: Request,
    settings: GivenSettings,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The published stops of the shifts that begin on this local day, with all they need."""

    def written(route: DailyRoute) -> Response:
        return Response(route.model_dump_json(), media_type="application/json")

    return await _day(request, technician_id, day, settings, if_none_match, written)


@router.get(
    "/{technician_id}/absences",
    summary="List a technician's absences",
    responses=documented(404, 422),
)
def list_absences(technician_id: Code, session: ReadingSession) -> Absences:
    return Absences(absences=absences.list_absences(session, technician_id))


@router.post(
    "/{technician_id}/absences",
    status_code=201,
    summary="Mark a technician absent",
    responses={
        200: {"model": AbsenceOut, "description": "The absence, known already."},
        201: {"description": "The absence."},
        **documented(404, 409),
    },
)
def add_absence(
    technician_id: Code,
    new: Annotated[NewAbsence, Body(openapi_examples=ABSENCES)],
    session: WritingSession,
    actor: Actor,
    response: Response,
) -> AbsenceOut:
    """Work that was to begin in that time goes to others at once; see the list of placements."""
    absence, is_new = absences.add_absence(session, technician_id, new, actor=actor)
    if not is_new:
        response.status_code = 200
    return absence


@router.delete(
    "/{technician_id}/absences/{absence_id}",
    status_code=204,
    summary="Take an absence back",
    responses=documented(404, 422),
)
def remove_absence(
    technician_id: Code, absence_id: Code, session: WritingSession, actor: Actor
) -> None:
    """What others have taken over stays with them, until the day is planned again."""
    absences.remove_absence(session, technician_id, absence_id, actor=actor)
