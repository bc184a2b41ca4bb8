"""What dispatchers look at, over HTTP."""

import hashlib
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.http.calendar_files import content_etag
from api.http.dependencies import ETAG, NOT_MODIFIED, GivenConflicts, GivenSettings, IfNoneMatch
from api.http.problems import documented
from api.http.unchanged import Made, answered
from dispatch.calendar_texts import Language
from dispatch.intake import Code, Day
from dispatch.local_time import ONE_DAY
from dispatch.service.watch import ChangedEntity
from dispatch.views import board
from dispatch.views.board import Board
from dispatch.views.board_workbook import board_workbook

router = APIRouter(prefix="/board", tags=["board"])

Days = Annotated[int, Query(ge=1, le=board.MOST_DAYS, description="So many days, this one first.")]
Chosen = Annotated[
    list[Code] | None,
    Query(
        alias="technician_id",
        max_length=200,
        description="Only these technicians, as to follow changes; leave it out for everybody.",
    ),
]


class WorkbookResponse(Response):
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# The path with an ending comes first: {day} would match it too.


@router.get(
    "/{day}.xlsx",
    summary="Read the plan in force as a workbook",
    response_class=WorkbookResponse,
    responses={
        200: {
            "description": "Sheets of routes, of jobs without a place, and of technicians (XLSX).",
            "headers": ETAG,
            "content": {
                WorkbookResponse.media_type: {"schema": {"type": "string", "format": "binary"}}
            },
        },
        **NOT_MODIFIED,
        **documented(422),
    },
)
async def read_board_as_workbook(
    day: Day,
    request: Request,
    settings: GivenSettings,
    conflicts: GivenConflicts,
    days: Days = 1,
    language: Annotated[
        Language | None, Query(description="Of what is not the company's own words.")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """For people who work in a spreadsheet: a row for each visit, depot call and break, with dates
    in the company's local time and numbers."""
    chosen = language or settings.language

    def make(session: Session, at: datetime) -> Made:
        shown = [day + n * ONE_DAY for n in range(days)]
        broken = conflicts.at(session, at, shown)
        found = board.read_board(session, day, days, settings, at=at, broken=broken)
        name = f"plan-{day}.xlsx" if days == 1 else f"plan-{day}-{shown[-1]}.xlsx"
        answer = WorkbookResponse(
            board_workbook(session, found, settings, chosen),
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
        return Made(answer, content_etag(answer), lambda _: True)

    return await answered(request, ("workbook", day, days, chosen), if_none_match, make)


@router.get(
    "/{day}",
    summary="Read the plan in force, for everybody",
    response_model=Board,
    responses={200: {"headers": ETAG}, **NOT_MODIFIED, **documented(422)},
)
async def read_board(
    day: Day,
    request: Request,
    settings: GivenSettings,
    conflicts: GivenConflicts,
    days: Days = 1,
    technician_ids: Chosen = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Shifts, routes as planned and as expected, their jobs, and what waits without a place."""
    chosen = None if technician_ids is None else frozenset(technician_ids)

    def make(session: Session, at: datetime) -> Made:
        found = board.read_board(
            session,
            day,
            days,
            settings,
            technician_ids=chosen,
            at=at,
            broken=conflicts.at(session, at, [day + n * ONE_DAY for n in range(days)]),
        )
        # Written once: it is large, and what the framework would validate was made by its model.
        content = found.model_dump_json().encode()
        answer = Response(content, media_type="application/json")
        return Made(answer, f'"{hashlib.sha256(content).hexdigest()[:32]}"', concerns)

    def concerns(change: ChangedEntity) -> bool:
        return change.entity != "position" or chosen is None or change.id in chosen

    return await answered(request, ("board", day, days, chosen), if_none_match, make)
