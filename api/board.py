"""What dispatchers look at, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import GivenSettings, ReadingSession
from api.problems import documented
from dispatch import board
from dispatch.board import Board
from dispatch.intake import Code, Day

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
    responses=documented(422),
)
def read_board(
    day: Day,
    session: ReadingSession,
    settings: GivenSettings,
    days: Days = 1,
    technician_ids: Chosen = None,
) -> Response:
    """Shifts, routes as planned and as expected, their jobs, and what waits without a place."""
    found = board.read_board(session, day, days, settings, technician_ids=technician_ids)
    # Written once: it is large, and what the framework would validate was made by its model.
    return Response(found.model_dump_json(), media_type="application/json")
