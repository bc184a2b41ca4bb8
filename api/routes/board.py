"""What dispatchers look at, over HTTP."""

import hashlib
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.http.dependencies import ETAG, NOT_MODIFIED, GivenConflicts, GivenSettings, IfNoneMatch
from api.http.problems import documented
from api.http.unchanged import Made, answered
from dispatch.intake import Code, Day
from dispatch.local_time import ONE_DAY
from dispatch.service.watch import ChangedEntity
from dispatch.views import board
from dispatch.views.board import Board

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
