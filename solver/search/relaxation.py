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

COLUMNS_A_ROUND = 200
CUTS_A_ROUND = 80
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
Indices = npt.NDArray[np.intp]


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
        self._cut_by: list[Indices] = []
        """Of each cut: the routes that have two of its visits."""
        self._has = np.ascontiguousarray(routes.held[:, : self._visits].T)
        # Multiplying all of ``held`` takes ten times as long.
        rows, self._of_route = np.nonzero(routes.held)
        self._firsts = np.searchsorted(rows, np.arange(len(routes.cents)))
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
            visits = self._visits_of(route)
            for cut, row in zip(self.cuts, self._rows[self._held.shape[1] :], strict=True):
                if len(visits & {*cut}) >= 2:
                    row.SetCoefficient(column, 1.0)

    def solve(self, is_over: Callable[[], bool]) -> bool:
        """Take in routes until none of the others would make the program cheaper; whether it came
        to that in time. Before that it tells nothing."""
        while True:
            self._program.Solve()
            self._worth = np.array([row.dual_value() for row in self._rows])
            own = self._held.shape[1]
            self.duals = self._worth[:own]
            self.reduced = self._cents - self.worth_of_routes
            for routes, cents in zip(self._cut_by, self._worth[own:].tolist(), strict=True):
                if cents:
                    self.reduced[routes] -= cents
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

    @property
    def worth_of_routes(self) -> Floats:
        """(routes): what their visits and shifts are worth together, cuts aside."""
        return np.add.reduceat(self.duals[self._of_route], self._firsts)

    def _visits_of(self, route: int) -> set[int]:
        return {*np.flatnonzero(self._held[route, : self._visits]).tolist()}

    def tighten(self, limit: float, is_over: Callable[[], bool]) -> None:
        """Add cuts as long as there is time and they help on the way to a plan that costs so much;
        the program has to be solved."""
        before = -np.inf
        for _ in range(CUT_ROUNDS):
            if is_over() or self.value < before + LEAST_GAIN * (limit - self.value):
                return
            before = self.value
            found = self._violated()
            if not found:
                return
            solved = self._worth, self.duals, self.reduced, self.value, self.shares
            self._cut(found)
            if not self.solve(is_over):
                # Half solved it would promise too much.
                self._worth, self.duals, self.reduced, self.value, self.shares = solved
                return

    def _cut(self, found: Sequence[Cut]) -> None:
        infinity = self._program.infinity()
        first = len(self._rows)
        self.cuts += found
        self._rows += [self._program.Constraint(-infinity, 1.0) for _ in found]
        for a, b, c in found:
            self._cut_by.append(np.flatnonzero(self._has[a] + self._has[b] + self._has[c] >= 2))
        new = [{*cut} for cut in found]
        for route, column in self._columns.items():
            visits = self._visits_of(route)
            for row, cut in zip(self._rows[first:], new, strict=True):
                if len(visits & cut) >= 2:
                    row.SetCoefficient(column, 1.0)

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
    def losses(self) -> dict[Cut, float]:
        """Cents that a plan loses that makes no use of a cut; of those without which the program
        would be cheaper."""
        worth = self._worth[self._held.shape[1] :].tolist()
        cuts = zip(self.cuts, worth, strict=False)
        return {cut: -cents for cut, cents in cuts if cents < -NOTHING}

    @property
    def basic(self) -> list[int]:
        """Routes without which it would be dearer, or that are no better than those."""
        none = NOTHING * abs(self.value)
        return [route for route in self._columns if self.reduced[route] < none]
