"""What a look at a day stands on, and whether it still does after something has changed.

Of other days a look at one sees little: what routes to come there use of what is in the vans of the
day's technicians, and what is to be fetched at depots. So a job that changes on another day, or a
route there that gets a new version, leaves the day as it was, unless there is more or less left for
it because of that.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, case, col, select

from dispatch.local_time import ONE_DAY, start_of
from dispatch.models import OVER, DepotStock, Job, Route, Stop, Waiver
from dispatch.planning.facts import grouped, van_stock
from dispatch.planning.job_links import partners_named
from dispatch.planning.snapshot import (
    LONGEST_ROUTE,
    LiveRoute,
    Snapshot,
    calls_to_come,
    jobs_by_id,
    jobs_on,
    live_routes,
    moved_technicians,
    waivers_by_job,
)
from dispatch.planning.van import not_booked, parts_used, place_on

Left = dict[tuple[str, str], int]
"""How many there are of a part at a place; none of what there is nothing of, or too little by how
much."""
_ROUTE, _SHIFT = "route", "shift"
"""What of a route is not over."""


class RoutesInForce:
    """Which routes are in force, and on which days they are not over at a moment."""

    def __init__(self, session: Session, at: datetime) -> None:
        whose_end = (col(Route.end_at) > at, _ROUTE), (col(Route.shift_ends_at) > at, _SHIFT)
        self._rows = session.exec(
            select(Route.id, col(Route.technician_id), col(Route.day), case(*whose_end, else_=None))
            # No shift is so long; an index has the ends of routes, and not those of shifts.
            .where(col(Route.live), col(Route.end_at) > at - LONGEST_ROUTE)
        ).all()
        self.technicians: dict[date, set[str]] = {}
        """Those whose routes or shifts of a day are not over, by day."""
        for _, technician, day, goes_on in self._rows:
            if goes_on is not None:
                self.technicians.setdefault(day, set()).add(technician)

    def of(self, day: date) -> frozenset[int | None]:
        """The ids of the day's routes that a look at it is at."""
        theirs = self.technicians.get(day, ())
        return frozenset(
            id_ for id_, technician, on, _ in self._rows if on == day and technician in theirs
        )

    def seen_from(self, day: date) -> Mapping[int | None, str]:
        """Those, and all others that its snapshot has, with their technicians."""
        theirs = self.technicians.get(day, ())
        return {
            id_: technician
            for id_, technician, on, goes_on in self._rows
            if technician in theirs and (on == day or goes_on == _ROUTE)
        }


@dataclass(frozen=True, slots=True)
class _VanElsewhere:
    """What other days leave in a van, and what its technician is trusted to find for them."""

    stock: Mapping[str, int] = field(compare=False)
    """What is in it."""
    left: Left
    """With all that is fetched and used on other days: what has been booked was to be the same."""
    waived: frozenset[tuple[int | None, str | None, bool]]


@dataclass(frozen=True, slots=True)
class _DepotsElsewhere:
    """What depots have left when the day begins, what others fetch there in its course, and what is
    fetched later: who comes to need more on the day gets what all others leave."""

    left: Left
    meanwhile: tuple[tuple[datetime, tuple[int, int], str | None, frozenset[tuple[str, int]]], ...]
    later: Left


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a look at a day has seen, as far as jobs and routes can change it."""

    day: date
    technicians: frozenset[str]
    routes: tuple[LiveRoute, ...] = ()
    """Theirs on that day, and those on other days that it has to do with."""
    vans: Mapping[str, _VanElsewhere] = field(default_factory=dict)
    depots: _DepotsElsewhere | None = None
    partners: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    """Where jobs are that are linked to those of its routes."""

    @property
    def own(self) -> frozenset[int | None]:
        """The ids of the day's routes."""
        return frozenset(found.route.id for found in self.routes if found.route.day == self.day)

    def has_one_of(self, job_ids: Collection[str]) -> bool:
        """Whether one of the jobs is on the day's routes."""
        return any(
            stop.job_id in job_ids
            for found in self.routes
            if found.route.day == self.day
            for stop in found.stops
        )


def grounds_of(snapshot: Snapshot, zone: ZoneInfo) -> Grounds:
    """Of a look at one day by its snapshot."""
    day = snapshot.scope.starts_on
    elsewhere = grouped(snapshot.live_elsewhere, lambda found: found.route.technician_id)
    stock = {(one.depot.id, part): n for one in snapshot.depots for part, n in one.stock.items()}
    return Grounds(
        day,
        frozenset(snapshot.scope.technician_ids or ()),
        (*snapshot.live, *snapshot.live_elsewhere),
        {
            facts.technician.id: _van(
                facts.technician.id,
                facts.stock,
                elsewhere.get(facts.technician.id, ()),
                snapshot.taken_at,
                snapshot.live_jobs,
                snapshot.waivers,
            )
            for facts in snapshot.technicians
        },
        _depots(stock, snapshot.called_elsewhere, day, zone),
        {name: partner.where for name, partner in snapshot.partners.items()},
    )


def still_standing(
    session: Session,
    looks: Iterable[Grounds],
    changed: Collection[str],
    at: datetime,
    zone: ZoneInfo,
) -> set[date]:
    """The days of those looks, as of the moment ``at``, that would see nothing else now, if all
    that has changed since are these jobs, routes, and what depots and vans have because of that."""
    in_force = RoutesInForce(session, at)
    same = [one for one in looks if in_force.of(one.day) == one.own and not one.has_one_of(changed)]
    named = {name for one in same for name in one.partners}
    if named:
        there = {name: found.where for name, found in partners_named(session, named).items()}
        same = [one for one in same if one.partners.items() <= there.items()]
    if not any(one.technicians for one in same):
        return {one.day for one in same}
    vans = van_stock(session, set().union(*(one.vans for one in same)))
    moved = {}
    for one in same:
        names = moved_technicians(one.routes, in_force.seen_from(one.day), changed)
        # Also of those who report from routes that are over.
        names |= {name for name, van in one.vans.items() if van.stock != vans.get(name, {})}
        moved[one.day] = names & one.vans.keys()
    people = set().union(*moved.values())
    supplies = _SuppliesNow(session, vans, people, [one.day for one in same], at)
    return {
        one.day
        for one in same
        if all(supplies.van(name, one.day) == one.vans[name] for name in moved[one.day])
        and supplies.depots(one.day, one.technicians, zone) == one.depots
    }


class _SuppliesNow:
    """What there is in the vans of some technicians, and at depots."""

    def __init__(
        self,
        session: Session,
        vans: Mapping[str, Mapping[str, int]],
        technicians: Collection[str],
        days: Collection[date],
        at: datetime,
    ) -> None:
        self._at = at
        routes = live_routes(session, min(days), max(days), technicians, at) if technicians else []
        self._routes = grouped(routes, lambda found: found.route.technician_id)
        self._jobs = jobs_by_id(session, jobs_on(routes))
        self._waivers = waivers_by_job(session, self._jobs)
        self._vans = vans
        stock = session.exec(select(DepotStock))
        self._stock = {(row.depot_id, row.part_id): row.quantity for row in stock}
        self._calls = list(calls_to_come(session, at - LONGEST_ROUTE))

    def van(self, technician: str, day: date) -> _VanElsewhere:
        stock = self._vans.get(technician, {})
        elsewhere = [f for f in self._routes.get(technician, ()) if f.route.day != day]
        return _van(technician, stock, elsewhere, self._at, self._jobs, self._waivers)

    def depots(
        self, day: date, technicians: Collection[str], zone: ZoneInfo
    ) -> _DepotsElsewhere | None:
        if not technicians:
            return None
        elsewhere = [
            stop
            for stop, route in self._calls
            if route.day != day or route.technician_id not in technicians
        ]
        return _depots(self._stock, elsewhere, day, zone)


def _van(
    technician: str,
    stock: Mapping[str, int],
    elsewhere: Iterable[LiveRoute],
    at: datetime,
    jobs: Mapping[str, Job],
    waivers: Mapping[str, tuple[Waiver, ...]],
) -> _VanElsewhere:
    left, waived = Counter(stock), set()
    for found in elsewhere:
        if found.route.end_at <= at:
            continue
        for stop in not_booked(found, jobs):
            if stop.job_id is None:
                left.update(stop.parts)
            else:
                left.subtract(parts_used(stop, jobs[stop.job_id]))
        for stop in found.stops:
            for row in waivers.get(stop.job_id or "", ()):
                job = jobs[row.job_id]
                waived.add((row.id, job.pinned_technician_id, job.status in OVER))
    there = {(technician, part): number for part, number in left.items() if number}
    return _VanElsewhere(stock, there, frozenset(waived))


def _depots(
    stock: Mapping[tuple[str, str], int], calls: Iterable[Stop], day: date, zone: ZoneInfo
) -> _DepotsElsewhere:
    begin, over = start_of(day, zone), start_of(day + ONE_DAY, zone)
    left, later, meanwhile = Counter(stock), Counter[tuple[str, str]](), []
    for stop in calls:
        there = {(stop.depot_id or "", part): n for part, n in stop.parts.items()}
        if stop.start_at < begin:
            # When exactly, and on which version of a route, is the same to whoever comes later.
            left.subtract(there)
        elif stop.start_at < over:
            parts = frozenset(stop.parts.items())
            meanwhile.append((stop.start_at, place_on(stop), stop.depot_id, parts))
        else:
            later.update(there)
    rest = {place: number for place, number in left.items() if number}
    in_order = tuple(sorted(meanwhile, key=lambda call: call[:2]))
    return _DepotsElsewhere(rest, in_order, dict(+later))
