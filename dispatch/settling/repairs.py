"""What would settle an issue: operations of this service, which a client can carry out as they are.

Some are at hand as soon as the issue is known. Where a visit could go, and what that costs, has to
be worked out with the plan in force (``working_out``).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from dispatch.output import Output
from dispatch.settling.facts import (
    EndedRun,
    FailedVisit,
    LateInForce,
    MovedSinceTold,
    ShortPart,
    TwiceLentTool,
    UntenableVisit,
)


class RepairKind(StrEnum):
    PLACE = "place"
    """Into the best place there is on the day."""
    REASSIGN = "reassign"
    """To a technician, at a time, on the day that it is planned for."""
    PUT_OFF = "put_off"
    """The same on a later day."""
    TELL_CUSTOMER = "tell_customer"
    """Keep that the customer has been told of the time that the visit has now."""
    MOVE_BACK = "move_back"
    """To the time that the customer was told."""
    FOLLOW_UP = "follow_up"
    """Another job like it, which takes it up."""
    CLOSE = "close"
    """Nothing more is to be done about it."""
    REPLAY = "replay"
    """Take in again all messages that wait."""
    PLAN_AGAIN = "plan_again"
    """Have a draft made for the days and technicians concerned."""
    PUBLISH = "publish"
    DISCARD = "discard"


class Repair(Output):
    """An operation that would settle an issue."""

    kind: RepairKind
    values: dict[str, Any]
    """What it would come to, for pages to put into words."""
    method: Literal["POST", "PATCH"]
    path: str
    body: dict[str, Any] | None
    cost: int | None
    """Cents that the plan costs more then; null where that is not worked out."""


def change(
    kind: RepairKind,
    job_id: str,
    technician_id: str,
    day: date,
    start_at: datetime,
    cost: int,
    late_by: timedelta | None = None,
) -> Repair:
    """A change of the plan in force by hand, which can be undone; ``late_by`` is how late the visit
    would still be, if at all."""
    where = {
        "technician_id": technician_id,
        "day": day.isoformat(),
        "start_at": start_at.isoformat(),
    }
    body: dict[str, Any] = {"job_id": job_id, **where}
    if kind is RepairKind.MOVE_BACK:
        body["hold"] = True
    late = {} if late_by is None else {"late_minutes": int(late_by.total_seconds() // 60)}
    return _repair(kind, "POST", "/plan-changes", body, where | late, cost)


def place(job_id: str, day: date) -> Repair:
    on = {"day": day.isoformat()}
    return _repair(RepairKind.PLACE, "POST", f"/jobs/{job_id}/place", on, on)


def of_untenable(one: UntenableVisit) -> Iterable[Repair]:
    if not one.visit.has_begun:
        yield place(one.visit.job_id, one.visit.day)


def of_late(one: LateInForce) -> Iterable[Repair]:
    if not one.has_begun:
        yield place(one.job.id, one.day)


def of_failed(one: FailedVisit) -> Iterable[Repair]:
    yield _repair(RepairKind.FOLLOW_UP, "POST", "/jobs", {**one.again, "follow_up_of": one.job.id})
    yield _repair(RepairKind.CLOSE, "POST", f"/jobs/{one.job.id}/close")


def of_moved(one: MovedSinceTold, at: datetime) -> Iterable[Repair]:
    yield _repair(
        RepairKind.TELL_CUSTOMER,
        "PATCH",
        f"/jobs/{one.job.id}",
        {"told_at": max(at, one.since).isoformat()},
        {"start_at": one.start_at.isoformat()},
    )


def of_lent(one: TwiceLentTool) -> Iterable[Repair]:
    days = sorted(one.lent.days)
    yield plan_again(days[0], days[-1], one.lent.technician_ids)


def of_short(one: ShortPart) -> Iterable[Repair]:
    yield plan_again(one.day, one.day, one.short.technician_ids)


def of_unread() -> Iterable[Repair]:
    yield _repair(RepairKind.REPLAY, "POST", "/dead-letters/replay")


def of_run(run: EndedRun) -> Iterable[Repair]:
    if run.plan_id is not None:
        yield _repair(RepairKind.PUBLISH, "POST", f"/plans/{run.plan_id}/publish")
        yield _repair(RepairKind.DISCARD, "POST", f"/plans/{run.plan_id}/discard")
    yield plan_again(run.starts_on, run.ends_on, run.technician_ids, run.territory)


def plan_again(
    first: date, last: date, technician_ids: Iterable[str] | None, territory: str | None = None
) -> Repair:
    body: dict[str, Any] = {
        "starts_on": first.isoformat(),
        "ends_on": last.isoformat(),
        "territory": territory,
        "technician_ids": None if technician_ids is None else sorted(technician_ids),
    }
    return _repair(RepairKind.PLAN_AGAIN, "POST", "/plans", body, {"day": first.isoformat()})


def _repair(
    kind: RepairKind,
    method: Literal["POST", "PATCH"],
    path: str,
    body: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    cost: int | None = None,
) -> Repair:
    return Repair(
        kind=kind,
        values=dict(values or {}),
        method=method,
        path=path,
        body=None if body is None else dict(body),
        cost=cost,
    )
