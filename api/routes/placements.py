"""Jobs that are put into the plan in force at once, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.dependencies import AfterNumber, GivenSettings, NextNumber, PageLimit, ReadingSession
from api.http.problems import documented
from dispatch.intake import Code
from dispatch.jobs import placements
from dispatch.jobs.placements import PlacementOut
from dispatch.models import PlacementStatus, now
from dispatch.output import Output

router = APIRouter(tags=["jobs"])


class PlacementPage(Output):
    placements: list[PlacementOut]
    next: NextNumber


@router.get(
    "/placements",
    summary="List jobs that were to be placed at once, the newest first",
    responses=documented(422),
)
def list_placements(
    session: ReadingSession,
    settings: GivenSettings,
    status: PlacementStatus | None = None,
    job_id: Annotated[Code | None, Query()] = None,
    after: AfterNumber = None,
    limit: PageLimit = 50,
) -> PlacementPage:
    """What became of each wish: a place, or none and why."""
    page, following = placements.list_placements(
        session, settings, now(), status=status, job_id=job_id, after=after, limit=limit
    )
    return PlacementPage(placements=page, next=following)
