"""What dispatchers look at, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

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


@router.get("/{day}", summary="Read the plan in force, for everybody", responses=documented(422))
def read_board(
    day: Day,
    session: ReadingSession,
    settings: GivenSettings,
    days: Days = 1,
    technician_ids: Chosen = None,
) -> Board:
    """Shifts, routes as planned and as expected, their jobs, and what waits without a place."""
    return board.read_board(session, day, days, settings, technician_ids=technician_ids)
