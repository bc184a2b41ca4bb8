"""A technician's day as a device knows it, and what is different in it now.

What counts as a change is what counts on the technician's page (``changes`` in
``api/web/scripts/my-day/day.js``): visits that are new, gone, moved by more than two minutes, or
different in what the technician has to know. Reports are none.

Days that are known are kept as JSON: ``KnownDay``.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypedDict

from sqlmodel import Session

from dispatch.local_time import ONE_DAY
from dispatch.models import OVER
from dispatch.settings import Settings
from dispatch.views.itinerary import DailyRoute, RouteStop, daily_routes_of
from solver.solution import StopKind

TOLERANCE = timedelta(minutes=2)
"""A visit that moves by no more is nobody's news."""
DETAILS = frozenset(
    {
        *("title", "name", "address", "phone", "priority", "parts", "tools", "tasks", "windows"),
        *("checklist", "readings_wanted"),
    }
)
"""What of a visit is news when it changes, besides its time."""


class KnownVisit(TypedDict):
    """A visit as somebody was told of it."""

    start_at: str
    title: str
    name: str
    priority: str
    details: str
    """A digest of all that would be news."""
    is_over: bool


class KnownDay(TypedDict):
    """A day as somebody was told of it."""

    until: str | None
    """When the last shift is over and the technician is back; null: nothing is planned."""
    visits: dict[str, KnownVisit]
    """By job."""


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


class VisitChange(TypedDict):
    """One visit of a day that is not as it was; ``before`` or ``after`` is null if it was not there
    then, or is not any more."""

    job_id: str
    kind: ChangeKind
    before: KnownVisit | None
    after: KnownVisit | None


def days_now(
    session: Session, technician_ids: Collection[str], today: date, settings: Settings, at: datetime
) -> dict[str, dict[str, KnownDay]]:
    """By technician and date, today and tomorrow as whoever looks at them now knows them; and
    yesterday, as long as a shift that began then goes on."""
    found = daily_routes_of(session, technician_ids, today - ONE_DAY, 3, settings, at)
    return {
        technician_id: {str(day.day): _known_day(day) for day in days}
        for technician_id, days in found.items()
    }


def _known_day(day: DailyRoute) -> KnownDay:
    ends = [max(route.shift_ends_at, route.returns_at) for route in day.routes]
    return KnownDay(
        until=max(ends).isoformat() if ends else None,
        visits={
            stop.job_id: _known_visit(stop)
            for route in day.routes
            for stop in route.stops
            if stop.kind is StopKind.VISIT and stop.job_id is not None
        },
    )


def _known_visit(stop: RouteStop) -> KnownVisit:
    details = stop.model_dump_json(include={*DETAILS})
    return KnownVisit(
        start_at=stop.start_at.isoformat(),
        title=stop.title,
        name=stop.name or "",
        priority=stop.priority or "",
        details=hashlib.sha256(details.encode()).hexdigest()[:16],
        is_over=stop.status in OVER,
    )


def changes(before: KnownDay, after: KnownDay) -> list[VisitChange]:
    """What is different, by the time of day."""
    found = [
        change
        for job_id in before["visits"].keys() | after["visits"].keys()
        if (change := _change(job_id, before["visits"].get(job_id), after["visits"].get(job_id)))
    ]
    return sorted(found, key=_when)


def _when(change: VisitChange) -> tuple[str, str]:
    visit = change["after"] or change["before"]
    return visit["start_at"] if visit else "", change["job_id"]


def _change(job_id: str, before: KnownVisit | None, after: KnownVisit | None) -> VisitChange | None:
    kind = None
    if before is None:
        kind = None if after is None else ChangeKind.ADDED
    elif after is None:
        kind = None if before["is_over"] else ChangeKind.REMOVED
    elif abs(start_of_visit(after) - start_of_visit(before)) > TOLERANCE:
        kind = ChangeKind.MOVED
    elif after["details"] != before["details"]:
        kind = ChangeKind.CHANGED
    if kind is None:
        return None
    return VisitChange(job_id=job_id, kind=kind, before=before, after=after)


def looked_at(before: KnownDay, after: KnownDay) -> KnownDay:
    """The later day as whoever knew the earlier one is to know it: visits that have moved by too
    little to be news stay where they were, so that many such moves are news in the end."""
    visits = dict(after["visits"])
    for job_id in visits.keys() & before["visits"].keys():
        earlier, later = before["visits"][job_id], visits[job_id]
        if _change(job_id, earlier, later) is None:
            visits[job_id] = {**later, "start_at": earlier["start_at"]}
    return KnownDay(until=after["until"], visits=visits)


def joined(told: Iterable[VisitChange], more: Iterable[VisitChange]) -> list[VisitChange]:
    """All that is different for who may not have heard what was ``told``, nor ``more`` of since.

    What is as it was before both is told as ``more`` has it: they may have heard the first."""
    found = {change["job_id"]: change for change in told}
    for change in more:
        job_id, earlier = change["job_id"], found.get(change["job_id"])
        whole = _change(job_id, earlier["before"], change["after"]) if earlier else None
        found[job_id] = whole or change
    return sorted(found.values(), key=_when)


def with_changes(day: KnownDay, told: Iterable[VisitChange]) -> KnownDay:
    """The day as it is known to whoever has heard of these changes."""
    visits = dict(day["visits"])
    for change in told:
        visits.pop(change["job_id"], None)
        if change["after"] is not None:
            visits[change["job_id"]] = change["after"]
    return KnownDay(until=day["until"], visits=visits)


def without_changes(day: KnownDay, untold: Iterable[VisitChange]) -> KnownDay:
    """The day as it is known to whoever has heard all but these changes."""
    visits = dict(day["visits"])
    for change in untold:
        visits.pop(change["job_id"], None)
        if change["before"] is not None:
            visits[change["job_id"]] = change["before"]
    return KnownDay(until=day["until"], visits=visits)


def end_of(*days: KnownDay) -> datetime | None:
    """When the last of them is over; None: nothing is planned."""
    ends = [datetime.fromisoformat(day["until"]) for day in days if day["until"]]
    return max(ends, default=None)


def start_of_visit(visit: KnownVisit) -> datetime:
    return datetime.fromisoformat(visit["start_at"])


def is_known(days: Mapping[str, KnownDay], job_id: str) -> bool:
    """Whether the job is on one of the days."""
    return any(job_id in day["visits"] for day in days.values())
