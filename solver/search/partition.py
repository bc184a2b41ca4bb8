"""The cheapest plan that can be put together from routes that searches have been through.

A search sees the routes of far better plans than it ends with, only not all of them at once. Which
of them make a plan is a set partitioning problem: each visit on one route, each shift with one. Its
linear relaxation (``relaxation``) tells which routes are worth noting, by their reduced cost; what
it takes of each, drawn by lot, is a start for searches; and it leaves few routes that a better plan
can have, among which SCIP chooses.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from ortools.linear_solver import pywraplp

from solver.kernel.arrays import Arrays, Ints
from solver.kernel.plan import END_OF_ROUTE
from solver.search.relaxation import Cut, Floats, LinearRelaxation, Routes

MOST_VISITS = 300
"""Of larger problems a search sees too small a part of the routes."""
MOST_ROUTES = 200_000
"""So many are kept at most; beyond that none is added but those of the incumbent."""
CROWDED = 100_000
"""With so many, only the most promising ones are added."""
KEPT = 30_000
"""So many are left after a look at all of them."""
CHOICE = 2_000
"""SCIP chooses among so many routes, those by which the linear program loses least."""
SHARE_OF_RELAXATION = 0.4
"""Of the time, before SCIP begins."""

Route = tuple[int, ...]
RouteKey = tuple[int, frozenset[int]]


def is_separable(arrays: Arrays) -> bool:
    """Whether routes can be priced and kept each by itself: nothing is shared between them, neither
    scarce parts, a van that goes on another day, nor links."""
    is_alone = arrays.chain_ends.shape[0] == int(arrays.count["shifts"])
    is_alone = is_alone and not bool(arrays.count["tied"])
    is_small = 0 < int(arrays.count["visits"]) <= MOST_VISITS
    return is_alone and is_small and not bool(arrays.count["scarce"])


class Worth(NamedTuple):
    """Which routes are worth noting."""

    duals: Ints
    """(n + groups): cents that each visit, and each route of a group of shifts, is worth."""
    most: int
    """Routes of a higher reduced cost, what they cost beyond what they are worth, are not."""


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
        self._room: Floats = np.bincount(self._groups).astype(np.float64)
        self._seen: dict[RouteKey, tuple[Route, int]] = {}
        self._basic: set[RouteKey] = set()
        self._cuts: list[Cut] = []
        self._shares: list[tuple[int, Route, float]] = []
        self._program: pywraplp.Solver | None = None
        self._is_stopped = False

    @property
    def is_crowded(self) -> bool:
        return len(self._seen) >= CROWDED

    def add(self, shift: int, calls: Sequence[int], cents: int, *, is_own: bool = False) -> None:
        """Take note of a route of the shift, and of what it costs; even if there is no room, if it
        is the incumbent's own."""
        key = self._key(shift, calls)
        known = self._seen.get(key)
        is_better = len(self._seen) < MOST_ROUTES if known is None else cents < known[1]
        if is_better or (is_own and known is None):
            self._seen[key] = tuple(calls), cents

    def stop(self) -> None:
        """Let what is under way end at once, and all to come, from another thread."""
        self._is_stopped = True
        program = self._program
        if program is not None:
            program.InterruptSolve()

    def relax(self, incumbent: Sequence[Sequence[int]], seconds: float) -> Worth | None:
        """Solve the linear program over the routes seen, and forget those that no plan cheaper than
        the incumbent can have, or of which there are too many. The incumbent's have to be known.
        None if so many seconds are too few for it."""
        begun = time.monotonic()
        keys, routes, mine = self._table(incumbent)
        limit = routes.cost(mine)
        relaxation = self._relaxation(keys, routes, mine)
        relaxation.tighten(limit, self._over(begun + seconds))
        if not relaxation.is_solved:
            self._shares = []
            return None
        # Compiled code looks at visits and shifts alone; cuts make some routes worth less.
        uncut = routes.cents - routes.held @ relaxation.duals
        gap = limit - relaxation.value
        most, most_uncut = _most(relaxation.reduced, gap), _most(uncut, gap)
        self._cuts = relaxation.binding
        self._basic = {keys[route] for route in relaxation.basic}
        self._shares = [
            (keys[route][0], self._seen[keys[route]][0], share)
            for route, share in relaxation.shares.items()
        ]
        own = {*mine}
        for route in np.flatnonzero(relaxation.reduced > most).tolist():
            if route not in own:
                del self._seen[keys[route]]
        return Worth(np.rint(relaxation.duals).astype(np.int64), int(most_uncut))

    def rounded(self, random: Random) -> Ints | None:
        """Routes drawn by how much the linear program takes of each, none of which clash, written
        as a row (``kernel/plan.py``); None if it was not solved."""
        if not self._shares:
            return None
        # The highest of these keys are a weighted sample (Efraimidis & Spirakis 2006).
        drawn = sorted(self._shares, key=lambda one: -(random.random() ** (1.0 / one[2])))
        room = self._room.tolist()
        taken: list[tuple[int, Route]] = []
        covered: set[int] = set()
        for group, route, _ in drawn:
            visits = {call for call in route if call < self._visits}
            if room[group] > 0 and not visits & covered:
                covered |= visits
                room[group] -= 1
                taken.append((group, route))
        return self._row(taken)

    def best(self, incumbent: Sequence[Sequence[int]], seconds: float) -> Ints:
        """The cheapest plan found in so many seconds, written as a row; the incumbent, whose routes
        have to be known, if there is none that costs less."""
        begun = time.monotonic()
        keys, routes, mine = self._table(incumbent)
        limit = routes.cost(mine)
        relaxation = self._relaxation(keys, routes, mine)
        relaxation.tighten(limit, self._over(begun + SHARE_OF_RELAXATION * seconds))
        taken: Iterable[int] = mine
        order = np.argsort(relaxation.reduced)[:CHOICE]
        order = order[relaxation.reduced[order] < limit - relaxation.value]
        chosen = [] if self._is_stopped else sorted({*order.tolist(), *mine})
        # Without any, all is left out in the incumbent too, and nothing that was seen is cheaper.
        if chosen:
            ends = begun + seconds
            taken = self._chosen(routes, relaxation.cuts, chosen, {*mine}, ends)
        return self._row((keys[route][0], self._seen[keys[route]][0]) for route in taken)

    def _over(self, ends: float) -> Callable[[], bool]:
        return lambda: self._is_stopped or time.monotonic() > ends

    def _key(self, shift: int, calls: Sequence[int]) -> RouteKey:
        return self._groups[shift], frozenset(call for call in calls if call < self._visits)

    def _table(
        self, incumbent: Sequence[Sequence[int]]
    ) -> tuple[list[RouteKey], Routes, list[int]]:
        """All routes seen, and which of them are the incumbent's."""
        keys = list(self._seen)
        number = {key: index for index, key in enumerate(keys)}
        mine = [number[self._key(shift, calls)] for shift, calls in enumerate(incumbent) if calls]
        held = np.zeros((len(keys), self._visits + len(self._room)), dtype=np.float32)
        for index, (group, visits) in enumerate(keys):
            held[index, list(visits)] = 1
            held[index, self._visits + group] = 1
        cents = np.array([self._seen[key][1] for key in keys], dtype=np.float64)
        return keys, Routes(held, cents, self._prices, self._room), mine

    def _relaxation(
        self, keys: Sequence[RouteKey], routes: Routes, mine: Sequence[int]
    ) -> LinearRelaxation:
        """It begins where the last one ended."""
        basic = (index for index, key in enumerate(keys) if key in self._basic)
        return LinearRelaxation(routes, sorted({*mine, *basic}), self._cuts)

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
        routes: Routes,
        cuts: Sequence[Cut],
        among: Sequence[int],
        hinted: set[int],
        ends: float,
    ) -> list[int]:
        """Those of the routes that make the cheapest plan found in time."""
        self._program = program = pywraplp.Solver.CreateSolver("SCIP")
        infinity, visits = program.infinity(), self._visits
        # A plan costs ten thousand of these, in which SCIP's tolerances make sense.
        unit = max(1.0, float(routes.cents[sorted(hinted)].sum()))
        unit = max(unit, float(routes.cents[among].max())) / 1e4
        takes = [program.BoolVar("") for _ in among]
        for take, route in zip(takes, among, strict=True):
            program.Objective().SetCoefficient(take, float(routes.cents[route]) / unit)
        hints = [float(route in hinted) for route in among]
        held = routes.held[among]
        for row in range(held.shape[1]):
            is_visit = row < visits
            least = 1.0 if is_visit else -infinity
            most = 1.0 if is_visit else float(routes.room[row - visits])
            once = program.Constraint(least, most)
            with_it = np.flatnonzero(held[:, row]).tolist()
            for index in with_it:
                once.SetCoefficient(takes[index], 1.0)
            if is_visit:
                left_out = program.BoolVar("")
                once.SetCoefficient(left_out, 1.0)
                price = min(float(routes.prices[row]) / unit, 1e5)
                program.Objective().SetCoefficient(left_out, price)
                takes.append(left_out)
                hints.append(float(not any(hints[index] for index in with_it)))
        for cut in cuts:
            once = program.Constraint(-infinity, 1.0)
            for index in np.flatnonzero(held[:, cut].sum(axis=1) >= 2).tolist():
                once.SetCoefficient(takes[index], 1.0)
        program.Objective().SetMinimization()
        program.SetHint(takes, hints)
        program.SetTimeLimit(max(1, int(1000 * (ends - time.monotonic()))))
        is_found = program.Solve() in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE)
        self._program = None
        if self._is_stopped or not is_found:
            return sorted(hinted)
        return [
            route for take, route in zip(takes, among, strict=False) if take.solution_value() > 0.5
        ]


def _most(reduced: Floats, gap: float) -> float:
    """The gap, or less if more than ``KEPT`` routes are below it."""
    return min(gap, float(np.partition(reduced, KEPT)[KEPT])) if len(reduced) > KEPT else gap
