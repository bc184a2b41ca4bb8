"""Depots over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from api.http.dependencies import (
    Actor,
    Next,
    PageAfter,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from dispatch.company import depots
from dispatch.company.depots import DepotChange, DepotOut
from dispatch.intake import Code
from dispatch.output import Output

router = APIRouter(prefix="/depots", tags=["stock"])

CHANGES: dict[str, Any] = {
    "numbers": {
        "summary": "Two oscilloscopes to lend, and the hoist is being repaired",
        "value": {
            "tools": [
                {"tool_id": "oscilloscope", "number": 2},
                {"tool_id": "stair-trolley", "number": 0},
            ]
        },
    },
    "slower": {"summary": "A call takes longer there", "value": {"handling_minutes": 20}},
}


class DepotPage(Output):
    depots: list[DepotOut]
    next: Next


@router.get("", summary="List depots, in the order of their ids", responses=documented(422))
def list_depots(
    session: ReadingSession, after: PageAfter = None, limit: PageLimit = 50
) -> DepotPage:
    page, following = depots.list_depots(session, after=after, limit=limit)
    return DepotPage(depots=page, next=following)


@router.get("/{depot_id}", summary="Read a depot", responses=documented(404, 422))
def read_depot(depot_id: Code, session: ReadingSession) -> DepotOut:
    return depots.read_depot(session, depot_id)


@router.patch("/{depot_id}", summary="Change what a depot lends", responses=documented(404))
def change_depot(
    depot_id: Code,
    change: Annotated[DepotChange, Body(openapi_examples=CHANGES)],
    session: WritingSession,
    actor: Actor,
) -> DepotOut:
    """Its tools, each with how many of it can be lent at once, how long a call takes, and its
    telephone. Fields that are absent stay as they are. What is in force and does not hold by that
    is looked at anew at once."""
    return depots.change_depot(session, depot_id, change, actor=actor)
