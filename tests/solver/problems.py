"""Tiny problems for every solver test: builders with good defaults, a hypothesis strategy over
all rules, and a constructor of valid solutions that is too simple to be wrong.

In a ``line_problem`` location ``i`` lies ``10 * i`` seconds along a straight road, so
that a test can do its sums by heart.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import cycle, pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from solver.judge.cost import cost
from solver.links import Link
from solver.objective import Objective, ShiftRates
from solver.pace import ITS_OWN_TIME
from solver.problem import Break, Depot, Pin, Previous, Problem, Shift, TimeWindow, Visit
from solver.rules.lending import Lending, Loan
from solver.solution import Reason, ReasonCode, Route, Solution, Stop, StopKind, Unassigned
from solver.travel import NO_WAY, Matrix

T = TypeVar("T")

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
    links: Iterable[Link] = (),
    **weights: Any,
) -> Problem:
    """A problem on a line, as long as its places need (or ``size`` locations, if that is more);
    ``weights`` are those of the ``Objective``."""
    visits, shifts, depots = tuple(visits), tuple(shifts), tuple(depots)
    used = [v.location for v in visits] + [d.location for d in depots]
    ends = [end for s in shifts for end in (s.start_location, s.end_location)]
    used += [end for end in ends if end is not None]
    seconds = line(max([size, *(location + 1 for location in used)]))
    metres, objective = seconds * metres_per_second, Objective(**weights)
    return Problem(visits, shifts, seconds, metres, depots, objective, tuple(links))


# --- any small problem -------------------------------------------------------------------------
# The parts are drawn by strategies that are made once: hypothesis takes long to make one.

TECHNICIANS = ("ann", "bob", "cy")
STRANGER = "zoe"
"""A technician whom visits may name but who has no shift."""


def _quantities(*names: str, most: int = 3) -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(names), st.integers(0, most), max_size=len(names))


def _some(*names: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names))


def _one_in(number: int, strategy: st.SearchStrategy[T], otherwise: T) -> st.SearchStrategy[T]:
    """So often the one, else the other. (``one_of`` counts equal alternatives once.)"""
    return st.sampled_from((*[False] * (number - 1), True)).flatmap(
        lambda now: strategy if now else st.just(otherwise)
    )


def _seldom_few(strategy: st.SearchStrategy[T], most: int) -> st.SearchStrategy[list[T]]:
    """Seldom less than half of the most that there can be."""
    many, any_number = (st.lists(strategy, min_size=n, max_size=most) for n in (most // 2, 0))
    return st.sampled_from((many, many, many, any_number)).flatmap(lambda size: size)


def _line_or_any(seed: int) -> Callable[[int], Matrix]:
    """Seed 0 is a line. All others are any matrix: asymmetric, against the triangle inequality,
    with a way from here to here."""
    if seed == 0:
        return lambda size: line(size, 30)
    return lambda size: np.random.default_rng(seed).integers(0, 121, (size, size))


def _cut_off(seed: int) -> Callable[[int], npt.NDArray[np.bool_]]:
    """Which legs there are not: with seed 0 all are there, with others every third one is missing,
    seldom in both directions."""

    def missing(size: int) -> npt.NDArray[np.bool_]:
        random = np.random.default_rng(seed)
        return (random.random((size, size)) < 0.3 * (seed > 0)) & ~np.eye(size, dtype=np.bool_)

    return missing


def with_counts(plain: Depot, counts: Mapping[str, int]) -> Depot:
    """The depot with these numbers of the tools that it lends."""
    lent = {tool: number for tool, number in counts.items() if tool in plain.tools}
    return replace(plain, tool_counts=lent)


def with_loans(problem: Problem, lots: Sequence[int]) -> Problem:
    """With some of the tools in vans borrowed from a depot, as the lots have it, shift by shift."""
    shifts = []
    for shift, lot in zip(problem.shifts, cycle(lots)):
        lenders = [depot for depot in problem.depots if shift.tools & depot.tools]
        depot = lenders[lot % len(lenders)] if lot and lenders else None
        borrowed = dict.fromkeys(sorted(shift.tools & depot.tools), depot.id) if depot else {}
        shifts.append(replace(shift, borrowed=borrowed))
    return replace(problem, shifts=tuple(shifts))


LOTS = st.lists(st.sampled_from((0, 0, 0, 1, 2)), min_size=3, max_size=7)
NOTHING: dict[str, int] = {}
_RATES = st.builds(ShiftRates, *[st.sampled_from((None, 0, 1, 4))] * 3)
NO_PACES: dict[str, Fraction] = {}
_PACES = st.sampled_from((Fraction(6, 5), Fraction(1, 3), Fraction(2)))
NOBODY: frozenset[str] = frozenset()
_NAMES = (*TECHNICIANS, STRANGER)
_SKILLS = _quantities("gas", "power")
_PARTS = _quantities("filter", "pump")
_TOOLS = _some("crane", "probe")
_MATRICES = _one_in(4, st.integers(1, 1000), 0).map(_line_or_any)
_MISSING = _one_in(4, st.integers(1, 1000), 0).map(_cut_off)
_LOCATIONS = st.integers(0, 4)
_MOMENTS = st.integers(-300, 2500)
_WINDOWS = _one_in(
    2,
    st.lists(
        st.builds(
            lambda start, length: TimeWindow(start, start + length),
            st.sampled_from((0, 100, 400, 900, 2000, -700)),
            st.sampled_from((5000, 1000, 600, 300, 60, 0)),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    (),
)
_PRICED = _one_in(
    4, st.lists(st.sampled_from((0, 10, 300)), min_size=3, max_size=3).map(tuple), (0, 0, 0)
)
_PRICED_WINDOWS = st.builds(
    lambda windows, prices: tuple(
        replace(w, price=price) for w, price in zip(windows, prices, strict=False)
    ),
    _WINDOWS,
    _PRICED,
)
_VISITS = st.builds(
    Visit,
    id=st.just(""),
    location=_LOCATIONS,
    duration=st.sampled_from((60, 0, 7, 200, 600)),
    windows=_PRICED_WINDOWS,
    skills=_one_in(4, _SKILLS, NOTHING),
    parts=_one_in(2, _PARTS, NOTHING),
    tools=_one_in(4, _TOOLS, NOBODY),
    priority=st.integers(0, 4),
    due=st.one_of(st.none(), _MOMENTS),
    allowed=_one_in(10, st.frozensets(st.sampled_from(_NAMES), min_size=1), None),
    forbidden=_one_in(10, _some(*_NAMES), NOBODY),
    preferred=_one_in(4, _some(*_NAMES), NOBODY),
    territory=_one_in(10, st.sampled_from(("north", "south")), None),
    pin=_one_in(10, st.builds(Pin, st.sampled_from(_NAMES), _one_in(4, _MOMENTS, None)), None),
    previous=_one_in(
        4, st.builds(Previous, st.sampled_from(_NAMES), _MOMENTS, st.booleans()), None
    ),
    work_type=st.sampled_from((None, "boiler", "meter")),
)
_BREAKS = st.builds(
    lambda start, length, duration: Break("", TimeWindow(start, start + length), duration),
    st.one_of(st.integers(20, 120), st.integers(100, 400), st.integers(-100, 900)),
    st.sampled_from((20, 100, 0, 300)),
    st.integers(0, 120),
)
_SHIFTS = st.builds(
    Shift,
    id=st.just(""),
    technician=st.just(""),
    start_location=_LOCATIONS,
    end_location=_LOCATIONS,
    start=st.sampled_from((0, 50, 300)),
    end=st.sampled_from((2500, 1200, 1800, 2500, 1200, 500, 100, 0)),
    max_overtime=st.sampled_from((0, 0, 200)),
    skills=st.one_of(st.just({"gas": 3, "power": 3}), _SKILLS),
    stock=_one_in(2, _PARTS, NOTHING),
    tools=_TOOLS,
    breaks=_one_in(2, st.lists(_BREAKS, min_size=1, max_size=2).map(tuple), ()),
    territories=_one_in(4, _some("north", "south"), NOBODY),
    pace=_one_in(8, _PACES, ITS_OWN_TIME),
    rates=_one_in(8, _RATES, ShiftRates()),
    paces=_one_in(8, st.dictionaries(st.sampled_from(("boiler", "meter")), _PACES), NO_PACES),
)
_PLAIN_DEPOTS = st.builds(
    Depot,
    id=st.just(""),
    location=_LOCATIONS,
    duration=st.sampled_from((0, 30)),
    windows=_one_in(4, _WINDOWS, ()),
    stock=_one_in(2, _quantities("filter", "pump", most=6), None),
    tools=_one_in(2, _TOOLS, frozenset({"crane", "probe"})),
)
COUNTS = st.fixed_dictionaries({}, optional=dict.fromkeys(("crane", "probe"), st.integers(0, 2)))
_DEPOTS = st.builds(with_counts, _PLAIN_DEPOTS, _one_in(2, COUNTS, NOTHING))
_TECHNICIANS = _one_in(2, st.lists(_SHIFTS, min_size=2, max_size=3), None).flatmap(
    lambda several: st.just(several) if several else _SHIFTS.map(lambda one: [one])
)


def _weight(*values: int) -> st.SearchStrategy[int]:
    return st.sampled_from((0, *values))


def _by_priority(priorities: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Nothing, or a small number for each priority."""
    return st.just(()) | st.tuples(*[st.integers(0, 3)] * priorities)


_OBJECTIVES = st.sampled_from(((1, 3, 10, 30, 100), (1,), (2, 2))).flatmap(
    lambda factors: st.builds(
        Objective,
        unassigned=st.just(factors),
        lateness_factors=_by_priority(len(factors)),
        promptness=_by_priority(len(factors)),
        lateness=_weight(1, 5),
        working_time=_weight(1, 3),
        travel_time=_weight(1, 2),
        distance=_weight(1, 2),
        overtime=_weight(1, 10),
        shift_use=_weight(1, 500),
        not_preferred=_weight(1, 100),
        over_skilled=_weight(1, 20),
        changed_technician=_weight(1, 300),
        moved_time=_weight(1, 2),
        moved_time_tolerance=_weight(60),
        told_factor=_weight(1, 3),
        imbalance=_weight(1, 2),
    )
)


def problems(
    *,
    max_visits: int = 6,
    max_technicians: int = 3,
    cut_off: bool = False,
    every_rule: bool = False,
) -> st.SearchStrategy[Problem]:
    """Any small problem over all rules, with everything that life and bad data bring: nobody at
    work, empty shifts, one place for all, asymmetric travel, windows in the past, impossible
    visits, pins to strangers, depots without stock, times before the epoch; if ``cut_off``, no way
    at all between some places; if ``every_rule``, also shifts with limits and
    open ends, and visits with access."""
    drawn = st.builds(
        _assembled,
        size=st.integers(1, 5),
        seconds=_MATRICES,
        metres=_MATRICES,
        missing=_MISSING if cut_off else st.just(_cut_off(0)),
        objective=_OBJECTIVES,
        origin=st.sampled_from((0, 0, 0, 86_400, -5_000)),
        shifts=_seldom_few(_TECHNICIANS, max_technicians),
        visits=_seldom_few(_VISITS, max_visits),
        depots=_seldom_few(_DEPOTS, 2),
    )
    return drawn.flatmap(_with_every_rule) if every_rule else drawn


def _with_every_rule(problem: Problem) -> st.SearchStrategy[Problem]:
    """The same, with limits and open ends of some shifts, some visits with access, and some tools
    borrowed."""
    shifts, visits = len(problem.shifts), len(problem.visits)
    return st.builds(
        lambda bounds, access, lots: replace(
            problem,
            visits=tuple(
                replace(v, access=seconds)
                for v, seconds in zip(problem.visits, access, strict=True)
            ),
            shifts=tuple(
                replace(s, **bound)
                for s, bound in zip(with_loans(problem, lots).shifts, bounds, strict=True)
            ),
        ),
        st.lists(_BOUNDS, min_size=shifts, max_size=shifts),
        st.lists(_ACCESS, min_size=visits, max_size=visits),
        LOTS,
    )


_ACCESS = st.sampled_from((0, 0, 15, 90))
_NO_END = st.just(None)
_BOUNDS: st.SearchStrategy[dict[str, int | None]] = st.fixed_dictionaries(
    {},
    optional={
        "start_location": _NO_END,
        "end_location": _NO_END,
        "max_duration": st.sampled_from((300, 600, 1000, 0)),
        "max_visits": st.integers(0, 3),
        "max_travel": st.integers(0, 300),
        "max_distance": st.integers(0, 300),
    },
)


def _assembled(
    size: int,
    seconds: Callable[[int], Matrix],
    metres: Callable[[int], Matrix],
    missing: Callable[[int], npt.NDArray[np.bool_]],
    objective: Objective,
    origin: int,
    shifts: list[list[Shift]],
    visits: list[Visit],
    depots: list[Depot],
) -> Problem:
    """Names for all, locations and priorities that exist, each technician's shifts in a row."""
    in_a_row: list[Shift] = []
    for technician, theirs in zip(TECHNICIANS, shifts, strict=False):
        clock = 0
        for number, one in enumerate(theirs):
            start, end = clock + one.start, clock + one.start + one.end
            breaks = [
                replace(b, id=f"break{turn}", window=_later(b.window, start))
                for turn, b in enumerate(one.breaks)
            ]
            in_a_row.append(
                replace(
                    one,
                    id=f"{technician}-{number}",
                    technician=technician,
                    start_location=one.start_location % size,
                    end_location=one.end_location % size,
                    start=start,
                    end=end,
                    breaks=tuple(breaks),
                )
            )
            clock = end + one.max_overtime
    priorities = len(objective.unassigned)
    return later(
        Problem(
            tuple(
                replace(
                    v,
                    id=f"v{number}",
                    location=v.location % size,
                    priority=v.priority % priorities,
                    forbidden=NOBODY if v.allowed and v.allowed <= v.forbidden else v.forbidden,
                )
                for number, v in enumerate(visits)
            ),
            tuple(in_a_row),
            np.where(missing(size), NO_WAY, seconds(size)),
            np.where(missing(size), NO_WAY, metres(size)),
            tuple(
                replace(d, id=f"d{number}", location=d.location % size)
                for number, d in enumerate(depots)
            ),
            objective,
        ),
        origin,
    )


def later(problem: Problem, seconds: int) -> Problem:
    """The same problem with every time moved by so many seconds."""

    def moved(moment: int | None) -> int | None:
        return None if moment is None else moment + seconds

    def windows(place: Visit | Depot) -> tuple[TimeWindow, ...]:
        return tuple(_later(w, seconds) for w in place.windows)

    return replace(
        problem,
        visits=tuple(
            replace(
                v,
                windows=windows(v),
                due=moved(v.due),
                pin=v.pin and replace(v.pin, start=moved(v.pin.start)),
                previous=v.previous and replace(v.previous, start=v.previous.start + seconds),
            )
            for v in problem.visits
        ),
        shifts=tuple(
            replace(
                s,
                start=s.start + seconds,
                end=s.end + seconds,
                breaks=tuple(replace(b, window=_later(b.window, seconds)) for b in s.breaks),
            )
            for s in problem.shifts
        ),
        depots=tuple(replace(d, windows=windows(d)) for d in problem.depots),
    )


def _later(bounds: TimeWindow, seconds: int) -> TimeWindow:
    return replace(bounds, start=bounds.start + seconds, end=bounds.end + seconds)


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
        key=lambda b: b.window.end,  # the first that can wait no longer
    )
    stops: list[Stop] = []
    clock, here = start, route_of.start_location
    for call in (*calls, None):
        place = (
            None if call is None else depots[call.depot] if isinstance(call, Call) else visits[call]
        )
        there = route_of.end_location if place is None else place.location
        free, arrival = clock, clock + _seconds(problem, here, there)
        if isinstance(place, Visit) and here != there:
            arrival += place.access
        service = 0 if place is None else service_on(route_of, place)
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


def service_on(on: Shift, place: Visit | Depot) -> int:
    if isinstance(place, Depot):
        return place.duration
    pace = on.paces.get(str(place.work_type), on.pace)
    return math.ceil(Fraction(place.duration) * pace)


def _seconds(problem: Problem, here: int | None, there: int | None) -> int:
    """Of the way; an end that may be anywhere is where one is."""
    return 0 if here is None or there is None else int(problem.travel_time[here, there])


def _first_start(arrival: int, windows: Sequence[TimeWindow]) -> int | None:
    starts = [max(arrival, w.start) for w in windows if arrival <= w.end]
    return min(starts, default=None) if windows else arrival


def solution_of(problem: Problem, *routes: Route | None) -> Solution:
    """The routes, everything else unassigned, and what that costs."""
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
    lending = Lending.of(problem)
    out = Counter[tuple[str, str | Loan]]()
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
            source: Depot | None = None
            if lacking or missing:
                source = next(
                    (
                        d
                        for d in problem.depots
                        if _has(stock[d.id], lacking)
                        and all(lending.has_one(d, tool, s, out) for tool in missing)
                    ),
                    None,
                )
                if source is None:
                    continue
                more = [Call(source.id, lacking, missing), v.id]
            longer = timed_route(
                problem, s.id, [*calls, *more], leave=s.start + late, early_breaks=early_breaks
            )
            if longer is None or not _pins_kept(problem, longer):
                continue
            if not _within_limits(problem, s, longer):
                continue
            calls, route = [*calls, *more], longer
            waiting.remove(v.id)
            if source is not None:
                tools |= missing
                out.update(loan for tool in missing for loan in lending.loans(source, tool, s))
                for part, number in lacking.items():
                    van[part] = van.get(part, 0) + number
                    shelf = stock[source.id]
                    if shelf is not None:
                        shelf[part] -= number
            for part, number in v.parts.items():
                van[part] = van.get(part, 0) - number
        if route is not None:
            routes.append(route)
    return solution_of(problem, *routes)


def _within_limits(problem: Problem, s: Shift, route: Route) -> bool:
    where = {v.id: v.location for v in problem.visits} | {d.id: d.location for d in problem.depots}
    stops = [stop for stop in route.stops if stop.kind is not StopKind.BREAK]
    places = (s.start_location, *(where[stop.id] for stop in stops), s.end_location)
    ways = [(a, b) for a, b in pairwise(places) if a is not None and b is not None]
    there_is = {
        "max_duration": route.end - route.start,
        "max_visits": sum(stop.kind is StopKind.VISIT for stop in stops),
        "max_travel": sum(int(problem.travel_time[way]) for way in ways),
        "max_distance": sum(int(problem.distance[way]) for way in ways),
    }
    return all(there_is[limit] <= most for limit, most in s.limits.items())


def _may_serve(s: Shift, v: Visit) -> bool:
    return (
        all(s.skills.get(skill, 0) >= level for skill, level in v.skills.items())
        and (v.allowed is None or s.technician in v.allowed)
        and s.technician not in v.forbidden
        and (v.territory is None or not s.territories or v.territory in s.territories)
        and (v.pin is None or v.pin.technician == s.technician)
    )


def _has(shelf: Mapping[str, int] | None, parts: Mapping[str, int]) -> bool:
    return shelf is None or all(shelf.get(part, 0) >= number for part, number in parts.items())


def _pins_kept(problem: Problem, route: Route) -> bool:
    pins = {v.id: v.pin.start for v in problem.visits if v.pin is not None}
    return all(
        stop.kind is not StopKind.VISIT or pins.get(stop.id) in (None, stop.start)
        for stop in route.stops
    )
