"""The best plans that searches have ended with, and new ones crossed from two of them.

Searches that start hot end in plans that differ in whole regions: who serves it, and from where.
A plan that has some neighbouring routes from one and the rest from another is a start that neither
comes to by taking out ten visits at a time (Nagata, Bräysy & Dullaert, *A penalty-based edge
assembly memetic algorithm for the vehicle routing problem with time windows*, Computers & OR 2010,
combine plans by edges; here it is by routes).
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

import numpy as np

from solver.kernel.arrays import Ints
from solver.kernel.plan import END_OF_ROUTE

SIZE = 8
"""So many plans are kept."""


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A plan as a row of calls (see ``solver/kernel/plan.py``), with what it costs."""

    cents: int
    unassigned: int
    """How many visits it leaves out."""
    row: Ints = field(compare=False)


class Elite:
    """Up to ``SIZE`` plans of different cost, cheapest first; ``near`` has for each visit those
    around it, the nearest first (n, …)."""

    def __init__(self, near: Ints) -> None:
        self._near = near
        self.plans: list[Found] = []

    def add(self, found: Found) -> None:
        """Keep the plan if it is among the best. One of equal cost is taken for the same."""
        if all(found.cents != plan.cents for plan in self.plans):
            insort(self.plans, found)
            del self.plans[SIZE:]

    def cross(self, random: Random) -> Ints:
        """One plan with some routes of another, in a region where the two differ; the only plan as
        it is. Visits may be missing, and a route may be too long for its shift."""
        if len(self.plans) == 1:
            return self.plans[0].row
        taker, giver = random.sample(self.plans, 2)
        routes, others = routes_of(taker.row), routes_of(giver.row)
        differing = {shift for shift, route in enumerate(others) if route != routes[shift]}
        visits = len(self._near)
        shift_of = {call: shift for shift, calls in enumerate(others) for call in calls}
        center = random.randrange(visits)
        around = (shift_of.get(visit) for visit in (center, *self._near[center].tolist()))
        met = dict.fromkeys(shift for shift in around if shift in differing)
        chosen = set(islice(met, random.randint(1, max(1, len(differing) // 2))))
        given = {call for shift in chosen for call in others[shift] if call < visits}
        crossed: list[int] = []
        for shift, route in enumerate(routes):
            if shift in chosen:
                crossed += others[shift]
            else:
                crossed += [call for call in route if call not in given]
            crossed.append(END_OF_ROUTE)
        return np.array(crossed, dtype=np.int64)


def routes_of(row: Ints) -> Sequence[list[int]]:
    """The calls of each shift, in a plan that is written as a row."""
    routes: list[list[int]] = [[]]
    for call in row.tolist():
        if call == END_OF_ROUTE:
            routes.append([])
        else:
            routes[-1].append(call)
    return routes[:-1]
