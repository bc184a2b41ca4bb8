"""Plans inside the kernel, what they should cost, and small problems to make them of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from solver.kernel.flattening import flatten
from solver.kernel.plan import END_OF_ROUTE, empty_plan
from solver.kernel.rows import load
from solver.objective import Objective, ShiftRates
from solver.problem import Break, Depot, Previous, Problem, Shift, TimeWindow, Visit
from solver.rules.cost import RouteCost
from solver.rules.eligibility import at_pinned_time
from solver.rules.limits import keeps_limits
from solver.rules.places import on_places
from solver.timing.schedule import Call, legs_of
from solver.timing.timing import cheapest
from tests.solver.problems import COUNTS, LOTS, with_counts, with_loans

Sequences = Mapping[str, Sequence[Call]]
"""Visits and depot calls in order, by shift."""


LABELS = (
    "call",
    "place",
    "shift",
    "position",
    "leave",
    "duration",
    "early",
    "late",
    "rest_duration",
    "rest_early",
    "rest_late",
)
ACCOUNT = (
    "stops",
    "depot_calls",
    "intricate",
    "service",
    "arc_cents",
    "pair_cents",
    "duration",
    "overtime",
    "cents",
)


def calls_of(problem: Problem) -> dict[str, Call]:
    """All that a route can call at, by id."""
    calls: list[Call] = [*problem.visits, *problem.depots]
    return {call.id: call for call in calls}


class KernelPlan:
    """A problem and a plan for it as the compiled search has them."""

    def __init__(self, problem: Problem, sequences: Sequences | None = None) -> None:
        self.problem = problem
        self.arrays = flatten(problem)
        self.plan = empty_plan(self.arrays)
        self.calls: list[Call] = [*problem.visits, *problem.depots]
        self.number = {shift.id: number for number, shift in enumerate(problem.shifts)}
        self.load(sequences or {})

    def load(self, sequences: Sequences) -> None:
        """Take over the plan, as far as the kernel thinks that it can be kept."""
        self.load_row(self.row_of(sequences))

    def load_row(self, row: Any) -> None:
        load(self.arrays, self.plan, row)

    def row_of(self, sequences: Sequences) -> Any:
        number = {(type(call), call.id): index for index, call in enumerate(self.calls)}
        row = []
        for shift in self.problem.shifts:
            row += [number[type(call), call.id] for call in sequences.get(shift.id, ())]
            row.append(END_OF_ROUTE)
        return np.array(row, dtype=np.int64)

    def stops(self, shift_id: str) -> list[Call]:
        """The calls of a route, as its links have them."""
        return [self.calls[self.plan.nodes["call"][node]] for node in self.nodes(shift_id)]

    def nodes(self, shift_id: str) -> list[int]:
        start = len(self.problem.visits) + 2 * self.number[shift_id]
        after = self.plan.nodes["after"]
        nodes = [int(after[start])]
        while nodes[-1] != start + 1:
            nodes.append(int(after[nodes[-1]]))
        return nodes[:-1]

    def sequences(self) -> dict[str, tuple[Call, ...]]:
        return {shift.id: tuple(self.stops(shift.id)) for shift in self.problem.shifts}

    def state(self) -> dict[str, Any]:
        """All that is true of the plan and not merely in passing, in a form that is easy to
        compare."""
        plan = self.plan
        visits = len(self.problem.visits)
        here = {
            shift.id: [
                tuple(plan.nodes[node][list(LABELS)].tolist())
                for node in (start, *self.nodes(shift.id), start + 1)
            ]
            for number, shift in enumerate(self.problem.shifts)
            for start in [visits + 2 * number]
        }
        return {
            "labels": here,
            "routes": plan.routes[list(ACCOUNT)].tolist(),
            "room": np.where(plan.from_depot == 0, 0, plan.room).tolist(),
            "from_depot": plan.from_depot.tolist(),
            "taken": plan.taken.tolist(),
            "taken_by": plan.taken_by.tolist(),
            "unassigned": self.unassigned(),
            "now": plan.now[["cents", "unassigned", "routes", "free_calls"]].tolist(),
        }

    @property
    def cents(self) -> int:
        return int(self.plan.now["cents"])

    def route_cents(self, shift_id: str) -> int:
        return int(self.plan.routes["cents"][self.number[shift_id]])

    def unassigned(self) -> set[str]:
        numbers = self.plan.unassigned[: int(self.plan.now["unassigned"])]
        return {self.problem.visits[number].id for number in numbers}


def route_cost(problem: Problem, shift: Shift, calls: Sequence[Call]) -> int | None:
    """What the calls cost as the shift's route, placed in time; None if they break a time rule, or
    are more than it allows."""
    if not calls:
        return 0
    pinned = [at_pinned_time(call) if isinstance(call, Visit) else call for call in calls]
    route = cheapest(problem, shift, pinned, legs_of(problem.travel_time))
    if not keeps_limits(problem, shift, pinned):
        return None
    return None if route is None else sum(cents for _, cents in RouteCost(problem).of(route))


def plan_cost(problem: Problem, sequences: Sequences) -> int | None:
    """What the plan costs, visits left out included; None if it breaks a time rule."""
    left = {visit.id for visit in problem.visits}
    total = 0
    for shift in problem.shifts:
        calls = sequences.get(shift.id, ())
        left -= {call.id for call in calls if isinstance(call, Visit)}
        cents = route_cost(problem, shift, calls)
        if cents is None:
            return None
        total += cents
    return total + sum(problem.prices[name] for name in left)


def without_supplies(problem: Problem) -> Problem:
    """The same problem, in which no visit needs parts or tools."""
    visits = (replace(v, parts={}, tools=frozenset()) for v in problem.visits)
    return replace(problem, visits=tuple(visits))


def metric(problem: Problem) -> Problem:
    """The same problem, in which no detour is shorter than the straight way."""
    seconds, metres = (_shortest(m) for m in (problem.travel_time, problem.distance))
    return replace(problem, travel_time=seconds, distance=metres)


def _shortest(matrix: Any) -> Any:
    shortest = np.array(matrix)
    np.fill_diagonal(shortest, 0)
    for way in range(len(shortest)):
        shortest = np.minimum(shortest, shortest[:, way, None] + shortest[None, way, :])
    return shortest


# --- problems in which every second counts -----------------------------------------------------

_MOMENTS = st.integers(-2, 20)
_SPANS = st.builds(
    lambda start, length: TimeWindow(start, start + length), _MOMENTS, st.sampled_from((0, 2, 5, 9))
)
_PRICED_SPANS = st.builds(replace, _SPANS, price=st.sampled_from((0, 0, 3, 20)))
_VISITS = st.builds(
    Visit,
    id=st.just(""),
    location=st.integers(0, 3),
    duration=st.integers(0, 3),
    windows=st.lists(_PRICED_SPANS, max_size=3).map(tuple),
    due=st.none() | _MOMENTS,
    previous=st.none() | st.builds(Previous, st.just("ann"), _MOMENTS, st.booleans()),
    access=st.sampled_from((0, 0, 2)),
)
_BREAKS = st.lists(st.builds(Break, st.just(""), _SPANS, st.integers(0, 4)), max_size=3).map(
    lambda breaks: tuple(replace(b, id=f"b{turn}") for turn, b in enumerate(breaks))
)
_SHIFTS = st.builds(
    lambda start, length, overtime, breaks, ends, longest, visits, way, pace, rates: Shift(
        "s",
        "ann",
        ends[0],
        ends[1],
        start,
        start + length,
        overtime,
        breaks=breaks,
        max_duration=longest,
        max_visits=visits,
        max_travel=way,
        max_distance=way,
        pace=pace,
        rates=rates,
    ),
    st.integers(-1, 2),
    st.integers(8, 26),
    st.sampled_from((0, 4)),
    _BREAKS,
    st.tuples(*[st.integers(0, 3) | st.just(None)] * 2),
    st.none() | st.integers(0, 20),
    st.none() | st.none() | st.integers(0, 3),
    st.none() | st.none() | st.integers(0, 9),
    st.sampled_from((Fraction(1), Fraction(1), Fraction(3, 2))),
    st.sampled_from(
        (ShiftRates(), ShiftRates(), ShiftRates(0, 1, 2), ShiftRates(2), ShiftRates(None, 3))
    ),
)
_DEPOTS = st.builds(
    Depot,
    id=st.just("d"),
    location=st.integers(0, 3),
    duration=st.integers(0, 2),
    windows=st.lists(_SPANS, max_size=2).map(tuple),
    stock=st.none(),
)
_OBJECTIVES = st.builds(
    Objective,
    working_time=st.sampled_from((3, 0)),
    travel_time=st.sampled_from((0, 2)),
    distance=st.sampled_from((0, 1)),
    overtime=st.sampled_from((0, 10)),
    lateness=st.sampled_from((0, 7)),
    moved_time=st.sampled_from((0, 5)),
    moved_time_tolerance=st.sampled_from((0, 1)),
    told_factor=st.sampled_from((1, 3)),
    shift_use=st.sampled_from((0, 100)),
    imbalance=st.sampled_from((0, 1)),
)
_MATRICES = st.integers(0, 1000).map(
    lambda seed: np.random.default_rng(seed).integers(0, 4, (4, 4))
)


def tight_problems() -> st.SearchStrategy[Problem]:
    """One shift and all that has to do with time, in so small numbers that everything collides;
    over places."""
    return st.builds(
        lambda visits, shift, seconds, metres, depots, objective: on_places(
            Problem(
                tuple(replace(v, id=f"v{number}") for number, v in enumerate(visits)),
                (shift,),
                seconds,
                metres,
                tuple(depots),
                objective,
            )
        ),
        st.lists(_VISITS, min_size=1, max_size=4),
        _SHIFTS,
        _MATRICES,
        _MATRICES,
        st.lists(_DEPOTS, max_size=1),
        _OBJECTIVES,
    )


# --- problems about parts and tools ------------------------------------------------------------

_ITEMS = st.dictionaries(st.sampled_from(("filter", "pump")), st.integers(1, 3))
_LENT = st.frozensets(st.sampled_from(("crane", "probe")))
_WAY = st.integers(0, 5)
_FITTERS = st.builds(
    lambda stock, tools, days: [
        Shift("", "", 0, 0, start, start + 600, stock=stock, tools=tools)
        for start in (0, 1000, 2000)[:days]
    ],
    _ITEMS,
    _LENT,
    st.integers(1, 3),
)
_REPAIRS = st.builds(
    Visit,
    id=st.just(""),
    location=_WAY,
    duration=st.sampled_from((10, 60)),
    windows=st.one_of(
        st.just(()), st.integers(0, 2400).map(lambda start: (TimeWindow(start, start + 300),))
    ),
    parts=_ITEMS,
    tools=st.one_of(st.just(frozenset[str]()), _LENT),
    priority=st.integers(0, 2),
)
_PLAIN_STORES = st.builds(
    Depot,
    id=st.just(""),
    location=_WAY,
    duration=st.sampled_from((0, 20)),
    stock=st.one_of(
        st.none(), st.dictionaries(st.sampled_from(("filter", "pump")), st.integers(1, 6))
    ),
    tools=_LENT,
)
_STORES = st.builds(with_counts, _PLAIN_STORES, COUNTS)


def supply_problems() -> st.SearchStrategy[Problem]:
    """Little but visits that need parts and tools, vans that have some, and depots that have
    others, on a plane: depot calls lie anywhere on routes, and days hang together."""
    return st.builds(
        lambda fitters, repairs, stores, seed, prices, lots: with_loans(
            Problem(
                tuple(replace(v, id=f"v{number}") for number, v in enumerate(repairs)),
                tuple(
                    replace(day, id=f"{name}-{number}", technician=name)
                    for name, days in zip(("ann", "bob"), fitters, strict=False)
                    for number, day in enumerate(days)
                ),
                _plane(seed),
                _plane(seed) * 2,
                tuple(replace(d, id=f"d{number}") for number, d in enumerate(stores)),
                Objective(working_time=prices[0], distance=prices[1], shift_use=prices[2]),
            ),
            lots,
        ),
        st.lists(_FITTERS, min_size=1, max_size=2),
        st.lists(_REPAIRS, min_size=3, max_size=8),
        st.lists(_STORES, min_size=1, max_size=3),
        st.integers(0, 1000),
        st.tuples(st.sampled_from((1, 0)), st.sampled_from((0, 1)), st.sampled_from((0, 100))),
        LOTS,
    )


def _plane(seed: int) -> Any:
    points = np.random.default_rng(seed).integers(0, 60, (6, 2))
    return np.abs(points[:, None] - points[None, :]).sum(axis=2)


# --- one problem of some size ------------------------------------------------------------------


def town() -> Problem:
    """Forty visits, five technicians over two days, with everything that there is in some."""
    random = np.random.default_rng(5)
    points = random.integers(0, 900, (20, 2))
    metres = np.abs(points[:, None] - points[None, :]).sum(axis=2)
    visits = [
        Visit(
            f"v{number}",
            int(random.integers(2, 20)),
            int(random.choice((600, 1200, 2400))),
            windows=_two_days(random) if number % 3 == 0 else (),
            skills={"gas": 1} if number % 4 == 0 else {},
            parts={"pump": int(random.integers(1, 3))} if number % 5 == 0 else {},
            due=30_000 if number % 6 == 0 else None,
            previous=Previous("t1", 20_000, told=True) if number % 7 == 0 else None,
        )
        for number in range(40)
    ]
    shifts = [
        Shift(
            f"t{technician}-{day}",
            f"t{technician}",
            technician % 2,
            technician % 3,
            start := day * 86_400 + 28_800,
            start + 28_800,
            3600,
            skills={"gas": technician},
            stock={"pump": technician % 2},
            breaks=(Break("lunch", TimeWindow(start + 12_000, start + 18_000), 1800),),
        )
        for technician in range(5)
        for day in range(2)
    ]
    depots = [Depot("d", 3, 300, stock={"pump": 9}), Depot("e", 11, 300, stock={"pump": 9})]
    objective = Objective(
        lateness=2, distance=1, overtime=3, shift_use=5000, moved_time=1, imbalance=1
    )
    return Problem(tuple(visits), tuple(shifts), metres, metres, tuple(depots), objective)


def _two_days(random: np.random.Generator) -> tuple[TimeWindow, ...]:
    starts = (day * 86_400 + 28_800 + int(random.integers(0, 20_000)) for day in range(2))
    return tuple(TimeWindow(start, start + 7200) for start in starts)
