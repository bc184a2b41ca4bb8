"""What visits of today and tomorrow still take out of vans, and what that leaves to spare.

By the routes in force and by what their jobs need now, as far as the figures of vans do not tell
of it already: visits that are not over use parts, and depot calls still to be made bring some.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from dispatch.local_time import ONE_DAY
from dispatch.models import OVER, Job, JobPart, Route, Stop
from dispatch.planning.snapshot import LONGEST_ROUTE, calls_to_come

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
    is_one_part = [] if part_id is None else [JobPart.part_id == part_id]
    visits = session.exec(
        select(Route, Stop.position, JobPart.part_id, JobPart.quantity)
        .join(Stop, col(Stop.route_id) == Route.id)
        .join(Job, col(Job.id) == Stop.job_id)
        .join(JobPart, col(JobPart.job_id) == Job.id)
        .where(
            _is_now(at, zone),
            col(Route.technician_id).in_(technician_ids),
            col(Stop.live),
            col(Job.status).not_in(OVER),
            *is_one_part,
        )
    )
    for route, position, part, quantity in visits:
        step = VanStep(route.day <= today, (route.shift_starts_at, position), -quantity)
        found[route.technician_id, part].append(step)
    for stop, route in calls_to_come(session, at - LONGEST_ROUTE):
        if route.technician_id not in technician_ids or not _is_of_now(route, at, zone):
            continue
        for part, quantity in stop.parts.items():
            if part_id is None or part == part_id:
                step = VanStep(route.day <= today, (route.shift_starts_at, stop.position), quantity)
                found[route.technician_id, part].append(step)
    return {key: sorted(steps, key=lambda step: step.order) for key, steps in found.items()}


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


def _is_now(at: datetime, zone: ZoneInfo) -> ColumnElement[bool]:
    """As ``_is_of_now``, for the database."""
    today = at.astimezone(zone).date()
    goes_on = and_(col(Route.day) == today - ONE_DAY, col(Route.shift_ends_at) > at)
    is_near = and_(col(Route.day) >= today, col(Route.day) <= today + ONE_DAY)
    return and_(col(Route.live), or_(is_near, goes_on))


def _is_of_now(route: Route, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the route belongs to today or tomorrow."""
    today = at.astimezone(zone).date()
    if route.day == today - ONE_DAY:
        return route.shift_ends_at > at
    return today <= route.day <= today + ONE_DAY
