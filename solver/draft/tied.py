"""A problem with the links of a plan resolved, for all that places visits one by one.

What is linked and on a route is held: at its moment, with its technician. What is linked and on no
route is not there: a crew is placed as one or not at all (``solver/draft/crews.py``), and a chain
in its order. So no visit that is placed or moved can break a link, and whoever places or moves it
need not know of links.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from solver.links import Apart, Bonds, Separation
from solver.problem import MAX_COST, Problem, Shift, TimeWindow, Visit
from solver.rules.places import asked_for
from solver.solution import Route, StopKind
from solver.timing.moments import at_moment
from solver.travel import MAX_TIME


@dataclass(frozen=True, kw_only=True)
class Tied(Problem):
    """A problem without links, which costs what the ``whole`` one does.

    A held visit is worth all that would have to leave the plan with it.
    """

    whole: Problem

    @cached_property
    def prices(self) -> Mapping[str, int]:
        own = {visit.id: self.whole.prices[visit.id] for visit in self.visits}
        leaving = Bonds(self.whole.links).leaving
        worth = {
            name: sum(own.get(other, 0) for other in leaving.get(name, (name,))) for name in own
        }
        return own if sum(worth.values()) > MAX_COST else worth

    @cached_property
    def ready(self) -> Mapping[str, int]:
        return self.whole.ready

    @cached_property
    def fair_shares(self) -> Mapping[str, int]:
        return self.whole.fair_shares


def tied(problem: Problem, routes: Iterable[Route]) -> Problem:
    """The problem as it is for visits that are placed one by one into a plan with these routes,
    which keep all links; without links the problem itself."""
    if not problem.links:
        return problem
    problem = asked_for(problem)
    bonds = Bonds(problem.links)
    shifts = {shift.id: shift for shift in problem.shifts}
    placed = {
        stop.id: (shifts[route.shift], stop.start)
        for route in routes
        for stop in route.stops
        if stop.kind is StopKind.VISIT and stop.id in bonds.of
    }
    visits = [
        _held(visit, bonds, *placed[visit.id]) if visit.id in placed else visit
        for visit in problem.visits
        if visit.id in placed or visit.id not in bonds.of
    ]
    return Tied(
        tuple(visits),
        problem.shifts,
        problem.travel_time,
        problem.distance,
        problem.depots,
        problem.objective,
        whole=problem,
    )


def _held(visit: Visit, bonds: Bonds, shift: Shift, moment: int) -> Visit:
    """The visit with its technician; at its moment if that matters to others, or on its day."""
    only = frozenset({shift.technician})
    windows = visit.windows
    if bonds.is_timed(visit.id):
        windows = (at_moment(visit, moment),)
    elif any(isinstance(one, Apart) and one.by is Separation.DAY for one in bonds.of[visit.id]):
        latest = shift.end + shift.max_overtime
        windows = within(windows, shift.start, latest)
    return replace(visit, windows=windows, allowed=only, forbidden=frozenset())


def within(windows: tuple[TimeWindow, ...], earliest: int, latest: int) -> tuple[TimeWindow, ...]:
    """What is left of the windows (none: any time) from one moment to another; if nothing is, a
    window at which nobody can be."""
    inside = [
        replace(window, start=max(window.start, earliest), end=min(window.end, latest))
        for window in windows or (TimeWindow(earliest, latest),)
    ]
    return tuple(window for window in inside if window.start <= window.end) or (NEVER_OPEN,)


NEVER_OPEN = TimeWindow(-MAX_TIME, -MAX_TIME)
"""The first moment that there is."""
