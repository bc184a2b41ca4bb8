"""The cheapest plan that can be put together from routes that searches have been through.

A search sees the routes of far better plans than it ends with, only not all of them at once. Which
of them make a plan is a set partitioning problem: each visit on one route, each shift with one. Its
linear relaxation (``relaxation``) tells which routes are worth noting, by their reduced cost; what
it takes of each, drawn by lot, is a start for searches; and it leaves few routes that a better plan
can have, among which the cheapest plan is looked for (``cover``).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from random import Random
from typing import NamedTuple

import numpy as np

from solver.kernel.arrays import Arrays, Ints
from solver.kernel.plan import END_OF_ROUTE
from solver.search.cover import cheapest_cover
from solver.search.relaxation import Cut, Floats, LinearRelaxation, Routes

MOST_VISITS = 300
"""Of larger problems a search sees too small a part of the routes."""
MOST_ROUTES = 200_000
"""So many are kept at most; beyond that none is added but those of the incumbent."""
CROWDED = 60_000
"""With so many, only the most promising ones are added."""
KEPT = 30_000
"""So many are left after a look at all of them."""
SHARE_OF_RELAXATION = 0.5
"""Of the time of a look, before a better plan is looked for."""

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


class Look(NamedTuple):
    """What a look at all routes seen has told."""

    worth: Worth | None
    """None if the time was too short to tell."""
    row: Ints
    """The cheapest plan that was found, written as a row; the incumbent if there is none that costs
    less."""


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
        self._is_stopped = False

    @property
    def seen(self) -> int:
        """How many routes are kept."""
        return len(self._seen)

    @property
    def is_crowded(self) -> bool:
        return self.seen >= CROWDED

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

    def look(self, incumbent: Sequence[Sequence[int]], seconds: float) -> "Look":
        """Solve the linear program over the routes seen, look for a plan of them that costs less
        than the incumbent, whose routes have to be known, and forget those that no cheaper plan can
        have, or of which there are too many; in so many seconds."""
        begun = time.monotonic()
        keys, routes, mine = self._table(incumbent)
        limit = routes.cost(mine)
        basic = (index for index, key in enumerate(keys) if key in self._basic)
        # It begins where the last one ended.
        relaxation = LinearRelaxation(routes, sorted({*mine, *basic}), self._cuts)
        is_over = self._over(begun + seconds)
        if relaxation.solve(is_over):
            relaxation.tighten(limit, self._over(begun + SHARE_OF_RELAXATION * seconds))
        else:
            self._shares = []
            return Look(None, self._plan_of(keys[route] for route in mine))
        found = cheapest_cover(routes, relaxation, limit, is_over)
        taken = mine if found is None else found
        row = self._plan_of(keys[route] for route in taken)
        # Compiled code looks at visits and shifts alone; cuts make some routes worth less.
        uncut = routes.cents - relaxation.worth_of_routes
        gap = routes.cost(taken) - relaxation.value
        most, most_uncut = _most(relaxation.reduced, gap), _most(uncut, gap)
        self._cuts = list(relaxation.losses)
        self._basic = {keys[route] for route in relaxation.basic}
        self._shares = [
            (keys[route][0], self._seen[keys[route]][0], share)
            for route, share in relaxation.shares.items()
        ]
        own = {*taken}
        for route in np.flatnonzero(relaxation.reduced > most).tolist():
            if route not in own:
                del self._seen[keys[route]]
        duals = np.rint(relaxation.duals).astype(np.int64)
        return Look(Worth(duals, int(most_uncut)), row)

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
        rows = np.arange(len(keys))
        held[rows, [self._visits + group for group, _ in keys]] = 1
        visits = np.fromiter(chain.from_iterable(visits for _, visits in keys), dtype=np.intp)
        held[np.repeat(rows, [len(visits) for _, visits in keys]), visits] = 1
        cents = np.array([self._seen[key][1] for key in keys], dtype=np.float64)
        return keys, Routes(held, cents, self._prices, self._room), mine

    def _plan_of(self, keys: Iterable[RouteKey]) -> Ints:
        return self._row((key[0], self._seen[key][0]) for key in keys)

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


def _most(reduced: Floats, gap: float) -> float:
    """The gap, or less if more than ``KEPT`` routes are below it."""
    return min(gap, float(np.partition(reduced, KEPT)[KEPT])) if len(reduced) > KEPT else gap
