"""What the rules of the OR-Tools routing model are put upon: its nodes, vehicles and indices.

Only what can be served is modelled: a visit that no shift can take never gets as far as here.
Depot calls are optional nodes, those of the given plan plus some spare ones, and any route may use
any of them.

Visits, depot calls and the places where routes start and end are the model's nodes; times are
seconds since the earliest start of a shift, because OR-Tools wants them from 0.
"""

from collections import Counter
from collections.abc import Sequence, Set

import numpy as np
from ortools.constraint_solver import pywrapcp

from solver.draft.supply import supplying_depots
from solver.problem import Depot, Problem
from solver.rules.eligibility import Truths, at_pinned_time, eligibility_matrix, pair_costs
from solver.rules.places import ends_of, on_places
from solver.timing.schedule import Call, Sequences
from solver.timing.timing import idle_route
from solver.travel import Matrix

SPARE_CALLS = 2
SHIFTS_PER_SPARE_CALL = 10
"""So many spare calls at each depot, and one more for so many shifts."""


class Skeleton:
    """An OR-Tools model of a problem in which anything goes: nodes and vehicles, and no rule yet.

    There is a node for each depot call of the plan and ``spare_calls`` more for each depot that
    can help, as many as a search is likely to need unless told otherwise.
    """

    time: pywrapcp.RoutingDimension
    """Seconds since ``epoch``; the first of the rules."""

    def __init__(
        self, problem: Problem, sequences: Sequences, spare_calls: int | None = None
    ) -> None:
        self.problem = problem = on_places(problem)
        idle = [idle_route(shift) for shift in problem.shifts]
        roomy = [route is not None for route in idle]
        self.shifts = [shift for shift, room in zip(problem.shifts, roomy, strict=True) if room]
        self.idle = [route for route in idle if route is not None]
        """The routes of shifts that have nothing to do."""
        eligible = eligibility_matrix(problem)
        rows = np.flatnonzero(eligible.any(axis=1))
        self.visits = [at_pinned_time(problem.visits[row]) for row in rows]
        if spare_calls is None:
            spare_calls = SPARE_CALLS + len(problem.shifts) // SHIFTS_PER_SPARE_CALL
        useful = _useful_depots(problem, eligible) if spare_calls else set()
        self.calls = _depot_calls(problem, sequences, useful, spare_calls)
        self.nodes: list[Call] = [*self.visits, *self.calls]
        self.calls_at: dict[str, list[int]] = {}
        """The nodes of each depot."""
        for node, depot in enumerate(self.calls, start=len(self.visits)):
            self.calls_at.setdefault(depot.id, []).append(node)
        self.epoch = min(shift.start for shift in self.shifts)
        self.latest = max(s.end + s.max_overtime for s in self.shifts) - self.epoch
        ends = sorted({end for shift in self.shifts for end in ends_of(shift)})
        first_end = len(self.visits) + len(self.calls)
        node_of = {location: first_end + index for index, location in enumerate(ends)}
        self.locations = np.array([*(c.location for c in self.nodes), *ends], dtype=np.int64)
        self.manager = pywrapcp.RoutingIndexManager(
            len(self.locations),
            len(self.shifts),
            [node_of[ends_of(shift)[0]] for shift in self.shifts],
            [node_of[ends_of(shift)[1]] for shift in self.shifts],
        )
        self._index = [int(self.manager.NodeToIndex(node)) for node in range(len(self.nodes))]
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.solver = self.routing.solver()
        self.eligible = eligible[rows][:, roomy]
        """For each visit and shift of the model whether they may come together."""
        self.pair_costs = pair_costs(problem)[rows][:, roomy]
        self.resting: list[list[pywrapcp.IntervalVar]] = []
        self.unavoidable = [0] * len(self.visits)
        """Cents that each visit costs in any case if it is served, which no bound can express."""
        self.never_served = sum(
            problem.prices[visit.id]
            for visit, of_visit in zip(problem.visits, eligible, strict=True)
            if not of_visit.any()
        )
        """Cents for the visits that are not in the model."""

    def index(self, node: int) -> int:
        return self._index[node]

    def legs(self, matrix: Matrix) -> Matrix:
        """A matrix over locations as one over nodes.

        From an end of a route to another there is nothing: only an empty route goes there, and
        a shift too short for the way between its ends must not make the model infeasible.
        """
        legs = matrix[np.ix_(self.locations, self.locations)]
        legs[len(self.nodes) :, len(self.nodes) :] = 0
        return legs

    def vector(self, values: Sequence[int]) -> int:
        """Register one number per visit and depot call; route ends count nothing."""
        rest = [0] * (len(self.locations) - len(values))
        return int(self.routing.RegisterUnaryTransitVector([*values, *rest]))

    def end(self, vehicle: int) -> int:
        return int(self.routing.End(vehicle))

    def start(self, vehicle: int) -> int:
        return int(self.routing.Start(vehicle))


def _useful_depots(problem: Problem, eligible: Truths) -> set[str]:
    """Those that have something that a visit needs which somebody may serve."""
    return {
        depot.id
        for visit, of_visit in zip(problem.visits, eligible, strict=True)
        if (visit.parts or visit.tools) and of_visit.any()
        for depot in supplying_depots(problem, visit, problem.shifts[int(of_visit.argmax())])
    }


def _depot_calls(
    problem: Problem, sequences: Sequences, useful: Set[str], spare: int
) -> list[Depot]:
    """One node for each depot call of the given plan, and spares of the useful depots."""
    used = Counter(
        call.id for calls in sequences.values() for call in calls if isinstance(call, Depot)
    )
    calls = []
    for depot in problem.depots:
        calls += [depot] * (used[depot.id] + (spare if depot.id in useful else 0))
    return calls
