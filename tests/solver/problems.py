"""Tiny problems for every solver test: builders with good defaults, a hypothesis strategy over
all rules, and a constructor of valid solutions that is too simple to be wrong.

In a ``line_problem`` location ``i`` lies ``10 * i`` seconds along a straight road, so
that a test can do its sums by heart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from solver.problem import (
    Break,
    Depot,
    Matrix,
    Objective,
    Pin,
    Previous,
    Problem,
    Shift,
    TimeWindow,
    Visit,
)
from solver.solution import Reason, ReasonCode, Route, Solution, Stop, StopKind, Unassigned

SPACING = 10
"""Seconds between neighbouring locations of a ``line_problem``."""


def visit(name: str = "v", location: int = 1, duration: int = 5, **rules: Any) -> Visit:
    return Visit(name, location, duration, **rules)


def shift(
    name: str = "s", technician: str = "ann", start: int = 0, end: int = 1000, **rules: Any
) -> Shift:
    """A shift that starts and ends at location 0 unless told otherwise."""
    rules = {"start_location": 0, "end_location": 0} | rules
    return Shift(name, technician, start=start, end=end, **rules)


def depot(name: str = "d", location: int = 2, duration: int = 0, **rules: Any) -> Depot:
    """A depot with unlimited stock unless told otherwise."""
    return Depot(name, location, duration, **({"stock": None} | rules))


def window(start: int, end: int) -> TimeWindow:
    return TimeWindow(start, end)


def pause(name: str = "lunch", start: int = 0, end: int = 1000, duration: int = 20) -> Break:
    """A break that starts between ``start`` and ``end``."""
    return Break(name, TimeWindow(start, end), duration)


def line(size: int, spacing: int = SPACING) -> Matrix:
    """The distances between ``size`` points on a line."""
    return np.array([[abs(i - j) * spacing for j in range(size)] for i in range(size)], np.int64)


def line_problem(
    visits: Iterable[Visit] = (),
    shifts: Iterable[Shift] = (),
    depots: Iterable[Depot] = (),
    *,
    size: int = 0,
    metres_per_second: int = 1,
    **weights: Any,
) -> Problem:
    """A problem on a line, as long as its places need (or ``size`` locations, if that is more);
    ``weights`` are those of the ``Objective``."""
    visits, shifts, depots = tuple(visits), tuple(shifts), tuple(depots)
    used = [v.location for v in visits] + [d.location for d in depots]
    used += [end for s in shifts for end in (s.start_location, s.end_location)]
    seconds = line(max([size, *(location + 1 for location in used)]))
    return Problem(
        visits, shifts, seconds, seconds * metres_per_second, depots, Objective(**weights)
    )


# --- any small problem -------------------------------------------------------------------------

TECHNICIANS = ("ann", "bob", "cy")
STRANGER = "zoe"
"""A technician whom visits may name but who has no shift."""
SKILLS = ("gas", "power")
PARTS = ("filter", "pump")
TOOLS = ("crane", "probe")
TERRITORIES = ("north", "south")


@st.composite
def problems(draw: st.DrawFn, *, max_visits: int = 6, max_technicians: int = 3) -> Problem:
    """Any small problem over all rules, with everything that life and bad data bring: nobody at
    work, empty shifts, one place for all, asymmetric travel, windows in the past, impossible
    visits, pins to strangers, depots without stock, times before the epoch."""
    seconds = draw(_matrices())
    size = len(seconds)
    metres = draw(st.one_of(st.just(seconds), st.just(seconds * 7), _matrices_of(size)))
    objective = draw(objectives())
    origin = draw(st.sampled_from((0, 0, 0, 86_400, -5_000)))
    technicians = TECHNICIANS[: draw(st.integers(0, max_technicians))]
    shifts = [s for name in technicians for s in draw(_shifts_of(name, origin, size))]
    visits = [
        draw(_visits(f"v{number}", origin, size, len(objective.unassigned)))
        for number in range(draw(st.integers(0, max_visits)))
    ]
    depots = [
        draw(_depots(f"d{number}", origin, size)) for number in range(draw(st.integers(0, 2)))
    ]
    return Problem(tuple(visits), tuple(shifts), seconds, metres, tuple(depots), objective)


@st.composite
def objectives(draw: st.DrawFn) -> Objective:
    """Any weights, each of them often 0."""

    def weight(*values: int) -> int:
        return draw(st.sampled_from((0, *values)))

    return Objective(
        unassigned=draw(st.sampled_from(((1, 3, 10, 30, 100), (1,), (2, 2)))),
        lateness=weight(1, 5),
        working_time=weight(1, 3),
        travel_time=weight(1, 2),
        distance=weight(1, 2),
        overtime=weight(1, 10),
        shift_use=weight(1, 500),
        not_preferred=weight(1, 100),
        over_skilled=weight(1, 20),
        changed_technician=weight(1, 300),
        moved_time=weight(1, 2),
        moved_time_tolerance=weight(60),
        told_factor=weight(1, 3),
        imbalance=weight(1, 2),
    )


def _matrices_of(size: int) -> st.SearchStrategy[Matrix]:
    """Any matrix: asymmetric, against the triangle inequality, with a way from here to here.
    (Drawn by its seed: a list of entries takes hypothesis longer than the rest together.)"""
    return st.integers(0, 1000).map(
        lambda seed: np.random.default_rng(seed).integers(0, 121, (size, size))
    )


def _matrices() -> st.SearchStrategy[Matrix]:
    sizes = st.integers(1, 5)
    return st.one_of(sizes.map(lambda size: line(size, 30)), sizes.flatmap(_matrices_of))


def _quantities(names: Sequence[str], most: int) -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(names), st.integers(0, most), max_size=len(names))


def _some(names: Sequence[str], least: int = 0) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names), min_size=least)


def _windows(origin: int) -> st.SearchStrategy[tuple[TimeWindow, ...]]:
    one = st.builds(
        lambda start, length: TimeWindow(origin + start, origin + start + length),
        st.sampled_from((0, 100, 400, 900, 2000, -700)),
        st.sampled_from((5000, 600, 300, 60, 0)),
    )
    return st.one_of(st.just(()), st.lists(one, min_size=1, max_size=3).map(tuple))


@st.composite
def _shifts_of(draw: st.DrawFn, technician: str, origin: int, size: int) -> list[Shift]:
    """One technician's one to three shifts, one after the other."""
    shifts: list[Shift] = []
    clock = origin
    for number in range(draw(st.integers(1, 3))):
        start = clock + draw(st.sampled_from((0, 50, 300)))
        end = start + draw(st.sampled_from((1200, 2500, 500, 100, 0)))
        overtime = draw(st.sampled_from((0, 0, 200)))
        breaks = []
        for turn in range(draw(st.integers(0, 2))):
            opens = start + draw(st.integers(-100, 900))
            closes = opens + draw(st.sampled_from((300, 100, 0)))
            breaks.append(
                Break(f"break{turn}", TimeWindow(opens, closes), draw(st.integers(0, 120)))
            )
        shifts.append(
            Shift(
                id=f"{technician}-{number}",
                technician=technician,
                start_location=draw(st.integers(0, size - 1)),
                end_location=draw(st.integers(0, size - 1)),
                start=start,
                end=end,
                max_overtime=overtime,
                skills=draw(_quantities(SKILLS, 3)),
                stock=draw(_quantities(PARTS, 3)),
                tools=draw(_some(TOOLS)),
                breaks=tuple(breaks),
                territories=draw(st.one_of(st.just(frozenset()), _some(TERRITORIES))),
            )
        )
        clock = end + overtime
    return shifts


@st.composite
def _visits(draw: st.DrawFn, name: str, origin: int, size: int, priorities: int) -> Visit:
    names = (*TECHNICIANS, STRANGER)
    moments = st.integers(-300, 2500).map(lambda seconds: origin + seconds)
    allowed = draw(st.one_of(st.none(), st.none(), _some(names, 1)))
    forbidden = draw(st.one_of(st.just(frozenset()), _some(names)))
    if allowed is not None and allowed <= forbidden:
        forbidden = frozenset()
    pins = st.builds(Pin, st.sampled_from(names), st.one_of(st.none(), moments))
    previous = st.builds(Previous, st.sampled_from(names), moments, st.booleans())
    return Visit(
        id=name,
        location=draw(st.integers(0, size - 1)),
        duration=draw(st.sampled_from((60, 0, 7, 200, 600))),
        windows=draw(_windows(origin)),
        skills=draw(st.one_of(st.just({}), _quantities(SKILLS, 3))),
        parts=draw(st.one_of(st.just({}), _quantities(PARTS, 3))),
        tools=draw(st.one_of(st.just(frozenset()), _some(TOOLS))),
        priority=draw(st.integers(0, priorities - 1)),
        due=draw(st.one_of(st.none(), moments)),
        allowed=allowed,
        forbidden=forbidden,
        preferred=draw(st.one_of(st.just(frozenset()), _some(names))),
        territory=draw(st.sampled_from((None, None, *TERRITORIES))),
        pin=draw(st.one_of(st.none(), st.none(), st.none(), pins)),
        previous=draw(st.one_of(st.none(), previous)),
    )


def _depots(name: str, origin: int, size: int) -> st.SearchStrategy[Depot]:
    return st.builds(
        Depot,
        st.just(name),
        st.integers(0, size - 1),
        st.sampled_from((0, 30)),
        _windows(origin),
        st.one_of(st.none(), _quantities(PARTS, 4)),
        _some(TOOLS),
    )


# --- valid solutions ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """A call at a depot, to be placed in time by ``timed_route``."""

    depot: str
    parts: Mapping[str, int] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()


def timed_route(
    problem: Problem,
    shift_id: str,
    calls: Iterable[str | Call],
    *,
    leave: int | None = None,
    early_breaks: bool = False,
) -> Route | None:
    """Visits (by id) and depot calls, each as early as possible, from ``leave`` (the start of
    the shift) on. None if a window, a break or the shift's end cannot be kept; no other rule is
    looked at. A break is taken where it can wait no longer, or on the first way on which it may
    be taken if they are ``early_breaks``."""
    route_of = next(s for s in problem.shifts if s.id == shift_id)
    visits = {v.id: v for v in problem.visits}
    depots = {d.id: d for d in problem.depots}
    start = route_of.start if leave is None else leave
    pending = sorted(
        (b for b in route_of.breaks if b.window.start + b.duration > start),
        key=lambda b: (b.window.start, b.window.end),
    )
    stops: list[Stop] = []
    clock, here = start, route_of.start_location
    for call in (*calls, None):
        place = (
            None if call is None else depots[call.depot] if isinstance(call, Call) else visits[call]
        )
        there = route_of.end_location if place is None else place.location
        free, arrival = clock, clock + int(problem.travel_time[here, there])
        service = 0 if place is None else place.duration
        windows = () if place is None else place.windows
        begin = _first_start(arrival, windows)
        while pending and begin is not None:
            rest = pending[0]
            at = max(free, rest.window.start)
            early = early_breaks and at <= arrival and at <= rest.window.end
            if not early and begin + service <= rest.window.end:
                break
            if at > rest.window.end:
                return None
            stops.append(Stop(StopKind.BREAK, rest.id, at, at, at + rest.duration))
            free, arrival = at + rest.duration, max(arrival + rest.duration, at + rest.duration)
            begin = _first_start(arrival, windows)
            pending.pop(0)
        if begin is None:
            return None
        clock, here = begin + service, there
        if isinstance(call, Call):
            stops.append(
                Stop(StopKind.DEPOT, call.depot, arrival, begin, clock, call.parts, call.tools)
            )
        elif call is not None:
            stops.append(Stop(StopKind.VISIT, call, arrival, begin, clock))
    if not route_of.start <= start <= clock <= route_of.end + route_of.max_overtime:
        return None
    return Route(shift_id, route_of.technician, start, clock, tuple(stops))


def _first_start(arrival: int, windows: Sequence[TimeWindow]) -> int | None:
    starts = [max(arrival, w.start) for w in windows if arrival <= w.end]
    return min(starts, default=None) if windows else arrival


def solution_of(problem: Problem, *routes: Route | None) -> Solution:
    """The routes, everything else unassigned, and what that costs."""
    from solver.check import cost

    there = tuple(route for route in routes if route is not None)
    routed = {stop.id for r in there for stop in r.stops if stop.kind is StopKind.VISIT}
    reason = Reason(ReasonCode.NOT_FOUND, None, "it did not fit in")
    left = tuple(Unassigned(v.id, (reason,)) for v in problem.visits if v.id not in routed)
    return Solution(there, left, cost(problem, there, [out.id for out in left]))


def serial_solution(
    problem: Problem,
    order: Sequence[str] | None = None,
    *,
    early_breaks: bool = False,
    late: int = 0,
) -> Solution:
    """A valid solution: shift by shift, each visit in ``order`` (the problem's) goes to the end
    of the route if it may, after a call at the first depot that has what is lacking. Routes
    start ``late`` seconds into the shift."""
    waiting = [v.id for v in problem.visits] if order is None else list(order)
    visits = {v.id: v for v in problem.visits}
    stock = {d.id: None if d.stock is None else dict(d.stock) for d in problem.depots}
    vans: dict[str, dict[str, int]] = {}
    routes: list[Route] = []
    for s in sorted(problem.shifts, key=lambda s: s.start):
        van = vans.setdefault(s.technician, {})
        for part, number in s.stock.items():
            van[part] = van.get(part, 0) + number
        tools = s.tools
        calls: list[str | Call] = []
        route: Route | None = None
        for v in [visits[name] for name in waiting]:
            if not _may_serve(s, v):
                continue
            lacking = {p: n - van.get(p, 0) for p, n in v.parts.items() if n > van.get(p, 0)}
            missing = v.tools - tools
            more: list[str | Call] = [v.id]
            if lacking or missing:
                source = next(
                    (d.id for d in problem.depots if _has(d, stock[d.id], lacking, missing)), None
                )
                if source is None:
                    continue
                more = [Call(source, lacking, missing), v.id]
            longer = timed_route(
                problem, s.id, [*calls, *more], leave=s.start + late, early_breaks=early_breaks
            )
            if longer is None or not _pins_kept(problem, longer):
                continue
            calls, route = [*calls, *more], longer
            waiting.remove(v.id)
            if lacking or missing:
                tools |= missing
                for part, number in lacking.items():
                    van[part] = van.get(part, 0) + number
                    shelf = stock[source] if source is not None else None
                    if shelf is not None:
                        shelf[part] -= number
            for part, number in v.parts.items():
                van[part] = van.get(part, 0) - number
        if route is not None:
            routes.append(route)
    return solution_of(problem, *routes)


def _may_serve(s: Shift, v: Visit) -> bool:
    return (
        all(s.skills.get(skill, 0) >= level for skill, level in v.skills.items())
        and (v.allowed is None or s.technician in v.allowed)
        and s.technician not in v.forbidden
        and (v.territory is None or not s.territories or v.territory in s.territories)
        and (v.pin is None or v.pin.technician == s.technician)
    )


def _has(
    d: Depot, shelf: Mapping[str, int] | None, parts: Mapping[str, int], tools: frozenset[str]
) -> bool:
    return tools <= d.tools and (
        shelf is None or all(shelf.get(part, 0) >= number for part, number in parts.items())
    )


def _pins_kept(problem: Problem, route: Route) -> bool:
    pins = {v.id: v.pin.start for v in problem.visits if v.pin is not None}
    return all(
        stop.kind is not StopKind.VISIT or pins.get(stop.id) in (None, stop.start)
        for stop in route.stops
    )
