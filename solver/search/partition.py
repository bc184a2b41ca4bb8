"""The cheapest plan that can be put together from routes that searches have been through.

A search sees the routes of far better plans than it ends with, only not all of them at once. Which
of them make a plan is a set partitioning problem: each visit on one route, each shift with one. Its
linear relaxation, tightened by subset-row cuts (Jepsen, Petersen, Spoorendonk & Pisinger,
*Subset-row inequalities applied to the vehicle-routing problem with time windows*, Operations
Research 2008), leaves few routes that a better plan can have; SCIP chooses among these.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from ortools.linear_solver import pywraplp

from solver.kernel.arrays import Arrays, Ints
from solver.kernel.plan import END_OF_ROUTE

MOST_VISITS = 300
"""Of larger problems a search sees too small a part of the routes."""
MOST_ROUTES = 100_000
"""So many are kept at most; beyond that none is added."""
CHOICE = 2_000
"""SCIP chooses among so many routes, those by which the linear program loses least."""
SHARE_OF_RELAXATION = 0.4
"""Of the time, before SCIP begins."""
COLUMNS_A_ROUND = 500
CUTS_A_ROUND = 40
CUTS_A_VISIT = 4
CUT_ROUNDS = 12
"""How the linear program grows: routes and cuts at a time, how many of these cuts may have one
visit in common, and how often it is cut."""
VIOLATED = 1.02
"""A cut is worth it where routes that may be taken once are taken so often."""
LEAST_GAIN = 1e-3
"""Of what is between the program and the plan; cuts that gain less are the last."""

Route = tuple[int, ...]
Cut = tuple[int, int, int]
Floats = npt.NDArray[np.float64]
Held = npt.NDArray[np.float32]


def is_separable(arrays: Arrays) -> bool:
    """Whether routes can be priced and kept each by itself: nothing is shared between them, neither
    scarce parts, a van that goes on another day, nor links."""
    is_alone = arrays.chain_ends.shape[0] == int(arrays.count["shifts"])
    is_alone = is_alone and not bool(arrays.count["tied"])
    is_small = 0 < int(arrays.count["visits"]) <= MOST_VISITS
    return is_alone and is_small and not bool(arrays.count["scarce"])


class Partition:
    """Routes seen so far, by shift and visits, each in the cheapest order.

    Shifts that are alike in everything count as one that has several routes. Searches may add
    routes while others are put together.
    """

    def __init__(self, arrays: Arrays) -> None:
        visits = int(arrays.count["visits"])
        self._prices: Floats = arrays.calls["price"][:visits].astype(np.float64)
        self._visits = visits
        self._groups: list[int] = arrays.shifts["group"].tolist()
        self._seen: dict[tuple[int, frozenset[int]], tuple[Route, int]] = {}
        self._program: pywraplp.Solver | None = None
        self._is_stopped = False

    def add(self, shift: int, calls: Sequence[int], cents: int) -> None:
        """Take note of a route of the shift, and of what it costs."""
        key = self._key(shift, calls)
        known = self._seen.get(key)
        is_better = len(self._seen) < MOST_ROUTES if known is None else cents < known[1]
        if is_better:
            self._seen[key] = tuple(calls), cents

    def stop(self) -> None:
        """Let ``best`` end at once, from another thread."""
        self._is_stopped = True
        program = self._program
        if program is not None:
            program.InterruptSolve()

    def best(self, incumbent: Sequence[Sequence[int]], seconds: float) -> Ints:
        """The cheapest plan found in so many seconds, written as a row (``kernel/plan.py``); the
        incumbent, whose routes have to be known, if there is none that costs less."""
        self._is_stopped = False
        begun = time.monotonic()
        ends = begun + seconds
        keys = list(self._seen)
        routes = [self._seen[key] for key in keys]
        number = {key: index for index, key in enumerate(keys)}
        mine = [number[self._key(shift, calls)] for shift, calls in enumerate(incumbent) if calls]
        held = np.zeros((len(keys), self._visits + max(self._groups) + 1), dtype=np.float32)
        for index, (group, visits) in enumerate(keys):
            held[index, list(visits)] = 1
            held[index, self._visits + group] = 1
        room = np.bincount(self._groups).astype(np.float64)
        cost = np.array([cents for _, cents in routes], dtype=np.float64)
        left_out = held[mine, : self._visits].sum(axis=0) == 0
        limit = float(cost[mine].sum() + self._prices[left_out].sum())
        relaxed = _Relaxed(held, cost, self._prices, room, mine)
        relaxed.tighten(limit, begun + SHARE_OF_RELAXATION * seconds)
        taken: Iterable[int] = mine
        chosen = [] if self._is_stopped else relaxed.promising(mine, limit)
        # Without any, all is left out in the incumbent too, and nothing that was seen is cheaper.
        if chosen:
            taken = self._chosen(held, cost, room, relaxed.cuts, chosen, set(mine), ends)
        return self._row((keys[index][0], routes[index][0]) for index in taken)

    def _key(self, shift: int, calls: Sequence[int]) -> tuple[int, frozenset[int]]:
        return self._groups[shift], frozenset(call for call in calls if call < self._visits)

    def _row(self, routes: Iterable[tuple[int, Route]]) -> Ints:
        by_group: defaultdict[int, list[Route]] = defaultdict(list)
        for group, route in routes:
            by_group[group].append(route)
        row: list[int] = []
        for group in self._groups:
            if by_group[group]:
                row += by_group[group].pop()
            row.append(END_OF_ROUTE)
        return np.array(row, dtype=np.int64)

    def _chosen(
        self,
        held: Held,
        cost: Floats,
        room: Floats,
        cuts: Sequence[Cut],
        routes: Sequence[int],
        hinted: set[int],
        ends: float,
    ) -> list[int]:
        """Those of the routes that make the cheapest plan found in time."""
        self._program = program = pywraplp.Solver.CreateSolver("SCIP")
        infinity, visits = program.infinity(), self._visits
        # A plan costs ten thousand of these, in which SCIP's tolerances make sense.
        unit = max(1.0, float(cost[sorted(hinted)].sum()), float(cost[routes].max())) / 1e4
        takes = [program.BoolVar("") for _ in routes]
        for take, route in zip(takes, routes, strict=True):
            program.Objective().SetCoefficient(take, float(cost[route]) / unit)
        hints = [float(route in hinted) for route in routes]
        part = held[routes]
        for row in range(held.shape[1]):
            is_visit = row < visits
            once = program.Constraint(
                1.0 if is_visit else -infinity, 1.0 if is_visit else float(room[row - visits])
            )
            among = np.flatnonzero(part[:, row]).tolist()
            for index in among:
                once.SetCoefficient(takes[index], 1.0)
            if is_visit:
                left_out = program.BoolVar("")
                once.SetCoefficient(left_out, 1.0)
                price = min(float(self._prices[row]) / unit, 1e5)
                program.Objective().SetCoefficient(left_out, price)
                takes.append(left_out)
                hints.append(float(not any(hints[index] for index in among)))
        for cut in cuts:
            once = program.Constraint(-infinity, 1.0)
            for index in np.flatnonzero(part[:, cut].sum(axis=1) >= 2).tolist():
                once.SetCoefficient(takes[index], 1.0)
        program.Objective().SetMinimization()
        program.SetHint(takes, hints)
        program.SetTimeLimit(max(1, int(1000 * (ends - time.monotonic()))))
        is_found = program.Solve() in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE)
        self._program = None
        if self._is_stopped or not is_found:
            return sorted(hinted)
        return [
            route for take, route in zip(takes, routes, strict=False) if take.solution_value() > 0.5
        ]


class _Relaxed:
    """The linear program over a growing part of all routes, and the cuts found for it."""

    def __init__(
        self, held: Held, cost: Floats, prices: Floats, room: Floats, start: Sequence[int]
    ) -> None:
        self._held, self._cost, self._visits = held, cost, len(prices)
        self.cuts: list[Cut] = []
        self._cut_by: Held = np.zeros((len(cost), 0), dtype=np.float32)
        self._program = pywraplp.Solver.CreateSolver("GLOP")
        infinity = self._program.infinity()
        self._rows = [self._program.Constraint(1.0, infinity) for _ in prices]
        self._rows += [self._program.Constraint(-infinity, float(number)) for number in room]
        for visit, price in enumerate(prices.tolist()):
            column = self._program.NumVar(0.0, infinity, "")
            self._rows[visit].SetCoefficient(column, 1.0)
            self._program.Objective().SetCoefficient(column, price)
        self._columns: dict[int, pywraplp.Variable] = {}
        self._program.Objective().SetMinimization()
        self._loss = cost
        self._value = -np.inf
        self._take(start)

    def _take(self, routes: Iterable[int]) -> None:
        infinity = self._program.infinity()
        for route in routes:
            column = self._columns[route] = self._program.NumVar(0.0, infinity, "")
            self._program.Objective().SetCoefficient(column, float(self._cost[route]))
            for row in np.flatnonzero(self._held[route]).tolist():
                self._rows[row].SetCoefficient(column, 1.0)
            for cut in np.flatnonzero(self._cut_by[route]).tolist():
                self._rows[self._held.shape[1] + cut].SetCoefficient(column, 1.0)

    def _solve(self, ends: float) -> bool:
        """Take in routes until none of the others would make the program cheaper; whether it came
        to that in time."""
        while True:
            self._program.Solve()
            duals = np.array([row.dual_value() for row in self._rows])
            rows = self._held.shape[1]
            self._loss = self._cost - self._held @ duals[:rows] - self._cut_by @ duals[rows:]
            self._value = self._program.Objective().Value()
            out = np.flatnonzero(self._loss < -1e-6 * abs(self._value) / self._visits)
            dearest = out[np.argsort(self._loss[out])].tolist()
            new = [route for route in dearest if route not in self._columns]
            if not new:
                return True
            if time.monotonic() > ends:
                return False
            self._take(new[:COLUMNS_A_ROUND])

    def tighten(self, limit: float, ends: float) -> None:
        """Solve it, and add cuts as long as there is time and they help on the way to a plan that
        costs so much."""
        before = -np.inf
        for _ in range(CUT_ROUNDS):
            if not self._solve(ends) or time.monotonic() > ends:
                return
            if self._value < before + LEAST_GAIN * (limit - self._value):
                return
            before = self._value
            found = self._violated()
            if not found:
                return
            self._cut(found)

    def _cut(self, found: Sequence[Cut]) -> None:
        infinity = self._program.infinity()
        first = len(self._rows)
        self.cuts += found
        self._rows += [self._program.Constraint(-infinity, 1.0) for _ in found]
        new = np.stack([self._held[:, cut].sum(axis=1) >= 2 for cut in found], axis=1)
        self._cut_by = np.concatenate([self._cut_by, new.astype(np.float32)], axis=1)
        for route, column in self._columns.items():
            for index in np.flatnonzero(new[route]).tolist():
                self._rows[first + index].SetCoefficient(column, 1.0)

    def _violated(self) -> list[Cut]:
        """Three visits each, of which at most one route can have two or more, and in the program
        more than one has; no visit is in many of them."""
        values = [(route, column.solution_value()) for route, column in self._columns.items()]
        used = [(route, value) for route, value in values if value > 1e-6]
        share = np.array([value for _, value in used])
        has = self._held[[route for route, _ in used], : self._visits].astype(np.float64)
        both = has.T @ (has * share[:, None])
        np.fill_diagonal(both, 0.0)
        found: dict[Cut, float] = {}
        for first, second in np.argwhere(np.triu(both) > 1e-6).tolist():
            thirds = np.flatnonzero(both[first, second] + both[first] + both[second] > VIOLATED)
            for third in thirds.tolist():
                if third not in (first, second):
                    a, b, c = sorted((first, second, third))
                    two = float(share[has[:, (a, b, c)].sum(axis=1) >= 2].sum())
                    if two > VIOLATED:
                        found[a, b, c] = two
        times: defaultdict[int, int] = defaultdict(int)
        chosen: list[Cut] = []
        for cut in sorted(found.keys() - {*self.cuts}, key=lambda cut: (-found[cut], cut)):
            if max(times[visit] for visit in cut) < CUTS_A_VISIT:
                chosen.append(cut)
                for visit in cut:
                    times[visit] += 1
        return chosen[:CUTS_A_ROUND]

    def promising(self, mine: Sequence[int], limit: float) -> list[int]:
        """The routes that a plan below the limit can have, but not too many, and the given ones."""
        order = np.argsort(self._loss)[:CHOICE]
        order = order[self._loss[order] < limit - self._value]
        return sorted({*order.tolist(), *mine})
