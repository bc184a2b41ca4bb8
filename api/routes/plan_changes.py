"""Changes to the plan in force by hand, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query

from api.http.dependencies import (
    Actor,
    GivenLiveDays,
    GivenSettings,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from dispatch.by_hand import changes, gaps, judgements, making_several, several, undoing
from dispatch.by_hand.changes import ChangeToMake
from dispatch.by_hand.gaps import GapFiller
from dispatch.by_hand.judgements import Judgement, PlanChange
from dispatch.by_hand.making_several import SeveralMade, SeveralToMake
from dispatch.by_hand.several import JointVerdict, SeveralChange
from dispatch.by_hand.versions import ChangeMade
from dispatch.intake import Code, Moment
from dispatch.output import Output

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
    "put_there": {
        "summary": "To start then or as soon as it can after that, without a promise",
        "value": {
            "job_id": "J-1",
            "technician_id": "T01",
            "start_at": "2026-11-23T15:00:00+07:00",
            "no_earlier": True,
        },
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
SEVERAL: dict[str, Any] = {
    "moved": {
        "summary": "Three jobs to a technician",
        "value": {"action": "move", "job_ids": ["J-1", "J-2", "J-3"], "technician_id": "T02"},
    },
    "pushed": {
        "summary": "All that a technician has to come from ten on, half an hour later",
        "value": {
            "action": "push",
            "technician_id": "T02",
            "from_at": "2026-11-23T10:00:00+07:00",
            "minutes": 30,
        },
    },
    "swapped": {
        "summary": "Two visits change places",
        "value": {"action": "swap", "job_ids": ["J-1", "J-2"]},
    },
    "rests_swapped": {
        "summary": "Two technicians change the rest of their day",
        "value": {
            "action": "swap_rests",
            "technician_id": "T01",
            "with_technician_id": "T02",
            "from_at": "2026-11-23T13:00:00+07:00",
        },
    },
    "cancelled": {
        "summary": "Two jobs cancelled",
        "value": {"action": "cancel", "job_ids": ["J-1", "J-2"]},
    },
    "pinned": {
        "summary": "Two visits pinned to their technicians",
        "value": {"action": "pin", "job_ids": ["J-1", "J-2"], "to": "technician"},
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
    summary="Undo a change by hand, or a draft that was put in force",
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


@router.post(
    "/several",
    summary="Put a change of several jobs by hand in force",
    responses=documented(404, 409),
)
def make_several(
    change: Annotated[SeveralToMake, Body(openapi_examples=SEVERAL)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
) -> SeveralMade:
    """All of it or nothing, as one new version that is undone as one. What breaks a hard rule is
    refused, each broken rule as a fault, unless it is overridden with a reason."""
    return making_several.make_several(session, change, settings, actor=actor)


@router.post(
    "/several/judgement",
    summary="Judge a change of several jobs by hand",
    responses=documented(404, 409),
)
def judge_several(
    change: Annotated[SeveralChange, Body(openapi_examples=SEVERAL)],
    session: ReadingSession,
    settings: GivenSettings,
) -> JointVerdict:
    """What all of it would break and cost together, against the plan in force; nothing is
    changed."""
    return several.judge_several(session, change, settings)


class GapFillers(Output):
    """Jobs that would fit into a gap, each alone."""

    fillers: list[GapFiller]


@router.get(
    "/gaps",
    summary="List jobs without a place that would fit into a gap of a technician's day",
    responses=documented(404, 422),
)
def list_gap_fillers(
    technician_id: Annotated[Code, Query(description="Whose day it is.")],
    from_at: Annotated[Moment, Query(description="When the gap begins.")],
    until_at: Annotated[Moment, Query(description="When it ends: they are done by then.")],
    session: ReadingSession,
    settings: GivenSettings,
    days: GivenLiveDays,
    limit: PageLimit = 10,
) -> GapFillers:
    """What costs least first, which is what is near. Each keeps every hard rule; whether several do
    so together is judged when they are chosen. Nothing is changed."""
    return GapFillers(
        fillers=gaps.list_gap_fillers(
            session, technician_id, from_at, until_at, settings, limit=limit, days=days
        )
    )
