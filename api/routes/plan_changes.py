"""Changes to the plan in force by hand, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path

from api.http.dependencies import (
    Actor,
    GivenLiveDays,
    GivenSettings,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from dispatch.by_hand import changes, judgements, undoing
from dispatch.by_hand.changes import ChangeToMake
from dispatch.by_hand.judgements import Judgement, PlanChange
from dispatch.by_hand.versions import ChangeMade

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
    "to_another_day": {
        "summary": "To another day, where it costs least",
        "value": {"job_id": "J-1", "technician_id": "T01", "day": "2026-11-24"},
    },
    "off_the_plan": {
        "summary": "Off the plan",
        "value": {"job_id": "J-1", "technician_id": None},
    },
}
CHANGES_TO_MAKE: dict[str, Any] = {
    "as_judged": {
        "summary": "As it was judged against this version",
        "value": {
            "job_id": "J-1",
            "technician_id": "T01",
            "start_at": "2026-11-23T09:00:00+07:00",
            "plan_version": 17,
        },
    },
    "held_there": CHANGES["held"],
    "another_day": CHANGES["to_another_day"],
    "taken_off": CHANGES["off_the_plan"],
    "overridden": {
        "summary": "Whatever it breaks, for a reason",
        "value": {
            "job_id": "J-1",
            "technician_id": "T02",
            "day": "2026-11-23",
            "override": {"reason": "Chị Mai có chứng chỉ mới, hồ sơ chưa cập nhật"},
        },
    },
}
Version = Annotated[int, Path(ge=1, lt=2**31)]


@router.post(
    "",
    summary="Put a change by hand in force",
    responses=documented(404, 409),
)
def make_change(
    change: Annotated[ChangeToMake, Body(openapi_examples=CHANGES_TO_MAKE)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
) -> ChangeMade:
    """As it was judged, as a new version. What breaks a hard rule is refused, each broken rule as a
    fault, unless it is overridden with a reason; the job is pinned then."""
    return changes.make_change(session, change, settings, actor=actor)


@router.post(
    "/{plan_version}/undo",
    summary="Undo a change by hand",
    responses=documented(404, 409, 422),
)
def undo_change(
    plan_version: Version, session: WritingSession, settings: GivenSettings, actor: Actor
) -> ChangeMade:
    """The routes concerned are as before, with pins and waivers. Undoing again changes nothing;
    undoing the undoing makes the change again."""
    return undoing.undo_change(session, plan_version, settings, actor=actor)


@router.post(
    "/judgement",
    summary="Judge a change by hand: what it would break and cost",
    responses=documented(404, 409),
)
def judge_change(
    change: Annotated[PlanChange, Body(openapi_examples=CHANGES)],
    session: ReadingSession,
    settings: GivenSettings,
    days: GivenLiveDays,
) -> Judgement:
    """Against the plan in force; nothing is changed."""
    return judgements.judge_change(session, change, settings, days=days)
