"""Changes to the plan in force by hand, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends

from api.dependencies import Days, GivenSettings, ReadingSession
from api.limits import json_only
from api.problems import WITH_BODY, documented
from dispatch import judgements
from dispatch.judgements import Judgement, PlanChange

router = APIRouter(prefix="/plan-changes", tags=["plans"])

CHANGES: dict[str, Any] = {
    "to_somebody_at_a_time": {
        "summary": "To a technician, between what starts before nine and what starts later",
        "value": {
            "job_id": "J-1",
            "technician_id": "T02",
            "start_at": "2026-11-23T09:00:00+07:00",
        },
    },
    "held": {
        "summary": "To start exactly then, and to stay there",
        "value": {
            "job_id": "J-1",
            "technician_id": "T01",
            "start_at": "2026-11-23T09:30:00+07:00",
            "hold": True,
        },
    },
    "off_the_plan": {
        "summary": "Off the plan",
        "value": {"job_id": "J-1", "technician_id": None, "day": "2026-11-23"},
    },
}


@router.post(
    "/judgement",
    summary="Judge a change by hand: what it would break and cost",
    dependencies=[Depends(json_only)],
    responses=documented(*WITH_BODY, 404, 409),
)
def judge_change(
    change: Annotated[PlanChange, Body(openapi_examples=CHANGES)],
    session: ReadingSession,
    settings: GivenSettings,
    days: Days,
) -> Judgement:
    """Against the plan in force; nothing is changed."""
    return judgements.judge_change(session, change, settings, days=days)
