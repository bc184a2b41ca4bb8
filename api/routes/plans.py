"""Plans over HTTP: asked for, read, published, discarded, compared."""

from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Body, Path, Query, Request, Response

from api.http.dependencies import (
    LOCATION,
    Actor,
    AfterNumber,
    GivenSettings,
    NextNumber,
    Number,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from dispatch.output import Output
from dispatch.plans import comparison, draft_changes, plans, publishing
from dispatch.plans.comparison import PlanComparison
from dispatch.plans.draft_changes import DraftChanges
from dispatch.plans.plans import PlanOut, PlanSummary
from dispatch.plans.publishing import Acceptance
from dispatch.runs import runs
from dispatch.runs.runs import PlanRequest, RunOut

router = APIRouter(prefix="/plans", tags=["plans"])

PlanId = Annotated[Number, Path()]


class PlanPage(Output):
    plans: list[PlanSummary]
    next: NextNumber


REQUESTS: dict[str, Any] = {
    "day": {
        "summary": "One day, published as soon as it is planned",
        "value": {"starts_on": "2026-11-23", "seconds": 10, "publish": True},
    },
    "week": {
        "summary": "A working week as a draft",
        "value": {"starts_on": "2026-11-23", "ends_on": "2026-11-27", "seconds": 60},
    },
}


ACCEPTANCES: dict[str, Any] = {
    "everybody": {"summary": "All of it", "value": {}},
    "some": {
        "summary": "The routes of some technicians only",
        "value": {"technician_ids": ["T01", "T02"]},
    },
}


@router.post(
    "",
    status_code=202,
    summary="Have a plan made",
    responses={
        202: {"description": "The run that makes the plan.", "headers": LOCATION},
        **documented(409),
    },
)
def request_plan(
    plan_request: Annotated[PlanRequest, Body(openapi_examples=REQUESTS)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    request: Request,
    response: Response,
    after_commit: BackgroundTasks,
) -> RunOut:
    """Queued at once, solved in the background: follow the run at `Location`."""
    run = runs.request_run(session, plan_request, actor=actor, settings=settings)
    response.headers["Location"] = f"/runs/{run.id}"
    after_commit.add_task(request.app.state.runner.submit, run.id)
    return run


@router.get("", summary="List plans, the newest first", responses=documented(422))
def list_plans(
    session: ReadingSession,
    after: AfterNumber = None,
    limit: PageLimit = 50,
) -> PlanPage:
    page, following = plans.list_plans(session, after=after, limit=limit)
    return PlanPage(plans=page, next=following)


@router.get("/{plan_id}", summary="Read a plan", responses=documented(404, 422))
def read_plan(plan_id: PlanId, session: ReadingSession) -> PlanOut:
    """Every route with its stops, and every job that was not placed with the reasons."""
    return plans.read_plan(session, plan_id)


@router.post(
    "/{plan_id}/publish",
    summary="Put a draft in force",
    responses=documented(404, 409),
)
def publish_plan(
    plan_id: PlanId,
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    acceptance: Annotated[Acceptance | None, Body(openapi_examples=ACCEPTANCES)] = None,
) -> PlanSummary:
    """All of its routes at once, as a new version, with what has changed since merged into it; or
    those of some technicians, as a version of its own, while the draft stays one for the others.

    Publishing again changes nothing.
    """
    if acceptance is not None and acceptance.technician_ids is not None:
        chosen = acceptance.technician_ids
        return publishing.publish_for(session, plan_id, chosen, actor=actor, settings=settings)
    return publishing.publish_up_to_date(session, plan_id, actor=actor, settings=settings)


@router.post("/{plan_id}/discard", summary="Rule a draft out", responses=documented(404, 409, 422))
def discard_plan(plan_id: PlanId, session: WritingSession, actor: Actor) -> PlanSummary:
    """Discarding again changes nothing."""
    return plans.discard_plan(session, plan_id, actor=actor)


@router.get(
    "/{plan_id}/changes",
    summary="What a draft would change of what is in force now",
    responses=documented(404, 409, 422),
)
def list_plan_changes(
    plan_id: PlanId, session: ReadingSession, settings: GivenSettings
) -> DraftChanges:
    """By technician and by job, with ways, times and costs before and after."""
    return draft_changes.list_changes(session, plan_id, settings)


@router.get(
    "/{plan_id}/comparison",
    summary="What changes from another plan to this one",
    responses=documented(404, 422),
)
def compare_plans(
    plan_id: PlanId,
    session: ReadingSession,
    other: Annotated[Number, Query(alias="with", description="The old plan's id.")],
) -> PlanComparison:
    """Jobs added, removed and moved, and what that costs or saves."""
    return comparison.compare_plans(session, other, plan_id)
