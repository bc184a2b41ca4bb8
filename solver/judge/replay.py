"""A solution played through from its stops alone: what the checker looks at.

Nothing here trusts the solution: ids may be unknown, doubled or out of order.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from solver.problem import Depot, Problem, Shift, Visit
from solver.solution import Route, Stop, StopKind
from solver.travel import NO_WAY

Van = Counter[str]
"""Parts in a technician's van, never below 0."""


@dataclass(frozen=True, slots=True)
class Waypoint:
    """The shift's start or end, a visit or a depot call, and the breaks taken on the way to it.

    ``location`` and ``duration`` are None where the problem does not know the place; the location
    of a start or end that may be anywhere is None, too.
    """

    where: str
    location: int | None
    duration: int | None
    arrival: int
    start: int
    departure: int
    breaks: tuple[Stop, ...] = ()
    access: int = 0


class Replay:
    """Routes of a problem, with everything looked up; ``routes`` are those of known shifts."""

    def __init__(self, problem: Problem, routes: Iterable[Route]) -> None:
        self.problem = problem
        self.visits = {visit.id: visit for visit in problem.visits}
        self.depots = {depot.id: depot for depot in problem.depots}
        self.shifts = {shift.id: shift for shift in problem.shifts}
        known = [route for route in routes if route.shift in self.shifts]
        self.routes = [(self.shifts[r.shift], r) for r in self.with_implicit_pickups(known)]

    def place(self, stop: Stop) -> Visit | Depot | None:
        """Where the stop is; None for a break and for what the problem does not know."""
        if stop.kind == StopKind.VISIT:
            return self.visits.get(stop.id)
        return self.depots.get(stop.id) if stop.kind == StopKind.DEPOT else None

    def served(self, route: Route) -> Iterator[tuple[Visit, Stop]]:
        """The route's stops at known visits."""
        for stop in route.stops:
            if stop.kind == StopKind.VISIT and stop.id in self.visits:
                yield self.visits[stop.id], stop

    def places(self, shift: Shift, route: Route) -> list[Waypoint]:
        """The route's places in order, from the shift's start to its end."""
        begin, end, here = route.start, route.end, f"shift {shift.id!r}"
        places = [Waypoint(f"{here}, start", shift.start_location, 0, begin, begin, begin)]
        breaks: tuple[Stop, ...] = ()
        for stop in route.stops:
            if stop.kind == StopKind.BREAK:
                breaks = (*breaks, stop)
                continue
            place = self.place(stop)
            location = place.location if place else None
            duration = service(shift, place) if place else None
            times = stop.arrival, stop.start, stop.departure
            access = place.access if isinstance(place, Visit) else 0
            places.append(Waypoint(at(shift, stop), location, duration, *times, breaks, access))
            breaks = ()
        places.append(Waypoint(f"{here}, end", shift.end_location, 0, end, end, end, breaks))
        return places

    def ways(self, shift: Shift, route: Route) -> list[tuple[int, int]]:
        """The legs of the route, from and to, in order, as far as there are such."""
        places = [place.location for place in self.places(shift, route)]
        ends = ((here, there) for here, there in pairwise(places))
        known = [(a, b) for a, b in ends if a is not None and b is not None]
        return [way for way in known if self.problem.travel_time[way] != NO_WAY]

    def with_implicit_pickups(self, routes: list[Route]) -> list[Route]:
        """The routes, with what each depot call picks up spelled out.

        A call that says nothing, neither ``parts`` nor ``tools``, as in files of programs that
        keep no account of it, borrows what the route's visits from there on need of the tools that
        the depot lends, if it is neither there yet nor borrowed by a later call that says so, and
        picks up exactly what those up to its next depot call lack beyond what the van then has.
        Other calls are taken at their word.
        """
        spelled_out = list(routes)
        for van, shift, numbers in self.vans(routes):
            for number in numbers:
                stops = list(routes[number].stops)
                held = set(shift.tools)
                for index, stop in enumerate(stops):
                    depot = self.depots.get(stop.id) if stop.kind == StopKind.DEPOT else None
                    if depot and not stop.parts and not stop.tools:
                        lacking = self._used_before_next_call(stops[index + 1 :]) - van
                        lent = {tool for tool in depot.tools if depot.tool_counts.get(tool) != 0}
                        tools = frozenset(lent & self._lacking_tools(stops[index + 1 :], held))
                        stops[index] = replace(stop, parts=dict(lacking), tools=tools)
                    held |= stops[index].tools
                    self.carry_on(van, stops[index])
                spelled_out[number] = replace(routes[number], stops=tuple(stops))
        return spelled_out

    def vans(self, routes: list[Route]) -> Iterator[tuple[Van, Shift, list[int]]]:
        """Each shift in time order, its technician's van loaded for it, and the positions of
        the shift's routes (one, if all is well). What the caller leaves in the van is still
        there on the technician's next shift."""
        numbers: dict[str, list[int]] = {}
        for number, route in enumerate(routes):
            numbers.setdefault(route.shift, []).append(number)
        vans: dict[str, Van] = {}
        for shift in sorted(self.problem.shifts, key=lambda shift: (shift.start, shift.end)):
            van = vans.setdefault(shift.technician, Counter())
            van.update(shift.stock)
            yield van, shift, numbers.get(shift.id, [])

    def carry_on(self, van: Van, stop: Stop) -> Van:
        """Bring the van up to date with a stop; returns the parts used that it did not have."""
        if stop.kind == StopKind.DEPOT:
            van.update(picked_up(stop))
        if stop.kind != StopKind.VISIT or stop.id not in self.visits:
            return Counter()
        lacking = Counter(self.visits[stop.id].parts) - van
        van.subtract(self.visits[stop.id].parts)
        van.update(lacking)
        return lacking

    def _lacking_tools(self, stops: Iterable[Stop], held: Iterable[str]) -> set[str]:
        """What the visits need that is neither held nor borrowed before them."""
        there, lacking = set(held), set[str]()
        for stop in stops:
            if stop.kind == StopKind.VISIT and stop.id in self.visits:
                lacking |= self.visits[stop.id].tools - there
            there |= stop.tools
        return lacking

    def _used_before_next_call(self, stops: Iterable[Stop]) -> Counter[str]:
        used: Counter[str] = Counter()
        for stop in stops:
            if stop.kind == StopKind.DEPOT:
                break
            if stop.kind == StopKind.VISIT and stop.id in self.visits:
                used.update(self.visits[stop.id].parts)
        return used


def service(shift: Shift, place: Visit | Depot) -> int:
    """Seconds that the technician takes there: a visit's duration times the pace, rounded up."""
    if isinstance(place, Depot):
        return place.duration
    return ceil(place.duration * shift.paces.get(place.work_type or "", shift.pace))


def picked_up(call: Stop) -> Mapping[str, int]:
    """The parts that come into the van; a negative number brings none."""
    return {part: number for part, number in call.parts.items() if number > 0}


def at(shift: Shift, stop: Stop) -> str:
    return f"shift {shift.id!r}, {stop.kind} {stop.id!r}"
