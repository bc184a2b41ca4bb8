"""The linear program over routes that searches have been through: each visit on one route, each
shift with one, at the least cost. It is tightened by subset-row cuts (Jepsen, Petersen, Spoorendonk
& Pisinger, *Subset-row inequalities applied to the vehicle-routing problem with time windows*,
Operations Research 2008): of three visits at most one route can have two or more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ortools.linear_solver import pywraplp

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
NOTHING = 1e-6
"""What is below this share, or this share of the program's value, is taken for none."""

Cut = tuple[int, int, int]
Floats = npt.NDArray[np.float64]
Held = npt.NDArray[np.float32]


class Routes(NamedTuple):
    """Routes as the program knows them, and of what there is how much."""

    held: Held
    """(routes, n + groups): whether a route has a visit, and is for a group of shifts."""
    cents: Floats
    """(routes)"""
    prices: Floats
    """(n): cents for leaving out each visit."""
    room: Floats
    """(groups): shifts in each."""

    def cost(self, taken: Sequence[int]) -> float:
        """Cents of a plan of these routes, with what it leaves out."""
        left_out = self.held[taken, : len(self.prices)].sum(axis=0) == 0
        return float(self.cents[taken].sum() + self.prices[left_out].sum())


class LinearRelaxation:
    """The linear program over a growing part of all routes, and the cuts found for it.

    ``start`` are the routes that it begins with, ``cuts`` those found for it before.
    """

    def __init__(self, routes: Routes, start: Sequence[int], cuts: Sequence[Cut]) -> None:
        self._held, self._cents, self._visits = routes.held, routes.cents, len(routes.prices)
        self.cuts: list[Cut] = []
        self._columns: dict[int, pywraplp.Variable] = {}
        self._cut_by: Held = np.zeros((len(routes.cents), 0), dtype=np.float32)
        self._program = pywraplp.Solver.CreateSolver("GLOP")
        infinity = self._program.infinity()
        self._rows = [self._program.Constraint(1.0, infinity) for _ in routes.prices]
        self._rows += [self._program.Constraint(-infinity, float(size)) for size in routes.room]
        for visit, price in enumerate(routes.prices.tolist()):
            column = self._program.NumVar(0.0, infinity, "")
            self._rows[visit].SetCoefficient(column, 1.0)
            self._program.Objective().SetCoefficient(column, price)
        self._program.Objective().SetMinimization()
        self.duals: Floats = np.zeros(routes.held.shape[1])
        """(n + groups): cents that each visit, and each route of a group, is worth."""
        self.reduced = routes.cents
        """(routes): what each costs beyond what it is worth."""
        self.shares: dict[int, float] = {}
        """How much of each route the program takes, if any."""
        self._worth: Floats = np.zeros(routes.held.shape[1])
        self.value = -np.inf
        self.is_solved = False
        """Whether it came as far as to look at all routes; before that it tells nothing."""
        if cuts:
            self._cut(cuts)
        self._take(start)

    def _take(self, routes: Iterable[int]) -> None:
        infinity = self._program.infinity()
        for route in routes:
            column = self._columns[route] = self._program.NumVar(0.0, infinity, "")
            self._program.Objective().SetCoefficient(column, float(self._cents[route]))
            for row in np.flatnonzero(self._held[route]).tolist():
                self._rows[row].SetCoefficient(column, 1.0)
            for cut in np.flatnonzero(self._cut_by[route]).tolist():
                self._rows[self._held.shape[1] + cut].SetCoefficient(column, 1.0)

    def _solve(self, is_over: Callable[[], bool]) -> bool:
        """Take in routes until none of the others would make the program cheaper; whether it came
        to that in time."""
        while True:
            self._program.Solve()
            self._worth = np.array([row.dual_value() for row in self._rows])
            own = self._held.shape[1]
            self.duals = self._worth[:own]
            self.reduced = self._cents - self._held @ self.duals - self._cut_by @ self._worth[own:]
            self.value = self._program.Objective().Value()
            self.shares = {
                route: share
                for route, column in self._columns.items()
                if (share := column.solution_value()) > NOTHING
            }
            out = np.flatnonzero(self.reduced < -NOTHING * abs(self.value) / self._visits)
            dearest = out[np.argsort(self.reduced[out])].tolist()
            new = [route for route in dearest if route not in self._columns]
            if not new:
                return True
            if is_over():
                return False
            self._take(new[:COLUMNS_A_ROUND])

    def tighten(self, limit: float, is_over: Callable[[], bool]) -> None:
        """Solve it, and add cuts as long as there is time and they help on the way to a plan that
        costs so much."""
        before = -np.inf
        for _ in range(CUT_ROUNDS):
            is_solved = self._solve(is_over)
            self.is_solved = self.is_solved or is_solved
            if not is_solved or is_over():
                return
            if self.value < before + LEAST_GAIN * (limit - self.value):
                return
            before = self.value
            found = self._violated()
            if not found:
                return
            self._cut(found)
        self._solve(is_over)

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
        share = np.array(list(self.shares.values()))
        has = self._held[list(self.shares), : self._visits].astype(np.float64)
        both = has.T @ (has * share[:, None])
        np.fill_diagonal(both, 0.0)
        found: dict[Cut, float] = {}
        for first, second in np.argwhere(np.triu(both) > NOTHING).tolist():
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

    @property
    def binding(self) -> list[Cut]:
        """Cuts without which the program would be cheaper."""
        worth = self._worth[self._held.shape[1] :]
        return [cut for cut, cents in zip(self.cuts, worth, strict=False) if cents < -NOTHING]

    @property
    def basic(self) -> list[int]:
        """Routes without which it would be dearer, or that are no better than those."""
        none = NOTHING * abs(self.value)
        return [route for route in self._columns if self.reduced[route] < none]
