"""How much a route may have besides time: visits, travel and distance.

What has begun counts, so that the rest of a route may have what is left. What is in force within
its limits stays within them, also if somebody goes round by another way: the rest of it may always
have what it has. It is not within them any more where the company has set a technician narrower
ones, or a site lies further away; then visits have to leave.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from dispatch import models
from dispatch.models import PLANNABLE, Stop, Technician
from dispatch.planning.facts import TechnicianFacts
from dispatch.planning.progress import History, place_of
from dispatch.planning.shifts import WorkingShift
from dispatch.planning.snapshot import LiveRoute, Snapshot
from solver.travel import Matrix

Limited = Mapping[str, int]
"""Of what is limited, by the field of ``solver.problem.Shift`` that limits it, in its unit."""
COLUMNS = {
    "max_visits": ("max_visits", 1),
    "max_travel": ("max_travel_minutes", 60),
    "max_distance": ("max_distance_km", 1_000),
}
"""The columns of technicians, each with what its unit is in the solver's."""


@dataclass(frozen=True, slots=True)
class OverLimit:
    """That a route in force has more than its technician may have."""

    technician_id: str
    limit: str
    """The technician's column …"""
    most: int
    """… what it says …"""
    has: int
    """… and how many of its units the route has, rounded up."""


def limits_of(technician: Technician) -> Limited:
    """What each route of the technician may have; what is not limited is not there."""
    values = ((name, getattr(technician, col), unit) for name, (col, unit) in COLUMNS.items())
    return {name: value * unit for name, value, unit in values if value is not None}


class RouteLimits:
    """Of the routes in force of a snapshot, and the shifts that go on with them.

    ``locations`` are rows in the matrices, ``seconds`` and ``metres``, as ``Translation`` has them.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        histories: Iterable[History],
        locations: Mapping[str, int],
        seconds: Matrix,
        metres: Matrix,
    ) -> None:
        self._snapshot, self._locations = snapshot, locations
        self._seconds, self._metres = seconds, metres
        self._begun = {history.route.id: history.stops for history in histories}
        limits = {one.technician.id: limits_of(one.technician) for one in snapshot.technicians}
        self._limits = {name: found for name, found in limits.items() if found}
        self.over: dict[str, OverLimit] = {}
        """By job, the visits to come that have to leave their routes for these to keep their
        limits: the least important ones, pinned ones last."""
        for live in snapshot.live:
            if live.route.technician_id in self._limits:
                self.over |= self._over_on(live)

    def left(self, facts: TechnicianFacts, shift: WorkingShift, start: int) -> Limited:
        """What the route of the shift may have from its ``start`` on, a row in the matrices."""
        technician = facts.technician.id
        limits = self._limits.get(technician, {})
        home = self._locations[f"technician {technician}"]
        left = dict(limits)
        for live in self._snapshot.live if limits else ():
            if live.route.technician_id != technician or not _is_of(live.route, shift):
                continue
            begun = self._begun.get(live.route.id, ())
            to_come = [one for one in live.stops if not _is_among(one, begun)]
            kept = [one for one in to_come if one.job_id not in self.over]
            had = self._amounts([home, *begun, start]) if begun else dict.fromkeys(limits, 0)
            rest = self._amounts([start, *kept, home])
            left = {name: max(0, left[name] - had[name], rest[name]) for name in limits}
        return left

    def _over_on(self, live: LiveRoute) -> Mapping[str, OverLimit]:
        technician = live.route.technician_id
        limits, home = self._limits[technician], self._locations[f"technician {technician}"]
        begun = self._begun.get(live.route.id, ())
        jobs, stops = self._snapshot.live_jobs, list(live.stops)
        whole = self._amounts([home, *stops, home])
        found: dict[str, OverLimit] = {}
        while True:
            has = self._amounts([home, *stops, home])
            over = next((name for name, most in limits.items() if has[name] > most), None)
            free = [
                stop
                for stop in stops
                if stop.job_id is not None
                and jobs[stop.job_id].status in PLANNABLE
                and not _is_among(stop, begun)
            ]
            if over is None or not free:
                return found
            goes = min(free, key=partial(self._weight, home, stops, over))
            column, unit = COLUMNS[over]
            amounts = limits[over] // unit, -(-whole[over] // unit)
            found[goes.job_id or ""] = OverLimit(technician, column, *amounts)
            stops = [stop for stop in stops if stop is not goes]

    def _weight(
        self, home: int, stops: Sequence[Stop], limit: str, stop: Stop
    ) -> tuple[bool, int, int, int]:
        """How much is lost, and how little is won, if the visit leaves a route with these stops."""
        job = self._snapshot.live_jobs[stop.job_id or ""]
        left = self._amounts([home, *(one for one in stops if one is not stop), home])[limit]
        return job.pinned_technician_id is not None, job.priority.rank, left, -stop.position

    def _amounts(self, way: Sequence[Stop | int]) -> Limited:
        """What a way along stops and rows of the matrices has; what has no place is passed over."""
        rows = [one if isinstance(one, int) else self._row(one) for one in way]
        legs = list(pairwise(row for row in rows if row is not None))
        visits = sum(isinstance(one, Stop) and one.job_id is not None for one in way)
        return {
            "max_visits": visits,
            "max_travel": sum(int(self._seconds[leg]) for leg in legs),
            "max_distance": sum(int(self._metres[leg]) for leg in legs),
        }

    def _row(self, stop: Stop) -> int | None:
        return self._locations.get(place_of(stop, self._snapshot) or "")


def _is_of(route: models.Route, shift: WorkingShift) -> bool:
    """Whether the route is one of that shift, or of what has become of it: absences cut shifts."""
    overlaps = route.shift_starts_at < shift.ends_at and shift.starts_at < route.shift_ends_at
    return route.day == shift.day and overlaps


def _is_among(stop: Stop, stops: Iterable[Stop]) -> bool:
    return any(one.position == stop.position for one in stops)
