"""What technicians have done so far, and when they set out for what is planned next.

A route is driven stop by stop. Who has set out drives on; until then the rest of the route may
still change. So the later somebody sets out, the more is known by then. Two things stand against
it: a technician on the road costs what he waits, and a route that leaves at the last moment has no
time left for another request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from solver.problem import Depot, Problem, Shift
from solver.rules.places import ends_of
from solver.timing.schedule import Call


@dataclass(frozen=True, slots=True)
class Driven:
    """A stop that the technician has set out for; nothing about it can be changed any more.

    ``decided`` is when the plan was made that it was driven by.
    """

    call: Call
    decided: int
    depart: int
    arrival: int
    start: int
    departure: int


@dataclass(frozen=True, slots=True)
class Tour:
    """A technician's day so far: ``leave`` is None at home before it, ``back`` until he is on his
    way home."""

    shift: Shift
    leave: int | None = None
    stops: tuple[Driven, ...] = ()
    back: int | None = None

    @property
    def location(self) -> int:
        """Where he is free for what is planned next."""
        return self.stops[-1].call.location if self.stops else ends_of(self.shift)[0]

    def free(self, now: int) -> int:
        """From when on he is free for it, if that is not over."""
        return max(now, self.stops[-1].departure if self.stops else self.shift.start)

    @property
    def was_at_depot(self) -> bool:
        return any(isinstance(stop.call, Depot) for stop in self.stops)


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when a technician can set out so that the route takes no longer than it has
    to."""

    earliest: int
    latest: int


def departure(
    problem: Problem, tour: Tour, calls: Sequence[Call], decided: int, from_home: float
) -> int:
    """When the technician sets out for the first of the calls, by a plan made at ``decided``.

    A route begins at a moment at which it takes least, and ``from_home``, 0 to 1, is how much of
    such time is let pass before it does. On the road he waits before he sets out, not after.
    """
    if tour.leave is not None:
        return _from_stop(problem, tour, calls, decided).latest
    span = _from_home(problem, tour.shift, calls)
    return max(decided, span.earliest + round(from_home * (span.latest - span.earliest)))


def drive(
    problem: Problem,
    tour: Tour,
    calls: Sequence[Call],
    *,
    decided: int,
    until: int | None,
    from_home: float,
) -> tuple[Tour, tuple[Call, ...]]:
    """What is set out for, by a plan made at ``decided``, before ``until`` (None: the whole rest);
    and the calls that are left. ``from_home`` is that of ``departure``."""
    left = list(calls)
    while left:
        depart = departure(problem, tour, left, decided, from_home)
        if until is not None and depart >= until:
            return tour, tuple(left)
        tour = _sent(problem, tour, left.pop(0), decided, depart)
    if tour.leave is not None and tour.back is None:
        depart = tour.free(decided)
        if until is None or depart < until:
            home = int(problem.travel_time[tour.location, tour.shift.end_location])
            tour = replace(tour, back=depart + home)
    return tour, ()


def _sent(problem: Problem, tour: Tour, call: Call, decided: int, depart: int) -> Tour:
    arrival = depart + int(problem.travel_time[tour.location, call.location])
    start = max(arrival, _window(call, tour.shift)[0])
    stop = Driven(call, decided, depart, arrival, start, start + call.duration)
    leave = depart if tour.leave is None else tour.leave
    return replace(tour, leave=leave, stops=(*tour.stops, stop))


def _window(call: Call, shift: Shift) -> tuple[int, int]:
    """The one window that requests and depots of this format have."""
    window = call.windows[0]
    return max(window.start, shift.start), min(window.end, shift.end)


def _from_home(problem: Problem, shift: Shift, calls: Sequence[Call]) -> Span:
    """Of a whole route (Savelsbergh 1992): it takes least if it leaves so late that there is no
    waiting; or as late as it can, if there is waiting even then."""
    home, _ = ends_of(shift)
    back = _earliest_back(problem, shift, home, shift.start, calls)
    latest = _latest_departure(problem, shift, home, calls, shift.end)
    unbroken = back - _busy(problem, shift, home, calls)
    return Span(min(unbroken, latest), latest)


def _from_stop(problem: Problem, tour: Tour, calls: Sequence[Call], now: int) -> Span:
    """Of the rest of a route: as late as the technician is not back later for it."""
    free = tour.free(now)
    back = _earliest_back(problem, tour.shift, tour.location, free, calls)
    return Span(free, max(free, _latest_departure(problem, tour.shift, tour.location, calls, back)))


def _earliest_back(
    problem: Problem, shift: Shift, location: int, free: int, calls: Sequence[Call]
) -> int:
    for call in calls:
        arrival = free + int(problem.travel_time[location, call.location])
        free, location = max(arrival, _window(call, shift)[0]) + call.duration, call.location
    return free + int(problem.travel_time[location, shift.end_location])


def _latest_departure(
    problem: Problem, shift: Shift, location: int, calls: Sequence[Call], back: int
) -> int:
    """From a place, to be back by then."""
    latest, at = back, shift.end_location
    for call in reversed(calls):
        left = latest - int(problem.travel_time[call.location, at])
        latest, at = min(left - call.duration, _window(call, shift)[1]), call.location
    return latest - int(problem.travel_time[location, at])


def _busy(problem: Problem, shift: Shift, location: int, calls: Sequence[Call]) -> int:
    """Travel and service of a route, without waiting."""
    places = [location, *(call.location for call in calls), shift.end_location]
    travel = sum(int(problem.travel_time[a, b]) for a, b in pairwise(places))
    return travel + sum(call.duration for call in calls)
