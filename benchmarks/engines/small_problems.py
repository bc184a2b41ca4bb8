"""Problems so small that every plan of them can be looked at, of kinds that are hard to get right.

Everything is drawn from a seed: the same kind, seed and number give the same problem.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from solver.links import After, Apart, Link, Person, Separation, Together
from solver.objective import Objective, ShiftRates
from solver.problem import (
    Break,
    Depot,
    InvalidProblem,
    Previous,
    Problem,
    Shift,
    TimeWindow,
    Visit,
)
from solver.travel import Matrix

MINUTE = 60
DAY = 24 * 60 * MINUTE
REGION = 40 * MINUTE
"""The side of the square in which all lies, in seconds of travel."""
DEPOTS = 3
PARTS = ("pump", "valve")
TOOLS = frozenset(("hoist", "scope"))


@dataclass(frozen=True, slots=True)
class Kind:
    """Of what there is how much in problems of a kind: from and to, both included."""

    visits: tuple[int, int]
    technicians: tuple[int, int]
    days: tuple[int, int]
    rules: tuple[Callable[[np.random.Generator, Problem], Problem], ...]


def small_problem(kind: str, seed: int, number: int) -> Problem:
    """One of the problems of a kind; raises ``KeyError`` for an unknown one."""
    chosen = KINDS[kind]
    rng = np.random.default_rng([seed, number, *kind.encode()])
    visits, technicians, days = (
        int(rng.integers(least, most + 1))
        for least, most in (chosen.visits, chosen.technicians, chosen.days)
    )
    problem = _plain(rng, visits, technicians, days)
    for rule in chosen.rules:
        problem = rule(rng, problem)
    return problem


def _plain(rng: np.random.Generator, visits: int, technicians: int, days: int) -> Problem:
    """Visits and shifts, with about as much time as is needed, and a window now and then."""
    places = visits + technicians + DEPOTS
    points = rng.uniform(0, REGION, (places, 2))
    apart = points[:, None] - points[None, :]
    # Rounded up, no detour becomes shorter than the straight way.
    seconds: Matrix = np.ceil(np.hypot(apart[..., 0], apart[..., 1])).astype(np.int64)
    durations = rng.integers(10, 60, visits) * MINUTE
    needed = int(durations.sum()) + visits * REGION // 2
    length = max(2 * REGION, int(needed / (technicians * days) * rng.uniform(0.8, 1.6)))
    shifts = tuple(
        Shift(
            f"t{who}-{day}",
            f"t{who}",
            visits + who,
            visits + who,
            day * DAY,
            day * DAY + length,
            max_overtime=int(rng.choice([0, 30])) * MINUTE,
        )
        for who in range(technicians)
        for day in range(days)
    )
    drawn = []
    for number in range(visits):
        windows: tuple[TimeWindow, ...] = ()
        if rng.random() < 0.3:
            opens = int(rng.integers(days)) * DAY + int(rng.uniform(0, 0.6) * length)
            windows = (TimeWindow(opens, opens + int(rng.integers(20, 120)) * MINUTE),)
        priority = int(rng.integers(0, 4))
        duration = int(durations[number])
        drawn.append(Visit(f"v{number}", number, duration, windows, priority=priority))
    objective = Objective(
        working_time=int(rng.integers(1, 4)),
        distance=int(rng.integers(0, 3)),
        overtime=int(rng.integers(0, 6)),
        shift_use=int(rng.choice([0, 5_000])),
        imbalance=int(rng.choice([0, 0, 1])),
    )
    return Problem(tuple(drawn), shifts, seconds, seconds, objective=objective)


def _with_scarce_parts(rng: np.random.Generator, problem: Problem) -> Problem:
    """Two depots have between them about what visits need, and vans a little of it."""
    needs = [
        {part: int(rng.integers(1, 3)) for part in PARTS if rng.random() < 0.5}
        for _ in problem.visits
    ]
    wanted = {part: sum(need.get(part, 0) for need in needs) for part in PARTS}
    stocks: list[dict[str, int]] = [{}, {}]
    for part in PARTS:
        for _ in range(wanted[part] + int(rng.integers(-1, 2))):
            stock = stocks[int(rng.integers(2))]
            stock[part] = stock.get(part, 0) + 1
    shifts = tuple(
        replace(shift, stock={part: 1 for part in PARTS if rng.random() < 0.25})
        for shift in problem.shifts
    )
    visits = tuple(
        replace(v, parts=need, tools=frozenset({"hoist"} if rng.random() < 0.1 else ()))
        for v, need in zip(problem.visits, needs, strict=True)
    )
    depots = tuple(
        replace(depot, stock=stock, tools=frozenset({"hoist"} if number == 0 else ()))
        for number, (depot, stock) in enumerate(zip(_depots(rng, problem), stocks, strict=False))
    )
    return replace(problem, visits=visits, shifts=shifts, depots=depots)


def _with_several_calls(rng: np.random.Generator, problem: Problem) -> Problem:
    """Each part is to be had at another depot, and some visits need several."""
    parts = ("pump", "valve", "meter")
    visits = tuple(
        replace(v, parts={part: 1 for part in parts if rng.random() < 0.5}) for v in problem.visits
    )
    depots = tuple(
        replace(depot, stock={part: int(rng.integers(2, 6))})
        for depot, part in zip(_depots(rng, problem), parts, strict=True)
    )
    return replace(problem, visits=visits, depots=depots)


def _with_few_tools(rng: np.random.Generator, problem: Problem) -> Problem:
    """Two depots have one or two of each tool between them, some of which somebody has already."""
    shifts = tuple(
        replace(shift, tools=TOOLS, borrowed={"scope": "d0"}) if rng.random() < 0.15 else shift
        for shift in problem.shifts
    )
    visits = tuple(
        replace(v, tools=frozenset(tool for tool in sorted(TOOLS) if rng.random() < 0.4))
        for v in problem.visits
    )
    depots = tuple(
        replace(depot, tools=TOOLS, tool_counts={t: int(rng.integers(0, 3)) for t in sorted(TOOLS)})
        for depot in _depots(rng, problem)[:2]
    )
    return replace(problem, visits=visits, shifts=shifts, depots=depots)


def _depots(rng: np.random.Generator, problem: Problem) -> list[Depot]:
    first = len(problem.travel_time) - DEPOTS
    return [
        Depot(f"d{number}", first + number, int(rng.integers(0, 3)) * 5 * MINUTE)
        for number in range(DEPOTS)
    ]


def _with_lateness(rng: np.random.Generator, problem: Problem) -> Problem:
    """Most visits have a due time, which is hard to keep; some are urgent without one."""
    visits = tuple(
        replace(v, due=_moment(rng, problem) if rng.random() < 0.7 else None)
        for v in problem.visits
    )
    objective = replace(
        problem.objective,
        lateness=int(rng.integers(1, 12)),
        lateness_factors=(1, 2, 3, 5, 10) if rng.random() < 0.5 else (),
        promptness=(0, 0, 1, 2, 4) if rng.random() < 0.3 else (),
    )
    return replace(problem, visits=visits, objective=objective)


def _with_dear_lateness(rng: np.random.Generator, problem: Problem) -> Problem:
    """Lateness costs so much that leaving out might seem cheaper."""
    late = _with_lateness(rng, problem)
    return replace(late, objective=replace(late.objective, lateness=int(rng.integers(20, 200))))


def _with_published_times(rng: np.random.Generator, problem: Problem) -> Problem:
    """Most visits have a time in the published plan, and moving them costs."""
    names = sorted({shift.technician for shift in problem.shifts})
    visits = tuple(
        replace(
            v,
            previous=Previous(str(rng.choice(names)), _moment(rng, problem), rng.random() < 0.4)
            if rng.random() < 0.7
            else None,
        )
        for v in problem.visits
    )
    objective = replace(
        problem.objective,
        moved_time=int(rng.integers(1, 8)),
        moved_time_tolerance=int(rng.choice([0, 5, 15])) * MINUTE,
        told_factor=int(rng.integers(1, 4)),
        changed_technician=int(rng.choice([0, 3_000])),
    )
    return replace(problem, visits=visits, objective=objective)


def _with_breaks(rng: np.random.Generator, problem: Problem) -> Problem:
    """Each shift has one or two breaks."""
    shifts = []
    for shift in problem.shifts:
        length = shift.end - shift.start
        breaks = []
        for number in range(int(rng.integers(1, 3))):
            opens = shift.start + int(length * (0.2 + 0.35 * number + rng.uniform(0, 0.15)))
            closes = opens + int(rng.integers(10, 60)) * MINUTE
            duration = int(rng.integers(10, 45)) * MINUTE
            breaks.append(Break(f"b{number}", TimeWindow(opens, closes), duration))
        shifts.append(replace(shift, breaks=tuple(breaks)))
    return replace(problem, shifts=tuple(shifts))


def _with_limits(rng: np.random.Generator, problem: Problem) -> Problem:
    """Each shift allows less of something than there might be time for."""
    shifts = []
    for shift in problem.shifts:
        length = shift.end - shift.start
        most: Mapping[str, Any] = {
            "max_duration": int(length * rng.uniform(0.4, 0.9)),
            "max_visits": int(rng.integers(1, 4)),
            "max_travel": int(REGION * rng.uniform(0.8, 2.5)),
            "max_distance": int(REGION * rng.uniform(0.8, 2.5)),
        }
        chosen = {name: number for name, number in most.items() if rng.random() < 0.5}
        shifts.append(replace(shift, **chosen))
    return replace(problem, shifts=tuple(shifts))


def _with_roads_and_paces(rng: np.random.Generator, problem: Problem) -> Problem:
    """Some days begin or end anywhere, some visits have a gate, and no two are as quick."""
    shifts = tuple(
        replace(
            shift,
            start_location=None if rng.random() < 0.3 else shift.start_location,
            end_location=None if rng.random() < 0.4 else shift.end_location,
            pace=Fraction(int(rng.integers(3, 8)), 5),
            paces={"boiler": Fraction(int(rng.integers(1, 5)), 2)} if rng.random() < 0.5 else {},
        )
        for shift in problem.shifts
    )
    visits = tuple(
        replace(
            v,
            access=int(rng.choice([0, 2, 10])) * MINUTE,
            location=int(rng.integers(len(problem.visits))),
            work_type="boiler" if rng.random() < 0.5 else None,
        )
        for v in problem.visits
    )
    return replace(problem, visits=visits, shifts=shifts)


def _with_priced_windows(rng: np.random.Generator, problem: Problem) -> Problem:
    """Most visits have dear and cheap times, which overlap now and then."""
    visits = []
    for v in problem.visits:
        windows = []
        for _ in range(int(rng.integers(0, 4))):
            opens = _moment(rng, problem)
            price = int(rng.choice([0, 500, 3_000, 20_000]))
            windows.append(TimeWindow(opens, opens + int(rng.integers(10, 200)) * MINUTE, price))
        visits.append(replace(v, windows=tuple(windows)))
    return replace(problem, visits=tuple(visits))


def _with_rates(rng: np.random.Generator, problem: Problem) -> Problem:
    """Everybody's hour and kilometre costs something else."""
    rates = [
        ShiftRates(*(int(rng.integers(0, 5)) if rng.random() < 0.6 else None for _ in range(3)))
        for _ in problem.shifts
    ]
    shifts = zip(problem.shifts, rates, strict=True)
    return replace(problem, shifts=tuple(replace(s, rates=own) for s, own in shifts))


def _with_links(rng: np.random.Generator, problem: Problem) -> Problem:
    """Two to four links of all kinds, as far as they do not contradict each other."""
    names = [visit.id for visit in problem.visits]
    for _ in range(int(rng.integers(2, 5))):
        chosen = tuple(str(name) for name in rng.permutation(names))
        crew = int(rng.integers(2, 4))
        least = int(rng.choice([-20, 0, 0, 30, 90])) * MINUTE
        most = least + int(rng.integers(0, 120)) * MINUTE if rng.random() < 0.5 else None
        link: Link = (
            Together(chosen[:crew]),
            After(chosen[0], chosen[1], least, most, list(Person)[int(rng.integers(3))]),
            After(chosen[0], chosen[1]),
            Apart(chosen[:crew], list(Separation)[int(rng.integers(2))]),
        )[int(rng.integers(4))]
        try:
            problem = replace(problem, links=(*problem.links, link))
        except InvalidProblem:
            continue
    return problem


def _with_paces(rng: np.random.Generator, problem: Problem) -> Problem:
    """No two are as quick."""
    shifts = tuple(
        replace(shift, pace=Fraction(int(rng.integers(3, 8)), 5)) for shift in problem.shifts
    )
    return replace(problem, shifts=shifts)


def _moment(rng: np.random.Generator, problem: Problem) -> int:
    shift = problem.shifts[int(rng.integers(len(problem.shifts)))]
    return int(rng.integers(shift.start, shift.end))


KINDS: Mapping[str, Kind] = {
    "scarce": Kind((4, 6), (1, 3), (1, 1), (_with_scarce_parts,)),
    "scarce, two days": Kind((3, 5), (1, 2), (2, 2), (_with_scarce_parts,)),
    "few tools": Kind((4, 6), (2, 3), (1, 1), (_with_few_tools,)),
    "few tools, two days": Kind((3, 5), (2, 2), (2, 2), (_with_few_tools,)),
    "lateness": Kind((4, 7), (1, 3), (1, 2), (_with_lateness,)),
    "published": Kind((4, 7), (1, 3), (1, 2), (_with_published_times,)),
    "breaks": Kind((4, 7), (1, 3), (1, 2), (_with_breaks,)),
    "limits": Kind((4, 7), (1, 3), (1, 2), (_with_limits,)),
    "limits, published": Kind(
        (4, 6), (1, 2), (1, 1), (_with_limits, _with_published_times, _with_breaks)
    ),
    "roads and paces": Kind((4, 7), (1, 3), (1, 2), (_with_roads_and_paces,)),
    "roads, scarce": Kind((3, 5), (1, 2), (1, 2), (_with_roads_and_paces, _with_scarce_parts)),
    "priced windows": Kind((4, 7), (1, 3), (1, 2), (_with_priced_windows,)),
    "priced, limits": Kind(
        (4, 6), (1, 2), (1, 2), (_with_priced_windows, _with_limits, _with_breaks)
    ),
    "rates": Kind((4, 7), (2, 3), (1, 2), (_with_rates,)),
    "rates, scarce": Kind((3, 5), (1, 2), (1, 2), (_with_rates, _with_scarce_parts)),
    "all rules": Kind(
        (4, 6),
        (1, 2),
        (1, 2),
        (
            _with_published_times,
            _with_breaks,
            _with_priced_windows,
            _with_roads_and_paces,
            _with_limits,
            _with_rates,
        ),
    ),
    "together": Kind(
        (4, 6),
        (1, 2),
        (1, 1),
        (_with_scarce_parts, _with_lateness, _with_published_times, _with_breaks),
    ),
    "prices": Kind((4, 7), (1, 2), (1, 1), (_with_dear_lateness,)),
    "links": Kind((4, 6), (2, 3), (1, 1), (_with_links,)),
    "links, two days": Kind((4, 6), (1, 2), (2, 2), (_with_links,)),
    "links, late": Kind((4, 6), (2, 3), (1, 1), (_with_lateness, _with_links)),
    "links, published": Kind(
        (4, 6), (2, 3), (1, 1), (_with_published_times, _with_rates, _with_links)
    ),
    "links, limits": Kind(
        (4, 6), (2, 3), (1, 1), (_with_priced_windows, _with_limits, _with_paces, _with_links)
    ),
    "prices, several calls": Kind(
        (3, 5), (1, 2), (1, 1), (_with_dear_lateness, _with_several_calls)
    ),
}
