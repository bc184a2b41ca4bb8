"""Why a visit is where it is, and why a job is nowhere, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.dependencies import GivenLiveDays, GivenSettings, PageLimit, ReadingSession
from api.http.problems import documented
from dispatch.by_hand import alternatives, why_not
from dispatch.by_hand.alternatives import Alternatives
from dispatch.by_hand.why_not import WhyNot
from dispatch.intake import Code, Day

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get(
    "/{job_id}/alternatives",
    summary="List where else a planned job could go, and what that costs more",
    responses=documented(404, 409, 422),
)
def list_alternatives(
    job_id: Code,
    session: ReadingSession,
    settings: GivenSettings,
    days: GivenLiveDays,
    limit: PageLimit = 5,
    day: Annotated[
        Day | None,
        Query(description="A local day; that for which the job is planned if left out."),
    ] = None,
) -> Alternatives:
    """The cheapest first. On a day that has none of the job's time windows it may be at any time;
    each place says what it breaks, and what breaks least comes first. Nothing is changed."""
    return alternatives.list_alternatives(
        session, job_id, settings, day=day, days=days, limit=limit
    )


@router.get(
    "/{job_id}/why-not",
    summary="Explain why a job is on no route, and what would let it in",
    responses=documented(404, 409, 422),
)
def explain_unassigned(
    job_id: Code,
    session: ReadingSession,
    settings: GivenSettings,
    days: GivenLiveDays,
    day: Annotated[Day | None, Query(description="A local day; today if left out.")] = None,
) -> WhyNot:
    """For each technician what is in the way and the smallest changes that would help, each tried
    and checked. Nothing is changed."""
    return why_not.explain_unassigned(session, job_id, settings, days=days, day=day)
