"""Where a technician could get a part: depots that have it, and colleagues who can spare it.

Of a colleague nothing is told but the name, the telephone number, how many there are to spare, and
roughly how far away: to the whole kilometre, so that nobody can be found by it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from dispatch.company.technicians import read_technician
from dispatch.errors import existing
from dispatch.local_time import start_of
from dispatch.models import (
    Absence,
    Depot,
    DepotStock,
    Part,
    Position,
    Technician,
    VanStock,
    now,
)
from dispatch.output import Output, TimeOfDay
from dispatch.planning.facts import territories_of
from dispatch.planning.snapshot import LONGEST_ROUTE, calls_to_come, jobs_by_id
from dispatch.planning.travel import metres_between
from dispatch.planning.van_needs import need_of, routes_near, steps_to_come, visits_on
from dispatch.settings import Settings
from dispatch.store import sites_of

Point = tuple[float, float]
"""Latitude and longitude."""


class DepotSource(Output):
    """A depot that has the part."""

    id: str
    name: str
    address: str
    phone: str | None
    latitude: float
    longitude: float
    opens: TimeOfDay
    """It is open every day from then to ``closes``."""
    closes: TimeOfDay
    quantity: int
    """There now, by the books."""
    to_spare: int
    """Of these, beyond what routes in force still have to fetch there."""
    own_to_fetch: int
    """What the technician's own routes still have to fetch there, which is booked by itself."""
    distance_metres: int


class ColleagueSource(Output):
    """A colleague who has more of the part than today's visits need."""

    id: str
    name: str
    phone: str | None
    to_spare: int
    distance_km: int | None
    """To the whole kilometre, at least 1; null if nobody knows where they have been today."""


class PartSources(Output):
    """Where a part is to be had, the nearest first."""

    part_id: str
    part: str
    quantity: int
    """In the technician's own van now, by the books."""
    depots: list[DepotSource]
    colleagues: list[ColleagueSource]


def part_sources(
    session: Session,
    technician_id: str,
    part_id: str,
    settings: Settings,
    *,
    everywhere: bool = False,
    at: datetime | None = None,
) -> PartSources:
    """Where the technician could get the part at the moment ``at`` (None: now); of colleagues those
    who share a territory, or all of them. Distances are from where the technician was last known to
    be, or else from home. Raises ``NotFound``."""
    technician = read_technician(session, technician_id)
    part = existing(session.get(Part, part_id), "part", part_id)
    at = at or now()
    own = session.get(VanStock, (technician_id, part_id))
    colleagues = _colleagues(session, technician_id, part_id, at, everywhere=everywhere)
    seen = _last_seen(session, {technician_id, *(one.id for one, _ in colleagues)}, settings, at)
    here = seen.get(technician_id, (technician.latitude, technician.longitude))
    return PartSources(
        part_id=part.id,
        part=part.name,
        quantity=0 if own is None else own.quantity,
        depots=_depots(session, technician_id, part_id, here, settings, at),
        colleagues=_spared(session, colleagues, part_id, seen, here, settings, at),
    )


def _depots(
    session: Session,
    technician_id: str,
    part_id: str,
    here: Point,
    settings: Settings,
    at: datetime,
) -> list[DepotSource]:
    rows = session.exec(
        select(Depot, DepotStock.quantity)
        .join(DepotStock, col(DepotStock.depot_id) == Depot.id)
        .where(DepotStock.part_id == part_id, DepotStock.quantity > 0)
    ).all()
    wanted: Counter[str] = Counter()
    own: Counter[str] = Counter()
    for stop, route in calls_to_come(session, at - LONGEST_ROUTE):
        number = stop.parts.get(part_id, 0)
        wanted[stop.depot_id or ""] += number
        if route.technician_id == technician_id:
            own[stop.depot_id or ""] += number
    places = [(depot.latitude, depot.longitude) for depot, _ in rows]
    found = [
        DepotSource(
            **depot.model_dump(include={*DepotSource.model_fields}),
            quantity=quantity,
            to_spare=max(0, quantity - wanted[depot.id]),
            own_to_fetch=own[depot.id],
            distance_metres=metres,
        )
        for (depot, quantity), metres in zip(
            rows, metres_between(here, places, settings.detour_factor), strict=True
        )
    ]
    return sorted(found, key=lambda one: (one.distance_metres, one.id))


def _colleagues(
    session: Session, technician_id: str, part_id: str, at: datetime, *, everywhere: bool
) -> list[tuple[Technician, int]]:
    """Those at hand who have the part, with how many of it."""
    away = select(Absence.technician_id).where(
        col(Absence.starts_at) <= at, col(Absence.ends_at) > at
    )
    rows = session.exec(
        select(Technician, VanStock.quantity)
        .join(VanStock, col(VanStock.technician_id) == Technician.id)
        .where(
            VanStock.part_id == part_id,
            VanStock.quantity > 0,
            col(Technician.active),
            Technician.id != technician_id,
            col(Technician.id).not_in(away),
        )
    ).all()
    if everywhere:
        return [*rows]
    bound = territories_of(session)
    return [(one, number) for one, number in rows if _meet(bound, technician_id, one.id)]


def _meet(bound: Mapping[str, Collection[str]], one: str, other: str) -> bool:
    """Whether there is a territory that both serve; who is bound to none serves all."""
    mine, theirs = bound.get(one), bound.get(other)
    return not mine or not theirs or not {*mine}.isdisjoint(theirs)


def _spared(
    session: Session,
    colleagues: Collection[tuple[Technician, int]],
    part_id: str,
    seen: Mapping[str, Point],
    here: Point,
    settings: Settings,
    at: datetime,
) -> list[ColleagueSource]:
    ids = [one.id for one, _ in colleagues]
    steps = steps_to_come(session, ids, at, settings.zone, part_id=part_id)
    known = [name for name in ids if name in seen]
    metres = metres_between(here, [seen[name] for name in known], settings.detour_factor)
    away = {name: max(1, round(one / 1_000)) for name, one in zip(known, metres, strict=True)}
    found = [
        ColleagueSource(
            id=one.id,
            name=one.name,
            phone=one.phone,
            to_spare=need_of(steps.get((one.id, part_id), ()), number).to_spare,
            distance_km=away.get(one.id),
        )
        for one, number in colleagues
    ]
    return sorted((one for one in found if one.to_spare > 0), key=_nearest_first)


def _nearest_first(one: ColleagueSource) -> tuple[bool, int, str, str]:
    """Those of whom nobody knows come last."""
    return one.distance_km is None, one.distance_km or 0, one.name, one.id


def _last_seen(
    session: Session, technician_ids: Collection[str], settings: Settings, at: datetime
) -> dict[str, Point]:
    """Where each was today at the latest, as they have said or as their reports from visits tell;
    of some nothing may be known."""
    since = start_of(at.astimezone(settings.zone).date(), settings.zone)
    found = [
        (row.at, row.technician_id, (row.latitude, row.longitude))
        for row in session.exec(
            select(Position).where(
                col(Position.technician_id).in_(technician_ids), col(Position.at) >= since
            )
        )
    ]
    visits = visits_on(session, routes_near(session, technician_ids, at, settings.zone))
    jobs = jobs_by_id(session, visits.keys())
    reached = [job for job in jobs.values() if job.arrived_at and job.arrived_at >= since]
    sites = sites_of(session, reached)
    for job in reached:
        seen_at, site = job.departed_at or job.arrived_at, sites[job.site_id]
        if seen_at is not None and site.latitude is not None and site.longitude is not None:
            whose = visits[job.id][0].technician_id
            found.append((seen_at, whose, (site.latitude, site.longitude)))
    return {name: place for _, name, place in sorted(found)}
