"""What visits of today and tomorrow still take out of vans, and what that leaves to spare.

By the routes in force and by what their jobs need now, as far as the figures of vans do not tell
of it already: visits that are not over use parts, and depot calls still to be made bring some.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from dispatch.local_time import ONE_DAY, start_of
from dispatch.models import OVER, JobPart, Route, Stop
from dispatch.planning.snapshot import LONGEST_ROUTE, calls_to_come, jobs_by_id
from dispatch.store import rows_where

VanPartKey = tuple[str, str]
"""Whose van, by the technician's id, and which part."""


@dataclass(frozen=True, slots=True)
class DayNeed:
    """Of one part, on one day."""

    needed: int
    """What visits that are not over use."""
    to_fetch: int
    """What depot calls that are still to be made bring."""
    lacks: int
    """What visits use that is neither in the van by then nor fetched before."""


@dataclass(frozen=True, slots=True)
class VanNeed:
    """Of one part of which a van has so many now."""

    today: DayNeed
    tomorrow: DayNeed
    to_spare: int
    """What today's visits leave in the van all day, with what is fetched for them."""


@dataclass(frozen=True, slots=True)
class VanStep:
    """Where a van gets more of a part, or less."""

    is_today: bool
    order: tuple[datetime, int]
    more: int


Steps = Mapping[VanPartKey, Sequence[VanStep]]


def steps_to_come(
    session: Session,
    technician_ids: Collection[str],
    at: datetime,
    zone: ZoneInfo,
    *,
    part_id: str | None = None,
) -> Steps:
    """What is still to happen to the vans of these technicians on the local day of the moment and
    the next one, in order; to all parts, or to this one. A shift that has begun the day before and
    is not over belongs to today."""
    found: defaultdict[VanPartKey, list[VanStep]] = defaultdict(list)
    today = at.astimezone(zone).date()
    near = routes_near(session, technician_ids, at, zone)
    visits = visits_on(session, [route for route in near if _is_near(route, at, today)])
    needed = [
        row
        for row in rows_where(session, JobPart, "job_id", visits.keys())
        if part_id is None or row.part_id == part_id
    ]
    jobs = jobs_by_id(session, {row.job_id for row in needed})
    for row in needed:
        if jobs[row.job_id].status not in OVER:
            route, position = visits[row.job_id]
            step = VanStep(route.day <= today, (route.shift_starts_at, position), -row.quantity)
            found[route.technician_id, row.part_id].append(step)
    for stop, route in calls_to_come(session, at - LONGEST_ROUTE):
        if route.technician_id not in technician_ids or not _is_near(route, at, today):
            continue
        for part, quantity in stop.parts.items():
            if part_id is None or part == part_id:
                step = VanStep(route.day <= today, (route.shift_starts_at, stop.position), quantity)
                found[route.technician_id, part].append(step)
    return {key: sorted(steps, key=lambda step: step.order) for key, steps in found.items()}


def routes_near(
    session: Session, technician_ids: Collection[str], at: datetime, zone: ZoneInfo
) -> list[Route]:
    """The technicians' routes in force of yesterday, today and tomorrow."""
    today = at.astimezone(zone).date()
    # By their ends, as there is an index; whose they are none could tell with it.
    routes = session.exec(
        select(Route).where(
            col(Route.live),
            col(Route.end_at) > start_of(today - ONE_DAY, zone),
            Route.day <= today + ONE_DAY,
        )
    )
    return [route for route in routes if route.technician_id in technician_ids]


def visits_on(session: Session, routes: Iterable[Route]) -> dict[str, tuple[Route, int]]:
    """The jobs of the live visits of these routes, each with its route and where it comes there."""
    by_id = {route.id: route for route in routes}
    stops = session.exec(
        select(Stop.job_id, Stop.route_id, Stop.position).where(
            col(Stop.route_id).in_(by_id), col(Stop.live), col(Stop.job_id).is_not(None)
        )
    )
    return {job_id or "": (by_id[route_id], position) for job_id, route_id, position in stops}


def need_of(steps: Iterable[VanStep], has: int) -> VanNeed:
    """What becomes of a van that has so many of the part now."""
    steps = list(steps)
    today, left, least = _played((step.more for step in steps if step.is_today), has)
    tomorrow, _, _ = _played((step.more for step in steps if not step.is_today), left)
    return VanNeed(today, tomorrow, least)


def _played(moves: Iterable[int], has: int) -> tuple[DayNeed, int, int]:
    """The day's need, what is left in the evening, and the least that was there at any time; what
    lacks is taken to have been got from elsewhere."""
    left = least = has
    needed = to_fetch = lacks = 0
    for more in moves:
        needed += max(0, -more)
        to_fetch += max(0, more)
        lacks += max(0, -more - left) if more < 0 else 0
        left = max(0, left + more)
        least = min(least, left)
    return DayNeed(needed, to_fetch, lacks), left, least


def _is_near(route: Route, at: datetime, today: date) -> bool:
    """Whether the route belongs to today or tomorrow."""
    if route.day == today - ONE_DAY:
        return route.shift_ends_at > at
    return today <= route.day <= today + ONE_DAY
